"""The description of the API (/api/openapi.json) and a page to read it (/api/docs) of our own."""

"""The composition root: puts the packages together; nobody imports it."""

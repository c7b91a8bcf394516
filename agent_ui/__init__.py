"""The agents' audience: REST under /api, the live socket, the console's pages. Lists its routes in ``routes.py``."""

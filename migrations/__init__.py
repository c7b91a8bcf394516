"""The one linear history of the database's shape (Alembic)."""

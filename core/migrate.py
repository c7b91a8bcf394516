"""Bring the database to the shape that this version needs; safe to call at every start and from several processes."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from core import jobs
from core.db import Database

FOLDER = Path(__file__).resolve().parent.parent / "migrations"
_LOCK = 7316254


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    command.upgrade(_config(connection), "head")


async def migrate(db: Database) -> None:
    """Run what is missing, pgqueuer's own tables as well; one process at a time."""
    async with db.engine.begin() as connection:
        await connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        await connection.execute(text("create extension if not exists pg_trgm"))
        await connection.run_sync(_upgrade)
        await jobs.install(db)  # on a connection of its own, while this transaction holds the lock

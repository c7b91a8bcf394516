"""Bringing the database up to date is safe from several processes at once."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from automation import models as automation
from channels import models as channels
from channels.chat import models as chat
from core import brands, options, search_models, timers
from core.base import Base
from core.db import Database
from core.migrate import migrate
from customers import models as customers
from knowledge_base import models as knowledge_base
from products import models as products
from routing import models as routing
from routing import presence_models as presence
from staff import models as staff
from tests.conftest import named
from tickets import models as tickets

MODELS = (
    automation,
    brands,
    channels,
    chat,
    customers,
    knowledge_base,
    options,
    presence,
    products,
    routing,
    search_models,
    staff,
    tickets,
    timers,
)


@pytest.fixture
async def empty(server_url: str, database_url: str) -> AsyncIterator[str]:
    """Address of a database without any table."""
    name = "empty_" + database_url.partition("?")[0].rpartition("_")[2]
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(f"create database {name}")
        yield named(server_url, name)
        await connection.execute(f"drop database {name} with (force)")
    finally:
        await connection.close()


async def test_processes_that_start_together_do_not_disturb_each_other(empty: str) -> None:
    """Three start on an empty database: each finds it ready, and none fails over what another one makes."""
    processes = [Database(empty, pool_size=2) for _ in range(3)]
    await asyncio.gather(*(migrate(db) for db in processes))
    for db in processes:
        await db.close()


@pytest.mark.filterwarnings("ignore:Did not recognize type 'xid8'")
async def test_the_history_makes_what_the_models_say(db: Database) -> None:
    """Nobody adds a column or an index to a model and forgets the migration, or the other way round."""

    def compare(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))

    async with db.engine.connect() as connection:
        assert await connection.run_sync(compare) == []

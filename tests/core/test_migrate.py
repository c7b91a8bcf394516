"""Bringing the database up to date is safe from several processes at once."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from core.db import Database
from core.migrate import migrate
from tests.conftest import named


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

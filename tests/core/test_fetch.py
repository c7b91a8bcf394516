"""Quick reads through the driver: values, types, and that a broken connection is thrown away."""

import asyncpg
import pytest
from sqlalchemy import text

from core.db import Database, unit_of_work


async def test_a_quick_read_gives_what_a_session_gives(db: Database) -> None:
    """The same codecs: JSON is decoded, arrays are lists."""
    rows = await db.fetch("select $1::bigint + 1, array[1, 2], '{\"a\": 1}'::jsonb", 41)
    async with db.sessions() as session:
        same = (await session.execute(text("select 42, array[1, 2], '{\"a\": 1}'::jsonb"))).one()
    assert [tuple(row) for row in rows] == [(42, [1, 2], {"a": 1})] == [tuple(same)]


async def test_connections_come_back_and_broken_ones_do_not(database_url: str) -> None:
    """One connection serves many reads; after the server has ended it, the next read gets a new one."""
    db = Database(database_url, pool_size=1)
    try:
        first = await db.fetch("select pg_backend_pid()")
        assert await db.fetch("select pg_backend_pid()") == first
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await db.fetch("select pg_terminate_backend(pg_backend_pid())")
        again = await db.fetch("select pg_backend_pid()")
        assert again != first
        with pytest.raises(asyncpg.PostgresError):
            await db.fetch("select 1 / 0")
        async with unit_of_work(db) as session:
            assert await session.scalar(text("select pg_backend_pid()")) == again[0][0]
    finally:
        await db.close()

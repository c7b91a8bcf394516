"""Two transactions at once in a known order: one is held open until the other waits for it."""

import asyncio
from typing import Any

from sqlalchemy import text

from core.db import Database, reading

_WAITS = text("select count(*) from pg_locks where not granted")


async def blocked(db: Database, *tasks: asyncio.Task[Any]) -> None:
    """Wait until a task waits for a lock of another transaction, or one of them is done."""
    async with reading(db) as session:
        while not any(task.done() for task in tasks) and not await session.scalar(_WAITS):
            await asyncio.sleep(0)

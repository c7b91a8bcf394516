"""The scheduler outlives the loss of the database's connections."""

import asyncio
from datetime import timedelta

from core import jobs, timers
from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from core.scheduler import Scheduler
from tests import factories


async def timers_left(db: Database) -> bool:
    """Whether a timer still waits."""
    async with reading(db) as session:
        return await timers.next_due(session) is not None


async def test_it_goes_on_after_the_database_was_away(db: Database, clock: ManualClock) -> None:
    """Its own connection and those of the pool are gone at once; the next timer becomes a job all the same."""
    async with unit_of_work(db) as session:
        await jobs.enqueue(session, "t.x", {}, run_at=clock.now() + timedelta(hours=1))
    stop = asyncio.Event()
    running = asyncio.create_task(Scheduler(db).run(stop))
    try:
        await factories.hang_up(db)
        clock.advance(timedelta(hours=2))
        other = Database(db.url, pool_size=2)
        async with asyncio.timeout(10):
            while await timers_left(other):
                assert not running.done(), running.exception()
        await other.close()
    finally:
        stop.set()
        await asyncio.wait({running}, timeout=10)
    assert running.exception() is None

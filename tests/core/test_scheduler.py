"""The scheduler outlives the loss of the database's connections."""

import asyncio
from datetime import timedelta

from core import jobs, timers
from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from core.jobs import Definition, Registry, Worker
from core.scheduler import Scheduler, run_due
from tests import factories


async def timers_left(db: Database) -> bool:
    """Whether a timer still waits."""
    async with reading(db) as session:
        return await timers.next_due(session) is not None


async def test_what_is_due_does_not_wait_behind_what_comes_in(db: Database, clock: ManualClock) -> None:
    """A reply whose time has come leaves before a storm of mails that came in earlier is worked off."""
    done: list[str] = []

    async def work(_session: object, name: str) -> None:
        done.append(name)

    async with unit_of_work(db) as session:
        for _ in range(8):
            await jobs.enqueue(session, "t.x", {"name": "mail"})
        await jobs.enqueue(session, "t.x", {"name": "reply"}, run_at=clock.now() + timedelta(seconds=5))
    clock.advance(timedelta(seconds=5))
    assert await run_due(db) == 1
    await Worker(db, Registry((Definition("t.x", work),)), concurrency=2).drain()
    assert len(done) == 9
    assert "reply" in done[:2]


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

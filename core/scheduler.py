"""The scheduler: sleeps until the next timer is due by the clock, then turns due timers into jobs.

Runs as a singleton role (advisory lock in ``sampark/worker.py``). It is woken by a notice when an earlier timer
is set, and polls every ten seconds besides, so a lost notice delays nothing for long.
"""

import asyncio
import contextlib

import asyncpg
from sqlalchemy.exc import SQLAlchemyError

from core import clock, jobs, log, timers
from core.db import Database, reading, unit_of_work
from core.sql import DRIVER_ERRORS

POLL_SECONDS = 10.0
DUE_PRIORITY = 10
"""What has waited for its time (every reply waits for the end of its undo) goes before what has only just come in."""
_log = log.get(__name__)


async def run_due(db: Database) -> int:
    """Turn every timer that is due now into a job; returns how many."""
    done = 0
    while True:
        async with unit_of_work(db) as session:
            due = await timers.take_due(session, clock.now())
            for timer in due:
                await jobs.enqueue(session, timer.job, timer.args, key=timer.key, priority=DUE_PRIORITY)
        done += len(due)
        if not due:
            return done


class Scheduler:
    """Drives the timers of one database.

    Args:
        db: where they are.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._wake = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Run until ``stop``; lost connections are opened again."""
        while not stop.is_set():
            try:
                await self._listen(stop)
            except (SQLAlchemyError, *DRIVER_ERRORS) as problem:
                _log.warning("scheduler reconnects", reason=repr(problem))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), 1)

    async def _listen(self, stop: asyncio.Event) -> None:
        connection = await asyncpg.connect(self._db.url)
        stopping = asyncio.create_task(stop.wait())
        try:
            await connection.add_listener(timers.TIMER_CHANNEL, lambda *_: self._wake.set())
            connection.add_termination_listener(lambda *_: self._wake.set())
            while not stop.is_set() and not connection.is_closed():
                self._wake.clear()
                await run_due(self._db)
                await self._wait(stopping)
        finally:
            stopping.cancel()
            connection.terminate()

    async def _wait(self, stopping: "asyncio.Task[bool]") -> None:
        async with reading(self._db) as session:
            due = await timers.next_due(session)
        seconds = POLL_SECONDS if due is None else min(POLL_SECONDS, max(0.0, (due - clock.now()).total_seconds()))
        tick = asyncio.create_task(clock.sleep(seconds))
        woken = asyncio.create_task(self._wake.wait())
        await asyncio.wait({tick, woken, stopping}, return_when=asyncio.FIRST_COMPLETED)
        tick.cancel()
        woken.cancel()

"""Jobs: asked for with the transaction, run at least once, held and re-runnable when they fail."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from core import jobs
from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.errors import Permanent
from core.jobs import Definition, Registry, Worker
from core.scheduler import run_due


async def waiting(db: Database) -> int:
    """How many jobs wait."""
    async with db.sessions() as session:
        return int(await session.scalar(text("select count(*) from jobs.pgqueuer where status = 'queued'")) or 0)


async def test_a_job_goes_with_its_transaction(db: Database) -> None:
    """Rolled back: no job, also when it was asked for before anything else. Committed: one job."""
    with pytest.raises(RuntimeError):
        async with unit_of_work(db) as session:
            await jobs.enqueue(session, "t.x", {})
            raise RuntimeError
    assert await waiting(db) == 0
    async with unit_of_work(db) as session:
        await jobs.enqueue(session, "t.x", {})
    assert await waiting(db) == 1


async def test_the_same_dedupe_key_waits_once(db: Database) -> None:
    """Asking twice leaves one job and a transaction that can go on."""
    async with unit_of_work(db) as session:
        await jobs.enqueue(session, "t.x", {}, dedupe="k")
        await jobs.enqueue(session, "t.x", {}, dedupe="k")
        await session.execute(text("select 1"))
    assert await waiting(db) == 1


async def test_jobs_of_one_key_never_overlap(db: Database) -> None:
    """Two jobs with the same key run one after the other."""
    inside: list[int] = []
    worst = 0

    async def work(_session: object) -> None:
        nonlocal worst
        inside.append(1)
        worst = max(worst, len(inside))
        await asyncio.sleep(0.05)
        inside.pop()

    async with unit_of_work(db) as session:
        for _ in range(3):
            await jobs.enqueue(session, "t.keyed", {}, key="ticket:1")
    await Worker(db, Registry((Definition("t.keyed", work),))).drain()
    assert worst == 1
    assert await waiting(db) == 0


async def test_keyed_jobs_leave_connections_for_their_work(db: Database) -> None:
    """More jobs with units of their own than the pool has connections: they take turns and do not starve."""
    small = Database(db.url, pool_size=2)
    done: list[int] = []

    async def work(number: int) -> None:
        async with unit_of_work(small) as session:
            await session.execute(text("select 1"))
        done.append(number)

    async with unit_of_work(db) as session:
        for number in range(6):
            await jobs.enqueue(session, "t.own", {"number": number}, key=f"delivery:{number}")
    worker = Worker(small, Registry((Definition("t.own", work, own_units=True),)), concurrency=6)
    async with asyncio.timeout(20):
        await worker.drain()
    await small.close()
    assert sorted(done) == list(range(6))


async def test_jobs_that_wait_for_others_leave_a_place(db: Database) -> None:
    """However many sends hang at a server that does not answer, what comes in is still worked on."""
    server_answers, read, sent = asyncio.Event(), asyncio.Event(), 0

    async def send() -> None:
        nonlocal sent
        await server_answers.wait()
        sent += 1

    async def come_in(_session: object) -> None:
        read.set()

    registry = Registry((Definition("t.send", send, own_units=True), Definition("t.in", come_in)))
    async with unit_of_work(db) as session:
        for number in range(12):
            await jobs.enqueue(session, "t.send", {}, key=f"delivery:{number}", priority=10)
    stop = asyncio.Event()
    running = asyncio.create_task(Worker(db, registry, concurrency=4).run(stop))
    try:
        async with asyncio.timeout(20):
            while await waiting(db) > 10:
                await asyncio.sleep(0.01)
            async with unit_of_work(db) as session:
                await jobs.enqueue(session, "t.in", {})
            await read.wait()
            server_answers.set()
            while sent < 12:
                await asyncio.sleep(0.01)
    finally:
        server_answers.set()
        stop.set()
        await running


async def test_a_hopeless_job_is_held_and_can_be_run_again(db: Database) -> None:
    """A permanent failure keeps the job with its reason; re-running it works."""
    fail = True

    async def work(_session: object, a: int) -> None:
        if fail:
            raise Permanent("the wall is closed")

    worker = Worker(db, Registry((Definition("t.fail", work),)))
    async with unit_of_work(db) as session:
        await jobs.enqueue(session, "t.fail", {"a": 1})
    await worker.drain()
    held = await jobs.held(db)
    assert [(job.name, job.args, job.reason) for job in held] == [("t.fail", {"a": 1}, "the wall is closed")]
    fail = False
    await jobs.retry_held(db, held[0].id)
    await worker.drain()
    assert await jobs.held(db) == []


async def test_a_timer_that_many_ask_for_only_comes_earlier(db: Database, clock: ManualClock) -> None:
    """The earliest moment counts, and who asks for a later one waits for nobody and lets nobody wait."""

    async def ask(hours: int) -> None:
        async with unit_of_work(db) as session:
            await later(session, hours)

    async def later(session: AsyncSession, hours: int) -> None:
        at = clock.now() + timedelta(hours=hours)
        await jobs.enqueue(session, "t.x", {}, run_at=at, dedupe="k", shared=True)

    for hours in (3, 2):
        await ask(hours)
    async with unit_of_work(db) as first, unit_of_work(db) as second:
        await later(first, 4)
        await second.execute(text("select from timers for update nowait"))
    clock.advance(timedelta(hours=2))
    assert (await run_due(db), await waiting(db)) == (1, 1)


async def test_a_timer_becomes_a_job_when_the_clock_reaches_it(db: Database, clock: ManualClock) -> None:
    """Nothing before its time, everything after, also when the clock jumped far past it."""
    async with unit_of_work(db) as session:
        await jobs.enqueue(session, "t.x", {}, run_at=clock.now() + timedelta(hours=2), dedupe="k")
    assert (await run_due(db), await waiting(db)) == (0, 0)
    clock.advance(timedelta(days=3))
    assert (await run_due(db), await waiting(db)) == (1, 1)
    assert await run_due(db) == 0

"""The log of what was read: nothing that was noted is lost, doubled, or written after its database is closed."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from core.clock import ManualClock
from core.counting import REGISTRY
from core.db import Database, reading, unit_of_work
from knowledge_base.deflection import Reading
from knowledge_base.models import View
from portal import read_log
from tests.locks import blocked
from tests.portal.helping import article

SECOND = timedelta(seconds=1)


@pytest.fixture
async def read(db: Database, clock: ManualClock) -> Reading:
    """Somebody reads an article."""
    return Reading(article_id=await article(db), locale="en", visitor="somebody")


async def counted(db: Database) -> int:
    """How many readings were written down."""
    async with reading(db) as session:
        return await session.scalar(select(func.count()).select_from(View)) or 0


def lost() -> float:
    """How many were given up in this process."""
    return REGISTRY.get_sample_value("sampark_readings_lost_total") or 0.0


async def test_what_is_being_written_is_waited_for(db: Database, clock: ManualClock, read: Reading) -> None:
    """A stop in the middle of a batch loses neither it nor what was noted meanwhile."""
    log = read_log.of(db)
    async with unit_of_work(db) as session:
        await session.execute(text("lock table article_views in exclusive mode"))
        log.note(read)
        await asyncio.sleep(0)
        clock.advance(SECOND)
        await blocked(db, log._writer)
        log.note(read)
        settling = asyncio.create_task(log.settled())
        await asyncio.sleep(0)
    await settling
    assert await counted(db) == 2
    clock.advance(SECOND)
    log.note(read)
    await log.settled()
    assert await counted(db) == 3


async def test_nothing_is_written_after_its_database_is_closed(
    database_url: str, db: Database, clock: ManualClock, read: Reading
) -> None:
    """Closing writes what waits, and ends the writer: a later test, or a restored copy, gets no readings of before."""
    closing = Database(database_url, pool_size=2)
    read_log.of(closing).note(read)
    await asyncio.sleep(0)
    await closing.close()
    assert await counted(db) == 1
    clock.advance(SECOND)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    assert not [task for task in others if "ReadLog" in repr(task.get_coro())]
    assert closing not in read_log._logs


@pytest.mark.parametrize("recovers", [True, False])
async def test_a_batch_that_fails_is_tried_again_once(
    db: Database, clock: ManualClock, read: Reading, *, recovers: bool
) -> None:
    """A second later; what fails twice is counted, and what comes after it is written."""
    log, before = read_log.of(db), lost()
    async with unit_of_work(db) as session:
        await session.execute(text("alter table article_views rename to away"))
    log.note(read)
    log.note(read)
    if recovers:
        await asyncio.sleep(0)
        clock.advance(SECOND)
        while not log._failed:
            await asyncio.sleep(0)
    else:
        await log.settled()
    async with unit_of_work(db) as session:
        await session.execute(text("alter table away rename to article_views"))
    log.note(read)
    await log.settled()
    assert (await counted(db), lost() - before) == ((3, 0) if recovers else (1, 2))

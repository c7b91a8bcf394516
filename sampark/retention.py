"""How long the desk keeps what nobody needs any more; it is forgotten at night, a batch in each transaction.

Job ``sampark.retention`` is brought by a timer (``core/timers.py``) that it sets anew for the next night. The times are
settings; 0 keeps for ever. ``sampark retention`` tells what would go, ``sampark doctor`` when something should have.
"""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from automation import log as runs
from automation import webhooks
from channels import tidying as channels
from channels.erasing import FORGET_JOB
from core import clock, events, jobs, log, retention, timers
from core.db import Database, reading, unit_of_work
from core.retention import Kind
from core.settings import Settings
from customers import tidying as customers
from knowledge_base import tidying as knowledge_base
from routing import hours
from staff import tidying as staff
from tickets import tidying as tickets

JOB: Final = "sampark.retention"
NIGHT: Final = time(2, 30)
"""By the clock of the desk's opening hours."""
BATCH: Final = 1000
_log = log.get(__name__)


class Overdue(NamedTuple):
    """Rows of one kind whose time is over."""

    kind: Kind
    before: datetime
    rows: int


def limits(settings: Settings, now: datetime) -> Iterator[tuple[Kind, datetime]]:
    """Each kind that is not kept for ever, and the instant before which it goes.

    Args:
        settings: for how many days.
        now: from when they count.
    """
    for days, kinds in (
        (settings.token_days, (*customers.TOKENS, *staff.TOKENS, *tickets.TOKENS)),
        (settings.upload_days, tickets.UPLOADS),
        (settings.raw_mail_days, channels.RAW),
        (settings.notice_days, channels.NOTICES),
        (settings.visit_days, knowledge_base.VISITS),
        (settings.job_log_days, jobs.LOG),
        (settings.automation_days, (*runs.RUNS, *webhooks.DELIVERIES)),
        (settings.event_days, events.OLD),
    ):
        for kind in kinds if days else ():
            yield kind, now - timedelta(days=days)


async def overdue(session: AsyncSession, settings: Settings, now: datetime) -> list[Overdue]:
    """What would go now, also the kinds of which there is nothing."""
    return [
        Overdue(kind, before, await retention.count(session, kind, before)) for kind, before in limits(settings, now)
    ]


async def plan(session: AsyncSession) -> None:
    """See that there is a next night."""
    if await session.scalar(select(timers.Timer.id).where(timers.Timer.dedupe == JOB)) is None:
        await _tonight(session)


async def _tonight(session: AsyncSession) -> None:
    now = clock.now().astimezone((await hours.read(session)).zone)
    night = datetime.combine(now.date(), NIGHT, now.tzinfo)
    due = night if night > now else datetime.combine(now.date() + timedelta(days=1), NIGHT, now.tzinfo)
    await timers.set_timer(session, due, JOB, {}, JOB, JOB)


class Retention:
    """Forgets.

    Args:
        db: the database.
        settings: how long what is kept.
    """

    def __init__(self, db: Database, settings: Settings) -> None:
        self._db = db
        self._settings = settings

    async def run(self) -> None:
        """Forget all whose time is over, and come again next night (job)."""
        async with unit_of_work(self._db) as session:
            await _tonight(session)
        if gone := await self.forget():
            _log.info("what nobody needs any more is forgotten", rows=gone)

    async def forget(self) -> dict[str, int]:
        """Forget all whose time is over; returns how many rows of which kind went."""
        gone: dict[str, int] = {}
        for kind, before in limits(self._settings, clock.now()):
            while count := await self._some(kind, before):
                gone[kind.name] = gone.get(kind.name, 0) + count
                if count < BATCH:
                    break
        return gone

    async def _some(self, kind: Kind, before: datetime) -> int:
        async with unit_of_work(self._db) as session:
            files = await retention.forget(session, kind, before, BATCH)
            if keys := sorted({key for key in files if key is not None}):
                await jobs.enqueue(session, FORGET_JOB, {"keys": keys})
            return len(files)

    async def would_go(self) -> dict[str, int]:
        """How many rows of which kind would go now."""
        async with reading(self._db) as session:
            return {each.kind.name: each.rows for each in await overdue(session, self._settings, clock.now())}

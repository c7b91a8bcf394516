"""Follows the event log and asks for what changed to be indexed: at most one look a second, many changes in one job.

Runs with the scheduler's singletons (``sampark/roles.py``). Whoever changes a ticket does nothing for the search, so
taking in a mail costs nothing more: the event that it writes anyway is enough. Which events mean what stands in
``sampark/wiring.py``. The cursor moves in the transaction that asks for the jobs, so nothing is skipped, also after
a crash or a downtime; a desk that has never been indexed is read whole.
"""

from typing import Any, Final, Literal

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core import jobs
from core.db import Database, unit_of_work
from core.sql import Sql

NAME: Final = "search"
EVENTS_AT_ONCE: Final = 2000
IDS_IN_A_JOB: Final = 100

_CURSOR: Final = Sql("select xid, event_id from search_cursors where name = :name for update")
_MOVE: Final = Sql(
    """
    insert into search_cursors (name, xid, event_id) values (:name, :xid, :event_id)
    on conflict (name) do update set xid = excluded.xid, event_id = excluded.event_id
    """
)
_LAST: Final = Sql(
    """
    select xid::text::bigint as xid, id from events
    where xid < pg_snapshot_xmin(pg_current_snapshot()) order by xid desc, id desc limit 1
    """
)
_AFTER: Final = Sql(
    """
    select xid::text::bigint as xid, id, kind, ticket_id, customer_id from events
    where (xid, id) > (cast(cast(:xid as text) as xid8), :event_id)
        and xid < pg_snapshot_xmin(pg_current_snapshot())
    order by xid, id limit :limit
    """
)


class Follower(msgspec.Struct, frozen=True):
    """Events of some kinds mean that something is to be indexed anew.

    Attributes:
        job: called with ``ids``.
        about: which id of the event is meant.
        kinds: of the events.
    """

    job: str
    about: Literal["ticket_id", "customer_id"]
    kinds: frozenset[str]


class Feed:
    """Turns events into jobs.

    Args:
        db: where the events are.
        followers: what is indexed, and by which events.
        rebuild_jobs: what is asked for once, when nothing has been indexed yet; each is called with ``after=0``.
    """

    def __init__(self, db: Database, followers: tuple[Follower, ...], rebuild_jobs: tuple[str, ...]) -> None:
        self._db = db
        self._followers = followers
        self._rebuild_jobs = rebuild_jobs

    async def step(self) -> None:
        """Ask for everything that has changed since the last step."""
        while True:
            async with unit_of_work(self._db) as session:
                if not await self._some(session):
                    return

    async def _some(self, session: AsyncSession) -> bool:
        """One batch of events; whether there may be more."""
        cursor = await _CURSOR.first(session, name=NAME)
        if cursor is None:
            await self._begin(session)
            return False
        rows = await _AFTER.all(session, xid=str(cursor.xid), event_id=cursor.event_id, limit=EVENTS_AT_ONCE)
        if not rows:
            return False
        for follower in self._followers:
            await self._ask(session, follower, rows)
        await _MOVE.all(session, name=NAME, xid=rows[-1].xid, event_id=rows[-1].id)
        return len(rows) == EVENTS_AT_ONCE

    async def _begin(self, session: AsyncSession) -> None:
        last = await _LAST.first(session)
        await _MOVE.all(session, name=NAME, xid=last.xid if last else 0, event_id=last.id if last else 0)
        for job in self._rebuild_jobs:
            await jobs.enqueue(session, job, {"after": 0}, key=f"search:{job}", priority=-10)

    @staticmethod
    async def _ask(session: AsyncSession, follower: Follower, rows: list[Any]) -> None:
        meant = (getattr(row, follower.about) for row in rows if row.kind in follower.kinds)
        ids = list(dict.fromkeys(each for each in meant if each is not None))
        for start in range(0, len(ids), IDS_IN_A_JOB):
            part = ids[start : start + IDS_IN_A_JOB]
            await jobs.enqueue(session, follower.job, {"ids": part}, key=f"search:{follower.job}", priority=-5)

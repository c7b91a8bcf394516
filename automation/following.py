"""Follows the event log for rules and webhooks: what was committed is looked at once, in the order of the log.

Runs with the scheduler's singletons, a look a second. Whoever changes a ticket does nothing for automation, and what a
rule sees is committed. The cursor moves in the transaction that asks for the jobs, so after a crash or a downtime
nothing is skipped and nothing is asked for twice. Events that happened before the first look are nobody's business.
"""

from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from automation import rules, webhooks
from automation.engine import OnEvent
from core import jobs
from core.db import Database, unit_of_work
from core.sql import Sql

NAME: Final = "automation"
REACT_JOB: Final = "automation.react"
EVENTS_AT_ONCE: Final = 1000

_CURSOR: Final = Sql("select xid, event_id from automation_cursors where name = :name for update")
_MOVE: Final = Sql(
    """
    insert into automation_cursors (name, xid, event_id) values (:name, :xid, :event_id)
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
    select xid::text::bigint as xid, id, kind, at, actor_kind, actor_id, actor_name, ticket_id, customer_id, private,
        rule, data::text as data
    from events
    where (xid, id) > (cast(cast(:xid as text) as xid8), :event_id)
        and xid < pg_snapshot_xmin(pg_current_snapshot())
    order by xid, id limit :limit
    """
)


async def step(db: Database) -> None:
    """Ask for everything that rules and webhooks want of what has happened since the last step."""
    while True:
        async with unit_of_work(db) as session:
            if not await _some(session):
                return


async def _some(session: AsyncSession) -> bool:
    """One batch of events; whether there may be more."""
    cursor = await _CURSOR.first(session, name=NAME)
    if cursor is None:
        last = await _LAST.first(session)
        await _MOVE.all(session, name=NAME, xid=last.xid if last else 0, event_id=last.id if last else 0)
        return False
    rows = await _AFTER.all(session, xid=str(cursor.xid), event_id=cursor.event_id, limit=EVENTS_AT_ONCE)
    if not rows:
        return False
    await _ask_rules(session, rows)
    await webhooks.note(session, [row for row in rows if not row.private])
    await _MOVE.all(session, name=NAME, xid=rows[-1].xid, event_id=rows[-1].id)
    return len(rows) == EVENTS_AT_ONCE


async def _ask_rules(session: AsyncSession, rows: list[Any]) -> None:
    """One job for each ticket, with its events in their order."""
    wanted = {
        kind for rule in await rules.enabled(session) if isinstance(rule.trigger, OnEvent) for kind in rule.trigger.of
    }
    by_ticket: dict[int, list[int]] = {}
    for row in rows:
        if row.kind in wanted and row.ticket_id is not None and not row.private:
            by_ticket.setdefault(row.ticket_id, []).append(row.id)
    for ticket_id, event_ids in by_ticket.items():
        await jobs.enqueue(session, REACT_JOB, {"event_ids": event_ids}, key=f"automation:{ticket_id}")

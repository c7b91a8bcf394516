"""What comes near its deadline is warned of, and what has missed it is noted: the job that a clock's timer wakes.

Each warning and each breach is an event, once; what follows from them (mails, webhooks) listens to it. A breach keeps
what was the case at that moment, which is what reports tell of. Whoever comes late, after a downtime, notes the
deadline itself and warns of nothing that has passed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.sql import Sql
from routing import clock_rows, clocks, policies
from routing.clock_rows import Clocked
from routing.clocks import Clock
from routing.events import ClockBreached, ClockWarned
from routing.hours import Schedule
from routing.presence import GRACE_SECONDS
from tickets import lifecycle

_CAUSE: Final = Sql(
    """
    select a.name as owner, team.name as team, t.status, t.priority, t.entitlement, p.state, p.heartbeat_at,
        (select reason from routing_decisions d where d.ticket_id = t.id order by d.id desc limit 1) as routing
    from tickets t left join agents a on a.id = t.assignee_id left join presence p on p.agent_id = a.id
        left join teams team on team.id = t.team_id
    where t.id = :ticket_id
    """
)
# The leads among the team's members, else all leads, else the administrators.
_LEADS: Final = Sql(
    """
    with able as (
        select a.id, case when r.name = 'admin' then 3
            when exists(select 1 from team_members m where m.agent_id = a.id and m.team_id = cast(:team_id as bigint))
            then 1 else 2 end as rank
        from agents a join roles r on r.id = a.role_id where a.is_active and r.name in ('lead', 'admin')
    )
    select id from able where rank = (select min(rank) from able) order by id
    """
)
_BROKEN: Final = Sql("update promises set broken_at = :at where id = :id and broken_at is null returning id")


async def on_due(session: AsyncSession, ticket_id: int) -> None:
    """A deadline or a warning has come: note it, and wait for the next one (job; twice changes nothing)."""
    await lifecycle.lock(session, ticket_id)
    found = await clock_rows.load(session, ticket_id)
    if found is None:
        return
    now = clock.now()
    late = [each for each in found.clocks if each.runs and each.is_late(now)]
    if late:
        await breach(session, found, late, now)
    schedules = (await policies.rules(session, found.row.stamp)).schedules
    for each in late:
        clocks.wind(each, schedules)
    await warn(session, found, now, schedules)
    await clock_rows.write(session, ticket_id, found.clocks)


async def settle(
    session: AsyncSession, found: Clocked, before: bytes, now: datetime, gone: Sequence[Clock] = ()
) -> None:
    """Wind and write a ticket's clocks if anything about them is new; what was met too late is a breach.

    Args:
        session: the unit of work.
        found: the ticket, with its clocks as they are now.
        before: how they were, as JSON.
        now: when that is.
        gone: clocks that it has no more.
    """
    rules = await policies.rules(session, found.row.stamp)
    for each in found.clocks:
        clocks.wind(each, rules.schedules)
    late = [each for each in found.clocks if each.was_met_late]
    if late:
        await breach(session, found, late, now)
    if msgspec.json.encode(found.clocks) != before:
        await clock_rows.write(session, found.id, found.clocks, [each.id for each in gone if each.id])


async def breach(session: AsyncSession, found: Clocked, late: Sequence[Clock], now: datetime) -> None:
    """Note that deadlines were missed, and say so."""
    cause = await _cause(session, found.id, now)
    for each in late:
        if each.due_at is None:
            continue
        each.breached_at = each.due_at
        if each.promise_id is not None:
            await _BROKEN.all(session, id=each.promise_id, at=each.due_at)
        breached = ClockBreached(
            clock=each.kind,
            policy=each.policy,
            reason=each.reason,
            started_at=each.started_at,
            due_at=each.due_at,
            cause=cause,
            **found.audience(),
        )
        events.record(session, breached)


async def _cause(session: AsyncSession, ticket_id: int, now: datetime) -> dict[str, Any]:
    """Who owned the ticket at this moment and whether she was there, how it stood, what the router said last."""
    row = await _CAUSE.first(session, ticket_id=ticket_id)
    there = row.heartbeat_at is not None and row.heartbeat_at >= now - timedelta(seconds=GRACE_SECONDS)
    return {
        "owner": row.owner,
        "owner_state": (row.state if there else "offline") if row.owner is not None else None,
        "team": row.team,
        "status": row.status,
        "priority": row.priority,
        "entitlement": row.entitlement,
        "routing": row.routing,
    }


async def warn(session: AsyncSession, found: Clocked, now: datetime, schedules: Mapping[str, Schedule]) -> None:
    """Warn of deadlines that come near: the owner first, after that the leads as well, or where nobody owns it."""
    for each in found.clocks:
        due, first = each.due_at, each.warned == 0
        percent = clocks.warn(each, now, schedules) if each.runs else None
        if percent is None or due is None:
            continue
        owner = found.row.assignee_id
        earliest = percent == min(each.warnings)
        to_leads = owner is None or not (first and earliest)
        leads = [row.id for row in await _LEADS.all(session, team_id=found.row.team_id)] if to_leads else []
        told = tuple(dict.fromkeys(one for one in (owner, *leads) if one is not None))
        audience = found.audience()
        audience["agents"] = told
        warned = ClockWarned(
            clock=each.kind,
            policy=each.policy,
            reason=each.reason,
            percent=percent,
            due_at=due,
            told=told,
            to_leads=to_leads,
            **audience,
        )
        events.record(session, warned)

"""The figures on a wallboard: what waits and for how long, who is there, service level now, what is about to be late.

Read by everybody who has a link (``routing/wallboards.py``), so there are numbers, names of teams and numbers of
tickets in it, and nothing of any customer. Each figure is one statement over an index; they are kept for two seconds,
however many televisions ask.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from core.sql import Sql
from routing import board

KEPT_FOR: Final = timedelta(seconds=2)
LEVEL_OVER: Final = timedelta(hours=1)
SOON: Final = timedelta(minutes=30)
MOST_SOON: Final = 6


class Waiting(msgspec.Struct, frozen=True, rename="camel"):
    """What waits in one queue: how many, and since when the one that has waited longest."""

    name: str
    count: int
    oldest_at: datetime


class Soon(msgspec.Struct, frozen=True, rename="camel"):
    """A ticket that is late, or will be within half an hour."""

    ticket_id: int
    due_at: datetime
    team: str | None
    agent: str | None


class Figures(msgspec.Struct, frozen=True, rename="camel"):
    """All of a wallboard.

    Attributes:
        at: when they were taken.
        waiting: what nobody has yet, by queue; the longest wait first.
        agents: how many agents are in each state.
        free: how much more the available agents have room for.
        met: promises of an answer that were kept within the last hour.
        missed: those that were missed.
        late: tickets whose deadline has passed.
        soon: how many are due within half an hour.
        next: the next of both, earliest first.
    """

    at: datetime
    waiting: list[Waiting]
    agents: dict[str, int]
    free: int
    met: int
    missed: int
    late: int
    soon: int
    next: list[Soon]


_WAITING: Final = Sql(
    """
    select q.name, count(*) as count, min(w.entered_at) as oldest_at
    from work_items w join queues q on q.id = w.queue_id
    where w.state in ('waiting', 'offered') and (cast(:team_id as bigint) is null or w.team_id = :team_id)
    group by q.id, q.name order by 3, q.id
    """
)
_LEVEL: Final = Sql(
    """
    select count(*) filter (where breached_at is null) as met, count(*) filter (where breached_at is not null) as missed
    from (
        select id, breached_at, ticket_id from sla_clocks
        where met_at > :since and kind in ('first_response', 'next_response', 'call_answer')
        union
        select id, breached_at, ticket_id from sla_clocks
        where breached_at > :since and kind in ('first_response', 'next_response', 'call_answer')
    ) as c
    where cast(:team_id as bigint) is null
        or exists(select from tickets t where t.id = c.ticket_id and t.team_id = :team_id)
    """
)
_DUE: Final = Sql(
    """
    select count(*) filter (where due_at <= :now) as late, count(*) filter (where due_at > :now) as soon
    from tickets where due_at <= :limit and due_at is not null and status in ('open', 'pending', 'on_hold')
        and (cast(:team_id as bigint) is null or team_id = :team_id)
    """
)
_NEXT: Final = Sql(
    """
    select t.id as ticket_id, t.due_at, team.name as team, a.name as agent
    from tickets t left join teams team on team.id = t.team_id left join agents a on a.id = t.assignee_id
    where t.due_at > :now and t.due_at <= :limit and t.due_at is not null
        and t.status in ('open', 'pending', 'on_hold') and (cast(:team_id as bigint) is null or t.team_id = :team_id)
    order by t.due_at, t.id limit :most
    """
)

_kept: WeakKeyDictionary[object, dict[int | None, Figures]] = WeakKeyDictionary()
"""Per database, so that none shows what another one knows."""


async def figures(session: AsyncSession, team_id: int | None = None) -> Figures:
    """The figures now, of the whole desk or of one team."""
    now = clock.now()
    kept = _kept.setdefault(session.get_bind(), {})
    held = kept.get(team_id)
    if held is None or not timedelta() <= now - held.at < KEPT_FOR:
        held = kept[team_id] = await _take(session, team_id, now)
    return held


async def _take(session: AsyncSession, team_id: int | None, now: datetime) -> Figures:
    limit = now + SOON
    waiting = await _WAITING.all(session, team_id=team_id)
    level = await _LEVEL.first(session, team_id=team_id, since=now - LEVEL_OVER)
    due = await _DUE.first(session, team_id=team_id, now=now, limit=limit)
    coming = await _NEXT.all(session, team_id=team_id, now=now, limit=limit, most=MOST_SOON)
    there = await board.loads(session, team_id=team_id)
    states: dict[str, int] = {}
    for each in there:
        states[each.state] = states.get(each.state, 0) + 1
    return Figures(
        at=now,
        waiting=[_as(Waiting, row) for row in waiting],
        agents=states,
        free=int(sum(max(0, each.capacity - each.load) for each in there if each.state == "available")),
        met=level.met,
        missed=level.missed,
        late=due.late,
        soon=due.soon,
        next=[_as(Soon, row) for row in coming],
    )


def _as(kind: Any, row: Any) -> Any:
    return kind(**dict(row))

"""Read past traffic of the desk from its events: what came, who had it when and for how long, who was there.

Agents hold work as the router counts it: from when a ticket was hers until it rested, was solved, or was somebody
else's. Of who was there the changes of presence tell; an agent without any, who got work all the same, was there.
"""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Invalid
from core.sql import Sql
from routing import floor, hours
from routing.engine import AVAILABLE, OFFLINE, Agent
from routing.floor import Floor, Spot
from routing.kinds import KINDS
from routing.rings import Need, Queue
from workforce.past import Desk, KindOf, Past, Traffic
from workforce.turning import Change

MOST_ITEMS: Final = 200_000
LOOK_BACK: Final = timedelta(days=14)
"""So long before the beginning an agent's state is looked for."""

_ITEMS: Final = Sql(
    """
    select t.id, t.channel, e.at, w.priority, w.skills::text as skills, c.owner_agent_id,
        coalesce(cast(w.history -> 0 ->> 'queue_id' as bigint), w.queue_id) as queue_id, had.at as had_at, had.agent_id,
        (select min(x.at) from events x where x.ticket_id = t.id and x.id > had.id and (
            x.kind = 'ticket.snoozed' or x.kind = 'ticket.status_changed' and x.data ->> 'new' <> 'open'
            or x.kind = 'ticket.assigned' and x.data ->> 'to_id' is distinct from cast(had.agent_id as text)
        )) as ended_at,
        (select o.assignee_id from tickets o where o.customer_id = t.customer_id and o.id < t.id
            and o.assignee_id is not null order by o.id desc limit 1) as last_agent_id
    from events e join tickets t on t.id = e.ticket_id join work_items w on w.ticket_id = t.id
        join customers c on c.id = t.customer_id
        left join lateral (
            select a.id, a.at, cast(a.data ->> 'to_id' as bigint) as agent_id from events a
            where a.ticket_id = t.id and a.kind = 'ticket.assigned' and a.data ->> 'to_id' is not null
            order by a.id limit 1
        ) had on true
    where e.kind = 'ticket.created' and e.at >= :since and e.at < :until
        and not coalesce(cast(e.data ->> 'archived' as boolean), false)
    order by e.at, t.id limit cast(:most as bigint)
    """
)
_PRESENCE: Final = Sql(
    """
    select e.at, cast(e.data ->> 'agent_id' as bigint) as agent_id, e.data ->> 'new' as state from events e
    where e.kind = 'agent.presence_changed' and e.at >= :since and e.at < :until order by e.id
    """
)
_AGENTS: Final = Sql("select id, email from agents where is_active")
_SKILLS: Final = Sql("select id, name from skills")
_KINDS: Final = Sql(
    f"select kind, weight, blocks, beside, coalesce(head_start_seconds, 0) as head_start from {KINDS} k"  # noqa: S608
)
_HOURS: Final = Sql("select id, hours from queues where hours is not null")
_QUEUES: Final = Sql(
    """
    select q.id, coalesce(case when q.is_default then t.name end, q.name) as name
    from queues q left join teams t on t.id = q.team_id
    """
)


async def read(session: AsyncSession, since: datetime, until: datetime) -> Traffic:
    """What came between two instants, and the desk as it is.

    Raises:
        Invalid: the instants are the wrong way round, or more came than can be replayed at a time.
    """
    if since >= until:
        raise Invalid("The end of what is to be replayed is not after its beginning.")
    spots = await floor.read_spots(session, since)
    there = Floor(since, spots)
    await floor.read_agents(session, there)
    rows = await _ITEMS.all(session, since=since, until=until, most=MOST_ITEMS + 1)
    if len(rows) > MOST_ITEMS:
        raise Invalid(f"More than {MOST_ITEMS:,} tickets came in this time; choose a shorter one.")
    presence = await _PRESENCE.all(session, since=since - LOOK_BACK, until=until)
    had_work = {row.agent_id for row in rows if row.agent_id is not None}
    agents, changes = _people(list(there.engine.agents.values()), presence, had_work, since)
    changes += await _openings(session, spots, since, until)
    kinds = {
        row.kind: KindOf(weight=row.weight, blocks=row.blocks, beside=row.beside, head_start=float(row.head_start))
        for row in await _KINDS.all(session)
    }
    return Traffic(
        since=since,
        until=until,
        items=tuple(_past(row, spots) for row in rows if row.queue_id in spots),
        desk=Desk(
            queues={number: spot.queue for number, spot in spots.items()},
            agents=agents,
            kinds=kinds,
            changes=tuple(changes),
        ),
        queue_names={row.id: row.name for row in await _QUEUES.all(session)},
        agent_names=dict(there.names),
        agent_emails={row.id: row.email for row in await _AGENTS.all(session)},
        skill_names={row.id: row.name for row in await _SKILLS.all(session)},
    )


def _past(row: Any, spots: dict[int, Spot]) -> Past:
    own = msgspec.json.decode(row.skills, type=tuple[Need, ...])
    work = None if row.had_at is None or row.ended_at is None else (row.ended_at - row.had_at).total_seconds()
    return Past(
        number=row.id,
        kind=row.channel,
        queue_id=row.queue_id,
        came_at=row.at.timestamp(),
        waited_seconds=None if row.had_at is None else max(0.0, (row.had_at - row.at).total_seconds()),
        work_seconds=work,
        priority=row.priority,
        needs=floor.together(spots[row.queue_id].needs, own),
        last_agent_id=row.last_agent_id,
        owner_agent_id=row.owner_agent_id,
    )


def _people(
    agents: list[Agent], presence: list[Any], had_work: set[int], since: datetime
) -> tuple[dict[int, Agent], list[Change]]:
    """Everybody as she was at the beginning, without work, and how she came and went."""
    seen: dict[int, str] = {}
    told = {row.agent_id for row in presence}
    for row in presence:
        if row.at < since:
            seen[row.agent_id] = row.state
    found: dict[int, Agent] = {}
    for agent in agents:
        unknown = AVAILABLE if agent.id in had_work and agent.id not in told else OFFLINE
        found[agent.id] = msgspec.structs.replace(
            agent, state=seen.get(agent.id, unknown), load=0.0, blocked=False, given_last_hour=0,
            idle_since=0.0, calls_idle_since=0.0,
        )  # fmt: skip
    changes = [
        Change(row.at.timestamp(), agent=msgspec.structs.replace(found[row.agent_id], state=row.state))
        for row in presence
        if row.at >= since and row.agent_id in found
    ]
    return found, changes


async def _openings(session: AsyncSession, spots: dict[int, Spot], since: datetime, until: datetime) -> list[Change]:
    """When queues opened and closed."""
    found: list[Change] = []
    for row in await _HOURS.all(session):
        schedule = await hours.read(session, row.hours)
        for opens, closes in hours.open_times(schedule, since, until):
            queue = spots[row.id].queue
            found.append(Change(opens.timestamp(), queue=_turned(queue, is_open=True)))
            if closes < until:
                found.append(Change(closes.timestamp(), queue=_turned(queue, is_open=False)))
    return found


def _turned(queue: Queue, *, is_open: bool) -> Queue:
    return msgspec.structs.replace(queue, is_open=is_open, opens_at=None)

"""What the router has to know, read from PostgreSQL in a few statements: who is there, the queues, what waits.

An agent's load is summed from the work items that she holds each time anew, so nothing can leak from a counter. Of
what waits only the first of each lane are read (a lane: one kind with one set of needs in one queue), more of them
when these are not enough.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from core.sql import Sql
from routing import hours
from routing.engine import OFFLINE, Agent, Engine, Item, looks_again_at
from routing.kinds import KINDS
from routing.presence import LOST_SECONDS
from routing.rings import Need, Queue, Ring, steps_of

HELD: Final = f"""
    select w.agent_id, bool_or(coalesce(k.blocks, false)) as blocked, sum(
        case when k.idle_after_seconds is not null
            and cast(:now as timestamptz) - make_interval(secs => k.idle_after_seconds)
                > (select t.last_activity_at from tickets t where t.id = w.ticket_id)
        then k.idle_weight else coalesce(k.weight, 1) end) as load
    from work_items w left join {KINDS} k on k.kind = w.kind
    where w.state in ('offered', 'assigned') and w.agent_id = any({{agents}}) group by w.agent_id
"""  # noqa: S608 - put together from constants of the product
"""How much each of some agents holds: what she was offered counts, what rests does not."""
MEMBERS: Final = """
    select m.queue_id, m.agent_id from queue_members m
    union all select q.id, t.agent_id from queues q join team_members t on t.team_id = q.team_id where q.of_team
    union all select q.id, a.id from queues q cross join agents a where q.of_team and q.team_id is null
"""
"""Who is a member of which queue."""
_AGENTS: Final = Sql(
    f"""
    with members as materialized (
        select agent_id, array_agg(queue_id) as queues from ({MEMBERS}) m group by agent_id
    ), chosen as materialized (
        select a.id, a.name, a.capacity, m.queues,
            case when p.heartbeat_at >= cast(:alive_since as timestamptz) then p.state else '{OFFLINE}' end as state
        from agents a left join presence p on p.agent_id = a.id left join members m on m.agent_id = a.id
        where a.is_active and (cast(:queues as bigint[]) is null or m.queues && cast(:queues as bigint[])
            or a.id = any(cast(:also as bigint[])))
    ), held as materialized ({HELD.format(agents="array(select id from chosen)")}), can as (
        select agent_id, jsonb_object_agg(skill_id, level)::text as skills from agent_skills
        where agent_id = any(array(select id from chosen)) group by agent_id
    )
    select c.id, c.name, c.capacity, c.queues, c.state, coalesce(h.load, 0) as load,
        coalesce(h.blocked, false) as blocked, r.given_at, r.called_at, r.hourly_cap, can.skills,
        case when :capped or r.hourly_cap is not null then (
            select count(*) from routing_decisions d
            where d.chosen_agent_id = c.id and d.at > cast(:now as timestamptz) - interval '1 hour'
        ) else 0 end as given
    from chosen c left join held h on h.agent_id = c.id left join can on can.agent_id = c.id
        left join agent_routing r on r.agent_id = c.id
    """  # noqa: S608 - put together from constants of the product
)
_QUEUES: Final = Sql(
    """
    select id, name, team_id, skills::text, rings::text, sticky_seconds, owner_seconds, hours, hourly_cap from queues
    """
)
_COLUMNS: Final = """
    w.id, w.ticket_id, w.kind, w.lane, w.queue_id, w.team_id, w.priority, w.entered_at, w.queued_at, w.rank_at,
    w.skills::text as skills, w.refusals::text as refusals, w.sticky_agent_id, w.owner_agent_id, w.alarmed_at,
    coalesce(k.weight, 1) as weight, coalesce(k.blocks, false) as blocks, k.beside, k.offer_seconds,
    coalesce(k.head_start_seconds, 0) as head_start
"""
ITEMS: Final = f"select {_COLUMNS} from work_items w left join {KINDS} k on k.kind = w.kind"  # noqa: S608 - as above
"""Work items as the router needs them; what follows says which."""
_OF_TICKETS: Final = Sql(
    f"""
    select i.*, exists (
        select from work_items o where o.state = 'waiting' and o.queue_id = any(array(select id from queues))
        and (o.rank_at, o.id) < (i.rank_at, i.id)
    ) as is_behind
    from ({ITEMS} where w.ticket_id = any(cast(:tickets as bigint[])) and w.state = 'waiting') i
    """  # noqa: S608 - put together from constants of the product
)
_WAIT_IN: Final = Sql(
    """
    select queue_id from work_items where state = 'waiting' and queue_id = any(cast(:queues as bigint[]))
    group by queue_id order by min(rank_at), queue_id
    """
)
_NEXT_SHARE: Final = Sql(
    """
    select min(at) + interval '1 hour' from routing_decisions
    where chosen_agent_id = any(cast(:agents as bigint[])) and at > cast(:now as timestamptz) - interval '1 hour'
    """
)
_PREFER: Final = """
    (select w.id from work_items w join queues q on q.id = w.queue_id and q.{who}_seconds is not null
    where w.state = 'waiting' and w.{who}_agent_id = a.id and w.queue_id = any(cast(:open as bigint[]))
        and coalesce(cast(w.refusals ->> cast(a.id as text) as float8), 0) <= cast(:at as float8)
    order by w.rank_at, w.id limit cast(:own as bigint))
"""
_FIRST: Final = Sql(
    f"""
    with first as materialized (
        select i.id from unnest(cast(:queues as bigint[])) as q (id) cross join lateral (
            with recursive lanes as (
                (select lane from work_items where state = 'waiting' and queue_id = q.id order by lane limit 1)
                union all
                select (select w.lane from work_items w where w.state = 'waiting' and w.queue_id = q.id
                    and w.lane > lanes.lane order by w.lane limit 1)
                from lanes where lanes.lane is not null
            )
            select lane from lanes where lane is not null
        ) as l cross join lateral (
            select w.id from work_items w where w.state = 'waiting' and w.queue_id = q.id and w.lane = l.lane
            order by w.rank_at, w.id limit cast(:page as bigint)
        ) as i
        union
        select o.id from unnest(cast(:agents as bigint[])) as a (id) cross join lateral (
            {_PREFER.format(who="owner")} union {_PREFER.format(who="sticky")}
        ) as o
    )
    {ITEMS} where w.id = any(array(select id from first))
    """  # noqa: S608 - put together from constants of the product
)
_NEXT: Final = Sql(
    f"""
    with next as materialized (
        select i.id from unnest(cast(:queues as bigint[]), cast(:lanes as text[]), cast(:ranks as timestamptz[]),
            cast(:ids as bigint[])) as l (queue_id, lane, rank_at, id) cross join lateral (
            select w.id from work_items w where w.state = 'waiting' and w.queue_id = l.queue_id and w.lane = l.lane
            and (w.rank_at, w.id) > (l.rank_at, l.id)
            order by w.rank_at, w.id limit cast(:page as bigint)
        ) as i
    )
    {ITEMS} where w.id = any(array(select id from next))
    """  # noqa: S608 - put together from constants of the product
)
_NEXT_IDLE: Final = Sql(
    f"""
    select min(t.last_activity_at + make_interval(secs => k.idle_after_seconds))
    from work_items w join {KINDS} k on k.kind = w.kind and k.idle_after_seconds is not null
        join tickets t on t.id = w.ticket_id
    where w.state = 'assigned' and w.agent_id = any(cast(:agents as bigint[]))
    and t.last_activity_at + make_interval(secs => k.idle_after_seconds) > :now
    """  # noqa: S608 - put together from constants of the product
)
_WAITS: Final = Sql("select exists (select from work_items where state = 'waiting')")


class Spot(msgspec.Struct):
    """A queue as it was read, with what belongs to it beside the rules."""

    queue: Queue
    name: str
    team_id: int | None
    needs: tuple[Need, ...]


class Floor:
    """The engine with what was read for it.

    Args:
        now: the instant of the decision.
        spots: all queues.
    """

    def __init__(self, now: datetime, spots: dict[int, Spot]) -> None:
        self.now = now
        self.spots = spots
        self.engine = Engine(each.queue for each in spots.values())
        self.names: dict[int, str] = {}
        self.rows: dict[int, Any] = {}
        self._lanes: dict[tuple[int, str], list[Any]] = {}

    @property
    def at(self) -> float:
        """The instant as the engine counts."""
        return self.now.timestamp()

    def take_agents(self, rows: Iterable[Any]) -> None:
        """Let the engine know of agents."""
        for row in rows:
            self.names[row.id] = row.name
            self.engine.put_agent(_agent(row))

    def take_items(self, rows: Iterable[Any]) -> list[Item]:
        """Let the engine know of items; those that it knows already stay as they are."""
        made: list[Item] = []
        for row in rows:
            if row.id in self.rows:
                continue
            self.rows[row.id] = row
            item = _item(row, self.spots[row.queue_id], self.at)
            self.engine.add(item)
            made.append(item)
        return made

    def take_lanes(self, rows: Iterable[Any], page: int) -> None:
        """Note how far each lane was read, so many items at a time; what was read to its end has no more."""
        read: dict[tuple[int, str], list[Any]] = {}
        for row in sorted(rows, key=lambda row: (row.rank_at, row.id)):
            read.setdefault((row.queue_id, row.lane), []).append(row)
        # What prefers somebody was read from anywhere in its lane, and stands behind the page.
        self._lanes = {lane: found[:page] for lane, found in read.items() if len(found) >= page}

    def lanes_to_read(self) -> list[Any]:
        """The last row that was read of each lane whose following items may go to somebody.

        They may when all that was read was given away, or waits for what is its own: a ring that it has not reached,
        somebody whom it prefers or who has refused it. Else nobody takes what is of the same kind and needs the same.
        """
        return [rows[-1] for rows in self._lanes.values() if not any(self._is_plain(row.id) for row in rows)]

    def _is_plain(self, item_id: int) -> bool:
        """Whether an item still waits, and not for anything that another one of its lane may have behind it."""
        item = self.engine.items.get(item_id)
        if item is None or item.refused:
            return False
        return looks_again_at(item, self.spots[item.queue_id].queue, self.at) is None


def _agent(row: Any) -> Agent:
    skills = {} if row.skills is None else {int(key): level for key, level in msgspec.json.decode(row.skills).items()}
    return Agent(
        id=row.id,
        state=row.state,
        queues=frozenset(row.queues or ()),
        skills=skills,
        capacity=row.capacity,
        load=row.load,
        blocked=row.blocked,
        idle_since=row.given_at.timestamp() if row.given_at else 0.0,
        calls_idle_since=row.called_at.timestamp() if row.called_at else 0.0,
        given_last_hour=row.given,
        hourly_cap=row.hourly_cap,
    )


def _item(row: Any, spot: Spot, now: float) -> Item:
    own = msgspec.json.decode(row.skills, type=tuple[Need, ...]) if row.skills != "[]" else ()
    refusals: dict[str, float] = msgspec.json.decode(row.refusals) if row.refusals != "{}" else {}
    return Item(
        id=row.id,
        kind=row.kind,
        queue_id=row.queue_id,
        entered_at=row.entered_at.timestamp(),
        queued_at=None if row.queued_at == row.entered_at else row.queued_at.timestamp(),
        priority=row.priority,
        head_start=float(row.head_start),
        weight=row.weight,
        blocks=row.blocks,
        beside=row.beside,
        skills=together(spot.needs, own),
        sticky_agent_id=row.sticky_agent_id if spot.queue.sticky_seconds is not None else None,
        owner_agent_id=row.owner_agent_id if spot.queue.owner_seconds is not None else None,
        refused=frozenset(int(agent) for agent, until in refusals.items() if until > now),
    )


def together(*many: tuple[Need, ...]) -> tuple[Need, ...]:
    """Needs from several sides as one: of each skill the highest level, and optional only where all say so."""
    found: dict[int, Need] = {}
    for need in (each for needs in many for each in needs):
        other = found.get(need.skill_id, need)
        found[need.skill_id] = Need(
            need.skill_id, max(need.level, other.level), optional=need.optional and other.optional
        )
    return tuple(found[key] for key in sorted(found))


async def read_spots(session: AsyncSession, now: datetime) -> dict[int, Spot]:
    """All queues by number, with whether they are open."""
    rows = await _QUEUES.all(session)
    names = {row.hours for row in rows if row.hours is not None}
    schedules = {name: await hours.read(session, name) for name in sorted(names)}
    found: dict[int, Spot] = {}
    for row in rows:
        schedule = schedules.get(row.hours)
        is_open = schedule is None or hours.is_open(schedule, now)
        opens_at = None if is_open or schedule is None else hours.next_opening(schedule, now)
        queue = Queue(
            id=row.id,
            rings=msgspec.json.decode(row.rings, type=tuple[Ring, ...]),
            sticky_seconds=row.sticky_seconds,
            owner_seconds=row.owner_seconds,
            is_open=is_open,
            opens_at=None if opens_at is None else opens_at.timestamp(),
            hourly_cap=row.hourly_cap,
        )
        found[row.id] = Spot(queue, row.name, row.team_id, msgspec.json.decode(row.skills, type=tuple[Need, ...]))
    return found


async def read_agents(
    session: AsyncSession, floor: Floor, queues: Iterable[int] | None = None, also: Iterable[int] = ()
) -> None:
    """Read agents into the floor.

    Args:
        session: the unit of work.
        floor: where they go.
        queues: the members of these; None: everybody.
        also: other agents.
    """
    rows = await _AGENTS.all(
        session,
        queues=None if queues is None else list(queues),
        also=list(also),
        capped=any(each.queue.hourly_cap is not None for each in floor.spots.values()),
        now=floor.now,
        alive_since=alive_since(floor.now),
    )
    floor.take_agents(rows)


def alive_since(now: datetime) -> datetime:
    """Who was heard of since then is there."""
    return now - timedelta(seconds=LOST_SECONDS)


async def of_tickets(session: AsyncSession, ticket_ids: Sequence[int]) -> Floor:
    """The floor for a decision about some tickets that wait, with everybody who may come into question."""
    now = clock.now()
    items = await _OF_TICKETS.all(session, tickets=list(ticket_ids))
    floor = Floor(now, await read_spots(session, now) if items else {})
    made = floor.take_items(items)
    if made:
        wanted = {queue for item in made for queue in steps_of(floor.spots[item.queue_id].queue)[-1].queues}
        also = {each for item in made for each in (item.owner_agent_id, item.sticky_agent_id) if each is not None}
        await read_agents(session, floor, wanted, also)
    return floor


async def of_everything(session: AsyncSession) -> Floor | None:
    """The floor for a round over all queues; None when nothing waits."""
    if not await _WAITS.scalar(session):
        return None
    now = clock.now()
    floor = Floor(now, await read_spots(session, now))
    await read_agents(session, floor)
    return floor


def _free(floor: Floor) -> list[Agent]:
    return [each for each in floor.engine.agents.values() if floor.engine.is_free(each)]


def open_to_free_agents(floor: Floor) -> list[int]:
    """The queues from which somebody with room could take something."""
    reach = {queue for agent in _free(floor) for queue in agent.queues}
    return [
        number
        for number, spot in floor.spots.items()
        if spot.queue.is_open and not reach.isdisjoint(steps_of(spot.queue)[-1].queues)
    ]


async def waited_in(session: AsyncSession, floor: Floor) -> list[int]:
    """The queues in which something waits that somebody with room could take, that of the highest rank first."""
    return [row.queue_id for row in await _WAIT_IN.all(session, queues=open_to_free_agents(floor))]


async def read_first(session: AsyncSession, floor: Floor, queues: Sequence[int], page: int, own: int) -> None:
    """Read the first items of each lane of some queues, and what prefers a free agent, wherever it waits.

    Args:
        session: the unit of work.
        floor: where they go.
        queues: whose lanes.
        page: so many of each lane.
        own: so many of those that prefer the same agent.
    """
    agents = [each.id for each in _free(floor)]
    if not agents:
        return
    by_number = {number: spot.queue for number, spot in floor.spots.items() if spot.queue.is_open}
    prefers = any((each.sticky_seconds, each.owner_seconds) != (None, None) for each in by_number.values())
    values = {"agents": agents if prefers else [], "open": list(by_number), "own": own, "at": floor.at}
    rows = await _FIRST.all(session, queues=list(queues), page=page, **values)
    floor.take_lanes([row for row in rows if row.queue_id in queues], page)
    floor.take_items(rows)


async def read_next(session: AsyncSession, floor: Floor, page: int) -> bool:
    """Read the next items of each lane where one may go to somebody though those before it do not; whether any did."""
    lanes = floor.lanes_to_read()
    if not lanes:
        return False
    rows = await _NEXT.all(
        session,
        queues=[row.queue_id for row in lanes],
        lanes=[row.lane for row in lanes],
        ranks=[row.rank_at for row in lanes],
        ids=[row.id for row in lanes],
        page=page,
    )
    floor.take_lanes(rows, page)
    floor.take_items(rows)
    return bool(rows)


async def next_share(session: AsyncSession, floor: Floor, agent_ids: Sequence[int]) -> datetime | None:
    """When the first of the items is an hour old that some agents got within the last one."""
    found: datetime | None = await _NEXT_SHARE.scalar(session, agents=list(agent_ids), now=floor.now)
    return found


async def next_idle(session: AsyncSession, floor: Floor, agent_ids: Sequence[int]) -> datetime | None:
    """When the next chat of some agents will be idle if nobody writes, which leaves them more room."""
    found: datetime | None = await _NEXT_IDLE.scalar(session, agents=list(agent_ids), now=floor.now)
    return found

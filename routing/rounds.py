"""A decision of the router and its consequences, in one transaction: read, decide, lock, write.

:func:`consider` decides about one ticket at once, with the reasons; :func:`give_away` is a round over all that waits.
Both read without locks, decide by ``routing/engine.py``, then lock the chosen agents and tickets without waiting for
anybody, and write by one statement that sees what others have written before: her load is summed again there, so two
routers never overfill an agent, and a ticket that somebody took meanwhile stays hers. Who was locked by another router
is passed over; what was lost is looked at again by a job after this transaction.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core import events, timers
from core.sql import Sql
from routing import floor as floors
from routing import reasons
from routing.engine import Decision, Item, looks_again_at
from routing.events import NobodyCan, OfferMade, TicketRouted
from routing.floor import HELD, Floor
from tickets.events import TicketAssigned

DRAIN_JOB: Final = "routing.drain"
LOOK_JOB: Final = "routing.look"
EXPIRE_JOB: Final = "routing.offer_expires"
FIRST_PAGE: Final = 5
"""Items of each lane that a round reads at first; the next ones, four times as many, where they may help."""
MOST_PAGES: Final = 6
LOCK_SPACE: Final = 4711
"""Of the advisory locks on agents."""
QUEUE_SPACE: Final = 4712
"""Of those on queues, which only rounds take."""

# The ticket is locked, not the work item, because everybody else locks in that order: a claim by hand that holds the
# ticket and wants the item would otherwise wait for us while we wait for its ticket.
_LOCK: Final = Sql(
    f"""
    with agents as materialized (
        select a.id, pg_try_advisory_xact_lock({LOCK_SPACE}, cast(a.id as integer)) as got
        from (select distinct unnest(cast(:agents as bigint[])) as id) a
    ), mine as materialized (
        select id from tickets where id = any(cast(:tickets as bigint[])) and assignee_id is null
        for update skip locked
    )
    select array(select id from agents where got) as agents, array(select id from mine) as tickets
    """  # noqa: S608 - a constant of this module
)
_TIMER: Final = f"""
    select expires_at, '{EXPIRE_JOB}', jsonb_build_object('offer_id', id), cast(null as text), concat('offer:', id)
    from made
"""  # noqa: S608 - a constant of this module
_GIVE: Final = Sql(
    f"""
    with wanted as materialized (
        select * from jsonb_to_recordset(cast(:given as jsonb)) as w (item_id bigint, ticket_id bigint, agent_id bigint,
            queue_id bigint, seen float8, offer_seconds bigint, blocks boolean, trigger text, code text, ring bigint,
            reason text, candidates jsonb, counts jsonb)
    ), held as materialized ({HELD.format(agents="array(select agent_id from wanted)")}), able as (
        select w.agent_id from wanted w join presence p on p.agent_id = w.agent_id
            left join held h on h.agent_id = w.agent_id
        where p.state = 'available' and p.heartbeat_at >= cast(:alive_since as timestamptz)
        group by w.agent_id, h.load, h.blocked
        having coalesce(h.load, 0) <= min(w.seen) + 1e-9 and not coalesce(h.blocked, false)
    ), fit as materialized (
        select w.*, t.customer_id, t.team_id from wanted w join able on able.agent_id = w.agent_id
            join work_items i on i.id = w.item_id and i.state = 'waiting' and i.queue_id = w.queue_id
            join tickets t on t.id = w.ticket_id and t.assignee_id is null and t.status = 'open'
                and t.snoozed_until is null
    ), won as (
        update tickets t set assignee_id = f.agent_id, version = t.version + 1 from fit f
        where t.id = f.ticket_id and f.offer_seconds is null
    ), items as (
        update work_items i set agent_id = f.agent_id, assigned_at = :now,
            state = case when f.offer_seconds is null then 'assigned' else 'offered' end,
            sticky_agent_id = case when f.offer_seconds is null then f.agent_id else i.sticky_agent_id end,
            history = case when f.offer_seconds is not null then i.history else i.history || jsonb_build_array(
                jsonb_build_object('queue_id', i.queue_id, 'from', i.queued_at, 'until', cast(:now as timestamptz),
                    'agent_id', f.agent_id)) end
        from fit f where i.id = f.item_id
    ), made as (
        insert into offers (item_id, ticket_id, agent_id, made_at, expires_at)
        select item_id, ticket_id, agent_id, :now,
            cast(:now as timestamptz) + make_interval(secs => cast(offer_seconds as float8))
        from fit where offer_seconds is not null returning id, item_id, expires_at
    ), marks as (
        insert into agent_routing (agent_id, given_at, called_at)
        select agent_id, :now, case when bool_or(blocks) then cast(:now as timestamptz) end from fit group by agent_id
        on conflict (agent_id) do update set given_at = excluded.given_at,
            called_at = coalesce(excluded.called_at, agent_routing.called_at)
    ), timer as ({timers.SETTING.format(rows=_TIMER)}), decided as (
        insert into routing_decisions (ticket_id, at, trigger, team_id, queue_id, chosen_agent_id, code, ring, reason,
            candidates, counts)
        select ticket_id, :now, trigger, team_id, queue_id, agent_id, code, ring, reason, candidates, counts from fit
        returning id, ticket_id
    ), woken as (select pg_notify('{timers.TIMER_CHANNEL}', '') from made limit 1)
    select f.item_id, f.ticket_id, f.agent_id, f.code, f.reason, f.customer_id, f.team_id, d.id as decision_id,
        m.id as offer_id, m.expires_at, (select count(*) from woken) as woken
    from fit f join decided d on d.ticket_id = f.ticket_id left join made m on m.item_id = f.item_id
    """  # noqa: S608 - put together from constants of the product
)
_REMEMBER: Final = Sql(
    """
    with item as (
        update work_items set alarmed_at = coalesce(alarmed_at, :now) where ticket_id = :ticket_id and :alarm
    )
    insert into routing_decisions (ticket_id, at, trigger, team_id, queue_id, code, ring, reason, candidates, counts,
        looks_again_at, alarm)
    values (:ticket_id, :now, :trigger, :team_id, :queue_id, :code, :ring, :reason, cast(:candidates as jsonb),
        cast(:counts as jsonb), :looks_again_at, :alarm)
    """
)


class Outcome(msgspec.Struct):
    """What became of a decision: how many items were given, whether some were lost to somebody else, or are left."""

    given: int
    lost: bool
    more: bool = False


class Wake(msgspec.Struct, frozen=True):
    """When to look again at what waits, and why.

    Attributes:
        at: the instant.
        cause: ``time`` has passed for this item; its queue ``opens``; somebody may have ``room`` for its lane.
        queue_id: where it waits.
        lane: its kind and needs.
    """

    at: datetime
    cause: Literal["time", "opens", "room"]
    queue_id: int
    lane: str


async def consider(session: AsyncSession, ticket_id: int, trigger: str) -> tuple[Outcome, list[Wake]]:
    """Decide about one ticket that waits, and keep why.

    What stands before it has its turn first, in a round after this transaction.

    Args:
        session: the unit of work.
        ticket_id: which; nothing happens where it does not wait.
        trigger: what made us look, for the record.

    Returns:
        What became of it, and when to look again if it waits.
    """
    floor = await floors.of_tickets(session, [ticket_id])
    outcome = Outcome(0, lost=False)
    item = next(iter(floor.engine.items.values()), None)
    if item is None:
        return outcome, []
    if floor.rows[item.id].is_behind and floor.engine.would_go(item, floor.at):
        await floors.read_first(session, floor, floors.open_to_free_agents(floor), FIRST_PAGE, FIRST_PAGE)
    decided = floor.engine.decide(floor.at, explain=True)
    own = [each for each in decided if each.item_id == item.id]
    outcome = await _settle(session, floor, own, [item], trigger)
    outcome.lost = outcome.lost or len(decided) > len(own)
    if outcome.given:
        return outcome, []
    if item.id not in floor.engine.items:  # somebody else changes it at this moment
        return outcome, _wakes(floor, item, looks_again_at(item, floor.spots[item.queue_id].queue, floor.at), None)
    decision = floor.engine.explain(item, floor.at)
    room_at = await _room_at(session, floor, decision)
    wakes = _wakes(floor, item, decision.looks_again_at, room_at)
    decision.looks_again_at = min((each.at.timestamp() for each in wakes), default=None)
    await _remember(session, floor, decision, trigger)
    return outcome, wakes


def _wakes(floor: Floor, item: Item, again: float | None, room_at: datetime | None) -> list[Wake]:
    """When to look again at an item: at the opening where it is closed, else as it comes."""
    row, is_open = floor.rows[item.id], floor.spots[item.queue_id].queue.is_open
    moments = [] if again is None else [again]
    if is_open:
        refusals: dict[str, float] = msgspec.json.decode(row.refusals)
        moments += [until for until in refusals.values() if until > floor.at]
    wakes: list[Wake] = []
    if moments:
        at = datetime.fromtimestamp(min(moments), tz=floor.now.tzinfo)
        wakes.append(Wake(at, "time" if is_open else "opens", item.queue_id, row.lane))
    if room_at is not None:
        wakes.append(Wake(room_at, "room", item.queue_id, row.lane))
    return wakes


async def _room_at(session: AsyncSession, floor: Floor, decision: Decision) -> datetime | None:
    """When somebody who can do it has more room without doing anything."""
    found: list[datetime | None] = []
    if decision.reason in ("all_full", "waits_for_preferred"):
        found.append(await floors.next_idle(session, floor, [each.agent_id for each in decision.candidates]))
    capped = [each.agent_id for each in decision.candidates if each.excluded == "capped"]
    if capped:
        found.append(await floors.next_share(session, floor, capped))
    return min((each for each in found if each is not None), default=None)


async def give_away(session: AsyncSession, most: int, trigger: str) -> Outcome:
    """Give away what waits, by rank, until nobody has room.

    Args:
        session: the unit of work.
        most: so many items in this transaction; more are for the next one.
        trigger: what made us look, for the record.
    """
    floor = await floors.of_everything(session)
    if floor is None or not floor.engine.has_room:
        return Outcome(0, lost=False)
    decided: list[Decision] = []
    items: dict[int, Item] = {}
    page = min(FIRST_PAGE, most)
    left, is_missed = await floors.waited_in(session, floor) or [0], False  # none: what prefers somebody free is read
    while left and not decided:
        held, left, some_missed = await _hold(session, left, max(most // page, 1))
        is_missed = is_missed or some_missed
        decided = await _decide(session, floor, items, held, most)
    outcome = await _settle(session, floor, decided, list(items.values()), trigger)
    outcome.lost = outcome.lost or is_missed or bool(left)
    outcome.more = outcome.given > 0 and (bool(left) or (len(decided) == most and floor.engine.has_room))
    return outcome


async def _decide(
    session: AsyncSession, floor: Floor, items: dict[int, Item], queues: list[int], most: int
) -> list[Decision]:
    """Give away what waits in some queues, reading more of it as long as that may help."""
    decided: list[Decision] = []
    page = min(FIRST_PAGE, most)
    await floors.read_first(session, floor, queues, page, most)
    for _ in range(MOST_PAGES):
        items.update(floor.engine.items)
        decided += floor.engine.decide(floor.at, explain=True, most=most - len(decided))
        page *= 4
        if len(decided) == most or not floor.engine.has_room or not await floors.read_next(session, floor, page):
            break
    return decided


_HOLD: Final = Sql(
    f"""
    select id from unnest(cast(:queues as bigint[])) as q (id)
    where pg_try_advisory_xact_lock({QUEUE_SPACE}, cast(id as integer)) limit cast(:most as bigint)
    """  # noqa: S608 - a constant of this module
)


async def _hold(session: AsyncSession, queues: list[int], most: int) -> tuple[list[int], list[int], bool]:
    """Take the first of some queues for this round: no other one gives away what waits there at the same time.

    Two rounds over the same items would choose the same ones, and one of them would have worked for nothing.

    Args:
        session: the unit of work.
        queues: by rank.
        most: so many at most.

    Returns:
        Those that are held, those that were not reached, and whether another round holds one of those before them.
    """
    held = [row.id for row in await _HOLD.all(session, queues=queues, most=most)]
    reached = queues.index(held[-1]) + 1 if len(held) == most else len(queues)
    return held, queues[reached:], reached > len(held)


async def _settle(
    session: AsyncSession, floor: Floor, decided: list[Decision], items: Sequence[Item], trigger: str
) -> Outcome:
    """Lock who and what was chosen, and write it; who is locked by another router is passed over for the next one."""
    known = {item.id: item for item in items}
    good: list[Decision] = []
    lost = False
    while decided:
        chosen = [each.agent_id for each in decided if each.agent_id is not None]
        tickets = [floor.rows[each.item_id].ticket_id for each in decided]
        got = await _LOCK.first(session, agents=chosen, tickets=tickets)
        agents, mine = set(got.agents), set(got.tickets)
        failed = [each for each in decided if each.agent_id not in agents]
        good += [each for each in decided if each.agent_id in agents and floor.rows[each.item_id].ticket_id in mine]
        lost = lost or bool(failed) or len(mine) < len(tickets)
        if not failed:
            break
        decided = _again(floor, failed, known)
    if not good:
        return Outcome(0, lost=lost)
    written = await _write(session, floor, good, known, trigger)
    return Outcome(len(written), lost=lost or len(written) < len(good))


def _again(floor: Floor, failed: list[Decision], known: dict[int, Item]) -> list[Decision]:
    """Decide anew about items whose agents another router holds, without these agents."""
    for decision in failed:
        agent = floor.engine.agents[decision.agent_id or 0]
        agent.state = reasons.LOCKED
        floor.engine.put_agent(agent)
        floor.engine.add(known[decision.item_id])
    wanted = {each.item_id for each in failed}
    return [each for each in floor.engine.decide(floor.at, explain=True) if each.item_id in wanted]


async def _write(
    session: AsyncSession, floor: Floor, decided: list[Decision], known: dict[int, Item], trigger: str
) -> list[Any]:
    taken: dict[int, float] = {}
    for each in decided:
        taken[each.agent_id or 0] = taken.get(each.agent_id or 0, 0.0) + known[each.item_id].weight
    rows = [
        reasons.row(each, floor.names, trigger)
        | {
            "item_id": each.item_id,
            "ticket_id": floor.rows[each.item_id].ticket_id,
            "agent_id": each.agent_id,
            "queue_id": floor.rows[each.item_id].queue_id,
            "seen": floor.engine.agents[each.agent_id or 0].load - taken[each.agent_id or 0],
            "offer_seconds": floor.rows[each.item_id].offer_seconds,
            "blocks": known[each.item_id].blocks,
        }
        for each in decided
    ]
    written = await _GIVE.all(
        session,
        given=msgspec.json.encode(rows).decode(),
        now=floor.now,
        alive_since=floors.alive_since(floor.now),
    )
    for row in written:
        _tell(session, row, floor.names)
    return written


def _tell(session: AsyncSession, row: Any, names: dict[int, str]) -> None:
    facts: dict[str, Any] = {
        "ticket_id": row.ticket_id,
        "customer_id": row.customer_id,
        "teams": (row.team_id or events.NO_TEAM,),
        "agents": (row.agent_id,),
        "rule": reasons.RULES[row.code],
    }
    name = names.get(row.agent_id, "")
    if row.offer_id is None:
        events.record(session, TicketAssigned(from_id=None, to_id=row.agent_id, **facts))
    else:
        made = OfferMade(
            offer_id=row.offer_id, agent_id=row.agent_id, agent_name=name, expires_at=row.expires_at, **facts
        )
        events.record(session, made)
    routed = TicketRouted(
        agent_id=row.agent_id, agent_name=name, reason=row.reason, decision_id=row.decision_id, **facts
    )
    events.record(session, routed)


async def _remember(session: AsyncSession, floor: Floor, decision: Decision, trigger: str) -> None:
    item = floor.rows[decision.item_id]
    again = decision.looks_again_at
    kept = reasons.row(decision, floor.names, trigger)
    for name in ("candidates", "counts"):
        kept[name] = msgspec.json.encode(kept[name]).decode()
    await _REMEMBER.all(
        session,
        ticket_id=item.ticket_id,
        now=floor.now,
        team_id=item.team_id,
        queue_id=item.queue_id,
        looks_again_at=None if again is None else datetime.fromtimestamp(again, tz=floor.now.tzinfo),
        **kept,
    )
    if decision.alarm and item.alarmed_at is None:
        spot = floor.spots[item.queue_id]
        alarm = NobodyCan(
            ticket_id=item.ticket_id, teams=(item.team_id or events.NO_TEAM,), queue=spot.name, queue_id=item.queue_id,
            skills=[need.skill_id for need in floor.engine.items[item.id].skills],
        )  # fmt: skip
        events.record(session, alarm)

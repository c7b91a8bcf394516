"""The life of a work item: it follows its ticket, is moved to another queue, and goes back where an agent is gone.

Called by the handlers of ``routing/assignment.py`` in the transaction of what happened, and by supervisors. A work item
that comes back keeps when it entered, so it stands in front; one whose ticket was solved or rested enters anew.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.errors import Invalid, NotFound
from core.sql import Sql
from routing import queues
from routing.engine import PRIORITY_SECONDS
from routing.events import OfferEnded, WorkMoved, WorkReturned
from routing.kinds import KINDS
from routing.rings import Need
from tickets import lifecycle
from tickets.lifecycle import PRIORITIES, TicketChange

REFUSED_FOR: Final = timedelta(minutes=10)
"""So long nobody is asked for what she gave back or refused."""

_STATE: Final = """
    case when t.status in ('solved', 'closed') then 'done'
        when t.status <> 'open' or t.snoozed_until is not null then 'resting'
        when t.assignee_id is null then 'waiting' else 'assigned' end
"""
_PRIORITY: Final = f"array_position(array{list(PRIORITIES)}, t.priority) - 1"
_RANK: Final = f"""
    {{entered}} - make_interval(secs => {PRIORITY_SECONDS} * ({{priority}}) + coalesce(k.head_start_seconds, 0))
"""
_QUEUE: Final = """
    select q.id, q.sticky_seconds from queues q
    where q.team_id is not distinct from t.team_id and (q.is_default or t.channel = any(q.kinds))
    order by t.channel = any(q.kinds) desc, q.id limit 1
"""
"""Where the work of a ticket ``t`` comes in: the queue of its team for this kind, else the team's own."""
_ENTER: Final = Sql(
    f"""
    insert into work_items (kind, ticket_id, team_id, queue_id, agent_id, state, priority, lane, sticky_agent_id,
        owner_agent_id, entered_at, queued_at, rank_at, assigned_at)
    select t.channel, t.id, t.team_id, q.id, case when {_STATE} = 'assigned' then t.assignee_id end, {_STATE},
        {_PRIORITY}, t.channel, case when q.sticky_seconds is null then t.assignee_id else coalesce(t.assignee_id, (
            select o.assignee_id from tickets o where o.customer_id = t.customer_id and o.id <> t.id
            and o.assignee_id is not null order by o.id desc limit 1)) end,
        c.owner_agent_id, :now, :now, {_RANK.format(entered="cast(:now as timestamptz)", priority=_PRIORITY)},
        case when t.assignee_id is not null then cast(:now as timestamptz) end
    from tickets t join customers c on c.id = t.customer_id cross join lateral ({_QUEUE}) q
        left join {KINDS} k on k.kind = t.channel
    where t.id = :ticket_id
    on conflict (ticket_id) do nothing
    returning state
    """  # noqa: S608 - put together from constants of the product
)
_ENTERED: Final = "case when w.state in ('done', 'resting') and n.state = 'waiting' then :now else w.entered_at end"
_PLACED: Final = """
    case when n.queue_id <> w.queue_id or n.state = 'waiting' and w.state not in ('waiting', 'offered')
        then cast(:now as timestamptz) else w.queued_at end
"""
_FOLLOW: Final = Sql(
    f"""
    with news as materialized (
        select w.id, w.state as before, w.queue_id as from_id, t.team_id, t.assignee_id, t.customer_id,
            {_PRIORITY} as priority,
            case when w.team_id is distinct from t.team_id then q.id else w.queue_id end as queue_id,
            case when {_STATE} = 'waiting' and w.state = 'offered' and w.team_id is not distinct from t.team_id
                then 'offered' else {_STATE} end as state
        from tickets t join work_items w on w.ticket_id = t.id cross join lateral ({_QUEUE}) q
        where t.id = :ticket_id
    ), withdrawn as (
        update offers o set state = 'withdrawn', ended_at = :now, reason = :because from news n
        where o.item_id = n.id and o.state = 'offered' and n.state <> 'offered' returning o.id, o.agent_id
    ), called as (
        update agent_routing r set called_at = :now
        from news n join work_items old on old.id = n.id join {KINDS} k on k.kind = old.kind and k.blocks
        where r.agent_id = old.agent_id and n.before = 'assigned' and n.state <> 'assigned'
    ), changed as (
        update work_items w set state = n.state, team_id = n.team_id, queue_id = n.queue_id, priority = n.priority,
            agent_id = case n.state when 'assigned' then n.assignee_id when 'offered' then w.agent_id end,
            sticky_agent_id = coalesce(n.assignee_id, w.sticky_agent_id),
            entered_at = {_ENTERED}, queued_at = {_PLACED},
            rank_at = {_RANK.format(entered=f"cast({_ENTERED} as timestamptz)", priority="n.priority")},
            refusals = case when n.state = 'done' then '{{}}'::jsonb
                when cast(:refused_by as bigint) is null then w.refusals
                else w.refusals || jsonb_build_object(cast(:refused_by as text), cast(:refused_until as float8)) end,
            assigned_at = case when n.state <> 'assigned' then null
                when w.state = 'assigned' then coalesce(w.assigned_at, :now) else :now end,
            history = case when w.state not in ('waiting', 'offered') then w.history
                when n.state in ('waiting', 'offered') and n.queue_id = w.queue_id then w.history
                else w.history || jsonb_build_array(jsonb_build_object('queue_id', w.queue_id, 'from', w.queued_at,
                    'until', cast(:now as timestamptz), 'agent_id', n.assignee_id)) end
        from news n join work_items old on old.id = n.id left join {KINDS} k on k.kind = old.kind
        where w.id = n.id
    )
    select n.state, n.before, n.from_id, n.queue_id, n.team_id, n.assignee_id, n.customer_id,
        (select id from withdrawn) as offer_id, (select agent_id from withdrawn) as offered_to
    from news n
    """  # noqa: S608 - put together from constants of the product
)


class Followed(msgspec.Struct):
    """What a change of its ticket has made of a work item; ``agent_id``: who has it now."""

    state: str
    before: str | None
    agent_id: int | None = None


async def enter(session: AsyncSession, ticket_id: int) -> Followed:
    """A ticket has become work; or is history, if somebody has solved it already."""
    state = await _ENTER.scalar(session, ticket_id=ticket_id, now=clock.now())
    if state is None:
        await queues.ensure_default(session, (await lifecycle.place_of(session, ticket_id))[0])
        state = await _ENTER.scalar(session, ticket_id=ticket_id, now=clock.now())
    return Followed(state or "done", None)


async def follow(session: AsyncSession, ticket_id: int, because: str, refused_by: int | None = None) -> Followed:
    """Bring the work item of a ticket up to date; an offer that is not possible any more is taken back.

    Args:
        session: the unit of work.
        ticket_id: which.
        because: what has happened to it.
        refused_by: who gave it back, and is not asked for a while.
    """
    now = clock.now()
    values: dict[str, Any] = {
        "ticket_id": ticket_id,
        "now": now,
        "because": because,
        "refused_by": refused_by,
        "refused_until": (now + REFUSED_FOR).timestamp(),
    }
    row = await _FOLLOW.first(session, **values)
    if row is None:
        await queues.ensure_default(session, (await lifecycle.place_of(session, ticket_id))[0])
        row = await _FOLLOW.first(session, **values)
    if row is None:
        return await enter(session, ticket_id)
    if row.offer_id is not None:
        _tell_withdrawn(session, row, ticket_id, row.offer_id, row.offered_to, because)
    return Followed(row.state, row.before, row.assignee_id if row.state == "assigned" else None)


def _tell_withdrawn(
    session: AsyncSession, item: Any, ticket_id: int, offer_id: int, agent_id: int, because: str
) -> None:
    ended = OfferEnded(
        offer_id=offer_id,
        agent_id=agent_id,
        outcome="withdrawn",
        reason=because,
        ticket_id=ticket_id,
        customer_id=item.customer_id,
        teams=(item.team_id or events.NO_TEAM,),
        agents=(agent_id,),
    )
    events.record(session, ended)


_ITEM: Final = Sql(
    """
    select w.id, w.state, w.queue_id, w.kind, t.team_id, t.customer_id, t.assignee_id from work_items w
    join tickets t on t.id = w.ticket_id where w.ticket_id = :ticket_id
    """
)
_MOVE: Final = Sql(
    """
    with withdrawn as (
        update offers o set state = 'withdrawn', ended_at = :now, reason = 'moved' from work_items w
        where w.ticket_id = :ticket_id and o.item_id = w.id and o.state = 'offered' returning o.id, o.agent_id
    ), moved as (
        update work_items set queue_id = :queue_id, queued_at = :now, team_id = :team_id,
            state = case when state = 'offered' then 'waiting' else state end,
            agent_id = case when state = 'offered' then null else agent_id end,
            history = case when state not in ('waiting', 'offered') then history
                else history || jsonb_build_array(jsonb_build_object('queue_id', queue_id, 'from', queued_at,
                    'until', cast(:now as timestamptz), 'agent_id', null)) end
        where ticket_id = :ticket_id
    )
    select id, agent_id from withdrawn
    """
)


async def move(session: AsyncSession, ticket_id: int, queue_id: int) -> None:
    """Let a ticket's work wait in another queue; it keeps when it entered, and its owner gives it up.

    Raises:
        NotFound: there is no such ticket, or nothing to do about it.
        Invalid: there is no such queue.
    """
    ticket = await lifecycle.lock(session, ticket_id)
    found = await queues.find(session, queue_id)
    if found is None:
        raise Invalid.field("queueId", "There is no such queue.")
    item = await _ITEM.first(session, ticket_id=ticket_id)
    if item is None:
        raise NotFound("There is nothing to do about this ticket.")
    if item.queue_id == queue_id and item.assignee_id is None:
        return
    facts = {"ticket_id": ticket_id, "customer_id": item.customer_id}
    team_id = found.team_id if found.team_id is not None else ticket.team_id
    # The row goes first: the ticket's own change is followed from where it is then.
    values = {"ticket_id": ticket_id, "queue_id": queue_id, "team_id": team_id, "now": clock.now()}
    for offer in await _MOVE.all(session, **values):
        _tell_withdrawn(session, item, ticket_id, offer.id, offer.agent_id, "moved")
    await lifecycle.apply(session, ticket, TicketChange(assignee_id=None, team_id=team_id), rule="Moved to a queue")
    await session.flush()
    await follow(session, ticket_id, WorkMoved.kind, item.assignee_id)  # whoever reads it next sees it waiting
    teams = tuple(sorted({item.team_id or events.NO_TEAM, team_id or events.NO_TEAM}))
    moved = WorkMoved(from_id=item.queue_id, to_id=queue_id, to_name=found.name, teams=teams, **facts)
    events.record(session, moved)


_HELD_BY: Final = Sql(
    f"""
    select w.ticket_id, w.kind, w.assigned_at, q.hours, q.requeue_hours, k.requeue_after_seconds
    from work_items w join queues q on q.id = w.queue_id left join {KINDS} k on k.kind = w.kind
    where w.agent_id = :agent_id and w.state = 'assigned' order by w.rank_at, w.id
    """  # noqa: S608 - put together from constants of the product
)


class Held(msgspec.Struct, frozen=True):
    """An open ticket of an agent, and when it goes back if she stays away: after seconds, or after business hours."""

    ticket_id: int
    kind: str
    assigned_at: datetime | None
    hours: str | None
    requeue_hours: int | None
    requeue_after_seconds: int | None


async def held_by(session: AsyncSession, agent_id: int) -> list[Held]:
    """The open tickets that an agent has, the most pressing first."""
    return [msgspec.convert(dict(row), Held) for row in await _HELD_BY.all(session, agent_id=agent_id)]


async def unfinished(session: AsyncSession, agent_id: int, most: int) -> list[int]:
    """Tickets of an agent that are not solved, also those that rest."""
    return [row.id for row in await _UNFINISHED.all(session, agent_id=agent_id, most=most)]


_UNFINISHED: Final = Sql(
    """
    select id from tickets where assignee_id = :agent_id and status in ('open', 'pending', 'on_hold') order by id
    limit :most
    """
)


async def hand_back(session: AsyncSession, agent_id: int, ticket_ids: Sequence[int], because: str) -> int:
    """Put tickets that an agent has back into their queues, in front; returns how many.

    Args:
        session: the unit of work.
        agent_id: who gives them up, or is gone.
        ticket_ids: which; what is not hers stays as it is.
        because: for people to read.
    """
    count = 0
    for ticket_id in sorted(set(ticket_ids)):
        ticket = await lifecycle.lock(session, ticket_id)
        if ticket.assignee_id != agent_id:
            continue
        await lifecycle.apply(session, ticket, TicketChange(assignee_id=None), rule=because)
        returned = WorkReturned(
            agent_id=agent_id, because=because, ticket_id=ticket_id, customer_id=ticket.customer_id,
            teams=(ticket.team_id or events.NO_TEAM,), agents=(agent_id,),
        )  # fmt: skip
        events.record(session, returned)
        count += 1
    return count


_REQUIRE: Final = Sql(
    """
    update work_items set skills = cast(:skills as jsonb), lane = kind || :lane, alarmed_at = null
    where ticket_id = :ticket_id returning state
    """
)


async def require(session: AsyncSession, ticket_id: int, needs: Sequence[Need]) -> str:
    """Say which skills a ticket's work needs, beside those of its queue; returns the state of the work.

    Raises:
        NotFound: there is nothing to do about such a ticket.
        Invalid: a skill is unknown, or a level is none.
    """
    await queues.check_needs(session, needs)
    ordered = sorted({need.skill_id: need for need in needs}.values(), key=lambda need: need.skill_id)
    skills = msgspec.json.encode(ordered).decode()
    state = await _REQUIRE.scalar(session, ticket_id=ticket_id, skills=skills, lane=skills if ordered else "")
    if state is None:
        raise NotFound("There is nothing to do about this ticket.")
    return str(state)

"""Offers: work that is held out to an agent for some seconds, to be taken or not.

An offer is a row with an end and a timer; of one item there is never more than one (a unique index). Not taken in time
the item returns to the front with all it has waited, and the agent has a miss; after some in a row she is set away.
Refused, she is not asked for it again for a while. Whoever takes the ticket by hand meanwhile takes the offer back.
"""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events, jobs
from core.db import actor_of
from core.errors import Conflict, Invalid, NotFound
from core.sql import Sql
from routing import presence
from routing.events import OfferEnded
from routing.rounds import DRAIN_JOB, LOOK_JOB
from routing.work import REFUSED_FOR
from tickets import lifecycle
from tickets.lifecycle import TicketChange

AWAY_JOB: Final = "routing.set_away"
ACCEPTED: Final = "Offer accepted"
MISSED: Final = "offers missed"
"""Why somebody is away who let offers pass."""
MISSED_FOR: Final = timedelta(seconds=30)
"""So long she is not asked again for what she let pass, if there are others."""
LONGEST_REASON: Final = 500

_MINE: Final = Sql(
    """
    select o.id, o.ticket_id, o.made_at, o.expires_at, t.subject, t.channel, t.priority, c.name as customer,
        t.snippet, w.entered_at, q.name as queue,
        (select d.reason from routing_decisions d where d.ticket_id = o.ticket_id order by d.id desc limit 1) as reason
    from offers o join tickets t on t.id = o.ticket_id join customers c on c.id = t.customer_id
        join work_items w on w.id = o.item_id join queues q on q.id = w.queue_id
    where o.agent_id = :agent_id and o.state = 'offered' and o.expires_at > :now order by o.id
    """
)
_OPEN: Final = Sql("select id, ticket_id, agent_id, state, expires_at from offers where id = :id")
_END: Final = Sql(
    """
    with ended as (
        update offers set state = :outcome, ended_at = :now, reason = :reason
        where id = :id and state = 'offered' returning item_id, ticket_id, agent_id, made_at, expires_at
    ), item as (
        update work_items w set state = 'waiting', agent_id = null, assigned_at = null,
            refusals = case when cast(:refused_until as float8) is null then w.refusals
                else w.refusals || jsonb_build_object(cast(e.agent_id as text), cast(:refused_until as float8)) end
        from ended e where w.id = e.item_id and :outcome <> 'accepted' returning w.id, w.queue_id
    )
    select e.*, q.misses_before_away, t.customer_id, t.team_id from ended e join work_items w on w.id = e.item_id
        join queues q on q.id = w.queue_id join tickets t on t.id = e.ticket_id
    """
)
_OF_AGENT: Final = Sql("select id, ticket_id from offers where agent_id = :agent_id and state = 'offered' order by id")
# Since she last took one, and since she last chose to be available.
_MISSES: Final = Sql(
    """
    select count(*) from offers o where o.agent_id = :agent_id and o.state = 'missed'
    and o.id > coalesce((
        select max(id) from offers where agent_id = :agent_id and state in ('accepted', 'rejected')), 0)
    and o.made_at >= coalesce((select since from presence where agent_id = :agent_id), o.made_at)
    """
)


class Offered(msgspec.Struct, frozen=True):
    """An offer as its agent sees it."""

    id: int
    ticket_id: int
    made_at: datetime
    expires_at: datetime
    subject: str
    channel: str
    priority: str
    customer: str
    snippet: str
    entered_at: datetime
    queue: str
    reason: str | None


async def of_agent(session: AsyncSession, agent_id: int) -> list[Offered]:
    """What is offered to an agent at this moment."""
    rows = await _MINE.all(session, agent_id=agent_id, now=clock.now())
    return [msgspec.convert(dict(row), Offered) for row in rows]


async def accept(session: AsyncSession, offer_id: int) -> int:
    """Take what one was offered; returns the ticket. Twice is the same as once.

    Raises:
        NotFound: nothing of the sort was offered to the actor.
        Conflict: it is too late.
    """
    offer = await _mine(session, offer_id)
    ticket = await lifecycle.lock(session, offer.ticket_id)
    if offer.state == "accepted" and ticket.assignee_id == offer.agent_id:
        return ticket.id
    if offer.state != "offered" or offer.expires_at <= clock.now():
        raise Conflict("This offer has ended.")
    if not await _end(session, offer_id, "accepted", ""):
        raise Conflict("This offer has ended.")
    await lifecycle.apply(session, ticket, TicketChange(assignee_id=offer.agent_id), rule=ACCEPTED)
    return ticket.id


async def reject(session: AsyncSession, offer_id: int, reason: str) -> None:
    """Say no to what one was offered, and why; it goes to somebody else, and is not offered to the actor for a while.

    Raises:
        NotFound: nothing of the sort was offered to the actor.
        Invalid: there is no reason.
        Conflict: it is too late.
    """
    words = " ".join(reason.replace("\x00", "").split())
    if not 1 <= len(words) <= LONGEST_REASON:
        raise Invalid.field("reason", "Say why, in a few words.")
    offer = await _mine(session, offer_id)
    await lifecycle.lock(session, offer.ticket_id)
    until = (clock.now() + REFUSED_FOR).timestamp()
    if not await _end(session, offer_id, "rejected", words, until):
        raise Conflict("This offer has ended.")


async def _mine(session: AsyncSession, offer_id: int) -> Any:
    offer = await _OPEN.first(session, id=offer_id)
    if offer is None or offer.agent_id != actor_of(session).id:
        raise NotFound("There is no such offer.")
    return offer


async def expire(session: AsyncSession, offer_id: int) -> None:
    """An offer was not taken in time: back to the front, and a miss for the agent (job; twice changes nothing)."""
    offer = await _OPEN.first(session, id=offer_id)
    if offer is None or offer.state != "offered" or offer.expires_at > clock.now():
        return
    await lifecycle.lock(session, offer.ticket_id)
    # She is asked again when the others had their turn.
    ended = await _end(session, offer_id, "missed", "", (clock.now() + MISSED_FOR).timestamp())
    if ended is None:
        return
    if await _MISSES.scalar(session, agent_id=ended.agent_id) >= ended.misses_before_away:
        # By a job of its own: whoever goes on a break holds her presence and waits for the tickets that she is offered.
        args = {"agent_id": ended.agent_id, "misses": ended.misses_before_away}
        await jobs.enqueue(session, AWAY_JOB, args, priority=5)


async def set_away(session: AsyncSession, agent_id: int, misses: int) -> None:
    """Let an agent rest who let so many offers pass, if she has not come back meanwhile (job)."""
    if await _MISSES.scalar(session, agent_id=agent_id) >= misses:
        await presence.send_away(session, agent_id, MISSED)


async def withdraw(session: AsyncSession, agent_id: int, because: str) -> int:
    """Take back all that is offered to an agent, who is not there any more; returns how much."""
    count = 0
    for row in await _OF_AGENT.all(session, agent_id=agent_id):
        await lifecycle.lock(session, row.ticket_id)
        count += await _end(session, row.id, "withdrawn", because) is not None
    return count


async def _end(
    session: AsyncSession, offer_id: int, outcome: str, reason: str, refused_until: float | None = None
) -> Any:
    """End an offer if it is open still; what was not taken is looked at again after this transaction."""
    values = {"id": offer_id, "outcome": outcome, "reason": reason, "refused_until": refused_until, "now": clock.now()}
    row = await _END.first(session, **values)
    if row is None:
        return None
    ended = OfferEnded(
        offer_id=offer_id,
        agent_id=row.agent_id,
        outcome=outcome,
        reason=reason,
        ticket_id=row.ticket_id,
        customer_id=row.customer_id,
        teams=(row.team_id or events.NO_TEAM,),
        agents=(row.agent_id,),
    )
    events.record(session, ended)
    if outcome != "accepted":
        args = {"ticket_id": row.ticket_id, "trigger": f"an offer was {outcome}"}
        await jobs.enqueue(session, LOOK_JOB, args, priority=5)
        await jobs.enqueue(session, DRAIN_JOB, {"team_id": None}, priority=5)  # she has room for something else
    return row

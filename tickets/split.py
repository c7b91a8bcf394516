"""Give a customer's message a ticket of its own: it answered an old mail, but it is about something else.

Called by ``agent_ui/api`` on an agent's word (the hint in the timeline is ``Message.subject_changed``). The message
moves, with its files; both tickets say so in their histories.
"""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.errors import Conflict, NotFound
from tickets import derived, lifecycle
from tickets.events import TicketCreated, TicketSplit, audience
from tickets.intake import Frozen, freeze, snippet_of
from tickets.models import Message, Ticket


async def split(session: AsyncSession, ticket_id: int, message_id: int) -> Ticket:
    """Move a customer's message into a new ticket, which is open and of the same team; returns the new ticket.

    Raises:
        NotFound: there is no such ticket, or no such message of a customer in it.
        Conflict: it is the ticket's only message.
    """
    ticket = await lifecycle.lock(session, ticket_id)
    message = await session.get(Message, message_id)
    if message is None or message.ticket_id != ticket.id or message.kind != "customer":
        raise NotFound("There is no such message of the customer in this ticket.")
    frozen = await freeze(session, ticket.registration_id, clock.now())
    made = _new_ticket(ticket, message, frozen)
    session.add(made)
    await session.flush()
    message.ticket_id = made.id
    message.subject_changed = False
    await session.flush()
    if not await derived.without(session, ticket, message.id):
        raise Conflict("This is the ticket's only message.")
    facts: dict[str, Any] = {"message_id": message.id, "from_ticket_id": ticket.id, "to_ticket_id": made.id}
    who: dict[str, Any] = {**audience(made), **frozen.facts(), "priority": made.priority}
    created = TicketCreated(
        channel=made.channel,
        account_id=made.account_id,
        follow_up_of=ticket.id,
        waits_since=made.waiting_since,
        **who,
    )
    events.record(session, created)
    events.record(session, TicketSplit(**facts, **audience(made)))
    events.record(session, TicketSplit(**facts, **audience(ticket)))
    return made


def _new_ticket(ticket: Ticket, message: Message, frozen: Frozen) -> Ticket:
    now = clock.now()
    return Ticket(
        subject=message.subject.strip() or ticket.subject,
        status="open",
        priority=ticket.priority,
        channel=ticket.channel,
        customer_id=message.author_customer_id or ticket.customer_id,
        team_id=ticket.team_id,
        account_id=message.account_id or ticket.account_id,
        assignee_id=ticket.assignee_id,
        tags=list(ticket.tags),
        created_at=now,
        last_activity_at=now,
        waiting_since=message.created_at,
        message_count=1,
        last_message_id=message.id,
        last_customer_message_id=message.id,
        snippet=snippet_of(message.text),
        snippet_by="customer",
        registration_id=ticket.registration_id,
        entitlement=frozen.entitlement,
        entitlement_reason=frozen.entitlement_reason,
        entitlement_until=frozen.entitlement_until,
        version=1,
    )

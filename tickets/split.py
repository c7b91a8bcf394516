"""Give a customer's message a ticket of its own: it answered an old mail, but it is about something else.

Called by ``agent_ui/api`` on an agent's word (the hint in the timeline is ``Message.subject_changed``). The message
moves, with its files; both tickets say so in their histories.
"""

from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.errors import Conflict, NotFound
from tickets import lifecycle
from tickets.events import TicketCreated, TicketSplit, audience
from tickets.intake import snippet_of
from tickets.models import Message, Ticket

_LEFT: Final = text(
    """
    select m.id, m.kind, m.text, m.created_at, count(*) over () as messages,
        (select max(c.id) from messages c where c.ticket_id = :ticket and c.kind = 'customer') as last_customer
    from messages m left join deliveries d on d.message_id = m.id
    where m.ticket_id = :ticket and m.kind <> 'system' and coalesce(d.state, '') <> 'cancelled'
    order by m.id desc limit 1
    """
)
_WAITS: Final = text(
    """
    select min(m.created_at) from messages m where m.ticket_id = :ticket and m.kind = 'customer' and not m.is_auto
    and m.id > coalesce((select max(a.id) from messages a join deliveries d on d.message_id = a.id
        where a.ticket_id = :ticket and a.kind = 'agent' and d.state <> 'cancelled'), 0)
    """
)


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
    made = _new_ticket(ticket, message)
    session.add(made)
    await session.flush()
    message.ticket_id = made.id
    message.subject_changed = False
    await session.flush()
    await _settle(session, ticket)
    facts: dict[str, Any] = {"message_id": message.id, "from_ticket_id": ticket.id, "to_ticket_id": made.id}
    created = TicketCreated(channel=made.channel, account_id=made.account_id, follow_up_of=ticket.id, **audience(made))
    events.record(session, created)
    events.record(session, TicketSplit(**facts, **audience(made)))
    events.record(session, TicketSplit(**facts, **audience(ticket)))
    return made


def _new_ticket(ticket: Ticket, message: Message) -> Ticket:
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
        version=1,
    )


async def _settle(session: AsyncSession, ticket: Ticket) -> None:
    """The derived columns of what is left."""
    left = (await session.execute(_LEFT, {"ticket": ticket.id})).one_or_none()
    if left is None:
        raise Conflict("This is the ticket's only message.")
    ticket.message_count = left.messages
    ticket.last_message_id = left.id
    ticket.last_customer_message_id = left.last_customer
    ticket.snippet = snippet_of(left.text)
    ticket.snippet_by = left.kind
    ticket.version += 1
    if ticket.status not in ("solved", "closed"):
        ticket.waiting_since = await session.scalar(_WAITS, {"ticket": ticket.id})

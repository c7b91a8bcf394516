"""The customer's last words need no answer ("Thanks!"): nobody waits, and a ticket that they opened is solved again.

Called by ``agent_ui/api`` on an agent's word. ``routing/sla.py`` listens: what was solved stays solved as it was, so
that a word of thanks spoils no figure.
"""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from core import events
from core.sql import Sql
from tickets import lifecycle
from tickets.events import NoReplyNeeded, audience
from tickets.models import Ticket

_OPENED_BY: Final = Sql(
    """
    select data ->> 'old' from events where ticket_id = :ticket_id and kind = 'ticket.status_changed'
    and actor_kind = 'customer' and id = (
        select max(id) from events where ticket_id = :ticket_id and kind = 'ticket.status_changed')
    """
)


async def no_reply_needed(session: AsyncSession, ticket_id: int) -> Ticket:
    """Say that nobody waits for an answer; where nobody does already, nothing changes.

    Raises:
        NotFound: there is no such ticket.
    """
    ticket = await lifecycle.lock(session, ticket_id)
    answers = ticket.last_customer_message_id
    if ticket.waiting_since is None or answers is None:
        return ticket
    was_solved = ticket.status == "open" and await _OPENED_BY.scalar(session, ticket_id=ticket_id) == "solved"
    ticket.waiting_since = None
    ticket.no_reply_up_to_id = answers
    ticket.version += 1
    said = NoReplyNeeded(message_id=answers, is_solved_again=was_solved, **audience(ticket))
    events.record(session, said)
    if was_solved:
        await lifecycle.apply(session, ticket, lifecycle.TicketChange(status="solved"))
    return ticket

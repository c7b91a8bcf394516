"""What lists show of a ticket, found anew after a message has left it: an undone reply, or one that was split off.

While messages only come, the columns are kept by whoever writes them (``tickets/intake``, ``tickets/reply``); used by
``tickets/delivery`` and ``tickets/split``.
"""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.intake import snippet_of
from tickets.models import Ticket

_NEWEST: Final = text(
    """
    select m.id, m.kind, m.text, (
        select max(c.id) from messages c where c.ticket_id = :ticket and c.kind = 'customer' and c.id <> :gone
    ) as last_customer
    from messages m left join deliveries d on d.message_id = m.id
    where m.ticket_id = :ticket and m.id <> :gone and m.kind <> 'system' and coalesce(d.state, '') <> 'cancelled'
    order by m.id desc limit 1
    """
)
_WAITING: Final = text(
    """
    select min(m.created_at) from messages m
    where m.ticket_id = :ticket and m.id <> :gone and m.kind = 'customer' and not m.is_auto
    and m.id > coalesce((select t.no_reply_up_to_id from tickets t where t.id = :ticket), 0)
    and m.id > coalesce((
        select max(a.id) from messages a left join deliveries d on d.message_id = a.id
        where a.ticket_id = :ticket and a.id <> :gone and a.kind = 'agent' and not a.passed_on
        and coalesce(d.state, '') <> 'cancelled' and (d.scheduled is not true or d.sent_at is not null)
    ), 0)
    """
)
"""Answers count, also those from elsewhere; not the desk's own mails, what was passed on, or is still to be sent. What
needs no reply is not waited for."""


async def without(session: AsyncSession, ticket: Ticket, message_id: int) -> bool:
    """Make a ticket's columns as if one of its messages had never been in it.

    Args:
        session: the unit of work.
        ticket: locked.
        message_id: the message that is gone.

    Returns:
        Whether anything is left that somebody said; if not, only the count is changed.
    """
    about = {"ticket": ticket.id, "gone": message_id}
    newest = (await session.execute(_NEWEST, about)).one_or_none()
    ticket.message_count = max(0, ticket.message_count - 1)
    ticket.version += 1
    if newest is None:
        return False
    ticket.last_message_id = newest.id
    ticket.last_customer_message_id = newest.last_customer
    ticket.snippet = snippet_of(newest.text)
    ticket.snippet_by = newest.kind
    if ticket.status not in ("solved", "closed"):
        ticket.waiting_since = await session.scalar(_WAITING, about)
    return True

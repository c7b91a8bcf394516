"""First answers: how long customers waited for them, and whether one stands; for ``routing/waiting.py`` and ``sla.py``.

Facts of the last weeks, no averages.
"""

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.models import Message, Ticket

MOST: Final = 1000
_ANSWERS: Final = """
    select 1 from messages said left join deliveries way on way.message_id = said.id
        where said.ticket_id = {ticket} and said.kind = 'agent' and not said.passed_on
        and coalesce(way.state, '') not in ('cancelled', 'failed', 'bounced')
        and (way.scheduled is not true or way.sent_at is not null)
"""
STANDS: Final = f"exists({_ANSWERS})"
"""The condition, as SQL, that one of us has answered the customer of a ticket: what was taken back or did not arrive is
no answer, nor what is still to be sent later, what was passed on to somebody else, a note, or the desk's own mails."""
STANDS_SINCE: Final = f"""
    exists({_ANSWERS} and case when way.scheduled then way.sent_at else said.created_at end >= {{since}})
"""
"""The same of an answer that was given at an instant or later."""


class FirstAnswer(msgspec.Struct, frozen=True):
    """When a ticket was opened by its customer and first answered; None: she still waits."""

    asked_at: datetime
    answered_at: datetime | None


async def since(session: AsyncSession, moment: datetime, team_id: int | None = None) -> list[FirstAnswer]:
    """The newest tickets that customers opened since a moment, at most :data:`MOST`.

    Left out are those that were never answered and are over (spam, thanks, what was merged), and the ones whose first
    word came from a robot.

    Args:
        session: any session.
        moment: aware.
        team_id: of this team only; None: the whole desk.
    """
    first = (
        select(Message.kind, Message.is_auto)
        .where(Message.ticket_id == Ticket.id)
        .order_by(Message.id)
        .limit(1)
        .correlate(Ticket)
        .lateral("first")
    )
    statement = (
        select(Ticket.created_at, Ticket.first_reply_at)
        .join(first, first.c.kind == "customer")
        .where(Ticket.created_at > moment, ~first.c.is_auto, Ticket.merged_into_id.is_(None))
        .where(Ticket.first_reply_at.is_not(None) | Ticket.status.in_(("open", "pending", "on_hold")))
        .order_by(Ticket.created_at.desc())
        .limit(MOST)
    )
    if team_id is not None:
        statement = statement.where(Ticket.team_id == team_id)
    return [FirstAnswer(row[0], row[1]) for row in await session.execute(statement)]

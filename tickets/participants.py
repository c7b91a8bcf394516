"""People beside the customer who take part in a ticket: those in Cc, by their addresses.

Whoever proves such an address on the portal sees the ticket and may answer in it (``tickets/access.py``). So a mail
makes somebody a participant only where its sender is believed: it opens the ticket (and shows nothing but itself), or
it is the customer's own and proves that its author has read the thread. A number in a subject proves nothing, and
whoever writes into a thread makes himself no participant.
"""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from core.actor import Actor
from core.sql import Sql
from tickets import access
from tickets.models import Participant, Ticket

PROVEN: Final = frozenset({"token", "portal", "in_reply_to", "references", "mark"})
"""Proofs of ``tickets/threading`` that nobody gives who has not read the thread."""
MOST: Final = 50
"""At most so many at once; a mail to hundreds is no conversation."""
SHORTEST: Final = 3
MOST_FOUND: Final = 100

_ADD: Final = Sql(
    """
    insert into ticket_participants (ticket_id, address, added_at)
    select :ticket_id, address, :now from unnest(cast(:addresses as text[])) as address
    on conflict do nothing
    """
)


async def customers_with(session: AsyncSession, actor: Actor, typed: str) -> list[int]:
    """The customers in whose tickets somebody takes part whose address begins with what was typed.

    Args:
        session: where to read.
        actor: who searches; only tickets that she may see count.
        typed: the beginning of an address.
    """
    start = "".join(typed.replace("\x00", "").split()).lower()[:320]
    if len(start) < SHORTEST:
        return []
    found = (
        select(Ticket.customer_id)
        .distinct()
        .join(Participant, Participant.ticket_id == Ticket.id)
        .where(Participant.address >= start, Participant.address < start + "\U0010ffff", access.visible_to(actor))
        .limit(MOST_FOUND)
    )
    return list(await session.scalars(found))


async def add(session: AsyncSession, ticket_id: int, addresses: Iterable[str]) -> None:
    """Let the people with these addresses take part; again: no change.

    Args:
        session: the unit of work.
        ticket_id: the ticket.
        addresses: normalised.
    """
    unique = list(dict.fromkeys(addresses))
    if 0 < len(unique) <= MOST:
        await _ADD.all(session, ticket_id=ticket_id, addresses=unique, now=clock.now())

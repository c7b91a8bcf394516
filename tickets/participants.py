"""People beside the customer who take part in a ticket: those in Cc, by their addresses.

Whoever proves such an address on the portal sees the ticket and may answer in it (``tickets/access.py``). So a mail
makes somebody a participant only where its sender is believed: it opens the ticket (and shows nothing but itself), or
it is the customer's own and proves that its author has read the thread. A number in a subject proves nothing, and
whoever writes into a thread makes himself no participant.
"""

from collections.abc import Iterable
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from core.sql import Sql

PROVEN: Final = frozenset({"token", "portal", "in_reply_to", "references", "mark"})
"""Proofs of ``tickets/threading`` that nobody gives who has not read the thread."""
MOST: Final = 50
"""At most so many at once; a mail to hundreds is no conversation."""

_ADD: Final = Sql(
    """
    insert into ticket_participants (ticket_id, address, added_at)
    select :ticket_id, address, :now from unnest(cast(:addresses as text[])) as address
    on conflict do nothing
    """
)


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

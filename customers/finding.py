"""The agents' search for customers: the index answers, the lists add what it does not know yet.

Called by ``agent_ui`` beside ``tickets/searching``.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from core import search
from core.actor import Actor
from core.search import Hit, Query
from customers import listing
from customers.indexing import INDEX, tokens_of
from customers.listing import CustomerLine

MOST_HITS: Final = 100
GOOD: Final = 0.6
"""Beside the best hit's score."""


async def find(
    session: AsyncSession, actor: Actor, words: str, limit: int, also: Sequence[int] = ()
) -> list[CustomerLine]:
    """Customers by words of their name, addresses, numbers, organisation or notes, the best first.

    Those whose name contains the words, or whose address or number begins with them, come too, also when they have
    only just written for the first time.

    Args:
        session: where to read.
        actor: who searches.
        words: as typed.
        limit: lines.
        also: ids of customers that were found by something else; they come last.
    """
    lines = await listing.some(session, [int(hit.id) for hit in await _hits(session, actor, words, limit)])
    known = {line.id for line in lines}
    more, _ = await listing.list_customers(session, words, limit=limit, also=also)
    return [*lines, *(line for line in more if line.id not in known)][:limit]


async def page(
    session: AsyncSession, actor: Actor, words: str, cursor: str | None, limit: int, also: Sequence[int] = ()
) -> tuple[list[CustomerLine], str | None]:
    """What :func:`find` finds, by name and page by page; without words everybody.

    The best cannot stand first here, so what the index finds only by a part of the question is left out, and of an
    address only its beginning counts: everybody has the words of a mail provider.

    Raises:
        Invalid: not a cursor of this list.
    """
    hits = await _hits(session, actor, words, MOST_HITS) if words.strip() and "@" not in words else ()
    enough = GOOD * max((hit.score for hit in hits), default=0.0)
    good = [int(hit.id) for hit in hits if hit.score >= enough]
    return await listing.list_customers(session, words, cursor, limit, [*good, *also])


async def _hits(session: AsyncSession, actor: Actor, words: str, limit: int) -> tuple[Hit, ...]:
    """What the index finds, the best first."""
    query = Query(index=INDEX, words=words, rights=tokens_of(actor), limit=limit, highlight=False, unfinished=True)
    return (await search.find(session, query)).hits

"""The agents' search for customers: the index answers, the lists add what it does not know yet.

Called by ``agent_ui`` beside ``tickets/searching``.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from core import search
from core.actor import Actor
from core.search import Query
from customers import listing
from customers.indexing import INDEX, tokens_of
from customers.listing import CustomerLine


async def find(session: AsyncSession, actor: Actor, words: str, limit: int) -> list[CustomerLine]:
    """Customers by words of their name, addresses, numbers, organisation or notes, the best first.

    Those whose name contains the words, or whose address or number begins with them, come too, also when they have
    only just written for the first time.
    """
    query = Query(index=INDEX, words=words, rights=tokens_of(actor), limit=limit, highlight=False, unfinished=True)
    found = await search.find(session, query)
    lines = await listing.some(session, [int(hit.id) for hit in found.hits])
    known = {line.id for line in lines}
    more, _ = await listing.list_customers(session, words, limit=limit)
    return [*lines, *(line for line in more if line.id not in known)][:limit]

"""The agents' search for registered products: the index answers, the list adds new serial numbers.

Called by ``agent_ui`` beside ``tickets/searching`` and ``customers/finding``.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from core import search
from core.actor import Actor
from core.search import Query
from products import listing
from products.indexing import INDEX, tokens_of
from products.listing import RegistrationRow


async def find(session: AsyncSession, actor: Actor, words: str, limit: int) -> list[RegistrationRow]:
    """Registered products by serial number, model, order number or owner, the best first.

    One whose serial number begins with what was typed stands first, also when it has only just been registered.
    """
    rights = tokens_of(actor)
    if not rights:
        return []
    named = await listing.by_serial(session, words, limit)
    known = {line.id for line in named}
    query = Query(index=INDEX, words=words, rights=rights, limit=limit, highlight=False, unfinished=True)
    hits = (await search.find(session, query)).hits
    more = await listing.some(session, [int(hit.id) for hit in hits if int(hit.id) not in known])
    return [*named, *more][:limit]

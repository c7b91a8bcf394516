"""Finding articles as a reader: the search page, suggestions while somebody types, the agents' side search.

The index answers with the reader's rights inside the question; what it names is read once more from the tables under
the same condition, so that an index that lags shows nothing that was taken away. Every question is kept for "searches
without answers", under a visitor's hash and without numbers and addresses.
"""

from datetime import timedelta
from typing import Final, Literal

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from core import search as port
from core.search import Filter, Part, Query
from knowledge_base import options, reading
from knowledge_base.access import Reader
from knowledge_base.indexing import INDEX
from knowledge_base.models import Search
from knowledge_base.visitors import words_to_keep

Source = Literal["portal", "suggestion", "widget", "agent"]
LONGEST_PAGE: Final = 50
STILL_TYPING: Final = timedelta(minutes=2)
"""Within this time a longer or shorter beginning of the same words is the same question."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for.

    Attributes:
        words: as typed.
        locale: the reader's language.
        source: where it was typed.
        visitor: her hash (``knowledge_base/visitors``); "": nothing is kept.
        category_id: only in this category.
        product_id: only about this product.
        unfinished: the last word may be the beginning of one.
    """

    words: str
    locale: str
    source: Source = "portal"
    visitor: str = ""
    category_id: int | None = None
    product_id: int | None = None
    unfinished: bool = False
    limit: int = 10
    offset: int = 0


class ArticleHit(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An article that was found: title and snippet in pieces, those that answer a word marked."""

    article_id: int
    locale: str
    is_fallback: bool
    slug: str
    title: list[Part]
    snippet: list[Part]
    summary: str
    category_id: int | None
    visibility: str

    @property
    def plain_title(self) -> str:
        """The title without marks."""
        return "".join(part.text for part in self.title)


class Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What was found.

    Attributes:
        search_id: to be named with a click; None when nothing was kept.
        total: how many there are, estimated where there are many.
        corrected: the words put right, where that was done ("did you mean").
        degraded: the search engine is down; a simpler one has answered.
    """

    search_id: int | None
    hits: list[ArticleHit]
    total: int
    corrected: str | None
    degraded: bool


async def find(session: AsyncSession, reader: Reader, wish: Wish) -> Answer:
    """The articles that answer a question and that the reader may see, the best first.

    Needs a unit of work where the question is to be kept.
    """
    words = " ".join(wish.words.replace("\x00", " ").split())[:400]
    if not words:
        return Answer(search_id=None, hits=[], total=0, corrected=None, degraded=False)
    falls_back = (await options.read(session)).falls_back
    filters: dict[str, Filter] = {"shown_in": wish.locale} if falls_back else {}
    if wish.category_id is not None:
        filters["category_id"] = wish.category_id
    if wish.product_id is not None:
        filters["product_id"] = wish.product_id
    query = Query(
        index=INDEX,
        words=words,
        rights=reader.tokens,
        language=None if falls_back else wish.locale,
        filters=filters,
        limit=max(1, min(wish.limit, LONGEST_PAGE)),
        offset=wish.offset,
        unfinished=wish.unfinished,
    )
    found = await port.find(session, query)
    ids = [int(hit.fields["article_id"]) for hit in found.hits]
    lines = {line.article_id: line for line in await reading.some(session, reader, ids, wish.locale)}
    hits = [
        ArticleHit(
            article_id=line.article_id,
            locale=line.locale,
            is_fallback=line.is_fallback,
            slug=line.slug,
            title=list(hit.title),
            snippet=list(hit.snippet),
            summary=line.summary,
            category_id=line.category_id,
            visibility=line.visibility,
        )
        for hit in found.hits
        if (line := lines.get(int(hit.fields["article_id"]))) is not None
    ]
    total = max(found.total - (len(found.hits) - len(hits)), len(hits))
    kept = await _keep(session, reader, wish, total) if wish.visitor and not wish.offset else None
    return Answer(search_id=kept, hits=hits, total=total, corrected=found.corrected, degraded=found.degraded)


async def suggest(
    session: AsyncSession, reader: Reader, words: str, locale: str, *, visitor: str = "", limit: int = 5
) -> Answer:
    """Articles that may answer what somebody is writing; kept as one question while she types."""
    if len(words.strip()) < 3:
        return Answer(search_id=None, hits=[], total=0, corrected=None, degraded=False)
    wish = Wish(words=words, locale=locale, source="suggestion", visitor=visitor, unfinished=True, limit=limit)
    return await find(session, reader, wish)


async def clicked(session: AsyncSession, search_id: int, visitor: str, article_id: int) -> None:
    """Note which article somebody opened from what she found; of others' questions nothing is noted."""
    statement = update(Search).where(Search.id == search_id, Search.visitor == visitor)
    await session.execute(statement.values(clicked_article_id=article_id))


async def solved(session: AsyncSession, search_id: int, visitor: str) -> None:
    """Note that somebody says that what she found has answered her question."""
    statement = update(Search).where(Search.id == search_id, Search.visitor == visitor)
    await session.execute(statement.values(is_solved=True))


async def _keep(session: AsyncSession, reader: Reader, wish: Wish, total: int) -> int:
    words, now = words_to_keep(wish.words), clock.now()
    if wish.source in ("suggestion", "widget"):
        last = await session.scalar(
            select(Search)
            .where(Search.visitor == wish.visitor, Search.source == wish.source, Search.at > now - STILL_TYPING)
            .order_by(Search.at.desc(), Search.id.desc())
            .limit(1)
        )
        if last is not None and (words.startswith(last.words) or last.words.startswith(words)):
            last.words, last.found, last.at = words, total, now
            return last.id
    made = Search(
        source=wish.source,
        locale=wish.locale,
        words=words,
        found=total,
        visitor=wish.visitor,
        customer_id=reader.customer_id,
        at=now,
    )
    session.add(made)
    await session.flush()
    return made.id

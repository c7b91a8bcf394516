"""The search port: put documents in, take them out, find them. What answers is an adapter behind it.

Called by the packages that own what is searched (``knowledge_base``, ``tickets``, ``customers``) and by whoever
searches for somebody. Documents are always kept in PostgreSQL, in the caller's transaction (``core/search_postgres``);
with a search engine by setting, ``core/search_meilisearch`` copies them there and answers instead.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from core import search_postgres, search_ranking
from core.search_documents import INDEXES, Document, Filter, Found, Hit, Index, Part, Query, Range, index_of

__all__ = [
    "INDEXES", "Document", "Filter", "Found", "Hit", "Index", "Part", "Query", "Range", "away_since", "configure",
    "find", "put",
    "remove",
]  # fmt: skip


class Engine(Protocol):
    """A search engine beside PostgreSQL."""

    async def changed(self, session: AsyncSession, index: str, ids: list[str]) -> None:
        """Note in this transaction that documents were put or removed."""
        ...

    async def find(self, session: AsyncSession, query: Query) -> Found:
        """Answer a question."""
        ...

    async def away_since(self, session: AsyncSession) -> datetime | None:
        """Since when it does not answer or is not told of changes; None: all is well."""
        ...


_engine: Engine | None = None


def configure(engine: Engine | None) -> None:
    """Choose what answers; None: PostgreSQL. Called once by the composition root."""
    global _engine  # noqa: PLW0603 - the one choice of the process, made by sampark/wiring.py
    _engine = engine


async def put(session: AsyncSession, documents: Iterable[Document]) -> None:
    """Add documents, or replace those with the same id; found from the commit on.

    Args:
        session: the unit of work.
        documents: of any indexes.
    """
    by_index: dict[str, dict[str, Document]] = {}
    for document in documents:
        by_index.setdefault(index_of(document.index).name, {})[document.id] = document
    for name in sorted(by_index):
        await search_postgres.put(session, name, list(by_index[name].values()))
        if _engine is not None:
            await _engine.changed(session, name, list(by_index[name]))


async def remove(session: AsyncSession, index: str, ids: Iterable[str]) -> None:
    """Take documents out of an index; ids that are not there are no mistake.

    Args:
        session: the unit of work.
        index: which.
        ids: of the documents.
    """
    gone = sorted(set(ids))
    if not gone:
        return
    await search_postgres.remove(session, index_of(index).name, gone)
    if _engine is not None:
        await _engine.changed(session, index, gone)


async def away_since(session: AsyncSession) -> datetime | None:
    """Since when the chosen search engine is away and PostgreSQL answers in its place; None: it is not."""
    return await _engine.away_since(session) if _engine is not None else None


async def find(session: AsyncSession, query: Query) -> Found:
    """What the reader may see of what fits, the best first.

    Args:
        session: where to read.
        query: words, the reader's rights, filters.

    Raises:
        Invalid: no such index, or a filter it does not have.
    """
    if _engine is not None:
        return await _engine.find(session, query)
    return await search_ranking.find(session, query)

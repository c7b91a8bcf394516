"""Looking after the documents in PostgreSQL: building an index anew from its source, and comparing the two.

Used by ``sampark search rebuild|check``. Nothing is down meanwhile: documents are replaced in small transactions, and
what is in the index without a source is taken out at the end.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core import search
from core.db import Database, reading, unit_of_work
from core.search_documents import Document
from core.search_meilisearch import Drift
from core.search_postgres import kept, statement

Batch = Callable[[AsyncSession, int], Awaitable[tuple[list[Document], int | None]]]
"""Gives the documents after a key, and the next key."""
PAGE: Final = 5000
_IDS: Final = "select id from {table} where id > :after order by id limit :limit"
_STORED: Final = """
    select id, title, keywords, body, language, rights, cast(fields as text) as fields, updated_at
    from {table} where id = any(cast(:ids as text[]))
"""
_FORGET: Final = "delete from search_words where index = :index and documents <= 0 and exists (select 1 from {table})"


async def rebuild(db: Database, index: str, batch: Batch, say: Callable[[int], None] = lambda _: None) -> int:
    """Put every document of the source, and take out what has none.

    Args:
        db: where both are.
        index: which.
        batch: the source.
        say: hears how many documents have been put.

    Returns:
        The number of documents.
    """
    seen: set[str] = set()
    after: int | None = 0
    while after is not None:
        async with unit_of_work(db) as session:
            documents, after = await batch(session, after)
            await search.put(session, documents)
        seen.update(each.id for each in documents)
        say(len(seen))
    async with unit_of_work(db) as session:
        await search.remove(session, index, [each async for each in _ids(session, index) if each not in seen])
        await statement(_FORGET, index).all(session, index=index)
    return len(seen)


async def check(db: Database, index: str, batch: Batch) -> Drift:
    """Compare the index with its source."""
    missing: list[str] = []
    stale: list[str] = []
    async with reading(db) as session:
        left = {each async for each in _ids(session, index)}
        after: int | None = 0
        while after is not None:
            documents, after = await batch(session, after)
            rows = await statement(_STORED, index).all(session, ids=[each.id for each in documents])
            stored = {row.id: _stamp(_document(index, row)) for row in rows}
            for each in documents:
                left.discard(each.id)
                if each.id not in stored:
                    missing.append(each.id)
                elif stored[each.id] != _stamp(each):
                    stale.append(each.id)
    return Drift(missing=missing, extra=sorted(left), stale=stale)


async def repair(db: Database, index: str, batch: Batch, drift: Drift) -> None:
    """Put right what a check has found."""
    wrong = set(drift.missing) | set(drift.stale)
    after: int | None = 0
    while after is not None:
        async with unit_of_work(db) as session:
            documents, after = await batch(session, after)
            await search.put(session, [each for each in documents if each.id in wrong])
    async with unit_of_work(db) as session:
        await search.remove(session, index, drift.extra)


async def _ids(session: AsyncSession, index: str) -> AsyncIterator[str]:
    after = ""
    while rows := await statement(_IDS, index).all(session, after=after, limit=PAGE):
        for row in rows:
            yield row.id
        after = rows[-1].id


def _document(index: str, row: Any) -> Document:
    return Document(
        index=index,
        id=row.id,
        title=row.title,
        keywords=row.keywords,
        body=row.body,
        language=row.language,
        rights=tuple(row.rights),
        fields=msgspec.json.decode(row.fields),
        updated_at=row.updated_at,
    )


def _stamp(document: Document) -> bytes:
    plain = msgspec.structs.replace(kept(document), rights=tuple(sorted(document.rights)))
    values = msgspec.to_builtins(plain) | {"updated_at": plain.updated_at.timestamp()}
    return hashlib.sha256(msgspec.json.encode(values, order="deterministic")).digest()

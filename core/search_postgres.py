"""The documents of the search in PostgreSQL, put and removed in the caller's transaction.

Called by ``core/search``. A document's stems, their places and parts stand in a ``tsvector``; how frequent a word is
stands in ``search_words``, kept with every change. Questions: ``core/search_question``, ``core/search_ranking``.
"""

from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core.search_documents import Document, index_of
from core.sql import Sql

LONGEST_TITLE: Final = 2_000
LONGEST_KEYWORDS: Final = 20_000
LONGEST_BODY: Final = 200_000
"""Characters of a document that can be found; a ``tsvector`` holds a megabyte."""

_LOCK: Final = Sql("select pg_advisory_xact_lock(hashtextextended('search:' || :index, 0))")
"""One writer of an index at a time: the counts of its words are rows that every document changes."""

_BEFORE: Final = """
    before as materialized (
        select d.id, d.title_words, d.body_words, a.words
        from {table} d cross join lateral search_analyse(d.title, d.keywords, d.body) a where d.id = any(:ids)
    )
"""
_COUNT: Final = """
    delta as (
        select word, sum(n) as n from (
            select unnest(words) as word, -1 as n from before
            union all select unnest(words), 1 from after
        ) as each group by word having sum(n) <> 0
    ), counted as (
        insert into search_words (index, word, stem, documents)
        select :index, word, search_stem(word), n from delta order by word
        on conflict (index, word) do update set documents = search_words.documents + excluded.documents
    )
    insert into search_sizes (index, documents, title_words, body_words)
    select :index, (select count(*) from after) - (select count(*) from before),
        coalesce((select sum(title_words) from after), 0) - coalesce((select sum(title_words) from before), 0),
        coalesce((select sum(body_words) from after), 0) - coalesce((select sum(body_words) from before), 0)
    on conflict (index) do update set documents = search_sizes.documents + excluded.documents,
        title_words = search_sizes.title_words + excluded.title_words,
        body_words = search_sizes.body_words + excluded.body_words
"""
_PUT: Final = (
    "with "  # noqa: S608 - put together from our own constants
    + _BEFORE
    + """, given as materialized (
        select g.*, a.* from jsonb_to_recordset(cast(:rows as jsonb)) as g(
            id text, title text, keywords text, body text, language text, rights text[], fields jsonb,
            updated_at timestamptz)
        cross join lateral search_analyse(g.title, g.keywords, g.body) a
        order by g.id -- all texts are analysed before the first row is written: readers of events wait for writers
    ), written as (
        insert into {table} (id, title, keywords, body, language, rights, fields, terms, title_words, body_words,
            updated_at)
        select id, title, keywords, body, language, rights, fields, terms, title_words, body_words, updated_at
        from given
        on conflict (id) do update set title = excluded.title, keywords = excluded.keywords, body = excluded.body,
            language = excluded.language, rights = excluded.rights, fields = excluded.fields, terms = excluded.terms,
            title_words = excluded.title_words, body_words = excluded.body_words, updated_at = excluded.updated_at
    ), after as (select title_words, body_words, words from given),
    """
    + _COUNT
)
_REMOVE: Final = (
    "with "  # noqa: S608 - the same
    + _BEFORE
    + """, gone as (delete from {table} where id = any(:ids)),
    after as (select * from before where false),
    """
    + _COUNT
)
_statements: dict[tuple[str, str], Sql] = {}


def statement(text: str, index: str) -> Sql:
    """A statement for the table of an index."""
    key = (text, index)
    if key not in _statements:
        _statements[key] = Sql(text.replace("{table}", f"search_{index_of(index).name}"))
    return _statements[key]


async def put(session: AsyncSession, index: str, documents: list[Document]) -> None:
    """Add documents of one index or replace them.

    Args:
        session: the unit of work.
        index: of all of them.
        documents: each id once.
    """
    rows = [_row(kept(each)) for each in documents]
    await _LOCK.all(session, index=index)
    encoded = msgspec.json.encode(rows).decode()
    await statement(_PUT, index).all(session, index=index, ids=[each.id for each in documents], rows=encoded)


def kept(document: Document) -> Document:
    """A document as it is kept: without what PostgreSQL cannot store, and no longer than its index can be."""
    return msgspec.structs.replace(
        document,
        title=storable(document.title)[:LONGEST_TITLE],
        keywords=storable(document.keywords)[:LONGEST_KEYWORDS],
        body=storable(document.body)[:LONGEST_BODY],
    )


def storable(text: str) -> str:
    """A text without what PostgreSQL cannot store."""
    return text.replace("\x00", " ").encode(errors="replace").decode()


def _row(document: Document) -> dict[str, Any]:
    fields = msgspec.structs.asdict(document)
    del fields["index"]
    return fields


async def remove(session: AsyncSession, index: str, ids: list[str]) -> None:
    """Take documents of one index out."""
    await _LOCK.all(session, index=index)
    await statement(_REMOVE, index).all(session, index=index, ids=ids)

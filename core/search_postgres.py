"""The search in PostgreSQL: documents in the caller's transaction, questions as one statement over an index.

The default behind ``core/search``, and what answers while a search engine is down. A document's stems, their places
and parts stand in a ``tsvector``; how frequent a word is stands in ``search_words``, kept with every change.
"""

from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Invalid
from core.search_documents import Document, Found, Hit, Part, Query, Range, index_of
from core.sql import Sql

MOST_HITS: Final = 100
MOST_SKIPPED: Final = 1000

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
    + """, given as (
        select g.*, a.* from jsonb_to_recordset(cast(:rows as jsonb)) as g(
            id text, title text, keywords text, body text, language text, rights text[], fields jsonb,
            updated_at timestamptz)
        cross join lateral search_analyse(g.title, g.keywords, g.body) a
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
_TOKENS: Final = Sql("select word, search_stem(word) as stem from search_tokens(:words) order by place limit 64")
_SEARCH: Final = """
    select d.id, d.title, d.body, d.language, d.fields::text as fields,
        ts_rank('{0.1, 0.2, 0.4, 1.0}', d.terms, cast(:terms as tsquery)) as score
    from {table} d
    where d.rights && cast(:rights as text[]) and (cast(:language as text) is null or d.language = :language)
        and (cast(:everything as boolean) or d.terms @@ cast(:terms as tsquery)){filters}
    order by score desc, d.updated_at desc, d.id limit :limit offset :offset
"""
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
    rows = [
        {
            "id": each.id,
            "title": _storable(each.title),
            "keywords": _storable(each.keywords),
            "body": _storable(each.body),
            "language": each.language,
            "rights": each.rights,
            "fields": each.fields,
            "updated_at": each.updated_at,
        }
        for each in documents
    ]
    await _LOCK.all(session, index=index)
    encoded = msgspec.json.encode(rows).decode()
    await statement(_PUT, index).all(session, index=index, ids=[each.id for each in documents], rows=encoded)


def _storable(text: str) -> str:
    return text.replace("\x00", " ")


async def remove(session: AsyncSession, index: str, ids: list[str]) -> None:
    """Take documents of one index out."""
    await _LOCK.all(session, index=index)
    await statement(_REMOVE, index).all(session, index=index, ids=ids)


def conditions(query: Query) -> tuple[str, dict[str, object]]:
    """The filters of a question as SQL over ``d.fields``, and their values.

    Raises:
        Invalid: the index cannot be narrowed by one of them.
    """
    known = index_of(query.index).filters
    text = ""
    values: dict[str, object] = {}
    for number, (name, wanted) in enumerate(sorted(query.filters.items())):
        if name not in known:
            raise Invalid.field(name, "This index cannot be narrowed by it.")
        if isinstance(wanted, Range):
            for sign, bound in ((">=", wanted.least), ("<", wanted.below)):
                if bound is not None:
                    key = f"f{number}{'a' if sign == '<' else 'b'}"
                    text += f" and cast(d.fields->>'{name}' as float8) {sign} cast(:{key} as float8)"
                    values[key] = bound
            continue
        each = wanted if isinstance(wanted, tuple) else (wanted,)
        text += f" and d.fields->'{name}' @> any(cast(cast(:f{number} as text[]) as jsonb[]))"
        values[f"f{number}"] = [msgspec.json.encode(value).decode() for value in each]
    return text, values


async def find(session: AsyncSession, query: Query) -> Found:
    """Answer a question.

    Raises:
        Invalid: no such index, or a filter it does not have.
    """
    filters, values = conditions(query)
    stems = [row.stem for row in await _TOKENS.all(session, words=_storable(query.words))]
    limit, offset = min(query.limit, MOST_HITS), min(query.offset, MOST_SKIPPED)
    rows = await statement(_SEARCH.replace("{filters}", filters), query.index).all(
        session,
        terms=" | ".join(f"'{stem}'" for stem in dict.fromkeys(stems)),
        everything=not query.words.strip(),
        rights=list(query.rights),
        language=query.language,
        limit=limit,
        offset=offset,
        **values,
    )
    hits = tuple(
        Hit(
            id=row.id,
            score=row.score,
            title=(Part(row.title),),
            snippet=(Part(row.body[:200]),) if query.highlight else (),
            language=row.language,
            fields=msgspec.json.decode(row.fields),
        )
        for row in rows
    )
    return Found(hits=hits, total=offset + len(hits))

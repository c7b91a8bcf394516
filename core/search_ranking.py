"""Finding the documents of a question in PostgreSQL, and putting the best first.

Second half of a search there (``core/search_question`` is the first). The rarest words choose the candidates through
the GIN index; frequent ones choose among the newest. What they share is compared roughly for all candidates and
exactly, by BM25 for each part of the document, for the best of them. ``ts_rank`` of one word is a known function of
how often it stands there (the sum of 1/j²), so that number is read from it without unpacking the document.
"""

import itertools
import math
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Invalid
from core.search_documents import Found, Hit, Part, Query, Range, index_of
from core.search_postgres import statement, storable
from core.search_question import Question, Term, put_right, understand
from core.search_text import marked, snippet
from core.sql import Sql

MOST_HITS: Final = 100
MOST_SKIPPED: Final = 1000
CANDIDATES: Final = 1500
"""Documents that the rarest words may bring."""
NEWEST: Final = 400
"""Documents with frequent words that are looked at."""
NEWEST_SCANNED: Final = 40_000
"""Documents that are looked through for them at most."""
COMPARED: Final = 150
"""Candidates that are compared exactly."""
ROUGHLY: Final = 8
"""Words that all candidates are compared by, the most telling ones."""
SATURATION: Final = 1.2
LENGTH: Final = 0.75
"""The two constants of BM25 with their usual values (k1, b)."""
TOGETHER: Final = 0.3
"""How much two words that stand beside each other as in the question count beside the words themselves."""

_ROUGH: Final = """(
                select sum(q.weight * ts_rank(cast(:parts as real[]), d.terms, q.term)) from question q where q.roughly
            ) / (1 + 0.3 * d.body_words / cast(:body_words as float8)) as rough"""
_VISIBLE: Final = """d.rights && cast(:rights as text[])
            and (cast(:language as text) is null or d.language = cast(:language as text)){filters}"""
_BRANCHES: Final = {
    "rare": """(select d.id, d.updated_at, {rough}{fields} from {table} d
            where d.terms @@ cast(:rare as tsquery) and {visible} limit :candidates)""",
    "frequent": """(select d.id, d.updated_at, {rough}{fields} from (
                select row, updated_at from (
                    select d.ctid as row, d.updated_at from {table} d
                    where d.terms @@ cast(:frequent as tsquery) and {visible} offset 0
                ) all_of_them order by updated_at desc limit :newest
            ) chosen join {table} d on d.ctid = chosen.row)""",
    "newest": """(select d.id, d.updated_at, {rough}{fields} from (
                select * from {table} d order by d.updated_at desc, d.id desc limit :scanned
            ) d where d.terms @@ cast(:frequent as tsquery) and {visible} limit :newest)""",
    "own": """(select d.id, d.updated_at, {rough}{fields} from {table} d
            where (d.terms @@ cast(:rare as tsquery)) is not false and {visible} limit :candidates)""",
}
"""How candidates are found. The forms leave PostgreSQL no choice: a plan for unknown values would choose badly."""

_SEARCH: Final = """
    with question as materialized (
        select cast(t.term as tsquery) as term, t.weight, t.roughly
        from unnest(cast(:terms as text[]), cast(:weights as float8[]), cast(:roughly as boolean[]))
            as t(term, weight, roughly)
    ), pair as materialized (
        select cast(t.pair as tsquery) as pair, t.weight
        from unnest(cast(:pairs as text[]), cast(:pair_weights as float8[])) as t(pair, weight)
    ), candidate as materialized (
        {branches}
    ), compared as materialized (
        select distinct on (c.id) c.id from (
            select c.id from candidate c order by c.rough desc, c.updated_at desc limit :compared
        ) c
    ), exact as (
        select r.id, r.title, r.body, r.language, r.fields, r.updated_at, (
            select sum(q.weight * (
                cast(:title as float8) * {title} + cast(:keywords as float8) * {keywords}
                + cast(:body as float8) * {body}
            )) from question q cross join lateral (
                select {in_title} as title, {in_keywords} as keywords, {in_body} as body offset 0
            ) f
        ) + coalesce((select sum(p.weight) from pair p where r.terms @@ p.pair), 0) as score
        from compared join {table} r using (id)
    )
    select e.id, e.title, e.body, e.language, cast(e.fields as text) as fields, e.score,
        (select count(distinct c.id) from candidate c) as total{facets}
    from exact e order by e.score desc, e.updated_at desc, e.id limit :limit offset :offset
"""
_FACETS: Final = """, (
        select cast(jsonb_object_agg(name, counts) as text) from (
            select name, jsonb_object_agg(value, n) as counts from (
                select f.name, v.value, count(distinct c.id) as n
                from candidate c cross join unnest(cast(:facets as text[])) as f(name)
                cross join lateral jsonb_array_elements_text(case jsonb_typeof(c.fields -> f.name)
                    when 'array' then c.fields -> f.name
                    else jsonb_build_array(c.fields -> f.name) end) as v(value)
                where v.value is not null group by 1, 2
            ) as counted group by name
        ) as named
    ) as facets"""
_LISTED: Final = """
    select d.id, d.title, d.body, d.language, cast(d.fields as text) as fields, 0.0 as score,
        (select count(*) from (select 1 from {table} d where {visible} limit 1000) as first) as total
    from {table} d where {visible} order by d.updated_at desc, d.id limit :limit offset :offset
"""
_LIKE: Final = """
    select d.id, d.title, d.body, d.language, cast(d.fields as text) as fields,
        word_similarity(cast(:typed as text), d.title) as score, 0 as total
    from {table} d where (d.title ilike :pattern or cast(:typed as text) <% d.title) and {visible}
    order by score desc, d.updated_at desc, d.id limit :limit offset :offset
"""
_MARKS: Final = Sql(
    """
    select word from search_words where index = :index and stem = any(cast(:stems as text[])) and documents > 0
    limit 1000
    """
)


def _times(weights: str) -> str:
    """SQL: how often a word stands in a part (weights of D, C, B, A, of which one is 1)."""
    rank = f"ts_rank('{weights}', r.terms, q.term)"
    return f"coalesce(1 / (1.6450341 - 1.6449341 * nullif({rank}, 0)) - 0.5, 0)"


def _saturated(part: str, words: str = "", average: str = "") -> str:
    """SQL: BM25's answer to how often, by the length of the part where one is given."""
    length = f"{1 - LENGTH} + {LENGTH} * r.{words} / cast(:{average} as float8)" if words else "1"
    return f"(f.{part} * {SATURATION + 1} / (f.{part} + {SATURATION} * ({length})))"


_EXACT: Final = {
    "{title}": _saturated("title", "title_words", "title_words"),
    "{keywords}": _saturated("keywords"),
    "{body}": _saturated("body", "body_words", "body_words"),
    "{in_title}": _times("{0,0,0,1}"),
    "{in_keywords}": _times("{0,0,1,0}"),
    "{in_body}": _times("{1,0,0,0}"),
}


def conditions(query: Query) -> tuple[str, dict[str, Any]]:
    """The filters of a question as SQL over ``d.fields``, and their values.

    Raises:
        Invalid: the index cannot be narrowed by one of them.
    """
    known = index_of(query.index).filters
    text = ""
    values: dict[str, Any] = {"rights": list(query.rights), "language": query.language}
    for number, (name, wanted) in enumerate(sorted(query.filters.items())):
        if name not in known:
            raise Invalid.field(name, "This index cannot be narrowed by it.")
        if isinstance(wanted, Range):
            for key, sign, bound in ((f"f{number}a", ">=", wanted.least), (f"f{number}b", "<", wanted.below)):
                if bound is not None:
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
    values |= {"limit": max(0, min(query.limit, MOST_HITS)), "offset": max(0, min(query.offset, MOST_SKIPPED))}
    if not query.words.strip():
        rows = await _run(session, query, _LISTED, filters, values)
        return _found(query, rows, frozenset(), None)
    question = await understand(session, query.index, query.words, unfinished=query.unfinished)
    rows = []
    if question.terms:
        rows = await _best(session, query, question, filters, values)
    if rows:
        stems = [term.stem for term in question.terms]
        marks = await _MARKS.all(session, index=query.index, stems=stems) if query.highlight else []
        mended = await put_right(session, query.index, query.rights, question)
        return _found(query, rows, frozenset(row.word for row in marks), mended)
    typed = storable(query.words).strip()[:200]
    escaped = typed.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    rows = await _run(session, query, _LIKE, filters, values | {"typed": typed, "pattern": f"%{escaped}%"})
    return _found(query, rows, frozenset(), None)


async def _run(session: AsyncSession, query: Query, text: str, filters: str, values: dict[str, Any]) -> list[Any]:
    whole = text.replace("{visible}", _VISIBLE).replace("{filters}", filters)
    return await statement(whole, query.index).all(session, **values)


async def _best(
    session: AsyncSession, query: Query, question: Question, filters: str, values: dict[str, Any]
) -> list[Any]:
    index = index_of(query.index)
    branches, chosen = _branches(query, question)
    text = _SEARCH.replace("{branches}", " union all ".join(_BRANCHES[name] for name in branches))
    text = text.replace("{rough}", _ROUGH).replace("{fields}", ", d.fields" if query.facets else "")
    text = text.replace("{facets}", _FACETS if query.facets else "")
    for name, sql in _EXACT.items():
        text = text.replace(name, sql)
    pairs = _pairs(question.terms)
    values = values | chosen | {
        "terms": [f"'{term.stem}'" for term in question.terms],
        "weights": [term.weight for term in question.terms],
        "roughly": _most_telling(question.terms),
        "pairs": list(pairs),
        "pair_weights": list(pairs.values()),
        "parts": [index.weights[part] / max(index.weights.values()) for part in ("body", "body", "keywords", "title")],
        "title_words": question.title_words,
        "body_words": question.body_words,
        "compared": max(COMPARED, values["offset"] + values["limit"]),
        **index.weights,
    }  # fmt: skip
    if query.facets:
        values["facets"] = [name for name in query.facets if name in index.facets]
    return await _run(session, query, text, filters, values)


def _branches(query: Query, question: Question) -> tuple[list[str], dict[str, Any]]:
    """How the candidates of a question are found, and the values for that."""
    narrow = index_of(query.index).narrow
    if narrow and query.rights and all(token.startswith(narrow) for token in query.rights):
        return ["own"], {"rare": _any_of(question.terms), "candidates": CANDIDATES}
    rare: list[Term] = []
    seen = 0
    for term in question.terms:
        seen += term.documents
        if seen > CANDIDATES:
            break
        rare.append(term)
    rest = question.terms[len(rare) :][:2]
    branches: list[str] = []
    values: dict[str, Any] = {}
    if rare:
        branches.append("rare")
        values |= {"rare": _any_of(rare), "candidates": CANDIDATES}
    if rest:
        # Through the index every document with the words is visited; back in time, until there are enough.
        expected = question.documents * math.prod(min(1.0, term.documents / question.documents) for term in rest)
        name = "newest" if expected * expected > NEWEST * question.documents else "frequent"
        branches.append(name)
        values |= {"frequent": " & ".join(f"'{term.stem}'" for term in rest), "newest": NEWEST}
        values |= {"scanned": NEWEST_SCANNED} if name == "newest" else {}
    return branches, values


def _most_telling(terms: tuple[Term, ...]) -> list[bool]:
    least = sorted((term.weight for term in terms), reverse=True)[:ROUGHLY][-1]
    return [term.weight >= least for term in terms]


def _any_of(terms: tuple[Term, ...] | list[Term]) -> str:
    return " | ".join(f"'{term.stem}'" for term in terms)


def _pairs(terms: tuple[Term, ...]) -> dict[str, float]:
    """Neighbours in the question as a phrase, with what it is worth when they are neighbours in a document."""
    by_place = sorted(terms, key=lambda term: term.place)
    found: dict[str, float] = {}
    for left, right in itertools.pairwise(by_place):
        if right.place - left.place == 1:
            found[f"'{left.stem}' <-> '{right.stem}'"] = TOGETHER * (left.weight + right.weight)
    return found


def _found(query: Query, rows: list[Any], words: frozenset[str], corrected: str | None) -> Found:
    hits = tuple(_hit(query, row, words) for row in rows)
    counted = getattr(rows[0], "facets", None) if rows and query.facets else None
    return Found(
        hits=hits,
        total=max(rows[0].total if rows else 0, query.offset + len(hits) if hits else 0),
        corrected=corrected if hits else None,
        facets=msgspec.json.decode(counted) if counted else {},
    )


def _hit(query: Query, row: Any, words: frozenset[str]) -> Hit:
    return Hit(
        id=row.id,
        score=row.score,
        title=marked(row.title, words) if query.highlight else (Part(row.title),),
        snippet=snippet(row.body, words) if query.highlight else (),
        language=row.language,
        fields=msgspec.json.decode(row.fields),
    )

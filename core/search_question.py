"""What a person typed, understood: its words, how telling each is, and what a misspelt one may have meant.

First half of a search in PostgreSQL; ``core/search_ranking`` finds the documents. One statement asks the vocabulary.
It knows the words of all documents, so what is offered in place of a misspelt word is looked up once more in those that
the reader may read.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core.search_postgres import statement, storable
from core.search_vocabulary import LONGEST_FORM, Taught, taught
from core.sql import Sql

MOST_WORDS: Final = 48
"""Words of a question that are looked at; of a longer one (a pasted mail) the most telling."""
MOST_TYPED: Final = 2000
"""Characters of a question that are looked at."""
MOST_MENDED: Final = 8
"""Unknown words of a question that are mended; a pasted mail has many, and each costs milliseconds."""
MOST_MEANT: Final = 3
MOST_BEGUN: Final = 12
SHORTEST_TO_MEND: Final = 4
MENDED: Final = {1: 0.8, 2: 0.6}
"""Edits → how much a word counts that may have been meant."""

SYNONYM: Final = 0.8
"""How much a synonym counts beside the word that was typed."""

_ASK: Final = Sql(
    """
    with token as (
        select word, search_stem(word) as stem, min(place) as place
        from search_tokens(cast(:typed as text)) group by 1, 2
    ), known as (
        select token.*, coalesce((
            select sum(w.documents) from search_words w where w.index = :index and w.stem = token.stem
        ), 0) as documents from token
    ), numbered as (
        select known.*, count(*) filter (where documents <= :seldom) over (order by place, word) as unknown_so_far
        from known
    )
    select word, stem, place, documents, near.*
    from numbered known left join lateral (
        select array_agg(n.word) as near_words, array_agg(n.stem) as near_stems,
            array_agg(n.documents) as near_documents
        from search_near(:index, known.word) n
        where known.documents <= cast(:seldom as bigint) and known.unknown_so_far <= :mended
            and length(known.word) >= 4 and known.word !~ '[0-9]'
    ) near on true
    order by place limit 500
    """
)
_SIZE: Final = Sql("select documents, title_words, body_words from search_sizes where index = :index")
_BEGUN: Final = Sql(
    """
    select stem, sum(documents) as documents from search_words
    where index = :index and word >= :start and word < :start || U&'\\+10FFFF' and documents > 0
    group by stem order by 2 desc limit :limit
    """
)


_READABLE: Final = """
    select m.word from unnest(cast(:words as text[]), cast(:terms as text[])) as m(word, term)
    where exists (
        select 1 from (
            select d.title, d.keywords, d.body from {table} d
            where d.terms @@ cast(m.term as tsquery) and d.rights && cast(:rights as text[]) limit :looked_at
        ) d cross join lateral search_analyse(d.title, d.keywords, d.body) a where m.word = any(a.words)
    )
"""
"""Which words stand in this form, and not only by their stem, in what the reader may read."""
LOOKED_AT: Final = 10

_STEMS: Final = Sql(
    """
    select t.word, search_stem(t.word) as stem, coalesce((
        select sum(w.documents) from search_words w where w.index = :index and w.stem = search_stem(t.word)
    ), 0) as documents
    from unnest(cast(:words as text[])) as t(word)
    """
)


class Term(msgspec.Struct, frozen=True):
    """A stem that is looked for.

    Attributes:
        stem: as it stands in the documents.
        documents: how many have it, about.
        weight: how telling it is, times how sure we are that it was meant.
        place: of its word in the question; two words that stand beside each other should do so in the document.
    """

    stem: str
    documents: int
    weight: float
    place: int


class Question(msgspec.Struct, frozen=True):
    """What is looked for.

    Attributes:
        terms: the rarest first.
        words: of the question in order.
        meant: misspelt word → what may have been meant, the likeliest first, of all documents.
        documents: how many the index has.
        title_words: of a document, on average.
        body_words: the same of bodies.
    """

    terms: tuple[Term, ...]
    words: tuple[str, ...]
    meant: Mapping[str, tuple[tuple[str, str], ...]]
    documents: int
    title_words: float
    body_words: float


def edits(one: str, other: str) -> int:
    """Letters to add, leave out, exchange or swap with their neighbour to make one word of another."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        following = [i]
        for j, wanted in enumerate(other, 1):
            best = min(row[j] + 1, following[j - 1] + 1, row[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                best = min(best, before[j - 2] + 1)
            following.append(best)
        before, row = row, following
    return row[-1]


def telling(documents: int, having: int) -> float:
    """How telling a word is that ``having`` of so many documents have (the idf of BM25)."""
    having = min(having, documents)
    return math.log(1 + (documents - having + 0.5) / (having + 0.5))


async def understand(session: AsyncSession, index: str, typed: str, *, unfinished: bool) -> Question:
    """Ask the vocabulary of an index about a question.

    Args:
        session: where to read.
        index: which.
        typed: as somebody typed it.
        unfinished: the last word may be the beginning of one.
    """
    size = await _SIZE.first(session, index=index)
    documents = max(1, size.documents if size else 0)
    seldom = documents // 5000
    rows = await _ASK.all(session, index=index, typed=storable(typed)[:MOST_TYPED], seldom=seldom, mended=MOST_MENDED)
    known = await taught(session, [row.word for row in rows])
    terms: dict[str, Term] = {}
    offers: dict[str, tuple[tuple[str, str], ...]] = {}
    said = [row for row in rows if row.word not in known.stop_words] or rows
    explained = await _explain(session, index, documents, terms, rows, known)
    for number, row in enumerate(said):
        meant = [] if row.word in explained else _meant(row, documents)
        if row.documents:
            _add(terms, row.stem, int(row.documents), telling(documents, int(row.documents)), row.place)
        elif meant:
            offers[row.word] = tuple((word, stem) for _, word, stem, _ in meant)
        for share, _, stem, having in meant:
            _add(terms, stem, having, share * telling(documents, having), row.place)
        if unfinished and number == len(said) - 1:
            for stem, having in await _begun(session, index, row.word):
                _add(terms, stem, having, 0.7 * telling(documents, having), row.place)
    chosen = sorted(terms.values(), key=lambda term: -term.weight)[:MOST_WORDS]
    return Question(
        terms=tuple(sorted(chosen, key=lambda term: term.documents)),
        words=tuple(str(row.word) for row in rows),
        meant=offers,
        documents=documents,
        title_words=max(1.0, size.title_words / documents) if size else 1.0,
        body_words=max(1.0, size.body_words / documents) if size else 1.0,
    )


async def _explain(
    session: AsyncSession, index: str, documents: int, terms: dict[str, Term], rows: list[Any], known: Taught
) -> set[str]:
    """Look for the synonyms of what was said as well; returns the words of the question that have some."""
    words = [row.word for row in rows]
    places: dict[str, int] = {}
    having: set[str] = set()
    for group in known.synonyms:
        for at, length in ((at, length) for at in range(len(words)) for length in range(1, LONGEST_FORM + 1)):
            if " ".join(words[at : at + length]) in group and at + length <= len(words):
                having.update(words[at : at + length])
                for form in group:
                    places[form] = int(rows[at].place)
    wanted = {word: (form, place) for form, place in places.items() for word in form.split() if word not in words}
    for row in await _STEMS.all(session, index=index, words=sorted(wanted)) if wanted else ():
        form, place = wanted[row.word]
        share = SYNONYM / (form.count(" ") + 1)
        if row.documents:
            _add(terms, row.stem, int(row.documents), share * telling(documents, int(row.documents)), place)
    return having


def _add(terms: dict[str, Term], stem: str, having: int, weight: float, place: int) -> None:
    if stem not in terms or terms[stem].weight < weight:
        terms[stem] = Term(stem, having, weight, place)


def _meant(row: Any, documents: int) -> list[tuple[float, str, str, int]]:
    """Words that may have been meant, the likeliest first: (how sure, word, stem, documents)."""
    found = []
    for word, stem, having in zip(row.near_words or (), row.near_stems or (), row.near_documents or (), strict=True):
        away = edits(row.word, word)
        if away > (1 if len(row.word) < 6 else 2) or stem == row.stem:
            continue
        if row.documents and (away > 1 or having < 10 * row.documents):
            continue  # a rare word is a mistake only where a very similar one is frequent
        found.append((away, -having, word, stem))
    found.sort()
    nearest = found[0][0] if found else 0
    return [
        (MENDED[away], word, stem, min(-having, documents))
        for away, having, word, stem in found[:MOST_MEANT]
        if away == nearest
    ]


async def _begun(session: AsyncSession, index: str, start: str) -> list[tuple[str, int]]:
    rows = await _BEGUN.all(session, index=index, start=start, limit=MOST_BEGUN)
    return [(row.stem, int(row.documents)) for row in rows]


async def put_right(session: AsyncSession, index: str, rights: Sequence[str], question: Question) -> str | None:
    """The question with misspelt words put right by words that the reader may read; None: none was.

    Args:
        session: where to read.
        index: which.
        rights: the reader's tokens.
        question: as it was understood.
    """
    stems = {word: stem for offered in question.meant.values() for word, stem in offered}
    if not stems:
        return None
    rows = await statement(_READABLE, index).all(
        session,
        words=list(stems),
        terms=[f"'{stem}'" for stem in stems.values()],
        rights=list(rights),
        looked_at=LOOKED_AT,
    )
    readable = {row.word for row in rows}
    mended = {
        typed: next((word for word, _ in offered if word in readable), typed)
        for typed, offered in question.meant.items()
    }
    words = tuple(mended.get(word, word) for word in question.words)
    return " ".join(words) if words != question.words else None

"""Measure the search on a judged set: load it into an index of its own, ask every question, compare with BM25.

``sampark search eval``. It works on an embedded database in a temporary folder, never on the desk's own data.
"""

import contextlib
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, search
from core.db import Database, reading, unit_of_work
from core.embedded import EmbeddedServer
from core.migrate import migrate
from core.search import Document, Query
from core.search_meilisearch import Meilisearch
from core.search_meilisearch_client import EngineDown
from core.sql import Sql
from sampark.retrieval.bm25 import Bm25
from sampark.retrieval.judged import DEPTH, Judged, Text, misspelt, ndcg, recall

INDEX: Final = "articles"
BATCH: Final = 200
_WORDS: Final = Sql(
    """
    select t.n, array(select search_stem(word) from search_tokens(t.given) order by place) as words
    from unnest(cast(:texts as text[])) with ordinality as t(given, n) order by t.n
    """
)

Ask = Callable[[str], Awaitable[list[str]]]


class Answer(msgspec.Struct, frozen=True):
    """What came of one question: both measures of the search and of BM25, and the time in milliseconds."""

    language: str | None
    ndcg: float
    recall: float
    bm25_ndcg: float
    bm25_recall: float
    took: float
    recall_where_misspelt: float | None
    misspelt_recall: float | None


async def measure(judged: Judged, engine: Meilisearch | None, say: Callable[[str], None]) -> dict[str, object]:
    """The report on the search.

    Args:
        judged: the set.
        engine: asked instead of PostgreSQL; its index is deleted afterwards.
        say: hears how far it is.

    Raises:
        EngineDown: the engine does not answer.
    """
    with tempfile.TemporaryDirectory(prefix="sampark-eval-", ignore_cleanup_errors=True) as folder:
        server = EmbeddedServer(Path(folder) / "postgres")
        db: Database | None = None
        try:
            db = Database(await server.prepare(), 4)
            await migrate(db)
            say(f"putting {len(judged.documents)} documents into an index of their own")
            await load(db, judged.documents)
            if engine is not None:
                await engine.rebuild(db, INDEX)
            say(f"asking {len(judged.answerable())} questions")
            async with reading(db) as session:
                return report(await _answers(session, judged, engine), len(judged.documents))
        finally:
            if engine is not None:
                with contextlib.suppress(EngineDown):
                    await engine.client.drop(engine.uid(INDEX))
            if db is not None:
                await db.close()
            server.stop()


async def load(db: Database, documents: list[Text]) -> None:
    """Put the documents into the index, in batches."""
    now = clock.now()
    for start in range(0, len(documents), BATCH):
        async with unit_of_work(db) as session:
            await search.put(session, [_document(each, now) for each in documents[start : start + BATCH]])
    async with db.engine.begin() as connection:
        await connection.exec_driver_sql("analyze")


def _document(text: Text, now: object) -> Document:
    return msgspec.convert(
        {
            "index": INDEX,
            "id": text.id,
            "title": text.title,
            "body": text.text,
            "language": text.language,
            "rights": ("public",),
            "updated_at": now,
        },
        Document,
    )


async def _answers(session: AsyncSession, judged: Judged, engine: Meilisearch | None) -> list[Answer]:
    plain = Bm25(dict(zip(*await _words(session, judged.documents), strict=True)))
    questions = judged.answerable()
    words = dict(zip(*await _words(session, questions), strict=True))

    async def ask(typed: str) -> list[str]:
        query = Query(index=INDEX, words=typed, rights=("public",), limit=DEPTH)
        found = await (engine.find(session, query) if engine is not None else search.find(session, query))
        if found.degraded:
            raise EngineDown("Meilisearch has not answered a question.")
        return [hit.id for hit in found.hits]

    for question in questions[:20]:
        await ask(question.text)  # the first questions find a cold machine
    return [await _answer(ask, judged, question, plain.best(words[question.id], DEPTH)) for question in questions]


async def _words(session: AsyncSession, texts: list[Text]) -> tuple[list[str], list[list[str]]]:
    """Ids and words of texts, as the index sees them."""
    rows = await _WORDS.all(session, texts=[f"{each.title} {each.text}" for each in texts])
    return [each.id for each in texts], [list(row.words) for row in rows]


async def _answer(ask: Ask, judged: Judged, question: Text, bm25: list[str]) -> Answer:
    grades = judged.grades[question.id]
    began = clock.monotonic()
    ranking = await ask(question.text)
    took = 1000 * (clock.monotonic() - began)
    wrong = misspelt(question)
    found = recall(ranking, grades)
    return Answer(
        language=question.language,
        ndcg=ndcg(ranking, grades),
        recall=found,
        bm25_ndcg=ndcg(bm25, grades),
        bm25_recall=recall(bm25, grades),
        took=took,
        recall_where_misspelt=None if wrong is None else found,
        misspelt_recall=None if wrong is None else recall(await ask(wrong), grades),
    )


def report(answers: list[Answer], documents: int) -> dict[str, object]:
    """The figures over all questions, and for each language among them."""
    languages = sorted({each.language for each in answers if each.language})
    return {
        "documents": documents,
        **_figures(answers),
        "languages": {name: _figures([each for each in answers if each.language == name]) for name in languages},
    }


def _figures(answers: list[Answer]) -> dict[str, float | int | None]:
    took = sorted(each.took for each in answers)
    edited = [each for each in answers if each.misspelt_recall is not None]
    before = _mean([each.recall_where_misspelt or 0.0 for each in edited])
    after = _mean([each.misspelt_recall or 0.0 for each in edited])
    return {
        "queries": len(answers),
        f"ndcg@{DEPTH}": _mean([each.ndcg for each in answers]),
        f"recall@{DEPTH}": _mean([each.recall for each in answers]),
        "p50_ms": round(took[len(took) // 2], 2) if took else None,
        "p99_ms": round(took[min(len(took) - 1, int(len(took) * 0.99))], 2) if took else None,
        f"bm25_ndcg@{DEPTH}": _mean([each.bm25_ndcg for each in answers]),
        f"bm25_recall@{DEPTH}": _mean([each.bm25_recall for each in answers]),
        "misspelt_queries": len(edited),
        f"misspelt_recall@{DEPTH}": after,
        "misspelt_kept": round(after / before, 4) if before and after is not None else None,
    }


def _mean(values: list[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None

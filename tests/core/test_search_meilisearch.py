"""Meilisearch as the engine: what it is told and asked, what happens while it is away, and how its indexes are kept.

It runs against the twin in ``simulator/``; every request is held against the published description where that is here.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from core import search, search_vocabulary
from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from core.errors import Invalid
from core.jobs import Definition, Registry, Worker
from core.search import Document, Found, Query, Range
from core.search_meilisearch import BEHIND, JOB, REST_SECONDS, RETRY_SECONDS, Meilisearch
from core.search_meilisearch_client import EngineDown, key_of, parts_of
from core.search_vocabulary import VocabularyChanged
from simulator.meilisearch import Server, Twin
from tests.openapi import Description

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SPECS = Path(os.environ.get("SAMPARK_SPECS", Path(__file__).resolve().parents[3] / "shared" / "specs"))
DESCRIBED = SPECS / "meilisearch" / "meilisearch-openapi.json"
MISDESCRIBED = {"POST /indexes/sampark_articles/search.facets: ['fields.category_id'] is not of type null"}
"""The description shows the server's inner object for ``facets``; server, manual and official client take the list."""


@pytest.fixture
def twin() -> Iterator[Twin]:
    """The make-believe server's memory."""
    return Twin(key="secret")


@pytest.fixture
def engine(twin: Twin, clock: ManualClock) -> Iterator[Meilisearch]:
    """The engine, chosen for this test."""
    server = Server(twin)
    server.start()
    made = Meilisearch(server.url, "secret")
    search.configure(made)
    yield made
    search.configure(None)
    server.stop()


def article(number: int, title: str, body: str = "", **values: Any) -> Document:
    """An article that everybody may read."""
    given = {"rights": ("public",), "updated_at": NOW, **values}
    return Document(index="articles", id=f"a{number}", title=title, body=body, **given)


async def put(db: Database, *documents: Document) -> None:
    """Index documents and commit."""
    async with unit_of_work(db) as session:
        await search.put(session, documents)


async def told(db: Database, engine: Meilisearch) -> None:
    """Do what the scheduler and the worker do: ask for the job, and run it."""
    await engine.ask_to_send(db)
    await Worker(db, Registry((Definition(JOB, engine.send),))).drain()


async def ask(db: Database, words: str, *rights: str, **values: Any) -> Found:
    """Ask as somebody with these rights (everybody's, if none are named)."""
    query = Query(index="articles", words=words, rights=rights or ("public",), **values)
    async with reading(db) as session:
        return await search.find(session, query)


async def waiting(db: Database) -> int:
    """Rows in the outbox."""
    async with reading(db) as session:
        return int(await session.scalar(text("select count(*) from search_outbox")) or 0)


async def test_documents_reach_the_engine_by_the_job(db: Database, engine: Meilisearch, twin: Twin) -> None:
    """Put, replaced and removed: the outbox is emptied, and the engine has what PostgreSQL has."""
    await put(db, article(1, "Filter"), article(2, "Pump"))
    assert await waiting(db) == 2 and not twin.indexes
    await told(db, engine)
    assert set(twin.indexes["sampark_articles"].documents) == {"a1", "a2"} and await waiting(db) == 0
    await put(db, article(2, "Hose"))
    async with unit_of_work(db) as session:
        await search.remove(session, "articles", ["a1"])
    await told(db, engine)
    documents = twin.indexes["sampark_articles"].documents
    assert {key: each["title"] for key, each in documents.items()} == {"a2": "Hose"}


async def test_a_question_carries_the_rights_and_filters(db: Database, engine: Meilisearch, twin: Twin) -> None:
    """The engine answers, with typos, marks and numbers, and nobody is shown what her tokens do not open."""
    await put(
        db,
        article(1, "Cleaning", "Rinse the filter.", fields={"category_id": 1, "tags": ["new"]}, language="en"),
        article(2, "Filter for firms", rights=("org:7", 'odd"one'), fields={"category_id": 2}),
        article(3, "फ़िल्टर", fields={"category_id": 2}, language="hi"),
    )
    await told(db, engine)
    found = await ask(db, "fliter", facets=("category_id",))
    assert [hit.id for hit in found.hits] == ["a1"] and not found.degraded
    assert [part.text for part in found.hits[0].snippet if part.marked] == ["filter"]
    assert found.facets == {"category_id": {"1": 1}} and found.hits[0].fields["tags"] == ["new"]
    assert {hit.id for hit in (await ask(db, "filter", "public", "org:7")).hits} == {"a1", "a2"}
    assert [hit.id for hit in (await ask(db, "filter", 'odd"one')).hits] == ["a2"]
    assert [hit.id for hit in (await ask(db, "", language="hi")).hits] == ["a3"]
    assert [hit.id for hit in (await ask(db, "", filters={"category_id": (1, 9)})).hits] == ["a1"]
    assert [hit.id for hit in (await ask(db, "", filters={"category_id": Range(least=2)})).hits] == ["a3"]
    assert (await ask(db, "filter", filters={"tags": "old"})).hits == ()
    with pytest.raises(Invalid):
        await ask(db, "filter", filters={"colour": "red"})
    async with reading(db) as session:
        nobody = await search.find(session, Query(index="articles", words="filter", rights=()))
    assert nobody.hits == ()


async def test_while_it_is_away_postgresql_answers_and_nothing_is_lost(
    db: Database, engine: Meilisearch, twin: Twin, clock: ManualClock
) -> None:
    """The answer says so, the banner is there, it is left in peace for a while, and it is told everything later."""
    await put(db, article(1, "Filter"))
    await told(db, engine)
    twin.down = True
    found = await ask(db, "filters")
    assert [hit.id for hit in found.hits] == ["a1"] and found.degraded
    asked = len(twin.seen)
    assert (await ask(db, "filters")).degraded and len(twin.seen) == asked
    await put(db, article(2, "Pump"))
    await told(db, engine)
    assert await waiting(db) == 1
    async with reading(db) as session:
        assert await search.away_since(session) == clock.now()
        timers = (await session.execute(text("select job, due_at from timers"))).all()
    assert [tuple(row) for row in timers] == [(JOB, clock.now() + timedelta(seconds=RETRY_SECONDS))]
    twin.down = False
    clock.advance(timedelta(seconds=REST_SECONDS + RETRY_SECONDS))
    await told(db, engine)
    assert await waiting(db) == 0
    found = await ask(db, "pump")
    assert [hit.id for hit in found.hits] == ["a2"] and not found.degraded
    async with reading(db) as session:
        assert await search.away_since(session) is None


async def test_an_outbox_that_stands_still_is_seen(db: Database, engine: Meilisearch, clock: ManualClock) -> None:
    """Also in a process that asks no questions: a change that waits for minutes shows that the engine is away."""
    await put(db, article(1, "Filter"))
    since = clock.now()
    clock.advance(BEHIND + timedelta(seconds=1))
    async with reading(db) as session:
        assert await search.away_since(session) == since


async def test_a_failed_task_keeps_the_outbox(db: Database, engine: Meilisearch, twin: Twin) -> None:
    """Accepted is not done: only a task that has succeeded empties the outbox."""
    twin.fails = True
    await put(db, article(1, "Filter"))
    await told(db, engine)
    assert await waiting(db) == 1
    twin.fails = False
    await told(db, engine)
    assert await waiting(db) == 0


async def test_an_index_is_built_anew_without_a_gap(db: Database, engine: Meilisearch, twin: Twin) -> None:
    """A second index is filled and exchanged with the first; a failure half way leaves the first as it was."""
    await put(db, article(1, "Filter"), article(2, "Pump"))
    await told(db, engine)
    twin.indexes["sampark_articles"].documents.clear()
    heard: list[int] = []
    assert await engine.rebuild(db, "articles", heard.append) == 2 and heard == [2]
    assert set(twin.indexes) == {"sampark_articles"}
    assert set(twin.indexes["sampark_articles"].documents) == {"a1", "a2"}
    kinds = [task["type"] for task in twin.tasks]
    assert kinds[kinds.index("indexSwap") :] == ["indexSwap", "indexDeletion"]
    twin.fails = True
    with pytest.raises(EngineDown):
        await engine.rebuild(db, "articles")
    assert set(twin.indexes["sampark_articles"].documents) == {"a1", "a2"}


async def test_drift_is_found_and_put_right(db: Database, engine: Meilisearch, twin: Twin) -> None:
    """What is missing, too much, or old in the engine is named, and nothing else is sent again."""
    await put(db, *(article(n, f"Filter {n}") for n in range(4)))
    await told(db, engine)
    assert (await engine.check(db, "articles")).wrong == []
    documents = twin.indexes["sampark_articles"].documents
    documents["ghost"] = {**documents["a1"], "key": "ghost", "id": "ghost"}
    documents["a2"] = {**documents["a2"], "stamp": "old"}
    del documents["a3"]
    drift = await engine.check(db, "articles")
    assert (drift.missing, drift.extra, drift.stale) == (["a3"], ["ghost"], ["a2"])
    await engine.repair(db, "articles", drift)
    assert (await engine.check(db, "articles")).wrong == []


async def test_what_people_teach_reaches_the_engine(db: Database, engine: Meilisearch, twin: Twin) -> None:
    """Synonyms and stop words become settings of every index."""
    await put(db, article(1, "Television"))
    await told(db, engine)
    async with unit_of_work(db) as session:
        await search_vocabulary.add_synonyms(session, ["TV", "Television"])
        await search_vocabulary.add_stop_word(session, "please")
        await engine.on_vocabulary_changed(session, VocabularyChanged(words=["tv"]))
    await told(db, engine)
    for index in ("articles", "tickets", "customers", "registrations"):
        settings = twin.indexes[f"sampark_{index}"].settings
        assert settings["synonyms"] == {"tv": ["television"], "television": ["tv"]}
        assert settings["stopWords"] == ["please"]
    assert [hit.id for hit in (await ask(db, "please tv")).hits] == ["a1"]


async def test_a_wrong_key_counts_as_away(db: Database, engine: Meilisearch, twin: Twin) -> None:
    """Refused is as good as down: PostgreSQL answers, and the reason is kept for the doctor."""
    twin.key = "another"
    await put(db, article(1, "Filter"))
    assert (await ask(db, "filter")).degraded and "invalid_api_key" in engine.reason


def test_names_and_marks() -> None:
    """An id that the engine would refuse gets another name there; marks become pieces."""
    assert key_of("1001-notes") == "1001-notes" and key_of("d/ü 1") == "x-642fc3bc2031" and key_of("x-1") != "x-1"
    assert [(part.text, part.marked) for part in parts_of("a \x02b\x03 c")] == [
        ("a ", False),
        ("b", True),
        (" c", False),
    ]


async def test_every_request_is_as_described(db: Database, engine: Meilisearch, twin: Twin) -> None:
    """All that we ever say to the server: paths, parameters and bodies are those of the published description."""
    if not DESCRIBED.exists():
        pytest.skip("the published description of Meilisearch is not here")
    await put(db, article(1, "Filter", fields={"category_id": 1}), article(2, "Pump"))
    await told(db, engine)
    async with unit_of_work(db) as session:
        await search_vocabulary.add_synonyms(session, ["TV", "Television"])
        await engine.on_vocabulary_changed(session, VocabularyChanged(words=["tv"]))
        await search.remove(session, "articles", ["a2"])
    await told(db, engine)
    filters = {"category_id": (1, 2), "tags": "new", "article_id": Range(least=1, below=5)}
    await ask(db, "filter", language="en", filters=filters, facets=("category_id",), limit=500, offset=3)
    await ask(db, "", highlight=False)
    await engine.rebuild(db, "articles")
    await engine.repair(db, "articles", await engine.check(db, "articles"))
    description = Description(DESCRIBED)
    said = [(each, description.complaints(each.method, each.path, dict(each.query), each.body)) for each in twin.seen]
    assert [each for _, complaints in said for each in complaints if each not in MISDESCRIBED] == []
    assert len({(each.method, each.path.partition("_")[0]) for each in twin.seen}) >= 6


def test_the_description_can_complain() -> None:
    """What is not described, or has another shape, is noticed; otherwise the test above would prove nothing."""
    if not DESCRIBED.exists():
        pytest.skip("the published description of Meilisearch is not here")
    description = Description(DESCRIBED)
    path = "/indexes/x/search"
    assert description.complaints("POST", path, {}, {"q": "a", "limit": 3}) == []
    assert description.complaints("POST", path, {}, {"q": "a", "limt": 3})
    assert description.complaints("POST", path, {}, {"q": "a", "limit": "three"})
    assert description.complaints("POST", path, {}, {"matchingStrategy": "some"})
    assert description.complaints("POST", path, {"colour": "red"}, {"q": "a"})
    assert description.complaints("PUT", path, {}, {"q": "a"}) and description.complaints("GET", "/nowhere", {}, None)

"""Looking after the documents in PostgreSQL: an index built anew is its source again, and drift is found."""

from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from core import search, search_upkeep
from core.db import Database, reading, unit_of_work
from core.search import Document, Query

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SOURCE = [
    Document(index="articles", id=f"a{n}", title=f"Lamp {n}", body="x\x00y", rights=("b", "a"), updated_at=NOW, fields={"n": n})
    for n in range(5)
]  # fmt: skip


async def batch(_: AsyncSession, after: int) -> tuple[list[Document], int | None]:
    """Two documents of the source at a time."""
    return SOURCE[after : after + 2], after + 2 if after + 2 < len(SOURCE) else None


async def found(db: Database, words: str) -> list[str]:
    """What is found."""
    async with reading(db) as session:
        query = Query(index="articles", words=words, rights=("a",))
        return sorted(hit.id for hit in (await search.find(session, query)).hits)


async def test_drift_is_found_and_put_right(db: Database) -> None:
    """Missing, too much, old: each is named once, and only those are written again."""
    async with unit_of_work(db) as session:
        await search.put(session, SOURCE)
    assert (await search_upkeep.check(db, "articles", batch)).wrong == []
    async with unit_of_work(db) as session:
        await search.remove(session, "articles", ["a1"])
        await search.put(
            session, [Document(index="articles", id="ghost", title="Lamp", body="", rights=("a",), updated_at=NOW)]
        )
        await session.execute(text("update search_articles set rights = '{a}' where id = 'a3'"))
    drift = await search_upkeep.check(db, "articles", batch)
    assert (drift.missing, drift.extra, drift.stale) == (["a1"], ["ghost"], ["a3"])
    await search_upkeep.repair(db, "articles", batch, drift)
    assert (await search_upkeep.check(db, "articles", batch)).wrong == []


async def test_an_index_built_anew_is_its_source(db: Database) -> None:
    """From nothing, and over what is there; what has no source is gone, and so are its words."""
    heard: list[int] = []
    assert await search_upkeep.rebuild(db, "articles", batch, heard.append) == 5 and heard == [2, 4, 5]
    async with unit_of_work(db) as session:
        await search.put(
            session, [Document(index="articles", id="ghost", title="Phantom", body="", rights=("a",), updated_at=NOW)]
        )
    assert await search_upkeep.rebuild(db, "articles", batch) == 5
    assert await found(db, "lamp") == ["a0", "a1", "a2", "a3", "a4"] and await found(db, "phantom") == []
    async with reading(db) as session:
        assert await session.scalar(text("select count(*) from search_words where word = 'phantom'")) == 0
        assert await session.scalar(text("select documents from search_words where word = 'lamp'")) == 5

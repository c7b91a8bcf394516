"""The search port on PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

import pytest

from core import search
from core.db import Database, reading, unit_of_work
from core.errors import Invalid
from core.search import Document, Query, Range

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def article(number: int, title: str, body: str = "", **values: Any) -> Document:
    """An article that everybody may read."""
    given = {"rights": ("public",), "updated_at": NOW, **values}
    return Document(index="articles", id=f"a{number}", title=title, body=body, **given)


async def found(db: Database, words: str, *rights: str, **values: Any) -> list[str]:
    """Ids of the articles that somebody with these rights (everybody's, if none are named) finds."""
    query = Query(index="articles", words=words, rights=rights or ("public",), **values)
    async with reading(db) as session:
        return [hit.id for hit in (await search.find(session, query)).hits]


async def put(db: Database, *documents: Document) -> None:
    """Index documents and commit."""
    async with unit_of_work(db) as session:
        await search.put(session, documents)


async def test_what_is_put_is_found_until_it_is_replaced_or_removed(db: Database) -> None:
    """A document is found by its title and body; after a change by the new words only; after removal not at all."""
    await put(db, article(1, "How to clean the filter", "Open the lid."), article(2, "Warranty", "Keep the bill."))
    assert await found(db, "filter") == ["a1"]
    assert await found(db, "bill") == ["a2"]
    await put(db, article(2, "Warranty", "Register the machine."))
    assert await found(db, "bill") == []
    assert await found(db, "registering machines") == ["a2"]
    async with unit_of_work(db) as session:
        await search.remove(session, "articles", ["a2", "never there"])
    assert await found(db, "machine") == []


async def test_a_reader_finds_only_what_one_of_her_tokens_opens(db: Database) -> None:
    """Rights stand inside the question: the same words find more for whoever holds more tokens."""
    await put(
        db,
        article(1, "Filter for all"),
        article(2, "Filter for firms", rights=("org:7", "agents")),
        article(3, "Filter for nobody", rights=()),
    )
    assert await found(db, "filter") == ["a1"]
    assert set(await found(db, "filter", "public", "org:7")) == {"a1", "a2"}
    assert await found(db, "filter", "org:8") == []


async def test_filters_narrow_a_question(db: Database) -> None:
    """By a value, by one of several, by a value of a list, by a range, by language; an unknown one is refused."""
    await put(
        db,
        article(1, "Filter", fields={"category_id": 1, "tags": ["kitchen", "new"]}, language="en"),
        article(2, "Filter", fields={"category_id": 2, "tags": ["bath"]}, language="hi"),
    )
    assert await found(db, "filter", filters={"category_id": 2}) == ["a2"]
    assert set(await found(db, "filter", filters={"category_id": (1, 2)})) == {"a1", "a2"}
    assert await found(db, "filter", filters={"tags": "new"}) == ["a1"]
    assert await found(db, "filter", filters={"category_id": Range(least=1, below=2)}) == ["a1"]
    assert await found(db, "filter", language="hi") == ["a2"]
    with pytest.raises(Invalid, match="cannot be narrowed"):
        await found(db, "filter", filters={"colour": "red"})

"""Synonyms and stop words: how they are entered, and what they do to a question."""

from datetime import UTC, datetime

import pytest

from core import search, search_vocabulary
from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.errors import Invalid, NotFound
from core.search import Document, Query

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


async def put(db: Database, **titles: str) -> None:
    """Articles with these titles."""
    documents = [
        Document(index="articles", id=key, title=title, body="", rights=("public",), updated_at=NOW)
        for key, title in titles.items()
    ]
    async with unit_of_work(db) as session:
        await search.put(session, documents)


async def found(db: Database, words: str) -> list[str]:
    """What is found, the best first."""
    async with db.sessions() as session:
        query = Query(index="articles", words=words, rights=("public",))
        return [hit.id for hit in (await search.find(session, query)).hits]


async def test_synonyms_are_found_after_the_word_itself(db: Database, clock: ManualClock) -> None:
    """In both directions, also of several words, until the group is changed or removed."""
    await put(db, tv="The television is dark", set="The idiot box", lamp="The lamp")
    assert await found(db, "tv") == []
    async with unit_of_work(db) as session:
        group = await search_vocabulary.add_synonyms(session, ["TV", "Television", "idiot  box"])
        assert group.words == ["TV", "Television", "idiot box"]
    assert set(await found(db, "tv")) == {"tv", "set"}
    assert (await found(db, "television"))[0] == "tv"
    assert set(await found(db, "my idiot box")) == {"set", "tv"}
    async with unit_of_work(db) as session:
        await search_vocabulary.change_synonyms(session, group.id, ["tv", "lamp"])
    assert await found(db, "tv") == ["lamp"]
    async with unit_of_work(db) as session:
        await search_vocabulary.remove_synonyms(session, group.id)
        with pytest.raises(NotFound):
            await search_vocabulary.remove_synonyms(session, group.id)
    assert await found(db, "tv") == []


async def test_stop_words_are_left_out_unless_there_is_nothing_else(db: Database, clock: ManualClock) -> None:
    """A question of stop words alone still finds what it says."""
    await put(db, a="Please wait", b="Broken lamp")
    async with unit_of_work(db) as session:
        assert await search_vocabulary.add_stop_word(session, "PLEASE") == "please"
        assert await search_vocabulary.add_stop_word(session, "please") == "please"
    assert await found(db, "please lamp") == ["b"]
    assert await found(db, "please") == ["a"]
    async with unit_of_work(db) as session:
        assert await search_vocabulary.list_stop_words(session) == ["please"]
        await search_vocabulary.remove_stop_word(session, "please")
        with pytest.raises(NotFound):
            await search_vocabulary.remove_stop_word(session, "please")
    assert set(await found(db, "please lamp")) == {"a", "b"}


@pytest.mark.parametrize("words", [["lamp"], ["lamp", "LAMP"], ["lamp", "..."], ["lamp", "a b c d"], ["lamp"] * 31])
async def test_what_are_no_synonyms_is_refused(db: Database, clock: ManualClock, words: list[str]) -> None:
    """Fewer than two different words, marks without a word, whole sentences."""
    async with unit_of_work(db) as session:
        with pytest.raises(Invalid):
            await search_vocabulary.add_synonyms(session, words)


async def test_a_stop_word_is_one_word(db: Database, clock: ManualClock) -> None:
    """Two words, or none, are refused."""
    async with unit_of_work(db) as session:
        for word in ("two words", "!?"):
            with pytest.raises(Invalid):
                await search_vocabulary.add_stop_word(session, word)

"""The search port on PostgreSQL."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

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


@pytest.mark.parametrize(("rights", "offered"), [(("public",), None), (("public", "agents"), "filter titanium")])
async def test_no_word_is_offered_that_stands_only_in_what_one_may_not_read(
    db: Database, rights: tuple[str, ...], offered: str | None
) -> None:
    """A misspelt word is put right by words of what the reader may read, in the very form that stands there."""
    await put(
        db,
        article(1, "Filter for all", "It is cleaned twice."),
        article(2, "Project Titanium", "Titaniums cleanse.", rights=("agents",)),
        article(3, "Filter for firms", rights=("org:7",)),
    )
    query = Query(index="articles", words="filter titanuim", rights=rights)
    async with reading(db) as session:
        assert (await search.find(session, query)).corrected == offered
        query = Query(index="articles", words="filter clenaed", rights=rights)
        assert (await search.find(session, query)).corrected == "filter cleaned"


async def test_a_readable_word_is_offered_beside_a_nearer_one_that_is_not(db: Database) -> None:
    """What cannot be offered does not hide what can; a stem in common does not make a word readable."""
    await put(
        db,
        article(1, "Filter and gasket", "One gasket each."),
        *(article(number, "Gaskel gaskets", rights=("agents",)) for number in range(2, 6)),
    )
    async with reading(db) as session:
        for typed, offered in (("filter gaskeb", "filter gasket"), ("filter gaskeds", "filter gasket")):
            answer = await search.find(session, Query(index="articles", words=typed, rights=("public",)))
            assert answer.corrected in {offered, None}, typed
        answer = await search.find(session, Query(index="articles", words="filter gaskeb", rights=("public",)))
        assert answer.corrected == "filter gasket"


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


async def test_a_misspelt_word_finds_what_was_meant(db: Database) -> None:
    """One letter swapped, left out, doubled or replaced, in any script; the answer says how it read the question."""
    await put(
        db,
        article(1, "Warranty of the washing machine"),
        article(2, "Cleaning the filter"),
        article(3, "वारंटी का पंजीकरण"),
        article(4, "ಖಾತರಿ ನೋಂದಣಿ ಮಾಡುವುದು"),
    )
    for typed in ("warrnaty", "warrnty", "warrannty", "warramty"):
        assert await found(db, typed) == ["a1"], typed
    assert await found(db, "पंजिकरण") == ["a3"]
    assert await found(db, "ನೋಂದಣ") == ["a4"]
    async with reading(db) as session:
        answer = await search.find(session, Query(index="articles", words="filtre clean", rights=("public",)))
    assert answer.corrected == "filter clean" and answer.hits[0].id == "a2"


async def test_the_best_comes_first(db: Database) -> None:
    """A word in the title beats the same in the body, a rare word a frequent one, neighbours words that stand apart."""
    await put(
        db,
        article(1, "Delivery", "The filter is sent by post, and the pump as well."),
        article(2, "Filter", "It is sent by post."),
        article(3, "Opening hours", "We answer by post. Please post no bills."),
        article(4, "Post office", "Some words about a red light and a green lamp."),
        article(5, "Post box", "Some words about a red lamp and a green light."),
    )
    assert (await found(db, "filter"))[0] == "a2"
    assert (await found(db, "post filter"))[0] == "a2"
    assert (await found(db, "red light"))[0] == "a4"
    assert (await found(db, "red lamp"))[0] == "a5"


async def test_an_unfinished_word_finds_its_completions(db: Database) -> None:
    """While somebody types, the last word may be the beginning of one; otherwise it is taken as it is."""
    await put(db, article(1, "Warranty"), article(2, "Filter"))
    assert await found(db, "warr", unfinished=True) == ["a1"]
    assert await found(db, "where is my warra", unfinished=True) == ["a1"]


async def test_hits_are_marked_and_counted(db: Database) -> None:
    """Every form of a word is marked in title and snippet; facets count what was found."""
    await put(
        db,
        article(1, "Filters", "Clean the filter. Then dry it.", fields={"category_id": 1}),
        article(2, "Pump", "A filter stands before it.", fields={"category_id": 2}),
        article(3, "Hose", "Nothing else.", fields={"category_id": 2}),
    )
    query = Query(index="articles", words="filters", rights=("public",), facets=("category_id",))
    async with reading(db) as session:
        answer = await search.find(session, query)
    assert [part.text for part in answer.hits[0].title if part.marked] == ["Filters"]
    assert [part.text for part in answer.hits[0].snippet if part.marked] == ["filter"]
    assert answer.total == 2 and answer.facets == {"category_id": {"1": 1, "2": 1}}


async def test_part_of_a_word_in_a_title_is_found_when_nothing_else_is(db: Database) -> None:
    """A piece of a model number is no word of any document, yet it finds the title that it stands in."""
    await put(db, article(1, "Machine ABX2007"), article(2, "Pump"))
    assert await found(db, "bx200") == ["a1"]


async def test_without_words_the_newest_come_first(db: Database) -> None:
    """An empty question lists what the filters leave, newest first, page by page."""
    await put(db, *(article(n, "Filter", updated_at=NOW + timedelta(minutes=n)) for n in range(5)))
    assert await found(db, "", limit=2) == ["a4", "a3"]
    assert await found(db, " ", limit=2, offset=2) == ["a2", "a1"]


async def test_counts_of_words_follow_every_change(db: Database) -> None:
    """After puts, replacements and removals the vocabulary is what the documents say."""
    await put(db, article(1, "Red lamp", "red red"), article(2, "Red pump"))
    await put(db, article(2, "Blue pump"), article(3, "Blue lamp"))
    async with unit_of_work(db) as session:
        await search.remove(session, "articles", ["a3"])
        await search.remove(session, "articles", ["a3"])
    async with reading(db) as session:
        rows = await session.execute(text("select word, documents from search_words where documents <> 0"))
        assert dict(rows.all()) == {"red": 1, "lamp": 1, "blue": 1, "pump": 1}
        size = (await session.execute(text("select documents, title_words, body_words from search_sizes"))).one()
        assert tuple(size) == (2, 4, 2)


async def test_hostile_questions_are_only_words(db: Database) -> None:
    """Operators, quotes, backslashes, zero bytes and very long questions neither fail nor mean anything."""
    await put(db, article(1, "Filter"))
    for typed in ("filter' | 'x", "a\\'b & !c:*", "\x00", "(((", "'", "%_", "<-> <2>", "ﷺ" * 400, "filter " * 3000):
        await found(db, typed)
    assert await found(db, "filter' & !'filter") == ["a1"]


async def test_a_document_of_any_length_can_be_put(db: Database) -> None:
    """A book with a million different words, a word without an end, half a surrogate: none of them fails the change."""
    book = " ".join(f"ಪದ{number}ಸಂಖ್ಯೆ" for number in range(200_000))
    await put(db, article(1, "Book", f"beginning {book}"), article(2, "Long " + "x" * 100_000, "half \ud800 a pair"))
    assert await found(db, "beginning") == ["a1"]
    assert await found(db, "pair") == ["a2"]
    assert await found(db, "x" * 100_000) in ([], ["a2"])


async def test_writers_of_one_index_wait_for_each_other(db: Database) -> None:
    """Many documents put at once by several processes leave right counts and no deadlock."""

    async def write(start: int) -> None:
        await put(db, *(article(start + n, f"Lamp {start + n}", "red green blue") for n in range(5)))

    await asyncio.gather(*(write(10 * n) for n in range(6)))
    async with reading(db) as session:
        assert await session.scalar(text("select documents from search_words where word = 'lamp'")) == 30

"""Finding articles, and what is kept of the questions."""

from datetime import timedelta

from sqlalchemy import select

from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from knowledge_base import deflection, options, publishing, reports, search, visitors, writing
from knowledge_base.access import VISITOR
from knowledge_base.deflection import Reading
from knowledge_base.models import Search
from knowledge_base.options import Wishes
from knowledge_base.search import Wish
from knowledge_base.writing import Text
from tests import factories
from tests.knowledge_base.conftest import People, publish, published, rewrite


async def titles(db: Database, words: str, locale: str = "en") -> list[str]:
    """What a visitor finds."""
    async with reading(db) as session:
        answer = await search.find(session, VISITOR, Wish(words=words, locale=locale))
        return [hit.plain_title for hit in answer.hits]


async def test_what_is_published_is_found_and_what_is_taken_away_is_not(db: Database, people: People, indexed) -> None:
    """Publishing, changing, unpublishing and deleting reach the search with their own transaction."""
    async with unit_of_work(db) as session:
        made = await published(session, "Defrost the freezer", body="Switch it off.")
        other = await published(session, "Clean the lint trap", body="Open the flap.")
    assert await titles(db, "defrost") == ["Defrost the freezer"]
    async with unit_of_work(db) as session:
        await rewrite(session, made.id, "Turn the knob to zero.")
    assert await titles(db, "knob") == []
    async with unit_of_work(db) as session:
        await publish(session, made.id)
    assert await titles(db, "knob") == ["Defrost the freezer"]
    assert await titles(db, "defrsot freezer") == ["Defrost the freezer"]
    async with unit_of_work(db) as session:
        await publishing.unpublish(session, made.id, "en")
        await publishing.delete(session, other.id)
    assert await titles(db, "defrost") == []
    assert await titles(db, "lint") == []


async def test_a_language_finds_its_own_text_or_the_source(db: Database, people: People, indexed) -> None:
    """The translation where there is one, else the source, unless the desk hides what is not translated."""
    async with unit_of_work(db) as session:
        made = await published(session, "Filter reset", body="Filter zurücksetzen")
        await published(session, "Filter price", body="What it costs")
        await writing.translate(session, made.id, "hi", Text(title="फ़िल्टर रीसेट", body="Filter बटन दबाएँ"))
        await publish(session, made.id, "hi")
    assert set(await titles(db, "filter", "hi")) == {"फ़िल्टर रीसेट", "Filter price"}
    assert set(await titles(db, "filter", "en")) == {"Filter reset", "Filter price"}
    async with unit_of_work(db) as session:
        await options.write(session, Wishes(fallback="hide"))
    assert await titles(db, "filter", "hi") == ["फ़िल्टर रीसेट"]


async def test_questions_are_kept_without_private_data(db: Database, people: People, indexed) -> None:
    """Searches without answers are counted, typing is one question, and numbers and addresses are not kept."""
    nobody = visitors.hashed("secret", "cookie-1")
    async with unit_of_work(db) as session:
        await published(session, "Defrost the freezer")
    async with unit_of_work(db) as session:
        for words in ("leak", "leaking f", "leaking from asha@x.example 9876543210"):
            await search.suggest(session, VISITOR, words, "en", visitor=nobody)
        await search.find(session, VISITOR, Wish(words="Dishwasher", locale="en", visitor=nobody))
        found = await search.find(session, VISITOR, Wish(words="defrost", locale="en", visitor=nobody))
        assert found.search_id is not None
        await search.clicked(session, found.search_id, "somebody else", found.hits[0].article_id)
        assert (await session.get_one(Search, found.search_id)).clicked_article_id is None
        await search.clicked(session, found.search_id, nobody, found.hits[0].article_id)
    async with reading(db) as session:
        kept = [(one.source, one.words) for one in await session.scalars(select(Search).order_by(Search.id))]
        assert kept == [
            ("suggestion", "leaking from … …"),
            ("portal", "dishwasher"),
            ("portal", "defrost"),
        ]
        now = (await session.scalars(select(Search.at))).first()
        assert now is not None
        lost = await reports.lost_searches(session, now - timedelta(days=1), now + timedelta(days=1))
        assert {(one.words, one.without_result) for one in lost} == {("dishwasher", 1), ("leaking from … …", 1)}


async def test_deflection_is_counted_honestly(db: Database, clock: ManualClock, people: People, indexed) -> None:
    """Who wrote within 24 hours, here or by mail, was not helped; who may still write counts neither way."""
    async with unit_of_work(db) as session:
        made = await published(session, "Defrost the freezer")
        asha = (await factories.received(session)).customer_id

    def opened(visitor: str, search_id: int | None = None, customer_id: int | None = None) -> Reading:
        return Reading(article_id=made.id, locale="en", visitor=visitor, customer_id=customer_id, search_id=search_id)

    clock.advance(timedelta(hours=1))
    since = clock.now()
    async with unit_of_work(db) as session:
        for visitor, customer in (
            ("asks-here", None),
            ("asks-by-mail", asha),
            ("content", None),
            ("known-later", None),
        ):
            found = await search.find(session, VISITOR, Wish(words="defrost", locale="en", visitor=visitor))
            await deflection.viewed(session, [opened(visitor, found.search_id, customer)])
        await deflection.viewed(session, [opened("came by a link")])
    clock.advance(timedelta(hours=5))
    async with unit_of_work(db) as session:
        await deflection.asked(session, visitor="asks-here")
        await factories.received(session)
    clock.advance(timedelta(days=2))
    async with unit_of_work(db) as session:
        found = await search.find(session, VISITOR, Wish(words="defrost", locale="en", visitor="just now"))
        await deflection.viewed(session, [opened("just now", found.search_id)])
        await search.solved(session, found.search_id or 0, "just now")
    async with reading(db) as session:
        report = await deflection.report(session, since, clock.now() + timedelta(hours=1))
    assert (report.read, report.asked, report.deflected, report.pending) == (5, 2, 2, 1)
    assert report.said_solved == 1
    assert [(one.read, one.asked) for one in report.articles] == [(5, 2)]

"""Forgetting what a customer looked for and said about articles."""

from datetime import timedelta

from sqlalchemy import func, select, text

from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from knowledge_base import deflection, erasing, feedback, search
from knowledge_base.access import VISITOR, Reader
from knowledge_base.deflection import Reading
from knowledge_base.models import Contact, Search, View, Vote
from knowledge_base.search import Wish
from tests.knowledge_base.conftest import People, published

HERS = Reader(kind="customer", customer_id=7700777)


async def test_her_words_and_marks_go_and_the_numbers_stay(db: Database, people: People, indexed) -> None:
    """Also what she did before she signed in; another visitor's words stay."""
    async with unit_of_work(db) as session:
        made = await published(session, "Defrost the freezer")
    async with unit_of_work(db) as session:
        for visitor, reader, words in (
            ("hers", HERS, "secret leak"),
            ("hers", VISITOR, "secret noise"),
            ("other", VISITOR, "plain"),
        ):
            found = await search.find(session, reader, Wish(words=words, locale="en", visitor=visitor))
            read = Reading(
                article_id=made.id, locale="en", visitor=visitor, customer_id=reader.customer_id, search_id=found.search_id
            )  # fmt: skip
            await deflection.viewed(session, [read])
            await feedback.vote(
                session, reader, made.id, "en", visitor=visitor, is_helpful=False, comment=f"{words} again"
            )
        await deflection.asked(session, visitor="hers", customer_id=7700777, ticket_id=5)
    async with unit_of_work(db) as session:
        for _ in range(2):
            await erasing.erase(session, 7700777)
    async with reading(db) as session:
        everything = [
            str([tuple(row) for row in await session.execute(text(f"select * from {table}"))])
            for table in ("article_searches", "article_views", "article_votes", "article_tasks", "article_contacts")
        ]
        assert "secret" not in str(everything)
        assert "hers" not in str(everything)
        assert "7700777" not in str(everything)
        assert "plain again" in str(everything)
        counts = [
            await session.scalar(select(func.count()).select_from(model)) for model in (Search, View, Vote, Contact)
        ]
        assert counts == [3, 3, 2, 0]


async def test_old_searches_and_views_are_not_kept(db: Database, people: People, clock: ManualClock) -> None:
    """After 400 days they go; votes, which are the readers' word on the article, stay."""
    async with unit_of_work(db) as session:
        made = await published(session)
        await search.find(session, VISITOR, Wish(words="filter", locale="en", visitor="v"))
        await deflection.viewed(session, [Reading(article_id=made.id, locale="en", visitor="v")])
        await deflection.asked(session, visitor="v")
        await feedback.vote(session, VISITOR, made.id, "en", visitor="v", is_helpful=True)
    for days, left in ((399, [1, 1, 1, 1]), (2, [0, 0, 1, 0])):
        clock.advance(timedelta(days=days))
        async with unit_of_work(db) as session:
            await erasing.tidy(session)
            models = (Search, View, Vote, Contact)
            assert [await session.scalar(select(func.count()).select_from(model)) for model in models] == left

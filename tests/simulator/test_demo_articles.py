"""The demo company's knowledge base: complete, linked, the same when it is imported again."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from core import clock as clocks
from core.db import Database, reading, unit_of_work
from core.i18n import NAMES
from core.storage import Storage
from knowledge_base import announcements, bundle, importing, listing, search, tasks
from knowledge_base import reading as articles
from knowledge_base.access import VISITOR, Reader
from knowledge_base.listing import ListQuery
from knowledge_base.models import Article, Category, Translation
from knowledge_base.search import Wish
from simulator import demo_articles

pytestmark = pytest.mark.slow
EDITOR = Reader(kind="agent", is_editor=True)


@pytest.fixture
async def filled(db: Database, storage: Storage, clock: clocks.ManualClock) -> None:
    """A desk with the articles; a second call does nothing."""
    for _ in range(2):
        async with unit_of_work(db) as session:
            await demo_articles.fill(session, storage, clock.now())


async def test_it_has_what_a_knowledge_base_has(db: Database, filled: None) -> None:
    """Categories, some two dozen articles, eight of them in five languages, a draft in review, one out of date."""
    async with reading(db) as session:
        assert await session.scalar(select(func.count()).select_from(Category)) == 6
        assert await session.scalar(select(func.count()).select_from(Article)) >= 24
        told = select(Translation.article_id).group_by(Translation.article_id).having(func.count() == len(NAMES))
        assert len(list(await session.scalars(told))) >= 6
        for query, title in (
            (ListQuery(state="in_review"), "Prepare your appliances for the monsoon"),
            (ListQuery(is_outdated=True), "The air conditioner runs but does not cool"),
            (ListQuery(visibility="agents"), "Goodwill: what you may promise after the warranty"),
        ):
            rows, _ = await listing.list_articles(session, EDITOR, query)
            assert [row.title for row in rows] == [title]
        assert len(await announcements.current(session, VISITOR, "kn")) == 1
        assert len((await tasks.listed(session))[0]) == 2


async def test_every_text_is_whole(db: Database, filled: None) -> None:
    """Each has a summary, leads only to articles that are there, and shows its pictures."""
    async with reading(db) as session:
        for locale in NAMES:
            for line in await articles.newest(session, VISITOR, locale, 100, exact=True):
                shown = await articles.by_id(session, VISITOR, line.article_id, locale)
                html = shown.html(lambda number, _: f"/f/{number}", lambda language, slug: f"/{language}/{slug}")
                assert shown.summary, line.slug
                assert ".md" not in html, line.slug
                assert html.count("<img") == sum(one.is_shown for one in shown.files)
                own = [one for one in shown.linked.values() if one.locale != locale]
                assert not own or locale != "en", line.slug


async def test_it_is_found_in_every_language(db: Database, filled: None) -> None:
    """By words of its own language, whoever asks."""
    wanted = {"en": "bolts", "hi": "बोल्ट", "mr": "बोल्ट", "bn": "বোল্ট", "kn": "ಬೋಲ್ಟ್"}
    async with reading(db) as session:
        for locale, word in wanted.items():
            found = await search.find(session, VISITOR, Wish(words=word, locale=locale))
            assert [hit.locale for hit in found.hits][:1] == [locale], locale


async def test_importing_it_again_changes_nothing(db: Database, storage: Storage, filled: None) -> None:
    """The folder is a bundle like any other."""
    async with unit_of_work(db) as session:
        found = bundle.read(bundle.from_path(Path(demo_articles.FOLDER)))
        report = await importing.take(session, storage, found)
    assert {row.action for row in report.rows} == {"unchanged"}, [
        row for row in report.rows if row.action != "unchanged"
    ]

"""Published articles for tests of the portal's public side."""

from collections.abc import Iterator

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from core import events
from core.db import Database, unit_of_work
from knowledge_base import categories, indexing, publishing, writing
from knowledge_base.categories import CategoryChange
from knowledge_base.events import (
    ArticleChanged,
    ArticleDeleted,
    ArticlePublished,
    ArticleUnpublished,
    SlugChanged,
)
from knowledge_base.writing import Properties, Text

INDEXED = (ArticlePublished, ArticleUnpublished, ArticleChanged, ArticleDeleted, SlugChanged)
BODY = """Unplug it and wait.

## Check the relay

1. Open the cover.
2. Shake the box.

## Book a repair

Units under warranty are repaired at no cost.
"""


@pytest.fixture
def indexed() -> Iterator[None]:
    """Articles are found as soon as they are published."""
    before = events._handlers
    events.subscribe(dict.fromkeys(INDEXED, (indexing.on_article_changed,)))
    yield
    events.subscribe(before)


async def shelf(db: Database, slug: str = "cooling", **names: str) -> int:
    """A category."""
    async with unit_of_work(db) as session:
        wanted = CategoryChange(names=names or {"en": "Cooling", "hi": "ठंडक"}, slug=slug)
        return (await categories.create(session, wanted)).id


async def publish(session: AsyncSession, article_id: int, locale: str) -> None:
    """Publish the working version."""
    found = await writing.get_translation(session, article_id, locale)
    assert found.working_version_id is not None
    await publishing.approve(session, article_id, locale, found.working_version_id, confirms=True)


async def article(
    db: Database, title: str = "Compressor stops", *, body: str = BODY, summary: str = "Check it.", **about: object
) -> int:
    """A published article; public unless said otherwise."""
    async with unit_of_work(db) as session:
        wanted = Properties(**{"visibility": "public", **about})  # type: ignore[arg-type]
        made = await writing.create(session, "en", Text(title=title, summary=summary, body=body), wanted)
        await publish(session, made.id, "en")
        return made.id


async def translated(db: Database, article_id: int, locale: str, title: str, slug: str) -> None:
    """Tell an article in one more language."""
    async with unit_of_work(db) as session:
        await writing.translate(session, article_id, locale, Text(title=title, body=f"{title}."), slug)
        await publish(session, article_id, locale)

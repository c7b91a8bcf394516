"""People who write, review and read articles, and articles that are published."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from core import events
from core.actor import Actor, ActorKind
from core.clock import ManualClock
from core.db import Database, unit_of_work
from knowledge_base import indexing, publishing, writing
from knowledge_base.events import (
    ArticleChanged,
    ArticleDeleted,
    ArticlePublished,
    ArticleUnpublished,
    SlugChanged,
)
from knowledge_base.models import Article, Translation
from knowledge_base.writing import Properties, Text
from staff.permissions import ROLES
from tests import factories


@dataclass
class People:
    """An author, somebody who may approve, and their team."""

    author: Actor
    reviewer: Actor
    team_id: int


@pytest.fixture
async def people(db: Database, clock: ManualClock) -> People:
    """An agent and a lead."""
    async with unit_of_work(db) as session:
        team = await factories.team(session)
        author, reviewer = await factories.agent(session, team), await factories.agent(session)
        return People(
            Actor(ActorKind.AGENT, author.id, author.name, ROLES["agent"], (team.id,)),
            Actor(ActorKind.AGENT, reviewer.id, reviewer.name, ROLES["lead"]),
            team.id,
        )


async def article(
    session: AsyncSession, title: str = "Reset the filter", *, locale: str = "en", body: str = "", **properties: object
) -> Article:
    """A draft."""
    content = Text(title=title, body=body or f"How to {title.lower()}.", summary="")
    return await writing.create(session, locale, content, Properties(**properties))  # type: ignore[arg-type]


async def published(
    session: AsyncSession, title: str = "Reset the filter", *, locale: str = "en", body: str = "", **properties: object
) -> Article:
    """An article that readers see; public unless said otherwise. The unit of work must be the system's."""
    made = await article(session, title, locale=locale, body=body, **{"visibility": "public", **properties})
    await publish(session, made.id, locale)
    return made


async def publish(session: AsyncSession, article_id: int, locale: str = "en", **more: object) -> Translation:
    """Publish the working version of a text, in the name of the unit's actor."""
    found = await writing.get_translation(session, article_id, locale)
    assert found.working_version_id is not None
    return await publishing.approve(session, article_id, locale, found.working_version_id, **more)  # type: ignore[arg-type]


async def rewrite(session: AsyncSession, article_id: int, body: str, locale: str = "en", **more: object) -> Translation:
    """Save another body under the same title."""
    found = await writing.get_translation(session, article_id, locale)
    old = await writing.get_version(session, found.id, found.working_version_id)
    content = Text(title=old.title, summary=old.summary, body=body, **more)  # type: ignore[arg-type]
    return await writing.save(session, article_id, locale, content)


@pytest.fixture
def indexed() -> Iterator[None]:
    """The search hears of what is published, as the product's wiring has it."""
    before = events._handlers
    changes = (ArticleChanged, ArticleDeleted, ArticlePublished, ArticleUnpublished, SlugChanged)
    events.subscribe(dict.fromkeys(changes, (indexing.on_article_changed,)))
    yield
    events.subscribe(before)

"""Tickets and articles: which ticket an article came from, in which tickets' answers it was used.

Tickets are plain numbers here; who may see which of them is decided by the caller (``agent_ui``), which knows both.
"""

from datetime import datetime
from typing import Final, Literal

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.db import actor_of
from knowledge_base.access import Reader, seen_in_console
from knowledge_base.events import ArticleUsed
from knowledge_base.models import Article, ArticleTicket, Translation, Version

How = Literal["source", "link", "text"]
LONGEST_PAGE: Final = 100


class Use(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An article in a ticket. ``isOlder``: the article was changed since; that answer may be wrong now."""

    ticket_id: int
    how: str
    locale: str
    agent_id: int | None
    is_older: bool
    at: datetime


class UsedArticle(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An article that a ticket has to do with."""

    article_id: int
    title: str
    how: str
    locale: str
    is_older: bool
    at: datetime


async def use(session: AsyncSession, article: Article, ticket_id: int, how: How, locale: str) -> None:
    """Note that an article was used in a ticket, or came from it; used again, the newer revision counts."""
    said = {"revision": article.revision, "locale": locale, "agent_id": actor_of(session).id, "at": clock.now()}
    statement = insert(ArticleTicket).values(article_id=article.id, ticket_id=ticket_id, how=how, **said)
    await session.execute(
        statement.on_conflict_do_update(constraint="uq_article_tickets_article_ticket_how", set_=said)
    )
    events.record(session, ArticleUsed(article_id=article.id, ticket_id=ticket_id, how=how))


async def tickets_using(
    session: AsyncSession, article: Article, before: int | None = None, limit: int = 50
) -> tuple[list[Use], int | None]:
    """One page of the tickets that an article came from or was used in, newest first, and the key of the next."""
    limit = max(1, min(limit, LONGEST_PAGE))
    statement = (
        select(ArticleTicket).where(ArticleTicket.article_id == article.id).order_by(ArticleTicket.id.desc())
    ).limit(limit + 1)
    if before is not None:
        statement = statement.where(ArticleTicket.id < before)
    rows = list(await session.scalars(statement))
    found = [
        Use(
            ticket_id=row.ticket_id,
            how=row.how,
            locale=row.locale,
            agent_id=row.agent_id,
            is_older=row.how != "source" and row.revision < article.revision,
            at=row.at,
        )
        for row in rows[:limit]
    ]
    return found, rows[limit - 1].id if len(rows) > limit else None


async def articles_of(session: AsyncSession, reader: Reader, ticket_id: int) -> list[UsedArticle]:
    """The articles that a ticket has to do with and that the reader may see, newest use first."""
    statement = (
        select(
            Article.id, Version.title, ArticleTicket.how, ArticleTicket.locale,
            (ArticleTicket.revision < Article.revision) & (ArticleTicket.how != "source"), ArticleTicket.at,
        )
        .join(Article, Article.id == ArticleTicket.article_id)
        .join(Translation, (Translation.article_id == Article.id) & (Translation.locale == Article.source_locale))
        .join(Version, Version.id == Translation.working_version_id)
        .where(ArticleTicket.ticket_id == ticket_id, seen_in_console(reader))
        .order_by(ArticleTicket.at.desc())
    )  # fmt: skip
    return [
        UsedArticle(article_id=row[0], title=row[1], how=row[2], locale=row[3], is_older=row[4], at=row[5])
        for row in await session.execute(statement)
    ]

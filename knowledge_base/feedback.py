"""Did this help? One vote of each visitor; a "no" with words becomes a task for the article's owner."""

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.errors import Invalid
from knowledge_base import reading, tasks, writing
from knowledge_base.access import Reader
from knowledge_base.events import ArticleVoted
from knowledge_base.models import Task, Vote

REASONS: Final = ("unclear", "incomplete", "wrong", "outdated", "other_question")
LONGEST_PAGE: Final = 100


class VoteLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A vote, without who it was."""

    id: int
    locale: str
    is_helpful: bool
    reason: str
    comment: str
    at: datetime


class Score(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Votes of one month."""

    month: str
    helpful: int
    unhelpful: int


async def vote(
    session: AsyncSession,
    reader: Reader,
    article_id: int,
    locale: str,
    *,
    visitor: str,
    is_helpful: bool,
    reason: str = "",
    comment: str = "",
) -> None:
    """Keep a visitor's vote; voting again changes it.

    Args:
        session: the unit of work.
        reader: who votes; she must be able to read the article.
        article_id: about what.
        locale: in which language she read it.
        visitor: her hash (``knowledge_base/visitors``).
        is_helpful: yes or no.
        reason: with no: one of :data:`REASONS`, or "".
        comment: with no: in her words.

    Raises:
        NotFound: there is no such article for her.
        Invalid: no such reason, or nobody votes.
    """
    shown = await reading.by_id(session, reader, article_id, locale)
    if reason and reason not in REASONS:
        raise Invalid.field("reason", "There is no such reason.")
    if not visitor:
        raise Invalid.field("visitor", "Nobody votes.")
    said = {
        "version_id": shown.version_id,
        "locale": shown.locale,
        "is_helpful": is_helpful,
        "reason": "" if is_helpful else reason,
        "comment": "" if is_helpful else comment.replace("\x00", " ").strip()[:2000],
        "at": clock.now(),
    }
    statement = insert(Vote).values(article_id=article_id, visitor=visitor, **said)
    statement = statement.on_conflict_do_update(constraint="uq_article_votes_article_visitor", set_=said)
    vote_id: int = (await session.execute(statement.returning(Vote.id))).scalar_one()
    events.record(session, ArticleVoted(article_id=article_id, is_helpful=is_helpful))
    await _follow(session, article_id, shown.locale, vote_id, str(said["comment"]))


async def _follow(session: AsyncSession, article_id: int, locale: str, vote_id: int, words: str) -> None:
    """Open a task for a complaint, put other words into it, or close it when the reader is content now."""
    known = await session.scalar(select(Task).where(Task.vote_id == vote_id).with_for_update())
    if known is None:
        if words:
            article = await writing.get(session, article_id)
            await tasks.open_task(session, article, locale, "feedback", words, vote_id)
    elif not words:
        await tasks.resolve(session, known.id, "The reader took it back.")
    elif known.resolved_at is None:
        known.text = words


async def listed(
    session: AsyncSession, article_id: int, before: int | None = None, limit: int = 50
) -> tuple[list[VoteLine], int | None]:
    """One page of an article's votes, newest first, and the key of the next."""
    limit = max(1, min(limit, LONGEST_PAGE))
    statement = (
        select(Vote.id, Vote.locale, Vote.is_helpful, Vote.reason, Vote.comment, Vote.at)
        .where(Vote.article_id == article_id)
        .order_by(Vote.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        statement = statement.where(Vote.id < before)
    rows = [VoteLine(**row._mapping) for row in await session.execute(statement)]  # noqa: SLF001 - the row as a mapping
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


async def scores(session: AsyncSession, article_id: int) -> list[Score]:
    """An article's votes month by month, oldest first."""
    month = func.to_char(Vote.at, "YYYY-MM")
    statement = (
        select(
            month.label("month"),
            func.count().filter(Vote.is_helpful).label("helpful"),
            func.count().filter(~Vote.is_helpful).label("unhelpful"),
        )
        .where(Vote.article_id == article_id)
        .group_by(month)
        .order_by(month)
    )
    return [Score(**row._mapping) for row in await session.execute(statement)]  # noqa: SLF001 - the row as a mapping

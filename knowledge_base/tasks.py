"""Tasks about articles: a reader's complaint for the owner, a translation that is out of date, an agent's remark."""

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.db import actor_of
from core.errors import Invalid, NotFound
from knowledge_base.events import TaskOpened, TaskResolved
from knowledge_base.models import Article, Task, Translation, Version

LONGEST_PAGE: Final = 100


class TaskLine(msgspec.Struct, frozen=True, kw_only=True):
    """A task as a line of a list."""

    id: int
    article_id: int
    locale: str
    title: str
    kind: str
    text: str
    owner_id: int | None
    created_at: datetime
    resolved_at: datetime | None
    resolution: str


async def open_task(
    session: AsyncSession, article: Article, locale: str, kind: str, words: str, vote_id: int | None = None
) -> Task:
    """Give the owner of an article something to do.

    Raises:
        Invalid: it says nothing.
    """
    if not words.strip():
        raise Invalid.field("text", "Say what is to be done.")
    made = Task(
        article_id=article.id,
        locale=locale,
        kind=kind,
        text=words.strip()[:2000],
        vote_id=vote_id,
        owner_id=article.owner_id,
        created_at=clock.now(),
    )
    session.add(made)
    await session.flush()
    events.record(session, TaskOpened(article_id=article.id, task_id=made.id, owner_id=article.owner_id))
    return made


async def open_translation(session: AsyncSession, article: Article, locale: str) -> None:
    """Ask for a look at a translation, unless that is asked for already."""
    statement = select(Task.id).where(
        Task.article_id == article.id, Task.locale == locale, Task.kind == "translation", Task.resolved_at.is_(None)
    )
    if await session.scalar(statement) is None:
        await open_task(session, article, locale, "translation", "The source text has changed.")


async def resolve_translation(session: AsyncSession, article_id: int, locale: str) -> None:
    """Close what :func:`open_translation` asked for."""
    statement = select(Task.id).where(
        Task.article_id == article_id, Task.locale == locale, Task.kind == "translation", Task.resolved_at.is_(None)
    )
    for task_id in list(await session.scalars(statement)):
        await resolve(session, task_id, "The translation was confirmed.")


async def resolve(session: AsyncSession, task_id: int, resolution: str = "") -> None:
    """Say that a task is done; doing it twice changes nothing.

    Raises:
        NotFound: there is none with this id.
    """
    found = await session.get(Task, task_id, with_for_update=True)
    if found is None:
        raise NotFound("There is no such task.")
    if found.resolved_at is not None:
        return
    found.resolved_at = clock.now()
    found.resolved_by_id = actor_of(session).id
    found.resolution = resolution.strip()[:500]
    events.record(session, TaskResolved(article_id=found.article_id, task_id=task_id))


async def hand_over(session: AsyncSession, article_id: int, owner_id: int | None) -> None:
    """Give an article's open tasks to its new owner."""
    statement = update(Task).where(Task.article_id == article_id, Task.resolved_at.is_(None))
    await session.execute(statement.values(owner_id=owner_id))


async def listed(
    session: AsyncSession,
    *,
    owner_id: int | None = None,
    article_id: int | None = None,
    is_open: bool = True,
    before: int | None = None,
    limit: int = 50,
) -> tuple[list[TaskLine], int | None]:
    """One page of tasks, newest first, and the key of the next.

    Args:
        session: where to read.
        owner_id: only those of one agent.
        article_id: only those of one article.
        is_open: those that are not done, or those that are.
        before: where the page before ended.
        limit: rows.
    """
    limit = max(1, min(limit, LONGEST_PAGE))
    statement = (
        select(
            Task.id, Task.article_id, Task.locale, Version.title, Task.kind, Task.text, Task.owner_id,
            Task.created_at, Task.resolved_at, Task.resolution,
        )
        .join(Article, Article.id == Task.article_id)
        .join(Translation, (Translation.article_id == Task.article_id) & (Translation.locale == Article.source_locale))
        .join(Version, Version.id == Translation.working_version_id)
        .where(Task.resolved_at.is_(None) if is_open else Task.resolved_at.is_not(None))
        .order_by(Task.id.desc())
        .limit(limit + 1)
    )  # fmt: skip
    if owner_id is not None:
        statement = statement.where(Task.owner_id == owner_id)
    if article_id is not None:
        statement = statement.where(Task.article_id == article_id)
    if before is not None:
        statement = statement.where(Task.id < before)
    rows = [TaskLine(**row._mapping) for row in await session.execute(statement)]  # noqa: SLF001 - the row as a mapping
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None

"""Known issues and news: what the portal shows on top of its pages, from when until when, and whose tickets wait."""

from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import and_, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.db import actor_of
from core.errors import Invalid, NotFound, Stale
from core.i18n import NAMES
from knowledge_base import options, reading
from knowledge_base.access import Reader
from knowledge_base.events import AnnouncementChanged
from knowledge_base.models import Announcement, AnnouncementTicket, Article

Severity = Literal["info", "warning", "outage"]
SEVERITIES: Final = ("outage", "warning", "info")


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Fields to set; what is UNSET stays."""

    severity: str | msgspec.UnsetType = msgspec.UNSET
    titles: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    texts: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    article_id: int | msgspec.UnsetType | None = msgspec.UNSET
    starts_at: datetime | msgspec.UnsetType = msgspec.UNSET
    ends_at: datetime | msgspec.UnsetType | None = msgspec.UNSET


class Banner(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An announcement as a reader sees it. ``article``: slug of the article with more, if she may read it."""

    id: int
    severity: str
    locale: str
    title: str
    text: str
    article: str | None
    starts_at: datetime
    ends_at: datetime | None


async def current(session: AsyncSession, reader: Reader, locale: str) -> list[Banner]:
    """What is announced now, the gravest first."""
    now = clock.now()
    statement = select(Announcement).where(
        Announcement.starts_at <= now, or_(Announcement.ends_at.is_(None), Announcement.ends_at > now)
    )
    rows = list(await session.scalars(statement))
    if not rows:
        return []
    falls_back = (await options.read(session)).falls_back
    linked = {row.article_id for row in rows if row.article_id is not None}
    places = await reading.places_of(session, reader, linked, locale, falls_back=falls_back)
    return sorted(
        (
            Banner(
                id=row.id,
                severity=row.severity,
                locale=_told(row.titles, locale),
                title=row.titles[_told(row.titles, locale)],
                text=row.texts.get(_told(row.titles, locale), ""),
                article=places[row.article_id].slug if row.article_id in places else None,
                starts_at=row.starts_at,
                ends_at=row.ends_at,
            )
            for row in rows
        ),
        key=lambda one: (SEVERITIES.index(one.severity), -one.starts_at.timestamp()),
    )


def _told(words: dict[str, Any], locale: str) -> str:
    """The language in which something is told: the reader's, else English, else any."""
    return next((one for one in (locale, "en") if one in words), next(iter(words)))


async def every(session: AsyncSession) -> list[tuple[Announcement, int]]:
    """All announcements with the number of tickets that wait for them, the newest first."""
    waiting = (
        select(func.count())
        .select_from(AnnouncementTicket)
        .where(AnnouncementTicket.announcement_id == Announcement.id)
        .correlate(Announcement)
        .scalar_subquery()
    )
    statement = select(Announcement, waiting).order_by(Announcement.starts_at.desc(), Announcement.id.desc()).limit(200)
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def get(session: AsyncSession, announcement_id: int, *, for_update: bool = False) -> Announcement:
    """One announcement.

    Raises:
        NotFound: there is none with this id.
    """
    found = await session.get(Announcement, announcement_id, with_for_update=for_update)
    if found is None:
        raise NotFound("There is no such announcement.")
    return found


async def create(session: AsyncSession, wanted: Change) -> Announcement:
    """Announce something, from now on unless another time is given.

    Raises:
        Invalid: it has no title, ends before it starts, or names what is not there.
    """
    now = clock.now()
    made = Announcement(
        severity="info", titles={}, texts={}, starts_at=now, author_id=actor_of(session).id, created_at=now
    )
    await _set(session, made, wanted)
    session.add(made)
    await session.flush()
    await session.refresh(made)
    events.record(session, AnnouncementChanged(announcement_id=made.id, what="created"))
    return made


async def change(
    session: AsyncSession, announcement_id: int, wanted: Change, expected: int | None = None
) -> Announcement:
    """Change what is set; an end that is now ends it.

    Raises:
        NotFound: there is none with this id.
        Stale: ``expected`` is given and it is at another version.
        Invalid: as for :func:`create`.
    """
    found = await get(session, announcement_id, for_update=True)
    if expected is not None and expected != found.version:
        raise Stale("Somebody changed this announcement in the meantime.")
    await _set(session, found, wanted)
    found.version += 1
    events.record(session, AnnouncementChanged(announcement_id=announcement_id, what="changed"))
    return found


async def remove(session: AsyncSession, announcement_id: int) -> None:
    """Take an announcement away as if it had never been.

    Raises:
        NotFound: there is none with this id.
    """
    await session.delete(await get(session, announcement_id))
    events.record(session, AnnouncementChanged(announcement_id=announcement_id, what="removed"))


async def wait_for(session: AsyncSession, announcement_id: int, ticket_id: int) -> None:
    """Note that a ticket is about a known issue; twice changes nothing.

    Raises:
        NotFound: there is no such announcement.
    """
    await get(session, announcement_id)
    values = {"announcement_id": announcement_id, "ticket_id": ticket_id, "at": clock.now()}
    await session.execute(insert(AnnouncementTicket).values(values).on_conflict_do_nothing())


async def wait_no_more(session: AsyncSession, announcement_id: int, ticket_id: int) -> None:
    """A ticket is not about it after all."""
    await session.execute(
        delete(AnnouncementTicket).where(
            and_(AnnouncementTicket.announcement_id == announcement_id, AnnouncementTicket.ticket_id == ticket_id)
        )
    )


async def tickets_waiting(session: AsyncSession, announcement_id: int) -> list[int]:
    """The tickets about a known issue, oldest first."""
    statement = (
        select(AnnouncementTicket.ticket_id)
        .where(AnnouncementTicket.announcement_id == announcement_id)
        .order_by(AnnouncementTicket.at, AnnouncementTicket.ticket_id)
    )
    return list(await session.scalars(statement))


async def _set(session: AsyncSession, found: Announcement, wanted: Change) -> None:
    if isinstance(wanted.severity, str):
        if wanted.severity not in SEVERITIES:
            raise Invalid.field("severity", "There is no such severity.")
        found.severity = wanted.severity
    if isinstance(wanted.titles, dict):
        found.titles = _words(wanted.titles, "titles")
    if isinstance(wanted.texts, dict):
        found.texts = _words(wanted.texts, "texts")
    if not isinstance(wanted.article_id, msgspec.UnsetType):
        if wanted.article_id is not None and await session.get(Article, wanted.article_id) is None:
            raise Invalid.field("article_id", "There is no such article.")
        found.article_id = wanted.article_id
    if isinstance(wanted.starts_at, datetime):
        found.starts_at = wanted.starts_at
    if not isinstance(wanted.ends_at, msgspec.UnsetType):
        found.ends_at = wanted.ends_at
    if not found.titles:
        raise Invalid.field("titles", "An announcement needs a title.")
    if found.ends_at is not None and found.ends_at < found.starts_at:
        raise Invalid.field("ends_at", "It cannot end before it starts.")


def _words(given: dict[str, str], field: str) -> dict[str, str]:
    unknown = sorted(set(given) - set(NAMES))
    if unknown:
        raise Invalid.field(field, f"{unknown[0]} is not a language of this desk.")
    return {locale: words.strip()[:2000] for locale, words in given.items() if words.strip()}

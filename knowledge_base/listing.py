"""Lists of articles for the agents' screens: by state, language, category, owner, review date, words of the title."""

import base64
import binascii
from datetime import date, datetime
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from core.errors import Invalid, NotFound
from knowledge_base.access import Reader, seen_in_console
from knowledge_base.categories import with_those_below
from knowledge_base.models import Acknowledgement, Article, Translation, Version

LONGEST_PAGE: Final = 100
MOST_WORDS: Final = 500
State = Literal["draft", "in_review", "approved", "published", "archived"]


class ListQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What to list; None asks for nothing.

    Attributes:
        q: words of a title, in any language.
        state: of the working version in some language (or in ``locale``); ``published`` is what readers see.
        locale: told in this language.
        missing: not told in this language.
        is_outdated: some translation (or the one in ``locale``) is out of date.
        is_overdue: its review date has passed.
        unread_by: asks this agent to be read, and she has not.
    """

    q: str = ""
    category_id: int | None = None
    state: State | None = None
    locale: str | None = None
    missing: str | None = None
    visibility: str | None = None
    owner_id: int | None = None
    is_outdated: bool = False
    is_overdue: bool = False
    unread_by: int | None = None
    cursor: str | None = None
    limit: int = 50


class TranslationBrief(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A language of an article in a list."""

    locale: str
    title: str
    slug: str
    state: str
    is_live: bool
    is_outdated: bool
    publish_at: datetime | None


class ArticleRow(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An article in a list: all its languages, the source first."""

    id: int
    title: str
    source_locale: str
    category_id: int | None
    visibility: str
    owner_id: int | None
    review_on: date | None
    needs_acknowledgement: bool
    tags: list[str]
    translations: list[TranslationBrief]
    changed_at: datetime
    version: int


def _rows() -> Select[*tuple[Any, ...]]:
    told = (
        select(
            func.json_agg(
                aggregate_order_by(
                    func.json_build_object(
                        "locale", Translation.locale, "title", Version.title, "slug", Translation.slug,
                        "state", Translation.state, "isLive", Translation.published_version_id.is_not(None),
                        "isOutdated", Translation.outdated_since.is_not(None), "publishAt", Translation.publish_at,
                    ),
                    (Translation.locale == Article.source_locale).desc(),
                    Translation.id,
                )
            )
        )
        .join(Version, Version.id == Translation.working_version_id)
        .where(Translation.article_id == Article.id)
        .correlate(Article)
        .scalar_subquery()
    )  # fmt: skip
    return select(
        Article.id, Article.source_locale, Article.category_id, Article.visibility, Article.owner_id,
        Article.review_on, Article.needs_acknowledgement, Article.tags, told, Article.changed_at, Article.version,
    )  # fmt: skip


def _row(row: Any) -> ArticleRow:
    told = msgspec.convert(row[8] or [], list[TranslationBrief])
    return ArticleRow(
        id=row[0],
        title=told[0].title if told else "",
        source_locale=row[1],
        category_id=row[2],
        visibility=row[3],
        owner_id=row[4],
        review_on=row[5],
        needs_acknowledgement=row[6],
        tags=row[7],
        translations=told,
        changed_at=row[9],
        version=row[10],
    )


def _told(*more: Any) -> Any:
    """That an article is told in a language of which all of this holds."""
    return select(Translation.id).where(Translation.article_id == Article.id, *more).correlate(Article).exists()


async def list_articles(
    session: AsyncSession, reader: Reader, wanted: ListQuery
) -> tuple[list[ArticleRow], str | None]:
    """One page of articles, those changed last first, and the key of the next.

    Raises:
        Invalid: not a cursor of this list.
    """
    limit = max(1, min(wanted.limit, LONGEST_PAGE))
    statement = _rows().order_by(Article.changed_at.desc(), Article.id.desc()).limit(limit + 1)
    statement = statement.where(_told(seen_in_console(reader)))
    statement = _by_text(_by_properties(statement, wanted), wanted)
    if wanted.category_id is not None:
        statement = statement.where(Article.category_id.in_(await with_those_below(session, wanted.category_id)))
    if wanted.cursor:
        changed_at, last = _read_key(wanted.cursor)
        statement = statement.where(
            or_(Article.changed_at < changed_at, and_(Article.changed_at == changed_at, Article.id < last))
        )
    rows = [_row(row) for row in await session.execute(statement)]
    return rows[:limit], _key(rows[limit - 1]) if len(rows) > limit else None


def _by_properties(statement: Select[*tuple[Any, ...]], wanted: ListQuery) -> Select[*tuple[Any, ...]]:
    if wanted.visibility is not None:
        statement = statement.where(Article.visibility == wanted.visibility)
    if wanted.owner_id is not None:
        statement = statement.where(Article.owner_id == wanted.owner_id)
    if wanted.is_overdue:
        statement = statement.where(Article.review_on < clock.now().date())
    if wanted.unread_by is not None:
        read = select(Acknowledgement.article_id).where(
            Acknowledgement.article_id == Article.id,
            Acknowledgement.agent_id == wanted.unread_by,
            Acknowledgement.revision >= Article.revision,
        )
        live = _told(Translation.published_version_id.is_not(None))
        statement = statement.where(Article.needs_acknowledgement, live, ~read.correlate(Article).exists())
    return statement


def _by_text(statement: Select[*tuple[Any, ...]], wanted: ListQuery) -> Select[*tuple[Any, ...]]:
    told: list[Any] = [Translation.locale == wanted.locale] if wanted.locale else []
    if wanted.state == "published":
        told.append(Translation.published_version_id.is_not(None))
    elif wanted.state is not None:
        told.append(Translation.state == wanted.state)
    if wanted.is_outdated:
        told.append(Translation.outdated_since.is_not(None))
    if told:
        statement = statement.where(_told(*told))
    if wanted.missing:
        statement = statement.where(~_told(Translation.locale == wanted.missing))
    words = " ".join(wanted.q.replace("\x00", " ").split())[:200]
    if words:
        escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        named = (
            select(Version.id)
            .join(Translation, Translation.working_version_id == Version.id)
            .where(Translation.article_id == Article.id, Version.title.ilike(f"%{escaped}%"))
        )
        statement = statement.where(named.correlate(Article).exists())
    return statement


def _key(row: ArticleRow) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode((row.changed_at, row.id))).decode().rstrip("=")


def _read_key(cursor: str) -> tuple[datetime, int]:
    try:
        plain = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.json.decode(plain, type=tuple[datetime, int])
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        raise Invalid.field("cursor", "This is not a cursor of this list.") from None


async def check_seen(session: AsyncSession, reader: Reader, article_id: int) -> None:
    """Make sure that an agent may see an article in the console.

    Raises:
        NotFound: there is none, or she may not know that there is.
    """
    statement = select(Article.id).where(Article.id == article_id, _told(seen_in_console(reader)))
    if await session.scalar(statement) is None:
        raise NotFound("There is no such article.")


async def row_of(session: AsyncSession, reader: Reader, article_id: int) -> ArticleRow:
    """One article as a line of the list.

    Raises:
        NotFound: there is none, or she may not know that there is.
    """
    statement = _rows().where(Article.id == article_id, _told(seen_in_console(reader)))
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound("There is no such article.")
    return _row(row)


async def words_in_use(session: AsyncSession) -> tuple[list[str], list[str]]:
    """The segments and the tags that articles name already, by name."""
    segments = select(func.unnest(Article.segments).label("word")).distinct().order_by("word").limit(MOST_WORDS)
    tags = select(func.unnest(Article.tags).label("word")).distinct().order_by("word").limit(MOST_WORDS)
    return list(await session.scalars(segments)), list(await session.scalars(tags))

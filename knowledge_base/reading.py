"""Reading as a visitor, customer or agent does: an article by its address, a category's list, feed and site map.

Every function takes a :class:`~knowledge_base.access.Reader` and composes on its condition. Where an article is not
told in the reader's language, the desk's fallback decides (``knowledge_base/options``).
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from core.errors import NotFound
from knowledge_base import addresses, files, options
from knowledge_base.access import VISITOR, Reader, allows, visible_to
from knowledge_base.categories import with_those_below
from knowledge_base.errors import Gone
from knowledge_base.markdown import Heading, Picture, Rendered, articles_in, render
from knowledge_base.models import Article, ArticleFile, Translation, Version

LONGEST_PAGE: Final = 100
FileUrl = Callable[[int, str], str]
"""Number and name of a file → where it is."""
ArticleUrl = Callable[[str, str], str]
"""Language and slug of an article → where it is."""


class Moved(msgspec.Struct, frozen=True):
    """The article has another address now."""

    locale: str
    slug: str


class FileRef(msgspec.Struct, frozen=True, kw_only=True):
    """A file that an article offers or shows."""

    id: int
    name: str
    size: int
    content_type: str
    width: int | None
    height: int | None
    is_shown: bool


class Told(msgspec.Struct, frozen=True):
    """A language that an article is told in, and its address there."""

    locale: str
    slug: str


class ArticleText(msgspec.Struct, frozen=True, kw_only=True):
    """A published article as its reader gets it.

    Attributes:
        locale: the language it is shown in.
        is_fallback: that is not the one that was asked for; say so.
        is_outdated: the source has changed since this was translated.
        told: all languages in which this reader can have it, for the language switch and ``hreflang``.
        is_public: whether search engines may list it.
        linked: other articles that the text leads to and this reader may see.
    """

    article_id: int
    version_id: int
    locale: str
    source_locale: str
    is_fallback: bool
    is_outdated: bool
    slug: str
    title: str
    summary: str
    rendered: Rendered
    files: list[FileRef]
    linked: dict[int, Told]
    told: list[Told]
    category_id: int | None
    tags: list[str]
    product_ids: list[int]
    visibility: str
    is_public: bool
    needs_acknowledgement: bool
    revision: int
    first_published_at: datetime
    published_at: datetime

    @property
    def headings(self) -> tuple[Heading, ...]:
        """For "on this page"."""
        return self.rendered.headings

    def html(self, file_url: FileUrl, article_url: ArticleUrl) -> str:
        """The text as safe HTML.

        Args:
            file_url: where a file is to be had.
            article_url: where an article is to be read.
        """
        pictures = {one.id: Picture(file_url(one.id, one.name), one.width, one.height) for one in self.files}
        return self.rendered.placed(
            pictures, {number: article_url(one.locale, one.slug) for number, one in self.linked.items()}
        )


class ArticleLine(msgspec.Struct, frozen=True, kw_only=True):
    """A published article as a line of a list."""

    article_id: int
    locale: str
    is_fallback: bool
    slug: str
    title: str
    summary: str
    category_id: int | None
    visibility: str
    published_at: datetime


class SiteEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A public article for the site map: all its addresses."""

    article_id: int
    told: list[Told]
    changed_at: datetime


async def by_slug(session: AsyncSession, reader: Reader, locale: str, slug: str) -> ArticleText | Moved:
    """The article at an address, or where it is now.

    A slug of another language, as the language switch leaves it, leads to the same article in the language asked for.

    Raises:
        NotFound: there is none, or the reader may not see it.
        Gone: there was one that she could have read, and it was deleted.
    """
    article_id = await _article_at(session, reader, locale, slug)
    found = await by_id(session, reader, article_id, locale)
    return found if found.slug == slug else Moved(locale if found.is_fallback else found.locale, found.slug)


async def _article_at(session: AsyncSession, reader: Reader, locale: str, slug: str) -> int:
    """Which article an address means: one of today, else one of the past, else one of another language."""
    today = select(Translation.article_id).where(Translation.slug == slug)
    found: int | None = await session.scalar(today.where(Translation.locale == locale))
    if found is not None:
        return found
    old = await addresses.find(session, locale, slug)
    if old is not None and old.article_id is not None:
        return old.article_id
    found = await session.scalar(today.order_by(Translation.id).limit(1))
    if found is not None:
        return found
    if old is not None and allows(old.rights, reader):
        raise Gone("This article was deleted.")
    raise NotFound("There is no such article.")


async def by_id(session: AsyncSession, reader: Reader, article_id: int, locale: str) -> ArticleText:
    """An article in a language, or in its source language where the desk wants that.

    Raises:
        NotFound: there is none, or the reader may not see it, or not in this language.
    """
    falls_back = (await options.read(session)).falls_back
    statement = (
        select(Article, Translation, Version)
        .join(Translation, Translation.article_id == Article.id)
        .join(Version, Version.id == Translation.published_version_id)
        .where(Article.id == article_id, visible_to(reader), in_language(locale, falls_back=falls_back))
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound("There is no such article.")
    article, translation, version = row
    rendered = render(version.body, translation.locale)
    stored = await files.of_version(session, version.file_ids)
    return ArticleText(
        article_id=article.id,
        version_id=version.id,
        locale=translation.locale,
        source_locale=article.source_locale,
        is_fallback=translation.locale != locale,
        is_outdated=translation.outdated_since is not None,
        slug=translation.slug,
        title=version.title,
        summary=version.summary,
        rendered=rendered,
        files=[file_ref(one, rendered.html) for one in stored],
        linked=await places_of(session, reader, articles_in(version.body), locale, falls_back=falls_back),
        told=await told_in(session, article.id),
        category_id=article.category_id,
        tags=article.tags,
        product_ids=article.product_ids,
        visibility=article.visibility,
        is_public=allows(article.rights, VISITOR),
        needs_acknowledgement=article.needs_acknowledgement,
        revision=article.revision,
        first_published_at=translation.first_published_at or version.at,
        published_at=translation.published_at or version.at,
    )


def file_ref(one: ArticleFile, shown_in: str) -> FileRef:
    """A file as readers get it; ``is_shown`` when it stands in the text."""
    return FileRef(
        id=one.id,
        name=one.name,
        size=one.size,
        content_type=one.sniffed_type,
        width=one.width,
        height=one.height,
        is_shown=f'"/kb/files/{one.id}"' in shown_in,
    )


def in_language(locale: str, *, falls_back: bool) -> ColumnElement[bool]:
    """The condition that picks one text of each article: the one in this language, or the source in its place."""
    exact = Translation.locale == locale
    if not falls_back:
        return exact
    other = aliased(Translation)
    missing = ~(
        select(other.id)
        .where(other.article_id == Article.id, other.locale == locale, other.published_version_id.is_not(None))
        .correlate(Article)
        .exists()
    )
    return or_(exact, and_(Translation.locale == Article.source_locale, missing))


async def told_in(session: AsyncSession, article_id: int) -> list[Told]:
    """The languages in which an article is published, with its addresses."""
    statement = (
        select(Translation.locale, Translation.slug)
        .where(Translation.article_id == article_id, Translation.published_version_id.is_not(None))
        .order_by(Translation.id)
    )
    return [Told(row.locale, row.slug) for row in await session.execute(statement)]


async def places_of(
    session: AsyncSession, reader: Reader, article_ids: Iterable[int], locale: str, *, falls_back: bool
) -> dict[int, Told]:
    """Where some articles are for a reader; those that she may not see are left out."""
    wanted = list(article_ids)
    if not wanted:
        return {}
    statement = (
        select(Article.id, Translation.locale, Translation.slug)
        .join(Translation, Translation.article_id == Article.id)
        .where(Article.id.in_(wanted), visible_to(reader), in_language(locale, falls_back=falls_back))
    )
    return {row.id: Told(row.locale, row.slug) for row in await session.execute(statement)}


def _lines(reader: Reader, locale: str, *, falls_back: bool) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Article.id, Translation.locale, Translation.slug, Version.title, Version.summary, Article.category_id,
            Article.visibility, Translation.published_at,
        )
        .join(Translation, Translation.article_id == Article.id)
        .join(Version, Version.id == Translation.published_version_id)
        .where(visible_to(reader), in_language(locale, falls_back=falls_back))
    )  # fmt: skip


def _line(row: Any, locale: str) -> ArticleLine:
    return ArticleLine(
        article_id=row[0],
        locale=row[1],
        is_fallback=row[1] != locale,
        slug=row[2],
        title=row[3],
        summary=row[4],
        category_id=row[5],
        visibility=row[6],
        published_at=row[7],
    )


async def in_category(
    session: AsyncSession,
    reader: Reader,
    category_id: int,
    locale: str,
    *,
    below: bool = False,
    limit: int | None = None,
) -> list[ArticleLine]:
    """The articles of a category in their order; with ``below`` those of the categories in it as well.

    Args:
        session: where to read.
        reader: she sees only what she may.
        category_id: which.
        locale: her language.
        below: also what stands in its categories.
        limit: no more than these first ones; None: all.
    """
    wanted = await with_those_below(session, category_id) if below else [category_id]
    falls_back = (await options.read(session)).falls_back
    statement = _lines(reader, locale, falls_back=falls_back).where(Article.category_id.in_(wanted))
    rows = await session.execute(statement.order_by(Article.position, Article.id).limit(limit))
    return [_line(row, locale) for row in rows]


async def some(session: AsyncSession, reader: Reader, article_ids: list[int], locale: str) -> list[ArticleLine]:
    """Some articles in the order of their ids' list; what the reader may not see is left out."""
    falls_back = (await options.read(session)).falls_back
    statement = _lines(reader, locale, falls_back=falls_back).where(Article.id.in_(article_ids))
    found = {row[0]: _line(row, locale) for row in await session.execute(statement)}
    return [found[number] for number in article_ids if number in found]


async def newest(
    session: AsyncSession, reader: Reader, locale: str, limit: int = 20, *, exact: bool = False
) -> list[ArticleLine]:
    """What was published last; with ``exact`` only what is told in this very language (for a feed)."""
    falls_back = not exact and (await options.read(session)).falls_back
    statement = _lines(reader, locale, falls_back=falls_back)
    rows = await session.execute(
        statement.order_by(Translation.published_at.desc(), Article.id).limit(max(1, min(limit, LONGEST_PAGE)))
    )
    return [_line(row, locale) for row in rows]


async def counts(session: AsyncSession, reader: Reader, locale: str) -> dict[int, int]:
    """How many articles a reader finds in each category."""
    falls_back = (await options.read(session)).falls_back
    statement = (
        select(Article.category_id, func.count())
        .join(Translation, Translation.article_id == Article.id)
        .where(visible_to(reader), in_language(locale, falls_back=falls_back), Article.category_id.is_not(None))
        .group_by(Article.category_id)
    )
    return {category: count for category, count in await session.execute(statement) if category is not None}


async def site_map(session: AsyncSession) -> list[SiteEntry]:
    """All public articles with all their addresses: what search engines may know, and nothing else."""
    statement = (
        select(Article.id, Translation.locale, Translation.slug, Translation.published_at)
        .join(Translation, Translation.article_id == Article.id)
        .where(visible_to(VISITOR))
        .order_by(Article.id, Translation.id)
    )
    found: dict[int, SiteEntry] = {}
    for row in await session.execute(statement):
        known = found.get(row.id)
        told = [*(known.told if known else []), Told(row.locale, row.slug)]
        changed = max(row.published_at, known.changed_at) if known else row.published_at
        found[row.id] = SiteEntry(article_id=row.id, told=told, changed_at=changed)
    return list(found.values())

"""Addresses that articles had: an old slug leads to the new one, a deleted article says that it is gone.

The slug that counts stands on the translation; here are only those of the past. When another article takes a slug, its
past is forgotten.
"""

from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from core.sql import Sql
from knowledge_base.errors import SlugTaken
from knowledge_base.models import Address, Article, Translation
from knowledge_base.slugs import checked, slug_of

_LOCK: Final = Sql("select pg_advisory_xact_lock(hashtextextended('article/' || :key, 0))")
"""Two who want the same slug at the same moment come one after the other, so that the second one is told."""


async def free_slug(session: AsyncSession, locale: str, title: str, article_id: int) -> str:
    """A slug of a title that no article of this language has: with a number behind it where needed."""
    base = slug_of(title) or f"article-{article_id}"
    slug, number = base, 2
    while await _owner(session, locale, slug) not in (None, article_id):
        slug, number = f"{base}-{number}", number + 1
    return slug


async def take(session: AsyncSession, locale: str, slug: str, article_id: int) -> str:
    """Make sure that an article may have a slug, and forget what stood there before; returns its normal form.

    Raises:
        Invalid: nothing is left of it.
        SlugTaken: another article of this language has it.
    """
    slug = checked(slug)
    await _LOCK.all(session, key=f"{locale}/{slug}")
    if await _owner(session, locale, slug) not in (None, article_id):
        raise SlugTaken("Another article of this language has this address.")
    await session.execute(delete(Address).where(Address.locale == locale, Address.slug == slug))
    return slug


async def leave(session: AsyncSession, translation: Translation, slug: str) -> None:
    """Let an old slug lead to its article from now on."""
    values = {"locale": translation.locale, "slug": slug, "article_id": translation.article_id}
    await session.execute(insert(Address).values(values).on_conflict_do_nothing())


async def bury(session: AsyncSession, article: Article, translations: list[Translation]) -> None:
    """Let all addresses of an article say that it is gone, to those who could have read it."""
    gone = {"gone_at": clock.now(), "rights": article.rights, "article_id": None}
    known = select(Address).where(Address.article_id == article.id)
    for old in await session.scalars(known):
        old.gone_at, old.rights, old.article_id = clock.now(), article.rights, None
    for one in translations:
        if one.first_published_at is not None:
            statement = insert(Address).values(locale=one.locale, slug=one.slug, **gone)
            await session.execute(
                statement.on_conflict_do_update(index_elements=[Address.locale, Address.slug], set_=gone)
            )


async def find(session: AsyncSession, locale: str, slug: str) -> Address | None:
    """What is known of a slug of the past."""
    found: Address | None = await session.scalar(select(Address).where(Address.locale == locale, Address.slug == slug))
    return found


async def _owner(session: AsyncSession, locale: str, slug: str) -> int | None:
    statement = select(Translation.article_id).where(Translation.locale == locale, Translation.slug == slug)
    found: int | None = await session.scalar(statement)
    return found

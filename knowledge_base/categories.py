"""Categories: two levels of shelves with names in each language, in an order that editors choose."""

from typing import Any

import msgspec
from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.errors import Conflict, Invalid, NotFound, Stale
from core.i18n import NAMES
from knowledge_base.events import CategoryChanged
from knowledge_base.models import Article, Category
from knowledge_base.slugs import checked, slug_of


class CategoryChange(msgspec.Struct, frozen=True, kw_only=True):
    """Fields to set; what is UNSET stays."""

    names: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    descriptions: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    slug: str | msgspec.UnsetType = msgspec.UNSET
    parent_id: int | msgspec.UnsetType | None = msgspec.UNSET
    position: int | msgspec.UnsetType = msgspec.UNSET


class Place(msgspec.Struct, frozen=True):
    """Where a category stands after sorting."""

    id: int
    parent_id: int | None
    position: int


async def every(session: AsyncSession) -> list[Category]:
    """All categories, parents first, each level in its order."""
    statement = select(Category).order_by(Category.parent_id.is_not(None), Category.position, Category.id)
    return list(await session.scalars(statement))


async def get(session: AsyncSession, category_id: int, *, for_update: bool = False) -> Category:
    """One category.

    Raises:
        NotFound: there is none with this id.
    """
    found = await session.get(Category, category_id, with_for_update=for_update)
    if found is None:
        raise NotFound("There is no such category.")
    return found


async def find_by_slug(session: AsyncSession, slug: str) -> Category | None:
    """The category at an address, if there is one."""
    found: Category | None = await session.scalar(select(Category).where(Category.slug == slug_of(slug)))
    return found


async def create(session: AsyncSession, wanted: CategoryChange) -> Category:
    """Make a category; without a position it comes last on its level.

    Raises:
        Invalid: it has no name, or would stand on a third level.
        Conflict: the address is taken.
    """
    names = _words(wanted.names or {}, "names")
    if not names:
        raise Invalid.field("names", "A category needs a name.")
    parent_id = wanted.parent_id or None
    await _check_parent(session, None, parent_id)
    slug = checked(wanted.slug or next(iter(names.values())))
    await _check_slug(session, slug, None)
    last = select(func.coalesce(func.max(Category.position), 0)).where(
        Category.parent_id.is_not_distinct_from(parent_id)
    )
    position = wanted.position if isinstance(wanted.position, int) else (await session.scalar(last) or 0) + 1
    made = Category(
        parent_id=parent_id,
        position=position,
        slug=slug,
        names=names,
        descriptions=_words(wanted.descriptions or {}, "descriptions"),
        created_at=clock.now(),
    )
    session.add(made)
    await session.flush()
    await session.refresh(made)
    events.record(session, CategoryChanged(category_id=made.id, what="created"))
    return made


async def change(
    session: AsyncSession, category_id: int, wanted: CategoryChange, expected: int | None = None
) -> Category:
    """Change what is set.

    Raises:
        NotFound, Invalid, Conflict: as for :func:`create`.
        Stale: ``expected`` is given and it is at another version.
    """
    found = await get(session, category_id, for_update=True)
    if expected is not None and expected != found.version:
        raise Stale("Somebody changed this category in the meantime.")
    if isinstance(wanted.names, dict):
        found.names = _words(wanted.names, "names")
        if not found.names:
            raise Invalid.field("names", "A category needs a name.")
    if isinstance(wanted.descriptions, dict):
        found.descriptions = _words(wanted.descriptions, "descriptions")
    if isinstance(wanted.slug, str):
        found.slug = checked(wanted.slug)
        await _check_slug(session, found.slug, category_id)
    if not isinstance(wanted.parent_id, msgspec.UnsetType):
        await _check_parent(session, category_id, wanted.parent_id)
        found.parent_id = wanted.parent_id
    if isinstance(wanted.position, int):
        found.position = wanted.position
    found.version += 1
    events.record(session, CategoryChanged(category_id=category_id, what="changed"))
    return found


async def sort(session: AsyncSession, places: list[Place]) -> None:
    """Put categories into another order, all at once.

    Raises:
        NotFound, Invalid: as for :func:`change`.
    """
    for place in places:
        wanted = CategoryChange(parent_id=place.parent_id, position=place.position)
        await change(session, place.id, wanted)


async def remove(session: AsyncSession, category_id: int) -> None:
    """Take an empty category away.

    Raises:
        NotFound: there is none with this id.
        Conflict: there are articles or categories in it.
    """
    found = await get(session, category_id, for_update=True)
    inside = select(func.count()).select_from(Article).where(Article.category_id == category_id)
    below = select(func.count()).select_from(Category).where(Category.parent_id == category_id)
    if await session.scalar(inside) or await session.scalar(below):
        raise Conflict("There are articles or categories in it. Move them first.")
    await session.delete(found)
    events.record(session, CategoryChanged(category_id=category_id, what="removed"))


async def names_of(session: AsyncSession, category_ids: set[int]) -> dict[int, dict[str, Any]]:
    """Names by language of some categories."""
    statement = select(Category.id, Category.names).where(Category.id.in_(category_ids))
    return {row.id: row.names for row in await session.execute(statement)} if category_ids else {}


async def with_those_below(session: AsyncSession, category_id: int) -> list[int]:
    """A category and the ones that stand in it."""
    statement = select(Category.id).where(or_(Category.id == category_id, Category.parent_id == category_id))
    return list(await session.scalars(statement))


def name_in(names: dict[str, Any], locale: str, source: str = "en") -> str:
    """The name in a language, else in the source language, else in any."""
    return str(names.get(locale) or names.get(source) or next(iter(names.values()), ""))


def _words(given: dict[str, str] | msgspec.UnsetType, field: str) -> dict[str, str]:
    """Words by language without empty ones."""
    if isinstance(given, msgspec.UnsetType):
        return {}
    unknown = sorted(set(given) - set(NAMES))
    if unknown:
        raise Invalid.field(field, f"{unknown[0]} is not a language of this desk.")
    return {locale: " ".join(words.split())[:500] for locale, words in given.items() if words.strip()}


async def _check_slug(session: AsyncSession, slug: str, own_id: int | None) -> None:
    taken = await session.scalar(select(Category.id).where(Category.slug == slug, Category.id.is_distinct_from(own_id)))
    if taken is not None:
        raise Conflict("Another category has this address.")


async def _check_parent(session: AsyncSession, own_id: int | None, parent_id: int | None) -> None:
    if parent_id is None:
        return
    parent = await session.get(Category, parent_id)
    if parent is None:
        raise Invalid.field("parent_id", "There is no such category.")
    below = own_id is not None and await session.scalar(
        select(Category.id).where(Category.parent_id == own_id).limit(1)
    )
    if parent.parent_id is not None or parent_id == own_id or below:
        raise Invalid.field("parent_id", "Categories have two levels and no more.")

"""Tiers: what the desk calls its better customers, such as "Gold"; response times may be promised to one of them.

A customer has her own, or that of her organisation. There is no list to keep: a tier is whatever some customer,
organisation or policy names, and a name that differs in capitals alone is the same.
"""

from collections.abc import Iterable
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Invalid
from core.sql import Sql

LONGEST: Final = 40
_KNOWN: Final = Sql(
    """
    select tier from customers where tier is not null union select tier from organisations where tier is not null
    order by tier
    """
)


async def known(session: AsyncSession) -> list[str]:
    """The tiers that customers and organisations have."""
    return [row.tier for row in await _KNOWN.all(session)]


async def spelled(session: AsyncSession, name: str | None, also: Iterable[str | None] = ()) -> str | None:
    """A tier as it is spelled already where there is one; None: none.

    Args:
        session: any session.
        name: as somebody has typed it.
        also: tiers that are known from elsewhere.

    Raises:
        Invalid: it is too long, or has a comma or colon, which sentences about it have.
    """
    tidy = " ".join((name or "").split())
    if not tidy:
        return None
    if len(tidy) > LONGEST or "," in tidy or ":" in tidy:
        raise Invalid.field("tier", f"A tier of at most {LONGEST} letters, without a comma or colon.")
    others = [*also, *await known(session)]
    return next((each for each in others if each and each.casefold() == tidy.casefold()), tidy)

"""How this desk wants its knowledge base: what stands in for a missing translation, who approves, when to review."""

from typing import Final, Literal

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Invalid
from knowledge_base.models import Options

Fallback = Literal["source", "hide"]
THE_ROW: Final = 1


class Wishes(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The options.

    Attributes:
        fallback: where an article is missing in the reader's language: show the source language with a notice
            (``source``), or leave the article out (``hide``).
        needs_second_person: whether somebody else than the author must approve a text.
        review_months: months after publishing in which a new article is looked at again; 0: never.
    """

    fallback: Fallback = "source"
    needs_second_person: bool = True
    review_months: int = 12

    @property
    def falls_back(self) -> bool:
        """Whether the source language stands in for a missing translation."""
        return self.fallback == "source"


async def read(session: AsyncSession) -> Wishes:
    """The options as they are now."""
    statement = select(Options.fallback, Options.needs_second_person, Options.review_months).where(
        Options.id == THE_ROW
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        return Wishes()
    return Wishes(
        fallback="hide" if row.fallback == "hide" else "source",
        needs_second_person=row.needs_second_person,
        review_months=row.review_months,
    )


async def write(session: AsyncSession, wishes: Wishes) -> None:
    """Keep other options.

    Raises:
        Invalid: a value is out of range.
    """
    if wishes.fallback not in ("source", "hide"):
        raise Invalid.field("fallback", "Choose between the source language and nothing.")
    if not 0 <= wishes.review_months <= 120:
        raise Invalid.field("review_months", "Between 0 (never) and 120 months.")
    values = {
        "fallback": wishes.fallback,
        "needs_second_person": wishes.needs_second_person,
        "review_months": wishes.review_months,
    }
    statement = insert(Options).values(id=THE_ROW, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=[Options.id], set_=values))

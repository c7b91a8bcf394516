"""Macros: canned replies that agents put into an answer with ``/``."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core import html
from core.errors import Invalid
from staff.models import Macro


async def list_all(session: AsyncSession) -> list[Macro]:
    """All macros by name."""
    return list(await session.scalars(select(Macro).order_by(Macro.name)))


async def save(session: AsyncSession, name: str, markup: str) -> int:
    """Make a macro, or replace the text of the one of this name; returns its id.

    Args:
        session: the unit of work.
        name: what agents search for.
        markup: the text as HTML; made safe before it is kept.

    Raises:
        Invalid: the name is empty.
    """
    name = " ".join(name.split())
    if not name:
        raise Invalid.field("name", "A macro needs a name.")
    statement = insert(Macro).values(name=name, html=html.sanitise(markup))
    statement = statement.on_conflict_do_update(index_elements=[Macro.name], set_={"html": statement.excluded.html})
    found: int = (await session.execute(statement.returning(Macro.id))).scalar_one()
    return found

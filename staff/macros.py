"""Macros: canned replies that agents put into an answer with ``/``, where they were used, and whether they helped."""

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, html
from core.db import actor_of
from core.errors import Invalid, NotFound
from core.sql import Sql
from staff import outcomes
from staff.models import Macro, MacroUse


class MacroHealth(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How tickets went on in whose answer a canned reply was put.

    Attributes:
        used: tickets.
        reopened: of those, opened again after they had been solved.
        second_contact: of those, whose customer wrote again within seven days.
        low_rating: of those, whose customer was not content.
    """

    macro_id: int
    name: str
    used: int
    reopened: int
    second_contact: int
    low_rating: int


_HEALTH: Final = Sql(
    """
    with uses as (
        select macro_id as key, ticket_id, at from macro_uses where at >= :since and at < :until
    ), {used}
    select m.id as macro_id, m.name, u.used, u.reopened, u.second_contact, u.low_rating
    from used u join macros m on m.id = u.key
    order by u.reopened + u.second_contact + u.low_rating desc, u.used desc, m.name limit :limit
    """.replace("{used}", outcomes.USED)
)


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


async def use(session: AsyncSession, macro_id: int, ticket_id: int) -> None:
    """Note that the actor has put a macro into an answer of a ticket (a plain number here).

    Raises:
        NotFound: there is no such macro.
    """
    if await session.get(Macro, macro_id) is None:
        raise NotFound("There is no such canned reply.")
    said = {"agent_id": actor_of(session).id, "at": clock.now()}
    statement = insert(MacroUse).values(macro_id=macro_id, ticket_id=ticket_id, **said)
    await session.execute(statement.on_conflict_do_update(constraint="uq_macro_uses_macro_ticket", set_=said))


async def health(session: AsyncSession, since: datetime, until: datetime, limit: int = 50) -> list[MacroHealth]:
    """Canned replies and how the tickets went on in which they were used, the worst first."""
    values = {"since": since, "until": until, "second_contact": outcomes.SECOND_CONTACT, "low": outcomes.LOW_RATING}
    rows = await _HEALTH.all(session, **values, limit=max(1, min(limit, 200)))
    return [MacroHealth(**dict(row)) for row in rows]

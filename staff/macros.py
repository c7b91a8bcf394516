"""Macros: canned replies that agents put into an answer with ``/``, where they were used, and whether they helped.

A use is an answer that was sent with words of the macro in it. One that was taken back before it left is none. Of
several in a ticket the newest counts; an answer sent before its time (``send now``) keeps the time it was to leave at.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core import html
from core.db import actor_of
from core.errors import Invalid
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
        select distinct on (m.macro_id, m.ticket_id) m.macro_id as key, m.ticket_id, m.at from macro_uses m
        where m.at >= :since and m.at < :until and not exists (
            select 1 from events e where e.ticket_id = m.ticket_id and e.kind = 'delivery.changed'
                and e.data->>'state' = 'cancelled' and e.data->>'message_id' = cast(m.message_id as text)
        )
        order by m.macro_id, m.ticket_id, m.at desc
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


async def named(session: AsyncSession, macro_ids: Iterable[int]) -> list[Macro]:
    """Macros by number, those that there are."""
    return list(await session.scalars(select(Macro).where(Macro.id.in_(macro_ids))))


async def use(session: AsyncSession, macro_id: int, ticket_id: int, message_id: int, at: datetime) -> None:
    """Note that words of a macro stand in an answer of the actor; the same again is noted once.

    Args:
        session: the unit of work.
        macro_id: of the macro.
        ticket_id: the answer's ticket.
        message_id: the answer.
        at: when it leaves.
    """
    values = {"macro_id": macro_id, "ticket_id": ticket_id, "message_id": message_id, "at": at}
    statement = insert(MacroUse).values(**values, agent_id=actor_of(session).id)
    await session.execute(statement.on_conflict_do_nothing(constraint="uq_macro_uses_macro_message"))


async def health(session: AsyncSession, since: datetime, until: datetime, limit: int = 50) -> list[MacroHealth]:
    """Canned replies and how the tickets went on in which they were used, the worst first."""
    values = {"since": since, "until": until, "second_contact": outcomes.SECOND_CONTACT, "low": outcomes.LOW_RATING}
    rows = await _HEALTH.all(session, **values, limit=max(1, min(limit, 200)))
    return [MacroHealth(**dict(row)) for row in rows]

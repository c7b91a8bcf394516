"""Rows that nobody needs any more some days after they have ended: which they are, how many, and how they go.

Kernel module. Each package names the kinds of its own tables (``tidying.py``); ``sampark/retention.py`` knows how long
the desk keeps what, and forgets it at night.
"""

from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core.sql import Sql


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of rows.

    Attributes:
        name: for people.
        table: where they are.
        over: the SQL condition that holds for those which ended before ``:before``.
        file: column with the key of a stored file that may be of nobody's use any more; empty: there is none.
        edge: SQL of a number that is found first, from ``:before``, and is ``:edge`` in the condition; empty: none.
    """

    name: str
    table: str
    over: str
    file: str = ""
    edge: str = ""


async def count(session: AsyncSession, kind: Kind, before: datetime) -> int:
    """How many rows would go."""
    statement = f"select count(*) as count from {kind.table} where {kind.over}"  # noqa: S608 - our own names
    found: int = await Sql(statement).scalar(session, before=before, **await _edge(session, kind, before))
    return found


async def forget(session: AsyncSession, kind: Kind, before: datetime, limit: int) -> list[str | None]:
    """Delete some rows that ended before an instant.

    Returns:
        For each of them the key of its file, None: it had none.
    """
    # The condition stands twice: a row that somebody takes into use meanwhile is looked at again before it goes.
    statement = f"""
        delete from {kind.table} where {kind.over} and ctid = any(array(
            select ctid from {kind.table} where {kind.over} limit :limit))
        returning {kind.file or "null"} as file
        """  # noqa: S608 - our own names
    values = {"before": before, "limit": limit, **await _edge(session, kind, before)}
    return [row.file for row in await Sql(statement).all(session, **values)]


async def _edge(session: AsyncSession, kind: Kind, before: datetime) -> dict[str, int]:
    # Asked on its own: with the number in hand the database knows how few rows it has to look at.
    return {"edge": await Sql(kind.edge).scalar(session, before=before)} if kind.edge else {}

"""Statements of hot paths, written as SQL and run by the driver itself inside the unit of work.

A statement through SQLAlchemy costs five to eight times what the driver needs for it (docs/reference/benchmarks.md),
and a mail takes some twenty on its way into a ticket. What runs for every mail, event and reply is therefore a
:class:`Sql`; everything else stays with the session. Both see the same transaction.
"""

import re
from typing import Any, Final

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

DRIVER_ERRORS: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What the driver raises: a refusal of the database, or a connection that ends; the last one when that happens while
the connection is being opened or closed, or in the middle of a word."""
_NAME: Final = re.compile(r"(?<![:\w]):([a-z_][a-z0-9_]*)")


class Row(asyncpg.Record):
    """A row whose columns are attributes as well."""

    def __getattr__(self, name: str) -> Any:
        """The column with this name."""
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


async def driver_of(session: AsyncSession) -> Any:
    """The asyncpg connection under a session, with the session's transaction open on it."""
    begun = session.sync_session.get_transaction()
    known = session.info.get("driver")
    if known is not None and known[0] is begun and begun is not None:
        return known[1]
    adapted: Any = (await (await session.connection()).get_raw_connection()).dbapi_connection
    if adapted._transaction is None:  # noqa: SLF001 - SQLAlchemy sends BEGIN with its own first statement only
        await adapted._start_transaction()  # noqa: SLF001 - and offers no other way than a statement for nothing
    session.info["driver"] = (session.sync_session.get_transaction(), adapted.driver_connection)
    return adapted.driver_connection


async def keep_as_it_is(_: Any) -> None:
    """For asyncpg's pools of our own parts, whose users leave nothing behind that a RESET at each return would undo."""


class Sql:
    """One statement with named parameters (``:name``), prepared once per connection.

    Args:
        statement: SQL; a value whose type PostgreSQL cannot tell is cast in it.
    """

    def __init__(self, statement: str) -> None:
        self.names: list[str] = list(dict.fromkeys(_NAME.findall(statement)))
        self.sql = _NAME.sub(lambda found: f"${self.names.index(found[1]) + 1}", statement)

    async def all(self, session: AsyncSession, **values: Any) -> list[Any]:
        """All rows.

        Raises:
            DBAPIError: the database has refused it, as SQLAlchemy would say it; ``orig`` has the ``sqlstate``.
        """
        if session.new or session.dirty or session.deleted:
            await session.flush()  # the driver does not know what the session has yet to write
        driver = await driver_of(session)
        try:
            rows: list[Any] = await driver.fetch(self.sql, *[values[name] for name in self.names], record_class=Row)
        except DRIVER_ERRORS as problem:
            raise DBAPIError(self.sql, None, problem, connection_invalidated=driver.is_closed()) from problem
        return rows

    async def first(self, session: AsyncSession, **values: Any) -> Any:
        """The first row, or None."""
        rows = await self.all(session, **values)
        return rows[0] if rows else None

    async def scalar(self, session: AsyncSession, **values: Any) -> Any:
        """The first column of the first row, or None."""
        rows = await self.all(session, **values)
        return rows[0][0] if rows else None

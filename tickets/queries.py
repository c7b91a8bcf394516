"""Statements that are written with SQLAlchemy, compiled once per shape, and run without the ORM.

The lists of ``tickets/listing`` and ``tickets/timeline`` are asked for all the time; building and compiling their
statements anew would cost more than running them. A :class:`Compiled` keeps the text that asyncpg gets, and the names
of its parameters in order.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.compiler import SQLCompiler

from core.db import Database

_DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's dialects have no annotated constructor


Source = AsyncSession | Database
"""Where to read: the database for a read of its own, or the unit of work whose changes must be seen."""


class Compiled:
    """One statement as text with numbered parameters.

    Args:
        statement: what to run; its parameters are named, and lists in it are arrays (``= any(:ids)``).
    """

    def __init__(self, statement: Executable) -> None:
        compiled = statement.compile(dialect=_DIALECT)  # type: ignore[attr-defined]  # every executable of ours is a clause
        if not isinstance(compiled, SQLCompiler):
            raise TypeError(f"not a statement: {statement!r}")
        self.sql: str = compiled.string
        self.names: tuple[str, ...] = tuple(compiled.positiontup or ())
        self.defaults: dict[str, Any] = dict(compiled.params)

    async def run(self, source: Source, parameters: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """All rows, for these values; a parameter without a value keeps the one that the statement was made with."""
        values = tuple(parameters[name] if name in parameters else self.defaults[name] for name in self.names)
        if isinstance(source, Database):
            return await source.fetch(self.sql, *values)
        if source.new or source.dirty or source.deleted:
            await source.flush()  # a statement given to the driver does not flush by itself
        connection = await source.connection()
        return (await connection.exec_driver_sql(self.sql, values)).all()

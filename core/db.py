"""The database and the unit of work: one request or one job is one transaction, and this is the only commit.

Kernel module. ``agent_ui`` and ``portal`` open a unit per request, ``core.jobs`` one per job. Services receive
the session and never commit; events recorded meanwhile (``core.events``) are written just before the commit.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import asyncpg
import msgspec
from sqlalchemy import make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.util.concurrency import greenlet_spawn

from core import events
from core.actor import SYSTEM, Actor
from core.errors import StartError


def driver_url(url: str) -> str:
    """Any spelling of a PostgreSQL address as the one for asyncpg.

    SQLAlchemy 2.1 takes plain ``postgresql://`` to mean psycopg, so the driver is always named.

    Raises:
        StartError: it is not a PostgreSQL address.
    """
    scheme, sep, rest = url.partition("://")
    if not sep or scheme.partition("+")[0] not in ("postgresql", "postgres"):
        raise StartError("DATABASE_URL must start with postgresql:// (PostgreSQL is the only database).")
    found = f"postgresql+asyncpg://{rest}"
    try:
        make_url(found)
    except (ArgumentError, ValueError) as problem:
        # What is wrong is told without the address, which may hold a password.
        reason = "it cannot be read" if isinstance(problem, ArgumentError) or rest in str(problem) else str(problem)
        raise StartError(
            f"DATABASE_URL is wrong: {reason}. It looks like postgresql://user:password@host:5432/name."
        ) from None
    return found


def plain_url(url: str) -> str:
    """The same address as asyncpg itself (without SQLAlchemy) reads it."""
    return "postgresql://" + driver_url(url).partition("://")[2]


class Database:
    """One pool of connections.

    Args:
        url: a PostgreSQL address.
        pool_size: connections held at most.
    """

    def __init__(self, url: str, pool_size: int = 16) -> None:
        self.url = plain_url(url)
        self.pool_size = pool_size
        encode = msgspec.json.Encoder().encode
        self.engine: AsyncEngine = create_async_engine(
            driver_url(url),
            # The driver reads the address itself: it takes what PostgreSQL's own tools take, such as sslmode.
            async_creator=self._connect,
            pool_size=pool_size,
            max_overflow=0,
            pool_pre_ping=False,
            pool_use_lifo=True,  # the same few connections stay warm, and the others small
            json_serializer=lambda value: encode(value).decode(),
            json_deserializer=msgspec.json.decode,
        )
        self.sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._unfinished: list[Callable[[], Awaitable[None]]] = []

    async def _connect(self) -> Any:
        return await asyncpg.connect(self.url)

    @property
    def place(self) -> str:
        """Where the database is, for people to read: host and port, or the socket's folder; no name, no password."""
        address = make_url(driver_url(self.url))
        host = address.host or str(address.query.get("host", "localhost"))
        return f"{host}:{address.port}" if address.port else host

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        """The rows of one quick read through the driver itself, outside any transaction.

        A session costs a list three times what its statement costs: BEGIN and ROLLBACK are round trips, and the rows
        are wrapped twice. For the few reads that every request makes (docs/decisions/0014); never write through it.

        Args:
            sql: the statement, with ``$1``, ``$2`` …
            values: its values.
        """
        held = await self.engine.raw_connection()
        driver: Any = held.driver_connection
        try:
            rows: list[Any] = await driver.fetch(sql, *values)
            return rows
        finally:
            # A connection that broke must not go back into the pool: nobody else would notice.
            await greenlet_spawn(held.invalidate if driver.is_closed() else held.close)

    async def check(self) -> None:
        """Raise one clear sentence when the database cannot be used.

        Raises:
            StartError: it cannot be reached, the sign-in is refused, or it is too old.
        """
        try:
            async with self.engine.connect() as connection:
                version = (await connection.execute(text("show server_version_num"))).scalar_one()
        except (SQLAlchemyError, OSError, ValueError) as problem:
            reason = (str(getattr(problem, "orig", None) or problem).strip() or type(problem).__name__).splitlines()[0]
            raise StartError(
                f"The database at {self.place} (DATABASE_URL) cannot be reached: {reason.rstrip('.')}."
            ) from None
        except Exception as problem:  # noqa: BLE001 - asyncpg raises its own tree here, each with a sentence
            raise StartError(
                f"The database at {self.place} (DATABASE_URL) cannot be used: {str(problem).rstrip('.')}."
            ) from None
        if int(version) < 150000:
            raise StartError("PostgreSQL 15 or newer is needed.")

    def before_close(self, finish: Callable[[], Awaitable[None]]) -> None:
        """Have something finished before the connections are given back: what has yet to be written, and who writes."""
        self._unfinished.append(finish)

    async def finish(self) -> None:
        """Let everything be finished that was given to :meth:`before_close`."""
        while self._unfinished:
            await self._unfinished.pop()()

    async def close(self) -> None:
        """Let everything be finished, and give all connections back."""
        await self.finish()
        await self.engine.dispose()


@contextlib.asynccontextmanager
async def unit_of_work(db: Database, actor: Actor = SYSTEM) -> AsyncIterator[AsyncSession]:
    """One transaction on behalf of ``actor``: committed when the block ends, rolled back when it raises."""
    async with db.sessions() as session:
        session.info["actor"] = actor
        try:
            yield session
            await events.flush(session)
            await session.commit()
        except BaseException:
            await session.rollback()
            raise


@contextlib.asynccontextmanager
async def reading(db: Database) -> AsyncIterator[AsyncSession]:
    """A session for reading only: nothing done in it is kept."""
    async with db.sessions() as session:
        yield session


async def driver_connection(session: AsyncSession) -> Any:
    """The asyncpg connection under a session, with its transaction open.

    SQLAlchemy sends BEGIN lazily; without the first statement a raw call would run outside the transaction.
    """
    connection: AsyncConnection = await session.connection()
    if not session.info.get("begun"):
        await connection.exec_driver_sql("select 1")
        session.info["begun"] = True
    return (await connection.get_raw_connection()).driver_connection


def actor_of(session: AsyncSession) -> Actor:
    """On whose behalf this unit of work runs."""
    actor: Actor = session.info.get("actor", SYSTEM)
    return actor


@contextlib.contextmanager
def acting_as(session: AsyncSession, actor: Actor) -> Iterator[None]:
    """Do a part of a unit of work on somebody's behalf; what is recorded in it names her."""
    before = actor_of(session)
    session.info["actor"] = actor
    try:
        yield
    finally:
        session.info["actor"] = before

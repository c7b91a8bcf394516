"""Statements of hot paths: what goes wrong in the driver is told as SQLAlchemy tells it."""

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from core.db import Database
from core.sql import DRIVER_ERRORS, Sql

ONE = Sql("select cast(:number as bigint) as number")


class Broken:
    """A connection that breaks in the middle of a word."""

    def __init__(self, problem: Exception) -> None:
        self.problem = problem

    async def fetch(self, *_: object, **__: object) -> list[object]:
        """Break."""
        raise self.problem

    def is_closed(self) -> bool:
        """It is gone."""
        return True


@pytest.mark.parametrize("kind", DRIVER_ERRORS)
async def test_whatever_breaks_a_connection_is_one_error(db: Database, kind: type[Exception]) -> None:
    """Also what asyncpg says when the connection ends between two words (``InternalClientError``); it is thrown away."""
    async with db.sessions() as session:
        assert await ONE.scalar(session, number=7) == 7
        known = session.info["driver"]
        session.info["driver"] = (known[0], Broken(kind("it has ended")))
        with pytest.raises(DBAPIError) as told:
            await ONE.scalar(session, number=7)
        assert told.value.connection_invalidated
        assert isinstance(told.value.orig, kind)
        session.info["driver"] = known


async def test_a_refusal_of_the_database_keeps_its_state(db: Database) -> None:
    """The connection is fine after it."""
    async with db.sessions() as session:
        with pytest.raises(DBAPIError) as told:
            await Sql("select 1 / cast(:number as bigint)").scalar(session, number=0)
        assert not told.value.connection_invalidated
        assert told.value.orig is not None and getattr(told.value.orig, "sqlstate", "") == "22012"


def test_the_drivers_own_confusion_is_among_them() -> None:
    """It is of neither of the other trees."""
    assert not issubclass(asyncpg.InternalClientError, (OSError, asyncpg.PostgresError, asyncpg.InterfaceError))
    assert asyncpg.InternalClientError in DRIVER_ERRORS

"""Addresses of databases as people write them: what is taken, and what is told when one is wrong."""

import socket

import pytest

from core.db import Database, driver_url
from core.errors import StartError


async def test_options_of_postgresqls_own_tools_are_taken(db: Database) -> None:
    """As hosting providers print them: sslmode, a name for the connection, time-outs."""
    joined = "&" if "?" in db.url else "?"
    other = Database(f"{db.url}{joined}sslmode=prefer&application_name=desk")
    try:
        await other.check()
        assert [row[0] for row in await other.fetch("show application_name")] == ["desk"]
    finally:
        await other.close()


@pytest.mark.parametrize(
    "url",
    [
        "mysql://a/b",
        "localhost/desk",
        "postgresql://desk:geheim@host:abc/desk",
        "postgresql://desk:geheim@[::bad/desk",
        "postgresql://desk:geheim@host:99999999/desk",
    ],
)
async def test_an_address_that_is_none_is_told_in_a_sentence(url: str) -> None:
    """It names the setting, and keeps the password to itself."""
    with pytest.raises(StartError, match="DATABASE_URL") as told:
        db = Database(url)
        await db.check()
    assert "geheim" not in told.value.detail
    assert "\n" not in told.value.detail


async def test_a_database_that_is_away_is_named() -> None:
    """Host and port as they were set, and where they were set."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
    db = Database(f"postgresql://desk:geheim@127.0.0.1:{port}/desk")
    with pytest.raises(StartError) as told:
        await db.check()
    await db.close()
    assert told.value.detail.startswith(f"The database at 127.0.0.1:{port} (DATABASE_URL) cannot be reached: ")
    assert "geheim" not in told.value.detail


def test_the_driver_is_always_named() -> None:
    """Whatever spelling is given."""
    assert driver_url("postgres://a@b/c") == driver_url("postgresql+psycopg://a@b/c") == "postgresql+asyncpg://a@b/c"

"""The roles of a process go on when the database was away for a moment."""

import asyncio
from typing import Any

import asyncpg
import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from channels.email.fetch import Fetcher
from channels.models import ChannelAccount
from core.db import Database, reading, unit_of_work
from core.errors import StartError
from core.settings import Settings
from core.sql import DRIVER_ERRORS
from core.storage import Storage
from sampark import roles
from sampark.runtime import Runtime
from tests import factories

NOBODY_LISTENS = {"imap": {"host": "127.0.0.1", "port": 1, "user": "desk", "password": "x", "tls": "none"}}


async def test_a_fetcher_that_breaks_is_told_of_and_started_again(
    db: Database, settings: Settings, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours in it must not look like a mail server that keeps silent."""
    again = asyncio.Event()
    tries = 0

    async def broken(_self: Fetcher, _stop: asyncio.Event) -> None:
        nonlocal tries
        tries += 1
        if tries > 1:
            again.set()
        raise RuntimeError("the fetcher is broken")

    monkeypatch.setattr(roles, "ACCOUNTS_SECONDS", 0.02)
    monkeypatch.setattr(Fetcher, "run", broken)
    async with unit_of_work(db) as session:
        account = await factories.mailbox(session)
        account.settings = NOBODY_LISTENS
    stop, ready = asyncio.Event(), asyncio.Event()
    with capture_logs() as said:
        running = asyncio.create_task(
            roles.Roles(Runtime(settings, db, storage, "secret")).run(("mail",), stop, ready.set)
        )
        try:
            async with asyncio.timeout(20):
                await again.wait()
        finally:
            stop.set()
            await asyncio.wait({running}, timeout=10)
    told = [each for each in said if each["event"] == "a fetcher broke and is started again"]
    assert {each["account"] for each in told} == {account.id}
    assert "the fetcher is broken" in str(told[0]["exc_info"])


async def test_mail_is_taken_by_lmtp_where_its_port_is_set(db: Database, settings: Settings, storage: Storage) -> None:
    """Beside SMTP, as the settings say; otherwise there is no such port."""
    for lmtp_port in (None, 0):
        chosen = settings.model_copy(update={"lmtp_port": lmtp_port})
        stop, ready = asyncio.Event(), asyncio.Event()
        with capture_logs() as said:
            running = asyncio.create_task(
                roles.Roles(Runtime(chosen, db, storage, "secret")).run(("mail",), stop, ready.set)
            )
            async with asyncio.timeout(20):
                await ready.wait()
                ports = {each["lmtp"]: each["port"] for each in said if each["event"] == "listening for mail"}
                assert set(ports) == ({False} if lmtp_port is None else {False, True})
                for is_lmtp, port in ports.items():
                    assert await _greets(port, b"LHLO x" if is_lmtp else b"EHLO x") == b"250"
                stop.set()
                await running
        for port in ports.values():
            with pytest.raises(OSError):
                await asyncio.open_connection("127.0.0.1", port)


async def _greets(port: int, hello: bytes) -> bytes:
    """The code that a server answers to a hello."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    writer.write(hello + b"\r\n")
    answer = await reader.readline()
    writer.close()
    return answer[:3]


async def test_mailboxes_are_read_after_the_database_was_away(
    db: Database, settings: Settings, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mail role looks for mailboxes again: one that is connected after the break is read."""
    monkeypatch.setattr(roles, "ACCOUNTS_SECONDS", 0.02)
    async with unit_of_work(db) as session:
        account = await factories.mailbox(session)
    stop, ready = asyncio.Event(), asyncio.Event()
    runtime = Runtime(settings, db, storage, "secret")
    running = asyncio.create_task(roles.Roles(runtime).run(("mail",), stop, ready.set))
    other = Database(db.url, pool_size=2)
    try:
        await ready.wait()
        await factories.hang_up(db)
        async with unit_of_work(other) as session:
            await session.execute(update(ChannelAccount).values(settings=NOBODY_LISTENS))
        async with asyncio.timeout(20):
            error = None
            while error is None:
                assert not running.done(), running.exception()
                async with reading(other) as session:
                    error = await session.scalar(
                        select(ChannelAccount.last_error).where(ChannelAccount.id == account.id)
                    )
    finally:
        stop.set()
        await asyncio.wait({running}, timeout=10)
        await other.close()
    assert "the connection was refused" in error


@pytest.mark.parametrize("kind", DRIVER_ERRORS)
async def test_an_election_goes_on_after_a_connection_that_was_lost(
    db: Database, settings: Settings, storage: Storage, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    """Whatever the driver says of it, also what it says when the connection ends while it is opened."""
    monkeypatch.setattr(roles, "LOST_SECONDS", 0.0)
    connect, losses = asyncpg.connect, [kind("it has ended")]

    async def once_in_vain(url: str) -> Any:
        if losses:
            raise losses.pop()
        return await connect(url)

    monkeypatch.setattr(asyncpg, "connect", once_in_vain)
    stop = asyncio.Event()

    async def work(_: asyncio.Event) -> None:
        stop.set()

    async with asyncio.timeout(20):
        await roles.elected(Runtime(settings, db, storage, "secret"), (8823,), stop, work)
    assert not losses


class Dying:
    """An embedded database that is dead; ``problem`` keeps it so."""

    def __init__(self, problem: StartError | None = None) -> None:
        self.is_running = False
        self.problem = problem

    def restart(self) -> None:
        """Start again, or say why not."""
        if self.problem:
            raise self.problem
        self.is_running = True


@pytest.mark.parametrize("problem", [None, StartError("The disk is full.")])
async def test_a_dead_database_is_started_again_or_ends_the_desk(
    db: Database, settings: Settings, storage: Storage, monkeypatch: pytest.MonkeyPatch, problem: StartError | None
) -> None:
    """A desk without a database serves nobody; the sentence that ends it is the database's own."""
    monkeypatch.setattr(roles, "DATABASE_SECONDS", 0.02)
    server: Any = Dying(problem)
    stop = asyncio.Event()
    running = asyncio.create_task(
        roles.Roles(Runtime(settings, db, storage, "secret", server)).run(("worker",), stop, asyncio.Event().set)
    )
    async with asyncio.timeout(20):
        if problem is None:
            while not server.is_running:
                await asyncio.sleep(0)
            stop.set()
            await running
        else:
            with pytest.raises(StartError, match=r"^The disk is full\.$"):
                await running

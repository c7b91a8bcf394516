"""What the tests of the fetcher share: accounts, running fetchers, and what is in the ledger."""

import asyncio
import contextlib

from sqlalchemy import select

from channels.email.fetch import Fetcher
from channels.email.signin import SignIn
from channels.models import ChannelAccount, InboundRaw
from core.db import Database, reading
from core.net import LOOPBACK, Networks
from core.vault import Vault
from tests.channels.email.conftest import make_account
from tests.channels.email.dovecot import PASSWORD


def mail(number: int) -> bytes:
    """A mail that can be told from the others."""
    return b"From: a@b.c\r\nSubject: %d\r\nMessage-ID: <%d@b.c>\r\n\r\nx\r\n" % (number, number)


def sign_in(db: Database) -> SignIn:
    """Opens the settings of the tests' accounts; the servers listen on this machine."""
    return SignIn(db, Vault("test-secret-of-the-suite"), Networks(LOOPBACK))


async def account_of(db, port, **imap) -> int:
    """An account that is fetched."""
    given = {"host": "127.0.0.1", "port": port, "user": "u", "password": PASSWORD, "tls": "none", **imap}
    return await make_account(db, settings={"imap": given})


async def raws(db: Database) -> list[bytes]:
    """What is in the ledger, in order of arrival."""
    async with reading(db) as session:
        found = await session.scalars(select(InboundRaw.content).order_by(InboundRaw.item_id))
        return list(found)


async def row(db: Database, account_id: int) -> ChannelAccount:
    """The account as it is now."""
    async with reading(db) as session:
        return await session.get_one(ChannelAccount, account_id)


async def eventually(check, seconds: float = 15):
    """Wait until an awaited check is true; a peer needs its real time."""
    async with asyncio.timeout(seconds):
        while not (found := await check()):
            await asyncio.sleep(0.02)
    return found


@contextlib.asynccontextmanager
async def fetching(db, account_id, settings, timeout: float = 20):
    """A fetcher at work; ends when the block does."""
    stop = asyncio.Event()
    fetcher = Fetcher(db, account_id, settings, sign_in(db), timeout)
    task = asyncio.create_task(fetcher.run(stop))
    try:
        yield fetcher
    finally:
        stop.set()
        async with asyncio.timeout(20):
            await task


def has(db, *mails: bytes):
    """Whether exactly these are in the ledger."""

    async def check() -> bool:
        return sorted(await raws(db)) == sorted(mails)

    return check


async def cleared(db, account) -> bool:
    """Whether the account has no error to show."""
    return await error_of(db, account) is None


async def error_of(db, account) -> str | None:
    """What the account shows as its error."""
    return (await row(db, account)).last_error


async def waits(clock) -> bool:
    """Whether anything waits for the clock."""
    return any(not future.done() for _, _, future in clock._waiting)


async def cursor_is(db, account, uid) -> bool:
    """Whether the folder has been read up to a UID."""
    return (await row(db, account)).cursor.get("last_uid") == uid

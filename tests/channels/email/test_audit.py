"""The audit: the mails on a server beside those in the ledger; what was passed over is found and fetched."""

import contextlib
from datetime import timedelta

import pytest
from sqlalchemy import delete, text, update

from channels.email import audit, fetch, mailbox
from channels.email.audit import Audit
from channels.email.position import Position
from channels.models import ChannelAccount, InboundItem
from core import clock as clocks
from core.db import reading, unit_of_work
from core.net import LOOPBACK, Networks
from tests.channels.email.fetching import (
    account_of,
    eventually,
    fetching,
    has,
    mail,
)  # fmt: skip
from tests.channels.email.peers import Scripted
from tests.channels.email.test_fetch_scripted import Folder
from tests.channels.email.test_import import audited, kept, rests
from tests.channels.email.test_mailbox import Box, Imap, scripted


@pytest.fixture
def box(dovecot) -> Box:
    """An empty mailbox."""
    return Box(dovecot)


def balanced(found: Audit) -> bool:
    """Each mail on the server is in exactly one class."""
    return found.server == found.ledger + found.before_start + found.pending + found.missing_count


@pytest.mark.peer
async def test_what_was_passed_over_is_found_and_fetched(db, box, settings):
    """The audit at the connecting and every hour: a row that vanished is there again, and it says so (field 1)."""
    box.add(*map(mail, range(1, 6)))
    account = await account_of(db, box.dovecot.port, user=box.user)
    async with fetching(db, account, settings):
        first = await eventually(lambda: kept(db, account))
    assert (first.server, first.ledger, first.missing, first.mended) == (5, 5, [], 0)
    await _forget(db, 2, 4)
    async with fetching(db, account, settings):
        await eventually(has(db, *map(mail, range(1, 6))))
        second = await eventually(lambda: _mended(db, account))
    assert (second.server, second.ledger, second.missing, second.mended) == (5, 5, [], 2)
    assert balanced(second)


async def _mended(db, account) -> Audit | None:
    found = await kept(db, account)
    return found if found is not None and found.mended else None


async def _forget(db, *uids: int) -> None:
    async with unit_of_work(db) as session:
        for uid in uids:
            await session.execute(delete(InboundItem).where(InboundItem.provider_id.endswith(f":{uid}")))


@pytest.mark.peer
async def test_people_may_delete_and_what_waits_is_not_missing(db, box, settings):
    """Gone from the server is no loss; mails that nobody has fetched yet are pending; an error keeps the numbers."""
    box.add(*map(mail, range(1, 6)))
    account = await account_of(db, box.dovecot.port, user=box.user)
    async with fetching(db, account, settings):
        await eventually(lambda: kept(db, account))
    box.add(mail(6))
    with box.session() as client:
        client.select()
        client.store("2", "+FLAGS", "\\Deleted")
        client.expunge()
    found = await audited(db, account, settings)
    assert (found.server, found.ledger, found.gone, found.pending, found.missing) == (5, 4, 1, 1, [])
    assert balanced(found)
    async with unit_of_work(db) as session:
        wrong = {"imap": {"host": "127.0.0.1", "port": box.dovecot.port, "user": box.user, "tls": "none"}}
        await session.execute(update(ChannelAccount).values(settings=wrong))
    failed = await audited(db, account, settings)
    assert "refused the sign-in" in failed.error
    assert (failed.at, failed.server, failed.gone) == (found.at, 5, 1)
    assert await kept(db, account) == failed


class Huge(Imap):
    """A folder of very many mails, of which the server only tells the numbers."""

    def __init__(self, mails: int) -> None:
        uids = b" ".join(b"%d" % uid for uid in range(1, mails + 1))
        super().__init__(SEARCH=b"* SEARCH " + uids + b"\r\n{tag} OK done\r\n", LOGOUT=b"{tag} OK bye\r\n")


async def test_a_hundred_thousand_mails_are_compared_in_a_moment(db, settings):
    """By plain SEARCH: no server needs to know an extension for it."""
    async with Scripted(Huge(100_000)) as server:
        account = await account_of(db, server.port)
        async with unit_of_work(db) as session:
            await session.execute(update(ChannelAccount).values(cursor={"uidvalidity": 7, "last_uid": 100_000}))
            await session.execute(
                text(
                    "insert into inbound_items (account_id, channel, provider_id, size, sha256, received_at) "
                    "select :account, 'email', '7:' || uid, 1, 'x', :at from generate_series(1, 100000) uid "
                    "where uid % 1000 > 0"
                ),
                {"account": account, "at": clocks.now()},
            )
        imap = scripted(server.port)
        async with _opened(imap) as opened, reading(db) as session:
            found = await audit.compare(session, account, opened, imap, Position(7, "7"))
    assert (found.server, found.ledger, found.missing_count, found.gone) == (100_000, 99_900, 100, 0)
    assert found.missing[:2] == [1000, 2000]
    assert balanced(found)


@contextlib.asynccontextmanager
async def _opened(settings):
    made = mailbox.Mailbox(settings, 20, Networks(LOOPBACK))
    await made.connect()
    await made.select()
    try:
        yield made
    finally:
        await made.close()


async def test_the_server_is_counted_every_hour(db, settings, clock):
    """On the same connection, by the product's clock; what vanished from the ledger is fetched again."""
    folder = Folder({1: mail(1), 2: mail(2)}, idle=False)
    async with Scripted(folder) as server:
        account = await account_of(db, server.port)
        async with fetching(db, account, settings):
            first = await eventually(lambda: kept(db, account))
            await eventually(lambda: rests(clock))
            await _forget(db, 1)
            clock.advance(fetch.AUDIT_EVERY - timedelta(minutes=1))
            await eventually(lambda: rests(clock))
            assert await kept(db, account) == first
            clock.advance(timedelta(minutes=1))
            found = await eventually(lambda: _mended(db, account))
    assert (found.server, found.ledger, found.mended) == (2, 2, 1)
    assert found.at - first.at == fetch.AUDIT_EVERY
    assert folder.sessions == 1

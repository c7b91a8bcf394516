"""The fetcher against a real Dovecot: every mail once, whatever happens."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from channels.email.catch_up import CatchUp
from channels.email.fetch import Fetcher
from channels.models import ChannelAccount, InboundItem
from core.db import Database, reading, unit_of_work
from core.settings import load
from tests.channels.email.dovecot import PASSWORD
from tests.channels.email.fetching import (
    account_of,
    cleared,
    cursor_is,
    error_of,
    eventually,
    fetching,
    has,
    mail,
    raws,
    row,
    sign_in,
    waits,
)
from tests.channels.email.test_mailbox import Box


@pytest.fixture
def box(dovecot) -> Box:
    """An empty mailbox."""
    return Box(dovecot)


@pytest.mark.peer
async def test_every_mail_once_and_none_is_marked(db, box, settings):
    """Also those that a colleague has read already; the cursor is kept, and nothing is seen by our doing."""
    box.add(mail(1), mail(2), mail(3))
    with box.session() as client:
        client.select()
        client.store("2", "+FLAGS", "\\Seen")
    account = await account_of(db, box.dovecot.port, user=box.user)
    async with fetching(db, account, settings):
        await eventually(has(db, mail(1), mail(2), mail(3)))
        await eventually(lambda: cursor_is(db, account, 3))
    async with reading(db) as session:
        names = list(await session.scalars(select(InboundItem.provider_id).order_by(InboundItem.id)))
    kept = await row(db, account)
    validity = kept.cursor["uidvalidity"]
    assert names == [f"{validity}:{uid}" for uid in (1, 2, 3)]
    assert kept.last_success_at is not None
    assert kept.last_mail_at is not None
    assert kept.last_error is None
    with box.session() as client:
        client.select(readonly=True)
        assert client.search(None, "SEEN")[1] == [b"2"]


@pytest.mark.peer
async def test_new_mail_arrives_by_push(db, box, settings):
    """IDLE: seconds, not the minute after which the mailbox would be polled."""
    account = await account_of(db, box.dovecot.port, user=box.user)
    async with fetching(db, account, settings):
        await eventually(lambda: cursor_is(db, account, 0))
        for number in (1, 2):
            await asyncio.to_thread(box.add, mail(number))
            await eventually(has(db, *map(mail, range(1, number + 1))), seconds=20)


@pytest.mark.peer
async def test_nothing_is_lost_in_an_outage_of_any_length(db, box, settings):
    """Five days later, half of it read elsewhere: the cursor knows (field 1, 2)."""
    box.add(mail(1))
    account = await account_of(db, box.dovecot.port, user=box.user)
    async with fetching(db, account, settings):
        await eventually(has(db, mail(1)))
    box.add(*map(mail, range(2, 130)))
    with box.session() as client:
        client.select()
        client.store("2:60", "+FLAGS", "\\Seen")
        client.store("5", "+FLAGS", "\\Deleted")
        client.expunge()
    async with fetching(db, account, settings):
        await eventually(has(db, *[mail(number) for number in range(1, 130) if number != 5]))
        await eventually(lambda: cursor_is(db, account, 129))


@pytest.mark.peer
async def test_a_crash_between_row_and_cursor_doubles_nothing(db, box, settings, monkeypatch):
    """The row is committed, the cursor is not: the next run finds the row by its name."""
    box.add(mail(1), mail(2))
    account = await account_of(db, box.dovecot.port, user=box.user)

    async with unit_of_work(db) as session:
        await session.execute(update(ChannelAccount).values(cursor={"uidvalidity": 1, "last_uid": 0}))
    fetcher = Fetcher(db, account, settings, sign_in(db))
    with monkeypatch.context() as patch:
        patch.setattr(CatchUp, "_save", _save_but_not_after_mails)
        with pytest.raises(asyncio.CancelledError):
            await fetcher.run(asyncio.Event())
    assert len(await raws(db)) == 2
    assert await cursor_is(db, account, 0)
    async with fetching(db, account, settings):
        await eventually(lambda: cursor_is(db, account, 2))
    assert await raws(db) == [mail(1), mail(2)]


_save = CatchUp._save


async def _save_but_not_after_mails(self):
    if self._has_stored:
        raise asyncio.CancelledError
    await _save(self)


@pytest.mark.peer
async def test_two_fetchers_of_one_mailbox_store_each_mail_once(db, box, settings):
    """The advisory lock makes it unlikely, the unique name makes it harmless (field 4)."""
    box.add(*map(mail, range(40)))
    account = await account_of(db, box.dovecot.port, user=box.user)
    async with fetching(db, account, settings), fetching(db, account, settings):
        await eventually(has(db, *map(mail, range(40))))
        await eventually(lambda: cursor_is(db, account, 40))
    assert len(await raws(db)) == 40


@pytest.mark.peer
async def test_a_folder_made_anew_is_read_from_its_start(db, box, settings):
    """UIDVALIDITY changes: old UIDs mean nothing; what is there again is told by its Message-ID later."""
    box.add(mail(1), mail(2), mail(3), folder="Desk")
    account = await account_of(db, box.dovecot.port, user=box.user, folder="Desk")
    async with fetching(db, account, settings):
        await eventually(lambda: cursor_is(db, account, 3))
    before = (await row(db, account)).cursor["uidvalidity"]
    with box.session() as client:
        client.delete("Desk")
    await asyncio.sleep(1.1)  # Dovecot derives UIDVALIDITY from the second
    box.add(mail(3), mail(4), folder="Desk")
    async with fetching(db, account, settings):
        await eventually(lambda: cursor_is(db, account, 2))
    assert (await row(db, account)).cursor["uidvalidity"] != before
    assert await raws(db) == [mail(1), mail(2), mail(3), mail(3), mail(4)]


@pytest.mark.peer
async def test_older_mails_stay_where_they_are(db, box, settings):
    """The cut-off of a first import (field 25); later all that is new comes, whatever its date."""
    with box.session() as client:
        client.append("INBOX", None, '"05-Jan-2026 10:00:00 +0000"', mail(1))
        client.append("INBOX", None, '"07-Mar-2026 10:00:00 +0000"', mail(2))
    account = await account_of(db, box.dovecot.port, user=box.user, since="2026-03-01")
    async with fetching(db, account, settings):
        await eventually(has(db, mail(2)))
        with box.session() as client:
            client.append("INBOX", None, '"05-Jan-2026 10:00:00 +0000"', mail(3))
        await eventually(has(db, mail(2), mail(3)))


@pytest.mark.peer
async def test_a_cut_off_after_every_mail_imports_none(db, box, settings):
    """And the next one is taken."""
    with box.session() as client:
        client.append("INBOX", None, '"05-Jan-2026 10:00:00 +0000"', mail(1))
    account = await account_of(db, box.dovecot.port, user=box.user, since="2026-03-01")
    async with fetching(db, account, settings):
        await eventually(lambda: cursor_is(db, account, 1))
        await asyncio.to_thread(box.add, mail(2))
        await eventually(has(db, mail(2)))


@pytest.mark.peer
async def test_a_mail_that_is_too_big_leaves_its_headers(db, box, tmp_path):
    """Never dropped in silence: the ledger gets the headers and the size (field 24), and the next mail comes."""
    big = mail(1) + b"x" * 70_000
    box.add(big, mail(2))
    account = await account_of(db, box.dovecot.port, user=box.user)
    async with fetching(db, account, load(data=tmp_path, max_mail_bytes=65_536)):
        await eventually(lambda: cursor_is(db, account, 2))
    first, second = await raws(db)
    assert first.startswith(b"x-sampark-too-big: %d\r\nFrom: a@b.c\r\n" % len(big))
    assert b"xxx" not in first
    assert second == mail(2)


@pytest.mark.peer
async def test_while_the_database_is_away_nothing_is_passed_over(db, box, settings, clock):
    """The mail stays where it is, and comes when the database does."""
    box.add(mail(1))
    account = await account_of(db, box.dovecot.port, user=box.user)
    good = db.sessions
    away = Database("postgresql://nobody@127.0.0.1:1/nothing")
    async with fetching(db, account, settings):
        await eventually(has(db, mail(1)))
        db.sessions = away.sessions
        await asyncio.to_thread(box.add, mail(2))
        await eventually(lambda: _sleeps(clock))
        db.sessions = good
        clock.advance(timedelta(minutes=10))
        await eventually(has(db, mail(1), mail(2)))
    await away.close()


async def _sleeps(clock) -> bool:
    return bool(
        [1 for due, _, future in clock._waiting if not future.done() and due - clock.now() < timedelta(seconds=3)]
    )


@pytest.mark.peer
async def test_a_refused_sign_in_is_noted_and_tried_gently(db, box, settings, clock):
    """The account says why (field 26); the next try is a minute away, and success clears the note."""
    box.add(mail(1))
    account = await account_of(db, box.dovecot.port, user=box.user, password="wrong")
    async with fetching(db, account, settings):
        await eventually(lambda: error_of(db, account))
        assert "refused the sign-in" in await error_of(db, account)
        assert (await row(db, account)).last_success_at is None
        good = {"host": "127.0.0.1", "port": box.dovecot.port, "user": box.user, "password": PASSWORD, "tls": "none"}
        async with unit_of_work(db) as session:
            await session.execute(update(ChannelAccount).values(settings={"imap": good}))
        await eventually(lambda: waits(clock))
        clock.advance(timedelta(seconds=29))
        assert await raws(db) == []
        clock.advance(timedelta(seconds=62))
        await eventually(has(db, mail(1)))
        await eventually(lambda: cleared(db, account))  # noted a moment after the mail is stored

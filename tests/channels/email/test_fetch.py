"""The fetcher against a real Dovecot and against servers that misbehave: every mail once, whatever happens."""

import asyncio
import contextlib
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from channels.email import carry, fetch
from channels.email.catch_up import CatchUp
from channels.email.fetch import Fetcher
from channels.email.signin import SignIn
from channels.models import ChannelAccount, InboundItem, InboundRaw
from core import clock as clocks
from core.db import Database, reading, unit_of_work
from core.net import LOOPBACK, Networks
from core.settings import load
from core.vault import Vault
from tests.channels.email.conftest import make_account
from tests.channels.email.dovecot import PASSWORD
from tests.channels.email.peers import Scripted
from tests.channels.email.test_mailbox import Box, Imap


def mail(number: int) -> bytes:
    """A mail that can be told from the others."""
    return b"From: a@b.c\r\nSubject: %d\r\nMessage-ID: <%d@b.c>\r\n\r\nx\r\n" % (number, number)


@pytest.fixture
def box(dovecot) -> Box:
    """An empty mailbox."""
    return Box(dovecot)


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
async def fetching(db, account_id, settings, timeout: float = 5):
    """A fetcher at work; ends when the block does."""
    stop = asyncio.Event()
    fetcher = Fetcher(db, account_id, settings, sign_in(db), timeout)
    task = asyncio.create_task(fetcher.run(stop))
    try:
        yield fetcher
    finally:
        stop.set()
        async with asyncio.timeout(5):
            await task


def has(db, *mails: bytes):
    """Whether exactly these are in the ledger."""

    async def check() -> bool:
        return sorted(await raws(db)) == sorted(mails)

    return check


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
        await eventually(lambda: _cursor_is(db, account, 3))
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


async def _cursor_is(db, account, uid) -> bool:
    return (await row(db, account)).cursor.get("last_uid") == uid


@pytest.mark.peer
async def test_new_mail_arrives_by_push(db, box, settings):
    """IDLE: seconds, not minutes."""
    account = await account_of(db, box.dovecot.port, user=box.user)
    async with fetching(db, account, settings):
        await eventually(lambda: _cursor_is(db, account, 0))
        for number in (1, 2):
            await asyncio.to_thread(box.add, mail(number))
            await eventually(has(db, *map(mail, range(1, number + 1))), seconds=5)


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
        await eventually(lambda: _cursor_is(db, account, 129))


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
    assert await _cursor_is(db, account, 0)
    async with fetching(db, account, settings):
        await eventually(lambda: _cursor_is(db, account, 2))
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
        await eventually(lambda: _cursor_is(db, account, 40))
    assert len(await raws(db)) == 40


@pytest.mark.peer
async def test_a_folder_made_anew_is_read_from_its_start(db, box, settings):
    """UIDVALIDITY changes: old UIDs mean nothing; what is there again is told by its Message-ID later."""
    box.add(mail(1), mail(2), mail(3), folder="Desk")
    account = await account_of(db, box.dovecot.port, user=box.user, folder="Desk")
    async with fetching(db, account, settings):
        await eventually(lambda: _cursor_is(db, account, 3))
    before = (await row(db, account)).cursor["uidvalidity"]
    with box.session() as client:
        client.delete("Desk")
    await asyncio.sleep(1.1)  # Dovecot derives UIDVALIDITY from the second
    box.add(mail(3), mail(4), folder="Desk")
    async with fetching(db, account, settings):
        await eventually(lambda: _cursor_is(db, account, 2))
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
        await eventually(lambda: _cursor_is(db, account, 1))
        await asyncio.to_thread(box.add, mail(2))
        await eventually(has(db, mail(2)))


@pytest.mark.peer
async def test_a_mail_that_is_too_big_leaves_its_headers(db, box, tmp_path):
    """Never dropped in silence: the ledger gets the headers and the size (field 24), and the next mail comes."""
    big = mail(1) + b"x" * 70_000
    box.add(big, mail(2))
    account = await account_of(db, box.dovecot.port, user=box.user)
    async with fetching(db, account, load(data=tmp_path, max_mail_bytes=65_536)):
        await eventually(lambda: _cursor_is(db, account, 2))
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
        await eventually(lambda: _error(db, account))
        assert "refused the sign-in" in await _error(db, account)
        assert (await row(db, account)).last_success_at is None
        good = {"host": "127.0.0.1", "port": box.dovecot.port, "user": box.user, "password": PASSWORD, "tls": "none"}
        async with unit_of_work(db) as session:
            await session.execute(update(ChannelAccount).values(settings={"imap": good}))
        await eventually(lambda: _waits(clock))
        clock.advance(timedelta(seconds=29))
        assert await raws(db) == []
        clock.advance(timedelta(seconds=62))
        await eventually(has(db, mail(1)))
        await eventually(lambda: _cleared(db, account))  # noted a moment after the mail is stored


async def _cleared(db, account) -> bool:
    return await _error(db, account) is None


async def _error(db, account) -> str | None:
    return (await row(db, account)).last_error


async def _waits(clock) -> bool:
    return any(not future.done() for _, _, future in clock._waiting)


class Folder(Imap):
    """A scripted mailbox: mails by UID; some are poisoned."""

    def __init__(
        self,
        mails: dict[int, bytes],
        poison: tuple[int, ...] = (),
        *,
        idle: bool = True,
        hang_up: bool = False,
        breaks_idle: bool = False,
    ):
        super().__init__()
        self.mails, self.poison, self.idle, self.hang_up = mails, poison, idle, hang_up
        self.breaks_idle = breaks_idle
        self.sessions = self.open = 0

    async def __call__(self, reader, writer):
        """Talk."""
        self.sessions += 1
        self.open += 1
        try:
            await self._talk(reader, writer)
        finally:
            self.open -= 1

    async def _talk(self, reader, writer):
        capability = b"* CAPABILITY IMAP4rev1" + (b" IDLE" if self.idle else b"") + b"\r\n"
        writer.write(b"* OK hello\r\n")
        while line := await reader.readline():
            self.heard.append(line.strip())
            tag, _, rest = line.strip().partition(b" ")
            words = rest.replace(b"UID FETCH", b"FETCH").replace(b"UID SEARCH", b"SEARCH").split()
            name = words[0] if words else tag
            answer = b""
            if name == b"CAPABILITY":
                answer = capability
            elif name == b"SELECT":
                answer = b"* %d EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 99] ok\r\n" % len(self.mails)
            elif name == b"SEARCH":
                answer = b"* SEARCH %s\r\n" % b" ".join(b"%d" % uid for uid in self.mails)
            elif name == b"FETCH":
                uids = [int(word) for word in words[1].split(b",")]
                body = b"BODY" in rest
                if body and uids[0] in self.poison:
                    if self.hang_up:
                        return
                    writer.write(tag + b" NO [SERVERBUG] broken mail\r\n")
                    continue
                for uid in uids:
                    raw = self.mails[uid]
                    what = b"BODY[] {%d}\r\n%s" % (len(raw), raw) if body else b"RFC822.SIZE %d" % len(raw)
                    answer += b"* 1 FETCH (UID %d %s)\r\n" % (uid, what)
            elif name == b"IDLE" and self.breaks_idle:
                return
            elif name == b"IDLE":
                writer.write(b"+ idling\r\n")
                self.heard.append((await reader.readline()).strip())
            elif name == b"LOGOUT":
                return
            writer.write(answer + tag + b" OK done\r\n")


@pytest.mark.parametrize("hang_up", [False, True])
async def test_a_poisoned_mail_holds_nobody_up_and_ends_as_a_note(db, settings, clock, hang_up):
    """The server refuses one mail, or hangs up over it: the others come, and a person is told to look (field 3)."""
    folder = Folder({1: mail(1), 2: mail(2), 3: mail(3)}, poison=(2,), hang_up=hang_up)
    async with Scripted(folder) as server:
        account = await account_of(db, server.port)
        async with fetching(db, account, settings, timeout=2):
            for _ in range(carry.TRIES * 3):
                await eventually(lambda: _waits(clock))
                clock.advance(timedelta(minutes=10))
                await asyncio.sleep(0.05)
            await eventually(lambda: _cursor_is(db, account, 3))
    found = await raws(db)
    assert set(found) > {mail(1), mail(3)}
    (note,) = (raw for raw in found if raw not in (mail(1), mail(3)))
    assert b"could not be fetched (UID 2)" in note
    assert found.index(mail(3)) < found.index(note)


async def test_a_server_without_push_is_asked_every_minute(db, settings, clock):
    """Polling, by the product's clock."""
    folder = Folder({1: mail(1)}, idle=False)
    async with Scripted(folder) as server:
        account = await account_of(db, server.port)
        async with fetching(db, account, settings):
            await eventually(has(db, mail(1)))
            await eventually(lambda: _waits(clock))
            folder.mails[2] = mail(2)
            clock.advance(timedelta(seconds=fetch.POLL_SECONDS - 1))
            await asyncio.sleep(0.1)
            assert await raws(db) == [mail(1)]
            clock.advance(timedelta(seconds=1))
            await eventually(has(db, mail(1), mail(2)))
    assert folder.sessions == 1


async def test_idle_is_renewed_long_before_servers_end_it(db, settings, clock):
    """DONE and a new IDLE (RFC 2177 asks for it every 29 minutes at least)."""
    assert fetch.IDLE_SECONDS < 25 * 60
    folder = Folder({})

    async def idles(number: int) -> bool:
        return sum(b"IDLE" in line for line in folder.heard) == number and await _waits(clock)

    async with Scripted(folder) as server:
        account = await account_of(db, server.port)
        async with fetching(db, account, settings):
            await eventually(lambda: idles(1))
            clock.advance(timedelta(seconds=fetch.IDLE_SECONDS))
            await eventually(lambda: idles(2))
    assert folder.heard.count(b"DONE") == 2
    assert folder.sessions == 1


async def test_where_idle_keeps_breaking_the_mailbox_is_polled(db, settings, clock):
    """A server (or a box in between) that hangs up at IDLE costs pushes, not mails."""
    folder = Folder({1: mail(1)}, breaks_idle=True)
    async with Scripted(folder) as server:
        account = await account_of(db, server.port)
        async with fetching(db, account, settings):
            for number in range(1, fetch.BROKEN_IDLES + 1):
                await eventually(lambda number=number: _sessions_and_waits(folder, number, clock))
                clock.advance(timedelta(minutes=10))
            await eventually(lambda: _sessions_and_waits(folder, fetch.BROKEN_IDLES + 1, clock))
            folder.mails[2] = mail(2)
            clock.advance(timedelta(seconds=fetch.POLL_SECONDS))
            await eventually(has(db, mail(1), mail(2)))
    assert sum(b"IDLE" in line for line in folder.heard) == fetch.BROKEN_IDLES
    assert folder.sessions == fetch.BROKEN_IDLES + 1


async def _sessions_and_waits(folder, number, clock) -> bool:
    return folder.sessions == number and folder.open == (number > fetch.BROKEN_IDLES) and await _waits(clock)


async def test_changed_settings_take_effect_and_a_closed_account_rests(db, settings, clock):
    """Without a restart: another server after the next look, nothing at all when the account is switched off."""
    old, new = Folder({1: mail(1)}, idle=False), Folder({1: mail(2)}, idle=False)
    async with Scripted(old) as first, Scripted(new) as second:
        account = await account_of(db, first.port)
        async with fetching(db, account, settings):
            await eventually(has(db, mail(1)))
            given = {"imap": {"host": "127.0.0.1", "port": second.port, "user": "u", "password": "p", "tls": "none"}}
            async with unit_of_work(db) as session:
                await session.execute(update(ChannelAccount).values(settings=given, cursor={}))
            await eventually(lambda: _waits(clock))
            clock.advance(timedelta(seconds=fetch.POLL_SECONDS))
            await eventually(lambda: _new_sessions(new))
            async with unit_of_work(db) as session:
                await session.execute(update(ChannelAccount).values(is_active=False))
            await eventually(lambda: _waits(clock))
            clock.advance(timedelta(seconds=fetch.POLL_SECONDS))
            await asyncio.sleep(0.2)
            clock.advance(timedelta(hours=1))
            await asyncio.sleep(0.2)
    assert new.sessions == 1


async def _new_sessions(folder) -> bool:
    return folder.sessions == 1


async def test_wrong_settings_are_noted_and_do_not_end_fetching(db, settings, clock):
    """A sentence at the account."""
    account = await make_account(db, settings={"imap": {"port": 143}})
    async with fetching(db, account, settings):
        await eventually(lambda: _error(db, account))
    assert "host" in await _error(db, account)
    assert clocks.now() == clock.now()


async def test_another_place_chosen_while_the_old_one_is_read_begins_anew(db, settings, clock, monkeypatch):
    """The cursor of the old folder is not written over the new one's, even where both count from the same number."""
    old, new = Folder({1: mail(1), 2: mail(2)}, idle=False), Folder({1: mail(3), 2: mail(4)}, idle=False)
    async with Scripted(old) as first, Scripted(new) as second:
        account = await account_of(db, first.port)
        given = {"imap": {"host": "127.0.0.1", "port": second.port, "user": "u", "password": "p", "tls": "none"}}
        take = carry.Carrier.take

        async def take_and_move(self, mailbox, position, uid, *args, **values):
            stored = await take(self, mailbox, position, uid, *args, **values)
            if (uid, new.sessions) == (1, 0):
                async with unit_of_work(db) as session:
                    await session.execute(update(ChannelAccount).values(settings=given, cursor={}))
            return stored

        monkeypatch.setattr(carry.Carrier, "take", take_and_move)
        async with fetching(db, account, settings):
            await eventually(lambda: _waits(clock))
            clock.advance(timedelta(seconds=fetch.POLL_SECONDS))
            await eventually(has(db, *map(mail, (1, 2, 3, 4))), seconds=5)
    assert (await row(db, account)).last_error is None


async def test_a_line_that_breaks_again_and_again_does_not_grow_slow(db, settings, clock):
    """Each connection brings one mail before it breaks: the next one follows soon, not after minutes."""
    folder = Folder({uid: mail(uid) for uid in range(1, 9)})

    class Broken:
        """A writer that breaks after one mail."""

        def __init__(self, writer):
            self.writer = writer

        def write(self, data):
            """Write."""
            self.writer.write(data)
            if b"BODY[]" in data:
                raise ConnectionResetError

    async def breaks(reader, writer):
        with contextlib.suppress(ConnectionResetError):
            await folder(reader, Broken(writer))

    async with Scripted(breaks) as server:
        account = await account_of(db, server.port)
        async with fetching(db, account, settings):
            for sessions in range(1, 9):
                await eventually(lambda sessions=sessions: _stored_and_waits(db, sessions, clock))
                clock.advance(timedelta(seconds=fetch.FIRST_PAUSE * 1.5))


async def _stored_and_waits(db, number, clock) -> bool:
    return len(await raws(db)) == number and await _waits(clock)

"""The fetcher against servers that misbehave: poisoned mails, no push, broken lines, settings that change."""

import asyncio
import contextlib
from datetime import timedelta

import pytest
from sqlalchemy import update

from channels.email import carry, fetch
from channels.models import ChannelAccount
from core import clock as clocks
from core.db import unit_of_work
from tests.channels.email.conftest import make_account
from tests.channels.email.fetching import (
    account_of,
    cursor_is,
    error_of,
    eventually,
    fetching,
    has,
    mail,
    raws,
    row,
    waits,
)
from tests.channels.email.peers import Scripted
from tests.channels.email.test_mailbox import Imap


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
        async with fetching(db, account, settings):
            for _ in range(carry.TRIES * 3):
                await eventually(lambda: waits(clock))
                clock.advance(timedelta(minutes=10))
                await asyncio.sleep(0.05)
            await eventually(lambda: cursor_is(db, account, 3))
    found = await raws(db)
    assert set(found) > {mail(1), mail(3)}
    (note,) = (raw for raw in found if raw not in (mail(1), mail(3)))
    assert b"does not give out the mail 7:2 of this mailbox" in note
    assert found.index(mail(3)) < found.index(note)


async def test_a_server_without_push_is_asked_every_minute(db, settings, clock):
    """Polling, by the product's clock."""
    folder = Folder({1: mail(1)}, idle=False)
    async with Scripted(folder) as server:
        account = await account_of(db, server.port)
        async with fetching(db, account, settings):
            await eventually(has(db, mail(1)))
            await eventually(lambda: waits(clock))
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
        return sum(b"IDLE" in line for line in folder.heard) == number and await waits(clock)

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
    return folder.sessions == number and folder.open == (number > fetch.BROKEN_IDLES) and await waits(clock)


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
            await eventually(lambda: waits(clock))
            clock.advance(timedelta(seconds=fetch.POLL_SECONDS))
            await eventually(lambda: _new_sessions(new))
            async with unit_of_work(db) as session:
                await session.execute(update(ChannelAccount).values(is_active=False))
            await eventually(lambda: waits(clock))
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
        await eventually(lambda: error_of(db, account))
    assert "host" in await error_of(db, account)
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
            await eventually(lambda: waits(clock))
            clock.advance(timedelta(seconds=fetch.POLL_SECONDS))
            await eventually(has(db, *map(mail, (1, 2, 3, 4))))
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
    return len(await raws(db)) == number and await waits(clock)

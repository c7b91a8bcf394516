"""An old mailbox is connected, folders change their UIDs, lines break: what the ledger has, and what it says of it."""

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from channels import inbound
from channels.email import audit, catch_up, fetch, mailbox
from channels.email.audit import Audit
from channels.email.reader import EmailReader
from channels.email.tokens import Tokens
from channels.models import ChannelAccount, InboundItem
from core import clock as clocks
from core.db import Database, reading, unit_of_work
from core.jobs import Definition, Registry, Worker
from core.net import LOOPBACK, Networks
from tests.channels.email.dovecot import PASSWORD
from tests.channels.email.fetching import (
    account_of,
    eventually,
    fetching,
    has,
    mail,
    raws,
    row,
    sign_in,
)  # fmt: skip
from tests.channels.email.peers import Scripted
from tests.channels.email.test_fetch_scripted import Folder
from tests.channels.email.test_mailbox import Box
from tickets.models import Ticket

OLD = '"05-Jan-2026 10:00:00 +0530"'


@pytest.fixture
def box(dovecot) -> Box:
    """An empty mailbox."""
    return Box(dovecot)


def old_mails(box: Box, *numbers: int, day: str = OLD, folder: str = "INBOX") -> None:
    """Mails that lay there before."""
    with box.session() as client:
        client.create(folder)
        for number in numbers:
            assert client.append(folder, None, day, mail(number))[0] == "OK"


@contextlib.contextmanager
def held_after(monkeypatch: pytest.MonkeyPatch, number: int) -> Iterator[asyncio.Event]:
    """The server gives out so many mails and keeps the next one back until the event is set: an import that stands.

    However fast or slow the machine is, what a test does meanwhile happens in the midst of the import.
    """
    go, content, got = asyncio.Event(), mailbox.Mailbox.content, 0

    async def slow(self: mailbox.Mailbox, uid: int, size: int) -> bytes | None:
        nonlocal got
        got += 1
        if got > number:
            await go.wait()
        return await content(self, uid, size)

    with monkeypatch.context() as patch:
        patch.setattr(mailbox.Mailbox, "content", slow)
        yield go


async def rows(db: Database) -> list[InboundItem]:
    """The ledger in order of arrival."""
    async with reading(db) as session:
        return list(await session.scalars(select(InboundItem).order_by(InboundItem.id)))


async def kept(db: Database, account: int) -> Audit | None:
    """The audit that the account keeps."""
    return Audit.of((await row(db, account)).audit)


async def audited(db: Database, account: int, settings) -> Audit:
    """A fresh audit over a connection of its own."""
    return await audit.audit(db, account, settings, sign_in(db), 5)


@pytest.mark.peer
async def test_a_first_import_can_be_tried_out(box):
    """How many it would be, from when to when; nothing is marked and nothing is kept (field 25)."""
    old_mails(box, 1, 2)
    old_mails(box, 3, day='"07-Mar-2026 10:00:00 +0000"')
    networks = Networks(LOOPBACK)
    everything = await mailbox.count(box.settings(), None, networks=networks)
    recent = await mailbox.count(box.settings(), date(2026, 3, 1), networks=networks)
    nothing = await mailbox.count(box.settings(), date(2026, 4, 1), networks=networks)
    assert (everything.total, everything.oldest) == (3, datetime(2026, 1, 5, 4, 30, tzinfo=UTC))
    assert (recent.total, recent.oldest, recent.newest) == (1, *[datetime(2026, 3, 7, 10, tzinfo=UTC)] * 2)
    assert (nothing.total, nothing.oldest, nothing.newest) == (0, None, None)
    with box.session() as client:
        client.select(readonly=True)
        assert client.search(None, "UNSEEN")[1] == [b"1 2 3"]


@pytest.mark.peer
async def test_old_mails_are_imported_as_old_and_news_as_news(db, box, settings):
    """With the dates of their server; what comes in between connecting and the first look is news (field 25)."""
    old_mails(box, 1, 2)
    account = await account_of(db, box.dovecot.port, user=box.user)
    await asyncio.to_thread(box.add, mail(3))
    async with fetching(db, account, settings):
        await eventually(has(db, mail(1), mail(2), mail(3)))
        old_mails(box, 4)  # moved in by a colleague: old, and new to us
        await eventually(has(db, *map(mail, range(1, 5))))
        await eventually(lambda: _imported(db, account))
    found = {item.provider_id.partition(":")[2]: item for item in await rows(db)}
    assert {uid: item.archived for uid, item in found.items()} == {"1": True, "2": True, "3": False, "4": False}
    assert found["1"].internal_date == datetime(2026, 1, 5, 4, 30, tzinfo=UTC)
    assert (await row(db, account)).cursor["import"] == {"until_uid": 3, "total": 3, "done": 3, "state": "done"}


async def _imported(db, account) -> bool:
    return (await row(db, account)).cursor.get("import", {}).get("state") == "done"


@pytest.mark.peer
async def test_old_mails_come_in_as_open_ones_when_that_is_wanted(db, box, settings):
    """A setting of the mailbox."""
    old_mails(box, 1)
    account = await account_of(db, box.dovecot.port, user=box.user, import_as="open")
    async with fetching(db, account, settings):
        await eventually(has(db, mail(1)))
    assert [item.archived for item in await rows(db)] == [False]


@pytest.mark.peer
async def test_the_cut_off_takes_what_was_counted(db, box, settings):
    """By the server's date, also where UIDs and dates disagree; the audit knows what was left on purpose."""
    old_mails(box, 1, day='"07-Mar-2026 10:00:00 +0000"')
    old_mails(box, 2)
    old_mails(box, 3, day='"08-Mar-2026 10:00:00 +0000"')
    old_mails(box, 4)
    account = await account_of(db, box.dovecot.port, user=box.user, since="2026-03-01")
    counted = await mailbox.count(box.settings(), date(2026, 3, 1), networks=Networks(LOOPBACK))
    async with fetching(db, account, settings):
        await eventually(has(db, mail(1), mail(3)))
        found = await eventually(lambda: kept(db, account))
    assert counted.total == 2
    assert (found.server, found.ledger, found.before_start, found.pending, found.missing) == (4, 2, 2, 0, [])
    # the day is moved back: what was left becomes missing, is fetched, and is old
    async with unit_of_work(db) as session:
        kept_settings = (await session.get_one(ChannelAccount, account)).settings
        earlier = {"imap": {**kept_settings["imap"], "since": "2026-01-01"}}
        await session.execute(update(ChannelAccount).values(settings=earlier))
    found = await audited(db, account, settings)
    assert (found.server, found.ledger, found.before_start, found.mended) == (4, 4, 0, 2)
    assert [item.archived for item in await rows(db)] == [True] * 4


@pytest.mark.peer
async def test_an_import_of_hundreds_holds_no_news_back(db, box, settings, monkeypatch):
    """A mail that comes in the midst of it is taken at the next look, before the rest of the archive (field 25)."""
    with box.session() as client:
        client.append("INBOX", None, OLD, mail(0))
        client.select()
        for _ in range(9):
            client.copy("1:*", "INBOX")
            client.noop()
    monkeypatch.setattr(catch_up, "LOOK_SECONDS", 0.05)
    account = await account_of(db, box.dovecot.port, user=box.user)
    with held_after(monkeypatch, 20) as go:
        async with fetching(db, account, settings):
            await eventually(lambda: _rows_at_least(db, 20))
            await asyncio.to_thread(box.add, mail(1))
            go.set()
            await eventually(lambda: _has_mail(db, mail(1)))
            found = await row(db, account)
            progress = found.cursor["import"]
            assert progress["state"] == "running"
            assert 0 < progress["done"] < progress["total"] == 512
            assert found.last_success_at is not None
            await eventually(lambda: _imported(db, account), 60)
    assert len(await raws(db)) == 513


async def _rows_at_least(db, number) -> bool:
    return len(await rows(db)) >= number


async def _has_mail(db, wanted: bytes) -> bool:
    return wanted in await raws(db)


@pytest.mark.peer
async def test_an_import_goes_on_where_it_was_stopped(db, box, settings, monkeypatch):
    """Stopped within a second, and nothing that is in the ledger is got from the server again."""
    old_mails(box, *range(200))
    account = await account_of(db, box.dovecot.port, user=box.user)
    monkeypatch.setattr(catch_up, "BATCH", 5)
    with held_after(monkeypatch, 20) as go:
        async with fetching(db, account, settings):
            await eventually(lambda: _rows_at_least(db, 20))
            await asyncio.to_thread(box.add, mail(900))
            go.set()
            await eventually(lambda: _has_mail(db, mail(900)))
    stored = len(await raws(db))
    assert stored < 150
    got: list[int] = []
    content = mailbox.Mailbox.content

    async def counted(self, uid, size):
        got.append(uid)
        return await content(self, uid, size)

    monkeypatch.setattr(mailbox.Mailbox, "content", counted)
    async with fetching(db, account, settings):
        await eventually(lambda: _imported(db, account), 30)
    assert len(await raws(db)) == 201
    assert len(got) == 201 - stored


@pytest.mark.peer
async def test_a_folder_made_anew_during_an_import_brings_no_old_mail_as_news(db, box, settings, monkeypatch):
    """Other UIDs, the same dates: what is old stays old, news comes first, and each is there once more (field 1)."""
    old_mails(box, *range(60), folder="Desk")
    account = await account_of(db, box.dovecot.port, user=box.user, folder="Desk")
    monkeypatch.setattr(catch_up, "BATCH", 5)
    async with fetching(db, account, settings):
        await eventually(lambda: _rows_at_least(db, 5))
    with box.session() as client:
        client.delete("Desk")
    await asyncio.sleep(1.1)  # Dovecot derives UIDVALIDITY from the second
    old_mails(box, *range(60), folder="Desk")
    await asyncio.to_thread(box.add, mail(900), folder="Desk")
    before = (await row(db, account)).cursor["uidvalidity"]
    async with fetching(db, account, settings):
        await eventually(lambda: _anew(db, account, before), 30)
        found = await eventually(lambda: _audited_anew(db, account, before))
    again = [item for item in await rows(db) if not item.provider_id.startswith(f"{before}:")]
    assert again[0].provider_id.endswith(":61")
    assert [item.archived for item in again] == [False] + [True] * 60
    assert (found.server, found.ledger, found.missing, found.pending) == (61, 61, [], 0)


async def _anew(db, account, before) -> bool:
    return (await row(db, account)).cursor["uidvalidity"] != before and await _imported(db, account)


async def _audited_anew(db, account, before) -> Audit | None:
    found = await kept(db, account)
    return found if found is not None and found.uidvalidity != before else None


class Cutting(Folder):
    """Hangs up in the middle of a mail's bytes, once for each mail."""

    def __init__(self, mails: dict[int, bytes]) -> None:
        super().__init__(mails, idle=False)
        self.cut: set[int] = set()

    async def _talk(self, reader, writer):
        await super()._talk(reader, _Scissors(writer, self.cut))


class _Scissors:
    """A writer that writes half of the first body and hangs up."""

    def __init__(self, writer, cut: set[int]) -> None:
        self._writer, self._cut = writer, cut

    def write(self, data: bytes) -> None:
        uid = int(data.partition(b"UID ")[2].split()[0]) if b"BODY[] {" in data else 0
        if uid and uid not in self._cut:
            self._cut.add(uid)
            self._writer.write(data[: len(data) // 2])
            raise ConnectionResetError
        self._writer.write(data)


async def test_a_line_that_is_cut_within_a_mail_costs_a_repetition(db, settings, clock):
    """Half a mail is no mail: it is got again, whole, and the others behind it come as well."""
    mails = {uid: mail(uid) + b"x" * 5000 for uid in (1, 2, 3)}
    async with Scripted(Cutting(mails)) as server:
        account = await account_of(db, server.port)
        async with fetching(db, account, settings):
            for _ in mails:
                await eventually(lambda: rests(clock))
                clock.advance(timedelta(minutes=10))
            await eventually(has(db, *mails.values()))
    assert await raws(db) == list(mails.values())


async def rests(clock) -> bool:
    """Whether somebody waits for the clock."""
    return any(not future.done() for _, _, future in clock._waiting)


@pytest.mark.peer
async def test_a_restart_of_the_server_is_survived(db, box, settings, dovecot):
    """Connections end in the middle of IDLE; the mail that came meanwhile is there when the server is."""
    account = await account_of(db, dovecot.port, user=box.user)
    async with fetching(db, account, settings):
        await asyncio.to_thread(box.add, mail(1))
        await eventually(has(db, mail(1)))
        await asyncio.to_thread(dovecot.stop)
        await asyncio.to_thread(dovecot.start)
        await asyncio.to_thread(box.add, mail(2))
        await eventually(has(db, mail(1), mail(2)))


@pytest.mark.peer
async def test_a_mail_is_in_the_ledger_within_two_seconds_of_its_delivery(db, box, settings):
    """By IDLE, measured from the server's answer to the delivery; nobody asks in between (field 3)."""
    account = await account_of(db, box.dovecot.port, user=box.user)
    stored = asyncio.Event()
    took: list[float] = []
    async with fetching(db, account, settings) as fetcher:
        await eventually(lambda: kept(db, account))
        take = fetcher._catch_up._carrier.take

        async def told(*arguments, **more):
            found = await take(*arguments, **more)
            stored.set()
            return found

        fetcher._catch_up._carrier.take = told
        for number in range(3):
            stored.clear()
            await asyncio.to_thread(box.add, mail(number))
            delivered = clocks.monotonic()
            async with asyncio.timeout(20):
                await stored.wait()
            took.append(clocks.monotonic() - delivered)
    assert sorted(took)[1] < 2, "the machine may be busy with something else for one of three"
    assert len(await raws(db)) == 3


@pytest.mark.peer
async def test_no_flag_and_no_keyword_is_set(db, box, settings):
    """PEEK alone: whoever else reads the mailbox finds it as it was, and what she does hides nothing (field 2)."""
    box.add(mail(1), mail(2))
    with box.session() as client:
        client.select()
        client.store("1", "+FLAGS", "(\\Seen \\Flagged customer-waits)")
        before = client.fetch("1:*", "(FLAGS)")[1]
    account = await account_of(db, box.dovecot.port, user=box.user, password=PASSWORD)
    async with fetching(db, account, settings):
        await eventually(has(db, mail(1), mail(2)))
        await eventually(lambda: kept(db, account))
    with box.session() as client:
        client.select(readonly=True)
        after = client.fetch("1:*", "(FLAGS)")[1]
    assert [line.replace(b"\\Recent", b"").split() for line in after] == [
        line.replace(b"\\Recent", b"").split() for line in before
    ]


async def test_an_import_is_processed_after_todays_mail(db):
    """A backlog of old mails stands in the queue behind a mail that came later (field 25)."""
    account = await account_of(db, 1)
    done: list[int] = []

    async def process(_session: object, item_id: int) -> None:
        done.append(item_id)

    for number in range(6):
        await inbound.store(db, inbound.Incoming(account, "email", f"7:{number}", b"x", archived=number < 5))
    await Worker(db, Registry((Definition(inbound.PROCESS_JOB, process),)), concurrency=2).drain()
    news = (await rows(db))[5].id
    assert sorted(done) == [item.id for item in await rows(db)]
    assert news in done[:2]


@pytest.mark.peer
async def test_a_folder_made_anew_doubles_no_ticket_with_or_without_message_ids(db, box, settings, storage):
    """Everything is read again under other UIDs; the intake knows each mail by its id, or by what it says (field 1)."""
    nameless = b"From: a@b.c\r\nDate: Mon, 5 Jan 2026 10:00:00 +0000\r\nSubject: %d\r\n\r\nNo id, number %d.\r\n"
    mails = [mail(1), mail(2), nameless % (3, 3), nameless % (4, 4)]
    box.add(*mails, folder="Desk")
    account = await account_of(db, box.dovecot.port, user=box.user, folder="Desk")
    reader = EmailReader(storage, Tokens("secret", "desk.test"))
    intake = inbound.Inbound({"email": reader}, {"email": reader.could_not_read})
    worker = Worker(db, Registry((Definition(inbound.PROCESS_JOB, intake.process),)))
    async with fetching(db, account, settings):
        await eventually(has(db, *mails))
    await worker.drain()
    with box.session() as client:
        client.delete("Desk")
    await asyncio.sleep(1.1)  # Dovecot derives UIDVALIDITY from the second
    news = nameless % (5, 5)
    box.add(*mails, news, folder="Desk")
    async with fetching(db, account, settings):
        await eventually(has(db, *mails, *mails, news))
    await worker.drain()
    async with reading(db) as session:
        tickets = await session.scalar(select(func.count()).select_from(Ticket))
    outcomes = [item.outcome for item in await rows(db)]
    assert outcomes.count("duplicate") == 4
    assert outcomes.count("ticket") == tickets == 5


@pytest.mark.parametrize("others", [1, 2])
async def test_another_server_that_counts_alike_loses_nothing(db, settings, clock, others):
    """The mailbox moves to a server with the same UIDVALIDITY: its UIDs are other mails, and get other names (field 1)."""
    first = Folder({1: mail(1), 2: mail(2)}, idle=False)
    async with Scripted(first) as server:
        account = await account_of(db, server.port)
        async with fetching(db, account, settings):
            await eventually(has(db, mail(1), mail(2)))
    stored = [mail(1), mail(2)]
    for number in range(others):
        news = {uid: mail(10 * (number + 1) + uid) for uid in (1, 2, 3)}
        async with Scripted(Folder(news, idle=False)) as server:
            given = {"imap": {"host": "127.0.0.1", "port": server.port, "user": "u", "tls": "none"}}
            async with unit_of_work(db) as session:  # as connecting it anew does
                await session.execute(update(ChannelAccount).values(settings=given, cursor={}, audit={}))
            stored += news.values()
            async with fetching(db, account, settings):
                await eventually(has(db, *stored))
                found = await eventually(lambda: kept(db, account))
        assert (found.server, found.ledger, found.missing, found.pending) == (3, 3, [], 0)
    series = {item.provider_id.partition(":")[0] for item in await rows(db)}
    assert series == {"7", *(f"7.{number + 1}" for number in range(others))}


class Restored(Folder):
    """A folder whose server tells what it will number next."""

    def __init__(self, mails: dict[int, bytes], following: int) -> None:
        super().__init__(mails, idle=False)
        self.following = following

    async def _talk(self, reader, writer):
        await super()._talk(reader, _Renaming(writer, self))


class _Renaming:
    """A writer that tells the true next UID."""

    def __init__(self, writer, folder: Restored) -> None:
        self._writer, self._folder = writer, folder

    def write(self, data: bytes) -> None:
        self._writer.write(data.replace(b"[UIDNEXT 99]", b"[UIDNEXT %d]" % self._folder.following))


async def test_a_server_that_was_restored_from_a_backup_loses_nothing(db, settings, clock):
    """UIDs are given out a second time under the same UIDVALIDITY: the new mail is not taken for the old (field 1)."""
    folder = Restored({1: mail(1), 2: mail(2), 3: mail(3)}, following=4)
    async with Scripted(folder) as server:
        account = await account_of(db, server.port)
        async with fetching(db, account, settings):
            await eventually(has(db, mail(1), mail(2), mail(3)))
            await eventually(lambda: rests(clock))
            folder.mails, folder.following = {1: mail(1), 2: mail(4)}, 3
            clock.advance(timedelta(seconds=fetch.POLL_SECONDS))
            await eventually(has(db, mail(1), mail(2), mail(3), mail(1), mail(4)))
            await eventually(lambda: rests(clock))
            folder.following = 1  # below its own mails: not believed, and nothing is read again
            clock.advance(timedelta(seconds=fetch.POLL_SECONDS))
            folder.mails[3] = mail(5)
            await eventually(lambda: rests(clock))
            clock.advance(timedelta(seconds=fetch.POLL_SECONDS))
            await eventually(has(db, mail(1), mail(2), mail(3), mail(1), mail(4), mail(5)))

"""The ledger: stored once, processed once, and whatever breaks becomes a row and a ticket that people see."""

import asyncio
import mailbox as mailboxes
import os
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from channels import inbound as ledger
from channels.email.reader import EmailReader
from channels.email.tokens import Tokens
from channels.inbound import Inbound, Incoming, Outcome, reprocess, store
from channels.models import InboundItem
from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.errors import Temporary
from core.jobs import Definition, Registry, Worker
from core.storage import Storage
from sampark.commands.ingest import mails_of
from tests import factories
from tickets.reply import ReplyContent, reply

pytestmark = pytest.mark.usefixtures("clock")
TOKENS = Tokens("secret", "desk.example")


@pytest.fixture
def inbound(storage: Storage) -> Inbound:
    """The ledger with the mail reader."""
    reader = EmailReader(storage, TOKENS)
    return Inbound({"email": reader}, {"email": reader.could_not_read})


async def account(db: Database) -> int:
    """A mailbox."""
    async with unit_of_work(db) as session:
        return (await factories.mailbox(session)).id


async def feed(
    db: Database, inbound: Inbound, account_id: int, raw: bytes, name: str = "", to: str = ""
) -> InboundItem:
    """Store and process one mail; returns its row."""
    incoming = Incoming(account_id, "email", name or str(hash(raw)), raw, "envelope@x.example", [to] if to else [])
    item_id = await store(db, incoming)
    assert item_id is not None
    async with unit_of_work(db) as session:
        await inbound.process(session, item_id)
    async with db.sessions() as session:
        return await session.get_one(InboundItem, item_id)


async def test_two_fetchers_store_one_row(db: Database) -> None:
    """The same provider id at the same moment: one row, one job, nobody fails."""
    box = await account(db)
    stored = await asyncio.gather(*(store(db, Incoming(box, "email", "7:1", b"x")) for _ in range(5)))
    assert len([each for each in stored if each is not None]) == 1
    async with db.sessions() as session:
        assert await session.scalar(text("select count(*) from jobs.pgqueuer")) == 1


async def test_processing_twice_changes_nothing(db: Database, inbound: Inbound) -> None:
    """A job that runs again (its worker died after the commit) finds the row done."""
    row = await feed(db, inbound, await account(db), factories.raw_mail())
    async with unit_of_work(db) as session:
        await inbound.process(session, row.id)
    async with db.sessions() as session:
        assert await session.scalar(text("select count(*) from messages")) == 1


async def test_the_same_mail_under_two_uids_is_a_duplicate(db: Database, inbound: Inbound) -> None:
    """After UIDVALIDITY changed, everything is fetched again and nothing doubles; processed at once or one by one."""
    box = await account(db)
    raw = factories.raw_mail(subject="Once")
    first = await feed(db, inbound, box, raw, "1:1")
    again = await feed(db, inbound, box, b"Received: by another\r\n" + raw, "2:1")
    assert (again.outcome, again.duplicate_of_id, again.ticket_id) == ("duplicate", first.id, first.ticket_id)


async def test_copies_processed_at_the_same_moment_make_one_ticket(db: Database, inbound: Inbound) -> None:
    """Two workers, two copies: one ticket and one duplicate."""
    box = await account(db)
    raw = factories.raw_mail()
    ids = [await store(db, Incoming(box, "email", f"c:{number}", raw)) for number in range(4)]
    await Worker(db, Registry((Definition("channels.process_inbound", inbound.process),))).drain()
    async with db.sessions() as session:
        rows = [await session.get_one(InboundItem, each) for each in ids]
    assert sorted(row.outcome or "" for row in rows) == ["duplicate", "duplicate", "duplicate", "ticket"]
    assert len({row.ticket_id for row in rows}) == 1


async def test_one_message_id_for_different_mails_is_no_duplicate(db: Database, inbound: Inbound) -> None:
    """Devices that send every mail under one id, and strangers who guess an id, suppress nothing."""
    box = await account(db)
    await feed(db, inbound, box, factories.raw_mail(message_id="<same@x>", body="one"), "1")
    other = await feed(db, inbound, box, factories.raw_mail(message_id="<same@x>", body="two"), "2")
    thief = await feed(
        db, inbound, box, factories.raw_mail(message_id="<same@x>", body="one", from_="t@o.example"), "3"
    )
    assert {other.outcome, thief.outcome} == {"ticket"}


async def test_a_reader_that_breaks_leaves_a_visible_ticket(db: Database, storage: Storage) -> None:
    """Whatever goes wrong, the row says why, a ticket shows the headers, and it can be processed again."""
    reader = EmailReader(storage, TOKENS)

    async def broken(*_: object) -> None:
        raise ValueError("the reader is broken")

    inbound = Inbound({"email": broken}, {"email": reader.could_not_read})  # type: ignore[dict-item]
    row = await feed(db, inbound, await account(db), factories.raw_mail(subject="Hidden gem"))
    assert (row.state, row.outcome) == ("failed", "unreadable")
    assert "the reader is broken" in (row.reason or "")
    async with db.sessions() as session:
        shown = await session.scalar(text("select text from messages where ticket_id = :id"), {"id": row.ticket_id})
        assert "Hidden gem" in shown
    mended = Inbound({"email": reader}, {"email": reader.could_not_read})
    async with unit_of_work(db) as session:
        await reprocess(session, row.id)
    async with unit_of_work(db) as session:
        await mended.process(session, row.id)
    async with db.sessions() as session:
        again = await session.get_one(InboundItem, row.id)
        assert (again.state, again.ticket_id, again.matched_by) == ("done", row.ticket_id, "reprocessed")


async def test_our_own_mail_coming_back_opens_nothing(db: Database, inbound: Inbound) -> None:
    """A loop through a forwarding rule ends in the ledger, also behind a service that rewrites Message-IDs."""
    box = await account(db)
    for headers in (
        {"message_id": f"<{TOKENS.message_id(5)}>"},
        {"message_id": f"<{TOKENS.notice_id(5)}>"},
        {"x_sampark_id": TOKENS.message_id(5)},
    ):
        row = await feed(db, inbound, box, factories.raw_mail(**headers))
        assert (row.outcome, row.ticket_id) == ("own_loop", None)


async def test_a_mail_that_was_too_big_becomes_a_ticket_that_says_so(db: Database, inbound: Inbound) -> None:
    """Only the headers came in; nothing is dropped in silence."""
    raw = b"X-Sampark-Too-Big: 99000000\r\n" + factories.raw_mail(subject="Video of the leak", body="")
    row = await feed(db, inbound, await account(db), raw)
    assert row.outcome == "too_big"
    async with db.sessions() as session:
        assert "99000000" in await session.scalar(
            text("select text from messages where id = :id"), {"id": row.message_id}
        )


async def test_a_token_for_another_installation_proves_nothing(db: Database, inbound: Inbound) -> None:
    """A copied or guessed token opens a new ticket; ours attaches."""
    box = await account(db)
    first = await feed(db, inbound, box, factories.raw_mail(), "1")
    assert first.ticket_id is not None
    foreign = Tokens("another", "desk.example").reply_address("support@desk.example", first.ticket_id)
    ours = TOKENS.reply_address("support@desk.example", first.ticket_id)
    other = await feed(db, inbound, box, factories.raw_mail(from_="n@n.example"), "2", foreign)
    right = await feed(db, inbound, box, factories.raw_mail(from_="m@m.example"), "3", ours)
    assert other.ticket_id != first.ticket_id
    assert (right.ticket_id, right.matched_by) == (first.ticket_id, "token")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=400))
def test_any_bytes_end_as_a_row_with_an_outcome(db: Database, inbound: Inbound, raw: bytes) -> None:
    """No bytes at all can break the pipeline."""
    loop = asyncio.new_event_loop()
    database = Database(db.url, 2)
    try:
        box = loop.run_until_complete(account_named(database))
        row = loop.run_until_complete(feed(database, inbound, box, raw, f"any:{raw.hex()}:{id(raw)}:{loop.time()}"))
        assert row.outcome in {
            "ticket",
            "reply",
            "duplicate",
            "bounce",
            "automatic",
            "own_loop",
            "report",
            "unreadable",
        }
    finally:
        loop.run_until_complete(database.close())
        loop.close()


async def account_named(db: Database) -> int:
    """One mailbox for all examples."""
    async with unit_of_work(db) as session:
        found = await session.scalar(text("select id from channel_accounts limit 1"))
        return int(found) if found else (await factories.mailbox(session)).id


def test_an_mbox_is_split(tmp_path: Path) -> None:
    """Ingest takes every mail of an mbox as it was before it was put there."""
    box = mailboxes.mbox(tmp_path / "old.mbox")
    for number in range(3):
        box.add(factories.raw_mail(subject=f"Old {number}", body="Dear all\n\nFrom here on all is well."))
    box.close()
    found = list(mails_of((tmp_path,)))
    assert sum(b"Subject: Old" in raw and b"\nFrom here on" in raw for _, raw in found if isinstance(raw, bytes)) == 3
    assert [Path(name).name for name, _ in found] == ["old.mbox#1", "old.mbox#2", "old.mbox#3"]


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    """A link to nowhere, a pipe and a device are no mails, and none of them is passed over in silence."""
    (tmp_path / "gone.eml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "null.eml").symlink_to("/dev/null")
    os.mkfifo(tmp_path / "pipe.eml")
    (tmp_path / "real.eml").write_bytes(factories.raw_mail())
    (tmp_path / "folder").mkdir()
    found = {Path(name).name: raw for name, raw in mails_of((tmp_path, tmp_path / "pipe.eml"))}
    assert {name for name, raw in found.items() if isinstance(raw, OSError)} == {"gone.eml", "null.eml", "pipe.eml"}
    assert isinstance(found["real.eml"], bytes)
    assert set(found) == {"gone.eml", "null.eml", "pipe.eml", "real.eml"}


async def test_rows_whose_job_was_lost_are_asked_for_again(db: Database, clock: ManualClock) -> None:
    """A restored backup has rows without jobs; they are found."""
    box = await account(db)
    async with unit_of_work(db) as session:
        await ledger.add(session, Incoming(box, "email", "lost", factories.raw_mail()))
    assert await ledger.recover(db) == 0
    clock.advance(timedelta(minutes=6))
    assert await ledger.recover(db) == 1
    async with db.sessions() as session:
        assert len(list(await session.scalars(select(InboundItem)))) == 1


async def test_a_storage_that_is_away_is_not_the_mails_fault(db: Database, tmp_path: Path) -> None:
    """A full disk makes the job try again; no "could not read" ticket, and the row still waits."""

    class Full(Storage):
        async def put(self, content: bytes) -> str:
            raise Temporary("no space left")

    reader = EmailReader(Full(tmp_path / "full"), TOKENS)
    inbound = Inbound({"email": reader}, {"email": reader.could_not_read})
    mail = EmailMessage()
    mail["From"] = "a@b.example"
    mail.set_content("see the file")
    mail.add_attachment(b"x", maintype="image", subtype="png", filename="a.png")
    with pytest.raises(Temporary):
        await feed(db, inbound, await account(db), mail.as_bytes())
    async with db.sessions() as session:
        assert await session.scalar(text("select state from inbound_items")) == "received"
        assert await session.scalar(text("select count(*) from tickets")) == 0


def report(message_id: str, recipient: str) -> bytes:
    """A delivery report about one of our mails."""
    return (
        "From: MAILER-DAEMON@mx.example\r\nTo: support@desk.example\r\nSubject: Undelivered\r\nReturn-Path: <>\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\nMIME-Version: 1.0\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nfailed\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; {recipient}\r\nAction: failed\r\n"
        "Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
        f"Message-ID: <{message_id}>\r\nSubject: Re: x\r\n\r\nhello\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize(("bounced", "believed"), [("asha@customer.example", True), ("victim@other.example", False)])
async def test_a_bounce_is_believed_only_for_recipients(
    db: Database, inbound: Inbound, bounced: str, believed: bool
) -> None:
    """A forged report marks nobody's address; a true one marks message and address."""
    async with unit_of_work(db) as session:
        agent = await factories.agent(session)
        first = await factories.received(session)
        await factories.received(session, sender="victim@other.example")
    async with unit_of_work(db, factories.actor(agent)) as session:
        message = await reply(session, first.ticket_id, ReplyContent(client_key="k", html="<p>Yes.</p>"))
    async with unit_of_work(db) as session:
        await session.execute(text("update deliveries set state = 'sent'"))
    row = await feed(db, inbound, await account(db), report(TOKENS.message_id(message.id), bounced))
    assert (row.outcome, row.ticket_id) == ("bounce", first.ticket_id)
    async with db.sessions() as session:
        state = await session.scalar(text("select state from deliveries"))
        dead = list(await session.scalars(text("select value from contact_points where invalid_reason is not null")))
    assert (state, dead) == (("bounced", [bounced]) if believed else ("sent", []))


async def test_a_row_that_breaks_everything_is_shown_at_last(db: Database, clock: ManualClock) -> None:
    """Whatever its processing does, a row is asked for a few times and then stands as failed, for people to see."""
    item_id = await store(db, Incoming(await account(db), "email", "9:9", b"x"))
    for _ in range(6):
        clock.advance(timedelta(minutes=31))
        await ledger.recover(db)
    async with db.sessions() as session:
        row = await session.get_one(InboundItem, item_id)
    assert (row.state, row.outcome) == ("failed", "unreadable")
    assert await ledger.recover(db) == 0


async def test_a_broken_mail_twice_at_the_same_moment_makes_one_ticket(db: Database, storage: Storage) -> None:
    """Two workers, one mail under two names that breaks the reader: the second waits, and then sees what the first did."""
    reader = EmailReader(storage, TOKENS)

    async def broken(*_: object) -> None:
        raise ValueError("the reader is broken")

    both = asyncio.Barrier(2)

    async def at_once(session: AsyncSession, *about: Any) -> Outcome:
        await session.execute(text("select 1"))
        await both.wait()
        outcome = await reader.could_not_read(session, *about)
        await asyncio.sleep(0.2)  # the transaction of the one lasts while the other asks
        return outcome

    inbound = Inbound({"email": broken}, {"email": at_once})  # type: ignore[dict-item]
    box = await account(db)
    raw = factories.raw_mail()
    ids = [await store(db, Incoming(box, "email", f"b:{number}", raw)) for number in range(2)]
    await Worker(db, Registry((Definition("channels.process_inbound", inbound.process),))).drain()
    async with db.sessions() as session:
        rows = [await session.get_one(InboundItem, each) for each in ids]
    assert sorted(row.outcome or "" for row in rows) == ["duplicate", "unreadable"]
    assert len({row.ticket_id for row in rows}) == 1

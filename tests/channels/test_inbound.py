"""The ledger: stored once, processed once, and whatever breaks becomes a row and a ticket that people see."""

import asyncio
import mailbox as mailboxes
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from channels.email.reader import EmailReader
from channels.email.tokens import Tokens
from channels.inbound import Inbound, Incoming, reprocess, store
from channels.models import InboundItem
from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.jobs import Definition, Registry, Worker
from core.storage import Storage
from sampark.commands.ingest import mails_of
from tests import factories

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
    """A loop through a forwarding rule ends in the ledger."""
    raw = factories.raw_mail(message_id=f"<{TOKENS.message_id(5)}>")
    row = await feed(db, inbound, await account(db), raw)
    assert (row.outcome, row.ticket_id) == ("own_loop", None)


async def test_a_mail_that_was_too_big_becomes_a_ticket_that_says_so(db: Database, inbound: Inbound) -> None:
    """Only the headers came in; nothing is dropped in silence."""
    raw = b"X-Sampark-Too-Big: 99000000\r\n" + factories.raw_mail(subject="Video of the leak")
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
    """Ingest takes every mail of an mbox, and a file that cannot be opened is named."""
    box = mailboxes.mbox(tmp_path / "old.mbox")
    for number in range(3):
        box.add(factories.raw_mail(subject=f"Old {number}"))
    box.close()
    (tmp_path / "gone.eml").symlink_to(tmp_path / "nowhere")
    found = list(mails_of((tmp_path,)))
    assert sum(b"Subject: Old" in raw for _, raw in found if isinstance(raw, bytes)) == 3


async def test_rows_whose_job_was_lost_are_asked_for_again(db: Database, clock: ManualClock) -> None:
    """A restored backup has rows without jobs; they are found."""
    from datetime import timedelta

    from channels import inbound as ledger

    box = await account(db)
    async with unit_of_work(db) as session:
        await ledger.add(session, Incoming(box, "email", "lost", factories.raw_mail()))
    assert await ledger.recover(db) == 0
    clock.advance(timedelta(minutes=6))
    assert await ledger.recover(db) == 1
    async with db.sessions() as session:
        assert len(list(await session.scalars(select(InboundItem)))) == 1

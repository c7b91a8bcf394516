"""What becomes of mails that a server does not give, and of bytes that are no mail."""

import random
import zlib

import pytest
from sqlalchemy import select
from structlog.testing import CapturingLogger

from channels.email.carry import TRIES, Carrier
from channels.email.filters import NOT_FETCHED_HEADER
from channels.email.position import Position
from channels.inbound import reprocess
from channels.models import InboundItem
from core.db import Database, unit_of_work
from core.settings import Settings
from core.storage import Storage
from tests import factories
from tests.channels.email.test_reader import Post
from tickets.models import Message

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def post(db: Database, storage: Storage) -> Post:
    """The post."""
    return Post(db, storage)


@pytest.mark.parametrize("reason", ["NO [SERVERBUG] broken mail", "mailer-daemon: delivery failed"])
async def test_a_mail_that_its_server_does_not_give_is_shown(post: Post, settings: Settings, reason: str) -> None:
    """The note of the fetcher is seen, counts as unreadable, can be processed again, and is no bounce."""
    box = await post.box()
    position = Position(uidvalidity=7, series="9")
    carrier = Carrier(post.db, box, settings.max_mail_bytes)
    assert [await carrier.failed(position, 4, reason) for _ in range(TRIES)] == [False] * (TRIES - 1) + [True]
    async with unit_of_work(post.db) as session:
        item_id = await session.scalar(select(InboundItem.id))
        assert item_id is not None
        await post.inbound.process(session, item_id)
    row = await post.one(InboundItem, item_id)
    assert (row.outcome, row.state) == ("unreadable", "failed")
    said = await post.one(Message, row.message_id)
    assert said.subject == "A mail that could not be fetched"
    assert all(words in said.text for words in ("the mail 9:4", reason, "in the mailbox itself"))
    async with unit_of_work(post.db) as session:
        await reprocess(session, item_id)
    async with unit_of_work(post.db) as session:
        await post.inbound.process(session, item_id)
    again = await post.one(InboundItem, item_id)
    assert (again.outcome, again.ticket_id) == ("unreadable", row.ticket_id)


async def test_nobody_can_have_his_mail_taken_for_one_not_fetched(post: Post) -> None:
    """Through the mail listener the sender's own first line comes first: it hides no words."""
    box = await post.box()
    forged = f"{NOT_FETCHED_HEADER}: no\r\n".encode() + factories.raw_mail(body="The brakes fail.")
    row = await post.arrives(box, forged)
    assert row.outcome == "ticket"
    assert "The brakes fail." in (await post.one(Message, row.message_id)).text


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n\r\n",
        bytes(range(256)) * 20,
        random.Random(1).randbytes(5_000),
        b"X\x01: \x02\x03\r\n\r\n\x04\x05\x06",
        b"abc: \x00\x01\x02 a field by chance\r\n\r\n\x00\x00\x01",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        zlib.compress(b"a mail once" * 500),
    ],
    ids=["empty", "only line ends", "every byte", "random", "nearly a field", "a field by chance", "picture", "packed"],
)
async def test_bytes_that_are_no_mail_are_unreadable(post: Post, raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are counted, shown without garbage, can be processed again, and the log says it in a line."""
    log = CapturingLogger()
    monkeypatch.setattr("channels.inbound._log", log)
    box = await post.box()
    row = await post.arrives(box, raw)
    assert (row.outcome, row.state, row.ticket_id is not None) == ("unreadable", "failed", True)
    said = await post.one(Message, row.message_id)
    assert said.subject == "A mail that could not be read"
    assert all(letter.isprintable() or letter == "\n" for letter in said.text)
    (told,) = log.calls
    assert (told.method_name, "exc_info" in told.kwargs) == ("warning", False)


@pytest.mark.parametrize(
    "raw",
    [
        b"Please call me.",
        "कृपया फ़ोन करें".encode(),
        "電話してください".encode("iso2022_jp"),
        "電話してください".encode("shift_jis"),
        "﻿Please call me.".encode("utf-16-le"),
        b"Subject: Machine\r\n\r\n\x00\x01\x02",
    ],
)
async def test_text_without_a_header_is_read(post: Post, raw: bytes) -> None:
    """Somebody wrote it, whatever was lost on the way."""
    box = await post.box()
    assert (await post.arrives(box, raw)).outcome == "ticket"

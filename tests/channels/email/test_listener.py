"""The listener over real SMTP and LMTP: stored before 250, refused in words, and no bytes bring it down."""

import asyncio
import contextlib
import socket
from datetime import timedelta

import aiosmtplib
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import select

from channels.email import listener as listening
from channels.email.listener import Listener
from channels.models import ChannelAccount, InboundItem, InboundRaw
from core.db import Database, reading
from core.settings import load
from tests.channels.email.conftest import make_account

MAIL = b"From: Ravi <ravi@example.com>\r\nTo: support@desk.test\r\nSubject: Hi\r\nMessage-ID: <1@example.com>\r\n\r\nHello\r\n"
BARE = b"Subject: no id\r\n\r\nHello\r\n"


@pytest.fixture
async def listener(db, account, settings):
    """A running listener."""
    made = Listener(db, settings)
    await made.start()
    yield made
    await made.stop()


async def rows(db: Database) -> list[tuple]:
    """The ledger with its bytes."""
    async with reading(db) as session:
        found = await session.execute(
            select(InboundItem.account_id, InboundItem.envelope_from, InboundItem.envelope_to, InboundRaw.content)
            .join(InboundRaw, InboundRaw.item_id == InboundItem.id)
            .order_by(InboundItem.id)
        )
        return [tuple(row) for row in found]


async def heard(db: Database) -> tuple:
    """When the first mailbox got its last mail, and when it was reached last."""
    async with reading(db) as session:
        found = await session.execute(select(ChannelAccount.last_mail_at, ChannelAccount.last_success_at))
        return tuple(found.one())


async def send(listener: Listener, raw: bytes, to=("support@desk.test",), sender="ravi@example.com"):
    """Hand a mail over as any mail program does."""
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=listener.port, start_tls=False) as client:
        return await client.sendmail(sender, list(to), raw)


async def talk(listener: Listener, *lines: bytes) -> list[str]:
    """Say lines and hear what is answered to each (the greeting first)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    answers = [(await reader.readline()).decode()]
    for line in lines:
        writer.write(line)
        while (answer := (await asyncio.wait_for(reader.readline(), 20)).decode())[3:4] == "-":
            pass
        answers.append(answer.strip())
    writer.close()
    return answers


async def test_a_mail_is_in_the_ledger_when_the_client_hears_250(db, account, listener):
    """Bytes, envelope and account are kept (invariant 2)."""
    _, answer = await send(listener, MAIL)
    assert answer.startswith("2.0.0")
    assert await rows(db) == [(account, "ravi@example.com", ["support@desk.test"], MAIL)]


async def test_when_the_last_mail_came_is_known(db, account, listener, clock):
    """A mailbox that is only fed by the listener has nobody else to say so; a flood is not noted mail by mail."""
    before = clock.now()
    await send(listener, MAIL)
    clock.advance(timedelta(seconds=1))
    await send(listener, BARE)
    assert await heard(db) == (before, before)
    clock.advance(timedelta(minutes=1))
    await send(listener, BARE + b"2")
    assert await heard(db) == (clock.now(), clock.now())


async def test_a_mail_that_cannot_be_noted_is_kept_all_the_same(db, account, listener, monkeypatch):
    """The client hears 250 for what is in the ledger."""

    def refuses(_: Database) -> None:
        raise OSError("the database has gone")

    monkeypatch.setattr(listening, "unit_of_work", refuses)
    _, answer = await send(listener, MAIL)
    assert answer.startswith("2.0.0")
    assert len(await rows(db)) == 1


async def test_aliases_plus_addresses_and_capitals_are_ours(db, account, listener):
    """Reply tokens ride in the plus part."""
    for number, to in enumerate(["help@desk.test", "Support+t12.abc@Desk.Test", "HELP+x@desk.test"]):
        await send(listener, MAIL + str(number).encode(), to=[to])
    assert [row[2] for row in await rows(db)] == [
        ["help@desk.test"],
        ["Support+t12.abc@Desk.Test"],
        ["HELP+x@desk.test"],
    ]
    assert {row[0] for row in await rows(db)} == {account}


async def test_one_row_for_each_mailbox(db, account, listener):
    """Two addresses of one mailbox are one row, another mailbox is its own."""
    sales = await make_account(db, "Sales")
    await send(listener, MAIL, to=["support@desk.test", "help@desk.test", "sales@desk.test"])
    assert [(row[0], row[2]) for row in await rows(db)] == [
        (account, ["support@desk.test", "help@desk.test"]),
        (sales, ["sales@desk.test"]),
    ]


@pytest.mark.parametrize(("to", "words"), [("nobody@desk.test", "5.1.1"), ("x@elsewhere.test", "relaying denied")])
async def test_others_are_refused(db, listener, to, words):
    """No open relay, no silent drop."""
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
        await send(listener, MAIL, to=[to])
    assert refused.value.recipients[0].code == 550
    assert words in refused.value.recipients[0].message
    assert await rows(db) == []


async def test_a_mailbox_that_was_switched_off_takes_no_mail(db, listener):
    """Inactive accounts are nobody."""
    await make_account(db, "Old", is_active=False)
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        await send(listener, MAIL, to=["old@desk.test"])


async def test_a_mailbox_made_a_moment_ago_is_known(db, listener):
    """What is not found is looked up afresh, whatever is remembered."""
    await send(listener, MAIL)
    await make_account(db, "Fresh")
    await send(listener, MAIL, to=["fresh@desk.test"])
    assert len(await rows(db)) == 2


async def test_the_empty_sender_of_bounces_is_accepted(db, listener):
    """MAIL FROM:<> (RFC 5321, section 4.5.5)."""
    await send(listener, MAIL, sender="")
    assert (await rows(db))[0][1] == ""


async def test_a_second_try_of_the_client_is_one_row(db, listener, clock):
    """The answer got lost, the client sends again: same bytes, same envelope, one row and 250 both times."""
    for raw in (MAIL, BARE):
        await send(listener, raw)
        await send(listener, raw)
    assert len(await rows(db)) == 2


async def test_a_second_try_over_the_full_hour_is_one_row(db, listener, clock):
    """The window slides for mails that only their bytes can tell apart."""
    clock.advance(listening.RETRY_WINDOW * 0.9)
    await send(listener, BARE)
    clock.advance(listening.RETRY_WINDOW * 0.2)
    await send(listener, BARE)
    assert len(await rows(db)) == 1
    clock.advance(listening.RETRY_WINDOW * 0.9)
    await send(listener, BARE)
    assert len(await rows(db)) == 2


async def test_eight_bits_and_addresses_of_every_script(db, listener):
    """8BITMIME and SMTPUTF8 are offered and kept."""
    raw = "Subject: नमस्ते\r\n\r\nಹಲೋ\r\n".encode()
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=listener.port, start_tls=False) as client:
        await client.ehlo()
        assert {"8bitmime", "smtputf8", "size"} <= set(client.esmtp_extensions)
        await client.mail("रवि@example.com", options=["SMTPUTF8", "BODY=8BITMIME"], encoding="utf-8")
        await client.rcpt("support@desk.test")
        await client.data(raw)
    assert [(row[1], row[3]) for row in await rows(db)] == [("रवि@example.com", raw)]


async def test_too_big_is_refused_before_and_after(db, account, tmp_path):
    """By SIZE when the client says it, by counting when it does not."""
    small = Listener(db, load(data=tmp_path, smtp_port=0, max_mail_bytes=65_536))
    await small.start()
    try:
        answers = await talk(small, b"EHLO x\r\n", b"MAIL FROM:<a@b.c> SIZE=70000\r\n")
        assert answers[-1].startswith("552")
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=small.port, start_tls=False) as client:
            await client.mail("a@b.c")
            await client.rcpt("support@desk.test")
            with pytest.raises(aiosmtplib.SMTPDataError) as refused:
                await client.data(MAIL + b"x" * 70_000)
        assert refused.value.code == 552
    finally:
        await small.stop()
    assert await rows(db) == []


async def test_lines_without_end_are_taken(db, listener):
    """Careless programs send a megabyte in one line."""
    raw = MAIL + b"x" * 1_000_000 + b"\r\n"
    await send(listener, raw)
    assert (await rows(db))[0][3] == raw


async def test_while_the_database_is_away_the_client_keeps_its_mail(account, database_url, settings):
    """451, and after its return the same mail is taken."""
    broken = Database(database_url)
    listener = Listener(broken, settings)
    await listener.start()
    try:
        await send(listener, MAIL)
        good = broken.sessions
        broken.sessions = Database("postgresql://nobody@127.0.0.1:1/nothing").sessions
        with pytest.raises(aiosmtplib.SMTPDataError) as refused:
            await send(listener, BARE)
        assert refused.value.code == 451
        listener._handler._read_at = None
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as unknown:
            await send(listener, BARE)
        assert unknown.value.recipients[0].code == 451
        broken.sessions = good
        await send(listener, BARE)
        assert len(await rows(broken)) == 2
    finally:
        await listener.stop()
        await broken.close()


async def test_lmtp_answers_for_every_recipient(db, account, settings):
    """RFC 2033: as many answers after the content as recipients were accepted."""
    listener = Listener(db, settings, lmtp=True, port=0)
    await listener.start()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        await reader.readline()
        said = [b"LHLO x", b"MAIL FROM:<a@b.c>", b"RCPT TO:<support@desk.test>", b"RCPT TO:<help@desk.test>", b"DATA"]
        for line in said:
            writer.write(line + b"\r\n")
            while (await reader.readline())[3:4] == b"-":
                pass
        writer.write(MAIL + b".\r\nNOOP\r\n")
        answers = [(await asyncio.wait_for(reader.readline(), 20))[:3] for _ in range(3)]
        writer.close()
    finally:
        await listener.stop()
    assert answers == [b"250", b"250", b"250"]
    assert len(await rows(db)) == 1


async def test_a_busy_port_is_an_error_not_a_silence(db, settings):
    """The start fails loudly; `sampark serve` makes a sentence of it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(OSError):
            await Listener(db, settings, port=taken.getsockname()[1]).start()


async def test_a_stop_lets_the_mail_in_hand_get_its_answer(db, account, settings, monkeypatch):
    """Graceful stop: a mail that is being stored is stored and acknowledged."""
    listener = Listener(db, settings)
    await listener.start()
    began, go = asyncio.Event(), asyncio.Event()
    store = listening.inbound.store

    async def slow(*values):
        began.set()
        await go.wait()
        return await store(*values)

    monkeypatch.setattr(listening.inbound, "store", slow)
    sending = asyncio.create_task(send(listener, MAIL))
    await began.wait()
    stopping = asyncio.create_task(listener.stop())
    await asyncio.sleep(0)
    go.set()
    _, answer = await sending
    await stopping
    assert answer.startswith("2.0.0")
    assert len(await rows(db)) == 1


async def test_one_client_too_many_is_asked_to_come_again(db, account, listener, monkeypatch):
    """421 and not a place taken; whoever hangs up leaves his to the next (also one that says nothing)."""
    monkeypatch.setattr(listening, "MAX_SESSIONS", 2)
    held = [await asyncio.open_connection("127.0.0.1", listener.port) for _ in range(2)]
    for reader, _ in held:
        assert (await asyncio.wait_for(reader.readline(), 20)).startswith(b"220")
    held.append(await asyncio.open_connection("127.0.0.1", listener.port))
    assert (await asyncio.wait_for(held[2][0].read(), 20)).startswith(b"421 4.3.2")
    for _, writer in held:
        writer.close()
        await writer.wait_closed()
    async with asyncio.timeout(20):
        while listener._sessions:
            await asyncio.sleep(0.01)
    await send(listener, MAIL)
    assert len(await rows(db)) == 1


async def _pour(port: int, blob: bytes) -> None:
    """Send bytes, read whatever comes back, hang up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.suppress(ConnectionError):
        writer.write(blob)
        writer.write_eof()
        await asyncio.wait_for(reader.read(), 20)
    writer.close()


VERBS = st.sampled_from(
    [b"EHLO x\r\n", b"HELO \xff\r\n", b"MAIL FROM:<a@b.c>\r\n", b"MAIL FROM:<>\r\n", b"RCPT TO:<support@desk.test>\r\n",
     b'RCPT TO:<"\\\r\n', b"RCPT TO:<@>\r\n", b"DATA\r\n", b".\r\n", b"RSET\r\n", b"AUTH PLAIN AA==\r\n", b"STARTTLS\r\n",
     b"BDAT 5 LAST\r\n", b"VRFY <\x00>\r\n", b'MAIL FROM:<("\r\n', b"QUIT\r\n"]
)  # fmt: skip


async def test_any_bytes_leave_the_listener_standing(db, listener):
    """Whatever is poured in, the next customer is served (issue: bad input)."""
    loop = asyncio.get_running_loop()
    blobs: list[bytes] = []

    @given(st.lists(VERBS | st.binary(max_size=300), max_size=12))
    @examples(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def collect(parts):
        blobs.append(b"".join(parts))

    await loop.run_in_executor(None, collect)
    await asyncio.gather(*[_pour(listener.port, blob) for blob in blobs])
    await send(listener, MAIL + b"last\r\n")
    assert (await rows(db))[-1][3] == MAIL + b"last\r\n"


@pytest.mark.parametrize(
    "body", [b"\x00" * 500, bytes(range(256)) * 8, b"\xff\xfe\r\n..\r\n\r\n", b"\r\n", b"From:\r\n\r\n\n\r\r"]
)
async def test_any_content_becomes_a_row(db, listener, body):
    """Bytes that are no mail at all are stored as they are."""
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    await reader.readline()
    for line in (b"HELO x", b"MAIL FROM:<a@b.c>", b"RCPT TO:<support@desk.test>", b"DATA"):
        writer.write(line + b"\r\n")
        await reader.readline()
    stuffed = (b"\r\n" + body).replace(b"\r\n.", b"\r\n..")[2:]
    writer.write(stuffed + b"\r\n.\r\n")
    assert (await asyncio.wait_for(reader.readline(), 20)).startswith(b"250")
    writer.close()
    assert [row[3] for row in await rows(db)] == [body + b"\r\n"]

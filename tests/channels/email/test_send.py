"""Sending over a real SMTP conversation: what was accepted, refused, or cannot be known is told exactly."""

import asyncio
import contextlib
import ssl
from datetime import timedelta

import dkim
import pytest

from channels.email import send
from channels.email.compose import SendingAccount
from channels.email.parsed import Address
from channels.email.send import EmailSender, HandoverUnknown
from core.errors import Invalid, Permanent, Temporary
from tests.channels.email.conftest import signin
from tests.channels.email.peers import Scripted, Sink, password_is
from tests.channels.email.test_compose import outgoing


@contextlib.asynccontextmanager
async def serving(sink, tls=None, **options):
    """A sink on a free port."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: sink.protocol(**options), "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.fixture
async def sender():
    """A sender that waits for a server on a busy machine, and not for ever."""
    made = EmailSender(signin(), timeout=20, answer_timeout=20)
    yield made
    await made.close()


@pytest.fixture
def steps():
    """What happened in which order."""
    return []


def mail_via(port, **changes):
    """A mail of an account that sends through ``port``."""
    smtp = {"host": "127.0.0.1", "port": port, "tls": "none", **changes.pop("smtp", {})}
    return outgoing(account=SendingAccount("help@desk.test", "Help", smtp), **changes)


def noting(steps, sink=None):
    """The outbox's callback."""

    async def before_handover():
        steps.append(("handover", len(sink.mails) if sink else 0))

    return before_handover


async def test_a_mail_is_handed_over_after_the_outbox_agreed(sender, steps):
    """MAIL and RCPT first, then the callback, then the content; the receipt carries the server's words."""
    sink = Sink()
    async with serving(sink) as port:
        mail = mail_via(
            port, cc=[Address(name="", address="c@example.com")], bcc=[Address(name="", address="b@example.com")]
        )
        receipt = await sender.deliver(mail, noting(steps, sink))
    assert steps == [("handover", 0)]
    assert receipt.provider_id == "2.0.0 queued as A1B2"
    ((envelope_from, envelope_to, raw),) = sink.mails
    assert envelope_from == "help@desk.test"
    assert envelope_to == ["ravi@example.com", "c@example.com", "b@example.com"]
    assert raw.endswith(b"--\r\n")
    assert sink.options == [f"SIZE={len(raw)}"]


async def test_lines_that_begin_with_a_dot_arrive_unchanged(sender, steps):
    """Dot transparency (RFC 5321, section 4.5.2)."""
    sink = Sink()
    async with serving(sink) as port:
        await sender.deliver(mail_via(port, text=".\n..\n.x", html=""), noting(steps))
    assert sink.mails[0][2].endswith(b"\r\n\r\n.\r\n..\r\n.x\r\n")


async def test_connections_are_used_again(sender, steps):
    """Ten mails, one connection; after the idle limit another one."""
    sink = Sink()
    async with serving(sink) as port:
        for _ in range(10):
            await sender.deliver(mail_via(port), noting(steps))
        assert sink.connections == 1
        for connection in next(iter(sender._idle.values())):
            connection.since -= send.IDLE_SECONDS
        await sender.deliver(mail_via(port), noting(steps))
    assert sink.connections == 2
    assert len(sink.mails) == 11


async def test_a_connection_that_the_server_closed_meanwhile_is_replaced(sender, steps):
    """A server that hangs up between mails costs nothing."""
    talks = []

    async def talk(reader, writer):
        talks.append(1)
        writer.write(b"220 x\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                writer.write(b"354 go\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 ok\r\n")
            elif verb == b"MAIL" and len(talks) == 1 and steps:
                return  # the second mail on the first connection
            else:
                writer.write(b"250 ok\r\n")

    async with Scripted(talk) as server:
        await sender.deliver(mail_via(server.port), noting(steps))
        await sender.deliver(mail_via(server.port), noting(steps))
    assert len(talks) == 2
    assert len(steps) == 2


@pytest.mark.parametrize(
    ("answer", "kind"), [("550 5.1.1 no such user", Permanent), ("450 4.2.1 try later", Temporary)]
)
async def test_a_refused_recipient_is_named_and_nobody_gets_the_mail(sender, steps, answer, kind):
    """All or nobody: so a retry after mending the address doubles no mail."""
    sink = Sink(refuse={"c@example.com": answer})
    async with serving(sink) as port:
        mail = mail_via(port, cc=[Address(name="", address="c@example.com")])
        with pytest.raises(kind, match=r"c@example\.com was refused: 4?5?\d\d"):
            await sender.deliver(mail, noting(steps))
    assert not steps
    assert not sink.mails


@pytest.mark.parametrize(("answer", "kind"), [("554 5.7.1 spam", Permanent), ("451 4.3.0 busy", Temporary)])
async def test_a_refused_content_is_known_not_unknown(sender, steps, answer, kind):
    """The server's final word decides."""
    sink = Sink(data_answer=answer)
    async with serving(sink) as port:
        with pytest.raises(kind, match=answer[:3]):
            await sender.deliver(mail_via(port), noting(steps))
    assert steps


async def test_all_who_are_refused_are_named_and_one_for_good_decides(sender, steps):
    """An agent mends all addresses at once; while one is refused for good, trying again cannot help."""
    people = [Address(name="", address=f"{name}@example.com") for name in "abc"]
    sink = Sink(refuse={"a@example.com": "450 4.2.1 try later", "c@example.com": "550 5.1.1 no such user"})
    async with serving(sink) as port:
        with pytest.raises(Permanent, match=r"a@example\.com was refused: 450.*; c@example\.com was refused: 550"):
            await sender.deliver(mail_via(port, cc=people), noting(steps))
    assert not sink.mails


async def test_bounces_come_back_to_an_address_that_names_the_message(sender, steps):
    """The envelope's sender is the message's own (VERP), wherever the server takes it (field 14)."""
    sink = Sink()
    async with serving(sink) as port:
        named = {"envelope_from": "help+b7.sig@desk.test"}
        await sender.deliver(mail_via(port, **named), noting(steps))
        await sender.deliver(mail_via(port, smtp={"verp": False}, **named), noting(steps))
    assert [each[0] for each in sink.mails] == ["help+b7.sig@desk.test", "help@desk.test"]
    async with serving(sink, authenticator=password_is(b"right"), auth_require_tls=False) as port:
        mail = mail_via(port, smtp={"user": "help", "password": "right"}, **named)
        await sender.deliver(mail, noting(steps))
    assert sink.mails[-1][0] == "help@desk.test"


@pytest.mark.parametrize("at", ["MAIL", "RCPT"])
async def test_a_server_that_refuses_the_named_sender_gets_the_plain_one(sender, steps, at):
    """Some judge the sender at once, others only with the first recipient: the mail leaves all the same."""
    talked = []

    async def talk(reader, writer):
        writer.write(b"220 x\r\n")
        named = False
        while line := await reader.readline():
            verb = line[:4].decode().upper()
            talked.append(line.decode().strip())
            named = b"+b7." in line if verb == "MAIL" else named
            if verb == at and named:
                writer.write(b"553 5.7.1 Sender address rejected: not owned by user\r\n")
            elif verb == "DATA":
                writer.write(b"354 go\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 ok\r\n")
            else:
                writer.write(b"250 ok\r\n")

    async with Scripted(talk) as server:
        await sender.deliver(mail_via(server.port, envelope_from="help+b7.sig@desk.test"), noting(steps))
    assert steps
    assert "MAIL FROM:<help@desk.test>" in talked


async def test_more_mails_than_the_provider_takes_wait_for_their_turn(sender, steps, clock):
    """The third in a minute is told to come back when its turn is; it was no try (field 15)."""
    sink = Sink()
    mails = [f"<m{number}.tok@desk.test>" for number in range(4)]
    async with serving(sink) as port:
        pace = {"smtp": {"per_minute": 2}}
        for header in mails[:2]:
            await sender.deliver(mail_via(port, message_id_header=header, **pace), noting(steps))
        clock.advance(timedelta(seconds=20))
        for header in mails[2:]:
            with pytest.raises(Temporary, match="2 mails a minute") as told:
                await sender.deliver(mail_via(port, message_id_header=header, **pace), noting(steps))
            assert (told.value.retry_in, told.value.counts) == (40, False)
        clock.advance(timedelta(seconds=40))
        for header in mails[2:]:
            await sender.deliver(mail_via(port, message_id_header=header, **pace), noting(steps))
    assert len(sink.mails) == 4


async def test_mails_of_a_mailbox_with_a_key_are_signed(sender, steps, dkim_key):
    """What leaves verifies against the public half in DNS (field 16)."""
    private, record = dkim_key
    key = {"selector": "s1", "domain": "desk.test", "private_key": private}
    sink = Sink()
    async with serving(sink) as port:
        account = SendingAccount("help@desk.test", "Help", {"host": "127.0.0.1", "port": port, "tls": "none"}, key)
        await sender.deliver(outgoing(account=account), noting(steps))
    assert dkim.verify(sink.mails[0][2], dnsfunc=lambda name, timeout=5: record)


async def _until_data(reader, writer, *, greet=True):
    if greet:
        writer.write(b"220 x\r\n")
    while line := await reader.readline():
        if line[:4].upper() == b"DATA":
            return
        writer.write(b"250 ok\r\n")


async def test_a_death_after_the_content_is_unknown(sender, steps):
    """The line breaks between the last byte and the answer: nobody may send it again blindly (field 15)."""

    async def talk(reader, writer):
        await _until_data(reader, writer)
        writer.write(b"354 go\r\n")
        await reader.readuntil(b"\r\n.\r\n")

    async with Scripted(talk) as server:
        with pytest.raises(HandoverUnknown):
            await sender.deliver(mail_via(server.port), noting(steps))
    assert steps


async def test_silence_after_the_content_is_unknown(steps):
    """The same when the server just stops talking."""
    held = asyncio.Event()

    async def talk(reader, writer):
        await _until_data(reader, writer)
        writer.write(b"354 go\r\n")
        await reader.readuntil(b"\r\n.\r\n")
        await held.wait()

    sender = EmailSender(signin(), timeout=3, answer_timeout=0.3)
    async with Scripted(talk) as server:
        with pytest.raises(HandoverUnknown):
            await sender.deliver(mail_via(server.port), noting(steps))
        held.set()


async def test_a_death_before_the_content_is_only_temporary(sender, steps):
    """No content went out, so it cannot have been sent."""

    async def talk(reader, writer):
        await _until_data(reader, writer)

    async with Scripted(talk) as server:
        with pytest.raises(Temporary):
            await sender.deliver(mail_via(server.port), noting(steps))


async def test_when_the_outbox_refuses_nothing_is_sent(sender):
    """A reply taken back in the last moment leaves no content on the wire."""
    sink = Sink()

    async def before_handover():
        raise RuntimeError("undone")

    async with serving(sink) as port:
        with pytest.raises(RuntimeError, match="undone"):
            await sender.deliver(mail_via(port), before_handover)
    assert not sink.mails


async def test_a_server_that_is_away_is_temporary(sender, steps):
    """Connection refused names the server."""
    async with serving(Sink()) as port:
        pass
    with pytest.raises(Temporary, match=str(port)):
        await sender.deliver(mail_via(port), noting(steps))


@pytest.mark.parametrize(("password", "fits"), [("right", True), ("wrong", False)])
async def test_sign_in(sender, steps, password, fits):
    """The right password sends; a wrong one is told as such and tried again later."""
    sink = Sink()
    async with serving(sink, authenticator=password_is(b"right"), auth_require_tls=False) as port:
        mail = mail_via(port, smtp={"user": "help", "password": password})
        if fits:
            await sender.deliver(mail, noting(steps))
            assert len(sink.mails) == 1
        else:
            with pytest.raises(Temporary, match="refused the sign-in of help: 535") as told:
                await sender.deliver(mail, noting(steps))
            assert told.value.retry_in == send.SIGN_IN_RETRY


@pytest.mark.parametrize("kind", ["tls", "starttls"])
async def test_tls_with_a_known_and_an_unknown_authority(sender, steps, certificate, kind):
    """Encrypted when the certificate is trusted; otherwise nothing is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    sink = Sink()
    options = {"tls": context} if kind == "tls" else {}
    upgrade = {"tls_context": context} if kind == "starttls" else {}
    async with serving(sink, **options, **upgrade) as port:
        trusted = {"tls": kind, "ca_file": str(certificate / "cert.pem")}
        await sender.deliver(mail_via(port, smtp=trusted), noting(steps))
        assert len(sink.mails) == 1
        with pytest.raises(Temporary, match="certificate"):
            await sender.deliver(mail_via(port, smtp={"tls": kind}), noting(steps))
    assert len(sink.mails) == 1


async def test_starttls_is_never_skipped(sender, steps):
    """A server that offers none (or a thief in between who hides it) gets no mail."""
    sink = Sink()
    async with serving(sink) as port:
        with pytest.raises(Temporary):
            await sender.deliver(mail_via(port, smtp={"tls": "starttls"}), noting(steps))
    assert not sink.mails


async def test_the_account_is_never_its_own_recipient(sender, steps):
    """Reply-all to our own address (also with a ticket's token) sends to the others only (field 27)."""
    sink = Sink()
    ours = [Address(name="", address="HELP@desk.test"), Address(name="", address="help+t1.sig@desk.test")]
    async with serving(sink) as port:
        await sender.deliver(mail_via(port, cc=ours), noting(steps))
        with pytest.raises(Permanent, match="nobody"):
            await sender.deliver(mail_via(port, to=ours), noting(steps))
    assert [to for _, to, _ in sink.mails] == [["ravi@example.com"]]


async def test_letters_beyond_ascii_need_a_server_that_takes_them(sender, steps):
    """SMTPUTF8 is used where it is offered, and refused in words where not."""
    sink = Sink()
    async with serving(sink) as port:
        await sender.deliver(mail_via(port, to=[Address(name="", address="रवि@example.com")]), noting(steps))
    assert sink.mails[0][1] == ["रवि@example.com"]
    assert "SMTPUTF8" in sink.options

    async def talk(reader, writer):
        await _until_data(reader, writer)

    async with Scripted(talk) as server:
        with pytest.raises(Permanent, match="SMTPUTF8"):
            await sender.deliver(mail_via(server.port, to=[Address(name="", address="रवि@example.com")]), noting(steps))


async def test_wrong_settings_name_the_field(sender, steps):
    """An account without a server is a sentence, not a crash."""
    mail = outgoing(account=SendingAccount("help@desk.test", "Help", {"port": 25}))
    with pytest.raises(Invalid, match="host"):
        await sender.deliver(mail, noting(steps))


async def test_any_yes_to_the_content_is_a_yes(sender, steps):
    """A server that says 251 has the mail: to send it again would double it (RFC 5321 section 4.2.1: 2yz)."""

    async def talk(reader, writer):
        await _until_data(reader, writer)
        writer.write(b"354 go\r\n")
        await reader.readuntil(b"\r\n.\r\n")
        writer.write(b"251 2.0.0 forwarded as 7\r\n")

    async with Scripted(talk) as server:
        receipt = await sender.deliver(mail_via(server.port), noting(steps))
    assert "forwarded as 7" in receipt.provider_id

"""The simulated mailboxes: what comes in over SMTP can be read by any IMAP program, and switches act."""

import imaplib
from datetime import timedelta

import aiosmtplib
import pytest

from channels.email.parse import parse_mail
from simulator.imap import ImapServer
from simulator.letters import STYLES, Person, answer, as_bytes, letter, read_original
from simulator.mailboxes import Mailboxes, Switches
from simulator.smtp import MailServer

RAVI = "ravi@example.com"
MAIL = b"From: Support <support@desk.test>\r\nReply-To: support+t1.x@desk.test\r\nTo: ravi@example.com\r\nSubject: Hi\r\nMessage-ID: <m1@desk.test>\r\n\r\nHello\r\n..dots\r\n"


@pytest.fixture
def mailboxes(tmp_path):
    """An empty world."""
    return Mailboxes(tmp_path / "simulator")


@pytest.fixture
def posted():
    """What robots of this world sent to the desk."""
    return []


@pytest.fixture
async def server(mailboxes, posted, settings):
    """The world's SMTP server."""

    async def post(sender, recipients, raw):
        posted.append((sender, recipients, raw))

    made = MailServer(settings, mailboxes, post, port=0)
    await made.start()
    yield made
    await made.stop()


async def hand_over(server, raw=MAIL, to=(RAVI,), sender="support@desk.test"):
    """Send as the desk does."""
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=server.port, start_tls=False) as client:
        await client.sendmail(sender, list(to), raw)
    await server.settle()


async def test_mails_land_in_the_mailboxes_of_all_recipients(server, mailboxes):
    """Byte for byte, whoever the recipient is."""
    await hand_over(server, to=[RAVI, "Asha@Example.com"])
    assert mailboxes.addresses() == ["asha@example.com", RAVI]
    (mail,) = mailboxes.mails(RAVI)
    assert mail.read() == MAIL
    assert not mail.sent


@pytest.mark.parametrize(
    "address", ["../../etc/passwd", "a/b@c", "..", "x" * 500 + "@y.z", "रवि@example.com", "", "a@b/../../c"]
)
def test_no_address_leaves_the_folder(mailboxes, address):
    """Whatever an address says, its Maildir lies directly under the root."""
    assert mailboxes.create(address).resolve().parent == mailboxes.root.resolve()


def test_mails_keep_their_order_on_a_turned_clock(mailboxes, clock):
    """Same second or a day later: the order is that of arrival, the date that of the turned clock."""
    keys = [mailboxes.deliver(RAVI, b"%d" % number) for number in range(3)]
    clock.advance(timedelta(days=1))
    keys.append(mailboxes.deliver(RAVI, b"late", sent=True))
    mails = mailboxes.mails(RAVI)
    assert [mail.key for mail in mails] == keys
    assert mails[-1].at == clock.now()
    assert [mail.sent for mail in mails] == [False, False, False, True]


async def test_a_holiday_answers_once_and_never_to_robots(server, mailboxes, posted):
    """Out of office (RFC 3834): to the Reply-To, once for each correspondent, not to automatic mail or bounces."""
    mailboxes.switch(RAVI, Switches(holiday=True))
    await hand_over(server)
    await hand_over(server)
    ((sender, recipients, raw),) = posted
    assert (sender, recipients) == ("", ["support+t1.x@desk.test"])
    mail = parse_mail(raw)
    assert mail.is_auto_reply
    assert mail.in_reply_to == "m1@desk.test"
    mailboxes.switch(RAVI, Switches(holiday=True))
    await hand_over(server, b"Auto-Submitted: auto-replied\r\n" + MAIL)
    await hand_over(server, sender="")
    assert len(posted) == 1
    await hand_over(server)
    assert len(posted) == 2


async def test_a_bounce_is_a_report_that_names_the_mail(server, mailboxes, posted):
    """RFC 3464, to the envelope's sender, and nothing is kept."""
    mailboxes.switch(RAVI, Switches(bounce=True))
    await hand_over(server)
    ((sender, recipients, raw),) = posted
    assert (sender, recipients) == ("", ["support@desk.test"])
    (report,) = parse_mail(raw).bounces
    assert (report.recipient, report.status, report.hard) == (RAVI, "5.1.1", True)
    assert report.original_message_id == "m1@desk.test"
    assert mailboxes.mails(RAVI) == []


async def test_a_bounce_is_never_bounced(server, mailboxes, posted):
    """The empty sender ends every loop."""
    mailboxes.switch(RAVI, Switches(bounce=True))
    await hand_over(server, sender="")
    assert posted == []


def _read(port):
    """What Python's own IMAP client sees, in a thread because it blocks."""
    with imaplib.IMAP4("127.0.0.1", port) as client:
        client.login(RAVI, "demo")
        _, (count,) = client.select("INBOX")
        _, fetched = client.fetch("1:*", "(UID RFC822)")
        _, folders = client.list()
        client.select("Sent")
        _, sent = client.fetch("1:*", "(RFC822)")
    return int(count), [part[1] for part in fetched if isinstance(part, tuple)], folders, sent


async def test_any_mail_program_can_read_a_mailbox(mailboxes, settings):
    """Over IMAP, with any password: the mails in order and unchanged, and the folder of sent ones."""
    import asyncio

    bodies = [MAIL.replace(b"Hi", b"Hi %d" % number) for number in range(12)]
    for body in bodies:
        mailboxes.deliver(RAVI, body)
    mailboxes.deliver(RAVI, MAIL, sent=True)
    server = ImapServer(settings, mailboxes, port=0)
    await server.start()
    try:
        count, found, folders, sent = await asyncio.to_thread(_read, server.port)
        assert count == 12
        assert found == bodies
        assert any(b"Sent" in line for line in folders)
        assert sent[0][1] == MAIL
        mailboxes.deliver(RAVI, b"Subject: later\r\n\r\nx\r\n")
        count, found, _, _ = await asyncio.to_thread(_read, server.port)
        assert found[-1] == b"Subject: later\r\n\r\nx\r\n"
    finally:
        await server.stop()
    assert [mail.read() for mail in mailboxes.mails(RAVI) if not mail.sent] == [*bodies, b"Subject: later\r\n\r\nx\r\n"]


@pytest.mark.parametrize("style", sorted(STYLES))
def test_answers_quote_as_their_programs_do(style):
    """Each style is told apart by the desk's reader: what is new stays, what is quoted goes."""
    asked = as_bytes(letter(Person("Support", "support@desk.test"), RAVI, "नमस्ते", "How are you?\nFine?"))
    raw = as_bytes(answer(Person("Ravi", RAVI), read_original(asked), "धन्यवाद, all is well.", style))
    mail = parse_mail(raw)
    assert mail.reply_text == "धन्यवाद, all is well."
    assert "How are you?" in mail.quoted_text
    assert mail.subject == "Re: नमस्ते"
    assert mail.in_reply_to == read_original(asked).message_id.strip("<>")

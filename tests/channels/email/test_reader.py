"""What becomes of a mail: bounces find their message, copies are told, blocked and too big ones stay visible."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from channels.email import blocking
from channels.email.filters import TOO_BIG_HEADER
from channels.email.reader import EmailReader
from channels.email.tokens import Tokens
from channels.inbound import Inbound, Incoming, store
from channels.models import ChannelAccount, InboundItem, Notice
from core import clock as clocks
from core.db import Database, unit_of_work
from core.storage import Storage
from tests import factories
from tickets import delivery, lifecycle
from tickets.models import Attachment, Delivery, Message, Ticket
from tickets.reply import NewTicket, ReplyContent, open_ticket, reply

pytestmark = pytest.mark.usefixtures("clock")
TOKENS = Tokens("secret", "desk.example")
BOX = "support@desk.example"


class Post:
    """A mailbox, and what arrives in it."""

    def __init__(self, db: Database, storage: Storage) -> None:
        reader = EmailReader(storage, TOKENS)
        self.db = db
        self.inbound = Inbound({"email": reader}, {"email": reader.could_not_read})
        self._count = 0

    async def box(self, address: str = BOX, **options: object) -> int:
        """Make a mailbox."""
        async with unit_of_work(self.db) as session:
            made = await factories.mailbox(session, address=address)
            made.options = options
            made.aliases = [f"orders@{address.partition('@')[2]}"]
            return made.id

    async def arrives(self, box: int, raw: bytes, to: str = "", **facts: Any) -> InboundItem:
        """One mail comes in and is processed."""
        self._count += 1
        incoming = Incoming(box, "email", f"7:{self._count}", raw, "envelope@x.example", [to] if to else [], **facts)
        item_id = await store(self.db, incoming)
        assert item_id is not None
        async with unit_of_work(self.db) as session:
            await self.inbound.process(session, item_id)
        return await self.one(InboundItem, item_id)

    async def one(self, model: Any, number: int | None) -> Any:
        """A row."""
        async with self.db.sessions() as session:
            return await session.get_one(model, number)

    async def answered(self, box: int) -> tuple[InboundItem, Message]:
        """A ticket of Asha's with an answer that has been sent."""
        first = await self.arrives(box, factories.raw_mail())
        async with unit_of_work(self.db) as session:
            agent = await factories.agent(session)
        async with unit_of_work(
            self.db, factories.actor(agent, rights=factories.AGENT_RIGHTS | {"tickets:read_all"})
        ) as session:
            assert first.ticket_id is not None
            answer = await reply(session, first.ticket_id, ReplyContent(client_key="k", html="<p>We come.</p>"))
        async with unit_of_work(self.db) as session:
            (sending,) = list(await session.scalars(select(Delivery)))
            await delivery.move(session, sending.id, "sending", only_from=("queued",))
            await delivery.move(session, sending.id, "sent", only_from=("sending",), sent_at=clocks.now())
        return first, answer


@pytest.fixture
def post(db: Database, storage: Storage) -> Post:
    """The post."""
    return Post(db, storage)


def report(status: str = "5.1.1", action: str = "failed", about: str = "", returned: str = "", to: str = BOX) -> bytes:
    """A delivery report as RFC 3464 wants it."""
    original = f"Message-ID: <{about}>\n" if about else ""
    return f"""From: Mail Delivery System <mailer-daemon@mx.customer.example>
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Your mail could not be delivered.
{returned}
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.customer.example

Final-Recipient: rfc822; asha@customer.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} no such user

--b
Content-Type: text/rfc822-headers

{original}Subject: Re: Machine

--b--
""".encode()


@pytest.mark.parametrize("proof", ["message_id", "bounce_address", "mark"])
async def test_a_bounce_finds_its_message(post: Post, proof: str) -> None:
    """Field 2.1.14: by our Message-ID, by the address it came to, or by our mark in what it quotes."""
    box = await post.box()
    first, answer = await post.answered(box)
    raw = {
        "message_id": report(about=TOKENS.message_id(answer.id)),
        "bounce_address": report(to=TOKENS.bounce_address(BOX, answer.id)),
        "mark": report(returned=f"We come.\n[{TOKENS.mark(first.ticket_id)}]"),
    }[proof]
    row = await post.arrives(box, raw)
    assert (row.outcome, row.ticket_id, row.message_id, row.matched_by) == ("bounce", first.ticket_id, answer.id, proof)
    async with post.db.sessions() as session:
        (sending,) = list(await session.scalars(select(Delivery)))
        why = await session.scalar(
            text("select invalid_reason from contact_points where value = 'asha@customer.example'")
        )
        assert (await session.get_one(Ticket, first.ticket_id)).failed_delivery
    assert sending.state == "bounced"
    assert "5.1.1" in (sending.error or "")
    assert "5.1.1" in why


async def test_a_delay_warns_and_marks_nothing(post: Post) -> None:
    """Field 2.1.14: the server still tries; the agent sees it, the address stays good and the message *sent*."""
    box = await post.box()
    _, answer = await post.answered(box)
    await post.arrives(box, report("4.4.1", "delayed", about=TOKENS.message_id(answer.id)))
    async with post.db.sessions() as session:
        (sending,) = list(await session.scalars(select(Delivery)))
        assert await session.scalar(text("select count(*) from contact_points where invalid_reason is not null")) == 0
    assert sending.state == "sent"
    assert "4.4.1" in (sending.warning or "")
    assert sending.history[-1]["state"] == "delayed"


async def test_a_full_mailbox_is_not_delivered_and_not_dead(post: Post) -> None:
    """The server has given up, so the message shows it; the address itself is good, and stays so."""
    box = await post.box()
    _, answer = await post.answered(box)
    raw = report("5.2.2", about=TOKENS.message_id(answer.id)).replace(b"no such user", b"mailbox full")
    await post.arrives(box, raw)
    async with post.db.sessions() as session:
        (sending,) = list(await session.scalars(select(Delivery)))
        assert await session.scalar(text("select count(*) from contact_points where invalid_reason is not null")) == 0
    assert sending.state == "bounced"


async def test_a_bounce_of_a_notice_opens_no_ticket(post: Post) -> None:
    """Field 2.1.14: a notification to an agent that comes back is no customer's matter; her address is shown as failing."""
    box = await post.box()
    async with unit_of_work(post.db) as session:
        agent = await factories.agent(session)
        notice = Notice(
            kind="assigned", agent_id=agent.id, to_address="asha@customer.example", subject="x", text="x", state="sent",
            created_at=clocks.now(), changed_at=clocks.now(),
        )  # fmt: skip
        session.add(notice)
        await session.flush()
    await post.arrives(box, report("4.4.1", "delayed", about=TOKENS.notice_id(notice.id)))
    late = await post.one(Notice, notice.id)
    assert (late.state, "4.4.1" in (late.error or "")) == ("sent", True)
    row = await post.arrives(box, report(about=TOKENS.notice_id(notice.id)))
    assert (row.outcome, row.ticket_id, row.matched_by) == ("bounce", None, "notice")
    assert (await post.one(Notice, notice.id)).state == "bounced"
    async with post.db.sessions() as session:
        assert await session.scalar(text("select count(*) from tickets")) == 0
        assert await session.scalar(text("select address_failed is not null from agents"))


async def test_the_first_answer_to_a_mail_of_ours_stays_in_its_ticket(post: Post) -> None:
    """Field 2.1.10: an agent wrote first, so there was no mail of the customer yet; a stranger's answer is his own."""
    box = await post.box()
    async with unit_of_work(post.db) as session:
        team = await factories.team(session)
        agent = await factories.agent(session, team)
    first = NewTicket(
        client_key="k", subject="Your order", html="<p>It is ready.</p>", customer_email="asha@customer.example"
    )
    async with unit_of_work(post.db, factories.actor(agent, team)) as session:
        ticket, message = await open_ticket(session, first)
    async with unit_of_work(post.db) as session:
        (await session.get_one(Message, message.id)).message_id_header = TOKENS.message_id(message.id)
    answered = f"<{TOKENS.message_id(message.id)}>"
    row = await post.arrives(box, factories.raw_mail(in_reply_to=answered, subject="Re: Your order"))
    assert (row.outcome, row.ticket_id, row.matched_by) == ("reply", ticket.id, "in_reply_to")
    stranger = await post.arrives(box, factories.raw_mail(in_reply_to=answered, from_="x@else.example"))
    assert stranger.ticket_id != ticket.id


async def test_answers_to_a_newsletter_are_matters_of_their_own(post: Post) -> None:
    """Field 2.1.8: three subscribers answer the same Message-ID: three tickets, and each one's second mail is his."""
    box = await post.box()
    tickets = []
    for who in ("a@one.example", "b@two.example", "c@three.example"):
        raw = factories.raw_mail(from_=who, in_reply_to="<issue-7@news.example>", message_id=f"<1-{who}>")
        tickets.append((await post.arrives(box, raw)).ticket_id)
        again = factories.raw_mail(from_=who, in_reply_to=f"<1-{who}>", references=f"<issue-7@news.example> <1-{who}>")
        assert (await post.arrives(box, again)).ticket_id == tickets[-1]
    assert len(set(tickets)) == 3


async def test_a_complaint_is_noted_in_its_ticket(post: Post) -> None:
    """RFC 5965: agents see that the recipient called our mail unwanted; a report about nothing of ours opens nothing."""
    box = await post.box()
    first, answer = await post.answered(box)
    raw = """From: fbl@provider.example
To: support@desk.example
Subject: FW: Re: Machine
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an abuse report.

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Provider/1.0
Version: 1

--b
Content-Type: message/rfc822

From: support@desk.example
To: asha@customer.example
Message-ID: <%s>
Subject: Re: Machine

We come.

--b--
"""
    row = await post.arrives(box, (raw % TOKENS.message_id(answer.id)).encode())
    assert (row.outcome, row.ticket_id, row.message_id) == ("report", first.ticket_id, answer.id)
    async with post.db.sessions() as session:
        newest = await session.scalar(select(Message).order_by(Message.id.desc()).limit(1))
    assert newest is not None
    assert (newest.kind, "unwanted" in newest.text) == ("note", True)
    unknown = await post.arrives(box, (raw % "x@elsewhere.example").encode())
    assert (unknown.outcome, unknown.ticket_id) == ("report", None)


async def test_a_mail_without_a_message_id_is_known_again(post: Post) -> None:
    """Field 2.1.5: another way here, the same mail; another text of the same sender is another mail."""
    box = await post.box()
    raw = factories.raw_mail(message_id="", date="Mon, 02 Mar 2026 08:00:00 +0530")
    first = await post.arrives(box, b"Received: from a\r\n" + raw)
    again = await post.arrives(box, b"Received: from b\r\nReceived: from a\r\n" + raw)
    other = await post.arrives(box, factories.raw_mail(message_id="", date="Mon, 02 Mar 2026 08:00:00 +0530"))
    assert [each.outcome for each in (first, again, other)] == ["ticket", "duplicate", "ticket"]
    assert again.duplicate_of_id == first.id


@pytest.mark.parametrize(("duplicates", "outcome"), [("one", "duplicate"), ("each", "ticket")])
async def test_copies_to_two_mailboxes(post: Post, duplicates: str, outcome: str) -> None:
    """Field 2.1.5: one ticket, or one each by the mailbox's setting; never none, and never two in one mailbox."""
    support, sales = await post.box(duplicates=duplicates), await post.box("sales@desk.example", duplicates=duplicates)
    raw = factories.raw_mail(to=f"{BOX}, sales@desk.example")
    assert (await post.arrives(support, raw)).outcome == "ticket"
    assert (await post.arrives(sales, raw)).outcome == outcome
    assert (await post.arrives(sales, raw)).outcome == "duplicate"


async def test_a_blocked_sender_opens_nothing(post: Post) -> None:
    """The row stays, with its reason; no ticket, no customer."""
    box = await post.box()
    async with unit_of_work(post.db) as session:
        await blocking.add(session, "@customer.example", "Advertising")
    row = await post.arrives(box, factories.raw_mail())
    assert (row.outcome, row.ticket_id) == ("blocked", None)
    assert "Advertising" in (row.reason or "")
    async with post.db.sessions() as session:
        assert await session.scalar(text("select count(*) from customers")) == 0


async def test_a_mail_that_was_too_big_is_refused_politely_once(post: Post) -> None:
    """Field 2.1.24: a ticket with its headers, and one mail to its sender; none to a robot."""
    box = await post.box()
    mark = f"{TOO_BIG_HEADER}: 99000000\r\n".encode()
    row = await post.arrives(box, mark + factories.raw_mail(subject="My film", body=""))
    await post.arrives(box, mark + factories.raw_mail(subject="Daily log", body="", auto_submitted="auto-generated"))
    assert (row.outcome, row.ticket_id is not None) == ("too_big", True)
    async with post.db.sessions() as session:
        (told,) = list(await session.scalars(select(Notice)))
    assert (told.kind, told.to_address) == ("too_big", "asha@customer.example")


async def test_what_was_too_big_or_unreadable_is_known_again(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is made anew brings them once more: no second ticket, no second refusal."""
    box = await post.box()
    big = f"{TOO_BIG_HEADER}: 99000000\r\n".encode() + factories.raw_mail(body="")
    assert [(await post.arrives(box, big)).outcome for _ in range(2)] == ["too_big", "duplicate"]
    monkeypatch.setattr("channels.email.reader.parse_mail", lambda _: 1 / 0)
    broken = factories.raw_mail()
    rows = [await post.arrives(box, broken) for _ in range(2)]
    assert [each.outcome for each in rows] == ["unreadable", "duplicate"]
    assert rows[1].duplicate_of_id == rows[0].id
    async with post.db.sessions() as session:
        assert await session.scalar(text("select count(*) from tickets")) == 2
        assert await session.scalar(text("select count(*) from notices")) == 1


async def test_who_writes_through_a_form_is_in_reply_to(post: Post) -> None:
    """Field 2.1.27: by the mailbox's policy the person is who the form names, not the form."""
    box = await post.box(reply_to_policy="reply_to")
    row = await post.arrives(box, factories.raw_mail(from_="form@shop.example", reply_to="Ravi <ravi@buyer.example>"))
    assert row.from_address == "ravi@buyer.example"


@pytest.mark.parametrize(("to", "own"), [("orders@desk.example", "orders@desk.example"), ("x@list.example", BOX)])
async def test_the_address_written_to_is_kept(post: Post, to: str, own: str) -> None:
    """Field 2.1.27: answers leave from the alias that the customer wrote to; else from the mailbox's address."""
    row = await post.arrives(await post.box(), factories.raw_mail(to=to))
    assert (await post.one(Message, row.message_id)).own_address == own


async def test_copied_agents_do_not_become_customers(post: Post) -> None:
    """Field 2.1.27: only who writes is a customer, never who gets a copy."""
    async with unit_of_work(post.db) as session:
        agent = await factories.agent(session)
    await post.arrives(await post.box(), factories.raw_mail(cc=agent.email))
    async with post.db.sessions() as session:
        assert list(await session.scalars(text("select value from contact_points"))) == ["asha@customer.example"]


async def test_an_old_mail_of_a_new_mailbox_is_history(post: Post) -> None:
    """Field 2.1.25: closed, with its server's date, and nobody is written to, not even when it had been too big."""
    then = datetime(2023, 5, 1, 12, tzinfo=UTC)
    box = await post.box()
    row = await post.arrives(box, factories.raw_mail(), archived=True, internal_date=then)
    big = await post.arrives(
        box,
        f"{TOO_BIG_HEADER}: 99\r\n".encode() + factories.raw_mail(body=""),
        archived=True,
        internal_date=then + timedelta(1),
    )
    for each, when in ((row, then), (big, then + timedelta(1))):
        ticket = await post.one(Ticket, each.ticket_id)
        assert (ticket.status, ticket.created_at, ticket.waiting_since) == ("closed", when, None)
    async with post.db.sessions() as session:
        assert await session.scalar(text("select count(*) from notices")) == 0


async def test_the_receiving_servers_word_is_kept(post: Post) -> None:
    """SPF, DKIM and DMARC as the trusted server says, for agents to see; nobody else's word counts."""
    box = await post.box(trusted_servers=["mx.desk.example"])
    good = "mx.desk.example; spf=pass smtp.mailfrom=customer.example; dkim=pass header.d=customer.example; dmarc=pass"
    row = await post.arrives(box, factories.raw_mail(authentication_results=good))
    said = (await post.one(Message, row.message_id)).authentication
    assert (said["spf"], said["dkim"], said["dmarc"], said["aligned"]) == ("pass", "pass", "pass", True)
    forged = await post.arrives(box, factories.raw_mail(authentication_results=good.replace("mx.desk", "mx.evil")))
    assert (await post.one(Message, forged.message_id)).authentication is None


async def test_files_are_told_by_their_content(post: Post) -> None:
    """A page that calls itself a picture is served as what it is; an invitation can be read."""
    raw = b"""From: a@b.example\r\nTo: support@desk.example\r\nSubject: Files\r\nMIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: image/png; name=a.png\r
Content-Disposition: attachment; filename=a.png\r\n\r\n<html><script>alert(1)</script></html>\r\n--b\r
Content-Type: text/calendar; method=REQUEST\r\nContent-Disposition: attachment; filename=i.ics\r\n\r
BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260302T080000Z\r
DTSTART:20260305T090000Z\r\nDTEND:20260305T100000Z\r\nSUMMARY:Visit\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n--b--\r\n"""
    row = await post.arrives(await post.box(), raw)
    async with post.db.sessions() as session:
        page, invitation = list(await session.scalars(select(Attachment).order_by(Attachment.id)))
    assert (page.content_type, page.sniffed_type) == ("image/png", "text/html")
    assert page.preview is None
    assert invitation.preview["summary"] == "Visit"
    assert row.outcome == "ticket"


async def test_an_alias_that_is_added_counts_at_once_for_new_readers(post: Post) -> None:
    """Our own addresses are read from the database, not from the start of the process."""
    box = await post.box()
    async with unit_of_work(post.db) as session:
        account = await session.get_one(ChannelAccount, box)
        account.aliases = ["new@desk.example"]
    row = await post.arrives(box, factories.raw_mail(to="new@desk.example"))
    assert (await post.one(Message, row.message_id)).own_address == "new@desk.example"
    async with unit_of_work(post.db) as session:
        assert (await lifecycle.lock(session, row.ticket_id)).status == "open"


async def test_mails_without_id_and_date_are_told_by_their_way(post: Post) -> None:
    """A device that names and dates nothing says the same every day: two mails. Fetched anew, each is known again."""
    box = await post.box()
    raw = factories.raw_mail(message_id="", body="Disk full.", subject="Alarm")
    days = [b"Received: from device by mx; %d Mar 2026 08:00:00 +0000\r\n" % day + raw for day in (1, 2)]
    rows = [await post.arrives(box, each) for each in (*days, *days)]
    assert [each.outcome for each in rows] == ["ticket", "ticket", "duplicate", "duplicate"]
    assert [each.duplicate_of_id for each in rows[2:]] == [each.id for each in rows[:2]]


async def test_nobody_can_have_his_mail_taken_for_too_big(post: Post) -> None:
    """Through the mail listener the sender's own first line comes first: it hides no words, and draws no refusal."""
    box = await post.box()
    forged = f"{TOO_BIG_HEADER}: 99000000\r\n".encode() + factories.raw_mail(body="The brakes fail.")
    row = await post.arrives(box, forged)
    assert row.outcome == "ticket"
    assert "The brakes fail." in (await post.one(Message, row.message_id)).text
    for kind in ("multipart/mixed; boundary=b", "application/pdf; name=a.pdf", "text/plain"):
        lines = f"{TOO_BIG_HEADER}: 99000000", "From: a@b.example", f"Content-Type: {kind}", f"Subject: {kind}", "", ""
        assert (await post.arrives(box, "\r\n".join(lines).encode())).outcome == "too_big"

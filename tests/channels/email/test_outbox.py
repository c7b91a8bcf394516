"""What leaves: from which address, to whom, with which signature, pictures and marks. And what never leaves."""

import base64
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update

from channels.email.compose import OutgoingMail, compose
from channels.email.outbox import EmailOutbox
from channels.email.parse import parse_mail
from channels.email.send import Receipt
from channels.email.tokens import Tokens
from channels.models import ChannelAccount
from channels.outbound import Outbound
from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.storage import Storage
from staff.models import Agent
from tests import factories
from tickets import attachments, delivery
from tickets.intake import Person, Received
from tickets.models import Delivery, Message
from tickets.reply import NoteContent, Quoted, ReplyContent, note, reply, system_reply
from tickets.templates import Surroundings

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
TOKENS = Tokens("secret", "desk.example")


class Sender:
    """An SMTP side that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[OutgoingMail] = []

    async def deliver(self, mail: OutgoingMail, before_handover: Callable[[], Awaitable[None]]) -> Receipt:
        """Take everything."""
        await before_handover()
        self.mails.append(mail)
        return Receipt("250 ok")


class Desk:
    """A mailbox with an alias, an agent, and a customer's question."""

    def __init__(self, db: Database, storage: Storage, clock: ManualClock) -> None:
        self.db = db
        self.storage = storage
        self.clock = clock
        self.sender = Sender()
        around = Surroundings(product_name="Lamps & Co", base_url="http://desk.example")
        self.outbox = EmailOutbox(storage, TOKENS, self.sender, around)  # type: ignore[arg-type]  # a stand-in
        self.outbound = Outbound(db, {"email": self.outbox})
        self.account = 0
        self.agent = Agent()
        self.first = Received(0, 0, True, None, 0)

    async def open(self, **received: Any) -> None:
        """Make them."""
        async with unit_of_work(self.db) as session:
            made = await factories.mailbox(session)
            made.aliases = ["sales@desk.example"]
            self.account = made.id
            self.agent = await factories.agent(session, name="Neha Iyer")
            self.first = await factories.received(session, account_id=made.id, **received)

    async def change_account(self, **values: Any) -> None:
        """Set columns of the mailbox."""
        async with unit_of_work(self.db) as session:
            await session.execute(update(ChannelAccount).where(ChannelAccount.id == self.account).values(**values))

    async def sign(self, agent: str = "", mailbox: str = "") -> None:
        """Give agent and mailbox signatures."""
        await self.change_account(signature=mailbox)
        async with unit_of_work(self.db) as session:
            await session.execute(update(Agent).where(Agent.id == self.agent.id).values(signature=agent))

    async def upload(self, ticket_message: int | None = None, content_id: str | None = None) -> int:
        """A picture: the agent's upload, or part of an earlier message."""
        async with unit_of_work(self.db, factories.actor(self.agent)) as session:
            made = await attachments.upload(session, self.storage, "shot.png", "image/png", PNG)
            made.message_id, made.content_id = ticket_message, content_id
            if ticket_message:
                made.uploaded_by_id = None
            return made.id

    async def answer(self, html: str = "<p>It is on its way.</p>", **content: Any) -> OutgoingMail:
        """Reply, and what the mail server gets."""
        async with unit_of_work(self.db, factories.actor(self.agent)) as session:
            number = len(self.sender.mails)
            said = await reply(
                session, self.first.ticket_id, ReplyContent(client_key=f"k{number}", html=html, **content)
            )
            if "own_address" in content:
                said.own_address = content["own_address"]
        return await self.send(said.id)

    async def send(self, message_id: int) -> OutgoingMail:
        """Have the worker send a message."""
        self.clock.advance(timedelta(seconds=10))
        row = await self.delivery(message_id)
        await self.outbound.deliver(row.id)
        row = await self.delivery(message_id)
        assert row.state == "sent", row.error
        return self.sender.mails[-1]

    async def delivery(self, message_id: int) -> Delivery:
        """The delivery of a message."""
        async with self.db.sessions() as session:
            return (await session.scalars(select(Delivery).where(Delivery.message_id == message_id))).one()

    async def message(self, message_id: int) -> Message:
        """A message as it is stored."""
        async with self.db.sessions() as session:
            return await session.get_one(Message, message_id)


@pytest.fixture
async def desk(db: Database, storage: Storage, clock: ManualClock) -> Desk:
    """A desk with one question."""
    made = Desk(db, storage, clock)
    await made.open()
    return made


async def test_an_answer_leaves_from_the_address_that_the_customer_wrote_to(desk: Desk) -> None:
    """The alias is From, Reply-To and on record, also when she wrote to it with a token (field 27)."""
    async with unit_of_work(desk.db) as session:
        written_to = TOKENS.reply_address("Sales@desk.example", 1)
        await session.execute(update(Message).values(own_address=written_to))
    mail = await desk.answer()
    assert mail.account.address == "sales@desk.example"
    assert mail.reply_to == TOKENS.reply_address("sales@desk.example", desk.first.ticket_id)
    assert TOKENS.ticket_in([mail.reply_to or ""]) == desk.first.ticket_id
    row = await desk.message(desk.first.message_id + 1)
    assert row.own_address == "sales@desk.example"


async def test_an_address_that_is_not_ours_is_never_used(desk: Desk) -> None:
    """Whatever stands on record: without a mailbox that has it, the ticket's own mailbox sends."""
    async with unit_of_work(desk.db) as session:
        await session.execute(update(Message).values(own_address="boss@elsewhere.example"))
    assert (await desk.answer()).account.address == "support@desk.example"


async def test_bounces_and_answers_find_back(desk: Desk) -> None:
    """Envelope sender, Message-ID, Reply-To and the mark in both parts all name the message or its ticket (field 6)."""
    mail = await desk.answer()
    raw = compose(mail)
    read = parse_mail(raw)
    assert TOKENS.bounced_in([mail.envelope_from]) == TOKENS.own_message(read.message_id)
    assert TOKENS.marked_ticket(read.text) == desk.first.ticket_id
    assert TOKENS.marked_ticket(mail.html) == desk.first.ticket_id
    assert read.in_reply_to == (await desk.message(desk.first.message_id)).message_id_header


async def test_both_signatures_stand_below_the_answer_once(desk: Desk) -> None:
    """The agent's first, then the mailbox's, filled and safe; what is not known is left out; a second try is the same."""
    await desk.sign(
        "<p>{{agent.name}}<script>x()</script><br>ext. 7{{agent.phone}}</p>", "{{product.name}}\n{{mailbox.address}}"
    )
    mail = await desk.answer()
    assert mail.text.startswith("It is on its way.\n\n-- \nNeha Iyer\next. 7\n")
    assert "Lamps & Co\nsupport@desk.example" in mail.text
    assert "Lamps &amp; Co" in mail.html
    assert "script" not in mail.html
    assert "{{" not in mail.text + mail.html
    assert parse_mail(compose(mail)).reply_text == "It is on its way."
    stored = await desk.message(desk.first.message_id + 1)
    assert "Neha Iyer" in stored.signature_html
    assert "Neha" not in stored.html
    await desk.sign("<p>Somebody else</p>")
    async with unit_of_work(desk.db, factories.actor(desk.agent)) as session:
        await session.execute(update(Delivery).values(state="unknown"))
        await delivery.retry(session, (await desk.delivery(stored.id)).id)
    assert compose(await desk.send(stored.id)) == compose(mail)


async def test_without_signatures_there_is_no_cut(desk: Desk) -> None:
    """An empty signature leaves no dashes behind."""
    await desk.sign("<p> </p>", "")
    mail = await desk.answer()
    assert "-- " not in mail.text + mail.html


@pytest.mark.parametrize("by", ["reply", "mailbox"])
async def test_plain_text_only(desk: Desk, by: str) -> None:
    """By the agent's choice for one answer, or the mailbox's for all: one part, signature and mark in it."""
    await desk.sign("<p><b>Neha</b></p>")
    if by == "mailbox":
        await desk.change_account(options={"plain_text": True})
    mail = await desk.answer("<p>Yes, <b>now</b>.</p>", plain=by == "reply")
    assert mail.html == ""
    assert mail.text.startswith("Yes, now.\n\n-- \nNeha\n\nref:t")
    assert b"multipart" not in compose(mail)


async def test_the_number_in_the_subject_by_option(desk: Desk) -> None:
    """Off: subjects stay as people write them. On: the number once, however long the thread."""
    assert "#" not in (await desk.answer()).subject
    await desk.change_account(options={"subject_number": True})
    numbered = (await desk.answer()).subject
    assert numbered.endswith(f"[#{desk.first.ticket_id}]")
    async with unit_of_work(desk.db) as session:
        await session.execute(update(Message).where(Message.kind == "customer").values(subject=numbered))
    assert (await desk.answer()).subject.count("#") == 1


async def test_pictures_travel_with_the_mail(desk: Desk) -> None:
    """The agent's own pictures and those quoted from an earlier message become parts; nobody needs to sign in (field 22)."""
    own = await desk.upload()
    earlier = await desk.upload(desk.first.message_id, content_id="logo@customer")
    html = (
        f'<p>Like this <img src="/api/attachments/{own}"> or yours <img src="cid:logo@customer"> '
        f'<img src="http://desk.example/api/attachments/{earlier}"></p>'
    )
    mail = await desk.answer(html, attachment_ids=[own])
    assert mail.html.count(f'src="cid:file{own}@sampark"') == 1
    assert mail.html.count(f'src="cid:file{earlier}@sampark"') == 2
    assert "/api/attachments/" not in mail.html
    read = parse_mail(compose(mail))
    assert sorted((each.content_id, each.content) for each in read.attachments) == sorted(
        (f"file{number}@sampark", PNG) for number in (own, earlier)
    )


async def test_pasted_pictures_become_parts(desk: Desk) -> None:
    """A picture that stands in the HTML itself is shown by few mail programs; the same one twice is sent once."""
    data = base64.b64encode(PNG).decode()
    mail = await desk.answer(f'<p><img src="data:image/png;base64,{data}"><img src="data:image/png;base64,{data}"></p>')
    assert "data:" not in mail.html
    (picture,) = parse_mail(compose(mail)).attachments
    assert (picture.content, picture.content_type, picture.name) == (PNG, "image/png", "image1.png")
    assert mail.html.count(f'src="cid:{picture.content_id}"') == 2


async def test_pictures_of_notes_and_other_tickets_stay_here(desk: Desk) -> None:
    """Whatever is pasted: nothing leaves that the customer has not had or been given."""
    async with unit_of_work(desk.db, factories.actor(desk.agent)) as session:
        hidden = await note(session, desk.first.ticket_id, NoteContent(client_key="n", html="<p>Secret</p>"))
        other = await factories.received(session, sender="other@customer.example")
    pictures = [await desk.upload(hidden.id, "n@x"), await desk.upload(other.message_id, "o@x"), await desk.upload()]
    html = "".join(f'<img src="/api/attachments/{each}">' for each in pictures)
    mail = await desk.answer(f'<p>{html}<img src="cid:n@x"><img src="cid:o@x"></p>')
    assert mail.attachments == []


async def test_the_systems_mails_say_what_they_are(desk: Desk) -> None:
    """Auto-Submitted, no signature, in the thread (field 16)."""
    await desk.sign("<p>Neha</p>", "<p>The shop</p>")
    async with unit_of_work(desk.db) as session:
        to = Person("Asha Rao", "asha@customer.example")
        said = await system_reply(session, desk.first.ticket_id, "Received", "<p>We have it.</p>", to)
    mail = await desk.send(said.id)
    read = parse_mail(compose(mail))
    assert (mail.auto_submitted, read.is_auto_reply) == ("auto-replied", True)
    assert "shop" not in mail.text + mail.html
    assert read.in_reply_to == (await desk.message(desk.first.message_id)).message_id_header


async def test_our_own_addresses_are_never_written_to(desk: Desk) -> None:
    """Neither address nor alias, with or without token, of this or a retired mailbox (field 27)."""
    async with unit_of_work(desk.db) as session:
        old = await factories.mailbox(session, address="old@desk.example")
        old.is_active = False
    ours = ["SUPPORT@desk.example", "sales@desk.example", "sales+t1.x@desk.example", "old@desk.example"]
    mail = await desk.answer(cc=[Person("", each) for each in ours])
    assert [each.address for each in (*mail.to, *mail.cc)] == ["asha@customer.example"]
    async with unit_of_work(desk.db, factories.actor(desk.agent)) as session:
        people = [Person("", each) for each in ours]
        said = await reply(session, desk.first.ticket_id, ReplyContent(client_key="own", html="<p>x</p>", to=people))
    desk.clock.advance(timedelta(seconds=10))
    await desk.outbound.deliver((await desk.delivery(said.id)).id)
    row = await desk.delivery(said.id)
    assert (row.state, len(desk.sender.mails)) == ("failed", 1)
    assert "our own" in (row.error or "")


async def test_a_send_asks_the_database_little(desk: Desk) -> None:
    """Message, ticket, mailboxes, files, agent and thread: six questions, however much is signed or threaded."""
    await desk.sign("<p>Neha</p>")
    async with unit_of_work(desk.db, factories.actor(desk.agent)) as session:
        said = await reply(session, desk.first.ticket_id, ReplyContent(client_key="k", html="<p>x</p>"))
    sending = await desk.delivery(said.id)
    asked: list[str] = []

    def keep(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    engine = desk.db.engine.sync_engine
    event.listen(engine, "before_cursor_execute", keep)
    try:
        async with desk.db.sessions() as session:
            await desk.outbox.prepare(session, sending)
    finally:
        event.remove(engine, "before_cursor_execute", keep)
    assert len(asked) == 6, asked


async def test_what_is_passed_on_stands_below_the_signature(desk: Desk) -> None:
    """Whole and with its pictures as parts; in plain text before the signature's mark, below which programs hide."""
    await desk.sign(agent="Neha of the desk")
    await desk.upload(desk.first.message_id, "logo@c.example")
    quoted = Quoted(html='<table><tr><td>Order<img src="cid:logo@c.example"></td></tr></table>', text="Order 7")
    mail = await desk.answer(subject="Fwd: Order", quoted=quoted, to=[Person("", "vendor@v.example")])
    assert mail.subject == "Fwd: Order"
    assert mail.html.index("on its way") < mail.html.index("Neha") < mail.html.index("<td>Order")
    assert mail.text.index("on its way") < mail.text.index("Order 7") < mail.text.index("-- \nNeha")
    assert [part.content_id for part in mail.attachments if f"cid:{part.content_id}" in mail.html] != []
    assert "cid:logo@c.example" not in mail.html
    plain = await desk.answer(html="", subject="Fwd: Order", quoted=quoted, to=[Person("", "v@v.example")], plain=True)
    assert (plain.html, plain.text.splitlines()[0]) == ("", "Order 7")

"""Agents by mail: answers to notifications, forwarded mails, answers from elsewhere, and what is held instead."""

from typing import Any

import pytest
from sqlalchemy import select, text

from channels.email.reader import EmailReader
from channels.email.tokens import Tokens
from channels.inbound import Inbound, Incoming, store
from channels.models import ChannelAccount, InboundItem, Notice
from core import clock as clocks
from core.db import Database, unit_of_work
from core.storage import Storage
from staff.models import Agent, Team
from tests import factories
from tickets import lifecycle
from tickets.lifecycle import TicketChange
from tickets.models import Delivery, Message

pytestmark = pytest.mark.usefixtures("clock")
TOKENS = Tokens("secret", "desk.example")
BOX = "support@desk.example"
RIGHTS = ["tickets:read", "tickets:reply", "tickets:change"]


class Desk:
    """A mailbox, an agent of its team, a ticket of Asha's, and what arrives."""

    def __init__(self, db: Database, storage: Storage) -> None:
        reader = EmailReader(storage, TOKENS)
        self.db = db
        self.inbound = Inbound({"email": reader}, {"email": reader.could_not_read})
        self.box: ChannelAccount
        self.team: Team
        self.agent: Agent
        self.ticket_id = 0

    async def open(self, **options: object) -> None:
        """Make the rows."""
        async with unit_of_work(self.db) as session:
            self.team = await factories.team(session)
            self.box = await factories.mailbox(session, self.team, BOX)
            self.box.options = {"agent_answers": "token"} | options
            self.agent = await factories.agent(session, self.team, name="Meera")
        first = await self.arrives(factories.raw_mail(message_id="<first@customer.example>", subject="Machine stopped"))
        assert first.ticket_id is not None
        self.ticket_id = first.ticket_id

    @property
    def token(self) -> str:
        """The address at which the agent answers the ticket."""
        return TOKENS.agent_address(BOX, self.agent.id, self.ticket_id)

    async def arrives(self, raw: bytes) -> InboundItem:
        """One mail comes in and is processed."""
        item_id = await store(self.db, Incoming(self.box.id, "email", str(hash(raw)), raw))
        assert item_id is not None
        async with unit_of_work(self.db) as session:
            await self.inbound.process(session, item_id)
        async with self.db.sessions() as session:
            return await session.get_one(InboundItem, item_id)

    async def from_agent(self, **headers: str) -> InboundItem:
        """The agent writes."""
        return await self.arrives(factories.raw_mail(**({"from_": f"Meera <{self.agent.email}>"} | headers)))

    async def messages(self, ticket_id: int | None = None) -> list[Message]:
        """What stands in a ticket."""
        async with self.db.sessions() as session:
            statement = select(Message).where(Message.ticket_id == (ticket_id or self.ticket_id)).order_by(Message.id)
            return list(await session.scalars(statement))

    async def rows(self, model: Any) -> list[Any]:
        """All rows of a table."""
        async with self.db.sessions() as session:
            return list(await session.scalars(select(model).order_by(model.id)))


@pytest.fixture
async def desk(db: Database, storage: Storage) -> Desk:
    """The desk, whose mailbox believes tokens alone."""
    made = Desk(db, storage)
    await made.open()
    return made


async def test_an_agents_answer_goes_to_the_customer(desk: Desk) -> None:
    """Field 2.1.17: from her own address with her token; the quoted notification and her signature are cut."""
    body = "It leaves today.\n\n-- \nMeera, at home\n\nOn Monday Asha wrote:\n> It stopped.\n"
    row = await desk.from_agent(to=desk.token, subject="Re: Machine stopped", body=body)
    assert (row.outcome, row.ticket_id, row.matched_by) == ("agent_reply", desk.ticket_id, "agent_token")
    answer = (await desk.messages())[-1]
    assert (answer.kind, answer.author_agent_id, answer.text.strip()) == ("agent", desk.agent.id, "It leaves today.")
    assert answer.to == [{"name": "Asha Rao", "address": "asha@customer.example"}]
    (sending,) = await desk.rows(Delivery)
    assert (sending.state, sending.message_id) == ("queued", answer.id)


async def test_the_notice_she_answers_names_the_ticket_too(desk: Desk) -> None:
    """Programs that answer to From still tell which notice it was; what she had not been told of stops the answer."""
    async with unit_of_work(desk.db) as session:
        seen = (await lifecycle.lock(session, desk.ticket_id)).last_message_id
        values = {"agent": desk.agent.id, "ticket": desk.ticket_id, "seen": seen, "to": desk.agent.email}
        notice = await session.scalar(
            text(
                "insert into notices (kind, agent_id, ticket_id, message_id, to_address, subject, text, created_at, "
                "changed_at) values ('customer_wrote', :agent, :ticket, :seen, :to, 'x', 'x', now(), now()) returning id"
            ),
            values,
        )
    told = f"<{TOKENS.notice_id(notice)}>"
    row = await desk.from_agent(to=BOX, in_reply_to=told, body="It leaves today.")
    assert (row.outcome, row.matched_by) == ("agent_reply", "agent_notice")
    await desk.arrives(factories.raw_mail(in_reply_to="<first@customer.example>", body="Please wait!"))
    late = await desk.from_agent(to=BOX, in_reply_to=told, body="And the bill comes.")
    assert late.outcome == "agent_refused"
    assert "new message" in (late.reason or "")
    assert len(await desk.rows(Delivery)) == 1


@pytest.mark.parametrize(
    ("options", "sender", "why"),
    [
        ({}, "asha@customer.example", "not the address of Meera"),
        ({"agent_answers": "off"}, None, "switched off"),
        ({"agent_answers": "aligned"}, None, "does not confirm"),
    ],
)
async def test_what_is_not_proven_is_held(db: Database, storage: Storage, options, sender, why) -> None:
    """Nothing is sent and nothing is lost: the text is a note in the ticket, and the agent is told at her own address."""
    desk = Desk(db, storage)
    await desk.open(**options)
    row = await desk.from_agent(**({"from_": sender} if sender else {}), to=desk.token, body="It leaves today.")
    assert row.outcome == "agent_refused"
    assert why in (row.reason or "")
    note = (await desk.messages())[-1]
    assert note.kind == "note"
    assert "It leaves today." in note.text
    assert await desk.rows(Delivery) == []
    (told,) = await desk.rows(Notice)
    assert (told.kind, told.to_address) == ("agent_reply_refused", desk.agent.email)


async def test_a_confirmed_sender_is_believed(db: Database, storage: Storage) -> None:
    """The receiving server's word for the agent's domain is what "aligned" asks for."""
    desk = Desk(db, storage)
    await desk.open(agent_answers="aligned", trusted_servers=["mx.desk.example"])
    said = "mx.desk.example; dkim=pass header.d=desk.example; spf=pass smtp.mailfrom=desk.example; dmarc=pass"
    row = await desk.from_agent(to=desk.token, authentication_results=said, body="It leaves today.")
    assert row.outcome == "agent_reply"


async def test_an_agents_holiday_is_ignored(desk: Desk) -> None:
    """Her out-of-office is no answer to a customer."""
    row = await desk.from_agent(to=desk.token, auto_submitted="auto-replied", body="I am away.")
    assert row.outcome == "automatic"
    assert len(await desk.messages()) == 1
    assert await desk.rows(Delivery) == []


async def test_an_agent_of_another_team_cannot_answer(desk: Desk) -> None:
    """A valid token does not open tickets that its agent may not see (any more)."""
    async with unit_of_work(desk.db) as session:
        other = await factories.team(session)
        await lifecycle.change(session, desk.ticket_id, TicketChange(team_id=other.id))
    row = await desk.from_agent(to=desk.token, body="It leaves today.")
    assert row.outcome == "agent_refused"


FORWARD = """Please help her.

---------- Forwarded message ---------
From: Ravi Kumar <ravi@buyer.example>
Date: Mon, 2 Mar 2026 at 08:15
Subject: Broken belt
To: Meera <meera@desk.example>

The belt broke after two days.
"""


async def test_a_forwarded_mail_belongs_to_the_customer(desk: Desk) -> None:
    """Field 2.1.18: requester, subject and text are the original's; the agent's words stay among us."""
    row = await desk.from_agent(to=BOX, subject="Fwd: Broken belt", body=FORWARD)
    assert row.outcome == "forwarded"
    assert row.ticket_id not in (None, desk.ticket_id)
    first, note = await desk.messages(row.ticket_id)
    assert (first.author_address, first.subject, first.forwarded_by_id) == (
        "ravi@buyer.example",
        "Broken belt",
        desk.agent.id,
    )
    assert "The belt broke" in first.text
    assert (note.kind, note.text.strip()) == ("note", "Please help her.")
    assert first.dated_at is not None


async def test_a_customer_who_forwards_stays_the_customer(desk: Desk) -> None:
    """Only our own people pass mails on for others."""
    row = await desk.arrives(factories.raw_mail(to=BOX, subject="Fwd: Broken belt", body=FORWARD))
    assert row.outcome == "ticket"
    assert (await desk.messages(row.ticket_id))[0].author_address == "asha@customer.example"


async def test_an_answer_from_elsewhere_is_ours(desk: Desk) -> None:
    """Field 2.1.11: she answered in her own program with the desk in Cc; later answers of the customer thread to it."""
    row = await desk.from_agent(
        to="asha@customer.example",
        cc=BOX,
        in_reply_to="<first@customer.example>",
        message_id="<outlook@desk.example>",
        body="We send another.",
    )
    assert (row.outcome, row.ticket_id) == ("sent_elsewhere", desk.ticket_id)
    answer = (await desk.messages())[-1]
    assert (answer.kind, answer.author_agent_id, answer.sent_elsewhere) == ("agent", desk.agent.id, True)
    assert await desk.rows(Delivery) == []
    again = await desk.arrives(factories.raw_mail(in_reply_to="<outlook@desk.example>", body="Thank you."))
    assert again.ticket_id == desk.ticket_id


async def test_a_mail_of_our_own_mailbox_makes_us_no_customer(desk: Desk) -> None:
    """Somebody wrote to a customer from the shared mailbox itself, with a copy to it."""
    row = await desk.arrives(
        factories.raw_mail(from_=BOX, to="ravi@buyer.example", cc=BOX, body="Your order is ready.")
    )
    assert row.outcome == "sent_elsewhere"
    async with desk.db.sessions() as session:
        whose = await session.scalar(
            text("select c.name from tickets t join customers c on c.id = t.customer_id where t.id = :id"),
            {"id": row.ticket_id},
        )
        assert "ravi" in whose.lower()
        assert not await session.scalar(text("select count(*) from contact_points where value = :own"), {"own": BOX})


async def test_an_agent_who_asks_the_desk_is_a_customer(desk: Desk) -> None:
    """Colleagues have problems, too."""
    row = await desk.from_agent(to=BOX, subject="My chair", body="It is broken.")
    assert row.outcome == "ticket"
    assert (await desk.messages(row.ticket_id))[0].author_address == desk.agent.email


@pytest.mark.parametrize(
    ("said", "outcome"), [("", "reply"), ("dmarc=pass header.from=desk.example", "sent_elsewhere")]
)
async def test_who_claims_to_be_ours_must_be_proven(db: Database, storage: Storage, said: str, outcome: str) -> None:
    """An agent's address in From answers nobody by itself: unproven, the customer still waits."""
    desk = Desk(db, storage)
    await desk.open(agent_answers="aligned", trusted_servers=["mx.desk.example"])
    row = await desk.from_agent(
        to="asha@customer.example",
        cc=BOX,
        in_reply_to="<first@customer.example>",
        authentication_results=f"mx.desk.example; {said}" if said else "",
        body="All is well.",
    )
    assert row.outcome == outcome
    async with unit_of_work(db) as session:
        ticket = await lifecycle.lock(session, desk.ticket_id)
        assert (ticket.waiting_since is None) == (outcome == "sent_elsewhere")


async def test_a_forged_agent_forwards_nothing(desk: Desk) -> None:
    """The receiving server says that it is not hers: then it is a mail like any other."""
    async with unit_of_work(desk.db) as session:
        box = await session.get_one(ChannelAccount, desk.box.id)
        box.options = box.options | {"trusted_servers": ["mx.desk.example"]}
    said = "mx.desk.example; spf=fail smtp.mailfrom=desk.example; dmarc=fail header.from=desk.example"
    row = await desk.from_agent(to=BOX, subject="Fwd: Broken belt", body=FORWARD, authentication_results=said)
    assert row.outcome == "ticket"


@pytest.mark.parametrize("kind", ["agent_reply_refused", "mentioned"])
async def test_an_answer_to_a_notice_that_takes_none_reaches_no_customer(desk: Desk, kind: str) -> None:
    """She asks back why her answer was refused: that is not meant for the customer, whatever else her program names."""
    async with unit_of_work(desk.db) as session:
        facts = {"agent_id": desk.agent.id, "ticket_id": desk.ticket_id, "to_address": desk.agent.email}
        now = {"created_at": clocks.now(), "changed_at": clocks.now()}
        asked, refused = (
            Notice(kind=each, **facts, **now, subject="x", text="x", state="sent", attempts=1)
            for each in ("customer_wrote", kind)
        )
        session.add_all([asked, refused])
        await session.flush()
        ids = [f"<{TOKENS.notice_id(each.id)}>" for each in (asked, refused)]
    body = f"Why was it refused?\n\n> {TOKENS.agent_mark(desk.agent.id, desk.ticket_id)}\n"
    await desk.from_agent(to=BOX, in_reply_to=ids[1], references=" ".join(ids), body=body)
    assert await desk.rows(Delivery) == []
    assert len(await desk.messages()) == 1


@pytest.mark.parametrize("how", ["mark", "references"])
async def test_who_quotes_a_notice_that_was_passed_on_stays_a_customer(desk: Desk, how: str) -> None:
    """A colleague forwarded her notice to the customer, whose answer quotes it: his words are his, and no held answer."""
    async with unit_of_work(desk.db) as session:
        now = {"created_at": clocks.now(), "changed_at": clocks.now()}
        facts = {"agent_id": desk.agent.id, "ticket_id": desk.ticket_id, "to_address": desk.agent.email}
        notice = Notice(kind="assigned", **facts, **now, subject="x", text="x", state="sent", attempts=1)
        session.add(notice)
        await session.flush()
        notice_id = TOKENS.notice_id(notice.id)
    body = "It is the big machine.\n\nOn Monday Meera wrote:\n> Which one?\n"
    body += f"> {TOKENS.agent_mark(desk.agent.id, desk.ticket_id)}\n" if how == "mark" else ""
    references = "<first@customer.example>" + (f" <{notice_id}> <hers@desk.example>" if how == "references" else "")
    row = await desk.arrives(
        factories.raw_mail(to=BOX, in_reply_to="<first@customer.example>", references=references, body=body)
    )
    assert (row.outcome, row.ticket_id) == ("reply", desk.ticket_id)
    assert (await desk.messages())[-1].kind == "customer"
    assert [each.kind for each in await desk.rows(Notice)] == ["assigned"]

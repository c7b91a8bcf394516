"""Acknowledgements: only where they are wanted, only to people, once, in their language, and never into a loop."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from channels import brake
from channels.acknowledge import TEXTS, Acknowledger
from channels.models import ChannelAccount, Notice
from core import events
from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.i18n import NAMES
from customers.models import ContactPoint, Customer
from staff.models import Agent
from tests import factories
from tickets import guests, policy
from tickets.events import TicketCreated
from tickets.intake import Received
from tickets.models import Delivery, Message
from tickets.policy import Policy
from tickets.reply import NewTicket, open_ticket
from tickets.split import split
from tickets.templates import Surroundings, unfilled


class Desk:
    """A mailbox that acknowledges, unless the test says otherwise."""

    def __init__(self, db: Database) -> None:
        self.db = db
        around = Surroundings(product_name="Lamps <& Co>", base_url="http://desk")
        self.acknowledger = Acknowledger(around, "en", "secret")
        self.account = 0

    async def open(self, **options: Any) -> None:
        """Make the mailbox."""
        async with unit_of_work(self.db) as session:
            box = await factories.mailbox(session)
            box.options = {"acknowledge": {"enabled": True} | options}
            self.account = box.id

    async def take_in(self, **received: Any) -> Received:
        """A mail comes in, and the job that was asked for runs."""
        async with unit_of_work(self.db) as session:
            first = await factories.received(session, **({"account_id": self.account} | received))
        await self.run()
        return first

    async def run(self) -> int:
        """Run the jobs that were asked for; how many there were."""
        async with unit_of_work(self.db) as session:
            asked = await session.execute(
                text(
                    "delete from jobs.pgqueuer where entrypoint = 'channels.acknowledge' returning convert_from(payload, 'utf8')::jsonb -> 'args' ->> 'ticket_id'"
                )
            )
            numbers = [int(row[0]) for row in asked]
        for number in numbers:
            async with unit_of_work(self.db) as session:
                await self.acknowledger.send(session, number)
        return len(numbers)

    async def sent(self) -> list[Message]:
        """Acknowledgements that were written, with their deliveries."""
        async with self.db.sessions() as session:
            statement = select(Message).join(Delivery, Delivery.message_id == Message.id).order_by(Message.id)
            return list(await session.scalars(statement.where(Message.kind == "system")))

    async def withheld(self) -> list[Notice]:
        """Those that the brake stopped."""
        async with self.db.sessions() as session:
            return list(await session.scalars(select(Notice).where(Notice.state == "withheld")))


@pytest.fixture
async def desk(db: Database, clock: ManualClock) -> Desk:
    """A desk whose handler is in place."""
    made = Desk(db)
    await made.open()
    events.subscribe({TicketCreated: (made.acknowledger.on_ticket_created,)})
    return made


async def test_a_new_question_is_acknowledged_once(desk: Desk) -> None:
    """From the product's text, with the ticket's number; a second run of the job writes nothing."""
    first = await desk.take_in(subject="Broken lamp")
    async with unit_of_work(desk.db) as session:
        await desk.acknowledger.send(session, first.ticket_id)
    (mail,) = await desk.sent()
    assert mail.subject == "Re: Broken lamp"
    assert mail.to == [{"name": "Asha Rao", "address": "asha@customer.example"}]
    assert mail.text.startswith("Hello Asha\n\nThank you")
    assert f"the number {first.ticket_id}." in mail.text
    await desk.take_in(subject="Re: Broken lamp", token_ticket_id=first.ticket_id)
    assert len(await desk.sent()) == 1


async def test_it_carries_a_guest_link_where_the_desk_wants_one(db: Database, desk: Desk) -> None:
    """The address opens this ticket without a sign-in; a mailbox's own text has it where it names it."""
    first = await desk.take_in()
    (mail,) = await desk.sent()
    token = re.search(r"http://desk/portal/guest/([\w-]+)", mail.text)[1]
    async with unit_of_work(db) as session:
        assert (await guests.guest_of(session, "secret", token)).ticket_id == first.ticket_id
        own = {"enabled": True, "html": "<p>Look: {{request.link}}</p>"}
        await session.execute(update(ChannelAccount).values(options={"acknowledge": own}))
    await desk.take_in()
    assert "Look: http://desk/portal/guest/" in (await desk.sent())[1].text
    async with unit_of_work(db) as session:
        await policy.write(session, Policy(guest_links=False))
    await desk.take_in(sender="ravi@customer.example")
    assert (await desk.sent())[2].text == "Look:"


async def test_the_mailboxs_own_text_and_its_variables(db: Database, desk: Desk) -> None:
    """What is not known is left out, never shown in braces; names are not markup."""
    async with unit_of_work(db) as session:
        own = {
            "enabled": True,
            "subject": "[{{ticket.id}}] {{agent.name}} got it",
            "html": "<p>{{product.name}} {{customer.name}}{{x.y}}</p>",
        }
        await session.execute(update(ChannelAccount).values(options={"acknowledge": own}))
    first = await desk.take_in()
    (mail,) = await desk.sent()
    assert mail.subject == f"[{first.ticket_id}] got it"
    assert mail.html == "<p>Lamps &lt;&amp; Co&gt; Asha Rao</p>"


@pytest.mark.parametrize(
    ("language", "start"), [("hi", "नमस्ते"), ("mr-IN", "नमस्कार"), ("bn", "নমস্কার"), ("fr", "Hello"), (None, "Hello")]
)
async def test_in_the_customers_language(desk: Desk, language: str | None, start: str) -> None:
    """Where we have it; else in the first language."""
    await desk.take_in(language=language)
    assert (await desk.sent())[0].text.startswith(start)


def test_every_language_of_the_product_has_a_text() -> None:
    """All with the same variables."""
    assert set(TEXTS) == set(NAMES)
    assert len({tuple(sorted(unfilled(each))) for each in TEXTS.values()}) == 1


@pytest.mark.parametrize(
    "received",
    [
        {"is_auto": True},
        {"is_list": True},
        {"archived": True, "at": datetime(2026, 1, 5, tzinfo=UTC)},
        {"account_id": None},
        {"sender": "no-reply@shop.example"},
        {"sender": "unknown@sender.invalid"},
        {"sender": "MAILER-DAEMON@mx.example"},
        {"sender": "neha@desk.test"},
        {"sender": "support@desk.example"},
        {"sender": "dead@customer.example"},
        {"sender": "quiet@customer.example"},
    ],
    ids=str,
)
async def test_who_gets_none(desk: Desk, received: dict[str, Any]) -> None:
    """Robots, lists, history, other channels, dead or unwilling addresses, agents and ourselves (fields 12, 25, 27)."""
    async with unit_of_work(desk.db) as session:
        agent = await factories.agent(session)
        await session.execute(update(Agent).where(Agent.id == agent.id).values(email="Neha@desk.test"))
        for name in ("dead", "quiet"):
            await factories.received(session, sender=f"{name}@customer.example")
        await session.execute(
            update(ContactPoint).where(ContactPoint.value == "dead@customer.example").values(invalid_reason="550")
        )
        quiet = select(ContactPoint.customer_id).where(ContactPoint.value == "quiet@customer.example")
        await session.execute(update(Customer).where(Customer.id.in_(quiet)).values(do_not_contact=True))
    await desk.take_in(**received)
    assert await desk.sent() == []
    assert await desk.withheld() == []


async def test_mailboxes_that_do_not_want_it_ask_for_no_job(db: Database, clock: ManualClock) -> None:
    """Off is the default, and costs a mail nothing but a look into the memory."""
    made = Desk(db)
    await made.open(enabled=False)
    events.subscribe({TicketCreated: (made.acknowledger.on_ticket_created,)})
    async with unit_of_work(db) as session:
        await factories.received(session, account_id=made.account)
    assert await made.run() == 0


async def test_a_message_that_is_split_off_was_acknowledged_long_ago(desk: Desk, clock: ManualClock) -> None:
    """An agent gives an old message a ticket of its own: the customer did not write again."""
    first = await desk.take_in()
    second = await desk.take_in(token_ticket_id=first.ticket_id)
    clock.advance(timedelta(days=2))
    async with unit_of_work(desk.db) as session:
        await split(session, first.ticket_id, second.message_id)
    await desk.run()
    assert len(await desk.sent()) == 1


async def test_what_an_agent_opens_is_not_acknowledged(desk: Desk) -> None:
    """The customer has written nothing."""
    async with unit_of_work(desk.db) as session:
        agent = await factories.agent(session)
    async with unit_of_work(desk.db, factories.actor(agent)) as session:
        new = NewTicket(
            client_key="k", subject="Your lamp", html="<p>Hi</p>", customer_email="b@c.example", account_id=desk.account
        )
        await open_ticket(session, new)
    assert await desk.run() == 1
    assert await desk.sent() == []


async def test_a_robot_that_says_nothing_of_itself_is_stopped(desk: Desk, clock: ManualClock) -> None:
    """Always the same subject: two acknowledgements, then none; what was withheld can be seen (field 13)."""
    for _ in range(6):
        await desk.take_in(subject="Automatic answer")
    assert len(await desk.sent()) == 2
    rows = await desk.withheld()
    assert [row.kind for row in rows] == ["acknowledgement"] * 4
    assert all(row.ticket_id and "2 times" in (row.error or "") for row in rows)
    async with unit_of_work(desk.db) as session:
        assert (await brake.status(session)).withheld_last_day == 4


async def test_a_robot_with_new_subjects_is_stopped_too(desk: Desk, clock: ManualClock) -> None:
    """Ping-pong with a changing subject ends at ten (field 13)."""
    for letter in "abcdefghijklmnopq":
        await desk.take_in(subject=f"{letter * 3} again")
    assert len(await desk.sent()) == 10

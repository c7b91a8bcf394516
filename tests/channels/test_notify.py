"""Mails to agents: who gets which, what stands in them, and that the words of notes never do."""

from typing import Any

import msgspec
import pytest
from sqlalchemy import select, text, update

from channels.acknowledge import Acknowledger
from channels.email.parse import parse_mail
from channels.models import Notice
from channels.notify import ABOVE, WORDS, Notifier
from channels.product_mail import ProductMail
from channels.review_mail import ReviewMail
from core import events
from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.i18n import NAMES
from core.settings import load
from portal.surveys import Surveys
from routing import presence
from sampark import wiring
from staff.models import Agent
from tests import factories
from tickets.events import MessageReceived, NoteAdded, TicketAssigned
from tickets.intake import Received
from tickets.lifecycle import TicketChange, change
from tickets.reply import NoteContent, note
from tickets.templates import Surroundings

ALL = {"assigned": True, "customer_wrote": True, "mentioned": True}


class Desk:
    """Two agents who want every mail, and a ticket."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.notifier = Notifier("https://desk.example")
        self.neha = self.ravi = Agent()
        self.first = Received(0, 0, True, None, 0)

    async def open(self) -> None:
        """Make them."""
        async with unit_of_work(self.db) as session:
            self.neha = await factories.agent(session, name="Neha")
            self.ravi = await factories.agent(session, name="Ravi")
            await session.execute(update(Agent).values(notify=ALL))
            self.first = await factories.received(session, text="The lamp <b>broke</b>.")

    async def change(self, agent: Agent, **values: Any) -> None:
        """Set columns of an agent."""
        async with unit_of_work(self.db) as session:
            await session.execute(update(Agent).where(Agent.id == agent.id).values(**values))

    async def assign(self, by: Agent | None, to: Agent | None) -> None:
        """Give the ticket to somebody."""
        work = unit_of_work(self.db, factories.actor(by)) if by else unit_of_work(self.db)
        async with work as session:
            await change(session, self.first.ticket_id, TicketChange(assignee_id=to.id if to else None))

    async def customer_writes(self, **received: Any) -> Received:
        """An answer of the customer."""
        async with unit_of_work(self.db) as session:
            return await factories.received(session, token_ticket_id=self.first.ticket_id, **received)

    async def run(self, twice: bool = False) -> list[Notice]:
        """Run the jobs that were asked for; the notices there are then."""
        async with unit_of_work(self.db) as session:
            asked = await session.execute(
                text("delete from jobs.pgqueuer where entrypoint = 'channels.notify' returning payload")
            )
            payloads = [msgspec.json.decode(row[0])["args"] for row in asked]
        for args in payloads * (2 if twice else 1):
            async with unit_of_work(self.db) as session:
                await self.notifier.send(session, **args)
        async with self.db.sessions() as session:
            return list(await session.scalars(select(Notice).order_by(Notice.id)))


@pytest.fixture
async def desk(db: Database, clock: ManualClock) -> Desk:
    """A desk whose handlers are in place."""
    made = Desk(db)
    await made.open()
    events.subscribe(
        {
            TicketAssigned: (made.notifier.on_assigned,),
            MessageReceived: (made.notifier.on_message,),
            NoteAdded: (made.notifier.on_note,),
        }
    )
    return made


async def test_an_agent_hears_of_a_ticket_that_became_hers(desk: Desk) -> None:
    """With the customer's words, a line to write above, a link, and why she got it; once, however often the job runs."""
    await desk.assign(desk.ravi, desk.neha)
    (mail,) = await desk.run(twice=True)
    assert (mail.to_address, mail.kind, mail.state) == (desk.neha.email, "assigned", "queued")
    assert (mail.agent_id, mail.ticket_id, mail.message_id) == (
        desk.neha.id,
        desk.first.ticket_id,
        desk.first.message_id,
    )
    lines = mail.text.splitlines()
    assert lines[0] == ABOVE
    assert "Asha Rao wrote" in lines[2]
    assert "The lamp <b>broke</b>." in mail.text
    assert "&lt;b&gt;broke" in mail.html
    assert f"https://desk.example/console/tickets/{desk.first.ticket_id}" in mail.text
    assert "because the ticket is yours" in mail.text
    assert "https://desk.example/console/preferences" in mail.text
    assert mail.subject.startswith(f"[#{desk.first.ticket_id}] ")


async def test_the_router_gave_it_to_her(desk: Desk) -> None:
    """At once when it was opened, and when the customer opened it again: by the product's own table of handlers."""
    acknowledger = Acknowledger(Surroundings(), "en", "secret")
    products, surveys = ProductMail("", "", "", "en"), Surveys(load(), "secret")
    events.subscribe(wiring.handlers(acknowledger, desk.notifier, products, surveys, ReviewMail("")))
    async with unit_of_work(desk.db) as session:
        await presence.set_state(session, desk.neha.id, "available")
    async with unit_of_work(desk.db) as session:
        opened = await factories.received(session)
    (first,) = await desk.run(twice=True)
    assert (first.kind, first.agent_id, first.ticket_id) == ("assigned", desk.neha.id, opened.ticket_id)
    async with unit_of_work(desk.db) as session:
        await change(session, opened.ticket_id, TicketChange(status="solved", assignee_id=None))
    async with unit_of_work(desk.db) as session:
        again = await factories.received(session, token_ticket_id=opened.ticket_id, text="Still broken.")
    mails = [mail for mail in await desk.run() if mail.id != first.id]
    assert [(mail.kind, mail.agent_id, mail.message_id) for mail in mails] == [
        ("assigned", desk.neha.id, again.message_id)
    ]


async def test_what_she_did_herself_is_no_news(desk: Desk) -> None:
    """Claiming a ticket, or naming oneself in a note."""
    await desk.assign(desk.neha, desk.neha)
    async with unit_of_work(desk.db, factories.actor(desk.neha)) as session:
        content = NoteContent(client_key="n", html="<p>I</p>", mentions=[desk.neha.id])
        await note(session, desk.first.ticket_id, content)
    assert await desk.run() == []


async def test_her_customer_wrote(desk: Desk) -> None:
    """The owner hears of people's mails, not of robots'."""
    await desk.customer_writes(text="to nobody yet")
    await desk.assign(desk.neha, desk.neha)
    await desk.customer_writes(text="out of office", is_auto=True)
    second = await desk.customer_writes(text="Still broken.")
    (mail,) = await desk.run(twice=True)
    assert (mail.kind, mail.message_id, mail.agent_id) == ("customer_wrote", second.message_id, desk.neha.id)
    assert "Still broken." in mail.text


async def test_a_note_names_somebody_and_its_words_stay_here(desk: Desk) -> None:
    """Neither text nor HTML of the note is mailed, to whomever; no line invites to answer."""
    async with unit_of_work(desk.db, factories.actor(desk.ravi)) as session:
        content = NoteContent(
            client_key="n", html="<p>The customer is a fool</p>", mentions=[desk.neha.id, desk.ravi.id]
        )
        await note(session, desk.first.ticket_id, content)
    (mail,) = await desk.run()
    assert (mail.kind, mail.agent_id) == ("mentioned", desk.neha.id)
    assert "Ravi named you in a note" in mail.text
    assert "fool" not in mail.text + mail.html + mail.subject
    assert ABOVE not in mail.text


@pytest.mark.parametrize(
    "values",
    [{"notify": {}}, {"notify": {"assigned": False}}, {"address_failed": "550"}, {"is_active": False}],
    ids=str,
)
async def test_who_gets_none(desk: Desk, values: dict[str, Any]) -> None:
    """Who does not want it, cannot be reached or is gone; also when that changed after the event."""
    await desk.assign(desk.ravi, desk.neha)
    await desk.change(desk.neha, **values)
    assert await desk.run() == []
    await desk.customer_writes()
    assert await desk.run() == []


async def test_what_is_no_longer_true_is_not_mailed(desk: Desk) -> None:
    """Given to her and taken away again before the job ran; preferences that changed meanwhile."""
    await desk.assign(desk.ravi, desk.neha)
    await desk.assign(desk.ravi, None)
    assert await desk.run() == []
    await desk.assign(desk.ravi, desk.neha)
    await desk.change(desk.neha, notify={"mentioned": True})
    assert await desk.run() == []


async def test_nobody_wants_mails_nothing_is_asked(desk: Desk) -> None:
    """The usual desk pays with a look into the memory, not with jobs."""
    async with unit_of_work(desk.db) as session:
        await session.execute(update(Agent).values(notify={}))
    await desk.assign(desk.ravi, desk.neha)
    await desk.customer_writes()
    async with desk.db.sessions() as session:
        asked = await session.scalar(text("select count(*) from jobs.pgqueuer where entrypoint = 'channels.notify'"))
    assert asked == 0


@pytest.mark.parametrize("locale", sorted(NAMES))
async def test_in_the_agents_language(desk: Desk, locale: str) -> None:
    """Every language of the product has all sentences, with what belongs into them."""
    await desk.change(desk.neha, locale=locale)
    await desk.assign(desk.ravi, desk.neha)
    (mail,) = await desk.run()
    words = WORDS[locale]
    assert words.because_yours in mail.text
    assert str(desk.first.ticket_id) in mail.text.splitlines()[2]
    assert all("{number}" in each and "{name}" in each for each in words[:3])
    assert all(words)


@pytest.mark.parametrize("quote", ["> ", ""])
def test_our_own_reader_cuts_at_the_line(quote: str) -> None:
    """What an agent's mail program quotes below her words does not reach the customer (field 17)."""
    notice = f"{ABOVE}\n\nAsha Rao wrote in ticket 1001:\n\nThe lamp broke."
    quoted = "\n".join(quote + line for line in notice.splitlines())
    mail = parse_mail(f"From: n@desk.example\nSubject: Re: x\n\nWe will send a new one.\n\n{quoted}\n".encode())
    assert mail.reply_text.strip() == "We will send a new one."


async def test_where_answers_by_mail_are_off_none_is_asked_for(desk: Desk) -> None:
    """No line to write above, and no word of it."""
    async with unit_of_work(desk.db) as session:
        box = await factories.mailbox(session)
        box.options = {"agent_answers": "off"}
        await session.execute(text("update tickets set account_id = :id"), {"id": box.id})
    await desk.assign(desk.ravi, desk.neha)
    (mail,) = await desk.run()
    assert ABOVE not in mail.text + mail.html
    assert "your words go to the customer" not in mail.text
    assert "The lamp" in mail.text


async def test_very_long_messages_are_cut_with_a_word(desk: Desk) -> None:
    """A mail of megabytes is read in the console."""
    await desk.assign(desk.neha, desk.neha)
    await desk.customer_writes(text="word " * 10_000)
    (mail,) = await desk.run()
    assert len(mail.text) < 25_000
    assert "Read all of it" in mail.text


async def test_who_may_not_see_the_ticket_reads_nothing_of_it(desk: Desk) -> None:
    """Named in a note of another team's ticket, or its owner no longer: not even the subject is mailed."""
    async with unit_of_work(desk.db) as session:
        ours, other = await factories.team(session), await factories.team(session)
        stranger = await factories.agent(session, other, name="Stranger")
        await session.execute(update(Agent).values(notify=ALL))
        await change(session, desk.first.ticket_id, TicketChange(team_id=ours.id))
    async with unit_of_work(desk.db, factories.actor(desk.ravi)) as session:
        content = NoteContent(client_key="n", html="<p>Look</p>", mentions=[stranger.id])
        await note(session, desk.first.ticket_id, content)
    assert await desk.run() == []
    await desk.assign(None, stranger)
    await desk.customer_writes(text="Still broken.")
    await desk.assign(None, desk.ravi)
    assert [each.agent_id for each in await desk.run()] == [desk.ravi.id]

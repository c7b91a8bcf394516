"""Send later: it leaves when its author wants, is taken back when the customer writes first; and mails of the desk."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from core import events
from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.errors import Invalid
from staff.models import Agent, Team
from tests import factories
from tests.locks import blocked
from tickets import delivery, lifecycle, reply
from tickets.errors import TooLate
from tickets.events import MessageReceived
from tickets.intake import OurAnswer, Person
from tickets.models import Delivery, Draft, Message
from tickets.reply import ReplyContent

Desk = tuple[int, int, Agent, Team]


@pytest.fixture(autouse=True)
def _wired(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one handler that is meant here."""
    monkeypatch.setattr(events, "_handlers", {MessageReceived: (delivery.on_message_received,)}, raising=True)


@pytest.fixture
async def desk(db: Database, clock: ManualClock) -> Desk:
    """A ticket, its first message, an agent and her team."""
    async with unit_of_work(db) as session:
        team = await factories.team(session)
        agent = await factories.agent(session, team)
        first = await factories.received(session, team_id=team.id, own_address="help@desk.example")
    return first.ticket_id, first.message_id, agent, team


async def send_later(db: Database, desk: Desk, clock: ManualClock, **fields: object) -> int:
    """A reply that is to leave tomorrow."""
    ticket_id, seen, agent, team = desk
    values = {"client_key": "k", "html": "<p>We come on Monday.</p>", "last_seen": seen}
    values |= {"send_at": clock.now() + timedelta(days=1)} | fields
    async with unit_of_work(db, factories.actor(agent, team)) as session:
        return (await reply.reply(session, ticket_id, ReplyContent(**values))).id  # type: ignore[arg-type]


async def sending(db: Database, message_id: int) -> Delivery:
    """The delivery of a message."""
    async with db.sessions() as session:
        found = await session.scalar(select(Delivery).where(Delivery.message_id == message_id))
        assert found is not None
        return found


async def test_it_waits_for_its_time_and_so_does_the_customer(db: Database, desk: Desk, clock: ManualClock) -> None:
    """Nothing to send before; the waiting clock stops when it leaves, not when it was written."""
    message_id = await send_later(db, desk, clock)
    queued = await sending(db, message_id)
    assert (queued.state, queued.scheduled, queued.send_at) == ("queued", True, clock.now() + timedelta(days=1))
    async with unit_of_work(db) as session:
        assert await delivery.take(session, queued.id) is None
        assert (await lifecycle.lock(session, desk[0])).waiting_since is not None
    clock.advance(timedelta(days=1))
    async with unit_of_work(db) as session:
        assert await delivery.take(session, queued.id) is not None
        await delivery.move(session, queued.id, "sending", only_from=("queued",))
        await delivery.move(session, queued.id, "sent", only_from=("sending",))
        ticket = await lifecycle.lock(session, desk[0])
        assert (ticket.waiting_since, ticket.first_reply_at) == (None, clock.now())


async def test_it_is_taken_back_when_the_customer_writes_first(db: Database, desk: Desk, clock: ManualClock) -> None:
    """The text is in its author's draft again, before what she has written since; an automatic answer changes nothing."""
    message_id = await send_later(db, desk, clock)
    async with unit_of_work(db) as session:
        await factories.received(session, token_ticket_id=desk[0], is_auto=True)
    assert (await sending(db, message_id)).state == "queued"
    async with unit_of_work(db) as session:
        await factories.received(session, token_ticket_id=desk[0])
    assert (await sending(db, message_id)).state == "cancelled"
    async with db.sessions() as session:
        draft = await session.scalar(select(Draft))
        assert draft is not None
        assert (draft.agent_id, draft.html) == (desk[2].id, "<p>We come on Monday.</p>")
        assert draft.revision > 1_000_000_000, "an open editor has counted its own changes and takes only higher ones"


async def test_a_moment_that_has_passed_is_now(db: Database, desk: Desk, clock: ManualClock) -> None:
    """It is an ordinary reply: answered at once, and no later mail of the customer takes it back."""
    queued = await sending(db, await send_later(db, desk, clock, send_at=clock.now() - timedelta(hours=1)))
    assert (queued.scheduled, queued.send_at) == (False, clock.now() + timedelta(seconds=5))
    async with unit_of_work(db) as session:
        assert (await lifecycle.lock(session, desk[0])).waiting_since is None


async def test_what_is_passed_on_is_no_answer(db: Database, desk: Desk, clock: ManualClock) -> None:
    """A mail to a third person, now or later, leaves the customer waiting; so does taking it back."""
    to = [Person("The workshop", "workshop@partner.example")]
    fields = {"to": to, "subject": "Fwd: Machine", "force": True}
    now = await send_later(db, desk, clock, send_at=None, **fields)
    later = await sending(db, await send_later(db, desk, clock, client_key="k2", **fields))
    async with unit_of_work(db) as session:
        await delivery.move(session, later.id, "sending", only_from=("queued",))
        await delivery.move(session, later.id, "sent", only_from=("sending",))
        ticket = await lifecycle.lock(session, desk[0])
        assert (ticket.first_reply_at, ticket.waiting_since) == (None, clock.now())
    async with unit_of_work(db, factories.actor(desk[2], desk[3])) as session:
        await delivery.undo(session, (await sending(db, now)).id)
        assert (await lifecycle.lock(session, desk[0])).waiting_since == clock.now()


async def test_who_writes_while_it_leaves_waits_on(db: Database, desk: Desk, clock: ManualClock) -> None:
    """It is half handed over, so it cannot be taken back; but it is no answer to what came after it."""
    queued = await sending(db, await send_later(db, desk, clock))
    clock.advance(timedelta(days=1))
    async with unit_of_work(db) as session:
        await delivery.move(session, queued.id, "sending", only_from=("queued",))
    async with unit_of_work(db) as session:
        await factories.received(session, token_ticket_id=desk[0])
    async with unit_of_work(db) as session:
        await delivery.move(session, queued.id, "sent", only_from=("sending",))
        assert (await lifecycle.lock(session, desk[0])).waiting_since is not None


async def test_it_can_be_sent_now(db: Database, desk: Desk, clock: ManualClock) -> None:
    """Its time is moved to this moment."""
    queued = await sending(db, await send_later(db, desk, clock))
    async with unit_of_work(db) as session:
        await delivery.send_now(session, queued.id)
    async with unit_of_work(db) as session:
        assert await delivery.take(session, queued.id) is not None


@pytest.mark.parametrize("step", ["take", "hand over", "undo", "send now"])
async def test_who_writes_at_the_same_moment_and_what_leaves_wait_for_each_other(
    db: Database, desk: Desk, clock: ManualClock, step: str
) -> None:
    """Both lock the ticket first and the delivery then, so neither is thrown out; the customer was first here."""
    queued = await sending(db, await send_later(db, desk, clock))
    clock.advance(timedelta(days=1))

    async def other() -> object:
        async with unit_of_work(db, factories.actor(desk[2], desk[3])) as session:
            if step == "take":
                return await delivery.take(session, queued.id)
            if step == "hand over":
                return await delivery.move(session, queued.id, "sending", only_from=("queued",))
            with pytest.raises(TooLate):
                await (delivery.undo if step == "undo" else delivery.send_now)(session, queued.id)
            return None

    async with unit_of_work(db) as session:
        await factories.received(session, token_ticket_id=desk[0])
        leaving = asyncio.create_task(other())
        await blocked(db, leaving)
    assert await leaving is None
    assert (await sending(db, queued.message_id)).state == "cancelled"


async def test_a_moment_too_far_away_is_refused(db: Database, desk: Desk, clock: ManualClock) -> None:
    """A year is enough; a moment without a zone is none."""
    for moment in (clock.now() + timedelta(days=400), clock.now().replace(tzinfo=None)):
        with pytest.raises(Invalid, match="sendAt"):
            await send_later(db, desk, clock, send_at=moment)


async def test_an_unfilled_variable_is_not_sent(db: Database, desk: Desk, clock: ManualClock) -> None:
    """A customer never reads a variable's name."""
    with pytest.raises(Invalid, match=r"customer\.name"):
        await send_later(db, desk, clock, html="<p>Dear {{customer.name}},</p>")


async def test_a_mail_of_the_desk_answers_nothing(db: Database, desk: Desk, clock: ManualClock) -> None:
    """An acknowledgement is sent, from the address that was written to; the customer waits on and agents miss nothing."""
    ticket_id, seen, agent, team = desk
    async with unit_of_work(db) as session:
        to = Person("Asha Rao", "asha@customer.example")
        message = await reply.system_reply(session, ticket_id, "We have it", "<p>Number 1001.</p>", to)
    async with unit_of_work(db) as session:
        ticket = await lifecycle.lock(session, ticket_id)
        assert (ticket.first_reply_at, ticket.last_message_id, ticket.snippet_by) == (None, seen, "customer")
        assert ticket.waiting_since is not None
        stored = await session.get_one(Message, message.id)
        assert (stored.kind, stored.is_auto, stored.own_address) == ("system", True, "help@desk.example")
    assert (await sending(db, message.id)).state == "queued"
    async with unit_of_work(db, factories.actor(agent, team)) as session:
        await reply.reply(session, ticket_id, ReplyContent(client_key="k", html="<p>Hello</p>", last_seen=seen))


async def test_taking_back_an_answer_counts_only_answers(db: Database, desk: Desk, clock: ManualClock) -> None:
    """Neither the desk's own mail nor one that is still to be sent answers the customer; a colleague's from elsewhere does."""
    ticket_id, seen, agent, team = desk
    asked = clock.now()
    clock.advance(timedelta(minutes=1))
    async with unit_of_work(db) as session:
        await reply.system_reply(session, ticket_id, "We have it", "<p>1001</p>", Person("A", "asha@customer.example"))
    await send_later(db, desk, clock, force=True)
    for key in ("one", "two"):
        async with unit_of_work(db, factories.actor(agent, team)) as session:
            content = ReplyContent(client_key=key, html="<p>No</p>", last_seen=seen, force=True, undo_seconds=9)
            message = await reply.reply(session, ticket_id, content)
        queued = await sending(db, message.id)
        async with unit_of_work(db, factories.actor(agent, team)) as session:
            await delivery.undo(session, queued.id)
        async with unit_of_work(db) as session:
            ticket = await lifecycle.lock(session, ticket_id)
            assert ticket.waiting_since == (asked if key == "one" else None)
            assert ticket.snippet_by == "agent"
            if key == "one":
                ours = OurAnswer(agent.id, Person("Asha Rao", "asha@customer.example"))
                await factories.received(session, token_ticket_id=ticket_id, our_answer=ours)


async def test_taking_back_the_only_answer_shows_the_customers_words(
    db: Database, desk: Desk, clock: ManualClock
) -> None:
    """The list shows what the customer wrote, not the acknowledgement that came between."""
    ticket_id, seen, agent, team = desk
    async with unit_of_work(db) as session:
        await reply.system_reply(session, ticket_id, "We have it", "<p>1001</p>", Person("A", "asha@customer.example"))
    queued = await sending(db, await send_later(db, desk, clock))
    async with unit_of_work(db, factories.actor(agent, team)) as session:
        await delivery.undo(session, queued.id)
    async with unit_of_work(db) as session:
        ticket = await lifecycle.lock(session, ticket_id)
        assert (ticket.last_message_id, ticket.snippet_by) == (seen, "customer")

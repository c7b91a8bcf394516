"""Answers and notes: the send guard, undo, idempotence, and that a note is never sent."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.errors import Invalid
from staff.models import Agent, Team
from tests import factories
from tickets import delivery, drafts, lifecycle
from tickets.errors import AlreadyAssigned, StaleReply, TicketClosed, TooLate
from tickets.lifecycle import TicketChange
from tickets.models import Delivery, Message
from tickets.reply import NewTicket, NoteContent, ReplyContent, note, open_ticket, reply

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
async def desk(db: Database) -> tuple[int, int, Agent, Team]:
    """A ticket, its first message, an agent and her team."""
    async with unit_of_work(db) as session:
        team = await factories.team(session)
        agent = await factories.agent(session, team)
        first = await factories.received(session, team_id=team.id)
    return first.ticket_id, first.message_id, agent, team


Desk = tuple[int, int, Agent, Team]


def content(key: str = "k1", **fields: object) -> ReplyContent:
    """A reply."""
    return ReplyContent(**({"client_key": key, "html": "<p>It is on its way.</p>"} | fields))  # type: ignore[arg-type]


async def test_a_reply_and_its_delivery_are_one(db: Database, desk: Desk, clock: ManualClock) -> None:
    """Message, delivery, send timer and ticket columns are written together."""
    ticket_id, seen, agent, team = desk
    async with unit_of_work(db, factories.actor(agent, team)) as session:
        message = await reply(session, ticket_id, content(last_seen=seen, status="pending"))
    async with db.sessions() as session:
        sending = await session.scalar(select(Delivery).where(Delivery.message_id == message.id))
        ticket = await lifecycle.lock(session, ticket_id)
        assert sending is not None
        assert (sending.state, sending.send_at) == ("queued", clock.now() + timedelta(seconds=5))
        assert message.to == [{"name": "Asha Rao", "address": "asha@customer.example"}]
        assert (ticket.status, ticket.waiting_since, ticket.first_reply_at) == ("pending", None, clock.now())
        assert ticket.snippet == "It is on its way."


async def test_the_server_refuses_a_reply_that_missed_something(db: Database, desk: Desk) -> None:
    """A newer message stops the send and is named; the agent may insist."""
    ticket_id, seen, agent, team = desk
    async with unit_of_work(db) as session:
        newer = await factories.received(session, token_ticket_id=ticket_id)
    with pytest.raises(StaleReply) as refused:
        async with unit_of_work(db, factories.actor(agent, team)) as session:
            await reply(session, ticket_id, content(last_seen=seen))
    assert refused.value.message_ids == [newer.message_id]
    async with unit_of_work(db, factories.actor(agent, team)) as session:
        assert (await reply(session, ticket_id, content(last_seen=seen, force=True))).id > newer.message_id


async def test_the_same_key_sends_once(db: Database, desk: Desk) -> None:
    """A repeated request returns the first message; also two at the same moment."""
    ticket_id, seen, agent, team = desk

    async def send() -> int:
        async with unit_of_work(db, factories.actor(agent, team)) as session:
            return (await reply(session, ticket_id, content(last_seen=seen))).id

    assert len(set(await asyncio.gather(send(), send(), send()))) == 1
    async with db.sessions() as session:
        assert await session.scalar(text("select count(*) from deliveries")) == 1


async def test_writing_first_twice_opens_one_ticket(db: Database, desk: Desk) -> None:
    """A double click on the first message to somebody gives the same ticket twice, and one mail."""
    _, _, agent, team = desk
    first = NewTicket(
        client_key="new-1", subject="Your order", html="<p>It is ready.</p>", customer_email="b@x.example"
    )

    async def write() -> int:
        async with unit_of_work(db, factories.actor(agent, team)) as session:
            return (await open_ticket(session, first))[0].id

    assert len(set(await asyncio.gather(write(), write(), write()))) == 1
    async with db.sessions() as session:
        assert await session.scalar(text("select count(*) from deliveries")) == 1


async def test_a_new_ticket_of_a_team_that_there_is_not_is_refused(db: Database, desk: Desk) -> None:
    """The field is named; with a team that exists the same goes through."""
    _, _, agent, team = desk
    fields = {"subject": "Your order", "html": "<p>It is ready.</p>", "customer_email": "b@x.example"}
    with pytest.raises(Invalid, match="teamId"):
        async with unit_of_work(db, factories.actor(agent, team)) as session:
            await open_ticket(session, NewTicket(client_key="new-1", team_id=team.id + 1000, **fields))
    async with unit_of_work(db, factories.actor(agent, team)) as session:
        ticket, _ = await open_ticket(session, NewTicket(client_key="new-2", team_id=team.id, **fields))
        assert ticket.team_id == team.id


async def test_undo_gives_the_text_back(db: Database, desk: Desk) -> None:
    """A reply taken back in time leaves the ticket as it was and its text in the draft."""
    ticket_id, seen, agent, team = desk
    actor = factories.actor(agent, team)
    async with unit_of_work(db, actor) as session:
        before = await lifecycle.lock(session, ticket_id)
        was = (before.snippet, before.message_count, before.waiting_since, before.last_message_id, before.status)
        message = await reply(session, ticket_id, content(last_seen=seen, status="pending"))
        sending = await session.scalar(select(Delivery.id).where(Delivery.message_id == message.id))
    assert sending is not None
    async with unit_of_work(db, actor) as session:
        draft = await delivery.undo(session, sending)
        after = await lifecycle.lock(session, ticket_id)
        assert "on its way" in draft.html
        assert (after.snippet, after.message_count, after.waiting_since, after.last_message_id, after.status) == was
    with pytest.raises(TooLate):
        async with unit_of_work(db, actor) as session:
            await delivery.undo(session, sending)


async def test_undo_reopens_what_the_reply_solved(db: Database, desk: Desk, clock: ManualClock) -> None:
    """Sent as solved under a colleague's note, then taken back: open again, and the customer waits since she wrote."""
    ticket_id, _, agent, team = desk
    actor = factories.actor(agent, team)
    since = clock.now()
    clock.advance(timedelta(hours=1))
    async with unit_of_work(db) as session:
        await factories.received(session, token_ticket_id=ticket_id)
    clock.advance(timedelta(hours=1))
    async with unit_of_work(db, actor) as session:
        await note(session, ticket_id, NoteContent(client_key="n1", html="<p>I know her.</p>"))
        await lifecycle.change(session, ticket_id, TicketChange(status="on_hold"))
    async with unit_of_work(db, actor) as session:
        message = await reply(session, ticket_id, content(force=True, status="solved"))
        sending = await session.scalar(select(Delivery.id).where(Delivery.message_id == message.id))
    assert sending is not None
    async with unit_of_work(db, actor) as session:
        await delivery.undo(session, sending)
    async with db.sessions() as session:
        after = await lifecycle.lock(session, ticket_id)
        told = await session.scalar(text("select data->>'new' from events where rule = 'The reply was taken back'"))
    assert (after.status, after.solved_at, after.reopen_count, after.waiting_since) == ("on_hold", None, 0, since)
    assert (after.snippet, after.snippet_by, told) == ("I know her.", "note", "on_hold")


async def test_undo_leaves_a_status_that_was_changed_since(db: Database, desk: Desk) -> None:
    """What somebody decided after the reply is not taken back with it."""
    ticket_id, seen, agent, team = desk
    actor = factories.actor(agent, team)
    async with unit_of_work(db, actor) as session:
        message = await reply(session, ticket_id, content(last_seen=seen, status="pending"))
        sending = await session.scalar(select(Delivery.id).where(Delivery.message_id == message.id))
    assert sending is not None
    async with unit_of_work(db, actor) as session:
        await lifecycle.change(session, ticket_id, TicketChange(status="on_hold"))
    async with unit_of_work(db, actor) as session:
        await delivery.undo(session, sending)
        assert (await lifecycle.lock(session, ticket_id)).status == "on_hold"


async def test_a_closed_ticket_takes_no_reply(db: Database, desk: Desk) -> None:
    """Closed tickets are history."""
    ticket_id, seen, agent, team = desk
    async with unit_of_work(db, factories.actor(agent, team)) as session:
        await lifecycle.change(session, ticket_id, TicketChange(status="closed"))
    with pytest.raises(TicketClosed):
        async with unit_of_work(db, factories.actor(agent, team)) as session:
            await reply(session, ticket_id, content(last_seen=seen))


async def test_an_empty_reply_is_refused(db: Database, desk: Desk) -> None:
    """Nothing to say is nothing to send."""
    ticket_id, seen, agent, team = desk
    with pytest.raises(Invalid):
        async with unit_of_work(db, factories.actor(agent, team)) as session:
            await reply(session, ticket_id, content(html="<p>  </p>", last_seen=seen))


async def test_a_note_has_no_delivery(db: Database, desk: Desk) -> None:
    """A private note never gets a way out."""
    ticket_id, _, agent, team = desk
    async with unit_of_work(db, factories.actor(agent, team)) as session:
        message = await note(session, ticket_id, NoteContent(client_key="n1", html="<p>angry</p>"))
    async with db.sessions() as session:
        assert await session.scalar(select(Message.kind).where(Message.id == message.id)) == "note"
        assert await session.scalar(text("select count(*) from deliveries")) == 0


async def test_a_send_discards_only_the_draft_that_was_sent(db: Database, desk: Desk) -> None:
    """What was typed after the send is kept."""
    ticket_id, seen, agent, team = desk
    async with unit_of_work(db, factories.actor(agent, team)) as session:
        await drafts.save(session, ticket_id, "reply", "<p>newer words</p>", 8)
        await reply(session, ticket_id, content(last_seen=seen, draft_revision=7))
        kept = await drafts.find(session, ticket_id, "reply")
        assert kept is not None
        assert kept.html == "<p>newer words</p>"


async def test_a_late_draft_save_loses(db: Database, desk: Desk) -> None:
    """An older revision never overwrites a newer one."""
    ticket_id, _, agent, team = desk
    async with unit_of_work(db, factories.actor(agent, team)) as session:
        await drafts.save(session, ticket_id, "note", "<p>two</p>", 2)
        assert (await drafts.save(session, ticket_id, "note", "<p>one</p>", 1)).html == "<p>two</p>"


async def test_two_agents_claim_in_the_same_moment(db: Database, desk: Desk) -> None:
    """One wins, the other is told who has it."""
    ticket_id, _, agent, team = desk
    async with unit_of_work(db) as session:
        rival = await factories.agent(session, team)

    async def claim(someone: Agent) -> int | str:
        try:
            async with unit_of_work(db, factories.actor(someone, team)) as session:
                return (await lifecycle.claim(session, ticket_id)).assignee_id or 0
        except AlreadyAssigned as refused:
            return str(refused.extra["assignee"]["id"])

    outcome = await asyncio.gather(claim(agent), claim(rival))
    winner = next(each for each in outcome if isinstance(each, int))
    assert sorted(map(str, outcome)) == [str(winner), str(winner)]

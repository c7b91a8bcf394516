"""The next answer: counted from the first words that nobody has answered; no clock for thanks; calls; a new beginning."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from routing import sla
from routing.models import SlaClock
from routing.policies import Target
from tests import factories
from tests.routing.promising import HOUR, NOW, agent, answer, due, opened, policy, run_due, status, told, wire
from tickets import delivery, lifecycle, no_reply, reply, split
from tickets.lifecycle import TicketChange
from tickets.models import Message, Ticket

ANSWERS: dict[str, Any] = {
    "first_response": Target(240, business=False),
    "next_response": Target(120, business=False),
}
SOLUTION: dict[str, Any] = {"resolution": Target(600, business=False)}


@pytest.fixture(autouse=True)
def wired(clock: ManualClock) -> None:
    """The product's own table of handlers."""
    wire()


async def of_kind(db: Database, ticket: int, kind: str) -> list[SlaClock]:
    """Its clocks of a kind, oldest first."""
    async with reading(db) as session:
        statement = select(SlaClock).where(SlaClock.ticket_id == ticket, SlaClock.kind == kind).order_by(SlaClock.id)
        return list(await session.scalars(statement))


async def needs_none(db: Database, ticket: int) -> None:
    """An agent says that nobody waits for an answer."""
    async with unit_of_work(db) as session:
        await no_reply.no_reply_needed(session, ticket)


async def state_of(db: Database, ticket: int) -> tuple[str, datetime | None]:
    """Its status, and since when its customer waits."""
    async with reading(db) as session:
        row = (await session.execute(select(Ticket.status, Ticket.waiting_since).where(Ticket.id == ticket))).one()
        return row.status, row.waiting_since


async def test_five_messages_wait_since_the_first(db: Database, clock: ManualClock) -> None:
    """After an answer the next one is due from the first words that nobody has answered; an answer meets it, a note not."""
    await policy(db, targets=ANSWERS)
    neha = await agent(db)
    ticket = await opened(db)
    clock.advance(HOUR)
    await answer(db, neha, ticket)
    assert await of_kind(db, ticket, "next_response") == []
    clock.advance(HOUR)
    for _ in range(5):
        await opened(db, token_ticket_id=ticket)
        clock.advance(HOUR / 10)
    (waits,) = await of_kind(db, ticket, "next_response")
    assert (waits.started_at, waits.due_at) == (NOW + 2 * HOUR, NOW + 4 * HOUR)
    assert waits.reason == "every request: next answer within 2 hours"
    assert await due(db, ticket) == NOW + 4 * HOUR
    async with unit_of_work(db, factories.actor(neha)) as session:
        await reply.note(session, ticket, reply.NoteContent(client_key="note", html="<p>Look</p>"))
    await opened(db, token_ticket_id=ticket, is_auto=True)
    assert (await of_kind(db, ticket, "next_response"))[0].met_at is None
    await answer(db, neha, ticket, "b")
    (waits,) = await of_kind(db, ticket, "next_response")
    assert (waits.met_at, waits.breached_at, await due(db, ticket)) == (NOW + 2.5 * HOUR, None, None)
    clock.advance(HOUR)
    await opened(db, token_ticket_id=ticket)
    both = await of_kind(db, ticket, "next_response")
    assert [each.started_at for each in both] == [NOW + 2 * HOUR, NOW + 3.5 * HOUR]
    clock.advance(2 * HOUR)
    await run_due(db)
    assert [each["clock"] for each in await told(db, ticket, "sla.breached")] == ["next_response"]


async def test_an_answer_that_bounced_is_no_next_answer(db: Database, clock: ManualClock) -> None:
    """The promise is open again, from the words that it was to answer."""
    await policy(db, targets=ANSWERS)
    neha = await agent(db)
    ticket = await opened(db)
    clock.advance(HOUR)
    await answer(db, neha, ticket)
    clock.advance(HOUR)
    await opened(db, token_ticket_id=ticket)
    clock.advance(HOUR)
    sent = await answer(db, neha, ticket, "b")
    async with unit_of_work(db) as session:
        await delivery.move(session, sent, "sent", only_from=("queued",))
    async with unit_of_work(db) as session:
        await delivery.move(session, sent, "bounced", only_from=("sent",), error="No such mailbox")
    (waits,) = await of_kind(db, ticket, "next_response")
    assert (waits.met_at, waits.due_at) == (None, NOW + 4 * HOUR)


async def test_who_writes_after_a_robot_waits_for_a_first_answer(db: Database, clock: ManualClock) -> None:
    """A ticket that a robot has opened promises its answer to the first person; who was written to waits for the next."""
    await policy(db, targets=ANSWERS)
    ticket = await opened(db, is_auto=True)
    clock.advance(HOUR)
    await opened(db, token_ticket_id=ticket)
    (first,) = await of_kind(db, ticket, "first_response")
    assert first.started_at == NOW + HOUR
    neha = await agent(db)
    async with unit_of_work(db, factories.actor(neha)) as session:
        new = reply.NewTicket(client_key="n", subject="Hello", html="<p>Hi</p>", customer_email="b@c.example")
        written = (await reply.open_ticket(session, new))[0].id
    await opened(db, sender="b@c.example", token_ticket_id=written)
    assert [each.kind for each in await of_kind(db, written, "next_response")] == ["next_response"]


async def test_an_old_ticket_is_promised_no_answer_to_what_was_asked_before(db: Database, clock: ManualClock) -> None:
    """Who has waited since before there was a policy, and writes again, is not late at once."""
    ticket = await opened(db)
    clock.advance(48 * HOUR)
    await policy(db, targets=ANSWERS)
    await opened(db, token_ticket_id=ticket)
    assert await due(db, ticket) is None


async def test_thanks_after_the_solution_spoils_nothing(db: Database, clock: ManualClock) -> None:
    """One mark: nobody waits, the ticket is solved as it was, no figure is worse; and words that come later count again."""
    await policy(db, targets=ANSWERS | SOLUTION)
    neha = await agent(db)
    ticket = await opened(db)
    clock.advance(HOUR)
    await answer(db, neha, ticket, status="solved")
    (before,) = await of_kind(db, ticket, "resolution")
    clock.advance(24 * HOUR)
    await opened(db, token_ticket_id=ticket, text="Thanks!")
    assert await state_of(db, ticket) == ("open", NOW + 25 * HOUR)
    clock.advance(20 * HOUR)
    await run_due(db)
    late = [each["clock"] for each in await told(db, ticket, "sla.breached")]
    await needs_none(db, ticket)
    assert await state_of(db, ticket) == ("solved", None)
    (waits,) = await of_kind(db, ticket, "next_response")
    assert (waits.met_at, waits.ended_at, await due(db, ticket)) == (None, NOW + 45 * HOUR, None)
    assert sorted(late) == ["next_response", "resolution"], "whoever marks it too late has been late"
    again = await opened(db)
    await answer(db, neha, again, "b", status="solved")
    clock.advance(24 * HOUR)
    await opened(db, token_ticket_id=again, text="Thanks!")
    clock.advance(HOUR)
    await needs_none(db, again)
    await needs_none(db, again)
    (kept,) = await of_kind(db, again, "resolution")
    assert (kept.met_at, kept.due_at, kept.pauses) == (NOW + 45 * HOUR, NOW + 55 * HOUR, [])
    clock.advance(HOUR)
    await opened(db, token_ticket_id=again, text="It broke again.")
    assert await due(db, again) == NOW + 73 * HOUR
    assert await state_of(db, again) == ("open", NOW + 71 * HOUR)
    assert before.met_at == NOW + HOUR


async def test_no_reply_needed_to_the_very_first_words(db: Database, clock: ManualClock) -> None:
    """Nothing is due; a ticket that nobody has solved stays open; more words begin a first answer anew."""
    await policy(db, targets=ANSWERS)
    ticket = await opened(db)
    await needs_none(db, ticket)
    assert (await state_of(db, ticket), await due(db, ticket)) == (("open", None), None)
    clock.advance(5 * HOUR)
    await run_due(db)
    assert await told(db, ticket, "sla.breached") == []
    await opened(db, token_ticket_id=ticket)
    assert await due(db, ticket) == NOW + 9 * HOUR
    neha = await agent(db)
    sent = await answer(db, neha, ticket)
    async with unit_of_work(db, factories.actor(neha)) as session:
        await delivery.undo(session, sent)
    assert await state_of(db, ticket) == ("open", NOW + 5 * HOUR), "what needs no reply is waited for no more"


async def test_a_policy_may_let_the_time_to_a_solution_begin_anew(db: Database, clock: ManualClock) -> None:
    """Opened again, a second clock begins; both are on record. Thanks takes it away again."""
    await policy(db, targets=SOLUTION, reopening="restart")
    ticket = await opened(db)
    clock.advance(HOUR)
    await status(db, ticket, "solved")
    clock.advance(24 * HOUR)
    await opened(db, token_ticket_id=ticket, text="Not solved.")
    first, second = await of_kind(db, ticket, "resolution")
    assert (first.met_at, first.due_at) == (NOW + HOUR, NOW + 10 * HOUR)
    assert (second.started_at, second.due_at) == (NOW + 25 * HOUR, NOW + 35 * HOUR)
    clock.advance(HOUR)
    await status(db, ticket, "solved")
    clock.advance(HOUR)
    await opened(db, token_ticket_id=ticket, text="Thanks!")
    assert len(await of_kind(db, ticket, "resolution")) == 3
    await needs_none(db, ticket)
    assert [each.met_at for each in await of_kind(db, ticket, "resolution")] == [NOW + HOUR, NOW + 26 * HOUR]
    async with unit_of_work(db) as session:
        await lifecycle.change(session, ticket, TicketChange(status="open", priority="urgent"))
    assert len(await of_kind(db, ticket, "resolution")) == 3


async def test_one_clock_that_goes_on_keeps_its_first_solution(db: Database, clock: ManualClock) -> None:
    """Both are reported: when it was solved the first time, and in the end."""
    await policy(db, targets=SOLUTION)
    ticket = await opened(db)
    clock.advance(HOUR)
    await status(db, ticket, "solved")
    clock.advance(HOUR)
    await status(db, ticket, "open")
    clock.advance(20 * HOUR)
    await status(db, ticket, "solved")
    (one,) = await of_kind(db, ticket, "resolution")
    assert (one.first_met_at, one.met_at, one.breached_at) == (NOW + HOUR, NOW + 22 * HOUR, NOW + 11 * HOUR)


async def test_a_policy_says_in_which_statuses_the_time_rests(db: Database, clock: ManualClock) -> None:
    """While somebody else is waited for it may go on; while the customer is, it rests."""
    await policy(db, targets=SOLUTION, rests_in=("pending",))
    ticket = await opened(db)
    await status(db, ticket, "on_hold")
    assert await due(db, ticket) == NOW + 10 * HOUR
    await status(db, ticket, "pending")
    assert await due(db, ticket) is None


async def test_a_call_is_taken_in_its_time_and_answers_what_was_asked(db: Database, clock: ManualClock) -> None:
    """It rings, somebody takes it: met, and so is the first answer, for good. One that was given up is no breach."""
    await policy(db, targets=ANSWERS | {"call_answer": Target(1, business=False)})
    ticket, other = await opened(db), await opened(db)
    for each in (ticket, other):
        async with unit_of_work(db) as session:
            await sla.call_waits(session, each)
    clock.advance(HOUR / 120)
    async with unit_of_work(db) as session:
        await sla.call_taken(session, ticket)
        await sla.call_given_up(session, other)
    (rang,) = await of_kind(db, ticket, "call_answer")
    (first,) = await of_kind(db, ticket, "first_response")
    assert (rang.met_at, rang.due_at) == (clock.now(), NOW + HOUR / 60)
    assert (first.met_at, (await state_of(db, ticket))[1]) == (clock.now(), None)
    clock.advance(HOUR)
    await run_due(db)
    assert await told(db, other, "sla.breached") == []
    async with unit_of_work(db) as session:
        await sla.call_waits(session, other)
    clock.advance(HOUR / 30)
    await run_due(db)
    assert [each["clock"] for each in await told(db, other, "sla.breached")] == ["call_answer"]
    neha = await agent(db)
    sent = await answer(db, neha, ticket)
    async with unit_of_work(db, factories.actor(neha)) as session:
        await delivery.undo(session, sent)
    assert (await of_kind(db, ticket, "first_response"))[0].met_at is not None


async def split_off(db: Database, ticket: int, place: int) -> int:
    """Give one of the customer's messages a ticket of its own; its number."""
    async with unit_of_work(db) as session:
        statement = select(Message.id).where(Message.ticket_id == ticket, Message.kind == "customer")
        messages = list(await session.scalars(statement.order_by(Message.id)))
        return (await split.split(session, ticket, messages[place])).id


async def test_nobody_waits_where_the_question_was_split_off(db: Database, clock: ManualClock) -> None:
    """The promise goes with the message: the old ticket keeps none of it, and a later change brings none back."""
    await policy(db, targets=ANSWERS)
    neha = await agent(db)
    ticket = await opened(db)
    clock.advance(HOUR)
    await answer(db, neha, ticket)
    clock.advance(HOUR)
    await opened(db, token_ticket_id=ticket)
    clock.advance(HOUR / 2)
    made = await split_off(db, ticket, 1)
    assert (await due(db, ticket), await due(db, made)) == (None, NOW + 6 * HOUR)
    clock.advance(5 * HOUR)
    await run_due(db)
    assert await told(db, ticket, "sla.breached") == []
    assert [each["clock"] for each in await told(db, made, "sla.breached")] == ["first_response"]
    assert await of_kind(db, ticket, "next_response") == []


async def test_who_still_waits_after_a_split_waits_since_what_is_left(db: Database, clock: ManualClock) -> None:
    """The first words leave: the answer to the second ones is due from when they came, without the pause before."""
    await policy(db, targets={"first_response": Target(240, business=False)})
    ticket = await opened(db)
    clock.advance(HOUR)
    await opened(db, token_ticket_id=ticket)
    made = await split_off(db, ticket, 0)
    assert [await due(db, each) for each in (ticket, made)] == [NOW + 5 * HOUR, NOW + 4 * HOUR]
    (first,) = await of_kind(db, ticket, "first_response")
    assert (first.started_at, first.ended_at) == (NOW + HOUR, None)


async def test_what_needs_no_reply_is_promised_none_by_another_priority(db: Database, clock: ManualClock) -> None:
    """Nobody waits, whatever else is changed; her next words are promised an answer."""
    await policy(db, targets=ANSWERS)
    await policy(db, name="Urgent", priority="urgent", targets={"first_response": Target(60, business=False)})
    ticket = await opened(db)
    await needs_none(db, ticket)
    async with unit_of_work(db) as session:
        await lifecycle.change(session, ticket, TicketChange(priority="urgent"))
    assert await due(db, ticket) is None
    clock.advance(HOUR)
    await opened(db, token_ticket_id=ticket)
    assert await due(db, ticket) == NOW + 2 * HOUR

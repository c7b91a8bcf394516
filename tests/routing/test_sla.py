"""Response times: clocks of real tickets, what meets, stops and moves them, and a breach that nobody misses."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from channels.models import Notice
from channels.notify import JOB as NOTIFY_JOB
from channels.notify import Notifier
from core import events
from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from core.jobs import Definition, Registry, Worker
from core.timers import Timer
from products import coverage, registering
from routing import anew, clock_rows, hours, policies, promises, sla
from routing.hours import Schedule, Window
from routing.policies import Draft, Target
from staff.models import Agent
from tests import factories
from tests.routing.promising import (
    FOUR_HOURS,
    HOUR,
    NEXT_MORNING,
    NOW,
    agent,
    answer,
    bought,
    clocks_of,
    counted,
    due,
    opened,
    policy,
    run_due,
    status,
    told,
    wire,
)
from tickets import delivery, lifecycle, listing, product, reply, split
from tickets.intake import Person
from tickets.lifecycle import TicketChange


@pytest.fixture(autouse=True)
def wired(clock: ManualClock) -> Notifier:
    """The product's own table of handlers."""
    return wire()


async def test_a_new_ticket_has_its_clocks_in_its_own_transaction(db: Database, clock: ManualClock) -> None:
    """Policy, reason in words, start and deadline; the list shows the next one. Gone with a transaction that fails."""
    made = await policy(db)
    ticket = await opened(db)
    both = await clocks_of(db, ticket)
    first, solution = both["first_response"], both["resolution"]
    assert (first.policy_id, first.policy) == (made.id, "Everybody")
    assert first.reason == "every request: first answer within 4 opening hours"
    assert solution.reason == "every request: solution within 48 hours"
    assert (first.started_at, first.due_at) == (NOW, FOUR_HOURS)
    assert solution.due_at == NOW + 48 * HOUR
    assert await due(db, ticket) == FOUR_HOURS
    with pytest.raises(RuntimeError):
        async with unit_of_work(db) as session:
            await factories.received(session)
            await events.flush(session)
            raise RuntimeError
    async with reading(db) as session:
        assert await session.scalar(text("select count(*) from sla_clocks")) == 2


async def test_intake_pays_one_statement(db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new ticket costs one statement more than without clocks, with policies and without; a further mail one."""

    async def spent(**fields: Any) -> int:
        await opened(db)  # whatever is read once has been read
        with counted(db, monkeypatch) as statements:
            await opened(db, **fields)
        return len(statements)

    table = dict(events._handlers)
    ticket = await opened(db)
    without_policy, answered = await spent(), await spent(token_ticket_id=ticket)
    await policy(db)
    with_policy = await spent()
    assert await spent(token_ticket_id=await opened(db)) == answered
    events.subscribe(
        {kind: tuple(each for each in told if each.__module__ != sla.__name__) for kind, told in table.items()}
    )
    bare = await spent()
    assert (without_policy - bare, with_policy - bare) == (1, 1)
    assert await spent(token_ticket_id=ticket) == answered - 1


async def test_a_changed_rule_holds_for_the_very_next_ticket(db: Database, clock: ManualClock) -> None:
    """What is kept in memory is never used once it is old, also for hours; and what was promised before stays."""
    made = await policy(db)
    before = await opened(db)
    async with unit_of_work(db) as session:
        draft = Draft(name="Sooner", targets={"first_response": Target(60)})
        await policies.save(session, draft, made.id, if_version=1)
    after = await opened(db)
    assert await due(db, after) == NOW + HOUR
    async with unit_of_work(db) as session:
        await hours.write(session, Schedule(weekly=((Window(15 * 60, 16 * 60),),) * 7))
    latest = await opened(db)
    assert await due(db, latest) == NOW + 1.5 * HOUR
    assert await due(db, before) == FOUR_HOURS
    async with unit_of_work(db) as session:
        await policies.remove(session, made.id)
    assert await clocks_of(db, await opened(db)) == {}
    kept = (await clocks_of(db, before))["first_response"]
    assert (kept.policy_id, kept.policy) == (made.id, "Everybody")


async def test_no_policy_is_no_error(db: Database, clock: ManualClock) -> None:
    """Nothing fits: no clock, no deadline; the ticket goes its way."""
    await policy(db, entitlement="contract")
    ticket = await opened(db)
    await status(db, ticket, "solved")
    await status(db, ticket, "open")
    assert (await clocks_of(db, ticket), await due(db, ticket)) == ({}, None)


async def test_nobody_is_promised_an_answer_to_a_robot_or_to_history(db: Database, clock: ManualClock) -> None:
    """An automatic mail has only the time to its solution; an imported one has nothing; nor does who was written to."""
    await policy(db)
    assert set(await clocks_of(db, await opened(db, is_auto=True))) == {"resolution"}
    assert await clocks_of(db, await opened(db, archived=True, at=NOW - 90 * 24 * HOUR)) == {}
    neha = await agent(db)
    async with unit_of_work(db, factories.actor(neha)) as session:
        new = reply.NewTicket(client_key="n", subject="Hello", html="<p>Hi</p>", customer_email="b@c.example")
        ticket = (await reply.open_ticket(session, new))[0].id
    both = await clocks_of(db, ticket)
    assert set(both) == {"resolution"}
    assert (both["resolution"].paused_at, await due(db, ticket)) == (NOW, None)


async def test_a_message_that_gets_its_own_ticket_has_waited_since_it_came(db: Database, clock: ManualClock) -> None:
    """Both times run from when the customer wrote it, not from when an agent saw that it is something else."""
    await policy(db)
    ticket = await opened(db)
    clock.advance(HOUR)
    async with unit_of_work(db) as session:
        said = await factories.received(session, token_ticket_id=ticket, subject="Something else")
    clock.advance(HOUR)
    async with unit_of_work(db) as session:
        made = (await split.split(session, ticket, said.message_id)).id
    both = await clocks_of(db, made)
    assert [each.started_at for each in both.values()] == [NOW + HOUR] * 2
    assert (await clocks_of(db, ticket))["first_response"].started_at == NOW


async def test_what_is_over_gets_no_clocks_later(db: Database, clock: ManualClock) -> None:
    """An old ticket whose priority somebody puts right promises nothing any more; nor does a timer wait in vain."""
    ticket = await opened(db)
    await status(db, ticket, "solved")
    await policy(db)
    other = await opened(db)
    async with unit_of_work(db) as session:
        await lifecycle.change(session, ticket, TicketChange(priority="low"))
    assert await clocks_of(db, ticket) == {}
    async with reading(db) as session:
        waiting = select(Timer.dedupe).where(Timer.job == clock_rows.DUE_JOB)
        assert list(await session.scalars(waiting)) == [f"sla:{other}"]
    await status(db, other, "solved")
    async with reading(db) as session:
        assert list(await session.scalars(waiting)) == []


async def test_an_answer_meets_the_first_promise(db: Database, clock: ManualClock) -> None:
    """A public answer of an agent; not a note, not what is passed on, not the desk's own mail."""
    await policy(db)
    neha = await agent(db)
    ticket = await opened(db)
    clock.advance(HOUR)
    async with unit_of_work(db, factories.actor(neha)) as session:
        await reply.note(session, ticket, reply.NoteContent(client_key="note", html="<p>Look</p>"))
        await reply.system_reply(session, ticket, "Here", "<p>It is here.</p>", Person("Asha", "a@c.example"))
    await answer(db, neha, ticket, "fwd", subject="Fwd", to=[Person("Bo", "bo@c.example")])
    assert (await clocks_of(db, ticket))["first_response"].met_at is None
    await answer(db, neha, ticket)
    first = (await clocks_of(db, ticket))["first_response"]
    assert (first.met_at, first.due_at, first.breached_at) == (NOW + HOUR, FOUR_HOURS, None)
    assert await due(db, ticket) == NOW + 48 * HOUR
    clock.advance(HOUR)
    await answer(db, neha, ticket, "again")
    assert (await clocks_of(db, ticket))["first_response"].met_at == NOW + HOUR


async def test_an_answer_that_does_not_arrive_is_none(db: Database, clock: ManualClock) -> None:
    """Taken back, bounced, refused: the promise is open again, from its own start. Sent once more, it is met then."""
    await policy(db)
    neha = await agent(db)
    ticket = await opened(db)
    sent = await answer(db, neha, ticket)
    async with unit_of_work(db, factories.actor(neha)) as session:
        await delivery.undo(session, sent)
    first = (await clocks_of(db, ticket))["first_response"]
    assert (first.met_at, first.due_at, await due(db, ticket)) == (None, FOUR_HOURS, FOUR_HOURS)
    sent = await answer(db, neha, ticket, "b")
    async with unit_of_work(db) as session:
        await delivery.move(session, sent, "sent", only_from=("queued",), sent_at=clock.now())
    assert (await clocks_of(db, ticket))["first_response"].met_at == NOW
    async with unit_of_work(db) as session:
        await delivery.move(session, sent, "bounced", only_from=("sent",), error="No such mailbox")
    assert (await clocks_of(db, ticket))["first_response"].met_at is None
    clock.advance(2 * HOUR)
    async with unit_of_work(db, factories.actor(neha)) as session:
        await delivery.retry(session, sent, [Person("Asha", "asha.rao@customer.example")])
    assert (await clocks_of(db, ticket))["first_response"].met_at == NOW + 2 * HOUR


async def test_an_answer_for_later_counts_when_it_leaves(db: Database, clock: ManualClock) -> None:
    """Not when it is written."""
    await policy(db)
    neha = await agent(db)
    ticket = await opened(db)
    sent = await answer(db, neha, ticket, send_at=NOW + 2 * HOUR)
    assert (await clocks_of(db, ticket))["first_response"].met_at is None
    clock.advance(2 * HOUR)
    async with unit_of_work(db) as session:
        await delivery.move(session, sent, "sent", only_from=("queued",), sent_at=clock.now())
    assert (await clocks_of(db, ticket))["first_response"].met_at == NOW + 2 * HOUR


async def test_waiting_for_the_customer_does_not_count(db: Database, clock: ManualClock) -> None:
    """Pending and on hold stop the time to the solution; the customer's answer lets it go on, later by the pause."""
    await policy(db)
    ticket = await opened(db)
    clock.advance(HOUR)
    await status(db, ticket, "pending")
    assert (await clocks_of(db, ticket))["resolution"].due_at is None
    assert await due(db, ticket) == FOUR_HOURS, "who waits for a first answer waits on"
    clock.advance(HOUR)
    await status(db, ticket, "on_hold")
    clock.advance(4 * HOUR)
    await opened(db, token_ticket_id=ticket)
    solution = (await clocks_of(db, ticket))["resolution"]
    assert (solution.due_at, solution.paused_at) == (NOW + 53 * HOUR, None)
    await status(db, ticket, "solved")
    both = await clocks_of(db, ticket)
    assert both["resolution"].met_at == clock.now()
    assert (both["first_response"].met_at, await due(db, ticket)) == (None, None)
    clock.advance(24 * HOUR)
    await opened(db, token_ticket_id=ticket, text="Not solved.")
    assert (await clocks_of(db, ticket))["resolution"].due_at == NOW + 77 * HOUR


async def test_a_breach_is_noticed_told_and_never_twice(db: Database, clock: ManualClock, wired: Notifier) -> None:
    """At its deadline, not before: an event with what was the case, and a mail to who owns it. Nothing stops the rest."""
    await policy(db)
    neha = await agent(db, present="available")
    async with unit_of_work(db) as session:
        await session.execute(update(Agent).values(notify={"late": True}))
    ticket = await opened(db)
    clock.advance(4 * HOUR - timedelta(seconds=1))
    await run_due(db)
    assert await told(db, ticket, "sla.breached") == []
    clock.advance(timedelta(seconds=1))
    await run_due(db)
    await run_due(db)
    (breach,) = await told(db, ticket, "sla.breached")
    assert (breach["clock"], breach["policy"]) == ("first_response", "Everybody")
    assert datetime.fromisoformat(breach["due_at"]) == FOUR_HOURS
    assert breach["cause"] | {"routing": ""} == {
        "owner": "Neha", "owner_state": "offline", "team": None, "status": "open", "priority": "normal",
        "entitlement": "none", "routing": "",
    }  # fmt: skip
    assert "Neha is available" in breach["cause"]["routing"]
    assert (await clocks_of(db, ticket))["first_response"].breached_at == FOUR_HOURS
    assert await due(db, ticket) == FOUR_HOURS
    await Worker(db, Registry((Definition(NOTIFY_JOB, wired.send),))).drain()
    async with reading(db) as session:
        (mail,) = list(await session.scalars(select(Notice)))
    assert (mail.kind, mail.agent_id, mail.ticket_id) == ("late", neha.id, ticket)
    assert f"Ticket {ticket} has missed the time that was promised" in mail.text
    clock.advance(48 * HOUR)
    await run_due(db)
    assert [each["clock"] for each in await told(db, ticket, "sla.breached")] == ["first_response", "resolution"]
    await Worker(db, Registry((Definition(NOTIFY_JOB, wired.send),))).drain()
    async with reading(db) as session:
        assert len(list(await session.scalars(select(Notice)))) == 2
    await answer(db, neha, ticket)
    await status(db, ticket, "solved")
    both = await clocks_of(db, ticket)
    assert all(each.met_at and each.breached_at for each in both.values()), "what was late stays on record"


async def test_a_breach_during_a_downtime_is_the_same_breach(db: Database, clock: ManualClock) -> None:
    """Three days of silence: noticed at the first look, with the moment at which it happened; answered meanwhile: too."""
    await policy(db)
    neha = await agent(db)
    silent, answered, in_time = [await opened(db) for _ in range(3)]
    await answer(db, neha, in_time)
    clock.advance(24 * HOUR)
    await answer(db, neha, answered, "late")
    assert [each["clock"] for each in await told(db, answered, "sla.breached")] == ["first_response"]
    clock.advance(48 * HOUR)
    await run_due(db)
    assert len(await told(db, silent, "sla.breached")) == 2
    assert (await clocks_of(db, silent))["first_response"].breached_at == FOUR_HOURS
    assert [each["clock"] for each in await told(db, answered, "sla.breached")] == ["first_response", "resolution"]
    assert [each["clock"] for each in await told(db, in_time, "sla.breached")] == ["resolution"]


async def test_another_entitlement_promises_anew_from_the_start(db: Database, clock: ManualClock) -> None:
    """A contract that came late: two hours from when she asked, not from now; the event keeps what was promised."""
    await policy(db)
    contract = {"first_response": Target(120), "resolution": Target(24 * 60, business=False)}
    await policy(db, name="Contract", entitlement="contract", targets=contract, is_told=True)
    number = await bought(db, months=0)
    ticket = await opened(db, registration_id=number)
    assert await due(db, ticket) == FOUR_HOURS
    clock.advance(HOUR)
    async with unit_of_work(db) as session:
        await coverage.extend(session, await registering.lock(session, number), "bought", 12, "Plan")
        await product.apply_entitlement(session, ticket)
    both = await clocks_of(db, ticket)
    first = both["first_response"]
    assert (first.policy, first.started_at, first.due_at) == ("Contract", NOW, NOW + 2 * HOUR)
    assert first.reason == "contract until 2027-01-15: first answer within 2 opening hours"
    assert both["resolution"].due_at == NOW + 24 * HOUR
    (anew,) = await told(db, ticket, "sla.recomputed")
    assert anew["because"] == "entitlement"
    assert [each["policy"] for each in (*anew["old"], *anew["new"])] == ["Everybody"] * 2 + ["Contract"] * 2
    async with reading(db) as session:
        assert await promises.promised_answer(session, ticket) == NOW + 2 * HOUR


async def test_a_breach_on_record_stays_and_what_was_met_too(db: Database, clock: ManualClock) -> None:
    """More urgent: the answer that was in time stays in time. Less urgent: late stays late. No policy: no clock."""
    await policy(db)
    await policy(db, name="Urgent", priority="urgent", targets={"first_response": Target(30)})
    neha = await agent(db)
    quick, slow = await opened(db), await opened(db)
    clock.advance(HOUR)
    await answer(db, neha, quick)
    async with unit_of_work(db) as session:
        for each in (quick, slow):
            await lifecycle.change(session, each, TicketChange(priority="urgent"))
    first = (await clocks_of(db, quick))["first_response"]
    assert (first.policy, first.due_at, first.breached_at) == ("Everybody", FOUR_HOURS, None)
    assert set(await clocks_of(db, quick)) == {"first_response"}, "nothing is promised about the solution any more"
    await run_due(db)
    assert (await clocks_of(db, slow))["first_response"].breached_at == NOW + HOUR / 2
    async with unit_of_work(db) as session:
        await lifecycle.change(session, slow, TicketChange(priority="low"))
    both = await clocks_of(db, slow)
    assert (both["first_response"].due_at, both["first_response"].breached_at) == (FOUR_HOURS, NOW + HOUR / 2)
    assert both["resolution"].started_at == NOW, "a clock that comes late starts when the ticket was opened"
    clock.advance(3 * HOUR)
    await run_due(db)
    assert [each["policy"] for each in await told(db, slow, "sla.breached")] == ["Urgent", "Everybody"]


async def test_open_tickets_get_a_changed_policy_only_when_somebody_says_so(db: Database, clock: ManualClock) -> None:
    """In the background and some at a time, with the pauses that they had; solved ones keep what they had."""
    waiting = await opened(db)
    await status(db, waiting, "pending")
    clock.advance(2 * HOUR)
    await status(db, waiting, "open")
    others = [await opened(db) for _ in range(anew.BATCH + 3)]
    await status(db, others[0], "solved")
    await policy(db, targets={"resolution": Target(600, business=False)})
    await run_due(db)
    assert await due(db, others[-1]) is None
    async with unit_of_work(db) as session:
        await anew.promise_to_open_ones(session)
    await run_due(db)
    assert await due(db, waiting) == NOW + 12 * HOUR
    assert await due(db, others[-1]) == NOW + 12 * HOUR
    assert await due(db, others[0]) is None


async def test_other_opening_hours_move_deadlines_that_are_ahead(db: Database, clock: ManualClock) -> None:
    """The calendar's change is walked through in the background, and on record."""
    await policy(db)
    ticket = await opened(db)
    async with unit_of_work(db) as session:
        await hours.write(session, Schedule(weekly=((Window(9 * 60, 16 * 60 + 30),),) * 7))
    await run_due(db)
    assert await due(db, ticket) == NEXT_MORNING + 2 * HOUR
    (anew,) = await told(db, ticket, "sla.recomputed")
    assert anew["because"] == "hours"


async def test_the_list_reads_no_clocks(db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sorted by what is due first, and the view of what is due soon: one statement for a page of any length."""
    await policy(db)
    boss = factories.actor(await agent(db), rights=factories.AGENT_RIGHTS | {"tickets:read_all"})
    tickets = [await opened(db) for _ in range(3)]
    clock.advance(3.75 * HOUR)
    tickets.append(await opened(db))
    with counted(db, monkeypatch) as statements:
        async with db.sessions() as session:
            page = await listing.list_tickets(session, boss, listing.ListQuery(view="open", sort="due"))
    assert len(statements) == 1
    assert {each.id for each in page.items[:3]} == set(tickets[:3])
    assert page.items[3].id == tickets[3]
    async with db.sessions() as session:
        soon = await listing.list_tickets(session, boss, listing.ListQuery(view="breaching", sort="due"))
    assert {each.id for each in soon.items} == set(tickets[:3])

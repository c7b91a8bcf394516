"""Promises that are found anew: what a change of the rules, of the ticket or of an answer's fate leaves as it was."""

from typing import Any

import pytest
from sqlalchemy import update

from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from customers import organisations
from customers import service as customers
from customers.service import CustomerChange
from routing import anew, hours, policies, queues
from routing.hours import Schedule, Window
from routing.models import WorkQueue
from routing.policies import Draft, Policy, Target
from tests import factories
from tests.routing.promising import (
    HOUR,
    NOW,
    agent,
    answer,
    clocks_of,
    due,
    opened,
    policy,
    run_due,
    status,
    told,
    wire,
)
from tickets import delivery, lifecycle
from tickets.lifecycle import TicketChange

TWO_DAYS = Target(48 * 60, business=False)


@pytest.fixture(autouse=True)
def wired(clock: ManualClock) -> None:
    """The product's own table of handlers."""
    wire()


async def change(db: Database, ticket_id: int, **fields: Any) -> None:
    """Change a ticket, all at once."""
    async with unit_of_work(db) as session:
        await lifecycle.change(session, ticket_id, TicketChange(**fields))


async def promise_open_ones(db: Database, made: Policy, **fields: Any) -> None:
    """Change a policy, also for requests that are open."""
    async with unit_of_work(db) as session:
        values = {"name": made.name, "targets": made.targets} | fields
        await policies.save(session, Draft(**values), made.id)
        await anew.promise_to_open_ones(session)
    await run_due(db)


async def shut_at(db: Database, minute: int, name: str = "default") -> None:
    """Open at nine every day, until a minute of the day."""
    async with unit_of_work(db) as session:
        await hours.write(session, Schedule(name=name, weekly=((Window(9 * 60, minute),),) * 7))
    await run_due(db)


async def test_open_requests_get_also_what_moves_no_deadline(db: Database, clock: ManualClock) -> None:
    """Only the telling differs, or the hours of a clock that rests: written all the same, and nothing to tell of."""
    made = await policy(db, targets={"first_response": Target(240, business=False), "resolution": Target(600)})
    running, resting = await opened(db), await opened(db)
    await status(db, resting, "pending")
    await promise_open_ones(db, made, is_told=True)
    for ticket in (running, resting):
        assert [each.is_told for each in (await clocks_of(db, ticket)).values()] == [True, True]
        assert await told(db, ticket, "sla.recomputed") == []
    await shut_at(db, 20 * 60, "shop")
    await promise_open_ones(db, made, hours="shop")
    rests = (await clocks_of(db, resting))["resolution"]
    assert (rests.hours, rests.is_told, rests.due_at) == ("shop", False, None)
    await status(db, resting, "open")
    assert (await clocks_of(db, resting))["resolution"].due_at == NOW + (5.5 + 13 + 4.5) * HOUR


async def test_a_late_clock_knows_what_happens_in_the_same_request(db: Database, clock: ManualClock) -> None:
    """Opened again and urgent at once: it runs. Put on hold and urgent at once: it rests from now on, not from before."""
    await policy(db, priority="urgent", targets={"resolution": TWO_DAYS})
    waited, worked = await opened(db), await opened(db)
    clock.advance(HOUR)
    await status(db, waited, "pending")
    await change(db, worked, status="pending", priority="urgent")
    clock.advance(HOUR)
    await change(db, waited, status="open", priority="urgent")
    assert (await clocks_of(db, worked))["resolution"].paused_at == NOW + HOUR
    assert (await clocks_of(db, waited))["resolution"].due_at == NOW + 49 * HOUR


async def test_a_breach_is_on_record_also_where_nothing_is_promised(db: Database, clock: ManualClock) -> None:
    """The policy that was missed is no more, and comes back: it was missed once. Meanwhile nothing is due."""
    await policy(db, targets={"first_response": Target(60)})
    await policy(db, name="Low", priority="low", targets={"resolution": TWO_DAYS})
    ticket, resting = await opened(db), await opened(db)
    clock.advance(2 * HOUR)
    await run_due(db)
    for each in (ticket, resting):
        await change(db, each, priority="low")
    both = await clocks_of(db, ticket)
    assert (both["first_response"].breached_at, both["first_response"].ended_at) == (NOW + HOUR, NOW + 2 * HOUR)
    assert await due(db, ticket) == NOW + 48 * HOUR
    await status(db, resting, "solved")
    clock.advance(HOUR)
    await status(db, resting, "open")
    await opened(db, token_ticket_id=resting, text="Not solved.")
    for each in (ticket, resting):
        await change(db, each, priority="normal")
        await run_due(db)
        first = (await clocks_of(db, each))["first_response"]
        assert (first.breached_at, first.due_at, first.ended_at) == (NOW + HOUR, NOW + HOUR, None)
        assert len(await told(db, each, "sla.breached")) == 1


async def test_other_opening_hours_leave_what_was_missed(db: Database, clock: ManualClock) -> None:
    """Noticed or not yet, at once and when its ticket changes later: it is missed once, at the deadline that it had."""
    await policy(db, targets={"first_response": Target(60), "resolution": Target(120)})
    noticed, unnoticed = await opened(db), await opened(db)
    clock.advance(HOUR)
    await status(db, unnoticed, "on_hold")
    await run_due(db)
    clock.advance(1.5 * HOUR)
    await run_due(db)
    seen = await clocks_of(db, noticed)
    assert [each.breached_at for each in seen.values()] == [NOW + HOUR, NOW + 2 * HOUR]
    await shut_at(db, 15 * 60)
    assert [each.due_at for each in (await clocks_of(db, noticed)).values()] == [NOW + HOUR, NOW + 2 * HOUR]
    for value in ("pending", "open", "solved", "open"):
        await status(db, noticed, value)
        clock.advance(HOUR)
    late = await opened(db)
    clock.advance(48 * HOUR)
    await shut_at(db, 16 * 60)
    await run_due(db)
    assert [each["clock"] for each in await told(db, noticed, "sla.breached")] == ["first_response", "resolution"]
    assert [each["clock"] for each in await told(db, late, "sla.breached")] == ["first_response", "resolution"]
    assert [each["clock"] for each in await told(db, unnoticed, "sla.breached")] == ["first_response"]


async def test_a_late_first_promise_counts_since_somebody_waits(db: Database, clock: ManualClock) -> None:
    """A robot's mail opened the ticket, a person wrote two days later: her time does not begin with the robot's."""
    await policy(db, priority="urgent", targets={"first_response": Target(240, business=False)})
    ticket = await opened(db, is_auto=True)
    clock.advance(48 * HOUR)
    await opened(db, token_ticket_id=ticket)
    await change(db, ticket, priority="urgent")
    first = (await clocks_of(db, ticket))["first_response"]
    assert (first.started_at, first.due_at) == (NOW + 48 * HOUR, NOW + 52 * HOUR)


async def test_an_answer_that_fails_after_the_solution_lets_the_clock_rest(db: Database, clock: ManualClock) -> None:
    """From the moment of solving, not of failing; opened again it goes on where it was."""
    await policy(db, targets={"first_response": Target(240, business=False)})
    neha = await agent(db)
    ticket = await opened(db)
    clock.advance(HOUR)
    sent = await answer(db, neha, ticket)
    async with unit_of_work(db) as session:
        await delivery.move(session, sent, "sent", only_from=("queued",), sent_at=clock.now())
    clock.advance(HOUR)
    await status(db, ticket, "solved")
    clock.advance(10 * HOUR)
    async with unit_of_work(db) as session:
        await delivery.move(session, sent, "bounced", only_from=("sent",), error="No such mailbox")
    first = (await clocks_of(db, ticket))["first_response"]
    assert (first.met_at, first.paused_at, first.breached_at) == (None, NOW + 2 * HOUR, None)
    clock.advance(HOUR)
    await status(db, ticket, "open")
    assert (await clocks_of(db, ticket))["first_response"].due_at == NOW + 15 * HOUR


async def test_what_became_urgent_while_it_was_solved_is_promised_when_it_is_opened(
    db: Database, clock: ManualClock
) -> None:
    """By the policy for its priority; one that nobody touched keeps its terms, also when the policy has changed."""
    made = await policy(db, targets={"resolution": TWO_DAYS})
    await policy(db, name="Urgent", priority="urgent", targets={"resolution": Target(24 * 60, business=False)})
    before, at_once, untouched = [await opened(db) for _ in range(3)]
    for each in (before, at_once, untouched):
        await status(db, each, "solved")
    await change(db, before, priority="urgent")
    async with unit_of_work(db) as session:
        await policies.save(session, Draft(name="Sooner", targets={"resolution": Target(60)}), made.id)
    clock.advance(HOUR)
    await status(db, before, "open")
    await change(db, at_once, status="open", priority="urgent")
    await status(db, untouched, "open")
    for each in (before, at_once):
        solution = (await clocks_of(db, each))["resolution"]
        assert (solution.policy, solution.due_at) == ("Urgent", NOW + 25 * HOUR)
        (anew,) = await told(db, each, "sla.recomputed")
        assert anew["because"] == "priority"
    kept = (await clocks_of(db, untouched))["resolution"]
    assert (kept.policy, kept.due_at) == ("Everybody", NOW + 49 * HOUR)


async def test_the_tier_and_the_queue_decide_too(db: Database, clock: ManualClock) -> None:
    """Her own tier before her organisation's, a queue's hours where the policy wants them; each change from the start."""
    async with unit_of_work(db) as session:
        night = await factories.team(session, name="Night")
        asha = await customers.find_or_create(session, "asha@firm.example")
        company = (await customers.get(session, asha.id)).organisation_id or 0
    await shut_at(db, 20 * 60, "night")
    async with unit_of_work(db) as session:
        await queues.ensure_default(session, night.id)
        own = await session.scalar(
            update(WorkQueue)
            .where(WorkQueue.team_id == night.id)
            .values(hours="night", version=2)
            .returning(WorkQueue.id)
        )
    await policy(db, targets={"resolution": Target(600)})
    await policy(db, name="Of the night", queue_id=own, hours=None, targets={"resolution": Target(600)})
    await policy(db, name="Gold", tier="Gold", targets={"resolution": Target(60, business=False)})
    ticket, elsewhere = [await opened(db, sender=f"{name}@firm.example") for name in ("asha", "bo")]
    assert await due(db, ticket) == NOW + 24.5 * HOUR
    await change(db, ticket, team_id=night.id)
    (solution,) = (await clocks_of(db, ticket)).values()
    assert (solution.hours, solution.due_at) == ("night", NOW + (5.5 + 13 + 4.5) * HOUR)
    assert solution.reason == "queue Night: solution within 10 opening hours"
    async with unit_of_work(db) as session:
        await organisations.set_tier(session, company, "gold")
    await run_due(db)
    assert [await due(db, each) for each in (ticket, elsewhere)] == [NOW + HOUR] * 2
    assert await due(db, await opened(db, sender="cy@firm.example")) == NOW + HOUR
    async with unit_of_work(db) as session:
        await customers.change(session, asha.id, CustomerChange(tier="Silver"))
    await run_due(db)
    assert [await due(db, each) for each in (ticket, elsewhere)] == [NOW + 23 * HOUR, NOW + HOUR]
    assert [each["because"] for each in await told(db, ticket, "sla.recomputed")] == ["team", "tier", "tier"]
    async with reading(db) as session:
        assert (
            (await hours.of_team(session, night.id)).name == (await hours.of_queue(session, own or 0)).name == "night"
        )
        assert (await hours.of_team(session, None)).name == "default"


async def test_a_tier_that_came_while_it_was_solved_counts_when_it_is_opened(db: Database, clock: ManualClock) -> None:
    """As with an entitlement or a priority that somebody has put right meanwhile."""
    await policy(db, targets={"resolution": TWO_DAYS})
    await policy(db, name="Gold", tier="Gold", targets={"resolution": Target(24 * 60, business=False)})
    ticket = await opened(db)
    await status(db, ticket, "solved")
    async with unit_of_work(db) as session:
        found = await customers.find_by_email(session, "asha@customer.example")
        await customers.change(session, found.id if found else 0, CustomerChange(tier="Gold"))
    await run_due(db)
    clock.advance(HOUR)
    await status(db, ticket, "open")
    assert await due(db, ticket) == NOW + 25 * HOUR


async def test_an_organisations_tier_that_came_while_it_was_solved_counts_as_well(
    db: Database, clock: ManualClock
) -> None:
    """For its people who have none of their own; another organisation's is nobody's business here."""
    await policy(db, targets={"resolution": TWO_DAYS})
    await policy(db, name="Gold", tier="Gold", targets={"resolution": Target(24 * 60, business=False)})
    tickets = [await opened(db, sender=f"{who}.example") for who in ("asha@firm", "bo@firm", "cy@other")]
    async with unit_of_work(db) as session:
        asha, bo, cy = [
            await customers.find_by_email(session, f"{who}.example") for who in ("asha@firm", "bo@firm", "cy@other")
        ]
        await customers.change(session, bo.id if bo else 0, CustomerChange(tier="Silver"))
    for each in tickets:
        await status(db, each, "solved")
    async with unit_of_work(db) as session:
        firm, other = [(await customers.get(session, one.id if one else 0)).organisation_id for one in (asha, cy)]
        assert firm != other
        await organisations.set_tier(session, firm or 0, "Gold")
    await run_due(db)
    clock.advance(HOUR)
    for each in tickets:
        await status(db, each, "open")
    assert [await due(db, each) for each in tickets] == [NOW + 25 * HOUR, NOW + 49 * HOUR, NOW + 49 * HOUR]

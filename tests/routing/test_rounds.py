"""Rounds on the database: who is preferred, rings in time, one budget for all kinds, hours, alarms and moves."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from core import events
from core.clock import ManualClock
from core.db import Database, unit_of_work
from customers import service
from routing import assignment, hours, kinds, presence, queues, reasons, rounds, skills, work
from routing.engine import EXCLUSIONS, Candidate
from routing.hours import Schedule, Window
from routing.queues import Draft
from routing.rings import Need, Ring
from staff.models import Agent, Team
from tests import factories
from tests.routing.deciding import arrive, item, owners, set_kind, set_queue, settle, told, wire
from tests.routing.promising import counted
from tickets import lifecycle
from tickets.lifecycle import TicketChange


@pytest.fixture(autouse=True)
def wired(clock: ManualClock) -> None:
    """The product's handlers."""
    wire()


async def somebody(db: Database, *teams: Team, **fields: Any) -> Agent:
    """An agent who is there."""
    async with unit_of_work(db) as session:
        return await factories.agent(session, *teams, **({"present": "available"} | fields))


async def team(db: Database) -> Team:
    """A team."""
    async with unit_of_work(db) as session:
        return await factories.team(session)


async def solve(db: Database, *tickets: int) -> None:
    """They are done."""
    for each in tickets:
        async with unit_of_work(db) as session:
            await lifecycle.change(session, each, TicketChange(status="solved"))


async def here(db: Database, *agents: Agent) -> None:
    """A sign of life, as the windows give it."""
    for each in agents:
        async with unit_of_work(db) as session:
            await presence.heartbeat(session, each.id)


async def test_who_answered_last_is_preferred_for_a_while(db: Database, clock: ManualClock) -> None:
    """The customer's next request goes to her; while she is full it waits so long; while she is away it does not."""
    one = await team(db)
    await set_queue(db, one.id, sticky_seconds=60)
    last = await somebody(db, one, capacity=1)
    first = await arrive(db, one.id)
    await solve(db, first)
    idle = await somebody(db, one)
    clock.advance(timedelta(seconds=1))
    second = await arrive(db, one.id)
    third = await arrive(db, one.id)
    assert await owners(db, first, second, third) == [last.id, last.id, None]
    async with db.sessions() as session:
        decided = await assignment.decisions(session, second)
        waits = await assignment.decisions(session, third)
    assert (decided[0].code, waits[0].code) == ("sticky", "waits_for_preferred")
    assert await told(db, "ticket.routed") != []
    clock.advance(timedelta(seconds=30))
    await here(db, last, idle)
    await settle(db)
    assert await owners(db, third) == [None]
    clock.advance(timedelta(seconds=30))
    await here(db, last, idle)
    await settle(db)
    assert await owners(db, third) == [idle.id]
    async with unit_of_work(db) as session:
        await presence.set_state(session, last.id, "break")
    assert await owners(db, await arrive(db, one.id)) == [idle.id]


async def test_whom_the_customer_knows_is_preferred(db: Database, clock: ManualClock) -> None:
    """The relationship owner gets it though she is of no team of it; away, it goes to the team at once."""
    one = await team(db)
    await set_queue(db, one.id, owner_seconds=30)
    owner, idle = await somebody(db), await somebody(db, one)
    first = await arrive(db, one.id)
    assert await owners(db, first) == [idle.id]
    async with unit_of_work(db) as session:
        customer = await session.scalar(text("select customer_id from tickets"))
        await service.change(session, customer, service.CustomerChange(owner_agent_id=owner.id))
    clock.advance(timedelta(seconds=1))
    second = await arrive(db, one.id)
    assert await owners(db, second) == [owner.id]
    async with unit_of_work(db) as session:
        await presence.set_state(session, owner.id, "offline")
    assert await owners(db, await arrive(db, one.id)) == [idle.id]


async def test_rings_widen_in_time_without_anybody_looking(db: Database, clock: ManualClock) -> None:
    """After 30 seconds a lower level, after 60 another team's people: each by its timer, with its decision."""
    one, other = await team(db), await team(db)
    async with unit_of_work(db) as session:
        french = await skills.save(session, "French")
    theirs = await set_queue(db, other.id)
    await set_queue(db, one.id, skills=(Need(french, 4),), rings=(Ring(30, lower=2), Ring(60, queues=(theirs.id,))))
    # Somebody is there who could do it, but has no room: so the rings are not skipped.
    full = await somebody(db, one, capacity=0)
    fair, far = await somebody(db, one), await somebody(db, other)
    async with unit_of_work(db) as session:
        await skills.set_agent(session, full.id, {french: 5}, None)
        await skills.set_agent(session, fair.id, {french: 2}, None)
        await skills.set_agent(session, far.id, {french: 2}, None)
    first = await arrive(db, one.id)
    assert await owners(db, first) == [None]
    clock.advance(timedelta(seconds=30))
    await here(db, full, fair, far)
    await settle(db)
    assert await owners(db, first) == [fair.id]
    async with unit_of_work(db) as session:
        await presence.set_state(session, fair.id, "busy")
    second = await arrive(db, one.id)
    clock.advance(timedelta(seconds=59))
    await here(db, full, fair, far)
    await settle(db)
    assert await owners(db, second) == [None]
    clock.advance(timedelta(seconds=1))
    await settle(db)
    assert await owners(db, second) == [far.id]
    async with db.sessions() as session:
        decided = await assignment.decisions(session, second)
    assert [each.ring for each in decided] == [2, 1, 0]


async def test_a_ring_without_anybody_is_skipped_at_once(db: Database) -> None:
    """Nobody of the team is there: the other team is asked in the same transaction."""
    one, other = await team(db), await team(db)
    theirs = await set_queue(db, other.id)
    await set_queue(db, one.id, rings=(Ring(600, queues=(theirs.id,)),))
    far = await somebody(db, other)
    assert await owners(db, await arrive(db, one.id)) == [far.id]


async def test_one_budget_for_all_kinds_and_by_hand(db: Database, clock: ManualClock) -> None:
    """Chats of two, a mail of one, what she took herself counts, and an idle chat weighs less and makes room."""
    one = await team(db)
    await set_kind(db, "chat", weight=2, idle_after_seconds=300, idle_weight=0.5)
    agent = await somebody(db, one, capacity=3, present=None)
    by_hand = await arrive(db, one.id)
    async with unit_of_work(db, factories.actor(agent, one)) as session:
        await lifecycle.claim(session, by_hand)
    async with unit_of_work(db) as session:
        await presence.set_state(session, agent.id, "available")
    chat, mail = await arrive(db, one.id, channel="chat"), await arrive(db, one.id)
    assert await owners(db, by_hand, chat, mail) == [agent.id, agent.id, None]
    async with db.sessions() as session:
        (waits, *_) = await assignment.decisions(session, mail)
    assert waits.candidates[0]["excluded"] == "at capacity (3 of 3)"
    clock.advance(timedelta(seconds=301))
    await here(db, agent)
    await settle(db)
    assert await owners(db, mail) == [agent.id]


async def test_what_rests_is_nobodys_load(db: Database) -> None:
    """Pending, on hold and put away take no room; opened again they do."""
    one = await team(db)
    agent = await somebody(db, one, capacity=1)
    first = await arrive(db, one.id)
    async with unit_of_work(db) as session:
        await lifecycle.change(session, first, TicketChange(status="pending"))
    assert (await item(db, first)).state == "resting"
    assert await owners(db, await arrive(db, one.id)) == [agent.id]
    async with unit_of_work(db) as session:
        await lifecycle.change(session, first, TicketChange(status="open"))
    assert (await item(db, first)).state == "assigned"
    assert await owners(db, await arrive(db, one.id)) == [None]


async def test_a_flood_of_chats_does_not_starve_a_call(db: Database, clock: ManualClock) -> None:
    """A call that blocks comes after a hundred chats: it has the next agent who is free enough."""
    one = await team(db)
    agents = [await somebody(db, one, capacity=2) for _ in range(2)]
    chats = [await arrive(db, one.id, channel="chat", sender=f"c{n}@x.example") for n in range(40)]
    clock.advance(timedelta(seconds=5))
    call = await arrive(db, one.id)
    async with unit_of_work(db) as session:
        await session.execute(text("update tickets set channel = 'call' where id = :id"), {"id": call})
        await session.execute(text("delete from work_items where ticket_id = :id"), {"id": call})
        await work.enter(session, call)
    await here(db, *agents)
    await settle(db)
    held = [each for each, owner in zip(chats, await owners(db, *chats), strict=True) if owner is not None]
    assert len(held) == 4
    await solve(db, held[0])
    await settle(db)
    (owner,) = await owners(db, call)
    assert owner is not None
    # Beside the call she gets nothing more, though she has room by weight.
    await solve(db, *[each for each in held[1:] if (await owners(db, each)) == [owner]])
    await settle(db)
    assert (await owners(db, *chats)).count(owner) <= 2


async def test_an_urgent_one_goes_before_and_changes_its_place(db: Database, clock: ManualClock) -> None:
    """What becomes urgent while it waits goes before what came earlier; of the same age low waits longest."""
    one = await team(db)
    first, second, third = [await arrive(db, one.id) for _ in range(3)]
    async with unit_of_work(db) as session:
        await lifecycle.change(session, third, TicketChange(priority="urgent"))
        await lifecycle.change(session, first, TicketChange(priority="low"))
    given = []
    for _ in range(3):
        agent = await somebody(db, one, capacity=1)
        async with unit_of_work(db) as session:
            await rounds.give_away(session, 50, "test")
        given += [each for each in (first, second, third) if await owners(db, each) == [agent.id]]
    assert given == [third, second, first]
    del clock


async def test_outside_hours_nothing_is_given_and_in_the_morning_the_oldest_first(
    db: Database, clock: ManualClock
) -> None:
    """Closed: it waits with the reason, also when somebody is there; at the opening the oldest go first."""
    one = await team(db)
    day = (Window(10 * 60, 18 * 60),)
    async with unit_of_work(db) as session:
        await hours.write(session, Schedule(name="desk", time_zone="UTC", weekly=(day,) * 7))
    await set_queue(db, one.id, hours="desk")
    agent = await somebody(db, one, capacity=2)
    tickets = []
    for _ in range(3):
        tickets.append(await arrive(db, one.id))
        clock.advance(timedelta(minutes=10))
    assert await owners(db, *tickets) == [None] * 3
    async with db.sessions() as session:
        (waits, *_) = await assignment.decisions(session, tickets[0])
    opening = datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert (waits.code, waits.looks_again_at, waits.reason) == ("closed", opening, "Waits: outside opening hours")
    clock.advance(opening - clock.now())
    await here(db, agent)
    await settle(db)
    assert await owners(db, *tickets) == [agent.id, agent.id, None]


async def test_nobody_with_the_skill_is_told_at_once_and_once(db: Database) -> None:
    """An alarm in the transaction of the arrival, never twice; who learns it gets the ticket."""
    one = await team(db)
    agent = await somebody(db, one)
    async with unit_of_work(db) as session:
        french = await skills.save(session, "French")
    await set_queue(db, one.id, skills=(Need(french, 2),))
    ticket = await arrive(db, one.id)
    assert [each["skills"] for each in await told(db, "routing.nobody_can")] == [[french]]
    await set_queue(db, one.id, skills=(Need(french, 3),))
    await settle(db)
    assert len(await told(db, "routing.nobody_can")) == 1
    async with unit_of_work(db) as session:
        await skills.set_agent(session, agent.id, {french: 3}, None)
    await settle(db)
    assert await owners(db, ticket) == [agent.id]


async def test_a_newcomer_gets_no_more_than_her_share_of_an_hour(db: Database, clock: ManualClock) -> None:
    """Two an hour, whatever room she has; the reason is told, and an hour later she gets more."""
    one = await team(db)
    agent = await somebody(db, one)
    async with unit_of_work(db) as session:
        await skills.set_agent(session, agent.id, {}, 2)
    tickets = [await arrive(db, one.id) for _ in range(3)]
    assert await owners(db, *tickets) == [agent.id, agent.id, None]
    async with db.sessions() as session:
        assert (await assignment.decisions(session, tickets[2]))[0].candidates[0]["why"] == "capped"
    clock.advance(timedelta(hours=1, seconds=1))
    await here(db, agent)
    async with unit_of_work(db) as session:
        await rounds.give_away(session, 50, "test")
    assert await owners(db, tickets[2]) == [agent.id]


async def test_a_move_keeps_the_queues_and_the_whole_wait(db: Database, clock: ManualClock) -> None:
    """It waits in another team's queue from now on, stands there by all it has waited, and its stretches are kept."""
    one, other = await team(db), await team(db)
    theirs = await set_queue(db, other.id)
    ticket = await arrive(db, one.id)
    clock.advance(timedelta(minutes=5))
    younger = await arrive(db, other.id)
    async with unit_of_work(db) as session:
        await work.move(session, ticket, theirs.id)
    await settle(db)
    clock.advance(timedelta(minutes=1))
    agent = await somebody(db, other, capacity=1)
    async with unit_of_work(db) as session:
        await rounds.give_away(session, 50, "test")
    assert await owners(db, ticket, younger) == [agent.id, None]
    row = await item(db, ticket)
    stretches = [(each["queue_id"], each["agent_id"]) for each in row.history]
    assert [each[1] for each in stretches] == [None, agent.id]
    assert stretches[1][0] == theirs.id
    (moved,) = await told(db, "routing.moved")
    assert moved["to_id"] == theirs.id


async def test_a_queue_of_its_own_takes_a_kind_of_a_teams_work(db: Database) -> None:
    """Chats of the team come into their queue with members of its own, everything else into the team's."""
    one = await team(db)
    mails = await somebody(db, one)
    chats = await somebody(db)
    async with unit_of_work(db) as session:
        await queues.save(session, Draft(name="Chats", team_id=one.id, kinds=("chat",), members=(chats.id,)))
    chat, mail = await arrive(db, one.id, channel="chat"), await arrive(db, one.id)
    assert await owners(db, chat, mail) == [chats.id, mails.id]


async def test_a_decision_costs_six_statements(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """What intake pays for a ticket that is entered and given, however many agents and queues there are."""
    one = await team(db)
    for _ in range(5):
        await somebody(db, one)
    await arrive(db, one.id)
    with counted(db, monkeypatch) as with_routing:
        await arrive(db, one.id)
    table = dict(events._handlers)
    events.subscribe(
        {kind: tuple(each for each in told if each.__module__ != assignment.__name__) for kind, told in table.items()}
    )
    with counted(db, monkeypatch) as without:
        await arrive(db, one.id)
    assert len(with_routing) - len(without) == 6


async def test_kinds_in_the_database_are_those_of_the_product(db: Database) -> None:
    """As long as nobody has changed them; a change is read back, and what waits gets its new place."""
    ticket = await arrive(db, None)
    before = (await item(db, ticket)).rank_at
    async with unit_of_work(db) as session:
        assert await kinds.list_kinds(session) == list(kinds.BROUGHT.values())
    await set_kind(db, "email", head_start_seconds=60)
    assert (await item(db, ticket)).rank_at == before - timedelta(minutes=1)


def test_every_exclusion_has_words() -> None:
    """Whatever the engine says against somebody can be told."""
    for word in EXCLUSIONS:
        assert reasons.words_of(Candidate(1, 0.0, word, "1/2"))

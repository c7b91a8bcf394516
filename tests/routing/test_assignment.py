"""Routing: who gets what, never more than fits, and why."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from channels.acknowledge import Acknowledger
from channels.notify import Notifier
from channels.product_mail import ProductMail
from channels.review_mail import ReviewMail
from core import events
from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.jobs import Definition, Registry, Worker
from core.settings import load
from portal.surveys import Surveys
from routing import assignment, board, presence, rounds
from sampark.wiring import handlers
from tests import factories
from tickets import lifecycle
from tickets.lifecycle import TicketChange
from tickets.templates import Surroundings


@pytest.fixture(autouse=True)
def wired(clock: ManualClock) -> None:
    """The product's own table of handlers."""
    products = ProductMail("", "", "", "en")
    surveys = Surveys(load(), "secret")
    acknowledger = Acknowledger(Surroundings(), "en", "secret")
    events.subscribe(handlers(acknowledger, Notifier(""), products, surveys, ReviewMail("")))


async def owner(db: Database, ticket_id: int) -> int | None:
    """Who has the ticket."""
    async with db.sessions() as session:
        found: int | None = await session.scalar(
            text("select assignee_id from tickets where id = :id"), {"id": ticket_id}
        )
        return found


async def drain(db: Database) -> None:
    """Run the waiting drains."""
    await Worker(db, Registry((Definition(rounds.DRAIN_JOB, assignment.drain),))).drain()


async def test_the_longest_idle_ready_agent_gets_it(db: Database, clock: ManualClock) -> None:
    """Two ready agents take turns; a busy and an absent one get nothing; every candidate's reason is stored."""
    async with unit_of_work(db) as session:
        team = await factories.team(session)
        anna = await factories.agent(session, team, name="Anna", present="available")
        bina = await factories.agent(session, team, name="Bina", present="available")
        busy = await factories.agent(session, team, name="Busy", present="busy")
        away = await factories.agent(session, team, name="Away")
    owners = []
    for _ in range(4):
        clock.advance(timedelta(seconds=7))
        async with unit_of_work(db) as session:
            got = await factories.received(session, team_id=team.id)
        owners.append(await owner(db, got.ticket_id))
    assert owners == [anna.id, bina.id, anna.id, bina.id]
    async with db.sessions() as session:
        decision = (await assignment.decisions(session, got.ticket_id))[0]
    reasons = {each["agentId"]: each["excluded"] for each in decision.candidates}
    assert reasons == {
        bina.id: None,
        anna.id: "somebody else has been idle longer",
        busy.id: "busy",
        away.id: "not signed in",
    }


async def test_what_waits_is_given_when_somebody_becomes_ready(db: Database) -> None:
    """Nobody there: it waits with the reason. Somebody comes: oldest first, up to her capacity."""
    async with unit_of_work(db) as session:
        team = await factories.team(session)
        agent = await factories.agent(session, team, capacity=2)
    tickets = []
    for _ in range(3):
        async with unit_of_work(db) as session:
            tickets.append((await factories.received(session, team_id=team.id)).ticket_id)
    async with db.sessions() as session:
        assert (await assignment.decisions(session, tickets[0]))[0].reason == "Waits: 1 not signed in"
    async with unit_of_work(db) as session:
        await presence.heartbeat(session, agent.id)
    await drain(db)
    assert [await owner(db, each) for each in tickets] == [agent.id, agent.id, None]
    async with unit_of_work(db) as session:
        await lifecycle.change(session, tickets[0], TicketChange(status="solved"))
    await drain(db)
    assert await owner(db, tickets[2]) == agent.id


async def test_a_team_without_anybody_keeps_nothing_from_the_others(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More tickets of an empty team than one look takes stand before a ticket of a team with a ready agent."""
    monkeypatch.setattr(assignment, "DRAIN_BATCH", 2)
    async with unit_of_work(db) as session:
        nobody, somebody = await factories.team(session), await factories.team(session)
        agent = await factories.agent(session, somebody)
        for _ in range(3):
            await factories.received(session, team_id=nobody.id)
        last = await factories.received(session, team_id=somebody.id)
    async with unit_of_work(db) as session:
        await presence.heartbeat(session, agent.id)
    await drain(db)
    assert await owner(db, last.ticket_id) == agent.id


async def test_a_claim_by_hand_and_the_router_do_not_wait_for_each_other(db: Database) -> None:
    """The router passes over a ticket that somebody is claiming at this moment, and gives the next one away."""
    async with unit_of_work(db) as session:
        team = await factories.team(session)
        first = await factories.received(session, team_id=team.id)
        second = await factories.received(session, team_id=team.id)
    async with unit_of_work(db) as session:
        rival = await factories.agent(session, team)
        ready = await factories.agent(session, team, present="available")
    async with unit_of_work(db, factories.actor(rival, team)) as claiming:
        await lifecycle.claim(claiming, first.ticket_id)
        async with asyncio.timeout(20), unit_of_work(db) as draining:
            await assignment.drain(draining)
    assert [await owner(db, one.ticket_id) for one in (first, second)] == [rival.id, ready.id]


async def test_many_at_once_never_overfill(db: Database) -> None:
    """Twelve tickets opened at the same time, room for five: five are given, seven wait, none is lost."""
    async with unit_of_work(db) as session:
        team = await factories.team(session)
        agents = [await factories.agent(session, team, capacity=room, present="available") for room in (2, 3)]

    async def arrive(number: int) -> int:
        async with unit_of_work(db) as session:
            return (await factories.received(session, sender=f"c{number}@x{number}.example", team_id=team.id)).ticket_id

    tickets = await asyncio.gather(*(arrive(number) for number in range(12)))
    await drain(db)
    owners = [await owner(db, each) for each in tickets]
    assert [owners.count(agent.id) for agent in agents] == [2, 3]
    assert owners.count(None) == 7


async def test_a_silent_agent_goes_offline_and_comes_back(db: Database, clock: ManualClock) -> None:
    """After the grace she gets nothing; her next heartbeat restores the state she had."""
    async with unit_of_work(db) as session:
        team = await factories.team(session)
        agent = await factories.agent(session, team, present="busy")
    clock.advance(timedelta(seconds=presence.GRACE_SECONDS + 1))
    async with unit_of_work(db) as session:
        await presence.sweep(session)
        assert (await board.loads(session))[0].state == "offline"
        await presence.heartbeat(session, agent.id)
        assert (await board.loads(session))[0].state == "busy"


async def test_a_chosen_absence_is_not_undone_by_a_heartbeat(db: Database) -> None:
    """Who went offline by choice stays offline, whatever her windows say."""
    async with unit_of_work(db) as session:
        agent = await factories.agent(session, await factories.team(session))
        await presence.set_state(session, agent.id, "offline")
        await presence.heartbeat(session, agent.id)
        assert (await board.loads(session))[0].state == "offline"


async def test_a_ticket_given_back_by_hand_is_not_thrown_at_the_next(db: Database) -> None:
    """Unassigning by hand leaves the ticket for people to take."""
    async with unit_of_work(db) as session:
        team = await factories.team(session)
        await factories.agent(session, team, present="available")
    async with unit_of_work(db) as session:
        got = await factories.received(session, team_id=team.id)
    async with unit_of_work(db) as session:
        await lifecycle.change(session, got.ticket_id, TicketChange(assignee_id=None))
    assert await owner(db, got.ticket_id) is None

"""Nothing that waits is forgotten: whatever lets it go to somebody also has somebody look at it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from core.clock import ManualClock
from core.db import Database, unit_of_work
from routing import handover, hours, presence, queues, rounds, skills
from routing.hours import Schedule, Window
from routing.queues import Draft
from routing.rings import Need, Ring
from staff import agents
from staff.models import Agent, Team
from tests import factories
from tests.routing.deciding import arrive, item, owners, set_kind, set_queue, settle, wire
from tickets import lifecycle
from tickets.lifecycle import TicketChange

EVENING = datetime(2026, 3, 2, 18, tzinfo=UTC)
"""A Monday, an hour after the desk has closed."""


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


async def here(db: Database, *agents: Agent) -> None:
    """A sign of life, as the windows give it."""
    for each in agents:
        async with unit_of_work(db) as session:
            await presence.heartbeat(session, each.id)


async def open_from(db: Database, opens: int) -> None:
    """Hours by the name of "office", every day from this hour to five."""
    async with unit_of_work(db) as session:
        window = Window(opens * 60, 17 * 60)
        await hours.write(session, Schedule(name="office", time_zone="UTC", weekly=((window,),) * 7))


async def ready(db: Database, clock: ManualClock, agent: Agent) -> None:
    """She is there, without any round that follows from it, so that only a timer gives her anything."""
    async with db.sessions() as session, session.begin():
        statement = text("update presence set state = 'available', heartbeat_at = :now where agent_id = :id")
        await session.execute(statement, {"now": clock.now(), "id": agent.id})


async def test_a_hand_over_after_hours_leaves_the_morning_as_it_was(db: Database, clock: ManualClock) -> None:
    """What is given back in the evening is given to others when it opens, though one is not asked for ten minutes."""
    clock.advance(EVENING - timedelta(hours=2) - clock.now())
    one = await team(db)
    await open_from(db, 9)
    await set_queue(db, one.id, hours="office")
    leaves, stays = await somebody(db, one), await somebody(db, one, capacity=0)
    ticket = await arrive(db, one.id)
    assert await owners(db, ticket) == [leaves.id]
    clock.advance(EVENING - clock.now())
    async with unit_of_work(db) as session:
        await handover.hand_over(session, leaves.id)
    await settle(db)
    clock.advance(timedelta(minutes=11))
    await settle(db)
    async with db.sessions() as session, session.begin():
        await session.execute(text("update agents set capacity = 1 where id = :id"), {"id": stays.id})
    clock.advance(EVENING + timedelta(hours=15) - clock.now())
    await ready(db, clock, stays)
    await settle(db)
    assert await owners(db, ticket) == [stays.id]


async def test_other_hours_are_another_morning(db: Database, clock: ManualClock) -> None:
    """It opens an hour later than it was said when the request came: it is given then."""
    clock.advance(EVENING - clock.now())
    one = await team(db)
    await open_from(db, 9)
    await set_queue(db, one.id, hours="office")
    agent = await somebody(db, one)
    ticket = await arrive(db, one.id)
    await open_from(db, 10)
    await settle(db)
    for hour in (15, 16):
        clock.advance(EVENING + timedelta(hours=hour) - clock.now())
        await ready(db, clock, agent)
        await settle(db)
        assert await owners(db, ticket) == [agent.id if hour == 16 else None]


async def test_a_ring_after_the_opening_is_reached(db: Database, clock: ManualClock) -> None:
    """A request that came a minute before it opens asks others two minutes after it has opened."""
    clock.advance(EVENING + timedelta(hours=14, minutes=59) - clock.now())
    one, other = await team(db), await team(db)
    await open_from(db, 9)
    theirs = await set_queue(db, other.id)
    await set_queue(db, one.id, hours="office", rings=(Ring(180, queues=(theirs.id,)),))
    await somebody(db, one, capacity=1)
    full = await somebody(db, one, capacity=0)
    async with db.sessions() as session, session.begin():
        await session.execute(text("update agents set capacity = 0"))
    far = await somebody(db, other)
    ticket = await arrive(db, one.id)
    assert await owners(db, ticket) == [None]
    for minutes in (1, 2):
        clock.advance(timedelta(minutes=minutes))
        await ready(db, clock, full)
        await ready(db, clock, far)
        await settle(db)
        assert await owners(db, ticket) == [far.id if minutes == 2 else None]


async def test_who_was_silent_for_a_moment_gets_what_came_meanwhile(db: Database, clock: ManualClock) -> None:
    """Nobody had noticed yet that her windows were silent; with her next sign of life she gets it."""
    one = await team(db)
    agent = await somebody(db, one)
    clock.advance(timedelta(seconds=32))
    ticket = await arrive(db, one.id)
    assert await owners(db, ticket) == [None]
    await here(db, agent)
    await settle(db)
    assert await owners(db, ticket) == [agent.id]


async def test_who_had_her_share_gets_more_when_the_hour_is_over(db: Database, clock: ManualClock) -> None:
    """A capped agent is looked at again when the first of her hour's items is an hour old."""
    one = await team(db)
    await set_queue(db, one.id, hourly_cap=1)
    await settle(db)
    agent = await somebody(db, one)
    first, second = await arrive(db, one.id), await arrive(db, one.id)
    assert await owners(db, first, second) == [agent.id, None]
    clock.advance(timedelta(minutes=61))
    await ready(db, clock, agent)
    await settle(db)
    assert await owners(db, second) == [agent.id]


async def test_who_may_hold_more_gets_more(db: Database) -> None:
    """An administrator raises her capacity while something waits: she has it at once."""
    one = await team(db)
    agent = await somebody(db, one, capacity=1)
    first, second = await arrive(db, one.id), await arrive(db, one.id)
    assert await owners(db, first, second) == [agent.id, None]
    async with unit_of_work(db) as session:
        await agents.change_account(session, agent.id, agents.Account(capacity=2))
    await settle(db)
    assert await owners(db, second) == [agent.id]


async def test_a_conversation_that_wakes_to_an_absent_agent_goes_on(db: Database, clock: ManualClock) -> None:
    """Its agent went home while the customer was silent; when he writes, a chat soon goes to somebody who is there."""
    one = await team(db)
    agent = await somebody(db, one)
    ticket = await arrive(db, one.id, channel="chat")
    async with unit_of_work(db) as session:
        await lifecycle.change(session, ticket, TicketChange(status="pending"))
        await presence.set_state(session, agent.id, "offline")
    clock.advance(timedelta(hours=2))
    await settle(db)
    other = await somebody(db, one)
    async with unit_of_work(db) as session:
        await lifecycle.change(session, ticket, TicketChange(status="open"))
    await settle(db)
    assert await owners(db, ticket) == [agent.id]
    clock.advance(timedelta(seconds=61))
    await ready(db, clock, other)
    await settle(db)
    assert await owners(db, ticket) == [other.id]


async def test_whose_line_was_lost_may_have_her_chat_back(db: Database, clock: ManualClock) -> None:
    """She was away too long, and nobody else is there: she never refused it."""
    one = await team(db)
    agent = await somebody(db, one)
    ticket = await arrive(db, one.id, channel="chat")
    async with unit_of_work(db) as session:
        await presence.set_state(session, agent.id, "offline")
    clock.advance(timedelta(seconds=61))
    await settle(db)
    assert await owners(db, ticket) == [None]
    async with unit_of_work(db) as session:
        await presence.set_state(session, agent.id, "available")
    await settle(db)
    assert await owners(db, ticket) == [agent.id]


async def test_a_round_over_many_queues_ends(db: Database) -> None:
    """Nobody can what waits, and somebody free reaches more queues than one round takes: no round asks for the next."""
    one = await team(db)
    async with unit_of_work(db) as session:
        rare = await skills.save(session, "Old Norse")
        for number in range(12):
            await queues.save(session, Draft(name=f"Queue {number}", team_id=one.id, of_team=True))
    await set_queue(db, one.id, skills=(Need(rare),))
    await somebody(db, one)
    await arrive(db, one.id)
    await settle(db)
    async with db.sessions() as session:
        statement = text("select count(*) from timers where job = :job")
        assert await session.scalar(statement, {"job": rounds.DRAIN_JOB}) == 0


async def test_small_newcomers_do_not_pass_what_needs_more_room(db: Database, clock: ManualClock) -> None:
    """A chat that needs all of an agent waits; mails that come while she gets free do not take her room for ever."""
    one = await team(db)
    await set_kind(db, "chat", weight=2.0)
    agent = await somebody(db, one, capacity=2)
    first, second = await arrive(db, one.id), await arrive(db, one.id)
    chat = await arrive(db, one.id, channel="chat")
    assert await owners(db, first, second, chat) == [agent.id, agent.id, None]
    for mail in (first, second):
        clock.advance(timedelta(seconds=1))
        async with unit_of_work(db) as session:
            await lifecycle.change(session, mail, TicketChange(status="solved"))
        newcomer = await arrive(db, one.id)
        await settle(db)
        assert await owners(db, newcomer) == [None]
    assert await owners(db, chat) == [agent.id]


async def test_an_offer_that_changes_its_team_leaves_room(db: Database) -> None:
    """What an agent was offered goes to another team: she gets the next thing at once."""
    one, other = await team(db), await team(db)
    await set_kind(db, "chat", offer_seconds=60)
    await settle(db)
    agent = await somebody(db, one, capacity=1)
    chat = await arrive(db, one.id, channel="chat")
    mail = await arrive(db, one.id)
    assert ((await item(db, chat)).agent_id, await owners(db, mail)) == (agent.id, [None])
    async with unit_of_work(db) as session:
        await lifecycle.change(session, chat, TicketChange(team_id=other.id))
    await settle(db)
    assert await owners(db, mail) == [agent.id]

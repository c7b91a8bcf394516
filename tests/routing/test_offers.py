"""Offers: taken, refused, let pass, taken back; and what an agent leaves behind who is gone."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.errors import Conflict, DeskError, Invalid, NotFound
from routing import assignment, offers, presence
from staff.models import Agent, Team
from tests import factories
from tests.routing.deciding import arrive, item, owners, set_kind, set_queue, settle, told, wire
from tickets import lifecycle


@pytest.fixture(autouse=True)
async def wired(clock: ManualClock, db: Database) -> None:
    """The product's handlers; mails are offered for thirty seconds."""
    wire()
    await set_kind(db, "email", offer_seconds=30)
    await settle(db)


@pytest.fixture
async def team(db: Database) -> Team:
    """A team."""
    async with unit_of_work(db) as session:
        return await factories.team(session)


async def somebody(db: Database, *teams: Team, **fields: Any) -> Agent:
    """An agent who is there."""
    async with unit_of_work(db) as session:
        return await factories.agent(session, *teams, **({"present": "available"} | fields))


async def offer_of(db: Database, ticket_id: int) -> Any:
    """The newest offer of a ticket."""
    async with db.sessions() as session:
        statement = text("select * from offers where ticket_id = :id order by id desc limit 1")
        return (await session.execute(statement, {"id": ticket_id})).one_or_none()


async def take(db: Database, one: Agent, offer_id: int) -> None:
    """She accepts."""
    async with unit_of_work(db, factories.actor(one)) as session:
        await offers.accept(session, offer_id)


async def test_an_offer_is_taken_once(db: Database, team: Team) -> None:
    """It is held out to the longest idle, counts as hers, and is hers when she takes it; twice is the same as once."""
    one = await somebody(db, team, capacity=1)
    ticket = await arrive(db, team.id)
    second = await arrive(db, team.id)
    made = await offer_of(db, ticket)
    assert (made.agent_id, made.state, await owners(db, ticket)) == (one.id, "offered", [None])
    assert (await item(db, second)).state == "waiting"
    async with db.sessions() as session:
        (mine,) = await offers.of_agent(session, one.id)
        assert (mine.ticket_id, mine.customer, mine.channel) == (ticket, "Asha Rao", "email")
        assert mine.reason == f"{one.name} is available, has room, and has been idle longest"
    await take(db, one, made.id)
    await take(db, one, made.id)
    assert await owners(db, ticket) == [one.id]
    assert (await item(db, ticket)).state == "assigned"
    assert [each["outcome"] for each in await told(db, "offer.ended")] == ["accepted"]


async def test_nobody_takes_what_was_offered_to_another(db: Database, team: Team) -> None:
    """Somebody else's offer is not there for her; a late answer is a conflict."""
    one = await somebody(db, team)
    ticket = await arrive(db, team.id)
    other = await somebody(db, team)
    made = await offer_of(db, ticket)
    for call in (offers.accept, lambda session, number: offers.reject(session, number, "No")):
        with pytest.raises(NotFound):
            async with unit_of_work(db, factories.actor(other)) as session:
                await call(session, made.id)
    with pytest.raises(Invalid):
        async with unit_of_work(db, factories.actor(one)) as session:
            await offers.reject(session, made.id, "  ")


async def test_an_offer_that_runs_out_returns_to_the_front(db: Database, team: Team, clock: ManualClock) -> None:
    """With all it has waited; the agent has a miss, the next one is asked, and a late yes is refused."""
    one = await somebody(db, team, capacity=1)
    ticket = await arrive(db, team.id)
    made = await offer_of(db, ticket)
    entered = (await item(db, ticket)).entered_at
    clock.advance(timedelta(seconds=10))
    younger = await arrive(db, team.id)
    clock.advance(timedelta(seconds=20))
    async with unit_of_work(db) as session:
        await presence.heartbeat(session, one.id)
    other = await somebody(db, team, capacity=1)
    with pytest.raises(Conflict):
        await take(db, one, made.id)
    await settle(db)
    again = await offer_of(db, ticket)
    assert (again.agent_id, again.state) == (other.id, "offered")
    assert (await item(db, ticket)).entered_at == entered
    # Who let it pass is not asked for it again at once, but for the next one.
    assert (await offer_of(db, younger)).agent_id == one.id
    assert [each["outcome"] for each in await told(db, "offer.ended")] == ["missed"]


async def test_who_lets_offers_pass_is_set_away(db: Database, team: Team, clock: ManualClock) -> None:
    """Two in a row, as the queue says: on a break with the reason, and nothing is offered to her any more."""
    await set_queue(db, team.id, misses_before_away=2)
    one = await somebody(db, team, capacity=1)
    ticket = await arrive(db, team.id)
    for _ in range(2):
        clock.advance(timedelta(seconds=30))
        async with unit_of_work(db) as session:
            await presence.heartbeat(session, one.id)
        await settle(db)
        clock.advance(timedelta(seconds=30))
        async with unit_of_work(db) as session:
            await presence.heartbeat(session, one.id)
        await settle(db)
    async with db.sessions() as session:
        row = (await session.execute(text("select state, reason from presence"))).one()
    assert (row.state, row.reason) == ("break", offers.MISSED)
    assert (await item(db, ticket)).state == "waiting"
    async with db.sessions() as session:
        assert await session.scalar(text("select count(*) from offers where state = 'offered'")) == 0


async def test_who_refuses_says_why_and_is_not_asked_again_for_a_while(
    db: Database, team: Team, clock: ManualClock
) -> None:
    """It goes to the next one; when she is alone, it comes back to her after ten minutes."""
    one = await somebody(db, team)
    ticket = await arrive(db, team.id)
    made = await offer_of(db, ticket)
    async with unit_of_work(db, factories.actor(one)) as session:
        await offers.reject(session, made.id, "I do not speak French")
    await settle(db)
    ended = await offer_of(db, ticket)
    assert (ended.id, ended.state, ended.reason) == (made.id, "rejected", "I do not speak French")
    async with db.sessions() as session:
        waits = (await assignment.decisions(session, ticket))[0]
    assert waits.reason == "Waits: 1 refused it a moment ago"
    clock.advance(timedelta(minutes=10))
    async with unit_of_work(db) as session:
        await presence.heartbeat(session, one.id)
    await settle(db)
    assert (await offer_of(db, ticket)).state == "offered"


async def test_a_claim_by_hand_takes_the_offer_back(db: Database, team: Team) -> None:
    """A colleague takes the ticket from the list: the offer ends, and a yes to it changes nothing."""
    one = await somebody(db, team)
    other = await somebody(db, team, present=None)
    ticket = await arrive(db, team.id)
    made = await offer_of(db, ticket)
    async with unit_of_work(db, factories.actor(other, team)) as session:
        await lifecycle.claim(session, ticket)
    assert (await offer_of(db, ticket)).state == "withdrawn"
    with pytest.raises(Conflict):
        await take(db, one, made.id)
    assert await owners(db, ticket) == [other.id]


async def test_a_yes_and_its_end_at_once_leave_one_owner(db: Database, team: Team, clock: ManualClock) -> None:
    """She takes it while the timer ends it and a colleague claims it: one of them, and the load is hers alone."""
    one = await somebody(db, team)
    other = await somebody(db, team)
    ticket = await arrive(db, team.id)
    made = await offer_of(db, ticket)

    async def claim() -> None:
        async with unit_of_work(db, factories.actor(other, team)) as session:
            await lifecycle.claim(session, ticket)

    results = await asyncio.gather(take(db, one, made.id), claim(), return_exceptions=True)
    assert all(each is None or isinstance(each, DeskError) for each in results)
    (owner,) = await owners(db, ticket)
    row = await item(db, ticket)
    assert owner in (one.id, other.id)
    assert (row.state, row.agent_id) == ("assigned", owner)
    assert (await offer_of(db, ticket)).state in ("accepted", "withdrawn")


async def test_who_leaves_takes_no_offer_along(db: Database, team: Team, clock: ManualClock) -> None:
    """Her windows fell silent: what she was offered goes to the next one, as soon as that is known."""
    one = await somebody(db, team)
    ticket = await arrive(db, team.id)
    assert (await offer_of(db, ticket)).agent_id == one.id
    clock.advance(timedelta(seconds=presence.GRACE_SECONDS + 1))
    other = await somebody(db, team)
    async with unit_of_work(db) as session:
        await presence.sweep(session)
    await settle(db)
    assert (await offer_of(db, ticket)).agent_id == other.id


async def test_chats_of_a_lost_agent_go_back_soon_and_mails_after_hours(
    db: Database, team: Team, clock: ManualClock
) -> None:
    """A chat after its grace, a mail after two business hours of the queue, in front; nothing is left as her load."""
    await set_kind(db, "email")
    await set_queue(db, team.id, requeue_hours=2)
    one = await somebody(db, team)
    chat, mail = await arrive(db, team.id, channel="chat"), await arrive(db, team.id)
    assert await owners(db, chat, mail) == [one.id, one.id]
    async with unit_of_work(db) as session:
        await presence.set_state(session, one.id, "offline")
    other = await somebody(db, team)
    clock.advance(timedelta(seconds=59))
    await settle(db)
    assert await owners(db, chat, mail) == [one.id, one.id]
    clock.advance(timedelta(seconds=1))
    async with unit_of_work(db) as session:
        await presence.heartbeat(session, other.id)
    await settle(db)
    assert await owners(db, chat, mail) == [other.id, one.id]
    clock.advance(timedelta(hours=2))
    async with unit_of_work(db) as session:
        await presence.heartbeat(session, other.id)
    await settle(db)
    assert await owners(db, chat, mail) == [other.id, other.id]
    assert [each["because"] for each in await told(db, "routing.returned")] == [assignment.LOST] * 2


async def test_who_comes_back_in_time_keeps_what_she_had(db: Database, team: Team, clock: ManualClock) -> None:
    """Away for a moment: her chat stays hers, also when the timer comes."""
    one = await somebody(db, team)
    await set_kind(db, "email")
    chat = await arrive(db, team.id, channel="chat")
    async with unit_of_work(db) as session:
        await presence.set_state(session, one.id, "offline")
    clock.advance(timedelta(seconds=40))
    async with unit_of_work(db) as session:
        await presence.set_state(session, one.id, "available")
    clock.advance(timedelta(seconds=40))
    await settle(db)
    assert await owners(db, chat) == [one.id]

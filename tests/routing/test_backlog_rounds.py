"""A round over a long backlog reads little of it, and yet finds whatever somebody free can take."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from core.clock import ManualClock
from core.db import Database, unit_of_work
from routing import floor as floors
from routing import hours, rounds, skills
from routing.hours import Schedule, Window
from routing.rings import Need, Ring
from staff.models import Agent, Team
from tests import factories
from tests.routing.deciding import arrive, owners, set_queue, settle, wire

MANY = 12
"""More than twice what a round reads of a lane at first."""


@pytest.fixture(autouse=True)
def wired(clock: ManualClock) -> None:
    """The product's handlers."""
    wire()


async def backlog(db: Database, **fields: Any) -> tuple[Team, int]:
    """A team whose queue needs a skill."""
    async with unit_of_work(db) as session:
        team = await factories.team(session)
        rare = await skills.save(session, "Old Norse")
    await set_queue(db, team.id, skills=(Need(rare),), **fields)
    return team, rare


async def somebody(db: Database, team: Team, capacity: int = 1) -> Agent:
    """An agent who is there."""
    async with unit_of_work(db) as session:
        return await factories.agent(session, team, capacity=capacity, present="available")


async def change(db: Database, statement: str, values: Sequence[dict[str, Any]]) -> None:
    """Rows as they are after something that no handler saw."""
    async with db.sessions() as session, session.begin():
        await session.execute(text(statement), list(values))


async def test_what_nobody_free_can_do_is_not_read_to_its_end(db: Database) -> None:
    """Somebody is free who cannot what waits: the first few of the lane tell it of all of them."""
    team, _ = await backlog(db)
    for _ in range(MANY):
        await arrive(db, team.id)
    await somebody(db, team)
    async with unit_of_work(db) as session:
        floor = await floors.of_everything(session)
        assert floor is not None
        await floors.read_first(session, floor, list(floor.spots), rounds.FIRST_PAGE, rounds.FIRST_PAGE)
        assert floor.engine.decide(floor.at) == []
        assert not await floors.read_next(session, floor, 4 * rounds.FIRST_PAGE)
        assert len(floor.rows) == rounds.FIRST_PAGE


async def test_behind_what_she_refused_she_finds_more(db: Database, clock: ManualClock) -> None:
    """She has refused all that stands in front; one round gives her what stands behind it."""
    team, rare = await backlog(db)
    waiting = [await arrive(db, team.id) for _ in range(MANY)]
    agent = await somebody(db, team)
    async with unit_of_work(db) as session:
        await skills.set_agent(session, agent.id, {rare: 3}, None)
    until = (clock.now() + timedelta(minutes=10)).timestamp()
    refused = "update work_items set refusals = jsonb_build_object(cast(:agent as text), cast(:until as float8))"
    values = [{"agent": str(agent.id), "until": until, "id": each} for each in waiting[:-1]]
    await change(db, f"{refused} where ticket_id = :id", values)
    async with unit_of_work(db) as session:
        assert (await rounds.give_away(session, 50, "test")).given == 1
    assert await owners(db, waiting[-1]) == [agent.id]


@pytest.mark.parametrize("prefers", ["sticky", "owner"])
async def test_who_is_preferred_is_found_behind_what_she_cannot(db: Database, prefers: str) -> None:
    """Whom a request prefers needs no skill for it; that others stand before it, which she cannot take, hides nothing."""
    team, _ = await backlog(db, sticky_seconds=600, owner_seconds=600)
    waiting = [await arrive(db, team.id) for _ in range(MANY)]
    agent = await somebody(db, team)
    column = f"{prefers}_agent_id"
    values = [{"agent": agent.id, "id": waiting[-1]}]
    await change(db, f"update work_items set {column} = :agent where ticket_id = :id", values)
    async with unit_of_work(db) as session:
        assert (await rounds.give_away(session, 50, "test")).given == 1
    assert await owners(db, waiting[-1]) == [agent.id]


async def test_an_opening_looks_only_at_what_time_moves(db: Database, clock: ManualClock) -> None:
    """What came an hour before has reached its ring; the first of the lane and what came last are looked at anew."""
    clock.advance(datetime(2026, 3, 3, 8, tzinfo=UTC) - clock.now())
    async with unit_of_work(db) as session:
        office = Schedule(name="office", time_zone="UTC", weekly=((Window(9 * 60, 17 * 60),),) * 7)
        await hours.write(session, office)
    team, _ = await backlog(db, hours="office", rings=(Ring(180, lower=1),))
    await settle(db)
    early = [await arrive(db, team.id) for _ in range(3)]
    clock.advance(timedelta(minutes=59))
    late = await arrive(db, team.id)
    clock.advance(timedelta(minutes=1))
    await settle(db)
    async with db.sessions() as session:
        looked = text("select ticket_id from routing_decisions where trigger = 'its queue has opened' order by id")
        assert list(await session.scalars(looked)) == [early[0], late]
        timers = text("select args ->> 'ticket_id' from timers where job = 'routing.look'")
        assert list(await session.scalars(timers)) == [str(late)]

"""Promises of agents: a word with a date, its own clock, and what becomes of it."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from core.errors import Conflict, Invalid, NotFound
from routing import promises, promising
from routing.models import Promise
from routing.promising import Words
from tests import factories
from tests.routing.promising import HOUR, NOW, agent, clocks_of, due, opened, run_due, status, told, wire
from tickets import listing
from tickets.models import Ticket

TOMORROW = NOW + 24 * HOUR


@pytest.fixture(autouse=True)
def wired(clock: ManualClock) -> None:
    """The product's own table of handlers."""
    wire()


async def promised(db: Database, ticket: int, text: str = "I call back", due_at: datetime = TOMORROW) -> int:
    """An agent's word."""
    async with unit_of_work(db) as session:
        return (await promising.make(session, ticket, Words(text=text, due_at=due_at))).id


async def row(db: Database, promise_id: int) -> Promise:
    """As it stands."""
    async with reading(db) as session:
        return await session.get_one(Promise, promise_id)


async def test_a_promise_has_a_clock_that_nothing_stops(db: Database, clock: ManualClock) -> None:
    """Due on the ticket and in its view, told to the customer; neither a pause nor a solution changes it."""
    neha = await agent(db)
    ticket = await opened(db)
    async with unit_of_work(db, factories.actor(neha)) as session:
        made = await promising.make(session, ticket, Words(text="  I call\nback ", due_at=TOMORROW))
        assert (await promising.make(session, ticket, Words(text="I call back", due_at=TOMORROW))).id == made.id
    assert (made.text, made.made_by, made.made_by_id) == ("I call back", "Neha", neha.id)
    clock.advance(HOUR)
    for value in ("pending", "solved"):
        await status(db, ticket, value)
    assert (await clocks_of(db, ticket))["promise"].due_at == TOMORROW
    boss = factories.actor(neha, rights=factories.AGENT_RIGHTS | {"tickets:read_all"})
    async with db.sessions() as session:
        page = await listing.list_tickets(session, boss, listing.ListQuery(view="promised", sort="due"))
    assert [(each.id, each.due_at) for each in page.items] == [(ticket, TOMORROW)]
    async with reading(db) as session:
        assert [each.text for each in await promises.told(session, ticket)] == ["I call back"]


async def test_it_is_warned_of_and_broken_at_its_moment_and_kept_late(db: Database, clock: ManualClock) -> None:
    """Warned before, missed once; done later it is kept, and on record as late. Kept in time nothing is said."""
    ticket, other = await opened(db), await opened(db)
    broken, kept = await promised(db, ticket), await promised(db, other)
    clock.advance(18 * HOUR)
    await run_due(db)
    assert [each["percent"] for each in await told(db, ticket, "sla.warned")] == [75]
    async with unit_of_work(db) as session:
        await promising.keep(session, kept)
    clock.advance(6 * HOUR)
    await run_due(db)
    (breach,) = await told(db, ticket, "sla.breached")
    assert (breach["clock"], breach["reason"]) == ("promise", "I call back")
    assert (await row(db, broken)).broken_at == TOMORROW
    clock.advance(HOUR)
    async with unit_of_work(db) as session:
        await promising.keep(session, broken)
    assert (await row(db, broken)).kept_at == TOMORROW + HOUR
    assert [each["in_time"] for each in await told(db, ticket, "promise.kept")] == [False]
    assert [each["in_time"] for each in await told(db, other, "promise.kept")] == [True]
    assert await told(db, other, "sla.breached") == []
    assert (await due(db, ticket), await due(db, other)) == (None, None)


async def test_what_nobody_has_noticed_is_broken_when_it_is_kept(db: Database, clock: ManualClock) -> None:
    """The scheduler was away: the breach is the same, at the moment that was promised."""
    ticket = await opened(db)
    made = await promised(db, ticket)
    clock.advance(48 * HOUR)
    async with unit_of_work(db) as session:
        await promising.keep(session, made)
    assert (await row(db, made)).broken_at == TOMORROW
    assert len(await told(db, ticket, "sla.breached")) == 1


async def test_it_is_moved_and_withdrawn_on_record(db: Database, clock: ManualClock) -> None:
    """Another moment is warned of anew; withdrawn it is due no more and shown to nobody; settled it stays."""
    ticket = await opened(db)
    made, other = await promised(db, ticket), 0
    clock.advance(20 * HOUR)
    await run_due(db)
    other = await promised(db, ticket, "I send the part", TOMORROW + 100 * HOUR)
    async with unit_of_work(db) as session:
        await promising.move(session, made, Words(text="I call back", due_at=NOW + 40 * HOUR, is_told=False))
    assert await due(db, ticket) == NOW + 40 * HOUR
    clock.advance(10 * HOUR)
    await run_due(db)
    assert [each["percent"] for each in await told(db, ticket, "sla.warned")] == [75, 75]
    (moved,) = await told(db, ticket, "promise.moved")
    assert datetime.fromisoformat(moved["old"]) == TOMORROW
    async with unit_of_work(db) as session:
        await promising.withdraw(session, other)
        with pytest.raises(Conflict):
            await promising.keep(session, other)
        with pytest.raises(NotFound):
            await promising.keep(session, other + 99)
    async with reading(db) as session:
        assert await promises.told(session, ticket) == []
        assert await session.scalar(select(Ticket.promise_due_at)) == NOW + 40 * HOUR


async def test_a_promise_that_is_moved_warns_of_nothing_twice(db: Database, clock: ManualClock) -> None:
    """A little later: what was told is told. Nearer: the parts that have passed by the new time are told once."""
    ticket = await opened(db)
    made = await promised(db, ticket, due_at=NOW + 10 * HOUR)
    clock.advance(8 * HOUR)
    for due_at, percents in ((10.5, [75]), (9, [75]), (8.5, [75, 90]), (8.75, [75, 90])):
        await run_due(db)
        async with unit_of_work(db) as session:
            await promising.move(session, made, Words(text="I call back", due_at=NOW + due_at * HOUR))
        await run_due(db)
        assert [each["percent"] for each in await told(db, ticket, "sla.warned")] == percents, due_at
    clock.advance(HOUR)
    await run_due(db)
    assert len(await told(db, ticket, "sla.breached")) == 1


@pytest.mark.parametrize(
    ("text", "ahead", "field"),
    [(" ", HOUR, "text"), ("x" * 301, HOUR, "text"), ("x", -HOUR, "dueAt"), ("x", timedelta(days=400), "dueAt")],
)
async def test_a_promise_says_something_about_the_near_future(
    db: Database, clock: ManualClock, text: str, ahead: timedelta, field: str
) -> None:
    """Refused with the field that is wrong; the same put right is taken."""
    ticket = await opened(db)
    with pytest.raises(Invalid) as refused:
        await promised(db, ticket, text, NOW + ahead)
    assert refused.value.extra["errors"][0]["field"] == field
    assert await promised(db, ticket) > 0

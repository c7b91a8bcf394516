"""The past is read from the event log: what came, who had it when and for how long, who was there."""

from datetime import timedelta

import pytest

from channels.acknowledge import Acknowledger
from channels.notify import Notifier
from channels.product_mail import ProductMail
from channels.review_mail import ReviewMail
from core import clock as desk_clock
from core import events
from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from core.errors import Invalid
from core.settings import load
from portal.surveys import Surveys
from routing import hours
from routing.events import PresenceChanged
from sampark.wiring import handlers
from tests import factories
from tickets import lifecycle
from tickets.lifecycle import TicketChange
from tickets.templates import Surroundings
from workforce import history, traffic, whatif
from workforce.replay import replay


@pytest.fixture(autouse=True)
def wired(clock: ManualClock) -> None:
    """The product's own table of handlers."""
    acknowledger = Acknowledger(Surroundings(), "en", "secret")
    products, surveys = ProductMail("", "", "", "en"), Surveys(load(), "secret")
    events.subscribe(handlers(acknowledger, Notifier(""), products, surveys, ReviewMail("")))


async def test_what_came_is_read_and_replayed(db: Database, clock: ManualClock) -> None:
    """Two mails and one agent with room for one: the second waits until the first is solved; two of her would do."""
    since = desk_clock.now()
    async with unit_of_work(db) as session:
        team = await factories.team(session, "Support")
        agent = await factories.agent(session, team, name="Anna", capacity=1, present="available")
    first, second = [], []
    for into in (first, second):
        clock.advance(timedelta(seconds=10))
        async with unit_of_work(db) as session:
            into.append((await factories.received(session, team_id=team.id)).ticket_id)
    clock.advance(timedelta(seconds=590))
    async with unit_of_work(db) as session:
        await lifecycle.change(session, first[0], TicketChange(status="solved"))
        await lifecycle.change(session, second[0], TicketChange(assignee_id=agent.id))
    clock.advance(timedelta(seconds=10))
    async with reading(db) as session:
        found = await traffic.read(session, since, desk_clock.now())
        with pytest.raises(Invalid):
            await traffic.read(session, since, since)
    one, other = found.items
    assert (one.number, other.number) == (first[0], second[0])
    assert (one.waited_seconds, one.work_seconds) == (0, 600)
    assert (other.waited_seconds, other.work_seconds) == (590, None)
    assert found.queue_names[one.queue_id] == "Support"
    same = replay(found, whatif.Rules())
    assert same.whole.recorded.longest_wait_seconds == 590
    assert same.whole.before.longest_wait_seconds == 590
    more = replay(found, whatif.read(f"agents: {{{agent.email}: {{capacity: 2}}}}"))
    assert more.whole.after.longest_wait_seconds == 0


async def test_who_was_there_is_known_from_presence(db: Database, clock: ManualClock) -> None:
    """Who was available before the beginning is so at it; a break in it is a break in the replay."""
    async with unit_of_work(db) as session:
        team = await factories.team(session, "Support")
        agent = await factories.agent(session, team)
        events.record(session, PresenceChanged(agent_id=agent.id, old="offline", new="available"))
    clock.advance(timedelta(hours=1))
    since = desk_clock.now()
    async with unit_of_work(db) as session:
        events.record(session, PresenceChanged(agent_id=agent.id, old="available", new="break"))
    clock.advance(timedelta(minutes=5))
    async with unit_of_work(db) as session:
        await factories.received(session, team_id=team.id)
    clock.advance(timedelta(minutes=5))
    async with unit_of_work(db) as session:
        events.record(session, PresenceChanged(agent_id=agent.id, old="break", new="available"))
    clock.advance(timedelta(minutes=1))
    async with reading(db) as session:
        found = await traffic.read(session, since, desk_clock.now())
    assert found.desk.agents[agent.id].state == "available"
    assert [each.agent.state for each in found.desk.changes if each.agent] == ["break", "available"]
    told = replay(found, whatif.Rules()).whole
    assert told.recorded.waiting == 1
    assert told.before.longest_wait_seconds == 300


async def test_what_came_is_counted_by_half_hours_of_the_desk(db: Database, clock: ManualClock) -> None:
    """By kinds, in the desk's own time zone, whole days only, and without what was imported."""
    async with unit_of_work(db) as session:
        for _ in range(3):
            await factories.received(session)
        await factories.received(session, archived=True)
    came = desk_clock.now()
    clock.advance(timedelta(days=2))
    async with reading(db) as session:
        found = await history.days(session)
    assert set(found) == {"email"}
    assert [sum(halves) for halves in found["email"].values()] == [3, 0]
    local = came.astimezone(hours.Schedule().zone)
    assert found["email"][local.date()][local.hour * 2 + local.minute // 30] == 3

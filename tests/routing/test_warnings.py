"""Warnings: told before a deadline is missed, to the owner first and then to the leads, never twice, never in a pause."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from channels.models import Notice
from channels.notify import JOB as NOTIFY_JOB
from channels.notify import Notifier
from core import timers
from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from core.jobs import Definition, Registry, Worker
from routing import anew, clocks, policies
from routing.clocks import Clock
from routing.deadlines import elapsed
from routing.hours import Schedule
from routing.policies import Draft, Target
from staff.models import Agent, Role
from tests import factories
from tests.routing.promising import HOUR, NOW, agent, clocks_of, opened, policy, run_due, status, told, wire
from tests.routing.test_deadlines import clock as a_clock
from tests.routing.test_deadlines import loose, statuses
from tests.routing.test_hours import schedules
from tickets import lifecycle
from tickets.lifecycle import TicketChange

MINUTE = timedelta(minutes=1)
SOLVED_IN_TEN = {"resolution": Target(600, business=False)}
HALF_AND_NINE_TENTHS = (50, 90)


@pytest.fixture(autouse=True)
def wired(clock: ManualClock) -> Notifier:
    """The product's own table of handlers."""
    return wire()


async def owned(db: Database, who: Agent) -> int:
    """A ticket of hers that was opened just now."""
    ticket = await opened(db)
    async with unit_of_work(db) as session:
        await lifecycle.change(session, ticket, TicketChange(assignee_id=who.id))
    return ticket


async def lead(db: Database) -> Agent:
    """Somebody who leads."""
    async with unit_of_work(db) as session:
        made = await factories.agent(session, name="Arjun")
        await session.execute(update(Role).where(Role.id == made.role_id).values(name="lead"))
    return made


async def warned(db: Database, ticket: int) -> list[tuple[int, list[int]]]:
    """At how many percent whom."""
    return [(each["percent"], each["told"]) for each in await told(db, ticket, "sla.warned")]


async def test_the_owner_is_warned_first_then_the_leads_and_nobody_twice(
    db: Database, clock: ManualClock, wired: Notifier
) -> None:
    """At each part of the time, not a second before; by mail to who wants such mails; then it is missed, once."""
    await policy(db, targets=SOLVED_IN_TEN, warnings=HALF_AND_NINE_TENTHS)
    neha, arjun = await agent(db), await lead(db)
    async with unit_of_work(db) as session:
        await session.execute(update(Agent).values(notify={"late": True}))
    ticket = await owned(db, neha)
    clock.advance(5 * HOUR - timedelta(seconds=1))
    await run_due(db)
    assert await warned(db, ticket) == []
    clock.advance(timedelta(seconds=1))
    for _ in range(2):
        await run_due(db)
    assert await warned(db, ticket) == [(50, [neha.id])]
    mail = Worker(db, Registry((Definition(NOTIFY_JOB, wired.send),)))
    await mail.drain()
    clock.advance(4 * HOUR)
    for _ in range(2):
        await run_due(db)
    assert await warned(db, ticket) == [(50, [neha.id]), (90, [neha.id, arjun.id])]
    assert await told(db, ticket, "sla.breached") == []
    assert (await clocks_of(db, ticket))["resolution"].warns_at is None
    await mail.drain()
    async with reading(db) as session:
        mails = [(each.kind, each.agent_id, each.text) for each in await session.scalars(select(Notice))]
    assert [each[:2] for each in mails] == [("warned", neha.id), ("warned", neha.id), ("warned", arjun.id)]
    assert f"Ticket {ticket} will soon miss the time that was promised" in mails[0][2]
    assert "because the ticket is yours" in mails[1][2]
    assert "because you lead the team" in mails[2][2]
    clock.advance(HOUR)
    await run_due(db)
    assert len(await told(db, ticket, "sla.breached")) == 1
    assert len(await warned(db, ticket)) == 2


async def test_a_ticket_of_nobody_warns_the_leads_at_once(db: Database, clock: ManualClock) -> None:
    """Those of its team before others; somebody must hear of it in time."""
    await policy(db, targets=SOLVED_IN_TEN, warnings=HALF_AND_NINE_TENTHS)
    await lead(db)
    async with unit_of_work(db) as session:
        team = await factories.team(session)
        chief = await factories.agent(session, team)
        admin = await factories.agent(session, team)
        await session.execute(update(Role).where(Role.id == admin.role_id).values(name="admin"))
        await session.execute(update(Role).where(Role.name == "lead").values(name="was lead"))
        await session.execute(update(Role).where(Role.id == chief.role_id).values(name="lead"))
    ticket = await opened(db, team_id=team.id)
    clock.advance(5 * HOUR)
    await run_due(db)
    assert await warned(db, ticket) == [(50, [chief.id])]


async def test_nobody_is_warned_in_a_pause_nor_of_what_has_passed(db: Database, clock: ManualClock) -> None:
    """A pause moves the warning by itself; after a downtime the latest counts, or the breach alone."""
    await policy(db, targets=SOLVED_IN_TEN, warnings=HALF_AND_NINE_TENTHS)
    resting, slept, missed = [await opened(db) for _ in range(3)]
    clock.advance(HOUR)
    await status(db, resting, "pending")
    clock.advance(8.5 * HOUR)
    await run_due(db)
    assert [await warned(db, each) for each in (resting, slept)] == [[], [(90, [])]]
    clock.advance(24 * HOUR)
    await run_due(db)
    assert (await warned(db, resting), len(await told(db, missed, "sla.breached"))) == ([], 1)
    await status(db, resting, "open")
    clock.advance(4 * HOUR)
    await run_due(db)
    assert await warned(db, resting) == [(50, [])]
    late = await opened(db)
    clock.advance(11 * HOUR)
    await run_due(db)
    assert (await warned(db, late), len(await told(db, late, "sla.breached"))) == ([], 1)


async def test_another_deadline_is_warned_of_anew_the_same_one_is_not(db: Database, clock: ManualClock) -> None:
    """The policy is changed for open tickets: with the same time nobody hears it twice, with more time later again."""
    made = await policy(db, targets=SOLVED_IN_TEN, warnings=HALF_AND_NINE_TENTHS)
    ticket = await opened(db)
    clock.advance(6 * HOUR)
    await run_due(db)
    for minutes in (600, 1200):
        async with unit_of_work(db) as session:
            targets: dict[Any, Target] = {"resolution": Target(minutes, business=False)}
            draft = Draft(name="Everybody", targets=targets, warnings=HALF_AND_NINE_TENTHS)
            await policies.save(session, draft, made.id)
            await anew.promise_to_open_ones(session)
        await run_due(db)
        await run_due(db)
        assert len(await warned(db, ticket)) == 1
    clock.advance(4 * HOUR)
    await run_due(db)
    assert [each["due_at"] for each in await told(db, ticket, "sla.warned")] == [
        (NOW + 10 * HOUR).isoformat().replace("+00:00", "Z"),
        (NOW + 20 * HOUR).isoformat().replace("+00:00", "Z"),
    ]


async def test_the_scheduler_wakes_at_the_warning(db: Database, clock: ManualClock) -> None:
    """One timer for each ticket, at whatever comes first; so a warning is as late as the scheduler's next look."""
    await policy(db, targets=SOLVED_IN_TEN, warnings=(10,))
    await opened(db)
    async with reading(db) as session:
        assert await timers.next_due(session) == NOW + HOUR


@loose
@given(
    st.lists(st.tuples(st.integers(1, 90_000), statuses), max_size=10),
    schedules(),
    st.lists(st.integers(1, 99), max_size=4, unique=True),
)
def test_each_warning_comes_once_at_its_part_of_the_counted_time(
    steps: list[tuple[int, str]], schedule: Schedule, warnings: list[int]
) -> None:
    """Whatever happens to a ticket: in order, each once, when so much of its time has counted, and never in a pause."""
    now = since = datetime.fromisoformat("2026-03-02T04:00:00+00:00")
    one: Clock = a_clock(since=since, minutes=60 * 24)
    one.warnings = warnings
    hours = {"default": schedule}
    clocks.wind(one, hours)
    told: list[int] = []
    for seconds, new in [*steps, (10**7, "open"), (10**7, "open")]:
        end = now + timedelta(seconds=seconds)
        while one.runs and one.warns_at is not None and one.warns_at <= end:
            at = one.warns_at
            percent = min(each for each in one.warnings if each > one.warned)
            assert elapsed(schedule, since, at, one.pauses) == pytest.approx(864 * percent)
            assert clocks.warn(one, at, hours) is not None
            told.append(one.warned)
        if one.runs and one.is_late(end):
            one.breached_at = one.due_at
        now = end
        clocks.follow([one], new, now)
        clocks.wind(one, hours)
        assert one.warns_at is None or one.runs
    assert told == sorted(set(told))
    assert set(told) <= set(warnings)

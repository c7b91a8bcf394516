"""The honest wait: from own data, in business time, and nothing where too little is known."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from routing import hours, waiting
from routing.hours import DAY, Schedule, Window
from tests import factories
from tickets.first_answers import FirstAnswer
from tickets.models import Ticket

ALWAYS = Schedule(time_zone="UTC", weekly=((Window(0, DAY),),) * 7)
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


def answered(*minutes: float) -> list[FirstAnswer]:
    """Tickets that were answered after so many minutes."""
    asked = NOW - timedelta(days=3)
    return [FirstAnswer(asked, asked + timedelta(minutes=each)) for each in minutes]


def test_a_range_from_the_half_to_nine_of_ten() -> None:
    """Of a hundred waits of 1 to 100 minutes: 50 and 90."""
    found = waiting.usual(answered(*range(1, 101)), ALWAYS, NOW)
    assert found is not None
    assert (found.half, found.most, found.count) == (50 * 60, 90 * 60, 100)


@pytest.mark.parametrize("count", [0, 1, waiting.FEWEST - 1])
def test_too_little_says_nothing(count: int) -> None:
    """No number is better than a wrong one."""
    assert waiting.usual(answered(*range(count)), ALWAYS, NOW) is None


def test_nights_do_not_count() -> None:
    """Asked in the evening and answered in the morning is half an hour."""
    asked = datetime(2026, 3, 2, 18, 15, tzinfo=hours.Schedule().zone)
    one = FirstAnswer(asked, asked + timedelta(hours=15))
    found = waiting.usual([one] * 30, Schedule(), NOW)
    assert found is not None
    assert found.half == found.most == 30 * 60


def test_a_desk_that_stops_answering_does_not_look_good() -> None:
    """Those who still wait count as soon as they wait longer than half of the others; new ones do not."""
    quick = answered(*([10] * 30))
    fresh = [FirstAnswer(NOW - timedelta(minutes=5), None)] * 10
    stuck = [FirstAnswer(NOW - timedelta(days=2), None)] * 10
    usual = waiting.usual([*quick, *fresh], ALWAYS, NOW)
    worse = waiting.usual([*quick, *stuck], ALWAYS, NOW)
    assert usual is not None
    assert worse is not None
    assert (usual.most, worse.most) == (600, 2 * 86_400)


async def test_it_is_read_from_the_desks_own_tickets(db: Database, clock: ManualClock) -> None:
    """Of the last weeks, of a team or of all; robots, merged and unanswered finished ones are left out."""
    async with unit_of_work(db) as session:
        team = await factories.team(session)
        for number in range(waiting.FEWEST):
            got = await factories.received(session, team_id=team.id)
            reply_at = clock.now() + timedelta(minutes=number)
            await session.execute(update(Ticket).where(Ticket.id == got.ticket_id).values(first_reply_at=reply_at))
        for fields in ({"is_auto": True}, {"archived": True}):
            await factories.received(session, **fields)
    async with reading(db) as session:
        found = await waiting.first_answer(session, ALWAYS, team.id)
        assert found is not None
        assert (found.count, found.most) == (waiting.FEWEST, 17 * 60)
        assert await waiting.first_answer(session, ALWAYS, team.id + 1) is None
    clock.advance(timedelta(weeks=waiting.WEEKS, hours=1))
    async with reading(db) as session:
        assert await waiting.first_answer(session, ALWAYS, team.id) is None

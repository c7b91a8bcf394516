"""How content customers are, counted."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from staff.permissions import ROLES
from tests import factories
from tickets import satisfaction_report
from tickets.models import Satisfaction
from tickets.satisfaction_report import Asked, step_of

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
WEEK = Asked(since=NOON - timedelta(days=3), until=NOON + timedelta(days=3))


@pytest.fixture
async def people(db: Database, clock: ManualClock) -> dict[str, Any]:
    """Two teams with an agent each, and tickets with answers: (team, score, hours after noon, words, by mail)."""
    async with unit_of_work(db) as session:
        teams = [await factories.team(session, name) for name in ("Repairs", "Billing")]
        agents = [await factories.agent(session, each) for each in teams]
        answers = (
            (0, 5, 0, "Quick!", True),
            (0, 4, 1, "", True),
            (1, 1, 24, "It drips", True),
            (1, None, 25, "", True),
            (1, 5, 26, "", False),
        )
        tickets = []
        for number, (team, score, later, comment, mailed) in enumerate(answers):
            got = await factories.received(session, f"p{number}@customer.example", team_id=teams[team].id)
            at = NOON + timedelta(hours=later)
            session.add(
                Satisfaction(
                    ticket_id=got.ticket_id,
                    customer_id=got.customer_id,
                    agent_id=agents[team].id,
                    team_id=teams[team].id,
                    address="asha@customer.example" if mailed else None,
                    asked_at=at,
                    score=score,
                    reasons=["clear"] if score else [],
                    comment=comment,
                    answered_at=at if score else None,
                    changed_at=at if score else None,
                )
            )
            tickets.append(got.ticket_id)
    return {"teams": teams, "agents": agents, "tickets": tickets}


async def test_the_report_counts(db: Database, people: dict[str, Any]) -> None:
    """Asked, answered, average, share of good scores, by team, agent and time."""
    async with reading(db) as session:
        found = await satisfaction_report.report(session, WEEK)
        assert (found.asked, found.returned, found.answered, found.average, found.content) == (4, 3, 4, 3.75, 0.75)
        assert (found.scores, found.reasons) == ([1, 0, 0, 1, 2], {"clear": 4})
        for narrower in ({"team_id": people["teams"][0].id}, {"agent_id": people["agents"][0].id}):
            theirs = await satisfaction_report.report(session, Asked(since=WEEK.since, until=WEEK.until, **narrower))
            assert (theirs.answered, theirs.average) == (2, 4.5)
        before = Asked(since=NOON - timedelta(days=2), until=NOON)
        empty = await satisfaction_report.report(session, before)
        assert (empty.asked, empty.average, empty.content) == (0, None, None)


async def test_the_course_has_no_gap_and_begins_with_the_days_of_a_time_zone(
    db: Database, people: dict[str, Any]
) -> None:
    """Noon in Greenwich is late on the same day in India and on the next one in Kiritimati; days without answers stay."""
    async with reading(db) as session:
        course = await satisfaction_report.course(session, WEEK, "Asia/Kolkata")
        assert [(each.day, each.answered, each.average) for each in course.stretches] == [
            (date(2026, 2, 27), 0, None),
            (date(2026, 2, 28), 0, None),
            (date(2026, 3, 1), 0, None),
            (date(2026, 3, 2), 2, 4.5),
            (date(2026, 3, 3), 2, 3.0),
            (date(2026, 3, 4), 0, None),
            (date(2026, 3, 5), 0, None),
        ]
        farther = await satisfaction_report.course(session, WEEK, "Pacific/Kiritimati")
        assert [each.day.day for each in farther.stretches if each.answered] == [3, 4]
        year = Asked(since=NOON - timedelta(days=300), until=NOON + timedelta(days=30))
        months = await satisfaction_report.course(session, year, "Asia/Kolkata")
        assert (months.step, months.stretches[-2].day, months.stretches[-2].answered) == (
            "month",
            date(2026, 3, 1),
            4,
        )


@pytest.mark.parametrize(("days", "step"), [(1, "day"), (35, "day"), (90, "week"), (200, "week"), (201, "month")])
def test_steps_grow_with_the_time(days: int, step: str) -> None:
    """A few dozen of them at most."""
    assert step_of(timedelta(days=days)) == step


async def test_the_shares_name_who_had_the_tickets(db: Database, people: dict[str, Any]) -> None:
    """By team and by agent, the most answers first; what had nobody is a share as well."""
    async with unit_of_work(db) as session:
        first = select(Satisfaction).where(Satisfaction.ticket_id == people["tickets"][0])
        row = (await session.scalars(first)).one()
        row.team_id = row.agent_id = None
    async with reading(db) as session:
        teams = await satisfaction_report.shares(session, WEEK, "team")
        assert [(each.name, each.asked, each.answered, each.average, each.content) for each in teams] == [
            ("Billing", 2, 2, 3.0, 0.5),
            ("Repairs", 1, 1, 4.0, 1.0),
            ("", 1, 1, 5.0, 1.0),
        ]
        agents = await satisfaction_report.shares(session, WEEK, "agent")
        assert [each.id for each in agents] == [people["agents"][1].id, people["agents"][0].id, None]


async def test_ratings_come_page_by_page_and_only_of_tickets_that_one_may_see(
    db: Database, people: dict[str, Any]
) -> None:
    """Newest first with who had the ticket; low ones, those with words; an agent of one team reads only hers."""
    lead = factories.actor(people["agents"][1], rights=ROLES["lead"])
    own = factories.actor(people["agents"][1], people["teams"][1])
    async with reading(db) as session:
        first, following = await satisfaction_report.ratings(session, lead, WEEK, limit=3)
        rest, end = await satisfaction_report.ratings(session, lead, WEEK, limit=3, cursor=following)
        assert ([each.score for each in [*first, *rest]], end) == ([5, 1, 4, 5], None)
        assert [each.ticket_id for each in rest] == [people["tickets"][0]]
        low, _ = await satisfaction_report.ratings(session, lead, WEEK, most=2)
        assert [(each.comment, each.team, each.customer) for each in low] == [("It drips", "Billing", "Asha Rao")]
        spoken, _ = await satisfaction_report.ratings(session, lead, WEEK, commented=True)
        assert [each.comment for each in spoken] == ["It drips", "Quick!"]
        seen, _ = await satisfaction_report.ratings(session, own, WEEK)
        assert [each.team for each in seen] == ["Billing", "Billing"]

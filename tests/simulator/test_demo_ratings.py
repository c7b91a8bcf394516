"""What the demo company's customers answered to its surveys."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from channels.email.tokens import Tokens
from simulator import demo, demo_people, demo_ratings, demo_rows, demo_talk, demo_threads
from simulator.demo_events import History
from simulator.demo_rows import Row, Rows, World
from tests.conftest import START

SUNDAY = datetime(2026, 10, 25, 22, 30, tzinfo=ZoneInfo("Europe/Berlin"))
pytestmark = pytest.mark.slow


def rated(now: datetime) -> tuple[list[Row], History, dict[int, demo_threads.Plan]]:
    """The ratings of a company that begins at an instant, without a database."""
    people = demo_people.customers(demo.CUSTOMERS, demo_talk.cities())
    for number, person in enumerate(people, 1):
        person.id = number
    plans = demo_threads.Planner(people, now).plan(demo.TICKETS, demo.LIVE)
    demo_rows.number(plans, 1, 1)
    world = World(now, Tokens("secret", "desk.example"), [*range(1, 20)], {}, {}, {})
    history = History(world, Rows())
    tickets: list[Row] = [
        {"id": plan.id, "assignee_id": plan.assignee, "team_id": 1, "first_reply_at": plan.solved_at} for plan in plans
    ]
    return demo_ratings.write(history, plans, tickets), history, {plan.id: plan for plan in plans}


def test_each_customer_is_asked_once_after_the_solution_and_half_answer() -> None:
    """A day later and never in the future; what was answered is told by an event of the customer, at its place."""
    rows, history, plans = rated(START)
    assert len(rows) == len({row["customer_id"] for row in rows}) > 300
    assert all(row["asked_at"] == plans[row["ticket_id"]].solved_at + timedelta(days=1) for row in rows)
    answered = [row for row in rows if row["score"] is not None]
    assert 0.45 < len(answered) / len(rows) < 0.65
    assert all(row["asked_at"] < row["answered_at"] < START for row in answered)
    assert sum(bool(row["comment"]) for row in rows) > 50
    assert sorted(row["answered_at"] for row in answered) == [row["at"] for row in history.events]
    assert {row["kind"] for row in history.events} == {"ticket.rated"}


def test_another_day_gives_the_same_ratings() -> None:
    """But for times."""
    first, second = [
        [{name: value for name, value in row.items() if not name.endswith("_at")} for row in rated(now)[0]]
        for now in (START, SUNDAY)
    ]
    assert first == second

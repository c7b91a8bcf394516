"""Reports over the API."""

import pytest
from sqlalchemy import text

from core.db import Database, unit_of_work
from tests.agent_ui.conftest import Desk
from tickets import lifecycle, satisfaction
from tickets.lifecycle import TicketChange

PATH = "/api/reports/satisfaction"


async def test_leads_read_how_content_customers_are(desk: Desk, db: Database, ticket: int) -> None:
    """Of the last four weeks, or of a time; agents do not."""
    async with unit_of_work(db) as session:
        await lifecycle.change(session, ticket, TicketChange(status="solved"))
        await satisfaction.rate(session, ticket, satisfaction.Rating(score=5))
        await session.execute(text("update satisfaction set asked_at = asked_at - interval '1 day'"))
    assert (await desk.agent.http.get(PATH)).status_code == 403
    found = (await desk.lead.http.get(PATH)).json()
    assert (found["answered"], found["average"], found["scores"]) == (1, 5.0, [0, 0, 0, 0, 1])
    times = {"since": "2026-01-01T00:00:00", "until": "2026-02-01T00:00:00Z"}
    assert (await desk.lead.http.get(PATH, params=times)).json()["answered"] == 0
    assert (await desk.lead.http.get(PATH, params={"teamId": desk.other_team})).json()["answered"] == 0


async def test_the_report_goes_into_time_teams_and_single_answers(desk: Desk, db: Database, ticket: int) -> None:
    """Step by step, by team, and with the words beside the number of their ticket; agents do not read it."""
    async with unit_of_work(db) as session:
        await lifecycle.change(session, ticket, TicketChange(status="solved"))
        await satisfaction.rate(session, ticket, satisfaction.Rating(score=2, reasons=["slow"], comment="It drips"))
        await session.execute(text("update satisfaction set asked_at = asked_at - interval '1 day'"))
    course = (await desk.lead.http.get(f"{PATH}/course", params={"timeZone": "Asia/Kolkata"})).json()
    assert (course["step"], course["stretches"][-2:]) == (
        "day",
        [
            {"day": "2026-03-01", "answered": 1, "average": 2.0, "content": 0.0},
            {"day": "2026-03-02", "answered": 0, "average": None, "content": None},
        ],
    )
    shares = (await desk.lead.http.get(f"{PATH}/shares")).json()
    assert [(each["id"], each["name"], each["answered"]) for each in shares] == [(desk.team, "Repairs", 1)]
    nobody = (await desk.lead.http.get(f"{PATH}/shares", params={"by": "agent"})).json()
    assert [(each["id"], each["name"]) for each in nobody] == [(None, "")]
    said = (await desk.lead.http.get(f"{PATH}/ratings", params={"most": 2, "commented": True})).json()
    assert [(each["ticketId"], each["comment"], each["team"]) for each in said["items"]] == [
        (ticket, "It drips", "Repairs")
    ]
    assert (await desk.lead.http.get(f"{PATH}/ratings", params={"most": 1})).json()["items"] == []
    for part in ("course", "shares", "ratings"):
        assert (await desk.agent.http.get(f"{PATH}/{part}")).status_code == 403


@pytest.mark.parametrize(
    ("part", "wrong", "field"),
    [
        ("course", {"timeZone": "Asia/Nowhere"}, "timeZone"),
        ("course", {"since": "1990-01-01T00:00:00Z"}, "since"),
        ("course", {"until": "2026-01-01T00:00:00Z", "since": "2026-01-01T00:00:00Z"}, "since"),
        ("shares", {"by": "moon"}, "by"),
        ("ratings", {"cursor": "x"}, "cursor"),
        ("ratings", {"most": 6}, "most"),
    ],
)
async def test_impossible_reports_are_refused(desk: Desk, part: str, wrong: dict[str, object], field: str) -> None:
    """With the name of what was wrong."""
    answer = await desk.lead.http.get(f"{PATH}/{part}", params=wrong)
    assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (422, [field])


async def test_the_timeline_tells_the_rating(desk: Desk, db: Database, ticket: int) -> None:
    """An agent sees what the customer said, where it happened."""
    async with unit_of_work(db) as session:
        await lifecycle.change(session, ticket, TicketChange(status="solved"))
        await satisfaction.rate(session, ticket, satisfaction.Rating(score=2, comment="It drips"))
    items = (await desk.agent.http.get(f"/api/tickets/{ticket}/timeline")).json()["items"]
    rated = next(item for item in items if item.get("kind") == "ticket.rated")
    assert (rated["actor"]["kind"], rated["data"]["score"], rated["data"]["comment"]) == ("customer", 2, "It drips")

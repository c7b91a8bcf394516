"""Reports over the API."""

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


async def test_the_timeline_tells_the_rating(desk: Desk, db: Database, ticket: int) -> None:
    """An agent sees what the customer said, where it happened."""
    async with unit_of_work(db) as session:
        await lifecycle.change(session, ticket, TicketChange(status="solved"))
        await satisfaction.rate(session, ticket, satisfaction.Rating(score=2, comment="It drips"))
    items = (await desk.agent.http.get(f"/api/tickets/{ticket}/timeline")).json()["items"]
    rated = next(item for item in items if item.get("kind") == "ticket.rated")
    assert (rated["actor"]["kind"], rated["data"]["score"], rated["data"]["comment"]) == ("customer", 2, "It drips")

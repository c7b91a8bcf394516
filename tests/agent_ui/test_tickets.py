"""Tickets over HTTP: lists, one ticket, changes."""

from core.db import Database, unit_of_work
from tests.agent_ui.conftest import Desk, new_ticket


async def test_the_list_takes_two_statements(desk: Desk, ticket: int, count_queries) -> None:
    """One for the session with its rights, one for the page."""
    with count_queries() as queries:
        answer = await desk.agent.http.get("/api/tickets", params={"view": "open"})
    assert answer.status_code == 200, answer.text
    assert [row["id"] for row in answer.json()["items"]] == [ticket]
    assert len(queries) == 2, queries.statements


async def test_a_ticket_is_read_whole(desk: Desk, ticket: int, count_queries) -> None:
    """Row, customer, timeline and version come in a fixed number of statements."""
    with count_queries() as queries:
        answer = await desk.agent.http.get(f"/api/tickets/{ticket}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == '"v1"'
    body = answer.json()
    assert body["customer"]["email"] == "asha@customer.example"
    assert [item["type"] for item in body["timeline"]] == ["message", "event"]
    assert len(queries) <= 8, queries.statements

"""Promises, the mark that no reply is needed, tiers and the report, over the API."""

from datetime import timedelta
from typing import Any

from core import clock as clocks
from core import events
from core.clock import ManualClock
from core.db import Database, unit_of_work
from customers.models import Organisation
from routing import sla
from tests.agent_ui.conftest import Desk, new_ticket
from tests.routing.promising import wire
from tickets.events import TicketCreated

WORDS: dict[str, Any] = {"text": "I call back", "dueAt": "2026-03-03T09:00:00Z"}


async def test_a_promise_is_made_moved_and_kept(desk: Desk, ticket: int) -> None:
    """Each step returns the ticket with what is promised; who may not answer may not promise; settled is settled."""
    path = f"/api/tickets/{ticket}/promises"
    assert (await desk.stranger.http.post(path, json=WORDS)).status_code == 404
    made = await desk.agent.http.post(path, json=WORDS)
    assert made.status_code == 201, made.text
    (promise,) = made.json()["promises"]
    assert (promise["text"], promise["isTold"], promise["madeBy"]) == ("I call back", True, "Agent")
    assert made.json()["dueAt"] == promise["dueAt"] == "2026-03-03T09:00:00Z"
    assert made.json()["clocks"] == []
    one = f"/api/promises/{promise['id']}"
    moved = await desk.agent.http.put(one, json=WORDS | {"dueAt": "2026-03-04T09:00:00Z", "isTold": False})
    assert (moved.status_code, moved.json()["dueAt"]) == (200, "2026-03-04T09:00:00Z")
    assert (await desk.stranger.http.post(f"{one}/keep")).status_code == 404
    kept = await desk.agent.http.post(f"{one}/keep")
    assert (kept.json()["promises"][0]["keptAt"] is not None, kept.json()["dueAt"]) == (True, None)
    assert (await desk.agent.http.post(f"{one}/withdraw")).status_code == 409
    refused = await desk.agent.http.post(path, json=WORDS | {"dueAt": "2026-03-01T09:00:00Z"})
    assert [each["field"] for each in refused.json()["errors"]] == ["dueAt"]
    other = (await desk.agent.http.post(path, json=WORDS)).json()["promises"][0]["id"]
    gone = await desk.agent.http.post(f"/api/promises/{other}/withdraw")
    assert [each["id"] for each in gone.json()["promises"]] == [promise["id"]]
    items = (await desk.agent.http.get(f"/api/tickets/{ticket}")).json()["timeline"]
    kinds = [each.get("kind") for each in items]
    assert [each for each in kinds if each and each.startswith("promise.")] == [
        "promise.made", "promise.moved", "promise.kept", "promise.made", "promise.withdrawn",
    ]  # fmt: skip


async def test_no_reply_is_needed(desk: Desk, ticket: int) -> None:
    """The customer waits no more; again it changes nothing."""
    for _ in range(2):
        answer = await desk.agent.http.post(f"/api/tickets/{ticket}/no-reply-needed")
        assert (answer.status_code, answer.json()["waitingSince"]) == (200, None)
    assert (await desk.stranger.http.post(f"/api/tickets/{ticket}/no-reply-needed")).status_code == 404


async def test_tiers_of_customers_and_companies(desk: Desk, ticket: int) -> None:
    """Given to a customer and to a company, shown beside the ticket, and known to whoever types one."""
    found = (await desk.agent.http.get(f"/api/tickets/{ticket}")).json()
    customer = f"/api/customers/{found['customer']['id']}"
    assert (await desk.agent.http.patch(customer, json={"tier": "Gold"})).json()["tier"] == "Gold"
    assert (await desk.agent.http.get(f"/api/tickets/{ticket}")).json()["tier"] == "Gold"
    assert (await desk.agent.http.get("/api/tiers")).json() == ["Gold"]
    company = (await desk.agent.http.get(customer)).json()["organisation"]
    if company is not None:
        changed = await desk.agent.http.put(f"/api/organisations/{company['id']}", json={"tier": "gold"})
        assert (changed.json()["tier"], changed.headers["etag"]) == ("Gold", '"v2"')


async def test_companies_are_found_by_letters_and_by_numbers(desk: Desk, db: Database) -> None:
    """By those who may see customers; what is gone is left out."""
    async with unit_of_work(db) as session:
        names = ("Bluefin Logistics", "Blue Hills Dairy", "Ashoka Garden")
        companies = [Organisation(name=name, created_at=clocks.now()) for name in names]
        session.add_all(companies)
        await session.flush()
        ids = [each.id for each in companies]
    http = desk.agent.http
    found = (await http.get("/api/organisations", params={"q": "blue"})).json()
    assert [each["name"] for each in found] == ["Blue Hills Dairy", "Bluefin Logistics"]
    named = (await http.get("/api/organisations", params={"ids": [ids[0], ids[2], 10**9]})).json()
    assert named == [{"id": ids[2], "name": "Ashoka Garden"}, {"id": ids[0], "name": "Bluefin Logistics"}]
    assert (await desk.anonymous.get("/api/organisations")).status_code == 401


async def test_the_report_says_how_promises_were_kept(desk: Desk, db: Database, clock: ManualClock) -> None:
    """By policy and kind, with who had the ticket when it was missed; agents do not read it."""
    wire()
    await desk.admin.http.post("/api/response-times", json={"name": "All", "firstResponse": {"minutes": 60}})
    async with unit_of_work(db) as session:
        late = (await new_ticket(session, desk.team)).ticket_id
        await new_ticket(session, desk.team)
    clock.advance(timedelta(hours=2))
    await desk.agent.http.post(f"/api/tickets/{late}/promises", json=WORDS)
    text = {"clientKey": "answer-to-late", "html": "<p>Here.</p>"}
    assert (await desk.agent.http.post(f"/api/tickets/{late}/replies", json=text)).status_code < 300
    report = await desk.lead.http.get("/api/reports/response-times", params={"until": "2026-03-05T00:00:00Z"})
    (share,) = report.json()["policies"]
    assert (share["policy"], share["kind"], share["missed"], share["running"]) == ("All", "first_response", 1, 1)
    assert [each["count"] for each in report.json()["causes"]] == [1]
    assert report.json()["promises"] == {"kept": 0, "keptLate": 0, "broken": 0, "open": 1, "withdrawn": 0}
    assert (await desk.agent.http.get("/api/reports/response-times")).status_code == 403
    events.subscribe({TicketCreated: (sla.on_ticket_created,)})

"""Tickets over HTTP: lists, one ticket, changes, and what happens when two people want the same."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from core import clock as clocks
from core.clock import ManualClock
from core.db import Database, unit_of_work
from customers import indexing as customers
from customers.models import Customer, Organisation
from tests import factories
from tests.agent_ui.conftest import Desk, new_ticket
from tests.agent_ui.conftest import Person as Someone
from tickets import indexing as tickets
from tickets import lifecycle
from tickets.intake import Person
from tickets.lifecycle import TicketChange


async def test_the_list_takes_two_statements(desk: Desk, ticket: int, count_queries) -> None:
    """One for the session with its rights, one for the page."""
    for params in ({"view": "open"}, {"view": f"team:{desk.team}", "sort": "due"}, {"q": "Question"}):
        with count_queries() as queries:
            answer = await desk.agent.http.get("/api/tickets", params=params)
        assert answer.status_code == 200, answer.text
        assert [row["id"] for row in answer.json()["items"]] == [ticket]
        assert len(queries) == 2, queries.statements


async def test_a_row_says_what_a_list_shows(desk: Desk, ticket: int) -> None:
    """The row has exactly the fields of the contract, times end in Z."""
    row = (await desk.agent.http.get("/api/tickets")).json()["items"][0]
    assert set(row) == {
        "id", "subject", "status", "priority", "channel", "customer", "assignee", "teamId", "snippet", "snippetBy",
        "lastActivityAt", "createdAt", "dueAt", "waitingSince", "unread", "tags", "hasDraft", "messageCount",
        "snoozedUntil", "failedDelivery", "version", "entitlement",
    }  # fmt: skip
    assert row["customer"] == {"id": row["customer"]["id"], "name": "Asha Rao", "vip": False}
    assert (row["unread"], row["assignee"], row["snippetBy"]) == (True, None, "customer")
    assert row["createdAt"] == "2026-03-02T09:00:00Z"


async def test_a_ticket_is_read_whole(desk: Desk, ticket: int, count_queries) -> None:
    """Row, customer, timeline and version come in a fixed number of statements."""
    with count_queries() as queries:
        answer = await desk.agent.http.get(f"/api/tickets/{ticket}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == '"v1"'
    body = answer.json()
    assert body["customer"]["email"] == "asha@customer.example"
    assert [item["type"] for item in body["timeline"]] == ["message", "event"]
    assert body["lastEventId"] == str(body["timeline"][0]["id"])
    assert len(queries) <= 8, queries.statements


async def test_a_change_gives_the_ticket_as_it_is_now(desk: Desk, ticket: int) -> None:
    """The answer shows the change, its event and the new version."""
    wanted = {"priority": "urgent", "tags": ["pump", "warranty"], "assigneeId": desk.agent.id}
    answer = await desk.agent.http.patch(f"/api/tickets/{ticket}", json=wanted, headers={"If-Match": '"v1"'})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["priority"], body["tags"], body["assignee"]["id"]) == ("urgent", ["pump", "warranty"], desk.agent.id)
    assert answer.headers["etag"] == f'"v{body["version"]}"' != '"v1"'
    again = (await desk.agent.http.get(f"/api/tickets/{ticket}")).json()
    events = {item["kind"]: item["data"] for item in again["timeline"] if item["type"] == "event"}
    assert events["ticket.priority_changed"] == {"from": "normal", "to": "urgent"}
    assert events["ticket.assigned"] == {"from": None, "to": desk.agent.id}
    assert (await desk.agent.http.get("/api/tags", params={"q": "pu"})).json() == ["pump"]


async def test_a_change_from_an_old_version_is_refused_with_the_new_one(desk: Desk, ticket: int) -> None:
    """412 carries the ticket as it is; nothing is changed."""
    http = desk.agent.http
    await http.patch(f"/api/tickets/{ticket}", json={"priority": "high"})
    refused = await http.patch(f"/api/tickets/{ticket}", json={"subject": "Mine"}, headers={"If-Match": '"v1"'})
    assert (refused.status_code, refused.json()["code"]) == (412, "precondition-failed")
    assert refused.json()["current"]["priority"] == "high"
    assert (await http.get(f"/api/tickets/{ticket}")).json()["subject"] != "Mine"
    assert (await http.patch(f"/api/tickets/{ticket}", json={}, headers={"If-Match": "v-x"})).status_code == 422


async def test_moving_a_ticket_out_of_sight_is_answered_once_more(desk: Desk, ticket: int) -> None:
    """The change is kept and shown; afterwards the ticket is gone for her."""
    moved = await desk.agent.http.patch(f"/api/tickets/{ticket}", json={"teamId": desk.other_team})
    assert moved.status_code == 200, moved.text
    assert moved.json()["teamId"] == desk.other_team
    assert (await desk.agent.http.get(f"/api/tickets/{ticket}")).status_code == 404
    assert (await desk.stranger.http.get(f"/api/tickets/{ticket}")).status_code == 200


async def test_one_of_two_claims_wins(desk: Desk, ticket: int) -> None:
    """The second is told who was faster."""
    assert (await desk.agent.http.post(f"/api/tickets/{ticket}/claim")).json()["assignee"]["id"] == desk.agent.id
    refused = await desk.lead.http.post(f"/api/tickets/{ticket}/claim")
    assert (refused.status_code, refused.json()["code"]) == (409, "already-assigned")
    assert refused.json()["assignee"] == {"id": desk.agent.id, "name": "Agent"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"status": "exploded"}, "status"),
        ({"assigneeId": "me"}, "assigneeId"),
        ({"assigneeId": 0}, "assigneeId"),
        ({"assignee": 1}, "assignee"),
        ({"tags": "a"}, "tags"),
        ({"tags": ["a", 7]}, "tags[1]"),
        ({"snoozedUntil": "tomorrow"}, "snoozedUntil"),
        ({"snoozedUntil": "2026-03-05T10:00:00"}, "snoozedUntil"),
    ],
)
async def test_what_is_wrong_is_named(desk: Desk, ticket: int, body: dict[str, object], field: str) -> None:
    """422 names the field as the JSON has it."""
    answer = await desk.agent.http.patch(f"/api/tickets/{ticket}", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert [error["field"] for error in problem["errors"]] == [field]
    assert all(error["message"] for error in problem["errors"])


async def test_bodies_that_are_none_are_refused(desk: Desk, ticket: int) -> None:
    """Broken JSON, another type, a list, a NUL: 4xx problems, never a fault of ours."""
    http, path = desk.agent.http, f"/api/tickets/{ticket}"
    json_type = {"content-type": "application/json"}
    for content, headers in (
        (b"{", json_type),
        (b"[]", json_type),
        (b"", json_type),
        (b'{"subject": "a\\u0000b"}', json_type),
        (b'{"subject": "\\ud800"}', json_type),
        (b'{"subject":' * 50_000, json_type),
        (b"a=b", {"content-type": "application/x-www-form-urlencoded"}),
    ):
        answer = await http.patch(path, content=content, headers=headers)
        assert answer.status_code < 500, (content, answer.text)
        if answer.status_code >= 400:
            assert answer.headers["content-type"].startswith("application/problem+json")
    nothing = (await http.patch(path, content=b"", headers=json_type)).json()
    assert nothing["errors"] == [{"field": "body", "message": "A body is needed."}]
    for params in ({"q": "a\x00b"}, {"view": "nonsense"}, {"cursor": "AAAA"}, {"limit": "many"}, {"sort": "size"}):
        answer = await http.get("/api/tickets", params=params)
        assert answer.status_code in (200, 422), (params, answer.text)
    for list_ in ("/api/tags", "/api/search", "/api/customers", "/api/ledger"):
        answer = await http.get(list_, params={"q": "a\x00b"})
        assert answer.status_code in (200, 403, 422), (list_, answer.text)


async def test_read_and_unread_are_each_agents_own(desk: Desk, ticket: int) -> None:
    """What one has read is still new to the other."""

    async def unread(person) -> bool:
        return (await person.http.get("/api/tickets")).json()["items"][0]["unread"]

    assert (await desk.agent.http.post(f"/api/tickets/{ticket}/read")).status_code == 204
    assert (await unread(desk.agent), await unread(desk.lead)) == (False, True)
    assert (await desk.agent.http.post(f"/api/tickets/{ticket}/unread")).status_code == 204
    assert await unread(desk.agent) is True


async def test_older_items_come_page_by_page(desk: Desk, ticket: int, db: Database, clock: ManualClock) -> None:
    """Nothing is skipped or repeated over the pages, messages and events together."""
    for number in range(30):
        async with unit_of_work(db, desk.agent.actor) as session:
            clock.advance(timedelta(minutes=1))
            await factories.received(session, token_ticket_id=ticket, text=f"More {number}")
            priority = "high" if number % 2 else "low"
            await lifecycle.change(session, ticket, TicketChange(priority=priority))
    whole = (await desk.agent.http.get(f"/api/tickets/{ticket}")).json()
    keys = [item["key"] for item in whole["timeline"]]
    assert len(keys) == 50
    before = whole["before"]
    while before:
        page = (
            await desk.agent.http.get(f"/api/tickets/{ticket}/timeline", params={"before": before, "limit": 4})
        ).json()
        keys = [item["key"] for item in page["items"]] + keys
        before = page["next"]
    assert len(keys) == len(set(keys)) == 31 + 31
    after = (await desk.agent.http.get(f"/api/tickets/{ticket}/timeline", params={"after": keys[-3]})).json()
    assert [item["key"] for item in after["items"]] == keys[-2:]
    wrong = await desk.agent.http.get(f"/api/tickets/{ticket}/timeline", params={"before": "x"})
    assert wrong.status_code == 422


async def test_remote_images_are_held_back(desk: Desk, db: Database) -> None:
    """The sender learns nothing from an open ticket; the body page loads them only when it is asked to."""
    html = '<p>Hi</p><img src="https://track.example/x.gif" alt="a &quot;b&quot;"><img src="cid:logo">'
    async with unit_of_work(db) as session:
        made = await new_ticket(session, desk.team, html=html)
    item = (await desk.agent.http.get(f"/api/tickets/{made.ticket_id}")).json()["timeline"][0]
    assert ' src="https:' not in item["html"]
    assert 'data-blocked-src="https://track.example/x.gif"' in item["html"]
    assert item["blockedImages"] == 1
    page = await desk.agent.http.get(f"/api/messages/{made.message_id}/html")
    assert ' src="https:' not in page.text
    assert "https:" not in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
    loaded = await desk.agent.http.get(f"/api/messages/{made.message_id}/html", params={"images": 1})
    assert ' src="https://track.example/x.gif"' in loaded.text
    assert "script-src" not in loaded.headers["content-security-policy"]
    assert loaded.headers["x-frame-options"] == "SAMEORIGIN"


async def test_customers_are_found_by_whatever_is_known_of_them(db: Database, desk: Desk) -> None:
    """A word of the address or the organisation, an address in Cc of a request that one may see; never everybody."""
    async with unit_of_work(db) as session:
        cc = [Person("Boss", "boss@headquarters.example")]
        hers = await factories.received(session, "mira.shah@firm.example", team_id=desk.team, cc=cc)
        await factories.received(session, team_id=desk.team)
        firm = Organisation(name="Gearworks Ltd", created_at=clocks.now())
        session.add(firm)
        await session.flush()
        await session.execute(update(Customer).where(Customer.id == hers.customer_id).values(organisation_id=firm.id))
        await customers.index(session, [hers.customer_id])
        await tickets.index(session, [hers.ticket_id])

    async def found(who: Someone, q: str) -> list[int]:
        listed = (await who.http.get("/api/customers", params={"q": q})).json()["items"]
        searched = (await who.http.get("/api/search", params={"q": q})).json()["customers"]
        assert {one["id"] for one in listed} <= {one["id"] for one in searched}, q
        return [one["id"] for one in listed]

    for typed in ("mira", "shah", "firm", "gearworks", "boss@head", "boss@headquarters.example"):
        assert await found(desk.agent, typed) == [hers.customer_id], typed
    assert await found(desk.stranger, "boss@head") == await found(desk.agent, "bo") == []
    answer = (await desk.agent.http.get("/api/search", params={"q": "headquarters"})).json()
    assert [row["id"] for row in answer["tickets"]] == [hers.ticket_id]


async def test_customers_are_found_read_and_changed(desk: Desk, ticket: int) -> None:
    """List, page and change with versions, as for tickets."""
    http = desk.agent.http
    listed = (await http.get("/api/customers", params={"q": "asha"})).json()
    assert [one["email"] for one in listed["items"]] == ["asha@customer.example"]
    path = f"/api/customers/{listed['items'][0]['id']}"
    read = await http.get(path)
    assert [one["id"] for one in read.json()["tickets"]] == [ticket]
    changed = await http.patch(path, json={"vip": True}, headers={"If-Match": read.headers["etag"]})
    assert changed.json()["vip"] is True
    refused = await http.patch(path, json={"vip": False}, headers={"If-Match": read.headers["etag"]})
    assert (refused.status_code, refused.json()["current"]["vip"]) == (412, True)
    mars = await http.patch(path, json={"timeZone": "Mars"})
    assert (mars.status_code, mars.json()["errors"][0]["field"]) == (422, "timeZone")
    found = (await http.get("/api/search", params={"q": "asha@"})).json()
    assert [row["id"] for row in found["tickets"]] == [ticket]
    assert [one["vip"] for one in found["customers"]] == [True]


@pytest.mark.usefixtures("burst_only")
async def test_searching_is_limited(desk: Desk) -> None:
    """A window that has gone wild does not take the database with it."""
    answers = [await desk.agent.http.get("/api/search", params={"q": "x"}) for _ in range(40)]
    assert answers[0].status_code == 200
    assert (answers[-1].status_code, answers[-1].json()["code"]) == (429, "rate-limited")
    assert int(answers[-1].headers["retry-after"]) >= 1


async def test_writing_first_opens_a_ticket(desk: Desk) -> None:
    """201 with the ticket, its owner and the message on its way."""
    body = {
        "subject": "Your order",
        "customerEmail": "Ravi <ravi@customer.example>",
        "html": "<p>It is here.</p>",
        "teamId": desk.team,
    }
    answer = await desk.agent.http.post("/api/tickets", json=body | {"customerEmail": "ravi@customer.example"})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["assignee"]["id"], made["customer"]["email"]) == (desk.agent.id, "ravi@customer.example")
    delivery = next(item["delivery"] for item in made["timeline"] if item["type"] == "message")
    assert delivery["state"] == "queued"
    assert delivery["undoUntil"] == "2026-03-02T09:00:05Z"

"""Response times over the API."""

from typing import Any

import pytest
from sqlalchemy import text

from core import events
from core.db import Database, unit_of_work
from routing import sla
from tests.agent_ui.conftest import Desk, new_ticket
from tickets.events import TicketCreated

PATH = "/api/response-times"
BODY: dict[str, Any] = {
    "name": "Contract",
    "entitlement": "contract",
    "firstResponse": {"minutes": 240},
    "resolution": {"minutes": 2880, "business": False},
    "isTold": True,
    "warnings": [75],
}
EVERYBODY = {"name": "Everybody", "firstResponse": {"minutes": 480}}


async def test_policies_are_made_changed_and_taken_away(desk: Desk, db: Database) -> None:
    """Every agent reads, an administrator writes; versions guard against one another; open tickets only when asked."""
    for role in (desk.agent, desk.lead):
        assert (await role.http.post(PATH, json=BODY)).status_code == 403
    made = await desk.admin.http.post(PATH, json=BODY)
    assert made.status_code == 201, made.text
    open_ones = dict.fromkeys(("tier", "queueId", "teamId", "priority", "nextResponse", "callAnswer"))
    terms = {"hours": "default", "warnings": [75], "restsIn": ["pending", "on_hold"], "reopening": "continue"}
    kept = BODY | open_ones | terms | {"id": made.json()["id"], "version": 1}
    assert made.json() == kept | {"firstResponse": {"minutes": 240, "business": True}}
    assert (await desk.admin.http.post(PATH, json=EVERYBODY)).status_code == 201
    assert [each["name"] for each in (await desk.agent.http.get(PATH)).json()] == ["Contract", "Everybody"]
    one = f"{PATH}/{made.json()['id']}"
    changed = await desk.admin.http.put(one, json=BODY | {"priority": "high"}, headers={"If-Match": '"v1"'})
    assert (changed.json()["priority"], changed.headers["etag"]) == ("high", '"v2"')
    assert (await desk.admin.http.put(one, json=BODY, headers={"If-Match": '"v1"'})).status_code == 412
    waiting = text("select count(*) from jobs.pgqueuer where entrypoint = 'routing.rewind_clocks'")
    for open_too, jobs in ((False, 0), (True, 1)):
        assert (await desk.admin.http.put(one, json=BODY | {"openToo": open_too})).status_code == 200
        async with db.sessions() as session:
            assert await session.scalar(waiting) == jobs
    assert (await desk.admin.http.delete(one)).status_code == 204
    assert (await desk.admin.http.delete(one)).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"entitlement": "gold"}, "entitlement"),
        ({"firstResponse": None, "resolution": None}, "targets"),
        ({"firstResponse": {"minutes": 0}}, "firstResponse.minutes"),
        ({"hours": "moon"}, "hours"),
        ({"name": ""}, "name"),
        ({"teamId": 10**9}, "teamId"),
        ({"warnings": [100]}, "warnings"),
    ],
)
async def test_what_makes_no_sense_is_refused(desk: Desk, wrong: dict[str, Any], field: str) -> None:
    """With the field that is wrong; the same without it is taken."""
    refused = await desk.admin.http.post(PATH, json=BODY | wrong)
    assert (refused.status_code, [each["field"] for each in refused.json()["errors"]]) == (422, [field])
    assert (await desk.admin.http.post(PATH, json=BODY)).status_code == 201


async def test_a_ticket_shows_what_is_promised(desk: Desk, db: Database, ticket: int, count_queries: Any) -> None:
    """Deadline, reason and policy, in no further statement; one without a policy has none, which is no error."""
    events.subscribe({TicketCreated: (sla.on_ticket_created,)})
    await desk.admin.http.post(PATH, json=BODY | {"entitlement": None})
    async with unit_of_work(db) as session:
        promised = (await new_ticket(session, desk.team)).ticket_id
    with count_queries() as queries:
        first, solution = (await desk.agent.http.get(f"/api/tickets/{promised}")).json()["clocks"]
    assert len(queries) <= 8, queries.statements
    assert (first["kind"], first["dueAt"], first["minutes"]) == ("first_response", "2026-03-02T13:00:00Z", 240)
    assert (first["warned"], first["firstMetAt"]) == (0, None)
    assert first["reason"] == "every request: first answer within 4 opening hours"
    assert (solution["kind"], solution["business"], solution["metAt"]) == ("resolution", False, None)
    assert (await desk.agent.http.get(f"/api/tickets/{ticket}")).json()["clocks"] == []
    rows = (await desk.agent.http.get("/api/tickets", params={"sort": "due"})).json()["items"]
    assert [(each["id"], each["dueAt"]) for each in rows] == [(promised, first["dueAt"]), (ticket, None)]

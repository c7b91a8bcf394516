"""Routing over the API: queues, skills, kinds of work, offers, why something waits, and moving it."""

from typing import Any

from core.db import Database, unit_of_work
from routing import presence
from tests.agent_ui.conftest import Desk, new_ticket
from tests.routing.deciding import settle, wire

PATH = "/api/routing"


async def own_queue(desk: Desk, team_id: int | None = None) -> dict[str, Any]:
    """The own queue of the first team."""
    found = (await desk.agent.http.get(f"{PATH}/queues")).json()
    return next(each for each in found if each["isDefault"] and each["teamId"] == (team_id or desk.team))


async def arrive(db: Database, desk: Desk, **fields: Any) -> int:
    """A ticket of the first team."""
    async with unit_of_work(db) as session:
        return int((await new_ticket(session, desk.team, **fields)).ticket_id)


async def come(db: Database, *agents: int) -> None:
    """They are available."""
    async with unit_of_work(db) as session:
        for each in agents:
            await presence.set_state(session, each, "available")
    await settle(db)


async def test_queues_are_made_changed_and_taken_away(desk: Desk, db: Database) -> None:
    """A team has its own by itself; others are made by administrators, guarded by their version and by what uses them."""
    wire()
    await arrive(db, desk)
    own = await own_queue(desk)
    assert (own["name"], own["ofTeam"], own["rings"]) == ("Repairs", True, [])
    body = {"name": " Chats ", "teamId": desk.team, "kinds": ["chat"], "members": [desk.agent.id], "stickySeconds": 30}
    assert (await desk.agent.http.post(f"{PATH}/queues", json=body)).status_code == 403
    made = (await desk.admin.http.post(f"{PATH}/queues", json=body)).json()
    assert (made["name"], made["kinds"], made["members"], made["version"]) == ("Chats", ["chat"], [desk.agent.id], 1)
    ring = {"afterSeconds": 30, "queues": [made["id"]]}
    changed = await desk.admin.http.put(f"{PATH}/queues/{own['id']}", json={"name": "x", "rings": [ring]})
    assert (changed.json()["name"], changed.json()["rings"][0]["queues"]) == ("Repairs", [made["id"]])
    stale = await desk.admin.http.put(f"{PATH}/queues/{made['id']}", json=body, headers={"If-Match": '"v7"'})
    assert stale.status_code == 412
    for wrong in (
        {"rings": [{"afterSeconds": 1, "queues": [made["id"]]}]},
        {"rings": [{"afterSeconds": 1, "queues": [999]}]},
        {"hours": "nowhere"},
        {"members": [999]},
        {"skills": [{"skillId": 999}]},
        {"teamId": 999},
        {"name": " "},
    ):
        answer = await desk.admin.http.put(f"{PATH}/queues/{made['id']}", json=body | wrong)
        assert answer.status_code == 422, wrong
    assert (await desk.admin.http.delete(f"{PATH}/queues/{made['id']}")).status_code == 409
    await desk.admin.http.put(f"{PATH}/queues/{own['id']}", json={"name": "x"})
    assert (await desk.admin.http.delete(f"{PATH}/queues/{made['id']}")).status_code == 204
    assert (await desk.admin.http.delete(f"{PATH}/queues/{own['id']}")).status_code == 422


async def test_skills_and_kinds_are_kept(desk: Desk) -> None:
    """Skills with levels for agents, weights for kinds; what is in use stays, what is unknown is refused."""
    french = (await desk.admin.http.post(f"{PATH}/skills", json={"name": "Frensh"})).json()["id"]
    assert (await desk.admin.http.post(f"{PATH}/skills", json={"name": "Frensh"})).status_code == 409
    renamed = await desk.admin.http.patch(f"{PATH}/skills/{french}", json={"name": "French"})
    assert renamed.json() == {"id": french, "name": "French"}
    body = {"skills": [{"skillId": french, "level": 4}], "hourlyCap": 6}
    able = (await desk.admin.http.put(f"{PATH}/agents/{desk.agent.id}", json=body)).json()
    assert (able["skills"], able["hourlyCap"]) == ([{"skillId": french, "level": 4}], 6)
    assert able in (await desk.agent.http.get(f"{PATH}/agents")).json()
    unknown = {"skills": [{"skillId": 999, "level": 1}]}
    assert (await desk.admin.http.put(f"{PATH}/agents/{desk.agent.id}", json=unknown)).status_code == 422
    kinds = {each["kind"]: each for each in (await desk.agent.http.get(f"{PATH}/kinds")).json()}
    assert (kinds["call"]["blocks"], kinds["email"]["offerSeconds"]) == (True, None)
    changed = await desk.admin.http.put(f"{PATH}/kinds/chat", json={"weight": 2, "offerSeconds": 30})
    assert (changed.json()["weight"], changed.json()["offerSeconds"]) == (2, 30)
    assert (await desk.admin.http.put(f"{PATH}/kinds/fax", json={})).status_code == 404
    assert (await desk.admin.http.delete(f"{PATH}/skills/{french}")).status_code == 204
    assert (await desk.admin.http.get(f"{PATH}/skills")).json() == []


async def test_why_it_waits_is_told_with_what_would_change_it(desk: Desk, db: Database) -> None:
    """Nobody is there; then nobody has the skill, which is an alarm: each is said, and by whom it would change."""
    wire()
    ticket = await arrive(db, desk)
    http = desk.agent.http
    work = (await http.get(f"/api/tickets/{ticket}/work")).json()
    assert (work["state"], work["code"], work["reason"]) == ("waiting", "nobody_there", "Waits: 1 not signed in")
    assert [(each["code"], each["count"]) for each in work["changes"]] == [("comes", 1)]
    assert [(each["name"], each["why"]) for each in work["candidates"]] == [("Agent", "absent")]
    french = (await desk.admin.http.post(f"{PATH}/skills", json={"name": "French"})).json()["id"]
    needs = {"skills": [{"skillId": french, "level": 2}]}
    work = (await desk.agent.http.put(f"/api/tickets/{ticket}/needs", json=needs)).json()
    assert (work["code"], work["nobodyCan"]) == ("nobody_has_the_skill", True)
    assert work["needs"] == [{"name": "French", "level": 2, "optional": False}]
    await come(db, desk.agent.id)
    listed = (await desk.lead.http.get(f"{PATH}/waiting")).json()
    assert [(each["ticketId"], each["nobodyCan"]) for each in listed["items"]] == [(ticket, True)]
    assert (await desk.agent.http.get(f"{PATH}/waiting")).status_code == 403
    decided = (await http.get(f"/api/tickets/{ticket}/decisions")).json()
    assert (decided[0]["code"], decided[0]["alarm"], decided[0]["counts"]) == (
        "nobody_has_the_skill",
        True,
        {"skill": 1},
    )
    levels = {"skills": [{"skillId": french, "level": 3}]}
    await desk.admin.http.put(f"{PATH}/agents/{desk.agent.id}", json=levels)
    await settle(db)
    assert (await http.get(f"/api/tickets/{ticket}/work")).json()["agent"]["id"] == desk.agent.id


async def test_an_offer_is_taken_over_the_api(desk: Desk, db: Database) -> None:
    """She sees what is held out to her, refuses one with a reason and takes another."""
    wire()
    await desk.admin.http.put(f"{PATH}/kinds/email", json={"offerSeconds": 30})
    await come(db, desk.agent.id)
    first, second = await arrive(db, desk), await arrive(db, desk)
    offered = (await desk.agent.http.get("/api/offers")).json()
    assert [each["ticketId"] for each in offered] == [first, second]
    refused = await desk.agent.http.post(f"/api/offers/{offered[0]['id']}/reject", json={"reason": "On the phone"})
    assert refused.status_code == 204
    taken = await desk.agent.http.post(f"/api/offers/{offered[1]['id']}/accept")
    assert taken.json() == {"ticketId": second}
    assert (await desk.stranger.http.post(f"/api/offers/{offered[1]['id']}/accept")).status_code == 404
    assert (await desk.agent.http.get("/api/offers")).json() == []


async def test_an_agent_moves_a_ticket_of_hers_to_another_queue(desk: Desk, db: Database) -> None:
    """Who has it gives it up; the ticket names its queue, its history who moved it where, and who only reads may not."""
    wire()
    ticket = await arrive(db, desk)
    await come(db, desk.agent.id)
    http = desk.agent.http
    seen = (await http.get(f"/api/tickets/{ticket}")).json()
    assert (seen["queue"]["name"], seen["assignee"]["id"]) == ("Repairs", desk.agent.id)
    body = {"name": "Claims", "teamId": desk.team, "ofTeam": False, "members": [desk.lead.id]}
    claims = (await desk.admin.http.post(f"{PATH}/queues", json=body)).json()
    unknown = await http.post(f"/api/tickets/{ticket}/move", json={"queueId": 999})
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "queueId")
    moved = await http.post(f"/api/tickets/{ticket}/move", json={"queueId": claims["id"]})
    assert (moved.json()["queue"]["name"], moved.json()["state"]) == ("Claims", "waiting")
    after = (await http.get(f"/api/tickets/{ticket}")).json()
    assert (after["queue"], after["assignee"]) == ({"id": claims["id"], "name": "Claims"}, None)
    (told,) = [each for each in after["timeline"] if each.get("kind") == "routing.moved"]
    assert (told["data"]["to_name"], told["actor"]["name"]) == ("Claims", "Agent")
    (line,) = (await desk.lead.http.get(f"{PATH}/waiting")).json()["items"]
    assert (line["queue"]["name"], line["code"], line["reason"]) == ("Claims", "nobody_there", "Waits: 1 not signed in")


async def test_a_supervisor_moves_work_to_a_queue_or_an_agent(desk: Desk, db: Database) -> None:
    """It keeps how long it has waited, its stretches are on record, and who moved it too."""
    wire()
    ticket = await arrive(db, desk)
    async with unit_of_work(db) as session:
        await new_ticket(session, desk.other_team)
    billing = await own_queue(desk, desk.other_team)
    assert (await desk.stranger.http.post(f"/api/tickets/{ticket}/move", json={})).status_code == 404
    assert (await desk.lead.http.post(f"/api/tickets/{ticket}/move", json={})).status_code == 422
    moved = (await desk.lead.http.post(f"/api/tickets/{ticket}/move", json={"queueId": billing["id"]})).json()
    assert (moved["queue"]["name"], moved["state"]) == ("Billing", "waiting")
    work = (await desk.lead.http.get(f"/api/tickets/{ticket}/work")).json()
    assert [each["agentId"] for each in work["history"]] == [None]
    given = await desk.lead.http.post(f"/api/tickets/{ticket}/move", json={"agentId": desk.stranger.id})
    assert given.status_code == 200
    work = (await desk.lead.http.get(f"/api/tickets/{ticket}/work")).json()
    assert (work["state"], work["agent"]["id"]) == ("assigned", desk.stranger.id)
    timeline = (await desk.lead.http.get(f"/api/tickets/{ticket}")).json()["timeline"]
    assert "ticket.assigned" in {each.get("kind") for each in timeline}


async def test_whom_a_customer_knows_is_set_on_the_customer(desk: Desk, db: Database, ticket: int) -> None:
    """An agent at work here, or nobody."""
    customer = (await desk.agent.http.get(f"/api/tickets/{ticket}")).json()["customer"]["id"]
    path = f"/api/customers/{customer}"
    answer = await desk.agent.http.patch(path, json={"ownerAgentId": desk.agent.id})
    assert answer.json()["ownerAgentId"] == desk.agent.id
    assert (await desk.agent.http.patch(path, json={"ownerAgentId": 999})).status_code == 422
    del db

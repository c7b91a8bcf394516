"""Rules, macros and webhooks over the API."""

from typing import Any

import pytest
from sqlalchemy import text

from automation import following
from automation.running import Automation
from core.db import Database, unit_of_work
from staff import api_keys, permissions
from tests.agent_ui.conftest import Desk, new_ticket
from tests.agent_ui.test_products import FRIDGE
from tickets.templates import Surroundings

RULE: dict[str, Any] = {
    "name": "Urgent ones",
    "trigger": {"kind": "event", "of": ["ticket.priority_changed"]},
    "condition": {
        "kind": "group",
        "match": "all",
        "of": [
            {"kind": "question", "field": "ticket.priority", "op": "changed_to", "value": "urgent"},
            {"kind": "group", "match": "none", "of": []},
        ],
    },
    "actions": [{"kind": "tags", "add": ["urgent"]}],
    "isEnabled": True,
}


async def react(db: Database) -> None:
    """Let the rules look at everything that happened."""
    async with unit_of_work(db) as session:
        ids = list((await session.execute(text("select id from events order by id"))).scalars())
    await Automation(db, Surroundings()).react(ids)


async def test_a_rule_is_made_tried_out_and_seen_to_act(desk: Desk, db: Database, ticket: int) -> None:
    """By an administrator only; with a trial that changes nothing, a log, an order, a switch, and versions."""
    for other in (desk.agent, desk.lead):
        assert (await other.http.get("/api/rules")).status_code == 403
    http = desk.admin.http
    await http.patch(f"/api/tickets/{ticket}", json={"priority": "urgent"})
    trial = (await http.post("/api/rules/trial", json=RULE)).json()
    assert (trial["lookedAt"], trial["wouldAct"], trial["hits"][0]["ticketId"]) == (1, 1, ticket)
    assert trial["hits"][0]["effects"] == [
        {"action": "tags", "old": [], "new": ["urgent"], "changes": True},
    ]
    assert (await http.get("/api/rules")).json() == []
    made = await http.post("/api/rules", json=RULE)
    assert made.status_code == 201, made.text
    rule = made.json()
    assert {name: rule[name] for name in ("name", "trigger", "isEnabled")} == {
        name: RULE[name] for name in ("name", "trigger", "isEnabled")
    }
    assert (rule["condition"]["of"][0]["op"], rule["rights"], rule["teamIds"]) == (
        "changed_to",
        ["tickets:change"],
        None,
    )
    await react(db)
    assert (await http.get(f"/api/tickets/{ticket}")).json()["tags"] == ["urgent"]
    (run,) = (await http.get("/api/rules/runs", params={"ruleId": rule["id"]})).json()
    assert (run["outcome"], run["ticketId"], run["answers"][0]["found"]) == ("acted", ticket, "normal → urgent")
    one = f"/api/rules/{rule['id']}"
    assert (await http.get(one)).json()["health"]["acted"] == 1
    other = (await http.post("/api/rules", json=RULE | {"name": "Other"})).json()
    ordered = await http.put("/api/rules/order", json={"ids": [other["id"], rule["id"]]})
    assert [each["name"] for each in ordered.json()] == ["Other", "Urgent ones"]
    off = await http.post(f"{one}/switch", json={"on": False})
    assert (off.json()["isEnabled"], off.headers["etag"]) == (False, '"v2"')
    assert (await http.put(one, json=RULE, headers={"If-Match": '"v1"'})).status_code == 412
    assert (await http.put(one, json=RULE, headers={"If-Match": '"v2"'})).json()["isEnabled"] is True
    assert (await http.delete(one)).status_code == 204
    assert (await http.get(one)).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"trigger": {"kind": "event", "of": []}}, "trigger.of"),
        ({"trigger": {"kind": "time", "since": "created", "minutes": 0}}, "trigger.minutes"),
        ({"actions": []}, "actions"),
        ({"actions": [{"kind": "team", "team": 999}]}, "actions[0]"),
        ({"condition": {"kind": "question", "field": "x", "op": "is"}}, "condition.field"),
        ({"actions": [{"kind": "priority", "value": "now"}]}, "actions[0].value"),
        (
            {"actions": [{"kind": "mail", "to": "a@b.example\r\nBcc: c@d.example", "subject": "x", "text": "x"}]},
            "actions[0].to",
        ),
        (
            {"actions": [{"kind": "mail", "to": "a@b.example, c@d.example", "subject": "x", "text": "x"}]},
            "actions[0].to",
        ),
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused(desk: Desk, wrong: dict[str, Any], field: str) -> None:
    """With the field that is wrong; a trial says the same."""
    for path in ("/api/rules", "/api/rules/trial"):
        refused = await desk.admin.http.post(path, json=RULE | wrong)
        assert (refused.status_code, [each["field"] for each in refused.json()["errors"]]) == (422, [field])


async def test_where_changes_come_from_is_known(desk: Desk, db: Database, ticket: int) -> None:
    """One of many at once by the console's word, one of a program by its key; a person's own change comes from nowhere."""
    path = f"/api/tickets/{ticket}"
    await desk.agent.http.patch(path, json={"priority": "high"})
    await desk.agent.http.patch(path, json={"priority": "low"}, headers={"x-bulk-change": "1"})
    async with unit_of_work(db, desk.admin.actor) as session:
        _, key = await api_keys.create(session, "Shop", ["products:manage"])
    by_key = {"Authorization": f"Bearer {key}"}
    assert (await desk.anonymous.post("/api/products", json=FRIDGE, headers=by_key)).status_code == 201
    async with unit_of_work(db) as session:
        rows = await session.execute(
            text("select origin from events where kind = 'ticket.priority_changed' order by id")
        )
        assert [row.origin for row in rows] == [None, "bulk"]
        programs = await session.execute(text("select origin from events where actor_name = 'Shop'"))
        assert {row.origin for row in programs} == {"api"}


async def test_a_macro_does_what_an_agent_could_do_herself(desk: Desk, ticket: int) -> None:
    """In one press, in her name, without what she left out; written by leads, applied by agents."""
    body = {
        "name": "Refund",
        "html": "<p>Hello {{customer.first_name}}</p>",
        "actions": [
            {"kind": "priority", "value": "high"},
            {"kind": "tags", "add": ["refund"]},
            {"kind": "assign", "me": True},
            {"kind": "note", "text": "Refund of {{customer.name}} <b>"},
        ],
    }
    assert (await desk.agent.http.post("/api/macros", json=body)).status_code == 403
    made = await desk.lead.http.post("/api/macros", json=body)
    assert made.status_code == 201, made.text
    macro = made.json()
    refused = await desk.lead.http.post(
        "/api/macros", json=body | {"name": "x", "actions": [{"kind": "reply", "html": "x"}]}
    )
    assert [each["field"] for each in refused.json()["errors"]] == ["actions[0]"]
    (listed,) = (await desk.agent.http.get("/api/macros", params={"ticketId": ticket})).json()
    assert ([each["kind"] for each in listed["actions"]], "Hello Asha" in listed["html"]) == (
        ["priority", "tags", "assign", "note"],
        True,
    )
    applied = await desk.agent.http.post(f"/api/tickets/{ticket}/macros/{macro['id']}", json={"skip": [0]})
    assert applied.status_code == 200, applied.text
    view = applied.json()
    assert (view["priority"], view["tags"], view["assignee"]["id"]) == ("normal", ["refund"], desk.agent.id)
    note = next(each for each in view["timeline"] if each["type"] == "note")
    assert "Refund of Asha Rao &lt;b&gt;" in note["html"]
    stranger = await desk.stranger.http.post(f"/api/tickets/{ticket}/macros/{macro['id']}", json={})
    assert stranger.status_code == 404
    assert (await desk.lead.http.put(f"/api/macros/{macro['id']}", json=body | {"actions": []})).json()["actions"] == []
    assert (await desk.lead.http.delete(f"/api/macros/{macro['id']}")).status_code == 204


async def test_a_webhook_is_made_tried_and_told_again(desk: Desk, db: Database) -> None:
    """Its secret is shown once; deliveries are listed with their payload; rules that name it keep it."""
    http = desk.admin.http
    body = {"name": "Shop", "url": "https://example.org/hook", "kinds": ["ticket.created"]}
    assert (await desk.lead.http.post("/api/webhooks", json=body)).status_code == 403
    private = await http.post("/api/webhooks", json=body | {"url": "https://10.0.0.1/"})
    assert [each["field"] for each in private.json()["errors"]] == ["url"]
    made = (await http.post("/api/webhooks", json=body)).json()
    assert made["secret"].startswith("whsec_")
    one = f"/api/webhooks/{made['id']}"
    changed = await http.put(one, json=body | {"name": "Shop 2"}, headers={"If-Match": '"v1"'})
    assert (changed.json()["secret"], changed.json()["name"]) == (None, "Shop 2")
    assert (await http.post(f"{one}/secret")).json()["secret"] != made["secret"]
    await following.step(db)
    async with unit_of_work(db) as session:
        await new_ticket(session, desk.team)
    await following.step(db)
    tried = (await http.post(f"{one}/try")).json()["deliveryId"]
    listed = (await http.get(f"{one}/deliveries")).json()
    assert [each["kind"] for each in listed] == ["webhook.test", "ticket.created"]
    assert '"subject"' in listed[1]["body"]
    assert (await http.post(f"/api/webhooks/deliveries/{tried}/replay")).status_code == 409
    async with unit_of_work(db) as session:
        await session.execute(text("update webhook_deliveries set state = 'failed'"))
    assert (await http.post(f"/api/webhooks/deliveries/{tried}/replay")).status_code == 204
    (shown,) = (await http.get("/api/webhooks")).json()
    assert (shown["name"], shown["waiting"], shown["failed"]) == ("Shop 2", 1, 1)
    rule = RULE | {"actions": [{"kind": "webhook", "webhook": made["id"]}]}
    assert (await http.post("/api/rules", json=rule)).status_code == 201
    kept = await http.delete(one)
    assert (kept.status_code, kept.json()["code"], kept.json()["users"][0]["name"]) == (409, "in-use", "Urgent ones")


async def test_rules_go_from_desk_to_desk_as_a_file(desk: Desk, db: Database) -> None:
    """With names for numbers; what is here already is replaced; what names the unknown is left out and said."""
    http = desk.admin.http
    actions = [{"kind": "team", "team": desk.team}, {"kind": "assign", "agent": desk.agent.id}]
    await http.post("/api/webhooks", json={"name": "Shop", "url": "https://example.org/hook"})
    asked = {"kind": "question", "field": "ticket.team", "op": "in", "value": [desk.team, desk.other_team]}
    await http.post("/api/rules", json=RULE | {"actions": actions, "condition": asked})
    await desk.lead.http.post("/api/macros", json={"name": "M", "actions": [{"kind": "team", "team": desk.team}]})
    file = (await http.get("/api/rules/file")).json()
    assert file["rules"][0]["actions"] == [
        {"kind": "team", "team": "Repairs"},
        {"kind": "assign", "agent": "agent@desk.example", "me": False},
    ]
    assert file["rules"][0]["condition"]["value"] == ["Repairs", "Billing"]
    assert "whsec_" not in str(file)
    async with unit_of_work(db) as session:  # another desk, where the team has another number
        for table in ("rules", "macros", "webhooks"):
            await session.execute(text(f"delete from {table}"))
        await session.execute(text("update teams set name = name || ' of old'"))
        await session.execute(text("insert into teams (name, created_at) values ('Repairs', '2026-01-01Z')"))
    taken = (await http.post("/api/rules/file", json=file)).json()
    assert (taken["made"], taken["changed"]) == (["Shop", "M"], [])
    assert taken["refused"] == ["Urgent ones: This desk has no team called Billing."]
    async with unit_of_work(db) as session:
        await session.execute(text("update teams set name = 'Billing' where name = 'Billing of old'"))
    taken = (await http.post("/api/rules/file", json=file)).json()
    assert (taken["made"], taken["changed"], taken["refused"]) == (["Urgent ones"], ["Shop", "M"], [])
    again = (await http.get("/api/rules/file")).json()
    assert again == file
    number = (await http.get("/api/rules")).json()[0]["actions"][0]["team"]
    assert number not in (desk.team, desk.other_team)
    assert (await http.post("/api/rules/file", json=file | {"version": 9})).status_code == 422


async def test_nothing_is_taken_away_that_a_rule_names(desk: Desk, db: Database) -> None:
    """Opening hours, a queue, a skill: refused with the list of users; once the rules let go of them, they go."""
    http = desk.admin.http
    hours = {"timeZone": "Asia/Kolkata", "weekly": [[] for _ in range(7)], "days": []}
    assert (await http.put("/api/opening-hours/night", json=hours)).status_code == 200
    queue = await http.post("/api/routing/queues", json={"name": "Back office"})
    assert queue.status_code == 201, queue.text
    skill = await http.post("/api/routing/skills", json={"name": "Hindi"})
    things = {
        "/api/opening-hours/night": {"kind": "snooze", "hours": "night"},
        f"/api/routing/queues/{queue.json()['id']}": {"kind": "queue", "queue": queue.json()["id"]},
        f"/api/routing/skills/{skill.json()['id']}": {"kind": "skill", "skill": skill.json()["id"]},
    }
    made = await http.post("/api/rules", json=RULE | {"actions": list(things.values())})
    assert made.status_code == 201, made.text
    for path in things:
        refused = await http.delete(path)
        assert (refused.status_code, refused.json().get("users")) == (
            409,
            [{"kind": "rule", "id": made.json()["id"], "name": "Urgent ones"}],
        ), path
    await http.put(f"/api/rules/{made.json()['id']}", json=RULE)
    for path in things:
        assert (await http.delete(path)).status_code == 204, path


async def test_what_rules_are_made_of_is_told(desk: Desk) -> None:
    """Every field with its operators."""
    found = (await desk.admin.http.get("/api/rules/catalogue")).json()
    status = next(each for each in found["fields"] if each["name"] == "ticket.status")
    assert (status["options"][0], status["operators"][-1]) == ("open", "changed_to")
    assert "ticket.created" in found["happenings"]


def test_only_administrators_hold_the_rights_to_rules() -> None:
    """A lead writes macros; an agent applies them."""
    held = {
        name: {"rules:manage", "macros:manage", "webhooks:manage"} & each for name, each in permissions.ROLES.items()
    }
    assert held == {
        "admin": {"rules:manage", "macros:manage", "webhooks:manage"},
        "lead": {"macros:manage"},
        "agent": set(),
    }

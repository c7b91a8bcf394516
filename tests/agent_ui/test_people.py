"""Accounts and teams over the API: what an administrator changes, and what keeps her from locking everybody out."""

from typing import Any

import pytest
from sqlalchemy import text

from core.db import Database, unit_of_work
from staff import agents
from tests.agent_ui.conftest import PASSWORD, Client, Desk, Person

NEW = {"name": "Asha Rao", "email": "Asha@desk.example", "password": "a long enough one"}


async def person(desk: Desk, agent_id: int) -> dict[str, Any]:
    """An account as the administrator sees it."""
    found: dict[str, Any] = (await desk.admin.http.get(f"/api/people/{agent_id}")).json()
    return found


async def test_a_new_agent_works_in_her_team(desk: Desk, client: Client) -> None:
    """She is made with a team, signs in, and sees it; without a number she holds as many tickets as is usual."""
    made = await desk.admin.http.post("/api/people", json={**NEW, "teamIds": [desk.team]})
    assert made.status_code == 201, made.text
    asha = Person(made.json()["id"], NEW["email"], client())
    signed_in = await asha.http.post("/api/session", json={"email": asha.email, "password": NEW["password"]})
    assert [team["name"] for team in signed_in.json()["agent"]["teams"]] == ["Repairs"]
    assert made.json() == {
        "id": asha.id,
        "name": "Asha Rao",
        "email": "Asha@desk.example",
        "role": "agent",
        "teams": [{"id": desk.team, "name": "Repairs"}],
        "capacity": 8,
        "isActive": True,
    }
    listed = (await desk.admin.http.get("/api/people")).json()
    assert [one["name"] for one in listed] == ["Admin", "Agent", "Asha Rao", "Lead", "Stranger"]


async def test_an_account_is_changed_and_the_change_is_on_record(desk: Desk, db: Database) -> None:
    """What is not sent stays; the changed teams are those she has from now on."""
    path = f"/api/people/{desk.agent.id}"
    wanted = {"name": "Agnes", "email": "agnes@desk.example", "capacity": 3, "teamIds": [desk.other_team]}
    changed = (await desk.admin.http.patch(path, json=wanted)).json()
    assert (changed["name"], changed["email"], changed["capacity"]) == ("Agnes", "agnes@desk.example", 3)
    assert ([team["id"] for team in changed["teams"]], changed["role"]) == ([desk.other_team], "agent")
    assert (await desk.agent.http.get("/api/session")).json()["agent"]["name"] == "Agnes"
    async with db.sessions() as session:
        data = await session.scalar(text("select data from events where kind = 'agent.changed'"))
    assert data["changes"]["capacity"] == [8, 3]
    assert set(data["changes"]) == {"name", "email", "capacity"}


async def test_a_new_role_and_a_new_password_end_the_sign_ins(desk: Desk) -> None:
    """She signs in again with what she has now."""
    answer = await desk.admin.http.patch(f"/api/people/{desk.agent.id}", json={"role": "lead"})
    assert answer.json()["role"] == "lead"
    assert (await desk.agent.http.get("/api/session")).status_code == 401
    answer = await desk.admin.http.put(f"/api/people/{desk.lead.id}/password", json={"password": "quite another one"})
    assert answer.status_code == 204
    assert (await desk.lead.http.get("/api/session")).status_code == 401
    old = {"email": desk.lead.email, "password": PASSWORD}
    assert (await desk.anonymous.post("/api/session", json=old)).status_code == 401
    new = {"email": desk.lead.email, "password": "quite another one"}
    assert (await desk.anonymous.post("/api/session", json=new)).status_code == 200


async def test_a_closed_account_can_be_opened_again(desk: Desk) -> None:
    """Her sign-ins end at once, colleagues no longer find her, and her account stays in the list."""
    path = f"/api/people/{desk.agent.id}"
    assert not (await desk.admin.http.post(f"{path}/deactivate")).json()["isActive"]
    assert (await desk.agent.http.get("/api/session")).status_code == 401
    assert "Agent" not in [one["name"] for one in (await desk.lead.http.get("/api/agents")).json()]
    assert (await desk.admin.http.get("/api/people")).json()[-1]["name"] == "Agent"
    assert (await desk.admin.http.post(f"{path}/activate")).json()["isActive"]
    await desk.agent.sign_in()


@pytest.mark.parametrize("removing", [("PATCH", "", {"role": "lead"}), ("POST", "/deactivate", None)])
async def test_somebody_always_manages_the_people(
    desk: Desk, db: Database, removing: tuple[str, str, dict[str, str] | None]
) -> None:
    """The last administrator stays; with two, neither does it to herself, and a colleague can."""
    method, tail, body = removing
    path = f"/api/people/{desk.admin.id}{tail}"
    last = await desk.admin.http.request(method, path, json=body)
    assert (last.status_code, last.json()["code"]) == (409, "last-administrator")
    async with unit_of_work(db) as session:
        await agents.set_role(session, desk.lead.id, "admin")
    await desk.lead.sign_in()
    own = await desk.admin.http.request(method, path, json=body)
    assert (own.status_code, own.json()["code"]) == (409, "own-account")
    assert (await person(desk, desk.admin.id))["role"] == "admin"
    assert (await desk.lead.http.request(method, path, json=body)).status_code == 200
    assert (await desk.admin.http.get("/api/session")).status_code == 401


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"email": "nobody"}, "email"), ({"name": " "}, "name"), ({"capacity": -1}, "capacity"),
     ({"role": "king"}, "role"), ({"teamIds": [999_999]}, "teamIds")],
)  # fmt: skip
async def test_a_wrong_field_is_named(desk: Desk, wrong: dict[str, Any], field: str) -> None:
    """By the name that it has in the body, for a new account and for one that exists; nothing is written."""
    before = await person(desk, desk.agent.id)
    for answer in (
        await desk.admin.http.post("/api/people", json=NEW | wrong),
        await desk.admin.http.patch(f"/api/people/{desk.agent.id}", json={"name": "Agnes"} | wrong),
    ):
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert await person(desk, desk.agent.id) == before
    assert len((await desk.admin.http.get("/api/people")).json()) == 4


async def test_an_address_belongs_to_one_agent(desk: Desk) -> None:
    """Case does not make another address."""
    answer = await desk.admin.http.patch(f"/api/people/{desk.agent.id}", json={"email": "LEAD@desk.example"})
    assert (answer.status_code, answer.json()["code"]) == (409, "email-taken")


async def test_teams_are_made_and_renamed(desk: Desk, db: Database) -> None:
    """A name belongs to one team, whatever its capitals; the new name is on record."""
    made = await desk.admin.http.post("/api/teams", json={"name": "  Second   line "})
    assert (made.status_code, made.json()["name"]) == (201, "Second line")
    taken = await desk.admin.http.post("/api/teams", json={"name": "REPAIRS"})
    assert (taken.status_code, taken.json()["code"]) == (409, "team-name-taken")
    path = f"/api/teams/{made.json()['id']}"
    assert (await desk.admin.http.patch(path, json={"name": "Billing"})).status_code == 409
    assert (await desk.admin.http.patch(path, json={"name": "second line"})).json()["name"] == "second line"
    assert "second line" in [team["name"] for team in (await desk.agent.http.get("/api/teams")).json()]
    assert (await desk.admin.http.patch(path, json={"name": ""})).json()["errors"][0]["field"] == "name"
    async with db.sessions() as session:
        data = await session.scalar(text("select data from events where kind = 'team.renamed'"))
    assert data["changes"] == {"name": ["Second line", "second line"]}


async def test_roles_are_told_with_what_they_allow(desk: Desk) -> None:
    """For the choice in the form."""
    roles = {role["name"]: role["permissions"] for role in (await desk.admin.http.get("/api/people/roles")).json()}
    assert set(roles) == {"admin", "agent", "lead"}
    assert "staff:manage" in roles["admin"] and "staff:manage" not in roles["lead"]

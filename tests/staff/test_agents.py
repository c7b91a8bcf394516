"""Agents, teams, roles, sessions, macros: what is refused, what is on record, what ends sessions."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.errors import Invalid, NotFound
from staff import agents, macros, permissions, sessions, teams
from staff.agents import NewAgent, Preferences
from staff.errors import EmailTaken
from tests.staff.conftest import PASSWORD


async def events(db: Database, kind: str) -> list[dict[str, object]]:
    """The data of the events of a kind."""
    async with db.sessions() as session:
        rows = await session.execute(text("select data from events where kind = :kind order by id"), {"kind": kind})
        return [row[0] for row in rows]


async def test_an_agent_has_the_rights_of_her_role_and_her_teams(db: Database, agent_id: int, team_id: int) -> None:
    """One statement gives the actor of a session."""
    async with unit_of_work(db) as session:
        _, token = await sessions.start(session, agent_id, "127.0.0.1", "Browser", 14)
    found = await sessions.find(db, token)
    assert found is not None
    assert found.actor.permissions == permissions.ROLES["agent"]
    assert found.actor.team_ids == (team_id,)
    assert await sessions.find(db, token + "x") is None
    async with db.sessions() as session:
        profile = await agents.profile(session, agent_id)
    assert (profile.role, profile.teams) == ("agent", ((team_id, "Repairs"),))


async def test_two_agents_cannot_have_one_address(db: Database, agent_id: int) -> None:
    """Case does not make another address; the unit of work stays usable."""
    async with unit_of_work(db) as session:
        with pytest.raises(EmailTaken):
            await agents.create(session, NewAgent(name="Other", email="meera@DESK.example", password=PASSWORD))
        await agents.create(session, NewAgent(name="Other", email="other@desk.example", password=PASSWORD))


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "no address"), ("password", "short"), ("role", "king"), ("name", " "), ("locale", "xx"),
     ("time_zone", "Mars"), ("team_ids", (999,))],
)  # fmt: skip
async def test_a_wrong_field_is_named(db: Database, team_id: int, field: str, value: object) -> None:
    """Nothing is written."""
    good = {"name": "A", "email": "a@desk.example", "password": PASSWORD}
    with pytest.raises(Invalid) as refused:
        async with unit_of_work(db) as session:
            await agents.create(session, NewAgent(**(good | {field: value})))  # type: ignore[arg-type]
    named = refused.value.extra["errors"][0]["field"]
    assert named.lower() == field.replace("_", "").lower()
    async with db.sessions() as session:
        assert await agents.find_by_email(session, "a@desk.example") is None


async def test_changes_are_on_record_with_old_and_new(db: Database, agent_id: int) -> None:
    """Only what really changed; the password never as a value."""
    async with unit_of_work(db) as session:
        await agents.change_preferences(session, agent_id, Preferences(theme="dark", locale="en"))
        await agents.set_password(session, agent_id, "another password")
    assert await events(db, "agent.changed") == [
        {"agent_id": agent_id, "changes": {"theme": ["system", "dark"]}},
        {"agent_id": agent_id, "changes": {"password": ["…", "…"]}},
    ]


async def test_changed_rights_end_the_sessions(db: Database, agent_id: int) -> None:
    """Role, activity and password end them and say which; the same role again does not."""
    for change, reason in (
        (lambda s: agents.set_role(s, agent_id, "lead"), "role changed"),
        (lambda s: agents.set_password(s, agent_id, "another password"), "password changed"),
        (lambda s: agents.set_active(s, agent_id, active=False), "account closed"),
    ):
        async with unit_of_work(db) as session:
            started, _ = await sessions.start(session, agent_id, "127.0.0.1", "", 14)
        async with unit_of_work(db) as session:
            await change(session)
        ended = (await events(db, "session.ended"))[-1]
        assert (ended["session_ids"], ended["reason"]) == ([started], reason)
    async with unit_of_work(db) as session:
        await sessions.start(session, agent_id, "127.0.0.1", "", 14)
        await agents.set_role(session, agent_id, "lead")
        assert len(await sessions.list_of(session, agent_id)) == 1


async def test_sessions_end_by_time_and_are_forgotten(db: Database, agent_id: int, clock: ManualClock) -> None:
    """Unused for their days they are refused, and the next sign-in sweeps them away."""
    async with unit_of_work(db) as session:
        _, token = await sessions.start(session, agent_id, "127.0.0.1", "", 1)
    clock.advance(timedelta(days=1))
    assert await sessions.find(db, token) is None
    async with unit_of_work(db) as session:
        await sessions.start(session, agent_id, "127.0.0.1", "", 1)
        assert await session.scalar(text("select count(*) from sessions")) == 1


async def test_teams_are_set_whole(db: Database, agent_id: int) -> None:
    """Joining and leaving in one step, told to open sockets."""
    async with unit_of_work(db) as session:
        other = await teams.create(session, " Billing  desk ")
        assert await teams.create(session, "Billing desk") == other
        await agents.set_teams(session, agent_id, (other,))
    assert (await events(db, "agent.teams_changed"))[-1] == {"agent_id": agent_id, "team_ids": [other]}
    async with db.sessions() as session:
        assert [one.team_ids for one in await agents.list_active(session)] == [(other,)]
        with pytest.raises(Invalid):
            await agents.set_teams(session, agent_id, (12345,))
        with pytest.raises(NotFound):
            await agents.set_teams(session, 12345, ())


async def test_roles_follow_the_product(db: Database, team_id: int) -> None:
    """An upgrade brings its permissions to a desk that exists; a role of the desk's own is left alone."""
    async with unit_of_work(db) as session:
        await session.execute(text("update roles set permissions = '{}' where name = 'agent'"))
        await session.execute(text("insert into roles (name, permissions) values ('night', '{desk:use}')"))
        await permissions.sync_roles(session)
    async with db.sessions() as session:
        held = {row[0]: row[1] for row in await session.execute(text("select name, permissions from roles"))}
    assert set(held["agent"]) == permissions.ROLES["agent"]
    assert held["night"] == ["desk:use"]


async def test_macros_are_made_safe_and_replaced_by_name(db: Database, clock: ManualClock) -> None:
    """A canned reply cannot carry a script; saving it again changes it."""
    async with unit_of_work(db) as session:
        first = await macros.save(session, "Thanks", "<p>Thank you<script>x()</script></p>")
        assert await macros.save(session, "Thanks", "<p>Thanks!</p>") == first
        assert [one.html for one in await macros.list_all(session)] == ["<p>Thanks!</p>"]
        with pytest.raises(Invalid):
            await macros.save(session, " ", "<p>x</p>")

"""``sampark user``: accounts, roles and teams from the command line."""

import asyncio

import pytest
from click.testing import CliRunner, Result

from core.db import Database
from core.errors import NotFound
from core.settings import Settings
from sampark.commands.user import command
from staff.errors import LastKeeper


async def user(db: Database, settings: Settings, *arguments: str) -> Result:
    """Run the command in a process's place, on this test's database."""
    given = {
        "DATABASE_URL": db.url,
        "SAMPARK_DATA": str(settings.data),
        "SAMPARK_SECRET": settings.secret.get_secret_value(),
        "SAMPARK_PASSWORD": "correct horse battery",
    }
    return await asyncio.to_thread(CliRunner().invoke, command, arguments, env=given)


async def test_an_agent_is_made_with_teams_and_moved_to_others(db: Database, settings: Settings) -> None:
    """A team that there is not yet is made and told of; capitals make no other team."""
    created = await user(
        db, settings, "create", "asha@desk.test", "--name", "Asha", "--team", "Repairs", "--team", "Billing"
    )
    assert created.exit_code == 0, created.output
    assert "There was no team Repairs; it is made." in created.output
    shown = await user(db, settings, "teams", "asha@desk.test")
    assert shown.output == "asha@desk.test is in Billing, Repairs.\n"
    moved = await user(db, settings, "teams", "ASHA@desk.test", "repairs")
    assert moved.output == "ASHA@desk.test is in Repairs.\n"
    assert (await user(db, settings, "teams", "asha@desk.test", "--none")).output == "asha@desk.test is in no team.\n"
    assert (await user(db, settings, "teams", "asha@desk.test", "Repairs", "--none")).exit_code == 2


async def test_roles_change_and_the_last_administrator_stays(db: Database, settings: Settings) -> None:
    """Also from the machine itself somebody must be left who can manage people."""
    await user(db, settings, "create", "asha@desk.test", "--name", "Asha")
    assert (await user(db, settings, "role", "asha@desk.test", "admin")).exit_code == 0
    listed = (await user(db, settings, "list")).output
    assert listed == "asha@desk.test  Asha: admin, no team\n"
    for refused in (("role", "asha@desk.test", "agent"), ("deactivate", "asha@desk.test")):
        assert isinstance((await user(db, settings, *refused)).exception, LastKeeper)


@pytest.mark.parametrize("arguments", [("teams", "x@desk.test", "A"), ("role", "x@desk.test", "lead")])
async def test_nobody_of_this_address(db: Database, settings: Settings, arguments: tuple[str, ...]) -> None:
    """A sentence says so."""
    assert isinstance((await user(db, settings, *arguments)).exception, NotFound)

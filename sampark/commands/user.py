"""``sampark user``: make agents, say who works where, and help one who is locked out, from the machine itself."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import click
import uvloop
from sqlalchemy.ext.asyncio import AsyncSession

from core import log
from core.db import unit_of_work
from core.errors import NotFound
from core.settings import Settings, load
from sampark.runtime import running
from staff import agents, permissions, teams

ROLES = click.Choice(["agent", "lead", "admin"])


@click.group("user")
def command() -> None:
    """Make agents, set passwords, roles and teams."""
    log.configure("WARNING")


@contextlib.asynccontextmanager
async def _desk(settings: Settings) -> AsyncIterator[AsyncSession]:
    async with running(settings) as runtime, unit_of_work(runtime.db) as session:
        yield session


def _of(email: str, work: Callable[[AsyncSession, int], Awaitable[None]]) -> None:
    """Do something with the agent of an address, in one unit of work."""

    async def run() -> None:
        async with _desk(load()) as session:
            agent_id = await agents.find_by_email(session, email)
            if agent_id is None:
                raise NotFound(f"There is no agent {email}.")
            await work(session, agent_id)

    uvloop.run(run())


async def _team_ids(session: AsyncSession, names: tuple[str, ...]) -> tuple[int, ...]:
    """The teams of these names; one that there is not yet is made, and told of."""
    found = []
    for name in names:
        known = await teams.find_by_name(session, name)
        if known is None:
            known = await teams.add(session, name)
            click.echo(f"There was no team {name}; it is made.")
        found.append(known)
    return tuple(found)


@command.command("create")
@click.argument("email")
@click.option("--name", required=True, help="As colleagues and customers see it.")
@click.option("--role", default="agent", show_default=True, type=ROLES)
@click.option("--team", "names", multiple=True, help="A team she belongs to; may be given several times.")
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True, envvar="SAMPARK_PASSWORD")
def create(email: str, name: str, role: str, names: tuple[str, ...], password: str) -> None:
    """Make an agent who can sign in with EMAIL. The password is asked for, or taken from SAMPARK_PASSWORD."""

    async def run() -> None:
        settings = load()
        async with _desk(settings) as session:
            await permissions.sync_roles(session)
            new = agents.NewAgent(
                name=name,
                email=email,
                password=password,
                role=role,
                team_ids=await _team_ids(session, names),
                capacity=settings.agent_capacity,
            )
            agent_id = await agents.create(session, new)
            click.echo(f"Agent {agent_id} can sign in as {email}.")

    uvloop.run(run())


@command.command("list")
def list_agents() -> None:
    """Show who has an account, with role and teams."""

    async def run() -> None:
        async with _desk(load()) as session:
            for one in await agents.list_all(session):
                places = ", ".join(name for _, name in one.teams) or "no team"
                gone = "" if one.is_active else ", deactivated"
                click.echo(f"{one.email}  {one.name}: {one.role}, {places}{gone}")

    uvloop.run(run())


@command.command("teams")
@click.argument("email")
@click.argument("names", nargs=-1, metavar="[TEAM]...")
@click.option("--none", "is_none", is_flag=True, help="Take her out of all teams.")
def set_teams(email: str, names: tuple[str, ...], is_none: bool) -> None:
    """Put the agent EMAIL into exactly these teams; without a TEAM, show those she is in."""
    if names and is_none:
        raise click.UsageError("Give teams, or --none, not both.")

    async def work(session: AsyncSession, agent_id: int) -> None:
        if names or is_none:
            await agents.set_teams(session, agent_id, await _team_ids(session, names))
        places = [name for _, name in (await agents.profile(session, agent_id)).teams]
        click.echo(f"{email} is in {', '.join(places) or 'no team'}.")

    _of(email, work)


@command.command("role")
@click.argument("email")
@click.argument("role", type=ROLES)
def set_role(email: str, role: str) -> None:
    """Give the agent EMAIL another ROLE and end her sign-ins."""

    async def work(session: AsyncSession, agent_id: int) -> None:
        await agents.set_role(session, agent_id, role)
        click.echo(f"The role of {email} is {role}.")

    _of(email, work)


@command.command("password")
@click.argument("email")
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True, envvar="SAMPARK_PASSWORD")
def password(email: str, password: str) -> None:
    """Set the password of the agent EMAIL and end her sign-ins."""

    async def work(session: AsyncSession, agent_id: int) -> None:
        await agents.set_password(session, agent_id, password)
        click.echo("The password is set; earlier sign-ins have ended.")

    _of(email, work)


@command.command("deactivate")
@click.argument("email")
@click.option("--undo", is_flag=True, help="Let the agent sign in again.")
def deactivate(email: str, undo: bool) -> None:
    """Take the agent EMAIL out of the desk: sign-ins and live windows end at once; what she wrote stays."""

    async def work(session: AsyncSession, agent_id: int) -> None:
        await agents.set_active(session, agent_id, undo)
        click.echo(f"{email} can sign in again." if undo else f"{email} can no longer sign in.")

    _of(email, work)

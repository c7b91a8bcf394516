"""``sampark user``: make agents and help one who is locked out, from the machine itself."""

import click
import uvloop

from core import log
from core.db import unit_of_work
from core.errors import NotFound
from core.settings import load
from sampark.runtime import running
from staff import agents, permissions


@click.group("user")
def command() -> None:
    """Make agents, set passwords and roles."""


@command.command("create")
@click.argument("email")
@click.option("--name", required=True, help="As colleagues and customers see it.")
@click.option("--role", default="agent", show_default=True, type=click.Choice(["agent", "lead", "admin"]))
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True, envvar="SAMPARK_PASSWORD")
def create(email: str, name: str, role: str, password: str) -> None:
    """Make an agent who can sign in with EMAIL. The password is asked for, or taken from SAMPARK_PASSWORD."""

    async def run() -> None:
        settings = load()
        async with running(settings) as runtime, unit_of_work(runtime.db) as session:
            await permissions.sync_roles(session)
            new = agents.NewAgent(
                name=name, email=email, password=password, role=role, capacity=settings.agent_capacity
            )
            agent_id = await agents.create(session, new)
            click.echo(f"Agent {agent_id} can sign in as {email}.")

    log.configure("WARNING")
    uvloop.run(run())


@command.command("password")
@click.argument("email")
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True, envvar="SAMPARK_PASSWORD")
def password(email: str, password: str) -> None:
    """Set the password of the agent EMAIL and end her sign-ins."""

    async def run() -> None:
        async with running(load()) as runtime, unit_of_work(runtime.db) as session:
            agent_id = await agents.find_by_email(session, email)
            if agent_id is None:
                raise NotFound(f"There is no agent {email}.")
            await agents.set_password(session, agent_id, password)
            click.echo("The password is set; earlier sign-ins have ended.")

    log.configure("WARNING")
    uvloop.run(run())


@command.command("deactivate")
@click.argument("email")
@click.option("--undo", is_flag=True, help="Let the agent sign in again.")
def deactivate(email: str, undo: bool) -> None:
    """Take the agent EMAIL out of the desk: sign-ins and live windows end at once; what she wrote stays."""

    async def run() -> None:
        async with running(load()) as runtime, unit_of_work(runtime.db) as session:
            agent_id = await agents.find_by_email(session, email)
            if agent_id is None:
                raise NotFound(f"There is no agent {email}.")
            await agents.set_active(session, agent_id, undo)
            click.echo(f"{email} can sign in again." if undo else f"{email} can no longer sign in.")

    log.configure("WARNING")
    uvloop.run(run())

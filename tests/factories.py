"""Rows for tests, made through the product's own verbs where there is one; and a database that goes away."""

import hashlib
import itertools
from email.message import EmailMessage

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from channels.models import ChannelAccount
from core import clock
from core.actor import Actor, ActorKind
from core.db import Database
from routing.models import Presence
from staff.models import Agent, Role, Team, TeamMember
from tickets.intake import InboundMessage, Person, Received, receive

_numbers = itertools.count(1)
AGENT_RIGHTS = frozenset({"tickets:read", "tickets:reply", "tickets:change"})


async def team(session: AsyncSession, name: str | None = None) -> Team:
    """A team."""
    made = Team(name=name or f"Team {next(_numbers)}", created_at=clock.now())
    session.add(made)
    await session.flush()
    return made


async def agent(
    session: AsyncSession, *teams: Team, name: str | None = None, capacity: int = 8, present: str | None = None
) -> Agent:
    """An agent of some teams; ``present`` puts her into a state with a fresh heartbeat."""
    number = next(_numbers)
    role = Role(name=f"role-{number}", permissions=sorted(AGENT_RIGHTS))
    session.add(role)
    await session.flush()
    made = Agent(
        name=name or f"Agent {number}",
        email=f"agent{number}@desk.example",
        password_hash="!",
        role_id=role.id,
        capacity=capacity,
        created_at=clock.now(),
    )
    session.add(made)
    await session.flush()
    session.add_all(TeamMember(team_id=each.id, agent_id=made.id) for each in teams)
    if present is not None:
        session.add(Presence(agent_id=made.id, state=present, since=clock.now(), heartbeat_at=clock.now()))
    await session.flush()
    return made


def actor(someone: Agent, *teams: Team, rights: frozenset[str] = AGENT_RIGHTS) -> Actor:
    """The agent as an actor."""
    return Actor(ActorKind.AGENT, someone.id, someone.name, rights, tuple(each.id for each in teams))


async def mailbox(
    session: AsyncSession, owner: Team | None = None, address: str = "support@desk.example"
) -> ChannelAccount:
    """A mailbox."""
    made = ChannelAccount(
        channel="email",
        name=f"box-{next(_numbers)}",
        address=address,
        display_name="Desk",
        team_id=owner.id if owner else None,
        settings={"smtp": {"host": "127.0.0.1", "port": 2526, "tls": "none"}},
        created_at=clock.now(),
    )
    session.add(made)
    await session.flush()
    return made


async def received(session: AsyncSession, sender: str = "asha@customer.example", **fields: object) -> Received:
    """A customer's message, taken in."""
    number = next(_numbers)
    values: dict[str, object] = {
        "channel": "email",
        "account_id": None,
        "inbound_item_id": None,
        "sender": Person("Asha Rao", sender),
        "subject": f"Question {number}",
        "text": f"Where is order {number}?",
        "message_id_header": f"q{number}@customer.example",
    }
    return await receive(session, InboundMessage(**(values | fields)))  # type: ignore[arg-type]


def raw_mail(**headers: str) -> bytes:
    """A plain mail; ``body`` is its text, other names are headers (``from_``, ``to``, ``in_reply_to`` …)."""
    number = next(_numbers)
    mail = EmailMessage()
    body = headers.pop("body", f"The machine stopped again, for the {number}th time.")
    values = {
        "from_": "Asha Rao <asha@customer.example>",
        "to": "support@desk.example",
        "subject": f"Machine {number}",
        "message_id": f"<{hashlib.sha256(str(number).encode()).hexdigest()[:20]}@customer.example>",
    } | headers
    for name, value in values.items():
        if value:
            mail[name.rstrip("_").replace("_", "-").title()] = value
    mail.set_content(body)
    return mail.as_bytes()


async def hang_up(db: Database) -> None:
    """End every connection to this database, as a restart of the server does."""
    connection = await asyncpg.connect(db.url)
    try:
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )
    finally:
        await connection.close()

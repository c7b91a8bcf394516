"""The databases of a run: an own PostgreSQL in a temporary folder, a migrated desk, agents, sessions, many tickets."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from channels.models import ChannelAccount
from core import clock, migrate
from core.db import Database, unit_of_work
from core.embedded import EmbeddedServer
from routing.models import Presence
from staff import permissions, sessions
from staff.models import Agent, Team, TeamMember

TEAMS: Final = 4
AGENTS: Final = 12
CAPACITY: Final = 40
CUSTOMERS: Final = 5_000
TICKETS: Final = 100_000
FIRST: Final = 1001
"""Id of a desk's first ticket."""
LONG: Final = 200
"""Tickets with ten messages, the first ones."""
ANSWERED: Final = 10_000
"""Tickets with a customer's message to be answered, after the long ones."""

_SEED: Final = f"""
insert into customers (name, created_at)
select 'Customer ' || n, now() from generate_series(1, {CUSTOMERS}) n;
insert into contact_points (customer_id, kind, value, display, source, created_at)
select n, 'email', 'customer' || n || '@firm.example', 'customer' || n || '@firm.example', 'email', now()
from generate_series(1, {CUSTOMERS}) n;
insert into tickets (subject, status, channel, customer_id, team_id, assignee_id, tags, created_at, last_activity_at,
    waiting_since, message_count, snippet, account_id)
select 'Request ' || n || ' about the machine',
    case when n <= {LONG + ANSWERED} or n % 4 = 0 then 'open' else 'solved' end,
    'email', 1 + n % {CUSTOMERS}, 1 + n % {TEAMS}, case when n % 3 = 0 then 1 + n % {AGENTS} end,
    array['tag' || n % 7], now() - n * interval '1 minute', now() - n * interval '1 minute',
    case when n % 2 = 0 then now() - n * interval '1 minute' end, 1,
    'The machine stops after ten minutes and shows the red light. I have cleaned the filter, as the manual says.',
    1
from generate_series(1, {TICKETS}) n;
insert into messages (ticket_id, kind, channel, author_customer_id, author_agent_id, author_name,
    author_address, subject, text, html, "to", created_at, message_id_header)
select t.id, case when m % 2 = 1 then 'customer' else 'agent' end, 'email', case when m % 2 = 1 then t.customer_id end,
    case when m % 2 = 0 then 1 end, 'Somebody', 'customer' || t.customer_id || '@firm.example', t.subject,
    repeat('The machine stops after ten minutes and shows the red light. ', 8),
    repeat('<p>The machine stops after ten minutes and shows the <b>red</b> light.</p>', 8),
    '[{{"name": "Support", "address": "team1@desk.example"}}]', t.created_at + m * interval '1 second', t.id || '.' || m
from tickets t cross join generate_series(1, 10) m
where t.id < {FIRST} + {LONG} or (t.id < {FIRST} + {LONG + ANSWERED} and m = 1);
update tickets t set last_message_id = l.id, last_customer_message_id = l.id, message_count = l.count
from (select ticket_id, max(id) id, count(*) count from messages group by ticket_id) l where l.ticket_id = t.id;
"""  # noqa: S608 - only our own numbers are put in


@contextlib.asynccontextmanager
async def desk(url: str) -> AsyncIterator[Database]:
    """A pool for the length of a block."""
    db = Database(url, 8)
    try:
        yield db
    finally:
        await db.close()


def named(url: str, name: str) -> str:
    """The same server's address with another database."""
    head, _, query = url.partition("?")
    return f"{head.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")


async def start_server(folder: Path) -> tuple[EmbeddedServer, str]:
    """An embedded server of this run's own with the product's tuning, and its address."""
    server = EmbeddedServer(folder)
    return server, await server.prepare()


async def make_desk(server_url: str, name: str) -> str:
    """A migrated database with teams, mailboxes and agents who are there; returns its address."""
    admin = await asyncpg.connect(server_url)
    await admin.execute(f"create database {name} template template0 locale_provider builtin builtin_locale 'C.UTF-8'")
    await admin.close()
    url = named(server_url, name)
    async with desk(url) as db:
        await migrate.migrate(db)
        async with unit_of_work(db) as session:
            await permissions.sync_roles(session)
            await _staff(session)
    return url


async def _staff(session: AsyncSession) -> None:
    now = clock.now()
    teams = [Team(name=f"Team {n + 1}", created_at=now) for n in range(TEAMS)]
    session.add_all(teams)
    await session.flush()
    role_id = await permissions.role_id(session, "agent")
    for n, team in enumerate(teams):
        address = f"team{n + 1}@desk.example"
        session.add(
            ChannelAccount(
                channel="email", name=team.name, address=address, display_name="Desk", team_id=team.id, created_at=now
            )
        )
    for n in range(AGENTS):
        agent = Agent(
            name=f"Agent {n + 1}",
            email=f"agent{n + 1}@desk.example",
            password_hash="!",  # noqa: S106 - nobody signs in with a password here
            role_id=role_id,
            capacity=CAPACITY,
            created_at=now,
        )
        session.add(agent)
        await session.flush()
        session.add_all(TeamMember(team_id=teams[(n + k) % TEAMS].id, agent_id=agent.id) for k in range(2))
        session.add(Presence(agent_id=agent.id, state="available", since=now, heartbeat_at=now))
    await session.flush()


async def fill(url: str) -> None:
    """Put a hundred thousand tickets into a desk."""
    connection = await asyncpg.connect(url)
    await connection.execute("set synchronous_commit = off; set maintenance_work_mem = '256MB'")
    await connection.execute("drop index ix_tickets_subject_trgm")
    await connection.execute(_SEED)
    await connection.execute("create index ix_tickets_subject_trgm on tickets using gin (subject gin_trgm_ops)")
    await connection.execute("vacuum analyze")
    await connection.close()


async def sign_in(url: str, count: int) -> list[str]:
    """Sessions of the agents in turn; returns their tokens."""
    async with desk(url) as db, unit_of_work(db) as session:
        return [(await sessions.start(session, 1 + n % AGENTS, "127.0.0.1", "bench", 1))[1] for n in range(count)]

"""The product's web role with the floors beside it: the same queries by bare asyncpg, in the same process.

python -m tools.bench.server DATABASE_URL DATA_FOLDER PORT
"""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec
import uvloop
from litestar import Response, get, post
from sqlalchemy.ext.asyncio import AsyncSession

from agent_ui import routes
from core import log
from core.actor import Actor, ActorKind
from core.db import reading
from core.settings import load
from sampark.roles import Roles
from sampark.runtime import Runtime, running
from staff.permissions import ROLES
from tickets import listing, timeline
from tickets.listing import ListQuery
from tickets.queries import Compiled
from tools.bench.world import FIRST

FLOORS: Final[dict[str, Any]] = {}
"""The floors' pool of connections, made at start."""

_REPLY: Final = """
with said as (
    insert into messages (ticket_id, kind, channel, author_agent_id, author_name, text, html, created_at)
    values ($1, 'agent', 'email', 1, 'Agent 1', $2, $2, now()) returning id
), sent as (
    insert into deliveries (message_id, ticket_id, channel, send_at, created_at, changed_at)
    select id, $1, 'email', now(), now(), now() from said returning id
), timer as (
    insert into timers (due_at, job, args, key, dedupe)
    select now() + interval '1 hour', 'bench', '{}', id::text, 'bench:' || id from sent
), told as (
    insert into events (at, kind, actor_kind, actor_name, ticket_id, data)
    select now(), 'message.queued', 'agent', 'Agent 1', $1, '{}' from said
), woken as (
    select pg_notify('bench_replies', '') from said
)
update tickets set last_message_id = said.id, message_count = message_count + 1, last_activity_at = now(),
    version = version + 1 from said where tickets.id = $1 and exists(select 1 from woken) returning tickets.id, said.id
"""


def _answer(rows: list[asyncpg.Record]) -> Response[bytes]:
    return Response(msgspec.json.encode([dict(row) for row in rows]), media_type="application/json")


async def _recorded(runtime: Runtime) -> list[tuple[str, list[Any]]]:
    """Text and values of what the product asks for the measured list and for a ticket's messages, as agent 1."""
    asked: list[tuple[str, list[Any]]] = []
    run = Compiled.run

    async def record(statement: Compiled, session: AsyncSession, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        asked.append((statement.sql, [values.get(name, statement.defaults.get(name)) for name in statement.names]))
        return await run(statement, session, values)

    Compiled.run = record  # type: ignore[method-assign,assignment] # only a session is ever given here
    actor = Actor(ActorKind.AGENT, 1, "Agent 1", ROLES["agent"], (1, 2))
    async with reading(runtime.db) as session:
        await listing.list_tickets(session, actor, ListQuery(view="open"))
        await timeline.read(session, FIRST)
    Compiled.run = run  # type: ignore[method-assign]
    return asked


@get("/bench/list")
async def bare_list() -> Response[bytes]:
    """The rows of the list."""
    sql, values = FLOORS["list"]
    return _answer(await FLOORS["pool"].fetch(sql, *values))


@get("/bench/ticket/{ticket_id:int}")
async def bare_ticket(ticket_id: int) -> Response[bytes]:
    """A ticket and its messages."""
    async with FLOORS["pool"].acquire() as connection:
        ticket = await connection.fetch("select * from tickets where id = $1", ticket_id)
        sql, values = FLOORS["messages"]
        messages = await connection.fetch(sql, *(ticket_id if value == FIRST else value for value in values))
    return _answer([*ticket, *messages])


@post("/bench/reply/{ticket_id:int}")
async def bare_reply(ticket_id: int, data: dict[str, Any]) -> Response[bytes]:
    """A reply with its delivery, timer and event as one durable statement."""
    return _answer(await FLOORS["pool"].fetch(_REPLY, ticket_id, data["html"]))


@contextlib.asynccontextmanager
async def _floors(runtime: Runtime) -> AsyncIterator[None]:
    FLOORS["pool"] = await asyncpg.create_pool(runtime.db.url, min_size=8, max_size=8)
    FLOORS["list"], FLOORS["messages"] = (await _recorded(runtime))[:2]
    try:
        yield
    finally:
        FLOORS["pool"].terminate()


async def main(url: str, data: str, port: int) -> None:
    """Serve until told to stop; says so when it is ready."""
    log.configure("WARNING")
    settings = load(database_url=url, data=Path(data), http_port=port)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    routes.HANDLERS.extend([bare_list, bare_ticket, bare_reply])
    async with running(settings, migrated=False) as runtime, _floors(runtime):
        await Roles(runtime).run(("web",), stop, lambda: print("{}", flush=True))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))

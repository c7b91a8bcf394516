"""Routing: how long a round over a full desk takes, what two routers give away, how soon a ready agent has it.

500 agents in 50 teams and queues, 10,000 items waiting. `measure` starts this module again as an own process; its last
part runs the product's worker in it, as `sampark serve` does.
"""

import asyncio
import contextlib
import json
import random
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
import uvloop

from core import clock, log
from core.db import Database, unit_of_work
from core.live import Notice
from core.settings import load
from routing import presence, rounds
from sampark.roles import Roles
from sampark.runtime import Runtime, running
from tools.bench.figures import Figure, aimed, percentile
from tools.bench.processes import child

QUEUES: Final = 50
AGENTS: Final = 500
CAPACITY: Final = 8
WAITING: Final = 10_000
ROUNDS: Final = 300
WARM: Final = 20
MOST_FREED: Final = 4
"""At most so many places are free at each round."""
GIVEN: Final = 4_000
BATCH: Final = 50
READY: Final = 200

_SEED: Final = f"""
insert into teams (name, created_at) select 'Routed ' || n, now() from generate_series(1, {QUEUES}) n;
insert into queues (name, team_id, is_default, of_team)
select name, id, true, true from teams where name like 'Routed %';
create temp table team_of as select id, row_number() over (order by id) - 1 as n from teams where name like 'Routed %';
insert into agents (name, email, password_hash, role_id, capacity, created_at)
select 'Router ' || n, 'router' || n || '@desk.example', '!', (select min(id) from roles), {CAPACITY}, now()
from generate_series(1, {AGENTS}) n;
create temp table agent_of as
select id, row_number() over (order by id) - 1 as n from agents where name like 'Router %';
insert into team_members (team_id, agent_id)
select t.id, a.id from agent_of a join team_of t on t.n = a.n % {QUEUES};
update presence set state = 'offline';
insert into presence (agent_id, state, since, heartbeat_at)
select id, 'available', now(), now() + interval '1 day' from agent_of;
insert into customers (name, created_at) select 'Caller ' || n, now() from generate_series(1, 1000) n;
insert into tickets (subject, status, channel, customer_id, team_id, assignee_id, created_at, last_activity_at)
select 'Held ' || h, 'open', 'email', 1 + h, t.id, a.id, now(), now()
from agent_of a join team_of t on t.n = a.n % {QUEUES} cross join generate_series(1, {CAPACITY}) h;
insert into tickets (subject, status, channel, customer_id, team_id, created_at, last_activity_at)
select 'Waits ' || w, 'open', case when w % 4 = 0 then 'chat' else 'email' end, 1 + w % 1000, t.id,
    now() - w * interval '1 minute', now()
from generate_series(0, {WAITING} - 1) w join team_of t on t.n = w % {QUEUES};
insert into work_items (kind, ticket_id, team_id, queue_id, agent_id, state, priority, lane, entered_at, queued_at,
    rank_at, assigned_at)
select t.channel, t.id, t.team_id, q.id, t.assignee_id,
    case when t.assignee_id is null then 'waiting' else 'assigned' end,
    1, t.channel, t.created_at, t.created_at, t.created_at, t.created_at
from tickets t join queues q on q.team_id = t.team_id and q.is_default where t.subject similar to '(Held|Waits) %';
analyze;
"""  # noqa: S608 - only our own numbers are put in
_FREE: Final = """
    with done as (
        update tickets set status = 'solved' where id = any(array(
            select ticket_id from work_items where state = 'assigned' and agent_id = any($1::bigint[])
            order by random() limit $2)) returning id
    )
    update work_items set state = 'done', agent_id = null where ticket_id in (select id from done)
"""
# The least that a router could do: the first that waits, skipped where another one has it, and two rows written.
_FLOOR: Final = """
    with next as (
        select w.id, w.ticket_id from work_items w where w.state = 'waiting' and w.queue_id = $1
        order by w.rank_at, w.id limit 1 for update skip locked
    ), ticket as (
        update tickets set assignee_id = $2 where id in (select ticket_id from next)
    )
    update work_items set state = 'assigned', agent_id = $2 where id in (select id from next)
"""


async def _rounds(db: Database, free: "asyncpg.Connection[asyncpg.Record]", agents: list[int]) -> list[float]:
    """Seconds of each round; before each some agents have finished something."""
    chance = random.Random(7)  # noqa: S311 - which agent is done
    taken: list[float] = []
    for number in range(WARM + ROUNDS):
        await free.execute(_FREE, chance.sample(agents, 20), chance.randint(1, MOST_FREED))
        began = time.perf_counter()
        async with unit_of_work(db) as session:
            outcome = await rounds.give_away(session, BATCH, "bench")
        if number >= WARM:
            taken.append(time.perf_counter() - began)
        assert outcome.given  # noqa: S101 - a round that gives nothing measures nothing
    return sorted(taken)


async def _floors(
    pool: "asyncpg.Pool[asyncpg.Record]", queues: list[int], agent: int, count: int, at_once: int
) -> list[float]:
    """Seconds of each assignment by the least program."""
    taken: list[float] = []

    async def give(first: int) -> None:
        for number in range(first, count, at_once):
            began = time.perf_counter()
            await pool.execute(_FLOOR, queues[number % len(queues)], agent)
            taken.append(time.perf_counter() - began)

    await asyncio.gather(*(give(first) for first in range(at_once)))
    return sorted(taken)


async def _engines(db: Database) -> float:
    """Items that two routers give away in a second, until so many are given."""
    given = 0

    async def route() -> None:
        nonlocal given
        while given < GIVEN:
            async with unit_of_work(db) as session:
                outcome = await rounds.give_away(session, BATCH, "bench")
            given += outcome.given
            if not outcome.given and not outcome.lost:
                return

    began = time.perf_counter()
    await asyncio.gather(route(), route())
    return given / (time.perf_counter() - began)


class Screen:
    """When the hub, which feeds the agents' screens, has told of an agent's new ticket."""

    def __init__(self) -> None:
        self._waiting: dict[int, asyncio.Event] = {}

    def see(self, notice: Notice) -> None:
        """An event."""
        if notice.kind in ("ticket.assigned", "offer.made"):
            for agent in notice.agents:
                if agent in self._waiting:
                    self._waiting[agent].set()

    def expect(self, agent: int) -> asyncio.Event:
        """Set when she has something."""
        return self._waiting.setdefault(agent, asyncio.Event())


async def _ready(runtime: Runtime, agents: list[int]) -> list[float]:
    """Seconds from the moment when an agent becomes ready until her screen is told what she has."""
    screen = Screen()
    runtime.hub.observers.append(screen.see)
    taken: list[float] = []
    for agent in agents:
        told = screen.expect(agent)
        began = time.perf_counter()
        async with unit_of_work(runtime.db) as session:
            await presence.set_state(session, agent, "available")
        await asyncio.wait_for(told.wait(), 30)
        taken.append(time.perf_counter() - began)
    return sorted(taken)


async def _run(url: str, data: str) -> None:
    log.configure("WARNING")
    plain = await asyncpg.connect(url)
    await plain.execute(_SEED)
    agents = [row[0] for row in await plain.fetch("select id from agents where name like 'Router %' order by id")]
    queues = [row[0] for row in await plain.fetch("select id from queues where name like 'Routed %' order by id")]
    db = Database(url, 8)
    taken = await _rounds(db, plain, agents)
    pool = await asyncpg.create_pool(url, min_size=2, max_size=2)
    single = await _floors(pool, queues, agents[0], 200, 1)
    await plain.execute("update agents set capacity = 1000")
    rate = await _engines(db)
    began = time.perf_counter()
    await _floors(pool, queues, agents[0], 1000, 2)
    floor_rate = 1000 / (time.perf_counter() - began)
    await db.close()
    pool.terminate()
    later = clock.now() + timedelta(hours=1)
    await plain.execute("update presence set state = 'offline', reason = 'chosen', heartbeat_at = $1", later)
    await plain.execute("update agents set capacity = 1")  # or those of one team would leave nothing to the last
    await plain.execute("update work_items set state = 'done', agent_id = null where state = 'assigned'")
    await plain.execute("update tickets set status = 'solved' where assignee_id is not null")
    await plain.close()
    ready = await _with_worker(url, data, random.Random(3).sample(agents, READY))  # noqa: S311 - any of them
    found: dict[str, Any] = {"rounds": taken, "floor": single, "rate": rate, "floor_rate": floor_rate, "ready": ready}
    print(json.dumps(found), flush=True)


async def _with_worker(url: str, data: str, agents: list[int]) -> list[float]:
    settings = load(database_url=url, data=Path(data), http_port=0)
    stop, started = asyncio.Event(), asyncio.Event()
    async with running(settings, migrated=False) as runtime, contextlib.AsyncExitStack() as stack:
        serving = asyncio.create_task(Roles(runtime).run(("web", "worker"), stop, started.set))
        stack.callback(stop.set)
        await started.wait()
        taken = await _ready(runtime, agents)
        stop.set()
        await serving
    return taken


def measure(url: str, folder: Path) -> list[Figure]:
    """The figures of routing.

    Args:
        url: a desk of its own.
        folder: of the run.
    """
    command = ["-m", "tools.bench.routing", url, str(folder / "routing")]
    with child(command, {}, folder / "routing.log") as process:
        heard = process.hear()
    taken, floor = heard["rounds"], heard["floor"]
    desk = f"{AGENTS} agents, {WAITING:,} waiting, {QUEUES} queues"
    return [
        aimed(
            "routing: a round", 1000 * percentile(taken, 0.99), "ms p99", 1000 * percentile(floor, 0.99),
            f"{desk}, 1 to {MOST_FREED} places free, with the reasons (p50 {1000 * percentile(taken, 0.5):.1f}); "
            "floor: one assignment by one statement", ("<", 50),
        ),
        aimed(
            "routing: two routers", heard["rate"], "assignments/s", heard["floor_rate"],
            "in one process, with events and reasons; floor: bare statements, two at a time", (">", 200),
        ),
        aimed(
            "routing: ready to told", 1000 * percentile(heard["ready"], 0.99), "ms p99", None,
            f"{READY} agents become available one after the other (p50 {1000 * percentile(heard['ready'], 0.5):.0f}); "
            "until the hub tells the sockets", ("<", 500),
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    uvloop.run(_run(sys.argv[1], sys.argv[2]))

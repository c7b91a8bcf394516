"""Intake: mails a second and CPU a mail, from the ledger to the live feed, against the parser and one transaction each.

`measure` starts this module again as an own process, which runs the product's web and worker roles; the floor runs
in the same process afterwards.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
import psutil
import uvloop

from channels.email.parse import parse_mail
from channels.inbound import Incoming, store
from core import log
from core.live import Notice
from core.settings import load
from sampark.roles import Roles
from sampark.runtime import Runtime, running
from tools.bench import mails, world
from tools.bench.figures import Figure, aimed
from tools.bench.processes import child, cpu_seconds, postmaster

MAILS: Final = 500
WARM: Final = 60
FEEDERS: Final = 8
ADDRESSES: Final = [f"team{n + 1}@desk.example" for n in range(world.TEAMS)]


@dataclass(frozen=True)
class Spent:
    """What a number of mails cost: seconds, and CPU seconds of this process and of PostgreSQL."""

    seconds: float
    own: float
    database: float


class Meter:
    """Measures a block.

    Args:
        server: PostgreSQL's main process.
    """

    def __init__(self, server: psutil.Process) -> None:
        self._server = server
        self._start = self._now()

    def _now(self) -> tuple[float, float, float]:
        return time.monotonic(), time.process_time(), cpu_seconds(self._server)

    def spent(self) -> Spent:
        """Since it was made."""
        return Spent(*(now - start for now, start in zip(self._now(), self._start, strict=True)))


async def _each(items: list[bytes], work: Any) -> None:
    """Run ``work(number, item)`` for every item, a few at a time, as so many connections would."""
    waiting = iter(enumerate(items))

    async def feed() -> None:
        for number, item in waiting:
            await work(number, item)

    await asyncio.gather(*(feed() for _ in range(FEEDERS)))


class Done:
    """Counts outcomes as the live hub hands them out."""

    def __init__(self) -> None:
        self.count = 0
        self.outcomes: dict[str, int] = {}
        self._wanted = 0
        self._reached = asyncio.Event()

    def see(self, notice: Notice) -> None:
        """An event."""
        if notice.kind == "inbound.changed":
            self.count += 1
            word = json.loads(notice.frame)["data"]["outcome"]
            self.outcomes[word] = self.outcomes.get(word, 0) + 1
            if self.count >= self._wanted:
                self._reached.set()

    async def reach(self, count: int) -> None:
        """Wait until there were so many."""
        self._wanted = count
        self._reached.clear()
        if self.count < count:
            await asyncio.wait_for(self._reached.wait(), 90)


async def _pipeline(runtime: Runtime, done: Done, batch: list[bytes], name: str) -> None:
    async def take(number: int, raw: bytes) -> None:
        account = 1 + number % world.TEAMS
        await store(runtime.db, Incoming(account, "email", f"{name}:{number}", raw, "", [ADDRESSES[account - 1]]))

    goal = done.count + len(batch)
    await _each(batch, take)
    await done.reach(goal)


async def _floor(pool: "asyncpg.Pool[asyncpg.Record]", batch: list[bytes]) -> None:
    async def take(_: int, raw: bytes) -> None:
        mail = parse_mail(raw)
        await pool.execute(
            "insert into bench_mails (subject, text, html, raw) values ($1, $2, $3, $4)",
            mail.subject, mail.text, mail.safe_html, raw,
        )  # fmt: skip

    await _each(batch, take)


async def _run(url: str, data: str, server: int) -> None:
    log.configure("WARNING")
    settings = load(database_url=url, data=Path(data), http_port=0)
    stop, ready = asyncio.Event(), asyncio.Event()
    async with running(settings, migrated=False) as runtime:
        done = Done()
        runtime.hub.observers.append(done.see)
        serving = asyncio.create_task(Roles(runtime).run(("web", "worker"), stop, ready.set))
        await ready.wait()
        await _pipeline(runtime, done, mails.mixed(WARM, ADDRESSES, "warm"), "warm")
        done.outcomes.clear()
        batch = mails.mixed(MAILS, ADDRESSES, "run")
        meter = Meter(psutil.Process(server))
        await _pipeline(runtime, done, batch, "run")
        spent = meter.spent()
        pool = await asyncpg.create_pool(url, min_size=FEEDERS, max_size=FEEDERS)
        await pool.execute("create table bench_mails (id bigserial, subject text, text text, html text, raw bytea)")
        await _floor(pool, mails.mixed(WARM, ADDRESSES, "warm"))
        meter = Meter(psutil.Process(server))
        await _floor(pool, batch)
        floor = meter.spent()
        pool.terminate()
        stop.set()
        await serving
    print(json.dumps({"spent": vars(spent), "floor": vars(floor), "outcomes": done.outcomes}), flush=True)


def measure(url: str, folder: Path) -> list[Figure]:
    """The figures of intake.

    Args:
        url: a desk of its own.
        folder: of the run; PostgreSQL's cluster is in it.
    """
    server = postmaster(folder / "postgres").pid
    command = ["-m", "tools.bench.intake", url, str(folder / "intake"), str(server)]
    with child(command, {}, folder / "intake.log") as process:
        heard = process.hear()
    spent, floor = Spent(**heard["spent"]), Spent(**heard["floor"])
    outcomes = ", ".join(f"{count} {word}" for word, count in sorted(heard["outcomes"].items()))
    each = 1000 / MAILS
    return [
        aimed(
            "intake", MAILS / spent.seconds, "messages/s", MAILS / floor.seconds,
            f"{MAILS} mixed mails: {outcomes}; floor: parser and one durable transaction each", (">", 150),
        ),
        aimed(
            "intake: CPU of the product", spent.own * each, "ms/message", floor.own * each,
            "web and worker in one process", ("<", 10),
        ),
        Figure(
            "intake: CPU of PostgreSQL", spent.database * each, "ms/message", floor.database * each,
            "all its processes",
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    uvloop.run(_run(sys.argv[1], sys.argv[2], int(sys.argv[3])))

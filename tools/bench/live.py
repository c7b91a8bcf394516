"""The live feed: from an event's commit until many signed-in sockets have it, at a hundred events a second."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import asyncpg

from core import events
from core.db import unit_of_work
from core.events import Event
from tools.bench import world
from tools.bench.fan_out import CHANNEL
from tools.bench.figures import Figure, aimed
from tools.bench.processes import Child, Failed, child, free_port

PER_SECOND: Final = 100
SECONDS: Final = 8
FLOOR_SECONDS: Final = 4
SETTLE_SECONDS: Final = 1.0
LATE_SECONDS: Final = 5
SIZES: Final = ((200, 150.0), (1000, 400.0))
"""Sockets, and the most that the 99th of 100 may take (ms)."""


class Tick(Event, frozen=True, kw_only=True):
    """An event of the benchmark that everybody may see."""

    kind = "bench.tick"
    n: int


async def _produce(count: int, commit: Callable[[int], Awaitable[None]]) -> list[float]:
    """Commit numbered events at a steady rate; returns when each was committed (monotonic seconds)."""
    committed = [0.0] * count

    async def one(number: int) -> None:
        await commit(number)
        committed[number] = time.monotonic()

    began = time.monotonic()
    # One after another, as the numbers must be seen in order; a slow commit is made up for at once.
    for number in range(count):
        await asyncio.sleep(max(0, began + number / PER_SECOND - time.monotonic()))
        await one(number)
    return committed


async def _product(url: str, count: int) -> list[float]:
    async with world.desk(url) as db:

        async def commit(number: int) -> None:
            async with unit_of_work(db) as session:
                events.record(session, Tick(n=number, teams=(events.NO_TEAM,)))

        return await _produce(count, commit)


async def _bare(url: str, count: int) -> list[float]:
    connection = await asyncpg.connect(url)
    await connection.execute("create table if not exists bench_ticks (n bigint)")

    async def commit(number: int) -> None:
        statement = "with row as (insert into bench_ticks values ($1)) select pg_notify($2, $3)"
        await connection.execute(statement, number, CHANNEL, str(number))

    committed = await _produce(count, commit)
    await connection.close()
    return committed


def _watch(
    port: int, tokens: list[str], folder: Path, produce: Callable[[], list[float]], *, plain: bool
) -> dict[str, Any]:
    """Connect the sockets, produce, and ask what they have seen."""
    with child(["-m", "tools.bench.sockets"], {}, folder / "sockets.log") as process:
        process.say({"port": port, "tokens": tokens, "plain": plain})
        process.hear()
        time.sleep(SETTLE_SECONDS)
        committed = produce()
        process.say({"events": len(committed), "committed": committed, "seconds": LATE_SECONDS})
        heard: dict[str, Any] = process.hear()
        if not heard["received"]:
            raise Failed("no event has reached any socket")
        heard["share"] = 100 * heard["received"] / (len(committed) * len(tokens))
        return heard


def _figures(size: int, aim: float, product: dict[str, Any], floor: dict[str, Any]) -> list[Figure]:
    name = f"live: {size} sockets"
    rate = f"{PER_SECOND} events/s from commit to socket"
    share = product["share"] if not product["wrong"] else min(product["share"], 99.999)
    return [
        Figure(f"{name}, p50", product["latencies"]["p50"], "ms", floor["latencies"]["p50"], rate),
        aimed(
            f"{name}, p99", product["latencies"]["p99"], "ms", floor["latencies"]["p99"],
            "floor: LISTEN and plain writes joined for 50 ms", ("<", aim),
        ),
        aimed(
            f"{name}, delivered", share, "%", floor["share"], f"{product['wrong']} out of order or twice", (">", 100)
        ),
    ]  # fmt: skip


def measure(url: str, folder: Path) -> list[Figure]:
    """The figures of the live feed.

    Args:
        url: a desk.
        folder: of the run.
    """
    tokens = asyncio.run(world.sign_in(url, max(size for size, _ in SIZES)))
    found: list[Figure] = []
    for size, aim in SIZES:
        port, bare = free_port(), free_port()
        with child(["-m", "tools.bench.server", url, str(folder / "live"), str(port)], {}, folder / "live.log") as each:
            product = _run(each, port, tokens[:size], folder, lambda: asyncio.run(_product(url, PER_SECOND * SECONDS)))
        with child(["-m", "tools.bench.fan_out", url, str(bare)], {}, folder / "fan_out.log") as each:
            floor = _run(
                each, bare, tokens[:size], folder,
                lambda: asyncio.run(_bare(url, PER_SECOND * FLOOR_SECONDS)), plain=True,
            )  # fmt: skip
        found += _figures(size, aim, product, floor)
    return found


def _run(
    server: Child,
    port: int,
    tokens: list[str],
    folder: Path,
    produce: Callable[[], list[float]],
    *,
    plain: bool = False,
) -> dict[str, Any]:
    server.hear()
    return _watch(port, tokens, folder, produce, plain=plain)

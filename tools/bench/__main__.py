"""Run the benchmark: all of it, or the parts that are named.

python -m tools.bench [intake] [routing] [web] [portal] [search] [live] [start] [staffing]
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from core import log
from tools.bench import figures, intake, live, portal, routing, search, staffing, start, web, world
from tools.bench.figures import Figure
from tools.bench.processes import ROOT, Failed

RESULT = ROOT / "build" / "bench.json"


def _intake(server: str, folder: Path) -> list[Figure]:
    return intake.measure(asyncio.run(world.make_desk(server, "bench_intake")), folder)


def _routing(server: str, folder: Path) -> list[Figure]:
    return routing.measure(asyncio.run(world.make_desk(server, "bench_routing")), folder)


def _web(server: str, folder: Path) -> list[Figure]:
    url = asyncio.run(world.make_desk(server, "bench_web"))
    asyncio.run(world.fill(url))
    return web.measure(url, folder)


def _portal(server: str, folder: Path) -> list[Figure]:
    url = asyncio.run(world.make_desk(server, "bench_portal"))
    asyncio.run(portal.fill(url))
    return portal.measure(url, folder)


def _search(server: str, _: Path) -> list[Figure]:
    return search.measure(asyncio.run(world.make_desk(server, "bench_search")))


def _live(server: str, folder: Path) -> list[Figure]:
    return live.measure(asyncio.run(world.make_desk(server, "bench_live")), folder)


def _start(_: str, folder: Path) -> list[Figure]:
    return start.measure(folder)


def _staffing(_: str, __: Path) -> list[Figure]:
    return staffing.measure()


PARTS: dict[str, Callable[[str, Path], list[Figure]]] = {
    "intake": _intake,
    "routing": _routing,
    "web": _web,
    "portal": _portal,
    "search": _search,
    "live": _live,
    "start": _start,
    "staffing": _staffing,
}


def main() -> None:
    """Measure, print, write."""
    wanted = sys.argv[1:] or list(PARTS)
    unknown = set(wanted) - set(PARTS)
    if unknown:
        raise Failed(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    console = Console(width=None if sys.stdout.isatty() else 160)
    log.configure("WARNING")
    found: list[Figure] = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sampark-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        server, url = asyncio.run(world.start_server(folder / "postgres"))
        try:
            for part in wanted:
                console.print(f"· {part}")
                found += PARTS[part](url, folder)
        finally:
            server.stop()
    figures.show(found, console)
    figures.write(found, RESULT)
    console.print(f"{time.monotonic() - began:.0f} s; written to {RESULT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()

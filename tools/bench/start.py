"""Start and memory of the whole product with the demo company: `sampark serve --demo`, the second time."""

import time
from pathlib import Path
from typing import Final

import psutil

from tools.bench.figures import Figure, aimed
from tools.bench.processes import child, free_port, postmaster, pss_mib, wait_for_page

SETTLE_SECONDS: Final = 20
_SERVE: Final = ["-c", "from sampark.cli import main; main()", "serve", "--demo"]


def _serve(folder: Path, settle: float) -> tuple[float, float]:
    """Start the product, wait for its first page, let it rest; returns seconds and MiB."""
    data, port = folder / "demo", free_port()
    environment = {
        "SAMPARK_DATA": str(data),
        "SAMPARK_HTTP_PORT": str(port),
        "SAMPARK_SMTP_PORT": str(free_port()),
        "SAMPARK_SIMULATOR_SMTP_PORT": str(free_port()),
        "SAMPARK_SIMULATOR_IMAP_PORT": str(free_port()),
        "DATABASE_URL": "",
    }
    with child(_SERVE, environment, folder / "demo.log") as process:
        seconds = wait_for_page(port, "/portal", process.process)
        time.sleep(settle)
        return seconds, pss_mib(psutil.Process(process.process.pid), postmaster(data / "postgres"))


def _bare(folder: Path) -> tuple[float, float]:
    """The same for the least program of this kind."""
    cluster, port = folder / "bare" / "postgres", free_port()
    with child(["-m", "tools.bench.bare", str(cluster), str(port)], {}, folder / "bare.log") as process:
        seconds = wait_for_page(port, "/", process.process)
        return seconds, pss_mib(psutil.Process(process.process.pid), postmaster(cluster))


def measure(folder: Path) -> list[Figure]:
    """The figures of start and memory.

    Args:
        folder: of the run.
    """
    first, filled = _serve(folder, SETTLE_SECONDS)  # what it begins with (the search's index) is done by then
    seconds, memory = _serve(folder, SETTLE_SECONDS)
    _bare(folder)
    bare_seconds, bare_memory = _bare(folder)
    floor = "floor: Litestar, asyncpg and the same PostgreSQL, one page"
    return [
        aimed("start to first page", seconds, "s", bare_seconds, f"first time {first:.1f} s; {floor}", ("<", 4)),
        aimed(
            "memory at rest", memory, "MiB", bare_memory,
            f"PSS of all processes with the database, {SETTLE_SECONDS} s after the start; "
            f"{filled:.0f} MiB after the first start, which fills the demo company", ("<", 250),
        ),
    ]  # fmt: skip

"""The processes of a soak: the simulated mail server and the product's own, killed and started again on demand.

Part of ``sampark soak mail`` (`sampark/soak/mail.py`). Whole processes, because threads cannot be killed; their memory
is looked at all the while.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import psutil

import sampark
from core import clock
from core.errors import StartError

STOP_SECONDS: Final = 20.0
START_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.5
_MIB: Final = 1024 * 1024
_ROOT: Final = Path(sampark.__file__).resolve().parents[1]


class Child:
    """One process of ours that may die and come back.

    Args:
        name: of its log file.
        arguments: after the interpreter's.
        folder: where it runs and where its log is.
        environment: on top of our own.
    """

    def __init__(
        self, name: str, arguments: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.arguments = arguments
        self._folder = folder
        self._environment = os.environ | {"PYTHONPATH": str(_ROOT)} | dict(environment or {})
        self._process: asyncio.subprocess.Process | None = None

    @property
    def log(self) -> Path:
        """What it says about its troubles."""
        return self._folder / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        """Its number while it lives."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> asyncio.subprocess.Process:
        """Start it; does not wait until it is ready."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self.arguments,
                cwd=self._folder,
                env=self._environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE if self.name == "server" else log,
                stderr=log,
            )
        return self._process

    async def kill(self) -> None:
        """SIGKILL: it gets no chance to tidy up."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def stop(self) -> None:
        """Ask it to end; kill it when it does not."""
        if self._process is None or self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        except TimeoutError:
            await self.kill()

    def check(self) -> None:
        """See that it has not ended by itself.

        Raises:
            StartError: it has; the sentence quotes its log.
        """
        if self._process is not None and self._process.returncode is not None:
            tail = self.log.read_text(errors="replace").strip()[-1000:]
            raise StartError(f"The {self.name} process ended by itself ({self._process.returncode}): {tail}")


class Server(Child):
    """The simulated IMAP server.

    Args:
        root: the spools that it serves.
        folder: where it runs.

    Attributes:
        port: where it listens, also after a restart.
        cuts: how often it has hung up in the middle of an answer.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        super().__init__("server", [], folder)
        self._root = root
        self._listening: asyncio.Task[None] | None = None
        self.port = 0
        self.cuts = 0

    async def open(self) -> None:
        """Start it, and wait until it listens.

        Raises:
            StartError: it does not.
        """
        self.arguments = ["-m", "simulator.spool_server", str(self._root), str(self.port)]
        process = await self.start()
        output = process.stdout
        if output is None:
            raise StartError("The simulated mail server has no output.")
        line = await asyncio.wait_for(output.readline(), START_SECONDS)
        if not line.startswith(b"ready "):
            await process.wait()
            self.check()
        self.port = int(line.split()[1])
        self._listening = asyncio.create_task(self._hear(output))

    async def _hear(self, output: asyncio.StreamReader) -> None:
        while line := await output.readline():
            self.cuts += line == b"cut\n"

    async def cut(self, after: int) -> None:
        """Hang up after so many bytes of the next answers to FETCH."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(b"cut %d\n" % after)
            await self._process.stdin.drain()


class Memory:
    """Watches the memory of processes.

    Args:
        children: whose.

    Attributes:
        peaks: MiB that each had at most (by name), and all together (``all``): proportional set size where the system
            tells it, else resident set size.
    """

    def __init__(self, children: Sequence[Child]) -> None:
        self._children = children
        self.peaks: dict[str, float] = {}

    async def watch(self) -> None:
        """Look every half second, until cancelled."""
        while True:
            self.look()
            await clock.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Look once."""
        total = 0.0
        for child in self._children:
            size = _memory(child.pid)
            total += size
            self.peaks[child.name] = max(self.peaks.get(child.name, 0.0), size)
        self.peaks["all"] = max(self.peaks.get("all", 0.0), total)


def _memory(pid: int | None) -> float:
    """MiB of a process; 0 when it is gone."""
    try:
        found = psutil.Process(pid or -1).memory_full_info()
    except (psutil.Error, ValueError):
        return 0.0
    return float(getattr(found, "pss", 0) or found.rss) / _MIB

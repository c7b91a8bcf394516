"""Which articles were read, written down beside the pages: once a second at most, so that no reader waits for the disk.

A process that dies loses the last second of this log, and nothing else; it serves "often asked" and the honest count
of questions that became no request.
"""

import asyncio
import contextlib
from typing import Final
from weakref import WeakKeyDictionary

from core import clock, log
from core.db import Database, unit_of_work
from knowledge_base import deflection
from knowledge_base.deflection import Reading

MOST_WAITING: Final = 5000
PAUSE_SECONDS: Final = 1.0
_log = log.get(__name__)


class ReadLog:
    """The log of one database.

    Args:
        db: where it is written.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: list[Reading] = []
        self._writer: asyncio.Task[None] | None = None

    def note(self, reading: Reading) -> None:
        """Write this down within a second or two."""
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(reading)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())

    async def settled(self) -> None:
        """Write everything that was noted at once."""
        if self._writer is not None and not self._writer.done():
            self._writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._writer
        await self._write_batch()

    async def _write(self) -> None:
        while self._waiting:
            await clock.sleep(PAUSE_SECONDS)
            await self._write_batch()

    async def _write_batch(self) -> None:
        batch, self._waiting = self._waiting, []
        if not batch:
            return
        try:
            async with unit_of_work(self._db) as session:
                await deflection.viewed(session, batch)
        except Exception:  # noqa: BLE001 - a page must not fail because it could not be counted
            _log.exception("readings were not counted", readings=len(batch))


_logs: WeakKeyDictionary[Database, ReadLog] = WeakKeyDictionary()


def of(db: Database) -> ReadLog:
    """The log of a database."""
    found = _logs.get(db)
    if found is None:
        found = _logs[db] = ReadLog(db)
    return found

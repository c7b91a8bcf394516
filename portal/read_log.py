"""Which articles were read, written down beside the pages: once a second at most, so that no reader waits for the disk.

What failed to be written is tried once more; what is given up is counted. The log is written before its database is
closed, so a stop loses nothing. A process that dies loses the last second, and nothing else; the log serves "often
asked" and the honest count of questions that became no request.
"""

import asyncio
from typing import Final
from weakref import WeakKeyDictionary

from prometheus_client import Counter

from core import clock, log
from core.counting import REGISTRY
from core.db import Database, unit_of_work
from knowledge_base import deflection
from knowledge_base.deflection import Reading

MOST_WAITING: Final = 5000
PAUSE_SECONDS: Final = 1.0
LOST: Final = Counter(
    "sampark_readings_lost_total",
    "Readings of articles that were given up: two failures, or too many at once.",
    registry=REGISTRY,
)
_log = log.get(__name__)


class ReadLog:
    """The log of one database.

    Args:
        db: where it is written.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: list[Reading] = []
        self._failed: list[Reading] = []
        self._writer: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        """Held while something is written, so that nobody ends the writer then."""

    def note(self, reading: Reading) -> None:
        """Write this down within a second or two."""
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(reading)
        else:
            LOST.inc()
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())

    async def settled(self) -> None:
        """Write everything that was noted, now; what is being written is waited for."""
        async with self._turn:
            writer, self._writer = self._writer, None
            if writer is not None:
                writer.cancel()  # it sleeps, or waits for this turn; what it would write is written here
            await self._write_batch()
            await self._write_batch()  # what failed

    async def end(self) -> None:
        """The same, before the database is closed: a writer that lived on would write into whatever comes after it."""
        await self.settled()
        _logs.pop(self._db, None)

    async def _write(self) -> None:
        while self._waiting or self._failed:
            await clock.sleep(PAUSE_SECONDS)
            async with self._turn:
                await self._write_batch()

    async def _write_batch(self) -> None:
        failed, self._failed = self._failed, []
        batch, self._waiting = self._waiting, []
        if failed and not await self._is_written(failed):
            LOST.inc(len(failed))
        if batch and not await self._is_written(batch):
            self._failed = batch

    async def _is_written(self, batch: list[Reading]) -> bool:
        try:
            async with unit_of_work(self._db) as session:
                await deflection.viewed(session, batch)
        except Exception:  # noqa: BLE001 - a page must not fail because it could not be counted
            _log.exception("readings were not counted", readings=len(batch))
            return False
        return True


_logs: WeakKeyDictionary[Database, ReadLog] = WeakKeyDictionary()


def of(db: Database) -> ReadLog:
    """The log of a database; it ends with it."""
    found = _logs.get(db)
    if found is None:
        found = _logs[db] = ReadLog(db)
        db.before_close(found.end)
    return found

"""Which articles were read, written down beside the pages: in batches, so that no reader waits for the disk.

A process that dies loses the last moments of this log, and nothing else; it serves "often asked" and the honest count
of questions that became no request.
"""

import asyncio
from weakref import WeakKeyDictionary

import msgspec

from core import log
from core.db import Database, unit_of_work
from knowledge_base import deflection, search

MOST_WAITING = 5000
_log = log.get(__name__)


class Reading(msgspec.Struct, frozen=True):
    """Somebody opened an article; see :func:`knowledge_base.deflection.viewed`."""

    article_id: int
    locale: str
    visitor: str
    customer_id: int | None
    search_id: int | None


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
        """Write this down soon; while a batch is written, the next one gathers."""
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(reading)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())

    async def settled(self) -> None:
        """Wait until everything that was noted is written."""
        if self._writer is not None:
            await self._writer

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                async with unit_of_work(self._db) as session:
                    for one in batch:
                        await deflection.viewed(
                            session,
                            one.article_id,
                            one.locale,
                            visitor=one.visitor,
                            customer_id=one.customer_id,
                            search_id=one.search_id,
                        )
                        if one.search_id is not None:
                            await search.clicked(session, one.search_id, one.visitor, one.article_id)
            except Exception:  # noqa: BLE001 - a page must not fail because it could not be counted
                _log.exception("readings were not counted", readings=len(batch))


_logs: WeakKeyDictionary[Database, ReadLog] = WeakKeyDictionary()


def of(db: Database) -> ReadLog:
    """The log of a database."""
    found = _logs.get(db)
    if found is None:
        found = _logs[db] = ReadLog(db)
    return found

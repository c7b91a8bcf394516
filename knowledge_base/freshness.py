"""Whether what was rendered of articles is still true: a small stamp that changes with everything that a page shows.

A page that is kept in memory (``portal/kept.py``) asks for the stamp each time. The tables are asked once a second
however many read, and one reader asks for all; so what was changed or taken back is gone from memory a second later.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakKeyDictionary

from core import clock
from core.db import Database

KEPT_FOR: Final = timedelta(seconds=1)

_SHELVES: Final = """
    select a.sum, a.count, t.sum, t.count, t.published, t.newest, c.sum, c.count,
        (select fallback from knowledge_base_options limit 1)
    from (select sum(version), count(*) from articles) a,
        (select sum(version), count(*), sum(published_version_id) as published, max(published_version_id) as newest
            from article_translations) t,
        (select sum(version), count(*) from article_categories) c
"""
"""One article could be deleted and another made between two looks: the ids of versions are never the same again."""


class _Stamp:
    """The stamp of one database's articles, as of at most a second ago."""

    def __init__(self) -> None:
        self._known: tuple[datetime, str] | None = None
        self._asking = asyncio.Lock()

    async def read(self, db: Database) -> str:
        """The stamp; asks the tables when what is known is too old."""
        known = self._young()
        if known is None:
            async with self._asking:
                known = self._young() or await self._ask(db)
        return known

    def _young(self) -> str | None:
        """What is known, if it is of the last second; a clock that was turned back makes it too old as well."""
        if self._known is None or not self._known[0] <= clock.now() < self._known[0] + KEPT_FOR:
            return None
        return self._known[1]

    async def _ask(self, db: Database) -> str:
        now = clock.now()
        rows = await db.fetch(_SHELVES)
        stamp = " ".join(map(str, rows[0]))
        self._known = (now, stamp)
        return stamp


_stamps: WeakKeyDictionary[Database, _Stamp] = WeakKeyDictionary()


async def stamp(db: Database) -> str:
    """Changes when any article, translation, category or the rule of fallback changes."""
    return await _stamps.setdefault(db, _Stamp()).read(db)

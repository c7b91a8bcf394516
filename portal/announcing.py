"""What stands above every page: known issues and news, read once in some seconds however many pages are shown."""

from datetime import datetime, timedelta
from typing import Final
from weakref import WeakKeyDictionary

from core import clock
from core.db import Database, reading
from knowledge_base import announcements
from knowledge_base.access import VISITOR
from knowledge_base.announcements import Banner

KEPT_FOR: Final = timedelta(seconds=5)

_known: WeakKeyDictionary[Database, dict[str, tuple[datetime, list[Banner]]]] = WeakKeyDictionary()


async def current(db: Database, locale: str) -> list[Banner]:
    """What is announced now, the gravest first.

    Args:
        db: where announcements are.
        locale: the reader's language.
    """
    now = clock.now()
    of_language = _known.setdefault(db, {})
    known = of_language.get(locale)
    if known is None or not known[0] <= now < known[0] + KEPT_FOR:
        async with reading(db) as session:
            known = of_language[locale] = (now, await announcements.current(session, VISITOR, locale))
    return known[1]

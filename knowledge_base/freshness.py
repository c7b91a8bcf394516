"""Whether what was rendered of articles is still true: small stamps that change with everything that a page shows.

A page that is kept in memory (``portal/kept.py``) asks for its stamp each time. The tables are asked once a second for
each stamp however many read, so what was changed or taken back is gone from memory a second later.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from weakref import WeakKeyDictionary

from core import clock
from core.db import Database

KEPT_FOR: Final = timedelta(seconds=1)
MOST: Final = 5000

_ARTICLE: Final = """
    select a.id, a.version, t.version, t.published_version_id
    from article_translations t join articles a on a.id = t.article_id where t.slug = $1 order by t.locale
"""
_SHELVES: Final = """
    select (select coalesce(sum(version), 0) + count(*) from articles),
        (select coalesce(sum(version), 0) + count(*) from article_translations),
        (select coalesce(sum(version), 0) + count(*) from article_categories),
        (select fallback from knowledge_base_options limit 1)
"""

_known: WeakKeyDictionary[Database, dict[str, tuple[datetime, str]]] = WeakKeyDictionary()


async def article_stamp(db: Database, slug: str) -> str:
    """Changes when the article of this slug changes in any language, or is taken back; "" when there is none."""
    return await _stamp(db, slug, _ARTICLE, (slug,))


async def shelves_stamp(db: Database) -> str:
    """Changes when any article, category or the rule of fallback changes."""
    return await _stamp(db, "", _SHELVES, ())


async def _stamp(db: Database, key: str, sql: str, values: Sequence[Any]) -> str:
    now, stamps = clock.now(), _known.setdefault(db, {})
    known = stamps.get(key)
    if known is None or not known[0] <= now < known[0] + KEPT_FOR:
        rows = await db.fetch(sql, *values)
        if len(stamps) > MOST:
            stamps.clear()
        known = stamps[key] = (now, "|".join(" ".join(map(str, row)) for row in rows))
    return known[1]

"""Whether what was rendered of articles is still true: small stamps that change with everything that a page shows.

A page that is kept in memory (``portal/kept.py``) asks for its stamp each time: one indexed read instead of a dozen,
and nothing that was taken back is ever shown from memory.
"""

from datetime import datetime, timedelta
from typing import Final
from weakref import WeakKeyDictionary

from core import clock
from core.db import Database

KEPT_FOR: Final = timedelta(seconds=1)
"""The whole shelf is looked at once in this time, however many ask; an article itself every time."""
_ARTICLE: Final = """
    select a.id, a.version, a.changed_at, t.version, t.published_version_id, t.outdated_since is null
    from article_translations t join articles a on a.id = t.article_id where t.slug = $1
    order by t.locale
"""
_SHELVES: Final = """
    select (select coalesce(sum(version), 0) + count(*) from articles),
        (select coalesce(sum(version), 0) + count(*) from article_translations),
        (select coalesce(sum(version), 0) + count(*) from article_categories),
        (select fallback from knowledge_base_options limit 1)
"""
_known: WeakKeyDictionary[Database, tuple[datetime, str]] = WeakKeyDictionary()


async def article_stamp(db: Database, slug: str) -> str:
    """Changes when the article of this slug changes in any language, or is taken back; "" when there is none."""
    rows = await db.fetch(_ARTICLE, slug)
    return "|".join(" ".join(map(str, row)) for row in rows)


async def shelves_stamp(db: Database) -> str:
    """Changes within a second of any change of an article, a category or the rule of fallback."""
    now = clock.now()
    known = _known.get(db)
    if known is None or not known[0] <= now < known[0] + KEPT_FOR:
        stamp = " ".join(map(str, (await db.fetch(_SHELVES))[0]))
        known = _known[db] = (now, stamp)
    return known[1]

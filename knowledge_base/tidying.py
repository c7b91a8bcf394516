"""What visitors of the help centre leave behind: what they looked for and read, and that they asked us after all.

The reports count these rows (``core/retention.py`` forgets them).
"""

from typing import Final

from core.retention import Kind

VISITS: Final = (
    Kind(name="searches for articles", table="article_searches", over="at < :before"),
    Kind(name="articles read", table="article_views", over="at < :before"),
    Kind(name="questions after reading", table="article_contacts", over="at < :before"),
)

"""Forgetting what readers looked for, read and said about articles: at a customer's wish, and when it is old.

:func:`erase` is a part of ``channels/erasing.py``, which knows all that a desk knows of a customer; :func:`tidy` is
called now and then by the scheduler (``sampark/roles.py``).
"""

from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from core.sql import Sql

KEPT: Final = timedelta(days=400)
"""How long single searches and views are kept: a year can be compared with the one before."""
BATCH: Final = 10_000

_VISITORS: Final = Sql(
    """
    select distinct visitor from (
        select visitor from article_views where customer_id = :customer_id
        union all select visitor from article_searches where customer_id = :customer_id
        union all select visitor from article_contacts where customer_id = :customer_id
    ) as hers where visitor <> ''
    """
)
_STEPS: Final = tuple(
    Sql(statement)
    for statement in (
        """
        update article_tasks set text = '' where vote_id in (
            select id from article_votes where visitor = any(:visitors))
        """,
        "update article_votes set comment = '', visitor = 'erased:' || id where visitor = any(:visitors)",
        """
        update article_searches set words = '', visitor = 'erased:' || id, customer_id = null
        where customer_id = :customer_id or visitor = any(:visitors)
        """,
        """
        update article_views set visitor = 'erased:' || id, customer_id = null
        where customer_id = :customer_id or visitor = any(:visitors)
        """,
        "delete from article_contacts where customer_id = :customer_id or visitor = any(:visitors)",
    )
)


async def erase(session: AsyncSession, customer_id: int) -> None:
    """Erase what this package knows of a customer, also from before she was known to be her."""
    rows = await _VISITORS.all(session, customer_id=customer_id)
    values = {"customer_id": customer_id, "visitors": [row.visitor for row in rows]}
    for step in _STEPS:
        await step.all(session, **{name: values[name] for name in step.names})


_OLD: Final = tuple(
    Sql(
        f"delete from {table} where id in ("  # noqa: S608 - our own names
        f"select id from {table} where at < :until order by at limit :batch)"
    )
    for table in ("article_views", "article_searches", "article_contacts")
)


async def tidy(session: AsyncSession) -> None:
    """Delete searches, views and contacts that are older than :data:`KEPT`, some of them at a time."""
    for statement in _OLD:
        await statement.all(session, until=clock.now() - KEPT, batch=BATCH)

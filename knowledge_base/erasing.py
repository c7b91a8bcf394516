"""Forgetting what a customer looked for, read and said about articles; the numbers stay.

Part of ``channels/erasing.py``, which knows all that a desk knows of her.
"""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from core.sql import Sql

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

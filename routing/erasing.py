"""What promises say about a customer who is erased: the words go, dates and how they were kept stay for the reports.

Part of ``channels/erasing.py``.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from core.sql import Sql

_STEPS: Final = tuple(
    Sql(statement)
    for statement in (
        "update promises set text = '' where ticket_id = any(:tickets)",
        "update sla_clocks set reason = '' where ticket_id = any(:tickets) and promise_id is not null",
        """
        update events set data = data || case when kind like 'promise.%' then '{"text": ""}'::jsonb
            else '{"reason": ""}'::jsonb end
        where ticket_id = any(:tickets) and (kind like 'promise.%'
            or (kind in ('sla.warned', 'sla.breached') and data ->> 'clock' = 'promise'))
        """,
    )
)


async def erase(session: AsyncSession, tickets: Sequence[int]) -> None:
    """Erase the words of promises.

    Args:
        session: the unit of work.
        tickets: hers.
    """
    for step in _STEPS:
        await step.all(session, tickets=list(tickets))

"""Promises as people see them: the clocks beside a ticket, and until when its customer is told to wait."""

from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.sql import Sql
from routing.clocks import KINDS
from routing.models import SlaClock


class ShownClock(msgspec.Struct, frozen=True):
    """A clock as people see it; see :class:`routing.models.SlaClock`."""

    kind: str
    policy: str
    reason: str
    minutes: int
    business: bool
    is_told: bool
    started_at: datetime
    due_at: datetime | None
    paused_at: datetime | None
    met_at: datetime | None
    breached_at: datetime | None
    ended_at: datetime | None


def clocks_json(ticket_id: Any) -> ScalarSelect[Any]:
    """The SQL that gives the clocks of a ticket as JSON, for a statement that reads more than that."""
    columns = [getattr(SlaClock, name) for name in ShownClock.__struct_fields__]
    each = func.json_build_object(*[part for column in columns for part in (column.key, column)])
    return select(func.json_agg(each)).where(SlaClock.ticket_id == ticket_id).scalar_subquery()


def shown_clocks(found: Any) -> list[ShownClock]:
    """What :func:`clocks_json` has found: the first answer before the solution."""
    read = msgspec.convert(found or [], list[ShownClock])
    return sorted(read, key=lambda each: (each.kind not in KINDS, each.kind != KINDS[0], each.started_at))


_PROMISED: Final = Sql(
    """
    select due_at from sla_clocks where ticket_id = :ticket_id and kind = 'first_response' and is_told
    and met_at is null and paused_at is null and ended_at is null
    """
)


async def promised_answer(session: AsyncSession, ticket_id: int) -> datetime | None:
    """Until when the customer of a ticket is promised a first answer; None: she is not, or has had it."""
    found: datetime | None = await _PROMISED.scalar(session, ticket_id=ticket_id)
    return found

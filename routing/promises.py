"""Promises as people see them: clocks and promises beside a ticket, and what its customer is told."""

from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, ScalarSelect, func, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from core.sql import Sql
from routing.clocks import KINDS
from routing.models import Promise, SlaClock


class ShownClock(msgspec.Struct, frozen=True, rename="camel"):
    """One promise about a ticket; see :class:`routing.models.SlaClock`.

    ``kind``: ``first_response``, ``next_response``, ``resolution`` or ``call_answer``. ``reason``: why it is due then,
    in English. ``business``: the minutes are of opening hours. ``due_at`` is null while it is paused and not missed, or
    where the hours have no such moment. ``warned``: at how many percent of its time somebody was warned last.
    ``first_met_at``: it was met then, and its ticket was opened again. ``breached_at``: the deadline that was missed.
    ``ended_at``: since when nothing is promised about it any more.
    """

    kind: str
    policy: str
    reason: str
    minutes: int
    business: bool
    is_told: bool
    started_at: datetime
    due_at: datetime | None
    warned: int
    paused_at: datetime | None
    met_at: datetime | None
    first_met_at: datetime | None
    breached_at: datetime | None
    ended_at: datetime | None


class ShownPromise(msgspec.Struct, frozen=True, rename="camel"):
    """What an agent has promised the customer of a ticket; see :class:`routing.models.Promise`.

    ``is_told``: the customer sees it on the portal. ``broken_at``: it was not kept by then; it may be kept later.
    """

    id: int
    text: str
    due_at: datetime
    is_told: bool
    made_by: str
    made_at: datetime
    kept_at: datetime | None
    broken_at: datetime | None


_ONCE: Final[list[ColumnElement[str]]] = [literal_column(f"'{kind}'") for kind in ("first_response", "resolution")]


def _objects(table: type[SlaClock] | type[Promise], shown: type[ShownClock] | type[ShownPromise]) -> Any:
    """Rows as a list of objects with the fields of a struct, as it is sent."""
    names = zip(shown.__struct_encode_fields__, shown.__struct_fields__, strict=True)
    return func.json_agg(
        func.json_build_object(*[part for sent, name in names for part in (sent, getattr(table, name))])
    )


def clocks_json(ticket_id: Any) -> ScalarSelect[Any]:
    """The SQL that gives the clocks of a ticket as JSON, for a statement that reads more than that.

    Of those that begin with each message or call the newest is enough.
    """
    later = aliased(SlaClock)
    newest = select(func.max(later.id)).where(later.ticket_id == ticket_id, later.kind == SlaClock.kind)
    shown = or_(SlaClock.kind.in_(_ONCE), SlaClock.id == newest.scalar_subquery())
    found = select(_objects(SlaClock, ShownClock)).where(
        SlaClock.ticket_id == ticket_id, SlaClock.promise_id.is_(None), shown
    )
    return found.scalar_subquery()


def shown_clocks(found: Any) -> list[ShownClock]:
    """What :func:`clocks_json` has found, in the order in which they are promised."""
    read = msgspec.convert(found or [], list[ShownClock])
    places: dict[str, int] = {kind: place for place, kind in enumerate(KINDS)}
    return sorted(read, key=lambda each: (places.get(each.kind, len(places)), each.started_at))


def promises_json(ticket_id: Any) -> ScalarSelect[Any]:
    """The SQL that gives the promises of a ticket as JSON, but for those that were withdrawn."""
    found = select(_objects(Promise, ShownPromise)).where(
        Promise.ticket_id == ticket_id, Promise.withdrawn_at.is_(None)
    )
    return found.scalar_subquery()


def shown_promises(found: Any) -> list[ShownPromise]:
    """What :func:`promises_json` has found: what is open by its date, then what was kept, the latest first."""
    read = msgspec.convert(found or [], list[ShownPromise])
    still = sorted((each for each in read if each.kept_at is None), key=lambda each: each.due_at)
    kept = [(each.kept_at, each) for each in read if each.kept_at is not None]
    return [*still, *(each for _, each in sorted(kept, key=lambda pair: pair[0], reverse=True))]


_PROMISED: Final = Sql(
    """
    select due_at from sla_clocks where ticket_id = :ticket_id and kind = 'first_response' and is_told
    and met_at is null and paused_at is null and ended_at is null
    """
)
_TOLD: Final = Sql(
    """
    select id, text, due_at, is_told, made_by, made_at, kept_at, broken_at from promises
    where ticket_id = :ticket_id and is_told and withdrawn_at is null order by due_at, id
    """
)


async def promised_answer(session: AsyncSession, ticket_id: int) -> datetime | None:
    """Until when the customer of a ticket is promised a first answer; None: she is not, or has had it."""
    found: datetime | None = await _PROMISED.scalar(session, ticket_id=ticket_id)
    return found


async def told(session: AsyncSession, ticket_id: int) -> list[ShownPromise]:
    """What the customer of a ticket was promised and sees, kept ones as well, by date."""
    return [ShownPromise(**row) for row in await _TOLD.all(session, ticket_id=ticket_id)]

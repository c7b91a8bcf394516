"""The event log: each change writes a row in the same transaction. Audit trail, timeline, live feed, reports.

A service calls :func:`record`; ``core.db.unit_of_work`` calls :func:`flush` just before its commit. Flushing first
runs the handlers that the composition root subscribed (``sampark/wiring.py``), one hop and no further: what a handler
records is written but not handled again. Then all rows go in by one statement that also wakes ``core.live``.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, TypeVar

import msgspec
from sqlalchemy import Identity, Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import BigInteger, UserDefinedType

from core import clock
from core.actor import SYSTEM, Actor
from core.base import Base
from core.retention import Kind
from core.sql import Sql

LIVE_CHANNEL = "sampark_events"
NO_TEAM = 0
"""Stands in an audience for "tickets of no team", which everybody sees."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened. Subclasses name the facts; every field becomes part of the row's ``data``.

    Attributes:
        ticket_id: the ticket it belongs to, if any.
        customer_id: the customer it belongs to, if any.
        teams: teams whose members may see it (:data:`NO_TEAM` = everybody).
        agents: agents who may see it whatever their teams.
        private: only ``agents`` may see it, nobody else.
        rule: the rule or policy that caused it, for people to read.
    """

    kind: ClassVar[str] = ""
    ticket_id: int | None = None
    customer_id: int | None = None
    teams: tuple[int, ...] = ()
    agents: tuple[int, ...] = ()
    private: bool = False
    rule: str | None = None


COLUMNS = frozenset({"ticket_id", "customer_id", "teams", "agents", "private", "rule"})


class Xid8(UserDefinedType[Any]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """The type's name in DDL."""
        return "xid8"


class EventRow(Base):
    """One event as stored. ``xid`` orders by transaction, so that no reader skips a late commit (see core.live).

    ``origin``: where the change came from, if from neither a person in the console nor a customer: ``api``, ``bulk``,
    ``import`` or ``merge`` (:func:`comes_from`).
    """

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_xid_id", "xid", "id"),
        Index("ix_events_ticket_id_id", "ticket_id", "id"),
        Index("ix_events_customer_id_id", "customer_id", "id"),
        Index("ix_events_status_changed", "ticket_id", "at", postgresql_where=text("kind = 'ticket.status_changed'")),
        Index("ix_events_organisation_changed", "id", postgresql_where=text("kind = 'organisation.changed'")),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    xid: Mapped[Any] = mapped_column(Xid8(), server_default=text("pg_current_xact_id()"))
    at: Mapped[datetime]
    kind: Mapped[str]
    actor_kind: Mapped[str]
    actor_id: Mapped[int | None]
    actor_name: Mapped[str]
    ticket_id: Mapped[int | None]
    customer_id: Mapped[int | None]
    teams: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default="{}")
    agents: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default="{}")
    private: Mapped[bool] = mapped_column(server_default="false")
    rule: Mapped[str | None]
    origin: Mapped[str | None]
    data: Mapped[dict[str, Any]]


EDGE: Final = """
    with recursive halves as (
        select min(id) as low, max(id) + 1 as high from events
        union all
        select case when middle.at < :before then middle.id + 1 else low end,
            case when middle.at < :before then high else (low + high) / 2 end
        from halves cross join lateral (
            select id, at from events where id >= (low + high) / 2 order by id limit 1
        ) as middle where low < high
    )
    select coalesce(max(high) filter (where low >= high), 0) from halves
    """
"""The first id that is not from before an instant: ids grow with time, so halving finds it without an index of times.

Transactions overlap, so rows beside the edge may be out of order: whoever goes by it asks for the time as well, and
takes what stands above it another night.
"""
OLD: Final = (Kind(name="events", table="events", over="id < :edge and at < :before", edge=EDGE),)
"""Histories and reports reach back no further than the events that are kept."""
Heard = TypeVar("Heard", bound=Event)
Handler = Callable[[AsyncSession, Any], Awaitable[None]]
_handlers: Mapping[type[Event], tuple[Handler, ...]] = {}


def subscribe(table: Mapping[type[Event], tuple[Handler, ...]]) -> None:
    """Install the table of handlers. Called once by the composition root."""
    global _handlers  # noqa: PLW0603 - the one table of the process, set by sampark/wiring.py
    _handlers = table


def record(session: AsyncSession, event: Event, actor: Actor | None = None) -> None:
    """Say that something happened. The row is written with the transaction, or not at all.

    Args:
        session: the unit of work.
        event: what happened.
        actor: who did it, where it is not the unit's own actor.
    """
    session.info.setdefault("events", []).append((event, actor or session.info.get("actor", SYSTEM)))


def recorded(session: AsyncSession, kind: type[Heard]) -> list[Heard]:
    """What was recorded so far in this unit of work, of one type: a handler learns what those before it have done.

    Handlers run one hop deep, so what one of them records is handled by nobody else.

    Args:
        session: the unit of work.
        kind: the type of event.
    """
    return [event for event, _ in session.info.get("events", []) if isinstance(event, kind)]


def comes_from(session: AsyncSession, origin: str) -> None:
    """Say where the changes of this unit of work come from, for those who leave such changes alone."""
    session.info["origin"] = origin


def _row(event: Event, actor: Actor, at: datetime, origin: str | None) -> dict[str, Any]:
    fields = msgspec.to_builtins(event)
    row = {name: fields.pop(name) for name in COLUMNS}
    row |= {"kind": event.kind, "at": at, "data": fields, "origin": origin}
    row |= {"actor_kind": actor.kind.value, "actor_id": actor.id, "actor_name": actor.name}
    return row


_INSERT = Sql(
    """
    with written as (
        insert into events (at, kind, actor_kind, actor_id, actor_name, ticket_id, customer_id, teams, agents, private,
            rule, origin, data)
        select at, kind, actor_kind, actor_id, actor_name, ticket_id, customer_id, teams, agents, private, rule,
            origin, data
        from rows from (jsonb_to_recordset(cast(:rows as jsonb)) as (
            at timestamptz, kind text, actor_kind text, actor_id bigint, actor_name text, ticket_id bigint,
            customer_id bigint, teams bigint[], agents bigint[], private boolean, rule text, origin text,
            data jsonb)
        ) with ordinality as r(
            at, kind, actor_kind, actor_id, actor_name, ticket_id, customer_id, teams, agents, private, rule, origin,
            data, n)
        order by n
    )
    select pg_notify(:channel, '')
    """
)


async def flush(session: AsyncSession) -> None:
    """Run the handlers, then write all recorded events and wake the live hubs, in the same transaction."""
    recorded: list[tuple[Event, Actor]] = session.info.get("events", [])
    for event, _ in tuple(recorded):
        for handler in _handlers.get(type(event), ()):
            await handler(session, event)
    if not recorded:
        return
    await session.flush()
    at = clock.now()
    origin = session.info.get("origin")
    rows = msgspec.json.encode([_row(event, actor, at, origin) for event, actor in recorded]).decode()
    await _INSERT.all(session, rows=rows, channel=LIVE_CHANNEL)
    recorded.clear()

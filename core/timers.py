"""Timers: rows with ``due_at`` that become jobs when the clock reaches them.

Retries of a send, undo windows and snoozes all wait here, so that a turned clock moves every one of them and
nothing is missed after a downtime. One scheduler at a time drives the table (``sampark/worker.py``); a second
one is harmless, because rows are taken with SKIP LOCKED.
"""

from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Identity, Index, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from core.base import Base
from core.sql import Sql

TIMER_CHANNEL = "sampark_timers"


class Timer(Base):
    """A job that waits for its time."""

    __tablename__ = "timers"
    __table_args__ = (Index("ix_timers_due_at", "due_at"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    due_at: Mapped[datetime]
    job: Mapped[str]
    args: Mapped[dict[str, Any]]
    key: Mapped[str | None]
    dedupe: Mapped[str | None] = mapped_column(unique=True)


SETTING = """
        insert into timers (due_at, job, args, key, dedupe) {rows}
        on conflict (dedupe) do update set due_at = excluded.due_at, args = excluded.args
    """
"""The part of a statement that sets timers; ``rows`` gives the values in this order. By itself it wakes nobody: the
scheduler sees such a timer at its next look (``core/scheduler.POLL_SECONDS``)."""
_SET = Sql(
    f"""
    with timer as ({SETTING.format(rows="values (:due_at, :job, cast(:args as jsonb), :key, :dedupe)")})
    select pg_notify(:channel, '')
    """
)


# One that is early enough is not even locked: many transactions may ask for the same at the same time.
_SET_SHARED: Final = Sql(
    """
    with timer as (
        insert into timers (due_at, job, args, key, dedupe)
        select :due_at, :job, cast(:args as jsonb), :key, :dedupe
        where not exists (select from timers where dedupe = :dedupe and due_at <= :due_at)
        on conflict (dedupe) do update set due_at = least(timers.due_at, excluded.due_at), args = excluded.args
        returning id
    )
    select pg_notify(:channel, '') from timer
    """
)


async def set_timer(
    session: AsyncSession,
    due_at: datetime,
    job: str,
    args: dict[str, Any],
    key: str | None,
    dedupe: str | None,
    *,
    shared: bool = False,
) -> None:
    """Ask for a job at ``due_at``. The same ``dedupe`` again moves the timer; a shared one only forwards."""
    values = msgspec.json.encode(args).decode()
    statement = _SET_SHARED if shared else _SET
    await statement.all(session, due_at=due_at, job=job, args=values, key=key, dedupe=dedupe, channel=TIMER_CHANNEL)


async def cancel_timer(session: AsyncSession, dedupe: str) -> bool:
    """Take a timer back; False when it has already become a job."""
    gone = await session.execute(delete(Timer).where(Timer.dedupe == dedupe).returning(Timer.id))
    return gone.first() is not None


async def take_due(session: AsyncSession, now: datetime, limit: int = 100) -> list[Timer]:
    """Remove and return the timers whose time has come, earliest first."""
    due = list(
        await session.scalars(
            select(Timer)
            .where(Timer.due_at <= now)
            .order_by(Timer.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )
    if due:
        await session.execute(delete(Timer).where(Timer.id.in_([timer.id for timer in due])))
    return due


async def next_due(session: AsyncSession) -> datetime | None:
    """When the earliest timer is due, or None."""
    return await session.scalar(select(Timer.due_at).order_by(Timer.due_at).limit(1))

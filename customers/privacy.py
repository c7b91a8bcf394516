"""Data rights: a customer wants a copy of her data, their correction or their deletion, and sees how it stands.

Asked on the portal. A copy is made by a job at once (``portal/data_copies.py``); the others are handled by agents
(``agent_ui/api/privacy.py``). Every step is an event.
"""

from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.db import actor_of
from core.errors import Conflict, Invalid, NotFound, RateLimited
from customers.events import DataRequestChanged, DataRequested
from customers.models import Customer, DataRequest

Kind = Literal["copy", "correction", "deletion"]
State = Literal["asked", "working", "done", "refused"]
KINDS: Final = ("copy", "correction", "deletion")
OPEN: Final = ("asked", "working")
COPY_DAYS: Final = 7
COPIES_A_DAY: Final = 2
"""To make one reads every file of hers, and costs as much room as they have."""
LONGEST: Final = 4000
LONGEST_PAGE: Final = 100


class AlreadyAsked(Conflict):
    """The same wish of the same customer is still open."""

    code, title = "already-asked", "This was asked for already"


class AlreadyHandled(Conflict):
    """The wish was fulfilled or refused; that is not undone."""

    code, title = "already-handled", "This was handled already"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A wish as a line of the agents' list."""

    id: int
    customer_id: int
    customer: str
    kind: str
    state: str
    words: str
    answer: str
    ticket_id: int | None
    handled_by: str | None
    asked_at: datetime
    done_at: datetime | None


async def ask(session: AsyncSession, customer_id: int, kind: str, words: str = "") -> DataRequest:
    """Write down what a customer wants.

    Raises:
        Invalid: the kind is none of ours, or a correction does not say what.
        AlreadyAsked: the same is still open.
        RateLimited: she has had :data:`COPIES_A_DAY` copies made within a day.
    """
    if kind not in KINDS:
        raise Invalid.field("kind", "This cannot be asked for.")
    words = words.replace("\x00", "").strip()[:LONGEST]
    if kind == "correction" and not words:
        raise Invalid.field("words", "Say what is wrong.")
    await session.execute(select(Customer.id).where(Customer.id == customer_id).with_for_update())
    same = select(DataRequest.id).where(DataRequest.customer_id == customer_id, DataRequest.kind == kind)
    if await session.scalar(same.where(DataRequest.state.in_(OPEN)).limit(1)) is not None:
        raise AlreadyAsked
    now = clock.now()
    if kind == "copy":
        await _check_copies(session, customer_id, now)
    row = DataRequest(
        customer_id=customer_id, kind=kind, words=words, state="asked", answer="", asked_at=now, changed_at=now
    )
    session.add(row)
    await session.flush()
    events.record(session, DataRequested(customer_id=customer_id, request_id=row.id, what=kind))
    return row


async def _check_copies(session: AsyncSession, customer_id: int, now: datetime) -> None:
    day = timedelta(days=1)
    made = select(DataRequest.asked_at).where(DataRequest.customer_id == customer_id, DataRequest.kind == "copy")
    newest = made.where(DataRequest.asked_at > now - day).order_by(DataRequest.asked_at.desc()).limit(COPIES_A_DAY)
    found = list(await session.scalars(newest))
    if len(found) == COPIES_A_DAY:
        raise RateLimited(
            "Enough copies were made today.", retry_after=int((found[-1] + day - now).total_seconds()) + 1
        )


async def note_ticket(session: AsyncSession, request_id: int, ticket_id: int | None) -> None:
    """Note the conversation about a wish."""
    await session.execute(update(DataRequest).where(DataRequest.id == request_id).values(ticket_id=ticket_id))


async def of_customer(session: AsyncSession, customer_id: int) -> list[DataRequest]:
    """What a customer wanted, newest first."""
    statement = select(DataRequest).where(DataRequest.customer_id == customer_id).order_by(DataRequest.id.desc())
    return list(await session.scalars(statement.limit(LONGEST_PAGE)))


async def copy_of(session: AsyncSession, customer_id: int, request_id: int) -> DataRequest:
    """A copy that its owner can still fetch.

    Raises:
        NotFound: there is none, it is another's, or its time is over.
    """
    statement = select(DataRequest).where(DataRequest.id == request_id, DataRequest.customer_id == customer_id)
    row = await session.scalar(statement.where(DataRequest.storage_key.is_not(None)))
    if row is None or row.expires_at is None or row.expires_at <= clock.now():
        raise NotFound("This copy is no longer here.")
    return row


async def list_requests(
    session: AsyncSession, *, is_open: bool = True, before: int | None = None, limit: int = 50
) -> tuple[list[Line], int | None]:
    """One page for agents, newest first, and the key of the next.

    Args:
        session: any session.
        is_open: only what waits for somebody; else all.
        before: the key of this page.
        limit: lines, at most :data:`LONGEST_PAGE`.
    """
    limit = max(1, min(limit, LONGEST_PAGE))
    statement = (
        select(
            DataRequest.id, DataRequest.customer_id, Customer.name, DataRequest.kind, DataRequest.state,
            DataRequest.words, DataRequest.answer, DataRequest.ticket_id, DataRequest.handled_by, DataRequest.asked_at,
            DataRequest.done_at,
        )
        .join(Customer, Customer.id == DataRequest.customer_id)
        .order_by(DataRequest.id.desc())
        .limit(limit + 1)
    )  # fmt: skip
    if is_open:
        statement = statement.where(DataRequest.state.in_(OPEN))
    if before is not None:
        statement = statement.where(DataRequest.id < before)
    names = Line.__struct_fields__
    lines = [msgspec.convert(dict(zip(names, row, strict=True)), Line) for row in await session.execute(statement)]
    return lines[:limit], lines[limit - 1].id if len(lines) > limit else None


async def lock(session: AsyncSession, request_id: int) -> DataRequest:
    """One wish that is still open, held until the end of the unit of work.

    Raises:
        NotFound: there is none with this number.
        AlreadyHandled: it is done or refused.
    """
    row = await session.scalar(select(DataRequest).where(DataRequest.id == request_id).with_for_update())
    if row is None:
        raise NotFound("There is no such request.")
    if row.state not in OPEN:
        raise AlreadyHandled
    return row


async def move(session: AsyncSession, request_id: int, state: State, answer: str = "") -> DataRequest:
    """Step to another state; the actor's name is kept with it.

    Raises:
        NotFound: there is none with this number.
        AlreadyHandled: it is done or refused.
        Invalid: a refusal without a reason.
    """
    row = await lock(session, request_id)
    answer = answer.replace("\x00", "").strip()[:LONGEST]
    if state == "refused" and not answer:
        raise Invalid.field("answer", "Say why.")
    row.state, row.answer, row.changed_at = state, answer or row.answer, clock.now()
    row.handled_by = actor_of(session).name
    row.done_at = clock.now() if state not in OPEN else None
    changed = DataRequestChanged(customer_id=row.customer_id, request_id=row.id, what=row.kind, state=state)
    events.record(session, changed)
    return row


async def keep_copy(session: AsyncSession, request_id: int, storage_key: str) -> DataRequest:
    """Give a finished copy to who asked for it, for :data:`COPY_DAYS`.

    Raises:
        AlreadyHandled: that was done before.
    """
    row = await move(session, request_id, "done")
    row.storage_key = storage_key
    row.expires_at = clock.now() + timedelta(days=COPY_DAYS)
    return row


async def forget_copy(session: AsyncSession, request_id: int) -> str | None:
    """Take a copy back whose time is over; returns the key of its file, None when it is gone already."""
    row = await session.scalar(select(DataRequest).where(DataRequest.id == request_id).with_for_update())
    if row is None or row.storage_key is None:
        return None
    key, row.storage_key = row.storage_key, None
    return key

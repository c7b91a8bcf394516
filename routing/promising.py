"""Promises of agents: made to the customer of a ticket with a date, moved, kept, withdrawn; broken by their clock.

Called by ``agent_ui/api``, later by channels for callbacks. A promise has a clock of its own (``routing/clocks.py``),
so it is warned of and missed like every deadline. Neither a pause nor a solution stops it: it is somebody's word.
"""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.actor import ActorKind
from core.db import actor_of
from core.errors import Conflict, Invalid, NotFound
from routing import clock_rows, clocks, hours, lateness
from routing.clock_rows import Clocked
from routing.clocks import PROMISE, Clock
from routing.events import PromiseKept, PromiseMade, PromiseMoved, PromiseWithdrawn
from routing.models import Promise
from tickets import lifecycle
from tickets.intake import clean

LONGEST: Final = 300
LATEST: Final = timedelta(days=366)
WARNINGS: Final = (75, 90)
"""At so many percent of its time a promise warns."""


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What is promised, until when, and whether its customer sees it on the portal."""

    text: str
    due_at: datetime
    is_told: bool = True


def _checked(words: Words) -> Words:
    text = " ".join(clean(words.text).split())
    if not text or len(text) > LONGEST:
        raise Invalid.field("text", f"Say what is promised, in at most {LONGEST} letters.")
    now = clock.now()
    if words.due_at.tzinfo is None or not now < words.due_at <= now + LATEST:
        raise Invalid.field("dueAt", "Choose a moment within the next year.")
    return msgspec.structs.replace(words, text=text)


async def make(session: AsyncSession, ticket_id: int, words: Words) -> Promise:
    """Promise something; the same again while it is open is the same promise.

    Raises:
        NotFound: there is no such ticket.
        Invalid: nothing is said, or the moment has passed or is too far away.
    """
    await lifecycle.lock(session, ticket_id)
    wanted, now, actor = _checked(words), clock.now(), actor_of(session)
    open_ones = select(Promise).where(
        Promise.ticket_id == ticket_id, Promise.kept_at.is_(None), Promise.withdrawn_at.is_(None)
    )
    for each in await session.scalars(open_ones):
        if (each.text, each.due_at) == (wanted.text, wanted.due_at):
            return each
    made = Promise(
        ticket_id=ticket_id,
        text=wanted.text,
        due_at=wanted.due_at,
        is_told=wanted.is_told,
        made_by_id=actor.id if actor.kind is ActorKind.AGENT else None,
        made_by=actor.name,
        made_at=now,
    )
    session.add(made)
    await session.flush()
    found, before = await _clocked(session, ticket_id)
    found.clocks.append(clock_of(made))
    await lateness.settle(session, found, before, now)
    said = PromiseMade(promise_id=made.id, text=made.text, due_at=made.due_at, is_told=made.is_told)
    events.record(session, msgspec.structs.replace(said, **found.audience()))
    return made


def clock_of(made: Promise) -> Clock:
    """The clock that a promise has when it is made."""
    return Clock(
        kind=PROMISE,
        policy_id=None,
        policy="",
        reason=made.text,
        minutes=max(1, int((made.due_at - made.made_at).total_seconds() // 60)),
        business=False,
        hours=hours.DEFAULT,
        is_told=made.is_told,
        warnings=list(WARNINGS),
        rests_in=[],
        promise_id=made.id,
        started_at=made.made_at,
        due_at=made.due_at,
    )


async def move(session: AsyncSession, promise_id: int, words: Words) -> Promise:
    """Promise it for another moment, or in other words. That it was broken before stays on record.

    Raises:
        NotFound: there is no such promise.
        Conflict: it is settled.
        Invalid: nothing is said, or the moment has passed or is too far away.
    """
    made, found, before = await _open(session, promise_id)
    wanted, old = _checked(words), made.due_at
    made.text, made.due_at, made.is_told = wanted.text, wanted.due_at, wanted.is_told
    its = _own(found, promise_id)
    if its is not None:
        fresh = clock_of(made)
        its.reason, its.minutes, its.is_told = fresh.reason, fresh.minutes, fresh.is_told
        its.warned = _told_already(its, made.due_at, clock.now())
        its.due_at = made.due_at
    await lateness.settle(session, found, before, clock.now())
    said = PromiseMoved(promise_id=made.id, text=made.text, old=old, new=made.due_at, **found.audience())
    events.record(session, said)
    return made


def _told_already(its: Clock, due_at: datetime, now: datetime) -> int:
    """Up to how many percent of the time until another moment somebody has been warned; what lies ahead comes anew."""
    passed = (now - its.started_at) / (due_at - its.started_at) * 100
    return max((each for each in its.warnings if each <= min(its.warned, passed)), default=0)


async def keep(session: AsyncSession, promise_id: int) -> Promise:
    """It was done. Late, it is kept all the same; that it was late stays on record.

    Raises:
        NotFound: there is no such promise.
        Conflict: it is settled.
    """
    made, found, before = await _open(session, promise_id)
    now = made.kept_at = clock.now()
    its = _own(found, promise_id)
    if its is not None:
        clocks.meet(its, now)
    await lateness.settle(session, found, before, now)
    in_time = now <= made.due_at
    said = PromiseKept(promise_id=made.id, text=made.text, in_time=in_time, **found.audience())
    events.record(session, said)
    return made


async def withdraw(session: AsyncSession, promise_id: int) -> Promise:
    """It is promised no more.

    Raises:
        NotFound: there is no such promise.
        Conflict: it is settled.
    """
    made, found, before = await _open(session, promise_id)
    now = made.withdrawn_at = clock.now()
    its = _own(found, promise_id)
    if its is not None:
        clocks.end(its, now)
    await lateness.settle(session, found, before, now)
    events.record(session, PromiseWithdrawn(promise_id=made.id, text=made.text, **found.audience()))
    return made


async def ticket_of(session: AsyncSession, promise_id: int) -> int:
    """The ticket of a promise.

    Raises:
        NotFound: there is no such promise.
    """
    found = await session.scalar(select(Promise.ticket_id).where(Promise.id == promise_id))
    if found is None:
        raise NotFound("There is no such promise.")
    return found


async def _open(session: AsyncSession, promise_id: int) -> tuple[Promise, Clocked, bytes]:
    """A promise that is not settled, with its ticket locked before it."""
    ticket_id = await ticket_of(session, promise_id)
    await lifecycle.lock(session, ticket_id)
    made = await session.get_one(Promise, promise_id, populate_existing=True)
    if made.kept_at is not None or made.withdrawn_at is not None:
        raise Conflict("This promise is settled already.")
    return made, *await _clocked(session, ticket_id)


async def _clocked(session: AsyncSession, ticket_id: int) -> tuple[Clocked, bytes]:
    found = await clock_rows.load(session, ticket_id)
    if found is None:
        raise NotFound("There is no such ticket.")
    return found, msgspec.json.encode(found.clocks)


def _own(found: Clocked, promise_id: int) -> Clock | None:
    its: list[Any] = [each for each in found.clocks if each.promise_id == promise_id]
    return its[-1] if its else None

"""The brake on automatic mail: whatever loop we get into, it ends by itself and somebody is told.

Asked before every mail that no person wrote (``channels/notices``, ``channels/acknowledge``). It looks at no header
and trusts nobody's: it counts. Per address, per address and subject, per ticket; and for the whole desk, where the
limit is a circuit breaker: once tripped, no automatic mail leaves until an administrator releases it.

One transaction after another asks (an advisory lock), so that no interleaving overshoots. Whoever needs other locks
takes them before.
"""

import re
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events, jobs, log
from core.db import actor_of
from core.sql import Sql

ALARM_JOB: Final = "channels.alarm_brake"
PER_HOUR: Final = 500
"""Automatic mails of the whole desk in an hour, when the settings say nothing else."""
ADDRESS_WINDOW: Final = timedelta(minutes=180)
TICKET_WINDOW: Final = timedelta(hours=1)
DESK_WINDOW: Final = timedelta(hours=1)
SHOWN: Final = 50
FORGOTTEN: Final = timedelta(days=7)
"""What is older is no longer counted by anything, and goes."""
_log = log.get(__name__)


class Limits(NamedTuple):
    """Mails to one address and of one subject within :data:`ADDRESS_WINDOW`, in one ticket within an hour."""

    address: int
    subject: int
    ticket: int


OUTSIDE: Final = Limits(address=10, subject=2, ticket=5)
"""To people whom we do not know, and whose robots may answer."""
COLLEAGUES: Final = Limits(address=100, subject=20, ticket=50)
"""To our own agents, whose automatic answers we never answer; a busy day must not be taken for a loop."""
TO_COLLEAGUES: Final = frozenset(
    {
        "assigned",
        "customer_wrote",
        "mentioned",
        "late",
        "mailbox_silent",
        "mailbox_recovered",
        "credentials_expire",
        "low_rating",
        "review",
        "automation_alarm",
    }
)
"""Kinds of automatic mail that only ever go to our own agents."""


class BrakeTripped(events.Event, frozen=True, kw_only=True):
    """All automatic mail of the desk was stopped."""

    kind = "automatic_mail.stopped"
    reason: str


class BrakeReleased(events.Event, frozen=True, kw_only=True):
    """An administrator let automatic mail leave again."""

    kind = "automatic_mail.released"


class Undelivered(msgspec.Struct, frozen=True, kw_only=True):
    """An automatic mail that did not arrive, and why: withheld, failed, bounced or unknown. Times are in UTC."""

    id: int
    at: datetime
    state: str
    kind: str
    address: str
    subject: str
    ticket_id: int | None
    reason: str


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How the desk's automatic mail stands. Times are in UTC.

    Attributes:
        stopped: none leaves.
        reason: why; None while it is not stopped.
        since: since when.
        sent_last_hour: mails that were allowed.
        limit_per_hour: how many make the brake trip.
        withheld_last_day: mails that the brake stopped.
        undelivered: the newest of the last day that did not arrive for whatever reason, at most :data:`SHOWN`.
    """

    stopped: bool
    reason: str | None
    since: datetime | None
    sent_last_hour: int
    limit_per_hour: int
    withheld_last_day: int
    undelivered: list[Undelivered]


_limit = PER_HOUR


def configure(per_hour: int) -> None:
    """Set the whole desk's limit. Called once by the composition root."""
    global _limit  # noqa: PLW0603 - the one number of the process, set by sampark/wiring.py
    _limit = per_hour


_STOPPED = Sql("select reason from brake_trips where released_at is null")
_LOCK = Sql("select pg_advisory_xact_lock(hashtextextended('automatic-mail', 11))")
_COUNTS = Sql(
    """
    select
        (select reason from brake_trips where released_at is null) as stopped,
        count(*) filter (where address = :address and at > :address_since) as address,
        count(*) filter (where address = :address and subject = :subject and at > :address_since) as subject,
        count(*) filter (where ticket_id = :ticket_id and at > :ticket_since) as ticket,
        count(*) filter (where at > :desk_since and at > coalesce(
            (select max(released_at) from brake_trips), '-infinity')) as desk
    from automatic_mails where at > least(:address_since, :ticket_since, :desk_since)
    """
)
_ALLOWED = Sql(
    """
    with forgotten as (delete from automatic_mails where at < :before)
    insert into automatic_mails (kind, address, ticket_id, subject, at)
    values (:kind, :address, :ticket_id, :subject, :now)
    """
)
_TRIP = Sql("insert into brake_trips (reason, tripped_at) values (:reason, :now) returning id")
_RELEASE = Sql(
    """
    update brake_trips set released_at = :now, released_by_id = :agent_id where released_at is null returning id
    """
)
_STATUS = Sql(
    """
    select t.reason, t.tripped_at,
        (select count(*) from automatic_mails where at > :hour_ago) as sent,
        (select count(*) from notices where state = 'withheld' and created_at > :day_ago) as withheld
    from (values (1)) as one (row) left join brake_trips t on t.released_at is null
    """
)
_UNDELIVERED = Sql(
    """
    select id, created_at, state, kind, to_address, subject, ticket_id, coalesce(error, '') as reason from notices
    where state in ('withheld', 'failed', 'bounced', 'unknown') and created_at > :day_ago
    order by id desc limit :limit
    """
)


async def allow(session: AsyncSession, kind: str, address: str, ticket_id: int | None, subject: str) -> str | None:
    """Whether one automatic mail may leave; it is counted in the same transaction.

    Args:
        session: the unit of work that also writes the mail.
        kind: what mail it is; kinds of :data:`TO_COLLEAGUES` have wider limits.
        address: who would get it.
        ticket_id: the ticket it is about.
        subject: as it would be sent.

    Returns:
        None when it may leave; else why it must not, in a sentence.
    """
    stopped: str | None = await _STOPPED.scalar(session)
    if stopped is not None:
        return _while_stopped(stopped)
    await _LOCK.all(session)
    now = clock.now()
    facts = {"address": address.strip().casefold(), "ticket_id": ticket_id, "subject": alike(subject)}
    counts = await _COUNTS.first(
        session,
        **facts,
        address_since=now - ADDRESS_WINDOW,
        ticket_since=now - TICKET_WINDOW,
        desk_since=now - DESK_WINDOW,
    )
    if counts.stopped is not None:
        return _while_stopped(counts.stopped)
    if counts.desk >= _limit:
        return await _trip(session, counts.desk)
    limits = COLLEAGUES if kind in TO_COLLEAGUES else OUTSIDE
    minutes = int(ADDRESS_WINDOW.total_seconds() // 60)
    if counts.address >= limits.address:
        return f"{address} got {counts.address} automatic mails within {minutes} minutes."
    if counts.subject >= limits.subject:
        return f"{address} got this subject {counts.subject} times within {minutes} minutes."
    if counts.ticket >= limits.ticket:
        return f"There were {counts.ticket} automatic mails in ticket {ticket_id} within an hour."
    await _ALLOWED.all(session, **facts, kind=kind, now=now, before=now - FORGOTTEN)
    return None


def _while_stopped(reason: str) -> str:
    return f"All automatic mail is stopped: {reason}"


async def _trip(session: AsyncSession, count: int) -> str:
    """Stop everything; only the transaction that holds the lock and saw no trip gets here, so it happens once."""
    reason = f"{count} automatic mails left within an hour. Probably two robots write to each other."
    trip_id: int = await _TRIP.scalar(session, reason=reason, now=clock.now())
    _log.error("automatic mail is stopped", trip=trip_id, reason=reason)
    events.record(session, BrakeTripped(reason=reason, teams=(events.NO_TEAM,)))
    await jobs.enqueue(session, ALARM_JOB, {"reason": reason}, dedupe=f"{ALARM_JOB}:{trip_id}", priority=20)
    return _while_stopped(reason)


async def release(session: AsyncSession) -> Status:
    """Let automatic mail leave again; what was withheld stays withheld, and counting begins anew. Again: no change."""
    await _LOCK.all(session)
    if await _RELEASE.first(session, now=clock.now(), agent_id=actor_of(session).id) is not None:
        events.record(session, BrakeReleased(teams=(events.NO_TEAM,)))
    return await status(session)


async def status(session: AsyncSession) -> Status:
    """How automatic mail stands, for people."""
    now = clock.now()
    day_ago = now - timedelta(days=1)
    row = await _STATUS.first(session, hour_ago=now - DESK_WINDOW, day_ago=day_ago)
    rows = await _UNDELIVERED.all(session, day_ago=day_ago, limit=SHOWN)
    return Status(
        stopped=row.reason is not None,
        reason=row.reason,
        since=row.tripped_at,
        sent_last_hour=row.sent,
        limit_per_hour=_limit,
        withheld_last_day=row.withheld,
        undelivered=[
            Undelivered(
                id=each.id,
                at=each.created_at,
                state=each.state,
                kind=each.kind,
                address=each.to_address,
                subject=each.subject,
                ticket_id=each.ticket_id,
                reason=each.reason,
            )
            for each in rows
        ],
    )


_PREFIX = re.compile(r"^\s*(?:(?:re|aw|fwd?|wg|sv|vs|tr|rv|antw|odp|res|enc|auto(?:matic)?(?: reply)?)\s*:\s*)+")
_NUMBER = re.compile(r"\d+")
_REST = re.compile(r"[^\w#]+")


def alike(subject: str) -> str:
    """The subject without what robots change in it from mail to mail: prefixes, numbers, marks, white space."""
    words = _PREFIX.sub("", subject[:500].casefold())
    return _REST.sub(" ", _NUMBER.sub("#", words)).strip()[:200]

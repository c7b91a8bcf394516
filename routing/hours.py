"""Opening hours: when we are there, in local windows, and how business time runs through them.

A :class:`Schedule` has windows for each weekday (several a day, also over midnight), a time zone, and days of its own
(holidays, half days). Everything is computed by walking its windows in local time, so days of 23 and 25 hours are as
long as they are. Pure but for :func:`read` and :func:`write`; used by ``routing/waiting.py``, portal and widget.
"""

import itertools
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.errors import Invalid, NotFound, Stale
from routing.events import HoursChanged
from routing.models import OpeningHours, WorkQueue

DEFAULT: Final = "default"
DAY: Final = 24 * 60
FARTHEST: Final = timedelta(days=400)
"""So far ahead an opening is looked for; a schedule that is closed longer has none."""
LONGEST_AGO: Final = timedelta(days=3660)
"""So far back business time is counted."""
MOST_DAYS: Final = 1000
Minute = Annotated[int, msgspec.Meta(ge=0, le=2 * DAY)]


class Window(msgspec.Struct, frozen=True, array_like=True):
    """From a minute of the local day to another; beyond :data:`DAY` it is the next day's morning."""

    start: Minute
    end: Minute


class SpecialDay(msgspec.Struct, frozen=True):
    """A day that is not like its weekday; without windows we are away."""

    name: str = ""
    windows: tuple[Window, ...] = ()


Week = Annotated[tuple[tuple[Window, ...], ...], msgspec.Meta(min_length=7, max_length=7)]
_WORKDAY: Final = (Window(9 * 60, 18 * 60 + 30),)


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """When we are there.

    Attributes:
        time_zone: of the windows and days, as in the IANA database.
        weekly: windows of each weekday, Monday first.
        days: date → what is different on it.
        version: counts changes; 0: the product's default, never written.
    """

    name: str = DEFAULT
    time_zone: str = "Asia/Kolkata"
    weekly: Week = (*(_WORKDAY for _ in range(6)), ())
    days: dict[date, SpecialDay] = {}
    version: int = 0

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The time zone."""
        return zoneinfo.ZoneInfo(self.time_zone)

    def windows_of(self, day: date) -> tuple[Window, ...]:
        """The windows that begin on a local day."""
        special = self.days.get(day)
        return special.windows if special is not None else self.weekly[day.weekday()]


def _instant(zone: zoneinfo.ZoneInfo, day: date, minute: int) -> datetime:
    """The instant of a minute of a local day; one that the clocks skip is the moment after the gap."""
    wall = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(minutes=minute)
    return wall.astimezone(UTC)


def open_times(schedule: Schedule, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The stretches in which we are there between two instants: in order, apart from one another, none empty."""
    zone = schedule.zone
    day = since.astimezone(zone).date() - timedelta(days=2)  # a window may reach into the next two days
    last = until.astimezone(zone).date()
    held: tuple[datetime, datetime] | None = None
    while day <= last:
        for window in sorted(schedule.windows_of(day), key=lambda each: each.start):
            start = max(since, _instant(zone, day, window.start))
            end = min(until, _instant(zone, day, window.end))
            if start >= end:
                continue
            if held is None:
                held = (start, end)
            elif start <= held[1]:
                held = (held[0], max(held[1], end))
            else:
                yield held
                held = (start, end)
        day += timedelta(days=1)
    if held is not None:
        yield held


def is_open(schedule: Schedule, at: datetime) -> bool:
    """Whether we are there at an instant; at the very end of a window we are not."""
    return next(open_times(schedule, at, at + timedelta(seconds=1)), (None, None))[0] == at.astimezone(UTC)


def next_opening(schedule: Schedule, at: datetime) -> datetime | None:
    """When we are there next, in UTC: ``at`` itself while we are; None: not within :data:`FARTHEST`."""
    first = next(open_times(schedule, at.astimezone(UTC), at + FARTHEST), None)
    return first[0] if first else None


def closes_at(schedule: Schedule, at: datetime) -> datetime | None:
    """Until when we are there, in UTC; None while we are away."""
    first = next(open_times(schedule, at.astimezone(UTC), at + FARTHEST), None)
    return first[1] if first and first[0] == at.astimezone(UTC) else None


def business_seconds(schedule: Schedule, since: datetime, until: datetime) -> float:
    """How much business time lies between two instants; 0 when they are the wrong way round."""
    stretches = open_times(schedule, since.astimezone(UTC), until.astimezone(UTC))
    return sum((end - start).total_seconds() for start, end in stretches)


def so_long_before(schedule: Schedule, at: datetime, seconds: float) -> datetime | None:
    """The latest instant from which so much business time has passed at another one.

    Args:
        schedule: the opening hours.
        at: the later instant.
        seconds: more than 0.

    Returns:
        None: there was not so much since :data:`LONGEST_AGO`.
    """
    until = at.astimezone(UTC)
    for reach in (timedelta(days=10 + seconds / 10_000), LONGEST_AGO):
        left = seconds
        for start, end in reversed(list(open_times(schedule, until - reach, until))):
            length = (end - start).total_seconds()
            if left <= length:
                return end - timedelta(seconds=left)
            left -= length
    return None


class Opening(msgspec.Struct, frozen=True):
    """Whether we are there at an instant, and when that changes; a menu of a telephone and a web page say it.

    Attributes:
        is_open: we are there.
        opens_at: when we are there next, in UTC; None: not within :data:`FARTHEST`. While we are there: now.
        closes_at: until when; None while we are away.
    """

    is_open: bool
    opens_at: datetime | None
    closes_at: datetime | None


def opening(schedule: Schedule, at: datetime) -> Opening:
    """How it stands with a schedule at an instant."""
    first = next(open_times(schedule, at.astimezone(UTC), at + FARTHEST), None)
    if first is None:
        return Opening(False, None, None)
    here = first[0] == at.astimezone(UTC)
    return Opening(here, first[0], first[1] if here else None)


def _schedule(row: OpeningHours) -> Schedule:
    value = {"name": row.name, "time_zone": row.time_zone, "weekly": row.weekly, "days": row.days}
    return msgspec.convert(value | {"version": row.version}, Schedule)


async def find(session: AsyncSession, name: str) -> Schedule | None:
    """The schedule of a name; that of the desk is the product's until somebody writes it."""
    row = await session.scalar(select(OpeningHours).where(OpeningHours.name == name))
    if row is not None:
        return _schedule(row)
    return Schedule() if name == DEFAULT else None


async def read(session: AsyncSession, name: str = DEFAULT) -> Schedule:
    """The schedule of a name, else the desk's own: whoever names one that is gone gets hours all the same."""
    return await find(session, name) or await find(session, DEFAULT) or Schedule()


async def of_queue(session: AsyncSession, queue_id: int) -> Schedule:
    """When somebody is there for a queue; the desk's own hours for one that has none."""
    name = await session.scalar(select(WorkQueue.hours).where(WorkQueue.id == queue_id))
    return await read(session, name or DEFAULT)


async def of_team(session: AsyncSession, team_id: int | None) -> Schedule:
    """When a team is there, by its own queue; the desk's own hours for one that has none, and for no team."""
    own = select(WorkQueue.hours).where(WorkQueue.is_default, WorkQueue.team_id.is_not_distinct_from(team_id))
    return await read(session, await session.scalar(own) or DEFAULT)


async def list_all(session: AsyncSession) -> list[Schedule]:
    """All schedules by name; the desk's own is always there."""
    found = [_schedule(row) for row in await session.scalars(select(OpeningHours).order_by(OpeningHours.name))]
    return found if any(each.name == DEFAULT for each in found) else [Schedule(), *found]


def checked(schedule: Schedule) -> Schedule:
    """A schedule that makes sense.

    Raises:
        Invalid: the time zone is unknown, a window ends before it begins, or two of a day overlap.
    """
    name = " ".join(schedule.name.split())
    if not name or len(name) > 60:
        raise Invalid.field("name", "A name of at most 60 letters is needed.")
    if not clock.is_time_zone(schedule.time_zone):
        raise Invalid.field("timeZone", "This is not a time zone, such as Asia/Kolkata.")
    if len(schedule.days) > MOST_DAYS:
        raise Invalid.field("days", f"At most {MOST_DAYS} days.")
    for number, windows in enumerate(schedule.weekly):
        _check(windows, f"weekly[{number}]")
    for number, special in enumerate(schedule.days.values()):
        _check(special.windows, f"days[{number}].windows")
    return msgspec.structs.replace(schedule, name=name)


def _check(windows: tuple[Window, ...], place: str) -> None:
    ordered = sorted(windows, key=lambda each: each.start)
    for window in ordered:
        if window.start >= window.end or window.start >= DAY or window.end - window.start > DAY:
            raise Invalid.field(place, "A window begins on its day, ends after that, and has a day at most.")
    for one, other in itertools.pairwise(ordered):
        if other.start < one.end:
            raise Invalid.field(place, "Two windows of a day overlap.")


async def write(session: AsyncSession, schedule: Schedule, if_version: int | None = None) -> Schedule:
    """Keep a schedule, made or changed.

    Raises:
        Invalid: it makes no sense (:func:`checked`).
        Stale: somebody changed it since ``if_version``.
    """
    wanted = checked(schedule)
    row = await session.scalar(select(OpeningHours).where(OpeningHours.name == wanted.name).with_for_update())
    if if_version is not None and (row.version if row else 0) != if_version:
        raise Stale("Somebody changed these hours in the meantime.", version=row.version if row else 0)
    before = _kept(_schedule(row)) if row else None
    kept = _kept(wanted)
    if row is None:
        row = OpeningHours(name=wanted.name, version=0)
        session.add(row)
    row.time_zone, row.weekly, row.days = wanted.time_zone, kept["weekly"], kept["days"]
    row.version, row.updated_at = row.version + 1, clock.now()
    await session.flush()
    events.record(session, HoursChanged(name=wanted.name, before=before, after=kept))
    return _schedule(row)


async def remove(session: AsyncSession, name: str) -> None:
    """Take a schedule away; whoever names it gets the desk's own from now on.

    Raises:
        NotFound: there is none of this name.
        Invalid: it is the desk's own.
    """
    if name == DEFAULT:
        raise Invalid("The desk's own hours cannot be taken away.")
    row = await session.scalar(select(OpeningHours).where(OpeningHours.name == name))
    if row is None:
        raise NotFound("There are no such hours.")
    events.record(session, HoursChanged(name=name, before=_kept(_schedule(row)), after=None))
    await session.delete(row)


def _kept(schedule: Schedule) -> dict[str, Any]:
    """A schedule as JSON, without its name and version."""
    value: dict[str, Any] = msgspec.to_builtins(schedule, str_keys=True)
    return {name: each for name, each in value.items() if name not in {"name", "version"}}

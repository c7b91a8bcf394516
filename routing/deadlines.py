"""Deadlines: when a promised time is used up, in opening hours or by the calendar, without the pauses.

Pure. A target is walked through the windows of ``routing/hours.py``, so lunch, nights, holidays and days of 23 and 25
hours are what they are; a pause moves the deadline by exactly as much of the counted time as lies in it.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from routing.hours import FARTHEST, Schedule, open_times

Pause = tuple[datetime, datetime]
"""A stretch that does not count, from one instant to another."""


def tidy(pauses: Sequence[Pause]) -> list[Pause]:
    """The same stretches in order, apart from one another, none empty."""
    found: list[Pause] = []
    for start, end in sorted((start.astimezone(UTC), end.astimezone(UTC)) for start, end in pauses):
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def counted(
    schedule: Schedule | None, since: datetime, until: datetime, pauses: Sequence[Pause] = ()
) -> Iterator[tuple[datetime, datetime]]:
    """The stretches between two instants that count, in order.

    Args:
        schedule: the opening hours; None: every hour of the calendar.
        since: from here on.
        until: up to here.
        pauses: what does not count.
    """
    since, until = since.astimezone(UTC), until.astimezone(UTC)
    left_out = tidy(pauses)
    whole = iter([(since, until)] if since < until else []) if schedule is None else open_times(schedule, since, until)
    for start, end in whole:
        at = start
        for begins, ends in left_out:
            if ends <= at:
                continue
            if begins >= end:
                break
            if at < begins:
                yield at, begins
            at = ends
        if at < end:
            yield at, end


def elapsed(schedule: Schedule | None, since: datetime, until: datetime, pauses: Sequence[Pause] = ()) -> float:
    """How many seconds between two instants count."""
    return sum((end - start).total_seconds() for start, end in counted(schedule, since, until, pauses))


def deadline(
    schedule: Schedule | None, since: datetime, seconds: float, pauses: Sequence[Pause] = ()
) -> datetime | None:
    """The instant at which so many counted seconds have passed, in UTC.

    Args:
        schedule: the opening hours; None: every hour of the calendar.
        since: when the time begins to run.
        seconds: more than 0.
        pauses: what does not count.

    Returns:
        None when the opening hours have no such instant within :data:`routing.hours.FARTHEST`.
    """
    paused = sum(((end - start) for start, end in tidy(pauses)), timedelta())
    reach = timedelta(seconds=seconds) if schedule is None else FARTHEST
    left = seconds
    since = since.astimezone(UTC)  # a sum of local time would not know of the days of 23 and 25 hours
    for start, end in counted(schedule, since, since + reach + paused, pauses):
        length = (end - start).total_seconds()
        if left <= length:
            return start + timedelta(seconds=left)
        left -= length
    return None

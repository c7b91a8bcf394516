"""What came when: counts of equal stretches of time, or single moments; read from files, cut into half hours.

Pure. Two forms of file are read: a table with ``date``, ``interval_start`` and ``calls`` (a bank's, for instance), and
one moment a line in ISO 8601. The times of a file are taken as they stand; a time zone in them is kept.
"""

import csv
import itertools
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from core.errors import Invalid

HALF_HOUR: Final = 1800
DAY: Final = 86_400
HALF_HOURS: Final = DAY // HALF_HOUR
"""Half hours of a day."""
MOST_STRETCHES: Final = 1_000_000


class Arrivals(msgspec.Struct, frozen=True):
    """How many came in each of equal stretches, one after the other.

    Attributes:
        starts_at: when the first stretch begins.
        seconds: how long each is.
        counts: how many came in each.
        moments: the very moments, in seconds since ``starts_at`` and in order, where they are known.
    """

    starts_at: datetime
    seconds: int
    counts: tuple[int, ...]
    moments: tuple[float, ...] | None = None

    @property
    def total(self) -> int:
        """How many came in all."""
        return sum(self.counts)

    @property
    def length(self) -> float:
        """How long all stretches are, in seconds."""
        return float(self.seconds * len(self.counts))

    def spread(self, chance: random.Random) -> Iterator[float]:
        """The moments, in seconds since ``starts_at`` and in order; within a stretch by chance, if not known."""
        if self.moments is not None:
            yield from self.moments
            return
        for number, count in enumerate(self.counts):
            begins = number * self.seconds
            yield from sorted(begins + chance.random() * self.seconds for _ in range(count))

    def first(self, seconds: float) -> "Arrivals":
        """Only what came so early."""
        kept = min(len(self.counts), int(-(-seconds // self.seconds)))
        moments = None if self.moments is None else tuple(each for each in self.moments if each < kept * self.seconds)
        return Arrivals(self.starts_at, self.seconds, self.counts[:kept], moments)

    def days(self) -> dict[date, list[int]]:
        """The half hours of each whole day.

        Raises:
            Invalid: the stretches do not fit into half hours.
        """
        if HALF_HOUR % self.seconds:
            raise Invalid(f"Stretches of {self.seconds} seconds cannot be put together to half hours.")
        found: dict[date, list[int]] = {}
        at = self.starts_at
        step = timedelta(seconds=self.seconds)
        for count in self.counts:
            halves = found.setdefault(at.date(), [0] * HALF_HOURS)
            halves[(at.hour * 60 + at.minute) // 30] += count
            at += step
        return {day: halves for day, halves in found.items() if self._is_whole(day)}

    def _is_whole(self, day: date) -> bool:
        begins = datetime(day.year, day.month, day.day, tzinfo=self.starts_at.tzinfo)
        ends = self.starts_at + timedelta(seconds=self.length)
        return begins >= self.starts_at and begins + timedelta(days=1) <= ends


def read(lines: Iterable[str]) -> Arrivals:
    """Read a file of either form.

    Raises:
        Invalid: it is neither, empty, or a line cannot be read; the sentence names the line.
    """
    whole = (line.strip().removeprefix("\ufeff") for line in lines)
    first = next((line for line in whole if line), None)
    if first is None:
        raise Invalid("The file of arrivals is empty.")
    if "," in first and "calls" in first.lower():
        return _table([first, *whole])
    return of_moments(_moments([first, *whole]))


def _table(lines: Sequence[str]) -> Arrivals:
    columns = [each.strip().lower() for each in next(csv.reader(lines[:1]))]
    missing = {"date", "interval_start", "calls"} - set(columns)
    if missing:
        raise Invalid(f"The table of arrivals has no column {', '.join(sorted(missing))}.")
    found: list[tuple[datetime, int]] = []
    for number, values in enumerate(csv.reader(lines[1:]), 2):
        if not values:
            continue
        row = dict(zip(columns, values, strict=False))
        try:
            at = datetime.fromisoformat(f"{row['date'].strip()}T{row['interval_start'].strip().zfill(5)}")
            count = int(row["calls"])
        except (KeyError, ValueError) as problem:
            raise Invalid(f"Line {number} of the arrivals cannot be read: {','.join(values)}") from problem
        if count < 0:
            raise Invalid(f"Line {number} of the arrivals has less than no calls.")
        found.append((at, count))
    if len(found) < 2:
        raise Invalid("The table of arrivals needs two lines at least, to tell how long a stretch is.")
    found.sort()
    return _filled(found)


def _filled(rows: list[tuple[datetime, int]]) -> Arrivals:
    """Rows as equal stretches; what is not in the file is a stretch in which nobody came."""
    gaps = {int((other[0] - one[0]).total_seconds()) for one, other in itertools.pairwise(rows)}
    seconds = min(gaps)
    if seconds <= 0:
        raise Invalid("A stretch stands in the table of arrivals twice.")
    if any(gap % seconds for gap in gaps):
        raise Invalid("The stretches of the table of arrivals are not equally long.")
    starts_at = rows[0][0]
    length = int((rows[-1][0] - starts_at).total_seconds()) // seconds + 1
    _check_length(length)
    counts = [0] * length
    for at, count in rows:
        counts[int((at - starts_at).total_seconds()) // seconds] += count
    return Arrivals(starts_at, seconds, tuple(counts))


def _moments(lines: Iterable[str]) -> list[datetime]:
    found: list[datetime] = []
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            found.append(datetime.fromisoformat(line.strip('"').rstrip(",")))
        except ValueError as problem:
            if number == 1 and not any(each.isdigit() for each in line):
                continue  # a heading
            raise Invalid(
                f"Line {number} of the arrivals is no moment such as 2026-03-02T09:15:00: {line}"
            ) from problem
    if not found:
        raise Invalid("The file of arrivals is empty.")
    if len({each.tzinfo is None for each in found}) > 1:
        raise Invalid("Some moments of the arrivals have a time zone, and some have none.")
    return sorted(found)


def of_moments(moments: Sequence[datetime]) -> Arrivals:
    """Half hours of single moments, which must be in order; the first begins on the hour or half past."""
    first = moments[0]
    starts_at = first.replace(minute=first.minute // 30 * 30, second=0, microsecond=0)
    offsets = tuple((each - starts_at).total_seconds() for each in moments)
    length = int(offsets[-1]) // HALF_HOUR + 1
    _check_length(length)
    counts = [0] * length
    for each in offsets:
        counts[int(each) // HALF_HOUR] += 1
    return Arrivals(starts_at, HALF_HOUR, tuple(counts), offsets)


def _check_length(stretches: int) -> None:
    if stretches > MOST_STRETCHES:
        raise Invalid(f"The arrivals reach over more than {MOST_STRETCHES:,} stretches; is a year wrong?")

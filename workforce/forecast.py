"""What will come in which half hour, from what came: a level that moves from day to day, weekdays, and their shapes.

Pure. A day's total is its weekday's usual total times a level (:data:`Levels` says how the level goes on); its half
hours follow the usual shape of that weekday. Days that are far from usual, such as holidays, teach nothing. Each half
hour has bounds between which it falls on eight days of ten: chance alone moves a half hour of 64 calls by 8.

:func:`judge` holds the last weeks back, forecasts them from what was known, and compares.
"""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

import msgspec

from core.errors import Invalid
from workforce.arrivals import HALF_HOURS

FEWEST_DAYS: Final = 21
"""From so many days on a forecast is made."""
SHAPE_DAYS: Final = 119
"""So many days back the shapes of weekdays are looked at: seventeen weeks."""
NEAR_DAYS: Final = 42
"""What is usual for a day: the same weekday, so many days before and after it."""
LOWEST_USUAL: Final = 0.7
HIGHEST_USUAL: Final = 1.6
EIGHT_OF_TEN: Final = 1.2816
"""So many standard deviations to each side hold 80 % of a normal distribution."""
WORKING_SHARE: Final = 0.5
"""A weekday on which at least so much comes as on the busiest one is a working day."""

Half = list[float]
Days = Mapping[date, Sequence[int]]


class Ahead(msgspec.Struct, frozen=True):
    """The level of a coming day: 1 is usual. ``deviation``: by how much it may be otherwise."""

    level: float
    deviation: float


Levels = Callable[[Sequence[float | None], int, date], list[Ahead]]
"""How the level goes on: levels of past days (None: unknown), for how many days, and the date of the first one."""


class ForecastDay(msgspec.Struct):
    """A day to come.

    Attributes:
        day: which.
        expected: what each of its half hours will bring.
        low: less than that on one day of ten.
        high: more than that on one day of ten.
    """

    day: date
    expected: Half
    low: Half
    high: Half


class Errors(msgspec.Struct):
    """How far forecasts were from what came, on the working days of weeks that were held back.

    Shares of what came: the sum of all differences, whichever way, by the sum of what came (WAPE).

    Attributes:
        days: how many working days were judged.
        weeks: how many weeks were held back.
        half_hours: over single half hours.
        naive: the same, of the week before repeated.
        chance: the same, of somebody who knew the mean of each half hour, and not what chance made of it.
        working_day: over the half hours of the mean working day, as a roster needs it.
        naive_working_day: the same, of the week before repeated.
        totals: over whole days.
        bias: by how much too much was forecast, all in all.
        within_bounds: the share of half hours between their bounds.
    """

    days: int
    weeks: int
    half_hours: float
    naive: float
    chance: float
    working_day: float
    naive_working_day: float
    totals: float
    bias: float
    within_bounds: float


class _Known(msgspec.Struct):
    """What the past says: the usual total of each weekday, the level of each day, the shape of each weekday."""

    first: date
    last: date
    usual: list[float]
    levels: list[float | None]
    shapes: list[Half]


def forecast(days: Days, ahead: int, levels: Levels, closed: frozenset[date] = frozenset()) -> list[ForecastDay]:
    """Forecast the days after the last known one.

    Args:
        days: the half hours of past days.
        ahead: for how many days.
        levels: how the level goes on.
        closed: days, past or to come, on which nobody is there; nothing is learnt from them or expected on them.

    Raises:
        Invalid: too few days are known, or nothing ever came.
    """
    known = _learn(days, closed)
    found = []
    for number, level in enumerate(levels(known.levels, ahead, known.first), 1):
        day = known.last + timedelta(days=number)
        total = 0.0 if day in closed else known.usual[day.weekday()] * max(0.0, level.level)
        expected = [total * each for each in known.shapes[day.weekday()]]
        spread = [EIGHT_OF_TEN * math.sqrt(each + (each * level.deviation) ** 2) for each in expected]
        low = [max(0.0, each - by) for each, by in zip(expected, spread, strict=True)]
        high = [each + by for each, by in zip(expected, spread, strict=True)]
        found.append(ForecastDay(day, expected, low, high))
    return found


def _learn(days: Days, closed: frozenset[date]) -> _Known:
    if not days:
        raise Invalid("There are no past days to forecast from.")
    first, last = min(days), max(days)
    dates = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    if len(dates) < FEWEST_DAYS:
        raise Invalid(f"At least {FEWEST_DAYS} days of the past are needed for a forecast; there are {len(dates)}.")
    totals = [None if day in closed or day not in days else float(sum(days[day])) for day in dates]
    totals = [each if _is_usual(totals, number) else None for number, each in enumerate(totals)]
    usual = [_mean([totals[n] for n, day in enumerate(dates) if day.weekday() == weekday]) for weekday in range(7)]
    if not any(usual):
        raise Invalid("Nothing came on any of the days to forecast from.")
    of_days = [
        None if total is None or not usual[day.weekday()] else total / usual[day.weekday()]
        for day, total in zip(dates, totals, strict=True)
    ]
    kept = [day for day, total in zip(dates, totals, strict=True) if total is not None and day in days]
    return _Known(first, last, usual, of_days, [_shape(days, kept, weekday, usual) for weekday in range(7)])


def _is_usual(totals: Sequence[float | None], number: int) -> bool:
    """Whether a day is like the same weekdays near it; unlike them are holidays and accidents."""
    near = range(number % 7, len(totals), 7)
    others = [totals[each] for each in near if each != number and abs(each - number) <= NEAR_DAYS]
    known = [each for each in others if each is not None]
    total = totals[number]
    if total is None or not known:
        return total is not None
    middle = statistics.median(known)
    # Small numbers are far apart by chance alone.
    slack = 3 * math.sqrt(middle)
    return LOWEST_USUAL * middle - slack <= total <= HIGHEST_USUAL * middle + slack


def _mean(values: Sequence[float | None]) -> float:
    known = [each for each in values if each is not None]
    return statistics.fmean(known) if known else 0.0


def _shape(days: Days, kept: Sequence[date], weekday: int, usual: Sequence[float]) -> Half:
    """How a weekday's total is spread over its half hours, each smoothed with its neighbours."""
    since = kept[-1] - timedelta(days=SHAPE_DAYS) if kept else date.min
    chosen = [day for day in kept if day.weekday() == weekday and day > since]
    if len(chosen) < 3:  # take what is like it
        alike = [day for day in range(7) if usual[day] >= WORKING_SHARE * usual[weekday]]
        chosen = [day for day in kept if day.weekday() in alike and day > since]
    sums = [float(sum(days[day][half] for day in chosen)) for half in range(HALF_HOURS)]
    padded = [sums[0], *sums, sums[-1]]
    smooth = [(one + 2 * two + three) / 4 for one, two, three in zip(padded, padded[1:], padded[2:], strict=False)]
    total = sum(smooth)
    return [each / total if total else 0.0 for each in smooth]


def working_weekdays(days: Days) -> frozenset[int]:
    """The weekdays, Monday 0, on which at least half as much comes as on the busiest."""
    medians = []
    for weekday in range(7):
        totals = [sum(halves) for day, halves in days.items() if day.weekday() == weekday]
        medians.append(statistics.median(totals) if totals else 0)
    return frozenset(day for day in range(7) if medians[day] and medians[day] >= WORKING_SHARE * max(medians))


def judge(days: Days, levels: Levels, weeks: int = 8, every: int = 7, closed: frozenset[date] = frozenset()) -> Errors:
    """Hold the last weeks back and forecast them from what was known before.

    Args:
        days: the half hours of past days.
        levels: how the level goes on.
        weeks: how many of the last weeks are held back.
        every: after how many days the forecast is made anew, with what has come by then.
        closed: days on which nobody is there.

    Raises:
        Invalid: too little is known from before these weeks.
    """
    last = max(days, default=date.min)
    begin = last - timedelta(days=7 * weeks - 1)
    working = working_weekdays(days)
    expected: dict[date, ForecastDay] = {}
    for offset in range(0, 7 * weeks, every):
        known_until = begin + timedelta(days=offset)
        known = {day: halves for day, halves in days.items() if day < known_until}
        many = min(every, 7 * weeks - offset)
        expected |= {each.day: each for each in forecast(known, many, levels, closed)}
    judged = [day for day in expected if day.weekday() in working and day in days and day not in closed]
    naive = {day: _week_before(days, day, begin, every) for day in judged}
    came = float(sum(sum(days[day]) for day in judged))
    if not came:
        raise Invalid("Nothing came in the weeks that were held back.")
    pairs = [
        (days[day][half], expected[day].expected[half], expected[day].low[half], expected[day].high[half])
        for day in judged
        for half in range(HALF_HOURS)
    ]
    means = [statistics.fmean(days[day][half] for day in judged) for half in range(HALF_HOURS)]
    return Errors(
        days=len(judged),
        weeks=weeks,
        half_hours=sum(abs(actual - told) for actual, told, _, _ in pairs) / came,
        naive=sum(abs(days[day][half] - naive[day][half]) for day in judged for half in range(HALF_HOURS)) / came,
        chance=sum(_by_chance(each) for each in means) / sum(means),
        working_day=_apart(means, [expected[day].expected for day in judged]),
        naive_working_day=_apart(means, [naive[day] for day in judged]),
        totals=sum(abs(sum(days[day]) - sum(expected[day].expected)) for day in judged) / came,
        bias=sum(told - actual for actual, told, _, _ in pairs) / came,
        within_bounds=sum(low - 0.5 <= actual <= high + 0.5 for actual, _, low, high in pairs) / len(pairs),
    )


def _week_before(days: Days, day: date, begin: date, every: int) -> Sequence[int]:
    """The same weekday of the last week that was known when the forecast was made."""
    known_until = begin + timedelta(days=(day - begin).days // every * every)
    source = day
    while source >= known_until or source not in days:
        source -= timedelta(days=7)
        if source < min(days):
            return [0] * HALF_HOURS
    return days[source]


def _apart(means: Sequence[float], told: Sequence[Sequence[float]]) -> float:
    """How far the mean forecast is from the mean day."""
    forecasts = [statistics.fmean(each[half] for each in told) for half in range(HALF_HOURS)]
    return sum(abs(one - other) for one, other in zip(means, forecasts, strict=True)) / sum(means)


def _by_chance(mean: float) -> float:
    """How far a count is from its mean, on average, by chance alone (Poisson)."""
    if mean <= 0:
        return 0.0
    whole = math.floor(mean)
    return 2 * math.exp(-mean + (whole + 1) * math.log(mean) - math.lgamma(whole + 1))

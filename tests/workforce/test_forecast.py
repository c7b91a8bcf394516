"""Forecasts: weekdays, shapes, holidays; the bank's year, and what chance leaves possible."""

import functools
import importlib.util
import random
from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from core.errors import Invalid
from tests.workforce.corpus import CALLS, needed
from workforce import arrivals, smoothing
from workforce.forecast import Days, Errors, forecast, judge, working_weekdays

MONDAY = date(2026, 3, 2)
SHAPE = [0] * 18 + [6] * 16 + [2] * 14


def weeks(many: int, totals: Sequence[float] = (1, 1, 1, 1, 1, 0.2, 0)) -> dict[date, list[int]]:
    """Days on which exactly the same comes on every weekday."""
    found = {}
    for number in range(7 * many):
        day = MONDAY + timedelta(days=number)
        found[day] = [round(each * totals[day.weekday()] * 10) for each in SHAPE]
    return found


def test_a_regular_week_goes_on() -> None:
    """What came every week comes again: its totals, and where in the day it comes."""
    days = weeks(8)
    told = forecast(days, 7, smoothing.levels)
    assert [each.day for each in told] == [MONDAY + timedelta(days=56 + number) for number in range(7)]
    for each in told:
        came = days[each.day - timedelta(days=7)]
        assert sum(each.expected) == pytest.approx(sum(came))
        assert each.expected[25] == pytest.approx(came[25])
        assert all(low <= value <= high for low, value, high in zip(each.low, each.expected, each.high, strict=True))
    assert sum(told[-1].expected) == 0
    assert working_weekdays(days) == {0, 1, 2, 3, 4}


def test_a_holiday_teaches_nothing() -> None:
    """A Tuesday on which nothing came, known beforehand or not, does not make later Tuesdays weaker."""
    usual = weeks(8)
    holiday = MONDAY + timedelta(days=36)
    changed = usual | {holiday: [0] * 48}
    for closed in (frozenset[date](), frozenset({holiday})):
        told = forecast(changed, 2, smoothing.levels, closed)
        assert sum(told[1].expected) == pytest.approx(sum(usual[holiday]), rel=0.01)


def test_nothing_is_expected_on_a_closed_day() -> None:
    """A day to come on which nobody is there needs nobody."""
    told = forecast(weeks(8), 2, smoothing.levels, frozenset({MONDAY + timedelta(days=57)}))
    assert sum(told[0].expected) > 0
    assert sum(told[1].expected) == 0


def test_a_rise_is_followed_and_forgotten() -> None:
    """After ten days half as busy again the next day is expected busier, and in two months it is usual again."""
    days = weeks(12)
    for number in range(74, 84):
        day = MONDAY + timedelta(days=number)
        days[day] = [each * 3 // 2 for each in days[day]]
    told = forecast(days, 57, smoothing.levels)
    usual = sum(weeks(1)[MONDAY])
    assert sum(told[0].expected) > 1.2 * usual
    assert sum(told[56].expected) < 1.1 * usual


def test_too_little_is_said() -> None:
    """Three weeks are needed, and something must have come."""
    with pytest.raises(Invalid, match="21 days"):
        forecast(weeks(2), 7, smoothing.levels)
    with pytest.raises(Invalid, match="Nothing came"):
        forecast({day: [0] * 48 for day in weeks(4)}, 7, smoothing.levels)
    with pytest.raises(Invalid, match="no past days"):
        forecast({}, 7, smoothing.levels)


def test_chance_is_told_apart() -> None:
    """Counts by chance around a known mean: the forecast is hardly further off than somebody who knew that mean."""
    chance = random.Random(7)
    days = {
        day: [sum(chance.random() < 0.5 for _ in range(2 * each)) for each in halves]  # half as scattered as Poisson
        for day, halves in weeks(20).items()
    }
    errors = judge(days, smoothing.levels)
    assert errors.half_hours < errors.chance < errors.naive * 1.2
    assert errors.days == 40
    assert errors.within_bounds > 0.9


@functools.cache
def bank() -> Days:
    """The bank's half hours."""
    with CALLS.open() as lines:
        return arrivals.read(lines).days()


@functools.cache
def bank_errors(every: int) -> Errors:
    """How far forecasts of its last eight weeks are off."""
    return judge(bank(), smoothing.levels, 8, every)


@pytest.mark.parametrize(("every", "most"), [(56, 0.20), (7, 0.195), (1, 0.185)])
def test_the_banks_last_eight_weeks(every: int, most: float) -> None:
    """Made once, every week or every day, the forecast is well ahead of the week before repeated."""
    needed()
    errors = bank_errors(every)
    assert errors.days == 40
    assert errors.half_hours <= most
    assert errors.half_hours < 0.8 * errors.naive
    assert abs(errors.bias) < 0.1
    assert 0.78 < errors.within_bounds < 0.88


def test_the_banks_working_day() -> None:
    """The mean working day of the eight weeks, as a roster needs it, is at most 12 % off by half hours."""
    needed()
    assert bank_errors(56).working_day <= 0.12
    assert bank_errors(7).working_day <= 0.12
    assert bank_errors(1).working_day <= 0.12


def test_single_half_hours_cannot_be_known_to_12_percent() -> None:
    """Whoever knew the mean of each half hour would still be 11.4 % off; and who knew each day's total, 14 %."""
    needed()
    days = bank()
    assert bank_errors(7).chance == pytest.approx(0.1145, abs=0.0005)
    working = working_weekdays(days)
    held_back = [halves for day, halves in days.items() if day > date(1999, 11, 5) and day.weekday() in working]
    assert len(held_back) == 40
    whole = sum(map(sum, held_back))
    shape = [sum(halves[half] for halves in held_back) / whole for half in range(48)]
    apart = sum(abs(halves[half] - sum(halves) * shape[half]) for halves in held_back for half in range(48))
    assert apart / whole == pytest.approx(0.143, abs=0.001)


@pytest.mark.skipif(importlib.util.find_spec("statsmodels") is None, reason="the extra forecast is not installed")
def test_the_library_does_a_little_better() -> None:
    """With the extra installed, a forecast made every week is nearer than without."""
    needed()
    series = importlib.import_module("workforce.series")
    assert judge(bank(), series.levels, 8, 7).half_hours < bank_errors(7).half_hours

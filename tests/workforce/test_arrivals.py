"""Arrivals read from both forms of file, cut and spread; and what is said of a file that is none."""

import random
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from tests.workforce.corpus import CALLS, needed
from workforce import arrivals
from workforce.arrivals import Arrivals


def test_a_table_is_read() -> None:
    """Date, weekday, beginning, calls; a stretch that is left out had no calls."""
    lines = [
        "date,weekday,interval_start,calls",
        "2026-03-02,Mon,09:00,2",
        "2026-03-02,Mon,09:06,0",
        "2026-03-02,Mon,09:18,3",
    ]
    found = arrivals.read(lines)
    assert found == Arrivals(datetime(2026, 3, 2, 9), 360, (2, 0, 0, 3))
    assert (found.total, found.length) == (5, 1440)


def test_moments_are_read() -> None:
    """One moment a line, in any order, with a heading or without; they are counted by half hours from the first on."""
    found = arrivals.read(["at", "2026-03-02T10:05:00", "", "2026-03-02T09:15:30"])
    assert (found.starts_at, found.counts) == (datetime(2026, 3, 2, 9), (1, 0, 1))
    assert list(found.spread(random.Random(1))) == [930, 3900]
    assert found.first(1800) == Arrivals(datetime(2026, 3, 2, 9), 1800, (1,), (930,))


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "empty"),
        (["", " "], "empty"),
        (["tomorrow at 9"], "Line 1"),
        (["2026-03-02T10:05:00", "2026-03-02T10:05:00Z"], "some have none"),
        (["2026-03-02T10:05:00", "soon"], "Line 2"),
        (["date,calls", "2026-03-02,1"], "interval_start"),
        (["date,interval_start,calls", "2026-03-02,09:00,1", "2026-03-02,09:30,many"], "Line 3"),
        (["date,interval_start,calls", "2026-03-02,09:00,1", "2026-03-02,09:30,-1"], "less than no"),
        (["date,interval_start,calls", "2026-03-02,09:00,1"], "two lines"),
        (["date,interval_start,calls", "2026-03-02,09:00,1", "2026-03-02,09:00,1"], "twice"),
        (
            ["date,interval_start,calls", "2026-03-02,09:00,1", "2026-03-02,09:30,1", "2026-03-02,10:15,1"],
            "equally long",
        ),
        (["0001-03-02T10:05:00", "2026-03-02T10:05:00"], "is a year wrong"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_cannot_be_read_is_said(lines: list[str], words: str) -> None:
    """A sentence names what is wrong, with the line."""
    with pytest.raises(Invalid, match=words):
        arrivals.read(lines)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=400), st.integers(0, 2**32))
def test_what_is_spread_falls_into_its_stretch(counts: list[int], seed: int) -> None:
    """Counted again, the moments give the same counts, in order."""
    whole = Arrivals(datetime(2026, 3, 2), 360, tuple(counts))
    moments = list(whole.spread(random.Random(seed)))
    assert moments == sorted(moments)
    again = [0] * len(counts)
    for each in moments:
        again[int(each // 360)] += 1
    assert again == counts


def test_only_whole_days_are_forecast_from() -> None:
    """A day that began before the first stretch, or ends after the last, is left out."""
    half_hours = Arrivals(datetime(2026, 3, 2, 12), 1800, (1,) * (24 + 48 + 10))
    assert half_hours.days() == {date(2026, 3, 3): [1] * 48}
    with pytest.raises(Invalid, match="half hours"):
        Arrivals(datetime(2026, 3, 2), 3600, (1, 2)).days()


def test_the_banks_year() -> None:
    """A year of six minutes each: every call is read, and every day is whole."""
    needed()
    with CALLS.open() as lines:
        found = arrivals.read(lines)
    assert (found.total, found.seconds, len(found.counts)) == (445_369, 360, 365 * 240)
    days = found.days()
    assert (min(days), max(days), len(days)) == (date(1999, 1, 1), date(1999, 12, 31), 365)
    assert sum(sum(halves) for halves in days.values()) == found.total
    assert found.starts_at + timedelta(seconds=found.length) == datetime(2000, 1, 1)

"""The router turned by hand agrees with Erlang, keeps its books, and is the same for the same seed."""

import math
from datetime import datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from tests.workforce.corpus import CALLS, erlang_reference, needed
from workforce import arrivals, erlang
from workforce.arrivals import Arrivals
from workforce.simulation import Outcome, Setup, simulate

CALLS_EACH = 8000
"""Few, so that the suite stays quick: `python -m tools.staffing_figures` takes 400,000 each."""


def run(erlangs: float, agents: int, calls: int, seed: int = 1, patience: float | None = None) -> Outcome:
    """So many calls of three minutes each."""
    hourly = erlangs * 20
    return simulate(
        Setup(
            agents=agents,
            handle_seconds=180,
            calls_per_hour=hourly,
            hours=calls / hourly,
            seed=seed,
            patience_seconds=patience,
        )
    )


def by_chance(erlangs: float, agents: int, calls: int) -> float:
    """How far the share that waits may be off with so few calls: three standard errors, waits coming in bunches."""
    share, load = erlang.waits(erlangs, agents), erlangs / agents
    alike = 1 + 2 * min(erlangs, load / (1 - load) ** 2)  # so many calls in a row find the desk much the same
    return 3 * math.sqrt(share * (1 - share) / calls * alike)


def test_the_grid_of_erlang_c() -> None:
    """Every third row: shares of calls within 2 %, or what chance does to so few calls where that is more."""
    checked = 0
    for row in erlang_reference()["erlang_c_grid"]["rows"][::3]:
        told = erlang.expect(row["erlangs"] * 20, 180, row["agents"])
        found = run(row["erlangs"], row["agents"], CALLS_EACH)
        slack = max(0.02, by_chance(row["erlangs"], row["agents"], CALLS_EACH))
        if slack > 0.15:
            continue  # so heavily loaded that so few calls say nothing
        checked += 1
        name = f"{row['erlangs']} Erlangs, {row['agents']} agents"
        assert found.wait_probability == pytest.approx(row["erlang_c"], abs=slack), name
        assert found.service_level_20s == pytest.approx(row["sl_20s_aht180"], abs=slack), name
        assert found.occupancy == pytest.approx(told.occupancy, rel=0.03), name
    assert checked >= 20


@pytest.mark.slow
def test_many_calls_come_within_two_percent() -> None:
    """With four hundred thousand calls the share that waits, the mean wait and the service level agree to 2 %."""
    told = erlang.expect(0.5 * 20, 180, 1)
    found = run(0.5, 1, 400_000)
    assert found.wait_probability == pytest.approx(told.wait_probability, rel=0.02)
    assert found.mean_wait_seconds == pytest.approx(told.mean_wait_seconds, rel=0.02)
    assert found.service_level_20s == pytest.approx(told.service_level, rel=0.02)
    assert found.occupancy == pytest.approx(0.5, rel=0.01)


def test_who_hangs_up() -> None:
    """With patience of two minutes as many hang up as Palm's formula says, and nobody is lost."""
    told = erlang.with_patience(200, 180, 10, 120)
    found = run(10, 10, 20_000, patience=120)
    assert found.abandoned / found.arrivals == pytest.approx(told.abandoned, rel=0.05)
    assert found.mean_wait_seconds == pytest.approx(told.mean_wait_seconds, rel=0.06)
    assert found.wait_probability == pytest.approx(told.wait_probability, rel=0.05)
    assert found.answered + found.abandoned == found.arrivals


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=8),
    st.lists(st.integers(0, 4), min_size=1, max_size=4).filter(any),
    st.none() | st.floats(1, 600),
    st.integers(0, 1000),
)
def test_every_call_has_an_end(counts: list[int], roster: list[int], patience: float | None, seed: int) -> None:
    """Whoever comes is answered, hangs up, or is left when everybody has gone home; by half hours it adds up too."""
    recorded = Arrivals(datetime(2026, 3, 2, 9), 1800, tuple(counts))
    setup = Setup(agents=tuple(roster), handle_seconds=300, patience_seconds=patience, seed=seed)
    found = simulate(setup, recorded)
    assert found.answered + found.abandoned + found.waiting == found.arrivals == sum(counts)
    assert [each.arrivals for each in found.intervals] == counts
    assert sum(each.answered for each in found.intervals) == found.answered
    assert all(0 <= each.service_level <= 1 and 0 <= each.occupancy <= 1 for each in found.intervals)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Outcome) == found
    if patience is not None:
        assert found.waiting == 0


def test_the_same_seed_is_the_same_day() -> None:
    """Chance is repeatable; another seed is another day."""
    assert run(5, 6, 500) == run(5, 6, 500)
    assert run(5, 6, 500) != run(5, 6, 500, seed=2)


def test_calls_of_equal_length_wait_half_as_long() -> None:
    """When every call takes exactly as long, the wait is about half of what chance makes of it (Pollaczek)."""
    setup = Setup(agents=1, handle_seconds=180, calls_per_hour=10, hours=6000, is_even=True)
    assert simulate(setup).mean_wait_seconds == pytest.approx(90, rel=0.05)


def test_people_come_and_go() -> None:
    """Nobody answers before the first comes at half past nine; then it is answered who waited."""
    recorded = Arrivals(datetime(2026, 3, 2, 9), 1800, (2, 0), (60.0, 120.0))
    found = simulate(Setup(agents=(0, 1), handle_seconds=300, is_even=True), recorded)
    assert [each.agents for each in found.intervals] == [0, 1]
    assert (found.answered, found.wait_probability) == (2, 1)
    assert found.mean_wait_seconds == pytest.approx((1740 + 1680 + 300) / 2)
    assert found.intervals[0].occupancy == 0
    assert found.intervals[1].occupancy == pytest.approx(600 / 1800)


def test_too_few_people_end_all_the_same() -> None:
    """More load than people: the wait grows, and the run ends."""
    found = run(10, 5, 2000)
    assert found.answered == found.arrivals
    assert found.mean_wait_seconds > 1000
    assert found.occupancy == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    "setup",
    [
        Setup(agents=0, handle_seconds=180, calls_per_hour=10, hours=1),
        Setup(agents=(), handle_seconds=180, calls_per_hour=10, hours=1),
        Setup(agents=5, handle_seconds=0, calls_per_hour=10, hours=1),
        Setup(agents=5, handle_seconds=180, calls_per_hour=math.inf, hours=1),
        Setup(agents=5, handle_seconds=180, calls_per_hour=10),
        Setup(agents=5, handle_seconds=180, calls_per_hour=10, hours=1e9),
        Setup(agents=5, handle_seconds=180, calls_per_hour=10, hours=1, within_seconds=-1),
    ],
)
def test_what_makes_no_sense_is_said(setup: Setup) -> None:
    """A sentence instead of a run without end."""
    with pytest.raises(Invalid):
        simulate(setup)


def test_the_banks_day_by_half_hours() -> None:
    """A working day of the bank, by half hours; ten people are too few from ten to twelve."""
    needed()
    with CALLS.open() as lines:
        whole = arrivals.read(lines)
    days = whole.days()
    begin = sorted(days).index(datetime(1999, 11, 8).date())
    counts = whole.counts[begin * 240 : begin * 240 + 240]
    recorded = Arrivals(datetime(1999, 11, 8), 360, counts)
    found = simulate(Setup(agents=10, handle_seconds=180, patience_seconds=300), recorded)
    assert len(found.intervals) == 48
    assert [each.arrivals for each in found.intervals] == days[datetime(1999, 11, 8).date()]
    assert found.intervals[20].start == "1999-11-08T10:00"
    busiest = max(found.intervals, key=lambda each: each.arrivals)
    assert busiest.occupancy > 0.9
    assert found.abandoned == sum(each.abandoned for each in found.intervals)

"""How far chance may take a run from Erlang C: as far as independent runs are from one another."""

import heapq
import random
import statistics

import pytest

from workforce import erlang, spread
from workforce.simulation import Setup, simulate

HANDLE = 180.0


def counted(chance: random.Random, erlangs: float, agents: int, calls: int) -> tuple[float, float, float]:
    """Who waited, how long, and who no more than twenty seconds, of calls that are drawn one by one."""
    free, now, waited, waiting, late = [0.0] * agents, 0.0, 0.0, 0, 0
    warm = calls // 10
    for number in range(-warm, calls):
        now += chance.expovariate(erlangs / HANDLE)
        starts = max(now, free[0])
        heapq.heapreplace(free, starts + chance.expovariate(1 / HANDLE))
        if number >= 0:
            waited += starts - now
            waiting += starts > now
            late += starts > now + 20
    return waiting / calls, waited / calls, 1 - late / calls


@pytest.mark.parametrize(("erlangs", "agents"), [(0.5, 1), (3, 4), (8, 11)])
def test_runs_scatter_as_it_is_told(erlangs: float, agents: int) -> None:
    """A hundred runs of two thousand calls: two standard deviations of each figure, within a quarter of them."""
    told = spread.expect(erlangs * 20, HANDLE, agents, 2000)
    assert told is not None
    chance = random.Random(5)
    runs = [counted(chance, erlangs, agents, 2000) for _ in range(100)]
    for each, wanted in zip(zip(*runs, strict=True), (told.wait_probability, told.mean_wait_seconds, told.service_level), strict=True):  # fmt: skip
        assert 2 * statistics.stdev(each) == pytest.approx(wanted, rel=0.25)


def test_four_times_the_calls_are_twice_as_sure() -> None:
    """The longer, the nearer; and a full desk needs far more calls than an empty one."""
    once, often = (spread.expect(200, HANDLE, 14, calls) for calls in (10_000, 40_000))
    full = spread.expect(200, HANDLE, 11, 10_000)
    assert once is not None
    assert often is not None
    assert full is not None
    assert once.mean_wait_seconds == pytest.approx(2 * often.mean_wait_seconds)
    assert spread.expect(10_000, HANDLE, 752, 1000) == spread.Spread(0, 0, 0)
    assert full.mean_wait_seconds > 20 * once.mean_wait_seconds


def test_a_run_tells_how_far_it_may_be_off() -> None:
    """Twenty seeds: all but one or two are as near to Erlang C as the run itself says."""
    near = 0
    for seed in range(20):
        found = simulate(Setup(agents=4, handle_seconds=HANDLE, calls_per_hour=40, hours=250, seed=seed))
        assert found.erlang_c is not None
        assert found.by_chance is not None
        off = abs(found.mean_wait_seconds - found.erlang_c.mean_wait_seconds)
        near += off <= found.by_chance.mean_wait_seconds
        assert found.erlang_c.wait_probability == pytest.approx(erlang.waits(2, 4))
    assert near >= 18


@pytest.mark.parametrize(
    "setup",
    [
        Setup(agents=4, handle_seconds=HANDLE, calls_per_hour=100, hours=5),
        Setup(agents=6, handle_seconds=HANDLE, calls_per_hour=100, hours=5, patience_seconds=60),
        Setup(agents=6, handle_seconds=HANDLE, calls_per_hour=100, hours=5, is_even=True),
        Setup(agents=(6, 7), handle_seconds=HANDLE, calls_per_hour=100, hours=5),
    ],
)
def test_where_erlang_c_says_nothing_nothing_is_told(setup: Setup) -> None:
    """Too few people, callers who hang up, calls of one length, a roster."""
    found = simulate(setup)
    assert (found.erlang_c, found.by_chance) == (None, None)

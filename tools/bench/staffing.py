"""Staffing: how fast the router is turned by hand, how near it comes to Erlang C, and forecasts to what came."""

import heapq
import time
from typing import Final

from tools.bench.figures import Figure, aimed
from tools.staffing_figures import CORPUS
from workforce import arrivals, erlang, smoothing
from workforce.forecast import judge
from workforce.simulation import Setup, chances, random_of, simulate

CALLS: Final = 100_000
HANDLE: Final = 180.0


def measure() -> list[Figure]:
    """The figures of staffing; those of the bank's year only where its calls stand beside the checkout."""
    found: list[Figure] = []
    for erlangs, agents in ((10.0, 14), (200.0, 221)):
        setup = Setup(
            agents=agents, handle_seconds=HANDLE, calls_per_hour=erlangs * 20, hours=CALLS / erlangs / 20, seed=7
        )
        began = time.perf_counter()
        outcome = simulate(setup)
        rate = 2 * outcome.arrivals / (time.perf_counter() - began)
        told = erlang.expect(erlangs * 20, HANDLE, agents)
        off = 100 * abs(outcome.service_level_20s - told.service_level)
        name = f"simulation, {agents} people"
        floor = "floor: the same queue as a heap of moments, without router or books"
        found += [
            aimed(name, rate, "events/s", _bare(erlangs, agents), floor, (">", 40_000)),
            aimed(f"{name}: service level", off, "% off Erlang C", None, f"{outcome.arrivals:,} calls", ("<", 2)),
        ]
    if CORPUS.exists():
        found += _forecasts()
    return found


def _bare(erlangs: float, agents: int) -> float:
    """Events a second of the least program that knows who waits how long."""
    gaps, works = chances(random_of("gaps"), CALLS), chances(random_of("works"), CALLS)
    began = time.perf_counter()
    free = [0.0] * agents
    now = waited = 0.0
    for _ in range(CALLS):
        now += next(gaps) / erlangs
        starts = max(now, free[0])
        waited += starts - now
        heapq.heapreplace(free, starts + next(works))
    return 2 * CALLS / (time.perf_counter() - began)


def _forecasts() -> list[Figure]:
    with (CORPUS / "anonymous_bank" / "calls_per_6min_1999.csv").open() as lines:
        days = arrivals.read(lines).days()
    each = judge(days, smoothing.levels, 8, 1)
    chance = f"by chance alone {100 * each.chance:.1f} %, the week before repeated {100 * each.naive:.1f} %"
    return [
        aimed("forecast: single half hours", 100 * each.half_hours, "% off", None, chance, ("<", 12)),
        aimed("forecast: mean working day", 100 * each.working_day, "% off", None, "by half hours", ("<", 12)),
    ]

"""How near the simulation comes to Erlang C on a grid, and forecasts to what came: the tables of the reference page.

    python -m tools.staffing_figures [--calls 400000] > build/staffing-figures.md

The grid and the bank's year are material of others that stands beside the checkout (``../shared/corpora``); the page
docs/reference/staffing-figures.md holds what came out. Four hundred thousand calls a row take some ten minutes in all.
"""

import argparse
import importlib.util
import json
import math
import statistics
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sampark.commands.forecast import method_of
from workforce import arrivals, erlang
from workforce.forecast import judge
from workforce.simulation import Outcome, Setup, simulate

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpora" / "routing_workforce"
BATCHES = 20
"""Into so many parts a run is cut to tell how much chance there is in it."""
HANDLE_SECONDS = 180.0


def measure(erlangs: float, agents: int, calls: int, seed: int) -> Outcome:
    """So many calls of three minutes each, given to so many people."""
    hourly = erlangs * 3600 / HANDLE_SECONDS
    setup = Setup(agents=agents, handle_seconds=HANDLE_SECONDS, calls_per_hour=hourly, hours=calls / hourly, seed=seed)
    return simulate(setup)


def standard_error(found: Outcome) -> float:
    """How far the mean wait may be off by chance: from how far its parts are from one another."""
    size = max(1, len(found.intervals) // BATCHES)
    means = []
    for begin in range(0, size * BATCHES, size):
        part = found.intervals[begin : begin + size]
        came = sum(each.arrivals for each in part)
        if came:
            means.append(sum(each.arrivals * each.mean_wait_seconds for each in part) / came)
    return statistics.stdev(means) / math.sqrt(len(means)) if len(means) > 1 else math.nan


def grid(rows: Iterable[dict[str, Any]], calls: int) -> Iterator[str]:
    """The table of the grid, line by line; each row has a course of chance of its own."""
    names = "had to wait, told | counted | within 20 s, told | counted | mean wait, told | counted | off | by chance"
    yield f"| Erlangs | people | {names} |"
    yield "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    for seed, row in enumerate(rows, 1):
        erlangs, agents = float(row["erlangs"]), int(row["agents"])
        told = erlang.expect(erlangs * 3600 / HANDLE_SECONDS, HANDLE_SECONDS, agents)
        found = measure(erlangs, agents, calls, seed)
        wait = told.mean_wait_seconds
        off = "" if wait < 1e-3 else f"{found.mean_wait_seconds / wait - 1:+.1%}"
        chance = "" if wait < 1e-3 else f"±{2 * standard_error(found) / wait:.1%}"
        yield (
            f"| {erlangs:g} | {agents} | {told.wait_probability:.2%} | {found.wait_probability:.2%} "
            f"| {told.service_level:.2%} | {found.service_level_20s:.2%} "
            f"| {wait:.3f} s | {found.mean_wait_seconds:.3f} s | {off} | {chance} |"
        )


def forecasts() -> Iterator[str]:
    """The table of forecasts of the bank's last eight weeks."""
    with (CORPUS / "anonymous_bank" / "calls_per_6min_1999.csv").open() as lines:
        days = arrivals.read(lines).days()
    names = "half hours off | the week before repeated | by chance alone | days off | mean working day off | bias"
    yield f"| method | made anew | {names} | within bounds |"
    yield "|---|---|---:|---:|---:|---:|---:|---:|---:|"
    methods = ["smoothing"] + ["statsmodels"] * (importlib.util.find_spec("statsmodels") is not None)
    for name in methods:
        for every, words in ((56, "never in eight weeks"), (7, "every week"), (1, "every day")):
            each = judge(days, method_of(name)[1], 8, every)
            yield (
                f"| {name} | {words} | {each.half_hours:.1%} | {each.naive:.1%} | {each.chance:.1%} "
                f"| {each.totals:.1%} | {each.working_day:.1%} | {each.bias:+.1%} | {each.within_bounds:.0%} |"
            )


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=400_000)
    calls = parser.parse_args().calls
    if not CORPUS.exists():
        sys.exit("the corpus ../shared/corpora/routing_workforce is not beside the checkout")
    for line in forecasts():
        print(line, flush=True)
    print()
    for line in grid(json.loads((CORPUS / "erlang_reference.json").read_text())["erlang_c_grid"]["rows"], calls):
        print(line, flush=True)


if __name__ == "__main__":
    main()

"""How near the simulation comes to Erlang C on a grid, and forecasts to what came: the tables of the reference page.

    python -m tools.staffing_figures [--most 400000] > build/staffing-figures.md

The grid and the bank's year are material of others that stands beside the checkout (``../shared/corpora``); the page
docs/reference/staffing-figures.md holds what came out. Four hundred thousand calls a row take ten minutes or more.
"""

import argparse
import importlib.util
import json
import math
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from sampark.commands.forecast import method_of
from workforce import arrivals, erlang, spread
from workforce.forecast import judge
from workforce.simulation import Figures, Outcome, Setup, simulate

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpora" / "routing_workforce"
HANDLE_SECONDS = 180.0
FEWEST = 200_000
NEAR = 0.02
"""What is asked for: so near to Erlang C shall every figure come."""


class Row(msgspec.Struct, frozen=True):
    """A row of the grid: what Erlang C says, what was counted, and what chance may do to so many calls."""

    erlangs: float
    agents: int
    told: Figures
    found: Outcome
    chance: Figures

    def off(self, name: str) -> float:
        """By which part of what it should be a figure is off; of the service level, whoever waits longer counts."""
        return float(abs(getattr(self.found, name) - getattr(self.told, name)) / self._size(name))

    def by_chance(self, name: str) -> float:
        """By which part it may be off by chance."""
        return float(getattr(self.chance, name) / self._size(name))

    def _size(self, name: str) -> float:
        return float(getattr(self.told, name)) or 1.0


def calls_for(erlangs: float, agents: int, most: int) -> int:
    """So many calls that chance leaves the mean wait near enough; no more than can be counted in a minute."""
    hourly = erlangs * erlang.HOUR / HANDLE_SECONDS
    wait = erlang.expect(hourly, HANDLE_SECONDS, agents).mean_wait_seconds
    chance = spread.expect(hourly, HANDLE_SECONDS, agents, FEWEST)
    off = math.inf if chance is None or not wait else chance.mean_wait_seconds / wait
    return int(min(most, max(FEWEST, FEWEST * (off / NEAR) ** 2)))


def measure(erlangs: float, agents: int, most: int, seed: int) -> Row:
    """So many calls of three minutes each, given to so many people."""
    hourly = erlangs * erlang.HOUR / HANDLE_SECONDS
    hours = calls_for(erlangs, agents, most) / hourly
    setup = Setup(agents=agents, handle_seconds=HANDLE_SECONDS, calls_per_hour=hourly, hours=hours, seed=seed)
    found = simulate(setup)
    if found.erlang_c is None or found.by_chance is None:
        raise SystemExit(f"{agents} people are too few for {erlangs:g} Erlangs")
    return Row(erlangs, agents, found.erlang_c, found, found.by_chance)


def grid(rows: Iterable[dict[str, Any]], most: int) -> Iterator[str]:
    """The table of the grid, line by line, and what it comes to; each row has a course of chance of its own."""
    names = "had to wait, told | counted | within 20 s, told | counted | mean wait, told | counted | off | by chance"
    yield f"| Erlangs | people | calls | {names} |"
    yield "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    done: list[Row] = []
    for seed, row in enumerate(rows, 1):
        each = measure(float(row["erlangs"]), int(row["agents"]), most, seed)
        done.append(each)
        told, found = each.told, each.found
        off, chance = found.mean_wait_seconds / told.mean_wait_seconds - 1, each.by_chance("mean_wait_seconds")
        yield (
            f"| {each.erlangs:g} | {each.agents} | {found.arrivals:,} "
            f"| {told.wait_probability:.2%} | {found.wait_probability:.2%} "
            f"| {told.service_level_20s:.2%} | {found.service_level_20s:.2%} "
            f"| {told.mean_wait_seconds:.3f} s | {found.mean_wait_seconds:.3f} s | {off:+.1%} | ±{chance:.1%} |"
        )
    yield ""
    for name, words in (
        ("wait_probability", "had to wait"),
        ("service_level_20s", "within 20 s"),
        ("mean_wait_seconds", "mean wait"),
    ):
        sure = [each for each in done if each.by_chance(name) <= NEAR]
        near = sum(each.off(name) <= NEAR for each in done)
        unlucky = [each for each in done if each.off(name) > max(NEAR, each.by_chance(name))]
        listed = ", ".join(
            f"{each.erlangs:g}/{each.agents} ({each.off(name):.1%}, ±{each.by_chance(name):.1%})" for each in unlucky
        )
        yield (
            f"- {words}: {near} of {len(done)} rows within 2 % of the figure; of the {len(sure)} for which chance "
            f"leaves no more, {sum(each.off(name) <= NEAR for each in sure)}; farther off than chance explains: "
            f"{listed or 'none'}"
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
    parser.add_argument("--most", type=int, default=400_000)
    most = parser.parse_args().most
    if not CORPUS.exists():
        sys.exit("the corpus ../shared/corpora/routing_workforce is not beside the checkout")
    for line in forecasts():
        print(line, flush=True)
    print()
    for line in grid(json.loads((CORPUS / "erlang_reference.json").read_text())["erlang_c_grid"]["rows"], most):
        print(line, flush=True)


if __name__ == "__main__":
    main()

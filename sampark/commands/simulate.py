"""``sampark simulate``: so many calls, so many people; how many wait, how long, how many hang up."""

from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table

from workforce import arrivals
from workforce.simulation import Outcome, Setup, simulate

MOST_ROWS = 48
"""So many half hours are shown on the screen; all of them are in the JSON."""
DEFAULT_HOURS = 1000.0


def _agents(_: click.Context, __: click.Parameter, value: str) -> int | tuple[int, ...]:
    try:
        found = tuple(int(each) for each in value.split(","))
    except ValueError as problem:
        raise click.BadParameter("a number, or numbers with commas between them") from problem
    return found[0] if len(found) == 1 else found


@click.command("simulate")
@click.option(
    "--arrivals",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Recorded calls: a table with date, interval_start and calls, or one moment a line.",
)
@click.option("--arrivals-per-hour", "rate", type=float, help="Calls that come by chance, so many in an hour.")
@click.option("--handle-seconds", type=float, required=True, help="How long a call takes on average.")
@click.option("--agents", callback=_agents, required=True, help="How many answer; or one number for each half hour.")
@click.option("--hours", type=float, help="For how long; otherwise as long as the record is, or 1000 hours.")
@click.option("--patience-seconds", type=float, help="After how long callers hang up on average; otherwise never.")
@click.option("--within-seconds", type=float, default=20.0, show_default=True, help="Target of the service level.")
@click.option("--even", is_flag=True, help="Every call takes exactly as long, instead of by chance around the mean.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another number, another course of chance.")
@click.option("--json", "as_json", is_flag=True, help="JSON, with every half hour, instead of a table.")
def command(
    file: Path | None,
    rate: float | None,
    handle_seconds: float,
    agents: int | tuple[int, ...],
    hours: float | None,
    patience_seconds: float | None,
    within_seconds: float,
    even: bool,
    seed: int,
    as_json: bool,
) -> None:
    """Let calls come and the desk's own router give them to people, on a clock that is turned by hand.

    Needs no database. How many hours it takes until the figures can be trusted: docs/reference/staffing-figures.md.
    """
    if (file is None) == (rate is None):
        raise click.UsageError("Name either --arrivals or --arrivals-per-hour.")
    recorded = None
    if file is not None:
        with file.open(encoding="utf-8", errors="replace") as lines:
            recorded = arrivals.read(lines)
    setup = Setup(
        agents=agents,
        handle_seconds=handle_seconds,
        calls_per_hour=rate,
        hours=DEFAULT_HOURS if hours is None and recorded is None else hours,
        patience_seconds=patience_seconds,
        within_seconds=within_seconds,
        is_even=even,
        seed=seed,
    )
    outcome = simulate(setup, recorded)
    if as_json:
        click.echo(msgspec.json.encode(outcome))
        return
    _show(outcome)


def _show(outcome: Outcome) -> None:
    console = Console()
    console.print(
        f"{outcome.arrivals:,} calls: {outcome.answered:,} answered, {outcome.abandoned:,} hung up"
        + (f", {outcome.waiting:,} not answered at the end" if outcome.waiting else "")
    )
    console.print(
        f"{outcome.wait_probability:.2%} had to wait; {outcome.mean_wait_seconds:.1f} s on average, "
        f"{outcome.longest_wait_seconds:.0f} s at most"
    )
    console.print(
        f"{outcome.service_level:.2%} within {outcome.within_seconds:g} s; people talked {outcome.occupancy:.2%} "
        "of their time"
    )
    told, off = outcome.erlang_c, outcome.by_chance
    if told is not None and off is not None:
        console.print(
            f"Erlang C: {told.wait_probability:.2%}, {told.mean_wait_seconds:.1f} s, {told.service_level:.2%}; "
            f"so many calls may be off by chance by {off.wait_probability:.2%}, {off.mean_wait_seconds:.1f} s, "
            f"{off.service_level:.2%}"
        )
    if len(outcome.intervals) > MOST_ROWS:
        console.print(f"{len(outcome.intervals):,} half hours: --json shows each.")
        return
    table = Table("from", "agents", "came", "answered", "hung up", "waited", "in time", "talking")
    for column in table.columns:
        column.no_wrap, column.justify = True, "right"
    for each in outcome.intervals:
        table.add_row(
            each.start,
            f"{each.agents:g}",
            str(each.arrivals),
            str(each.answered),
            str(each.abandoned),
            f"{each.mean_wait_seconds:.1f} s",
            f"{each.service_level:.1%}",
            f"{each.occupancy:.1%}",
        )
    console.print(table)

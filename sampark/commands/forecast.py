"""``sampark forecast``: what will come in which half hour, how far such forecasts were off, and whom it takes."""

import importlib
import importlib.util
from datetime import date
from typing import Any

import click
import msgspec
import uvloop
from rich.console import Console
from rich.table import Table

from core import log
from core.db import reading
from core.errors import Invalid
from core.settings import load
from sampark.runtime import running
from workforce import arrivals, history, smoothing
from workforce.forecast import Days, Errors, Levels, forecast, judge
from workforce.staffing import Need, Target, plan

METHODS = ("auto", "smoothing", "statsmodels")


class PlannedDay(msgspec.Struct):
    """A day to come, by half hours."""

    day: date
    expected: float
    half_hours: list[Need]


class Report(msgspec.Struct):
    """What the command says as JSON. ``errors``: None where too little is known to hold weeks back."""

    method: str
    known_days: int
    errors: Errors | None
    days: list[PlannedDay]


def method_of(wanted: str) -> tuple[str, Levels]:
    """The way in which the level goes on: with statsmodels where it is installed, else without.

    Raises:
        Invalid: it is wanted and not installed.
    """
    there = importlib.util.find_spec("statsmodels") is not None
    if wanted == "statsmodels" and not there:
        raise Invalid("statsmodels is not installed: pip install 'sampark[forecast]'.")
    if wanted == "smoothing" or not there:
        return "smoothing", smoothing.levels
    module: Any = importlib.import_module("workforce.series")
    levels: Levels = module.levels
    return "statsmodels", levels


@click.command("forecast")
@click.option(
    "--arrivals",
    "file",
    type=click.File(encoding="utf-8", errors="replace"),
    help="Recorded arrivals (as for simulate; - is standard input); otherwise the desk's own.",
)
@click.option("--kind", default="call", show_default=True, help="Which work of the desk: call, chat, email, …")
@click.option("--days", "ahead", type=click.IntRange(1, 366), default=14, show_default=True, help="For how many days.")
@click.option("--closed", multiple=True, help="A day on which nobody is there, such as 2026-12-25; can be repeated.")
@click.option("--handle-seconds", type=float, default=240.0, show_default=True, help="How long one takes.")
@click.option("--level", type=float, default=0.8, show_default=True, help="The share to be answered in time.")
@click.option("--within-seconds", type=float, default=20.0, show_default=True, help="What is in time.")
@click.option("--shrinkage", type=float, default=0.3, show_default=True, help="Share of paid time not spent at work.")
@click.option("--backlog", is_flag=True, help="Nobody waits for it on the line: mail, by a backlog instead of Erlang.")
@click.option("--weeks", type=click.IntRange(1, 26), default=8, show_default=True, help="Weeks held back to judge it.")
@click.option(
    "--every", type=click.IntRange(1, 182), default=7, show_default=True, help="Made anew after so many days."
)
@click.option("--method", type=click.Choice(METHODS), default="auto", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="JSON instead of tables.")
def command(  # noqa: PLR0913, PLR0917 - one for each option
    file: Any,
    kind: str,
    ahead: int,
    closed: tuple[str, ...],
    handle_seconds: float,
    level: float,
    within_seconds: float,
    shrinkage: float,
    backlog: bool,
    weeks: int,
    every: int,
    method: str,
    as_json: bool,
) -> None:
    """Forecast arrivals by half hours, say how far off such forecasts were, and how many people it takes.

    How near a forecast can come at all: docs/reference/staffing-figures.md.
    """
    raw = {
        "model": "backlog" if backlog else "erlang",
        "handle_seconds": handle_seconds,
        "level": level,
        "within_seconds": within_seconds,
        "shrinkage": shrinkage,
    }
    try:
        target = msgspec.convert(raw, Target)
        away = frozenset(date.fromisoformat(each) for each in closed)
    except (msgspec.ValidationError, ValueError) as problem:
        raise click.UsageError(str(problem)) from problem
    known = arrivals.read(file).days() if file is not None else _of_desk(kind)
    name, levels = method_of(method)
    told = forecast(known, ahead, levels, away)
    try:
        errors = judge(known, levels, weeks, every, away)
    except Invalid:
        errors = None  # too young to hold weeks back
    report = Report(
        name,
        len(known),
        errors,
        [PlannedDay(each.day, round(sum(each.expected), 1), plan(each, target)) for each in told],
    )
    if as_json:
        click.echo(msgspec.json.encode(report))
        return
    _show(report)


def _of_desk(kind: str) -> Days:
    async def run() -> Days:
        async with running(load()) as runtime, reading(runtime.db) as session:
            return (await history.days(session)).get(kind, {})

    log.configure("ERROR")
    return uvloop.run(run())


def _show(report: Report) -> None:
    console = Console()
    console.print(f"From {report.known_days} days, with {report.method}.")
    if report.errors is not None:
        each = report.errors
        console.print(
            f"The last {each.weeks} weeks, {each.days} working days: half hours {each.half_hours:.1%} off "
            f"(the week before repeated: {each.naive:.1%}; by chance alone: {each.chance:.1%}), "
            f"days {each.totals:.1%}, the mean working day {each.working_day:.1%}."
        )
    table = Table("day", "expected", "busiest half hour", "people then", "on the roster")
    for column in table.columns[1:]:
        column.justify = "right"
    for day in report.days:
        busiest = max(day.half_hours, key=lambda each: (each.agents or 0, each.expected))
        begins = f"{busiest.start // 60:02}:{busiest.start % 60:02}"
        people = "no number is enough" if busiest.agents is None else str(busiest.agents)
        table.add_row(
            f"{day.day:%a} {day.day}", f"{day.expected:.0f}", f"{begins}  {busiest.expected:.1f}", people,
            str(busiest.scheduled or "")
        )  # fmt: skip
    console.print(table)

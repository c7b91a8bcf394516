"""``sampark replay``: past traffic of the desk through changed rules or other people, beside what is."""

from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
import uvloop
from rich.console import Console
from rich.table import Table

from core import clock, log
from core.db import reading
from core.settings import load
from sampark.runtime import running
from workforce import traffic, whatif
from workforce.past import Traffic
from workforce.replay import Difference, Figures, Line, replay

WHEN = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


@click.command("replay")
@click.option("--from", "since", type=WHEN, required=True, help="What came since then (UTC).")
@click.option("--to", "until", type=WHEN, help="And before then; otherwise until now.")
@click.option(
    "--with-rules",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What is different (docs/how-to/plan-staffing.md); without it, how near the router comes to what was.",
)
@click.option("--within-seconds", type=float, default=300.0, show_default=True, help="What is in time.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of tables.")
def command(since: datetime, until: datetime | None, file: Path | None, within_seconds: float, as_json: bool) -> None:
    """Let what came to the desk come again, by its rules as they are and as a file changes them. Nothing is written."""
    rules = whatif.read(file.read_text(encoding="utf-8") if file is not None else "")

    async def run() -> Traffic:
        async with running(load()) as runtime, reading(runtime.db) as session:
            end = until.replace(tzinfo=UTC) if until is not None else clock.now()
            return await traffic.read(session, since.replace(tzinfo=UTC), end)

    log.configure("ERROR")
    found = replay(uvloop.run(run()), rules, within_seconds)
    if as_json:
        click.echo(msgspec.json.encode(found))
        return
    _show(found)


def _show(found: Difference) -> None:
    console = Console()
    console.print(f"{found.whole.recorded.items:,} items. In time: within {found.within_seconds:g} s.")
    table = Table("", "items", "really", "as it is", "changed", "in time: as it is", "changed")
    for column in table.columns[1:]:
        column.justify = "right"
    for each in (msgspec.structs.replace(found.whole, name="all"), *found.queues, *found.kinds):
        table.add_row(*_cells(each))
    console.print(table)
    console.print("Shown: how long the middle one waited, and in brackets how many nobody had.")
    people = Table("who", "as it is", "changed")
    for share in found.agents:
        people.add_row(share.name, str(share.before), str(share.after))
    console.print(people)


def _cells(line: Line) -> tuple[str, ...]:
    return (
        line.name,
        str(line.recorded.items),
        _wait(line.recorded),
        _wait(line.before),
        _wait(line.after),
        f"{line.before.in_time:.1%}",
        f"{line.after.in_time:.1%}",
    )


def _wait(figures: Figures) -> str:
    waiting = f" ({figures.waiting})" if figures.waiting else ""
    return f"{figures.median_wait_seconds:.0f} s{waiting}"

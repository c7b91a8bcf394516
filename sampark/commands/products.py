"""``sampark products``: take over the catalogue, registrations and orders of a shop system from files."""

import sys
from pathlib import Path
from typing import Any

import click
import msgspec
import uvloop

from core import log
from core.db import unit_of_work
from core.settings import load
from products import importing
from products.importing import COLUMNS, Result
from sampark.runtime import running
from sampark.wiring import Wiring

BATCH = 200
"""Rows of one transaction: what was done stays done when the import is broken off."""


@click.group("products")
def command() -> None:
    """Take over the catalogue, registrations and orders of a shop system."""


@command.command("import")
@click.argument("kind", type=click.Choice(list(COLUMNS)))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--errors", type=click.Path(dir_okay=False, path_type=Path), help="Where to write rows that are wrong.")
@click.option(
    "--country", help="Country of purchases whose row names none (ISO 3166). Default: SAMPARK_DEFAULT_COUNTRY."
)
@click.option("--json", "as_json", is_flag=True, help="The result as JSON.")
def import_(kind: Any, file: Path, dry_run: bool, errors: Path | None, country: str | None, as_json: bool) -> None:
    """Import FILE (CSV, see docs/how-to/import-products.md). The same file again changes nothing.

    Rows that are wrong do not go in; they are listed, and with --errors written to a file that can be corrected and
    imported. The exit code is 1 when there are any.
    """
    items = importing.read(kind, file.read_bytes())

    async def run() -> Result:
        settings = load()
        result = Result(kind=kind, dry_run=dry_run)
        async with running(settings) as runtime:
            Wiring(runtime)  # whoever listens to events
            for begin in range(0, len(items), BATCH):
                batch = items[begin : begin + BATCH]
                async with unit_of_work(runtime.db) as session:
                    place = country or settings.default_country
                    result.add(await importing.take(session, kind, batch, dry_run=dry_run, country=place))
        return result

    log.configure("ERROR")
    result = uvloop.run(run())
    if errors is not None and result.problems:
        errors.write_text(importing.errors_file(kind, result.problems), encoding="utf-8")
    if as_json:
        click.echo(msgspec.json.encode(result).decode())
    else:
        _say(result)
    if result.failed:
        sys.exit(1)


def _say(result: Result) -> None:
    for each in result.problems:
        field = f"{each.field}: " if each.field else ""
        click.echo(f"line {each.line}: {field}{each.message}", err=True)
    would = "would be " if result.dry_run else ""
    click.echo(
        f"{result.rows} rows: {result.created} {would}new, {result.changed} {would}changed, "
        f"{result.unchanged} as before, {result.failed} not taken."
    )

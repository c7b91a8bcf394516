"""``sampark kb``: articles from files, and to files."""

import json
import sys
from pathlib import Path
from typing import Self

import click
import msgspec
import uvloop
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from core import log
from core.db import reading, unit_of_work
from core.settings import Settings, load
from knowledge_base import bundle, exporting, importing
from knowledge_base.importing import Report
from sampark.runtime import running
from sampark.wiring import Wiring


@click.group("kb")
def command() -> None:
    """Import articles into the knowledge base, or export them."""


@command.command("import")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would happen, and keep nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def import_(path: Path, dry_run: bool, as_json: bool) -> None:
    """Import a folder or zip of Markdown files with pictures, or the JSON of a Zendesk help centre.

    What is published in it is published here. Importing the same again changes nothing. Exit code 1 when a file could
    not be taken; the others are.
    """
    settings = load()
    log.configure("ERROR", as_json=settings.log_json)
    report = uvloop.run(_import(settings, path, dry_run))
    if as_json:
        click.echo(msgspec.json.encode(report).decode())
    else:
        _print(report)
    if report.count("error"):
        sys.exit(1)


@command.command("export")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def export(path: Path, as_json: bool) -> None:
    """Export all articles with their pictures into a folder, or into a zip archive when PATH ends in .zip."""
    settings = load()
    log.configure("ERROR", as_json=settings.log_json)
    files = uvloop.run(_export(settings))
    if path.suffix.lower() == ".zip":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bundle.to_zip(files))
    else:
        bundle.to_folder(files, path)
    texts = sum(name.endswith(".md") for name in files)
    if as_json:
        click.echo(json.dumps({"path": str(path), "texts": texts, "files": len(files)}))
    else:
        click.echo(f"{texts} texts and {len(files) - texts} other files were written to {path}.")


class _Bar:
    """A progress bar on the error stream, so that what is printed stays clean."""

    def __init__(self, words: str) -> None:
        self._bar = Progress(console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task(words, total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, done: int, of: int) -> None:
        self._bar.update(self._task, completed=done, total=of)


async def _import(settings: Settings, path: Path, dry_run: bool) -> Report:
    read = bundle.read(bundle.from_path(path))
    async with running(settings) as runtime:
        Wiring(runtime)  # so that the search hears of what is published
        with _Bar("Importing") as bar:
            async with unit_of_work(runtime.db) as session:
                return await importing.take(session, runtime.storage, read, dry_run=dry_run, progress=bar)


async def _export(settings: Settings) -> dict[str, bytes]:
    async with running(settings) as runtime:
        with _Bar("Exporting") as bar:
            async with reading(runtime.db) as session:
                return await exporting.bundle(session, runtime.storage, bar)


def _print(report: Report) -> None:
    table = Table(box=None)
    for head in ("File", "Outcome", "Title", "Message"):
        table.add_column(head, overflow="fold")
    for row in (one for one in report.rows if one.action != "unchanged"):
        table.add_row(row.path, row.action, row.title, row.message)
    console = Console()
    console.print(table)
    words = ", ".join(f"{report.count(action)} {action}" for action in ("created", "updated", "unchanged", "error"))
    console.print(f"{words}. Nothing was kept: this was a dry run." if report.dry_run else f"{words}.")

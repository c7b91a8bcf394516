"""``sampark search``: look after the indexes, and measure how well they answer."""

import json
import sys
from pathlib import Path

import click
import uvloop
from rich.console import Console
from rich.table import Table

from core import log
from sampark.retrieval import judged, measure


@click.group("search")
def command() -> None:
    """Look after the search indexes, and measure how well they answer."""


@command.command("eval")
@click.option(
    "--corpus",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder in the form of BEIR: corpus.jsonl, queries.jsonl, qrels.tsv.",
)
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON.")
def evaluate(corpus: Path, as_json: bool) -> None:
    """Measure the search on questions with judged answers, beside a plain BM25.

    The documents go into an index of their own in a temporary database; no desk needs to run, and none is touched.
    """
    log.configure("ERROR")
    problems = Console(stderr=True)
    found = judged.read(corpus)
    figures = uvloop.run(measure.measure(found, lambda line: None if as_json else problems.print(f"· {line}")))
    if as_json:
        click.echo(json.dumps(figures, ensure_ascii=False, indent=1))
        return
    languages = figures.pop("languages")
    table = Table(title=str(corpus), title_justify="left")
    rows = {"all": figures} | (languages if isinstance(languages, dict) else {})
    table.add_column("language")
    for figure in figures:
        table.add_column(figure.replace("_", " "), justify="right")
    for name, row in rows.items():
        table.add_row(name, *(str(row.get(figure, "")) for figure in figures))
    Console(width=None if sys.stdout.isatty() else 160).print(table)

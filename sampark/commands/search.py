"""``sampark search``: look after the indexes, and measure how well they answer."""

import contextlib
import json
import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import uvloop
from rich.console import Console
from rich.progress import Progress, TextColumn
from rich.table import Table

from core import log, search, search_upkeep
from core.search_meilisearch import Drift, Meilisearch
from core.settings import Settings, load
from sampark import searching
from sampark.retrieval import judged, measure
from sampark.runtime import running

ADAPTER = click.option(
    "--adapter", type=click.Choice(["postgres", "meilisearch"]), help="Only this one; otherwise all that are set up."
)


@click.group("search")
def command() -> None:
    """Look after the search indexes, and measure how well they answer."""


@command.command("rebuild")
@click.argument("indexes", nargs=-1, type=click.Choice(list(searching.BATCHES)))
@ADAPTER
def rebuild(indexes: tuple[str, ...], adapter: str | None) -> None:
    """Build INDEXES anew (all, if none is named) while the desk runs; searches go on meanwhile.

    Documents in PostgreSQL are replaced one by one; in Meilisearch a second index is filled and exchanged with the
    first in one moment.
    """

    async def run() -> None:
        async with running(load()) as runtime:
            chosen = _configured(runtime.settings)
            for name in indexes or tuple(searching.BATCHES):
                if adapter in (None, "postgres"):
                    with _progress(name) as say:
                        count = await search_upkeep.rebuild(runtime.db, name, searching.BATCHES[name], say)
                    click.echo(f"{name}: {count} documents in PostgreSQL.")
                if chosen is not None and adapter in (None, "meilisearch"):
                    with _progress(f"{name} in Meilisearch") as say:
                        count = await chosen.rebuild(runtime.db, name, say)
                    click.echo(f"{name}: {count} documents in Meilisearch.")

    log.configure("ERROR")
    uvloop.run(run())


@command.command("check")
@click.argument("indexes", nargs=-1, type=click.Choice(list(searching.BATCHES)))
@ADAPTER
@click.option("--repair", is_flag=True, help="Put right what is found.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line an index instead of a sentence.")
def check(indexes: tuple[str, ...], adapter: str | None, repair: bool, as_json: bool) -> None:
    """Compare INDEXES (all, if none is named) with what they are made from; exit code 1 when they differ."""
    wrong = False

    async def run() -> None:
        nonlocal wrong
        async with running(load()) as runtime:
            chosen = _configured(runtime.settings)
            for name in indexes or tuple(searching.BATCHES):
                batch = searching.BATCHES[name]
                if adapter in (None, "postgres"):
                    drift = await search_upkeep.check(runtime.db, name, batch)
                    if drift.wrong and repair:
                        await search_upkeep.repair(runtime.db, name, batch, drift)
                    wrong |= _tell(name, "PostgreSQL", drift, repair, as_json)
                if chosen is not None and adapter in (None, "meilisearch"):
                    drift = await chosen.check(runtime.db, name)
                    if drift.wrong and repair:
                        await chosen.repair(runtime.db, name, drift)
                    wrong |= _tell(name, "Meilisearch", drift, repair, as_json)

    log.configure("ERROR")
    uvloop.run(run())
    if wrong:
        sys.exit(1)


def _configured(settings: Settings) -> Meilisearch | None:
    chosen = searching.engine(settings)
    search.configure(chosen)
    return chosen


@contextlib.contextmanager
def _progress(name: str) -> Iterator[Callable[[int], None]]:
    with Progress(TextColumn("{task.description}"), TextColumn("{task.completed} documents"), transient=True) as shown:
        task = shown.add_task(name, total=None)
        yield lambda count: shown.update(task, completed=count)


def _tell(name: str, where: str, drift: Drift, repaired: bool, as_json: bool) -> bool:
    """Say what was found; whether something is still wrong."""
    counts = {"missing": len(drift.missing), "extra": len(drift.extra), "stale": len(drift.stale)}
    if as_json:
        click.echo(json.dumps({"index": name, "adapter": where.lower(), **counts, "repaired": repaired}))
    elif not drift.wrong:
        click.echo(f"{name} in {where}: in order.")
    else:
        end = "; put right." if repaired else "."
        click.echo(f"{name} in {where}: " + ", ".join(f"{count} {word}" for word, count in counts.items()) + end)
    return bool(drift.wrong) and not repaired


@command.command("eval")
@click.option(
    "--corpus",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder in the form of BEIR: corpus.jsonl, queries.jsonl, qrels.tsv.",
)
@click.option("--adapter", type=click.Choice(["postgres", "meilisearch"]), default="postgres", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON.")
def evaluate(corpus: Path, adapter: str, as_json: bool) -> None:
    """Measure the search on questions with judged answers, beside a plain BM25.

    The documents go into an index of their own in a temporary database; no desk needs to run, and none is touched.
    With Meilisearch (SAMPARK_MEILISEARCH_URL) the same documents go into an index there that is deleted afterwards.
    """
    log.configure("ERROR")
    problems = Console(stderr=True)
    found = judged.read(corpus)
    chosen = None
    if adapter == "meilisearch":
        chosen = searching.engine(load(), prefix=f"sampark_eval_{secrets.token_hex(4)}_")
        if chosen is None:
            raise click.UsageError("Set SAMPARK_MEILISEARCH_URL.")

    def say(line: str) -> None:
        if not as_json:
            problems.print(f"· {line}")

    figures = uvloop.run(measure.measure(found, chosen, say))
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

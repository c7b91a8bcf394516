"""``sampark soak mail``: thousands of mails, dying processes and lines; prints what became of every mail.

How it works and how to read it: docs/how-to/soak-test.md.
"""

import asyncio
import json
import signal
import sys
from typing import Any

import click
import msgspec
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from core import log
from sampark.soak import mail as mail_soak
from sampark.soak.mail import Result


@click.group("soak")
def command() -> None:
    """Put the product under load and accidents, and prove that nothing is lost or doubled."""


@command.command("mail")
@click.option("--messages", type=click.IntRange(50), default=2000, show_default=True, help="How many mails are sent.")
@click.option("--seed", type=int, default=1, show_default=True, help="Draws the mails and the accidents.")
@click.option("--memory-limit", type=click.IntRange(1), default=1024, show_default=True,
              help="MiB that the product's processes may take together.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def mail(messages: int, seed: int, memory_limit: int, as_json: bool) -> None:
    """Soak the intake of mail, on a database and mailboxes of its own; exit code 1 when a mail is lost or doubled."""
    log.configure("ERROR")
    result = uvloop.run(_watched(messages, seed))
    facts = facts_of(result)
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
    else:
        _table(facts)
    for line in (*result.verdict.examples, *([result.waiting] if result.waiting else [])):
        click.echo(line, err=True)
    too_much = result.peak_memory_mib > memory_limit
    if too_much:
        click.echo(f"More memory than allowed: {result.peak_memory_mib} MiB of {memory_limit}.", err=True)
    if too_much or not result.good:
        sys.exit(1)


def facts_of(result: Result) -> dict[str, Any]:
    """A result as one flat object."""
    facts: dict[str, Any] = msgspec.to_builtins(result)
    verdict: dict[str, Any] = facts.pop("verdict")
    for name in ("examples", "outcomes"):
        facts[name] = verdict.pop(name)
    return {**verdict, **facts, "passed": result.good}


async def _watched(messages: int, seed: int) -> Result:
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    columns = (
        TextColumn("mails"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}")
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        shown = bar.add_task("", total=messages)

        def tell(now: mail_soak.Progress) -> None:
            words = f"{now.behind} to fetch, {now.unprocessed} to process"
            bar.update(shown, completed=now.sent, description=words)

        return await mail_soak.soak(messages, seed, tell)


def _table(facts: dict[str, Any]) -> None:
    table = Table(show_header=False)
    for name, value in facts.items():
        if name in ("examples", "waiting"):
            continue
        words = ", ".join(f"{each} {count}" for each, count in value.items()) if isinstance(value, dict) else str(value)
        table.add_row(name.replace("_", " "), words)
    Console().print(table)

"""``sampark rules``: export rules, macros and webhooks as a file, or take one over."""

import sys
from pathlib import Path

import click
import msgspec
import uvloop

from automation import transfer
from automation.transfer import Taken
from core import log
from core.db import reading, unit_of_work
from core.net import networks_of
from core.settings import load
from sampark.runtime import running


@click.group("rules")
def command() -> None:
    """Carry rules, macros and webhooks from one desk to another: docs/how-to/write-rules.md."""
    log.configure("ERROR")


@command.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
def export(file: Path | None) -> None:
    """Write everything into FILE, or print it. Names stand for numbers; secrets stay here."""

    async def run() -> bytes:
        async with running(load()) as runtime, reading(runtime.db) as session:
            return msgspec.json.format(msgspec.json.encode(await transfer.write(session)), indent=2) + b"\n"

    found = uvloop.run(run())
    if file is None:
        click.echo(found.decode(), nl=False)
    else:
        file.write_bytes(found)


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def take_over(file: Path) -> None:
    """Take FILE over: what has the name of something here replaces it, the rest is new.

    What cannot be taken over is left out and named; the exit code is 1 then. Rules get all rights that they need.
    """
    content = file.read_bytes()

    async def run() -> Taken:
        async with running(load()) as runtime, unit_of_work(runtime.db) as session:
            networks = networks_of(runtime.settings)
            return await transfer.read(session, content, runtime.vault, networks)

    taken = uvloop.run(run())
    for line in transfer.words(taken):
        click.echo(line)
    if taken.refused:
        sys.exit(1)

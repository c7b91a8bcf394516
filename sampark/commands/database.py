"""``sampark migrate``: bring the database to the shape that this version needs."""

import click
import uvloop

from core import log
from core.settings import load
from sampark.runtime import running


@click.command("migrate")
def command() -> None:
    """Bring the database to the shape that this version needs. Safe to run again; ``serve`` does it at start."""
    settings = load()
    log.configure("WARNING")

    async def run() -> None:
        async with running(settings):
            click.echo("The database is up to date.")

    uvloop.run(run())

"""``sampark retention``: what the desk forgets next night, or forget it now."""

import json

import click
import uvloop

from core import log
from core.settings import load
from sampark.retention import Retention
from sampark.runtime import running


@click.command("retention")
@click.option("--now", "at_once", is_flag=True, help="Forget it now instead of saying what would go.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of sentences.")
def command(at_once: bool, as_json: bool) -> None:
    """Say how many rows have been kept for as long as the settings ask; with --now forget them.

    The desk does it by itself every night: see docs/how-to/keep-and-forget.md.
    """

    async def run() -> dict[str, int]:
        async with running(load()) as runtime:
            keeper = Retention(runtime.db, runtime.settings)
            return await (keeper.forget() if at_once else keeper.would_go())

    log.configure("ERROR")
    found = uvloop.run(run())
    if as_json:
        click.echo(json.dumps(found))
        return
    for name, count in found.items():
        click.echo(f"{count:>9} {name}")
    click.echo("Forgotten." if at_once else "These go next night.")

"""``sampark reprocess``: process ledger rows again that could not be read, for instance after an upgrade."""

import json

import click
import uvloop
from sqlalchemy import select

from channels import inbound
from channels.models import InboundItem
from core import log
from core.db import reading, unit_of_work
from core.settings import load
from sampark.runtime import running
from sampark.wiring import Wiring


@click.command("reprocess")
@click.argument("rows", nargs=-1, type=click.IntRange(1, 2**63 - 1))
@click.option("--all", "everything", is_flag=True, help="Every row that is not done.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line a row instead of a sentence.")
def command(rows: tuple[int, ...], everything: bool, as_json: bool) -> None:
    """Process the ledger ROWS again (their numbers stand on the ledger page), or --all that failed."""
    if not rows and not everything:
        raise click.UsageError("Name rows, or use --all.")

    async def run() -> None:
        async with running(load()) as runtime:
            wiring = Wiring(runtime)
            async with reading(runtime.db) as session:
                statement = select(InboundItem.id).where(InboundItem.state != "done").order_by(InboundItem.id)
                wanted = list(await session.scalars(statement)) if everything else list(rows)
            for item_id in wanted:
                async with unit_of_work(runtime.db) as session:
                    await inbound.reprocess(session, item_id)
            await wiring.worker.drain()
            async with reading(runtime.db) as session:
                for row in await session.scalars(select(InboundItem).where(InboundItem.id.in_(wanted))):
                    facts = {"row": row.id, "outcome": row.outcome, "ticket": row.ticket_id, "reason": row.reason}
                    line = f"{row.id}: {row.outcome}" + (f" ({row.reason})" if row.reason else "")
                    click.echo(json.dumps(facts, ensure_ascii=False) if as_json else line)
            if not as_json:
                click.echo(f"{len(wanted)} rows processed again.")

    log.configure("ERROR")
    uvloop.run(run())

"""``sampark ingest email``: feed stored mails through the ledger and the whole pipeline, a JSON line each.

Every mail gets its ledger row like one that came over the network; an mbox is split. The provider id is the content's
hash and place, so running the same command again changes nothing.
"""

import errno
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import uvloop
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import select

from channels.email import accounts, mbox
from channels.inbound import Incoming, add
from channels.models import ChannelAccount, InboundItem
from core import clock, log
from core.db import reading, unit_of_work
from core.errors import NotFound
from core.settings import Settings, load
from sampark.runtime import Runtime, running
from sampark.wiring import Wiring


@click.group("ingest")
def command() -> None:
    """Feed stored messages through the ledger and the whole pipeline."""


@command.command("email")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--account", default=None, help="Name of the mailbox they count for (default: the first).")
def email(paths: tuple[Path, ...], account: str | None) -> None:
    """Feed mails (files, folders, mbox) through the pipeline; prints file, outcome, ticket, message, matched_by."""
    settings = load()
    log.configure("ERROR", as_json=settings.log_json)
    failed = uvloop.run(_ingest(settings, paths, account))
    if failed:
        click.echo(f"{failed} files could not be opened.", err=True)
        sys.exit(1)


def mails_of(paths: tuple[Path, ...]) -> Iterator[tuple[str, bytes | OSError]]:
    """Every mail below ``paths`` as (name, bytes), or the reason a file could not be opened; an mbox gives several."""
    for path in paths:
        files = sorted(each for each in path.rglob("*") if not each.is_dir()) if path.is_dir() else [path]
        for file in files:
            try:
                raw = _content(file)
            except OSError as problem:
                yield str(file), problem
                continue
            parts = list(mbox.messages(raw)) if mbox.is_mbox(raw) else [raw]
            for number, part in enumerate(parts):
                yield (f"{file}#{number + 1}" if len(parts) > 1 else str(file)), part


def _content(file: Path) -> bytes:
    """The bytes of a file.

    Raises:
        OSError: it cannot be opened, or is none: opening a pipe would wait for somebody who writes into it.
    """
    if file.exists() and not file.is_file():
        raise OSError(errno.EINVAL, "It is no regular file")
    return file.read_bytes()


async def _account_id(runtime: Runtime, name: str | None) -> int:
    async with unit_of_work(runtime.db) as session:
        listed = await accounts.listed(session)
        if name is not None:
            found = next((each for each in listed if name in (each.name, each.address)), None)
            if found is None:
                raise NotFound(
                    f"There is no mailbox {name}. There are: {', '.join(each.name for each in listed) or 'none'}."
                )
            return found.id
        if listed:
            return listed[0].id
        made = ChannelAccount(
            channel="email",
            name="support",
            address=f"support@{runtime.settings.mail_domain}",
            display_name=runtime.settings.product_name,
            created_at=clock.now(),
        )
        session.add(made)
        await session.flush()
        return made.id


async def _ingest(settings: Settings, paths: tuple[Path, ...], account: str | None) -> int:
    failed = 0
    async with running(settings) as runtime:
        wiring = Wiring(runtime)
        account_id = await _account_id(runtime, account)
        with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as progress:
            task = progress.add_task("mails", total=None)
            for file, raw in mails_of(paths):
                if isinstance(raw, OSError):
                    failed += 1
                    reason = raw.strerror or str(raw)
                    nothing = dict.fromkeys(("outcome", "ticket", "message", "matched_by"))
                    _print({"file": file, **nothing, "error": reason})
                    continue
                digest = hashlib.sha256(raw).hexdigest()
                provider_id = f"file:{digest}:{hashlib.sha256(file.encode()).hexdigest()[:16]}"
                incoming = Incoming(account_id=account_id, channel="email", provider_id=provider_id, raw=raw)
                await _feed(runtime, wiring, file, incoming)
                progress.advance(task)
    return failed


async def _feed(runtime: Runtime, wiring: Wiring, file: str, incoming: Incoming) -> None:
    """One mail: ledger row committed, then processed at once and in order, so that answers find what they answer."""
    async with unit_of_work(runtime.db) as session:
        item_id = await add(session, incoming)
    if item_id is not None:
        async with unit_of_work(runtime.db) as session:
            await wiring.inbound.process(session, item_id)
    async with reading(runtime.db) as session:
        row = await session.scalar(
            select(InboundItem).where(
                InboundItem.account_id == incoming.account_id, InboundItem.provider_id == incoming.provider_id
            )
        )
    if row is None:
        raise NotFound(f"The ledger row of {file} is gone.")
    facts: dict[str, object] = {"file": file, "outcome": row.outcome or row.state, "ticket": row.ticket_id}
    facts |= {"message": row.message_id, "matched_by": row.matched_by} | ({"reason": row.reason} if row.reason else {})
    _print(facts)


def _print(facts: dict[str, object]) -> None:
    click.echo(json.dumps(facts, ensure_ascii=False))

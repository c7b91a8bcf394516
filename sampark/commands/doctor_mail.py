"""``sampark doctor mail``: the mails on each mailbox's server beside those in the ledger.

Exit code 1 when mails are missing or wait to be fetched, or when a mailbox is silent. It looks for itself, over
connections of its own, whether the desk runs or not. Mails that were passed over it fetches.
"""

import asyncio
import json
import sys

import click
import msgspec
import uvloop

from channels import ledger
from channels.email import audit, watch
from channels.email.audit import Audit
from channels.ledger import Standing
from core import clock, log
from core.db import reading
from sampark.runtime import Runtime, load_for_mailboxes, running

AT_ONCE = 8
"""Mailboxes that are looked at in parallel."""
LOOKS = 4
LOOK_SECONDS = 2.0
"""Mails that have just arrived are on their way into the ledger: they get a moment before they count as waiting."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One mailbox as the doctor sees it.

    Attributes:
        ok: nothing is wrong.
        wrong: what is, in sentences.
        standing: the ledger beside the mailbox, and the audit that was made just now.
    """

    ok: bool
    wrong: list[str]
    standing: Standing


@click.command("mail")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of sentences.")
def command(as_json: bool) -> None:
    """Compare every mailbox's server with the ledger, and say what is missing, failed, waiting or silent."""
    settings = load_for_mailboxes()
    log.configure("ERROR")

    async def run() -> list[Verdict]:
        async with running(settings) as runtime:
            return await examine(runtime)

    verdicts = uvloop.run(run())
    if as_json:
        click.echo(json.dumps([flat(verdict) for verdict in verdicts], ensure_ascii=False))
    else:
        for verdict in verdicts:
            click.echo("\n".join(lines(verdict)))
        if not verdicts:
            click.echo("No mailbox is in use.")
    if not all(verdict.ok for verdict in verdicts):
        sys.exit(1)


async def examine(runtime: Runtime) -> list[Verdict]:
    """Look at every mailbox that is in use."""
    async with reading(runtime.db) as session:
        before = [each for each in await ledger.standings(session) if each.is_active]
    limit = asyncio.Semaphore(AT_ONCE)

    async def look(standing: Standing) -> tuple[int, Audit]:
        async with limit:
            return standing.id, await _audit(runtime, standing)

    audits = dict(await asyncio.gather(*(look(each) for each in before if each.kind == "imap")))
    async with reading(runtime.db) as session:
        silent = await watch.silences(session)
        after = [each for each in await ledger.standings(session) if each.is_active]
    return [
        judge(msgspec.structs.replace(each, audit=audits.get(each.id, each.audit)), silent.get(each.id))
        for each in after
    ]


async def _audit(runtime: Runtime, standing: Standing) -> Audit:
    found = await audit.audit(runtime.db, standing.id, runtime.settings, runtime.signin)
    mended = found.mended
    for _ in range(LOOKS - 1):
        if found.error or not found.pending or _is_importing(standing):
            break
        await clock.sleep(LOOK_SECONDS)
        found = await audit.audit(runtime.db, standing.id, runtime.settings, runtime.signin)
        mended += found.mended
    return msgspec.structs.replace(found, mended=mended)


def _is_importing(standing: Standing) -> bool:
    return standing.importing is not None and standing.importing.is_running


def judge(standing: Standing, silence: str | None) -> Verdict:
    """What is wrong with a mailbox.

    Args:
        standing: with an audit of this moment.
        silence: why it counts as silent; None while it does not.
    """
    wrong: list[str] = []
    found = standing.audit
    if found is not None and standing.kind == "imap":
        if found.error:
            wrong.append(f"it cannot be looked at: {found.error}")
        if found.missing_count:
            wrong.append(f"mails on the server that are not in the ledger: {found.missing_count}")
        if found.pending and not _is_importing(standing):
            wrong.append(f"mails that wait on the server to be fetched: {found.pending}")
    if alarm := standing.alarm or silence:
        wrong.append(f"it is silent: {alarm}")
    return Verdict(ok=not wrong, wrong=wrong, standing=standing)


def lines(verdict: Verdict) -> list[str]:
    """A verdict for people."""
    standing, found = verdict.standing, verdict.standing.audit
    said = [f"{'ok  ' if verdict.ok else 'BAD '} {standing.name} ({standing.address})"]
    if standing.kind == "listener":
        said.append("       fed by the mail listener: there is no server to compare with")
    elif found is not None:
        said.append(
            f"       on the server {found.server}, in the ledger {found.ledger}, before the first day "
            f"{found.before_start}, waiting there {found.pending}, missing {found.missing_count}, gone {found.gone}"
        )
        if found.mended:
            said.append(f"       {found.mended} mails had been passed over and were fetched now")
    if standing.importing is not None and _is_importing(standing):
        said.append(f"       the import of old mails is at {standing.importing.done} of {standing.importing.total}")
    heard = f"{standing.last_success_at:%Y-%m-%d %H:%M} UTC" if standing.last_success_at else "never"
    waiting, failed = standing.counts["waiting"], standing.counts["unreadable"]
    said.append(
        f"       {waiting} to be processed (the oldest for {standing.lag_seconds} s), {failed} unreadable"
        + (f", last contact {heard}" if standing.kind == "imap" else "")
    )
    return [*said, *(f"       ! {sentence}" for sentence in verdict.wrong)]


def flat(verdict: Verdict) -> dict[str, object]:
    """A verdict for programs."""
    standing, found = verdict.standing, verdict.standing.audit or Audit(at=clock.now())
    return {
        "name": standing.name,
        "address": standing.address,
        "kind": standing.kind,
        "ok": verdict.ok,
        "wrong": verdict.wrong,
        "server": found.server,
        "ledger": found.ledger,
        "before_start": found.before_start,
        "pending": found.pending,
        "missing": found.missing_count,
        "missing_uids": found.missing,
        "mended": found.mended,
        "gone": found.gone,
        "failed": standing.counts["unreadable"],
        "waiting": standing.counts["waiting"],
        "lag_seconds": standing.lag_seconds,
        "last_success_at": msgspec.to_builtins(standing.last_success_at),
        "last_mail_at": msgspec.to_builtins(standing.last_mail_at),
        "alarm": standing.alarm,
        "importing": msgspec.to_builtins(standing.importing),
    }

"""``sampark doctor``: look at everything that can be wrong and say it; exit code 1 when something is.

``sampark doctor mail`` (``sampark/commands/doctor_mail.py``) looks closely at the mailboxes.
"""

import json
import sys
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Final

import click
import uvloop
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from channels.email import accounts
from core import clock, jobs, log
from core.db import reading
from core.search_meilisearch_client import EngineDown
from core.settings import Settings, load
from customers.domains import deeper
from sampark import retention, searching
from sampark.commands import doctor_mail
from sampark.runtime import Runtime, running

MOST_NAMED: Final = 5
"""Organisations that a line names; the rest are counted."""


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    name: str
    ok: bool
    says: str


@click.group("doctor", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="JSON instead of sentences.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Check settings, database, mailboxes, ledger, outbox and jobs."""
    if context.invoked_subcommand is not None:
        return
    settings = load()
    log.configure("ERROR")

    async def run() -> list[Finding]:
        async with running(settings) as runtime:
            return await examine(runtime)

    findings = uvloop.run(run())
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False))
    else:
        for finding in findings:
            click.echo(f"{'ok  ' if finding.ok else 'BAD '} {finding.name}: {finding.says}")
    if not all(finding.ok for finding in findings):
        sys.exit(1)


command.add_command(doctor_mail.command)


async def examine(runtime: Runtime) -> list[Finding]:
    """Look at everything."""
    findings = [Finding("settings", True, f"data in {runtime.settings.data}")]
    async with reading(runtime.db) as session:
        version = await session.scalar(text("show server_version"))
        findings.append(Finding("database", True, f"PostgreSQL {version}, up to date"))
        findings += await _mailboxes(session)
        findings += [await _count(session, *check) for check in CHECKS]
        findings.append(await _search(runtime.settings, session))
        findings.append(await _retention(runtime.settings, session))
        findings.append(await _organisations(session))
    held = await jobs.held(runtime.db)
    words = f"{len(held)} jobs gave up: {', '.join(sorted({job.name for job in held}))}" if held else "none gave up"
    findings.append(Finding("jobs", not held, words))
    return findings


async def _search(settings: Settings, session: AsyncSession) -> Finding:
    chosen = searching.engine(settings)
    if chosen is None:
        return Finding("search", True, "answered by PostgreSQL")
    try:
        await chosen.client.exists(chosen.uid("articles"))
    except EngineDown as problem:
        return Finding("search", False, f"{problem.detail}; PostgreSQL answers in its place")
    away = await chosen.away_since(session)
    says = "answered by Meilisearch" if away is None else f"Meilisearch was not told of changes since {away:%H:%M} UTC"
    return Finding("search", away is None, says)


async def _retention(settings: Settings, session: AsyncSession) -> Finding:
    """Two nights late is late: then the scheduler has not done it."""
    late = await retention.overdue(session, settings, clock.now() - timedelta(days=2))
    late = [each for each in late if each.rows]
    if late:
        words = ", ".join(f"{each.rows} {each.kind.name}" for each in late)
        return Finding("retention", False, f"{words} should have been forgotten; run sampark retention --now")
    kept = {"originals": settings.raw_mail_days, "events": settings.event_days, "uploads": settings.upload_days}
    kept |= {"ended sign-ins and links": settings.token_days, "mails of no conversation": settings.notice_days}
    kept |= {"visits of the help centre": settings.visit_days, "log of jobs": settings.job_log_days}
    words = ", ".join(f"{name} {f'{days} days' if days else 'for ever'}" for name, days in kept.items())
    return Finding("retention", True, f"kept: {words}")


async def _organisations(session: AsyncSession) -> Finding:
    """Told, but no fault: nothing can be done about it that would not show people what is none of theirs."""
    apart = deeper(await session.scalars(text("select domain from organisations where domain is not null")))
    if not apart:
        return Finding("organisations", True, "each goes by a registered domain")
    words = ", ".join(f"{domain} ({owned})" for domain, owned in sorted(apart.items())[:MOST_NAMED])
    says = f"{len(apart)} go by a domain below a registered one and get no new people: {words}"
    return Finding("organisations", True, says)


_UNDELIVERED = """
    select count(*) from deliveries d join messages m on m.id = d.message_id
    where d.state in ('failed', 'unknown') and not exists (
        select from contact_points p
        where p.kind = 'email' and p.value = m."to" -> 0 ->> 'address' and p.invalid_reason is not null
    )
"""
CHECKS = (
    ("ledger", "select count(*) from inbound_items where state = 'failed'", "mails could not be read"),
    (
        "ledger lag",
        "select count(*) from inbound_items where state = 'received' and received_at < :limit",
        "items have waited for more than five minutes",
    ),
    (
        "outbox",
        _UNDELIVERED,
        "messages were not delivered to addresses that are good",
    ),
    (
        "outbox lag",
        "select count(*) from deliveries where state = 'queued' and send_at < :limit",
        "messages have waited for more than five minutes",
    ),
)


async def _count(session: AsyncSession, name: str, statement: str, words: str) -> Finding:
    limit = clock.now() - timedelta(minutes=5)
    count = int(await session.scalar(text(statement), {"limit": limit} if ":limit" in statement else {}) or 0)
    return Finding(name, count == 0, f"{count} {words}")


async def _mailboxes(session: AsyncSession) -> list[Finding]:
    rows = await session.execute(
        text(
            "select name, address, settings ? 'imap' as fetched, last_success_at, last_error, alarm "
            "from channel_accounts where channel = 'email' and is_active order by id"
        )
    )
    findings = []
    for row in rows:
        if not row.fetched:
            findings.append(Finding(f"mailbox {row.name}", True, f"{row.address}, fed by the mail listener"))
            continue
        ok = row.last_error is None and row.alarm is None and row.last_success_at is not None
        says = (
            row.last_error
            or row.alarm
            or (f"last read {row.last_success_at:%Y-%m-%d %H:%M} UTC" if row.last_success_at else "never read")
        )
        findings.append(Finding(f"mailbox {row.name}", ok, f"{row.address}: {says}"))
    return findings or [Finding("mailboxes", True, f"none set up for {accounts.CHANNEL}")]

"""Shapes of the ledger, of the mailboxes beside it, of banners and blocked senders, and of jobs that gave up."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from agent_ui.views.base import Input, View
from channels.email.audit import Audit
from channels.email.watch import Banner
from channels.ledger import Entry, Standing
from channels.models import BlockedSender
from core.jobs import HeldJob


class LedgerRow(View):
    """An item that came in, and what became of it."""

    id: int
    account: str
    uid: str
    received_at: datetime
    internal_date: datetime | None
    processed_at: datetime | None
    from_: str = msgspec.field(name="from")
    subject: str
    size: int
    state: str
    outcome: str | None
    reason: str | None
    ticket_id: int | None
    message_id: int | None
    message_id_header: str | None
    duplicate_of: int | None
    matched_by: str | None
    attempts: int
    archived: bool


class AuditView(View):
    """The mails on a mailbox's server beside the ledger; ``missing`` are UIDs that were passed over."""

    at: datetime
    uidvalidity: int
    server: int
    ledger: int
    before_start: int
    pending: int
    missing: list[int]
    missing_count: int
    mended: int
    gone: int
    error: str | None


class ImportView(View):
    """How far the import of an old mailbox is."""

    total: int
    done: int
    state: Literal["running", "done"]


class MailboxStanding(View):
    """A mailbox beside its ledger: how many mails became what, and whether it is all of them."""

    id: int
    name: str
    address: str
    kind: Literal["imap", "listener"]
    is_active: bool
    counts: dict[str, int]
    audit: AuditView | None
    last_success_at: datetime | None
    last_mail_at: datetime | None
    last_error: str | None
    lag_seconds: int
    alarm: str | None
    alarm_since: datetime | None
    importing: ImportView | None = msgspec.field(name="import")


class Reprocessed(View):
    """How many items are processed again."""

    count: int


class BannerView(View):
    """Something that people at the desk must know until it is over; the client has the words for ``kind``."""

    key: str
    kind: Literal["mailbox_silent", "credentials_expire", "automatic_mail_stopped", "ledger_difference", "search_away"]
    data: dict[str, str]
    since: datetime | None
    for_admins: bool


class BlockInput(Input):
    """An address, or a domain with ``@`` before it, whose mails open no ticket."""

    pattern: Annotated[str, msgspec.Meta(min_length=2, max_length=320)]
    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""


class BlockedView(View):
    """A rule that keeps a sender's mails out."""

    id: int
    pattern: str
    reason: str
    created_at: datetime


class HeldJobView(View):
    """A job that gave up, and why."""

    id: int
    name: str
    error: str | None
    attempts: int
    held_at: datetime


def ledger_row(entry: Entry) -> LedgerRow:
    """An item of the ledger as a line."""
    fields: dict[str, Any] = msgspec.structs.asdict(entry)
    return LedgerRow(from_=fields.pop("from_address"), **fields)


def _audit(found: Audit) -> AuditView:
    return AuditView(**msgspec.structs.asdict(found))


def mailbox_standing(found: Standing) -> MailboxStanding:
    """A mailbox as the ledger page shows it; the names of the counters are those of the outcomes in camel case."""
    fields: dict[str, Any] = msgspec.structs.asdict(found)
    progress = found.importing
    fields["audit"] = None if found.audit is None else _audit(found.audit)
    fields["counts"] = {_camel(word): count for word, count in found.counts.items()}
    fields["importing"] = (
        None
        if progress is None
        else ImportView(total=progress.total, done=progress.done, state="running" if progress.is_running else "done")
    )
    return MailboxStanding(**fields)


def _camel(word: str) -> str:
    first, *others = word.split("_")
    return first + "".join(other.capitalize() for other in others)


def banner(found: Banner) -> BannerView:
    """A banner as the console shows it."""
    return BannerView(**msgspec.structs.asdict(found))


def search_away(since: datetime) -> BannerView:
    """The banner that says that the search engine is away and a simpler search answers."""
    return BannerView(key="search_away", kind="search_away", data={}, since=since, for_admins=False)


def blocked_sender(rule: BlockedSender) -> BlockedView:
    """A rule as the settings page shows it."""
    return BlockedView(id=rule.id, pattern=rule.pattern, reason=rule.reason, created_at=rule.created_at)


def held_job(job: HeldJob) -> HeldJobView:
    """A held job without its arguments, which may hold what nobody should read here."""
    return HeldJobView(id=job.id, name=job.name, error=job.reason or None, attempts=job.attempts, held_at=job.since)

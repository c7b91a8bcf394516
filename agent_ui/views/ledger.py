"""Shapes of the ledger and of the jobs that gave up."""

from datetime import datetime
from typing import Any

import msgspec

from agent_ui.views.base import View
from channels.ledger import Entry
from core.jobs import HeldJob


class LedgerRow(View):
    """An item that came in, and what became of it."""

    id: int
    account: str
    received_at: datetime
    from_: str = msgspec.field(name="from")
    subject: str
    size: int
    state: str
    outcome: str | None
    reason: str | None
    ticket_id: int | None
    message_id: int | None
    matched_by: str | None
    attempts: int


class HeldJobView(View):
    """A job that gave up, and why."""

    id: int
    name: str
    error: str | None
    attempts: int
    held_at: datetime


def ledger_row(entry: Entry) -> LedgerRow:
    """An item of the ledger as a line."""
    fields: dict[str, Any] = {name: getattr(entry, name) for name in entry.__struct_fields__}
    return LedgerRow(from_=fields.pop("from_address"), **fields)


def held_job(job: HeldJob) -> HeldJobView:
    """A held job without its arguments, which may hold what nobody should read here."""
    return HeldJobView(id=job.id, name=job.name, error=job.reason or None, attempts=job.attempts, held_at=job.since)

"""The ledger as people read it: every item that came in, what became of it, its bytes; and how the mailboxes do.

Called by ``agent_ui/api``. Writing and processing are ``channels/inbound``'s.
"""

from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from channels.models import ChannelAccount, InboundItem, InboundRaw
from core.errors import Invalid, NotFound

LONGEST_PAGE: Final = 100


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One item of the ledger; ``outcome`` is None while it waits or has failed (then ``reason`` says why)."""

    id: int
    account: str
    received_at: datetime
    from_address: str
    subject: str
    size: int
    state: str
    outcome: str | None
    reason: str | None
    ticket_id: int | None
    message_id: int | None
    matched_by: str | None
    attempts: int


class MailboxHealth(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How a mailbox does: when the last item came in, when it was last reached, and what was wrong last."""

    name: str
    address: str
    is_active: bool
    last_mail_at: datetime | None
    last_success_at: datetime | None
    last_error: str | None


def _entries() -> Select[*tuple[Any, ...]]:
    return select(
        InboundItem.id, ChannelAccount.name, InboundItem.received_at, InboundItem.from_address,
        InboundItem.envelope_from, InboundItem.subject, InboundItem.size, InboundItem.state, InboundItem.outcome,
        InboundItem.reason, InboundItem.ticket_id, InboundItem.message_id, InboundItem.matched_by,
        InboundItem.attempts,
    ).join(ChannelAccount, ChannelAccount.id == InboundItem.account_id)  # fmt: skip


def _entry(row: Any) -> Entry:
    return Entry(
        id=row[0],
        account=row[1],
        received_at=row[2],
        from_address=row[3] or row[4],
        subject=row[5] or "",
        size=row[6],
        state=row[7],
        outcome=row[8],
        reason=row[9],
        ticket_id=row[10],
        message_id=row[11],
        matched_by=row[12],
        attempts=row[13],
    )


async def list_entries(
    session: AsyncSession, account: str | None, outcome: str | None, cursor: str | None, limit: int = 50
) -> tuple[list[Entry], str | None]:
    """One page of the ledger, newest first, and the key of the next.

    Args:
        session: where to read.
        account: name of one account only.
        outcome: one outcome only; a state (``received``, ``failed``) is understood as well.
        cursor: where the page before ended.
        limit: rows, at most :data:`LONGEST_PAGE`.

    Raises:
        Invalid: not a cursor of this list.
    """
    limit = max(1, min(limit, LONGEST_PAGE))
    statement = _entries().order_by(InboundItem.id.desc()).limit(limit + 1)
    if account:
        statement = statement.where(ChannelAccount.name == account)
    if outcome in ("received", "failed"):
        statement = statement.where(InboundItem.state == outcome)
    elif outcome:
        statement = statement.where(InboundItem.outcome == outcome)
    if cursor:
        if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 19):
            raise Invalid.field("cursor", "This is not a cursor of this list.")
        statement = statement.where(InboundItem.id < int(cursor))
    rows = [_entry(row) for row in await session.execute(statement)]
    return rows[:limit], str(rows[limit - 1].id) if len(rows) > limit else None


async def get(session: AsyncSession, item_id: int) -> Entry:
    """One item of the ledger.

    Raises:
        NotFound: there is none with this id.
    """
    row = (await session.execute(_entries().where(InboundItem.id == item_id))).one_or_none()
    if row is None:
        raise NotFound("There is no such item.")
    return _entry(row)


async def raw_of(session: AsyncSession, item_id: int | None) -> bytes:
    """The bytes of an item as they came in.

    Raises:
        NotFound: they are not kept.
    """
    content = await session.scalar(select(InboundRaw.content).where(InboundRaw.item_id == item_id))
    if content is None:
        raise NotFound("The original of this message is not kept.")
    return content


async def mailboxes(session: AsyncSession) -> list[MailboxHealth]:
    """All accounts that take something in, by name."""
    rows = await session.execute(
        select(
            ChannelAccount.name, ChannelAccount.address, ChannelAccount.is_active, ChannelAccount.last_mail_at,
            ChannelAccount.last_success_at, ChannelAccount.last_error,
        ).order_by(ChannelAccount.name)
    )  # fmt: skip
    return [
        MailboxHealth(
            name=row[0],
            address=row[1],
            is_active=row[2],
            last_mail_at=row[3],
            last_success_at=row[4],
            last_error=row[5],
        )
        for row in rows
    ]

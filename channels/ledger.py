"""The ledger as people read it: every item that came in, what became of it, its bytes; and how the mailboxes do.

Called by ``agent_ui/api`` and ``sampark doctor mail``. Writing and processing are ``channels/inbound``'s.
"""

from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from channels import inbound
from channels.email.audit import Audit
from channels.email.position import Import, Position
from channels.models import ChannelAccount, InboundItem, InboundRaw
from core import clock
from core.errors import Invalid, NotFound
from core.sql import Sql

LONGEST_PAGE: Final = 100
LONGEST_QUESTION: Final = 200
AT_ONCE: Final = 1000
"""Failed items that one request asks to be processed again."""
OUTCOMES: Final = (
    "ticket", "reply", "automatic", "bounce", "duplicate", "blocked", "unreadable", "too_big", "own_loop", "report",
    "agent_reply", "agent_refused", "forwarded", "sent_elsewhere",
)  # fmt: skip
"""What can become of an item (``channels/models.InboundItem``)."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One item of the ledger; ``outcome`` is None while it waits or has failed (then ``reason`` says why).

    Attributes:
        uid: the provider's name for it; "uidvalidity:uid" of a fetched mail.
        internal_date: when the mailbox's server got it; None when it is not told.
        archived: it lay in the mailbox before that was connected.
        duplicate_of: the item that it is a copy of.
    """

    id: int
    account: str
    uid: str
    received_at: datetime
    internal_date: datetime | None
    processed_at: datetime | None
    from_address: str
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


class MailboxHealth(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How a mailbox does: when the last item came in, when it was last reached, and what was wrong last."""

    name: str
    address: str
    is_active: bool
    last_mail_at: datetime | None
    last_success_at: datetime | None
    last_error: str | None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A mailbox beside its ledger.

    Attributes:
        kind: whether it is fetched, or only fed by the mail listener.
        counts: outcome → items, every outcome of :data:`OUTCOMES`; ``waiting``: not processed yet.
        audit: the last comparison with the server.
        lag_seconds: for how long the oldest item has waited to be processed; 0 when none waits.
        importing: how far the import of what lay there before is.
    """

    id: int
    name: str
    address: str
    kind: Literal["imap", "listener"]
    is_active: bool
    counts: dict[str, int]
    audit: Audit | None
    last_success_at: datetime | None
    last_mail_at: datetime | None
    last_error: str | None
    lag_seconds: int
    alarm: str | None
    alarm_since: datetime | None
    importing: Import | None


def _entries() -> Select[*tuple[Any, ...]]:
    return select(
        InboundItem.id, ChannelAccount.name.label("account"), InboundItem.provider_id.label("uid"),
        InboundItem.received_at, InboundItem.internal_date, InboundItem.processed_at, InboundItem.from_address,
        InboundItem.envelope_from, InboundItem.subject, InboundItem.size, InboundItem.state, InboundItem.outcome,
        InboundItem.reason, InboundItem.ticket_id, InboundItem.message_id, InboundItem.message_id_header,
        InboundItem.duplicate_of_id.label("duplicate_of"), InboundItem.matched_by, InboundItem.attempts,
        InboundItem.archived,
    ).join(ChannelAccount, ChannelAccount.id == InboundItem.account_id)  # fmt: skip


def _entry(row: Any) -> Entry:
    fields = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name
    envelope_from = fields.pop("envelope_from")
    fields["from_address"] = fields["from_address"] or envelope_from
    fields["subject"] = fields["subject"] or ""
    return Entry(**fields)


async def list_entries(
    session: AsyncSession,
    account: str | None,
    outcome: str | None,
    cursor: str | None,
    limit: int = 50,
    question: str = "",
) -> tuple[list[Entry], str | None]:
    """One page of the ledger, newest first, and the key of the next.

    Args:
        session: where to read.
        account: name of one account only.
        outcome: one outcome only; a state (``received``, ``failed``) is understood as well.
        cursor: where the page before ended.
        limit: rows, at most :data:`LONGEST_PAGE`.
        question: part of the sender or subject, or a whole Message-ID.

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
    if words := question.replace("\x00", "").strip()[:LONGEST_QUESTION]:
        statement = statement.where(
            or_(
                InboundItem.message_id_header == words.removeprefix("<").removesuffix(">"),
                InboundItem.from_address.icontains(words, autoescape=True),
                InboundItem.subject.icontains(words, autoescape=True),
            )
        )
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


async def reprocess_failed(session: AsyncSession) -> int:
    """Ask for failed items to be processed again, oldest first, at most :data:`AT_ONCE`; returns how many."""
    failed = select(InboundItem.id).where(InboundItem.state == "failed").order_by(InboundItem.id).limit(AT_ONCE)
    found = list(await session.scalars(failed))
    for item_id in found:
        await inbound.reprocess(session, item_id)
    return len(found)


_STANDINGS: Final = Sql(
    """
    with counted as (
        select account_id, case when state = 'received' then 'waiting' else coalesce(outcome, 'other') end as word,
            count(*) as items, min(received_at) filter (where state = 'received') as oldest
        from inbound_items group by 1, 2
    )
    select a.id, a.name, a.address, a.settings ? 'imap' as is_fetched, a.is_active, a.audit, a.cursor,
        a.last_success_at, a.last_mail_at, a.last_error, a.alarm, a.alarm_since,
        coalesce(jsonb_object_agg(c.word, c.items) filter (where c.word is not null), '{}') as counts,
        min(c.oldest) as oldest
    from channel_accounts a left join counted c on c.account_id = a.id
    where a.channel = 'email' and (cast(:only as bigint) is null or a.id = :only) group by a.id order by a.name
    """
)


async def standings(session: AsyncSession, account_id: int | None = None) -> list[Standing]:
    """How each mailbox stands, by name, in one query; or one mailbox alone."""
    now = clock.now()
    return [_standing(row, now) for row in await _STANDINGS.all(session, only=account_id)]


async def standing(session: AsyncSession, account_id: int) -> Standing:
    """How one mailbox stands.

    Raises:
        NotFound: there is no such mailbox.
    """
    found = await standings(session, account_id)
    if not found:
        raise NotFound("There is no such mailbox.")
    return found[0]


def _standing(row: Any, now: datetime) -> Standing:
    return Standing(
        id=row.id,
        name=row.name,
        address=row.address,
        kind="imap" if row.is_fetched else "listener",
        is_active=row.is_active,
        counts=dict.fromkeys((*OUTCOMES, "other", "waiting"), 0) | row.counts,
        audit=Audit.of(row.audit),
        last_success_at=row.last_success_at,
        last_mail_at=row.last_mail_at,
        last_error=row.last_error,
        lag_seconds=max(0, int((now - row.oldest).total_seconds())) if row.oldest else 0,
        alarm=row.alarm,
        alarm_since=row.alarm_since,
        importing=Position.of(row.cursor).importing if row.is_fetched else None,
    )


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

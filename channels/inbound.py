"""The ledger's two steps: store what arrived (then acknowledge), and process it as a job that can be re-run.

Flow of an inbound item: ``channels/email/fetch`` or ``listener`` (or a webhook, or the portal's form) →
:func:`store` → job → :func:`process` → the channel's reader → ``tickets/intake`` → outcome on the ledger row.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from channels.models import InboundItem
from core import clock, crash, events, jobs, log
from core.db import Database, unit_of_work
from core.errors import DeskError, NotFound, Temporary
from core.sql import Sql

PROCESS_JOB: Final = "channels.process_inbound"
STALE: Final = timedelta(minutes=5)
"""A row that has waited longer has lost its job, or its job is held; asking again is harmless."""
ASK_AGAIN: Final = timedelta(minutes=30)
ASKED_AT_MOST: Final = 5
AFTER_ALL_ELSE: Final = -10
"""Priority of the job of a mail that lay in its mailbox before that was connected."""
_log = log.get(__name__)


@dataclass(frozen=True)
class Incoming:
    """One item as it reached us.

    Attributes:
        account_id: the account it came in through.
        channel: ``email``, ``web`` …
        provider_id: the provider's own name for it, unique per account ("uidvalidity:uid", a form's token).
        raw: the bytes, untouched.
        envelope_from: sender of the envelope, where the channel has one.
        envelope_to: recipients of the envelope.
        archived: it lay in the mailbox before that was connected: it keeps its date, and nobody is written to.
        internal_date: when its server got it, aware; None where the channel does not say.
    """

    account_id: int
    channel: str
    provider_id: str
    raw: bytes
    envelope_from: str = ""
    envelope_to: list[str] = field(default_factory=list)
    archived: bool = False
    internal_date: datetime | None = None


_STORE = Sql(
    """
    with item as (
        insert into inbound_items
            (account_id, channel, provider_id, received_at, envelope_from, envelope_to, size, sha256, archived,
                internal_date)
        values (:account_id, :channel, :provider_id, :received_at, :envelope_from, :envelope_to, :size, :sha256,
            :archived, :internal_date)
        on conflict (account_id, provider_id) do nothing returning id
    ), raw as (
        insert into inbound_raw (item_id, content) select id, :raw from item
    )
    select id from item
    """
)


def _plain(value: str) -> str:
    """Text that PostgreSQL can hold: no NUL, no lone surrogates."""
    return value.replace("\x00", "").encode("utf-8", "replace").decode()


async def store(db: Database, incoming: Incoming) -> int | None:
    """Commit an item's ledger row, its bytes and the job that will process it. Only then may the sender be told.

    Returns:
        The row's id, or None when this item is in the ledger already (then it is safe to acknowledge, too).
    """
    crash.point("ledger-before")
    async with unit_of_work(db) as session:
        item_id = await add(session, incoming)
        if item_id is not None:
            await jobs.enqueue(session, PROCESS_JOB, {"item_id": item_id}, priority=_priority(incoming.archived))
    crash.point("ledger-committed")
    return item_id


async def add(session: AsyncSession, incoming: Incoming) -> int | None:
    """Write the ledger row and the bytes in the caller's transaction, without a job (see :func:`store`)."""
    found: int | None = await _STORE.scalar(
        session,
        account_id=incoming.account_id,
        channel=incoming.channel,
        provider_id=incoming.provider_id,
        received_at=clock.now(),
        envelope_from=_plain(incoming.envelope_from),
        envelope_to=[_plain(address) for address in incoming.envelope_to],
        size=len(incoming.raw),
        sha256=hashlib.sha256(incoming.raw).hexdigest(),
        raw=incoming.raw,
        archived=incoming.archived,
        internal_date=incoming.internal_date,
    )
    return found


@dataclass(frozen=True)
class Account:
    """What a reader needs to know of the account, without loading the entity; ``options`` as they are stored."""

    id: int
    channel: str
    address: str
    aliases: tuple[str, ...]
    team_id: int | None
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class Item:
    """A row of the ledger that is being processed, locked until the transaction ends.

    Attributes:
        content_hash: what the mail says, whatever its way here; set by the reader.
        ticket_id: where an earlier try has put it (the "could not read" ticket).
    """

    id: int
    sha256: str
    envelope_from: str
    envelope_to: list[str]
    ticket_id: int | None
    message_id: int | None
    archived: bool = False
    internal_date: datetime | None = None
    content_hash: str | None = None


_LOAD = Sql(
    """
    select i.id, i.state, i.channel, i.sha256, i.envelope_from, i.envelope_to, i.ticket_id, i.message_id, i.account_id,
        i.archived, i.internal_date, a.address, a.aliases, a.team_id, a.options, r.content
    from inbound_items i join channel_accounts a on a.id = i.account_id join inbound_raw r on r.item_id = i.id
    where i.id = :item_id for update of i
    """
)
_DONE = Sql(
    """
    update inbound_items set state = :state, outcome = :outcome, reason = :reason, ticket_id = :ticket_id,
        message_id = :message_id, matched_by = :matched_by, duplicate_of_id = :duplicate_of_id,
        from_address = :from_address, subject = :subject, message_id_header = :message_id_header,
        content_hash = :content_hash, attempts = attempts + 1, processed_at = :now
    where id = :item_id
    """
)


@dataclass(frozen=True)
class Outcome:
    """What became of an item."""

    outcome: str
    reason: str | None = None
    ticket_id: int | None = None
    message_id: int | None = None
    matched_by: str | None = None
    duplicate_of_id: int | None = None
    from_address: str | None = None
    subject: str | None = None
    message_id_header: str | None = None


class Reader(Protocol):
    """A channel's own part: bytes to outcome, within the given transaction."""

    async def __call__(self, session: AsyncSession, account: Account, item: Item, raw: bytes) -> Outcome:
        """Read one item. May raise; then the row keeps the reason and is shown."""
        ...


LastResort = Callable[[AsyncSession, Account, Item, bytes, str], Awaitable[Outcome]]


class InboundChanged(events.Event, frozen=True, kw_only=True):
    """A ledger row got its outcome."""

    kind = "inbound.changed"
    item_id: int
    outcome: str


class Inbound:
    """Processes ledger rows with the readers of all channels.

    Args:
        readers: channel → reader.
        last_resort: channel → what is done when the reader itself fails (makes the "could not read" ticket).
    """

    def __init__(self, readers: Mapping[str, Reader], last_resort: Mapping[str, LastResort]) -> None:
        self._readers = readers
        self._last_resort = last_resort

    async def process(self, session: AsyncSession, item_id: int) -> None:
        """Process one row (job). Done rows are left alone, so running twice is harmless."""
        item, account, raw = await self._load(session, item_id)
        if item is None:
            return
        recorded = len(session.info.get("events", []))
        crash.point("processing-started")
        try:
            async with session.begin_nested():
                outcome = await self._readers[account.channel](session, account, item, raw)
        except Temporary:
            raise  # a part of ours is away (the file storage): the job is tried again, the mail is not to blame
        except DBAPIError as problem:
            if _is_ours(problem):
                raise
            outcome = await self._failed(session, account, item, raw, problem, recorded)
        except Exception as problem:  # noqa: BLE001 - whatever the bytes did to us, the row must show it
            outcome = await self._failed(session, account, item, raw, problem, recorded)
        await self._write(session, item, outcome)
        events.record(
            session,
            InboundChanged(item_id=item.id, outcome=outcome.outcome, teams=(events.NO_TEAM,)),
        )
        crash.point("processing-before-commit")

    async def _load(self, session: AsyncSession, item_id: int) -> tuple[Item | None, Account, bytes]:
        row = await _LOAD.first(session, item_id=item_id)
        if row is None:
            raise NotFound(f"There is no ledger row {item_id}.")
        account = Account(row.account_id, row.channel, row.address, tuple(row.aliases), row.team_id, row.options)
        if row.state == "done":
            return None, account, b""
        item = Item(
            row.id, row.sha256, row.envelope_from, row.envelope_to, row.ticket_id, row.message_id, row.archived,
            row.internal_date,
        )  # fmt: skip
        return item, account, row.content

    async def _failed(
        self,
        session: AsyncSession,
        account: Account,
        item: Item,
        raw: bytes,
        problem: Exception,
        recorded: int,
    ) -> Outcome:
        item.content_hash = None  # the next try may read it better
        _note(item, problem)
        del session.info.setdefault("events", [])[recorded:]
        words = problem.detail if isinstance(problem, DeskError) else f"{type(problem).__name__}: {problem}"
        reason = words[:500].replace("\x00", "")
        return await self._last_resort[account.channel](session, account, item, raw, reason)

    @staticmethod
    async def _write(session: AsyncSession, item: Item, outcome: Outcome) -> None:
        await _DONE.all(
            session,
            item_id=item.id,
            state="failed" if outcome.outcome == "unreadable" else "done",
            outcome=outcome.outcome,
            reason=outcome.reason,
            ticket_id=outcome.ticket_id,
            message_id=outcome.message_id,
            matched_by=outcome.matched_by,
            duplicate_of_id=outcome.duplicate_of_id,
            from_address=outcome.from_address,
            subject=outcome.subject,
            message_id_header=outcome.message_id_header,
            content_hash=item.content_hash,
            now=clock.now(),
        )


async def recover(db: Database) -> int:
    """Ask again for rows whose job was lost (a restored backup, an interrupted ingest); returns how many.

    A row that was asked for :data:`ASKED_AT_MOST` times and is still not done breaks even the last resort: it is
    shown as failed, so that a person sees it (a job of it that still comes processes it all the same).
    """
    now = clock.now()
    waiting = InboundItem.state == "received"
    async with unit_of_work(db) as session:
        await session.execute(
            update(InboundItem)
            .where(waiting, InboundItem.attempts >= ASKED_AT_MOST, InboundItem.processed_at < now - ASK_AGAIN)
            .values(state="failed", outcome="unreadable", reason="It could not be processed; the log says why.")
        )
        due = select(InboundItem.id, InboundItem.archived).where(
            waiting,
            InboundItem.received_at < now - STALE,
            InboundItem.processed_at.is_(None) | (InboundItem.processed_at < now - ASK_AGAIN),
        )
        found = await session.execute(due.order_by(InboundItem.id).limit(500).with_for_update(skip_locked=True))
        lost = {row[0]: row[1] for row in found}
        asked = update(InboundItem).where(InboundItem.id.in_(lost))
        await session.execute(asked.values(attempts=InboundItem.attempts + 1, processed_at=now))
        for item_id, archived in lost.items():
            args, dedupe = {"item_id": item_id}, f"inbound:{item_id}"
            await jobs.enqueue(session, PROCESS_JOB, args, priority=_priority(archived), dedupe=dedupe)
    return len(lost)


def _note(item: Item, problem: Exception) -> None:
    """Tell the log: of bytes that the channel knows to be none of its own in a line, of the rest all there is."""
    if isinstance(problem, DeskError):
        _log.warning("an inbound item could not be read", item=item.id, reason=problem.detail)
    else:
        _log.exception("an inbound item could not be processed", item=item.id, exc_info=problem)


def _priority(archived: bool) -> int:
    """An import of an old mailbox must not keep today's customers waiting."""
    return AFTER_ALL_ELSE if archived else 0


def _is_ours(problem: DBAPIError) -> bool:
    """Whether the database itself failed (lost, deadlock, serialisation), so that the job should run again.

    Everything else a mail can provoke (a character PostgreSQL refuses, a number out of range) is the mail's fault.
    """
    state = str(getattr(problem.orig, "sqlstate", "") or "")
    return problem.connection_invalidated or state[:2] in ("08", "40", "53", "57", "58", "XX") or not state


async def reprocess(session: AsyncSession, item_id: int) -> None:
    """Ask for a failed row to be processed again (button and ``sampark reprocess``).

    Raises:
        NotFound: there is no such row, or it is done already.
    """
    changed = await session.execute(
        update(InboundItem)
        .where(InboundItem.id == item_id, InboundItem.state != "done")
        .values(state="received")
        .returning(InboundItem.id)
    )
    if changed.first() is None:
        raise NotFound("There is nothing to process again in this row.")
    await jobs.enqueue(session, PROCESS_JOB, {"item_id": item_id})

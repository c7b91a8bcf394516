"""Tables of the channels: accounts (mailboxes, numbers) and the inbound ledger with its raw bytes.

Every item that reached us has a ledger row before the sender is told that we have it. The row keeps its outcome
for ever; a failure keeps its reason and is shown to people.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.base import Base


class ChannelAccount(Base):
    """One mailbox (later also number, widget): where it is read, how it sends, who owns what comes in.

    ``settings`` of an e-mail account: ``imap``, ``smtp``, ``oauth``, ``dkim`` (structs of ``channels/email/accounts``;
    secrets in them are sealed by ``core/vault``). ``options``: how the desk behaves with it (``MailboxOptions``).
    ``display_name``: the sender's name of its mails; "" is that of its brand (``channels/email/leaving``).
    ``cursor`` of an IMAP account: how far its folder has been read (``channels/email/position``).
    ``audit``: the last comparison of the server's mails with the ledger (``channels/email/audit``).
    ``alarm``: why it is silent, since ``alarm_since``; None while all is well.
    """

    __tablename__ = "channel_accounts"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    channel: Mapped[str]
    name: Mapped[str] = mapped_column(unique=True)
    address: Mapped[str]
    aliases: Mapped[list[str]] = mapped_column(server_default="{}")
    display_name: Mapped[str]
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    signature: Mapped[str] = mapped_column(server_default="")
    settings: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    cursor: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    options: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    audit: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    alarm: Mapped[str | None]
    alarm_since: Mapped[datetime | None]
    is_active: Mapped[bool] = mapped_column(server_default="true")
    last_success_at: Mapped[datetime | None]
    last_mail_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]


class InboundItem(Base):
    """One row of the ledger.

    ``state``: received (waits for processing), done, failed (could not be processed; a person sees it).
    ``outcome``: ticket, reply, duplicate, bounce, automatic, own_loop, blocked, unreadable, too_big, report,
    agent_reply, agent_refused, forwarded, sent_elsewhere.
    ``archived``: it lay in the mailbox before that was connected; ``internal_date``: when its server got it.
    """

    __tablename__ = "inbound_items"
    __table_args__ = (
        UniqueConstraint("account_id", "provider_id", name="uq_inbound_items_account_provider"),
        CheckConstraint("state in ('received','done','failed')", name="state"),
        Index("ix_inbound_items_unfinished", "received_at", postgresql_where=text("state <> 'done'")),
        Index("ix_inbound_items_sha256", "sha256"),
        Index("ix_inbound_items_outcomes", "account_id", "state", "outcome", postgresql_include=["received_at"]),
        Index("ix_inbound_items_message_id_header", "message_id_header"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("channel_accounts.id"))
    channel: Mapped[str]
    provider_id: Mapped[str]
    received_at: Mapped[datetime]
    envelope_from: Mapped[str] = mapped_column(server_default="")
    envelope_to: Mapped[list[str]] = mapped_column(server_default="{}")
    size: Mapped[int]
    sha256: Mapped[str]
    content_hash: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default="received")
    outcome: Mapped[str | None]
    reason: Mapped[str | None]
    from_address: Mapped[str | None]
    subject: Mapped[str | None]
    message_id_header: Mapped[str | None]
    matched_by: Mapped[str | None]
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"))
    duplicate_of_id: Mapped[int | None] = mapped_column(ForeignKey("inbound_items.id"))
    attempts: Mapped[int] = mapped_column(server_default="0")
    processed_at: Mapped[datetime | None]
    archived: Mapped[bool] = mapped_column(server_default="false")
    internal_date: Mapped[datetime | None]


class InboundRaw(Base):
    """The bytes of a ledger row, apart from it so that the ledger stays quick to read."""

    __tablename__ = "inbound_raw"

    item_id: Mapped[int] = mapped_column(ForeignKey("inbound_items.id", ondelete="CASCADE"), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Notice(Base):
    """A mail of the desk that belongs to no conversation: to an agent, an administrator, or a refused sender.

    Its states are those of a delivery; ``withheld``: the brake on automatic mail stopped it. ``unsubscribe_url``: a
    post to it ends such mails to this address (RFC 8058). ``sender_name``: of the brand that writes, for mailboxes
    without a name of their own; "" is whatever brand the mailbox answers for.
    """

    __tablename__ = "notices"
    __table_args__ = (
        CheckConstraint("state in ('queued','sending','sent','failed','unknown','bounced','withheld')", name="state"),
        Index("ix_notices_unfinished", "changed_at", postgresql_where=text("state in ('queued','sending')")),
        Index("ix_notices_ticket_id", "ticket_id"),
        Index("ix_notices_undelivered", "created_at",
              postgresql_where=text("state in ('withheld','failed','bounced','unknown')")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("channel_accounts.id"))
    sender_name: Mapped[str] = mapped_column(server_default="")
    to_name: Mapped[str] = mapped_column(server_default="")
    to_address: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str]
    html: Mapped[str] = mapped_column(server_default="")
    in_reply_to: Mapped[str | None]
    unsubscribe_url: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default="queued")
    attempts: Mapped[int] = mapped_column(server_default="0")
    error: Mapped[str | None]
    provider_id: Mapped[str | None]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class AutomaticMail(Base):
    """One automatic mail that was allowed to leave; the brake counts these rows, and forgets them after some days."""

    __tablename__ = "automatic_mails"
    __table_args__ = (
        Index("ix_automatic_mails_address_at", "address", "at"),
        Index("ix_automatic_mails_at", "at"),
        Index("ix_automatic_mails_ticket_id_at", "ticket_id", "at"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    address: Mapped[str]
    ticket_id: Mapped[int | None]
    subject: Mapped[str]
    at: Mapped[datetime]


class BrakeTrip(Base):
    """The whole desk's automatic mail was stopped; it stays so until an administrator releases it."""

    __tablename__ = "brake_trips"
    __table_args__ = (
        Index("uq_brake_trips_open", text("(released_at is null)"), unique=True,
              postgresql_where=text("released_at is null")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    reason: Mapped[str]
    tripped_at: Mapped[datetime]
    released_at: Mapped[datetime | None]
    released_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))


class RequestTopic(Base):
    """A topic of the portal's request form; ``fields`` are structs of ``channels/web/fields``."""

    __tablename__ = "request_topics"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    names: Mapped[dict[str, Any]]
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    position: Mapped[int] = mapped_column(server_default="0")
    fields: Mapped[list[Any]] = mapped_column(server_default="[]")
    is_active: Mapped[bool] = mapped_column(server_default="true")
    version: Mapped[int] = mapped_column(server_default="1")
    updated_at: Mapped[datetime]


class BlockedSender(Base):
    """An address (``who@example.org``) or a domain (``@example.org``) whose mails are kept in the ledger only."""

    __tablename__ = "blocked_senders"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    pattern: Mapped[str] = mapped_column(unique=True)
    reason: Mapped[str] = mapped_column(server_default="")
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    created_at: Mapped[datetime]

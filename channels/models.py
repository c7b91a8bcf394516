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

    ``settings`` of an e-mail account: ``{"imap": {...}, "smtp": {"host", "port", "user", "password", "tls"}}``.
    ``cursor`` of an IMAP account: ``{"uidvalidity": int, "last_uid": int}``.
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
    is_active: Mapped[bool] = mapped_column(server_default="true")
    last_success_at: Mapped[datetime | None]
    last_mail_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]


class InboundItem(Base):
    """One row of the ledger.

    ``state``: received (waits for processing), done, failed (could not be processed; a person sees it).
    ``outcome``: ticket, reply, duplicate, bounce, automatic, own_loop, blocked, unreadable, too_big, report.
    """

    __tablename__ = "inbound_items"
    __table_args__ = (
        UniqueConstraint("account_id", "provider_id", name="uq_inbound_items_account_provider"),
        CheckConstraint("state in ('received','done','failed')", name="state"),
        Index("ix_inbound_items_unfinished", "received_at", postgresql_where=text("state <> 'done'")),
        Index("ix_inbound_items_sha256", "sha256"),
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


class InboundRaw(Base):
    """The bytes of a ledger row, apart from it so that the ledger stays quick to read."""

    __tablename__ = "inbound_raw"

    item_id: Mapped[int] = mapped_column(ForeignKey("inbound_items.id", ondelete="CASCADE"), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)

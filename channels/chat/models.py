"""Tables of the chat: widgets, the visitors that their browsers keep a name of, conversations and their streams.

A conversation's words are messages of its ticket, as in every channel. The stream is what the visitor's browser gets:
numbered from 1 without a gap, since each number is taken under the lock of its conversation (``stream.py``), so a
browser that was away asks for everything after the last number it has.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.base import Base


class Widget(Base):
    """What a web site shows of us: one script tag with ``key``, and how the desk behaves behind it.

    ``hours``: name of the opening hours outside of which nobody chats; None: whenever an agent is there.
    ``origins``: sites that may show it (``https://shop.example``, ``https://*.shop.example``); none: no site may.
    ``texts``: language → its words (``WidgetTexts``). ``fields``: what is asked before a chat: ``name`` and ``email``,
    each off, optional or required. ``secret`` signs the site's own signed-in visitors; sealed. ``previous_secret``
    is still believed until ``previous_until``, so that a site can change it without a gap. ``socket_at`` and
    ``fallback_at``: when a visitor last came by WebSocket, and last had to do without (field 2.4.11).
    """

    __tablename__ = "widgets"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    account_id: Mapped[int] = mapped_column(ForeignKey("channel_accounts.id"), unique=True)
    origins: Mapped[list[str]] = mapped_column(server_default="{}")
    hue: Mapped[int] = mapped_column(server_default="268")
    texts: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    fields: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    secret: Mapped[str]
    previous_secret: Mapped[str | None]
    previous_until: Mapped[datetime | None]
    hours: Mapped[str | None]
    is_enabled: Mapped[bool] = mapped_column(server_default="true")
    socket_at: Mapped[datetime | None]
    fallback_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]


class ChatVisitor(Base):
    """A browser that has agreed to chat, or a person whom the customer's own site has vouched for.

    ``name_hash``: SHA-256 of the random name in an anonymous visitor's token. ``external_id``: the site's own id of a
    signed-in visitor. One of them is set, never both: who signs in is somebody else than the browser was before.
    """

    __tablename__ = "chat_visitors"
    __table_args__ = (
        UniqueConstraint("widget_id", "external_id", name="uq_chat_visitors_widget_external"),
        CheckConstraint("(name_hash is null) <> (external_id is null)", name="one_identity"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    widget_id: Mapped[int] = mapped_column(ForeignKey("widgets.id"))
    name_hash: Mapped[str | None] = mapped_column(unique=True)
    external_id: Mapped[str | None]
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    name: Mapped[str] = mapped_column(server_default="")
    email: Mapped[str | None]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class Chat(Base):
    """One conversation.

    ``email``: where it goes on when the visitor has left; what he typed is a claim, unlike what his site has signed
    (``is_signed``). ``seen_at``: the last sign of life of any of his tabs. ``left_at``: he has no tab open any more;
    ``gone_at``: and did not come back, so that answers go by mail. ``last_seq``: the newest number of the stream;
    ``acked_seq``: what his browser has got; ``read_seq``: what he has looked at; ``agent_seq``: what an agent has.
    """

    __tablename__ = "chats"
    __table_args__ = (
        CheckConstraint("state in ('open','ended')", name="state"),
        Index("ix_chats_ticket_id", "ticket_id"),
        Index("ix_chats_visitor_id", "visitor_id"),
        Index("uq_chats_visitor_open", "visitor_id", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_chats_present", "seen_at", postgresql_where=text("gone_at is null")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    widget_id: Mapped[int] = mapped_column(ForeignKey("widgets.id"))
    visitor_id: Mapped[int] = mapped_column(ForeignKey("chat_visitors.id"))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))
    state: Mapped[str] = mapped_column(server_default="open")
    name: Mapped[str] = mapped_column(server_default="")
    email: Mapped[str | None]
    is_signed: Mapped[bool] = mapped_column(server_default="false")
    language: Mapped[str] = mapped_column(server_default="en")
    time_zone: Mapped[str | None]
    page_url: Mapped[str] = mapped_column(server_default="")
    page_title: Mapped[str] = mapped_column(server_default="")
    last_seq: Mapped[int] = mapped_column(server_default="0")
    acked_seq: Mapped[int] = mapped_column(server_default="0")
    read_seq: Mapped[int] = mapped_column(server_default="0")
    agent_seq: Mapped[int] = mapped_column(server_default="0")
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    gone_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    rating: Mapped[int | None]
    rating_comment: Mapped[str] = mapped_column(server_default="")


class ChatItem(Base):
    """One numbered entry of a conversation's stream: ``said``, ``mailed``, ``ended`` or ``rated``."""

    __tablename__ = "chat_items"
    __table_args__ = (
        Index(
            "uq_chat_items_chat_message", "chat_id", "message_id", unique=True,
            postgresql_where=text("message_id is not null and kind = 'said'"),
        ),
        Index("uq_chat_items_chat_client_id", "chat_id", "client_id", unique=True,
              postgresql_where=text("client_id is not null")),
    )  # fmt: skip

    chat_id: Mapped[int] = mapped_column(ForeignKey("chats.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    at: Mapped[datetime]
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"))
    client_id: Mapped[str | None]
    data: Mapped[dict[str, Any]]

"""Tables of the desk's main thing: tickets, messages, attachments, drafts, deliveries, read marks.

What a list shows (last snippet, last activity, counts) is kept on the ticket row, so that a list is one query
without joins over messages (architecture: speed rules).
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.base import Base

LIVE = text("status in ('open', 'pending', 'on_hold')")


class Ticket(Base):
    """One matter of one customer.

    ``registration_id``: the registered product that it is about. ``entitlement…``: what its owner was entitled to when
    the ticket was opened, and why (``products/entitlement.py``); frozen, whatever becomes of the product later.
    ``due_at``: the next deadline, ``promise_due_at``: the next one that an agent has promised herself.
    ``no_reply_up_to_id``: the customer's messages up to this one need no answer (``tickets/no_reply.py``).
    """

    __tablename__ = "tickets"
    __table_args__ = (
        CheckConstraint("status in ('open','pending','on_hold','solved','closed')", name="status"),
        CheckConstraint("priority in ('low','normal','high','urgent')", name="priority"),
        Index("ix_tickets_team_status_activity", "team_id", "status", "last_activity_at", "id"),
        Index("ix_tickets_status_activity", "status", "last_activity_at", "id"),
        Index("ix_tickets_assignee_live", "assignee_id", "last_activity_at", "id", postgresql_where=LIVE),
        Index("ix_tickets_live_activity", "last_activity_at", "id", postgresql_where=LIVE),
        Index("ix_tickets_customer_id", "customer_id", "id"),
        Index("ix_tickets_tags", "tags", postgresql_using="gin"),
        Index("ix_tickets_subject_trgm", "subject", postgresql_using="gin", postgresql_ops={"subject": "gin_trgm_ops"}),
        Index("ix_tickets_due", "due_at", postgresql_where=text(f"due_at is not null and {LIVE.text}")),
        Index("ix_tickets_promise_due", "promise_due_at", postgresql_where=text("promise_due_at is not null")),
        Index("ix_tickets_registration_id", "registration_id", postgresql_where=text("registration_id is not null")),
        Index("ix_tickets_snoozed", "snoozed_until", postgresql_where=text("snoozed_until is not null")),
        # Most updates touch only unindexed columns; room on the page keeps them heap-only.
        {"postgresql_with": {"fillfactor": "80"}},
    )

    id: Mapped[int] = mapped_column(Identity(start=1001), primary_key=True)
    subject: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="open")
    priority: Mapped[str] = mapped_column(server_default="normal")
    channel: Mapped[str]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    account_id: Mapped[int | None]
    tags: Mapped[list[str]] = mapped_column(server_default="{}")
    created_at: Mapped[datetime]
    last_activity_at: Mapped[datetime]
    waiting_since: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    promise_due_at: Mapped[datetime | None]
    no_reply_up_to_id: Mapped[int | None]
    snoozed_until: Mapped[datetime | None]
    first_reply_at: Mapped[datetime | None]
    solved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    reopen_count: Mapped[int] = mapped_column(server_default="0")
    message_count: Mapped[int] = mapped_column(server_default="0")
    last_message_id: Mapped[int | None]
    last_customer_message_id: Mapped[int | None]
    snippet: Mapped[str] = mapped_column(server_default="")
    snippet_by: Mapped[str] = mapped_column(server_default="customer")
    failed_delivery: Mapped[bool] = mapped_column(server_default="false")
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))
    registration_id: Mapped[int | None] = mapped_column(ForeignKey("registrations.id"))
    entitlement: Mapped[str] = mapped_column(server_default="none")
    entitlement_reason: Mapped[str] = mapped_column(server_default="")
    entitlement_until: Mapped[date | None] = mapped_column(Date)
    form_answers: Mapped[list[Any]] = mapped_column(server_default="[]")
    version: Mapped[int] = mapped_column(server_default="1")


class Message(Base):
    """Something said in a ticket: by the customer, by an agent, between agents (note), or by the system.

    ``dated_at``: when its author says to have written it (``created_at``: when it came to us; the same for a mail of
    an imported mailbox). ``own_address``: the address of ours that it was written to, or that it leaves from.
    ``subject_changed``: the customer gave a running ticket another subject. ``sent_elsewhere``: an answer of ours
    that did not leave through the desk (a colleague's own mail program). ``forwarded_by_id``: the agent who forwarded
    the customer's mail to us. ``protection``: S/MIME or PGP, see ``channels/email/parsed.py``. ``authentication``:
    what the receiving server says of SPF, DKIM and DMARC. ``passed_on``: an agent forwarded something to a third
    person; that is no answer to the customer.
    """

    __tablename__ = "messages"
    __table_args__ = (
        CheckConstraint("kind in ('customer','agent','note','system')", name="kind"),
        Index("ix_messages_ticket_id_id", "ticket_id", "id"),
        Index("ix_messages_message_id_header", "message_id_header"),
        Index("ix_messages_in_reply_to", "in_reply_to", postgresql_where=text("in_reply_to is not null")),
        UniqueConstraint("author_agent_id", "client_key", name="uq_messages_author_client_key"),
        Index("ix_messages_mentions", "mentions", postgresql_using="gin", postgresql_where=text("mentions <> '{}'")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    kind: Mapped[str]
    channel: Mapped[str]
    author_agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    author_customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    author_name: Mapped[str]
    author_address: Mapped[str | None]
    subject: Mapped[str] = mapped_column(server_default="")
    text: Mapped[str]
    html: Mapped[str]
    quoted_text: Mapped[str] = mapped_column(server_default="")
    quoted_html: Mapped[str] = mapped_column(server_default="")
    to: Mapped[list[Any]] = mapped_column(server_default="[]")
    cc: Mapped[list[Any]] = mapped_column(server_default="[]")
    bcc: Mapped[list[Any]] = mapped_column(server_default="[]")
    message_id_header: Mapped[str | None]
    in_reply_to: Mapped[str | None]
    references: Mapped[list[str]] = mapped_column(server_default="{}")
    matched_by: Mapped[str | None]
    is_auto: Mapped[bool] = mapped_column(server_default="false")
    account_id: Mapped[int | None]
    inbound_item_id: Mapped[int | None]
    client_key: Mapped[str | None]
    mentions: Mapped[list[int]] = mapped_column(server_default="{}")
    language: Mapped[str | None]
    dated_at: Mapped[datetime | None]
    own_address: Mapped[str | None]
    is_list: Mapped[bool] = mapped_column(server_default="false")
    subject_changed: Mapped[bool] = mapped_column(server_default="false")
    sent_elsewhere: Mapped[bool] = mapped_column(server_default="false")
    forwarded_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    protection: Mapped[str] = mapped_column(server_default="")
    authentication: Mapped[dict[str, Any] | None]
    signature_html: Mapped[str] = mapped_column(server_default="")
    plain: Mapped[bool] = mapped_column(server_default="false")
    passed_on: Mapped[bool] = mapped_column(server_default="false")
    created_at: Mapped[datetime]


class Attachment(Base):
    """A file of a message; of nobody's yet while it is an upload or belongs to a draft.

    ``content_type`` is what the sender says, ``sniffed_type`` what the content shows (it decides how it is served).
    ``preview``: what can be shown without opening it, e.g. ``{"kind": "calendar", …}``.
    """

    __tablename__ = "attachments"
    __table_args__ = (
        Index("ix_attachments_message_id", "message_id"),
        Index("ix_attachments_draft_id", "draft_id", postgresql_where=text("draft_id is not null")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"))
    draft_id: Mapped[int | None] = mapped_column(ForeignKey("drafts.id", ondelete="SET NULL"))
    uploaded_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    name: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    storage_key: Mapped[str]
    disposition: Mapped[str] = mapped_column(server_default="attachment")
    content_id: Mapped[str | None]
    sniffed_type: Mapped[str | None]
    preview: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]


class Draft(Base):
    """What an agent has written and not sent, one per ticket, agent and mode."""

    __tablename__ = "drafts"
    __table_args__ = (
        UniqueConstraint("ticket_id", "agent_id", "mode", name="uq_drafts_ticket_agent_mode"),
        Index("ix_drafts_agent_id", "agent_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id"))
    mode: Mapped[str]
    html: Mapped[str]
    revision: Mapped[int]
    updated_at: Mapped[datetime]


class Delivery(Base):
    """The way of one outgoing message: written in the same transaction, sent by a worker, every state kept.

    ``unknown``: the provider may have it, for we died after handing it over. It is shown, never sent again blindly.
    ``scheduled``: its author wants it sent later; it is taken back when the customer writes first. ``warning``: what
    a server says of a mail that it still tries to deliver.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint(
            "state in ('queued','sending','sent','delivered','failed','unknown','bounced','cancelled')", name="state"
        ),
        Index("ix_deliveries_unfinished", "created_at", postgresql_where=text("state in ('queued','sending')")),
        Index("ix_deliveries_ticket_id", "ticket_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), unique=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    channel: Mapped[str]
    account_id: Mapped[int | None]
    state: Mapped[str] = mapped_column(server_default="queued")
    attempts: Mapped[int] = mapped_column(server_default="0")
    error: Mapped[str | None]
    provider_id: Mapped[str | None]
    send_at: Mapped[datetime]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]
    scheduled: Mapped[bool] = mapped_column(server_default="false")
    warning: Mapped[str | None]
    history: Mapped[list[Any]] = mapped_column(server_default="[]")


class ReadMark(Base):
    """How far an agent has read a ticket."""

    __tablename__ = "read_marks"

    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    message_id: Mapped[int]


class Participant(Base):
    """Somebody beside the customer who takes part in a ticket, by address (``tickets/participants.py``)."""

    __tablename__ = "ticket_participants"
    __table_args__ = (Index("ix_ticket_participants_address", "address"),)

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)
    added_at: Mapped[datetime]


class GuestLink(Base):
    """An address that opens one ticket without a sign-in (``tickets/guests.py``)."""

    __tablename__ = "guest_links"
    __table_args__ = (Index("ix_guest_links_ticket_id", "ticket_id"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Satisfaction(Base):
    """How content the customer of a ticket is; one row for each ticket (``tickets/satisfaction.py``).

    ``address``: where she was asked; None: she rated by herself. ``agent_id``, ``team_id``: who had the ticket then.
    """

    __tablename__ = "satisfaction"
    __table_args__ = (
        CheckConstraint("score between 1 and 5", name="score"),
        Index("ix_satisfaction_asked_at", "asked_at"),
        Index("ix_satisfaction_customer_id", "customer_id", "asked_at"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    address: Mapped[str | None]
    asked_at: Mapped[datetime]
    score: Mapped[int | None]
    reasons: Mapped[list[str]] = mapped_column(server_default="{}")
    comment: Mapped[str] = mapped_column(server_default="")
    answered_at: Mapped[datetime | None]
    changed_at: Mapped[datetime | None]

"""Tables of automation: rules, what each run did, which tickets a time rule has had, webhooks and their deliveries."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.base import Base
from core.events import Xid8


class RuleRow(Base):
    """A rule: when it looks, what must hold, what it does (``automation/rules.py`` reads the columns).

    ``position``: rules run in this order. ``excludes``: origins of changes it does not look at. ``rights``,
    ``team_ids``: what it may do, and on whose tickets (None: all); its own, whatever becomes of who wrote it. ``flag``:
    why it was switched off by itself. ``held_until``: a time rule that has done enough for one run waits until then.
    """

    __tablename__ = "rules"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    position: Mapped[int]
    is_enabled: Mapped[bool] = mapped_column(server_default="false")
    trigger: Mapped[dict[str, Any]]
    condition: Mapped[dict[str, Any]]
    actions: Mapped[list[Any]]
    excludes: Mapped[list[str]] = mapped_column(server_default="{}")
    rights: Mapped[list[str]] = mapped_column(server_default="{}")
    team_ids: Mapped[list[int] | None]
    flag: Mapped[str | None]
    held_until: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]


class RuleRun(Base):
    """What a rule did once, or why it was stopped.

    ``outcome``: ``acted``; ``failed``: nothing was changed; ``stopped``: by the guard against loops; ``capped``: a time
    rule has had enough tickets for one run. ``chain``: the rules that led to it, the first one first. ``xid``: of its
    transaction, by which events are known that it caused.
    """

    __tablename__ = "rule_runs"
    __table_args__ = (
        CheckConstraint("outcome in ('acted','failed','stopped','capped')", name="outcome"),
        Index("uq_rule_runs_rule_event", "rule_id", "event_id", unique=True),
        Index("ix_rule_runs_rule_id_id", "rule_id", "id"),
        Index("ix_rule_runs_ticket_id_at", "ticket_id", "at"),
        Index("ix_rule_runs_xid", "xid"),
        Index("ix_rule_runs_at", "at"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    rule_id: Mapped[int] = mapped_column(ForeignKey("rules.id", ondelete="CASCADE"))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    event_id: Mapped[int | None]
    at: Mapped[datetime]
    trigger: Mapped[str]
    outcome: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default="")
    answers: Mapped[list[Any]] = mapped_column(server_default="[]")
    effects: Mapped[list[Any]] = mapped_column(server_default="[]")
    chain: Mapped[list[int]] = mapped_column(server_default="{}")
    xid: Mapped[Any] = mapped_column(Xid8(), server_default=text("pg_current_xact_id()"))


class RuleMark(Base):
    """A ticket that a time rule has had, and since when the time ran that was over then."""

    __tablename__ = "rule_marks"
    __table_args__ = (Index("ix_rule_marks_ticket_id", "ticket_id"),)

    rule_id: Mapped[int] = mapped_column(ForeignKey("rules.id", ondelete="CASCADE"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    since: Mapped[datetime]


class AutomationCursor(Base):
    """How far the event log has been read for rules and webhooks (``automation/following.py``)."""

    __tablename__ = "automation_cursors"

    name: Mapped[str] = mapped_column(primary_key=True)
    xid: Mapped[int]
    event_id: Mapped[int]


class Webhook(Base):
    """A program elsewhere that is told of events.

    ``secret``: sealed (``core/vault.py``). ``failing_since``: the first failure since the last success. ``flag``: why
    it was switched off by itself.
    """

    __tablename__ = "webhooks"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    url: Mapped[str]
    kinds: Mapped[list[str]] = mapped_column(server_default="{}")
    secret: Mapped[str]
    is_enabled: Mapped[bool] = mapped_column(server_default="true")
    failing_since: Mapped[datetime | None]
    flag: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    changed_at: Mapped[datetime]


class WebhookDelivery(Base):
    """One thing that a webhook is told, until it has answered.

    ``body``: what is sent, to the letter, with every try. ``name``: the id that the receiver sees; the same again is
    the same thing. ``history``: the tries, each with time, status and what was answered.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        CheckConstraint("state in ('waiting','sending','done','failed')", name="state"),
        UniqueConstraint("webhook_id", "event_id", name="uq_webhook_deliveries_webhook_event"),
        Index("ix_webhook_deliveries_webhook_id_id", "webhook_id", "id"),
        Index("ix_webhook_deliveries_customer_id", "customer_id", postgresql_where=text("customer_id is not null")),
        Index("ix_webhook_deliveries_created_at", "created_at"),
        Index("ix_webhook_deliveries_finished", "changed_at", postgresql_where=text("state in ('done','failed')")),
        Index(
            "ix_webhook_deliveries_unfinished", "changed_at", postgresql_where=text("state in ('waiting','sending')")
        ),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    event_id: Mapped[int | None]
    ticket_id: Mapped[int | None]
    customer_id: Mapped[int | None]
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    body: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="waiting")
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_at: Mapped[datetime | None]
    status: Mapped[int | None]
    error: Mapped[str | None]
    history: Mapped[list[Any]] = mapped_column(server_default="[]")
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]

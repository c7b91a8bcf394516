"""Tables of routing: work items, presence of agents, every decision with its reasons, opening hours, response times.

The work item carries what the full engine needs (queue, skills, weight, original entry), so that the engine can
grow without rebuilding the table; today's router uses team, priority, weight and ``entered_at``.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.base import Base


class WorkItem(Base):
    """Something that needs an agent: one per ticket now, later also chats, calls and callbacks."""

    __tablename__ = "work_items"
    __table_args__ = (
        CheckConstraint("state in ('waiting','assigned','done')", name="state"),
        Index("ix_work_items_waiting", "team_id", "priority", "entered_at", postgresql_where=text("state = 'waiting'")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), unique=True)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    state: Mapped[str] = mapped_column(server_default="waiting")
    priority: Mapped[int] = mapped_column(server_default="0")
    weight: Mapped[int] = mapped_column(server_default="1")
    skills: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    preferred_agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    entered_at: Mapped[datetime]
    assigned_at: Mapped[datetime | None]


class Presence(Base):
    """Whether an agent is there. ``state`` is what she chose; no heartbeat for a while means offline."""

    __tablename__ = "presence"
    __table_args__ = (CheckConstraint("state in ('available','busy','break','offline')", name="state"),)

    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[str]
    reason: Mapped[str | None]
    since: Mapped[datetime]
    heartbeat_at: Mapped[datetime]
    last_assigned_at: Mapped[datetime | None]


class Decision(Base):
    """Why a work item went to somebody, or why it waits: every candidate with the reason against her."""

    __tablename__ = "routing_decisions"
    __table_args__ = (Index("ix_routing_decisions_ticket_id", "ticket_id", "id"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    trigger: Mapped[str]
    team_id: Mapped[int | None]
    chosen_agent_id: Mapped[int | None]
    reason: Mapped[str]
    candidates: Mapped[list[Any]]


class OpeningHours(Base):
    """When we are there, by name; ``default`` is the desk's own (``routing/hours.py`` reads the columns).

    ``weekly``: seven lists (Monday first) of windows ``[minute, minute]`` of the local day; one that goes over
    midnight ends beyond 1440. ``days``: date → name and windows of that day alone, none for a holiday.
    """

    __tablename__ = "opening_hours"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    time_zone: Mapped[str]
    weekly: Mapped[list[Any]]
    days: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    version: Mapped[int] = mapped_column(server_default=text("1"))
    updated_at: Mapped[datetime]


class SlaPolicy(Base):
    """What we promise for which tickets (``routing/policies.py``); None in a condition: whatever it is.

    ``targets``: kind of clock → minutes, and whether they are of opening hours (``hours``: which) or of the calendar.
    ``is_told``: customers see until when the first answer is promised.
    """

    __tablename__ = "sla_policies"
    __table_args__ = (
        Index("ix_sla_policies_requests", "entitlement", "priority", unique=True, postgresql_nulls_not_distinct=True),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    entitlement: Mapped[str | None]
    priority: Mapped[str | None]
    hours: Mapped[str] = mapped_column(server_default="default")
    targets: Mapped[dict[str, Any]]
    is_told: Mapped[bool] = mapped_column(server_default="false")
    version: Mapped[int] = mapped_column(server_default=text("1"))
    changed_at: Mapped[datetime]


class SlaClock(Base):
    """One promise about one ticket: since when it runs, until when, and how it ended (``routing/clocks.py``).

    What the policy said is kept here, so that a changed policy changes no promise by itself; it may be gone by now
    (``policy_id`` is no foreign key: to take a policy away nobody shall look through all clocks). ``pauses``:
    stretches ``[from, until]`` that do not count; ``paused_at``: the one that goes on. ``due_at``: None while it is
    paused, unless it was missed before. ``breached_at``: the deadline that was missed; it stays whatever comes later.
    ``ended_at``: since when nothing is promised any more about what was missed. The kinds ``next_response``,
    ``call_answer`` and ``promise`` are for what is still to come.
    """

    __tablename__ = "sla_clocks"
    __table_args__ = (
        CheckConstraint("kind in ('first_response','next_response','resolution','call_answer','promise')", name="kind"),
        UniqueConstraint("ticket_id", "kind", "started_at", name="uq_sla_clocks_ticket_kind_start"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    kind: Mapped[str]
    policy_id: Mapped[int | None]
    policy: Mapped[str]
    reason: Mapped[str]
    minutes: Mapped[int]
    business: Mapped[bool]
    hours: Mapped[str]
    is_told: Mapped[bool]
    started_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    pauses: Mapped[list[Any]] = mapped_column(server_default="[]")
    met_at: Mapped[datetime | None]
    breached_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

"""Tables of routing: work items that wait or are owned, presence of agents, and every decision with its reasons.

The work item carries what the full engine needs (queue, skills, weight, original entry), so that the engine can
grow without rebuilding the table; today's router uses team, priority, weight and ``entered_at``.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, text
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

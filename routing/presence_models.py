"""Tables beside presence: an agent's open windows, the reasons for a break, and the links of wallboards."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from core.base import Base


class PresenceTab(Base):
    """One open window of an agent. ``active_at``: when she last pressed a key or moved the pointer in it."""

    __tablename__ = "presence_tabs"
    __table_args__ = (Index("ix_presence_tabs_agent_id", "agent_id"),)

    tab: Mapped[str] = mapped_column(primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    session_id: Mapped[int | None]
    heartbeat_at: Mapped[datetime]
    active_at: Mapped[datetime]


class PresenceReason(Base):
    """Why an agent takes no new work. ``key`` names one that the product brings, until somebody renames it."""

    __tablename__ = "presence_reasons"
    __table_args__ = (CheckConstraint("state in ('break','busy')", name="state"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    key: Mapped[str | None]
    name: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str]
    position: Mapped[int]
    created_at: Mapped[datetime]


class Wallboard(Base):
    """A link that shows figures on a television without a sign-in. Only the SHA-256 of its token is kept."""

    __tablename__ = "wallboards"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

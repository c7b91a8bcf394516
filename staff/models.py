"""Tables of our own people: roles, agents, teams, sign-in sessions and sign-in attempts."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.base import Base


class Role(Base):
    """A named set of permissions."""

    __tablename__ = "roles"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    permissions: Mapped[list[str]]


class Agent(Base):
    """Somebody who works at the desk.

    ``notify``: what she wants a mail for: ``assigned``, ``customer_wrote``, ``mentioned``, ``review``, ``late`` (true
    or absent; ``review`` is false for who does not want it, absent for who has not chosen).
    ``address_failed``: why mails to her come back.
    """

    __tablename__ = "agents"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    password_hash: Mapped[str]
    role_id: Mapped[int] = mapped_column(ForeignKey("roles.id"))
    is_active: Mapped[bool] = mapped_column(server_default="true")
    locale: Mapped[str] = mapped_column(server_default="en")
    theme: Mapped[str] = mapped_column(server_default="system")
    single_keys: Mapped[bool] = mapped_column(server_default="true")
    time_zone: Mapped[str] = mapped_column(server_default="Asia/Kolkata")
    signature: Mapped[str] = mapped_column(server_default="")
    notify: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    address_failed: Mapped[str | None]
    capacity: Mapped[int]
    created_at: Mapped[datetime]

    __table_args__ = (Index("uq_agents_email_lower", text("lower(email)"), unique=True),)


class Team(Base):
    """A group of agents that owns tickets together."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]


class TeamMember(Base):
    """Membership of an agent in a team."""

    __tablename__ = "team_members"
    __table_args__ = (Index("ix_team_members_agent_id", "agent_id"),)

    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True)


class Session(Base):
    """A sign-in. Only the SHA-256 of the cookie's token is kept, so a stolen table signs nobody in."""

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_agent_id", "agent_id"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ip: Mapped[str]
    user_agent: Mapped[str]


class LoginAttempt(Base):
    """A try to sign in; the rows are counted to slow down guessing (per address and per IP)."""

    __tablename__ = "login_attempts"
    __table_args__ = (Index("ix_login_attempts_email_at", "email", "at"), Index("ix_login_attempts_ip_at", "ip", "at"))

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    email: Mapped[str]
    ip: Mapped[str]
    at: Mapped[datetime]
    succeeded: Mapped[bool]


class Macro(Base):
    """A canned reply; ``actions`` will carry what it changes on the ticket."""

    __tablename__ = "macros"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    html: Mapped[str]
    actions: Mapped[list[Any]] = mapped_column(server_default="[]")


class MacroUse(Base):
    """An answer (a plain number here) in which words of a macro stood when it was sent, and when it leaves."""

    __tablename__ = "macro_uses"
    __table_args__ = (
        UniqueConstraint("macro_id", "message_id", name="uq_macro_uses_macro_message"),
        Index("ix_macro_uses_at", "at"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    macro_id: Mapped[int] = mapped_column(ForeignKey("macros.id", ondelete="CASCADE"))
    ticket_id: Mapped[int]
    message_id: Mapped[int]
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    at: Mapped[datetime]


class ApiKey(Base):
    """A key of a program. Only its SHA-256 is kept; ``prefix`` is what people know it by."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    prefix: Mapped[str]
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[list[str]]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

"""Sign-in sessions: an own table, because the cookie's token must be ours, new at each sign-in, and revocable.

The cookie holds 256 random bits, the table their SHA-256. ``agent_ui/auth.py`` asks :func:`find` once per request
(one query gives the session and the actor with role and teams). Ending sessions records :class:`SessionEnded`, which
closes their live sockets in every process.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.actor import Actor, ActorKind
from core.db import Database
from staff.events import SessionEnded
from staff.models import Session

SEEN_EVERY: Final = timedelta(minutes=5)
TOKEN_BYTES: Final = 32


class SignedInSession(msgspec.Struct, frozen=True):
    """A valid session with whose it is.

    Attributes:
        id: the session's id.
        actor: the agent with her permissions and teams as they are now.
        last_seen_at: when it was last written as used; may lag by :data:`SEEN_EVERY`.
        expires_at: when it ends unless it is used.
    """

    id: int
    actor: Actor
    last_seen_at: datetime
    expires_at: datetime


def token_hash(token: str) -> bytes:
    """What the table knows of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


async def start(session: AsyncSession, agent_id: int, ip: str, user_agent: str, days: int) -> tuple[int, str]:
    """Begin a session with a token made now, whatever the browser brought. Forgets the agent's expired ones.

    Returns:
        The session's id, and the token for the cookie. It is kept nowhere else.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    now = clock.now()
    await session.execute(delete(Session).where(Session.agent_id == agent_id, Session.expires_at <= now))
    row = Session(
        token_hash=token_hash(token),
        agent_id=agent_id,
        created_at=now,
        last_seen_at=now,
        expires_at=now + timedelta(days=days),
        ip=ip,
        user_agent=user_agent[:300],
    )
    session.add(row)
    await session.flush()
    return row.id, token


_FIND: Final = """
    select s.id, s.last_seen_at, s.expires_at, a.id, a.name, r.permissions,
           array(select m.team_id from team_members m where m.agent_id = a.id order by m.team_id)
    from sessions s join agents a on a.id = s.agent_id join roles r on r.id = a.role_id
    where s.token_hash = $1 and s.expires_at > $2 and a.is_active
"""


async def find(db: Database, token: str) -> SignedInSession | None:
    """The session of a cookie's token with its actor, in one query; None when it has ended or never was."""
    rows = await db.fetch(_FIND, token_hash(token), clock.now())
    if not rows:
        return None
    session_id, last_seen_at, expires_at, agent_id, name, permissions, team_ids = rows[0]
    actor = Actor(ActorKind.AGENT, agent_id, name, frozenset(permissions), tuple(team_ids))
    return SignedInSession(session_id, actor, last_seen_at, expires_at)


def is_due(found: SignedInSession) -> bool:
    """Whether the last use should be written again."""
    return clock.now() - found.last_seen_at >= SEEN_EVERY


async def touch(session: AsyncSession, session_id: int, days: int) -> None:
    """Write that a session is in use, and move its end. The condition lets one of many requests do it."""
    now = clock.now()
    await session.execute(
        update(Session)
        .where(Session.id == session_id, Session.last_seen_at <= now - SEEN_EVERY)
        .values(last_seen_at=now, expires_at=now + timedelta(days=days))
    )


async def end(session: AsyncSession, session_id: int, reason: str = "signed out") -> None:
    """End one session."""
    gone = await session.execute(delete(Session).where(Session.id == session_id).returning(Session.agent_id))
    for (agent_id,) in gone:
        _record_end(session, agent_id, (session_id,), reason)


async def end_all(session: AsyncSession, agent_id: int, reason: str) -> int:
    """End all sessions of an agent; returns how many there were."""
    gone = await session.scalars(delete(Session).where(Session.agent_id == agent_id).returning(Session.id))
    ids = tuple(gone)
    if ids:
        _record_end(session, agent_id, ids, reason)
    return len(ids)


def _record_end(session: AsyncSession, agent_id: int, ids: tuple[int, ...], reason: str) -> None:
    event = SessionEnded(agents=(agent_id,), private=True, agent_id=agent_id, session_ids=ids, reason=reason)
    events.record(session, event)


async def list_of(session: AsyncSession, agent_id: int) -> list[Session]:
    """The running sessions of an agent, last used first."""
    statement = (
        select(Session)
        .where(Session.agent_id == agent_id, Session.expires_at > clock.now())
        .order_by(Session.last_seen_at.desc())
    )
    return list(await session.scalars(statement))

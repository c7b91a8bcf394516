"""Keys of programs: a shop system or an integrator asks the API without a person who signs in.

A key holds the few permissions that it was made with, never more than :data:`SCOPES`, sees no tickets, and is shown
once: the table knows its SHA-256 and the first letters, by which people tell keys apart. ``agent_ui/auth.py`` asks
:func:`find` for each request with ``Authorization: Bearer …`` (RFC 6750).
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.actor import Actor, ActorKind
from core.db import Database, actor_of
from core.errors import Invalid, NotFound
from staff.events import ApiKeyCreated, ApiKeyRevoked
from staff.models import ApiKey

SCOPES: Final = ("products:read", "products:register", "products:manage", "orders:write", "customers:read")
PREFIX: Final = "spk_"
SHOWN: Final = 10
USED_EVERY: Final = timedelta(minutes=5)
LONGEST: Final = 128


class KeyHolder(msgspec.Struct, frozen=True):
    """A program that has shown a valid key. ``last_used_at`` may lag by :data:`USED_EVERY`."""

    id: int
    actor: Actor
    last_used_at: datetime | None


def key_hash(token: str) -> bytes:
    """What the table knows of a key."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


async def create(session: AsyncSession, name: str, scopes: list[str]) -> tuple[ApiKey, str]:
    """Make a key.

    Args:
        session: the unit of work.
        name: of the program, as it stands in histories.
        scopes: what it may do.

    Returns:
        The row, and the key itself, which is kept nowhere else.

    Raises:
        Invalid: no name, or a permission that keys cannot have.
    """
    known = " ".join(name.split())
    if not known or len(known) > 80:
        raise Invalid.field("name", "A name of at most 80 characters is needed.")
    if not scopes or set(scopes) - set(SCOPES):
        raise Invalid.field("scopes", f"Choose among {', '.join(SCOPES)}.")
    token = PREFIX + secrets.token_urlsafe(32)
    made = ApiKey(
        name=known,
        prefix=token[:SHOWN],
        key_hash=key_hash(token),
        scopes=[scope for scope in SCOPES if scope in scopes],
        created_by_id=actor_of(session).id,
        created_at=clock.now(),
    )
    session.add(made)
    await session.flush()
    events.record(session, ApiKeyCreated(key_id=made.id, name=known, scopes=made.scopes))
    return made, token


async def every(session: AsyncSession) -> list[ApiKey]:
    """All keys, newest first; revoked ones stay for the record."""
    return list(await session.scalars(select(ApiKey).order_by(ApiKey.id.desc())))


async def revoke(session: AsyncSession, key_id: int) -> None:
    """End a key; from the next request on it opens nothing.

    Raises:
        NotFound: there is none with this id.
    """
    found = await session.get(ApiKey, key_id, with_for_update=True)
    if found is None:
        raise NotFound("There is no such key.")
    if found.revoked_at is None:
        found.revoked_at = clock.now()
        events.record(session, ApiKeyRevoked(key_id=found.id, name=found.name))


_FIND: Final = "select id, name, scopes, last_used_at from api_keys where key_hash = $1 and revoked_at is null"


async def find(db: Database, token: str) -> KeyHolder | None:
    """Who shows this key; None when it is none of ours or was revoked."""
    if not token.startswith(PREFIX) or len(token) > LONGEST:
        return None
    rows = await db.fetch(_FIND, key_hash(token))
    if not rows:
        return None
    key_id, name, scopes, last_used_at = rows[0]
    return KeyHolder(key_id, Actor(ActorKind.AGENT, None, name, frozenset(scopes)), last_used_at)


def is_due(found: KeyHolder) -> bool:
    """Whether its last use should be written again."""
    return found.last_used_at is None or clock.now() - found.last_used_at >= USED_EVERY


async def touch(session: AsyncSession, key_id: int) -> None:
    """Write that a key is in use."""
    await session.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=clock.now()))

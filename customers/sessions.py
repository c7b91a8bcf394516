"""Sessions of customers on the portal; the agents' are ``staff/sessions``.

The cookie holds 256 random bits, the table their SHA-256. ``portal/auth.py`` asks :func:`find` once per request that
brings a cookie. A token is made new at each sign-in, whatever the browser brought.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.actor import Actor, ActorKind
from core.db import Database
from customers.events import CustomerSignedOut
from customers.models import CustomerSession

SEEN_EVERY: Final = timedelta(minutes=5)
TOKEN_BYTES: Final = 32


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A customer who is signed in.

    Attributes:
        session_id: her session.
        customer_id: herself.
        name: as she is called.
        contact: the address that she proved; what she writes comes from it.
        language: of her profile; None when nobody has said.
        time_zone: of her profile.
        organisation_id: the organisation she belongs to.
        is_manager: she sees what its other people asked.
        last_seen_at: when it was last written as used.
    """

    session_id: int
    customer_id: int
    name: str
    contact: str
    language: str | None
    time_zone: str | None
    organisation_id: int | None
    is_manager: bool
    last_seen_at: datetime

    @property
    def actor(self) -> Actor:
        """Herself, for everything that is done on her behalf."""
        managed = self.organisation_id if self.is_manager else None
        return Actor(ActorKind.CUSTOMER, self.customer_id, self.name, organisation_id=managed)


def token_hash(token: str) -> bytes:
    """What the tables know of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


async def start(
    session: AsyncSession, customer_id: int, contact: str, ip: str, user_agent: str, days: int
) -> tuple[int, str]:
    """Begin a session; forgets the customer's expired ones.

    Returns:
        Its id, and the token for the cookie. It is kept nowhere else.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    now = clock.now()
    mine = CustomerSession.customer_id == customer_id
    await session.execute(delete(CustomerSession).where(mine, CustomerSession.expires_at <= now))
    row = CustomerSession(
        token_hash=token_hash(token),
        customer_id=customer_id,
        contact=contact,
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
    select s.id, c.id, c.name, s.contact, c.language, c.time_zone, c.organisation_id, c.manages_organisation,
        s.last_seen_at
    from customer_sessions s join customers o on o.id = s.customer_id
        join customers c on c.id = coalesce(o.merged_into_id, o.id)
    where s.token_hash = $1 and s.expires_at > $2
"""


async def find(db: Database, token: str) -> SignedIn | None:
    """Who is signed in with a cookie's token, in one query; None when the session has ended or never was."""
    rows = await db.fetch(_FIND, token_hash(token), clock.now())
    if not rows:
        return None
    row = rows[0]
    return SignedIn(
        session_id=row[0],
        customer_id=row[1],
        name=row[2],
        contact=row[3],
        language=row[4],
        time_zone=row[5],
        organisation_id=row[6],
        is_manager=row[7],
        last_seen_at=row[8],
    )


def is_due(found: SignedIn) -> bool:
    """Whether the last use should be written again."""
    return clock.now() - found.last_seen_at >= SEEN_EVERY


async def touch(session: AsyncSession, session_id: int, days: int) -> None:
    """Write that a session is in use, and move its end. The condition lets one of many requests do it."""
    now = clock.now()
    await session.execute(
        update(CustomerSession)
        .where(CustomerSession.id == session_id, CustomerSession.last_seen_at <= now - SEEN_EVERY)
        .values(last_seen_at=now, expires_at=now + timedelta(days=days))
    )


async def end(session: AsyncSession, session_id: int, reason: str = "signed out") -> None:
    """End one session."""
    gone = await session.execute(
        delete(CustomerSession).where(CustomerSession.id == session_id).returning(CustomerSession.customer_id)
    )
    for (customer_id,) in gone:
        _record(session, customer_id, (session_id,), reason)


async def end_all(session: AsyncSession, customer_id: int, reason: str) -> int:
    """End all sessions of a customer; returns how many there were."""
    mine = CustomerSession.customer_id == customer_id
    ids = tuple(await session.scalars(delete(CustomerSession).where(mine).returning(CustomerSession.id)))
    if ids:
        _record(session, customer_id, ids, reason)
    return len(ids)


async def end_of_contact(session: AsyncSession, customer_id: int, contact: str, reason: str) -> None:
    """End the sessions that a customer has begun by proving one of her addresses: it is hers no longer."""
    theirs = CustomerSession.customer_id == customer_id, CustomerSession.contact == contact
    ids = tuple(await session.scalars(delete(CustomerSession).where(*theirs).returning(CustomerSession.id)))
    if ids:
        _record(session, customer_id, ids, reason)


def _record(session: AsyncSession, customer_id: int, ids: tuple[int, ...], reason: str) -> None:
    events.record(session, CustomerSignedOut(customer_id=customer_id, session_ids=ids, reason=reason))

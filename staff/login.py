"""Sign-in: address and password become a session, and guessing is slowed down.

Called by ``agent_ui/api/session.py``. Failed tries are rows, counted over :data:`WINDOW`:

* :data:`PAIR_LIMIT` failures of one address from one place refuse that address *from that place* only, so nobody can
  lock a colleague out from elsewhere;
* :data:`PLACE_LIMIT` failures of one place over all addresses refuse the place, except for addresses that have
  signed in from there lately (an office behind one address keeps working while one of its machines guesses).

A try is written before the password is looked at, in its own unit of work: a hundred tries at once count as a hundred.
"""

import ipaddress
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import delete, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.actor import Actor, ActorKind
from core.db import Database, unit_of_work
from staff import passwords, sessions
from staff.errors import BadCredentials, TooManyTries
from staff.events import SignedIn, SignInRefused
from staff.models import Agent, LoginAttempt

WINDOW: Final = timedelta(minutes=15)
PAIR_LIMIT: Final = 5
PLACE_LIMIT: Final = 50
KNOWN_FOR: Final = timedelta(days=30)


class Place(msgspec.Struct, frozen=True):
    """Where a sign-in comes from.

    Attributes:
        ip: the client's address, after trusted proxies.
        user_agent: what the browser says it is.
    """

    ip: str
    user_agent: str = ""

    @property
    def network(self) -> str:
        """What is counted: an IPv4 address, or the /64 network of an IPv6 one (which one person owns whole)."""
        try:
            address = ipaddress.ip_address(self.ip)
        except ValueError:
            return self.ip[:64]
        if address.version == 6:
            return str(ipaddress.ip_network((address, 64), strict=False))
        return str(address)


class SignIn(msgspec.Struct, frozen=True):
    """What a successful sign-in gives: the agent's id and the token for the cookie."""

    agent_id: int
    session_id: int
    token: str


async def sign_in(db: Database, email: str, password: str, place: Place, days: int) -> SignIn:
    """Check address and password, and begin a session.

    Args:
        db: units of work of its own, because a refused try must stay written.
        email: as typed; case and spaces around it do not matter.
        password: as typed.
        place: where it comes from.
        days: days until an unused session ends.

    Raises:
        TooManyTries: this place has failed too often.
        BadCredentials: they do not belong together, or the agent is not active.
    """
    email = email.strip().lower()[:254]
    attempt_id = await _admit(db, email, place)
    async with unit_of_work(db) as session:
        agent = (
            await session.execute(
                select(Agent.id, Agent.name, Agent.password_hash, Agent.is_active).where(
                    func.lower(Agent.email) == email
                )
            )
        ).one_or_none()
    valid, better = await passwords.verify(password, agent.password_hash if agent else None)
    if agent is None or not valid or not agent.is_active:
        await _refuse(db, agent.id if agent else None, place, "inactive" if valid else "wrong password")
        raise BadCredentials
    actor = Actor(ActorKind.AGENT, agent.id, agent.name)
    async with unit_of_work(db, actor) as session:
        await _confirm(session, agent.id, agent.password_hash, better)
        session_id, token = await sessions.start(session, agent.id, place.ip, place.user_agent, days)
        await _settle(session, attempt_id, email, place)
        events.record(
            session,
            SignedIn(
                agents=(agent.id,),
                private=True,
                agent_id=agent.id,
                session_id=session_id,
                ip=place.ip,
                user_agent=place.user_agent[:300],
            ),
        )
    return SignIn(agent.id, session_id, token)


async def _admit(db: Database, email: str, place: Place) -> int:
    """Count what this place has failed at, and write the try as failed until it is known better.

    Raises:
        TooManyTries: it was too often; the try is not written, so it does not lengthen the wait.
    """
    async with unit_of_work(db) as session:
        # One place at a time, so that tries sent at once see one another.
        key = f"sign-in:{place.network}"
        await session.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 12))"), {"key": key})
        await _check_pair(session, email, place)
        await _check_place(session, email, place)
        attempt = LoginAttempt(email=email, ip=place.network, at=clock.now(), succeeded=False)
        session.add(attempt)
        await session.flush()
        return attempt.id


async def _check_pair(session: AsyncSession, email: str, place: Place) -> None:
    """Refuse an address that has failed too often from here since it last succeeded."""
    mine = (LoginAttempt.email == email, LoginAttempt.ip == place.network)
    success = select(func.max(LoginAttempt.id)).where(*mine, LoginAttempt.succeeded).scalar_subquery()
    since = clock.now() - WINDOW
    failed = list(
        await session.scalars(
            select(LoginAttempt.at)
            .where(*mine, ~LoginAttempt.succeeded, LoginAttempt.at > since)
            .where(or_(success.is_(None), LoginAttempt.id > success))
            .order_by(LoginAttempt.at)
        )
    )
    if len(failed) >= PAIR_LIMIT:
        raise _too_many(failed[len(failed) - PAIR_LIMIT])


async def _check_place(session: AsyncSession, email: str, place: Place) -> None:
    """Refuse a place that has failed too often, unless this address is at home there."""
    now = clock.now()
    here = LoginAttempt.ip == place.network
    failed = list(
        await session.scalars(
            select(LoginAttempt.at)
            .where(here, ~LoginAttempt.succeeded, LoginAttempt.at > now - WINDOW)
            .order_by(LoginAttempt.at.desc())
            .limit(PLACE_LIMIT)
        )
    )
    if len(failed) < PLACE_LIMIT:
        return
    at_home = select(LoginAttempt.id).where(
        here, LoginAttempt.email == email, LoginAttempt.succeeded, LoginAttempt.at > now - KNOWN_FOR
    )
    if await session.scalar(at_home.limit(1)) is None:
        raise _too_many(failed[-1])


def _too_many(oldest: datetime) -> TooManyTries:
    seconds = max(1, int((oldest + WINDOW - clock.now()).total_seconds()) + 1)
    minutes = -(-seconds // 60)
    return TooManyTries(f"Please wait {minutes} minute{'s' if minutes > 1 else ''} and try again.", retry_after=seconds)


async def _refuse(db: Database, agent_id: int | None, place: Place, reason: str) -> None:
    if agent_id is None:
        return
    async with unit_of_work(db) as session:
        event = SignInRefused(agents=(agent_id,), private=True, agent_id=agent_id, ip=place.ip, reason=reason)
        events.record(session, event)


async def _confirm(session: AsyncSession, agent_id: int, checked_hash: str, better: str | None) -> None:
    """Hold the agent's row: a password changed or an account closed while we were hashing must win.

    Raises:
        BadCredentials: it was.
    """
    same = select(Agent).where(Agent.id == agent_id, Agent.password_hash == checked_hash, Agent.is_active)
    agent = await session.scalar(same.with_for_update())
    if agent is None:
        raise BadCredentials
    if better is not None:
        agent.password_hash = better


async def _settle(session: AsyncSession, attempt_id: int, email: str, place: Place) -> None:
    """Mark the try as succeeded and forget what is too old to count for anything."""
    await session.execute(update(LoginAttempt).where(LoginAttempt.id == attempt_id).values(succeeded=True))
    old = LoginAttempt.at < clock.now() - KNOWN_FOR
    ours = or_(LoginAttempt.email == email, LoginAttempt.ip == place.network)
    await session.execute(delete(LoginAttempt).where(ours, old))

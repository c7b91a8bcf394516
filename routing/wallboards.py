"""Links that show the desk's figures on a television: made, looked up, revoked.

A link's token is shown once; the table knows its SHA-256. Whoever holds it reads the figures of
``routing/wallboard.py`` and nothing else, until somebody revokes it.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.db import actor_of
from core.errors import Invalid, NotFound
from routing.events import WallboardChanged
from routing.presence_models import Wallboard

PREFIX: Final = "spw_"
LONGEST: Final = 128
LONGEST_NAME: Final = 60
SEEN_EVERY: Final = timedelta(minutes=5)


def token_hash(token: str) -> bytes:
    """What the table knows of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


async def create(session: AsyncSession, name: str, team_id: int | None) -> tuple[Wallboard, str]:
    """Make a link, for the whole desk or for one team.

    Returns:
        The row, and the token, which is kept nowhere else.

    Raises:
        Invalid: no name, or no such team.
    """
    wanted = " ".join(name.split())
    if not wanted or len(wanted) > LONGEST_NAME:
        raise Invalid.field("name", f"A name of at most {LONGEST_NAME} letters is needed.")
    if team_id is not None and not await session.scalar(text("select 1 from teams where id = :id"), {"id": team_id}):
        raise Invalid.field("teamId", "There is no such team.")
    token = PREFIX + secrets.token_urlsafe(32)
    made = Wallboard(
        name=wanted,
        team_id=team_id,
        token_hash=token_hash(token),
        created_by_id=actor_of(session).id,
        created_at=clock.now(),
    )
    session.add(made)
    await session.flush()
    events.record(session, WallboardChanged(wallboard_id=made.id, name=wanted, is_revoked=False))
    return made, token


async def every(session: AsyncSession) -> list[Wallboard]:
    """All links that still open something, newest first."""
    statement = select(Wallboard).where(Wallboard.revoked_at.is_(None)).order_by(Wallboard.id.desc())
    return list(await session.scalars(statement))


async def revoke(session: AsyncSession, wallboard_id: int) -> None:
    """End a link: the televisions that show it say so at their next look.

    Raises:
        NotFound: there is none with this id.
    """
    found = await session.get(Wallboard, wallboard_id, with_for_update=True)
    if found is None:
        raise NotFound("There is no such wallboard.")
    if found.revoked_at is None:
        found.revoked_at = clock.now()
        events.record(session, WallboardChanged(wallboard_id=found.id, name=found.name, is_revoked=True))


async def find(session: AsyncSession, token: str) -> Wallboard:
    """What a token opens.

    Raises:
        NotFound: it is none of ours, or was revoked.
    """
    known = token.startswith(PREFIX) and len(token) <= LONGEST
    statement = select(Wallboard).where(Wallboard.token_hash == token_hash(token), Wallboard.revoked_at.is_(None))
    found = await session.scalar(statement) if known else None
    if found is None:
        raise NotFound("This link opens nothing any more.")
    return found


def is_due(seen_at: datetime | None) -> bool:
    """Whether its last use should be written again."""
    return seen_at is None or clock.now() - seen_at >= SEEN_EVERY


async def touch(session: AsyncSession, wallboard_id: int) -> None:
    """Write that a link is in use."""
    now = {"now": clock.now(), "id": wallboard_id}
    await session.execute(text("update wallboards set seen_at = :now where id = :id"), now)

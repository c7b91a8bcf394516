"""What the desk says about presence: the reasons for taking no new work, when somebody is idle, how long a wrap-up is.

Changed by administrators (``agent_ui/api/presence.py``); ``routing/presence.py`` goes by it.
"""

from typing import Annotated, Final, Literal

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events, options
from core.errors import Invalid, NotFound
from routing.events import PresenceReasonsChanged
from routing.presence_models import PresenceReason

NAME: Final = "presence"
MOST_REASONS: Final = 30
LONGEST_NAME: Final = 60


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The desk's choices.

    Attributes:
        idle_minutes: an available agent who touches nothing for so long takes a break by herself; None: never.
        wrap_up_seconds: so long a wrap-up lasts at most.
        after_chats: a solved conversation begins one.
        after_calls: an ended call begins one.
    """

    idle_minutes: Annotated[int, msgspec.Meta(ge=5, le=1440)] | None = None
    wrap_up_seconds: Annotated[int, msgspec.Meta(ge=10, le=3600)] = 120
    after_chats: bool = False
    after_calls: bool = True


async def read(session: AsyncSession) -> Rules:
    """The choices as they are now."""
    return await options.read(session, NAME, Rules)


async def write(session: AsyncSession, chosen: Rules) -> None:
    """Choose anew.

    Raises:
        Invalid: a value is out of bounds.
    """
    await options.write(session, NAME, chosen)


async def reasons(session: AsyncSession) -> list[PresenceReason]:
    """Why agents take no new work, in the order in which they are offered."""
    return list(await session.scalars(select(PresenceReason).order_by(PresenceReason.position, PresenceReason.id)))


async def add(session: AsyncSession, name: str, state: Literal["break", "busy"]) -> PresenceReason:
    """Offer one more reason, as the last one.

    Raises:
        Invalid: no name, or there is one of that name, or too many.
    """
    known = await reasons(session)
    if len(known) >= MOST_REASONS:
        raise Invalid.field("name", f"At most {MOST_REASONS} reasons have room.")
    last = await session.scalar(select(func.max(PresenceReason.position)))
    made = PresenceReason(
        name=_checked(known, name, None), state=state, position=(last or 0) + 1, created_at=clock.now()
    )
    session.add(made)
    await session.flush()
    _record(session, made.id, None, made.name)
    return made


async def change(
    session: AsyncSession, reason_id: int, name: str | None, state: Literal["break", "busy"] | None
) -> PresenceReason:
    """Give a reason another name or state; what stands in histories stays.

    Raises:
        NotFound: there is none with this id.
        Invalid: no name, or there is one of that name.
    """
    found = await _get(session, reason_id)
    before = found.name
    if name is not None and name != found.name:
        found.name, found.key = _checked(await reasons(session), name, reason_id), None
    found.state = state or found.state
    await session.flush()
    _record(session, found.id, before, found.name)
    return found


async def remove(session: AsyncSession, reason_id: int) -> None:
    """Offer a reason no more.

    Raises:
        NotFound: there is none with this id.
    """
    found = await _get(session, reason_id)
    await session.delete(found)
    _record(session, found.id, found.name, None)


async def sort(session: AsyncSession, order: list[int]) -> None:
    """Offer the reasons in this order; those that are not named come last."""
    places = {reason_id: place for place, reason_id in enumerate(order)}
    for each in await reasons(session):
        each.position = places.get(each.id, len(places) + each.position)
    _record(session, 0, None, None)


async def _get(session: AsyncSession, reason_id: int) -> PresenceReason:
    found = await session.get(PresenceReason, reason_id, with_for_update=True)
    if found is None:
        raise NotFound("There is no such reason.")
    return found


def _checked(known: list[PresenceReason], name: str, own_id: int | None) -> str:
    wanted = " ".join(name.split())
    if not wanted or len(wanted) > LONGEST_NAME:
        raise Invalid.field("name", f"A name of at most {LONGEST_NAME} letters is needed.")
    if any(each.name.lower() == wanted.lower() and each.id != own_id for each in known):
        raise Invalid.field("name", "There is a reason of this name already.")
    return wanted


def _record(session: AsyncSession, reason_id: int, before: str | None, after: str | None) -> None:
    events.record(session, PresenceReasonsChanged(reason_id=reason_id, before=before, after=after))

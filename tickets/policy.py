"""What customers are shown and may do on the portal, as far as the desk can choose it (``core/options``)."""

from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, options

NAME: Final = "portal"
Days = Annotated[int, msgspec.Meta(ge=0, le=3650)]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """The desk's choices.

    Attributes:
        agent_names: how customers see who answers: ``full`` name, ``first`` name, or the ``team`` only.
        reopen_days: so long after its solution a request is opened again by an answer on the portal; later the
            answer opens a new, linked one.
        guest_links: acknowledgements and thanks pages carry an address that opens the one request without a sign-in.
        guest_days: days that such an address works.
        survey: ask for a rating after a request was solved.
        survey_hours: so long after its solution.
        survey_days: a rating can be given and changed so long after it was asked for.
        erase_words: erasing a customer also erases what was said in her tickets; else only who said it.
        low_score: a rating of so many points or less is told to the leads.
    """

    agent_names: Literal["full", "first", "team"] = "first"
    reopen_days: Days = 14
    guest_links: bool = True
    guest_days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 30
    survey: bool = True
    survey_hours: Annotated[int, msgspec.Meta(ge=0, le=720)] = 24
    survey_days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 14
    low_score: Annotated[int, msgspec.Meta(ge=0, le=5)] = 2
    erase_words: bool = True


async def read(session: AsyncSession) -> Policy:
    """The choices as they are now."""
    return await options.read(session, NAME, Policy)


async def read_with_version(session: AsyncSession) -> tuple[Policy, int]:
    """The same, with the version that a change of them is to name."""
    return await options.read_with_version(session, NAME, Policy)


async def write(session: AsyncSession, chosen: Policy, version: int | None = None) -> None:
    """Choose anew.

    Raises:
        Invalid: a value is out of bounds.
        Stale: somebody chose otherwise after ``version``.
    """
    await options.write(session, NAME, chosen, version)


def survey_at(chosen: Policy) -> datetime:
    """When the customer of a ticket is asked that is solved now."""
    return clock.now() + timedelta(hours=chosen.survey_hours)

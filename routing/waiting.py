"""The honest wait: how long customers usually wait for a first answer, from the desk's own last weeks.

A range, from the half (p50) to nine of ten (p90), in business time, and nothing at all where too little is known:
no number is better than a wrong one. Shown by the portal and the widget.
"""

from datetime import datetime, timedelta
from typing import Final
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from routing import hours
from routing.hours import Schedule
from tickets import first_answers
from tickets.first_answers import FirstAnswer

WEEKS: Final = 4
FEWEST: Final = 20
"""Answers that are needed before anything is said."""
KEPT_FOR: Final = timedelta(minutes=5)


class Wait(msgspec.Struct, frozen=True):
    """A usual wait for the first answer, in seconds of business time.

    Attributes:
        half: half of the customers waited no longer.
        most: nine of ten waited no longer.
        count: of how many that is known.
    """

    half: float
    most: float
    count: int


def usual(answers: list[FirstAnswer], schedule: Schedule, now: datetime) -> Wait | None:
    """The wait that some tickets show; None when they are too few.

    Who still waits, and has waited longer than half of the others, counts with the wait so far: a desk that stops
    answering must not look as good as before.
    """
    done = sorted(
        hours.business_seconds(schedule, each.asked_at, each.answered_at) for each in answers if each.answered_at
    )
    if len(done) < FEWEST:
        return None
    half = done[(len(done) - 1) // 2]
    so_far = [hours.business_seconds(schedule, each.asked_at, now) for each in answers if each.answered_at is None]
    known = sorted([*done, *(each for each in so_far if each > half)])
    return Wait(known[(len(known) - 1) // 2], known[-(-len(known) * 9 // 10) - 1], len(known))


_kept: WeakKeyDictionary[object, dict[tuple[int | None, str, int], tuple[datetime, Wait | None]]] = WeakKeyDictionary()
"""Per database, so that none shows what another one knows."""


async def first_answer(session: AsyncSession, schedule: Schedule, team_id: int | None = None) -> Wait | None:
    """The usual wait now; kept in memory for some minutes, since every visitor asks.

    Args:
        session: any session.
        schedule: the hours in which business time runs.
        team_id: of this team; None: of the whole desk.
    """
    now = clock.now()
    kept = _kept.setdefault(session.get_bind(), {})
    key = (team_id, schedule.name, schedule.version)
    held = kept.get(key)
    if held is not None and timedelta() <= now - held[0] < KEPT_FOR:
        return held[1]
    answers = await first_answers.since(session, now - timedelta(weeks=WEEKS), team_id)
    kept[key] = (now, usual(answers, schedule, now))
    return kept[key][1]

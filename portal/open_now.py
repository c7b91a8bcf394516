"""When we are there and how long an answer usually takes, in a visitor's words.

The facts are those of ``routing/hours`` and ``routing/waiting``. For the first page, the request form, the thanks page.
Nothing is said about the wait where too little is known.
"""

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from channels.web.hour_words import hours_words
from core import clock
from core.i18n import Language
from routing import hours, waiting
from routing.hours import Schedule


class OpenNow(msgspec.Struct, frozen=True):
    """What a page says.

    Attributes:
        is_open: whether we are there now.
        hours: until when, or when again.
        wait: how long a first answer usually takes; "" where too little is known.
    """

    is_open: bool
    hours: str
    wait: str


async def read(session: AsyncSession, language: Language, team_id: int | None = None) -> OpenNow:
    """What to say now.

    Args:
        session: any session.
        language: the visitor's.
        team_id: whose wait; None: the whole desk's.
    """
    schedule = await hours.read(session)
    usual = await waiting.first_answer(session, schedule, team_id)
    now = clock.now()
    words = wait_words(language, usual.half, usual.most, schedule) if usual else ""
    return OpenNow(hours.is_open(schedule, now), hours_words(language, schedule, now), words)


def wait_words(language: Language, half: float, most: float, schedule: Schedule) -> str:
    """How long a first answer usually takes, as a range of business time."""
    _ = language.text
    low, high = duration(language, half, schedule), duration(language, most, schedule)
    if low == high:
        return _("Nine of ten questions get their first answer within %(time)s of our opening hours.") % {"time": high}
    words = _(
        "Half of all questions get their first answer within %(low)s, nine of ten within %(high)s of our opening hours."
    )
    return words % {"low": low, "high": high}


def duration(language: Language, seconds: float, schedule: Schedule) -> str:
    """Business time in the largest unit that fits, rounded up: never shorter than it was."""
    minutes = max(5, 5 * -(-int(seconds) // 300))
    if minutes < 60:
        return language.plural("%(num)s minute", "%(num)s minutes", minutes)
    opened = sum(window.end - window.start for windows in schedule.weekly for window in windows)
    a_day = max(60, opened // max(1, sum(1 for windows in schedule.weekly if windows)))
    whole = -(-minutes // 60)
    if whole * 60 <= a_day:
        return language.plural("%(num)s hour", "%(num)s hours", whole)
    return language.plural("%(num)s working day", "%(num)s working days", -(-minutes // a_day))

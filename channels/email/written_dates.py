"""Dates as mail programs write them for people, in the languages that `core.quoting_patterns` knows.

Part of the e-mail channel, used by `channels.email.forwarded` for the header of a mail that somebody passes on. Pure.
"""

import re
from datetime import UTC, datetime, timedelta, timezone

from channels.email.dates import FIRST_YEAR, LAST_YEAR, zone_minutes

_MONTHS = {
    1: "jan gen ene ian oca sty led tam янв січ ιαν",
    2: "feb fév fev fév şub lut úno hel фев лют φεβ",
    3: "mar mär már mrz bře maa мар бер μαρ",
    4: "apr avr abr ápr kwi dub nis huh апр кві απρ",
    5: "may mai maj mei mag kvě máj tou maí май мая тра μαϊ μαΐ μάι μαι",
    6: "jun juin giu iun cze čvn červ haz kes jún июн чер ιουν",
    7: "jul juil lug iul lip čvc červenc tem hei júl июл лип ιουλ",
    8: "aug aoû aou ago sie srp ağu elo авг сер αυγ",
    9: "sep set wrz zář eyl syy sze szep сен вер σεπ",
    10: "oct okt ott out paź říj eki lok окт жов οκτ",
    11: "nov noi lis kas marr ноя лис νοε",
    12: "dec dez déc dic des gru pro ara jou дек гру δεκ",
}
_BY_NAME = {name: number for number, names in _MONTHS.items() for name in names.split()}
_LONGEST = max(map(len, _BY_NAME))

_CJK = re.compile(r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]")
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})(?:-|/|\. ?)(\d{1,2})(?:-|/|\. ?)(\d{1,2})(?!\d)")
_NUMBERS = re.compile(r"(?<!\d)(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)")
_DAY_NAME = re.compile(
    r"(?<!\d)(\d{1,2})(?:\.|º|ª|er|st|nd|rd|th|-го)?[\s\xa0-]*(?:de |d['’]|of )?([^\W\d_]{3,14})\.?,?[\s\xa0-]*"
    r"(?:de |del )?(\d{4})(?!\d)"
)
_NAME_DAY = re.compile(r"([^\W\d_]{3,14})\.?[\s\xa0]+(\d{1,2})(?:st|nd|rd|th)?,?[\s\xa0]+(\d{4})(?!\d)")
_YEAR_NAME_DAY = re.compile(r"(?<!\d)(\d{4})\.?[\s\xa0]+([^\W\d_]{3,14})\.?[\s\xa0]+(\d{1,2})(?!\d)")
_TIME = re.compile(
    r"(?P<before>上午|下午|午前|午後|오전|오후|fm|em)?\s*(?<!\d)(?P<hour>\d{1,2})\s?[:.h点时時시]\s?(?P<minute>\d{2})"
    r"(?:[:.分분]\s?(?P<second>\d{2}))?(?:[\s\xa0\u202f]*(?P<after>[ap]\.?\s?m\b))?",
    re.IGNORECASE,
)
_AFTERNOON = ("下午", "午後", "오후", "em", "p")
_FORENOON = ("上午", "午前", "오전", "fm", "a")


def parse_written_date(value: str, offset: float = 0) -> datetime | None:
    """Read a date that a program wrote for a person: "Montag, 3. März 2025 10:15", "3/3/2025 10:15 AM".

    Args:
        value: The words.
        offset: Minutes east of UTC that are meant where the words name no zone.

    Returns:
        The instant, aware UTC; None when there is no believable date in it, or no time of day. Of two small numbers
        between strokes the first is the day, but for the month when the time says AM or PM.
    """
    value = value[:200]
    found = _day(value)
    if found is None:
        return None
    (year, month, day), start, end = found
    clock = _TIME.search(value, end) or _TIME.search(value[:start])
    if clock is None:
        return None
    stated = zone_minutes(value[max(clock.end(), end) :] if clock.start() >= end else value[end:])
    zone = timezone(timedelta(minutes=offset if stated is None else stated))
    try:
        moment = datetime(year, month, day, _hour(clock), int(clock["minute"]), int(clock["second"] or 0), tzinfo=zone)
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if FIRST_YEAR <= moment.year <= LAST_YEAR else None


def _hour(clock: re.Match[str]) -> int:
    hour = int(clock["hour"])
    half = (clock["before"] or clock["after"] or "").lower()
    if half.startswith(_AFTERNOON):
        return hour % 12 + 12
    return hour % 12 if half.startswith(_FORENOON) else hour


def _day(value: str) -> tuple[tuple[int, int, int], int, int] | None:
    """Year, month and day, and where they stand."""
    for pattern in (_CJK, _YEAR_FIRST):
        if found := pattern.search(value):
            return (int(found[1]), int(found[2]), int(found[3])), found.start(), found.end()
    for pattern, year, month, day in ((_DAY_NAME, 3, 2, 1), (_NAME_DAY, 3, 1, 2), (_YEAR_NAME_DAY, 1, 2, 3)):
        for found in pattern.finditer(value):
            if number := _month(found[month]):
                return (int(found[year]), number, int(found[day])), found.start(), found.end()
    if found := _NUMBERS.search(value):
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        american = (
            found[2] == "/" and first <= 12 and (second > 12 or re.search(r"\d\s?[ap]\.?m", value, re.IGNORECASE))
        )
        month, day = (first, second) if american else (second, first)
        return (year + 2000 if year < 100 else year, month, day), found.start(), found.end()
    return None


def _month(word: str) -> int:
    """The month of a name or its beginning; 0 when it is none."""
    word = word.lower()
    for length in range(min(_LONGEST, len(word)), 2, -1):
        if number := _BY_NAME.get(word[:length]):
            return number
    return 0

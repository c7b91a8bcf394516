"""Dates of mails, read leniently and distrusted.

Part of the e-mail channel, used by `channels.email.parse`. Senders' clocks are wrong often enough that a date
outside
1971 to 2098 is treated as missing; the caller then uses the time of receipt.
"""

import re
from datetime import UTC, datetime, timedelta, timezone

_MONTHS = {
    name: number + 1
    for number, name in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"))
}
_ZONES = {
    "UT": 0, "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MET": 1, "CEST": 2,
    "MEST": 2,
    "EET": 2, "EEST": 3, "MSK": 3, "MSD": 4, "IST": 5.5, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11,
    "NZST": 12,
    "NZDT": 13, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    "HST": -10,
    "AKST": -9, "AKDT": -8, "BRT": -3, "ART": -3,
}  # fmt: skip
_COMMENT = re.compile(r"\([^()]{0,80}\)")
_DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})[\s.-]+([A-Za-z]{3,9})\.?,?[\s-]+(\d{2,4})(?!\d)")
_MONTH_FIRST = re.compile(
    r"\b([A-Za-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|"
    r"th)?,?\s+(?:\d{1,2}:\d\d(?::\d\d)?\s+(?:[A-Z]{2,5}\s+)?)?(\d{4})",
)
_ISO = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_TIME = re.compile(
    r"(?<!\d)(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:[.,]\d+)?\s*(am|pm)?(?![\w:])",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"(?:^|[^\w-])([+-])(\d{1,2}):?(\d{2})(?!\d)")
_GMT_OFFSET = re.compile(r"(?:GMT|UTC) ?([+-])(\d{1,2})(?::?(\d{2}))?(?!\d)")
_ZONE_NAME = re.compile(r"\b([A-Z]{1,4})\b")

FIRST_YEAR, LAST_YEAR = 1971, 2098
"""Years we believe. 1970 is a clock that was never set, 2099 and later are jokes and sorting tricks of
spammers."""


def parse_date(value: str) -> datetime | None:
    """Read a date header (RFC 5322, section 3.3) and the many ways it is written wrongly.

    Args:
        value: The decoded header.

    Returns:
        The instant, aware UTC; None when there is no believable date in it. No zone is read as UTC.
    """
    text = _COMMENT.sub(" ", value[:200])
    day = _day(text)
    if day is None:
        return None
    hour, minute, second, end = _time(text)
    offset = zone_minutes(text[end:]) or 0
    try:
        moment = datetime(*day, hour, minute, min(second, 59), tzinfo=timezone(timedelta(minutes=offset)))
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if FIRST_YEAR <= moment.year <= LAST_YEAR else None


def _day(text: str) -> tuple[int, int, int] | None:
    if found := _DAY_FIRST.search(text):
        month = _MONTHS.get(found[2][:3].lower())
        if month:
            return _century(int(found[3])), month, int(found[1])
    if found := _MONTH_FIRST.search(text):
        month = _MONTHS.get(found[1][:3].lower())
        if month:
            return int(found[3]), month, int(found[2])
    if found := _ISO.search(text):
        return int(found[1]), int(found[2]), int(found[3])
    return None


def _century(year: int) -> int:
    """RFC 5322, section 4.3: two digits up to 49 are of this century, three digits count from 1900."""
    if year < 50:
        return year + 2000
    return year + 1900 if year < 1000 else year


def _time(text: str) -> tuple[int, int, int, int]:
    found = _TIME.search(text)
    if found is None:
        iso = re.search(r"T(\d{2}):?(\d{2})(?::?(\d{2}))?", text)
        if iso is None:
            return 0, 0, 0, len(text)
        return int(iso[1]), int(iso[2]), int(iso[3] or 0), iso.end()
    hour = int(found[1])
    if found[4]:
        hour = hour % 12 + (12 if found[4].lower() == "pm" else 0)
    return hour, int(found[2]), int(found[3] or 0), found.end()


def zone_minutes(rest: str) -> float | None:
    """Minutes east of UTC that the part after the time names; None when it names no zone."""
    if found := _OFFSET.search(rest) or _GMT_OFFSET.search(rest):
        minutes = int(found[2]) * 60 + int(found[3] or 0)
        if minutes < 24 * 60:
            return -minutes if found[1] == "-" else minutes
    for name in _ZONE_NAME.findall(rest):
        if name in _ZONES:
            return _ZONES[name] * 60
    return None

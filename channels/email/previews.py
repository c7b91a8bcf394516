"""What can be shown of a file of a mail without opening it: an invitation's what, when and where.

Pure. Asked by ``channels/email/reader`` when a mail comes in; the answer is kept in ``attachments.preview`` and shown
with the message (``tickets/timeline.CalendarPreview``). iCalendar (RFC 5545) is read by the ``icalendar`` library. It
gets only the lines that are shown, of the first event: repetitions, alarms and made-up time zones in a stranger's file
could keep it busy for hours.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import icalendar
import msgspec

from channels.email.parsed import ParsedAttachment
from tickets.intake import clean
from tickets.timeline import Address, CalendarPreview

MAX_CALENDAR: Final = 1_000_000
"""Bytes of a calendar that are looked at."""
MAX_LINES: Final = 400
MAX_LINE: Final = 4000
MAX_ATTENDEES: Final = 50
MAX_WORDS: Final = 500

_TYPES: Final = frozenset({"text/calendar", "application/ics"})
_METHODS: Final = frozenset({"PUBLISH", "REQUEST", "REPLY", "ADD", "CANCEL", "REFRESH", "COUNTER", "DECLINECOUNTER"})
_FOLD: Final = re.compile(r"\r?\n[ \t]")
_SHOWN: Final = re.compile(
    r"(?:METHOD|SUMMARY|LOCATION|ORGANIZER|ATTENDEE|DTSTART|DTEND|DURATION)(?=[;:])", re.IGNORECASE
)
_ZONE: Final = re.compile(r"(?:BEGIN|END|TZID|DTSTART|TZOFFSETFROM|TZOFFSETTO|TZNAME)(?=[;:])", re.IGNORECASE)
_HARMLESS_RULE: Final = re.compile(
    r"RRULE:FREQ=YEARLY(?:;(?:BYMONTH=\d{1,2}|BYDAY=-?\d?[A-Z]{2}|BYMONTHDAY=\d{1,2}(?:,\d{1,2}){0,6}|INTERVAL=1|"
    r"UNTIL=\w{8,16}|WKST=[A-Z]{2}))*",
    re.IGNORECASE,
)
"""The rules of real time zones: once a year. All others would be counted out second by second."""


def preview(attachment: ParsedAttachment) -> dict[str, Any] | None:
    """What can be shown of a file, ready for JSON; None when it is no invitation or cannot be read.

    Args:
        attachment: a part of a mail.
    """
    if attachment.content_type not in _TYPES and not attachment.name.lower().endswith((".ics", ".vcs")):
        return None
    try:
        found = _invitation(attachment.content[:MAX_CALENDAR].decode("utf-8", "replace"))
    except Exception:  # noqa: BLE001 - the library raises whatever a broken file leads it to; the file itself is kept
        return None
    return None if found is None else msgspec.to_builtins(found)


def _invitation(text: str) -> CalendarPreview | None:
    calendar = icalendar.Calendar.from_ical("\r\n".join(_reduced(text.replace("\x00", ""))))
    event = next(iter(calendar.walk("VEVENT")), None)
    if event is None:
        return None
    start, end = _times(event)
    method = str(calendar.get("METHOD", "")).upper()
    all_day = isinstance(start, date) and not isinstance(start, datetime)
    organiser = _people(event.get("ORGANIZER"))
    return CalendarPreview(
        method=method if method in _METHODS else "",
        summary=_words(event.get("SUMMARY")),
        start=_iso(start),
        end=_iso(end),
        all_day=all_day,
        location=_words(event.get("LOCATION")),
        organiser=organiser[0] if organiser else None,
        attendees=_people(event.get("ATTENDEE")),
    )


def _reduced(text: str) -> Iterator[str]:
    """A calendar with the lines that are shown of its first event, and the time zones that these may name."""
    lines = [line for line in _FOLD.sub("", text).splitlines() if len(line) <= MAX_LINE]
    yield "BEGIN:VCALENDAR"
    yield from _chosen(lines)
    yield "END:VCALENDAR"


def _chosen(lines: Iterable[str]) -> Iterator[str]:
    inside: list[str] = []
    left = MAX_LINES
    for line in lines:
        name, _, what = line.strip().upper().partition(":")
        if name == "BEGIN":
            inside.append(what)
        if left and _is_kept(line, inside):
            left -= 1
            yield line.strip()
        if name == "END" and inside:
            inside.pop()
            if what == "VEVENT":
                break
    if "VEVENT" in inside:
        yield "END:VEVENT"


def _is_kept(line: str, inside: list[str]) -> bool:
    if inside == ["VCALENDAR"]:
        return line.upper().startswith("METHOD:")
    if inside == ["VCALENDAR", "VEVENT"]:
        return bool(_SHOWN.match(line)) or line.strip().upper() in ("BEGIN:VEVENT", "END:VEVENT")
    if inside[:2] == ["VCALENDAR", "VTIMEZONE"]:
        return bool(_ZONE.match(line) or _HARMLESS_RULE.fullmatch(line.strip()))
    return False


def _times(event: Any) -> tuple[date | None, date | None]:
    """Begin and end; the end of whole days is the last of them (RFC 5545 names the day after)."""
    start = event.decoded("DTSTART", None)
    end = event.decoded("DTEND", None)
    if end is None and start is not None and isinstance(event.decoded("DURATION", None), timedelta):
        end = start + event.decoded("DURATION")
    if end is not None and not isinstance(end, datetime):
        end = max(end - timedelta(days=1), start or end)
    return start, end


def _iso(value: date | None) -> str | None:
    """As RFC 3339: instants in UTC; a day, and a time without a zone (meant where the reader is), as they are."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return None if value is None else value.isoformat()


def _words(value: Any) -> str:
    return " ".join(clean(str(value or "")).split())[:MAX_WORDS]


def _people(value: Any) -> list[Address]:
    """Calendar addresses (RFC 5545 section 3.3.3): ``mailto:`` and the name in CN."""
    given = value if isinstance(value, list) else [value] if value is not None else []
    found: list[Address] = []
    for one in given[:MAX_ATTENDEES]:
        address = re.sub(r"^mailto:", "", str(one).strip(), flags=re.IGNORECASE)
        found.append(Address(_words(one.params.get("CN", "")), _words(address)))
    return found

"""Invitations: what is shown of them, and that no calendar of a stranger breaks or delays anything."""

import hashlib
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email.parsed import ParsedAttachment
from channels.email.previews import preview
from tickets.timeline import CalendarPreview

INVITATION = """BEGIN:VCALENDAR
PRODID:-//Some Program//EN
VERSION:2.0
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:India Standard Time
BEGIN:STANDARD
DTSTART:16010101T000000
TZOFFSETFROM:+0530
TZOFFSETTO:+0530
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:1@customer.example
DTSTAMP:20260302T080000Z
ORGANIZER;CN="Rao, Asha":mailto:asha@customer.example
ATTENDEE;CN=Desk;RSVP=TRUE:MAILTO:support@desk.example
ATTENDEE:mailto:ravi@customer.example
SUMMARY:Look at the machine\\, together and with a
  long title
DTSTART;TZID=India Standard Time:20260303T110000
DTEND;TZID=India Standard Time:20260303T120000
LOCATION:Pune
RRULE:FREQ=SECONDLY
BEGIN:VALARM
TRIGGER:-PT15M
SUMMARY:not this
END:VALARM
END:VEVENT
END:VCALENDAR
"""


def calendar(text: str | bytes, name: str = "invite.ics", kind: str = "text/calendar") -> ParsedAttachment:
    """A part of a mail."""
    content = text.replace("\n", "\r\n").encode() if isinstance(text, str) else text
    return ParsedAttachment(name, kind, len(content), hashlib.sha256(content).hexdigest(), "attachment", "", content)


def event(*lines: str) -> dict[str, Any]:
    """The preview of an event with these lines."""
    body = "\n".join(("BEGIN:VCALENDAR", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR"))
    found = preview(calendar(body))
    assert found is not None
    return found


def test_an_invitation_is_shown() -> None:
    """What, when (in UTC), where, and who; folded lines, quoted names, a time zone of the sender's program."""
    found = preview(calendar(INVITATION))
    assert found == {
        "kind": "calendar",
        "method": "REQUEST",
        "summary": "Look at the machine, together and with a long title",
        "start": "2026-03-03T05:30:00Z",
        "end": "2026-03-03T06:30:00Z",
        "allDay": False,
        "location": "Pune",
        "organiser": {"name": "Rao, Asha", "address": "asha@customer.example"},
        "attendees": [
            {"name": "Desk", "address": "support@desk.example"},
            {"name": "", "address": "ravi@customer.example"},
        ],
    }
    assert msgspec.convert(found, CalendarPreview).summary.startswith("Look")


def test_whole_days_end_on_their_last_day() -> None:
    """RFC 5545 names the day after as the end."""
    found = event("SUMMARY:Holi", "DTSTART;VALUE=DATE:20260303", "DTEND;VALUE=DATE:20260305")
    assert (found["start"], found["end"], found["allDay"]) == ("2026-03-03", "2026-03-04", True)


def test_a_length_stands_for_an_end_and_a_time_without_zone_has_none() -> None:
    """DURATION instead of DTEND; floating times stay floating."""
    found = event("DTSTART:20260303T110000", "DURATION:PT90M")
    assert (found["start"], found["end"]) == ("2026-03-03T11:00:00", "2026-03-03T12:30:00")


def test_a_zone_of_the_senders_own_is_used() -> None:
    """A zone that only the file knows, with one change a year."""
    zone = """BEGIN:VTIMEZONE
TZID:Our Own Zone
BEGIN:STANDARD
DTSTART:20001029T030000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
TZOFFSETFROM:+0300
TZOFFSETTO:+0200
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:20000326T020000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
TZOFFSETFROM:+0200
TZOFFSETTO:+0300
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
DTSTART;TZID=Our Own Zone:20260703T110000
END:VEVENT
END:VCALENDAR"""
    found = preview(calendar(f"BEGIN:VCALENDAR\n{zone}"))
    assert found is not None
    assert found["start"] == "2026-07-03T08:00:00Z"


@pytest.mark.parametrize("kind", ["text/plain", "application/pdf"])
def test_other_files_have_no_preview(kind: str) -> None:
    """Neither do calendars without an event, or what only claims to be one."""
    assert preview(calendar("BEGIN:VCALENDAR", "notes.txt", kind)) is None
    assert preview(calendar("BEGIN:VCALENDAR\nEND:VCALENDAR")) is None
    assert preview(calendar(b"\x00\xff not a calendar")) is None


@pytest.mark.parametrize(
    "hostile",
    [
        INVITATION.replace("TZOFFSETTO:+0530", "TZOFFSETTO:+0530\nRRULE:FREQ=SECONDLY").replace("India", "Nowhere"),
        INVITATION.replace("TZOFFSETTO:+0530", "TZOFFSETTO:+0530\nRRULE:FREQ=YEARLY;BYHOUR=1,2,3;BYMINUTE=1,2;BYDAY=MO"),
        "BEGIN:VCALENDAR\n" + "BEGIN:VEVENT\n" * 20_000,
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + "ATTENDEE:mailto:a@b.example\n" * 30_000,
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:" + "x" * 900_000,
        "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:X\n" + "BEGIN:STANDARD\nDTSTART:19000101T000000\n" * 9000,
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:99999999T999999\nDTEND:00000000",
    ],
)  # fmt: skip
def test_no_calendar_takes_long(hostile: str) -> None:
    """Repetition by the second, endless lists and nesting: an answer or none, at once."""
    begun = time.process_time()
    preview(calendar(hostile))
    assert time.process_time() - begun < 1.0


@given(st.lists(st.sampled_from([*INVITATION.splitlines(), "DTSTART:x", "ATTENDEE", "END:VEVENT", "\x00", "é"])))
def test_any_lines_give_a_preview_or_none(lines: list[str]) -> None:
    """Never a fault, and always something that can be shown."""
    found = preview(calendar("\n".join(lines)))
    assert found is None or msgspec.convert(found, CalendarPreview)

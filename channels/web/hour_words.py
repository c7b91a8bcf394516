"""Opening hours in a visitor's words: until when we are there, or when again (the facts: ``routing/hours``).

Shown by the portal's pages, and to who sets the hours as customers will read it.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.i18n import Language
from routing import hours
from routing.hours import Schedule


def hours_words(language: Language, schedule: Schedule, now: datetime) -> str:
    """Until when we are there, or when again; "" when nobody knows."""
    _ = language.text
    zone = schedule.zone
    closes = hours.closes_at(schedule, now)
    if closes is not None:
        if closes - now > timedelta(hours=24):
            return _("We are here now.")
        return _("We are here now, until %(time)s.") % {"time": f"{closes.astimezone(zone):%H:%M}"}
    opens = hours.next_opening(schedule, now)
    if opens is None:
        return ""
    return _("We are away now. We are back on %(moment)s.") % {"moment": _opening(language, opens, zone)}


def _opening(language: Language, opens: datetime, zone: ZoneInfo) -> str:
    at = opens.astimezone(zone)
    return language.text("%(day)s at %(time)s") % {"day": language.date(at), "time": f"{at:%H:%M}"}

"""Times as a visitor reads them: in the time zone of her profile, else the desk's own."""

import zoneinfo
from datetime import datetime
from typing import Final

from core.clock import is_time_zone
from portal.pages import Visitor

DESK_ZONE: Final = "Asia/Kolkata"


def local(visitor: Visitor, at: datetime) -> datetime:
    """An instant in the visitor's time zone."""
    return in_zone(visitor.customer.time_zone if visitor.customer else None, at)


def in_zone(chosen: str | None, at: datetime) -> datetime:
    """An instant in the time zone of a profile; the desk's own without one."""
    return at.astimezone(zoneinfo.ZoneInfo(chosen if chosen and is_time_zone(chosen) else DESK_ZONE))


def moment(visitor: Visitor, at: datetime) -> str:
    """Day and time, in words."""
    return visitor.language.moment(local(visitor, at))


def near(visitor: Visitor, at: datetime, now: datetime) -> str:
    """The same for a moment that may be close: "today, 16:30" and "tomorrow, 11:00" in place of the date."""
    there = local(visitor, at)
    days = (there.date() - local(visitor, now).date()).days
    _ = visitor.language.text
    words = {0: _("today, %(time)s"), 1: _("tomorrow, %(time)s")}.get(days)
    return words % {"time": f"{there:%H:%M}"} if words else visitor.language.moment(there)


def day(visitor: Visitor, at: datetime) -> str:
    """The day, in words."""
    return visitor.language.day(local(visitor, at))

"""Calendar days of a country, for dates that people write on papers: bought on, covered until.

Pure. A warranty ends with a day, not with an instant, and a country may have several time zones. In doubt the customer
is right: the last day ends when it has ended everywhere in her country, and a purchase "today" is none in the future as
soon as the day has begun anywhere there.
"""

import functools
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.core import get_global

from core.errors import Invalid
from core.i18n import country_codes

_EARLIEST: Final = timezone(timedelta(hours=14))
_LATEST: Final = timezone(timedelta(hours=-12))


def country_code(written: str) -> str:
    """A country's code as it is kept.

    Raises:
        Invalid: there is no such country.
    """
    code = written.strip().upper()
    if code not in country_codes():
        raise Invalid.field("country", "Choose a country.")
    return code


@functools.cache
def _zones(country: str) -> tuple[ZoneInfo, ...]:
    found: list[ZoneInfo] = []
    for name, territory in get_global("zone_territories").items():
        if territory != country:
            continue
        try:
            found.append(ZoneInfo(name))
        except (ZoneInfoNotFoundError, ValueError, OSError):  # a name that this machine's data has no more
            continue
    return tuple(found)


def last_to_end(country: str, at: datetime) -> date:
    """The earliest date that it still is anywhere in a country: what counts for the end of a warranty."""
    return min((at.astimezone(zone).date() for zone in _zones(country)), default=at.astimezone(_LATEST).date())


def first_to_begin(country: str, at: datetime) -> date:
    """The latest date that it already is anywhere in a country: nothing can have been bought after it."""
    return max((at.astimezone(zone).date() for zone in _zones(country)), default=at.astimezone(_EARLIEST).date())


def end_of(day: date, country: str) -> datetime:
    """The instant from which a day is over everywhere in a country."""
    after = datetime.combine(day + timedelta(days=1), datetime.min.time())
    zones = _zones(country) or (_LATEST,)
    return max(after.replace(tzinfo=zone).astimezone(UTC) for zone in zones)

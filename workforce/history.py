"""What came to this desk: new tickets by half hours of its own time zone, from the event log.

Read by ``sampark forecast`` and by the nightly job (``workforce/making.py``). Imported tickets did not come.
"""

from datetime import date, datetime, timedelta
from typing import Final, Literal

from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from core.sql import Sql
from routing import hours
from workforce.arrivals import HALF_HOURS

LONGEST: Final = timedelta(days=550)
"""So far back is looked."""

WAITED_FOR: Final = frozenset({"call", "callback", "chat", "sms", "whatsapp"})
"""Kinds of which somebody waits for the answer; the others may lie a while."""

_ARRIVALS: Final = Sql(
    """
    select e.data ->> 'channel' as kind, cast(e.at at time zone :zone as date) as day,
        cast(extract(hour from e.at at time zone :zone) * 2
            + floor(extract(minute from e.at at time zone :zone) / 30) as integer) as half,
        count(*) as many
    from events e where e.kind = 'ticket.created' and e.at >= :since and e.at < :until
        and not coalesce(cast(e.data ->> 'archived' as boolean), false)
    group by 1, 2, 3
    """
)


async def days(session: AsyncSession) -> dict[str, dict[date, list[int]]]:
    """Kind of work → the half hours of each whole day since the first that brought any of it, yesterday included."""
    schedule = await hours.read(session)
    today = clock.now().astimezone(schedule.zone).date()
    until = datetime(today.year, today.month, today.day, tzinfo=schedule.zone)
    rows = await _ARRIVALS.all(session, zone=schedule.time_zone, since=until - LONGEST, until=until)
    found: dict[str, dict[date, list[int]]] = {}
    for row in sorted(rows, key=lambda each: each.day):
        of_kind = found.setdefault(row.kind, {})
        if not of_kind:
            for number in range((today - row.day).days):
                of_kind[row.day + timedelta(days=number)] = [0] * HALF_HOURS
        of_kind[row.day][row.half] += row.many
    return found


async def closed(session: AsyncSession) -> frozenset[date]:
    """The days of the desk's own hours on which nobody is there though it is no weekend: holidays."""
    schedule = await hours.read(session)
    return frozenset(day for day, special in schedule.days.items() if not special.windows)


def model_of(kind: str) -> Literal["erlang", "backlog"]:
    """How people are planned for a kind of work."""
    return "erlang" if kind in WAITED_FOR else "backlog"

"""Shapes of opening hours: local times as "09:00", beyond midnight as "26:00"."""

from datetime import date, datetime
from typing import Annotated

import msgspec

from agent_ui.views.base import Input, View
from channels.web.hour_words import hours_words
from core.errors import Invalid
from core.i18n import Language
from routing import hours
from routing.hours import Schedule, SpecialDay, Window

LocalTime = Annotated[str, msgspec.Meta(pattern=r"^([0-3]\d|4[0-8]):[0-5]\d$")]
Times = Annotated[tuple[LocalTime, ...], msgspec.Meta(min_length=2, max_length=2)]
"""From and to."""
Windows = Annotated[list[Times], msgspec.Meta(max_length=12)]


class SpecialDayView(View):
    """A day that is not like its weekday; without windows we are away."""

    date: date
    name: str
    windows: list[tuple[str, str]]


class OpenNowView(View):
    """Whether we are there now, and how a customer reads it; ``words`` is empty when we never are."""

    is_open: bool
    words: str


class HoursView(View):
    """When we are there; ``weekly`` begins with Monday. ``version`` 0 is the product's default."""

    name: str
    time_zone: str
    weekly: list[list[tuple[str, str]]]
    days: list[SpecialDayView]
    version: int
    now: OpenNowView


class SpecialDayInput(Input):
    """A day that is not like its weekday; without windows we are away."""

    date: date
    name: Annotated[str, msgspec.Meta(max_length=100)] = ""
    windows: Windows = []


class HoursInput(Input):
    """When we are there, all of it."""

    time_zone: Annotated[str, msgspec.Meta(max_length=60)]
    weekly: Annotated[list[Windows], msgspec.Meta(min_length=7, max_length=7)]
    days: Annotated[list[SpecialDayInput], msgspec.Meta(max_length=1000)] = []

    def schedule(self, name: str) -> Schedule:
        """As the desk keeps it.

        Raises:
            Invalid: a day is there twice.
        """
        known: set[date] = set()
        for number, each in enumerate(self.days):
            if each.date in known:
                raise Invalid.field(f"days[{number}].date", "This day is there already.")
            known.add(each.date)
        return Schedule(
            name=name,
            time_zone=self.time_zone,
            weekly=tuple(_windows(each) for each in self.weekly),
            days={each.date: SpecialDay(each.name, _windows(each.windows)) for each in self.days},
        )


def _minutes(written: str) -> int:
    hour, _, minute = written.partition(":")
    return int(hour) * 60 + int(minute)


def _windows(given: list[tuple[str, ...]]) -> tuple[Window, ...]:
    return tuple(Window(_minutes(each[0]), _minutes(each[1])) for each in given)


def _written(windows: tuple[Window, ...]) -> list[tuple[str, str]]:
    def one(minute: int) -> str:
        return f"{minute // 60:02}:{minute % 60:02}"

    return [(one(each.start), one(each.end)) for each in windows]


def open_now(schedule: Schedule, language: str, at: datetime) -> OpenNowView:
    """What a customer reads at an instant in a language."""
    return OpenNowView(is_open=hours.is_open(schedule, at), words=hours_words(Language(language), schedule, at))


def hours_view(schedule: Schedule, language: str, at: datetime) -> HoursView:
    """A schedule for people, with what a customer reads at an instant."""
    return HoursView(
        name=schedule.name,
        time_zone=schedule.time_zone,
        weekly=[_written(each) for each in schedule.weekly],
        days=[
            SpecialDayView(date=day, name=special.name, windows=_written(special.windows))
            for day, special in sorted(schedule.days.items())
        ],
        version=schedule.version,
        now=open_now(schedule, language, at),
    )

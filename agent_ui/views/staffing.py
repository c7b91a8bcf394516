"""Shapes of forecasts, staffing, simulations and replays."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from agent_ui.views.base import Input, View
from workforce import erlang
from workforce.erlang import Prospect
from workforce.forecast import Errors, ForecastDay
from workforce.replay import Difference, Figures, Line
from workforce.simulation import Outcome, Setup
from workforce.staffing import Target, plan

MOST_CALLS = 20_000
"""So many calls are simulated in one request at most."""
Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]


class HalfHourView(View):
    """A half hour to come; ``start``: minutes since midnight. ``agents`` null: no number of people is enough.

    ``low``/``high``: less or more comes on one day of ten. ``serviceLevel``: null for a backlog; ``waiting``: what lies
    there at its end, null for calls.
    """

    start: int
    expected: float
    low: float
    high: float
    agents: int | None
    scheduled: int | None
    service_level: float | None
    waiting: float | None


class ForecastDayView(View):
    """A day to come."""

    day: date
    expected: float
    half_hours: list[HalfHourView]


class ForecastErrorsView(View):
    """How far off such forecasts were on the working days of the last weeks, as shares of what came.

    ``naive``: the week before repeated. ``chance``: of somebody who knew the mean of each half hour.
    """

    days: int
    weeks: int
    half_hours: float
    naive: float
    chance: float
    working_day: float
    totals: float
    bias: float


class ForecastView(View):
    """What will come. ``days`` is empty while too little is known: ``knownDays`` of ``neededDays``."""

    kind: str
    kinds: list[str]
    known_days: int
    needed_days: int
    errors: ForecastErrorsView | None
    days: list[ForecastDayView]


class SimulationInput(Input):
    """What is tried: so many calls an hour for some hours, or ``halfHours``: how many in each half hour of a day.

    ``agents``: one number for all the time, or one for each half hour.
    """

    handle_seconds: Seconds
    agents: Annotated[list[Annotated[int, msgspec.Meta(ge=0, le=1000)]], msgspec.Meta(min_length=1, max_length=96)]
    calls_per_hour: Annotated[float, msgspec.Meta(gt=0, le=10_000)] | None = None
    hours: Annotated[float, msgspec.Meta(gt=0, le=1000)] = 24.0
    half_hours: Annotated[list[Annotated[float, msgspec.Meta(ge=0, le=5000)]], msgspec.Meta(max_length=96)] = []
    patience_seconds: Seconds | None = None
    within_seconds: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 20.0
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**31)] = 1


class SimulatedHalfHourView(View):
    """What became of the calls of a half hour; ``start``: minutes since the beginning."""

    start: int
    agents: float
    arrivals: int
    answered: int
    abandoned: int
    mean_wait_seconds: float
    service_level: float
    occupancy: float


class ProspectView(View):
    """What Erlang C tells of the same; null where people change or callers hang up, or are too few."""

    wait_probability: float
    mean_wait_seconds: float
    service_level: float
    occupancy: float


class SimulationView(View):
    """What became of it all."""

    arrivals: int
    answered: int
    abandoned: int
    waiting: int
    wait_probability: float
    mean_wait_seconds: float
    longest_wait_seconds: float
    service_level: float
    within_seconds: float
    occupancy: float
    told: ProspectView | None
    half_hours: list[SimulatedHalfHourView]


class ReplayInput(Input):
    """Which past, and what is different; ``rules``: YAML or JSON as ``sampark replay`` takes it."""

    since: datetime
    until: datetime | None = None
    rules: Annotated[str, msgspec.Meta(max_length=100_000)] = ""
    within_seconds: Annotated[float, msgspec.Meta(ge=0, le=31 * 86_400)] = 300.0


class ReplayFiguresView(View):
    """What came of some of the work; ``waiting``: nobody had it."""

    items: int
    given: int
    waiting: int
    mean_wait_seconds: float
    median_wait_seconds: float
    slowest_tenth_seconds: float
    longest_wait_seconds: float
    in_time: float


class ReplayLineView(View):
    """A queue or a kind of work; the whole has no name. ``recorded``: what really came of it."""

    name: str
    recorded: ReplayFiguresView
    before: ReplayFiguresView
    after: ReplayFiguresView


class ReplayShareView(View):
    """How many items an agent got."""

    name: str
    before: int
    after: int


class ReplayView(View):
    """Both runs beside what really was."""

    since: datetime
    until: datetime
    within_seconds: float
    whole: ReplayLineView
    queues: list[ReplayLineView]
    kinds: list[ReplayLineView]
    agents: list[ReplayShareView]


Model = Literal["erlang", "backlog"]


def forecast_day_view(day: ForecastDay, target: Target) -> ForecastDayView:
    """A day to come, with whom it takes."""
    return ForecastDayView(
        day=day.day,
        expected=round(sum(day.expected), 1),
        half_hours=[HalfHourView(**msgspec.structs.asdict(each)) for each in plan(day, target)],
    )


def errors_view(errors: Errors) -> ForecastErrorsView:
    """How far off forecasts were."""
    names = ForecastErrorsView.__struct_fields__
    return ForecastErrorsView(**{name: getattr(errors, name) for name in names})


def simulation_view(outcome: Outcome, setup: Setup) -> SimulationView:
    """What became of it, and what Erlang C tells where it can."""
    told = None
    if setup.calls_per_hour is not None and isinstance(setup.agents, int) and setup.patience_seconds is None:
        told = erlang.expect(setup.calls_per_hour, setup.handle_seconds, setup.agents, setup.within_seconds)
    half_hours = [
        SimulatedHalfHourView(
            start=30 * number,
            **{name: getattr(each, name) for name in SimulatedHalfHourView.__struct_fields__ if name != "start"},
        )
        for number, each in enumerate(outcome.intervals)
    ]
    names = [name for name in SimulationView.__struct_fields__ if name not in ("told", "half_hours")]
    return SimulationView(**{name: getattr(outcome, name) for name in names}, told=_told(told), half_hours=half_hours)


def _told(told: Prospect | None) -> ProspectView | None:
    if told is None or told.occupancy >= 1:
        return None
    return ProspectView(**{name: getattr(told, name) for name in ProspectView.__struct_fields__})


def replay_view(found: Difference) -> ReplayView:
    """Both runs."""
    return ReplayView(
        since=found.since,
        until=found.until,
        within_seconds=found.within_seconds,
        whole=_line(found.whole),
        queues=[_line(each) for each in found.queues],
        kinds=[_line(each) for each in found.kinds],
        agents=[ReplayShareView(name=each.name, before=each.before, after=each.after) for each in found.agents],
    )


def _line(line: Line) -> ReplayLineView:
    return ReplayLineView(
        name=line.name, recorded=_figures(line.recorded), before=_figures(line.before), after=_figures(line.after)
    )


def _figures(figures: Figures) -> ReplayFiguresView:
    return ReplayFiguresView(**msgspec.structs.asdict(figures))

"""How many people, and when: forecasts, simulations, replays of the past. Nothing here changes the desk."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, QueryParameter

from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.staffing import (
    MOST_CALLS,
    ForecastView,
    Model,
    ReplayInput,
    ReplayView,
    SimulationInput,
    SimulationView,
    errors_view,
    forecast_day_view,
    replay_view,
    simulation_view,
)
from core import clock
from core.errors import Invalid
from workforce import history, smoothing, traffic, whatif
from workforce.arrivals import HALF_HOUR, Arrivals
from workforce.forecast import FEWEST_DAYS, Days, Errors, ForecastDay, forecast, judge
from workforce.replay import replay
from workforce.simulation import Setup, simulate
from workforce.staffing import Target

WEEKS: Final = 8
LONGEST_REPLAY: Final = timedelta(days=31)


class StaffingController(Controller):
    """Forecasts, simulations and replays."""

    path = "/staffing"
    tags = ["Staffing"]
    guards = [requires("staffing:plan")]

    @get("/forecast", summary="What will come, and how many people it takes")
    async def forecast(
        self,
        desk: NamedDependency[Desk],
        kind: Annotated[str, QueryParameter(max_length=40)] = "",
        model: FromQuery[Model | None] = None,
        days: Annotated[int, QueryParameter(ge=1, le=60)] = 14,
        handle_seconds: Annotated[float, QueryParameter(name="handleSeconds", gt=0, le=86_400)] = 240.0,
        level: Annotated[float, QueryParameter(gt=0, lt=1)] = 0.8,
        within_seconds: Annotated[float, QueryParameter(name="withinSeconds", ge=0, le=31 * 86_400)] = 20.0,
        shrinkage: Annotated[float, QueryParameter(ge=0, lt=1)] = 0.3,
    ) -> ForecastView:
        """A kind of work (without one: the most frequent) by half hours of the desk's time zone.

        ``model``: ``erlang`` where somebody waits on the line, ``backlog`` for what may lie; without it, by the kind.
        """
        known = await history.days(desk.session)
        kinds = sorted(known, key=lambda each: (-sum(map(sum, known[each].values())), each))
        chosen = kind or next(iter(kinds), "")
        target = Target(
            model=model or history.model_of(chosen),
            handle_seconds=handle_seconds,
            level=level,
            within_seconds=within_seconds,
            shrinkage=shrinkage,
        )
        of_kind = known.get(chosen, {})
        errors, told = await asyncio.to_thread(_told, of_kind, days, await history.closed(desk.session))
        return ForecastView(
            kind=chosen,
            kinds=kinds,
            known_days=len(of_kind),
            needed_days=FEWEST_DAYS,
            errors=None if errors is None else errors_view(errors),
            days=[forecast_day_view(each, target) for each in told],
        )

    @post("/simulations", status_code=200, summary="Let calls come, and people answer")
    async def simulate(self, data: JSONBody[SimulationInput]) -> SimulationView:
        """The desk's own router on a clock turned by hand; nothing is kept. 422 for more than 20,000 calls."""
        setup, recorded = _setup(data)
        outcome = await asyncio.to_thread(simulate, setup, recorded)
        return simulation_view(outcome, setup)

    @post("/replays", status_code=200, summary="Let the past come again, through changed rules")
    async def replay(self, desk: NamedDependency[Desk], data: JSONBody[ReplayInput]) -> ReplayView:
        """At most 31 days of the desk's own traffic, by its rules as they are and as changed; nothing is kept."""
        rules = whatif.read(data.rules)
        since = _aware(data.since)
        until = clock.now() if data.until is None else _aware(data.until)
        if until - since > LONGEST_REPLAY:
            raise Invalid.field("since", f"At most {LONGEST_REPLAY.days} days can be replayed here.")
        found = await traffic.read(desk.session, since, until)
        return replay_view(await asyncio.to_thread(replay, found, rules, data.within_seconds))


def _told(known: Days, ahead: int, closed: frozenset[date]) -> tuple[Errors | None, list[ForecastDay]]:
    """The forecast of a kind, and how far off such forecasts were; nothing where too little is known."""
    try:
        told = forecast(known, ahead, smoothing.levels, closed)
    except Invalid:
        return None, []
    try:
        return judge(known, smoothing.levels, WEEKS, 7, closed), told
    except Invalid:
        return None, told


def _setup(data: SimulationInput) -> tuple[Setup, Arrivals | None]:
    recorded = None
    if data.half_hours:
        counts = tuple(round(each) for each in data.half_hours)
        recorded = Arrivals(clock.now().astimezone(UTC), HALF_HOUR, counts)
    elif data.calls_per_hour is None:
        raise Invalid.field("callsPerHour", "How many calls come in an hour, or in each half hour?")
    calls = recorded.total if recorded is not None else (data.calls_per_hour or 0) * data.hours
    if calls > MOST_CALLS:
        raise Invalid.field("hours", f"At most {MOST_CALLS:,} calls can be tried here; the command line takes more.")
    setup = Setup(
        agents=data.agents[0] if len(data.agents) == 1 else tuple(data.agents),
        handle_seconds=data.handle_seconds,
        calls_per_hour=None if recorded is not None else data.calls_per_hour,
        hours=None if recorded is not None else data.hours,
        patience_seconds=data.patience_seconds,
        within_seconds=data.within_seconds,
        seed=data.seed,
    )
    return setup, recorded


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment

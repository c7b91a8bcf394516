"""From what is expected to how many people: Erlang C for what rings, a backlog for what can lie a while.

Pure. Erlang C is asked about each half hour by itself, as if it went on for ever; the backlog about each day.
"""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

import msgspec

from workforce import backlog, erlang
from workforce.arrivals import HALF_HOUR, HALF_HOURS
from workforce.forecast import ForecastDay

PER_HOUR: Final = 3600 / HALF_HOUR
Share = Annotated[float, msgspec.Meta(gt=0, lt=1)]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What is promised, and how long the work takes.

    Attributes:
        model: ``erlang`` for calls and chats, which somebody waits for; ``backlog`` for mail.
        handle_seconds: how long one takes on average.
        level: the share to be answered in time; of a backlog it is always all of it.
        within_seconds: what is in time.
        shrinkage: the share of paid time that is not spent at work: holidays, illness, training, breaks.
    """

    model: Literal["erlang", "backlog"] = "erlang"
    handle_seconds: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 240.0
    level: Share = 0.8
    within_seconds: Annotated[float, msgspec.Meta(ge=0, le=31 * 86_400)] = 20.0
    shrinkage: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.3


class Need(msgspec.Struct):
    """How many people a half hour needs.

    Attributes:
        start: the minute of the day at which it begins.
        expected: how many will come.
        low: fewer on one day of ten.
        high: more on one day of ten.
        agents: how many must be at work; None: no number is enough.
        scheduled: how many must be on the roster for it.
        service_level: the share answered in time by so many; of a backlog None.
        waiting: how many lie there at the end of it; of calls None.
    """

    start: int
    expected: float
    low: float
    high: float
    agents: int | None
    scheduled: int | None
    service_level: float | None
    waiting: float | None


def plan(day: ForecastDay, target: Target, is_open: Sequence[bool] | None = None) -> list[Need]:
    """How many people each half hour of a day needs.

    Args:
        day: what is expected.
        target: what is promised.
        is_open: in which half hours people are there; None: in those in which anything is expected. Only a backlog
            waits for them.
    """
    if target.model == "erlang":
        return [_of_calls(day, half, target) for half in range(HALF_HOURS)]
    there = [each > 0.5 for each in day.expected] if is_open is None else list(is_open)
    agents = backlog.needed(day.expected, target.handle_seconds, there, target.within_seconds)
    at_work = [float(agents or 0) if each else 0.0 for each in there]
    steps = backlog.work_off(day.expected, target.handle_seconds, at_work)
    found = []
    for half, step in enumerate(steps):
        many = agents if there[half] else 0
        found.append(_need(day, half, many, target, waiting=round(step.waiting, 2)))
    return found


def _of_calls(day: ForecastDay, half: int, target: Target) -> Need:
    told = erlang.needed(day.expected[half] * PER_HOUR, target.handle_seconds, target.level, target.within_seconds)
    return _need(day, half, told.agents, target, service_level=round(told.service_level, 4))


def _need(
    day: ForecastDay,
    half: int,
    agents: int | None,
    target: Target,
    *,
    service_level: float | None = None,
    waiting: float | None = None,
) -> Need:
    return Need(
        half * 30,
        round(day.expected[half], 2),
        round(day.low[half], 2),
        round(day.high[half], 2),
        agents,
        None if agents is None else erlang.scheduled(agents, target.shrinkage),
        service_level,
        waiting,
    )

"""How many calls wait, and how long, when so many people answer: Erlang's formulas.

Pure. Calls come by chance at an even rate, are answered in the order they came, and last by chance around a mean
(M/M/n). Nobody hangs up, unless patience is named (Palm's formula, "Erlang A"). ``sampark simulate`` counts the same
with the real router; they agree (``docs/reference/staffing-figures.md``).
"""

import math
from typing import Final

import msgspec

HOUR: Final = 3600.0
MOST_AGENTS: Final = 100_000
_NEGLIGIBLE: Final = 1e-15


class Prospect(msgspec.Struct, frozen=True):
    """What so many agents can expect.

    Attributes:
        agents: how many answer at the same time.
        wait_probability: the share of calls that are not answered at once.
        mean_wait_seconds: over all calls, those answered at once included; infinite when they are too few.
        service_level: the share of calls answered within the target.
        occupancy: the share of their time in which they talk.
    """

    agents: int
    wait_probability: float
    mean_wait_seconds: float
    service_level: float
    occupancy: float


class Patience(msgspec.Struct, frozen=True):
    """What so many agents can expect of callers who hang up after a while.

    Attributes:
        agents: how many answer at the same time.
        wait_probability: the share of calls that are not answered at once.
        abandoned: the share of callers who hang up.
        mean_wait_seconds: over all calls, answered or not.
        occupancy: the share of their time in which they talk.
    """

    agents: int
    wait_probability: float
    abandoned: float
    mean_wait_seconds: float
    occupancy: float


def load(calls_per_hour: float, handle_seconds: float) -> float:
    """The load in Erlangs: how many calls are being answered at a time, if nobody waits."""
    return calls_per_hour * handle_seconds / HOUR


def blocked(erlangs: float, agents: int) -> float:
    """Erlang B: the share of calls that find everybody busy, if they then go away."""
    found = 1.0
    for each in range(1, agents + 1):
        found = erlangs * found / (each + erlangs * found)
    return found


def waits(erlangs: float, agents: int) -> float:
    """Erlang C: the share of calls that find everybody busy, if they wait; 1 when they are too few."""
    if erlangs >= agents:
        return 1.0 if erlangs else 0.0
    lost = blocked(erlangs, agents)
    return lost / (1 - erlangs / agents * (1 - lost))


def expect(calls_per_hour: float, handle_seconds: float, agents: int, within_seconds: float = 20.0) -> Prospect:
    """What so many agents can expect in the long run.

    Args:
        calls_per_hour: how many calls come.
        handle_seconds: how long one takes, with what has to be done after it.
        agents: how many answer.
        within_seconds: the target of the service level.
    """
    erlangs = load(calls_per_hour, handle_seconds)
    if not erlangs:
        return Prospect(agents, 0.0, 0.0, 1.0, 0.0)
    if erlangs >= agents:
        return Prospect(agents, 1.0, math.inf, 0.0, 1.0)
    waiting = waits(erlangs, agents)
    spare = agents - erlangs
    within = 1 - waiting * math.exp(-spare * within_seconds / handle_seconds)
    return Prospect(agents, waiting, waiting * handle_seconds / spare, within, erlangs / agents)


def needed(
    calls_per_hour: float,
    handle_seconds: float,
    level: float = 0.8,
    within_seconds: float = 20.0,
    most_occupied: float = 1.0,
) -> Prospect:
    """The fewest agents who answer a share of the calls within a target.

    Args:
        calls_per_hour: how many calls come.
        handle_seconds: how long one takes.
        level: the share, below 1.
        within_seconds: the target.
        most_occupied: no more of their time than this shall they talk, whatever the level allows.
    """
    erlangs = load(calls_per_hour, handle_seconds)
    agents = int(erlangs)
    while agents < MOST_AGENTS:
        found = expect(calls_per_hour, handle_seconds, agents, within_seconds)
        if found.service_level >= level and found.occupancy <= most_occupied:
            return found
        agents += 1
    return expect(calls_per_hour, handle_seconds, agents, within_seconds)


def scheduled(agents: int, shrinkage: float) -> int:
    """How many must be on the roster so that so many answer; the others are ill, learn, or have a break.

    Args:
        agents: who must answer.
        shrinkage: the share of paid time that is not spent answering, below 1.
    """
    return math.ceil(agents / (1 - shrinkage) - 1e-9)


def with_patience(calls_per_hour: float, handle_seconds: float, agents: int, patience_seconds: float) -> Patience:
    """What so many agents can expect of callers who hang up by chance around a mean of patience.

    Args:
        calls_per_hour: how many calls come.
        handle_seconds: how long one takes.
        agents: how many answer.
        patience_seconds: for how long callers wait, on average.
    """
    if not calls_per_hour:
        return Patience(agents, 0.0, 0.0, 0.0, 0.0)
    shares = crowd(calls_per_hour, handle_seconds, agents, patience_seconds)
    waiting = sum(share * (number - agents) for number, share in enumerate(shares) if number > agents)
    busy = sum(share * min(number, agents) for number, share in enumerate(shares))
    per_second = calls_per_hour / HOUR
    return Patience(
        agents,
        sum(shares[agents:]),
        waiting / patience_seconds / per_second,
        waiting / per_second,
        busy / agents if agents else 0.0,
    )


def crowd(calls_per_hour: float, handle_seconds: float, agents: int, patience_seconds: float = math.inf) -> list[float]:
    """How often how many callers are there, talking or waiting: the shares of the time for 0, 1, 2 and so on.

    Args:
        calls_per_hour: how many calls come.
        handle_seconds: how long one takes.
        agents: how many answer.
        patience_seconds: for how long callers wait, on average; infinite: they do not hang up.

    Returns:
        The shares up to where they no longer matter. Empty when the crowd grows for ever.
    """
    erlangs = load(calls_per_hour, handle_seconds)
    if math.isinf(patience_seconds) and erlangs >= agents:
        return []
    # From the most frequent number outwards, so that nothing is too large or too small to be written down.
    peak = min(int(erlangs), agents)
    upwards, number, share = [1.0], peak, 1.0
    while share > _NEGLIGIBLE:
        number += 1
        leaving = min(number, agents) + max(0, number - agents) * handle_seconds / patience_seconds
        share *= erlangs / leaving
        upwards.append(share)
    downwards, share = [], 1.0
    for each in range(peak, 0, -1):
        share *= each / erlangs
        downwards.append(share)
    whole = [*reversed(downwards), *upwards]
    total = sum(whole)
    return [each / total for each in whole]

"""How far counted figures may be from Erlang's by chance alone, when so many calls are counted.

Pure, and exact for long runs: the number of callers goes up and down by one, and for such a walk it is known how much
the average of anything over a time scatters (the deviation matrix of a birth and death process). Waits come in
bunches, so that a full desk needs far more calls than independent ones would.
"""

import itertools
import math
from collections.abc import Sequence

import msgspec

from workforce import erlang


class Spread(msgspec.Struct, frozen=True):
    """Two standard deviations of each figure: of twenty runs, nineteen are nearer to Erlang C than that.

    Attributes:
        wait_probability: of the share that is not answered at once.
        mean_wait_seconds: of the mean wait.
        service_level: of the share answered within the target.
    """

    wait_probability: float
    mean_wait_seconds: float
    service_level: float


def expect(
    calls_per_hour: float, handle_seconds: float, agents: int, calls: float, within_seconds: float = 20.0
) -> Spread | None:
    """How far the figures of a run may be off by chance, at most: even draws leave less.

    Args:
        calls_per_hour: how many calls come.
        handle_seconds: how long one takes on average, by chance around it.
        agents: how many answer.
        calls: how many are counted.
        within_seconds: the target of the service level.

    Returns:
        None when nothing settles, however long it is: there are no calls, or too few people.
    """
    shares = erlang.crowd(calls_per_hour, handle_seconds, agents)
    if not shares or not calls:
        return None
    if len(shares) <= agents:
        return Spread(0.0, 0.0, 0.0)  # so many people that nobody ever waits
    per_second = calls_per_hour / erlang.HOUR
    seconds = calls / per_second
    queued = range(len(shares) - agents)
    at_once = [0.0] * agents
    late = _later(len(queued), agents / handle_seconds * within_seconds)
    figures = (at_once + [1.0] * len(queued), at_once + late)
    waits, lates = (
        math.sqrt(_variance(shares, each, per_second) / seconds + _noise(shares, each) / calls) for each in figures
    )
    lines = math.sqrt(_variance(shares, at_once + [float(each) for each in queued], per_second) / seconds)
    return Spread(2 * waits, 2 * lines / per_second, 2 * lates)


def _later(longest: int, served: float) -> list[float]:
    """The chance of a caller with so many before him, from none up, to wait longer than this many are served in."""
    share = total = math.exp(-served)
    found = [total]
    for each in range(1, longest):
        share *= served / each
        total += share
        found.append(min(1.0, total))
    return found


def _noise(shares: Sequence[float], figure: Sequence[float]) -> float:
    """What single calls add to a share, each of which counts or does not."""
    mean = sum(share * value for share, value in zip(shares, figure, strict=True))
    return mean * (1 - mean)


def _variance(shares: Sequence[float], figure: Sequence[float], per_second: float) -> float:
    """How much the average of a figure over a time varies, by the length of the time."""
    mean = sum(share * value for share, value in zip(shares, figure, strict=True))
    parts = [share * (value - mean) for share, value in zip(shares, figure, strict=True)]
    # The sums of both ends meet in the middle, so that none is a small rest of large numbers.
    middle = len(parts) // 2
    below = list(itertools.accumulate(parts))
    above = list(itertools.accumulate(reversed(parts)))[::-1]
    sums = below[:middle] + [-each for each in above[middle + 1 :]]
    return 2 * sum(each * each / share for each, share in zip(sums, shares, strict=False) if share) / per_second

"""How many people work off mail in time: a backlog, not a queue of callers.

Pure. Nobody waits on the line: what comes at night is done in the morning, and all that matters is that nothing lies
longer than was promised. Work flows in by half hours, is done in the order it came while people are there, and each
of them does a half hour's work in a half hour. Erlang's formulas say nothing about this.
"""

import math
from collections.abc import Sequence
from typing import Final

import msgspec

from workforce.arrivals import HALF_HOUR

MOST_AGENTS: Final = 10_000
_NOTHING: Final = 1e-6


class Step(msgspec.Struct, frozen=True):
    """A half hour.

    Attributes:
        done: how many were worked off in it.
        waiting: how many lie there at its end.
        oldest_seconds: for how long the oldest of them has been lying by then; 0: nothing lies there.
    """

    done: float
    waiting: float
    oldest_seconds: float


def work_off(
    arrivals: Sequence[float], handle_seconds: float, agents: Sequence[float], waiting: float = 0.0
) -> list[Step]:
    """What becomes of a backlog.

    Args:
        arrivals: how many come in each half hour, evenly spread over it.
        handle_seconds: how long one takes.
        agents: how many work in each half hour; as many half hours as ``arrivals``.
        waiting: how many lie there at the beginning, as old as the beginning.
    """
    heap: list[list[float]] = [[-1, waiting]] if waiting > _NOTHING else []  # half hour in which they came, how many
    head = 0
    found = []
    for half, (came, there) in enumerate(zip(arrivals, agents, strict=True)):
        if came > _NOTHING:
            heap.append([half, came])
        can = there * HALF_HOUR / handle_seconds
        done = 0.0
        while head < len(heap) and can > _NOTHING:
            some = min(can, heap[head][1])
            heap[head][1] -= some
            can -= some
            done += some
            if heap[head][1] <= _NOTHING:
                head += 1
        left = sum(each[1] for each in heap[head:])
        oldest = 0.0 if head == len(heap) else (half + 1 - max(0.0, heap[head][0])) * HALF_HOUR
        found.append(Step(done, left, oldest))
    return found


def needed(
    arrivals: Sequence[float],
    handle_seconds: float,
    is_open: Sequence[bool],
    promise_seconds: float,
    waiting: float = 0.0,
) -> int | None:
    """The fewest people, as many in every half hour that is open, with whom nothing lies longer than promised.

    The half hours are taken to come again and again, as days do: what is left in the evening is there in the morning.

    Args:
        arrivals: how many come in each half hour.
        handle_seconds: how long one takes.
        is_open: in which half hours people are there.
        promise_seconds: the longest that anything may lie, by the calendar.
        waiting: how many lie there at the beginning.

    Returns:
        None when no number of people is enough: we are closed for longer than was promised.
    """
    work = sum(arrivals) * handle_seconds / HALF_HOUR
    if sum(arrivals) <= _NOTHING and waiting <= _NOTHING:
        return 0
    if not any(is_open):
        return None
    rounds = 2 + math.ceil(promise_seconds / HALF_HOUR / len(arrivals))

    def keeps(agents: int) -> bool:
        there = [float(agents) if each else 0.0 for each in is_open]
        steps = work_off(list(arrivals) * rounds, handle_seconds, there * rounds, waiting)
        return all(each.oldest_seconds <= promise_seconds for each in steps)

    low = max(0, math.ceil(work / sum(is_open) - _NOTHING) - 1)  # with so many the backlog would grow for ever
    high = max(low + 1, math.ceil(work + waiting * handle_seconds / HALF_HOUR))
    if high > MOST_AGENTS or not keeps(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if keeps(middle) else (middle, high)
    return high

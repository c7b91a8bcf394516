"""`sampark simulate`: so many calls, so many people, the desk's own router; how many wait, how long, how many hang up.

Pure. Arrivals are recorded ones, or come by chance at an even rate. How long a call takes is by chance around a mean.
The numbers are drawn evenly: of all of them, or of each million, every quantile comes once, so that the load of a run
is the load that was asked for, and two runs differ by what was changed. A run with generated arrivals begins in the
middle of its work, a recorded one on an empty desk, and both go on until everybody who came was answered or nobody is
left. What Erlang C says of the same, and how far chance may be from it, stands beside what was counted
(``workforce/spread.py``; for a grid: ``docs/reference/staffing-figures.md``).
"""

import bisect
import itertools
import math
import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import msgspec

from core.errors import Invalid
from routing.engine import Agent, Item
from routing.rings import Queue
from workforce import erlang, spread
from workforce.arrivals import HALF_HOUR, Arrivals
from workforce.turning import Change, Coming, Turning

EVEN: Final = 1_000_000
"""Of so many numbers drawn, each quantile comes once. As many as a run has, as far as memory goes: within fewer of them
a full desk would see less of the swings that fill it."""
WITHIN_SECONDS: Final = 20.0
MOST_AGENTS: Final = 5000
MOST_HOURS: Final = 1_000_000.0
_QUEUE: Final = Queue(id=1)
_MEMBER: Final = frozenset({1})


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What is tried.

    Attributes:
        agents: how many answer at the same time, or how many in each half hour, over and over again.
        handle_seconds: how long a call takes on average, with what has to be done after it.
        calls_per_hour: how many come, if they are not recorded.
        hours: for how long they come; None: as long as the record is.
        patience_seconds: after how long callers hang up, on average; None: never.
        within_seconds: the target of the service level.
        is_even: every call takes exactly the mean.
        seed: another number, another course of chance.
    """

    agents: int | tuple[int, ...]
    handle_seconds: float
    calls_per_hour: float | None = None
    hours: float | None = None
    patience_seconds: float | None = None
    within_seconds: float = WITHIN_SECONDS
    is_even: bool = False
    seed: int = 1


class Interval(msgspec.Struct):
    """What became of the calls that came in a half hour.

    Attributes:
        start: when it began: a date and a time, or hours and minutes since the beginning.
        agents: how many were there, on average.
        arrivals: how many came.
        answered: how many of them were answered, whenever.
        abandoned: how many of them hung up.
        mean_wait_seconds: how long they waited on average, answered or not; until the end who was not.
        service_level: the share of them answered within the target.
        occupancy: the share of the half hour in which the agents talked.
    """

    start: str
    agents: float
    arrivals: int
    answered: int
    abandoned: int
    mean_wait_seconds: float
    service_level: float
    occupancy: float


class Figures(msgspec.Struct, frozen=True):
    """What Erlang C says of a run, or how far chance may be from it, by the names that the outcome has."""

    wait_probability: float
    mean_wait_seconds: float
    service_level: float
    service_level_20s: float


class Outcome(msgspec.Struct):
    """What became of it all.

    Attributes:
        arrivals: how many came.
        answered: how many were answered.
        abandoned: how many hung up.
        waiting: how many nobody was left to answer.
        wait_probability: the share that was not answered at once.
        mean_wait_seconds: over all of them.
        longest_wait_seconds: of those that were answered.
        service_level: the share answered within the target.
        service_level_20s: the share answered within twenty seconds.
        within_seconds: the target.
        occupancy: the share of their time in which agents talked.
        intervals: the half hours, in order.
        erlang_c: what is to be expected where calls come by chance at an even rate, for the same people all the time,
            and wait for ever; else None.
        by_chance: two standard deviations of so many calls from that, if each came and lasted independently. As the
            numbers are drawn evenly, most runs are nearer.
    """

    arrivals: int
    answered: int
    abandoned: int
    waiting: int
    wait_probability: float
    mean_wait_seconds: float
    longest_wait_seconds: float
    service_level: float
    service_level_20s: float
    within_seconds: float
    occupancy: float
    intervals: list[Interval]
    erlang_c: Figures | None = None
    by_chance: Figures | None = None


class _Tally:
    """Counts by half hours; what came before the count began is left out."""

    def __init__(self, length: float, within_seconds: float) -> None:
        self._length = length
        self._within = within_seconds
        size = max(1, math.ceil(length / HALF_HOUR))
        self.arrivals = [0] * size
        self.answered = [0] * size
        self.abandoned = [0] * size
        self.wait = [0.0] * size
        self.level = [0] * size
        self.busy = [0.0] * size
        self.at_once = 0
        self.level_20s = 0
        self.longest = 0.0

    def came(self, at: float) -> None:
        """One more."""
        self.arrivals[int(at // HALF_HOUR)] += 1

    def given(self, coming: Coming, agent_id: int, at: float) -> None:  # noqa: ARG002 - who it is matters to replays
        """Answered; from now on somebody talks."""
        self._talk(at, min(self._length, at + coming.work_seconds))
        if coming.at < 0:
            return
        half = int(coming.at // HALF_HOUR)
        wait = at - coming.at
        self.answered[half] += 1
        if wait <= 0:
            self.at_once += 1
        else:
            self.wait[half] += wait
            self.longest = max(self.longest, wait)
        if wait <= self._within:
            self.level[half] += 1
        if wait <= WITHIN_SECONDS:
            self.level_20s += 1

    def given_up(self, coming: Coming, at: float) -> None:
        """Hung up."""
        if coming.at >= 0:
            half = int(coming.at // HALF_HOUR)
            self.abandoned[half] += 1
            self.wait[half] += at - coming.at

    def left(self, came_at: float) -> None:
        """Nobody is there any more who could answer: so far it waited until the end."""
        if came_at >= 0:
            self.wait[int(came_at // HALF_HOUR)] += max(0.0, self._length - came_at)

    def _talk(self, since: float, until: float) -> None:
        since = max(0.0, since)
        while since < until:
            half = int(since // HALF_HOUR)
            ends = min(until, (half + 1) * HALF_HOUR)
            self.busy[half] += ends - since
            since = ends


def simulate(setup: Setup, recorded: Arrivals | None = None) -> Outcome:
    """Let the calls come and the router work.

    Raises:
        Invalid: the setup makes no sense.
    """
    _check(setup, recorded)
    if recorded is not None and setup.hours is not None:
        recorded = recorded.first(setup.hours * erlang.HOUR)
    length = recorded.length if recorded is not None else (setup.hours or 0.0) * erlang.HOUR
    tally = _Tally(length, setup.within_seconds)
    roster = setup.agents if isinstance(setup.agents, tuple) else (setup.agents,)
    agents = [Agent(id=number, queues=_MEMBER, state=_state(number, roster[0])) for number in range(1, max(roster) + 1)]
    turning = Turning([_QUEUE], agents, tally)
    turning.run(_coming(setup, recorded, length, tally), _shifts(roster, length))
    for each in turning.left:
        tally.left(each.at)
    outcome = _outcome(setup, recorded, tally, roster, length, len(turning.left))
    outcome.erlang_c, outcome.by_chance = _expected(setup, outcome.arrivals)
    return outcome


def _expected(setup: Setup, calls: int) -> tuple[Figures | None, Figures | None]:
    rate, people, within = setup.calls_per_hour, setup.agents, setup.within_seconds
    if rate is None or isinstance(people, tuple) or setup.is_even or setup.patience_seconds is not None:
        return None, None
    told = [erlang.expect(rate, setup.handle_seconds, people, each) for each in (within, WITHIN_SECONDS)]
    spreads = [spread.expect(rate, setup.handle_seconds, people, calls, each) for each in (within, WITHIN_SECONDS)]
    if spreads[0] is None or spreads[1] is None:
        return None, None
    return _figures(told[0], told[1].service_level), _figures(spreads[0], spreads[1].service_level)


def _figures(found: erlang.Prospect | spread.Spread, level_20s: float) -> Figures:
    return Figures(found.wait_probability, found.mean_wait_seconds, found.service_level, level_20s)


def _check(setup: Setup, recorded: Arrivals | None) -> None:
    roster = setup.agents if isinstance(setup.agents, tuple) else (setup.agents,)
    if not roster or min(roster) < 0 or not 0 < max(roster) <= MOST_AGENTS:
        raise Invalid(f"From one to {MOST_AGENTS} agents can be tried.")
    for name, value in (
        ("how long a call takes", setup.handle_seconds),
        ("how many calls come in an hour", setup.calls_per_hour),
        ("how many hours", setup.hours),
        ("patience", setup.patience_seconds),
    ):
        if value is not None and not 0 < value < math.inf:
            raise Invalid(f"A number above 0 is needed for {name}.")
    if not 0 <= setup.within_seconds < math.inf:
        raise Invalid("The target of the service level is no number of seconds.")
    if recorded is None and (setup.calls_per_hour is None or setup.hours is None):
        raise Invalid("Without recorded arrivals, say how many calls come in an hour, and for how many hours.")
    if (setup.hours or 0) > MOST_HOURS:
        raise Invalid(f"At most {MOST_HOURS:,.0f} hours can be tried.")


def _state(number: int, there: int) -> str:
    return "available" if number <= there else "offline"


def _shifts(roster: tuple[int, ...], length: float) -> Iterator[Change]:
    """Who comes and goes at each half hour."""
    halves = math.ceil(length / HALF_HOUR)
    for half in range(1, halves if len(set(roster)) > 1 else 0):
        before, after = roster[(half - 1) % len(roster)], roster[half % len(roster)]
        for number in range(min(before, after) + 1, max(before, after) + 1):
            agent = Agent(id=number, queues=_MEMBER, state=_state(number, after))
            yield Change(half * HALF_HOUR, agent)


def chances(chance: random.Random, block: int) -> Iterator[float]:
    """Numbers by chance around 1, as the time to something that may happen at any moment; each quantile as often."""
    while True:
        order = list(range(block))
        chance.shuffle(order)
        for each in order:
            yield -math.log1p(-(each + chance.random()) / block)


def random_of(what: str, seed: int = 1) -> random.Random:
    """Chance of its own for each thing, so that a changed one leaves the others as they are."""
    return random.Random(f"{what} {seed}")  # noqa: S311 - a course of things that can be repeated


def _coming(setup: Setup, recorded: Arrivals | None, length: float, tally: _Tally) -> Iterator[Coming]:
    expected = recorded.total if recorded is not None else (setup.calls_per_hour or 0.0) * length / erlang.HOUR
    block = min(EVEN, max(1, round(expected)))
    handle = setup.handle_seconds
    works = itertools.repeat(1.0) if setup.is_even else chances(random_of("work", setup.seed), block)
    patience = None
    if setup.patience_seconds is not None:
        patience = chances(random_of("patience", setup.seed), block)

    def one(number: int, at: float) -> Coming:
        item = Item(id=number, kind="call", queue_id=1, entered_at=at, blocks=True)
        limit = None if patience is None else next(patience) * (setup.patience_seconds or 0.0)
        return Coming(at, item, next(works) * handle, limit)

    chance = random_of("arrivals", setup.seed)
    if recorded is not None:
        moments = recorded.spread(chance)
    else:
        for number in range(_already_there(setup)):
            yield one(-1 - number, -1.0)
        gap = erlang.HOUR / (setup.calls_per_hour or 1.0)
        moments = itertools.accumulate(each * gap for each in chances(chance, block))
    for number, at in enumerate(moments, 1):
        if at >= length:
            return
        tally.came(at)
        yield one(number, at)


def _already_there(setup: Setup) -> int:
    """How many callers are there when the count begins, by chance as often as in the long run."""
    if isinstance(setup.agents, tuple) or setup.calls_per_hour is None:
        return 0
    patience = setup.patience_seconds or math.inf
    shares = erlang.crowd(setup.calls_per_hour, setup.handle_seconds, setup.agents, patience)
    drawn = random_of("before", setup.seed).random()
    return min(bisect.bisect(list(itertools.accumulate(shares)), drawn), max(0, len(shares) - 1))


def _outcome(
    setup: Setup, recorded: Arrivals | None, tally: _Tally, roster: tuple[int, ...], length: float, waiting: int
) -> Outcome:
    arrivals, answered, abandoned = sum(tally.arrivals), sum(tally.answered), sum(tally.abandoned)
    intervals = []
    staffed = 0.0
    for half, came in enumerate(tally.arrivals):
        seconds = min(HALF_HOUR, length - half * HALF_HOUR)
        there = roster[half % len(roster)]
        staffed += there * seconds
        interval = Interval(
            _begin(recorded, half),
            there,
            came,
            tally.answered[half],
            tally.abandoned[half],
            round(_share(tally.wait[half], came), 3),
            round(_share(tally.level[half], came, 1.0), 6),
            round(min(1.0, _share(tally.busy[half], there * seconds)), 6),
        )
        intervals.append(interval)
    return Outcome(
        arrivals=arrivals,
        answered=answered,
        abandoned=abandoned,
        waiting=waiting,
        wait_probability=1 - _share(tally.at_once, arrivals, 1.0),
        mean_wait_seconds=_share(sum(tally.wait), arrivals),
        longest_wait_seconds=round(tally.longest, 3),
        service_level=_share(sum(tally.level), arrivals, 1.0),
        service_level_20s=_share(tally.level_20s, arrivals, 1.0),
        within_seconds=setup.within_seconds,
        occupancy=min(1.0, _share(sum(tally.busy), staffed)),
        intervals=intervals,
    )


def _share(part: float, whole: float, of_nothing: float = 0.0) -> float:
    return part / whole if whole else of_nothing


def _begin(recorded: Arrivals | None, half: int) -> str:
    if recorded is not None:
        return (recorded.starts_at + timedelta(seconds=half * HALF_HOUR)).isoformat(timespec="minutes")
    return f"{half // 2:02}:{half % 2 * 30:02}"

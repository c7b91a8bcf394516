"""`sampark replay`: past traffic of the desk once more, through the rules as they are and through changed ones.

Pure. What came (``workforce/traffic.py``) is given away twice by the desk's own router: by today's queues, rings,
skills and people, and with the changes of a file. What differs is what the change would have done. What really came of
it stands beside, as a measure of how near the first of the two is to life.
"""

import statistics
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from routing.engine import Item
from workforce.past import Desk, KindOf, Past, Traffic
from workforce.turning import Coming, Turning
from workforce.whatif import Rules, changed

_USUAL_WORK_SECONDS: Final = 900.0
"""How long work is taken to last of whose kind nothing was ever finished."""


class Figures(msgspec.Struct):
    """What came of some of the work.

    Attributes:
        items: how many came.
        given: how many somebody had.
        waiting: how many nobody had.
        mean_wait_seconds: until somebody had them, on average.
        median_wait_seconds: half of them waited no longer.
        slowest_tenth_seconds: one in ten waited longer.
        longest_wait_seconds: none waited longer.
        in_time: the share of all that somebody had within the target.
    """

    items: int
    given: int
    waiting: int
    mean_wait_seconds: float
    median_wait_seconds: float
    slowest_tenth_seconds: float
    longest_wait_seconds: float
    in_time: float


class Line(msgspec.Struct):
    """A queue, or a kind of work: what really came of it, what today's rules make of it, what the changed ones do."""

    name: str
    recorded: Figures
    before: Figures
    after: Figures


class Share(msgspec.Struct):
    """How many items an agent got."""

    name: str
    before: int
    after: int


class Difference(msgspec.Struct):
    """Both runs beside what really was."""

    since: datetime
    until: datetime
    within_seconds: float
    whole: Line
    queues: list[Line]
    kinds: list[Line]
    agents: list[Share]


class _Given:
    """Who got what, and when."""

    def __init__(self) -> None:
        self.waits: dict[int, float] = {}
        self.counts: dict[int, int] = {}

    def given(self, coming: Coming, agent_id: int, at: float) -> None:
        """Somebody has it."""
        self.waits[coming.item.id] = at - coming.at
        self.counts[agent_id] = self.counts.get(agent_id, 0) + 1

    def given_up(self, coming: Coming, at: float) -> None:
        """Nobody gives up: mail has patience."""


def replay(traffic: Traffic, rules: Rules, within_seconds: float = 300.0) -> Difference:
    """Let what came come again, twice.

    Args:
        traffic: what came.
        rules: what is different the second time.
        within_seconds: what is in time.

    Raises:
        Invalid: the rules name what the desk does not have.
    """
    works = _usual(traffic.items)
    other, names = changed(traffic, rules)
    before, after = _run(traffic, traffic.desk, works), _run(traffic, other, works)
    recorded = {each.number: each.waited_seconds for each in traffic.items if each.waited_seconds is not None}

    def line(name: str, items: Sequence[Past]) -> Line:
        made = [_figures(items, waits, within_seconds) for waits in (recorded, before.waits, after.waits)]
        return Line(name, *made)

    def lines(groups: dict[str, list[Past]]) -> list[Line]:
        return [line(name, items) for name, items in sorted(groups.items())]

    by_queue: dict[str, list[Past]] = {}
    by_kind: dict[str, list[Past]] = {}
    for each in traffic.items:
        by_queue.setdefault(traffic.queue_names.get(each.queue_id, str(each.queue_id)), []).append(each)
        by_kind.setdefault(each.kind, []).append(each)
    agents = sorted({*before.counts, *after.counts}, key=lambda number: names[number])
    return Difference(
        traffic.since,
        traffic.until,
        within_seconds,
        line("", traffic.items),
        lines(by_queue),
        lines(by_kind),
        [Share(names[each], before.counts.get(each, 0), after.counts.get(each, 0)) for each in agents],
    )


def _usual(items: Iterable[Past]) -> dict[str, float]:
    """Kind → how long such work usually lasts, for what nobody has finished."""
    known: dict[str, list[float]] = {}
    for each in items:
        if each.work_seconds is not None:
            known.setdefault(each.kind, []).append(each.work_seconds)
    return {kind: statistics.median(values) for kind, values in known.items()}


def _run(traffic: Traffic, desk: Desk, works: dict[str, float]) -> _Given:
    found = _Given()
    agents = [msgspec.structs.replace(each) for each in desk.agents.values()]  # the engine changes them
    Turning(desk.queues.values(), agents, found).run(
        (_coming(each, desk, works) for each in traffic.items if each.queue_id in desk.queues), desk.changes
    )
    return found


def _coming(past: Past, desk: Desk, works: dict[str, float]) -> Coming:
    queue = desk.queues[past.queue_id]
    kind = desk.kinds.get(past.kind, KindOf())
    item = Item(
        id=past.number,
        kind=past.kind,
        queue_id=past.queue_id,
        entered_at=past.came_at,
        priority=past.priority,
        head_start=kind.head_start,
        weight=kind.weight,
        blocks=kind.blocks,
        beside=kind.beside,
        skills=past.needs,
        sticky_agent_id=past.last_agent_id if queue.sticky_seconds is not None else None,
        owner_agent_id=past.owner_agent_id if queue.owner_seconds is not None else None,
    )
    lasts = past.work_seconds if past.work_seconds is not None else works.get(past.kind, _USUAL_WORK_SECONDS)
    return Coming(past.came_at, item, max(1.0, lasts))


def _figures(items: Sequence[Past], waits: dict[int, float], within_seconds: float) -> Figures:
    known = sorted(waits[each.number] for each in items if each.number in waits)
    if not known:
        return Figures(len(items), 0, len(items), 0.0, 0.0, 0.0, 0.0, 0.0)
    return Figures(
        len(items),
        len(known),
        len(items) - len(known),
        round(statistics.fmean(known), 1),
        round(statistics.median(known), 1),
        round(known[min(len(known) - 1, int(0.9 * len(known)))], 1),
        round(known[-1], 1),
        round(sum(each <= within_seconds for each in known) / len(items), 4),
    )

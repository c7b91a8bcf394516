"""Turn the desk's own router by hand: arrivals, ends of work, changes of who is there, in the order of their time.

Pure: no database, no clock; time is seconds since any instant. The decisions are those of ``routing/engine.py``,
which is told of every event as it happens. ``workforce/simulation.py`` and ``workforce/replay.py`` say what comes;
whoever wants to know what became of it is the :class:`Watch`.
"""

import heapq
import itertools
from collections.abc import Iterable
from typing import Final, NamedTuple, Protocol

import msgspec

from routing.engine import Agent, Decision, Engine, Item, looks_again_at
from routing.rings import Queue


class Coming(msgspec.Struct, frozen=True):
    """Something that comes in.

    Attributes:
        at: when.
        item: what waits from then on.
        work_seconds: how long it keeps its agent.
        patience_seconds: after how long it is given up; None: never.
    """

    at: float
    item: Item
    work_seconds: float
    patience_seconds: float | None = None


class Change(msgspec.Struct, frozen=True):
    """From an instant on, an agent or a queue is as told. What she holds she keeps; that is not told."""

    at: float
    agent: Agent | None = None
    queue: Queue | None = None


class Watch(Protocol):
    """Who is told what becomes of everything."""

    def given(self, coming: Coming, agent_id: int, at: float) -> None:
        """Something was given to somebody, who has it for as long as it takes."""
        ...

    def given_up(self, coming: Coming, at: float) -> None:
        """Nobody came in time."""
        ...


class _Done(NamedTuple):
    agent_id: int
    item: Item


class _PatienceEnds(NamedTuple):
    coming: Coming


class _HourOver(NamedTuple):
    agent_id: int


_Happening = _Done | _PatienceEnds | _HourOver | Change | Item
"""An item stands for a look at it: time alone has changed who can get it."""


class Turning:
    """One run of the router.

    Args:
        queues: where things wait.
        agents: who is there at the beginning, without work.
        watch: who wants to know.
    """

    def __init__(self, queues: Iterable[Queue], agents: Iterable[Agent], watch: Watch) -> None:
        self._engine = Engine(queues)
        for agent in agents:
            self._engine.put_agent(agent)
        self._watch = watch
        self._heap: list[tuple[float, int, _Happening]] = []
        self._order = itertools.count()
        self._waiting: dict[int, Coming] = {}
        queue_caps = [each.hourly_cap for each in self._engine.queues.values()]
        agent_caps = [each.hourly_cap for each in self._engine.agents.values()]
        self._is_capped = any(each is not None for each in queue_caps + agent_caps)
        self._moved_by_time = {each.id for each in self._engine.queues.values() if _is_moved_by_time(each)}

    def run(self, coming: Iterable[Coming], changes: Iterable[Change] = ()) -> None:
        """Let everything come, and go on until the last of it is done, or nobody is left who could do it.

        Args:
            coming: what comes, in order.
            changes: what is different from when on, in any order.
        """
        heap = self._heap
        for change in changes:
            self._plan(change.at, change)
        for each in coming:
            at = each.at
            while heap and heap[0][0] <= at:
                now, _, what = heapq.heappop(heap)
                self._happen(now, what)
            self._come(each)
        while heap:
            now, _, what = heapq.heappop(heap)
            self._happen(now, what)

    @property
    def left(self) -> list[Coming]:
        """What still waits at the end."""
        return list(self._waiting.values())

    def _plan(self, at: float, what: _Happening) -> None:
        heapq.heappush(self._heap, (at, next(self._order), what))

    def _come(self, coming: Coming) -> None:
        item = coming.item
        if self._waiting or not self._engine.has_room:
            self._waiting[item.id] = coming
            self._engine.add(item)
            if self._engine.has_room:
                self._decide(coming.at)
                if item.id not in self._waiting:
                    return
        else:
            decision = self._engine.give_or_add(item, coming.at)
            if decision is not None:
                self._given(coming, decision, coming.at)
                return
            self._waiting[item.id] = coming
        if coming.patience_seconds is not None:
            self._plan(coming.at + coming.patience_seconds, _PatienceEnds(coming))
        self._look_later(item, coming.at)

    def _look_later(self, item: Item, now: float) -> None:
        if item.queue_id not in self._moved_by_time:
            return
        at = looks_again_at(item, self._engine.queues[item.queue_id], now)
        if at is not None:
            self._plan(at, item)

    def _happen(self, now: float, what: _Happening) -> None:
        if isinstance(what, _Done):
            self._engine.finish(self._engine.agents[what.agent_id], what.item, now)
        elif isinstance(what, _PatienceEnds):
            self._give_up(what.coming, now)
            return
        elif isinstance(what, Change):
            self._change(what)
        elif isinstance(what, _HourOver):
            self._engine.agents[what.agent_id].given_last_hour -= 1
        elif what.id in self._waiting:
            self._look_later(what, now)
        else:
            return
        if self._waiting:
            self._decide(now)

    def _give_up(self, coming: Coming, now: float) -> None:
        if self._waiting.pop(coming.item.id, None) is not None:
            self._engine.remove(coming.item.id)
            self._watch.given_up(coming, now)

    def _change(self, change: Change) -> None:
        if change.queue is not None:
            self._engine.put_queue(change.queue)
        if change.agent is not None:
            before = self._engine.agents.get(change.agent.id)
            held = {} if before is None else {name: getattr(before, name) for name in _HELD}
            self._engine.put_agent(msgspec.structs.replace(change.agent, **held))

    def _decide(self, now: float) -> None:
        for decision in self._engine.decide(now):
            self._given(self._waiting.pop(decision.item_id), decision, now)

    def _given(self, coming: Coming, decision: Decision, now: float) -> None:
        if decision.agent_id is None:
            return
        self._plan(now + coming.work_seconds, _Done(decision.agent_id, coming.item))
        if self._is_capped:
            self._plan(now + 3600, _HourOver(decision.agent_id))
        self._watch.given(coming, decision.agent_id, now)


_HELD: Final = ("load", "blocked", "idle_since", "calls_idle_since", "given_last_hour")
"""What belongs to the course of things and not to the roster."""


def _is_moved_by_time(queue: Queue) -> bool:
    """Whether time alone can change who gets something of a queue."""
    waits = queue.sticky_seconds is not None or queue.owner_seconds is not None
    return bool(queue.rings) or waits or not queue.is_open

"""The router's rules: which waiting item goes to whom, or why it waits. Pure: no database, no clock.

:class:`Engine` holds what waits and who is there, and is told of each change; :meth:`Engine.decide` then costs about
as much as there are free agents and items that can move. ``routing/rounds.py`` fills one from PostgreSQL,
``sampark simulate`` and ``sampark replay`` turn one by hand. Times are seconds since any instant.

The order is by rank: a step of minutes for each degree of priority, a head start for kinds whose customers wait beside
the telephone, and the minutes waited, so nothing waits for ever. Between two items it never changes with time. An item
first asks for whom it prefers (the last agent, the one the customer knows), then goes through the rings of its queue
that it has reached, from the best qualified outwards. An item of higher rank that needs more room than anybody has
left keeps the nearest agent's room free, so that small work cannot pass it by for ever.
"""

import heapq
import math
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from routing.rings import Need, Queue, Step, meets, steps_of

PRIORITY_SECONDS: Final = 30 * 60.0
"""How much longer an item of the next lower priority must have waited to stand before it."""
AVAILABLE: Final = "available"
OFFLINE: Final = "offline"


class Item(msgspec.Struct, kw_only=True):
    """Something that waits for an agent.

    Attributes:
        id: its number.
        kind: ``email``, ``chat``, ``call`` …
        queue_id: where it waits.
        entered_at: since when it waits in all, whatever queues it was in and however often it came back.
        queued_at: since when it waits in this queue, by which its rings are reached; None: since it entered.
        priority: 0 is the lowest.
        head_start: seconds that count as waited already.
        weight: how much of an agent's capacity it takes.
        blocks: who has it gets nothing else, as with a call.
        beside: how much an agent may hold at most to get it; None: whatever leaves room for it.
        skills: what it needs.
        sticky_agent_id: who answered last.
        owner_agent_id: whom the customer knows.
        refused: who gets it not, for now.
    """

    id: int
    kind: str
    queue_id: int
    entered_at: float
    queued_at: float | None = None
    priority: int = 1
    head_start: float = 0.0
    weight: float = 1.0
    blocks: bool = False
    beside: float | None = None
    skills: tuple[Need, ...] = ()
    sticky_agent_id: int | None = None
    owner_agent_id: int | None = None
    refused: frozenset[int] = frozenset()

    @property
    def since(self) -> float:
        """Since when it waits in its queue."""
        return self.entered_at if self.queued_at is None else self.queued_at

    @property
    def rank(self) -> float:
        """Its place: the lower, the earlier it is its turn; the same at any time."""
        return self.entered_at - self.priority * PRIORITY_SECONDS - self.head_start


class Agent(msgspec.Struct, kw_only=True):
    """Somebody who may get work.

    Attributes:
        id: her number.
        state: ``available`` gets work, whatever else it is does not.
        queues: where she is a member.
        skills: skill → level, 1 to 5.
        capacity: how much she can hold.
        load: how much she holds.
        blocked: she has something beside which there is nothing else.
        idle_since: when she last got something.
        calls_idle_since: when she last had a call.
        given_last_hour: how many items she got in the last hour.
        hourly_cap: how many she may get in an hour at most; None: any number.
    """

    id: int
    state: str = AVAILABLE
    queues: frozenset[int] = frozenset()
    skills: dict[int, int] = {}
    capacity: float = 1.0
    load: float = 0.0
    blocked: bool = False
    idle_since: float = 0.0
    calls_idle_since: float = 0.0
    given_last_hour: int = 0
    hourly_cap: int | None = None

    def idle(self, item: Item) -> float:
        """Since when she is without such work: calls are counted apart from everything else."""
        return self.calls_idle_since if item.blocks else self.idle_since

    def has_room(self, item: Item) -> bool:
        """Whether she can hold the item beside what she has."""
        if self.blocked or self.load + item.weight > self.capacity + 1e-9:
            return False
        return item.beside is None or self.load <= item.beside + 1e-9


class Candidate(msgspec.Struct):
    """An agent as a decision saw her.

    Attributes:
        agent_id: who.
        score: for how many seconds she is without such work.
        excluded: why she did not get it, as a word of :data:`EXCLUSIONS`; None: she got it.
        detail: what belongs to that word: a state, a ring, how much she holds of how much.
    """

    agent_id: int
    score: float
    excluded: str | None
    detail: str = ""


EXCLUSIONS: Final = (
    "absent",
    "state",
    "refused",
    "skill",
    "later_ring",
    "blocked",
    "full",
    "capped",
    "kept_free",
    "idle_less",
    "preferred_first",
    "closed",
)
"""Why somebody does not get an item. ``kept_free``: her room is kept for an item of higher rank that needs more of it;
``idle_less``: another one has been idle longer, or is better qualified; ``preferred_first``: it waits for somebody."""


class Decision(msgspec.Struct):
    """What was decided about an item.

    Attributes:
        item_id: which.
        agent_id: who gets it; None: it waits.
        ring: the step of overflow that was reached, or in which she was found.
        reason: ``sticky``, ``owner``, ``longest_idle``; or why it waits: ``waits_for_preferred``, ``all_full``,
            ``nobody_there``, ``nobody_works_here``, ``nobody_has_the_skill``, ``closed``.
        looks_again_at: when something changes by itself; None: never.
        alarm: nobody there or not could ever take it.
        candidates: everybody who was looked at, where that was asked for.
    """

    item_id: int
    agent_id: int | None
    ring: int
    reason: str
    looks_again_at: float | None = None
    alarm: bool = False
    candidates: list[Candidate] = []


Signature = tuple[object, ...]


def _signature(item: Item) -> Signature:
    """What makes one item as hard to place as another: of two that are alike, the one of higher rank is never worse."""
    moved = item.queued_at if item.queued_at != item.entered_at else None
    needs = (item.queue_id, item.skills, item.weight, item.blocks, item.beside)
    return (*needs, item.priority, item.head_start, moved, item.sticky_agent_id, item.owner_agent_id, item.refused)


def looks_again_at(item: Item, queue: Queue, now: float) -> float | None:
    """When time alone changes what can become of a waiting item: a ring is reached, a preference ends, it opens."""
    waits: list[float] = [step.after_seconds for step in steps_of(queue)]
    if item.sticky_agent_id is not None and queue.sticky_seconds is not None:
        waits.append(queue.sticky_seconds)
    if item.owner_agent_id is not None and queue.owner_seconds is not None:
        waits.append(queue.owner_seconds)
    moments = [item.since + each for each in waits]
    if not queue.is_open:
        moments = [] if queue.opens_at is None else [queue.opens_at]
    return min((each for each in moments if each > now), default=None)


class Engine:
    """Who is there and what waits, kept so that a decision looks only at what can move.

    Args:
        queues: all that items may wait in or overflow to.
    """

    def __init__(self, queues: Iterable[Queue]) -> None:
        self.queues: dict[int, Queue] = {}
        self.agents: dict[int, Agent] = {}
        self.items: dict[int, Item] = {}
        self._steps: dict[int, tuple[Step, ...]] = {}
        self._there: dict[int, dict[int, Agent]] = {}
        self._free: dict[int, dict[int, Agent]] = {}
        self._roomy: set[int] = set()
        self._lines: dict[Signature, list[tuple[float, int, Item]]] = {}
        self._line_of: dict[int, Signature] = {}
        self._kept_free: set[int] = set()
        for queue in queues:
            self.put_queue(queue)

    # What is there

    def put_queue(self, queue: Queue) -> None:
        """A queue is new or has changed."""
        self.queues[queue.id] = queue
        self._steps[queue.id] = steps_of(queue)

    def put_agent(self, agent: Agent) -> None:
        """An agent is new or has changed: her state, load or whatever else."""
        before = self.agents.get(agent.id)
        if before is not None and before is not agent:
            self._forget(before)
        self.agents[agent.id] = agent
        for queue_id in agent.queues:
            if agent.state == AVAILABLE:
                self._there.setdefault(queue_id, {})[agent.id] = agent
            elif queue_id in self._there:
                self._there[queue_id].pop(agent.id, None)
        self._note_room(agent)

    def _note_room(self, agent: Agent) -> None:
        """What she holds has changed, or whether she is there."""
        is_roomy = agent.state == AVAILABLE and not agent.blocked and agent.load < agent.capacity
        if is_roomy == (agent.id in self._roomy):
            return
        if is_roomy:
            self._roomy.add(agent.id)
            for queue_id in agent.queues:
                self._free.setdefault(queue_id, {})[agent.id] = agent
        else:
            self._roomy.discard(agent.id)
            for queue_id in agent.queues:
                self._free[queue_id].pop(agent.id, None)

    def _forget(self, agent: Agent) -> None:
        for queue_id in agent.queues:
            self._there.get(queue_id, {}).pop(agent.id, None)
            self._free.get(queue_id, {}).pop(agent.id, None)
        self._roomy.discard(agent.id)

    def add(self, item: Item) -> None:
        """An item waits, also one that came back; its place is by when it entered."""
        signature = _signature(item)
        self.items[item.id] = item
        self._line_of[item.id] = signature
        heapq.heappush(self._lines.setdefault(signature, []), (item.rank, item.id, item))

    def remove(self, item_id: int) -> None:
        """An item waits no more: it was given up, or taken by hand."""
        self.items.pop(item_id, None)  # its line finds out when it is its turn
        self._line_of.pop(item_id, None)

    def _first(self, signature: Signature) -> tuple[float, int, Item] | None:
        """Whose turn it is in a line; one in which nobody waits any more is gone."""
        line = self._lines[signature]
        while line:
            item = line[0][2]
            if self.items.get(item.id) is item and self._line_of[item.id] == signature:
                return line[0]
            heapq.heappop(line)
        del self._lines[signature]
        return None

    def give(self, agent: Agent, item: Item, now: float) -> None:
        """An agent has the item from now on."""
        agent.load += item.weight
        agent.given_last_hour += 1
        agent.idle_since = now
        if item.blocks:
            agent.blocked = True
            agent.calls_idle_since = now
        self._note_room(agent)

    def finish(self, agent: Agent, item: Item, now: float) -> None:
        """An agent is done with an item: she is idle, in this kind of work, since now."""
        agent.load = max(0.0, agent.load - item.weight)
        agent.idle_since = now
        if item.blocks:
            agent.blocked = False
            agent.calls_idle_since = now
        self._note_room(agent)

    @property
    def has_room(self) -> bool:
        """Whether anybody could get anything."""
        return bool(self._roomy)

    def is_free(self, agent: Agent) -> bool:
        """Whether she could get something."""
        return agent.id in self._roomy

    # What is decided

    def decide(self, now: float, *, explain: bool = False, most: int | None = None) -> list[Decision]:
        """Give away what can be given, by rank; what was given waits no more and is in its agent's load.

        Args:
            now: the instant.
            explain: with everybody who was looked at.
            most: so many items; None: all that can be.
        """
        if not self._roomy:
            return []
        self._kept_free.clear()
        firsts = [(self._first(signature), signature) for signature in tuple(self._lines)]
        heads = [(first[0], first[1], signature) for first, signature in firsts if first is not None]
        heapq.heapify(heads)
        found: list[Decision] = []
        while heads and self._roomy and len(found) != most:
            _, item_id, signature = heads[0]
            item = self.items[item_id]
            agent, ring, reason = self._place(item, now)
            if agent is None:
                heapq.heappop(heads)  # who stands behind it has waited less, and is as hard to place
                continue
            candidates = self._candidates(item, agent, ring, now) if explain else []
            found.append(Decision(item.id, agent.id, ring, reason, candidates=candidates))
            self.remove(item_id)
            self.give(agent, item, now)
            following = self._first(signature)
            if following is None:
                heapq.heappop(heads)
            else:
                heapq.heapreplace(heads, (following[0], following[1], signature))
        return found

    def give_or_add(self, item: Item, now: float) -> Decision | None:
        """Decide about an item that comes while nothing else waits; where nobody takes it, it does."""
        self._kept_free.clear()
        agent, ring, reason = self._place(item, now)
        if agent is None:
            self.add(item)
            return None
        self.give(agent, item, now)
        return Decision(item.id, agent.id, ring, reason)

    def _place(self, item: Item, now: float) -> tuple[Agent | None, int, str]:
        """Who gets an item, from which ring and why; or nobody, the ring it has reached, and why it waits."""
        queue = self.queues[item.queue_id]
        if not queue.is_open:
            return None, 0, "closed"
        waited = now - item.since
        if item.sticky_agent_id is not None or item.owner_agent_id is not None:
            agent, reason = self._preferred(item, queue, waited)
            if agent is not None or reason:
                return agent, 0, reason
        reached, somebody, nearest = 0, False, None
        for ring, step in enumerate(self._steps[item.queue_id]):
            # A ring is reached by time, or at once when there was nobody at all in those before it.
            if step.after_seconds > waited and somebody:
                break
            reached = ring
            agent, close = self._longest_idle(item, queue, step)
            if agent is not None:
                return agent, ring, "longest_idle"
            nearest = nearest or close
            somebody = somebody or self._is_anybody_there(item, step)
        if nearest is not None:
            self._kept_free.add(nearest.id)
        return None, reached, "all_full" if somebody else "nobody_there"

    def _preferred(self, item: Item, queue: Queue, waited: float) -> tuple[Agent | None, str]:
        """Who answered last, if she still works there, else whom the customer knows; away, they are not waited for."""
        for agent_id, seconds, reason in (
            (item.sticky_agent_id, queue.sticky_seconds, "sticky"),
            (item.owner_agent_id, queue.owner_seconds, "owner"),
        ):
            agent = self.agents.get(agent_id) if agent_id is not None else None
            if agent is None or seconds is None or agent.state != AVAILABLE or agent.id in item.refused:
                continue
            if reason == "sticky" and not any(each in agent.queues for each in self._steps[queue.id][-1].queues):
                continue
            if agent.has_room(item) and agent.id not in self._kept_free:
                return agent, reason
            if waited < seconds:
                return None, "waits_for_preferred"
        return None, ""

    def _longest_idle(self, item: Item, queue: Queue, step: Step) -> tuple[Agent | None, Agent | None]:
        """Who of a ring gets an item; else who is nearest to having room for it."""
        best: Agent | None = None
        nearest: Agent | None = None
        since = math.inf
        for queue_id in step.queues:
            for agent in self._free.get(queue_id, {}).values():
                idle = agent.calls_idle_since if item.blocks else agent.idle_since
                if idle > since or (best is not None and idle == since and agent.id >= best.id):
                    continue
                if agent.id in item.refused or agent.id in self._kept_free or _is_capped(agent, queue):
                    continue
                if not meets(item.skills, agent.skills, step):
                    continue
                if agent.has_room(item):
                    best, since = agent, idle
                elif item.weight > agent.capacity:
                    continue  # she will never have room for it
                elif nearest is None or (agent.load, agent.id) < (nearest.load, nearest.id):
                    nearest = agent
        return best, nearest

    def _is_anybody_there(self, item: Item, step: Step) -> bool:
        return any(
            agent.id not in item.refused and meets(item.skills, agent.skills, step)
            for queue_id in step.queues
            for agent in self._there.get(queue_id, {}).values()
        )

    def would_go(self, item: Item, now: float) -> bool:
        """Whether somebody would get an item if it stood before all others; nothing is given."""
        kept = set(self._kept_free)
        agent = self._place(item, now)[0]
        self._kept_free = kept
        return agent is not None

    # What is told

    def explain(self, item: Item, now: float) -> Decision:
        """Why an item waits, or who would get it, with everybody who may come into question; nothing is given."""
        queue = self.queues[item.queue_id]
        kept = set(self._kept_free)
        agent, ring, reason = self._place(item, now)
        self._kept_free = kept
        candidates = self._candidates(item, agent, ring, now, waits=reason)
        if agent is not None:
            return Decision(item.id, agent.id, ring, reason, candidates=candidates)
        alarm = False
        if not candidates:
            reason = "nobody_works_here"
        elif all(each.excluded == "skill" for each in candidates):
            reason, alarm = "nobody_has_the_skill", True
        again = looks_again_at(item, queue, now)
        return Decision(item.id, None, ring, reason, again, alarm, candidates)

    def _candidates(self, item: Item, chosen: Agent | None, ring: int, now: float, waits: str = "") -> list[Candidate]:
        queue = self.queues[item.queue_id]
        steps = self._steps[item.queue_id]
        found: list[Candidate] = []
        for agent in self._concerned(item, steps[-1]):
            score = round(now - agent.idle(item), 1)
            if agent is chosen:
                found.append(Candidate(agent.id, score, None))
                continue
            excluded, detail = self._excluded(item, agent, queue, steps, ring)
            if not excluded:
                excluded = {"waits_for_preferred": "preferred_first", "closed": "closed"}.get(waits, "idle_less")
            found.append(Candidate(agent.id, score, excluded, detail))
        found.sort(key=lambda each: (each.excluded is not None, each.excluded != "idle_less", -each.score))
        return found

    def _concerned(self, item: Item, last: Step) -> Iterator[Agent]:
        wanted = set(last.queues)
        for agent in self.agents.values():
            if agent.id == item.owner_agent_id or not wanted.isdisjoint(agent.queues):
                yield agent

    def _excluded(self, item: Item, agent: Agent, queue: Queue, steps: tuple[Step, ...], ring: int) -> tuple[str, str]:
        """The first reason against an agent, in the order in which somebody would change it; empty: none."""
        fitting = next(
            (n for n, step in enumerate(steps) if _is_in(agent, step) and meets(item.skills, agent.skills, step)),
            0 if agent.id == item.owner_agent_id and queue.owner_seconds is not None else None,
        )
        if fitting is None:
            return "skill", ""
        held = f"{agent.load:g}/{agent.capacity:g}"
        reasons = (
            (agent.state == OFFLINE, "absent", ""),
            (agent.state != AVAILABLE, "state", agent.state),
            (agent.id in item.refused, "refused", ""),
            (fitting > ring, "later_ring", str(fitting)),
            (agent.blocked, "blocked", held),
            (not agent.has_room(item), "full", held),
            (_is_capped(agent, queue), "capped", str(agent.given_last_hour)),
            (agent.id in self._kept_free, "kept_free", held),
        )
        return next(((word, detail) for holds, word, detail in reasons if holds), ("", ""))


def _is_in(agent: Agent, step: Step) -> bool:
    return any(each in agent.queues for each in step.queues)


def _is_capped(agent: Agent, queue: Queue) -> bool:
    """Whether she has had her share of this hour."""
    caps = [each for each in (agent.hourly_cap, queue.hourly_cap) if each is not None]
    return bool(caps) and agent.given_last_hour >= min(caps)

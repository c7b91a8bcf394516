"""The router's rules: who gets what, in which order, and why something waits."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing import engine, rings
from routing.engine import Agent, Decision, Engine, Item
from routing.rings import Need, Queue, Ring, meets, steps_of

MAIL, CALLS = 1, 2
NOW = 10_000.0


def item(number: int = 1, **fields: Any) -> Item:
    """A mail that has waited for a hundred seconds."""
    values: dict[str, Any] = {"id": number, "kind": "email", "queue_id": MAIL, "entered_at": NOW - 100}
    return Item(**(values | fields))


def agent(number: int, **fields: Any) -> Agent:
    """A member of the first queue who has room for one."""
    values: dict[str, Any] = {"id": number, "queues": frozenset({MAIL})}
    return Agent(**(values | fields))


def queue(number: int = MAIL, **fields: Any) -> Queue:
    """A queue without any rings."""
    return Queue(id=number, **fields)


def given_to(decisions: Iterable[Decision]) -> dict[int, int | None]:
    """Item → agent."""
    return {each.item_id: each.agent_id for each in decisions}


def decided(
    items: Iterable[Item], agents: Iterable[Agent], queues: Iterable[Queue], now: float, *, explain: bool = False
) -> list[Decision]:
    """What a new engine decides about some items; what waits on is told too where that is asked for."""
    made = Engine(queues)
    for each in agents:
        made.put_agent(each)
    for one in items:
        made.add(one)
    found = made.decide(now, explain=explain)
    if explain:
        found += [made.explain(one, now) for one in made.items.values()]
    return found


def decide(items: list[Item], agents: list[Agent], *queues: Queue, now: float = NOW) -> dict[int, int | None]:
    """Who gets what."""
    return given_to(decided(items, agents, queues or (queue(),), now))


def why(one: Item, agents: list[Agent], *queues: Queue, now: float = NOW) -> Decision:
    """The decision about one item with everybody who was looked at."""
    return decided([one], agents, queues or (queue(),), now, explain=True)[0]


def test_longest_idle_first_and_calls_apart_from_the_rest() -> None:
    """A mail goes to who has had nothing for longest, a call to who has had no call for longest."""
    mails_long_ago = agent(1, idle_since=10, calls_idle_since=900, capacity=2)
    calls_long_ago = agent(2, idle_since=20, calls_idle_since=30, capacity=2)
    people = [mails_long_ago, calls_long_ago]
    assert decide([item()], people) == {1: 1}
    assert decide([item(2, kind="call", blocks=True)], people) == {2: 2}


def test_rank_is_a_step_for_each_priority_and_the_time_waited() -> None:
    """Urgent goes before normal of the same age, and normal that has waited a step longer goes before urgent."""
    fresh, urgent = item(1), item(2, priority=2)
    assert decide([fresh, urgent], [agent(1)]) == {2: 1}
    old = item(3, entered_at=NOW - 101 - engine.PRIORITY_SECONDS)
    assert decide([urgent, old], [agent(1)]) == {3: 1}


def test_nothing_waits_for_ever() -> None:
    """However many urgent items keep coming, a low one gets its turn after the steps between them."""
    desk = Engine([queue()])
    desk.add(item(0, priority=0, entered_at=0))
    now, served = 0.0, False
    while not served:
        now += 60
        desk.add(item(int(now), priority=3, entered_at=now))
        desk.put_agent(agent(1))
        served = 0 in given_to(desk.decide(now))
        assert now <= 3 * engine.PRIORITY_SECONDS + 60
    assert now >= 3 * engine.PRIORITY_SECONDS


@pytest.mark.parametrize("beside", [None, 0.0, 2.0])
def test_a_hundred_chats_do_not_starve_a_call(beside: float | None) -> None:
    """A call that came after a hundred chats has an agent as soon as one is free enough, while chats keep coming."""
    agents = [agent(n, capacity=4.0, queues=frozenset({MAIL, CALLS})) for n in range(3)]
    desk = Engine([queue(), queue(CALLS)])
    for each in agents:
        desk.put_agent(each)
    for number in range(100):
        desk.add(item(number, kind="chat", head_start=3600))
    held = [(agents[each.agent_id or 0], item(each.item_id)) for each in desk.decide(NOW)]
    assert len(held) == 12
    call = item(1000, kind="call", queue_id=CALLS, entered_at=NOW, blocks=True, beside=beside, head_start=2 * 3600)
    desk.add(call)
    for turn in range(12):
        now = NOW + turn
        desk.finish(*held[turn], now)
        desk.add(item(2000 + turn, kind="chat", entered_at=now, head_start=3600))
        given = desk.decide(now)
        if any(each.item_id == call.id for each in given):
            break
    assert call.id not in desk.items
    assert turn <= (0 if beside is None else 9)


def test_rings_lower_the_level_drop_what_is_optional_and_ask_others() -> None:
    """After 30 seconds a lower level does, after 60 the optional skill is let go, after 90 another team is asked."""
    french, billing = 7, 8
    needs = (Need(french, 4), Need(billing, 2, optional=True))
    widening = queue(rings=(Ring(30, lower=2), Ring(60, drop_optional=True), Ring(90, queues=(CALLS,))))
    best = agent(1, skills={french: 4, billing: 2}, load=1)
    fair = agent(2, skills={french: 2, billing: 1}, load=1)
    plain = agent(3, skills={french: 2}, load=1)
    other = agent(4, skills={french: 5}, queues=frozenset({CALLS}))
    people = [best, fair, plain, other]
    found = [why(item(skills=needs, entered_at=NOW - waited), people, widening, queue(CALLS)) for waited in (0, 31, 61)]
    assert [(each.agent_id, each.ring, each.looks_again_at) for each in found] == [
        (None, 0, NOW + 30),
        (None, 1, NOW + 29),
        (None, 2, NOW + 29),
    ]
    reasons = {each.agent_id: (each.excluded, each.detail) for each in found[0].candidates}
    assert reasons == {1: ("full", "1/1"), 2: ("later_ring", "1"), 3: ("later_ring", "2"), 4: ("later_ring", "3")}
    assert decide([item(skills=needs, entered_at=NOW - 90)], people, widening, queue(CALLS)) == {1: 4}


def test_a_ring_in_which_nobody_is_there_is_skipped_at_once() -> None:
    """Nobody of the queue is available: the next ring is asked without waiting for its time."""
    widening = queue(rings=(Ring(300, queues=(CALLS,)),))
    away = agent(1, state="break")
    other = agent(2, queues=frozenset({CALLS}))
    assert decide([item(entered_at=NOW)], [away, other], widening, queue(CALLS)) == {1: 2}
    full = agent(3, load=1)
    assert decide([item(entered_at=NOW)], [full, agent(2, queues=frozenset({CALLS}))], widening, queue(CALLS)) == {}


def test_the_last_agent_is_waited_for_only_while_she_is_there() -> None:
    """She gets it if she has room; full, it waits for her so long; away, it goes to the next at once."""
    sticky = queue(sticky_seconds=120)
    one = item(sticky_agent_id=2)
    idle = agent(1)
    assert decide([one], [idle, agent(2, idle_since=NOW)], sticky) == {1: 2}
    waits = why(one, [idle, agent(2, load=1)], sticky)
    assert (waits.agent_id, waits.reason, waits.looks_again_at) == (None, "waits_for_preferred", NOW + 20)
    assert {each.agent_id: each.excluded for each in waits.candidates} == {1: "preferred_first", 2: "full"}
    assert decide([one], [agent(1), agent(2, load=1)], sticky, now=NOW + 20) == {1: 1}
    for elsewhere in (agent(2, state="break"), agent(2, state="offline"), agent(2, queues=frozenset({CALLS}))):
        assert decide([one], [agent(1), elsewhere], sticky) == {1: 1}


def test_whom_the_customer_knows_needs_not_be_of_the_queue() -> None:
    """The relationship owner is preferred after the last agent, whatever queues she is in."""
    both = queue(sticky_seconds=0, owner_seconds=200)
    one = item(sticky_agent_id=2, owner_agent_id=3)
    owner = agent(3, queues=frozenset())
    assert decide([one], [agent(1), agent(2), owner], both) == {1: 2}
    assert decide([one], [agent(1), agent(2, load=1), owner], both) == {1: 3}
    assert decide([one], [agent(1), agent(2, load=1), agent(3, queues=frozenset(), load=1)], both) == {}


def test_a_call_takes_all_of_an_agent() -> None:
    """Beside a call there is nothing else, and no second call, however much room is left."""
    call = item(kind="call", blocks=True)
    assert decide([call, item(2)], [agent(1, capacity=9)]) == {1: 1}
    assert decide([item(3)], [agent(1, capacity=9, blocked=True)]) == {}


def test_who_refused_or_had_her_share_is_passed_over() -> None:
    """Refused for now, and at most so many in an hour: the next one gets it, and the reason is told."""
    people = [agent(1), agent(2, given_last_hour=3, hourly_cap=3), agent(3)]
    found = why(item(refused=frozenset({1})), people)
    assert found.agent_id == 3
    assert {each.agent_id: each.excluded for each in found.candidates} == {1: "refused", 2: "capped", 3: None}
    assert decide([item()], [agent(1, given_last_hour=3)], queue(hourly_cap=3)) == {}


def test_nobody_has_the_skill_at_all_is_an_alarm() -> None:
    """Not while somebody with the skill is only away, nor when a ring lets it go."""
    needs = (Need(7, 3),)
    assert why(item(skills=needs), [agent(1)]).alarm
    assert why(item(skills=needs), [agent(1)]).reason == "nobody_has_the_skill"
    assert not why(item(skills=needs), [agent(1), agent(2, state="offline", skills={7: 3})]).alarm
    optional = (Need(7, 3, optional=True),)
    assert not why(item(skills=optional), [agent(1, load=1)], queue(rings=(Ring(60, drop_optional=True),))).alarm


def test_outside_hours_nothing_is_given() -> None:
    """It waits until the queue opens, and says so."""
    closed = queue(is_open=False, opens_at=NOW + 3600)
    found = why(item(), [agent(1)], closed)
    assert (found.agent_id, found.reason, found.looks_again_at) == (None, "closed", NOW + 3600)


def test_an_item_that_comes_back_stands_in_front() -> None:
    """Removed and added again it keeps its first entry, also when it needs something else than before."""
    desk = Engine([queue()])
    first, second = item(1, entered_at=0), item(2, entered_at=5)
    desk.add(first)
    desk.add(second)
    desk.remove(1)
    first.refused = frozenset({9})
    desk.add(first)
    desk.put_agent(agent(1))
    assert given_to(desk.decide(NOW)) == {1: 1}
    assert set(desk.items) == {2}


needs_of = st.lists(
    st.builds(Need, st.integers(1, 2), st.integers(1, 3), st.booleans()),
    max_size=2,
    unique_by=lambda each: each.skill_id,
).map(tuple)
some_agents: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.builds(
        dict,
        state=st.sampled_from(["available", "available", "available", "busy", "offline"]),
        queues=st.frozensets(st.integers(1, 3), max_size=2),
        skills=st.dictionaries(st.integers(1, 2), st.integers(1, 5), max_size=2),
        capacity=st.sampled_from([1.0, 2.0, 3.0]),
        load=st.sampled_from([0.0, 0.5, 1.0, 2.0]),
        idle_since=st.integers(0, 5),
        calls_idle_since=st.integers(0, 5),
        hourly_cap=st.none() | st.integers(0, 2),
    ),
    max_size=6,
)
some_items: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.builds(
        dict,
        queue_id=st.integers(1, 3),
        entered_at=st.integers(0, 100).map(float),
        queued_at=st.none() | st.integers(50, 100).map(float),
        priority=st.integers(0, 1),
        weight=st.sampled_from([0.5, 1.0, 2.0]),
        blocks=st.booleans(),
        beside=st.sampled_from([None, None, 0.0, 1.0]),
        skills=needs_of,
        sticky_agent_id=st.none() | st.integers(0, 3),
        owner_agent_id=st.none() | st.integers(0, 3),
        refused=st.frozensets(st.integers(0, 5), max_size=1),
    ),
    max_size=12,
)
some_rings = st.lists(
    st.builds(
        Ring,
        st.sampled_from([10.0, 30.0, 60.0]),
        st.integers(0, 2),
        st.booleans(),
        st.lists(st.integers(1, 3), max_size=1).map(tuple),
    ),
    max_size=2,
).map(tuple)
some_queues = st.tuples(*(
    st.builds(
        Queue,
        id=st.just(number),
        rings=some_rings,
        sticky_seconds=st.sampled_from([None, 0.0, 40.0]),
        owner_seconds=st.sampled_from([None, 0.0, 40.0]),
        is_open=st.sampled_from([True, True, True, False]),
        hourly_cap=st.none() | st.integers(1, 2),
    )
    for number in (1, 2, 3)
))  # fmt: skip


def people_of(drawn: list[dict[str, Any]]) -> dict[int, Agent]:
    """Agents, numbered."""
    return {number: Agent(id=number, **fields) for number, fields in enumerate(drawn)}


class Plain:
    """The same rules without any index: every item by rank asks everybody."""

    def __init__(self, people: dict[int, Agent], queues: tuple[Queue, ...], now: float) -> None:
        self.people = people
        self.queues = {each.id: each for each in queues}
        self.now = now
        self.kept: set[int] = set()

    def decide(self, items: list[Item]) -> dict[int, int]:
        """Item → agent. Of those that are alike, the later ones are not tried when one had to wait."""
        found: dict[int, int] = {}
        waiting: list[dict[str, Any]] = []
        for thing in sorted(items, key=lambda each: (each.rank, each.id)):
            alike = {name: getattr(thing, name) for name in thing.__struct_fields__ if name not in ("id", "entered_at")}
            alike["queued_at"] = None if thing.queued_at == thing.entered_at else thing.queued_at
            one = None if alike in waiting else self.choose(thing)
            if one is None:
                waiting.append(alike)
                continue
            found[thing.id] = one.id
            one.load += thing.weight
            one.blocked = one.blocked or thing.blocks
            one.given_last_hour += 1
            one.idle_since = self.now
            one.calls_idle_since = self.now if thing.blocks else one.calls_idle_since
        return found

    def choose(self, thing: Item) -> Agent | None:
        """Who gets it."""
        at = self.queues[thing.queue_id]
        if not at.is_open:
            return None
        preferred = [(thing.sticky_agent_id, at.sticky_seconds, True), (thing.owner_agent_id, at.owner_seconds, False)]
        for number, seconds, of_queue in preferred:
            one = self.people.get(-1 if number is None else number)
            if one is None or seconds is None or not self.is_there(one, thing):
                continue
            if of_queue and not set(steps_of(at)[-1].queues) & one.queues:
                continue
            if one.has_room(thing) and one.id not in self.kept:
                return one
            if self.now - thing.since < seconds:
                return None
        return self.from_rings(thing, at)

    def from_rings(self, thing: Item, at: Queue) -> Agent | None:
        """Who of the first ring that has somebody gets it."""
        near: Agent | None = None
        somebody = False
        for step in steps_of(at):
            if step.after_seconds > self.now - thing.since and somebody:
                break
            able = [one for one in self.people.values() if self.is_able(one, thing, step)]
            free = [one for one in able if self.is_free(one, at)]
            fitting = [one for one in free if one.has_room(thing)]
            if fitting:
                return min(fitting, key=lambda one: (one.idle(thing), one.id))
            big = [one for one in free if one.capacity >= thing.weight]  # the others never have room for it
            near = near or min(big, key=lambda one: (one.load, one.id), default=None)
            somebody = somebody or bool(able)
        if near is not None:
            self.kept.add(near.id)
        return None

    def is_there(self, one: Agent, thing: Item) -> bool:
        """Whether she can be asked."""
        return one.state == "available" and one.id not in thing.refused

    def is_able(self, one: Agent, thing: Item, step: rings.Step) -> bool:
        """Whether she belongs to a ring."""
        return (
            self.is_there(one, thing) and bool(set(step.queues) & one.queues) and meets(thing.skills, one.skills, step)
        )

    def is_free(self, one: Agent, at: Queue) -> bool:
        """Whether she can get anything."""
        cap = min(99 if cap is None else cap for cap in (one.hourly_cap, at.hourly_cap))
        return not one.blocked and one.load < one.capacity and one.id not in self.kept and one.given_last_hour < cap


@given(some_items, some_agents, some_queues)
@settings(max_examples=300)
def test_indexes_change_nothing(
    items: list[dict[str, Any]], agents: list[dict[str, Any]], queues: tuple[Queue, ...]
) -> None:
    """What is decided is what asking everybody for every item would decide; nobody holds more than she can."""
    now = 100.0
    things = [Item(id=number, kind="email", **fields) for number, fields in enumerate(items)]
    people = people_of(agents)
    before = {each.id: each.load for each in people.values()}
    found = given_to(decided(things, people.values(), queues, now))
    assert found == Plain(people_of(agents), queues, now).decide(things)
    for one in people.values():
        assert one.load <= max(one.capacity, before[one.id])
        taken = [each for each in things if found.get(each.id) == one.id]
        assert sum(each.blocks for each in taken) <= 1


@given(st.lists(some_items, min_size=1, max_size=4), some_agents, some_queues, st.randoms(use_true_random=False))
@settings(max_examples=100)
def test_an_engine_that_is_told_of_changes_decides_as_a_new_one(
    batches: list[list[dict[str, Any]]], agents: list[dict[str, Any]], queues: tuple[Queue, ...], chance: Any
) -> None:
    """Items come and go, agents change: a kept engine knows what one that is filled anew knows."""
    desk = Engine(queues)
    people = people_of(agents)
    for one in people.values():
        desk.put_agent(one)
    number, now = 0, 100.0
    for batch in batches:
        for fields in batch:
            number += 1
            desk.add(Item(id=number, kind="email", **fields))
        for gone in [each for each in desk.items if chance.random() < 0.2]:
            desk.remove(gone)
        for one in people.values():
            if chance.random() < 0.3:
                one.state = chance.choice(["available", "break"])
                one.load = float(chance.choice([0, 1]))
                one.blocked = False
                desk.put_agent(one)
        now += 15
        copies = [Agent(**{name: getattr(one, name) for name in one.__struct_fields__}) for one in people.values()]
        wanted = given_to(decided(list(desk.items.values()), copies, queues, now))
        assert given_to(desk.decide(now)) == wanted


@given(some_items, some_agents, some_queues)
@settings(max_examples=100)
def test_what_comes_alone_goes_where_a_round_would_give_it(
    items: list[dict[str, Any]], agents: list[dict[str, Any]], queues: tuple[Queue, ...]
) -> None:
    """The short way for an item that finds nothing waiting; where nobody takes it, it waits as any other."""
    for number, fields in enumerate(items):
        one, desk = Item(id=number, kind="email", **fields), Engine(queues)
        for each in people_of(agents).values():
            desk.put_agent(each)
        wanted = given_to(decided([one], people_of(agents).values(), queues, 100.0))
        found = desk.give_or_add(one, 100.0)
        assert ({} if found is None else given_to([found])) == wanted
        assert list(desk.items) == ([one.id] if found is None else [])


@given(some_items, some_agents, some_queues)
@settings(max_examples=100)
def test_every_decision_says_why(
    items: list[dict[str, Any]], agents: list[dict[str, Any]], queues: tuple[Queue, ...]
) -> None:
    """Each item has one decision; who got it is the only one without a reason against her."""
    things = [Item(id=number, kind="email", **fields) for number, fields in enumerate(items)]
    found = decided(things, people_of(agents).values(), queues, 100.0, explain=True)
    assert sorted(each.item_id for each in found) == [each.id for each in things]
    for decision in found:
        unhindered = [each.agent_id for each in decision.candidates if each.excluded is None]
        assert unhindered == ([] if decision.agent_id is None else [decision.agent_id])
        assert {each.excluded for each in decision.candidates} - {None} <= set(engine.EXCLUSIONS)
        names = [each.agent_id for each in decision.candidates]
        assert len(set(names)) == len(names)


def test_rings_let_go_what_those_before_them_let_go() -> None:
    """Each step has everything of the steps before it, in the order of time, whatever the order they were written in."""
    steps = steps_of(queue(rings=(Ring(60, queues=(3,)), Ring(30, lower=1, drop_optional=True, queues=(2,)))))
    assert [(each.after_seconds, each.lower, each.drop_optional, each.queues) for each in steps] == [
        (0, 0, False, (1,)),
        (30, 1, True, (1, 2)),
        (60, 1, True, (1, 2, 3)),
    ]
    assert rings.LEVELS == (1, 5)

"""Past traffic through changed rules: nothing changed changes nothing, more people make waits shorter, names are known."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from routing.engine import Agent
from routing.rings import Need, Queue
from workforce import whatif
from workforce.past import Desk, KindOf, Past, Traffic
from workforce.replay import replay
from workforce.turning import Change

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)


def traffic(items: list[Past], agents: list[Agent], changes: tuple[Change, ...] = (), **queue: object) -> Traffic:
    """A desk with two queues, Support and Sales, and the skill French."""
    return Traffic(
        since=BEGIN,
        until=BEGIN,
        items=tuple(items),
        desk=Desk(
            queues={1: Queue(id=1, **queue), 2: Queue(id=2)},
            agents={each.id: each for each in agents},
            kinds={"call": KindOf(blocks=True)},
            changes=changes,
        ),
        queue_names={1: "Support", 2: "Sales"},
        agent_names={each.id: f"Agent {each.id}" for each in agents},
        agent_emails={each.id: f"a{each.id}@desk.example" for each in agents},
        skill_names={7: "French"},
    )


def past(number: int, at: float, lasts: float | None = 600, **more: object) -> Past:
    """An item of Support; nobody really had it."""
    return Past(number=number, kind="email", queue_id=1, came_at=at, waited_seconds=None, work_seconds=lasts, **more)


def member(number: int, *queues: int, capacity: float = 1, **more: object) -> Agent:
    """Somebody with room for so much."""
    return Agent(id=number, queues=frozenset(queues or (1,)), capacity=capacity, **more)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 5000), st.floats(1, 2000)), max_size=40), st.integers(1, 4))
def test_nothing_changed_changes_nothing(came: list[tuple[float, float]], people: int) -> None:
    """With an empty file both runs are the same; with one more of us nobody waits longer on average."""
    items = [past(number, at, lasts) for number, (at, lasts) in enumerate(sorted(came), 1)]
    whole = traffic(items, [member(number) for number in range(1, people + 1)])
    same = replay(whole, whatif.Rules())
    assert same.whole.before == same.whole.after
    assert same.whole.before.waiting == 0
    assert sum(each.before for each in same.agents) == len(items)
    more = replay(whole, whatif.read("extra: [{queues: [Support], capacity: 1}]"))
    assert more.whole.after.mean_wait_seconds <= more.whole.before.mean_wait_seconds + 0.1


def test_a_ring_lets_others_help() -> None:
    """Two mails, one of us busy with the first: after a minute those of Sales are asked, which the second line shows."""
    whole = traffic([past(1, 0), past(2, 10)], [member(1), member(2, 2)])
    rules = "queues: {support: {rings: [{after_seconds: 60, queues: [Sales]}]}}"
    found = replay(whole, whatif.read(rules), within_seconds=90)
    assert [each.name for each in found.queues] == ["Support"]
    assert found.queues[0].before.longest_wait_seconds == 590
    assert found.queues[0].after.longest_wait_seconds == 60
    assert (found.queues[0].before.in_time, found.queues[0].after.in_time) == (0.5, 1)
    assert {each.name: (each.before, each.after) for each in found.agents} == {"Agent 1": (2, 1), "Agent 2": (0, 1)}


def test_skills_capacity_and_absence_are_changed() -> None:
    """Who learns French, who takes two at a time, who is away: by address; and members of a queue anew."""
    items = [past(1, 0, needs=(Need(7, 2),)), past(2, 5, needs=(Need(7, 2),))]
    whole = traffic(items, [member(1, skills={7: 3}), member(2)])
    assert replay(whole, whatif.Rules()).whole.before.longest_wait_seconds == 595
    for rules in (
        "agents: {a2@desk.example: {skills: {french: 2}}}",
        "agents: {a1@desk.example: {capacity: 2}}",
        "agents: {A1@desk.example: {away: true}, a2@desk.example: {skills: {French: 5}, capacity: 2}}",
    ):
        assert replay(whole, whatif.read(rules)).whole.after.longest_wait_seconds == 0
    nobody = replay(whole, whatif.read("queues: {Support: {members: [a2@desk.example]}}")).whole
    assert (nobody.after.waiting, nobody.after.in_time) == (2, 0)


def test_hours_and_presence_go_on_as_they_were() -> None:
    """An agent who comes at ten, a queue that opens at eleven: what waited is given then, or at ten if it is always open."""
    late = member(1, state="offline")
    changes = (
        Change(36_000, agent=member(1)),
        Change(39_600, queue=Queue(id=1)),
    )
    whole = traffic([past(1, 30_000)], [late], changes, is_open=False, opens_at=39_600)
    found = replay(whole, whatif.read("queues: {Support: {always_open: true}}")).whole
    assert found.before.longest_wait_seconds == 9600
    assert found.after.longest_wait_seconds == 6000


def test_a_cap_is_for_an_hour() -> None:
    """One item in an hour: the second waits for the end of it."""
    whole = traffic([past(1, 0, 10), past(2, 20, 10), past(3, 3700, 10)], [member(1, capacity=9)])
    found = replay(whole, whatif.read("queues: {Support: {hourly_cap: 1}}")).whole
    assert found.before.longest_wait_seconds == 0
    assert found.after.longest_wait_seconds >= 3580
    assert found.after.waiting == 0


def test_calls_block_and_unfinished_work_lasts_as_usual() -> None:
    """A call takes everything beside it; work that nobody finished is taken to last as long as others of its kind."""
    items = [past(1, 0, 100), past(2, 10, None), past(3, 20, 100)]
    whole = traffic(items, [member(1, capacity=5)])
    assert replay(whole, whatif.Rules()).whole.before.longest_wait_seconds == 0
    found = replay(whole, whatif.read("kinds: {email: {blocks: true}}")).whole
    assert found.after.longest_wait_seconds == pytest.approx(180)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("queues: {Nowhere: {}}", "no queue Nowhere; there are: sales, support"),
        ("agents: {x@desk.example: {}}", "no agent x@desk.example"),
        ("extra: [{queues: [Support], skills: {Latin: 3}}]", "no skill Latin"),
        ("quues: {}", "quues"),
        ("queues: {Support: {rings: [{after: 3}]}}", "after"),
        ("agents: {a1@desk.example: {capacity: -1}}", "capacity"),
        ("- a list", "Expected"),
        ("{", "cannot be read"),
    ],
)
def test_a_wrong_file_is_said(text: str, words: str) -> None:
    """What the desk does not have, and what is misspelt, is named."""
    with pytest.raises(Invalid, match=words):
        replay(traffic([], [member(1)]), whatif.read(text))

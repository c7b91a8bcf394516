"""Which rules look at what happened, and that no set of rules runs in circles."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from automation import engine
from automation.engine import DEEPEST, HAPPENINGS, ORIGINS, OWN, PER_HOUR, TOO_DEEP, TOO_OFTEN, Happening, OnEvent, Rule

KINDS = sorted(HAPPENINGS)[:4]


def rule(number: int, *kinds: str, position: int = 0, excludes: tuple[str, ...] = ()) -> Rule:
    """A rule that looks at some kinds of events."""
    made = {"id": number, "name": f"Rule {number}", "position": position, "trigger": OnEvent(kinds)}
    return Rule(**made, excludes=excludes)  # type: ignore[arg-type]


def test_rules_look_in_their_order() -> None:
    """By position, then by age; those that are off, hear of something else or leave the origin alone do not look."""
    first, second = rule(7, "note.added", position=1), rule(3, "note.added", position=2)
    off = rule(4, "note.added")
    others = [rule(1, "ticket.created"), Rule(**{**vars_of(off), "is_enabled": False})]
    left_alone = [rule(10 + n, "note.added", position=9, excludes=(origin,)) for n, origin in enumerate(ORIGINS)]
    known = [second, *others, *left_alone, first]
    assert [each.id for each in engine.looking(known, Happening(kind="note.added"))] == [7, 3, 10, 11, 12, 13]
    for n, origin in enumerate(ORIGINS):
        looking = [each.id for each in engine.looking(known, Happening(kind="note.added", origin=origin))]
        assert looking == [7, 3, *(10 + other for other in range(4) if other != n)]


def vars_of(made: Rule) -> dict[str, object]:
    """The fields of a rule."""
    return {name: getattr(made, name) for name in made.__struct_fields__}


def test_why_a_rule_is_stopped() -> None:
    """Its own change, too many after one another, too often in an hour; otherwise it acts."""
    made = rule(1, "note.added")
    assert engine.stopped(made, (), 0) is None
    assert engine.stopped(made, (2, 3, 4, 5), PER_HOUR - 1) is None
    assert engine.stopped(made, (2, 1, 3), 0) == OWN
    assert engine.stopped(made, tuple(range(2, 2 + DEEPEST)), 0) == TOO_DEEP
    assert engine.stopped(made, (), PER_HOUR) == TOO_OFTEN


@given(
    st.lists(
        st.tuples(st.sets(st.sampled_from(KINDS), min_size=1), st.lists(st.sampled_from(KINDS), max_size=3)),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from(KINDS),
)
def test_no_rules_run_in_circles(made: list[tuple[set[str], list[str]]], begun: str) -> None:
    """Whatever each rule hears and sets off, one event leads to an end: no rule twice in a chain, none too deep."""
    rules = [rule(number, *sorted(hears)) for number, (hears, _) in enumerate(made, 1)]
    sets_off = {number: kinds for number, (_, kinds) in enumerate(made, 1)}
    waiting = deque([Happening(kind=begun)])
    acted = 0
    while waiting:
        happening = waiting.popleft()
        for each in engine.looking(rules, happening):
            if engine.stopped(each, happening.chain, acted) is not None:
                continue
            acted += 1
            chain = (*happening.chain, each.id)
            assert len(set(chain)) == len(chain) <= DEEPEST
            waiting.extend(Happening(kind=kind, chain=chain) for kind in sets_off[each.id])
    assert acted <= PER_HOUR

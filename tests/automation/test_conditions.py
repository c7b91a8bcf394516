"""Conditions: what they ask, that asking never fails, and how groups behave whatever stands in them."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automation import conditions
from automation.conditions import Condition, Facts, Group, Question, ask, questions_of
from automation.fields import FIELDS, OPERATORS, WITH_LIST, Value
from core.errors import Invalid

FACTS = Facts(
    values={
        "ticket.status": "open",
        "ticket.team": 3,
        "ticket.assignee": None,
        "ticket.tags": ["VIP", "Straße"],
        "ticket.reopened": 2,
        "ticket.subject": "  Pump   broken ",
        "customer.vip": True,
        "message.text": "Die STRASSE ist nass; वापसी कृपया",
    },
    changes={"ticket.status": ("pending", "open"), "ticket.tags": (["old"], ["VIP"]), "ticket.team": (None, 3)},
    open_hours=frozenset({"default"}),
)

scalars = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.text(max_size=8))
values = st.one_of(scalars, st.lists(st.one_of(st.integers(-5, 5), st.text(max_size=8)), max_size=3))
operators = st.sampled_from(sorted({op for each in OPERATORS.values() for op in each} | {"changed", "never"}))
questions = st.builds(Question, st.sampled_from([*FIELDS, "ticket.nothing"]), operators, values)
trees: st.SearchStrategy[Condition] = st.recursive(
    questions,
    lambda inner: st.builds(Group, st.sampled_from(["all", "any", "none"]), st.lists(inner, max_size=4).map(tuple)),
    max_leaves=12,
)
worlds = st.builds(
    Facts,
    values=st.dictionaries(st.sampled_from(sorted(FIELDS)), values, max_size=6),
    changes=st.dictionaries(st.sampled_from(sorted(FIELDS)), st.tuples(values, values), max_size=3),
    open_hours=st.frozensets(st.sampled_from(["default", "night"])),
)


@pytest.mark.parametrize(
    ("field", "op", "value", "holds"),
    [
        ("ticket.status", "is", "open", True),
        ("ticket.status", "in", ["pending", "open"], True),
        ("ticket.status", "not_in", ["pending", "open"], False),
        ("ticket.status", "changed", None, True),
        ("ticket.status", "changed_from", "pending", True),
        ("ticket.status", "changed_to", "pending", False),
        ("ticket.priority", "changed", None, False),
        ("ticket.team", "changed_from", None, True),
        ("ticket.team", "is", 3, True),
        ("ticket.assignee", "empty", None, True),
        ("ticket.tags", "has", "vip", True),
        ("ticket.tags", "has_any", ["x", "strasse"], True),
        ("ticket.tags", "added", "vip", True),
        ("ticket.tags", "removed", "OLD", True),
        ("ticket.tags", "removed", "vip", False),
        ("ticket.reopened", "at_least", 2, True),
        ("ticket.reopened", "at_most", 1, False),
        ("ticket.subject", "is", "pump broken", True),
        ("ticket.subject", "starts_with", "PUMP", True),
        ("customer.vip", "is", True, True),
        ("message.text", "contains", "straße", True),
        ("message.text", "contains", "वापसी", True),
        ("message.text", "contains_not", "refund", True),
        ("time.hours", "open", "default", True),
        ("time.hours", "closed", "night", True),
    ],
)
def test_what_is_asked(field: str, op: str, value: Value, holds: bool) -> None:
    """Old and new values, sets, spellings that differ, opening hours; each makes sense as a condition."""
    asked = Question(field, op, value)
    conditions.check(asked)
    assert ask(asked, FACTS).holds is holds


@given(trees, worlds)
def test_asking_never_fails_and_tells_of_every_question(tree: Condition, facts: Facts) -> None:
    """Whatever stands in a rule or a ticket, there is an answer to each question; the same through JSON."""
    verdict = ask(tree, facts)
    assert [(each.field, each.op) for each in verdict.answers] == [(q.field, q.op) for q in questions_of(tree)]
    again: Condition = msgspec.json.decode(msgspec.json.encode(tree), type=Group | Question)
    assert again == tree
    assert ask(again, facts) == verdict


@given(st.lists(trees, max_size=5), worlds)
def test_groups_are_what_they_say(parts: list[Condition], facts: Facts) -> None:
    """*None of* is the contrary of *any of*, *all of* is nobody's contrary holding, and the order does not matter."""
    held = [ask(each, facts).holds for each in parts]
    of = tuple(parts)
    assert ask(Group("all", of), facts).holds is all(held)
    assert ask(Group("any", of), facts).holds is any(held)
    assert ask(Group("none", of), facts).holds is not ask(Group("any", of), facts).holds
    contraries = tuple(Group("none", (each,)) for each in parts)
    assert ask(Group("all", of), facts).holds is ask(Group("none", contraries), facts).holds
    assert ask(Group("all", of[::-1]), facts).holds is ask(Group("all", of), facts).holds


@given(st.sampled_from(sorted(FIELDS)), values, worlds)
def test_an_operator_and_its_contrary_never_agree(field: str, value: Value, facts: Facts) -> None:
    """*Is* and *is not*, *in* and *not in*, *has* and *has not* and so on, of any field and value."""
    pairs = [("is", "is_not"), ("in", "not_in"), ("has", "has_not"), ("contains", "contains_not")]
    pairs += [("empty", "not_empty"), ("open", "closed")]
    for one, other in pairs:
        if {one, other} <= set(FIELDS[field].operators):
            assert ask(Question(field, one, value), facts).holds is not ask(Question(field, other, value), facts).holds


@pytest.mark.parametrize(
    ("condition", "place"),
    [
        (Question("ticket.nothing", "is", 1), "condition.field"),
        (Question("ticket.status", "contains", "x"), "condition.op"),
        (Question("ticket.status", "is", "gone"), "condition.value"),
        (Question("ticket.status", "in", "open"), "condition.value"),
        (Question("customer.vip", "is", "yes"), "condition.value"),
        (Question("ticket.reopened", "at_least", True), "condition.value"),
        (Question("ticket.team", "is", None), "condition.value"),
        (Question("message.text", "contains", " "), "condition.value"),
        (Group("all", (Question("message.text", "contains", "x" * 501),)), "condition.of[0].value"),
        (Group("all", (Group("any", (Question("ticket.team", "is", 0),)),)), "condition.of[0].of[0].value"),
        (Group("all", (Question("customer.vip", "is", True),) * 101), "condition"),
    ],
)
def test_conditions_that_make_no_sense_are_refused(condition: Condition, place: str) -> None:
    """With the place that is wrong."""
    with pytest.raises(Invalid) as refused:
        conditions.check(condition)
    assert refused.value.extra["errors"][0]["field"] == place


def test_a_tree_has_a_depth() -> None:
    """Five groups may stand in one another, not six."""
    tree: Any = Question("customer.vip", "is", True)
    for depth in range(1, 7):
        tree = Group("all", (tree,))
        if depth <= conditions.DEEPEST:
            conditions.check(tree)
    with pytest.raises(Invalid):
        conditions.check(tree)


def test_every_operator_can_be_asked() -> None:
    """Of each field, also those that are only known by old and new values; lists are lists."""
    for name, field in FIELDS.items():
        for op in field.operators:
            ask(Question(name, op, ["x"] if op in WITH_LIST else "x"), FACTS)

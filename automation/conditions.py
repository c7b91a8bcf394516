"""Conditions of rules: a tree of *all of*, *any of* and *none of* over questions about fields, old and new values too.

Pure: a condition is asked about :class:`Facts`, which ``automation/facts.py`` reads from the database and
``automation/trying.py`` makes for a moment in the past. Whatever the facts are, asking never fails; whether a condition
makes sense is found out by :func:`check` when it is written.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal

import msgspec

from automation.fields import CHANGES, FIELDS, WITH_LIST, WITHOUT_VALUE, Field, Scalar, Value
from core.errors import Invalid

DEEPEST: Final = 5
MOST_QUESTIONS: Final = 100
LONGEST_VALUE: Final = 500
MOST_VALUES: Final = 100


class Question(msgspec.Struct, frozen=True, tag="question", tag_field="kind"):
    """One question: a field, an operator of its type, and a value where the operator needs one."""

    field: str
    op: str
    value: Value = None


class Group(msgspec.Struct, frozen=True, tag="group", tag_field="kind"):
    """Several conditions: all of them hold, any of them, or none. Empty, *all* and *none* hold, and *any* does not."""

    match: Literal["all", "any", "none"] = "all"
    of: tuple["Group | Question", ...] = ()


Condition = Group | Question
ALWAYS: Final = Group()


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is the case.

    Attributes:
        values: field → what it is.
        changes: field → old and new value, where the event is its change; of ``ticket.tags`` lists.
        open_hours: names of the schedules that are open now.
    """

    values: Mapping[str, Value] = {}
    changes: Mapping[str, tuple[Value, Value]] = {}
    open_hours: frozenset[str] = frozenset()


class Answered(msgspec.Struct, frozen=True, rename="camel"):
    """A question that was asked, for the record: what was found, and whether it held."""

    field: str
    op: str
    value: Value
    found: Value
    holds: bool


class Verdict(msgspec.Struct, frozen=True):
    """Whether a condition holds, and the answer to each of its questions."""

    holds: bool
    answers: tuple[Answered, ...] = ()


def ask(condition: Condition, facts: Facts) -> Verdict:
    """Whether a condition holds. Every question is asked, so that the record tells of all of them."""
    if isinstance(condition, Question):
        answered = _answered(condition, facts)
        return Verdict(answered.holds, (answered,))
    verdicts = [ask(each, facts) for each in condition.of]
    held = [each.holds for each in verdicts]
    holds = all(held) if condition.match == "all" else any(held) is (condition.match == "any")
    return Verdict(holds, tuple(answered for each in verdicts for answered in each.answers))


def _answered(asked: Question, facts: Facts) -> Answered:
    field = FIELDS.get(asked.field)
    if field is None or (asked.op not in field.operators and asked.op not in CHANGES):
        return Answered(asked.field, asked.op, asked.value, None, holds=False)
    if field.type == "hours":
        is_open = str(asked.value) in facts.open_hours
        return Answered(asked.field, asked.op, asked.value, is_open, holds=is_open is (asked.op == "open"))
    change = facts.changes.get(asked.field)
    if asked.op in CHANGES or asked.op in ("added", "removed"):
        told = None if change is None else f"{_plain(change[0])} → {_plain(change[1])}"
        return Answered(asked.field, asked.op, asked.value, told, holds=_changed(asked, change))
    found = facts.values.get(asked.field)
    return Answered(asked.field, asked.op, asked.value, _short(found), holds=_ASKED[asked.op](found, asked.value))


def _plain(value: Value) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def _short(value: Value) -> Value:
    return value[:200] if isinstance(value, str) else value


def _changed(asked: Question, change: tuple[Value, Value] | None) -> bool:
    if change is None or change[0] == change[1]:
        return False
    old, new = change
    if asked.op in ("added", "removed"):
        before, after = _items(old), _items(new)
        gone, other = (before, after) if asked.op == "removed" else (after, before)
        return _folded(asked.value) in gone - other
    if asked.op == "changed":
        return True
    return _same(old if asked.op == "changed_from" else new, asked.value)


def _folded(value: object) -> str | int | float | bool | None:
    """A value so that spellings, capitals and ways of composing letters do not matter."""
    if isinstance(value, str):
        return " ".join(unicodedata.normalize("NFKC", value).casefold().split())
    return value if isinstance(value, (int, float, bool)) else None


def _same(found: Value, wanted: Value) -> bool:
    one, other = _folded(found), _folded(wanted)
    return one == other and isinstance(one, bool) is isinstance(other, bool)


def _items(value: Value) -> frozenset[Scalar]:
    return frozenset(_folded(each) for each in value) if isinstance(value, list) else frozenset()


def _text(value: Value) -> str:
    return str(_folded(value)) if isinstance(value, str) else ""


def _is_empty(found: Value) -> bool:
    return found is None or (
        isinstance(found, (str, list)) and not (found.strip() if isinstance(found, str) else found)
    )


def _at_least(found: Value, wanted: Value) -> bool:
    return isinstance(found, (int, float)) and isinstance(wanted, (int, float)) and found >= wanted


def _at_most(found: Value, wanted: Value) -> bool:
    return isinstance(found, (int, float)) and isinstance(wanted, (int, float)) and found <= wanted


def _contains(found: Value, wanted: Value) -> bool:
    return bool(_text(wanted)) and _text(wanted) in _text(found)


_ASKED: Final[Mapping[str, Callable[[Value, Value], bool]]] = {
    "is": _same,
    "is_not": lambda found, wanted: not _same(found, wanted),
    "in": lambda found, wanted: _folded(found) in _items(wanted),
    "not_in": lambda found, wanted: _folded(found) not in _items(wanted),
    "empty": lambda found, _: _is_empty(found),
    "not_empty": lambda found, _: not _is_empty(found),
    "contains": _contains,
    "contains_not": lambda found, wanted: not _contains(found, wanted),
    "starts_with": lambda found, wanted: bool(_text(wanted)) and _text(found).startswith(_text(wanted)),
    "ends_with": lambda found, wanted: bool(_text(wanted)) and _text(found).endswith(_text(wanted)),
    "at_least": _at_least,
    "at_most": _at_most,
    "has": lambda found, wanted: _folded(wanted) in _items(found),
    "has_not": lambda found, wanted: _folded(wanted) not in _items(found),
    "has_any": lambda found, wanted: bool(_items(found) & _items(wanted)),
}


def questions_of(condition: Condition) -> Iterator[Question]:
    """All questions of a condition, in its order."""
    if isinstance(condition, Question):
        yield condition
        return
    for each in condition.of:
        yield from questions_of(each)


def check(condition: Condition, place: str = "condition") -> None:
    """Refuse a condition that makes no sense.

    Args:
        condition: as somebody wrote it.
        place: where it stands, for the complaint.

    Raises:
        Invalid: a field or operator that there is not, a value of another kind, or a tree that is too deep or large.
    """
    if sum(1 for _ in questions_of(condition)) > MOST_QUESTIONS:
        raise Invalid.field(place, f"At most {MOST_QUESTIONS} conditions.")
    _check(condition, place, 1)


def _check(condition: Condition, place: str, depth: int) -> None:
    if isinstance(condition, Question):
        _check_question(condition, place)
        return
    if depth > DEEPEST:
        raise Invalid.field(place, f"Conditions may be nested {DEEPEST} times.")
    for number, each in enumerate(condition.of):
        _check(each, f"{place}.of[{number}]", depth + 1)


def _check_question(asked: Question, place: str) -> None:
    field = FIELDS.get(asked.field)
    if field is None:
        raise Invalid.field(f"{place}.field", "There is no such field.")
    if asked.op not in field.operators:
        raise Invalid.field(f"{place}.op", "This cannot be asked of it.")
    if asked.op in WITHOUT_VALUE:
        return
    if asked.op in WITH_LIST:
        if not isinstance(asked.value, list) or not 1 <= len(asked.value) <= MOST_VALUES:
            raise Invalid.field(f"{place}.value", f"Name 1 to {MOST_VALUES} values.")
        for each in asked.value:
            _check_value(field, asked.op, each, f"{place}.value")
        return
    _check_value(field, asked.op, asked.value, f"{place}.value")


def _check_value(field: Field, op: str, value: Value, place: str) -> None:
    if isinstance(value, str) and len(value) > LONGEST_VALUE:
        raise Invalid.field(place, f"At most {LONGEST_VALUE} characters.")
    if field.type == "choice" and value not in field.options:
        raise Invalid.field(place, f"One of {', '.join(field.options)}.")
    if field.type == "flag" and not isinstance(value, bool):
        raise Invalid.field(place, "Yes or no.")
    if field.type == "number" and (isinstance(value, bool) or not isinstance(value, (int, float))):
        raise Invalid.field(place, "A number is needed.")
    if field.type == "ref" and not (_is_id(value) or (value is None and op in CHANGES)):
        raise Invalid.field(place, "Choose one.")
    words = field.type in ("text", "set", "hours")
    if words and not (isinstance(value, str) and value.strip()):
        raise Invalid.field(place, "Write what it is compared with.")


def _is_id(value: Value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63

"""The fields that a topic of the request form has of its own: what they are, which are shown, what may be answered.

Pure. One set of rules for the page that shows the fields, for the check of what is posted, and for the console where
topics are written (``channels/web/topics``).
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final, Literal

import msgspec

Kind = Literal["text", "long_text", "number", "date", "choice", "checkbox", "file", "product"]
KINDS: Final[tuple[Kind, ...]] = ("text", "long_text", "number", "date", "choice", "checkbox", "file", "product")
MOST_FIELDS: Final = 20
MOST_OPTIONS: Final = 40
YES: Final = "yes"
"""What a ticked box answers."""
LONGEST: Final[Mapping[Kind, int]] = {"text": 200, "long_text": 5_000, "number": 40}
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
"""Written in digits of any script, without exponents or names such as NaN; the spaces and commas are gone."""
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Option(msgspec.Struct, frozen=True):
    """One of the answers to a choice.

    Attributes:
        key: what is kept.
        names: language → words.
    """

    key: str
    names: dict[str, str]


class Condition(msgspec.Struct, frozen=True):
    """When a field is shown.

    Attributes:
        field: key of a field that stands before it.
        answers: one of these must be its answer; :data:`YES` for a ticked box.
    """

    field: str
    answers: list[str]


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One question of a topic.

    Attributes:
        key: by which answers are kept.
        names: language → the question.
        hints: language → a sentence that helps to answer.
        is_required: whether it must be answered when it is shown.
        options: of a choice.
        shown_when: None shows it always.
    """

    key: str
    kind: Kind
    names: dict[str, str]
    hints: dict[str, str] = {}
    is_required: bool = False
    options: list[Option] = []
    shown_when: Condition | None = None


class Answer(msgspec.Struct, frozen=True):
    """What a customer answered.

    Attributes:
        key: of the field.
        label: the question in the desk's language, for agents.
        value: the answer in the desk's language.
        asked: the question in the customer's language.
        said: the answer in the customer's language.
    """

    key: str
    label: str
    value: str
    asked: str
    said: str


def words(texts: Mapping[str, str], language: str, default: str = "en") -> str:
    """A text in a language, else in the desk's, else in any."""
    return texts.get(language) or texts.get(default) or next(iter(texts.values()), "")


def shown(fields: Sequence[Field], answers: Mapping[str, str]) -> list[Field]:
    """The fields that are asked, given what was answered so far.

    What stands in a field that is not shown does not count: it shows no other field either.
    """
    visible: dict[str, Field] = {}
    for field in fields:
        condition = field.shown_when
        if condition is None or (condition.field in visible and answers.get(condition.field, "") in condition.answers):
            visible[field.key] = field
    return list(visible.values())


def has_dependents(field: Field, fields: Sequence[Field]) -> bool:
    """Whether another field is shown or hidden by the answer to this one."""
    return any(other.shown_when is not None and other.shown_when.field == field.key for other in fields)


class Fault(msgspec.Struct, frozen=True):
    """Why an answer is refused: ``missing``, ``too_long``, ``no_number``, ``no_date`` or ``no_option``."""

    reason: Literal["missing", "too_long", "no_number", "no_date", "no_option"]
    most: int = 0


def fault_of(field: Field, answer: str) -> Fault | None:
    """What is wrong with an answer; files are not looked at here."""
    if not answer:
        return Fault("missing") if field.is_required else None
    most = LONGEST.get(field.kind)
    if most is not None and len(answer) > most:
        return Fault("too_long", most)
    if field.kind == "number" and not _is_number(answer):
        return Fault("no_number")
    if field.kind == "date" and not _is_date(answer):
        return Fault("no_date")
    known = {option.key for option in field.options} if field.kind == "choice" else {YES}
    if field.kind in ("choice", "checkbox") and answer not in known:
        return Fault("no_option")
    return None


def _is_number(answer: str) -> bool:
    return _NUMBER.fullmatch(answer.replace(" ", "").replace(",", "")) is not None


def _is_date(answer: str) -> bool:
    try:
        return 1900 <= date.fromisoformat(answer).year <= 2200
    except ValueError:
        return False


class Complaint(msgspec.Struct, frozen=True):
    """What is wrong with a topic, for an administrator.

    Attributes:
        field: the path of what is wrong, such as ``fields[1].options[0].names``.
        message: a sentence.
    """

    field: str
    message: str


def complaints(fields: Sequence[Field]) -> list[Complaint]:
    """What is wrong with the fields of a topic, each at its place."""
    too_many = [Complaint("fields", f"A topic has at most {MOST_FIELDS} questions.")]
    found = too_many if len(fields) > MOST_FIELDS else []
    before: dict[str, Field] = {}
    for number, field in enumerate(fields):
        found += [Complaint(f"fields[{number}].{part}", words) for part, words in _faults_of(field, before)]
        before[field.key] = field
    return found


def _faults_of(field: Field, before: Mapping[str, Field]) -> Iterator[tuple[str, str]]:
    """Which part of a field is wrong, and why."""
    if not _KEY.fullmatch(field.key):
        yield "key", "The key is made of small letters, digits and _, and begins with a letter."
    if field.key in before:
        yield "key", f"The key {field.key} is taken by another question."
    if not _says_something(field.names):
        yield "names", "A question needs words in at least one language."
    yield from _wrong_options(field)
    yield from (("shown_when", words) for words in _wrong_condition(field, before))


def _wrong_options(field: Field) -> Iterator[tuple[str, str]]:
    if field.kind != "choice":
        if field.options:
            yield "options", "Only a choice has answers to choose from."
        return
    if not 0 < len(field.options) <= MOST_OPTIONS:
        yield "options", f"A choice has from 1 to {MOST_OPTIONS} answers."
    keys: set[str] = set()
    said: set[tuple[str, str]] = set()
    for number, option in enumerate(field.options):
        if option.key in keys or not _KEY.fullmatch(option.key):
            yield (
                f"options[{number}].key",
                "Each answer needs a key of its own, made of small letters, digits and _.",
            )
        if not _says_something(option.names):
            yield f"options[{number}].names", "Each answer needs words in at least one language."
        if said & plain(option.names):
            yield f"options[{number}].names", "Another answer has the same words."
        keys.add(option.key)
        said |= plain(option.names)


def plain(texts: Mapping[str, str]) -> set[tuple[str, str]]:
    """Words in their languages, such that what looks the same to a reader is the same."""
    found = {code: " ".join(unicodedata.normalize("NFKC", text).casefold().split()) for code, text in texts.items()}
    return {(code, text) for code, text in found.items() if text}


def _says_something(texts: Mapping[str, str]) -> bool:
    return any(text.strip() for text in texts.values())


def _wrong_condition(field: Field, before: Mapping[str, Field]) -> Iterator[str]:
    condition = field.shown_when
    if condition is None:
        return
    other = before.get(condition.field)
    if other is None:
        yield "The condition must name a question that stands before this one."
    elif other.kind not in ("choice", "checkbox"):
        yield "The condition must name a choice or a checkbox."
    else:
        known = {option.key for option in other.options} if other.kind == "choice" else {YES}
        if not condition.answers or not known >= set(condition.answers):
            yield "The condition must name answers of that question."

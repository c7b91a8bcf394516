"""A topic's own fields: which are asked, what may be answered, and which sets of fields make sense."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.web import fields
from channels.web.fields import Condition, Fault, Field, Option


def field(key: str, kind: fields.Kind = "text", **more: object) -> Field:
    """A field with words."""
    return Field(key=key, kind=kind, names={"en": key.title()}, **more)  # type: ignore[arg-type]


FAULT = field("fault", "choice", options=[Option("noise", {"en": "Noise"}), Option("error", {"en": "An error"})])
CODE = field("code", shown_when=Condition("fault", ["error"]), is_required=True)
STOCK = field("stock", "checkbox", shown_when=Condition("fault", ["error", "noise"]))
VALUE = field("value", "number", shown_when=Condition("stock", [fields.YES]))
FORM = [FAULT, CODE, STOCK, VALUE]


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        ({}, ["fault"]),
        ({"fault": "noise"}, ["fault", "stock"]),
        ({"fault": "error"}, ["fault", "code", "stock"]),
        ({"fault": "error", "stock": "yes"}, ["fault", "code", "stock", "value"]),
        ({"stock": "yes"}, ["fault"]),
        ({"fault": "planted", "stock": "yes"}, ["fault"]),
    ],
)
def test_an_answer_shows_what_follows_from_it(answers: dict[str, str], asked: list[str]) -> None:
    """A field that is hidden shows nothing either, whatever was posted for it."""
    assert [each.key for each in fields.shown(FORM, answers)] == asked


@given(
    st.dictionaries(
        st.sampled_from(["fault", "code", "stock", "value"]), st.sampled_from(["", "error", "noise", "yes"])
    )
)
def test_what_is_asked_depends_only_on_what_is_shown(answers: dict[str, str]) -> None:
    """Leaving the answers of hidden fields away changes nothing, and the order of the topic is kept."""
    asked = [each.key for each in fields.shown(FORM, answers)]
    assert [each.key for each in fields.shown(FORM, {key: answers[key] for key in asked if key in answers})] == asked
    assert asked == [each.key for each in FORM if each.key in asked]


@pytest.mark.parametrize(
    ("asked", "answer", "fault"),
    [
        (CODE, "", Fault("missing")),
        (FAULT, "", None),
        (CODE, "E4", None),
        (CODE, "x" * 201, Fault("too_long", 200)),
        (VALUE, "1,25,000.50", None),
        (VALUE, "many", Fault("no_number")),
        (VALUE, "NaN", Fault("no_number")),
        (VALUE, "inf", Fault("no_number")),
        (VALUE, "1e400", Fault("no_number")),
        (VALUE, ",", Fault("no_number")),
        (VALUE, "-0.5", None),
        (VALUE, "१२५", None),
        (field("since", "date"), "2026-02-30", Fault("no_date")),
        (field("since", "date"), "2026-02-28", None),
        (FAULT, "planted", Fault("no_option")),
        (FAULT, "noise", None),
        (STOCK, "on", Fault("no_option")),
        (STOCK, "yes", None),
    ],
    ids=lambda value: getattr(value, "key", None),
)
def test_answers_are_checked_by_kind(asked: Field, answer: str, fault: Fault | None) -> None:
    """Each kind takes what it is for and says why it refuses the rest."""
    assert fields.fault_of(asked, answer) == fault


@pytest.mark.parametrize(
    ("wrong", "place", "says"),
    [
        ([field("Serial")], "fields[0].key", "small letters"),
        ([field("a"), field("a")], "fields[1].key", "taken"),
        ([Field(key="a", kind="text", names={"en": " "})], "fields[0].names", "words"),
        ([field("a", "choice")], "fields[0].options", "from 1 to"),
        ([field("a", options=[Option("x", {"en": "X"})])], "fields[0].options", "Only a choice"),
        ([field("a", "choice", options=[Option("x", {})])], "fields[0].options[0].names", "words"),
        (
            [
                field(
                    "a", "choice", options=[Option("x", {"en": "A Fault"}), Option("y", {"en": " a  fault", "hi": "ख"})]
                )
            ],
            "fields[0].options[1].names",
            "same words",
        ),
        (
            [field("a", "choice", options=[Option("x", {"en": "X"}), Option("x", {"en": "Y"})])],
            "fields[0].options[1].key",
            "key of its own",
        ),
        (
            [field("a", shown_when=Condition("b", ["x"])), field("b", "checkbox")],
            "fields[0].shown_when",
            "stands before",
        ),
        ([field("b"), field("a", shown_when=Condition("b", ["x"]))], "fields[1].shown_when", "choice or a checkbox"),
        ([FAULT, field("a", shown_when=Condition("fault", ["planted"]))], "fields[1].shown_when", "must name answers"),
        ([FAULT, field("a", shown_when=Condition("fault", []))], "fields[1].shown_when", "must name answers"),
        ([field(f"a{number}") for number in range(21)], "fields", "at most 20"),
    ],
)
def test_fields_that_make_no_sense_are_refused(wrong: list[Field], place: str, says: str) -> None:
    """An administrator reads one sentence at the place that is wrong; a sound topic has nothing to complain about."""
    [complaint] = fields.complaints(wrong)
    assert (complaint.field, says in complaint.message) == (place, True)
    assert fields.complaints(FORM) == []


def test_words_fall_back_to_the_desks_language() -> None:
    """A language that nobody has translated shows the desk's words, or any rather than none."""
    assert fields.words({"en": "Serial number", "mr": "अनुक्रमांक"}, "mr") == "अनुक्रमांक"
    assert fields.words({"en": "Serial number"}, "kn") == "Serial number"
    assert fields.words({"hi": "क्रमांक"}, "kn") == "क्रमांक"

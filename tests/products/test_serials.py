import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from products import serials
from products.serials import Format, Wrong

FRIDGE = Format(masks=("@@######", "TW#######"), example="TF123456")


@pytest.mark.parametrize(
    "written",
    [
        "tf123456",
        " TF 123-456 ",
        "TF–12.34/56",
        "ＴＦ１２３４５６",
        "TF१२३४५६",
        "TFI2345G".replace("G", "6"),
        "7F123456".replace("7", "T"),
    ],
)
def test_one_serial_number_has_one_spelling(written: str) -> None:
    """Case, blanks, dashes, digits of other scripts and full-width letters do not matter."""
    assert serials.read(written, FRIDGE) == "TF123456"


def test_what_looks_alike_is_put_right_where_the_mask_knows() -> None:
    """O on a digit's place is a zero, 0 on a letter's place an O; where either may stand nothing is guessed."""
    assert serials.read("0FO0I2B4", FRIDGE) == "OF001284"
    assert serials.read("TWO000001", FRIDGE) == "TW0000001"
    assert serials.read("AO0", Format(masks=("***",), example="AO0")) == "AO0"


@pytest.mark.parametrize(
    ("written", "reason", "words"),
    [
        ("  -- ", "empty", "Enter the serial number."),
        ("TF12345", "length", "This has 7 characters, and the serial numbers of this product have 8 or 9"),
        ("TF12345X", "place", "The 8th character, “X”, cannot stand there."),
        ("TF12345*", "characters", "“*” cannot be part of a serial number."),
        ("T" * 41, "too_long", "at most 40"),
    ],
)
def test_a_wrong_serial_number_says_what_is_wrong(written: str, reason: str, words: str) -> None:
    """Each refusal has a stable reason for other languages, and a sentence with an example."""
    with pytest.raises(Wrong) as refused:
        serials.read(written, FRIDGE)
    assert refused.value.reason == reason
    assert words in refused.value.extra["errors"][0]["message"]


@pytest.mark.parametrize("check", ["luhn", "mod97"])
def test_check_digits_find_a_slip_of_the_pen(check: str) -> None:
    """The right digit passes; any other digit in one place, or two neighbours changed, do not."""
    good = serials.with_check_digit("TF48213", check)
    form = Format(check=check)
    assert serials.read(good, form) == good
    slipped = good[:3] + str((int(good[3]) + 1) % 10) + good[4:]
    swapped = good[:2] + good[3] + good[2] + good[4:]
    for wrong in (slipped, swapped):
        with pytest.raises(Wrong, match="compare it with the plate"):
            serials.read(wrong, form)


def test_a_format_is_refused_that_its_own_example_does_not_fit() -> None:
    """Masks are checked when they are entered, not when the first customer fails."""
    assert serials.checked_format(" @@###### ", "tf 123456", "").masks == ("@@######",)
    for masks, example, check, field in [
        ("@@###### ", "TF12345", "", "serialExample"),
        ("(@+)+$", "TF1", "", "serialMasks"),
        ("@@######", "", "", "serialExample"),
        ("@@######", "TF123456", "verhoeff", "serialCheck"),
    ]:
        with pytest.raises(Invalid) as refused:
            serials.checked_format(masks, example, check)
        assert refused.value.extra["errors"][0]["field"] == field


@given(st.text(max_size=60))
def test_reading_is_complete_and_repeatable(written: str) -> None:
    """Whatever is typed, it is refused with words or has one spelling, and that spelling reads as itself."""
    for form in (Format(), FRIDGE, Format(check="luhn"), Format(check="mod97")):
        try:
            value = serials.read(written, form)
        except Wrong:
            continue
        assert serials.read(value, form) == value
        assert value.isascii() and value.isalnum()

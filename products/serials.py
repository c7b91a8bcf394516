"""Serial numbers: one spelling for each, checked against the product's own format.

Pure. A product's format is a *mask* that a shopkeeper can write: ``@`` stands for a letter, ``#`` for a digit, ``*``
for either, anything else for itself; several masks are separated by spaces (``TF@####### TW########``). Because a
mask says where digits stand, what looks alike on a worn plate (O and 0, I and 1) is put right before it is compared.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Final, Literal

import msgspec

from core.errors import Invalid

LONGEST: Final = 40
CHECKS: Final = ("", "luhn", "mod97")
"""Check digit rules: none; Luhn modulo 36 over letters and digits (ISO/IEC 7812-1, generalised); ISO 7064 MOD 97-10."""

Reason = Literal["empty", "too_long", "characters", "length", "place", "check_digit"]
_DIGITS: Final = "0123456789"
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ALPHABET: Final = _DIGITS + _LETTERS
_AS_DIGIT: Final = str.maketrans("OQDILZSB", "00011258")
_AS_LETTER: Final = str.maketrans("0158", "OISB")
_BETWEEN: Final = re.compile(r"[\s\-_./:·#]+")
_DASHES: Final = re.compile(r"[‐-―−]")


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """How the serial numbers of a product look.

    Attributes:
        masks: any of these; none: anything of letters and digits.
        example: a serial number that fits, shown to people.
        check: one of :data:`CHECKS`.
    """

    masks: tuple[str, ...] = ()
    example: str = ""
    check: str = ""


class Wrong(Invalid):
    """A serial number that cannot be one of this product.

    Args:
        reason: which rule it breaks.
        message: the same as a sentence.
        values: what the sentence names, for other languages.
    """

    code = "serial-wrong"

    def __init__(self, reason: Reason, message: str, **values: str | int) -> None:
        complaint = {"field": "serial", "message": message, "reason": f"serial_{reason}", "values": values}
        super().__init__(f"serial: {message}", errors=[complaint])
        self.reason = reason
        self.values = values


def normalise(written: str) -> str:
    """Upper case, Latin digits, without spaces, dashes and dots.

    Digits of other scripts become Latin ones, full-width letters ordinary ones (NFKC).

    Raises:
        Wrong: nothing is left, it is too long, or it has other characters than letters and digits.
    """
    text = _BETWEEN.sub("", _DASHES.sub("-", unicodedata.normalize("NFKC", written[:400]))).upper()
    value = "".join(_latin(char) for char in text)
    if not value:
        raise Wrong("empty", "Enter the serial number.")
    if len(value) > LONGEST:
        raise Wrong("too_long", f"A serial number has at most {LONGEST} letters and digits.", most=LONGEST)
    odd = next((char for char in value if char not in _ALPHABET), None)
    if odd is not None:
        raise Wrong("characters", f"“{odd}” cannot be part of a serial number.", character=odd)
    return value


def _latin(char: str) -> str:
    return str(unicodedata.digit(char)) if char.isdigit() and char not in _DIGITS else char


def read(written: str, form: Format) -> str:
    """The one spelling of a serial number of a product.

    Args:
        written: as somebody typed it.
        form: how this product's serial numbers look.

    Raises:
        Wrong: it cannot be one; the sentence says what is wrong with it.
    """
    value = normalise(written)
    if form.masks:
        value = _fitted(value, form)
    if form.check and not CHECKERS[form.check](value):
        raise Wrong("check_digit", "A character is wrong or two have changed places. Please compare it with the plate.")
    return value


def _fitted(value: str, form: Format) -> str:
    lengths = sorted({len(mask) for mask in form.masks})
    fitting = [mask for mask in form.masks if len(mask) == len(value)]
    if not fitting:
        many = " or ".join(str(length) for length in lengths)
        raise Wrong(
            "length",
            f"This has {len(value)} characters, and the serial numbers of this product have {many}"
            + (f", such as {form.example}." if form.example else "."),
            found=len(value),
            wanted=many,
            example=form.example,
        )
    repaired = [_by_mask(value, mask) for mask in fitting]
    found = next((each for each in repaired if isinstance(each, str)), None)
    if found is not None:
        return found
    place = max(each for each in repaired if isinstance(each, int))
    like = f" A serial number of this product looks like {form.example}." if form.example else ""
    raise Wrong(
        "place",
        f"The {_ordinal(place + 1)} character, “{value[place]}”, cannot stand there.{like}",
        place=place + 1,
        character=value[place],
        example=form.example,
    )


def _by_mask(value: str, mask: str) -> str | int:
    """The value put right by a mask, or the first place where it does not fit."""
    put_right: list[str] = []
    for place, (char, wanted) in enumerate(zip(value, mask, strict=True)):
        char = _alike(char, wanted)  # noqa: PLW2901 - the same character, read as the mask expects it
        allowed = {"@": _LETTERS, "#": _DIGITS, "*": _ALPHABET}.get(wanted, wanted)
        if char not in allowed:
            return place
        put_right.append(char)
    return "".join(put_right)


def _alike(char: str, wanted: str) -> str:
    """The character that was meant, where the mask tells digits from letters."""
    if wanted in ("*", char):
        return char
    if wanted == "#" or wanted in _DIGITS:
        return char.translate(_AS_DIGIT)
    return char.translate(_AS_LETTER)


def _ordinal(number: int) -> str:
    ending = "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _luhn(value: str) -> bool:
    """Luhn modulo 36; of digits only, modulo 10."""
    base = 10 if value.isdigit() else 36
    total = 0
    for place, char in enumerate(reversed(value)):
        number = _ALPHABET.index(char) * (1 + place % 2)
        total += number // base + number % base
    return total % base == 0


def _mod97(value: str) -> bool:
    """The number that the characters spell (A = 10 … Z = 35) leaves 1 when divided by 97."""
    return int("".join(str(_ALPHABET.index(char)) for char in value)) % 97 == 1


CHECKERS: Final[dict[str, Callable[[str], bool]]] = {"luhn": _luhn, "mod97": _mod97}


def with_check_digit(start: str, check: str) -> str:
    """A serial number that begins so and satisfies a check digit rule (demo data, tests)."""
    if check == "mod97":
        return next(full for number in range(97) if _mod97(full := f"{start}{number:02}"))
    return next((full for char in _ALPHABET if check and CHECKERS[check](full := start + char)), start)


def checked_format(masks: str, example: str, check: str) -> Format:
    """A format as somebody enters it.

    Args:
        masks: separated by spaces.
        example: one serial number.
        check: name of a check digit rule.

    Raises:
        Invalid: a mask has other characters, there is no such rule, or the example does not fit its own format.
    """
    listed = tuple(dict.fromkeys(masks.upper().split()))
    if any(len(mask) > LONGEST or set(mask) - set(_ALPHABET + "@#*") for mask in listed):
        raise Invalid.field("serialMasks", "Write @ for a letter, # for a digit, * for either; others for themselves.")
    if check not in CHECKS:
        raise Invalid.field("serialCheck", f"One of {', '.join(filter(None, CHECKS))}, or nothing.")
    form = Format(masks=listed, example=example.strip(), check=check)
    if (listed or check) and not form.example:
        raise Invalid.field("serialExample", "Give an example that people can compare with.")
    if form.example:
        try:
            read(form.example, form)
        except Wrong as problem:
            words = problem.extra["errors"][0]["message"]
            raise Invalid.field("serialExample", f"The example does not fit its own format: {words}") from None
    return form

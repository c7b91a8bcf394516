"""Taking a customer's data out of a text before it becomes an article.

What is known of her (names, addresses, numbers) is looked for as it is written; what looks like an address, a telephone
number, an order, invoice or serial number, a postal code with its town, or a greeting with a name is found by its form.
Everything becomes a placeholder, and the list of what went is shown to the author, who reads it before she saves.
"""

import re
from collections.abc import Iterable
from typing import Final

import msgspec
import phonenumbers

_WORD: Final = r"[^\W\d_]"
_PATTERNS: Final = (
    ("email", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("link", re.compile(r"https?://\S*(?:token|key|auth|session|track)\S*", re.IGNORECASE)),
    ("order", re.compile(r"\b(?:ORD|ORDER|INV|INVOICE|RMA|AWB|REF|PO|SO|T)[-#/ ]?\d[\w/-]{2,}\b", re.IGNORECASE)),
    ("order", re.compile(r"(?<=\s)#\d{3,}\b")),
    ("serial", re.compile(r"\b(?=[A-Z0-9-]{8,24}\b)(?=(?:[A-Z-]*\d){4})(?=[\d-]*[A-Z])[A-Z0-9]+(?:-[A-Z0-9]+)*\b")),
    ("number", re.compile(r"\b\d(?:[ -]?\d){7,}\b")),
    ("postcode", re.compile(rf"\b{_WORD}+[ ,-]+\d{{6}}\b")),
)
_GREETING: Final = re.compile(
    r"^(?P<word>(?:Dear|Hello|Hi|Hey|Good (?:morning|afternoon|evening|day))[ ]+)(?P<name>[^\n,!:.]{2,60})(?=[,!:.\n])",
    re.IGNORECASE | re.MULTILINE,
)
_CLOSING: Final = re.compile(
    r"^(?:(?:Kind|Best|Warm)? ?regards|Yours (?:sincerely|faithfully)|Sincerely|Thanks|Thank you|Cheers),?[ ]*\n"
    r"(?P<rest>(?:.{1,60}\n?){0,5})\Z",
    re.IGNORECASE | re.MULTILINE,
)
_GENERAL: Final = frozenset({"team", "all", "there", "sir", "madam", "everybody", "everyone", "customer", "friend"})
PLACEHOLDERS: Final = {
    "name": "[name]",
    "email": "[e-mail]",
    "phone": "[phone]",
    "address": "[address]",
    "postcode": "[address]",
    "order": "[order number]",
    "serial": "[serial number]",
    "number": "[number]",
    "link": "[link]",
}


class Removed(msgspec.Struct, frozen=True, rename="camel"):
    """Something that was taken out, how often, and what stands in its place."""

    kind: str
    text: str
    placeholder: str
    count: int


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the people in a conversation."""

    names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


class _Pen:
    """Strikes out, and keeps what it struck."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.struck: dict[tuple[str, str], int] = {}

    def strike(self, kind: str, found: str) -> str:
        key = (kind, found.strip())
        self.struck[key] = self.struck.get(key, 0) + 1
        return PLACEHOLDERS[kind]

    def all_of(self, kind: str, words: str) -> None:
        """Strike out something known, wherever it stands as whole words."""
        if len(words.strip()) < 2:
            return
        pattern = re.compile(rf"(?<!\w){re.escape(words.strip())}(?!\w)", re.IGNORECASE)
        self.text = pattern.sub(lambda found: self.strike(kind, found[0]), self.text)


def redact(text: str, known: Known, default_country: str = "IN") -> tuple[str, list[Removed]]:
    """A text without personal data, and what was taken out of it.

    Args:
        text: plain text or Markdown.
        known: what the desk knows of the people in it.
        default_country: of telephone numbers without a country.
    """
    pen = _Pen(text)
    for kind, values in (("email", known.emails), ("phone", known.phones), ("address", known.addresses)):
        for value in sorted(values, key=len, reverse=True):
            pen.all_of(kind, value)
    for kind, pattern in _PATTERNS[:5]:
        pen.text = pattern.sub(lambda found, kind=kind: pen.strike(kind, found[0]), pen.text)  # type: ignore[misc]
    pen.text = _phones(pen, default_country)
    for kind, pattern in _PATTERNS[5:]:
        pen.text = pattern.sub(lambda found, kind=kind: pen.strike(kind, found[0]), pen.text)  # type: ignore[misc]
    for name in _names(known.names):
        pen.all_of("name", name)
    pen.text = _GREETING.sub(lambda found: _greeting(pen, found), pen.text)
    pen.text = _CLOSING.sub(lambda found: _closing(pen, found), pen.text.rstrip() + "\n").rstrip()
    removed = [Removed(kind, words, PLACEHOLDERS[kind], count) for (kind, words), count in pen.struck.items()]
    return pen.text, removed


def _phones(pen: _Pen, country: str) -> str:
    """The text with every telephone number struck out, whatever spaces and signs are in it."""
    pieces, at = [], 0
    for found in phonenumbers.PhoneNumberMatcher(pen.text, country, leniency=phonenumbers.Leniency.POSSIBLE):
        inside = found.start > 0 and pen.text[found.start - 1].isalnum()
        if inside or sum(letter.isdigit() for letter in found.raw_string) < 8:
            continue
        pieces += [pen.text[at : found.start], pen.strike("phone", found.raw_string)]
        at = found.end
    return "".join([*pieces, pen.text[at:]])


def _names(names: Iterable[str]) -> list[str]:
    """Whole names first, then their parts, which are how people are addressed."""
    whole = {" ".join(name.split()) for name in names if name.strip()}
    parts = {part for name in whole for part in name.split() if len(part) > 2}
    return sorted(whole, key=len, reverse=True) + sorted(parts - whole, key=len, reverse=True)


def _greeting(pen: _Pen, found: re.Match[str]) -> str:
    name = found["name"]
    if "[" in name or set(name.lower().split()) & _GENERAL:
        return found[0]
    return found["word"] + pen.strike("name", name)


def _closing(pen: _Pen, found: re.Match[str]) -> str:
    """A closing goes as a whole: an article has none, and a name stands in it."""
    for line in found["rest"].splitlines():
        if line.strip() and "[" not in line:
            pen.strike("name", line)
    return ""

"""Words for people: the parts of a text that answer a question, marked; and a word as the database spells it.

Used by ``core/search_postgres`` for the snippets of its hits. :func:`norm` is the twin of the function
``search_norm`` in the database (``migrations/versions``) for single words; a test holds the two together.
"""

import functools
import re
import unicodedata
from typing import Final

from core.search_documents import Part

SNIPPET: Final = 240
"""Characters of a snippet, about."""
LOOKED_THROUGH: Final = 20_000
"""Characters of a body that a snippet is looked for in."""
_WORD: Final = re.compile(
    r"[^\W_](?:[\w\u0300-\u036f\u200c\u200d\u00ad]|(?![\s\u0964\u0965])[\u0900-\u0dff\u064b-\u0670])*"
)
_INVISIBLE: Final[dict[int, str]] = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD), "")
_LEFT_OUT: Final = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u065f\u0670\u093c\ufe00-\ufe0f]"
)
_LETTERS: Final = str.maketrans(
    {
        "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D",
        "ð": "d", "Ð": "D", "ł": "l", "Ł": "L", "þ": "th", "Þ": "TH", "ħ": "h", "Ħ": "H", "ı": "i", "ŋ": "n", "Ŋ": "N",
        "ŧ": "t", "Ŧ": "T", "ĸ": "q",
    }
)  # fmt: skip
_SAME: Final = str.maketrans(
    "ँঁآأإٱىیةک" + "०१२३४५६७८९" + "০১২৩৪৫৬৭৮৯" + "೦೧೨೩೪೫೬೭೮೯" + "٠١٢٣٤٥٦٧٨٩" + "۰۱۲۳۴۵۶۷۸۹",
    "ंংااااييهك" + "0123456789" * 5,
)
_NASAL: Final = re.compile("[ङञणनम]\u094d(?=[क-घच-झट-ढत-धप-भ])")
_LATIN: Final = re.compile("[A-Za-z\u0370-\u03ff\u0400-\u04ff]")


@functools.lru_cache(maxsize=65_536)
def norm(word: str) -> str:
    """A word as ``search_norm`` spells it."""
    if word.isascii():
        return word.lower()
    plain = unicodedata.normalize("NFKC", word).translate(_INVISIBLE)
    plain = "".join(_without_accent(letter) for letter in plain).translate(_LETTERS).lower()
    return _NASAL.sub("\u0902", _LEFT_OUT.sub("", plain).translate(_SAME))


def _without_accent(letter: str) -> str:
    apart = unicodedata.normalize("NFD", letter)
    return apart[0] if len(apart) > 1 and _LATIN.match(apart[0]) else letter


def marked(text: str, words: frozenset[str]) -> tuple[Part, ...]:
    """A text in pieces, with the words among ``words`` (as :func:`norm` spells them) marked."""
    return _cut(text, 0, len(text), _places(text, words))


def snippet(text: str, words: frozenset[str]) -> tuple[Part, ...]:
    """The stretch of a text that answers most of the words, marked; its beginning where none stands in it."""
    text = text[:LOOKED_THROUGH]
    places = _places(text, words)
    start = _best_start(places)
    if start > 0:
        start = text.rfind(" ", 0, max(0, start - 40)) + 1
    end = start + SNIPPET
    if end < len(text):
        space = text.find(" ", end)
        end = space if 0 <= space < end + 40 else end
    parts = _cut(text, start, min(end, len(text)), places)
    before = (Part("… "),) if start > 0 else ()
    after = (Part(" …"),) if end < len(text) else ()
    return (*before, *parts, *after)


def _places(text: str, words: frozenset[str]) -> list[tuple[int, int, str]]:
    found = []
    for match in _WORD.finditer(text) if words else ():
        word = norm(match[0])
        if word in words or (len(word) > 1 and not word.isascii() and _has_pair(word, words)):
            found.append((match.start(), match.end(), word))
    return found


def _has_pair(word: str, words: frozenset[str]) -> bool:
    """Whether a run of a script without spaces has a pair of characters that was asked for."""
    return word[0] >= "\u0e00" and any(word[at : at + 2] in words for at in range(len(word) - 1))


def _best_start(places: list[tuple[int, int, str]]) -> int:
    """Where the window with the most different words begins; of equals the first."""
    best, start = 0, 0
    for number, (begin, _, _) in enumerate(places):
        inside = {word for at, end, word in places[number : number + 40] if end <= begin + SNIPPET - 40}
        if len(inside) > best:
            best, start = len(inside), begin
    return start


def _cut(text: str, start: int, end: int, places: list[tuple[int, int, str]]) -> tuple[Part, ...]:
    parts, at = [], start
    for begin, stop, _ in places:
        if begin < at or stop > end:
            continue
        if begin > at:
            parts.append(Part(text[at:begin]))
        parts.append(Part(text[begin:stop], marked=True))
        at = stop
    if at < end:
        parts.append(Part(text[at:end]))
    return tuple(parts)


def visible(text: str) -> str:
    """A text in composed form, without the invisible characters that keep equal words apart."""
    return unicodedata.normalize("NFC", text).translate(_INVISIBLE)

"""What somebody newly wrote in a mail, apart from quotes and signature.

Part of core, used by `channels.email.parse` and by whatever shows a message folded. Nothing is ever deleted:
each line of
the text is in the reply or in the quoted rest. When in doubt a line belongs to the reply, because a reader
who sees too
much loses a moment and one who sees too little loses the message. Time is linear in the length of the text.
"""

import itertools
import re
from collections.abc import Iterable

import msgspec

from core.quoting_patterns import (
    ATTRIBUTION_START,
    DATE,
    DATE_AND_ADDRESS,
    DIVIDER,
    EMAIL,
    HEADER,
    ORNAMENT,
    QUOTED,
    REPLY_ABOVE,
    SIGNATURE_LINE,
    STARTS_ATTRIBUTION,
    UNDERLINE,
    WROTE_AT_END,
    WROTE_BARELY,
    WROTE_WITHIN,
    is_mobile_signature,
)

MAX_LINES = 20_000
"""Lines that are looked at; those after count as reply."""

SIGNATURE_LINES = 12
"""Longest signature, in lines that are not empty. More below a "--" is a text that uses dashes."""

_ATTRIBUTION_LINES = 6
_HEADER_WINDOW = 12
_GREETING_WORDS = 3
_WRAPPED_FROM = 60
_DIRECTION = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_CERTAIN_START = re.compile(rf"^[\s>*_-]{{0,12}}(?:{ATTRIBUTION_START})[\s,.:\d]", re.IGNORECASE)


class Reply(msgspec.Struct, frozen=True):
    """A text in two.

    Attributes:
        reply_text: What the author newly wrote; all of the text when nothing else could be told apart.
        quoted_text: Quotes, their introductions, and signatures, in order.
    """

    reply_text: str
    quoted_text: str


def split_reply(text: str, *, quote_starts: Iterable[int] = (), signature_starts: Iterable[int] = ()) -> Reply:
    """Tell a reply from the quotes and the signature around it.

    Args:
        text: Plain text of a mail.
        quote_starts: Numbers of lines (from 0) where the HTML said that a quote begins, see
        `core.html.read_clean`.
        signature_starts: Likewise for signatures.

    Returns:
        The two parts; every line that is not empty is in one of them.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    rest = lines[MAX_LINES:]
    page = _Page(lines[:MAX_LINES], list(itertools.islice(quote_starts, 50)), set(signature_starts))
    kept = page.kept()
    reply = "\n".join([line for line, keep in zip(page.lines, kept, strict=True) if keep] + rest).strip("\n")
    quoted = "\n".join(line for line, keep in zip(page.lines, kept, strict=True) if not keep).strip("\n")
    return Reply(reply_text=_trim(reply), quoted_text=quoted)


def _trim(text: str) -> str:
    """Without empty lines around, and without trailing white space; indentation of the first line stays."""
    return text.rstrip().lstrip("\n")


class _Page:
    """The lines of a text and what they are."""

    def __init__(self, lines: list[str], quote_starts: list[int], signature_starts: set[int]) -> None:
        self.lines = lines
        self.quoted = [QUOTED.match(line) is not None for line in lines]
        _mark_wrapped(lines, self.quoted)
        self.empty = [not line.strip(" \t\xa0\u200b\ufeff") for line in lines]
        self.quote_starts = quote_starts
        self.signature_starts = signature_starts
        self.attributions = _attributions(lines, self.empty)
        self.introduced = [False] * len(lines)
        for start, end in self.attributions:
            self.introduced[start : end + 1] = [True] * (end + 1 - start)
        self.words_before = self._count_words()

    def _count_words(self) -> list[int]:
        """For each line how many lines above it are the author's own words."""
        counts = [0]
        for number, line in enumerate(self.lines):
            foreign = self.empty[number] or self.quoted[number] or self.introduced[number]
            counts.append(counts[-1] + (not foreign and ORNAMENT.match(line) is None))
        return counts

    def _words(self, start: int, end: int) -> int:
        """How many lines between two are the author's own words."""
        return self.words_before[end] - self.words_before[start] if start < end else 0

    def kept(self) -> list[bool]:
        """Which lines are reply."""
        end = self._end_of_top()
        keep = [number < end for number in range(len(self.lines))]
        self._drop_quotes(keep, end)
        self._drop_signatures(keep, end)
        if not any(ok and not empty for ok, empty in zip(keep, self.empty, strict=True)):
            return self._when_nothing_is_left()
        self._drop_ornaments(keep)
        return keep

    def _when_nothing_is_left(self) -> list[bool]:
        """Show all of a mail that has words of its own; one that is only marked quotes stays folded."""
        return [self._words(0, len(self.lines)) > 0] * len(self.lines)

    # What follows to the end of the mail

    def _end_of_top(self) -> int:
        """Number of the line where an unmarked quote begins that goes to the end of the mail."""
        total = len(self.lines)
        divider = self._divider()
        if divider is not None and not self._words(0, divider):
            return total  # nothing but a forwarded message
        starts = [divider, self._header_block(), self._open_attribution()]
        starts += [n for n in self.quote_starts if n <= total and self._words(0, n) and self._goes_to_end(n)]
        end = min((number for number in starts if number is not None), default=total)
        while 0 < end < total and (self.empty[end - 1] or UNDERLINE.match(self.lines[end - 1])):
            end -= 1
        return end

    def _goes_to_end(self, start: int) -> bool:
        """Whether no words of the author come after quoted lines that follow a marked start."""
        first = next((n for n in range(start, len(self.lines)) if self.quoted[n]), None)
        return first is None or not self._words(first, len(self.lines))

    def _divider(self) -> int | None:
        for number, line in enumerate(self.lines):
            if self.empty[number] or len(line) > 200 or self.quoted[number]:
                continue
            if REPLY_ABOVE.match(line) or (DIVIDER.match(line) and self._next_filled(number + 1) is not None):
                return number
        return None

    def _header_block(self) -> int | None:
        """First line of a block of at least three header lines of another mail."""
        for number, line in enumerate(self.lines):
            if self.quoted[number] or len(line) > 1_000 or not (":" in line or "：" in line):
                continue
            if HEADER.match(line) and self._words(0, number) and _is_header_block(self.lines, number):
                return number
        return None

    def _open_attribution(self) -> int | None:
        """First introduction after which the quote is not marked, and with words of the author before it."""
        for start, end in self.attributions:
            if self.quoted[start] or not self._words(0, start):
                continue
            follower = self._next_filled(end + 1)
            if follower is not None and not self.quoted[follower]:
                return start
        return None

    def _next_filled(self, start: int) -> int | None:
        for number in range(start, len(self.lines)):
            if not self.empty[number] and not ORNAMENT.match(self.lines[number]):
                return number
        return None

    # Marked quotes

    def _drop_quotes(self, keep: list[bool], end: int) -> None:
        blocks = self._blocks(end)
        _drop(keep, self.attributions, end)
        below = blocks[-1][1] + 1 if blocks else end
        after = self._words(below, end) > 0 and not self._only_signature(below, end)
        if not after and len(blocks) == 2:
            _drop(keep, [blocks.pop()], end)  # the end of the old mail, which nobody cut off
            after = True
        if not blocks:
            return
        before = not self._only_greeting(blocks[0][0])
        between = any(self._words(first[1] + 1, second[0]) for first, second in itertools.pairwise(blocks))
        introduced = any(self._introduces(block[0]) for block in blocks)
        if not after:
            _drop(keep, blocks[-1:], end)
        if between or (after and before) or (after and not introduced):
            return  # answers between the quotes, or a quote that the author chose: they need each other
        _drop(keep, blocks, end)

    def _only_greeting(self, end: int) -> bool:
        """Whether the author wrote no more than "Hi Anna," before a line."""
        if self._words(0, end) > 1:
            return False
        number = next((n for n in range(end) if self._words(n, n + 1)), None)
        return number is None or len(self.lines[number].split()) <= _GREETING_WORDS

    def _introduces(self, number: int) -> bool:
        """Whether an attribution stands right above a line, or is its first quoted line."""
        while number > 0 and self.empty[number - 1]:
            number -= 1
        return self.introduced[number] or (number > 0 and self.introduced[number - 1])

    def _blocks(self, end: int) -> list[tuple[int, int]]:
        """Stretches of quoted lines, empty lines and introductions among them."""
        blocks: list[tuple[int, int]] = []
        for number in range(end):
            if not self.quoted[number]:
                continue
            if blocks and not self._words(blocks[-1][1] + 1, number):
                blocks[-1] = (blocks[-1][0], number)
            else:
                blocks.append((number, number))
        return blocks

    def _only_signature(self, start: int, end: int) -> bool:
        number = next((n for n in range(start, end) if not self.empty[n]), None)
        return number is not None and self._starts_signature(number, end)

    # Signatures

    def _drop_signatures(self, keep: list[bool], end: int) -> None:
        inside = False
        for number in range(end):
            if self.quoted[number]:
                inside = False
            elif not inside and keep[number]:
                inside = self._starts_signature(number, end)
            if inside or (not self.quoted[number] and is_mobile_signature(self.lines[number])):
                keep[number] = False

    def _starts_signature(self, number: int, end: int) -> bool:
        """Whether a signature begins here and goes on to the next quote or the end."""
        line = self.lines[number]
        if number in self.signature_starts:
            return self._filled(number, end) <= SIGNATURE_LINES
        if SIGNATURE_LINE.match(line):
            return self._filled(number + 1, end) <= SIGNATURE_LINES
        return bool(UNDERLINE.match(line)) and self._filled(number + 1, end) <= SIGNATURE_LINES // 2

    def _filled(self, start: int, end: int) -> int:
        """How many lines are filled from one on, up to the next quote."""
        count = 0
        for number in range(start, end):
            if self.quoted[number] or count > SIGNATURE_LINES:
                break
            count += not self.empty[number]
        return count

    def _drop_ornaments(self, keep: list[bool]) -> None:
        """Ornaments at the end of the reply belonged to what is gone."""
        for number in range(len(self.lines) - 1, -1, -1):
            if not keep[number] or self.empty[number]:
                continue
            if not ORNAMENT.match(self.lines[number]) or not self._words(0, number):
                return
            keep[number] = False


def _mark_wrapped(lines: list[str], quoted: list[bool]) -> None:
    """Mark the rests of quoted lines that a program on the way broke without repeating the mark."""
    for number in range(1, len(lines)):
        above, line = lines[number - 1].rstrip(), lines[number]
        if quoted[number - 1] and not quoted[number] and line[:1].islower():
            quoted[number] = len(above) >= _WRAPPED_FROM and above[-1] not in ".!?:;"


def _drop(keep: list[bool], stretches: Iterable[tuple[int, int]], end: int) -> None:
    for first, last in stretches:
        for number in range(first, min(last + 1, end)):
            keep[number] = False


def _is_header_block(lines: list[str], start: int) -> bool:
    """Whether the lines from here on are the headers of another mail: a sender, and two more of its kinds."""
    kinds: set[str] = set()
    misses = 0
    for line in lines[start : start + _HEADER_WINDOW]:
        found = HEADER.match(line[:1_000])
        if found is not None and found.lastgroup is not None:
            kinds.add(next(name for name in ("sender", "sent", "to", "cc", "subject", "other") if found[name]))
            misses = 0
        elif line.strip():
            misses += 1  # long fields are broken into several lines
            if misses > 2:
                break
    return "sender" in kinds and len(kinds) >= 3


def _attributions(lines: list[str], empty: list[bool]) -> list[tuple[int, int]]:
    """Introductions of quotes, "On ..., ... wrote:", as first and last line."""
    found: list[tuple[int, int]] = []
    for end, line in enumerate(lines):
        tail = line.rstrip(" \t\xa0*_")
        if not tail or len(line) > 500 or not (_may_end_attribution(tail) or DATE_AND_ADDRESS.match(line)):
            continue
        if not (
            WROTE_AT_END.search(tail[-160:])
            or WROTE_BARELY.search(tail[-40:])
            or WROTE_WITHIN.search(tail[-160:])
            or tail.endswith((":", "："))
            or DATE_AND_ADDRESS.match(line)
        ):
            continue
        floor = found[-1][1] + 1 if found else 0
        start = _start_of_attribution(lines, empty, end, floor)
        if start is not None:
            found.append((start, end))
    return found


def _start_of_attribution(lines: list[str], empty: list[bool], end: int, floor: int) -> int | None:
    """Go up from the last line of an introduction to its first."""
    best: int | None = None
    joined = ""
    for number in range(end, max(floor, end - _ATTRIBUTION_LINES) - 1, -1):
        piece = _DIRECTION.sub("", lines[number]).lstrip("> \t").strip()
        if empty[number] and (best is not None or not (joined.startswith(("<", "mailto")) or "wrote" in joined)):
            break
        if best is not None and piece.endswith((".", "!", "?")) and not _CERTAIN_START.match(piece):
            break  # the end of the author's own sentence
        joined = f"{piece} {joined}".strip() if joined else piece
        if len(joined) > 400:
            break
        if _is_attribution(joined):
            best = number
            if _CERTAIN_START.match(joined):
                return best
    return best


def _may_end_attribution(tail: str) -> bool:
    """A cheap look that spares most lines the patterns."""
    return (
        tail[-1] in ":：->*…"
        or tail[-1] > "\x7f"
        or tail.endswith("...")
        or WROTE_BARELY.search(tail[-40:]) is not None
    )


def _is_attribution(text: str) -> bool:
    """Whether joined lines introduce a quote."""
    if DATE_AND_ADDRESS.match(text):
        return True
    tail = text.rstrip(" *_")
    if not STARTS_ATTRIBUTION.match(text) or not DATE.search(text):
        return False
    if WROTE_AT_END.search(tail[-160:]) or WROTE_WITHIN.search(text[-160:]):
        return _CERTAIN_START.match(text) is not None or EMAIL.search(text) is not None or len(text) < 160
    if WROTE_BARELY.search(tail[-40:]):
        return _CERTAIN_START.match(text) is not None
    by_address = EMAIL.search(text) is not None and _CERTAIN_START.match(text) is not None
    return by_address and tail.endswith((":", "："))

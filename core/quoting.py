"""What somebody newly wrote in a mail, apart from quotes and signature.

Part of core, used by `channels.email.parse` and by whatever shows a message folded. Nothing is ever deleted: each line of
the text is in the reply or in the quoted rest. When in doubt a line belongs to the reply, because a reader who sees too
much loses a moment and one who sees too little loses the message. Time is linear in the length of the text.
"""

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
    WROTE_WITHIN,
    is_mobile_signature,
)

MAX_LINES = 20_000
"""Lines that are looked at; those after count as reply."""

SIGNATURE_LINES = 12
"""Longest signature, in lines that are not empty. More below a "--" is a text that uses dashes."""

_ATTRIBUTION_LINES = 6
_HEADER_WINDOW = 12
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
        quote_starts: Numbers of lines (from 0) where the HTML said that a quote begins, see `core.html.read_clean`.
        signature_starts: Likewise for signatures.

    Returns:
        The two parts; every line that is not empty is in one of them.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    rest = lines[MAX_LINES:]
    page = _Page(lines[:MAX_LINES], set(quote_starts), set(signature_starts))
    kept = page.kept()
    reply = "\n".join([line for line, keep in zip(page.lines, kept, strict=True) if keep] + rest).strip("\n")
    quoted = "\n".join(line for line, keep in zip(page.lines, kept, strict=True) if not keep).strip("\n")
    return Reply(reply_text=_trim(reply), quoted_text=quoted)


def _trim(text: str) -> str:
    """Without empty lines around, and without trailing white space; indentation of the first line stays."""
    return text.rstrip().lstrip("\n")


class _Page:
    """The lines of a text and what they are."""

    def __init__(self, lines: list[str], quote_starts: set[int], signature_starts: set[int]) -> None:
        self.lines = lines
        self.quoted = [QUOTED.match(line) is not None for line in lines]
        self.empty = [not line.strip(" \t\xa0\u200b\ufeff") for line in lines]
        self.quote_starts = quote_starts
        self.signature_starts = signature_starts
        self.attributions = _attributions(lines, self.empty)

    def kept(self) -> list[bool]:
        """Which lines are reply."""
        keep = [True] * len(self.lines)
        end = self._end_of_top()
        for number in range(end, len(self.lines)):
            keep[number] = False
        self._drop_quotes(keep, end)
        self._drop_signatures(keep, end)
        if not any(ok and not self.empty[number] for number, ok in enumerate(keep)):
            return self._when_nothing_is_left(end)
        self._drop_ornaments(keep)
        return keep

    def _when_nothing_is_left(self, end: int) -> list[bool]:
        """A mail that is nothing but a forwarded message is shown whole; one that is only quotes stays folded."""
        all_marked = all(
            self.quoted[number] or self.empty[number] or self._in_attribution(number) for number in range(len(self.lines))
        )
        return [not all_marked or end == 0] * len(self.lines)

    def _in_attribution(self, number: int) -> bool:
        return any(start <= number <= end for start, end in self.attributions)

    # What follows to the end of the mail

    def _end_of_top(self) -> int:
        """Number of the line where an unmarked quote begins that goes to the end of the mail."""
        total = len(self.lines)
        starts = [number for number in (self._divider(), self._header_block(), self._open_attribution()) if number is not None]
        starts += [number for number in self.quote_starts if self._says_something(0, number) and self._goes_to_end(number)]
        end = min(starts, default=total)
        while 0 < end < total and (self.empty[end - 1] or UNDERLINE.match(self.lines[end - 1])):
            end -= 1
        return end

    def _says_something(self, start: int, end: int) -> bool:
        """Whether there are words of the author between two lines."""
        return any(
            not self.empty[number]
            and not self.quoted[number]
            and not ORNAMENT.match(self.lines[number])
            and not self._in_attribution(number)
            for number in range(start, end)
        )

    def _goes_to_end(self, start: int) -> bool:
        """Whether no words of the author come after quoted lines that follow a marked start."""
        seen = False
        for number in range(start, len(self.lines)):
            if self.quoted[number]:
                seen = True
            elif seen and not self.empty[number] and not self._in_attribution(number):
                return False
        return True

    def _divider(self) -> int | None:
        for number, line in enumerate(self.lines):
            if not line or len(line) > 200 or self.quoted[number]:
                continue
            if REPLY_ABOVE.match(line) or (DIVIDER.match(line) and self._followed_by_header(number + 1)):
                return number if self._says_something(0, number) else None
        return None

    def _followed_by_header(self, start: int) -> bool:
        """A divider counts when there is something below it."""
        return any(not self.empty[number] for number in range(start, min(start + 8, len(self.lines))))

    def _header_block(self) -> int | None:
        """First line of a block of at least three header lines of another mail."""
        for number, line in enumerate(self.lines):
            if self.empty[number] or self.quoted[number] or len(line) > 1_000 or not (":" in line or "：" in line):
                continue
            if HEADER.match(line) and _is_header_block(self.lines, number) and self._says_something(0, number):
                return number
        return None

    def _open_attribution(self) -> int | None:
        """First introduction after which the quote is not marked, and with words of the author before it."""
        for start, end in self.attributions:
            if self.quoted[start]:
                continue
            follower = self._next_filled(end + 1)
            if follower is None or self.quoted[follower]:
                continue
            if self._says_something(0, start):
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
        if not blocks:
            self._drop(keep, self.attributions, end)
            return
        before = self._says_something(0, blocks[0][0])
        after = self._says_something(blocks[-1][1] + 1, end) and not self._only_signature(blocks[-1][1] + 1, end)
        between = any(
            self._says_something(first[1] + 1, second[0]) for first, second in zip(blocks, blocks[1:], strict=False)
        )
        introduced = any(self._introduces(block[0]) for block in blocks)
        self._drop(keep, self.attributions, end)
        if not after:
            self._drop(keep, blocks[-1:], end)
        if between or (after and before) or (after and not introduced):
            return  # answers between the quotes, or a quote that the author chose: they need each other
        self._drop(keep, blocks, end)

    def _introduces(self, number: int) -> bool:
        """Whether an attribution stands right above a line, or is its first quoted line."""
        for start, end in self.attributions:
            if start <= number <= end or (end < number and all(self.empty[end + 1 : number])):
                return True
        return False

    def _blocks(self, end: int) -> list[tuple[int, int]]:
        """Stretches of quoted lines, empty lines and introductions among them."""
        blocks: list[tuple[int, int]] = []
        for number in range(end):
            if not self.quoted[number]:
                continue
            if blocks and not self._says_something(blocks[-1][1] + 1, number):
                blocks[-1] = (blocks[-1][0], number)
            else:
                blocks.append((number, number))
        return blocks

    def _only_signature(self, start: int, end: int) -> bool:
        number = self._next_filled_any(start, end)
        return number is not None and self._starts_signature(number, end)

    def _next_filled_any(self, start: int, end: int) -> int | None:
        return next((number for number in range(start, end) if not self.empty[number]), None)

    def _drop(self, keep: list[bool], stretches: Iterable[tuple[int, int]], end: int) -> None:
        for first, last in stretches:
            for number in range(first, min(last + 1, end)):
                keep[number] = False

    # Signatures

    def _drop_signatures(self, keep: list[bool], end: int) -> None:
        start = next((n for n in range(end) if keep[n] and not self.quoted[n] and self._starts_signature(n, end)), None)
        if start is not None:
            for number in range(start, end):
                keep[number] = keep[number] and self.quoted[number] and self._says_something(number, end) and False
        for number in range(end):
            if keep[number] and not self.quoted[number] and is_mobile_signature(self.lines[number]):
                keep[number] = False

    def _starts_signature(self, number: int, end: int) -> bool:
        if number in self.signature_starts:
            return self._filled(number, end) <= SIGNATURE_LINES
        line = self.lines[number]
        if SIGNATURE_LINE.match(line):
            return self._filled(number + 1, end) <= SIGNATURE_LINES
        return bool(UNDERLINE.match(line)) and self._filled(number + 1, end) <= SIGNATURE_LINES // 2

    def _filled(self, start: int, end: int) -> int:
        """How many lines the author wrote from a line on, up to the next quote."""
        count = 0
        for number in range(start, end):
            if self.quoted[number]:
                break
            count += not self.empty[number]
            if count > SIGNATURE_LINES:
                break
        return count

    def _drop_ornaments(self, keep: list[bool]) -> None:
        """Ornaments at the end of the reply belonged to what is gone."""
        for number in range(len(self.lines) - 1, -1, -1):
            if not keep[number] or self.empty[number]:
                continue
            if not ORNAMENT.match(self.lines[number]) or self._alone(keep, number):
                return
            keep[number] = False

    def _alone(self, keep: list[bool], number: int) -> bool:
        return not any(ok and not self.empty[other] for other, ok in enumerate(keep[:number]))


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
        if not tail or len(line) > 500:
            continue
        if not (WROTE_AT_END.search(tail[-160:]) or WROTE_WITHIN.search(tail[-160:]) or tail.endswith((":", "：")) or DATE_AND_ADDRESS.match(line)):
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
        piece = lines[number].lstrip("> \t").strip()
        if empty[number] and not (joined.startswith(("<", "mailto")) or "wrote" in joined):
            break
        joined = f"{piece} {joined}".strip() if joined else piece
        if len(joined) > 400:
            break
        if _is_attribution(joined):
            best = number
            if _CERTAIN_START.match(joined):
                return best
    return best


def _is_attribution(text: str) -> bool:
    """Whether joined lines introduce a quote."""
    if DATE_AND_ADDRESS.match(text):
        return True
    tail = text.rstrip(" *_")
    if not STARTS_ATTRIBUTION.match(text) or not DATE.search(text):
        return False
    if WROTE_AT_END.search(tail[-160:]) or WROTE_WITHIN.search(text[-160:]):
        return _CERTAIN_START.match(text) is not None or EMAIL.search(text) is not None or len(text) < 160
    return tail.endswith((":", "：")) and EMAIL.search(text) is not None and _CERTAIN_START.match(text) is not None

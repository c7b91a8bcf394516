"""A mail that somebody passes on: who wrote it first, and what.

Part of the e-mail channel: pure, called by the intake when an agent sends a mail to the desk, so that the ticket is the
customer's and not the agent's. Mail programs put a block of the old mail's header lines above it, in their user's
language, or attach the mail whole. Without the first author's address there is nothing to pass on.
"""

import re
from datetime import datetime

import msgspec
from selectolax.lexbor import LexborHTMLParser, LexborNode

from channels.email.addresses import parse_addresses
from channels.email.dates import zone_minutes
from channels.email.headers import one_line
from channels.email.parse import parse_mail
from channels.email.parsed import Address, ParsedAttachment, ParsedMail
from channels.email.written_dates import parse_written_date
from core.html import html_to_text, sanitise
from core.html_cost import is_costly
from core.quoting import split_reply
from core.quoting_patterns import (
    ANY_DIVIDER,
    DATE,
    DATE_AND_ADDRESS,
    EMAIL,
    FORWARD_DIVIDER,
    HEADER,
    SIGNATURE_LINE,
    UNDERLINE,
    WROTE_AT_END,
    is_mobile_signature,
)

MAX_LINES = 20_000
"""Lines in which the start is looked for."""

_WINDOW = 60
_FORWARD_PREFIX = re.compile(
    r"^(?:fwd?|fw\s?d|wg|tr|rv|enc|i|vb|vl|vs|doorst|pd|ilt|i̇lt|fs|rif|πρθ|пер|пересл|转发|轉寄|転送|전달|továbbítás)\s*"
    r"(?:\[\d+\]|\(\d+\))?\s*[:：]",
    re.IGNORECASE,
)
_REPLY_PREFIX = re.compile(
    r"^(?:re|aw|sv|antw|odp|ynt|yan|res|r|rép|ref|απ|отв|на|回复|答复|回覆|返信|답장)\s*(?:\[\d+\]|\(\d+\))?\s*[:：]",
    re.IGNORECASE,
)
_TAG = re.compile(r"^\s*(?:\[[^\]]{0,60}\]\s*)+")
_BRACKETED = re.compile(r"[\[(](?:mailto:)?([^\s\[\]()<>@]{1,64}@[^\s\[\]()<>]{1,250})[\])]", re.IGNORECASE)
_LINK = re.compile(r"<(?:mailto|https?):[^<>\s]{0,500}>", re.IGNORECASE)
_MARKUP = re.compile(r"\*{1,3}")
_QUOTE_MARK = re.compile(r"^[ \t]{0,3}> ?")
_END_DIVIDER = re.compile(
    r"^[-_=‐-―]{3,}.{0,60}(?:\bend\b|конец|ende|fin\b|koniec|结束).{0,60}[-_=‐-―]{3,}\s*$", re.IGNORECASE
)
_SPACE = re.compile(r"\s+")


class Forwarded(msgspec.Struct, frozen=True):
    """A mail inside a mail.

    Attributes:
        comment: What the forwarder wrote above it, without a signature; may be empty.
        from_: Its author; always with an address.
        to: Whom it went to; names without an address are left out.
        cc: Likewise the copies.
        subject: Its subject; without a line that says it, that of the mail around it without its prefix.
        date: When it was sent, aware UTC; None when the block does not say or cannot be read. A time without a zone is
            in the zone of the forwarding mail.
        text: Its plain text, quotes included.
        html: Its HTML, sanitised; empty when it has none or where it begins cannot be told.
        attachments: Its files.
    """

    comment: str
    from_: Address
    to: list[Address]
    cc: list[Address]
    subject: str
    date: datetime | None
    text: str
    html: str
    attachments: list[ParsedAttachment]


class _Block(msgspec.Struct):
    """A block of header lines: where it and its divider start and end, the values by kind, whether it is quoted."""

    start: int
    end: int
    values: dict[str, str]
    lines: list[str]
    marked: bool


def forwarded(mail: ParsedMail) -> Forwarded | None:
    """The mail that a mail passes on.

    A block under a line such as "Forwarded message" counts always; one without such a line, as Outlook writes it, only
    when the subject is no answer's, because Outlook puts the same block under answers.

    Args:
        mail: A mail of somebody who may pass on.

    Returns:
        The inner mail; None when there is none, or its author's address is not there.
    """
    text = mail.text if mail.text.strip() else html_to_text(mail.safe_html)
    lines = text.split("\n")[:MAX_LINES]
    block = _find_block(lines, mail.subject)
    if block is not None and (author := _author(block.values.get("sender", ""))):
        return _inline(mail, lines, block, author)
    return _attached(mail) if block is None else None


# A mail as a file


def _attached(mail: ParsedMail) -> Forwarded | None:
    """The only mail among the files, of a mail that is no answer."""
    if mail.is_bounce or mail.is_feedback_report or _REPLY_PREFIX.match(_TAG.sub("", mail.subject)):
        return None
    files = [item for item in mail.attachments if item.content_type in ("message/rfc822", "message/global")]
    if len(files) != 1:
        return None
    inner = parse_mail(files[0].content)
    author = next((item for item in inner.from_ if "@" in item.address), None)
    if author is None:
        return None
    return Forwarded(
        comment=_comment(mail.text.split("\n")),
        from_=author,
        to=[item for item in inner.to if item.address],
        cc=[item for item in inner.cc if item.address],
        subject=inner.subject,
        date=inner.date,
        text=inner.text,
        html=inner.safe_html,
        attachments=inner.attachments,
    )


# A mail in the text


def _inline(mail: ParsedMail, lines: list[str], block: _Block, author: Address) -> Forwarded:
    subject = one_line(_MARKUP.sub("", block.values.get("subject", "")))
    text, below = _body(lines, block)
    return Forwarded(
        comment="\n\n".join(filter(None, (_comment(lines[: block.start]), _comment(below)))),
        from_=author,
        to=_people(block.values.get("to", "")),
        cc=_people(block.values.get("cc", "")),
        subject=subject or _FORWARD_PREFIX.sub("", mail.subject).strip(),
        date=parse_written_date(block.values.get("sent", ""), _offset(mail)),
        text=text,
        html=_html(mail.safe_html, block.lines),
        attachments=mail.attachments,
    )


def _find_block(lines: list[str], subject: str) -> _Block | None:
    """The first block of header lines that introduces a mail passed on."""
    divided = False
    for number, line in enumerate(lines):
        if not line.strip() or len(line) > 1_000:
            continue
        if FORWARD_DIVIDER.match(line[:200]):
            if block := _below(lines, number):
                return block
            divided = True
        elif not divided and (":" in line or "：" in line) and _may_start(line):
            block = _read_block(lines, number)
            if block is not None and _passes_on(lines, number, subject):
                return msgspec.structs.replace(block, start=_above(lines, number))
            if block is not None:
                return None  # an answer's quote: what comes below it was passed on by somebody else
    return None


def _may_start(line: str) -> bool:
    """Whether a line can be the first of a block."""
    found = HEADER.match(line)
    return found is not None and found["other"] is None


def _passes_on(lines: list[str], number: int, subject: str) -> bool:
    """Whether a block without a telling line is one of a mail passed on."""
    subject = _TAG.sub("", subject).strip()
    quoted = lines[number].lstrip().startswith(">")
    return bool(_FORWARD_PREFIX.match(subject)) or not (quoted or _REPLY_PREFIX.match(subject))


def _above(lines: list[str], number: int) -> int:
    """Where a rule or a line of words between dashes above a block starts."""
    at = number - 1
    while at >= 0 and not lines[at].strip(" >\t"):
        at -= 1
    return at if at >= 0 and (UNDERLINE.match(lines[at]) or ANY_DIVIDER.match(lines[at][:200])) else number


def _below(lines: list[str], divider: int) -> _Block | None:
    """The block below a telling line: header lines, or "date, name <address>:" as some Russian programs have it."""
    for number in range(divider + 1, min(divider + 8, len(lines))):
        line = lines[number]
        if not line.strip(" >\t"):
            continue
        if block := _read_block(lines, number, few=True):
            return msgspec.structs.replace(block, start=divider)
        plain = line.strip(" >\t")[:400]
        if EMAIL.search(plain) and (
            DATE_AND_ADDRESS.match(plain) or (DATE.search(plain) and WROTE_AT_END.search(plain[-160:]))
        ):
            date, _, author = plain.partition(",") if plain.count(",") == 1 else plain.rpartition(",")
            return _Block(
                divider, number + 1, {"sender": author.rstrip(": "), "sent": date}, [plain], line.startswith(">")
            )
        if number > divider + 3:
            return None
    return None


def _read_block(lines: list[str], start: int, *, few: bool = False) -> _Block | None:
    """Read header lines from a line on; None when they are no header of a mail.

    Args:
        lines: The text.
        start: Number of the first.
        few: Whether a sender and one line more are enough, because a line above tells what follows.
    """
    values: dict[str, str] = {}
    raw: list[str] = []
    last = ""
    at = end = start
    while at < min(start + _WINDOW, len(lines)):
        line = _QUOTE_MARK.sub("", lines[at])
        if not line.strip():
            if at - end > 1:
                break
            at += 1
            continue
        found = HEADER.match(line[:1_000])
        kind = "" if found is None else _kind(found)
        if found is not None and (kind not in values or kind == "other"):
            values[kind], last = found["value"].strip(), kind
        elif found is None and at == end and last and _continues(line, values[last]):
            values[last] += " " + line.strip()
        else:
            break
        raw.append(line)
        at += 1
        end = at
    needed = 2 if few else 3
    told = [kind for kind in values if kind != "other"]
    if "sender" not in values or len(told) < needed:
        return None
    return _Block(start, end, values, raw, marked=lines[start].startswith(">"))


def _kind(found: re.Match[str]) -> str:
    return next(name for name in ("sender", "sent", "to", "cc", "subject", "other") if found[name])


def _continues(line: str, value: str) -> bool:
    """Whether a line is the rest of a long field, not the mail that follows."""
    return (
        line[0] in " \t" or value.endswith((",", ";")) or not value or (line.lstrip().startswith("<") and "@" in line)
    )


def _author(value: str) -> Address | None:
    return next(iter(_people(value)), None)


def _people(value: str) -> list[Address]:
    """Addresses as they stand in a text: "Jo [mailto:jo@x]", "**Jo** <jo@x>", "jo@x<mailto:jo@x>"."""
    value = _MARKUP.sub("", value)
    without = _LINK.sub("", value)
    value = without if EMAIL.search(without) else value
    value = _BRACKETED.sub(r"<\1>", value)
    found = [item for item in parse_addresses(value) if "@" in item.address]
    return [Address(item.name.strip(" \"'<>[]"), item.address.strip(".")) for item in found]


def _offset(mail: ParsedMail) -> float:
    """Minutes east of UTC in the Date header of a mail: programs write times in their user's zone."""
    for name, value in mail.headers:
        if name.lower() == "date":
            return zone_minutes(value[-30:]) or 0
    return 0


def _comment(above: list[str]) -> str:
    """The forwarder's words, without a signature."""
    while above and (not above[-1].strip() or is_mobile_signature(above[-1])):
        above = above[:-1]
    first = next((line for line in above if line.strip()), "")
    if SIGNATURE_LINE.match(first):
        return ""
    return split_reply("\n".join(above)).reply_text.strip()


def _body(lines: list[str], block: _Block) -> tuple[str, list[str]]:
    """The inner mail's text, and the forwarder's lines below it where a quote's marks tell where it ends."""
    rest = lines[block.end :]
    below: list[str] = []
    if block.marked:
        last = max((at for at, line in enumerate(rest) if line.startswith(">")), default=-1)
        rest, below = [_QUOTE_MARK.sub("", line) for line in rest[: last + 1]], rest[last + 1 :]
    while rest and (not rest[0].strip() or ANY_DIVIDER.match(rest[0][:200]) or FORWARD_DIVIDER.match(rest[0][:200])):
        rest = rest[1:]  # some programs put the telling line below the block a second time
    end = next((at for at, line in enumerate(rest) if _END_DIVIDER.match(line[:200])), len(rest))
    return "\n".join(rest[:end]).strip("\n").rstrip(), below


# The same in the HTML


def _html(markup: str, header_lines: list[str]) -> str:
    """What stands below the block in the HTML; empty when the block's lines are not found there."""
    if not markup or is_costly(markup):
        return ""
    tree = LexborHTMLParser(markup)
    if tree.body is None:
        return ""
    pieces = [(node, _SPACE.sub("", node.text_content or "")) for node in _leaves(tree.body)]
    end = _end_of_block("".join(words for _, words in pieces), header_lines)
    if not end:
        return ""
    at = 0
    for node, words in pieces:
        if at >= end:
            break
        at += len(words)
        node.decompose()
    return sanitise(tree.body.inner_html or "").strip()


def _leaves(body: LexborNode) -> list[LexborNode]:
    """Texts and pictures in the order of the document."""
    return [node for node in body.traverse(include_text=True) if node.is_text_node or node.tag in ("img", "hr")]


def _end_of_block(squeezed: str, header_lines: list[str]) -> int:
    """Where the last header line ends in a text without any white space; 0 when a line is missing."""
    end = 0
    for line in header_lines:
        wanted = _SPACE.sub("", _LINK.sub("", _MARKUP.sub("", line)))
        # links are written once in the HTML and maybe twice in the text, so a line is found by what stands before them
        start = squeezed.find(wanted.partition("<")[0][:60], end)
        if start < 0:
            return 0
        end = start
        while end < len(squeezed) and end - start < len(wanted) and squeezed[end] == wanted[end - start]:
            end += 1
    return end

"""From the bytes of a mail to `ParsedMail`.

Part of the e-mail channel: pure, without database, clock and network; called by the ingest job after the
bytes are
stored, and by `sampark parse-email`. It never raises, whatever the bytes: a mail is shown as far as it could
be read.
"""

import re
from typing import Final

from channels.email.addresses import parse_addresses
from channels.email.automatic import classify
from channels.email.bodies import Bodies, read_bodies
from channels.email.bounces import read_bounces
from channels.email.charsets import codec_name
from channels.email.dates import parse_date
from channels.email.headers import (
    MAX_BLOCK,
    message_ids,
    one_line,
    parameters,
    read_fields,
    split_message,
    unfold,
)
from channels.email.mime import Part, read_parts
from channels.email.parsed import Address, ParsedMail
from channels.email.protection import protection_of
from core.html import is_cut, read_clean, sanitise
from core.quoting import Reply, split_reply

MAX_MAIL = 60_000_000
"""Bytes of a mail that are read; a 40 MB file is 55 MB once encoded. Beyond it the end is left out."""

MAX_TEXT = 2_000_000
"""Characters of plain text that are kept."""

EMPTY: Final = "The mail is empty."
NO_MAIL: Final = "This is no mail: it has no header and is not text."

_MBOX_LINE = re.compile(rb"^>?From (?![ \t]*:)[^\n]{1,500}\n")
_DELIVERED = frozenset((
    "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-forwarded-to", "x-delivered-to",
    "original-to",
    "x-rcpt-to", "x-gm-original-to", "resent-to", "x-original-delivered-to", "x-real-to", "apparently-to",
    "original-recipient", "x-ms-exchange-organization-originalenvelopeto",
))  # fmt: skip
_LITERAL = frozenset(("authentication-results", "arc-authentication-results", "received-spf"))
"""Fields whose form a decoded word could change: senders choose the addresses in them."""

_OF_A_MAIL = frozenset((
    "from", "to", "cc", "bcc", "subject", "date", "sender", "reply-to", "message-id", "received", "return-path",
    "delivered-to", "mime-version", "content-type", "content-transfer-encoding", "x-mailer", "dkim-signature",
))  # fmt: skip
"""Fields of which a mail has at least one; bytes may look like some other field by chance."""
_NEVER_TEXT = bytes(each for each in range(32) if each not in b"\t\n\v\f\r\x0e\x0f\x1b") + b"\x7f"
"""Control characters; without those that ISO 2022 changes its charsets by."""
_BLANK_LINES = re.compile(r"\n{3,}")


def parse_mail(raw: bytes) -> ParsedMail:
    """Read a mail (RFC 5322, RFC 2045 to 2049).

    Args:
        raw: The bytes as they came: any encoding, any line ends, a leading mbox line, truncated, or no mail
        at all.

    Returns:
        What could be read. `error` says in one sentence what could not.
    """
    try:
        return _parse(raw)
    except Exception as fault:  # noqa: BLE001  # the contract: one poisonous mail must never stop those behind it
        return _rescued(raw, fault)


def _rescued(raw: bytes, fault: Exception) -> ParsedMail:
    """Headers and raw text of a mail that could not be taken apart."""
    error = f"The mail could not be read completely ({type(fault).__name__})."
    text = raw[:MAX_TEXT].decode("utf-8", "replace").replace("\x00", "")
    try:
        fields = [(name, unfold(value)) for name, value in read_fields(split_message(raw[:MAX_BLOCK])[0])]
        first = {name.lower(): value for name, value in reversed(fields)}
        return ParsedMail(
            from_=parse_addresses(first.get("from", "")),
            subject=one_line(first.get("subject", "")),
            message_id="".join(message_ids(first.get("message-id", ""))[:1]),
            headers=fields,
            text=text,
            reply_text=text,
            error=error,
        )
    except Exception:  # noqa: BLE001  # the same
        return ParsedMail(text=text, reply_text=text, error=error)


def normalise(raw: bytes) -> bytes:
    """Undo what storing and copying does to mails.

    That is a byte order mark, an mbox line, empty lines before the header, and other line ends.

    Args:
        raw: The bytes as they came.

    Returns:
        The same message with LF or CRLF line ends, starting with its first header field.
    """
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raw = raw.decode("utf-16", "replace").encode()
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    lone_cr = raw.count(b"\r") - raw.count(b"\r\n")
    if lone_cr:
        raw = _with_line_feeds(raw, lone_cr)
    for _ in range(5):
        raw = raw.lstrip(b"\r\n \t\x00") if raw[:1] in b"\r\n \t\x00" and raw else raw
        shorter = _MBOX_LINE.sub(b"", raw, count=1)
        if shorter == raw:
            break
        raw = shorter
    return raw


def _with_line_feeds(raw: bytes, lone_cr: int) -> bytes:
    """Make lone carriage returns line ends, where they are meant so."""
    if b"\r\r\n" in raw[:MAX_BLOCK]:
        raw = raw.replace(b"\r\r\n", b"\r\n")
    if lone_cr * 2 > raw.count(b"\n"):
        return raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return raw


def _parse(original: bytes) -> ParsedMail:
    raw = normalise(original[:MAX_MAIL])
    block, _ = split_message(raw)
    fields = read_fields(block)
    charset = _main_charset(fields)
    headers = [(name, unfold(value, charset)) for name, value in fields]
    first: dict[str, str] = {}
    for name, value in headers:
        if value or name.lower() not in first:
            first[name.lower()] = first.get(name.lower()) or value
    root = read_parts(raw)
    bodies = read_bodies(root, charset)
    text, safe, reply = _texts(bodies)
    signs = classify(headers, first)
    report = read_bounces(first, root, bodies, raw)
    return ParsedMail(
        from_=_merged(headers, "from"),
        sender=_merged(headers, "sender"),
        reply_to=_merged(headers, "reply-to"),
        to=_merged(headers, "to"),
        cc=_merged(headers, "cc"),
        delivered_to=_delivered_to(headers),
        return_path=_return_path(first),
        subject=one_line(first.get("subject", "")),
        message_id="".join(message_ids(first.get("message-id", ""))[:1]),
        in_reply_to="".join(message_ids(first.get("in-reply-to", ""))[:1]),
        references=message_ids(first.get("references", "")),
        date=parse_date(first.get("date", "")),
        text=text,
        html=bodies.html,
        safe_html=safe,
        html_cut=is_cut(bodies.html),
        reply_text=reply.reply_text,
        quoted_text=reply.quoted_text,
        attachments=bodies.files,
        protection=protection_of(root, text),
        headers=[(name, value if name.lower() in _LITERAL else one_line(value)) for name, value in headers],
        auto_submitted=signs.auto_submitted,
        precedence=signs.precedence,
        list_id=signs.list_id,
        is_auto_reply=not report.bounces
        and (signs.is_auto_reply or _is_receipt(root) or _from_nobody(first, is_list=bool(signs.list_id))),
        is_list=signs.is_list,
        is_bounce=bool(report.bounces) and not report.is_feedback_report,
        bounces=report.bounces,
        is_feedback_report=report.is_feedback_report,
        error=_error(original, raw, fields),
    )


def _error(original: bytes, raw: bytes, fields: list[tuple[str, bytes]]) -> str | None:
    if not original.strip():
        return EMPTY
    if len(original) > MAX_MAIL:
        return f"The mail is larger than {MAX_MAIL // 1_000_000} MB; its end was not read."
    if is_binary(raw) and not any(name.lower() in _OF_A_MAIL for name, _ in fields):
        return NO_MAIL
    return None


def is_binary(raw: bytes) -> bool:
    """Whether bytes are no text in any charset: NULs, or many control characters that no text has."""
    sample = raw[:MAX_BLOCK]
    return b"\x00" in sample or len(sample.translate(None, _NEVER_TEXT)) * 50 < len(sample) * 49


def _texts(bodies: Bodies) -> tuple[str, str, Reply]:
    """Plain text, safe HTML and the reply of a mail."""
    safe = sanitise(bodies.html) if bodies.html else ""
    if bodies.text.strip():
        text = bodies.text[:MAX_TEXT].rstrip()
        return text, safe, split_reply(text)
    text, quotes, signatures = read_clean(safe) if safe else ("", [], [])
    reply = split_reply(text, quote_starts=quotes, signature_starts=signatures)
    return _BLANK_LINES.sub("\n\n", text).strip(), safe, reply


def _main_charset(fields: list[tuple[str, bytes]]) -> str:
    """The charset that Content-Type of the message names, a hint for headers with bytes beyond ASCII."""
    for name, value in fields:
        if name.lower() == "content-type":
            charset = parameters(unfold(value))[1].get("charset", "")
            # a header is ASCII, and in old mails more: never two bytes a letter, whatever the body is in
            return "" if codec_name(charset).startswith(("utf-16", "utf-32")) else charset
    return ""


def _merged(headers: list[tuple[str, str]], wanted: str) -> list[Address]:
    """Addresses of all fields of a name; RFC 5322 allows one, senders repeat them."""
    found: dict[str, Address] = {}
    for name, value in headers:
        if name.lower() == wanted:
            for item in parse_addresses(value):
                found.setdefault(item.address.lower() or item.name, item)
    return list(found.values())


def _is_receipt(root: Part) -> bool:
    """Whether a program tells that a mail arrived, was shown or deleted (RFC 3464, RFC 8098): nobody wrote that."""
    return root.params.get("report-type", "").lower() in ("delivery-status", "disposition-notification")


def _from_nobody(first: dict[str, str], *, is_list: bool) -> bool:
    """Whether the envelope had the empty sender, which only automatic mail has (RFC 5321, section 4.5.5)."""
    return not is_list and _return_path(first) == ""


def _delivered_to(headers: list[tuple[str, str]]) -> list[str]:
    found: dict[str, None] = {}
    for name, value in headers:
        if name.lower() in _DELIVERED:
            for item in parse_addresses(value.removeprefix("rfc822;")):
                if item.address:
                    found[item.address.lower()] = None
    return list(found)


def _return_path(first: dict[str, str]) -> str | None:
    value = first.get("return-path")
    if value is None:
        return None
    found = parse_addresses(value)
    return found[0].address.lower() if found else ""

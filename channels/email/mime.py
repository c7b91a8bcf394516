"""The tree of parts of a mail (RFC 2045, RFC 2046), from one of two readers.

Part of the e-mail channel, between the raw bytes and `channels.email.bodies`. fast-mail-parser (Rust) reads
what is in
order in a twentieth of the time; what it refuses goes to the standard library with its oldest and simplest
policy, which
refuses nothing, and transfer encodings are undone here, leniently.
"""

import binascii
import email.message
import email.parser
import email.policy
import quopri
import re
from collections.abc import Iterable

import fast_mail_parser
import msgspec

from channels.email.headers import decode_base64, one_line, parameters, read_fields, split_message, unfold

MAX_DEPTH = 20
"""Levels of nesting that are read; a part below is kept whole, as a file."""

_CONTENT_FIELDS = frozenset(("content-type", "content-transfer-encoding", "content-disposition", "content-id"))
_ENCODED_WORDS = 3_000
_MULTIPART = "multipart/"
_TYPE = re.compile(r"^[\w!#$&^.+-]+/[\w!#$&^.+-]+")
_NESTED = re.compile(rb"content-type\s*:\s*(?:multipart/|message/rfc822)", re.IGNORECASE)
_NO_SEMICOLON = re.compile(rb"^(\s*multipart/[\w.+-]{1,40})(?=\s+[\w-]{1,40}\s*=)", re.IGNORECASE)
_ALIEN = re.compile(rb"[^A-Za-z0-9+/=\s]|(?<=\S)[ \t](?=\S)")
_UUENCODED = re.compile(rb"encoding\s*:\s*[\"']?(?:x-)?uue")


class Part(msgspec.Struct):
    """One part of a mail.

    Attributes:
        content_type: Media type in lower case; `text/plain` when missing or no media type.
        params: Decoded parameters of Content-Type by lower-case name.
        disposition: Content-Disposition in lower case, `attachment`, `inline` or whatever else; empty when
        missing.
        name: File name, decoded; empty when missing. May hold folders and anything else.
        content_id: Without angle brackets; empty when missing.
        content: Bytes with the transfer encoding undone; of a `message/rfc822` the message, of a multipart
        nothing.
        children: Parts of a multipart.
    """

    content_type: str
    params: dict[str, str]
    disposition: str = ""
    name: str = ""
    content_id: str = ""
    content: bytes = b""
    children: list["Part"] = []


def read_parts(raw: bytes) -> Part:
    """Read the tree of parts of a message.

    Args:
        raw: The message, with LF or CRLF line ends, starting with its first header field.

    Returns:
        Its root. Never fails: what no reader understands is one part of plain text.
    """
    block, body = split_message(raw)
    raw = _slim(read_fields(block)) + b"\n" + body
    if raw.count(b"=?") < _ENCODED_WORDS and not _UUENCODED.search(raw.lower()):
        try:
            root = _from_fast(fast_mail_parser.parse_email_tree(raw), 0)
        except (fast_mail_parser.ParseError, ValueError):
            root = None
        if root is not None:
            return root
    if len(_NESTED.findall(raw)) > 500:
        return Part(content_type="text/plain", params={}, content=raw)  # nested beyond what the library can recurse
    try:
        parser = email.parser.BytesParser(policy=email.policy.compat32)
        return _from_library(parser.parsebytes(raw), 0)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return Part(content_type="text/plain", params={}, content=raw)


def _slim(fields: list[tuple[str, bytes]]) -> bytes:
    """The few header fields that say how to read a body: the readers need long ones more than linear time."""
    kept = [(name, value) for name, value in fields if name.lower() in _CONTENT_FIELDS and len(value) < 10_000]
    return b"".join(
        name.encode() + b":" + _NO_SEMICOLON.sub(rb"\1;", value.rstrip(b"\r"), count=1) + b"\n" for name, value in kept
    )


def _described(content_type: str, disposition: str, content_id: str) -> Part:
    """A part without content from its raw header values."""
    kind, params = parameters(content_type) if content_type else ("", {})
    found = _TYPE.match(kind)
    placed, details = parameters(disposition) if disposition else ("", {})
    return Part(
        content_type=found[0] if found else "text/plain",
        params=params,
        disposition=placed.split()[0] if placed.strip() else "",
        name=details.get("filename") or params.get("name") or details.get("name") or params.get("filename") or "",
        content_id=one_line(content_id).strip("<> "),
    )


def _from_fast(node: fast_mail_parser.PyMimePart, depth: int) -> Part | None:
    """The part of a fast-mail-parser node; None when the standard library should look at the message."""
    headers = {name.lower(): values[0] for name, values in node.headers.items() if values}
    part = _described(
        headers.get("content-type", ""), headers.get("content-disposition", ""), headers.get("content-id", "")
    )
    part.name = part.name or node.filename
    encoding = headers.get("content-transfer-encoding", "").strip().lower()
    if encoding not in _KNOWN_ENCODINGS or node.content_type.startswith(_MULTIPART) != part.content_type.startswith(
        _MULTIPART
    ):
        return None
    if not part.content_type.startswith(_MULTIPART):
        part.content = bytes(node.content or b"")
        if encoding == "base64" and not part.content and not node.children:
            return None
        return part
    if not node.children:
        return None
    if depth >= MAX_DEPTH:
        return part
    for child in node.children:
        converted = _from_fast(child, depth + 1)
        if converted is None:
            return None
        part.children.append(converted)
    return part


_KNOWN_ENCODINGS = frozenset(("", "7bit", "8bit", "binary", "base64", "quoted-printable"))


def _from_library(message: email.message.Message, depth: int) -> Part:
    part = _described(*(_field(message, name) for name in ("content-type", "content-disposition", "content-id")))
    payload = message.get_payload()
    if isinstance(payload, list):
        children = [child for child in payload if isinstance(child, email.message.Message)]
        if part.content_type.startswith(_MULTIPART) and depth < MAX_DEPTH:
            part.children = [_from_library(child, depth + 1) for child in children]
            if message.preamble and not any(child.content or child.children for child in part.children):
                part.content = _to_bytes(message.preamble)
            return part
        part.content = b"\n".join(child.as_bytes() for child in children)
        return part
    if part.content_type.startswith(_MULTIPART):
        part.content_type = "text/plain"  # a multipart without a single boundary is what stands there
    part.content = _decoded(_to_bytes(str(payload or "")), _field(message, "content-transfer-encoding"))
    return part


def _field(message: email.message.Message, name: str) -> str:
    # the library's own access to a header may fail on 8-bit characters: take the stored value
    for key, value in message.raw_items():
        if key.lower() == name:
            return unfold(_to_bytes(str(value)))
    return ""


def _to_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _decoded(raw: bytes, encoding: str) -> bytes:
    """Undo a transfer encoding (RFC 2045, section 6) as far as possible."""
    encoding = encoding.strip(" \"';").lower()
    if encoding == "quoted-printable":
        return quopri.decodestring(raw)
    if encoding == "base64":
        if len(_ALIEN.findall(raw[:20_000])) * 10 > len(raw[:20_000]):
            return raw  # words, not base64
        decoded = decode_base64(raw)
        return raw if decoded is None else decoded
    if encoding in ("x-uuencode", "uuencode", "uue", "x-uue"):
        lines = raw.strip().splitlines()
        return decode_uu(lines[1:] if lines and lines[0].startswith(b"begin ") else lines)[0] or raw
    return raw


def decode_uu(lines: Iterable[bytes]) -> tuple[bytes, int]:
    """Decode uuencoded lines.

    Args:
        lines: Lines after the `begin` line, without their ends.

    Returns:
        The decoded bytes and how many lines were taken, the `end` line included.
    """
    decoded: list[bytes] = []
    taken = 0
    for line in lines:
        if line.strip() == b"end":
            taken += 1
            break
        piece = None if line.startswith(b"begin ") else _uu_line(line)
        if piece is None:
            return b"", taken  # a file ends with "end"; what does not is somebody's words
        decoded.append(piece)
        taken += 1
    return b"".join(decoded), taken


def _uu_line(line: bytes) -> bytes | None:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        # encoders that count wrong: take as many characters as the first one says
        length = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
    try:
        return binascii.a2b_uu(line[:length])
    except binascii.Error:
        return None

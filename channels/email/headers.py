"""Header fields of mails: found, unfolded, decoded, taken apart.

Part of the e-mail channel, below `channels.email.parse` and `channels.email.mime`. Everything works in one
pass over the
bytes: the standard library's `policy.default` needs time that grows faster than the header, which a hostile
mail uses.
"""

import binascii
import re
import urllib.parse

from channels.email.charsets import decode_bytes

MAX_BLOCK = 1_048_576
"""Bytes of a header block that are read; ten thousand recipients need about a third of it."""

MAX_FIELDS = 2_000
"""Header fields that are read; the longest honest chains of Received lines have some hundred."""

_FIELD = re.compile(rb"^([!-9;-~]{1,200})[ \t]*:", re.MULTILINE)
_SEPARATOR = re.compile(
    rb"\n(?:\r?\n|[ \t]+\r?\n"
    # a line of white space ends no header when a field follows, or the rest of a folded one (RFC 5322, section 4.2)
    rb"(?![ \t]*[^\S\n]*[!-9;-~]{1,80}[ \t]*:[^/])"
    rb"(?!(?:[ \t][^\n]{1,998}\n){1,50}(?i:from|to|cc|date|message-id|subject|received|reply-to|sender|in-reply-to|"
    rb"references|mime-version|content-[a-z-]{1,40}|x-[\w-]{1,60})[ \t]*:))"
)
_FOLD = re.compile(r"\r?\n(?=[ \t])|[\r\n]+")
_WORD_HEAD = re.compile(r"=\?([^?\s=()<>@,;:\"/\[\]]{1,60})\?([bBqQ])\?")
_QUOTED = re.compile(rb"=([0-9A-Fa-f]{2})")
_WHITE = re.compile(r"[ \t\r\n\f\v]+")
_MESSAGE_ID = re.compile(r"<\s*([^<>\s][^<>]{0,1000}?)\s*>")
_QUOTE_OR_SEMICOLON = re.compile(r'[";]')
_PARAMETER = re.compile(r"^([^\s*=;]{1,60})(?:\*(\d{1,3}))?(\*)?$")


def split_message(raw: bytes) -> tuple[bytes, bytes]:
    """Cut a message into its header block and its body (RFC 5322, section 2.1).

    Args:
        raw: The message, or a part of a multipart, with LF or CRLF line ends.

    Returns:
        The header block with its last line end, and the body. A message that has no empty line is all header
        when its
        first line is a field, else all body.
    """
    if raw[:1] in (b"\n", b"\r"):
        return b"", raw.removeprefix(b"\r").removeprefix(b"\n")
    found = _SEPARATOR.search(raw)
    head, body = (raw[: found.start() + 1], raw[found.end() :]) if found else (raw, b"")
    if _FIELD.match(head) is None:
        return b"", raw
    return head, body


def read_fields(block: bytes) -> list[tuple[str, bytes]]:
    """Take a header block apart into fields.

    Args:
        block: Bytes before the empty line, see `split_message`.

    Returns:
        Name as written and raw value (folded, not decoded) of each field, in order. Lines that are no field
        and
        continue none are left out.
    """
    fields: list[tuple[str, bytes]] = []
    value: list[bytes] = []
    name = ""
    for line in block[:MAX_BLOCK].split(b"\n"):
        if line[:1] in (b" ", b"\t"):
            value.append(line)
            continue
        found = _FIELD.match(line)
        if found is None:
            continue
        if name:
            fields.append((name, b"\n".join(value)))
        if len(fields) >= MAX_FIELDS:
            return fields
        name, value = found[1].decode("ascii"), [line[found.end() :]]
    if name:
        fields.append((name, b"\n".join(value)))
    return fields


def unfold(raw: bytes, charset: str = "") -> str:
    """A raw field value as one line of text, encoded words not yet decoded.

    Args:
        raw: Value as `read_fields` gives it.
        charset: What to try for bytes beyond ASCII that are not UTF-8 (RFC 6532 allows UTF-8 only).
    """
    return _FOLD.sub("", decode_bytes(raw, charset)).strip()


def decode_words(text: str) -> str:
    """Decode the encoded words of a header value (RFC 2047), also where rules about them are broken.

    Words next to each other lose the white space between them, and those of one charset are joined before
    decoding,
    because some senders split in the middle of a character.

    Args:
        text: Unfolded value.

    Returns:
        Readable text. What cannot be decoded stays as it is.
    """
    if "=?" not in text:
        return text
    pieces: list[str] = []
    pending: list[bytes] = []
    pending_charset = ""
    at = 0
    for start, end, charset, data in _encoded_words(text):
        between = text[at:start]
        if pending and (between.strip() or charset.lower() != pending_charset):
            pieces.append(decode_bytes(b"".join(pending), pending_charset))
            pending = []
        if between.strip() or at == 0:
            pieces.append(between)
        pending.append(data)
        pending_charset = charset.lower()
        at = end
    if pending:
        pieces.append(decode_bytes(b"".join(pending), pending_charset))
    pieces.append(text[at:])
    return "".join(pieces)


def _encoded_words(text: str) -> list[tuple[int, int, str, bytes]]:
    """Start, end, charset and bytes of each encoded word."""
    words: list[tuple[int, int, str, bytes]] = []
    at = 0
    while (found := _WORD_HEAD.search(text, at)) is not None:
        end = text.find("?=", found.end())
        if end < 0:
            break
        data = _word_bytes(found[2].lower(), text[found.end() : end])
        at = end + 2
        if data is not None:
            charset = found[1].partition("*")[0]  # a language may follow (RFC 2231, section 5)
            words.append((found.start(), at, charset, data))
    return words


def _word_bytes(encoding: str, data: str) -> bytes | None:
    try:
        raw = data.encode("ascii")
    except UnicodeEncodeError:
        raw = data.encode("utf-8")
    if encoding == "q":
        return _QUOTED.sub(lambda hit: bytes((int(hit[1], 16),)), raw.replace(b"_", b" "))
    return decode_base64(raw)


def decode_base64(raw: bytes) -> bytes | None:
    """Decode base64 leniently.

    Alien characters are skipped, missing padding is added, a stray character is dropped.

    Args:
        raw: The encoded bytes.

    Returns:
        The decoded bytes; None when there is nothing to decode in a text that is not empty.
    """
    try:
        return binascii.a2b_base64(raw)
    except binascii.Error:
        pass
    kept = re.sub(rb"[^A-Za-z0-9+/]", b"", raw.partition(b"=")[0] if raw.rstrip().endswith(b"=") else raw)
    kept = kept[: len(kept) - 1] if len(kept) % 4 == 1 else kept
    try:
        return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4)) if kept else None
    except binascii.Error:
        return None


def one_line(text: str) -> str:
    """Decode a header value to readable text on one line, white space collapsed at its folds."""
    return _WHITE.sub(" ", decode_words(text)).strip()


def message_ids(text: str) -> list[str]:
    """The message ids of an Message-ID, In-Reply-To or References field (RFC 5322, section 3.6.4).

    Args:
        text: Unfolded value.

    Returns:
        Ids without angle brackets, each once, in order. Without any angle bracket, words that hold an `@`, or
        else
        the only word.
    """
    text = decode_words(text)
    found = [_WHITE.sub("", item) for item in _MESSAGE_ID.findall(text)]
    if not found:
        words = [word.strip("<>,;\"'") for word in text.split()]
        found = [word for word in words if "@" in word] or (words if len(words) == 1 else [])
    return list(dict.fromkeys(item for item in found if item))


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """Take a structured field such as Content-Type apart (RFC 2045, section 5.1; RFC 2231).

    Args:
        value: Unfolded value, encoded words not yet decoded.

    Returns:
        The value before the first `;` in lower case, and the decoded parameters by lower-case name.
    """
    first, *rest = _split_parameters(value)
    if "=" in first and len(words := first.split(None, 1)) == 2:  # the first semicolon was forgotten
        first, rest = words[0], [words[1], *rest]
    simple: dict[str, str] = {}
    parts: dict[str, list[tuple[int, bool, str]]] = {}
    for item in rest:
        name, equals, data = item.partition("=")
        found = _PARAMETER.match(name.strip().lower())
        if found is None or not equals:
            continue
        data = _unquote(data.strip())
        if found[2] is None and found[3] is None:
            simple.setdefault(found[1], one_line(data))
        else:
            parts.setdefault(found[1], []).append((int(found[2] or 0), found[3] is not None, data))
    for name, pieces in parts.items():
        simple[name] = _joined(pieces)
    return first.strip().strip('"').lower(), simple


def _split_parameters(value: str) -> list[str]:
    """Split at semicolons outside quotes. A quote that is never closed does not swallow the rest."""
    if '"' not in value:
        return value.split(";")
    pieces: list[str] = []
    start = at = 0
    closed = True
    while (found := _QUOTE_OR_SEMICOLON.search(value, at)) is not None:
        at = found.end()
        if found[0] == ";":
            pieces.append(value[start : at - 1])
            start = at
        elif closed:  # once a quote stays open, looking again for every later one would take quadratic time
            end = _closing_quote(value, at - 1)
            closed = end >= at
            at = max(at, end + 1)
    pieces.append(value[start:])
    return pieces


def _closing_quote(value: str, at: int) -> int:
    """Index of the quote that closes the one at `at`; `at` itself when none does."""
    end = value.find('"', at + 1)
    while end > 0 and value[end - 1] == "\\" and value[end - 2] != "\\":
        end = value.find('"', end + 1)
    return end if end > 0 else at


def _unquote(data: str) -> str:
    if len(data) >= 2 and data[0] == '"':
        end = _closing_quote(data, 0)
        inner = data[1 : end or len(data)]
        # RFC 822 says that a backslash quotes any character; Windows paths in names show that few know it
        return inner.replace('\\"', '"').replace("\\\\", "\\")
    return data.strip('"')


def _joined(pieces: list[tuple[int, bool, str]]) -> str:
    """Put the continuations of a parameter together (RFC 2231, section 3) and decode them (section 4)."""
    pieces = sorted(pieces, key=lambda piece: piece[0])
    charset = ""
    raw = b""
    for number, (_, encoded, data) in enumerate(pieces):
        if number == 0 and encoded and data.count("'") >= 2:
            charset, _, rest = data.split("'", 2)
            raw += urllib.parse.unquote_to_bytes(rest)
        else:
            raw += urllib.parse.unquote_to_bytes(data) if encoded else data.encode("utf-8", "replace")
    return one_line(decode_bytes(raw, charset))

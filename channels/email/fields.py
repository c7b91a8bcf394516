"""Writing header fields: encoding, folding, and making it impossible to smuggle a second field in.

Part of the e-mail channel, used by `channels.email.compose`. The standard library is not used for this on purpose:
its policies encode long Message-IDs in References as if they were words, which breaks threading.
"""

import base64
import re
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import quote

from channels.email.parsed import Address
from core.errors import Permanent

LINE: Final = 76
"""Columns after which a field is folded (RFC 5322 asks for at most 78)."""
MAX_REFERENCES: Final = 21
MAX_ID: Final = 500

_CONTROL = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff]+")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_TOKEN = re.compile(r"[A-Za-z0-9!#$&^_.+-]+")
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
_ADDRESS = re.compile(
    r"[^\s\x00-\x1f\x7f-\x9f<>()\[\]\\,;:\"@\ud800-\udfff]{1,128}@[^\s\x00-\x1f\x7f-\x9f<>()\[\]\\,;:\"@\ud800-\udfff]{1,253}"
)
_ID = re.compile(r"<?([!-;=?-~]+)>?")
_WEB = re.compile(r"https?://[!-;=?-~]{1,900}")


def one_line(text: str) -> str:
    """Text without line ends, other control characters and runs of white space."""
    return _CONTROL.sub(" ", text).strip()


def field(name: str, tokens: Iterable[str]) -> bytes:
    """A field, folded between its tokens.

    Args:
        name: the field's name.
        tokens: parts between which a line may end; none holds a line end itself.
    """
    lines: list[str] = []
    line = f"{name}:"
    for token in tokens:
        if len(line) + 1 + len(token) > LINE and line.strip() and line != f"{name}:":
            lines.append(line)
            line = ""
        line += f" {token}"
    lines.append(line)
    return ("\r\n".join(lines) + "\r\n").encode()


def words(text: str) -> list[str]:
    """Unstructured text as tokens (RFC 2047): plain words stay readable, the others are encoded."""
    parts = one_line(text).split(" ")
    odd = [number for number, part in enumerate(parts) if not _plain(part)]
    if not odd:
        return parts if parts != [""] else []
    first, last = odd[0], odd[-1] + 1
    return [*parts[:first], *_encoded(" ".join(parts[first:last])), *parts[last:]]


def _plain(word: str) -> bool:
    return word.isascii() and "=?" not in word and len(word) <= LINE - 16


def _encoded(text: str) -> list[str]:
    """Encoded words of at most 75 columns, none of which cuts a character (RFC 2047, section 2)."""
    chunks: list[str] = []
    chunk = b""
    for character in text:
        raw = character.encode()
        if len(chunk) + len(raw) > 42:
            chunks.append(_word(chunk))
            chunk = b""
        chunk += raw
    return [*chunks, _word(chunk)]


def _word(raw: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(raw).decode()}?="


def checked_address(address: str) -> str:
    """The address as it is put on the wire, its domain in ASCII (RFC 5890).

    Raises:
        Permanent: no mail can be sent to it.
    """
    plain = address.strip()
    if not _ADDRESS.fullmatch(plain):
        raise Permanent(f"{one_line(address)[:200]!r} is not an address that mail can be sent to.")
    local, _, domain = plain.rpartition("@")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode()
        except UnicodeError:
            raise Permanent(f"{plain!r} has no valid domain.") from None
    return f"{local}@{domain}"


def mailbox(address: Address) -> list[str]:
    """One mailbox (RFC 5322, section 3.4) as tokens.

    Raises:
        Permanent: the address is not one.
    """
    target = checked_address(address.address)
    name = one_line(address.name)
    if not name:
        return [target]
    # A backslash is escaped inside quotes, and many readers lose count of them before the closing quote.
    if not name.isascii() or len(name) > LINE - 20 or "=?" in name or "\\" in name:
        return [*_encoded(name), f"<{target}>"]
    if _ATOMS.fullmatch(name):
        return [*name.split(" "), f"<{target}>"]
    escaped = name.replace('"', '\\"')
    return [f'"{escaped}"', f"<{target}>"]


def mailboxes(addresses: Sequence[Address]) -> list[str]:
    """An address list as tokens.

    Raises:
        Permanent: one of the addresses is not one.
    """
    tokens: list[str] = []
    for number, address in enumerate(addresses):
        parts = mailbox(address)
        if number + 1 < len(addresses):
            parts[-1] += ","
        tokens += parts
    return tokens


def message_id(value: str) -> str | None:
    """A message id with its angle brackets; None when what is given cannot stand in a header."""
    found = _ID.fullmatch(value.strip())
    return f"<{found[1]}>" if found and len(found[1]) <= MAX_ID else None


def is_web_address(url: str) -> bool:
    """Whether this can stand between angle brackets in a header."""
    return _WEB.fullmatch(url) is not None


def reference_ids(references: Sequence[str], in_reply_to: str | None) -> list[str]:
    """The References of an answer: each id once, the first and the newest kept (RFC 5322, section 3.6.4).

    Mail servers refuse headers that grow without end; clients thread by the first id and the last ones.
    """
    known = [found for value in [*references, in_reply_to or ""] if (found := message_id(value))]
    newest_last = list(dict.fromkeys(reversed(known)))[::-1]
    if len(newest_last) <= MAX_REFERENCES:
        return newest_last
    return [known[0], *(item for item in newest_last[1 - MAX_REFERENCES :] if item != known[0])]


def media_type(value: str) -> str:
    """A declared media type, or the general one when it is not well formed."""
    bare = value.partition(";")[0].strip().lower()
    return bare if _TYPE.fullmatch(bare) else "application/octet-stream"


def parameter(name: str, value: str) -> list[str]:
    """A parameter of a MIME field as tokens, in the form of RFC 2231 when it needs one."""
    plain = one_line(value)
    if _TOKEN.fullmatch(plain) and len(plain) <= LINE - 20:
        return [f"{name}={plain}"]
    if plain.isascii() and len(plain) <= LINE - 20:
        escaped = plain.replace("\\", "\\\\").replace('"', '\\"')
        return [f'{name}="{escaped}"']
    coded = quote(plain, safe="!#$&+-.^_`|~")
    pieces = re.findall(r"(?:%..|.){1,20}", coded)
    if len(pieces) == 1:
        return [f"{name}*=utf-8''{coded}"]
    numbered = [f"{name}*{number}*={piece};" for number, piece in enumerate(pieces)]
    numbered[0] = f"{name}*0*=utf-8''{pieces[0]};"
    numbered[-1] = numbered[-1].rstrip(";")
    return numbered

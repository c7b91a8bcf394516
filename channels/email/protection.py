"""Whether a mail is signed or encrypted, and how: S/MIME (RFC 8551) or OpenPGP (RFC 3156, and inside the text).

Part of the e-mail channel, used by `channels.email.parse` and, for signed files, `channels.email.bodies`. Nothing is
checked or decrypted: the parts are kept as files, and the reader is told what they are. The content of a mail that was
signed as one S/MIME file is not secret and is taken out, so that it can be read.
"""

import re
from collections.abc import Iterator

from channels.email.mime import MAX_DEPTH, Part

SMIME_TYPES = frozenset(("application/pkcs7-mime", "application/x-pkcs7-mime"))
MAX_LEVELS = 12
"""Nested fields of a signed file that are opened on the way to its content."""

_PGP = re.compile(r"^-----BEGIN PGP (MESSAGE|SIGNED MESSAGE)-----[ \t]*$", re.MULTILINE)
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_DATA = bytes.fromhex("06092a864886f70d010701")
_BY_PROTOCOL = {
    "application/pkcs7-signature": "smime_signed",
    "application/x-pkcs7-signature": "smime_signed",
    "application/pgp-signature": "pgp_signed",
    "application/pgp-encrypted": "pgp_encrypted",
}


def protection_of(root: Part, text: str) -> str:
    """How a mail is protected.

    Args:
        root: Tree of its parts.
        text: Its plain text.

    Returns:
        `smime_encrypted`, `pgp_encrypted`, `smime_signed` or `pgp_signed`; "" when it is not. Of several the
        encryption, because then there is nothing to read.
    """
    found = {_of_part(part) for part in _all(root, 0)}
    if "-----BEGIN PGP" in text and (inline := _PGP.search(text[:200_000])):
        found.add("pgp_encrypted" if inline[1] == "MESSAGE" else "pgp_signed")
    return next(
        (name for name in ("smime_encrypted", "pgp_encrypted", "smime_signed", "pgp_signed") if name in found), ""
    )


def _all(part: Part, depth: int) -> Iterator[Part]:
    yield part
    for child in part.children if depth < MAX_DEPTH else ():
        yield from _all(child, depth + 1)


def _of_part(part: Part) -> str:
    if part.content_type in ("multipart/signed", "multipart/encrypted"):
        kinds = [part.params.get("protocol", "").lower(), *(child.content_type for child in part.children)]
        return next((_BY_PROTOCOL[kind] for kind in kinds if kind in _BY_PROTOCOL), "")
    if not is_smime(part):
        return ""
    kind = part.params.get("smime-type", "").lower()
    if kind in ("certs-only", "compressed-data"):
        return ""
    return "smime_signed" if kind == "signed-data" or _SIGNED_DATA in part.content[:40] else "smime_encrypted"


def is_smime(part: Part) -> bool:
    """Whether a part is an S/MIME file; some servers on the way forget its type, never its name."""
    return part.content_type in SMIME_TYPES or (
        part.content_type == "application/octet-stream" and part.name.lower().endswith(".p7m")
    )


def signed_content(raw: bytes) -> bytes:
    """The message inside an S/MIME file that is only signed (CMS SignedData, RFC 5652, section 5.1).

    Args:
        raw: The file.

    Returns:
        A message with its header; empty when there is none, or the file is encrypted or broken.
    """
    at = raw.find(_DATA, 0, 2_000)
    if _SIGNED_DATA not in raw[:40] or at < 0:
        return b""
    at += len(_DATA)
    # [0] EXPLICIT around OCTET STRING, which may again be cut into several
    pieces: list[bytes] = []
    try:
        _octets(raw, at, len(raw), pieces, 0)
    except IndexError:
        return b""
    return b"".join(pieces)


def _octets(raw: bytes, at: int, end: int, pieces: list[bytes], level: int) -> int:
    """Collect the octet strings of one field (X.690, section 8.1); returns where it ends."""
    tag = raw[at]
    length, start = _length(raw, at + 1)
    if tag == 0x04 and length is not None:
        pieces.append(raw[start : min(start + length, end)])
        return start + length
    if tag not in (0xA0, 0x24) or level > MAX_LEVELS:
        raise IndexError
    stop = end if length is None else min(start + length, end)
    at = start
    while at < stop and raw[at : at + 2] != b"\x00\x00":
        at = _octets(raw, at, stop, pieces, level + 1)
    return at + 2 if length is None else stop


def _length(raw: bytes, at: int) -> tuple[int | None, int]:
    """The length of a field, None when its end is marked, and where its content starts."""
    first = raw[at]
    if first < 0x80:
        return first, at + 1
    if first == 0x80:
        return None, at + 1
    count = first & 0x7F
    if count > 4 or at + 1 + count > len(raw):
        raise IndexError
    return int.from_bytes(raw[at + 1 : at + 1 + count], "big"), at + 1 + count

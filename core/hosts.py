"""Names of hosts that people type in, in the form in which browsers send them, and back in letters.

Kernel module, pure. ``सहायता.भारत`` travels as ``xn--…`` (RFC 5891). The codec of the standard library follows the
rules of 2003 and drops the joiners that Indian words need; browsers keep them (UTS 46, non-transitional), and so do we.
"""

import re
import unicodedata
from typing import Final

LARGEST_PORT: Final = 65535
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_DOTS: Final = str.maketrans("。．｡", "...")
_MARK: Final = "xn--"
_JOINERS: Final = "\u200c\u200d"


def ascii_host(name: str) -> str | None:
    """A name without a port in ASCII, such as ``help.example.org``; None when no host can have it."""
    labels = [_ascii(label) for label in unicodedata.normalize("NFKC", name.translate(_DOTS)).lower().split(".")]
    found = ".".join(label or "" for label in labels)
    return found if all(labels) and len(found) <= 253 else None


def readable(host: str) -> str:
    """A host, with its port if it has one, as people write it."""
    name, colon, port = host.partition(":")
    return ".".join(map(_letters, name.split("."))) + colon + port


def is_port(digits: str) -> bool:
    """Whether a port can have this number."""
    return digits.isascii() and digits.isdecimal() and len(digits) <= 5 and 0 < int(digits) <= LARGEST_PORT


def _ascii(label: str) -> str | None:
    label = unicodedata.normalize("NFC", label)
    if not label.isascii():
        if not all(_is_letter(char) for char in label) or unicodedata.category(label[0])[0] == "M":
            return None
        label = _MARK + label.encode("punycode").decode()
    return label if _LABEL.fullmatch(label) else None


def _is_letter(char: str) -> bool:
    """Letters, marks and digits of any script, hyphens and joiners (RFC 5892, in short)."""
    return char in f"-{_JOINERS}" or unicodedata.category(char) in ("Ll", "Lm", "Lo", "Mn", "Mc", "Nd")


def _letters(label: str) -> str:
    if not label.startswith(_MARK):
        return label
    try:
        told = label.removeprefix(_MARK).encode("ascii").decode("punycode")
    except UnicodeError:
        return label
    return told if _ascii(told) == label else label

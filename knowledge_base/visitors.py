"""Who a visitor is, without knowing who: a hash that tells one from another and leads back to nobody."""

import hashlib
import hmac
import re
from typing import Final

LONGEST: Final = 200
_PRIVATE: Final = re.compile(r"[\w.+-]+@[\w.-]+|\+?\d[\d\s()-]{5,}\d|\d{5,}")


def hashed(secret: str, *marks: str) -> str:
    """The hash of what tells a visitor from others: a cookie's number, or an address with a browser's name.

    Args:
        secret: the installation's key.
        marks: what is known of her; nothing at all is nobody.
    """
    if not any(marks):
        return ""
    return hmac.new(secret.encode(), ("visitor:" + "\0".join(marks)).encode(), hashlib.sha256).hexdigest()[:32]


def words_to_keep(words: str) -> str:
    """What somebody looked for, as it may be kept: without addresses and long numbers, in small letters."""
    return " ".join(_PRIVATE.sub("…", words.replace("\x00", " ")).lower().split())[:LONGEST]

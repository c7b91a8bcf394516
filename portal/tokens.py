"""The signed token in each form: proves that the form is ours, tells its age, and names the post in the ledger.

The same form posted twice (a double click) has the same name, so the ledger takes it once; one that was changed in
between (the browser's way back, then a word more) has another, so nothing that somebody wrote is lost. Nobody can make
a token, so the address of a thanks page cannot be guessed either. No cookie is needed.
"""

import base64
import enum
import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final

from core import clock

OLDEST: Final = timedelta(hours=24)
YOUNGEST: Final = timedelta(seconds=3)
"""Nobody fills the form in faster; programs do."""


class Age(enum.Enum):
    """What a token says about its form."""

    GOOD = enum.auto()
    TOO_FRESH = enum.auto()
    TOO_OLD = enum.auto()
    FORGED = enum.auto()


def _signature(secret: str, text: str) -> str:
    digest = hmac.new(
        hashlib.sha256(b"portal-form:" + secret.encode()).digest(), text.encode(), hashlib.sha256
    ).digest()
    return base64.urlsafe_b64encode(digest[:15]).decode()


def issue(secret: str) -> str:
    """A token for a form that is shown now."""
    text = f"{int(clock.now().timestamp())}.{secrets.token_urlsafe(12)}"
    return f"{text}.{_signature(secret, text)}"


def genuine(secret: str, token: str) -> bool:
    """Whether we made it, however long ago."""
    text, _, signature = token.rpartition(".")
    return len(token) < 100 and token.isascii() and hmac.compare_digest(_signature(secret, text), signature)


def age(secret: str, token: str) -> Age:
    """Whether we made it, and whether its age is believable for a form filled in by a person."""
    if not genuine(secret, token):
        return Age.FORGED
    passed = clock.now() - datetime.fromtimestamp(int(token.partition(".")[0]), UTC)
    if passed < YOUNGEST:
        return Age.TOO_FRESH
    return Age.TOO_OLD if passed > OLDEST else Age.GOOD


def name_of_post(token: str, content: bytes) -> str:
    """What a post of this content with this token is called in the ledger."""
    return f"{token}.{hashlib.sha256(content).hexdigest()[:16]}"

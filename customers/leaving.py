"""The signed token of "no more such mails": names an address and a purpose, so that no sign-in is needed (RFC 8058).

It stands in the List-Unsubscribe header and at the foot of surveys and reminders. Opening its page changes nothing;
only a post does (``portal/leaving.py``), because scanners follow links.
"""

import base64
import hashlib
import hmac
from typing import Final

import msgspec

from core.errors import NotFound
from customers.consent import PURPOSES, Purpose

_BYTES: Final = 15


class Leaving(msgspec.Struct, frozen=True, array_like=True):
    """Which mails to which address shall end."""

    address: str
    purpose: Purpose


def _signature(secret: str, body: str) -> str:
    key = hashlib.sha256(b"unsubscribe:" + secret.encode()).digest()
    return hmac.new(key, body.encode(), hashlib.sha256).hexdigest()[: _BYTES * 2]


def token(secret: str, address: str, purpose: Purpose) -> str:
    """The token for an address (normalised) and a purpose; it never ends, for the mail that it stands in does not."""
    body = base64.urlsafe_b64encode(msgspec.json.encode(Leaving(address, purpose))).decode().rstrip("=")
    return f"{body}.{_signature(secret, body)}"


def read(secret: str, given: str) -> Leaving:
    """What a token names.

    Raises:
        NotFound: it is none of ours.
    """
    body, _, signature = given.partition(".")
    if len(given) > 1000 or not hmac.compare_digest(_signature(secret, body).encode(), signature.encode()):
        raise NotFound("This address is not one of ours.")
    found = msgspec.json.decode(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)), type=Leaving)
    if found.purpose not in PURPOSES:
        raise NotFound("This address is not one of ours.")
    return found

"""The cookie of a browser in which somebody has signed in before: it keeps her turns for sign-in mails apart.

Anybody can ask for mails to any address, so the limits of an address would let a stranger lock its owner out. A browser
that proved the address once is counted on its own (``customers/signin.py``). The cookie holds a random name of the
browser and one signature for each address that was proved in it; it signs nobody in, and tells no address.
Source of the method: OWASP, "Slow Down Online Guessing Attacks with Device Cookies".
"""

import base64
import hashlib
import hmac
import secrets
from typing import Final

COOKIE: Final = "sampark_browser"
SECONDS: Final = 400 * 86_400
"""As long as browsers keep a cookie at most."""
MOST_ADDRESSES: Final = 5
_LONGEST: Final = 300


def name_in(secret: str, cookie: str, address: str) -> str:
    """The browser's name, if an address was proved in it; else "".

    Args:
        secret: the desk's.
        cookie: its value; "" for none.
        address: normalised.
    """
    name, signatures = _parts(cookie)
    ours = _signature(secret, name, address)
    return name if any(hmac.compare_digest(ours, each) for each in signatures) else ""


def with_address(secret: str, cookie: str, address: str) -> str:
    """The cookie's value after an address has been proved; the oldest are forgotten."""
    name, signatures = _parts(cookie)
    if not name_in(secret, cookie, address):
        name = name or secrets.token_urlsafe(16)
        signatures = [_signature(secret, name, address), *signatures][:MOST_ADDRESSES]
    return ".".join([name, *signatures])


def _parts(cookie: str) -> tuple[str, list[str]]:
    if len(cookie) > _LONGEST or not cookie.isascii():
        return "", []
    name, *signatures = cookie.split(".")
    return name, signatures[:MOST_ADDRESSES]


def _signature(secret: str, name: str, address: str) -> str:
    key = hashlib.sha256(b"portal-browser:" + secret.encode()).digest()
    digest = hmac.new(key, f"{name} {address}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:18]).decode()

"""Which web sites may show a widget. Pure.

An origin is what browsers name a site by (RFC 6454): scheme, host, port. A widget lists them as ``https://shop.example``,
``https://*.shop.example`` (every host below it) or ``http://localhost:*`` (every port).
"""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from core.errors import Invalid

MOST: Final = 50
_HOST: Final = re.compile(
    r"(\*\.)?[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:]+\]"
)
_PORT: Final = re.compile(r"\*|\d{1,5}")
_USUAL: Final = {"http": "80", "https": "443"}


def normalise(written: str) -> str:
    """A site as an administrator writes it, in the one spelling that is kept.

    Raises:
        Invalid: it is not the address of a site.
    """
    text = written.strip().lower()
    scheme, sep, rest = text.partition("://")
    if not sep:
        scheme, rest = "https", text
    rest = rest.partition("/")[0]
    host, colon, port = (rest, "", "") if rest.endswith("]") else _host_and_port(rest)
    host = host.encode("idna").decode() if not host.isascii() else host
    if scheme not in _USUAL or not _HOST.fullmatch(host) or (colon and not _PORT.fullmatch(port)):
        raise Invalid.field("origins", f"“{written.strip()[:80]}” is not a site. Write it as https://shop.example.")
    return f"{scheme}://{host}" + (f":{port}" if port and port != _USUAL[scheme] else "")


def _host_and_port(rest: str) -> tuple[str, str, str]:
    host, colon, port = rest.rpartition(":")
    return (host, colon, port) if colon else (rest, "", "")


def origin_of(address: str) -> str | None:
    """The origin of a page's address or of an Origin header; None when it names none."""
    try:
        parts = urlsplit(address.strip().lower())
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _USUAL or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port and str(port) != _USUAL[parts.scheme] else "")


def allows(listed: Iterable[str], origin: str) -> bool:
    """Whether a site is among those that are listed."""
    return any(_matches(each, origin) for each in listed)


def _matches(listed: str, origin: str) -> bool:
    if listed == origin:
        return True
    scheme, _, pattern = listed.partition("://")
    given_scheme, _, given = origin.partition("://")
    if scheme != given_scheme or "*" not in pattern:
        return False
    host, _, port = _host_and_port(pattern)
    given_host, _, given_port = _host_and_port(given)
    same_port = port in ("*", given_port)
    return same_port and (given_host == host or (host.startswith("*.") and given_host.endswith(host[1:])))

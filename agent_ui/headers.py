"""Around every request: an id for the log, and headers that make browsers careful with every answer.

The composition root installs both for the whole application (``agent_ui/routes.py`` names them).
"""

import re
import secrets
from typing import Final

import structlog
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{8,64}")

STRICT_POLICY: Final = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""For answers that are no page at all."""

_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), payment=(), usb=(), microphone=(self)"),
)


class RequestContext(ASGIMiddleware):
    """Gives the request an id (or keeps a proxy's) and binds it to everything that is logged meanwhile."""

    scopes = (ScopeType.HTTP, ScopeType.WEBSOCKET)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Run the rest with the id bound."""
        request_id = _given_id(scope) or secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await next_app(scope, receive, send)


def _given_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return value.decode()
    return None


def _may_be_framed(policy: bytes) -> bool:
    """Whether a page names who may frame it; the older header can only forbid it to all, so it is left out then."""
    return b"frame-ancestors" in policy and b"frame-ancestors 'none'" not in policy


async def security_headers(message: Message, scope: Scope) -> None:
    """Put the careful headers on an answer that does not set its own; API answers are never kept by caches."""
    if message["type"] != "http.response.start":
        return
    # By hand, because Litestar's headers look through the whole list for each of them.
    headers = message["headers"] = list(message["headers"])
    given = {name.lower(): value for name, value in headers}
    if _may_be_framed(given.get(b"content-security-policy", b"")):
        given.setdefault(b"x-frame-options", b"")
    headers += [pair for pair in _ALWAYS if pair[0] not in given]
    if b"content-security-policy" not in given and not given.get(b"content-type", b"").startswith(b"text/html"):
        headers.append((b"content-security-policy", STRICT_POLICY))
    if b"cache-control" not in given and scope["path"].startswith("/api/"):
        headers.append((b"cache-control", b"no-store"))
    request_id = scope.get("state", {}).get("request_id")
    if request_id:
        headers.append((b"x-request-id", request_id.encode()))

"""Who is signed in on the portal: the cookie's session, and the two proofs that a post comes from our own page.

A middleware of the portal's router finds the session once per request that brings the cookie and puts it where
:attr:`portal.pages.Visitor.customer` finds it. A form of somebody who is signed in carries a token made of the
session's own (one-way), so another site cannot make one, and browsers name the origin of every post.
"""

import hashlib
import hmac
from typing import Any, Final
from urllib.parse import urlencode

import structlog
from litestar import Request
from litestar.datastructures import Cookie
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from core.db import unit_of_work
from core.errors import NotSignedIn
from core.settings import Settings
from customers import sessions
from customers.sessions import SignedIn
from portal import known
from portal.limits import network
from portal.pages import BINDING_COOKIE, SESSION_COOKIE, PortalRequest, is_same_site, runtime_of

COOKIE: Final = SESSION_COOKIE
LONGEST_TOKEN: Final = 128
SIGN_IN: Final = "/portal/sign-in"


class Recognise(ASGIMiddleware):
    """Puts who is signed in into ``scope["auth"]``, None for others, and notes now and then that she is here."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Find the session of the cookie."""
        request: Request[Any, Any, Any] = Request(scope, receive, send)
        runtime = runtime_of(request)
        token = request.cookies.get(COOKIE, "")
        found = await sessions.find(runtime.db, token) if 0 < len(token) <= LONGEST_TOKEN else None
        scope["auth"] = found
        if found is not None:
            structlog.contextvars.bind_contextvars(customer_id=found.customer_id)
            if sessions.is_due(found):
                async with unit_of_work(runtime.db, found.actor) as session:
                    await sessions.touch(session, found.session_id, runtime.settings.portal_session_days)
        await next_app(scope, receive, send)


def signed_in(request: PortalRequest) -> SignedIn:
    """Who is signed in.

    Raises:
        NotSignedIn: nobody; the visitor is led to the sign-in page and back (``portal/failures.py``).
    """
    found: SignedIn | None = request.scope.get("auth")
    if found is None:
        raise NotSignedIn
    return found


def sign_in_address(request: PortalRequest) -> str:
    """The sign-in page, with the way back to this one."""
    back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return f"{SIGN_IN}?{urlencode({'next': back})}"


def safe_path(path: str) -> str:
    """A page of the portal to go on to; anything else would lead people who trust our links elsewhere."""
    is_ours = path == "/portal" or path.startswith(("/portal/", "/portal?"))
    plain = path.isprintable() and "\\" not in path and "//" not in path.partition("?")[0] and len(path) < 500
    return path if is_ours and plain else ""


def form_token(value: str) -> str:
    """The token of a form: one-way from the secret that the visitor's cookie or address holds."""
    return hmac.new(value.encode(), b"sampark portal form v1", hashlib.sha256).hexdigest()


def csrf_token(request: PortalRequest) -> str:
    """The token that forms of who is signed in carry."""
    return form_token(request.cookies.get(COOKIE, ""))


def is_genuine(request: PortalRequest, given: str) -> bool:
    """Whether a post was made by a form that we showed to who is signed in."""
    return is_same_site(request) and hmac.compare_digest(given.encode(), csrf_token(request).encode())


def place_of(request: PortalRequest) -> tuple[str, str]:
    """The visitor's address, and what counts as one visitor for limits."""
    ip = request.client.host if request.client else ""
    return ip, network(ip)


def session_cookie(token: str, settings: Settings) -> Cookie:
    """The cookie of a new session: out of reach of scripts, sent to the portal only."""
    return _cookie(COOKIE, token, "/portal", settings.portal_session_days * 86_400, settings)


def binding_cookie(secret: str, seconds: int, settings: Settings) -> Cookie:
    """The cookie that binds a link to sign in to the browser that asked for it."""
    return _cookie(BINDING_COOKIE, secret, "/portal", seconds, settings)


def known_cookie(value: str, settings: Settings) -> Cookie:
    """The cookie of a browser in which addresses were proved (``portal/known.py``)."""
    return _cookie(known.COOKIE, value, "/portal/sign-in", known.SECONDS, settings)


def forget_cookie(settings: Settings) -> Cookie:
    """Takes the session's cookie away."""
    return _cookie(COOKIE, "", "/portal", 0, settings)


def _cookie(key: str, value: str, path: str, max_age: int, settings: Settings) -> Cookie:
    secure = settings.secure_cookies or settings.base_url.startswith("https:")
    return Cookie(key=key, value=value, path=path, httponly=True, secure=secure, samesite="lax", max_age=max_age)

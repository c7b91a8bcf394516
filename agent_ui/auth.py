"""Who is asking: the cookie's session, the CSRF token bound to it, and the guards that ask for a permission.

Own middleware, because Litestar's server-side sessions accept an id that the browser chose and write on every read.
One query finds session, agent, role and teams (``staff/sessions``). The CSRF token is an HMAC of the session's token,
so it needs no storage, dies with the session and cannot be planted by another site.
"""

import hashlib
import hmac
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import structlog
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from agent_ui.state import Connection, Runtime, runtime_of
from core.actor import Actor
from core.db import unit_of_work
from core.errors import NotAllowed, NotSignedIn
from core.settings import Settings
from staff import api_keys, sessions
from staff.api_keys import KeyHolder
from staff.permissions import PERMISSIONS
from staff.sessions import SignedInSession

COOKIE: Final = "sampark_session"
CSRF_HEADER: Final = "x-csrf-token"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_TOKEN: Final = 128

PUBLIC: Final = frozenset(
    {
        ("POST", "/api/session"),
        ("GET", "/api/docs"),
        ("GET", "/api/openapi.json"),
        ("GET", "/api/wallboards/shown"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/metrics"),
        ("GET", "/files/{token:str}/{name:str}"),
        ("GET", "/article-files/{token:str}/{name:str}"),
        ("GET", "/console"),
        ("GET", "/console/{path:path}"),
        ("GET", "/static/console/{path:path}"),
        ("WS", "/live"),
    }
)
"""Routes without a permission. The socket checks the session itself: a refused upgrade tells a browser nothing.

The token in a file's address is made for those who may see the file (``agent_ui/links.py``), a wallboard shows one of
its link."""


class CsrfRefused(NotAllowed):
    """The request does not prove that it comes from our own pages (missing or foreign token or origin)."""

    code, title = "csrf", "The page is out of date"


class SignedIn(msgspec.Struct, frozen=True):
    """The session behind a request.

    Attributes:
        session: whose it is.
        token: the cookie's token, of which the CSRF token is made.
    """

    session: SignedInSession
    token: str

    @property
    def actor(self) -> Actor:
        """The agent."""
        return self.session.actor

    @property
    def csrf_token(self) -> str:
        """What unsafe requests of this session must carry."""
        return csrf_token(self.token)


class ByKey(msgspec.Struct, frozen=True):
    """A program behind a request: it has shown a key, and no browser sends one by itself."""

    holder: KeyHolder

    @property
    def actor(self) -> Actor:
        """The program, with what its key allows."""
        return self.holder.actor


Caller = SignedIn | ByKey


def csrf_token(token: str) -> str:
    """The CSRF token of a session's token: one-way, so showing it to scripts gives nothing away."""
    return hmac.new(token.encode(), b"sampark csrf v1", hashlib.sha256).hexdigest()


async def find_session(runtime: Runtime, token: str | None) -> SignedIn | None:
    """The session of a cookie's value, or None."""
    if not token or len(token) > LONGEST_TOKEN:
        return None
    found = await sessions.find(runtime.db, token)
    return SignedIn(found, token) if found else None


def is_own_origin(connection: Connection, runtime: Runtime) -> bool:
    """Whether a request or socket was begun by one of our own pages; without an Origin no browser page began it."""
    origin = connection.headers.get("origin")
    if origin is None:
        return True
    host = urlsplit(origin).netloc.lower()
    ours = {connection.headers.get("host", "").lower(), urlsplit(runtime.settings.base_url).netloc.lower()}
    return bool(host) and host in ours


def check_csrf(connection: Connection, runtime: Runtime, signed_in: SignedIn | None) -> None:
    """Refuse an unsafe request that another site may have made.

    Raises:
        CsrfRefused: the origin is another one, or the token is missing or of another session.
    """
    if not is_own_origin(connection, runtime):
        raise CsrfRefused("This request comes from another site.")
    if signed_in is None:
        return  # no session, nothing to abuse: the guard decides, and the sign-in itself is protected by the origin
    given = connection.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(given.encode("latin-1", "replace"), signed_in.csrf_token.encode()):
        raise CsrfRefused("Please load the page again.")


class Authentication(ASGIMiddleware):
    """Puts the actor into ``scope["user"]`` and the session into ``scope["auth"]``; None for strangers."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Find the session, check unsafe requests, and note now and then that the session is in use."""
        request: Request[Any, Any, Any] = Request(scope, receive, send)
        runtime = runtime_of(request)
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":  # then no cookie counts: a program is asked for its key alone
            await _recognise_key(scope, runtime, key.strip())
            await next_app(scope, receive, send)
            return
        found = await find_session(runtime, request.cookies.get(COOKIE))
        scope["user"] = found.actor if found else None
        scope["auth"] = found
        if request.method not in SAFE_METHODS:
            check_csrf(request, runtime, found)
        if found is not None:
            structlog.contextvars.bind_contextvars(agent_id=found.actor.id)
            if sessions.is_due(found.session):
                async with unit_of_work(runtime.db, found.actor) as session:
                    await sessions.touch(session, found.session.id, runtime.settings.session_days)
        await next_app(scope, receive, send)


async def _recognise_key(scope: Scope, runtime: Runtime, key: str) -> None:
    holder = await api_keys.find(runtime.db, key)
    scope["user"] = holder.actor if holder else None
    scope["auth"] = ByKey(holder) if holder else None
    if holder is not None and api_keys.is_due(holder):
        async with unit_of_work(runtime.db, holder.actor) as session:
            await api_keys.touch(session, holder.id)


class Requires:
    """A guard that asks for one permission of the catalogue.

    Args:
        permission: its name (``staff/permissions.py``).
    """

    def __init__(self, permission: str) -> None:
        if permission not in PERMISSIONS:
            raise ValueError(f"no such permission: {permission}")
        self.permission = permission

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        """Let the request pass, or refuse it.

        Raises:
            NotSignedIn: nobody is signed in.
            NotAllowed: the agent's role does not have the permission.
        """
        actor: Actor | None = connection.scope.get("user")
        if actor is None:
            raise NotSignedIn
        if not actor.may(self.permission):
            raise NotAllowed


def requires(permission: str) -> Requires:
    """The guard for a permission."""
    return Requires(permission)


def session_cookie(token: str, settings: Settings) -> Cookie:
    """The cookie of a new session: out of reach of scripts, sent to us only, gone when the session can be no more."""
    return Cookie(
        key=COOKIE,
        value=token,
        path="/",
        httponly=True,
        secure=settings.secure_cookies or settings.base_url.startswith("https:"),
        samesite="lax",
        max_age=settings.session_days * 86_400,
    )


def forget_cookie(settings: Settings) -> Cookie:
    """Takes the cookie away."""
    secure = settings.secure_cookies or settings.base_url.startswith("https:")
    return Cookie(key=COOKIE, value="", path="/", httponly=True, secure=secure, samesite="lax", max_age=0)

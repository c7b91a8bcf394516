"""A make-believe OAuth 2.0 provider, so that signing in to mailboxes by token can be tried out without a network.

Stands in for Google and Microsoft: a page where the owner says yes, a token end point with PKCE, refresh tokens that
are replaced at each use, access tokens that end on the desk's clock, revocation, and introspection (RFC 7662) by
which a mail server asks whether a token is good. Wired in below /simulator/oauth when ``settings.simulator`` is on;
the tests run it beside a Dovecot that takes nothing but tokens.

The simulated mail servers of the same process take its tokens, too. Everything is kept in memory: a restart of the
process ends all grants, which is a case worth trying.
"""

import base64
import functools
import hashlib
import html
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from litestar import MediaType, Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from core import clock
from core.errors import Invalid

CODE_TIME: Final = timedelta(minutes=1)
CALLBACK: Final = "/api/oauth/callback"
"""Codes are sent to this path only, so that the page is no way to anywhere else."""
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Simulated sign-in</title>
<link rel="stylesheet" href="/simulator/style.css"></head>
<body><main class="empty"><h1>Simulated sign-in</h1>
<p>The desk asks to read and send mail of <b>{user}</b>. Nothing here is real.</p>
<form method="post">
<button name="answer" value="yes">Allow</button> <button name="answer" value="no">Refuse</button></form>
</main></body></html>"""
_POLICY: Final = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"


@dataclass
class _Code:
    """A code on its way from the owner's browser to the desk."""

    user: str
    client_id: str
    redirect: str
    challenge: str
    until: datetime


@dataclass
class Provider:
    """The provider's memory.

    Attributes:
        client_id: the one client that is known.
        client_secret: its secret.
        token_seconds: life of an access token.
        rotates: whether a refresh token is replaced at each use; a second use then ends the grant (RFC 9700, 4.14.2).
        down: answer with a fault of the server, as providers sometimes do.
        refreshes: how often a refresh token was used well.
    """

    client_id: str = "sampark"
    client_secret: str = "sampark-secret"
    token_seconds: int = 3600
    rotates: bool = True
    down: bool = False
    refreshes: int = 0
    _codes: dict[str, _Code] = field(default_factory=dict)
    _access: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    _refresh: dict[str, str] = field(default_factory=dict)
    _used: dict[str, str] = field(default_factory=dict)

    def user_of(self, query: Mapping[str, str]) -> str:
        """Whose mailbox a request for consent is about.

        Raises:
            Invalid: the request is not one.
        """
        for name, value in (
            ("response_type", "code"),
            ("client_id", self.client_id),
            ("code_challenge_method", "S256"),
        ):
            if query.get(name) != value:
                raise Invalid.field(name, f"The simulated provider knows only {value}.")
        if urlsplit(query.get("redirect_uri", "")).path != CALLBACK:
            raise Invalid.field("redirect_uri", f"The simulated provider sends people back to {CALLBACK} only.")
        return query.get("login_hint") or "somebody@example.com"

    def decide(self, query: Mapping[str, str], *, allowed: bool) -> str:
        """The owner has answered; returns the address that her browser is sent back to.

        Raises:
            Invalid: the request is not one.
        """
        user = self.user_of(query)
        redirect = query["redirect_uri"]
        answer = {"state": query.get("state", "")}
        if allowed:
            code = secrets.token_urlsafe(24)
            until = clock.now() + CODE_TIME
            self._codes[code] = _Code(user, self.client_id, redirect, query.get("code_challenge", ""), until)
            answer["code"] = code
        else:
            answer |= {"error": "access_denied", "error_description": "The owner said no."}
        return f"{redirect}?{urlencode(answer)}"

    def token(self, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """The token end point; returns status and answer (RFC 6749, sections 4.1.3, 5 and 6)."""
        if self.down:
            return 503, {}
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            return 401, {"error": "invalid_client", "error_description": "Unknown client or wrong secret."}
        if form.get("grant_type") == "authorization_code":
            user = self._redeemed(form)
        elif form.get("grant_type") == "refresh_token":
            user = self._refreshed(form.get("refresh_token", ""))
        else:
            return 400, {"error": "unsupported_grant_type"}
        if not user:
            return 400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
        return 200, self._tokens(user, form)

    def revoke(self, user: str) -> None:
        """The owner takes her consent back: every token of hers ends."""
        for known in (self._refresh, self._used):
            for token in [token for token, owner in known.items() if owner == user]:
                del known[token]
        for token in [token for token, (owner, _) in self._access.items() if owner == user]:
            del self._access[token]

    def knows(self, user: str, token: str) -> bool:
        """Whether a token is good for a user's mailbox."""
        return bool(user) and self.introspect(token).get("username") == user

    def introspect(self, token: str) -> dict[str, Any]:
        """What a mail server is told about a token."""
        user, until = self._access.get(token, ("", clock.now()))
        if not user or until <= clock.now():
            return {"active": False}
        return {"active": True, "username": user, "scope": "mail", "exp": int(until.timestamp())}

    def _redeemed(self, form: Mapping[str, str]) -> str:
        code = self._codes.pop(form.get("code", ""), None)
        verifier = form.get("code_verifier", "")
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        if code is None or code.until < clock.now() or code.redirect != form.get("redirect_uri"):
            return ""
        return code.user if secrets.compare_digest(code.challenge, challenge) else ""

    def _refreshed(self, token: str) -> str:
        if token in self._used:
            self.revoke(self._used[token])  # used twice: one of the two who have it is a thief
            return ""
        user = self._refresh.get(token, "")
        if user:
            self.refreshes += 1
            if self.rotates:
                self._used[token] = self._refresh.pop(token)
        return user

    def _tokens(self, user: str, form: Mapping[str, str]) -> dict[str, Any]:
        access = secrets.token_urlsafe(24)
        self._access[access] = (user, clock.now() + timedelta(seconds=self.token_seconds))
        answer: dict[str, Any] = {"access_token": access, "token_type": "Bearer", "expires_in": self.token_seconds}
        if self.rotates or form.get("grant_type") == "authorization_code":
            refresh = secrets.token_urlsafe(24)
            self._refresh[refresh] = user
            answer["refresh_token"] = refresh
        return answer


@functools.cache
def provider_of(folder: Path) -> Provider:
    """The provider of the world in a data folder: one for all parts of it that this process runs."""
    del folder  # the cache's key
    return Provider()


def handlers(provider: Provider) -> list[HTTPRouteHandler]:
    """The provider's routes."""

    @get("/simulator/oauth/authorize", include_in_schema=False)
    async def authorize(request: Request[Any, Any, Any]) -> Response[str]:
        """Ask the owner of the mailbox."""
        user = provider.user_of(request.query_params)
        page = _PAGE.format(user=html.escape(user))
        headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
        return Response(page, media_type=MediaType.HTML, headers=headers)

    @post("/simulator/oauth/authorize", include_in_schema=False)
    async def answer(request: Request[Any, Any, Any]) -> Redirect:
        """Send the owner back with her answer."""
        form = await request.form()
        back = provider.decide(request.query_params, allowed=form.get("answer") == "yes")
        return Redirect(back, status_code=303)

    @post("/simulator/oauth/token", include_in_schema=False)
    async def token(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        """Codes and refresh tokens become access tokens."""
        form = await request.form()
        status, said = provider.token({name: str(value) for name, value in form.items()})
        return Response(said, status_code=status, headers={"Cache-Control": "no-store"})

    @post("/simulator/oauth/introspect", include_in_schema=False, status_code=200)
    async def introspect(request: Request[Any, Any, Any]) -> dict[str, Any]:
        """Tell a mail server whether a token is good."""
        return provider.introspect(str((await request.form()).get("token", "")))

    @post("/simulator/oauth/revoke/{user:str}", include_in_schema=False, status_code=200)
    async def revoke(user: str) -> dict[str, str]:
        """Let the owner take her consent back."""
        provider.revoke(user)
        return {"revoked": user}

    return [authorize, answer, token, introspect, revoke]

"""OAuth 2.0 for mailboxes: the way to the owner's consent, and access tokens made of it.

Part of the e-mail channel. The console asks for :func:`authorize_url`, the provider sends the owner back with a code,
:func:`exchange` turns that into a grant, and from then on `channels.email.signin` asks :func:`access_token` before a
connection to IMAP or SMTP. One refresh at a time per mailbox over all processes: providers that hand out a new
refresh token each time take a second use of the old one for theft (RFC 9700, section 4.14).

Sources: RFC 6749, RFC 7636 (PKCE), the providers' own pages for addresses and scopes (`channels.email.presets`).
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import httpx
import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from channels.email.accounts import OauthSettings, oauth_settings, sealed
from channels.email.imap_client import SignInRefused
from channels.email.presets import provider_of
from channels.models import ChannelAccount
from core import clock, net
from core.db import Database, reading, unit_of_work
from core.errors import Invalid, NotFound, Temporary
from core.vault import SealBroken, Vault

EARLY: Final = timedelta(minutes=5)
"""A token that ends within this is not used any more: the connection it is for takes time, too."""
CONSENT_TIME: Final = timedelta(minutes=15)
"""How long the owner may take to say yes."""
TOKEN_SECONDS: Final = 3600
"""How long an access token lives when the provider does not say."""
_PURPOSE: Final = "oauth state"
_LOCK: Final = 8823
_OVER: Final = frozenset({"invalid_grant", "interaction_required", "consent_required", "login_required"})


class ConnectAgain(SignInRefused):
    """The provider no longer accepts the grant; the mailbox's owner has to say yes again."""

    code = "mailbox-connect-again"


class Pending(msgspec.Struct, frozen=True):
    """A consent that was asked for; travels sealed, as ``state``, over the provider and back.

    Attributes:
        account_id: for which mailbox.
        session_id: whose session asked: nobody else may finish it (RFC 6749, section 10.12).
        verifier: what proves that the code is used by who asked for it (RFC 7636).
        client_id: at which client; it may have been changed in the meantime.
        redirect: our address that the owner comes back to; the exchange must name the same.
        until: end of its life, in UTC.
    """

    account_id: int
    session_id: int
    verifier: str
    client_id: str
    redirect: str
    until: datetime


class _Answer(msgspec.Struct):
    """What a token end point answers (RFC 6749, sections 5.1 and 5.2)."""

    access_token: str = ""
    refresh_token: str = ""
    expires_in: float | str | None = None
    refresh_token_expires_in: float | str | None = None
    error: str = ""
    error_description: str = ""


def authorize_url(
    settings: OauthSettings, vault: Vault, *, account_id: int, session_id: int, redirect: str, hint: str
) -> str:
    """Where to send the owner of the mailbox.

    Args:
        settings: the client.
        vault: seals the state.
        account_id: for which mailbox.
        session_id: the session of the administrator who asks.
        redirect: our address to come back to.
        hint: the mailbox's user, so that the provider proposes the right account.

    Raises:
        Invalid: the client is not complete.
    """
    provider = provider_of(settings)
    if not settings.client_id:
        raise Invalid.field("oauth.client_id", "The client's id from the provider is needed.")
    verifier = secrets.token_urlsafe(48)
    until = clock.now() + CONSENT_TIME
    pending = Pending(account_id, session_id, verifier, settings.client_id, redirect, until)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    query = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": redirect,
        "scope": provider.scope,
        "state": vault.seal(msgspec.json.encode(pending).decode(), _PURPOSE),
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "login_hint": hint,
        **dict(provider.extra),
    }
    return f"{provider.authorize_url}{'&' if '?' in provider.authorize_url else '?'}{urlencode(query)}"


def read_state(vault: Vault, state: str, session_id: int) -> Pending:
    """The consent that a state stands for.

    Raises:
        Invalid: it is not ours, too old, or was asked for in another session.
    """
    try:
        pending = msgspec.json.decode(vault.open(state, _PURPOSE), type=Pending)
    except (SealBroken, msgspec.DecodeError):
        raise Invalid.field("state", "This sign-in was not begun here.") from None
    if pending.session_id != session_id:
        raise Invalid.field("state", "This sign-in was begun in another session.")
    if pending.until < clock.now():
        raise Invalid.field("state", "This sign-in took too long; please begin again.")
    return pending


async def exchange(client: httpx.AsyncClient, settings: OauthSettings, pending: Pending, code: str) -> OauthSettings:
    """The settings with the grant that a code stands for.

    Raises:
        SignInRefused: the provider does not accept the code or the client.
        Temporary: the provider cannot be reached, or has a fault.
        ForbiddenHost: its address is in a network that may not be connected to.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": pending.redirect,
        "code_verifier": pending.verifier,
    }
    answer = await _ask(client, settings, form)
    if not answer.refresh_token:
        raise SignInRefused(
            "The provider gave no lasting permission (no refresh token). Take the desk's access away in the account's "
            "security settings, and connect again."
        )
    return msgspec.structs.replace(_granted(settings, answer), granted_at=clock.now())


async def refreshed(client: httpx.AsyncClient, settings: OauthSettings) -> OauthSettings:
    """The settings with a fresh access token, and with the new refresh token where the provider gives one.

    Raises:
        ConnectAgain: the grant has ended or was taken back.
        SignInRefused: the client is not accepted.
        Temporary: the provider cannot be reached, or has a fault.
        ForbiddenHost: its address is in a network that may not be connected to.
    """
    form = {"grant_type": "refresh_token", "refresh_token": settings.refresh_token}
    return _granted(settings, await _ask(client, settings, form))


async def access_token(
    db: Database, account_id: int, vault: Vault, client: httpx.AsyncClient, rejected: str = ""
) -> str:
    """A token for the mailbox's servers that lasts for at least five minutes.

    Args:
        db: where the account is; a unit of work of its own is opened when a refresh is due.
        account_id: whose.
        vault: opens and seals the grant.
        client: from `core.net.http_client`.
        rejected: a token that a server has just refused: it is replaced, however long it was meant to last.

    Raises:
        ConnectAgain: there is no grant, or the provider no longer accepts it.
        SignInRefused: the client is not accepted.
        Temporary: the provider cannot be reached, or has a fault.
        Invalid: the settings cannot be read.
    """
    async with reading(db) as session:
        settings = await _settings_of(session, account_id, vault)
    if _is_good(settings, rejected):
        return settings.access_token
    problem: ConnectAgain | None = None
    async with unit_of_work(db) as session:
        await session.execute(select(func.pg_advisory_xact_lock(_LOCK, account_id)))
        settings = await _settings_of(session, account_id, vault)  # somebody may have been faster
        if _is_good(settings, rejected):
            return settings.access_token
        _check_grant(settings)
        try:
            fresh = await refreshed(client, settings)
        except ConnectAgain as refusal:
            problem, fresh = refusal, msgspec.structs.replace(settings, refused=refusal.detail, access_token="")
        await _replace(session, account_id, settings, fresh, vault)
    if problem is not None:
        raise problem
    return fresh.access_token


def stored(settings: OauthSettings, vault: Vault) -> dict[str, Any]:
    """The part ``oauth`` of an account's settings as it is written: its secrets sealed."""
    given: dict[str, Any] = msgspec.to_builtins(settings)
    whole = sealed({"oauth": given}, vault)
    part: dict[str, Any] = whole["oauth"]
    return part


async def _settings_of(session: AsyncSession, account_id: int, vault: Vault) -> OauthSettings:
    settings = await session.scalar(select(ChannelAccount.settings).where(ChannelAccount.id == account_id))
    if settings is None:
        raise NotFound("There is no such mailbox.")
    found = oauth_settings(settings, vault)
    if found is None:
        raise ConnectAgain("This mailbox signs in by OAuth, and no provider is set up for it.")
    return found


def _is_good(settings: OauthSettings, rejected: str) -> bool:
    if settings.refused or not settings.access_token or settings.access_token == rejected:
        return False
    return settings.expires_at is not None and settings.expires_at - EARLY > clock.now()


def _check_grant(settings: OauthSettings) -> None:
    """Raises ConnectAgain where asking the provider would be in vain."""
    if settings.refused:
        raise ConnectAgain(settings.refused)
    if not settings.refresh_token:
        raise ConnectAgain("Nobody has connected this mailbox with its provider yet. Connect it in the settings.")


async def _replace(
    session: AsyncSession, account_id: int, before: OauthSettings, after: OauthSettings, vault: Vault
) -> None:
    """Write the new state, unless an administrator has changed client or grant in the meantime."""
    account = await session.scalar(select(ChannelAccount).where(ChannelAccount.id == account_id).with_for_update())
    now = oauth_settings(account.settings, vault) if account is not None else None
    if account is None or now is None:
        return
    if (now.client_id, now.token_url, now.refresh_token) == (before.client_id, before.token_url, before.refresh_token):
        account.settings = {**account.settings, "oauth": stored(after, vault)}


async def _ask(client: httpx.AsyncClient, settings: OauthSettings, form: Mapping[str, str]) -> _Answer:
    provider = provider_of(settings)
    fields = {**form, "client_id": settings.client_id}
    if settings.client_secret:
        fields["client_secret"] = settings.client_secret
    status, body = await net.post_form(client, provider.token_url, fields.items())
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        answer = _Answer()
    if status == 200 and answer.access_token:
        return answer
    raise _refusal(httpx.URL(provider.token_url).host, status, answer)


def _refusal(host: str, status: int, answer: _Answer) -> SignInRefused | Temporary:
    said = " ".join(f"{answer.error} {answer.error_description}".split())[:300]
    if answer.error in _OVER:
        return ConnectAgain(f"{host} no longer accepts this mailbox's sign-in ({said}). Connect it again.")
    if answer.error in {"invalid_client", "unauthorized_client"}:
        return SignInRefused(
            f"{host} does not accept the client's id or secret ({said}). The secret may have expired; enter a new one."
        )
    if answer.error and 400 <= status < 500 and status != 429:
        return SignInRefused(f"{host} refused: {said}.")
    return Temporary(f"{host} cannot give a token now (status {status}).")


def _granted(settings: OauthSettings, answer: _Answer) -> OauthSettings:
    now = clock.now()
    lasting = _seconds(answer.refresh_token_expires_in)
    known = provider_of(settings).refresh_days
    ends = settings.refresh_expires_at
    if lasting is not None:
        ends = now + timedelta(seconds=lasting)
    elif known is not None and answer.refresh_token:
        ends = now + timedelta(days=known)
    return msgspec.structs.replace(
        settings,
        access_token=answer.access_token,
        refresh_token=answer.refresh_token or settings.refresh_token,
        expires_at=now + timedelta(seconds=_seconds(answer.expires_in) or TOKEN_SECONDS),
        refresh_expires_at=ends,
        refused="",
    )


def _seconds(given: float | str | None) -> float | None:
    """A life time as a number; some providers write it in quotes, and one beyond a century means none."""
    try:
        found = float(given) if given is not None else None
    except ValueError:
        return None
    return found if found is not None and 0 < found < 3.2e9 else None

r"""Who a visitor is, as far as somebody can prove it. Pure: no database, no request.

    anonymous    a random name that we have signed; the browser keeps it once its owner has agreed to chat
    signed       the customer's own site says who has signed in there, by the widget's secret:
                 hash = HMAC-SHA256(secret, user id + "\\n" + e-mail address), hex or base64url, or
                 a JSON Web Token (RFC 7519, HS256) with sub, email, name and exp
    session      what a signed visitor's page holds while it is open: our own token, an hour long

Nobody can guess or make any of them; a visitor's number alone gives nothing (field 2.4.6).
"""

import base64
import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import jwt
import msgspec

from core import clock
from core.errors import NotAllowed
from customers.contacts import normalise_email

SESSION_LASTS: Final = timedelta(hours=1)
LONGEST_JWT: Final = timedelta(days=1)
"""A site that signs somebody in for longer has to sign again: a copied token must not open a chat for ever."""
_NAME_BYTES: Final = 24


class NotProven(NotAllowed):
    """A visitor's proof does not hold."""

    code, title = "not-proven", "This visitor could not be recognised"


class Claim(msgspec.Struct, frozen=True, rename="camel"):
    """What a page says of who is signed in there: with ``hash``, or all of it inside of ``jwt``."""

    user_id: str = ""
    email: str = ""
    name: str = ""
    hash: str = ""
    jwt: str = ""


class Signed(msgspec.Struct, frozen=True):
    """A person whom the customer's site has vouched for."""

    external_id: str
    email: str | None
    name: str


def _key(secret: str, purpose: bytes) -> bytes:
    return hashlib.sha256(purpose + secret.encode()).digest()


def _sign(key: bytes, text: str) -> str:
    return base64.urlsafe_b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()[:18]).decode()


class VisitorTokens:
    """Makes and reads the tokens of visitors.

    Args:
        secret: the desk's secret.
    """

    def __init__(self, secret: str) -> None:
        self._key = _key(secret, b"chat-visitor:")

    def anonymous(self, widget_id: int) -> tuple[str, str]:
        """A new name: the token for the browser, and the hash that is kept."""
        name = secrets.token_urlsafe(_NAME_BYTES)
        return f"a.{name}.{_sign(self._key, f'a.{widget_id}.{name}')}", hashed(name)

    def name_in(self, token: str, widget_id: int) -> str | None:
        """The hash of an anonymous visitor's name; None when the token is not ours, or another widget's."""
        kind, _, rest = token.partition(".")
        name, _, signature = rest.rpartition(".")
        if kind != "a" or len(token) > 200 or not token.isascii():
            return None
        return hashed(name) if hmac.compare_digest(_sign(self._key, f"a.{widget_id}.{name}"), signature) else None

    def session(self, widget_id: int, visitor_id: int) -> str:
        """The token of a signed visitor's open page."""
        until = int((clock.now() + SESSION_LASTS).timestamp())
        text = f"s.{widget_id}.{visitor_id}.{until}"
        return f"{text}.{_sign(self._key, text)}"

    def visitor_in(self, token: str, widget_id: int) -> int | None:
        """The signed visitor of a session's token; None when it is not ours, another widget's, or over."""
        text, _, signature = token.rpartition(".")
        parts = text.split(".")
        if len(token) > 200 or not token.isascii() or len(parts) != 4 or parts[:2] != ["s", str(widget_id)]:
            return None
        if not hmac.compare_digest(_sign(self._key, text), signature):
            return None
        return int(parts[2]) if clock.now().timestamp() < int(parts[3]) else None


def hashed(name: str) -> str:
    """What is kept of a name, so that a copy of the database opens no chat."""
    return hashlib.sha256(name.encode()).hexdigest()


def signature(secret: str, user_id: str, email: str) -> str:
    """What the customer's site computes, in hexadecimal."""
    return hmac.new(secret.encode(), f"{user_id}\n{email}".encode(), hashlib.sha256).hexdigest()


def proven(claim: Claim, keys: list[str]) -> Signed:
    """The person that a claim proves.

    Args:
        claim: what the page says.
        keys: the widget's secret, and the one before it while it is still believed.

    Raises:
        NotProven: the proof is wrong, over, or names nobody.
    """
    return _by_jwt(claim.jwt, keys) if claim.jwt else _by_hash(claim, keys)


def _by_hash(claim: Claim, keys: list[str]) -> Signed:
    given = claim.hash.strip()
    wanted = [signature(key, claim.user_id, claim.email) for key in keys]
    wanted += [base64.urlsafe_b64encode(bytes.fromhex(each)).decode().rstrip("=") for each in wanted]
    matches = [hmac.compare_digest(each.encode(), given.rstrip("=").encode()) for each in wanted]
    if not claim.user_id or not any(matches):
        raise NotProven("The site's signature for this visitor is wrong.")
    return _signed(claim.user_id, claim.email, claim.name)


def _by_jwt(token: str, keys: list[str]) -> Signed:
    for key in keys:
        try:
            # The time is compared below: the library asks the operating system for it, and time is the clock's.
            said: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["HS256"],
                options={"require": ["sub", "exp"], "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            continue
        return _in_time(said)
    raise NotProven("The site's token for this visitor is wrong.")


def _in_time(said: dict[str, Any]) -> Signed:
    try:
        ends = datetime.fromtimestamp(int(said["exp"]), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise NotProven("The site's token does not say when it ends.") from None
    if not clock.now() < ends <= clock.now() + LONGEST_JWT:
        raise NotProven("The site's token is over, or lasts for longer than a day.")
    return _signed(str(said["sub"]), str(said.get("email") or ""), str(said.get("name") or ""))


def _signed(user_id: str, email: str, name: str) -> Signed:
    if not 0 < len(user_id) <= 200 or "\x00" in user_id:
        raise NotProven("The site names nobody.")
    return Signed(user_id, normalise_email(email) if email else None, " ".join(name.replace("\x00", "").split())[:120])

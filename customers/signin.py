"""Customers sign in by a link or a code in a mail: whoever reads the mail of an address is its owner.

Called by ``portal/signin.py``, which writes the mail. :func:`ask` does the same for every address, known or not, so its
answer tells nothing; an address that nobody knew becomes a customer's when it has been proved. A link works once, for
:data:`LIFETIME`, and only in the browser that asked: what somebody else clicks (a mail scanner, a stranger who asked
for another's address) proves nothing. The code is for those who read their mail on another device.

Nobody is flooded, and nobody locks the owner out: a network gets at most :data:`PER_HOUR` mails in an hour and
:data:`PER_DAY` in a day for one address, and :data:`PER_NETWORK` in an hour for all; all strangers together get
:data:`PER_ADDRESS` in a day. A browser in which the address was proved before (``portal/known.py``) counts on its own.
"""

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.errors import Conflict, RateLimited
from core.sql import Sql
from customers import consent, service, sessions
from customers.contacts import normalise_email
from customers.events import ContactVerified, CustomerSignedIn
from customers.models import ContactPoint, SignInLink
from customers.sessions import token_hash

LIFETIME: Final = timedelta(minutes=20)
TRIES: Final = 5
"""How often a code may be guessed."""
PER_HOUR: Final = 5
PER_DAY: Final = 10
PER_ADDRESS: Final = 20
PER_NETWORK: Final = 30
FORGOTTEN: Final = timedelta(days=2)
_DIGITS: Final = 6


class LinkRefused(Conflict):
    """The link or code is used, too old, of another browser, or none of ours."""

    code, title = "link-refused", "This link no longer works"


class AddressTaken(Conflict):
    """The address belongs to another customer's record; people must join the two."""

    code, title = "address-taken", "This address belongs to another record"


class Asked(msgspec.Struct, frozen=True):
    """What was asked for.

    Attributes:
        address: normalised.
        token: for the address of the link; kept nowhere else.
        code: six digits; kept nowhere else.
        may_send: whether a mail would reach the address; what the visitor is told does not depend on it.
    """

    address: str
    token: str
    code: str
    may_send: bool


class Proof(msgspec.Struct, frozen=True):
    """An address that somebody has proved to be hers.

    Attributes:
        customer_id: who asked to add it; None: it is for signing in.
    """

    address: str
    language: str
    next_path: str
    customer_id: int | None


class Browser(msgspec.Struct, frozen=True):
    """Who asks, as far as can be told.

    Attributes:
        secret: value of the cookie that binds the link to this browser.
        network: what counts as one visitor for limits.
        language: of the page.
        known_as: name of a browser in which the address was proved before; "" for any other.
    """

    secret: str
    network: str
    language: str = "en"
    known_as: str = ""


_LOCK: Final = Sql("select pg_advisory_xact_lock(hashtextextended(:key, 21))")


async def ask(
    session: AsyncSession,
    key: str,
    address: str,
    browser: Browser,
    *,
    next_path: str = "",
    customer_id: int | None = None,
) -> Asked:
    """Make a link and a code for an address.

    Args:
        session: the unit of work that also writes the mail.
        key: the desk's secret.
        address: as typed.
        browser: who asks.
        next_path: page of the portal to go on to.
        customer_id: who wants to add this address to her own.

    Raises:
        Invalid: it is no address.
        RateLimited: too many mails to this address, or for this network or browser.
    """
    value = normalise_email(address)
    await _LOCK.all(session, key=f"customer sign-in:{value}")
    await _LOCK.all(session, key=f"customer sign-in from:{browser.network}")  # always after that of the address
    await _check_limits(session, value, browser)
    now = clock.now()
    await session.execute(delete(SignInLink).where(SignInLink.created_at < now - FORGOTTEN))
    token, code = secrets.token_urlsafe(32), f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}"
    session.add(
        SignInLink(
            token_hash=token_hash(token),
            code_hash=_code_hash(key, browser.secret, code),
            browser_hash=token_hash(browser.secret),
            address=value,
            network=browser.network,
            known_browser=token_hash(browser.known_as) if browser.known_as else None,
            language=browser.language,
            next_path=next_path,
            customer_id=customer_id,
            created_at=now,
            expires_at=now + LIFETIME,
        )
    )
    verdict = await consent.may_write(session, kind="email", value=value, purpose="service", asked_for=True)
    return Asked(value, token, code, verdict.allowed)


def _code_hash(key: str, browser: str, code: str) -> bytes:
    """What the table knows of a code: six digits alone could be guessed from their hash."""
    return hmac.new(key.encode(), f"sign-in code:{browser}:{code}".encode(), hashlib.sha256).digest()


async def _check_limits(session: AsyncSession, address: str, browser: Browser) -> None:
    now = clock.now()
    for limit, whose, span in _limits(address, browser):
        asked = select(SignInLink.created_at).where(*whose, SignInLink.created_at > now - span)
        found = list(await session.scalars(asked.order_by(SignInLink.created_at.desc()).limit(limit)))
        if len(found) == limit:
            wait = max(1, int((found[-1] + span - now).total_seconds()) + 1)
            raise RateLimited("Too many links were asked for.", retry_after=wait)


def _limits(address: str, browser: Browser) -> list[tuple[int, tuple[ColumnElement[bool], ...], timedelta]]:
    """How many links, of which ones, within which time."""
    hour, day = timedelta(hours=1), timedelta(days=1)
    to_address, of_stranger = SignInLink.address == address, SignInLink.known_browser.is_(None)
    if browser.known_as:
        own = (to_address, SignInLink.known_browser == token_hash(browser.known_as))
        return [(PER_HOUR, own, hour), (PER_DAY, own, day)]
    of_network = (SignInLink.network == browser.network, of_stranger)
    return [
        (PER_HOUR, (to_address, *of_network), hour),
        (PER_DAY, (to_address, *of_network), day),
        (PER_ADDRESS, (to_address, of_stranger), day),
        (PER_NETWORK, of_network, hour),
    ]


def _open_links(browser_secret: str) -> tuple[object, ...]:
    """The conditions of a link that still works in this browser."""
    ours = SignInLink.browser_hash == token_hash(browser_secret)
    return ours, SignInLink.used_at.is_(None), SignInLink.expires_at > clock.now()


async def is_open(session: AsyncSession, token: str, browser_secret: str) -> bool:
    """Whether a link still works in this browser; looking uses nothing up."""
    statement = select(SignInLink.id).where(SignInLink.token_hash == token_hash(token), *_open_links(browser_secret))  # type: ignore[arg-type]
    return await session.scalar(statement) is not None


async def by_link(session: AsyncSession, token: str, browser_secret: str) -> Proof:
    """Use a link up. Two at once: one of them is refused.

    Raises:
        LinkRefused: it does not work (any more).
    """
    used = (
        update(SignInLink)
        .where(SignInLink.token_hash == token_hash(token), *_open_links(browser_secret))  # type: ignore[arg-type]
        .values(used_at=clock.now())
        .returning(SignInLink.address, SignInLink.language, SignInLink.next_path, SignInLink.customer_id)
    )
    row = (await session.execute(used)).one_or_none()
    if row is None:
        raise LinkRefused
    return Proof(row.address, row.language, row.next_path, row.customer_id)


async def by_code(session: AsyncSession, key: str, code: str, browser_secret: str) -> Proof | None:
    """Try a code of the newest mail that this browser asked for. A wrong one is counted, so nothing is raised.

    Args:
        session: a unit of work that is committed whatever comes out.
        key: the desk's secret.
        code: as typed; spaces and dashes do not matter.
        browser_secret: value of the browser's cookie.

    Returns:
        What was proved; None when the code is wrong, too old, used, or was guessed too often.
    """
    newest = select(SignInLink.id).where(*_open_links(browser_secret)).order_by(SignInLink.id.desc()).limit(1)  # type: ignore[arg-type]
    counted = (
        update(SignInLink)
        .where(SignInLink.id == newest.scalar_subquery(), SignInLink.tries < TRIES, SignInLink.used_at.is_(None))
        .values(tries=SignInLink.tries + 1)
        .returning(
            SignInLink.id,
            SignInLink.code_hash,
            SignInLink.address,
            SignInLink.language,
            SignInLink.next_path,
            SignInLink.customer_id,
        )
    )
    row = (await session.execute(counted)).one_or_none()
    digits = "".join(each for each in code if each.isdecimal())
    if row is None or not hmac.compare_digest(row.code_hash, _code_hash(key, browser_secret, digits)):
        return None
    await session.execute(update(SignInLink).where(SignInLink.id == row.id).values(used_at=clock.now()))
    return Proof(row.address, row.language, row.next_path, row.customer_id)


class Place(msgspec.Struct, frozen=True):
    """Where a session begins: the client's address, and what the browser says it is."""

    ip: str
    user_agent: str = ""


async def sign_in(session: AsyncSession, proof: Proof, place: Place, days: int) -> str:
    """Begin a session for whoever owns a proved address; somebody new becomes a customer.

    Returns:
        The token for the cookie.
    """
    found = await service.find_or_create(session, proof.address, "", "portal", proof.language)
    customer = await service.get(session, found.id)
    customer_id = customer.merged_into_id or customer.id
    await _verify(session, customer_id, proof.address)
    session_id, token = await sessions.start(session, customer_id, proof.address, place.ip, place.user_agent, days)
    signed_in = CustomerSignedIn(
        customer_id=customer_id,
        contact=proof.address,
        session_id=session_id,
        ip=place.ip,
        user_agent=place.user_agent[:300],
    )
    events.record(session, signed_in)
    return token


async def add_address(session: AsyncSession, proof: Proof) -> None:
    """Give a customer one more address that she has proved.

    Raises:
        AddressTaken: it is another customer's; nothing is changed.
        LinkRefused: the proof was made for signing in.
    """
    if proof.customer_id is None:
        raise LinkRefused
    if not await service.add_email(session, proof.customer_id, proof.address, "portal"):
        raise AddressTaken
    await _verify(session, proof.customer_id, proof.address)


async def _verify(session: AsyncSession, customer_id: int, address: str) -> None:
    """Note that an address is proved; it can be reached, whatever a report said before."""
    changed = await session.scalar(
        update(ContactPoint)
        .where(ContactPoint.kind == "email", ContactPoint.value == address)
        .where(~ContactPoint.verified | ContactPoint.invalid_reason.is_not(None))
        .values(verified=True, invalid_reason=None)
        .returning(ContactPoint.id)
    )
    if changed is not None:
        events.record(session, ContactVerified(customer_id=customer_id, contact=address))

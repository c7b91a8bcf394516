"""My account: name, language, time zone, addresses, which mails come, signing out.

Another address is added when it is proved, by the same link and code as for signing in (``portal/signin.py``).
"""

import functools
import zoneinfo
from typing import Any, Final

from litestar import Response, get, post
from litestar.response import Redirect

from core import i18n
from core.db import reading, unit_of_work
from core.errors import RateLimited
from customers import consent, contacts, service, sessions, signin
from customers.consent import Purpose
from portal import auth, failures, moments
from portal.leaving import purpose_words
from portal.pages import PortalRequest, Visitor, runtime_of
from portal.signin import BINDING_SECONDS, address_complaint, browser_of, is_address, mail_link, wait_complaint
from portal.taking_in import read_post

SOURCE: Final = "portal preferences"
CHOSEN: Final[tuple[Purpose, ...]] = ("survey", "reminder", "news")
LONGEST_NAME: Final = 120
_AREAS: Final = ("Africa/", "America/", "Asia/", "Australia/", "Europe/", "Indian/", "Pacific/")


@get("/profile")
async def show(request: PortalRequest) -> Response[str]:
    """The page; ``?told=`` says what was done."""
    return await _page(request)


@post("/profile", status_code=303)
async def change(request: PortalRequest) -> Response[Any]:
    """Change name, language and time zone."""
    customer, visitor = auth.signed_in(request), Visitor.of(request)
    posted, _files = await read_post(request)
    if not auth.is_genuine(request, posted.get("csrf", "")):
        return failures.outdated(request)
    _ = visitor.language.text
    name = " ".join(posted.get("name", "").split())
    errors = {}
    if not name:
        errors["name"] = _("Enter your name.")
    if len(name) > LONGEST_NAME:
        errors["name"] = _("This is too long: %(most)s characters are possible.") % {"most": LONGEST_NAME}
    zone = posted.get("time_zone", "")
    if zone not in zoneinfo.available_timezones():
        errors["time_zone"] = _("Choose a time zone.")
    language = posted.get("language", "")
    if language not in i18n.NAMES:
        errors["language"] = _("Choose a language.")
    if errors:
        return await _page(request, errors, posted, 422)
    wanted = service.CustomerChange(name=name, language=language, time_zone=zone)
    async with unit_of_work(runtime_of(request).db, customer.actor) as session:
        await service.change(session, customer.customer_id, wanted)
    return Redirect(f"/portal/profile?told=saved&lang={language}", status_code=303)


@post("/profile/addresses", status_code=303)
async def add_address(request: PortalRequest) -> Response[Any]:
    """Mail a link to another address; it is added when the link or its code is used here."""
    customer, visitor, runtime = auth.signed_in(request), Visitor.of(request), runtime_of(request)
    posted, _files = await read_post(request)
    if not auth.is_genuine(request, posted.get("csrf", "")):
        return failures.outdated(request)
    address, language = posted.get("email", "").strip(), visitor.language
    if not is_address(address):
        return await _page(request, {"email": address_complaint(language)}, posted, 422)
    browser = browser_of(request, language, address)
    try:
        async with unit_of_work(runtime.db, customer.actor) as session:
            asked = await signin.ask(session, runtime.secret, address, browser, customer_id=customer.customer_id)
            await mail_link(session, request, asked, language, adding=True)
    except RateLimited as problem:
        return await _page(request, {"email": wait_complaint(language, problem)}, posted, 429)
    cookie = auth.binding_cookie(browser.secret, BINDING_SECONDS, runtime.settings)
    return Redirect(visitor.to("/sign-in/code"), status_code=303, cookies=[cookie])


@post("/profile/addresses/remove", status_code=303)
async def remove_address(request: PortalRequest) -> Response[Any]:
    """Take an address away, and who is signed in with it; not the one that she is signed in with herself."""
    customer, visitor = auth.signed_in(request), Visitor.of(request)
    posted, _files = await read_post(request)
    if not auth.is_genuine(request, posted.get("csrf", "")):
        return failures.outdated(request)
    address = posted.get("address", "")
    if address != customer.contact:
        async with unit_of_work(runtime_of(request).db, customer.actor) as session:
            await service.remove_contact(session, customer.customer_id, "email", address)
            await sessions.end_of_contact(session, customer.customer_id, address, "address taken away")
    return Redirect(visitor.to("/profile", told="removed"), status_code=303)


@post("/profile/mails", status_code=303)
async def choose_mails(request: PortalRequest) -> Response[Any]:
    """Allow and forbid mails, for all of her addresses; every yes and no is kept in the ledger of consent."""
    customer, visitor = auth.signed_in(request), Visitor.of(request)
    posted, _files = await read_post(request)
    if not auth.is_genuine(request, posted.get("csrf", "")):
        return failures.outdated(request)
    async with unit_of_work(runtime_of(request).db, customer.actor) as session:
        for point in await service.contacts_of(session, customer.customer_id):
            if point.kind != "email":
                continue
            now = await consent.choices(session, "email", point.value)
            for purpose in CHOSEN:
                if now[purpose] != (purpose in posted):
                    await consent.say(
                        session,
                        kind="email",
                        value=point.value,
                        purpose=purpose,
                        granted=purpose in posted,
                        source=SOURCE,
                        customer_id=customer.customer_id,
                    )
    return Redirect(visitor.to("/profile", told="mails"), status_code=303)


@functools.cache
def _zones() -> frozenset[str]:
    """Time zones by places; the old names of some (``Asia/Calcutta``) stand beside their new ones."""
    return frozenset(name for name in zoneinfo.available_timezones() if name.startswith(_AREAS))


def told_words(visitor: Visitor, told: str) -> str:
    """What was done, for the top of the page."""
    _ = visitor.language.text
    return {
        "saved": _("Your account is changed."),
        "mails": _("Your choice of mails is kept."),
        "added": _("The address is yours now."),
        "taken": _("This address belongs to another account. Please write to us, and we join the two."),
        "removed": _("The address is taken away."),
    }.get(told, "")


async def _page(
    request: PortalRequest,
    errors: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    customer, visitor = auth.signed_in(request), Visitor.of(request)
    async with reading(runtime_of(request).db) as session:
        points = await service.contacts_of(session, customer.customer_id)
        address = contacts.normalise_email(customer.contact)
        mails = await consent.choices(session, "email", address)
    typed = typed or {}
    zone = typed.get("time_zone") or customer.time_zone or moments.DESK_ZONE
    return visitor.page(
        "profile.html",
        status,
        csrf=auth.csrf_token(request),
        name=typed.get("name", customer.name),
        spoken=typed.get("language", customer.language or visitor.language.code),
        zone=zone,
        zones=sorted(_zones() | {zone}),
        email=typed.get("email", ""),
        addresses=[point for point in points if point.kind == "email"],
        mails=[(purpose, purpose_words(visitor.language, purpose), mails[purpose]) for purpose in CHOSEN],
        told=told_words(visitor, request.query_params.get("told", "")) if not errors else "",
        errors=errors or {},
    )


HANDLERS: Final[list[Any]] = [show, change, add_address, remove_address, choose_mails]

"""Signing in and out on the portal: ask for a link, open it or type the code, confirm.

The rules are those of ``customers/signin.py``; this writes the mail and sets the cookies. Opening a link shows a page
with a button and nothing else, since mail scanners open links, too.
"""

import re
import secrets
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from channels import notices
from channels.letters import Link, written
from core.db import unit_of_work
from core.errors import Invalid, RateLimited
from core.i18n import Language
from customers import sessions, signin
from customers.contacts import normalise_email
from customers.signin import AddressTaken, Asked, Browser, LinkRefused, Place, Proof
from portal import auth, failures, known, tokens
from portal.pages import BINDING_COOKIE, PortalRequest, Visitor, is_same_site, runtime_of

KIND: Final = "sign_in"
BINDING_SECONDS: Final = 3600
HOME: Final = "/portal/requests"
_DOMAIN: Final = re.compile(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+")


@get("/sign-in")
async def ask_address(request: PortalRequest) -> Response[Any]:
    """The form that asks for an address; ``?next=`` is where to go on to."""
    following = auth.safe_path(request.query_params.get("next", ""))
    if Visitor.of(request).customer is not None:
        return Redirect(following or HOME, status_code=303)
    return _address_page(request, following=following)


@post("/sign-in", status_code=303)
async def send_link(request: PortalRequest) -> Response[Any]:
    """Mail a link and a code, if a mail can reach the address; the answer is the same for every address."""
    runtime, language = runtime_of(request), Visitor.of(request).language
    posted = await _posted(request)
    address, following = posted.get("email", "").strip(), auth.safe_path(posted.get("next", ""))
    _ = language.text
    if not is_same_site(request) or not _is_fresh(runtime.secret, posted.get("token", "")):
        words = _("This page was open for too long, or its address has changed. Please send it once more.")
        return _address_page(request, address, following, {"form": words}, 422)
    if not is_address(address):
        words = _("Enter your e-mail address.") if not address else address_complaint(language)
        return _address_page(request, address, following, {"email": words}, 422)
    browser = browser_of(request, language, address)
    try:
        async with unit_of_work(runtime.db) as session:
            asked = await signin.ask(session, runtime.secret, address, browser, next_path=following)
            await mail_link(session, request, asked, language, adding=False)
    except RateLimited as problem:
        page = _address_page(request, address, following, {"form": wait_complaint(language, problem)}, 429)
        page.headers["Retry-After"] = str(problem.extra["retry_after"])
        return page
    cookie = auth.binding_cookie(browser.secret, BINDING_SECONDS, runtime.settings)
    return Redirect(Visitor.of(request).to("/sign-in/code"), status_code=303, cookies=[cookie])


@get("/sign-in/code")
async def ask_code(request: PortalRequest) -> Response[Any]:
    """What to do now: open the link in the mail, or type its code here."""
    return _code_page(request)


@post("/sign-in/code", status_code=303)
async def use_code(request: PortalRequest) -> Response[Any]:
    """Sign in with the code of the newest mail that this browser asked for."""
    runtime, language = runtime_of(request), Visitor.of(request).language
    posted = await _posted(request)
    if not is_same_site(request):
        return failures.outdated(request)
    async with unit_of_work(runtime.db) as session:
        proof = await signin.by_code(session, runtime.secret, posted.get("code", "")[:40], _binding(request))
    if proof is None:
        words = language.text("This code does not work. Look at the newest mail, or ask for a new link.")
        return _code_page(request, {"code": words}, 422)
    return await _go_on(request, proof)


@get("/sign-in/link/{token:str}")
async def open_link(request: PortalRequest, token: str) -> Response[Any]:
    """What the link in the mail shows: a button, in the browser that asked; nothing is used up."""
    return await _link_page(request, token)


async def _link_page(request: PortalRequest, token: str) -> Response[str]:
    async with unit_of_work(runtime_of(request).db) as session:
        works = await signin.is_open(session, token[:128], _binding(request))
    page = Visitor.of(request).page("sign_in_link.html", works=works, token=token)
    page.headers["Referrer-Policy"] = "same-origin"  # with none, browsers would not name the origin of the post
    return page


@post("/sign-in/link/{token:str}", status_code=303)
async def use_link(request: PortalRequest, token: str) -> Response[Any]:
    """Sign in with the link."""
    if not is_same_site(request):
        return failures.outdated(request)
    try:
        async with unit_of_work(runtime_of(request).db) as session:
            proof = await signin.by_link(session, token[:128], _binding(request))
    except LinkRefused:
        return await _link_page(request, token)
    return await _go_on(request, proof)


@post("/sign-out", status_code=303)
async def sign_out(request: PortalRequest) -> Response[Any]:
    """End this session, or with ``everywhere`` all of them."""
    runtime, customer = runtime_of(request), Visitor.of(request).customer
    if customer is None:
        return Redirect("/portal", status_code=303)
    posted = await _posted(request)
    if not auth.is_genuine(request, posted.get("token", "")):
        return failures.outdated(request)
    async with unit_of_work(runtime.db, customer.actor) as session:
        if posted.get("everywhere"):
            await sessions.end_all(session, customer.customer_id, "signed out everywhere")
        else:
            await sessions.end(session, customer.session_id)
    return Redirect("/portal", status_code=303, cookies=[auth.forget_cookie(runtime.settings)])


async def _go_on(request: PortalRequest, proof: Proof) -> Response[Any]:
    """Sign in with what was proved, or add the address to the customer who asked for that; then the next page."""
    runtime = runtime_of(request)
    before = Visitor.of(request).customer
    following = auth.safe_path(proof.next_path)
    if proof.customer_id is not None:
        return await _add(request, proof)
    ip, _network = auth.place_of(request)
    place = Place(ip, request.headers.get("user-agent", ""))
    async with unit_of_work(runtime.db) as session:
        if before is not None:
            await sessions.end(session, before.session_id, "signed in again")
        token = await signin.sign_in(session, proof, place, runtime.settings.portal_session_days)
    cookies = [
        auth.session_cookie(token, runtime.settings),
        _known_cookie(request, proof),
        auth.binding_cookie("", 0, runtime.settings),
    ]
    return Redirect(following or HOME, status_code=303, cookies=cookies)


async def _add(request: PortalRequest, proof: Proof) -> Response[Any]:
    """Add a proved address; only while the customer who asked is signed in."""
    customer = auth.signed_in(request)
    if customer.customer_id != proof.customer_id:
        return failures.outdated(request)
    try:
        async with unit_of_work(runtime_of(request).db, customer.actor) as session:
            await signin.add_address(session, proof)
    except AddressTaken:
        return Redirect(Visitor.of(request).to("/profile", told="taken"), status_code=303)
    cookies = [_known_cookie(request, proof)]
    return Redirect(Visitor.of(request).to("/profile", told="added"), status_code=303, cookies=cookies)


async def _posted(request: PortalRequest) -> dict[str, str]:
    posted = await request.form()
    return {name: value.replace("\x00", "") for name, value in posted.multi_items() if isinstance(value, str)}


def _is_fresh(secret: str, token: str) -> bool:
    return tokens.age(secret, token) in {tokens.Age.GOOD, tokens.Age.TOO_FRESH}


def is_address(address: str) -> bool:
    """Whether it can be a mail address of the outside world."""
    try:
        return len(address) <= 254 and _DOMAIN.fullmatch(normalise_email(address)) is not None
    except Invalid:
        return False


def address_complaint(language: Language) -> str:
    """What to say of something that is no address."""
    return language.text("This does not look like an e-mail address. It should look like name@example.com.")


def wait_complaint(language: Language, problem: RateLimited) -> str:
    """What to say when too many mails were asked for."""
    minutes = max(1, -(-int(problem.extra.get("retry_after", 60)) // 60))
    return language.plural(
        "Many links were asked for. Please wait %(num)s minute and try again.",
        "Many links were asked for. Please wait %(num)s minutes and try again.",
        minutes,
    )


def browser_of(request: PortalRequest, language: Language, address: str) -> Browser:
    """The browser that asks for a link to an address, with the secret that binds links to it."""
    _ip, network = auth.place_of(request)
    known_as = known.name_in(runtime_of(request).secret, _known(request), normalise_email(address))
    return Browser(_binding(request) or secrets.token_urlsafe(32), network, language.code, known_as)


def _known(request: PortalRequest) -> str:
    return request.cookies.get(known.COOKIE, "")


def _known_cookie(request: PortalRequest, proof: Proof) -> Cookie:
    runtime = runtime_of(request)
    value = known.with_address(runtime.secret, _known(request), proof.address)
    return auth.known_cookie(value, runtime.settings)


def _binding(request: PortalRequest) -> str:
    found = request.cookies.get(BINDING_COOKIE, "")
    return found if 20 <= len(found) <= auth.LONGEST_TOKEN else ""


async def mail_link(
    session: AsyncSession, request: PortalRequest, asked: Asked, language: Language, *, adding: bool
) -> None:
    """Write the mail with the link and the code.

    It goes past the brake: no robot can have it sent by answering, and ``customers/signin.py`` has limits of its own.

    Args:
        session: the unit of work in which they were made.
        request: whose address the link goes back to.
        asked: the link and the code.
        language: of the page.
        adding: the address is to be added to somebody's own; else it signs in.
    """
    if not asked.may_send:
        return
    _ = language.text
    visitor = Visitor.of(request)
    brand = visitor.brand.name
    url = f"{visitor.home_address}/portal/sign-in/link/{asked.token}?{urlencode({'lang': language.code})}"
    if adding:
        subject = _("Confirm your address for %(brand)s") % {"brand": brand}
        first = _("Open this link to add this address to your account at %(brand)s:") % {"brand": brand}
    else:
        subject = _("Sign in to %(brand)s") % {"brand": brand}
        first = _("Open this link to sign in to %(brand)s:") % {"brand": brand}
    text, html = written(
        first,
        Link(_("Confirm the address") if adding else _("Sign in"), url),
        _("Or type this code on the page where you asked for it: %(code)s") % {"code": asked.code},
        _("Link and code work once, for 20 minutes, in the browser in which you asked for them."),
        _("If you did not ask for this, you need not do anything."),
    )
    await notices.create(
        session,
        kind=KIND,
        to_address=asked.address,
        to_name="",
        subject=subject,
        text=text,
        html=html,
        account_id=visitor.brand.mailbox_id,
        sender_name=brand if visitor.brand.id else "",
        past_brake=True,
    )


def _address_page(
    request: PortalRequest,
    address: str = "",
    following: str = "",
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    runtime = runtime_of(request)
    return Visitor.of(request).page(
        "sign_in.html",
        status,
        address=address,
        following=following,
        errors=errors or {},
        token=tokens.issue(runtime.secret),
    )


def _code_page(request: PortalRequest, errors: dict[str, str] | None = None, status: int = 200) -> Response[str]:
    return Visitor.of(request).page("sign_in_code.html", status, errors=errors or {})

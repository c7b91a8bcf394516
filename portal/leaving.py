"""Ending surveys, reminders and news with one click, without a sign-in (RFC 8058).

A mail program posts to the address in the List-Unsubscribe header; a person who opens it sees a button. Opening it
changes nothing, for scanners do that, too. What was said is kept in the ledger of consent (``customers/consent.py``).
"""

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath

from core.db import unit_of_work
from core.i18n import Language
from customers import consent, leaving, service
from customers.consent import Purpose
from portal.pages import PortalRequest, Visitor, runtime_of


def purpose_words(language: Language, purpose: Purpose) -> str:
    """What mails a purpose means."""
    _ = language.text
    return {
        "service": _("Answers to your requests"),
        "survey": _("Questions about how content you are"),
        "reminder": _("Reminders about your products"),
        "news": _("News and offers"),
    }[purpose]


@get("/unsubscribe/{token:str}")
async def ask(request: PortalRequest, token: FromPath[str]) -> Response[str]:
    """The button."""
    return _page(request, token, is_done=False)


@post("/unsubscribe/{token:str}", status_code=200)
async def leave(request: PortalRequest, token: FromPath[str]) -> Response[str]:
    """End such mails to this address; the token is the proof, so no page of ours need have been open."""
    runtime = runtime_of(request)
    found = leaving.read(runtime.secret, token)
    async with unit_of_work(runtime.db) as session:
        known = await service.find_by_email(session, found.address)
        await consent.say(
            session,
            kind="email",
            value=found.address,
            purpose=found.purpose,
            granted=False,
            source="unsubscribe link",
            customer_id=known.id if known else None,
        )
    return _page(request, token, is_done=True)


def _page(request: PortalRequest, token: str, *, is_done: bool) -> Response[str]:
    visitor = Visitor.of(request)
    found = leaving.read(runtime_of(request).secret, token)
    page = visitor.page(
        "unsubscribe.html",
        token=token,
        address=found.address,
        what=purpose_words(visitor.language, found.purpose),
        is_done=is_done,
    )
    page.headers["Referrer-Policy"] = "same-origin"  # with none, browsers would not name the origin of the post
    return page


HANDLERS: Final[list[Any]] = [ask, leave]

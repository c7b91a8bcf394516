"""My data: get a copy, have something corrected, be forgotten; and how each wish stands.

Copies are made by a job (``portal/data_copies.py``). The other wishes are also requests like any other, so that agents
see them in their queue and the customer can talk about them; agents handle them by ``agent_ui/api/privacy.py``.
"""

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from channels.inbound import Incoming
from channels.web.form import CHANNEL, WebRequest, encode, form_account
from core import clock, jobs, serving
from core.db import reading, unit_of_work
from core.errors import Invalid, RateLimited
from core.i18n import Language
from customers import privacy
from customers.models import DataRequest
from customers.privacy import AlreadyAsked
from portal import auth, failures, moments, taking_in
from portal.data_copies import JOB
from portal.pages import PortalRequest, Visitor, runtime_of
from portal.taking_in import read_post


def kind_words(language: Language) -> dict[str, str]:
    """What can be wished for."""
    _ = language.text
    return {
        "copy": _("A copy of my data"),
        "correction": _("Correct my data"),
        "deletion": _("Delete my data"),
    }


def state_words(language: Language) -> dict[str, str]:
    """How a wish stands."""
    _ = language.text
    return {
        "asked": _("We have it"),
        "working": _("We are working on it"),
        "done": _("Done"),
        "refused": _("We cannot do it"),
    }


@get("/privacy")
async def show(request: PortalRequest) -> Response[str]:
    """The page with the wishes."""
    return await _page(request)


@post("/privacy", status_code=303)
async def wish(request: PortalRequest) -> Response[Any]:
    """Take a wish."""
    customer, visitor, runtime = auth.signed_in(request), Visitor.of(request), runtime_of(request)
    posted, _files = await read_post(request)
    if not auth.is_genuine(request, posted.get("csrf", "")):
        return failures.outdated(request)
    kind, words = posted.get("kind", ""), posted.get("words", "")
    _ = visitor.language.text
    try:
        async with unit_of_work(runtime.db, customer.actor) as session:
            made = await privacy.ask(session, customer.customer_id, kind, words if kind == "correction" else "")
            if kind == "copy":
                await jobs.enqueue(session, JOB, {"request_id": made.id}, dedupe=f"{JOB}:{made.id}")
    except AlreadyAsked:
        return await _page(request, {"form": _("You have asked for this already.")}, words, 409)
    except RateLimited as problem:
        page = await _page(
            request, {"form": _("Enough copies were made today. Please ask again tomorrow.")}, words, 429
        )
        page.headers["Retry-After"] = str(problem.extra["retry_after"])
        return page
    except Invalid:
        return await _page(request, {"words": _("Tell us what is wrong, and how it should be.")}, words, 422)
    if kind != "copy":
        await _tell_agents(request, made)
    return Redirect(visitor.to("/privacy", told="asked"), status_code=303)


async def _tell_agents(request: PortalRequest, made: DataRequest) -> None:
    """Make a request like any other of it, for the agents' queue."""
    customer, visitor, runtime = auth.signed_in(request), Visitor.of(request), runtime_of(request)
    desk = Language(runtime.settings.default_locale)
    said = WebRequest(
        name=customer.name,
        email=customer.contact,
        topic="other",
        subject=kind_words(desk)[made.kind],
        message=made.words or kind_words(visitor.language)[made.kind],
        language=visitor.language.code,
    )
    async with unit_of_work(runtime.db) as session:
        account = await form_account(session)
    name = f"data-request:{made.id}"
    await taking_in.keep(request, Incoming(account.id, CHANNEL, name, encode(said), envelope_from=customer.contact))
    async with unit_of_work(runtime.db, customer.actor) as session:
        await privacy.note_ticket(session, made.id, await taking_in.ticket_of(session, account.id, name))


@get("/privacy/{request_id:int}/copy.zip")
async def fetch(request: PortalRequest, request_id: FromPath[int]) -> Response[bytes]:
    """A copy, while it is there."""
    customer, runtime = auth.signed_in(request), runtime_of(request)
    async with reading(runtime.db) as session:
        found = await privacy.copy_of(session, customer.customer_id, request_id)
    content = await runtime.storage.get(found.storage_key or "")
    kind, headers = serving.served(content, f"data-{found.asked_at:%Y-%m-%d}.zip", "application/zip")
    return Response(content, media_type=kind, headers=headers | {"Cache-Control": "private, no-store"})


async def _page(
    request: PortalRequest, errors: dict[str, str] | None = None, words: str = "", status: int = 200
) -> Response[str]:
    customer, visitor = auth.signed_in(request), Visitor.of(request)
    async with reading(runtime_of(request).db) as session:
        found = await privacy.of_customer(session, customer.customer_id)
    kinds, states, now = kind_words(visitor.language), state_words(visitor.language), clock.now()
    return visitor.page(
        "privacy.html",
        status,
        csrf=auth.csrf_token(request),
        words=words,
        wishes=[
            {
                "what": kinds[each.kind],
                "state": states[each.state],
                "day": moments.day(visitor, each.asked_at),
                "answer": each.answer,
                "ticket_id": each.ticket_id,
                "file": each.id if each.storage_key and each.expires_at and each.expires_at > now else None,
                "until": moments.day(visitor, each.expires_at) if each.expires_at else "",
            }
            for each in found
        ],
        told="told" in request.query_params and not errors,
        errors=errors or {},
    )


HANDLERS: Final[list[Any]] = [show, wish, fetch]

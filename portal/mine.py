"""My requests: the list, one request with what was said in it, an answer, "it is solved", files.

An answer is taken in through the ledger like a mail (``channels/web/form.py``), so it stands in the same thread and is
told to nobody twice. The pages of a guest link are the same ones (``portal/seats.py``).
"""

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect
from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession

from channels.inbound import Incoming
from channels.web.form import CHANNEL, WebFile, WebRequest, encode, form_account
from core import serving
from core.db import reading, unit_of_work
from core.html import text_to_html
from core.i18n import Language
from portal import auth, failures, moments, promises, seats, taking_in, tokens
from portal.forms import LONGEST, Upload, files_refused
from portal.limits import Gate
from portal.pages import PortalRequest, Visitor, runtime_of
from portal.requests import LARGEST_POST
from portal.seats import Seat
from portal.uploads import ACCEPT, MOST_FILES, sniff, tidy_name
from tickets import access, policy, requests, satisfaction
from tickets.requests import Request, RequestLine, Said

GATE: Final = Gate()


@get("/requests")
async def listed(request: PortalRequest) -> Response[str]:
    """What the visitor may see, newest first: open ones, with ``?show=done`` finished ones; ``?q=`` finds."""
    customer, visitor = auth.signed_in(request), Visitor.of(request)
    asked = request.query_params
    q, show = asked.get("q", "")[:200].strip(), asked.get("show", "")
    over = None if q or show == "all" else show == "done"
    before = _number(asked.get("before", ""))
    async with reading(runtime_of(request).db) as session:
        lines, following = await requests.list_requests(session, customer.actor, q=q, over=over, before=before)
    return visitor.page(
        "requests.html",
        lines=[(line, state_words(visitor, line), moments.moment(visitor, line.said_at)) for line in lines],
        q=q,
        show=show if show in {"done", "all"} else "open",
        following=following,
        is_later_page=before is not None,
        is_manager=customer.is_manager,
    )


@get("/requests/{ticket_id:int}")
async def one(request: PortalRequest, ticket_id: FromPath[int]) -> Response[str]:
    """One request."""
    seat = seats.own_seat(request, ticket_id)
    async with reading(runtime_of(request).db) as session:
        return await _page(request, session, seat)


@post("/requests/{ticket_id:int}/answer", request_max_body_size=LARGEST_POST, status_code=303)
async def answer(request: PortalRequest, ticket_id: FromPath[int]) -> Response[Any]:
    """Say something in a request."""
    return await _answer(request, seats.own_seat(request, ticket_id))


@post("/requests/{ticket_id:int}/solved", status_code=303)
async def solved(request: PortalRequest, ticket_id: FromPath[int]) -> Response[Any]:
    """The customer says that it is solved."""
    return await _solved(request, seats.own_seat(request, ticket_id))


@get("/requests/{ticket_id:int}/files/{file_id:int}/{name:str}")
async def file(
    request: PortalRequest, ticket_id: FromPath[int], file_id: FromPath[int], name: FromPath[str]
) -> Response[bytes]:
    """A file of a request."""
    del name
    return await _file(request, seats.own_seat(request, ticket_id), file_id)


@get("/guest/{token:str}")
async def guest(request: PortalRequest, token: FromPath[str]) -> Response[str]:
    """The one request of a guest link."""
    async with reading(runtime_of(request).db) as session:
        return await _page(request, session, await seats.guest_seat(request, session, token))


@post("/guest/{token:str}/answer", request_max_body_size=LARGEST_POST, status_code=303)
async def guest_answer(request: PortalRequest, token: FromPath[str]) -> Response[Any]:
    """Say something in the request of a guest link."""
    return await _answer(request, await _guest(request, token))


@post("/guest/{token:str}/solved", status_code=303)
async def guest_solved(request: PortalRequest, token: FromPath[str]) -> Response[Any]:
    """Who holds the link says that it is solved."""
    return await _solved(request, await _guest(request, token))


@get("/guest/{token:str}/files/{file_id:int}/{name:str}")
async def guest_file(
    request: PortalRequest, token: FromPath[str], file_id: FromPath[int], name: FromPath[str]
) -> Response[bytes]:
    """A file of the request of a guest link."""
    del name
    return await _file(request, await _guest(request, token), file_id)


HANDLERS: Final[list[Any]] = [
    listed,
    one,
    answer,
    solved,
    file,
    guest,
    guest_answer,
    guest_solved,
    guest_file,
]


async def _guest(request: PortalRequest, token: str) -> Seat:
    async with reading(runtime_of(request).db) as session:
        return await seats.guest_seat(request, session, token)


def _number(given: str) -> int | None:
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 18 else None


def state_words(visitor: Visitor, line: RequestLine) -> str:
    """How a request stands, in plain words."""
    _ = visitor.language.text
    if line.state == "waiting" and line.asked:
        return _("We wait for your answer: %(words)s") % {"words": line.asked}
    return {
        "working": _("We are working on it"),
        "waiting": _("We wait for your answer"),
        "held": _("We are on it; it takes a little longer"),
        "solved": _("Solved"),
        "closed": _("Closed"),
    }[line.state]


def answer_words(visitor: Visitor, found: Request) -> str:
    """What an answer does to a request that is solved; "" while it is open."""
    _ = visitor.language.text
    if found.reopen_until is not None:
        words = _("Not solved after all? Your answer opens it again. You can reopen it until %(day)s.")
        return words % {"day": moments.day(visitor, found.reopen_until)}
    return _("This request is finished. Your answer opens a new one, linked to it.") if found.follow_up else ""


async def _page(
    request: PortalRequest,
    session: AsyncSession,
    seat: Seat,
    *,
    message: str = "",
    errors: dict[str, str] | None = None,
    token: str | None = None,
    status: int = 200,
) -> Response[str]:
    visitor, runtime = Visitor.of(request), runtime_of(request)
    chosen = await policy.read(session)
    found = await requests.get_request(session, seat.actor, seat.ticket_id, chosen)
    before = _number(request.query_params.get("before", ""))
    talk = await requests.read_talk(session, seat.actor, seat.ticket_id, chosen, before)
    page = visitor.page(
        "one_request.html",
        status,
        seat=seat,
        line=found.line,
        state=state_words(visitor, found.line),
        promise=await promises.words(session, visitor, seat.ticket_id),
        promised=await promises.given(session, visitor, seat.ticket_id),
        opened=moments.day(visitor, found.line.created_at),
        items=[_shown(visitor, seat, each) for each in talk.items],
        earlier=talk.before,
        answer_hint=answer_words(visitor, found),
        rating=satisfaction.token(runtime.secret, seat.ticket_id) if found.line.state in {"solved", "closed"} else "",
        can_solve=found.line.state in {"working", "waiting", "held"},
        message=message,
        errors=errors or {},
        token=token or tokens.issue(runtime.secret),
        accept=ACCEPT,
        most_files=MOST_FILES,
        most_size=visitor.language.size(runtime.settings.max_upload_bytes),
    )
    page.headers["Referrer-Policy"] = "same-origin"
    return page


def _shown(visitor: Visitor, seat: Seat, said: Said) -> dict[str, Any]:
    """One thing said as the page shows it."""
    _ = visitor.language.text
    author = said.author or visitor.brand.name
    if said.kind == "own":
        author = _("You")
    return {
        "key": said.key,
        "kind": said.kind,
        "author": author,
        "at": said.at.isoformat(),
        "moment": moments.moment(visitor, said.at),
        "html": Markup(text_to_html(said.text)),  # noqa: S704 - made of plain text, escaped by that function
        "files": [
            (f"/portal{seat.path}/files/{each.id}/{tidy(each.name)}", each.name, visitor.language.size(each.size))
            for each in said.files
        ],
    }


def tidy(name: str) -> str:
    """A file's name as the end of an address; the one that counts is kept with the file."""
    return "".join(each if each.isalnum() or each in ".-_" else "_" for each in name)[-80:] or "file"


def complaints(language: Language, message: str, files: list[Upload], most_bytes: int) -> dict[str, str]:
    """What is wrong with an answer."""
    _ = language.text
    found: dict[str, str] = {}
    if not message.strip() and not files:
        found["message"] = _("Write something first.")
    if len(message) > LONGEST["message"]:
        words = _("This is too long: %(most)s characters are possible.")
        found["message"] = words % {"most": language.number(LONGEST["message"])}
    if refused := files_refused(files, language, most_bytes):
        found["files"] = refused
    return found


async def _answer(request: PortalRequest, seat: Seat) -> Response[Any]:
    """Check an answer, keep it in the ledger, process it, and go to the request that it stands in."""
    visitor, runtime = Visitor.of(request), runtime_of(request)
    language, _ = visitor.language, visitor.language.text
    posted, files = await taking_in.read_post(request)
    message = posted.get("message", "").replace("\r\n", "\n")
    token = posted.get("token", "")
    errors = complaints(language, message, files, runtime.settings.max_upload_bytes)
    status = 422
    if not seat.is_genuine(request, posted.get("csrf", "")) or not _is_fresh(runtime.secret, token):
        errors = {"form": _("This page was open for too long, or its address has changed. Please send it once more.")}
        token = ""
    elif not errors and (wait := GATE.wait(f"{seat.actor.id}")):
        status = 429
        words = ("Please wait %(num)s second and send it again.", "Please wait %(num)s seconds and send it again.")
        errors = {"form": language.plural(*words, wait)}
    async with reading(runtime.db) as session:
        if errors or seat.address is None:
            return await _page(request, session, seat, message=message, errors=errors, token=token, status=status)
        found = await requests.get_request(session, seat.actor, seat.ticket_id, await policy.read(session))
        chosen = await policy.read(session)
    said = WebRequest(
        name=seat.name,
        email=seat.address,
        topic="",
        subject=found.line.subject,
        message=message.strip() or _("(See the attached file.)"),
        language=language.code,
        files=[_web_file(file) for file in files],
        ticket_id=seat.ticket_id,
        reopen_days=chosen.reopen_days,
    )
    raw = encode(said)
    name = f"answer:{tokens.name_of_post(token, raw)}"  # of no thanks page: that is for who opens a request
    async with unit_of_work(runtime.db) as session:
        account = await form_account(session)
    await taking_in.keep(request, Incoming(account.id, CHANNEL, name, raw, envelope_from=seat.address))
    async with reading(runtime.db) as session:
        ticket_id = await taking_in.ticket_of(session, account.id, name)
    path = seat.path if seat.is_guest else f"/requests/{ticket_id or seat.ticket_id}"
    return Redirect(f"{visitor.to(path)}#answer", status_code=303)


def _web_file(file: Upload) -> WebFile:
    kind = sniff(file.content) or "application/octet-stream"
    return WebFile(tidy_name(file.name, kind), kind, file.content)


def _is_fresh(secret: str, token: str) -> bool:
    return tokens.age(secret, token) in {tokens.Age.GOOD, tokens.Age.TOO_FRESH}


async def _solved(request: PortalRequest, seat: Seat) -> Response[Any]:
    posted, _files = await taking_in.read_post(request)
    if not seat.is_genuine(request, posted.get("csrf", "")):
        return failures.outdated(request)
    async with unit_of_work(runtime_of(request).db, seat.actor) as session:
        await requests.solve(session, seat.actor, seat.ticket_id)
    return Redirect(Visitor.of(request).to(seat.path), status_code=303)


async def _file(request: PortalRequest, seat: Seat, file_id: int) -> Response[bytes]:
    runtime = runtime_of(request)
    async with reading(runtime.db) as session:
        found = await access.get_attachment(session, seat.actor, file_id)
    content = await runtime.storage.get(found.storage_key)
    kind, headers = serving.served(content, found.name, found.sniffed_type)
    return Response(content, media_type=kind, headers=headers)

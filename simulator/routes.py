"""The simulator's pages under /simulator: read any make-believe mailbox, and write to the desk as its owner.

Plain pages without scripts. Everything is read from the Maildirs and sent over SMTP, so they work in whichever
process serves the web. Only wired in when ``settings.simulator`` is on (`sampark/asgi.py`).
"""

import asyncio
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import aiosmtplib
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Request, Response, get, post
from litestar.datastructures import FormMultiDict, UploadFile
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from channels.email import accounts
from core.db import reading
from core.errors import Invalid, NotAllowed, NotFound, Unavailable
from simulator import letters, pages, shop
from simulator.letters import File, Person
from simulator.mailboxes import Mailboxes, StoredMail, Switches
from simulator.post import PostOffice
from simulator.visitor import Visitors
from simulator.world import mailboxes_of

_FOLDER: Final = Path(__file__).parent / "templates"
_templates = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_BODY_POLICY: Final = (
    "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)
_STATUS_OK: Final = 200
VISITORS: Final = Visitors()
"""Who chats from the make-believe shop, in this process."""
LARGEST_FORM: Final = 64 * 1024 * 1024
"""Bytes; larger than the largest mail that the desk takes by default, so that its refusal can be tried out."""


def _link(address: str) -> str:
    return f"/simulator/mailboxes/{quote(address, safe='@')}"


_templates.filters["link"] = _link
_templates.filters["when"] = lambda at: f"{at.day} {at:%b %Y, %H:%M} UTC" if at else ""
_templates.filters["initial"] = lambda text: (text.strip() or "?")[0].upper()


def _page(
    request: Request[Any, Any, Any], template: str, status: int = _STATUS_OK, /, **values: object
) -> Response[str]:
    settings = request.app.state.runtime.settings
    shown = _templates.get_template(template).render(product=settings.product_name, **values)
    headers = {"Content-Security-Policy": _PAGE_POLICY, "Cache-Control": "no-store"}
    return Response(shown, status_code=status, media_type=MediaType.HTML, headers=headers)


def _mailboxes(request: Request[Any, Any, Any]) -> Mailboxes:
    return mailboxes_of(request.app.state.runtime.settings)


def _mail(request: Request[Any, Any, Any], address: str, key: str) -> StoredMail:
    found = _mailboxes(request).find(address, key)
    if found is None:
        raise NotFound("There is no such mail in this mailbox.")
    return found


async def _desk_addresses(request: Request[Any, Any, Any]) -> list[str]:
    async with reading(request.app.state.runtime.db) as session:
        return [account.address for account in await accounts.listed(session)]


@get("/simulator", include_in_schema=False)
async def index(request: Request[Any, Any, Any], q: FromQuery[str] = "", visitor: FromQuery[str] = "") -> Response[str]:
    """All mailboxes; ``visitor`` is the name of who has just come to the chat."""
    rows = await asyncio.to_thread(pages.mailbox_rows, _mailboxes(request), q)
    desk = await _desk_addresses(request)
    return _page(request, "index.html", rows=rows, query=q, desk=desk, visitor=visitor[:100])


@get("/simulator/style.css", include_in_schema=False, media_type=MediaType.CSS)
async def style(request: Request[Any, Any, Any]) -> Response[str]:
    """The look, with the tenant's hue."""
    hue = request.app.state.runtime.settings.brand_hue
    sheet = (_FOLDER / "style.css").read_text(encoding="utf-8")
    return Response(f":root {{ --brand-h: {hue}; }}\n{sheet}", media_type=MediaType.CSS)


@get("/simulator/mailboxes/{address:str}", include_in_schema=False)
async def mailbox(request: Request[Any, Any, Any], address: FromPath[str]) -> Response[str]:
    """One mailbox: its threads and its switches."""
    boxes = _mailboxes(request)
    threads = await asyncio.to_thread(pages.threads, boxes, address)
    person = await asyncio.to_thread(pages.owner, boxes, address)
    return _page(
        request, "mailbox.html", address=address, name=person.name, threads=threads, switches=boxes.switches(address)
    )


@get("/simulator/mailboxes/{address:str}/mails/{key:str}", include_in_schema=False)
async def mail(request: Request[Any, Any, Any], address: FromPath[str], key: FromPath[str]) -> Response[str]:
    """One mail."""
    view = pages.open_mail(_mail(request, address, key))
    return _page(request, "mail.html", address=address, mail=view)


@get("/simulator/mailboxes/{address:str}/mails/{key:str}/body", include_in_schema=False)
async def body(request: Request[Any, Any, Any], address: FromPath[str], key: FromPath[str]) -> Response[str]:
    """A mail's HTML, alone in a sandbox that runs no script and asks for nothing outside."""
    headers = {"Content-Security-Policy": _BODY_POLICY, "X-Frame-Options": "SAMEORIGIN"}
    return Response(pages.body_page(_mail(request, address, key)), media_type=MediaType.HTML, headers=headers)


@get("/simulator/mailboxes/{address:str}/mails/{key:str}/raw", include_in_schema=False)
async def raw(request: Request[Any, Any, Any], address: FromPath[str], key: FromPath[str]) -> Response[bytes]:
    """A mail's bytes, as plain text."""
    return Response(_mail(request, address, key).read(), media_type="text/plain")


@get("/simulator/mailboxes/{address:str}/mails/{key:str}/files/{number:int}", include_in_schema=False)
async def file(
    request: Request[Any, Any, Any], address: FromPath[str], key: FromPath[str], number: FromPath[int]
) -> Response[bytes]:
    """A file of a mail, to keep."""
    found = pages.file_of(_mail(request, address, key), number)
    if found is None:
        raise NotFound("There is no such file in this mail.")
    headers = {"Content-Disposition": f"attachment; filename*=utf-8''{quote(found[0])}"}
    return Response(found[1], media_type="application/octet-stream", headers=headers)


@get("/simulator/write", include_in_schema=False)
async def write(
    request: Request[Any, Any, Any], address: FromQuery[str] = "", reply: FromQuery[str] = ""
) -> Response[str]:
    """The form: a new mail of anybody, or an answer of a mailbox's owner."""
    form = {"address": address, "name": "", "to": "", "subject": "", "text": "", "reply": reply, "style": "gmail"}
    desk = await _desk_addresses(request)
    form["to"] = desk[0] if desk else ""
    original = None
    if address:
        form["name"] = pages.owner(_mailboxes(request), address).name
    if reply:
        stored = _mail(request, address, reply)
        original = letters.read_original(stored.read())
        form["to"] = original.answer_to
        form["name"] = form["name"] or letters.read_name_of(stored.read(), address)
    return _form_page(request, form, desk, original)


def _form_page(
    request: Request[Any, Any, Any],
    form: dict[str, str],
    desk: list[str],
    original: letters.Original | None = None,
    problem: str = "",
    status: int = _STATUS_OK,
) -> Response[str]:
    styles = list(letters.STYLES)
    return _page(request, "write.html", status, form=form, desk=desk, original=original, styles=styles, problem=problem)


@post("/simulator/mails", include_in_schema=False, status_code=303, request_max_body_size=LARGEST_FORM)
async def send(request: Request[Any, Any, Any]) -> Response[Any]:
    """Send what was written, keep a copy in the owner's mailbox, and show it."""
    _same_origin(request)
    given = await request.form()
    form = {name: _text(given, name) for name in ("address", "name", "to", "subject", "text", "reply", "style")}
    try:
        await _send(request, form, await _files(given))
    except (Invalid, Unavailable) as problem:
        desk = await _desk_addresses(request)
        return _form_page(request, form, desk, problem=problem.detail, status=problem.status)
    return Redirect(_link(form["address"].strip().lower()), status_code=303)


async def _send(request: Request[Any, Any, Any], form: dict[str, str], files: list[File]) -> None:
    person = Person(form["name"], form["address"].strip())
    recipient = form["to"].strip()
    for address, label in ((person.address, "your address"), (recipient, "the desk's address")):
        if "@" not in address.strip("@") or not address.isprintable() or " " in address:
            raise Invalid(f"Please check {label}: {address or 'it'} is no mail address.")
    if form["reply"]:
        original = letters.read_original(_mail(request, person.address, form["reply"]).read())
        message = letters.answer(person, original, form["text"], form["style"], files)
        del message["To"]
        message["To"] = recipient
    else:
        message = letters.letter(person, recipient, form["subject"], form["text"], files)
    content = letters.as_bytes(message)
    try:
        await PostOffice(request.app.state.runtime.settings)(person.address, [recipient], content)
    except (aiosmtplib.SMTPException, OSError) as problem:
        raise Unavailable(f"The desk did not take the mail: {problem}") from None
    _mailboxes(request).deliver(person.address, content, sent=True)


@post("/simulator/mailboxes/{address:str}/switches", include_in_schema=False, status_code=303)
async def switch(request: Request[Any, Any, Any], address: FromPath[str]) -> Redirect:
    """Send a mailbox on holiday, or make it bounce; and back."""
    _same_origin(request)
    form = await request.form()
    _mailboxes(request).switch(address, Switches("holiday" in form, "bounce" in form))
    return Redirect(_link(address), status_code=303)


@post("/simulator/visitors", include_in_schema=False, status_code=303)
async def visit(request: Request[Any, Any, Any]) -> Redirect:
    """Let a visitor of the shop write in the chat now.

    Raises:
        Unavailable: the desk has no widget, or does not let her in.
    """
    _same_origin(request)
    async with reading(request.app.state.runtime.db) as session:
        widget = await shop.shown(session)
    if widget is None:
        raise Unavailable("This desk has no chat widget yet. Make one in the console under Settings, Chat.")
    host, port = request.scope["server"] or ("127.0.0.1", None)
    who = await VISITORS.come(f"{host}:{port}", widget.key)
    return Redirect(f"/simulator?visitor={quote(who.name)}", status_code=303)


def _same_origin(request: Request[Any, Any, Any]) -> None:
    """Refuse forms that another site's page sends in the visitor's name."""
    origin = request.headers.get("origin")
    if origin and urlsplit(origin).netloc != request.headers.get("host"):
        raise NotAllowed("This form was sent from another site.")


def _text(form: FormMultiDict, name: str) -> str:
    value = form.get(name)
    return value.replace("\r\n", "\n") if isinstance(value, str) else ""


async def _files(form: FormMultiDict) -> list[File]:
    """The files of the form; pictures that shall stand in the text are asked for by a tick."""
    inline = bool(_text(form, "inline"))
    found: list[File] = []
    for upload in form.getall("file", []):
        if isinstance(upload, UploadFile) and upload.filename:
            kind = upload.content_type or "application/octet-stream"
            kind = kind if kind.count("/") == 1 and not kind.startswith(("text/", "message/", "multipart/")) else ""
            content = await upload.read()
            shown = inline and kind.startswith("image/")
            found.append(File(upload.filename, kind or "application/octet-stream", content, shown))
    return found


HANDLERS: list[HTTPRouteHandler] = [
    index,
    style,
    mailbox,
    mail,
    body,
    raw,
    file,
    write,
    send,
    switch,
    visit,
    *shop.HANDLERS,
]

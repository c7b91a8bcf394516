"""The request form and its thanks.

A post is a ledger row before anything else happens to it (``channels/inbound``); it is processed in the same request,
so that the thanks page can name the number. If that fails, the row's job does it later, and the page says so.
"""

from typing import Any, Final, cast
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.exceptions import ClientException, HTTPException
from litestar.response import Redirect
from sqlalchemy import select

from channels.inbound import Incoming
from channels.models import InboundItem
from channels.web.form import CHANNEL, encode, form_account
from core.db import unit_of_work
from core.errors import NotFound
from portal import tokens
from portal.forms import TRAP, Form, Upload, topics
from portal.limits import Gate
from portal.pages import PortalRequest, Visitor, is_same_site, runtime_of
from portal.taking_in import keep
from portal.uploads import ACCEPT, MOST_FILES
from tickets import guests

LARGEST_POST: Final = 80 * 1024 * 1024
"""Beyond this a post is refused unread, whatever the settings say about files."""

GATE: Final = Gate()


@get("/requests/new")
async def new_request(request: PortalRequest) -> Response[str]:
    """The empty form; ``?topic=`` chooses one."""
    form = Form(topic=request.query_params.get("topic", ""))
    return _form_page(request, form)


def broken_post(request: PortalRequest, problem: HTTPException) -> Response[Any]:
    """A post that cannot be read at all, or is far too large: the empty form with the reason."""
    form = Form()
    form.errors["form"] = Visitor.of(request).language.text(
        "Your request did not arrive whole. Please send it once more, perhaps with smaller files."
    )
    return _form_page(request, form, problem.status_code)


@post(
    "/requests/new",
    request_max_body_size=LARGEST_POST,
    status_code=303,
    exception_handlers={ClientException: cast(Any, broken_post)},
)
async def send_request(request: PortalRequest) -> Response[Any]:
    """Take a request in: check it, keep it in the ledger, process it, go on to the thanks page."""
    runtime = runtime_of(request)
    visitor = Visitor.of(request)
    most = runtime.settings.max_upload_bytes
    _ = visitor.language.text
    form, token = await _read(request)
    token_age = tokens.age(runtime.secret, token)
    if not is_same_site(request) or token_age in {tokens.Age.FORGED, tokens.Age.TOO_OLD}:
        form.errors["form"] = _(
            "This page was open for too long, or its address has changed. Please send it once more."
        )
        return _form_page(request, form, 422)
    if not form.check(visitor.language, most):
        return _form_page(request, form, 422, token)
    if token_age is tokens.Age.TOO_FRESH:
        form.errors["form"] = _("That was very quick. Please look over your request and send it again.")
        return _form_page(request, form, 422, token)
    wait = GATE.wait(request.client.host if request.client else "")
    if wait:
        form.errors["form"] = visitor.language.plural(
            "Many requests came from your network. Please wait %(num)s second and send it again.",
            "Many requests came from your network. Please wait %(num)s seconds and send it again.",
            wait,
        )
        answer = _form_page(request, form, 429, token)
        answer.headers["Retry-After"] = str(wait)
        return answer
    raw = encode(form.request(visitor.language.code))
    name = tokens.name_of_post(token, raw)
    async with unit_of_work(runtime.db) as session:
        account = await form_account(session)
    await keep(request, Incoming(account.id, CHANNEL, name, raw, envelope_from=form.email))
    query = urlencode({"r": name, "lang": visitor.language.code})
    return Redirect(f"/portal/requests/thanks?{query}", status_code=303)


async def _read(request: PortalRequest) -> tuple[Form, str]:
    """The posted fields and files, and the form's token."""
    posted = await request.form()
    texts = {name: value for name, value in posted.multi_items() if isinstance(value, str)}
    uploads = [value for name, value in posted.multi_items() if name == "files" and isinstance(value, UploadFile)]
    files = [Upload(upload.filename, await upload.read()) for upload in uploads[: MOST_FILES + 1]]
    return Form.from_post(texts, [file for file in files if file.content]), texts.get("token", "")


@get("/requests/thanks")
async def thanks(request: PortalRequest) -> Response[str]:
    """What happens next, with the number of the request."""
    visitor = Visitor.of(request)
    name = request.query_params.get("r", "")
    async with unit_of_work(runtime_of(request).db) as session:
        account = await form_account(session)
        known = select(InboundItem.ticket_id, InboundItem.envelope_from).where(
            InboundItem.account_id == account.id, InboundItem.provider_id == name
        )
        row = (await session.execute(known)).one_or_none()
        if row is None:
            raise NotFound
        guest = await guests.link_to(session, runtime_of(request).secret, row.ticket_id) if row.ticket_id else None
    return visitor.page("thanks.html", number=row.ticket_id, email=row.envelope_from, guest=guest)


def _form_page(request: PortalRequest, form: Form, status: int = 200, token: str | None = None) -> Response[str]:
    """The form with what was typed; a token that was good is kept, so that a repeated post stays one request."""
    visitor, runtime = Visitor.of(request), runtime_of(request)
    return visitor.page(
        "request.html",
        status,
        form=form,
        topics=topics(visitor.language),
        token=token or tokens.issue(runtime.secret),
        trap=TRAP,
        accept=ACCEPT,
        most_files=MOST_FILES,
        most_size=visitor.language.size(runtime.settings.max_upload_bytes),
    )

"""Pages of the portal: home, the request form and its thanks.

A post is a ledger row before anything else happens to it (``channels/inbound``); it is processed in the same request,
so that the thanks page can name the number. If that fails, the row's job does it later, and the page says so.
"""

from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.exceptions import HTTPException
from litestar.response import Redirect
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from channels import inbound
from channels.inbound import Incoming
from channels.models import ChannelAccount, InboundItem
from channels.web.form import CHANNEL, FormAccount, encode, form_account
from core import log
from core.db import unit_of_work
from portal import tokens
from portal.forms import TRAP, Form, Upload, topics
from portal.limits import Gate
from portal.pages import PortalRequest, Visitor, inbound_of, runtime_of
from portal.uploads import ACCEPT, MOST_FILES

LARGEST_POST: Final = 80 * 1024 * 1024
"""Beyond this a post is refused unread, whatever the settings say about files."""

GATE: Final = Gate()
NO_ACCOUNT: Final = FormAccount(0, "")
_log = log.get(__name__)


@get("/")
async def home(request: PortalRequest) -> Response[str]:
    """The first page: what a visitor can do here."""
    async with unit_of_work(runtime_of(request).db) as session:
        account = await form_account(session)
        addresses = await _addresses(session)
    return Visitor(request).page("home.html", account.display_name, addresses=addresses)


async def _addresses(session: AsyncSession) -> list[str]:
    """Where people can write to instead: the desk's first mailbox."""
    mailboxes = select(ChannelAccount.address).where(ChannelAccount.channel == "email", ChannelAccount.is_active)
    return list(await session.scalars(mailboxes.order_by(ChannelAccount.id).limit(1)))


@get("/requests/new")
async def new_request(request: PortalRequest) -> Response[str]:
    """The empty form; ``?topic=`` chooses one."""
    form = Form(topic=request.query_params.get("topic", ""))
    async with unit_of_work(runtime_of(request).db) as session:
        account = await form_account(session)
    return _form_page(request, account, form)


@post("/requests/new", request_max_body_size=LARGEST_POST, status_code=303)
async def send_request(request: PortalRequest) -> Response[Any]:
    """Take a request in: check it, keep it in the ledger, process it, go on to the thanks page."""
    runtime = runtime_of(request)
    visitor = Visitor(request)
    async with unit_of_work(runtime.db) as session:
        account = await form_account(session)
    most = runtime.settings.max_upload_bytes
    _ = visitor.language.text
    form, token = await _read(request)
    token_age = tokens.age(runtime.secret, token)
    if not _same_site(request) or token_age in {tokens.Age.FORGED, tokens.Age.TOO_OLD}:
        form.errors["form"] = _(
            "This page was open for too long, or its address has changed. Please send it once more."
        )
        return _form_page(request, account, form, 422)
    if not form.check(visitor.language, most):
        return _form_page(request, account, form, 422, token)
    if token_age is tokens.Age.TOO_FRESH:
        form.errors["form"] = _("That was very quick. Please look over your request and send it again.")
        return _form_page(request, account, form, 422, token)
    wait = GATE.wait(request.client.host if request.client else "")
    if wait:
        form.errors["form"] = visitor.language.plural(
            "Many requests came from your network. Please wait %(num)s second and send it again.",
            "Many requests came from your network. Please wait %(num)s seconds and send it again.",
            wait,
        )
        answer = _form_page(request, account, form, 429, token)
        answer.headers["Retry-After"] = str(wait)
        return answer
    raw = encode(form.request(visitor.language.code))
    name = tokens.name_of_post(token, raw)
    await _keep(request, Incoming(account.id, CHANNEL, name, raw, envelope_from=form.email))
    query = urlencode({"r": name, "lang": visitor.language.code})
    return Redirect(f"/portal/requests/thanks?{query}", status_code=303)


async def _read(request: PortalRequest) -> tuple[Form, str]:
    """The posted fields and files, and the form's token."""
    posted = await request.form()
    texts = {name: value for name, value in posted.multi_items() if isinstance(value, str)}
    uploads = [value for name, value in posted.multi_items() if name == "files" and isinstance(value, UploadFile)]
    files = [Upload(upload.filename, await upload.read()) for upload in uploads[: MOST_FILES + 1]]
    return Form.from_post(texts, [file for file in files if file.content]), texts.get("token", "")


def _same_site(request: PortalRequest) -> bool:
    """Whether the post comes from a page of ours: browsers name the origin of every post (RFC 6454, Fetch)."""
    origin = request.headers.get("origin")
    if origin is None:
        return request.headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}
    ours = {request.headers.get("host", ""), urlsplit(runtime_of(request).settings.base_url).netloc}
    return urlsplit(origin).netloc in ours


async def _keep(request: PortalRequest, incoming: Incoming) -> None:
    """Into the ledger, then processed at once; what fails now is done by the row's job."""
    db = runtime_of(request).db
    item_id = await inbound.store(db, incoming)
    if item_id is None:
        return
    try:
        async with unit_of_work(db) as session:
            await inbound_of(request).process(session, item_id)
    except Exception:  # noqa: BLE001 - the row is safe and its job will process it; the visitor must not see an error
        _log.exception("a request is processed later", item=item_id)


@get("/requests/thanks")
async def thanks(request: PortalRequest) -> Response[str]:
    """What happens next, with the number of the request."""
    visitor = Visitor(request)
    name = request.query_params.get("r", "")
    async with unit_of_work(runtime_of(request).db) as session:
        account = await form_account(session)
        known = select(InboundItem.ticket_id, InboundItem.envelope_from).where(
            InboundItem.account_id == account.id, InboundItem.provider_id == name
        )
        row = (await session.execute(known)).one_or_none()
    if row is None:
        return visitor.page("missing.html", account.display_name, 404)
    return visitor.page("thanks.html", account.display_name, number=row.ticket_id, email=row.envelope_from)


def _form_page(
    request: PortalRequest, account: FormAccount, form: Form, status: int = 200, token: str | None = None
) -> Response[str]:
    """The form with what was typed; a token that was good is kept, so that a repeated post stays one request."""
    visitor, runtime = Visitor(request), runtime_of(request)
    return visitor.page(
        "request.html",
        account.display_name,
        status,
        form=form,
        topics=topics(visitor.language),
        token=token or tokens.issue(runtime.secret),
        trap=TRAP,
        accept=ACCEPT,
        most_files=MOST_FILES,
        most_size=visitor.language.size(runtime.settings.max_upload_bytes),
    )


def broken_post(request: PortalRequest, problem: HTTPException) -> Response[Any]:
    """A post that cannot be read at all, or is far too large: the empty form with the reason."""
    form = Form()
    form.errors["form"] = Visitor(request).language.text(
        "Your request did not arrive whole. Please send it once more, perhaps with smaller files."
    )
    return _form_page(request, NO_ACCOUNT, form, problem.status_code)


@get("/{path:path}")
async def missing(request: PortalRequest) -> Response[str]:
    """There is no such page."""
    return Visitor(request).page("missing.html", "", 404)

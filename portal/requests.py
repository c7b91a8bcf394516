"""The request form and its thanks.

A post is a ledger row before anything else happens to it (``channels/inbound``); it is processed in the same request,
so that the thanks page can name the number. If that fails, the row's job does it later, and the page says so.

The form works without a script: a button draws it anew with the questions of the topic that was chosen. Where scripts
run, ``portal/web/src/topicFields.ts`` asks :func:`own_fields` for them.
"""

from typing import Any, Final, cast
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.exceptions import ClientException, HTTPException
from litestar.response import Redirect
from sqlalchemy import select

from channels.inbound import Incoming
from channels.models import InboundItem
from channels.web import fields as rules
from channels.web import topics
from channels.web.form import CHANNEL, encode, form_account
from channels.web.topics import Topic
from core.db import reading, unit_of_work
from core.errors import NotFound
from core.i18n import Language
from knowledge_base import deflection
from portal import helping, open_now, picker, promises, seo, tokens
from portal.forms import LONGEST, OWN, TRAP, Choice, Form, Upload
from portal.helping import Suggestions
from portal.limits import Gate
from portal.open_now import OpenNow
from portal.pages import PortalRequest, Visitor, is_same_site, runtime_of
from portal.readers import mark_of
from portal.taking_in import keep
from portal.uploads import ACCEPT, MOST_FILES
from tickets import guests

LARGEST_POST: Final = 80 * 1024 * 1024
"""Beyond this a post is refused unread, whatever the settings say about files."""
LARGEST_FIELDS: Final = 256 * 1024

GATE: Final = Gate()


class Offer(msgspec.Struct, frozen=True):
    """What can be asked: the topics, and the products among which the customer may choose; and when we are there."""

    topics: list[Topic] = []
    choices: list[Choice] = []
    now: OpenNow | None = None

    def topic(self, key: str) -> Topic | None:
        """The topic of this key, if it is offered."""
        return next((topic for topic in self.topics if topic.key == key), None)


async def _offer(request: PortalRequest) -> Offer:
    async with reading(runtime_of(request).db) as session:
        visitor = Visitor.of(request)
        choices = await picker.choices(session, visitor.customer, visitor.language)
        now = await open_now.read(session, visitor.language)
        return Offer(await topics.list_topics(session), choices, now)


@get("/requests/new")
async def new_request(request: PortalRequest) -> Response[str]:
    """The empty form; ``?topic=`` chooses one, ``?subject=`` carries words over, ``?article=`` says from where."""
    query = request.query_params
    form = Form(topic=query.get("topic", ""), subject=query.get("subject", "")[: LONGEST["subject"]])
    form.article = query.get("article", "") if query.get("article", "").isdecimal() else ""
    offer = await _offer(request)
    if product := query.get("product", ""):
        form.own = _named_product(offer, form.topic, product)
    return _form_page(request, offer, form)


def _named_product(offer: Offer, topic: str, product: str) -> dict[str, str]:
    """The answers of a form that begins with one of the visitor's products (``?product=``)."""
    is_own = any(choice.key == product for choice in offer.choices)
    fields = next((each.fields for each in offer.topics if each.key == topic), [])
    return {each.key: product for each in fields if each.kind == "product" and is_own}


def broken_post(request: PortalRequest, problem: HTTPException) -> Response[Any]:
    """A post that cannot be read at all, or is far too large: the empty form with the reason."""
    form = Form()
    form.errors["form"] = Visitor.of(request).language.text(
        "Your request did not arrive whole. Please send it once more, perhaps with smaller files."
    )
    return _form_page(request, Offer(topics.of_product()), form, problem.status_code)


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
    _ = visitor.language.text
    form, token, action = await _read(request)
    offer = await _offer(request)
    topic = offer.topic(form.topic)
    token_age = tokens.age(runtime.secret, token)
    if not is_same_site(request) or token_age in {tokens.Age.FORGED, tokens.Age.TOO_OLD}:
        form.errors["form"] = _(
            "This page was open for too long, or its address has changed. Please send it once more."
        )
        return _form_page(request, offer, form, 422)
    if action:
        found = await helping.suggestions(request, form.subject) if action == "suggest" and form.subject else None
        return _form_page(request, offer, form, 200, token, found)
    if not form.check(visitor.language, runtime.settings.max_upload_bytes, topic, offer.choices) or topic is None:
        return _form_page(request, offer, form, 422, token)
    if token_age is tokens.Age.TOO_FRESH:
        form.errors["form"] = _("That was very quick. Please look over your request and send it again.")
        return _form_page(request, offer, form, 422, token)
    wait = GATE.wait(request.client.host if request.client else "")
    if wait:
        return _too_often(request, offer, form, token, wait)
    desk = Language(runtime.settings.default_locale)
    wanted = form.request(visitor.language, desk, topic, offer.choices)
    is_signed_in = visitor.customer is not None
    raw = encode(msgspec.structs.replace(wanted, brand_id=visitor.brand.id, is_signed_in=is_signed_in))
    name = tokens.name_of_post(token, raw)
    async with unit_of_work(runtime.db) as session:
        account = await form_account(session)
        await deflection.asked(session, visitor=mark_of(request), customer_id=_known(visitor))
    await keep(request, Incoming(account.id, CHANNEL, name, raw, envelope_from=form.email))
    query = urlencode({"r": name, "lang": visitor.language.code})
    return Redirect(f"/portal/requests/thanks?{query}", status_code=303)


def _known(visitor: Visitor) -> int | None:
    return visitor.customer.customer_id if visitor.customer else None


def _too_often(request: PortalRequest, offer: Offer, form: Form, token: str, wait: int) -> Response[str]:
    form.errors["form"] = Visitor.of(request).language.plural(
        "Many requests came from your network. Please wait %(num)s second and send it again.",
        "Many requests came from your network. Please wait %(num)s seconds and send it again.",
        wait,
    )
    answer = _form_page(request, offer, form, 429, token)
    answer.headers["Retry-After"] = str(wait)
    return answer


@post("/requests/fields", status_code=200, request_max_body_size=LARGEST_FIELDS)
async def own_fields(request: PortalRequest) -> Response[str]:
    """The questions that fit the form as it is now, for the portal's script."""
    form, _, _ = await _read(request)
    offer = await _offer(request)
    return Visitor.of(request).part("own_fields.html", **_questions(form, offer))


async def _read(request: PortalRequest) -> tuple[Form, str, str]:
    """The posted fields and files, the form's token, and which button was pressed ("" for the one that sends)."""
    posted = list((await request.form()).multi_items())
    texts = {name: value for name, value in posted if isinstance(value, str)}
    files: dict[str, list[Upload]] = {}
    uploads = [(name, value) for name, value in posted if isinstance(value, UploadFile)]
    for name, upload in uploads[: MOST_FILES * 2]:
        content = await upload.read()
        if content and (name == "files" or name.startswith(OWN)):
            files.setdefault(name, []).append(Upload(upload.filename, content))
    form = Form.from_post(texts, files)
    customer = Visitor.of(request).customer
    if customer is not None:
        form.name, form.email = customer.name, customer.contact
    return form, texts.get("token", ""), texts.get("action", "")


@get("/requests/thanks")
async def thanks(request: PortalRequest) -> Response[str]:
    """What happens next, with the number of the request.

    Raises:
        NotFound: there is no such post. Others of the form's account have names that can be guessed, so only a name
            that begins with a token of ours counts.
    """
    visitor, secret = Visitor.of(request), runtime_of(request).secret
    name = request.query_params.get("r", "")
    if not tokens.genuine(secret, name.rpartition(".")[0]):
        raise NotFound
    async with unit_of_work(runtime_of(request).db) as session:
        account = await form_account(session)
        known = select(InboundItem.ticket_id, InboundItem.envelope_from, InboundItem.outcome).where(
            InboundItem.account_id == account.id, InboundItem.provider_id == name
        )
        row = (await session.execute(known)).one_or_none()
        if row is None:
            raise NotFound
        # Whose address it is, nobody has proved; a post that went into an older ticket opens none of what stands there.
        opened = row.ticket_id if row.outcome == "ticket" else None
        guest = await guests.link_to(session, secret, opened) if opened is not None else None
        promise = await promises.words(session, visitor, opened) if opened is not None else ""
        now = await open_now.read(session, visitor.language)
    facts = {"number": row.ticket_id, "email": row.envelope_from, "guest": guest}
    return visitor.page("thanks.html", **facts, promise=promise, now=now)


def _questions(form: Form, offer: Offer) -> dict[str, Any]:
    """What the template of the topic's own questions needs."""
    topic = offer.topic(form.topic)
    fields = topic.fields if topic else []
    asked = form.asked(topic, offer.choices)
    return {
        "form": form,
        "asked": asked,
        "deciding": {each.key for each in asked if rules.has_dependents(each, fields)},
        "choices": offer.choices,
        "words": rules.words,
        "own": OWN,
        "accept": ACCEPT,
        "longest": rules.LONGEST,
    }


def _form_page(
    request: PortalRequest,
    offer: Offer,
    form: Form,
    status: int = 200,
    token: str | None = None,
    found: Suggestions | None = None,
) -> Response[str]:
    """The form with what was typed; a token that was good is kept, so that a repeated post stays one request."""
    visitor, runtime = Visitor.of(request), runtime_of(request)
    return visitor.page(
        "request.html",
        status,
        meta=seo.of_form(visitor) if status == 200 else None,
        topics=offer.topics,
        found=found,
        token=token or tokens.issue(runtime.secret),
        trap=TRAP,
        now=offer.now,
        most_files=MOST_FILES,
        most_size=visitor.language.size(runtime.settings.max_upload_bytes),
        **_questions(form, offer),
    )

"""A request from the widget instead of a chat: outside of opening hours, or for whoever prefers it.

The same ledger row and the same ticket as from the portal's form (``portal/requests.py``).
"""

from typing import Final

from litestar import post
from litestar.params import FromPath, JSONBody
from sqlalchemy import select

from channels import inbound
from channels.chat import widgets
from channels.inbound import Incoming
from channels.models import InboundItem
from channels.web.form import CHANNEL, WebRequest, encode, form_account
from core import log
from core.db import reading, unit_of_work
from core.errors import Invalid
from core.i18n import NAMES, Language
from customers.contacts import normalise_email
from portal.forms import LONGEST
from portal.widget import limits
from portal.widget.desk import WidgetRequest, inbound_of, network_of, runtime_of
from portal.widget.views import RequestInput, RequestView
from tickets import intake

_log: Final = log.get(__name__)


@post("/request", status_code=200)
async def send_request(request: WidgetRequest, key: FromPath[str], data: JSONBody[RequestInput]) -> RequestView:
    """Take a request in; the same one sent twice is one.

    Raises:
        Invalid: a field is missing or is no address.
        RateLimited: too many.
    """
    db = runtime_of(request).db
    wanted = _checked(data)
    async with unit_of_work(db) as session:
        widget = await widgets.by_key(session, key)
        limits.take(limits.BEGINNINGS, network=network_of(request), widget=f"w{widget.id}")
        account = await form_account(session)
    name = f"widget:{widget.id}:{data.client_id}"
    item_id = await inbound.store(db, Incoming(account.id, CHANNEL, name, encode(wanted), envelope_from=wanted.email))
    if item_id is not None:
        try:
            async with unit_of_work(db) as session:
                await inbound_of(request).process(session, item_id)
        except Exception:  # noqa: BLE001 - the row is safe and its job will process it; the visitor must not see an error
            _log.exception("a request is processed later", item=item_id)
    async with reading(db) as session:
        known = select(InboundItem.ticket_id).where(
            InboundItem.account_id == account.id, InboundItem.provider_id == name
        )
        return RequestView(number=await session.scalar(known))


def _checked(data: RequestInput) -> WebRequest:
    message = data.message.replace("\x00", "").strip()
    name = " ".join(data.name.split())
    subject = " ".join(data.subject.split()) or intake.snippet_of(message, intake.SUBJECT_LENGTH)
    if data.trap:
        raise Invalid.field("trap", "Leave this field empty.")
    for field, value in (("name", name), ("message", message)):
        if not value:
            raise Invalid.field(field, "This is needed.")
        if len(value) > LONGEST[field]:
            raise Invalid.field(field, f"At most {LONGEST[field]} characters.")
    language = data.language if data.language in NAMES else "en"
    return WebRequest(
        name=name,
        email=normalise_email(data.email),
        topic=data.topic,
        subject=subject or Language(language).text("A request from the chat window"),
        message=message,
        language=language,
    )

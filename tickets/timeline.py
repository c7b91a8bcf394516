"""What happened in a ticket, in order: messages, notes and events merged, newest page first.

Two statements whatever the length: messages with their delivery and files, and the events that people want to see.
Each stream is read by its own id, and a page's key names how far both were read, so nothing is skipped or repeated
even where times and ids disagree (imported tickets). Structs go to the console as they are.
"""

import functools
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Select, any_, bindparam, func, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from core.errors import Invalid, NotFound
from core.events import EventRow
from staff.models import Agent
from tickets.models import Attachment, Delivery, Message
from tickets.queries import Compiled, Source

LONGEST_PAGE: Final = 100
FAR: Final = 2**62
SHOWN_EVENTS: Final = (
    "ticket.created",
    "ticket.assigned",
    "ticket.status_changed",
    "ticket.priority_changed",
    "ticket.tags_changed",
    "ticket.snoozed",
    "ticket.woken",
    "ticket.team_changed",
    "ticket.subject_changed",
    "ticket.routed",
    "routing.moved",
    "ticket.merged",
    "ticket.split",
    "chat.turned_to_mail",
    "chat.ended",
    "ticket.product_chosen",
    "ticket.entitlement_applied",
    "ticket.rated",
    "sla.breached",
    "sla.recomputed",
    "sla.warned",
    "promise.made",
    "promise.moved",
    "promise.kept",
    "promise.withdrawn",
    "message.no_reply_needed",
)
SHOWN_DELIVERIES: Final = ("failed", "bounced", "unknown")
"""States of a delivery that are events of the timeline (``delivery.failed`` …); the others show on the message.

So is ``delivery.cancelled`` when a rule did it: the customer wrote before a reply that was to leave later."""


class Author(msgspec.Struct, rename="camel"):
    """Who wrote or did it: ``agent``, ``customer`` or ``system``; of a customer's mail the address it came from."""

    kind: str
    id: int | None
    name: str
    address: str | None = None


class Address(msgspec.Struct, rename="camel"):
    """A recipient."""

    name: str
    address: str


class CalendarPreview(msgspec.Struct, rename="camel", tag_field="kind", tag="calendar"):
    """An invitation: what it asks (``method``), what it is about, when (ISO 8601; dates alone when ``all_day``)."""

    method: str
    summary: str
    start: str | None
    end: str | None
    all_day: bool
    location: str
    organiser: Address | None
    attendees: list[Address]


class MailPreview(msgspec.Struct, rename="camel", tag_field="kind", tag="mail"):
    """A mail that lies in a mail; ``html`` is safe to show."""

    from_: Address | None = msgspec.field(name="from")
    to: list[Address]
    subject: str
    date: datetime | None
    text: str
    html: str


class FileItem(msgspec.Struct, rename="camel"):
    """A file of a message, draft or upload.

    ``content_id`` is what ``cid:`` addresses in the HTML name. ``content_type`` is the sender's word, ``sniffed_type``
    what the content shows (null for files of before). ``url`` needs no cookie and ends after a day.
    """

    id: int
    name: str
    content_type: str
    size: int
    url: str
    inline: bool
    content_id: str | None
    sniffed_type: str | None
    preview: CalendarPreview | MailPreview | None


class DeliveryItem(msgspec.Struct, rename="camel"):
    """How far an outgoing message has come; ``undo_until`` while it can be taken back.

    ``scheduled``: its author wants it to leave at ``send_at`` and not before. ``warning``: what a server says of a
    mail that it still tries to deliver.
    """

    id: int
    state: str
    error: str | None
    attempts: int
    send_at: datetime | None
    undo_until: datetime | None
    scheduled: bool
    warning: str | None


class Authentication(msgspec.Struct, rename="camel"):
    """What the receiving server says of a mail's sender; ``aligned``: the proof is for the domain that is shown."""

    spf: str = ""
    dkim: str = ""
    dmarc: str = ""
    server: str = ""
    aligned: bool = False


class Forwarder(msgspec.Struct, rename="camel"):
    """The agent who forwarded a customer's mail to the desk."""

    id: int
    name: str


class MessageItem(msgspec.Struct, rename="camel", tag_field="type", tag="message"):
    """Something said by the customer, an agent or the system. ``key`` is unique in the timeline.

    ``dated_at``: when its author says to have written it. ``own_address``: the address of ours that it was written to
    or leaves from. ``sent_elsewhere``: an answer of ours that did not leave through the desk. ``protection``: S/MIME or
    PGP. ``blocked_images``: images from elsewhere that are held back. ``html_cut``: too long to be shown here whole;
    ``/api/messages/{id}/html?all=1`` has the rest.
    """

    key: str
    id: int
    at: datetime
    kind: Literal["customer", "agent", "system"]
    channel: str
    author: Author
    html: str
    text: str
    quoted_html: str | None
    quoted_text: str | None
    subject: str
    to: list[Address]
    cc: list[Address]
    attachments: list[FileItem]
    delivery: DeliveryItem | None
    matched_by: str | None
    is_auto: bool
    raw_url: str | None
    lang: str | None
    dated_at: datetime | None
    own_address: str | None
    is_list: bool
    subject_changed: bool
    sent_elsewhere: bool
    forwarded_by: Forwarder | None
    protection: str
    authentication: Authentication | None
    signature_html: str
    plain: bool
    blocked_images: int = 0
    html_cut: bool = False


class NoteItem(msgspec.Struct, rename="camel", tag_field="type", tag="note"):
    """Something that agents told each other; no customer sees it."""

    key: str
    id: int
    at: datetime
    author: Author
    html: str
    text: str
    mentions: list[int]
    attachments: list[FileItem]


class EventItem(msgspec.Struct, rename="camel", tag_field="type", tag="event"):
    """Something done to the ticket; ``data`` names old and new as ``from`` and ``to``."""

    key: str
    at: datetime
    kind: str
    actor: Author
    data: dict[str, Any]
    rule: str | None


Item = MessageItem | NoteItem | EventItem


class TimelinePage(msgspec.Struct, rename="camel"):
    """Some items in order, oldest first, and the key of what came before them."""

    items: list[Item]
    before: str | None


def file_json() -> Any:
    """The SQL that makes a :class:`FileItem` of an attachment's row."""
    return func.json_build_object(
        "id", Attachment.id,
        "name", Attachment.name,
        "contentType", Attachment.content_type,
        "size", Attachment.size,
        "url", func.concat("/api/attachments/", Attachment.id),
        "inline", Attachment.disposition == "inline",
        "contentId", Attachment.content_id,
        "sniffedType", Attachment.sniffed_type,
        "preview", Attachment.preview,
    )  # fmt: skip


def files_json() -> Any:
    """The SQL that makes a list of :class:`FileItem` of attachments' rows, in the order in which they came."""
    return func.json_agg(aggregate_order_by(file_json(), Attachment.id))


def _messages() -> Select[*tuple[Any, ...]]:
    """The columns that :func:`_message_item` reads, in its order."""
    files = select(files_json()).where(Attachment.message_id == Message.id).correlate(Message).scalar_subquery()
    forwarder = (
        select(func.json_build_object("id", Agent.id, "name", Agent.name))
        .where(Agent.id == Message.forwarded_by_id)
        .correlate(Message)
        .scalar_subquery()
    )
    return select(
        Message.id, Message.kind, Message.channel, Message.author_agent_id, Message.author_customer_id,
        Message.author_name, Message.html, Message.text, Message.quoted_html, Message.quoted_text, Message.subject,
        Message.to, Message.cc, Message.matched_by, Message.is_auto, Message.inbound_item_id, Message.language,
        Message.mentions, Message.created_at,
        Delivery.id, Delivery.state, Delivery.error, Delivery.attempts, Delivery.send_at, Delivery.scheduled,
        Delivery.warning,
        files,
        Message.dated_at, Message.own_address, Message.is_list, Message.subject_changed, Message.sent_elsewhere,
        forwarder, Message.protection, Message.authentication, Message.signature_html, Message.plain,
        Message.author_address,
    ).outerjoin(Delivery, Delivery.message_id == Message.id)  # fmt: skip


_limit = bindparam("limit", 50, type_=BigInteger)
_ticket = bindparam("ticket", 0, type_=BigInteger)


@functools.lru_cache(maxsize=1)
def _messages_page() -> Compiled:
    before = bindparam("message", FAR, type_=BigInteger)
    page = _messages().where(Message.ticket_id == _ticket, Message.id < before)
    return Compiled(page.order_by(Message.id.desc()).limit(_limit))


@functools.lru_cache(maxsize=1)
def _messages_by_id() -> Compiled:
    return Compiled(
        _messages().where(Message.id == any_(bindparam("ids", [0], type_=ARRAY(BigInteger)))).order_by(Message.id)
    )


@functools.lru_cache(maxsize=1)
def _events_page() -> Compiled:
    kinds = ", ".join(f"'{kind}'" for kind in SHOWN_EVENTS)
    states = ", ".join(f"'{state}'" for state in SHOWN_DELIVERIES)
    shown: ColumnElement[bool] = literal_column(
        f"(events.kind in ({kinds}) or (events.kind = 'delivery.changed' and (events.data->>'state' in ({states})"
        " or (events.data->>'state' = 'cancelled' and events.rule is not null))))"
    )
    return Compiled(
        select(
            EventRow.id, EventRow.at, EventRow.kind, EventRow.actor_kind, EventRow.actor_id, EventRow.actor_name,
            EventRow.rule, EventRow.data,
        )
        .where(EventRow.ticket_id == _ticket, EventRow.id < bindparam("event", FAR, type_=BigInteger))
        .where(literal_column("not events.private"), shown)
        .order_by(EventRow.id.desc())
        .limit(_limit)
    )  # fmt: skip


def files_of(value: Any) -> list[FileItem]:
    """The files in a column of JSON; null where there are none."""
    return msgspec.convert(value, list[FileItem]) if value else []


def _people(value: Any) -> list[Address]:
    return msgspec.convert(value, list[Address]) if value else []


def _message_item(r: Sequence[Any]) -> MessageItem | NoteItem:
    kind = r[1]
    author = Author("agent" if r[3] else "customer" if r[4] else "system", r[3] or r[4], r[5], r[37])
    attached = files_of(r[26])
    if kind == "note":
        return NoteItem(f"m{r[0]}", r[0], r[18], author, r[6], r[7], list(r[17]), attached)
    return MessageItem(
        key=f"m{r[0]}",
        id=r[0],
        at=r[18],
        kind=kind,
        channel=r[2],
        author=author,
        html=r[6],
        text=r[7],
        quoted_html=r[8] or None,
        quoted_text=r[9] or None,
        subject=r[10],
        to=_people(r[11]),
        cc=_people(r[12]),
        attachments=attached,
        delivery=_delivery_item(r) if r[19] is not None else None,
        matched_by=r[13],
        is_auto=r[14],
        raw_url=f"/api/messages/{r[0]}/raw" if r[15] is not None else None,
        lang=r[16],
        dated_at=r[27],
        own_address=r[28],
        is_list=r[29],
        subject_changed=r[30],
        sent_elsewhere=r[31],
        forwarded_by=msgspec.convert(r[32], Forwarder) if r[32] else None,
        protection=r[33],
        authentication=msgspec.convert(r[34], Authentication) if r[34] else None,
        signature_html=r[35],
        plain=r[36],
    )


def _delivery_item(r: Sequence[Any]) -> DeliveryItem:
    undo_until = r[23] if r[20] == "queued" and not r[22] else None
    return DeliveryItem(r[19], r[20], r[21], r[22], r[23], undo_until, r[24], r[25])


_NAMES: Final = {"old": "from", "new": "to", "from_id": "from", "to_id": "to"}


def _event_item(r: Sequence[Any]) -> EventItem:
    data: dict[str, Any] = r[7]
    kind = f"delivery.{data['state']}" if r[2] == "delivery.changed" else r[2]
    shown = {_NAMES.get(name, name): value for name, value in data.items()}
    return EventItem(f"e{r[0]}", r[1], kind, Author(r[3], r[4], r[5]), shown, r[6])


def _read_key(key: str | None) -> tuple[int, int]:
    """How far messages and events were read.

    Raises:
        Invalid: it is not a key of ours.
    """
    if key is None:
        return FAR, FAR
    message, _, event = key.partition(".")
    if not (message.isdecimal() and event.isdecimal() and len(key) < 40):
        raise Invalid.field("before", "This is not a key of a timeline.")
    return min(int(message), FAR), min(int(event), FAR)


async def read(source: Source, ticket_id: int, before: str | None = None, limit: int = 50) -> TimelinePage:
    """The newest items before a key, oldest first. Whether the reader may see the ticket is the caller's to check.

    Args:
        source: where to read.
        ticket_id: the ticket.
        before: the ``before`` of the page that came next; None: the newest page.
        limit: items, at most :data:`LONGEST_PAGE`.

    Raises:
        Invalid: ``before`` is not a key of ours.
    """
    message, event = _read_key(before)
    limit = max(1, min(limit, LONGEST_PAGE))
    values = {"ticket": ticket_id, "message": message, "event": event, "limit": limit + 1}
    messages = [_message_item(row) for row in await _messages_page().run(source, values)]
    happened = [_event_item(row) for row in await _events_page().run(source, values)]
    return _merge(messages, happened, (message, event), limit)


def _merge(
    messages: list[MessageItem | NoteItem], happened: list[EventItem], read_to: tuple[int, int], limit: int
) -> TimelinePage:
    """Take from both streams, newest first, each in its own order; what was written at once stays message first."""
    items: list[Item] = []
    message, event = read_to
    m = e = 0
    while len(items) < limit and (m < len(messages) or e < len(happened)):
        if e < len(happened) and (m == len(messages) or happened[e].at >= messages[m].at):
            items.append(happened[e])
            event = int(happened[e].key[1:])
            e += 1
        else:
            items.append(messages[m])
            message = messages[m].id
            m += 1
    more = m < len(messages) or e < len(happened)
    items.reverse()
    return TimelinePage(items, f"{message}.{event}" if more else None)


def is_key(text: str) -> bool:
    """Whether something can be the key of an item: a letter for its kind, and a number."""
    return text[:1].isalpha() and text[1:].isascii() and text[1:].isdecimal()


async def read_after(source: Source, ticket_id: int, key: str) -> TimelinePage:
    """The items that came after the one with ``key``; when that is not among the newest, the newest page."""
    page = await read(source, ticket_id, limit=LONGEST_PAGE)
    place = next((n for n, item in enumerate(page.items) if item.key == key), None)
    return page if place is None else TimelinePage(page.items[place + 1 :], None)


async def items_of(source: Source, message_ids: list[int]) -> list[MessageItem | NoteItem]:
    """Messages and notes as items, in order; one statement."""
    return [_message_item(row) for row in await _messages_by_id().run(source, {"ids": message_ids})]


async def item_of(source: Source, message_id: int) -> MessageItem | NoteItem:
    """One message or note as an item.

    Raises:
        NotFound: there is none with this id.
    """
    found = await items_of(source, [message_id])
    if not found:
        raise NotFound("There is no such message.")
    return found[0]

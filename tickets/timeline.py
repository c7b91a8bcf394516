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
from sqlalchemy.dialects.postgresql import ARRAY

from core.errors import Invalid, NotFound
from core.events import EventRow
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
    "ticket.merged",
)
SHOWN_DELIVERIES: Final = ("failed", "bounced", "unknown")
"""States of a delivery that are events of the timeline (``delivery.failed`` …); the others show on the message."""


class Author(msgspec.Struct, rename="camel"):
    """Who wrote or did it: ``agent``, ``customer`` or ``system``."""

    kind: str
    id: int | None
    name: str


class Address(msgspec.Struct, rename="camel"):
    """A recipient."""

    name: str
    address: str


class FileItem(msgspec.Struct, rename="camel"):
    """A file of a message, draft or upload. ``content_id`` is what ``cid:`` addresses in the HTML name."""

    id: int
    name: str
    content_type: str
    size: int
    url: str
    inline: bool
    content_id: str | None


class DeliveryItem(msgspec.Struct, rename="camel"):
    """How far an outgoing message has come; ``undo_until`` while it can be taken back."""

    id: int
    state: str
    error: str | None
    attempts: int
    send_at: datetime | None
    undo_until: datetime | None


class MessageItem(msgspec.Struct, rename="camel", tag_field="type", tag="message"):
    """Something said by the customer, an agent or the system. ``key`` is unique in the timeline."""

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
    )  # fmt: skip


def _messages() -> Select[*tuple[Any, ...]]:
    """The columns that :func:`_message_item` reads, in its order."""
    files = (
        select(func.json_agg(file_json()))
        .where(Attachment.message_id == Message.id)
        .correlate(Message)
        .scalar_subquery()
    )
    return select(
        Message.id, Message.kind, Message.channel, Message.author_agent_id, Message.author_customer_id,
        Message.author_name, Message.html, Message.text, Message.quoted_html, Message.quoted_text, Message.subject,
        Message.to, Message.cc, Message.matched_by, Message.is_auto, Message.inbound_item_id, Message.language,
        Message.mentions, Message.created_at,
        Delivery.id, Delivery.state, Delivery.error, Delivery.attempts, Delivery.send_at,
        files,
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
        f"(events.kind in ({kinds}) or (events.kind = 'delivery.changed' and events.data->>'state' in ({states})))"
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
    author = Author("agent" if r[3] else "customer" if r[4] else "system", r[3] or r[4], r[5])
    attached = files_of(r[24])
    if kind == "note":
        return NoteItem(f"m{r[0]}", r[0], r[18], author, r[6], r[7], list(r[17]), attached)
    delivery = None
    if r[19] is not None:
        delivery = DeliveryItem(r[19], r[20], r[21], r[22], r[23], r[23] if r[20] == "queued" and not r[22] else None)
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
        delivery=delivery,
        matched_by=r[13],
        is_auto=r[14],
        raw_url=f"/api/messages/{r[0]}/raw" if r[15] is not None else None,
        lang=r[16],
    )


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

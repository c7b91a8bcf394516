"""A message came in: the person is found or made, the thread is found, the ticket is opened or continued.

Third step of everything inbound, called by the channels' readers (``channels/email/reader``, ``channels/web``) within
the ledger's transaction. Knows no channel: it defines the :class:`InboundMessage` that they must make.
"""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.actor import Actor, ActorKind
from core.sql import Sql
from customers import service as customers
from tickets import threading
from tickets.events import MessageReceived, StatusChanged, TicketCreated, TicketWoken

SNIPPET_LENGTH = 140


class Person(msgspec.Struct, frozen=True):
    """A name and a normalised address; stored as JSON in a message's recipients."""

    name: str
    address: str


class NewAttachment(msgspec.Struct, frozen=True):
    """A file whose content is in the storage already."""

    name: str
    content_type: str
    size: int
    sha256: str
    storage_key: str
    disposition: str = "attachment"
    content_id: str | None = None


class InboundMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel makes of one inbound item.

    Attributes:
        sender: who wrote.
        html: sanitised; empty where the message is plain text.
        token_ticket_id: ticket named by a valid signed recipient address.
        into_ticket_id: the "could not read" ticket of an item that is being processed again.
        is_auto: out-of-office and the like: kept in the ticket, does not open it again nor restart the waiting clock.
    """

    channel: str
    account_id: int | None
    inbound_item_id: int | None
    sender: Person
    subject: str
    text: str
    html: str = ""
    quoted_text: str = ""
    quoted_html: str = ""
    to: list[Person] = []
    cc: list[Person] = []
    message_id_header: str | None = None
    in_reply_to: str | None = None
    references: list[str] = []
    token_ticket_id: int | None = None
    into_ticket_id: int | None = None
    team_id: int | None = None
    is_auto: bool = False
    language: str | None = None
    tags: list[str] = []
    attachments: list[NewAttachment] = []


class Received(msgspec.Struct, frozen=True):
    """Where the message went."""

    ticket_id: int
    message_id: int
    created: bool
    matched_by: str | None
    customer_id: int


_IDS = """
    ids as materialized (
        select nextval(pg_get_serial_sequence('messages', 'id')) as mid{ticket}
    )
"""
_MESSAGE = """
    insert into messages (id, ticket_id, kind, channel, author_customer_id, author_name, author_address, subject, text,
        html, quoted_text, quoted_html, "to", cc, message_id_header, in_reply_to, "references", matched_by, is_auto,
        account_id, inbound_item_id, language, created_at)
    select mid, {ticket}, 'customer', :channel, :customer_id, :author_name, :author_address, :subject, :text, :html,
        :quoted_text, :quoted_html, cast(:to as jsonb), cast(:cc as jsonb), :message_id_header, :in_reply_to,
        :references, :matched_by, :is_auto, :account_id, :inbound_item_id, :language, :now from ids
"""
_OPEN = Sql(
    f"""
    with {_IDS.format(ticket=", nextval(pg_get_serial_sequence('tickets', 'id')) as tid")},
    ticket as (
        insert into tickets (id, subject, channel, customer_id, team_id, account_id, tags, created_at, last_activity_at,
            waiting_since, message_count, last_message_id, last_customer_message_id, snippet, snippet_by)
        select tid, :subject, :channel, :customer_id, :team_id, :account_id, :tags, :now, :now, :waiting_since, 1, mid,
            mid, :snippet, 'customer' from ids
    ), message as ({_MESSAGE.format(ticket="tid")})
    select tid, mid from ids
    """  # noqa: S608 - put together from constants of this module
)
_CONTINUE = Sql(
    f"""
    with {_IDS.format(ticket="")},
    ticket as (
        update tickets set last_activity_at = :now, last_message_id = mid, last_customer_message_id = mid,
            message_count = message_count + 1, snippet = :snippet, snippet_by = 'customer', version = version + 1,
            status = case when :is_auto then status else 'open' end,
            reopen_count = reopen_count + case when not :is_auto and status = 'solved' then 1 else 0 end,
            solved_at = case when :is_auto then solved_at else null end,
            snoozed_until = case when :is_auto then snoozed_until else null end,
            waiting_since = case when :is_auto then waiting_since else coalesce(waiting_since, :now) end
        from ids where tickets.id = :ticket_id
    ), message as ({_MESSAGE.format(ticket=":ticket_id")})
    select :ticket_id as tid, mid from ids
    """  # noqa: S608 - put together from constants of this module
)


def clean(value: str) -> str:
    """Text that PostgreSQL can hold: no NUL, no lone surrogates."""
    return value.replace("\x00", "").encode("utf-8", "replace").decode()


def snippet_of(text_body: str) -> str:
    """The first words of a message, on one line, for lists."""
    words = " ".join(text_body[: SNIPPET_LENGTH * 4].split())
    return words if len(words) <= SNIPPET_LENGTH else words[: SNIPPET_LENGTH - 1].rstrip() + "…"


def _values(message: InboundMessage, found: customers.Found, now: datetime, matched_by: str | None) -> dict[str, Any]:
    return {
        "channel": message.channel,
        "customer_id": found.id,
        "author_name": clean(message.sender.name) or found.name,
        "author_address": message.sender.address,
        "subject": clean(message.subject)[:998],
        "text": clean(message.text),
        "html": clean(message.html),
        "quoted_text": clean(message.quoted_text),
        "quoted_html": clean(message.quoted_html),
        "to": clean(msgspec.json.encode(message.to).decode()),
        "cc": clean(msgspec.json.encode(message.cc).decode()),
        "message_id_header": message.message_id_header,
        "in_reply_to": message.in_reply_to,
        "references": message.references,
        "matched_by": matched_by,
        "is_auto": message.is_auto,
        "account_id": message.account_id,
        "inbound_item_id": message.inbound_item_id,
        "language": message.language,
        "now": now,
        "snippet": clean(snippet_of(message.text)),
    }


async def receive(session: AsyncSession, message: InboundMessage) -> Received:
    """Take a message in. One transaction with its ledger row, so it is wholly in or not at all.

    Raises:
        Invalid: the sender's address is not one (the channel's reader sees to it that there is one).
    """
    found = await customers.find_or_create(
        session, message.sender.address, message.sender.name, message.channel, message.language
    )
    match = await _match(session, message, found.id)
    actor = Actor(ActorKind.CUSTOMER, found.id, found.name)
    if match is None or match.follow_up:
        received = await _open(session, message, found, match, actor)
    else:
        received = await _continue(session, message, found, match, actor)
    await _attach(session, message, received.message_id)
    return received


async def _match(session: AsyncSession, message: InboundMessage, customer_id: int) -> threading.Match | None:
    clues = threading.Clues(
        token_ticket_id=message.into_ticket_id or message.token_ticket_id,
        in_reply_to=message.in_reply_to,
        references=message.references,
        subject=message.subject,
        sender=message.sender.address,
        customer_id=customer_id,
        recipients=[person.address for person in (*message.to, *message.cc)],
    )
    return await threading.find(session, clues)


async def _open(
    session: AsyncSession,
    message: InboundMessage,
    found: customers.Found,
    match: threading.Match | None,
    actor: Actor,
) -> Received:
    matched_by = f"follow_up:{match.matched_by}" if match else None
    values = _values(message, found, clock.now(), matched_by)
    values |= {
        "team_id": message.team_id,
        "tags": message.tags,
        "waiting_since": None if message.is_auto else values["now"],
    }
    values["subject"] = values["subject"].strip() or values["snippet"][:80] or "(no subject)"
    tid, mid = await _OPEN.first(session, **values)
    who = {"ticket_id": tid, "customer_id": found.id, "teams": (message.team_id or events.NO_TEAM,)}
    events.record(
        session,
        TicketCreated(
            channel=message.channel,
            account_id=message.account_id,
            follow_up_of=match.ticket.id if match else None,
            **who,
        ),
        actor,
    )
    events.record(
        session, MessageReceived(message_id=mid, matched_by=matched_by, is_auto=message.is_auto, **who), actor
    )
    return Received(tid, mid, True, matched_by, found.id)


async def _continue(
    session: AsyncSession, message: InboundMessage, found: customers.Found, match: threading.Match, actor: Actor
) -> Received:
    ticket = match.ticket
    matched_by = "reprocessed" if message.into_ticket_id == ticket.id else match.matched_by
    values = _values(message, found, clock.now(), matched_by)
    tid, mid = await _CONTINUE.first(session, **values, ticket_id=ticket.id)
    who: dict[str, Any] = {
        "ticket_id": tid,
        "customer_id": ticket.customer_id,
        "teams": (ticket.team_id or events.NO_TEAM,),
        "agents": (ticket.assignee_id,) if ticket.assignee_id else (),
    }
    events.record(
        session, MessageReceived(message_id=mid, matched_by=matched_by, is_auto=message.is_auto, **who), actor
    )
    if not message.is_auto and ticket.status != "open":
        events.record(session, StatusChanged(old=ticket.status, new="open", rule="The customer wrote", **who), actor)
    if not message.is_auto and ticket.snoozed:
        events.record(session, TicketWoken(because="The customer wrote", **who), actor)
    return Received(tid, mid, False, matched_by, ticket.customer_id)


_ATTACH = Sql(
    """
    insert into attachments (message_id, name, content_type, size, sha256, storage_key, disposition, content_id,
        created_at)
    select :message_id, f.name, f.content_type, f.size, f.sha256, f.storage_key, f.disposition, f.content_id, :now
    from rows from (jsonb_to_recordset(cast(:files as jsonb)) as (
        name text, content_type text, size bigint, sha256 text, storage_key text, disposition text, content_id text)
    ) with ordinality as f(name, content_type, size, sha256, storage_key, disposition, content_id, n)
    order by n
    """
)


async def _attach(session: AsyncSession, message: InboundMessage, message_id: int) -> None:
    if not message.attachments:
        return
    files = [
        msgspec.structs.replace(
            each,
            name=clean(each.name)[:255],
            content_type=clean(each.content_type)[:255],
            disposition=each.disposition or "attachment",
            content_id=clean(each.content_id) if each.content_id else None,
        )
        for each in message.attachments
    ]
    listed = msgspec.json.encode(files).decode()
    await _ATTACH.all(session, message_id=message_id, files=listed, now=clock.now())

"""A message came in: the person is found or made, the thread is found, the ticket is opened or continued.

Third step of everything inbound, called by the channels' readers (``channels/email/reader``, ``channels/web``) within
the ledger's transaction. Knows no channel: it defines the :class:`InboundMessage` that they must make.
"""

from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.actor import SYSTEM, Actor, ActorKind
from core.sql import Sql
from customers import service as customers
from products import entitlement
from tickets import participants, threading
from tickets.events import AnsweredElsewhere, MessageReceived, StatusChanged, TicketCreated, TicketWoken
from tickets.models import Ticket

SNIPPET_LENGTH = 140
SUBJECT_LENGTH = 80
"""Characters of the first words, where a message has no subject."""
_TURNING = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))


NAMELESS = "Unknown sender"


class Person(msgspec.Struct, frozen=True):
    """A name and a normalised address; stored as JSON in a message's recipients.

    Whoever wrote without an address that could be answered has an empty one.
    """

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
    sniffed_type: str | None = None
    preview: dict[str, Any] | None = None


class OurAnswer(msgspec.Struct, frozen=True):
    """A message of ours that a colleague sent from elsewhere (her own mail program).

    Attributes:
        agent_id: who of us; None when only the mailbox is known.
        customer: whom she wrote to.
    """

    agent_id: int | None
    customer: Person


class InboundMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel makes of one inbound item.

    Attributes:
        sender: who wrote.
        html: sanitised; empty where the message is plain text.
        token_ticket_id: ticket named by a valid signed recipient address.
        portal_ticket_id: ticket in which its author, who may, answered on the portal.
        may_name_ticket: whether a number in the subject counts; not of who only typed an address into a form.
        into_ticket_id: the "could not read" ticket of an item that is being processed again.
        conversation_ticket_id: ticket of the conversation that the sender's browser has proved to be in.
        customer_id: whose it is, where the channel knows that; else the person is found by the address.
        mark_ticket_id: ticket named by a valid mark in the body.
        is_auto: out-of-office and the like: kept in the ticket, does not open it again nor restart the waiting clock.
        is_list: came through a mailing list or is a bulk mail.
        dated_at: when its author says to have written it, aware.
        own_address: the address of ours that it was written to.
        forwarded_by_id: the agent who forwarded it to us.
        protection: S/MIME or PGP (``channels/email/parsed.py``).
        authentication: what the receiving server says of SPF, DKIM and DMARC.
        archived: it is history: it keeps the moment ``at``, its ticket is closed, and nothing follows from it.
        at: when it came in, aware; None: now.
        our_answer: set when it is not the customer's but ours.
        registration_id: the registered product that its sender has named; decides what she is entitled to.
        reopen_days: a ticket that was solved longer ago is not opened again; the message opens a new one.
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
    portal_ticket_id: int | None = None
    may_name_ticket: bool = True
    mark_ticket_id: int | None = None
    into_ticket_id: int | None = None
    conversation_ticket_id: int | None = None
    customer_id: int | None = None
    team_id: int | None = None
    is_auto: bool = False
    is_list: bool = False
    dated_at: datetime | None = None
    own_address: str | None = None
    forwarded_by_id: int | None = None
    protection: str = ""
    authentication: dict[str, Any] | None = None
    archived: bool = False
    at: datetime | None = None
    our_answer: OurAnswer | None = None
    reopen_days: int | None = None
    registration_id: int | None = None
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
    insert into messages (id, ticket_id, kind, channel, author_agent_id, author_customer_id, author_name,
        author_address, subject, text, html, quoted_text, quoted_html, "to", cc, message_id_header, in_reply_to,
        "references", matched_by, is_auto, account_id, inbound_item_id, language, dated_at, own_address, is_list,
        subject_changed, sent_elsewhere, forwarded_by_id, protection, authentication, created_at)
    select mid, {ticket}, :kind, :channel, :agent_id, :author_customer_id, :author_name, :author_address, :subject,
        :text, :html, :quoted_text, :quoted_html, cast(:to as jsonb), cast(:cc as jsonb), :message_id_header,
        :in_reply_to, :references, :matched_by, :is_auto, :account_id, :inbound_item_id, :language, :dated_at,
        :own_address, :is_list, :subject_changed, :kind = 'agent', :forwarded_by_id, :protection,
        cast(:authentication as jsonb), :at from ids
"""
_OPEN = Sql(
    f"""
    with {_IDS.format(ticket=", nextval(pg_get_serial_sequence('tickets', 'id')) as tid")},
    ticket as (
        insert into tickets (id, subject, status, channel, customer_id, team_id, account_id, tags, created_at,
            last_activity_at, waiting_since, first_reply_at, solved_at, closed_at, message_count, last_message_id,
            last_customer_message_id, snippet, snippet_by, priority, registration_id, entitlement, entitlement_reason,
            entitlement_until)
        select tid, :ticket_subject, :status, :channel, :customer_id, :team_id, :account_id, :tags, :at, :at,
            case when :status = 'open' and not :is_auto then cast(:at as timestamptz) end,
            case when :kind = 'agent' then cast(:at as timestamptz) end,
            case when :status = 'closed' then cast(:at as timestamptz) end,
            case when :status = 'closed' then cast(:at as timestamptz) end,
            1, mid, case when :kind = 'customer' then mid end, :snippet, :kind, :priority,
            cast(:registration_id as bigint), :entitlement, :entitlement_reason, cast(:entitlement_until as date)
            from ids
    ), message as ({_MESSAGE.format(ticket="tid")})
    select tid, mid from ids
    """  # noqa: S608 - put together from constants of this module
)
_CONTINUE = Sql(
    f"""
    with {_IDS.format(ticket="")},
    ticket as (
        update tickets set last_activity_at = greatest(last_activity_at, :at), last_message_id = mid,
            last_customer_message_id = case when :kind = 'customer' then mid else last_customer_message_id end,
            message_count = message_count + 1, snippet = :snippet, snippet_by = :kind, version = version + 1,
            status = case when :quiet then status else 'open' end,
            reopen_count = reopen_count + case when not :quiet and status = 'solved' then 1 else 0 end,
            solved_at = case when :quiet then solved_at else null end,
            snoozed_until = case when :quiet then snoozed_until else null end,
            first_reply_at = case when :kind = 'agent' then coalesce(first_reply_at, :at) else first_reply_at end,
            waiting_since = case when :kind = 'agent' then null when :quiet then waiting_since
                else coalesce(waiting_since, :at) end
        from ids where tickets.id = :ticket_id
    ), message as ({_MESSAGE.format(ticket=":ticket_id")})
    select :ticket_id as tid, mid from ids
    """  # noqa: S608 - put together from constants of this module
)


def clean(value: str) -> str:
    """Text that PostgreSQL can hold: no NUL, no lone surrogates."""
    return value.replace("\x00", "").encode("utf-8", "replace").decode()


def clean_line(value: str) -> str:
    """The same for names and subjects, without characters that turn what follows round: they make exe.png of gnp.exe.

    The source is UAX 9, section 2: explicit embeddings, overrides and isolates.
    """
    return clean(value).translate(_TURNING)


def snippet_of(text_body: str, most: int = SNIPPET_LENGTH) -> str:
    """The first words of a message, on one line, for lists."""
    words = " ".join(text_body[: most * 4].split())
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def _values(message: InboundMessage, found: customers.Found, matched_by: str | None) -> dict[str, Any]:
    ours = message.our_answer
    text_body = clean(message.text)
    authentication = message.authentication
    return {
        "kind": "agent" if ours else "customer",
        "agent_id": ours.agent_id if ours else None,
        "author_customer_id": None if ours else found.id,
        "channel": message.channel,
        "author_name": clean_line(message.sender.name) or (message.sender.address if ours else found.name),
        "author_address": message.sender.address or None,
        "subject": clean_line(message.subject)[:998],
        "text": text_body,
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
        "dated_at": message.dated_at,
        "own_address": message.own_address,
        "is_list": message.is_list,
        "subject_changed": False,
        "forwarded_by_id": message.forwarded_by_id,
        "protection": message.protection,
        "authentication": clean(msgspec.json.encode(authentication).decode()) if authentication else None,
        "at": message.at or clock.now(),
        "snippet": snippet_of(text_body),
    }


async def receive(session: AsyncSession, message: InboundMessage) -> Received:
    """Take a message in. One transaction with its ledger row, so it is wholly in or not at all.

    Raises:
        Invalid: the sender's address is not one (the channel's reader sees to it that it is, or empty).
    """
    if message.archived:
        events.comes_from(session, "import")
    found = await _person(session, message)
    match = await _match(session, message, found.id)
    if match is None or (match.follow_up and not message.archived):
        received = await _open(session, message, found, match)
    else:
        received = await _continue(session, message, found, match)
    await _attach(session, message, received.message_id)
    await _note_participants(session, message, received, found.id)
    return received


async def _person(session: AsyncSession, message: InboundMessage) -> customers.Found:
    if message.customer_id is not None:
        known = await customers.get(session, message.customer_id)
        return customers.Found(known.id, known.name, known.vip, False, known.organisation_id)
    person = message.our_answer.customer if message.our_answer else message.sender
    if not person.address:
        return await _without_address(session, message, person.name)
    return await customers.find_or_create(session, person.address, person.name, message.channel, message.language)


async def _without_address(session: AsyncSession, message: InboundMessage, name: str) -> customers.Found:
    """Somebody of whom nothing is known that she could be found by: a person of her own for each message.

    A message that is processed again belongs to whom it was given to the first time.
    """
    if message.into_ticket_id is not None:
        owner = await session.scalar(select(Ticket.customer_id).where(Ticket.id == message.into_ticket_id))
        if owner is not None:
            known = await customers.get(session, owner)
            return customers.Found(known.id, known.name, known.vip, False, known.organisation_id)
    return await customers.create_unknown(session, name or NAMELESS, message.channel, message.language)


async def _note_participants(
    session: AsyncSession, message: InboundMessage, received: Received, sender_id: int
) -> None:
    """Let those whom a believed sender has written to as well take part (``tickets/participants.py``)."""
    ours = message.our_answer is not None
    believed = received.created or (received.customer_id == sender_id and received.matched_by in participants.PROVEN)
    if not (believed or ours) or message.is_auto or message.is_list or message.archived:
        return
    known = {message.sender.address, message.own_address}
    others = [each.address for each in (*message.to, *message.cc) if each.address not in known]
    await participants.add(session, received.ticket_id, others)


def _actor(message: InboundMessage, found: customers.Found) -> Actor:
    if message.our_answer is None:
        return Actor(ActorKind.CUSTOMER, found.id, found.name)
    agent_id = message.our_answer.agent_id
    return Actor(ActorKind.AGENT, agent_id, message.sender.name) if agent_id else SYSTEM


async def _match(session: AsyncSession, message: InboundMessage, customer_id: int) -> threading.Match | None:
    clues = threading.Clues(
        token_ticket_id=message.into_ticket_id or message.token_ticket_id,
        portal_ticket_id=message.portal_ticket_id,
        in_reply_to=message.in_reply_to,
        references=message.references,
        mark_ticket_id=message.mark_ticket_id,
        conversation_ticket_id=message.conversation_ticket_id,
        subject=message.subject if message.may_name_ticket else "",
        sender=message.our_answer.customer.address if message.our_answer else message.sender.address,
        customer_id=customer_id,
        recipients=[person.address for person in (*message.to, *message.cc)],
        reopen_days=message.reopen_days,
        own_id=message.message_id_header,
    )
    return await threading.find(session, clues)


class Frozen(msgspec.Struct, frozen=True):
    """What a new ticket keeps of its product's cover, and the priority that follows from it."""

    entitlement: str = "none"
    entitlement_reason: str = ""
    entitlement_until: date | None = None
    priority: str = "normal"

    def facts(self) -> dict[str, Any]:
        """What the event of a new ticket tells of it."""
        return {
            "entitlement": self.entitlement,
            "entitlement_until": self.entitlement_until,
            "priority": self.priority,
        }


async def freeze(session: AsyncSession, registration_id: int | None, at: datetime) -> Frozen:
    """What somebody is entitled to at this moment, to be kept on a ticket that is opened now.

    Args:
        session: the unit of work.
        registration_id: the product that it is about; None: none was named.
        at: when it is opened.
    """
    if registration_id is None:
        return Frozen()
    found = await entitlement.entitlement(session, registration_id, at)
    priority = (await entitlement.priorities(session)).get(found.state, "normal")
    return Frozen(found.state, found.reason, found.until, priority)


async def _open(
    session: AsyncSession, message: InboundMessage, found: customers.Found, match: threading.Match | None
) -> Received:
    matched_by = f"follow_up:{match.matched_by}" if match else None
    values = _values(message, found, matched_by)
    values |= {
        "customer_id": found.id,
        "team_id": message.team_id,
        "tags": message.tags,
        "status": "closed" if message.archived else "pending" if message.our_answer else "open",
        "registration_id": message.registration_id,
        "ticket_subject": values["subject"].strip() or snippet_of(values["snippet"], SUBJECT_LENGTH) or "(no subject)",
    }
    frozen = await freeze(session, message.registration_id, values["at"])
    values |= msgspec.structs.asdict(frozen)
    tid, mid = await _OPEN.first(session, **values)
    who = {"ticket_id": tid, "customer_id": found.id, "teams": (message.team_id or events.NO_TEAM,)}
    created = TicketCreated(
        channel=message.channel,
        account_id=message.account_id,
        follow_up_of=match.ticket.id if match else None,
        archived=message.archived,
        status=values["status"],
        waits_since=values["at"] if values["status"] == "open" and not message.is_auto else None,
        **frozen.facts(),
        **who,
    )
    actor = _actor(message, found)
    events.record(session, created, actor)
    if not message.archived:
        _record_message(session, message, mid, matched_by, who, actor)
    return Received(tid, mid, True, matched_by, found.id)


def _record_message(
    session: AsyncSession, message: InboundMessage, mid: int, matched_by: str | None, who: dict[str, Any], actor: Actor
) -> None:
    if message.our_answer is not None:
        events.record(session, AnsweredElsewhere(message_id=mid, matched_by=matched_by, **who), actor)
        return
    quiet = message.is_auto or message.archived
    events.record(session, MessageReceived(message_id=mid, matched_by=matched_by, is_auto=quiet, **who), actor)


async def _continue(
    session: AsyncSession, message: InboundMessage, found: customers.Found, match: threading.Match
) -> Received:
    ticket = match.ticket
    matched_by = "reprocessed" if message.into_ticket_id == ticket.id else match.matched_by
    quiet = message.is_auto or message.archived or message.our_answer is not None
    values = _values(message, found, matched_by) | {"quiet": quiet, "ticket_id": ticket.id}
    values["subject_changed"] = not quiet and not threading.same_subject(message.subject, ticket.subject)
    tid, mid = await _CONTINUE.first(session, **values)
    who: dict[str, Any] = {
        "ticket_id": tid,
        "customer_id": ticket.customer_id,
        "teams": (ticket.team_id or events.NO_TEAM,),
        "agents": (ticket.assignee_id,) if ticket.assignee_id else (),
    }
    actor = _actor(message, found)
    _record_message(session, message, mid, matched_by, who, actor)
    if not quiet and ticket.status != "open":
        events.record(session, StatusChanged(old=ticket.status, new="open", rule="The customer wrote", **who), actor)
    if not quiet and ticket.snoozed:
        events.record(session, TicketWoken(because="The customer wrote", **who), actor)
    return Received(tid, mid, False, matched_by, ticket.customer_id)


_ATTACH = Sql(
    """
    insert into attachments (message_id, name, content_type, size, sha256, storage_key, disposition, content_id,
        sniffed_type, preview, created_at)
    select :message_id, f.name, f.content_type, f.size, f.sha256, f.storage_key, f.disposition, f.content_id,
        f.sniffed_type, nullif(f.preview, 'null'), :now
    from rows from (jsonb_to_recordset(cast(:files as jsonb)) as (name text, content_type text, size bigint,
        sha256 text, storage_key text, disposition text, content_id text, sniffed_type text, preview jsonb)
    ) with ordinality as f(name, content_type, size, sha256, storage_key, disposition, content_id, sniffed_type,
        preview, n)
    order by n
    """
)


async def _attach(session: AsyncSession, message: InboundMessage, message_id: int) -> None:
    if not message.attachments:
        return
    files = [
        msgspec.structs.replace(
            each,
            name=clean_line(each.name)[:255],
            content_type=clean(each.content_type)[:255],
            disposition=each.disposition or "attachment",
            content_id=clean(each.content_id) if each.content_id else None,
        )
        for each in message.attachments
    ]
    listed = clean(msgspec.json.encode(files).decode().replace("\\u0000", ""))
    await _ATTACH.all(session, message_id=message_id, files=listed, now=clock.now())

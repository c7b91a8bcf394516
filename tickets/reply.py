"""An agent answers, leaves a note, or writes first. The server guards the send.

Called by ``agent_ui/api``. A reply and its delivery row are one transaction; ``channels/outbound`` sends it. A private
note is another function with another kind, so that no slip of the client can mail one.
"""

from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.db import actor_of
from core.errors import Invalid, NotAllowed
from core.html import html_to_text, sanitise, sanitise_written, text_to_html
from core.sql import Sql
from customers import service as customers
from customers.contacts import leads_nowhere, normalise_email
from customers.models import ContactPoint
from tickets import attachments, delivery, drafts, lifecycle, participants, templates
from tickets.errors import StaleReply, TicketClosed
from tickets.events import MessageQueued, NoteAdded, TicketCreated, audience
from tickets.intake import Person, clean, freeze, snippet_of
from tickets.models import Delivery, Message, Ticket

MAX_RECIPIENTS: Final = 100
LATEST: Final = timedelta(days=366)
JUST_PAST: Final = timedelta(days=1)
"""A moment that passed while the reply waited in a browser without a connection is taken for now; older is a slip."""
WITHOUT_ADDRESS: Final = frozenset({"chat"})
"""Channels that reach somebody where she is, so that an answer needs no address."""


class Quoted(msgspec.Struct, frozen=True):
    """What stands below an author's own words, in both forms of a mail."""

    html: str
    text: str


class ReplyContent(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent sends.

    Attributes:
        client_key: made by the client, unique per reply; the same again returns what was made the first time.
        last_seen: id of the newest message that the author saw.
        force: send although something newer exists.
        status: status of the ticket afterwards.
        to: recipients; empty: the customer's address that wrote last.
        draft_revision: revision of the draft that this is; only that one is discarded.
        undo_seconds: how long it can be taken back.
        send_at: send it then and not before, aware; it is taken back when the customer writes first.
        plain: send it as plain text only.
        from_address: address of ours that it leaves from; None: the one that the customer wrote to.
        subject: of a message that is passed on to somebody else, who must be named; None: it is an answer.
        quoted: what is passed on; it stands below the signature and has been made safe when it came in.
    """

    client_key: str
    html: str
    text: str = ""
    last_seen: int | None = None
    force: bool = False
    status: Literal["open", "pending", "on_hold", "solved"] | None = None
    to: list[Person] = []
    cc: list[Person] = []
    bcc: list[Person] = []
    attachment_ids: list[int] = []
    draft_revision: int | None = None
    undo_seconds: int = 5
    send_at: datetime | None = None
    plain: bool = False
    from_address: str | None = None
    subject: str | None = None
    quoted: Quoted | None = None


class NoteContent(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent notes for colleagues."""

    client_key: str
    html: str
    mentions: list[int] = []
    attachment_ids: list[int] = []
    draft_revision: int | None = None


class NewTicket(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket that an agent opens by writing first."""

    client_key: str
    subject: str
    html: str
    customer_id: int | None = None
    customer_email: str | None = None
    customer_name: str = ""
    team_id: int | None = None
    account_id: int | None = None
    attachment_ids: list[int] = []
    undo_seconds: int = 5
    cc: list[Person] = []
    bcc: list[Person] = []
    plain: bool = False
    from_address: str | None = None
    registration_id: int | None = None


_ALREADY = Sql("select id from messages where client_key = :client_key and author_agent_id = :agent_id")
_ANSWERED = Sql(
    """
    select wrote.name, wrote.address, wrote.own_address,
        (select m.subject from messages m where m.ticket_id = :ticket_id and m.kind = 'customer' and m.subject <> ''
         order by m.id desc limit 1) as subject
    from (values (1)) as one (row) left join lateral (
        select m.author_name as name, m.author_address as address, m.own_address from messages m
        where m.ticket_id = :ticket_id and m.kind = 'customer' and m.author_address is not null
        order by m.is_auto, m.id desc limit 1
    ) as wrote on true
    """
)


_OWN_ADDRESS = Sql(
    """
    select own_address from messages where ticket_id = :ticket_id and kind = 'customer' order by id desc limit 1
    """
)


async def reply(session: AsyncSession, ticket_id: int, content: ReplyContent) -> Message:
    """Answer the customer.

    Raises:
        StaleReply: something newer stands in the ticket than ``last_seen``, and ``force`` is not set.
        TicketClosed: the ticket is closed.
        Invalid: no text, no recipient, a subject for an answer to the customer, or a file that is gone.
        NotFound: there is no such ticket.
    """
    ticket = await lifecycle.lock(session, ticket_id)
    done = await _already(session, content.client_key)
    if done is not None:
        return done
    if ticket.status == "closed":
        raise TicketClosed("This ticket is closed. Write to the customer in a new one.")
    await _guard(session, ticket, content)
    message = _message(session, ticket, "agent", content.client_key, content.html, content.text, content.quoted)
    answered = await _ANSWERED.first(session, ticket_id=ticket.id)
    message.subject = _subject(answered.subject or ticket.subject) if content.subject is None else _passed_on(content)
    message.to = _people(content.to) or await _customer_address(session, ticket, answered)
    message.cc, message.bcc = _people(content.cc), _people(content.bcc)
    message.plain, message.passed_on = content.plain, content.subject is not None
    message.own_address = content.from_address or answered.own_address
    # Before the ticket changes: every statement after that would write it once more.
    await drafts.discard(session, ticket.id, "reply", content.draft_revision)
    await _send(session, ticket, message, content.attachment_ids, *_leaves(content, message))
    await _note_participants(session, ticket, message, answered.address)
    if content.status is not None and content.status != ticket.status:
        await lifecycle.apply(session, ticket, lifecycle.TicketChange(status=content.status))
    return message


async def note(session: AsyncSession, ticket_id: int, content: NoteContent) -> Message:
    """Leave a note that no customer ever sees.

    Raises:
        Invalid: no text, or a file that is gone.
        NotFound: there is no such ticket.
    """
    ticket = await lifecycle.lock(session, ticket_id)
    done = await _already(session, content.client_key)
    if done is not None:
        return done
    message = _message(session, ticket, "note", content.client_key, content.html, "")
    message.mentions = list(dict.fromkeys(content.mentions))
    session.add(message)
    await session.flush()
    await attachments.bind_to_message(session, content.attachment_ids, message.id)
    _onto_ticket(ticket, message)
    await drafts.discard(session, ticket.id, "note", content.draft_revision)
    facts = audience(ticket)
    facts["agents"] = tuple({*facts["agents"], *message.mentions})
    events.record(session, NoteAdded(message_id=message.id, mentions=message.mentions, **facts))
    return message


async def system_note(session: AsyncSession, ticket_id: int, author_name: str, body: str) -> Message:
    """Leave a note in the desk's own name (something that must not get lost, and must not be sent either).

    Raises:
        NotFound: there is no such ticket.
    """
    ticket = await lifecycle.lock(session, ticket_id)
    message = Message(
        ticket_id=ticket.id,
        kind="note",
        channel="note",
        author_name=author_name,
        text=clean(body),
        html=text_to_html(clean(body)),
        mentions=[],
        created_at=clock.now(),
    )
    session.add(message)
    await session.flush()
    _onto_ticket(ticket, message)
    events.record(session, NoteAdded(message_id=message.id, mentions=[], **audience(ticket)))
    return message


async def open_ticket(session: AsyncSession, content: NewTicket) -> tuple[Ticket, Message]:
    """Write to somebody first. The author owns the ticket.

    Raises:
        Invalid: no subject, text or address, or no such team.
    """
    # There is no ticket yet whose lock would make a second click wait for the first.
    key = {"key": f"{actor_of(session).id}:{content.client_key}"}
    await session.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 9))"), key)
    done = await _already(session, content.client_key)
    if done is not None:
        return await lifecycle.lock(session, done.ticket_id), done
    if not content.subject.strip():
        raise Invalid.field("subject", "A subject is needed.")
    await lifecycle.check_team(session, content.team_id)
    customer_id, person = await _recipient(session, content)
    now = clock.now()
    frozen = await freeze(session, content.registration_id, now)
    ticket = Ticket(
        subject=" ".join(clean(content.subject).split())[:998],
        status="pending",
        registration_id=content.registration_id,
        **msgspec.structs.asdict(frozen),
        channel="email",
        customer_id=customer_id,
        team_id=content.team_id,
        account_id=content.account_id,
        assignee_id=actor_of(session).id,
        tags=[],
        created_at=now,
        last_activity_at=now,
        message_count=0,
        version=1,
    )
    session.add(ticket)
    await session.flush()
    kept: dict[str, Any] = {**frozen.facts(), "status": ticket.status}
    created = TicketCreated(channel="email", account_id=content.account_id, **audience(ticket), **kept)
    events.record(session, created)
    message = _message(session, ticket, "agent", content.client_key, content.html, "")
    message.subject = ticket.subject
    message.to = _people([person])
    message.cc, message.bcc = _people(content.cc), _people(content.bcc)
    message.plain, message.own_address = content.plain, content.from_address
    leaves = message.created_at + timedelta(seconds=content.undo_seconds)
    await _send(session, ticket, message, content.attachment_ids, leaves)
    await _note_participants(session, ticket, message, person.address)
    return ticket, message


async def _note_participants(session: AsyncSession, ticket: Ticket, message: Message, answered: str | None) -> None:
    """Let those whom an answer goes to as well take part; not whom it is passed on to, nor who gets it blindly."""
    if not message.passed_on:
        others = [each["address"] for each in (*message.to, *message.cc) if each["address"] != answered]
        await participants.add(session, ticket.id, others)


async def _already(session: AsyncSession, client_key: str) -> Message | None:
    message_id = await _ALREADY.scalar(session, client_key=client_key, agent_id=actor_of(session).id)
    return None if message_id is None else await session.get_one(Message, message_id)


async def _guard(session: AsyncSession, ticket: Ticket, content: ReplyContent) -> None:
    if content.force or content.last_seen is None or (ticket.last_message_id or 0) <= content.last_seen:
        return
    statement = (
        select(Message.id)
        .outerjoin(Delivery, Delivery.message_id == Message.id)
        .where(Message.ticket_id == ticket.id, Message.id > content.last_seen)
        .where((Delivery.state.is_(None)) | (Delivery.state != "cancelled"))
        .where(Message.author_agent_id.is_distinct_from(actor_of(session).id), Message.kind != "system")
        .order_by(Message.id)
        .limit(50)
    )
    newer = list(await session.scalars(statement))
    if newer:
        words = "1 new message" if len(newer) == 1 else f"{len(newer)} new messages"
        error = StaleReply(f"{words} since you started.", lastEventId=str(ticket.last_message_id))
        error.message_ids = newer
        raise error


def _message(
    session: AsyncSession,
    ticket: Ticket,
    kind: str,
    client_key: str,
    html: str,
    written: str,
    quoted: Quoted | None = None,
) -> Message:
    actor = actor_of(session)
    if actor.id is None:
        raise NotAllowed("Only agents write here.")
    if not client_key or len(client_key) > 100:
        raise Invalid.field("clientKey", "A key of at most 100 characters is needed.")
    safe = sanitise_written(clean(html))
    plain = clean(written) or html_to_text(safe)
    if not plain.strip() and "<img" not in safe and quoted is None:
        raise Invalid.field("html", "Write something first.")
    unfilled = templates.unfilled(safe) if kind == "agent" else []
    if unfilled:
        raise Invalid.field("html", f"Fill in {', '.join(unfilled)} first.")
    return Message(
        ticket_id=ticket.id,
        kind=kind,
        channel="note" if kind == "note" else ticket.channel,
        author_agent_id=actor.id,
        author_name=actor.name,
        text=plain,
        html=safe,
        quoted_html=quoted.html if quoted else "",
        quoted_text=quoted.text if quoted else "",
        client_key=client_key,
        account_id=ticket.account_id,
        created_at=clock.now(),
    )


def _people(people: list[Person]) -> list[dict[str, str]]:
    if len(people) > MAX_RECIPIENTS:
        raise Invalid.field("to", f"At most {MAX_RECIPIENTS} recipients.")
    unique = {normalise_email(person.address): person.name for person in people}
    if nowhere := next(filter(leads_nowhere, unique), None):
        raise Invalid.field("to", f"Nobody can be reached at {nowhere}.")
    return [{"name": clean(name), "address": address} for address, name in unique.items()]


async def _customer_address(session: AsyncSession, ticket: Ticket, answered: Any) -> list[dict[str, str]]:
    """Where the customer wrote from last; else her first working address."""
    if answered.address is not None and not leads_nowhere(answered.address):
        return [{"name": answered.name, "address": answered.address}]
    contacts = await _addresses_of(session, ticket.customer_id)
    working = [each for each in contacts if each.invalid_reason is None] or contacts
    if not working and ticket.channel in WITHOUT_ADDRESS:
        return []
    if not working:
        raise Invalid.field("to", "No e-mail address of this customer is known.")
    name = (await customers.get(session, ticket.customer_id)).name
    return [{"name": name, "address": working[0].value}]


async def _addresses_of(session: AsyncSession, customer_id: int) -> list[ContactPoint]:
    known = await customers.contacts_of(session, customer_id)
    return [each for each in known if each.kind == "email" and not leads_nowhere(each.value)]


async def _recipient(session: AsyncSession, content: NewTicket) -> tuple[int, Person]:
    if content.customer_id is not None:
        customer = await customers.get(session, content.customer_id)
        contacts = await _addresses_of(session, customer.id)
        if not contacts:
            raise Invalid.field("customerId", "No e-mail address of this customer is known.")
        return customer.id, Person(customer.name, contacts[0].value)
    if not content.customer_email:
        raise Invalid.field("customerEmail", "Name a customer or an address.")
    found = await customers.find_or_create(session, content.customer_email, content.customer_name, "agent")
    return found.id, Person(found.name, normalise_email(content.customer_email))


def _subject(subject: str) -> str:
    """``Re:`` and the subject of the mail being answered (which may differ from the ticket's)."""
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"


def _passed_on(content: ReplyContent) -> str:
    """The subject of a message that is passed on; nobody gets one by default."""
    subject = " ".join(clean(content.subject or "").split())[:998]
    if not subject:
        raise Invalid.field("subject", "A subject is needed.")
    if not content.to:
        raise Invalid.field("to", "Say whom it is passed on to.")
    return subject


_SEND = Sql(
    """
    with said as (
        insert into messages (ticket_id, kind, channel, author_agent_id, author_name, subject, text, html, quoted_html,
            quoted_text, "to", cc, bcc, client_key, account_id, own_address, plain, passed_on, is_auto,
            created_at)
        values (:ticket_id, :kind, :channel, :author_agent_id, :author_name, :subject, :text, :html, :quoted_html,
            :quoted_text, cast(:to as jsonb), cast(:cc as jsonb), cast(:bcc as jsonb), :client_key, :account_id,
            :own_address, :plain, :passed_on, :kind = 'system', :now)
        returning id
    )
    insert into deliveries (message_id, ticket_id, channel, account_id, state, attempts, send_at, created_at,
        changed_at, scheduled, history)
    select id, :ticket_id, :channel, :account_id, 'queued', 0, :send_at, :now, :now, :scheduled,
        cast(:history as jsonb) from said
    returning message_id, id as delivery_id
    """
)


def _leaves(content: ReplyContent, message: Message) -> tuple[datetime, bool]:
    """When a reply leaves, and whether that is later on its author's wish (not just past the time for undo)."""
    live = message.channel in WITHOUT_ADDRESS and content.subject is None  # nobody waits in a conversation
    soon = message.created_at + timedelta(seconds=0 if live else content.undo_seconds)
    if content.send_at is None:
        return soon, False
    if content.send_at.tzinfo is None or content.send_at > message.created_at + LATEST:
        raise Invalid.field("sendAt", "Choose a moment within the next year.")
    if content.send_at < message.created_at - JUST_PAST:
        raise Invalid.field("sendAt", "This moment has passed.")
    return max(content.send_at, soon), content.send_at > soon


async def _send(
    session: AsyncSession,
    ticket: Ticket,
    message: Message,
    attachment_ids: list[int],
    send_at: datetime,
    scheduled: bool = False,
) -> None:
    now = message.created_at
    outgoing = Delivery(ticket_id=ticket.id, send_at=send_at)
    row = await _SEND.first(
        session,
        ticket_id=ticket.id,
        kind=message.kind,
        channel=ticket.channel,
        account_id=ticket.account_id,
        author_agent_id=message.author_agent_id,
        author_name=message.author_name,
        subject=message.subject,
        text=message.text,
        html=message.html,
        quoted_html=message.quoted_html or "",
        quoted_text=message.quoted_text or "",
        to=msgspec.json.encode(message.to).decode(),
        cc=msgspec.json.encode(message.cc or []).decode(),
        bcc=msgspec.json.encode(message.bcc or []).decode(),
        client_key=message.client_key,
        own_address=message.own_address,
        plain=bool(message.plain),
        passed_on=bool(message.passed_on),
        now=now,
        send_at=send_at,
        scheduled=scheduled,
        history=msgspec.json.encode([{"at": now.isoformat(), "state": "queued"}]).decode(),
    )
    message.id, outgoing.id = row.message_id, row.delivery_id
    await attachments.bind_to_message(session, attachment_ids, message.id)
    await delivery.request_send(session, outgoing)
    # The ticket comes last: every statement before would have written it, and a change of status writes it again.
    _onto_ticket(ticket, message)
    answers = message.kind == "agent" and not scheduled and not message.passed_on
    if answers:
        delivery.answered(ticket, now)
    about: dict[str, Any] = {"message_id": message.id, "delivery_id": outgoing.id, "send_at": send_at}
    events.record(session, MessageQueued(**about, is_answer=answers, **audience(ticket)))


async def system_reply(session: AsyncSession, ticket_id: int, subject: str, html: str, to: Person) -> Message:
    """Write to the customer in the desk's own name (an acknowledgement): no answer, so the customer still waits.

    Raises:
        NotFound: there is no such ticket.
    """
    ticket = await lifecycle.lock(session, ticket_id)
    safe = sanitise(clean(html))
    message = Message(
        ticket_id=ticket.id,
        kind="system",
        channel=ticket.channel,
        author_name=actor_of(session).name,
        subject=clean(subject)[:998],
        text=html_to_text(safe),
        html=safe,
        to=_people([to]),
        own_address=await _OWN_ADDRESS.scalar(session, ticket_id=ticket.id),
        created_at=clock.now(),
    )
    await _send(session, ticket, message, [], message.created_at)
    return message


def _onto_ticket(ticket: Ticket, message: Message) -> None:
    ticket.message_count += 1
    ticket.last_activity_at = message.created_at
    ticket.version += 1
    if message.kind == "system":
        return  # nobody's words: neither the list nor the send guard need to know
    ticket.last_message_id = message.id
    ticket.snippet = snippet_of(message.text)
    ticket.snippet_by = message.kind

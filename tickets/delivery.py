"""The states of an outgoing message and who may move it between them.

    queued → sending → sent → delivered         the way it should go
    queued → cancelled                          undone by its author before it left, or scheduled for later and
                                                the customer wrote first
    sending → queued                            a temporary failure; a timer brings it back
    sending → failed                            the provider refused; an agent may edit the address and retry
    sending → unknown                           we died after handing it over: never sent again without an agent's word
    sent → bounced                              a report came back

``channels/outbound`` drives it; each step is a conditional update, so two workers never send the same mail. Whoever
holds a ticket and a delivery of it locks the ticket first, as a message that comes in does: so nobody is thrown out.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events, jobs, timers
from core.db import actor_of
from core.errors import Conflict, Invalid, NotFound
from core.sql import Sql
from tickets import derived, drafts
from tickets.errors import TooLate
from tickets.events import DeliveryChanged, MessageReceived, audience
from tickets.intake import Person
from tickets.lifecycle import TicketChange, change, lock
from tickets.models import Delivery, Draft, Message, Ticket

DELIVER_JOB: Final = "channels.deliver"
RETRY_DELAYS: Final = (30, 120, 600, 1800, 3600, 7200, 14400, 28800)
"""Seconds before each further try after a temporary failure: about 16 hours in all."""


def next_try(tries: int, retry_in: float | None, *, counts: bool) -> float | None:
    """Seconds until the next try after a temporary failure; None: that was the last one.

    Args:
        tries: how many there were.
        retry_in: a pause of its own (a refused sign-in, which a person must mend); it is kept for as long as the usual
            delays last together. None: the next of these.
        counts: the last one was a try; else it only waited for its turn, and that may take as long as it takes.
    """
    if not counts:
        return RETRY_DELAYS[0] if retry_in is None else retry_in
    if retry_in is not None:
        return retry_in if tries * retry_in <= sum(RETRY_DELAYS) else None
    return RETRY_DELAYS[max(0, tries - 1)] if tries <= len(RETRY_DELAYS) else None


def timer_key(delivery_id: int) -> str:
    """Name of the timer that will send it."""
    return f"deliver:{delivery_id}"


async def request_send(session: AsyncSession, delivery: Delivery) -> None:
    """Ask for the send, at ``delivery.send_at``."""
    await jobs.enqueue(
        session,
        DELIVER_JOB,
        {"delivery_id": delivery.id},
        key=timer_key(delivery.id),
        run_at=delivery.send_at,
        dedupe=timer_key(delivery.id),
        priority=10,
    )


async def _lock_ticket(session: AsyncSession, delivery_id: int) -> Ticket | None:
    """The ticket of a delivery, locked before the delivery is; None: there is no such delivery."""
    statement = select(Ticket).join(Delivery, Delivery.ticket_id == Ticket.id).where(Delivery.id == delivery_id)
    locked = statement.with_for_update(of=Ticket).execution_options(populate_existing=True)
    found: Ticket | None = await session.scalar(locked)
    return found


async def take(session: AsyncSession, delivery_id: int) -> Delivery | None:
    """Claim a queued delivery whose time has come, or None when there is nothing to do."""
    await _lock_ticket(session, delivery_id)
    statement = select(Delivery).where(Delivery.id == delivery_id, Delivery.state == "queued").with_for_update()
    delivery = await session.scalar(statement)
    return delivery if delivery and delivery.send_at <= clock.now() else None


async def move(
    session: AsyncSession,
    delivery_id: int,
    state: str,
    *,
    only_from: tuple[str, ...],
    rule: str | None = None,
    **facts: Any,
) -> Delivery | None:
    """Step to another state if it is in one of ``only_from``; None when somebody was faster.

    Args:
        session: the unit of work.
        delivery_id: which.
        state: the new state.
        only_from: states it may come from.
        rule: what caused it, where no person did.
        facts: further columns to set (``error``, ``provider_id``, ``sent_at``, ``send_at``).
    """
    ticket = await _lock_ticket(session, delivery_id)
    now = clock.now()
    entry = {"at": now.isoformat(), "state": state} | ({"error": facts["error"]} if facts.get("error") else {})
    history = Delivery.history + [entry]  # noqa: RUF005 - an expression for the database, not a list
    delivery = await session.scalar(
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.state.in_(only_from))
        .values(state=state, changed_at=now, history=history, **facts)
        .returning(Delivery)
        .execution_options(populate_existing=True)
    )
    if delivery is None or ticket is None:
        return None
    await _tell(session, delivery, ticket, rule)
    return delivery


def answered(ticket: Ticket, at: datetime) -> None:
    """The customer has her answer (now, or when a scheduled one leaves): she waits no more."""
    ticket.first_reply_at = ticket.first_reply_at or at
    ticket.waiting_since = None


async def warn(session: AsyncSession, delivery_id: int, words: str) -> None:
    """Keep what a server says of a mail that it still tries to deliver (a report of a delay)."""
    ticket = await _lock_ticket(session, delivery_id)
    delivery = await session.get(Delivery, delivery_id, with_for_update=True, populate_existing=True)
    if delivery is None or ticket is None or delivery.state not in ("sent", "unknown", "sending"):
        return
    delivery.warning = words
    delivery.history = [*delivery.history, {"at": clock.now().isoformat(), "state": "delayed", "error": words}]
    await _tell(session, delivery, ticket)


async def _tell(session: AsyncSession, delivery: Delivery, ticket: Ticket, rule: str | None = None) -> None:
    # Its ticket is locked: of two deliveries that change at once, the later one must count what the earlier has become.
    if delivery.scheduled and delivery.state == "sent" and await _answers(session, delivery, ticket):
        answered(ticket, clock.now())
    bad = text(
        "select exists(select 1 from deliveries where ticket_id = :id and state in ('failed','unknown','bounced'))"
    )
    failed = bool(await session.scalar(bad, {"id": delivery.ticket_id}))
    ticket.failed_delivery = failed
    changed = DeliveryChanged(
        message_id=delivery.message_id,
        delivery_id=delivery.id,
        state=delivery.state,
        error=delivery.error or delivery.warning,
        scheduled=delivery.scheduled,
        rule=rule,
        **audience(ticket),
    )
    events.record(session, changed)


async def _answers(session: AsyncSession, delivery: Delivery, ticket: Ticket) -> bool:
    """Whether a reply that leaves later is the answer that the customer waits for.

    Not one for somebody else, and not one that she could overtake: it was on its way already when she wrote again.
    """
    if (ticket.last_customer_message_id or 0) > delivery.message_id:
        return False
    return not (await session.get_one(Message, delivery.message_id)).passed_on


async def what_is_sent(session: AsyncSession, sending: Delivery) -> tuple[Message, Ticket]:
    """The message of a delivery and its ticket."""
    message = await session.get_one(Message, sending.message_id)
    return message, await session.get_one(Ticket, sending.ticket_id)


async def mailbox_of(session: AsyncSession, ticket_id: int) -> int | None:
    """The mailbox that a ticket came in through."""
    found: int | None = await session.scalar(select(Ticket.account_id).where(Ticket.id == ticket_id))
    return found


async def mails_before(session: AsyncSession, message: Message, limit: int) -> list[tuple[str, list[str], str]]:
    """(Message-ID, References, kind) of the newest messages before this one that have an id, newest first."""
    earlier = (
        select(Message.message_id_header, Message.references, Message.kind)
        .where(Message.ticket_id == message.ticket_id, Message.id < message.id)
        .where(Message.kind.in_(("customer", "agent")), Message.message_id_header.is_not(None))
        .order_by(Message.id.desc())
        .limit(limit)
    )
    rows = await session.execute(earlier)
    return [(row.message_id_header or "", list(row.references), row.kind) for row in rows]


async def left_behind(session: AsyncSession, before: datetime) -> tuple[list[Delivery], list[Delivery]]:
    """Deliveries that a dead process left: half handed over, and due in the queue without anybody sending them."""
    lost = (
        select(Delivery).where(Delivery.state == "sending", Delivery.changed_at < before).order_by(Delivery.ticket_id)
    )
    forgotten = select(Delivery).where(Delivery.state == "queued", Delivery.send_at < before)
    return list(await session.scalars(lost)), list(await session.scalars(forgotten))


async def retry_later(
    session: AsyncSession, delivery_id: int, error: str, retry_in: float | None, *, counts: bool = True
) -> None:
    """Put a delivery back in the queue after a temporary failure, or give up after the last delay.

    Args:
        session: the unit of work.
        delivery_id: which.
        error: why, in words.
        retry_in: seconds until the next try; None: the next of the usual delays.
        counts: it was a try. One that only waited for its turn brings the end of trying no nearer.
    """
    delivery = await session.get_one(Delivery, delivery_id, populate_existing=True)
    tries = delivery.attempts if counts else max(0, delivery.attempts - 1)
    seconds = next_try(tries, retry_in, counts=counts)
    if seconds is None:
        await move(session, delivery_id, "failed", only_from=("queued", "sending"), error=f"Given up: {error}")
        return
    due = clock.now() + timedelta(seconds=seconds)
    moved = await move(
        session, delivery_id, "queued", only_from=("queued", "sending"), error=error, send_at=due, attempts=tries
    )
    if moved is not None:
        await request_send(session, moved)


_WAITING = Sql(
    """
    select d.id from deliveries d
    where d.ticket_id = :ticket_id and d.channel = :channel and d.state = 'queued' and not d.scheduled
        and d.error is not null order by d.id for update of d
    """
)


async def hurry(session: AsyncSession, ticket_id: int, channel: str) -> int:
    """Try now what waits for another try in a ticket, since what it waited for has happened; returns how many.

    The ticket is locked by the caller.
    """
    rows = await _WAITING.all(session, ticket_id=ticket_id, channel=channel)
    for row in rows:
        delivery = await session.get_one(Delivery, row.id, populate_existing=True)
        delivery.send_at = clock.now()
        await request_send(session, delivery)
    return len(rows)


async def _of(session: AsyncSession, delivery_id: int) -> Delivery:
    """A delivery to act on, with its ticket locked. One of a note, which only a mistake could make, is none."""
    await _lock_ticket(session, delivery_id)
    statement = select(Delivery).join(Message, Message.id == Delivery.message_id)
    wanted = statement.where(Delivery.id == delivery_id, Message.kind.in_(("agent", "system")))
    delivery = await session.scalar(wanted.with_for_update(of=Delivery))
    if delivery is None:
        raise NotFound("There is no such delivery.")
    return delivery


async def undo(session: AsyncSession, delivery_id: int) -> Draft:
    """Take back a reply that has not left yet: the message goes, its text returns to the author's draft.

    Raises:
        TooLate: it is on its way.
        NotFound: no such delivery, or not of this author.
    """
    delivery = await _of(session, delivery_id)
    message = await session.get_one(Message, delivery.message_id)
    author_id = message.author_agent_id
    if author_id is None or author_id != actor_of(session).id:
        raise NotFound("There is no such delivery.")
    if delivery.state != "queued" or delivery.attempts:
        raise TooLate("This reply has left already and cannot be taken back.")
    return await _take_back(session, delivery, message, author_id)


async def _take_back(
    session: AsyncSession, delivery: Delivery, message: Message, author_id: int, rule: str | None = None
) -> Draft:
    """Cancel a delivery that has not left, and give its text to its author's draft."""
    ticket = await lock(session, delivery.ticket_id)
    await move(session, delivery.id, "cancelled", only_from=("queued",), rule=rule)
    await timers.cancel_timer(session, timer_key(delivery.id))
    draft = await drafts.give_back(session, ticket.id, author_id, message.html + message.quoted_html)
    await session.execute(
        text("update attachments set draft_id = :draft, message_id = null where message_id = :message"),
        {"draft": draft.id, "message": message.id},
    )
    await _restore_ticket(session, ticket, message)
    return draft


_SCHEDULED = Sql(
    """
    select d.id from deliveries d join messages m on m.id = d.message_id and m.kind = 'agent'
    where d.ticket_id = :ticket_id and d.state = 'queued' and d.scheduled order by d.id for update of d
    """
)


async def on_message_received(session: AsyncSession, event: MessageReceived) -> None:
    """The customer wrote: what was to be sent later is taken back, for it does not know what she says (handler)."""
    if event.is_auto or event.ticket_id is None or event.matched_by is None:
        return  # nothing waits in a ticket that was opened just now
    for row in await _SCHEDULED.all(session, ticket_id=event.ticket_id):
        delivery = await session.get_one(Delivery, row.id, populate_existing=True)
        message = await session.get_one(Message, delivery.message_id)
        if message.author_agent_id is not None:
            await _take_back(session, delivery, message, message.author_agent_id, "The customer wrote first")


async def send_now(session: AsyncSession, delivery_id: int) -> Delivery:
    """Send at once what was to be sent later.

    Raises:
        TooLate: it has left, or was taken back.
        NotFound: there is none.
    """
    delivery = await _of(session, delivery_id)
    if delivery.state != "queued" or delivery.attempts:
        raise TooLate("This reply has left already.")
    delivery.send_at = clock.now()
    await timers.cancel_timer(session, timer_key(delivery.id))
    await request_send(session, delivery)
    await _tell(session, delivery, await lock(session, delivery.ticket_id))
    return delivery


_STATUS = text(
    """
    select s.data->>'old' as old, s.data->>'new' as new from events q join events s on s.xid = q.xid
    where q.ticket_id = :ticket and q.kind = 'message.queued' and cast(q.data->>'message_id' as bigint) = :undone
    and s.ticket_id = :ticket and s.kind = 'ticket.status_changed' order by s.id limit 1
    """
)


async def _restore_ticket(session: AsyncSession, ticket: Ticket, undone: Message) -> None:
    """Derived columns as if the undone message had never been written, and the status that it was sent with undone."""
    await _restore_status(session, ticket, {"ticket": ticket.id, "undone": undone.id})
    if ticket.first_reply_at == undone.created_at:
        ticket.first_reply_at = None
    await derived.without(session, ticket, undone.id)


async def _restore_status(session: AsyncSession, ticket: Ticket, about: dict[str, int]) -> None:
    """Give back the status that the reply changed, unless somebody has changed it since.

    Without it a customer whose answer was taken back would stand in a solved ticket, unanswered and unseen.
    """
    changed = (await session.execute(_STATUS, about)).one_or_none()
    if changed is None or changed.new != ticket.status:
        return
    reopened = ticket.reopen_count
    await change(session, ticket.id, TicketChange(status=changed.old), rule="The reply was taken back")
    ticket.reopen_count = reopened


async def retry(session: AsyncSession, delivery_id: int, to: list[Person] | None = None) -> Delivery:
    """Send a failed, bounced or unknown delivery again on an agent's word, to other addresses if she says so.

    Raises:
        Conflict: it is not in such a state.
        NotFound: there is none.
        Invalid: no recipient.
    """
    delivery = await _of(session, delivery_id)
    if delivery.state not in ("failed", "unknown", "bounced"):
        raise Conflict("This message needs no second try.")
    if to is not None:
        if not to:
            raise Invalid.field("to", "Name at least one recipient.")
        message = await session.get_one(Message, delivery.message_id)
        message.to = [{"name": person.name, "address": person.address} for person in to]
    delivery.attempts = 0
    moved = await move(
        session,
        delivery_id,
        "queued",
        only_from=("failed", "unknown", "bounced"),
        error=None,
        send_at=clock.now(),
        attempts=0,
    )
    if moved is None:
        raise Conflict("Somebody else has started it again already.")
    await request_send(session, moved)
    return moved

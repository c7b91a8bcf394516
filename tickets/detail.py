"""One ticket as an agent's screen shows it: the row, its customer, the timeline, her drafts.

Called by ``agent_ui/api/tickets``. A fixed number of statements whatever the ticket holds.
"""

import functools
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Select, and_, bindparam, func, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from core.actor import Actor
from core.errors import Invalid, NotFound
from core.sql import Sql
from customers.models import ContactPoint, Customer, Organisation
from tickets import listing, timeline
from tickets.access import scope_of, scope_parameters
from tickets.answers import FormAnswer
from tickets.models import Attachment, Draft, Message, Ticket
from tickets.queries import Compiled, Source
from tickets.timeline import FileItem, TimelinePage


class DraftItem(msgspec.Struct, rename="camel"):
    """What the reader has written and not sent."""

    ticket_id: int
    mode: str
    html: str
    revision: int
    updated_at: datetime
    attachments: list[FileItem]


class CustomerCard(msgspec.Struct, frozen=True):
    """The customer beside the ticket, with what lists of tickets do not need."""

    email: str | None
    phone: str | None
    language: str | None
    time_zone: str | None
    do_not_contact: bool
    organisation_id: int | None
    organisation_name: str | None
    tier: str | None


class LastMail(msgspec.Struct, frozen=True, rename="camel"):
    """The mail that an answer would answer: the customer's newest that no robot wrote, else ours when we wrote first.

    ``address`` is where its author wants answers, ``own_address`` the address of ours that it was written to.
    """

    kind: str
    name: str
    address: str | None
    own_address: str | None
    is_list: bool
    to: list[timeline.Address]
    cc: list[timeline.Address]


class Detail(msgspec.Struct, frozen=True):
    """All of it. ``last_message_id`` is what a reply names as last seen.

    ``registration_id``: the product that it is about; ``entitlement_reason``: why it was covered as the row says.
    ``split_message_id``: the newest message of the customer that is about something else, by its subject.
    """

    row: listing.TicketRow
    customer: CustomerCard
    account_id: int | None
    last_message_id: int | None
    split_message_id: int | None
    last_mail: LastMail | None
    timeline: TimelinePage
    drafts: list[DraftItem]
    registration_id: int | None
    entitlement_reason: str
    entitlement_until: date | None
    form_answers: list[FormAnswer]


def _contact(kind: str) -> Any:
    """The first address or number of the ticket's customer that is not known to be dead."""
    return (
        select(ContactPoint.value)
        .where(ContactPoint.customer_id == Ticket.customer_id, ContactPoint.kind == kind)
        .order_by(ContactPoint.invalid_reason.is_not(None), ContactPoint.id)
        .limit(1)
        .correlate(Ticket)
        .scalar_subquery()
    )


def _last_mail() -> Any:
    mail = aliased(Message, name="last_mail")
    wrote = and_(mail.kind == literal_column("'customer'"), mail.author_address.is_not(None))
    return (
        select(
            func.json_build_object(
                "kind", mail.kind, "name", mail.author_name, "address", mail.author_address,
                "ownAddress", mail.own_address, "isList", mail.is_list, "to", mail.to, "cc", mail.cc,
            )
        )
        .where(mail.ticket_id == Ticket.id, or_(wrote, mail.kind == literal_column("'agent'")))
        # what a robot wrote ("out of office") begins an answer only where nobody else has written
        .order_by(mail.is_auto, mail.kind == literal_column("'agent'"), mail.id.desc())
        .limit(literal_column("1"))
        .correlate(Ticket)
        .scalar_subquery()
    )  # fmt: skip


def _split() -> Any:
    said = aliased(Message, name="said_anew")
    return (
        select(func.max(said.id))
        .where(said.ticket_id == Ticket.id, said.subject_changed, Ticket.message_count > literal_column("1"))
        .correlate(Ticket)
        .scalar_subquery()
    )


@functools.lru_cache(maxsize=8)
def _ticket(scope: str) -> Compiled:
    """The row of a list, and beside it what only the ticket's own screen shows."""
    return Compiled(
        listing.row_columns(scope)
        .add_columns(
            Ticket.account_id, Ticket.last_message_id, _split(), _last_mail(),
            _contact("email"), _contact("phone"), Customer.language, Customer.time_zone, Customer.do_not_contact,
            Organisation.id, Organisation.name, func.coalesce(Customer.tier, Organisation.tier),
            Ticket.registration_id, Ticket.entitlement_reason, Ticket.entitlement_until, Ticket.form_answers,
        )
        .outerjoin(Organisation, Organisation.id == Customer.organisation_id)
        .where(Ticket.id == bindparam("ticket", 0, type_=BigInteger))
    )  # fmt: skip


def _drafts() -> Select[*tuple[Any, ...]]:
    files = select(timeline.files_json()).where(Attachment.draft_id == Draft.id).correlate(Draft).scalar_subquery()
    return select(Draft.ticket_id, Draft.mode, Draft.html, Draft.revision, Draft.updated_at, files).where(
        Draft.agent_id == bindparam("me", 0, type_=BigInteger)
    )


@functools.lru_cache(maxsize=1)
def _drafts_of_ticket() -> Compiled:
    mine = _drafts().where(Draft.ticket_id == bindparam("ticket", 0, type_=BigInteger))
    return Compiled(mine.order_by(literal_column("drafts.mode")))


def _draft_item(r: Sequence[Any]) -> DraftItem:
    return DraftItem(r[0], r[1], r[2], r[3], r[4], timeline.files_of(r[5]))


async def drafts_of(source: Source, actor: Actor, ticket_id: int) -> list[DraftItem]:
    """The reader's own drafts in a ticket, with their files."""
    rows = await _drafts_of_ticket().run(source, {"me": actor.id or 0, "ticket": ticket_id})
    return [_draft_item(row) for row in rows]


async def draft_of(source: Source, actor: Actor, ticket_id: int, mode: str) -> DraftItem:
    """One draft of the reader's.

    Raises:
        NotFound: she has none in this mode.
    """
    found = next((one for one in await drafts_of(source, actor, ticket_id) if one.mode == mode), None)
    if found is None:
        raise NotFound("There is no such draft.")
    return found


async def read(source: Source, actor: Actor, ticket_id: int) -> Detail:
    """One ticket that ``actor`` may see, in four statements.

    Raises:
        NotFound: there is none with this id, or the actor may not see it.
    """
    values = scope_parameters(actor) | {"me": actor.id or 0, "ticket": ticket_id}
    found = await _ticket(scope_of(actor)).run(source, values)
    if not found:
        raise NotFound("There is no such ticket.")
    account_id, last_message_id, split_message_id, last_mail, *rest = found[0][listing.ROW_COLUMNS :]
    *card, registration_id, entitlement_reason, entitlement_until, told = rest
    return Detail(
        row=listing.row_from(found[0]),
        customer=CustomerCard(*card),
        account_id=account_id,
        last_message_id=last_message_id,
        split_message_id=split_message_id,
        last_mail=msgspec.convert(last_mail, LastMail) if last_mail else None,
        timeline=await timeline.read(source, ticket_id),
        drafts=await drafts_of(source, actor, ticket_id),
        registration_id=registration_id,
        entitlement_reason=entitlement_reason,
        entitlement_until=entitlement_until,
        form_answers=msgspec.convert(told, list[FormAnswer]),
    )


_SENDER = Sql(
    """
    select author_address from messages where ticket_id = :ticket_id and kind = 'customer'
    and author_address is not null order by is_auto, id desc limit 1
    """
)


async def sender_of(session: AsyncSession, ticket_id: int) -> str:
    """The address that the customer wrote from last.

    Raises:
        Invalid: nobody has written here from an address.
    """
    found: str | None = await _SENDER.scalar(session, ticket_id=ticket_id)
    if found is None:
        raise Invalid("Nobody has written here from an address.")
    return found


async def read_after_change(source: Source, actor: Actor, ticket_id: int) -> Detail:
    """The same just after ``actor`` has changed it: also when the change has moved it out of her sight."""
    seen_by_all = msgspec.structs.replace(actor, permissions=actor.permissions | {"tickets:read_all"})
    return await read(source, seen_by_all, ticket_id)


async def row_after_change(source: Source, actor: Actor, ticket_id: int) -> listing.TicketRow:
    """The row just after ``actor`` has changed the ticket: also when that has moved it out of her sight.

    Raises:
        NotFound: there is none with this id.
    """
    seen_by_all = msgspec.structs.replace(actor, permissions=actor.permissions | {"tickets:read_all"})
    row = await listing.row_of(source, seen_by_all, ticket_id)
    if row is None:
        raise NotFound("There is no such ticket.")
    return row

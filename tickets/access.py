"""Who may see which tickets: the one condition that every read on somebody's behalf is composed with.

Lists, searches, the timeline, files and every verb that names a ticket go through :func:`visible_to`, so a ticket of
another team does not exist for an agent (404, not 403). The live feed applies the same rule to event audiences
(``core/live.py``).
"""

import functools
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, ColumnElement, and_, any_, bindparam, false, or_, select, true, union_all
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from core.actor import Actor, ActorKind
from core.errors import NotFound
from customers.models import ContactPoint, Customer
from tickets.models import Attachment, Delivery, Message, Participant, Ticket
from tickets.queries import Compiled

ACTOR_PARAMETER: Final = "visible_actor"
TEAMS_PARAMETER: Final = "visible_teams"
ORGANISATION_PARAMETER: Final = "visible_organisation"
TICKET_PARAMETER: Final = "visible_ticket"


def scope_of(actor: Actor) -> str:
    """Which of the forms of the condition applies: ``all``, ``teams``, ``none``, or one of the customers'.

    Those are ``own``, ``organisation`` (a manager's) and ``guest`` (one ticket).
    """
    if actor.kind is ActorKind.CUSTOMER:
        if actor.only_ticket_id is not None:
            return "guest"
        return "own" if actor.organisation_id is None else "organisation"
    if actor.sees_all_tickets:
        return "all"
    return "teams" if actor.may("tickets:read") else "none"


def scope_parameters(actor: Actor) -> dict[str, Any]:
    """The values of the condition's parameters, for statements that are compiled once and run for anybody."""
    return {
        ACTOR_PARAMETER: actor.id or 0,
        TEAMS_PARAMETER: list(actor.team_ids),
        ORGANISATION_PARAMETER: actor.organisation_id or 0,
        TICKET_PARAMETER: actor.only_ticket_id or 0,
    }


def scope_condition(scope: str, actor: Actor | None = None) -> ColumnElement[bool]:
    """The SQL condition of a scope (see :func:`scope_of`), with named parameters.

    Args:
        scope: its name.
        actor: whose values the parameters get at once; None: they come with the statement's run.
    """
    values = scope_parameters(actor) if actor else {}
    who = bindparam(ACTOR_PARAMETER, values.get(ACTOR_PARAMETER, 0), type_=BigInteger)
    if scope == "all":
        return true()
    if scope == "none":
        return false()
    if scope == "guest":
        return Ticket.id == bindparam(TICKET_PARAMETER, values.get(TICKET_PARAMETER, 0), type_=BigInteger)
    if scope in ("own", "organisation"):
        organisation = bindparam(ORGANISATION_PARAMETER, values.get(ORGANISATION_PARAMETER, 0), type_=BigInteger)
        return _of_customer(who, organisation if scope == "organisation" else None)
    teams = bindparam(TEAMS_PARAMETER, values.get(TEAMS_PARAMETER, []), type_=ARRAY(BigInteger))
    return or_(Ticket.team_id.is_(None), Ticket.team_id == any_(teams), Ticket.assignee_id == who)


def _of_customer(who: ColumnElement[int], organisation: ColumnElement[int] | None) -> ColumnElement[bool]:
    """Her own tickets, those in which an address that she has proved takes part, and those of her organisation.

    By their numbers, so that a list of hers never walks through everybody's.
    """
    theirs = Ticket.__table__.alias("theirs")
    own = select(theirs.c.id).where(theirs.c.customer_id == who)
    copied = (
        select(Participant.ticket_id)
        .join(ContactPoint, and_(ContactPoint.kind == "email", ContactPoint.value == Participant.address))
        .where(ContactPoint.customer_id == who, ContactPoint.verified)
    )
    if organisation is None:
        return Ticket.id.in_(union_all(own, copied))
    people = select(Customer.id).where(Customer.organisation_id == organisation)
    managed = select(theirs.c.id).where(theirs.c.customer_id.in_(people))
    return Ticket.id.in_(union_all(own, copied, managed))


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The SQL condition on :class:`Ticket` that holds for the tickets that ``actor`` may see.

    Agents see tickets of their teams, tickets of no team, and tickets assigned to them; with ``tickets:read_all`` all
    of them. Customers see their own, those in which they take part, and as managers those of their organisation; a
    guest sees one. The system sees everything.
    """
    return scope_condition(scope_of(actor), actor)


def said_to_customers() -> ColumnElement[bool]:
    """The SQL condition on :class:`Message` that holds for what customers see of a ticket that is visible to them.

    Never notes, nor what an agent passed on to somebody else; of our answers only those that have left, for one that
    can still be taken back was never said.
    """
    unsaid = (
        select(Delivery.id)
        .where(Delivery.message_id == Message.id)
        .where((Delivery.state == "cancelled") | ((Delivery.state == "queued") & (Delivery.attempts == 0)))
        .correlate(Message)
        .exists()
    )
    return and_(Message.kind != "note", ~Message.passed_on, ~unsaid)


async def get_visible(session: AsyncSession, actor: Actor, ticket_id: int, *, for_update: bool = False) -> Ticket:
    """One ticket, if ``actor`` may see it.

    Args:
        session: the unit of work.
        actor: on whose behalf it is read.
        ticket_id: the ticket.
        for_update: hold its row until the end of the unit of work.

    Raises:
        NotFound: there is none with this id, or the actor may not see it.
    """
    statement = select(Ticket).where(Ticket.id == ticket_id, visible_to(actor))
    if for_update:
        statement = statement.with_for_update(of=Ticket)
    ticket = await session.scalar(statement)
    if ticket is None:
        raise NotFound("There is no such ticket.")
    return ticket


async def check_visible(session: AsyncSession, actor: Actor, ticket_id: int) -> None:
    """Make sure that ``actor`` may see a ticket, without loading it.

    Raises:
        NotFound: there is none with this id, or the actor may not see it.
    """
    values = scope_parameters(actor) | {"ticket": ticket_id}
    if not await _visible(scope_of(actor)).run(session, values):
        raise NotFound("There is no such ticket.")


@functools.lru_cache(maxsize=8)
def _visible(scope: str) -> Compiled:
    """Whether a ticket is in a scope; compiled once, since every verb that names a ticket asks it."""
    named = Ticket.id == bindparam("ticket", 0, type_=BigInteger)
    return Compiled(select(Ticket.id).where(named, scope_condition(scope)))


class Brief(msgspec.Struct, frozen=True, rename="camel"):
    """A ticket in a word."""

    id: int
    subject: str
    status: str


async def briefs(session: AsyncSession, actor: Actor, ticket_ids: Iterable[int]) -> dict[int, Brief]:
    """Those of some tickets that ``actor`` may see, by their ids."""
    wanted = list(ticket_ids)
    if not wanted:
        return {}
    statement = select(Ticket.id, Ticket.subject, Ticket.status).where(Ticket.id.in_(wanted), visible_to(actor))
    return {row.id: Brief(row.id, row.subject, row.status) for row in await session.execute(statement)}


async def get_message(session: AsyncSession, actor: Actor, message_id: int) -> Message:
    """One message of a ticket that ``actor`` may see.

    Raises:
        NotFound: there is none with this id, or the actor may not see its ticket.
    """
    statement = select(Message).join(Ticket, Ticket.id == Message.ticket_id).where(Message.id == message_id)
    if actor.kind is ActorKind.CUSTOMER:
        statement = statement.where(said_to_customers())
    message = await session.scalar(statement.where(visible_to(actor)))
    if message is None:
        raise NotFound("There is no such message.")
    return message


async def get_delivery(session: AsyncSession, actor: Actor, delivery_id: int) -> Delivery:
    """One delivery of a ticket that ``actor`` may see.

    Raises:
        NotFound: there is none with this id, or the actor may not see its ticket.
    """
    statement = select(Delivery).join(Ticket, Ticket.id == Delivery.ticket_id).where(Delivery.id == delivery_id)
    delivery = await session.scalar(statement.where(visible_to(actor)))
    if delivery is None:
        raise NotFound("There is no such delivery.")
    return delivery


async def get_attachment(session: AsyncSession, actor: Actor, attachment_id: int) -> Attachment:
    """One file: of a message whose ticket ``actor`` may see, or her own upload that is in no message yet.

    Raises:
        NotFound: there is none with this id, or the actor may not see it.
    """
    seen = visible_to(actor)
    if actor.kind is ActorKind.CUSTOMER:
        seen = seen & said_to_customers()
    uploaded = Attachment.message_id.is_(None) & (Attachment.uploaded_by_id == (actor.id or 0))
    statement = (
        select(Attachment)
        .outerjoin(Message, Message.id == Attachment.message_id)
        .outerjoin(Ticket, Ticket.id == Message.ticket_id)
        .where(Attachment.id == attachment_id)
        .where(or_(Ticket.id.is_not(None) & seen, uploaded if actor.kind is ActorKind.AGENT else false()))
    )
    attachment = await session.scalar(statement)
    if attachment is None:
        raise NotFound("There is no such file.")
    return attachment

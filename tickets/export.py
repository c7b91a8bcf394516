"""Everything that is kept of a customer and is hers to have: for the copy of her data (``portal/data_copies.py``).

What colleagues note about tickets is theirs and is not in it, nor what is said in tickets in which she only takes part.
"""

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from customers import consent, privacy, service
from customers.models import Customer
from products import export
from products.export import Bill, Claimed, File, HandedOver, Ordered, Thing
from tickets.access import said_to_customers
from tickets.models import Attachment, Message, Satisfaction, Ticket

MOST_TICKETS: Final = 5000


class Contact(msgspec.Struct):
    """An address or number."""

    kind: str
    value: str
    verified: bool
    since: datetime


class Said(msgspec.Struct):
    """One yes or no of hers."""

    address: str
    purpose: str
    granted: bool
    how: str
    at: datetime


class Words(msgspec.Struct):
    """A message."""

    id: int
    at: datetime
    author: str
    by_us: bool
    text: str
    files: list[File] = []


class Matter(msgspec.Struct):
    """A request with what was said in it, and how she rated it."""

    number: int
    subject: str
    status: str
    asked_at: datetime
    messages: list[Words] = []
    score: int | None = None
    comment: str = ""


class Wish(msgspec.Struct):
    """What she wanted to be done with her data."""

    kind: str
    state: str
    asked_at: datetime


class Data(msgspec.Struct):
    """All of it."""

    name: str
    language: str | None
    time_zone: str | None
    organisation: str | None
    since: datetime
    contacts: list[Contact]
    consents: list[Said]
    requests: list[Matter]
    products: list[Thing]
    proofs: list[Bill]
    claims: list[Claimed]
    transfers: list[HandedOver]
    orders: list[Ordered]
    wishes: list[Wish]


async def collect(session: AsyncSession, customer_id: int) -> Data:
    """Everything, oldest first.

    Raises:
        NotFound: there is no such customer.
    """
    customer = await service.get(session, customer_id)
    organisation = await service.organisation_of(session, customer)
    return Data(
        name=customer.name,
        language=customer.language,
        time_zone=customer.time_zone,
        organisation=organisation.name if organisation else None,
        since=customer.created_at,
        contacts=[
            Contact(each.kind, each.value, each.verified, each.created_at)
            for each in await service.contacts_of(session, customer_id)
        ],
        consents=[
            Said(each.value, each.purpose, each.is_granted, each.source, each.at)
            for each in reversed(await consent.history(session, customer_id))
        ],
        requests=await _matters(session, customer),
        products=await export.things(session, customer_id),
        proofs=await export.bills(session, customer_id),
        claims=await export.claimed(session, customer_id),
        transfers=await export.handed_over(session, customer_id),
        orders=await export.ordered(session, customer_id),
        wishes=[
            Wish(each.kind, each.state, each.asked_at)
            for each in reversed(await privacy.of_customer(session, customer_id))
        ],
    )


async def _matters(session: AsyncSession, customer: Customer) -> list[Matter]:
    own = Ticket.customer_id == customer.id
    statement = (
        select(Ticket.id, Ticket.subject, Ticket.status, Ticket.created_at, Satisfaction.score, Satisfaction.comment)
        .outerjoin(Satisfaction, Satisfaction.ticket_id == Ticket.id)
        .where(own)
        .order_by(Ticket.id)
        .limit(MOST_TICKETS)
    )
    found = {
        row.id: Matter(row.id, row.subject, row.status, row.created_at, [], row.score, row.comment or "")
        for row in await session.execute(statement)
    }
    messages = (
        select(Message.id, Message.ticket_id, Message.created_at, Message.author_name, Message.kind, Message.text)
        .join(Ticket, Ticket.id == Message.ticket_id)
        .where(own, said_to_customers())
        .order_by(Message.id)
    )
    said: dict[int, Words] = {}
    for row in await session.execute(messages):
        if row.ticket_id in found:
            said[row.id] = Words(row.id, row.created_at, row.author_name, row.kind != "customer", row.text, [])
            found[row.ticket_id].messages.append(said[row.id])
    files = (
        select(Attachment.message_id, Attachment.id, Attachment.name, Attachment.size, Attachment.storage_key)
        .join(Message, Message.id == Attachment.message_id)
        .join(Ticket, Ticket.id == Message.ticket_id)
        .where(own, said_to_customers())
        .order_by(Attachment.id)
    )
    for message_id, file_id, name, size, key in await session.execute(files):
        if message_id in said:
            said[message_id].files.append(File(file_id, name, size, key))
    return list(found.values())

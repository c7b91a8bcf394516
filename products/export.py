"""What is kept of a customer about what she bought, for the copy of her data (``tickets/export.py``).

Bills of others stay theirs: of a product that changed hands, she gets the proofs that she sent, and those that an agent
added since it is hers. What the shop and colleagues note for each other is not in it.
"""

from collections import defaultdict
from datetime import date, datetime

import msgspec
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from products import proofs
from products.models import Order, OrderLine, OwnershipClaim, Product, Proof, Registration, Transfer


class File(msgspec.Struct):
    """A file; ``path`` in the copy, None where it is left out for its size."""

    id: int
    name: str
    size: int
    storage_key: str
    path: str | None = None


class SecondContact(msgspec.Struct):
    """Somebody else who may be asked about a product."""

    name: str
    email: str
    phone: str


class Thing(msgspec.Struct):
    """A registered product."""

    id: int
    product: str
    serial: str
    registered_at: datetime
    purchased_on: date
    country: str
    seller: str
    warranty: str
    warranty_covers: str
    warranty_until: date | None
    contract_until: date | None
    second_contact: SecondContact


class Bill(File):
    """A proof of purchase: of which registration, and of which claim if it was sent with one."""

    registration: int = 0
    claim: int | None = None


class Claimed(msgspec.Struct):
    """She said that a product which another person had registered is hers."""

    id: int
    product: str
    serial: str
    at: datetime
    words: str
    purchased_on: date
    country: str
    seller: str
    state: str
    decided_at: datetime | None


class HandedOver(msgspec.Struct):
    """An invitation to take a product over: hers to another person, or one that she accepted."""

    product: str
    serial: str
    by_you: bool
    to_email: str
    state: str
    at: datetime
    closed_at: datetime | None


class OrderedLine(msgspec.Struct):
    """One position of an order; the price in the currency's smallest unit."""

    text: str
    sku: str
    quantity: int
    unit_price: int
    serial: str


class Ordered(msgspec.Struct):
    """An order; the total in the currency's smallest unit."""

    number: str
    status: str
    payment_status: str
    ordered_on: date
    deliver_on: date | None
    delivered_on: date | None
    currency: str
    total: int
    lines: list[OrderedLine] = []


async def things(session: AsyncSession, customer_id: int) -> list[Thing]:
    """What she has registered, oldest first."""
    statement = (
        select(Registration, Product.name)
        .join(Product, Product.id == Registration.product_id)
        .where(Registration.customer_id == customer_id)
        .order_by(Registration.id)
    )
    return [
        Thing(
            id=row.id,
            product=product,
            serial=row.serial,
            registered_at=row.registered_at,
            purchased_on=row.purchased_on,
            country=row.country,
            seller=row.seller,
            warranty=row.warranty_name,
            warranty_covers=row.warranty_covers,
            warranty_until=row.warranty_until,
            contract_until=row.contract_until,
            second_contact=SecondContact(row.second_name, row.second_email, row.second_phone),
        )
        for row, product in await session.execute(statement)
    ]


async def bills(session: AsyncSession, customer_id: int) -> list[Bill]:
    """Her proofs, oldest first."""
    statement = (
        select(Proof.id, Proof.name, Proof.size, Proof.storage_key, Proof.registration_id, Proof.claim_id)
        .where(proofs.are_hers(customer_id))
        .order_by(Proof.id)
    )
    return [
        Bill(row.id, row.name, row.size, row.storage_key, registration=row.registration_id, claim=row.claim_id)
        for row in await session.execute(statement)
    ]


async def claimed(session: AsyncSession, customer_id: int) -> list[Claimed]:
    """What she has claimed, oldest first."""
    one = OwnershipClaim
    statement = (
        select(
            one.id, Product.name.label("product"), Registration.serial, one.created_at.label("at"), one.words,
            one.purchased_on, one.country, one.seller, one.state, one.decided_at,
        )
        .join(Registration, Registration.id == one.registration_id)
        .join(Product, Product.id == Registration.product_id)
        .where(one.customer_id == customer_id)
        .order_by(one.id)
    )  # fmt: skip
    return [Claimed(**row) for row in (await session.execute(statement)).mappings()]


async def handed_over(session: AsyncSession, customer_id: int) -> list[HandedOver]:
    """Invitations of hers and those that she accepted, oldest first."""
    one = Transfer
    statement = (
        select(
            Product.name, Registration.serial, one.from_customer_id == customer_id, one.to_email, one.state,
            one.created_at, one.closed_at,
        )
        .join(Registration, Registration.id == one.registration_id)
        .join(Product, Product.id == Registration.product_id)
        .where(or_(one.from_customer_id == customer_id, one.accepted_by_id == customer_id))
        .order_by(one.id)
    )  # fmt: skip
    return [HandedOver(*row) for row in await session.execute(statement)]


async def ordered(session: AsyncSession, customer_id: int) -> list[Ordered]:
    """All her orders with their lines, oldest first."""
    hers = Order.customer_id == customer_id
    lines: defaultdict[int, list[OrderedLine]] = defaultdict(list)
    of_them = select(OrderLine).join(Order, Order.id == OrderLine.order_id).where(hers)
    for line in await session.scalars(of_them.order_by(OrderLine.order_id, OrderLine.position)):
        lines[line.order_id].append(OrderedLine(line.text, line.sku, line.quantity, line.unit_price, line.serial))
    names = [name for name in Ordered.__struct_fields__ if name != "lines"]
    return [
        Ordered(**{name: getattr(row, name) for name in names}, lines=lines[row.id])
        for row in await session.scalars(select(Order).where(hers).order_by(Order.ordered_on, Order.id))
    ]

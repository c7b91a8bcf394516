"""Registered products as lists show them: of a customer, of the whole desk, with how they are covered today.

Rows become structs directly, pages are by key (architecture: speed rules).
"""

from datetime import date, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Select, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from core.errors import NotFound
from customers.models import Customer
from products import entitlement
from products.entitlement import Cover, State
from products.models import Ownership, OwnershipClaim, Product, Recall, RecallCase, Registration

LONGEST_PAGE: Final = 100
MOST_OF_ONE: Final = 200
SHORTEST_SERIAL: Final = 3


class RegistrationRow(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A registered product as a line. ``state`` is how it is covered today, ``until`` the last day of that."""

    id: int
    product_id: int
    sku: str
    product: str
    family: str
    names: dict[str, Any]
    has_picture: bool
    serial: str
    customer_id: int
    customer: str
    country: str
    purchased_on: date
    registered_at: datetime
    seller: str
    source: str
    external_id: str | None
    warranty_name: str
    warranty_covers: str
    warranty_from: date | None
    warranty_until: date | None
    contract_until: date | None
    warranty_reason: str
    second_name: str
    second_email: str
    second_phone: str
    ended_at: datetime | None
    ended_because: str
    version: int
    recalled: bool
    claimed: bool
    state: State
    until: date | None

    def name_in(self, language: str) -> str:
        """What the product is called in a language."""
        return str(self.names.get(language) or self.product)


class Owner(msgspec.Struct, frozen=True):
    """One owner of a product's history."""

    customer_id: int
    name: str
    how: str
    from_at: datetime
    until_at: datetime | None


def _rows() -> Select[*tuple[Any, ...]]:
    recalled = exists().where(
        RecallCase.registration_id == Registration.id, RecallCase.state != "done",
        RecallCase.recall_id == Recall.id, Recall.state == "running",
    )  # fmt: skip
    claimed = exists().where(OwnershipClaim.registration_id == Registration.id, OwnershipClaim.state == "open")
    one = Registration
    return (
        select(
            one.id, one.product_id, Product.sku, Product.name.label("product"), Product.family, Product.names,
            Product.picture_key.is_not(None).label("has_picture"), one.serial, one.customer_id,
            Customer.name.label("customer"), one.country, one.purchased_on, one.registered_at, one.seller, one.source,
            one.external_id, one.warranty_name, one.warranty_covers, one.warranty_from, one.warranty_until,
            one.contract_until, one.warranty_reason, one.second_name, one.second_email, one.second_phone, one.ended_at,
            one.ended_because, one.version, recalled.label("recalled"), claimed.label("claimed"),
        )
        .join(Product, Product.id == one.product_id)
        .join(Customer, Customer.id == one.customer_id)
    )  # fmt: skip


def _line(row: Any) -> RegistrationRow:
    cover = Cover(
        country=row["country"],
        warranty_until=row["warranty_until"],
        contract_until=row["contract_until"],
        ended_because=row["ended_because"] if row["ended_at"] is not None else None,
    )
    state, until = entitlement.state_at(cover, clock.now())
    return RegistrationRow(**row, state=state, until=until)


async def of_customer(session: AsyncSession, customer_id: int, *, with_ended: bool = False) -> list[RegistrationRow]:
    """What a customer owns, newest purchase first."""
    statement = _rows().where(Registration.customer_id == customer_id).limit(MOST_OF_ONE)
    if not with_ended:
        statement = statement.where(Registration.ended_at.is_(None))
    statement = statement.order_by(Registration.purchased_on.desc(), Registration.id.desc())
    return [_line(row) for row in (await session.execute(statement)).mappings()]


async def row_of(session: AsyncSession, registration_id: int, customer_id: int | None = None) -> RegistrationRow:
    """One registered product.

    Args:
        session: where to read.
        registration_id: which.
        customer_id: only if she owns it.

    Raises:
        NotFound: there is none with this id, or it is not hers.
    """
    statement = _rows().where(Registration.id == registration_id)
    if customer_id is not None:
        statement = statement.where(Registration.customer_id == customer_id, Registration.ended_at.is_(None))
    row = (await session.execute(statement)).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such registered product.")
    return _line(row)


async def search(
    session: AsyncSession,
    q: str = "",
    product_id: int | None = None,
    before_id: int | None = None,
    limit: int = 50,
) -> tuple[list[RegistrationRow], int | None]:
    """One page of all registered products, newest first, and the key of the next.

    Args:
        session: where to read.
        q: the start of a serial number, or a part of the owner's name.
        product_id: only this product.
        before_id: where the page before ended.
        limit: lines, at most :data:`LONGEST_PAGE`.
    """
    limit = max(1, min(limit, LONGEST_PAGE))
    statement = _rows().order_by(Registration.id.desc()).limit(limit + 1)
    words = " ".join(q.replace("\x00", " ").split())[:100]
    if words:
        plain = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        people = select(Customer.id).where(Customer.name.ilike(f"%{plain}%")).limit(200)
        begins = Registration.serial.like(f"{_serial(words)}%")
        statement = statement.where(or_(begins, Registration.customer_id.in_(people)))
    if product_id is not None:
        statement = statement.where(Registration.product_id == product_id)
    if before_id is not None:
        statement = statement.where(Registration.id < before_id)
    rows = [_line(row) for row in (await session.execute(statement)).mappings()]
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


async def some(session: AsyncSession, ids: list[int]) -> list[RegistrationRow]:
    """Some registered products, in the order of their ids as given."""
    if not ids:
        return []
    rows = (await session.execute(_rows().where(Registration.id.in_(ids)))).mappings()
    found = {row["id"]: _line(row) for row in rows}
    return [found[each] for each in ids if each in found]


async def by_serial(session: AsyncSession, typed: str, limit: int) -> list[RegistrationRow]:
    """Those whose serial number begins with what was typed, the newest first; less than three characters begin none."""
    serial = _serial(typed)
    if len(serial) < SHORTEST_SERIAL:
        return []
    statement = _rows().where(Registration.serial.like(f"{serial}%")).order_by(Registration.id.desc())
    rows = (await session.execute(statement.limit(max(1, min(limit, LONGEST_PAGE))))).mappings()
    return [_line(row) for row in rows]


def _serial(typed: str) -> str:
    """What was typed as serial numbers are kept, safe for ``like``."""
    plain = typed.replace("\x00", " ").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return "".join(plain.split()).replace("-", "").upper()[:100]


async def owners_of(session: AsyncSession, registration_id: int) -> list[Owner]:
    """Who has owned a product, the first one first."""
    statement = (
        select(Ownership.customer_id, Customer.name, Ownership.how, Ownership.from_at, Ownership.until_at)
        .join(Customer, Customer.id == Ownership.customer_id)
        .where(Ownership.registration_id == registration_id)
        .order_by(Ownership.id)
    )
    return [Owner(*row) for row in await session.execute(statement)]

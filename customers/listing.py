"""Lists of customers for agents, by name: found by their or their organisation's name, an address, or a number."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Select, and_, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Invalid
from customers.models import ContactPoint, Customer, Organisation

LONGEST_PAGE: Final = 100
LOOKED_AT: Final = 500
"""Customers that a search looks at; more than that is no search but a list."""


class CustomerLine(msgspec.Struct, frozen=True, kw_only=True):
    """A customer as a line of a list."""

    id: int
    name: str
    email: str | None
    phone: str | None
    language: str | None
    time_zone: str | None
    vip: bool
    do_not_contact: bool
    organisation_id: int | None
    organisation_name: str | None


def _contact(kind: str) -> Any:
    return (
        select(ContactPoint.value)
        .where(ContactPoint.customer_id == Customer.id, ContactPoint.kind == kind)
        .order_by(ContactPoint.invalid_reason.is_not(None), ContactPoint.id)
        .limit(1)
        .correlate(Customer)
        .scalar_subquery()
    )


def _lines() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Customer.id, Customer.name, _contact("email"), _contact("phone"), Customer.language, Customer.time_zone,
            Customer.vip, Customer.do_not_contact, Organisation.id, Organisation.name,
        )
        .outerjoin(Organisation, Organisation.id == Customer.organisation_id)
        .where(Customer.merged_into_id.is_(None))
    )  # fmt: skip


def _line(row: Any) -> CustomerLine:
    return CustomerLine(
        id=row[0],
        name=row[1],
        email=row[2],
        phone=row[3],
        language=row[4],
        time_zone=row[5],
        vip=row[6],
        do_not_contact=row[7],
        organisation_id=row[8],
        organisation_name=row[9],
    )


def _found(q: str, also: Sequence[int]) -> Any:
    escaped = q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    start = q.lower()
    by_name = select(Customer.id).where(Customer.name.ilike(f"%{escaped}%")).limit(LOOKED_AT)
    by_contact = (
        select(ContactPoint.customer_id)
        .where(ContactPoint.kind.in_(("email", "phone")))
        .where(ContactPoint.value >= start, ContactPoint.value < start + "\U0010ffff")
        .limit(LOOKED_AT)
    )
    organisations = select(Organisation.id).where(Organisation.name.ilike(f"%{escaped}%")).limit(LOOKED_AT)
    by_organisation = select(Customer.id).where(Customer.organisation_id.in_(organisations)).limit(LOOKED_AT)
    named = Customer.id.in_(union_all(by_name, by_contact, by_organisation).scalar_subquery())
    return or_(named, Customer.id.in_(also)) if also else named


def _key(line: CustomerLine) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode((line.name, line.id))).decode().rstrip("=")


def _read_key(cursor: str) -> tuple[str, int]:
    try:
        plain = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.json.decode(plain, type=tuple[str, int])
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        raise Invalid.field("cursor", "This is not a cursor of this list.") from None


async def some(session: AsyncSession, ids: list[int]) -> list[CustomerLine]:
    """Some customers, in the order of their ids as given."""
    if not ids:
        return []
    found = {row[0]: _line(row) for row in await session.execute(_lines().where(Customer.id.in_(ids)))}
    return [found[each] for each in ids if each in found]


async def list_customers(
    session: AsyncSession, q: str = "", cursor: str | None = None, limit: int = 50, also: Sequence[int] = ()
) -> tuple[list[CustomerLine], str | None]:
    """One page of customers by name, and the key of the next.

    Args:
        session: where to read.
        q: part of a name or of the organisation's, or the start of an address or number; empty: everybody.
        cursor: where the page before ended.
        limit: rows, at most :data:`LONGEST_PAGE`.
        also: with ``q``: ids of customers that were found by something else.

    Raises:
        Invalid: not a cursor of this list.
    """
    q = " ".join(q.replace("\x00", " ").split())[:200]
    limit = max(1, min(limit, LONGEST_PAGE))
    statement = _lines().order_by(Customer.name, Customer.id).limit(limit + 1)
    if q:
        statement = statement.where(_found(q, also))
    if cursor:
        name, last = _read_key(cursor)
        statement = statement.where(or_(Customer.name > name, and_(Customer.name == name, Customer.id > last)))
    rows = [_line(row) for row in await session.execute(statement)]
    return rows[:limit], _key(rows[limit - 1]) if len(rows) > limit else None


async def find_organisations(session: AsyncSession, q: str = "", limit: int = 20) -> list[tuple[int, str]]:
    """Organisations whose name holds these words, by name: id and name."""
    words = " ".join(q.replace("\x00", " ").split())[:200]
    escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    statement = select(Organisation.id, Organisation.name).where(Organisation.name.ilike(f"%{escaped}%"))
    rows = await session.execute(statement.order_by(Organisation.name, Organisation.id).limit(min(limit, LONGEST_PAGE)))
    return [(row.id, row.name) for row in rows]


async def named_organisations(session: AsyncSession, ids: Sequence[int]) -> list[tuple[int, str]]:
    """Id and name of some organisations, by name; those that are gone are left out."""
    statement = select(Organisation.id, Organisation.name).where(Organisation.id.in_(ids[:LONGEST_PAGE]))
    rows = await session.execute(statement.order_by(Organisation.name, Organisation.id))
    return [(row.id, row.name) for row in rows]

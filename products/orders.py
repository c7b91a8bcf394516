"""Orders with their lines, as the shop system tells them; shown on the customer's record.

The shop is the owner of the truth: the same external id again replaces what was told before, so telling twice changes
nothing. Amounts are whole numbers of the currency's smallest unit.
"""

from datetime import date, datetime
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.errors import Invalid, NotFound
from products.events import OrderChanged
from products.models import Order, OrderLine, Product

STATUSES: Final = ("placed", "confirmed", "packed", "shipped", "delivered", "cancelled", "returned")
PAYMENTS: Final = ("unpaid", "paid", "part_paid", "refunded", "failed")
MOST_LINES: Final = 500
MOST_OF_ONE: Final = 100
LARGEST: Final = 10**14
Told = Literal["created", "changed", "unchanged"]


class LineInput(msgspec.Struct, frozen=True, kw_only=True):
    """One position of an order."""

    text: str
    sku: str = ""
    quantity: int = 1
    unit_price: int = 0
    serial: str = ""


class OrderInput(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the shop tells it."""

    external_id: str
    customer_id: int
    ordered_on: date
    number: str = ""
    status: str = "placed"
    payment_status: str = "unpaid"
    deliver_on: date | None = None
    delivered_on: date | None = None
    currency: str = "INR"
    total: int | None = None
    note: str = ""
    lines: list[LineInput] = []


class OrderRow(msgspec.Struct, frozen=True, kw_only=True):
    """An order with its lines."""

    id: int
    external_id: str
    customer_id: int
    number: str
    status: str
    payment_status: str
    ordered_on: date
    deliver_on: date | None
    delivered_on: date | None
    currency: str
    total: int
    note: str
    changed_at: datetime
    lines: list[LineInput]


async def tell(session: AsyncSession, told: OrderInput) -> tuple[Order, Told]:
    """Take an order over, or what has become of it.

    Args:
        session: the unit of work.
        told: all of it; lines that are not told any more are gone.

    Returns:
        The order, and what became of it.

    Raises:
        Invalid: a field cannot be.
    """
    values = _checked(told)
    now = clock.now()
    statement = insert(Order).values(**values, created_at=now, changed_at=now)
    made = await session.scalar(statement.on_conflict_do_nothing(index_elements=[Order.external_id]).returning(Order))
    if made is not None:
        await _write_lines(session, made.id, told.lines)
        _tell_others(session, made)
        return made, "created"
    same = select(Order).where(Order.external_id == told.external_id).with_for_update()
    known = (await session.scalars(same.execution_options(populate_existing=True))).one()
    before = (known.status, known.payment_status)
    is_changed = any(getattr(known, name) != value for name, value in values.items())
    for name, value in values.items():
        setattr(known, name, value)
    if await _lines_of(session, [known.id]) != {known.id: told.lines} and (told.lines or is_changed):
        await _write_lines(session, known.id, told.lines)
        is_changed = True
    if is_changed:
        known.changed_at = now
    if before != (known.status, known.payment_status):
        _tell_others(session, known)
    await session.flush()
    return known, "changed" if is_changed else "unchanged"


def _tell_others(session: AsyncSession, order: Order) -> None:
    changed = OrderChanged(
        order_id=order.id,
        customer_id=order.customer_id,
        number=order.number,
        status=order.status,
        payment_status=order.payment_status,
    )
    events.record(session, changed)


def _checked(told: OrderInput) -> dict[str, Any]:
    wrong: list[dict[str, str]] = []

    def check(field: str, message: str, *, fine: bool) -> None:
        if not fine:
            wrong.append({"field": field, "message": message})

    check("externalId", "From 1 to 120 characters.", fine=0 < len(told.external_id.strip()) <= 120)
    check("status", f"One of {', '.join(STATUSES)}.", fine=told.status in STATUSES)
    check("paymentStatus", f"One of {', '.join(PAYMENTS)}.", fine=told.payment_status in PAYMENTS)
    check("currency", "Three letters (ISO 4217).", fine=len(told.currency) == 3 and told.currency.isalpha())
    check("lines", f"At most {MOST_LINES} lines.", fine=len(told.lines) <= MOST_LINES)
    for place, line in enumerate(told.lines):
        check(f"lines[{place}].text", "Say what it is.", fine=bool(line.text.strip()))
        check(f"lines[{place}].quantity", "From 1 to 100000.", fine=1 <= line.quantity <= 100_000)
        check(f"lines[{place}].unitPrice", "Not below nothing.", fine=0 <= line.unit_price <= LARGEST)
    total = told.total if told.total is not None else sum(line.quantity * line.unit_price for line in told.lines)
    check("total", "Not below nothing.", fine=0 <= total <= LARGEST * MOST_LINES)
    if wrong:
        raise Invalid("; ".join(f"{each['field']}: {each['message']}" for each in wrong), errors=wrong)
    return {
        "external_id": told.external_id.strip(),
        "customer_id": told.customer_id,
        "number": " ".join(told.number.split())[:120] or told.external_id.strip(),
        "status": told.status,
        "payment_status": told.payment_status,
        "ordered_on": told.ordered_on,
        "deliver_on": told.deliver_on,
        "delivered_on": told.delivered_on,
        "currency": told.currency.upper(),
        "total": total,
        "note": told.note.replace("\x00", "").strip()[:2000],
    }


async def _write_lines(session: AsyncSession, order_id: int, lines: list[LineInput]) -> None:
    await session.execute(delete(OrderLine).where(OrderLine.order_id == order_id))
    skus = {line.sku for line in lines if line.sku}
    known = await session.execute(select(Product.sku, Product.id).where(Product.sku.in_(skus)))
    products = {row.sku: row.id for row in known}
    session.add_all(
        OrderLine(order_id=order_id, position=place, product_id=products.get(line.sku), **msgspec.structs.asdict(line))
        for place, line in enumerate(lines, start=1)
    )
    await session.flush()


async def _lines_of(session: AsyncSession, order_ids: list[int]) -> dict[int, list[LineInput]]:
    statement = select(
        OrderLine.order_id, OrderLine.text, OrderLine.sku, OrderLine.quantity, OrderLine.unit_price, OrderLine.serial
    ).where(OrderLine.order_id.in_(order_ids))
    found: dict[int, list[LineInput]] = {number: [] for number in order_ids}
    for row in await session.execute(statement.order_by(OrderLine.order_id, OrderLine.position)):
        line = LineInput(
            text=row.text, sku=row.sku, quantity=row.quantity, unit_price=row.unit_price, serial=row.serial
        )
        found[row.order_id].append(line)
    return found


async def of_customer(session: AsyncSession, customer_id: int) -> list[OrderRow]:
    """A customer's orders, newest first, at most :data:`MOST_OF_ONE`."""
    statement = select(Order).where(Order.customer_id == customer_id)
    ordered = statement.order_by(Order.ordered_on.desc(), Order.id.desc()).limit(MOST_OF_ONE)
    return await _rows(session, list(await session.scalars(ordered)))


async def by_external_id(session: AsyncSession, external_id: str) -> OrderRow:
    """One order by the shop's name for it.

    Raises:
        NotFound: there is none.
    """
    found = await session.scalar(select(Order).where(Order.external_id == external_id))
    if found is None:
        raise NotFound("There is no such order.")
    return (await _rows(session, [found]))[0]


async def _rows(session: AsyncSession, orders: list[Order]) -> list[OrderRow]:
    lines = await _lines_of(session, [order.id for order in orders])
    names = [name for name in OrderRow.__struct_fields__ if name != "lines"]
    return [OrderRow(**{name: getattr(order, name) for name in names}, lines=lines[order.id]) for order in orders]

from datetime import date

import pytest
from sqlalchemy import func, select

from core.db import Database, reading, unit_of_work
from core.errors import Invalid, NotFound
from core.events import EventRow
from products import orders
from products.models import OrderLine
from products.orders import LineInput, OrderInput
from tests.products import rows


def told(customer_id: int, **fields: object) -> OrderInput:
    """An order of two fridges and a cable."""
    values: dict[str, object] = {
        "external_id": "TO-1",
        "customer_id": customer_id,
        "ordered_on": date(2026, 2, 27),
        "lines": [
            LineInput(text="Fridge", sku="TF-260", quantity=2, unit_price=27_990_00),
            LineInput(text="Cable", unit_price=499_00),
        ],
    }
    return OrderInput(**(values | fields))  # type: ignore[arg-type]


async def test_an_order_is_told_twice_and_kept_once(db: Database, clock) -> None:
    """The second telling changes nothing; another state of it is one event; lines are replaced."""
    async with unit_of_work(db) as session:
        fridge = await rows.product(session, sku="TF-260")
        asha = await rows.person(session)
        first, once = await orders.tell(session, told(asha))
        again, twice = await orders.tell(session, told(asha))
        assert (once, twice, first.id == again.id, first.total) == ("created", "unchanged", True, 56_479_00)
        line = (await session.scalars(select(OrderLine).order_by(OrderLine.position).limit(1))).one()
        assert line.product_id == fridge.id
    async with unit_of_work(db) as session:
        shipped = told(
            asha, status="shipped", payment_status="paid", deliver_on=date(2026, 3, 4), lines=told(asha).lines[:1]
        )
        _, what = await orders.tell(session, shipped)
        assert what == "changed"
    async with reading(db) as session:
        (row,) = await orders.of_customer(session, asha)
        assert (row.status, row.payment_status, row.deliver_on, len(row.lines)) == (
            "shipped",
            "paid",
            date(2026, 3, 4),
            1,
        )
        assert row == await orders.by_external_id(session, "TO-1")
        heard = select(func.count()).select_from(EventRow).where(EventRow.kind == "order.changed")
        assert await session.scalar(heard) == 2
        with pytest.raises(NotFound):
            await orders.by_external_id(session, "TO-2")


async def test_an_order_that_cannot_be_names_every_wrong_field(db: Database, clock) -> None:
    """Unknown states, no text, no quantity: all at once."""
    async with unit_of_work(db) as session:
        asha = await rows.person(session)
        wrong = told(asha, external_id=" ", status="lost", currency="₹", lines=[LineInput(text=" ", quantity=0)])
        with pytest.raises(Invalid) as refused:
            await orders.tell(session, wrong)
        fields = [each["field"] for each in refused.value.extra["errors"]]
        assert fields == ["externalId", "status", "currency", "lines[0].text", "lines[0].quantity"]

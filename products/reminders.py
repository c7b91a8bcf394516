"""The reminder before a product's cover ends: who gets it, once for each end.

A timer for each product (``products/coverage.py``) becomes job ``products.remind``, which ``channels/product_mail.py``
runs; here it is decided whether the reminder is still due when its time has come.
"""

from datetime import date

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from core.errors import NotFound
from products import coverage, days, registering


class Reminder(msgspec.Struct, frozen=True):
    """What an owner is reminded of."""

    registration_id: int
    customer_id: int
    product_id: int
    serial: str
    until: date
    has_contract: bool


async def take(session: AsyncSession, registration_id: int) -> Reminder | None:
    """The reminder that is due for a product, noted as given; None when it is too early, over, or given already."""
    try:
        known = await registering.lock(session, registration_id)
    except NotFound:
        return None
    at, until = coverage.reminder_at(known), known.covered_until
    if at is None or until is None or at > clock.now() or clock.now() >= days.end_of(until, known.country):
        return None
    known.reminded_until = until
    return Reminder(
        registration_id=known.id,
        customer_id=known.customer_id,
        product_id=known.product_id,
        serial=known.serial,
        until=until,
        has_contract=known.contract_until is not None,
    )

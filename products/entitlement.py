"""What a customer is entitled to for a registered product at an instant, and why.

Asked by ``tickets`` when a ticket is opened (the answer is frozen there with its reason) and when somebody wants to see
how it stands now. Pure but for one row that is read.
"""

from datetime import date, datetime
from typing import Final, Literal

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Invalid
from products import days
from products.models import EntitlementPriority, Product, Registration

State = Literal["in_warranty", "contract", "expired", "none"]
STATES: Final[tuple[State, ...]] = ("in_warranty", "contract", "expired", "none")


class Entitlement(msgspec.Struct, frozen=True):
    """What somebody is entitled to.

    Attributes:
        state: in the warranty, covered by a contract that was bought on top, expired, or none at all.
        reason: why, as a sentence for an agent.
        until: the last day of the cover; of what has expired the day on which it ended.
    """

    state: State
    reason: str
    until: date | None = None


class Cover(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a registered product's cover; see :class:`products.models.Registration`."""

    country: str
    warranty_until: date | None
    contract_until: date | None
    warranty_reason: str = ""
    ended_because: str | None = None


NOTHING: Final = Entitlement("none", "No registered product was named.")


def state_at(cover: Cover, at: datetime) -> tuple[State, date | None]:
    """How a product is covered at an instant, and until when; the last day counts until it is over everywhere."""
    today = days.last_to_end(cover.country, at)
    if cover.ended_because is not None:
        return "none", None
    if cover.warranty_until is not None and today <= cover.warranty_until:
        return "in_warranty", cover.warranty_until
    if cover.contract_until is not None and today <= cover.contract_until:
        return "contract", cover.contract_until
    ended = max((day for day in (cover.warranty_until, cover.contract_until) if day is not None), default=None)
    return ("expired", ended) if ended is not None else ("none", None)


def judge(cover: Cover, what: str, at: datetime) -> Entitlement:
    """The entitlement with its reason.

    Args:
        cover: what is known.
        what: the product and its serial number, for the sentence.
        at: when.
    """
    state, until = state_at(cover, at)
    if cover.ended_because is not None:
        return Entitlement(state, f"{what} is not in use any more: {cover.ended_because}")
    said = {
        "in_warranty": f"{what} is in its warranty until {until}.",
        "contract": f"The warranty of {what} is over; what was bought on top covers it until {until}.",
        "expired": f"The cover of {what} ended on {until}.",
        "none": f"{what} has no warranty.",
    }
    return Entitlement(state, f"{said[state]} {cover.warranty_reason}".strip(), until)


async def entitlement(session: AsyncSession, registration_id: int | None, at: datetime) -> Entitlement:
    """What the owner of a registered product is entitled to.

    Args:
        session: any session.
        registration_id: the product; None: none was named.
        at: when.
    """
    if registration_id is None:
        return NOTHING
    statement = (
        select(
            Registration.country,
            Registration.warranty_until,
            Registration.contract_until,
            Registration.warranty_reason,
            Registration.ended_at,
            Registration.ended_because,
            Registration.serial,
            Product.name,
        )
        .join(Product, Product.id == Registration.product_id)
        .where(Registration.id == registration_id)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        return Entitlement("none", "There is no such registered product.")
    cover = Cover(
        country=row.country,
        warranty_until=row.warranty_until,
        contract_until=row.contract_until,
        warranty_reason=row.warranty_reason,
        ended_because=row.ended_because if row.ended_at is not None else None,
    )
    return judge(cover, f"{row.name} ({row.serial})", at)


async def priorities(session: AsyncSession) -> dict[str, str]:
    """State of an entitlement → priority of new tickets, where it is not the usual one."""
    rows = await session.execute(select(EntitlementPriority.state, EntitlementPriority.priority))
    return {row.state: row.priority for row in rows}


async def set_priorities(session: AsyncSession, wanted: dict[str, str]) -> None:
    """Say which priority new tickets get by their entitlement.

    Args:
        session: the unit of work.
        wanted: state → priority; what is not named has the usual one.

    Raises:
        Invalid: there is no such state.
    """
    unknown = next((state for state in wanted if state not in STATES), None)
    if unknown is not None:
        raise Invalid.field("state", f"One of {', '.join(STATES)}.")
    await session.execute(delete(EntitlementPriority))
    session.add_all(EntitlementPriority(state=state, priority=priority) for state, priority in wanted.items())
    await session.flush()

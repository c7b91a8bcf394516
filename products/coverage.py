"""The warranty of a registered product, computed once and frozen with its reason; more months; computed anew visibly.

Called when something is registered or its facts change. Rules that change later do not reach what was registered
before: only :func:`recompute`, which an agent asks for, looks at them again, and the change is an event.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events, jobs, timers
from core.db import actor_of
from core.errors import Invalid
from products import catalogue, days, warranty
from products.events import WarrantyChanged
from products.models import Product, Registration, WarrantyExtension
from products.warranty import Extension, Facts, Kind, Warranty

REMIND_JOB: Final = "products.remind"
REMIND_BEFORE: Final = timedelta(days=30)


async def extensions_of(session: AsyncSession, registration_id: int) -> list[WarrantyExtension]:
    """What a product was given on top, oldest first."""
    statement = select(WarrantyExtension).where(WarrantyExtension.registration_id == registration_id)
    return list(await session.scalars(statement.order_by(WarrantyExtension.id)))


async def freeze(session: AsyncSession, registration: Registration, product: Product, because: str = "") -> Warranty:
    """Compute the warranty and keep it on the registration.

    Args:
        session: the unit of work.
        registration: locked by the caller, or new.
        product: what it is.
        because: why it is computed anew, for the event; empty: it is new, and no event is needed.
    """
    given = [Extension(_kind(each.kind), each.months) for each in await extensions_of(session, registration.id)]
    facts = Facts(
        product_id=product.id,
        family=product.family,
        country=registration.country,
        purchased_on=registration.purchased_on,
        registered_on=days.last_to_end(registration.country, registration.registered_at),
    )
    found = warranty.compute(await catalogue.rules_in_force(session), facts, given)
    old = registration.covered_until
    registration.warranty_rule_id = found.rule_id
    registration.warranty_name = found.name
    registration.warranty_covers = found.covers
    registration.warranty_from = found.starts_on
    registration.warranty_until = found.until
    registration.contract_until = found.contract_until
    registration.covered_until = found.contract_until or found.until
    changed = registration.warranty_reason != found.reason
    registration.warranty_reason = found.reason
    if because and changed:
        event = WarrantyChanged(
            registration_id=registration.id,
            customer_id=registration.customer_id,
            old_until=old,
            new_until=registration.covered_until,
            reason=found.reason,
            because=because,
        )
        events.record(session, event)
    await remind_later(session, registration)
    return found


def _kind(name: str) -> Kind:
    return "bought" if name == "bought" else "granted"


async def remind_later(session: AsyncSession, registration: Registration) -> None:
    """Set the timer of the reminder before the end, or take it back."""
    at = reminder_at(registration)
    if at is None or at <= clock.now():
        await timers.cancel_timer(session, _key(registration.id))
        return
    args = {"registration_id": registration.id}
    await jobs.enqueue(session, REMIND_JOB, args, run_at=at, dedupe=_key(registration.id))


def reminder_at(registration: Registration) -> datetime | None:
    """When its owner is reminded that the cover ends; None: never."""
    until = registration.covered_until
    if until is None or registration.ended_at is not None or registration.reminded_until == until:
        return None
    return days.end_of(until, registration.country) - REMIND_BEFORE


def _key(registration_id: int) -> str:
    return f"remind:{registration_id}"


async def extend(
    session: AsyncSession,
    registration: Registration,
    kind: str,
    months: int,
    reason: str,
    external_id: str | None = None,
) -> WarrantyExtension:
    """Give a product more months, and compute its warranty anew.

    Args:
        session: the unit of work.
        registration: locked by the caller.
        kind: ``granted`` or ``bought``.
        months: how many.
        reason: why, for the certificate's history and for colleagues.
        external_id: the shop's name for it; the same again changes nothing.

    Raises:
        Invalid: no reason, or a number of months that cannot be.
    """
    if external_id is not None:
        same = select(WarrantyExtension).where(WarrantyExtension.external_id == external_id)
        known: WarrantyExtension | None = await session.scalar(same)
        if known is not None:
            return known
    if kind not in {"granted", "bought"}:
        raise Invalid.field("kind", "It is granted or bought.")
    if not 1 <= months <= warranty.MOST_MONTHS:
        raise Invalid.field("months", f"From 1 to {warranty.MOST_MONTHS} months.")
    if not reason.strip():
        raise Invalid.field("reason", "Say why.")
    made = WarrantyExtension(
        registration_id=registration.id,
        kind=kind,
        months=months,
        reason=reason.strip(),
        external_id=external_id,
        created_by_id=actor_of(session).id if actor_of(session).kind == "agent" else None,
        created_at=clock.now(),
    )
    session.add(made)
    await session.flush()
    registration.version += 1
    product = await catalogue.get(session, registration.product_id)
    await freeze(session, registration, product, f"{months} months {kind}: {made.reason}")
    return made


async def recompute(session: AsyncSession, registration: Registration) -> Warranty:
    """Look at the rules as they are now; what differs is an event.

    Args:
        session: the unit of work.
        registration: locked by the caller.
    """
    product = await catalogue.get(session, registration.product_id)
    registration.version += 1
    return await freeze(session, registration, product, "An agent had it computed anew")

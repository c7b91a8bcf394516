"""The registered product that a ticket is about, chosen or changed by an agent.

What the customer was entitled to when she wrote stays frozen on the ticket. Another product's entitlement is shown
beside it, as an event; only :func:`apply_entitlement`, which an agent asks for, freezes it anew.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.errors import Invalid, Stale
from products import listing
from products.entitlement import NOTHING, entitlement
from tickets import lifecycle
from tickets.events import EntitlementApplied, ProductChosen, audience
from tickets.intake import freeze
from tickets.models import Ticket


async def choose(
    session: AsyncSession, ticket_id: int, registration_id: int | None, if_version: int | None = None
) -> Ticket:
    """Say which product a ticket is about.

    Args:
        session: the unit of work.
        ticket_id: the ticket.
        registration_id: the product; None: none, or one that is not registered.
        if_version: refuse when the ticket is not at this version.

    Raises:
        NotFound: there is no such ticket or product.
        Stale: the ticket has another version by now.
    """
    ticket = await lifecycle.lock(session, ticket_id)
    if if_version is not None and ticket.version != if_version:
        raise Stale("Somebody changed this ticket in the meantime.", version=ticket.version)
    if ticket.registration_id == registration_id:
        return ticket
    found, name = NOTHING, ""
    if registration_id is not None:
        row = await listing.row_of(session, registration_id)
        name = f"{row.product} ({row.serial})"
        found = await entitlement(session, registration_id, clock.now())
    ticket.registration_id = registration_id
    ticket.version += 1
    chosen = ProductChosen(
        registration_id=registration_id,
        product=name,
        entitlement=found.state,
        reason=found.reason,
        until=found.until,
        frozen=ticket.entitlement,
        **audience(ticket),
    )
    events.record(session, chosen)
    await session.flush()
    return ticket


async def apply_entitlement(session: AsyncSession, ticket_id: int) -> Ticket:
    """Freeze what the customer is entitled to now; what was frozen before is kept in the event.

    Raises:
        NotFound: there is no such ticket.
        Invalid: it names no product.
    """
    ticket = await lifecycle.lock(session, ticket_id)
    if ticket.registration_id is None:
        raise Invalid.field("registrationId", "Choose the product first.")
    frozen = await freeze(session, ticket.registration_id, clock.now())
    old = ticket.entitlement
    if (old, ticket.entitlement_until) == (frozen.entitlement, frozen.entitlement_until):
        return ticket
    ticket.entitlement = frozen.entitlement
    ticket.entitlement_reason = frozen.entitlement_reason
    ticket.entitlement_until = frozen.entitlement_until
    ticket.version += 1
    applied = EntitlementApplied(
        old=old,
        new=frozen.entitlement,
        reason=frozen.entitlement_reason,
        until=frozen.entitlement_until,
        **audience(ticket),
    )
    events.record(session, applied)
    await session.flush()
    return ticket

"""Puts a customer's page together from customers and tickets. Called by ``agent_ui/api``."""

import contextlib
from collections.abc import AsyncIterator

from agent_ui.deps import Desk
from agent_ui.views.customers import CustomerView, customer_view
from core.errors import Stale
from customers import service
from tickets import listing
from tickets.listing import ListQuery


async def read(desk: Desk, customer_id: int) -> CustomerView:
    """A customer with addresses, organisation and the tickets that the agent may see.

    Raises:
        NotFound: there is none with this id.
    """
    customer = await service.get(desk.session, customer_id)
    theirs = await listing.list_tickets(desk.source, desk.actor, ListQuery(customer_id=customer_id))
    return customer_view(
        customer,
        await service.organisation_of(desk.session, customer),
        await service.contacts_of(desk.session, customer_id),
        theirs.items,
    )


@contextlib.asynccontextmanager
async def telling_what_is_new(desk: Desk, customer_id: int) -> AsyncIterator[None]:
    """Add to a refused change the customer as she is now."""
    try:
        yield
    except Stale as problem:
        desk.session.expire_all()
        problem.extra["current"] = await read(desk, customer_id)
        raise

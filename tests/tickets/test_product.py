from datetime import date, timedelta

import pytest
from sqlalchemy import select

from core import clock as clocks
from core.db import Database, reading, unit_of_work
from core.errors import Invalid, NotFound, Stale
from core.events import EventRow
from products import coverage, entitlement, registering
from tests import factories
from tests.products import rows
from tickets import detail, product, split
from tickets.models import Ticket
from tickets.timeline import EventItem


async def bought(db: Database, **fields: object) -> tuple[int, int]:
    """(customer, her registered product), in warranty until 15 January 2028."""
    async with unit_of_work(db) as session:
        asha = await rows.person(session)
        return asha, (await rows.registered(session, asha, **fields)).id


async def ticket(db: Database, number: int) -> Ticket:
    """The row."""
    async with reading(db) as session:
        return (await session.scalars(select(Ticket).where(Ticket.id == number))).one()


async def test_the_entitlement_is_frozen_when_a_ticket_is_opened(db: Database, clock: clocks.ManualClock) -> None:
    """State, last day and reason stay what they were, whatever becomes of the product and of time."""
    _, number = await bought(db)
    async with unit_of_work(db) as session:
        made = (await factories.received(session, registration_id=number)).ticket_id
    clock.advance(timedelta(days=1000))
    async with unit_of_work(db) as session:
        await registering.end(session, number, "Scrapped")
    frozen = await ticket(db, made)
    assert (frozen.entitlement, frozen.entitlement_until) == ("in_warranty", date(2028, 1, 15))
    assert (
        "TF123456) is in its warranty until 2028-01-15. 24 months: 24 months from purchase" in frozen.entitlement_reason
    )
    async with unit_of_work(db) as session:
        later = (await factories.received(session, registration_id=number)).ticket_id
    assert "not in use any more: Scrapped" in (await ticket(db, later)).entitlement_reason


@pytest.mark.parametrize(
    ("purchased", "months", "state"),
    [(date(2026, 1, 15), 0, "in_warranty"), (date(2024, 1, 15), 12, "contract"), (date(2022, 1, 1), 0, "expired")],
)
async def test_every_state_of_an_entitlement_reaches_the_ticket(
    db: Database, clock, purchased: date, months: int, state: str
) -> None:
    """In warranty, by contract, expired; and none where no product was named."""
    _, number = await bought(db, purchased_on=purchased)
    async with unit_of_work(db) as session:
        if months:
            await coverage.extend(session, await registering.lock(session, number), "bought", months, "Plan")
        made = (await factories.received(session, registration_id=number)).ticket_id
        without = (await factories.received(session)).ticket_id
    assert (await ticket(db, made)).entitlement == state
    assert (await ticket(db, without)).entitlement == "none"


async def test_the_priority_follows_the_entitlement_where_the_desk_says_so(db: Database, clock) -> None:
    """What is in warranty is urgent here; the event and the router's decision say why."""
    _, number = await bought(db)
    async with unit_of_work(db) as session:
        await entitlement.set_priorities(session, {"in_warranty": "high"})
        made = (await factories.received(session, registration_id=number)).ticket_id
        plain = (await factories.received(session)).ticket_id
    assert (await ticket(db, made)).priority == "high"
    assert (await ticket(db, plain)).priority == "normal"
    async with reading(db) as session:
        created = select(EventRow.data).where(EventRow.kind == "ticket.created", EventRow.ticket_id == made)
        facts = (await session.scalars(created)).one()
        assert (facts["entitlement"], facts["priority"]) == ("in_warranty", "high")


async def test_another_product_is_shown_beside_what_was_frozen(db: Database, clock) -> None:
    """An agent's choice is an event with the entitlement of now; the frozen one changes only when she applies it."""
    _asha, number = await bought(db)
    lead = frozenset({"tickets:read_all"})
    async with unit_of_work(db) as session:
        made = (await factories.received(session)).ticket_id
        with pytest.raises(Invalid):
            await product.apply_entitlement(session, made)
        with pytest.raises(NotFound):
            await product.choose(session, made, 99)
        with pytest.raises(Stale):
            await product.choose(session, made, number, if_version=7)
        await product.choose(session, made, number, if_version=1)
        await product.choose(session, made, number)
    assert (await ticket(db, made)).entitlement == "none"
    async with unit_of_work(db) as session:
        someone = factories.actor(await factories.agent(session), rights=lead)
        seen = await detail.read(session, someone, made)
        assert seen.registration_id == number and seen.row.entitlement == "none"
        shown = [item for item in seen.timeline.items if isinstance(item, EventItem) and "product" in item.kind]
        assert [(item.data["entitlement"], item.data["frozen"]) for item in shown] == [("in_warranty", "none")]
        await product.apply_entitlement(session, made)
        await product.apply_entitlement(session, made)
    after = await ticket(db, made)
    assert (after.entitlement, after.entitlement_until) == ("in_warranty", date(2028, 1, 15))
    async with reading(db) as session:
        applied = (await session.scalars(select(EventRow).where(EventRow.kind == "ticket.entitlement_applied"))).one()
        assert (applied.data["old"], applied.data["new"]) == ("none", "in_warranty")


async def test_a_message_that_gets_its_own_ticket_keeps_the_product(db: Database, clock) -> None:
    """The new ticket is about the same product, with the entitlement of the moment in which it was opened."""
    _, number = await bought(db)
    async with unit_of_work(db) as session:
        first = await factories.received(session, registration_id=number)
        second = await factories.received(session, token_ticket_id=first.ticket_id, subject="Something else")
        assert second.ticket_id == first.ticket_id
        made = await split.split(session, first.ticket_id, second.message_id)
        assert (made.registration_id, made.entitlement) == (number, "in_warranty")

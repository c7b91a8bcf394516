"""Open work of an agent who goes away: listed, kept, or given to others with the time it has waited."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.errors import Invalid
from routing import handover, presence
from tests import factories
from tests.routing.test_assignment import drain, owner, wired
from tickets import lifecycle
from tickets.lifecycle import TicketChange

__all__ = ["wired"]


async def test_a_break_with_hand_over_moves_what_waits(db: Database, clock: ManualClock) -> None:
    """What waits for her goes to a colleague with its original wait; what waits for others stays; it is on record."""
    async with unit_of_work(db) as session:
        team = await factories.team(session)
        neha = await factories.agent(session, team, present="available")
    tickets = []
    for _ in range(3):
        async with unit_of_work(db) as session:
            tickets.append((await factories.received(session, team_id=team.id)).ticket_id)
    async with unit_of_work(db) as session:
        await lifecycle.change(session, tickets[1], TicketChange(status="pending"))
        await lifecycle.change(session, tickets[2], TicketChange(snoozed_until=clock.now() + timedelta(days=1)))
        pooja = await factories.agent(session, team, present="available")
    clock.advance(timedelta(seconds=20))
    async with unit_of_work(db, factories.actor(neha)) as session:
        work = await handover.open_work(session, neha.id)
        assert [each.ticket_id for each in work] == [tickets[0], tickets[2], tickets[1]]
        await presence.set_state(session, neha.id, "break", "Lunch")
        assert await handover.hand_over(session, neha.id) == [tickets[0]]
    await drain(db)
    assert [await owner(db, each) for each in tickets] == [pooja.id, neha.id, neha.id]
    async with db.sessions() as session:
        entered = text("select entered_at from work_items where ticket_id = :id")
        assert await session.scalar(entered, {"id": tickets[0]}) == clock.now() - timedelta(seconds=20)
        said = text("select actor_name, ticket_id from events where data->>'because' = 'Handed over'")
        assert tuple((await session.execute(said)).one()) == (neha.name, tickets[0])


async def test_chosen_work_is_handed_over_and_nobody_elses(db: Database) -> None:
    """Also what is pending, if somebody chooses it; what is not hers any more is left alone."""
    async with unit_of_work(db) as session:
        team = await factories.team(session)
        neha = await factories.agent(session, team, present="available")
        other = await factories.agent(session, team)
    tickets = []
    for status, holder in (("pending", neha), ("open", other)):
        async with unit_of_work(db) as session:
            tickets.append((await factories.received(session, team_id=team.id)).ticket_id)
        async with unit_of_work(db) as session:
            await lifecycle.change(session, tickets[-1], TicketChange(status=status, assignee_id=holder.id))
    async with unit_of_work(db) as session:
        assert await handover.hand_over(session, neha.id, tickets) == tickets[:1]
        with pytest.raises(Invalid):
            await handover.hand_over(session, neha.id, list(range(1, 300)))
    assert [await owner(db, each) for each in tickets] == [None, other.id]

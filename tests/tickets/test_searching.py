"""Tickets in the search: what of them is found, by whom, and what can be typed beside words."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from core import search
from core.actor import Actor, ActorKind
from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.search import Query
from staff.models import Team
from tests import factories
from tests.products import rows
from tickets import indexing, lifecycle, searching
from tickets.lifecycle import TicketChange
from tickets.models import Ticket
from tickets.reply import NoteContent, note

Desk = tuple[Actor, Team, Team]


@pytest.fixture
async def desk(db: Database, clock: ManualClock) -> Desk:
    """An agent, her team, another team."""
    async with unit_of_work(db) as session:
        team, other = await factories.team(session, "Repairs"), await factories.team(session, "Billing")
        agent = await factories.agent(session, team, name="Meera")
        return factories.actor(agent, team), team, other


async def found(db: Database, actor: Actor, typed: str) -> list[int]:
    """Ids of the tickets that an agent finds."""
    async with db.sessions() as session:
        return [row.id for row in (await searching.find(session, actor, typed)).rows]


async def raw(db: Database, words: str, *rights: str) -> list[str]:
    """Names of the documents that the index itself finds."""
    async with db.sessions() as session:
        return [hit.id for hit in (await search.find(session, Query(index="tickets", words=words, rights=rights))).hits]


async def test_tickets_are_found_by_what_was_said_in_them(db: Database, desk: Desk) -> None:
    """By words of subject and messages in any form, by the customer, by an address; marked, the best first."""
    actor, team, other = desk
    async with unit_of_work(db, actor) as session:
        pump = await factories.received(session, team_id=team.id, subject="Pump", text="It is leaking since Monday.")
        lamp = await factories.received(
            session, "ravi@firm.example", team_id=team.id, subject="Lamp", text="The pump is fine."
        )
        foreign = await factories.received(session, team_id=other.id, subject="Pump", text="A leaking pump.")
        await indexing.index(session, [each.ticket_id for each in (pump, lamp, foreign)])
    assert await found(db, actor, "leaks") == [pump.ticket_id]
    assert await found(db, actor, "pump") == [pump.ticket_id, lamp.ticket_id]
    assert (await found(db, actor, "ravi@firm.example"))[0] == lamp.ticket_id
    assert await found(db, actor, f"#{lamp.ticket_id}") == [lamp.ticket_id]
    async with db.sessions() as session:
        answer = await searching.find(session, actor, "leaking")
    marks = answer.marks[str(pump.ticket_id)]
    assert [part.text for part in marks.snippet if part.marked] == ["leaking"] and not marks.in_note
    assert answer.facets["status"] == {"open": 1}


async def test_a_customer_never_finds_a_note(db: Database, desk: Desk, clock: ManualClock) -> None:
    """Her own messages she finds; what colleagues noted only agents do, and only of tickets that they may see."""
    actor, team, _ = desk
    async with unit_of_work(db, actor) as session:
        ticket_id = (await factories.received(session, team_id=team.id, subject="Pump", text="Broken.")).ticket_id
        await note(session, ticket_id, NoteContent(client_key="n1", html="<p>She seems furious</p>"))
        await session.flush()
        await indexing.index(session, [ticket_id])
        customer_id = (await session.get_one(Ticket, ticket_id)).customer_id
    hers = indexing.tokens_of(Actor(ActorKind.CUSTOMER, customer_id, "Asha"))
    assert await raw(db, "pump", *hers) == [str(ticket_id)]
    assert await raw(db, "furious", *hers) == []
    assert await raw(db, "furious", f"customer:{customer_id + 1}") == []
    assert await found(db, actor, "furious") == [ticket_id]
    async with db.sessions() as session:
        answer = await searching.find(session, actor, "furious")
    assert answer.marks[str(ticket_id)].in_note


async def test_rights_follow_the_ticket(db: Database, desk: Desk, clock: ManualClock) -> None:
    """A ticket that is given to another team is lost to this one at once, before the index has heard of it."""
    actor, team, other = desk
    async with unit_of_work(db) as session:
        ticket_id = (await factories.received(session, team_id=team.id, text="Sparks everywhere")).ticket_id
        await indexing.index(session, [ticket_id])
    assert await found(db, actor, "sparks") == [ticket_id]
    async with unit_of_work(db) as session:
        await lifecycle.change(session, ticket_id, TicketChange(team_id=other.id))
    assert await found(db, actor, "sparks") == []
    async with unit_of_work(db) as session:
        await indexing.index(session, [ticket_id])
    assert await raw(db, "sparks", f"team:{team.id}") == []
    assert await raw(db, "sparks", f"team:{other.id}") == [str(ticket_id)]
    assert await raw(db, "sparks", "all_tickets") == [str(ticket_id)]


async def test_what_is_not_indexed_yet_is_found_as_before(db: Database, desk: Desk) -> None:
    """A ticket that came in a moment ago is found by number, subject and customer."""
    actor, team, _ = desk
    async with unit_of_work(db) as session:
        ticket_id = (await factories.received(session, team_id=team.id, subject="Brand new")).ticket_id
    assert await found(db, actor, "brand") == [ticket_id]
    assert await found(db, actor, str(ticket_id)) == [ticket_id]


async def test_cover_when_it_was_opened_narrows_a_search(db: Database, desk: Desk) -> None:
    """``entitlement:`` in either spelling, several at once, counted; one that does not exist is told."""
    actor, team, _ = desk
    async with unit_of_work(db, actor) as session:
        asha = await rows.person(session)
        made = await rows.registered(session, asha)
        covered = await factories.received(session, "asha@customer.example", team_id=team.id, subject="Pump one")
        plain = await factories.received(session, team_id=team.id, subject="Pump two")
        await session.execute(
            update(Ticket)
            .where(Ticket.id == covered.ticket_id)
            .values(entitlement="in_warranty", registration_id=made.id)
        )
        await indexing.index(session, [covered.ticket_id, plain.ticket_id])
    for typed in ("pump entitlement:in_warranty", "entitlement:in-warranty,contract"):
        assert await found(db, actor, typed) == [covered.ticket_id], typed
    assert await found(db, actor, "entitlement:none") == [plain.ticket_id]
    async with db.sessions() as session:
        answer = await searching.find(session, actor, "pump")
        golden = await searching.find(session, actor, "pump entitlement:golden")
    assert answer.facets["entitlement"] == {"in_warranty": 1, "none": 1}
    assert (golden.rows, golden.total, [each.understood for each in golden.operators]) == ([], 0, [False])
    assert golden.operators[0].choices == ("in_warranty", "contract", "expired", "none")


async def test_conditions_narrow_a_search(db: Database, desk: Desk, clock: ManualClock) -> None:
    """Status, tag, channel, customer, assignee and dates, alone or with words; what means nothing finds nothing."""
    actor, team, _ = desk
    async with unit_of_work(db, actor) as session:
        old = (await factories.received(session, team_id=team.id, subject="Pump old")).ticket_id
        await lifecycle.change(session, old, TicketChange(status="solved", tags=["warranty"]))
        clock.advance(timedelta(days=10))
        new = (await factories.received(session, "ravi@firm.example", team_id=team.id, subject="Pump new")).ticket_id
        await lifecycle.change(session, new, TicketChange(assignee_id=actor.id))
        await indexing.index(session, [old, new])
    for typed, expected in (
        ("pump status:open", [new]),
        ("status:solved,open pump old", [old, new]),
        ("tag:warranty", [old]),
        ("channel:email pump", {old, new}),
        ("channel:chat pump", []),
        ("from:ravi@firm.example", [new]),
        ('pump from:"nobody at all"', []),
        ("assignee:me", [new]),
        ("before:2026-03-05", [old]),
        ("pump after:2026-03-05", [new]),
        ("after:2026-03-02", [new]),
    ):
        rows = await found(db, actor, typed)
        assert (set(rows) if isinstance(expected, set) else rows) == expected, typed
    async with db.sessions() as session:
        answer = await searching.find(session, actor, "pump status:sleeping before:soon")
    assert [(each.name, each.understood) for each in answer.operators] == [("status", False), ("before", False)]
    assert answer.rows == []


def test_operators_are_taken_out_of_what_was_typed() -> None:
    """Quotes hold a value together, capitals do not matter, and words with a colon of their own stay words."""
    asked = searching.parse('Status:OPEN error: 500 from:"Asha Rao" http://x.example tag:')
    assert asked.operators == (("status", "OPEN"), ("from", "Asha Rao"))
    assert asked.words == "error: 500 http://x.example tag:"


async def test_all_tickets_come_in_batches(db: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Building an index anew reads every ticket once; one merged into another has no document."""
    monkeypatch.setattr(indexing, "BATCH", 2)
    async with unit_of_work(db) as session:
        tickets = [(await factories.received(session)).ticket_id for _ in range(5)]
        (await session.get_one(Ticket, tickets[1])).merged_into_id = tickets[0]
    seen, after = [], 0
    async with db.sessions() as session:
        while after is not None:
            documents, after = await indexing.batch(session, after)
            seen += [document.id for document in documents]
    assert sorted(seen) == sorted(str(each) for each in tickets if each != tickets[1])

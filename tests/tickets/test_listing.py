"""Lists, counters and search: what belongs to which view, order and pages, and that indexes carry them."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock as clocks
from core.actor import Actor, ActorKind
from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.errors import Invalid
from staff.models import Team
from tests import factories
from tickets import counters, lifecycle, listing
from tickets.lifecycle import TicketChange
from tickets.listing import ListQuery, list_tickets
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


async def made(session: AsyncSession, clock: ManualClock, team: Team | None, **change: Any) -> int:
    """A ticket, a minute after the one before, changed as wanted."""
    clock.advance(timedelta(minutes=1))
    ticket_id = (await factories.received(session, team_id=team.id if team else None)).ticket_id
    if change:
        await lifecycle.change(session, ticket_id, TicketChange(**change))
    return ticket_id


async def ids(session: AsyncSession, actor: Actor, **query: Any) -> list[int]:
    """The ids of a list."""
    return [row.id for row in (await list_tickets(session, actor, ListQuery(**query))).items]


async def test_each_view_shows_what_belongs_to_it(db: Database, desk: Desk, clock: ManualClock) -> None:
    """And the counters count exactly the same."""
    actor, team, other = desk
    later = clock.now() + timedelta(days=3)
    async with unit_of_work(db, actor) as session:
        mine = await made(session, clock, team, assignee_id=actor.id)
        waiting = await made(session, clock, team)
        on_hold = await made(session, clock, team, assignee_id=actor.id, status="on_hold")
        asleep = await made(session, clock, team, assignee_id=actor.id, snoozed_until=later)
        solved = await made(session, clock, team, status="solved")
        foreign = await made(session, clock, other)
        foreign_but_mine = await made(session, clock, other, assignee_id=actor.id)
        nobodys = await made(session, clock, None)
        due = await made(session, clock, team)
        for each in (due, on_hold, asleep, solved):
            (await session.get_one(Ticket, each)).due_at = clock.now() + timedelta(minutes=20)
        for each in (solved, waiting):
            (await session.get_one(Ticket, each)).promise_due_at = later
        await note(session, solved, NoteContent(client_key="n1", html="<p>@me</p>", mentions=[actor.id or 0]))
    wanted = {
        "mine": {mine, on_hold, foreign_but_mine},
        "unassigned": {waiting, nobodys, due},
        "open": {mine, waiting, foreign_but_mine, nobodys, due},
        "breaching": {due, on_hold},
        "promised": {solved, waiting},
        "mentions": {solved},
        "drafts": set(),
        "snoozed": {asleep},
        "solved": {solved},
        f"team:{team.id}": {mine, waiting, on_hold, due},
        "channel:email": {mine, waiting, on_hold, foreign_but_mine, nobodys, due},
    }
    async with db.sessions() as session:
        for view, expected in wanted.items():
            assert set(await ids(session, actor, view=view)) == expected, view
        counted = {view.key: view.count for view in await counters.count_views(session, actor)}
        assert counted == {view: len(expected) for view, expected in wanted.items()}
        assert await ids(session, actor, view=f"team:{other.id}") == [foreign_but_mine]
        assert foreign not in await ids(session, actor)
        assert await ids(session, actor, view=f"team:{team.id}", statuses=("solved",)) == [solved]


async def test_pages_are_complete_in_both_orders(db: Database, desk: Desk, clock: ManualClock) -> None:
    """Equal times and missing due times neither skip nor repeat a row, also while rows change in between."""
    actor, team, _ = desk
    async with unit_of_work(db) as session:
        for number in range(23):
            ticket_id = (await factories.received(session, team_id=team.id)).ticket_id
            ticket = await session.get_one(Ticket, ticket_id)
            if number % 3:
                ticket.due_at = clock.now() + timedelta(hours=number % 5)
            if number % 4 == 0:
                clock.advance(timedelta(seconds=1))
    async with db.sessions() as session:
        for sort in ("activity", "due"):
            whole = await list_tickets(session, actor, ListQuery(sort=sort, limit=100))
            keys: list[tuple[Any, ...]] = [
                (-row.last_activity_at.timestamp(), -row.id)
                if sort == "activity"
                else (row.due_at is None, row.due_at or clock.now(), -row.id)
                for row in whole.items
            ]
            assert keys == sorted(keys), sort
            got: list[int] = []
            cursor: str | None = None
            while True:
                page = await list_tickets(session, actor, ListQuery(sort=sort, limit=4, cursor=cursor))
                got += [row.id for row in page.items]
                cursor = page.next
                if cursor is None:
                    break
            assert got == [row.id for row in whole.items], sort
            assert len(set(got)) == 23


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "🙂", "YWN0aXZpdHl8fDE", "YWN0aXZpdHl8MjAyNi0wMS0wMXwx"])
async def test_a_foreign_cursor_is_refused(db: Database, desk: Desk, cursor: str) -> None:
    """Nothing but our own cursors, with a zone and of the same order; empty is the first page."""
    async with db.sessions() as session:
        if cursor:
            with pytest.raises(Invalid):
                await list_tickets(session, desk[0], ListQuery(cursor=cursor))
        else:
            assert await ids(session, desk[0], cursor=cursor) == []


async def test_an_unknown_view_or_status_is_refused(db: Database, desk: Desk) -> None:
    """Typing mistakes of programs are told, not answered with an empty list."""
    async with db.sessions() as session:
        for query in (ListQuery(view="nonsense"), ListQuery(view="team:*"), ListQuery(statuses=("lost",))):
            with pytest.raises(Invalid):
                await list_tickets(session, desk[0], query)


async def test_search_finds_number_subject_and_customer(db: Database, desk: Desk, clock: ManualClock) -> None:
    """In any script, also with characters that mean something to LIKE; short words look at what is being worked on."""
    actor, team, other = desk
    async with unit_of_work(db) as session:
        pump = (await factories.received(session, team_id=team.id, subject="The pump is 100% dry")).ticket_id
        hindi = (
            await factories.received(session, "ravi.k@vendor.example", team_id=team.id, subject="पंप बंद हो गया")
        ).ticket_id
        await factories.received(session, team_id=other.id, subject="Another pump")
    async with db.sessions() as session:
        for q, expected in (
            ("pump", [pump]),
            ("PUMP IS", [pump]),
            ("100%", [pump]),
            ("0%0", []),
            ("_", []),
            ("पंप", [hindi]),
            (str(pump), [pump]),
            (f"#{pump}", [pump]),
            ("ravi.k@ven", [hindi]),
            ("RAVI.K@", [hindi]),
            ("Asha Rao", [hindi, pump]),
            ("zzzz", []),
            ("9" * 30, []),
            ("pu", [pump]),
        ):
            assert await ids(session, actor, q=q) == expected, q
        assert await ids(session, actor, q="Asha", view="solved") == []


async def test_unread_follows_the_reader(db: Database, desk: Desk) -> None:
    """New until read, new again with the customer's next message."""
    actor, team, _ = desk
    async with unit_of_work(db, actor) as session:
        first = await factories.received(session, team_id=team.id)
        await lifecycle.mark_read(session, first.ticket_id)
        row = await listing.row_of(session, actor, first.ticket_id)
        assert row is not None
        assert not row.unread
        await factories.received(session, token_ticket_id=first.ticket_id)
        again = await listing.row_of(session, actor, first.ticket_id)
        assert again is not None
        assert again.unread


async def test_counters_stop_at_their_limit(
    db: Database, desk: Desk, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A desk with a million tickets pays for a thousand."""
    actor, team, _ = desk
    monkeypatch.setattr(counters, "COUNT_LIMIT", 3)
    counters._counts_statement.cache_clear()
    async with unit_of_work(db) as session:
        for _ in range(5):
            await made(session, clock, team)
        counted = {view.key: view.count for view in await counters.count_views(session, actor)}
    counters._counts_statement.cache_clear()
    assert (counted["open"], counted[f"team:{team.id}"], counted["channel:email"]) == (3, 3, 3)


async def many(session: AsyncSession, team: Team, number: int) -> None:
    """So many tickets, by plain SQL: a big desk in a second."""
    await session.execute(
        text("insert into customers (name, created_at) select 'Customer ' || n, :now from generate_series(1, 500) n"),
        {"now": clocks.now()},
    )
    statement = text(
        """
        insert into tickets (subject, channel, customer_id, team_id, status, created_at, last_activity_at, message_count)
        select 'Subject ' || md5(n::text), 'email', (select min(id) from customers) + n % 500,
            case when n % 2 = 0 then cast(:team as bigint) end,
            case when n % 10 = 0 then 'open' else 'solved' end,
            cast(:now as timestamptz) - n * interval '1 second', cast(:now as timestamptz) - n * interval '1 second', 1
        from generate_series(1, :number) n
        """
    )
    await session.execute(statement, {"team": team.id, "number": number, "now": clocks.now()})
    await session.execute(text("analyze tickets"))
    await session.execute(text("analyze customers"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "most"),
    [
        (ListQuery(view="open"), 400),
        (ListQuery(view="mine"), 100),
        (ListQuery(view="solved"), 400),
        (ListQuery(view="mentions"), 100),
        (ListQuery(q="Subject 00"), 3000),
        (ListQuery(q="Customer 77"), 3000),
    ],
)
async def test_a_list_reads_few_pages_of_a_big_table(db: Database, desk: Desk, query: ListQuery, most: int) -> None:
    """20,000 tickets: the plan touches a bounded part of them (buffers, not seconds, so that it holds on any machine)."""
    actor, team, _ = desk
    async with unit_of_work(db) as session:
        await many(session, team, 20_000)
    run: list[tuple[str, tuple[Any, ...]]] = []

    def keep(_c: Any, _k: Any, statement: str, parameters: tuple[Any, ...], *_: Any) -> None:
        run.append((statement, parameters))

    async with db.engine.connect() as connection, AsyncSession(connection) as session:
        event.listen(db.engine.sync_engine, "before_cursor_execute", keep)
        await list_tickets(session, actor, query)
        event.remove(db.engine.sync_engine, "before_cursor_execute", keep)
        sql, values = run[0]
        plan = (await connection.exec_driver_sql(f"explain (analyze, buffers, format json) {sql}", values)).scalar_one()
    top = plan[0]["Plan"]
    assert top["Shared Hit Blocks"] + top["Shared Read Blocks"] <= most, plan


def test_a_system_actor_and_a_customer_have_scopes_of_their_own() -> None:
    """The product sees all; a customer sees what is his; an agent without the right sees nothing."""
    assert listing.scope_of(Actor(ActorKind.SYSTEM, None, "Sampark")) == "all"
    assert listing.scope_of(Actor(ActorKind.CUSTOMER, 5, "Asha")) == "own"
    assert listing.scope_of(Actor(ActorKind.AGENT, 5, "Meera")) == "none"

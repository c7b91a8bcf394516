"""Following the event log: what changed is indexed soon, together, once, and a desk that never was is read whole."""

import pytest
from sqlalchemy import text

from core import search
from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.jobs import Registry, Worker
from core.search import Query
from core.search_feed import Feed
from sampark import searching
from tests import factories
from tickets import indexing, lifecycle
from tickets.lifecycle import TicketChange


@pytest.fixture
def feed(db: Database, clock: ManualClock) -> Feed:
    """The product's feed."""
    return Feed(db, searching.FOLLOWERS, searching.REBUILD_JOBS)


async def work(db: Database) -> None:
    """Do the jobs that were asked for."""
    await Worker(db, Registry(searching.DEFINITIONS)).drain()


async def waiting(db: Database) -> list[str]:
    """Names of the jobs that wait."""
    async with db.sessions() as session:
        return list(await session.scalars(text("select entrypoint from jobs.pgqueuer order by entrypoint")))


async def found(db: Database, index: str, words: str, *rights: str) -> list[str]:
    """Ids of what is found."""
    async with db.sessions() as session:
        query = Query(index=index, words=words, rights=rights)
        return [hit.id for hit in (await search.find(session, query)).hits]


async def test_a_desk_that_was_never_indexed_is_read_whole(db: Database, feed: Feed) -> None:
    """The first step asks for everything, the next ones only for what is new."""
    async with unit_of_work(db) as session:
        ticket_id = (await factories.received(session, text="The rotor squeaks.")).ticket_id
    await feed.step()
    await work(db)
    assert await found(db, "tickets", "rotor", "all_tickets") == [str(ticket_id)]
    assert len(await found(db, "customers", "asha", "agents")) == 1
    await feed.step()
    assert await waiting(db) == []


async def test_many_changes_become_one_job(db: Database, feed: Feed) -> None:
    """Thirty changes of three tickets are one job for the tickets and one for the customer who wrote."""
    await feed.step()
    await work(db)
    async with unit_of_work(db) as session:
        tickets = [(await factories.received(session, text="Squeaks.")).ticket_id for _ in range(3)]
    for number in range(9):
        async with unit_of_work(db) as session:
            await lifecycle.change(session, tickets[number % 3], TicketChange(tags=[f"t{number}"]))
    await feed.step()
    assert await waiting(db) == ["customers.index", "tickets.index"]
    await work(db)
    assert set(await found(db, "tickets", "squeaks", "all_tickets")) == {str(each) for each in tickets}
    assert await found(db, "tickets", "t8", "all_tickets") == [str(tickets[2])]


async def test_the_cursor_moves_with_the_jobs_or_not_at_all(
    db: Database, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails half way is asked for again: no event is skipped, and none is lost for good."""
    await feed.step()
    await work(db)
    async with unit_of_work(db) as session:
        ticket_id = (await factories.received(session, text="Squeaks.")).ticket_id

    async def broken(*_: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(Feed, "_ask", staticmethod(broken))
        with pytest.raises(RuntimeError):
            await feed.step()
    assert await waiting(db) == []
    await feed.step()
    await work(db)
    assert await found(db, "tickets", "squeaks", "all_tickets") == [str(ticket_id)]


async def test_a_new_name_reaches_the_customers_tickets(db: Database, feed: Feed) -> None:
    """A customer who is called otherwise is found under her new name, and so are her tickets."""
    await feed.step()
    async with unit_of_work(db) as session:
        ticket_id = (await factories.received(session)).ticket_id
        await session.execute(text("update customers set name = 'Zebedia Quill'"))
        await indexing.index_customers(session, [1])
    assert await found(db, "tickets", "zebedia", "all_tickets") == [str(ticket_id)]

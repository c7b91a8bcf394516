"""The event log and the live hub: one row per fact, nobody skips a late commit."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from core import events, retention
from core.actor import Actor, ActorKind
from core.db import Database, unit_of_work
from core.live import Hub, Subscriber, format_cursor, parse_cursor
from core.sql import Sql

ADMIN = Actor(ActorKind.AGENT, 1, "Admin", frozenset({"tickets:read_all"}))


class Happened(events.Event, frozen=True, kw_only=True):
    """A fact of this test."""

    kind = "test.happened"
    number: int


@pytest.fixture
async def hub(db: Database) -> AsyncIterator[Hub]:
    """A running hub."""
    hub, stop = Hub(db), asyncio.Event()
    running = asyncio.create_task(hub.run(stop))
    await hub.started.wait()
    yield hub
    stop.set()
    await running


async def frames(subscriber: Subscriber, count: int) -> list[bytes]:
    """Wait for ``count`` frames."""
    async with asyncio.timeout(10):
        while len(subscriber.frames) < count:
            subscriber.ready.clear()
            await subscriber.ready.wait()
    return list(subscriber.frames)


async def test_a_rolled_back_change_leaves_no_event(db: Database) -> None:
    """The row is written with the transaction, or not at all."""
    with pytest.raises(RuntimeError):
        async with unit_of_work(db) as session:
            events.record(session, Happened(number=1))
            await events.flush(session)
            raise RuntimeError
    async with db.sessions() as session:
        assert await session.scalar(text("select count(*) from events")) == 0


async def test_a_late_commit_is_not_skipped(db: Database, hub: Hub) -> None:
    """A slow transaction with a lower id arrives after a fast one, and every subscriber gets both, once, in one order."""
    subscriber = Subscriber(ADMIN, hub.cursor)
    await hub.replay(subscriber, hub.cursor)
    release = asyncio.Event()
    inside = asyncio.Event()

    async def slow() -> None:
        async with unit_of_work(db) as session:
            events.record(session, Happened(number=1))
            await events.flush(session)
            inside.set()
            await release.wait()

    task = asyncio.create_task(slow())
    await inside.wait()
    async with unit_of_work(db) as session:
        events.record(session, Happened(number=2))
    release.set()
    await task
    seen = b"".join(await frames(subscriber, 2))
    assert seen.index(b'"number": 1') < seen.index(b'"number": 2')
    assert len(subscriber.frames) == 2


async def test_every_event_exactly_once_across_reconnects(db: Database, hub: Hub) -> None:
    """Concurrent writers, a client that comes and goes with its cursor: each event once, none missing."""

    async def write(start: int) -> None:
        for number in range(start, start + 25):
            async with unit_of_work(db) as session:
                events.record(session, Happened(number=number))

    writers = [asyncio.create_task(write(start)) for start in (0, 25, 50, 75)]
    seen: list[bytes] = []
    cursor = (0, 0)
    while True:
        subscriber = Subscriber(ADMIN, cursor)
        assert await hub.replay(subscriber, cursor)
        await frames(subscriber, 1)
        hub.subscribers.discard(subscriber)
        seen += subscriber.frames
        cursor = subscriber.cursor
        if len(seen) >= 100:
            break
    await asyncio.gather(*writers)
    numbers = sorted(int(frame.rpartition(b'"number": ')[2].partition(b"}")[0]) for frame in seen)
    assert numbers == list(range(100))


async def test_the_hub_survives_the_loss_of_its_connections(db: Database, hub: Hub) -> None:
    """Killing every connection of the hub delays events; it loses none."""
    subscriber = Subscriber(ADMIN, hub.cursor)
    await hub.replay(subscriber, hub.cursor)
    async with db.sessions() as session:
        await session.execute(
            text(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() "
                "and pid <> pg_backend_pid() and query not like '%pg_terminate_backend%'"
            )
        )
    await db.engine.dispose()
    async with unit_of_work(db) as session:
        events.record(session, Happened(number=7))
    assert b'"number": 7' in (await frames(subscriber, 1))[0]


async def test_an_event_reaches_only_its_audience(db: Database, hub: Hub) -> None:
    """Teams, agents and private events: nobody else hears of them."""
    mine = Subscriber(Actor(ActorKind.AGENT, 5, "A", team_ids=(1,)), hub.cursor)
    other = Subscriber(Actor(ActorKind.AGENT, 6, "B", team_ids=(2,)), hub.cursor)
    for subscriber in (mine, other):
        await hub.replay(subscriber, hub.cursor)
    async with unit_of_work(db) as session:
        events.record(session, Happened(number=1, teams=(1,)))
        events.record(session, Happened(number=2, agents=(5,), private=True))
        events.record(session, Happened(number=3, teams=(events.NO_TEAM,)))
    assert len(await frames(mine, 3)) == 3
    assert len(await frames(other, 1)) == 1
    assert b'"number": 3' in other.frames[0]


def test_foreign_cursors_are_refused() -> None:
    """A cursor that is not ours is no cursor."""
    assert parse_cursor(format_cursor((12, 34))) == (12, 34)
    assert [parse_cursor(value) for value in ("", None, "12", "a.b", "1.2.3", "1" * 50 + ".1")] == [None] * 6


async def test_the_edge_of_an_instant(db: Database) -> None:
    """Halving finds the first event that is not from before, over gaps and out of an empty log as well."""
    start = datetime(2026, 3, 2, tzinfo=UTC)
    insert = text(
        "insert into events (id, at, kind, actor_kind, actor_name, data) overriding system value"
        " values (:id, :at, 'x', 'system', '', '{}')"
    )
    ids = (3, 4, 9, 1000, 1001, 77_000)
    async with unit_of_work(db) as session:
        edge = Sql(events.EDGE)
        assert await edge.scalar(session, before=start) == 0
        for hour, number in enumerate(ids):
            await session.execute(insert, {"id": number, "at": start + timedelta(hours=hour)})
        for hour in range(-1, len(ids) + 1):
            found = await edge.scalar(session, before=start + timedelta(hours=hour))
            assert [number for number in ids if number < found] == list(ids[: max(hour, 0)])
        # Out of order beside the edge: the younger one stays all the same.
        await session.execute(insert, {"id": 77_001, "at": start})
        await retention.forget(session, events.OLD[0], start + timedelta(hours=2), 100)
        left = set(await session.scalars(text("select id from events")))
        assert {9, 1000, 1001, 77_000} <= left and not {3, 4} & left

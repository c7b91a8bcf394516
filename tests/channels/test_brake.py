"""The brake on automatic mail: its limits hold whatever happens at once, and the desk is told when it trips."""

import asyncio
import random
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from channels import brake, notices
from channels.models import AutomaticMail, BrakeTrip, Notice
from core.clock import ManualClock
from core.db import Database, unit_of_work
from tests import factories


@pytest.fixture(autouse=True)
def limit() -> Iterator[None]:
    """The desk's limit as it is by default, whatever a test makes of it."""
    yield
    brake.configure(brake.PER_HOUR)


async def ask(
    db: Database, address: str, subject: str = "", ticket_id: int | None = None, kind: str = "x"
) -> str | None:
    """One question in a transaction of its own."""
    async with unit_of_work(db) as session:
        return await brake.allow(session, kind, address, ticket_id, subject)


async def allowed(db: Database) -> list[AutomaticMail]:
    """What was allowed, oldest first."""
    async with db.sessions() as session:
        return list(await session.scalars(select(AutomaticMail).order_by(AutomaticMail.at, AutomaticMail.id)))


def most_within(times: list[datetime], window: timedelta) -> int:
    """The greatest number of instants within any window."""
    return max(
        (sum(0 <= (each - at).total_seconds() < window.total_seconds() for each in times) for at in times), default=0
    )


@pytest.mark.parametrize("seed", range(4))
async def test_no_limit_is_ever_passed(db: Database, clock: ManualClock, seed: int) -> None:
    """Many workers ask at once, in any order, over hours: every window keeps every limit, and none is refused early."""
    chance = random.Random(seed)
    brake.configure(25)
    asked = 0
    for _ in range(14):
        batch = [
            (chance.choice("abc") + "@x.example", f"Re: Order {chance.randint(1, 9)} " + chance.choice("klmnop"),
             chance.choice([None, 1, 2]))
            for _ in range(chance.randint(1, 14))
        ]  # fmt: skip
        asked += len(batch)
        await asyncio.gather(*(ask(db, *each) for each in batch))
        clock.advance(timedelta(minutes=chance.randint(0, 50)))
        if chance.random() < 0.3:
            async with unit_of_work(db) as session:
                await brake.release(session)
    rows = await allowed(db)
    assert 0 < len(rows) < asked
    for address in {row.address for row in rows}:
        to_one = [row for row in rows if row.address == address]
        assert most_within([row.at for row in to_one], brake.ADDRESS_WINDOW) <= 10
        for subject in {row.subject for row in to_one}:
            assert most_within([row.at for row in to_one if row.subject == subject], brake.ADDRESS_WINDOW) <= 2
    for ticket in (1, 2):
        assert most_within([row.at for row in rows if row.ticket_id == ticket], brake.TICKET_WINDOW) <= 5


async def test_each_limit_is_used_up_before_it_holds(db: Database, clock: ManualClock) -> None:
    """Ten to one address, two of one subject, five in one ticket; a while later all is free again."""
    assert [await ask(db, "a@x.example", "Hello") for _ in range(2)] == [None, None]
    assert "this subject 2 times" in (await ask(db, "A@x.example ", "RE: hello!") or "")
    assert [await ask(db, "a@x.example", word) for word in "bcdefghi"] == [None] * 8
    assert "got 10 automatic mails" in (await ask(db, "a@x.example", "j") or "")
    assert [await ask(db, f"{word}@x.example", "s", 7) for word in "bcdef"] == [None] * 5
    assert "in ticket 7" in (await ask(db, "g@x.example", "s", 7) or "")
    clock.advance(timedelta(minutes=61))
    assert await ask(db, "g@x.example", "s", 7) is None
    assert await ask(db, "a@x.example", "k") is not None
    clock.advance(timedelta(minutes=120))
    assert await ask(db, "a@x.example", "Hello") is None


async def test_a_busy_day_of_a_colleague_is_no_loop(db: Database, clock: ManualClock) -> None:
    """Mails to our own agents have wider limits, yet they have some."""
    answers = [await ask(db, "neha@desk.example", "abcdefghi"[n % 9] + "x", None, "customer_wrote") for n in range(130)]
    assert answers[:18] == [None] * 18
    assert 20 < answers.count(None) <= 100


async def test_the_desks_limit_trips_once_and_stays(db: Database, clock: ManualClock) -> None:
    """However many ask at once: one trip, one alarm, one event; everything after is withheld until it is released."""
    brake.configure(30)
    async with unit_of_work(db) as session:
        (await session.execute(text("insert into roles (name, permissions) values ('admin', '{}') returning id"))).one()
        boss = await factories.agent(session)
        await session.execute(text("update agents set role_id = (select id from roles where name = 'admin')"))
    answers = await asyncio.gather(*(ask(db, f"{number}@x.example", f"s {number}") for number in range(60)))
    assert answers.count(None) == 30
    async with db.sessions() as session:
        trips = list(await session.scalars(select(BrakeTrip)))
        stopped = await session.scalar(text("select count(*) from events where kind = 'automatic_mail.stopped'"))
        alarms = list(
            await session.scalars(
                text("select payload from jobs.pgqueuer where entrypoint = :job"), {"job": brake.ALARM_JOB}
            )
        )
    assert (len(trips), stopped, len(alarms)) == (1, 1, 1)
    clock.advance(timedelta(hours=5))
    assert "stopped" in (await ask(db, "late@x.example") or "")
    async with unit_of_work(db) as session:
        assert (await brake.status(session)).stopped
        await notices.alarm(session, trips[0].reason)
    async with db.sessions() as session:
        mail = (await session.scalars(select(Notice))).one()
    assert (mail.to_address, mail.state, mail.kind) == (boss.email, "queued", "automatic_mail_stopped")
    async with unit_of_work(db, factories.actor(boss)) as session:
        assert not (await brake.release(session)).stopped
        await brake.release(session)
    assert await ask(db, "late@x.example") is None
    async with db.sessions() as session:
        trip = await session.get_one(BrakeTrip, trips[0].id)
        told = await session.scalar(text("select count(*) from events where kind = 'automatic_mail.released'"))
    assert (trip.released_by_id, trip.released_at, told) == (boss.id, clock.now(), 1)


async def test_counting_begins_anew_after_a_release(db: Database, clock: ManualClock) -> None:
    """Who releases the brake within the same hour is not stopped by the very next mail."""
    brake.configure(3)
    for number in range(4):
        await ask(db, f"{number}@x.example")
    clock.advance(timedelta(minutes=1))
    async with unit_of_work(db) as session:
        await brake.release(session)
    clock.advance(timedelta(minutes=1))
    assert [await ask(db, f"b{number}@x.example") for number in range(3)] == [None] * 3
    assert await ask(db, "c@x.example") is not None


async def test_what_no_limit_counts_any_more_is_forgotten(db: Database, clock: ManualClock) -> None:
    """The table does not grow for ever."""
    await ask(db, "a@x.example")
    clock.advance(brake.FORGOTTEN - timedelta(seconds=1))
    await ask(db, "b@x.example")
    assert len(await allowed(db)) == 2
    clock.advance(timedelta(seconds=2))
    await ask(db, "c@x.example")
    assert [each.address for each in await allowed(db)] == ["b@x.example", "c@x.example"]


async def test_what_is_withheld_can_be_seen(db: Database, clock: ManualClock) -> None:
    """The row stays, with its reason; nothing is sent, and the status counts and lists it."""
    async with unit_of_work(db) as session:
        made = [
            await notices.create(
                session, kind="too_big", to_address="a@x.example", to_name="A", subject="Too big", text="Sorry."
            )
            for _ in range(3)
        ]
        assert made[2] is None
        status = await brake.status(session)
    assert (status.sent_last_hour, status.limit_per_hour, status.withheld_last_day) == (2, 500, 1)
    assert (status.undelivered[0].address, status.undelivered[0].subject) == ("a@x.example", "Too big")
    assert "2 times" in status.undelivered[0].reason
    async with db.sessions() as session:
        jobs = await session.scalar(text("select count(*) from jobs.pgqueuer"))
    assert jobs == 2


async def test_a_question_whose_mail_is_never_written_does_not_count(db: Database, clock: ManualClock) -> None:
    """Counted and written is one transaction."""
    with pytest.raises(ZeroDivisionError):
        async with unit_of_work(db) as session:
            assert await brake.allow(session, "x", "a@x.example", None, "s") is None
            raise ZeroDivisionError
    assert await allowed(db) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hello", "Re: AW: hello"),
        ("[#1001] Your mail", "[#1002]  your mail"),
        ("Automatic reply: X", "Auto: x"),
        ("", "Re:"),
    ],
)
def test_what_robots_change_in_a_subject_does_not_matter(one: str, other: str) -> None:
    """Prefixes, numbers, case and marks."""
    assert brake.alike(one) == brake.alike(other)


@given(st.text(max_size=700))
def test_any_subject_can_be_compared(subject: str) -> None:
    """Comparing is total and does not care about being done twice."""
    assert brake.alike(brake.alike(subject)) == brake.alike(subject)

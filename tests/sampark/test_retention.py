"""What nobody needs any more is forgotten at night, what is still of use stays, and nothing where it is kept for ever."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from channels import inbound
from channels.inbound import Incoming
from channels.models import InboundItem, InboundRaw, Notice
from core import clock as clocks
from core import events, jobs
from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from core.errors import StartError
from core.scheduler import run_due
from core.settings import Settings, load
from core.storage import Storage
from core.timers import Timer
from customers import sessions, signin
from knowledge_base.models import Contact, Search
from routing import hours
from sampark import retention
from sampark.commands import doctor
from sampark.retention import Retention
from sampark.runtime import Runtime
from staff.models import Macro
from tests import factories
from tickets import attachments, guests
from tickets.models import Attachment

DAY = timedelta(days=1)
LONG = {
    "upload_days": 2, "token_days": 30, "raw_mail_days": 90, "event_days": 365, "notice_days": 0, "visit_days": 0,
    "job_log_days": 0, "automation_days": 0,
}  # fmt: skip


@pytest.fixture
async def full(db: Database, clock: ManualClock, storage: Storage) -> int:
    """A desk with something of every kind; returns the upload that a canned reply shows."""
    async with unit_of_work(db) as session:
        agent = await factories.agent(session)
        account = await factories.mailbox(session)
        received = await factories.received(session)
        await signin.ask(session, "secret", "asha@customer.example", signin.Browser("b", "127.0.0.1"))
        await sessions.start(session, received.customer_id, "asha@customer.example", "127.0.0.1", "browser", 30)
        await guests.link_to(session, "secret", received.ticket_id)
        for number in range(2):
            raw = Incoming(account.id, "email", f"uid-{number}", b"raw", envelope_from="asha@customer.example")
            await inbound.add(session, raw)
        first = (await session.scalars(select(InboundItem).order_by(InboundItem.id).limit(1))).one()
        first.state = "done"
    async with unit_of_work(db, factories.actor(agent)) as session:
        for name in ("forgotten.png", "shown.png"):
            await attachments.upload(session, storage, name, "image/png", name.encode())
        shown = (await session.scalars(select(Attachment.id).order_by(Attachment.id.desc()).limit(1))).one()
        session.add(Macro(name="Logo", html=f'<img src="/api/attachments/{shown}">'))
        return shown


async def counts(db: Database) -> dict[str, int]:
    """Rows of the tables of interest."""
    tables = ("customer_signin_links", "customer_sessions", "guest_links", "inbound_items", "events")
    async with reading(db) as session:
        return {name: await session.scalar(text(f"select count(*) from {name}")) or 0 for name in tables}


async def kept_uploads(db: Database) -> list[int]:
    """Uploads that there are."""
    async with reading(db) as session:
        return list(await session.scalars(select(Attachment.id).where(Attachment.message_id.is_(None))))


async def test_each_kind_goes_when_its_time_is_over(
    db: Database, clock: ManualClock, settings: Settings, full: int
) -> None:
    """Uploads after two days, links and sign-ins a month after their end, originals and events when it is asked for."""
    keeper = Retention(db, settings.model_copy(update=LONG))
    assert set((await keeper.would_go()).values()) == {0} and await keeper.forget() == {}
    clock.advance(3 * DAY)
    assert await keeper.forget() == {"abandoned uploads": 1}
    assert await kept_uploads(db) == [full]
    async with reading(db) as session:
        asked = await session.scalars(text("select entrypoint from jobs.pgqueuer"))
        assert "channels.forget_files" in set(asked)
    clock.advance(59 * DAY)
    told = await keeper.would_go()
    assert await keeper.forget() == {name: count for name, count in told.items() if count}
    assert (told["sign-in links"], told["guest links"], told["originals of messages"]) == (1, 1, 0)
    clock.advance(60 * DAY)
    before = await counts(db)
    assert (await keeper.forget())["originals of messages"] == 1
    async with reading(db) as session:
        assert len(list(await session.scalars(select(InboundRaw.item_id)))) == 1  # what failed or waits stays
    assert (await counts(db))["inbound_items"] == before["inbound_items"]
    clock.advance(400 * DAY)
    async with unit_of_work(db) as session:
        await factories.received(session, "ravi@firm.example")
    assert (await keeper.forget())["events"] > 0
    async with reading(db) as session:
        assert await session.scalar(select(events.EventRow.at).order_by(events.EventRow.at).limit(1)) == clocks.now()


async def test_kept_for_ever(db: Database, clock: ManualClock, settings: Settings, full: int) -> None:
    """0 days is never; by default that holds for originals and events."""
    assert (settings.raw_mail_days, settings.event_days) == (0, 0)
    clock.advance(5000 * DAY)
    never = settings.model_copy(update=dict.fromkeys(LONG, 0))
    before = await counts(db)
    assert await Retention(db, never).forget() == {}
    assert await counts(db) == before
    for name in ("event_days", "notice_days", "visit_days"):
        with pytest.raises(StartError, match=name.upper()):
            load(**{name: 7})


async def test_mails_visits_and_the_log_of_jobs_go_by_settings_of_their_own(
    db: Database, clock: ManualClock, settings: Settings, full: int
) -> None:
    """Mails that wait to be sent stay, and so does what is noted of a job that is still there."""
    async with unit_of_work(db) as session:
        for state in ("sent", "queued"):
            mail = {"kind": "survey", "to_address": "asha@customer.example", "subject": "s", "text": "t"}
            session.add(Notice(**mail, state=state, created_at=clock.now(), changed_at=clock.now()))
        session.add(Search(source="portal", locale="en", words="filter", found=0, visitor="v", at=clock.now()))
        session.add(Contact(visitor="v", at=clock.now()))
        log = "insert into jobs.pgqueuer_log (created, job_id, status, priority, entrypoint) "
        await jobs.enqueue(session, "t.x", {})
        there = await session.scalar(text("select min(id) from jobs.pgqueuer"))
        for job_id in (there, 1_000_000):
            values = {"at": clock.now(), "job": job_id}
            await session.execute(text(log + "values (:at, :job, 'exception', 0, 'x')"), values)
    keeper = Retention(db, settings.model_copy(update=LONG | {"notice_days": 90, "visit_days": 180, "job_log_days": 1}))
    old = {"mails of no conversation", "searches for articles", "questions after reading", "lines of the log of jobs"}
    clock.advance(2 * DAY)
    assert {name: rows for name, rows in (await keeper.would_go()).items() if name in old and rows} == {
        "lines of the log of jobs": 1
    }
    assert await keeper.forget() == {"lines of the log of jobs": 1}
    clock.advance(89 * DAY)
    assert (await keeper.forget())["mails of no conversation"] == 1
    clock.advance(90 * DAY)
    gone = await keeper.forget()
    assert (gone["searches for articles"], gone["questions after reading"]) == (1, 1)
    async with reading(db) as session:
        assert list(await session.scalars(select(Notice.state))) == ["queued"]


async def test_it_comes_every_night(
    db: Database, clock: ManualClock, settings: Settings, storage: Storage, full: int
) -> None:
    """At half past two by the desk's clock, planned once however often it is asked; the doctor sees when it did not."""

    async def due() -> list[datetime]:
        async with reading(db) as session:
            return list(await session.scalars(select(Timer.due_at).where(Timer.dedupe == retention.JOB)))

    async with unit_of_work(db) as session:
        await hours.write(session, hours.Schedule(time_zone="Europe/London"))
    for _ in range(2):
        async with unit_of_work(db) as session:
            await retention.plan(session)
    tonight = datetime(2026, 3, 3, 2, 30, tzinfo=UTC)
    assert await due() == [tonight]
    clock.advance(tonight - clocks.now())
    assert await run_due(db) == 1
    await Retention(db, settings).run()
    assert await due() == [tonight + DAY]

    async def says() -> doctor.Finding:
        findings = await doctor.examine(Runtime(settings, db, storage, "secret"))
        return next(each for each in findings if each.name == "retention")

    assert (await says()).ok and "originals for ever" in (await says()).says
    clock.advance(33 * DAY)
    assert "abandoned uploads should have been forgotten" in (await says()).says

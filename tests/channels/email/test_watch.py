"""The watch over the mailboxes: silence is told once, so is the end of it, and credentials never end unannounced."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from channels.email import watch
from channels.models import ChannelAccount, Notice
from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from core.events import EventRow
from core.settings import Settings
from staff import agents, permissions
from tests.channels.email.conftest import make_account

IMAP = {"host": "mail.test", "port": 993}


@pytest.fixture
async def people(db: Database, clock: ManualClock) -> None:
    """Two administrators, one of whom has left, and an agent."""
    async with unit_of_work(db) as session:
        await permissions.sync_roles(session)
        for name, role in (("asha", "admin"), ("gone", "admin"), ("neha", "agent")):
            new = agents.NewAgent(
                name=name.title(), email=f"{name}@desk.test", password="correct horse battery", role=role, team_ids=()
            )
            made = await agents.create(session, new)
            if name == "gone":
                await agents.set_active(session, made, False)


@pytest.fixture
async def box(db: Database, people: None, clock: ManualClock) -> int:
    """A mailbox that was reached just now."""
    return await make_account(db, settings={"imap": IMAP}, last_success_at=clock.now())


async def sweep(db: Database, settings: Settings, since: datetime) -> None:
    """What the scheduler does every minute."""
    async with unit_of_work(db) as session:
        await watch.sweep(session, settings, since)


async def told(db: Database) -> list[tuple[str, str]]:
    """Kind and recipient of every notice, in order."""
    async with reading(db) as session:
        rows = await session.execute(select(Notice.kind, Notice.to_address).order_by(Notice.id))
        return [(row[0], row[1]) for row in rows]


async def changes(db: Database) -> list[Any]:
    """The alarms in the event log, in order."""
    async with reading(db) as session:
        rows = await session.scalars(
            select(EventRow.data).where(EventRow.kind == "mailbox.changed").order_by(EventRow.id)
        )
        return [row["alarm"] for row in rows]


async def change(db: Database, account_id: int, **values: Any) -> None:
    """Change the account as the fetcher would."""
    async with unit_of_work(db) as session:
        await session.execute(update(ChannelAccount).where(ChannelAccount.id == account_id).values(**values))


async def alarm_of(db: Database, account_id: int) -> str | None:
    """Why the mailbox counts as silent."""
    async with reading(db) as session:
        return (await session.get_one(ChannelAccount, account_id)).alarm


async def test_silence_and_its_end_are_told_once(
    db: Database, box: int, settings: Settings, clock: ManualClock
) -> None:
    """After ten minutes a mark, an event and a mail to each administrator; the same when it is back (field 26)."""
    began = clock.now()
    await change(db, box, last_error="mail.test does not answer")
    clock.advance(timedelta(minutes=9))
    await sweep(db, settings, began)
    assert await alarm_of(db, box) is None
    clock.advance(timedelta(minutes=1))
    for _ in range(3):
        await sweep(db, settings, began)
        clock.advance(timedelta(minutes=1))
    assert await alarm_of(db, box) == "no contact for 10 minutes: mail.test does not answer"
    assert await told(db) == [("mailbox_silent", "asha@desk.test")]
    async with reading(db) as session:
        (mail,) = await session.scalars(select(Notice))
        (banner,) = await watch.banners(session)
    assert "2026-03-02 09:00 UTC" in mail.text
    assert f"/settings/mailboxes/{box}" in mail.text
    assert (banner.kind, banner.since, banner.for_admins) == ("mailbox_silent", began, False)
    await change(db, box, last_success_at=clock.now(), last_error=None)
    for _ in range(2):
        await sweep(db, settings, began)
    assert await alarm_of(db, box) is None
    assert await told(db) == [("mailbox_silent", "asha@desk.test"), ("mailbox_recovered", "asha@desk.test")]
    assert await changes(db) == ["no contact for 10 minutes: mail.test does not answer", None]
    async with reading(db) as session:
        assert await watch.banners(session) == []


async def test_a_desk_that_was_switched_off_does_not_blame_the_mailboxes(
    db: Database, box: int, settings: Settings, clock: ManualClock
) -> None:
    """Silence counts from the start of this desk: after a night off the first sweep raises nothing."""
    clock.advance(timedelta(hours=12))
    began = clock.now()
    await sweep(db, settings, began)
    assert await alarm_of(db, box) is None
    clock.advance(timedelta(minutes=10))
    await sweep(db, settings, began)
    assert await alarm_of(db, box) is not None


async def test_how_long_is_too_long_says_the_mailbox(
    db: Database, box: int, settings: Settings, clock: ManualClock
) -> None:
    """An option of the mailbox; what is not fetched, or closed, is never silent."""
    await change(db, box, options={"silent_after_minutes": 60})
    listens = await make_account(db, "Listens")
    closed = await make_account(db, "Closed", settings={"imap": IMAP}, is_active=False)
    began = clock.now()
    clock.advance(timedelta(minutes=59))
    await sweep(db, settings, began)
    assert await alarm_of(db, box) is None
    clock.advance(timedelta(minutes=1))
    await sweep(db, settings, began)
    assert [await alarm_of(db, each) is not None for each in (box, listens, closed)] == [True, False, False]


async def test_a_refused_sign_in_is_told_at_once_and_by_one(
    db: Database, box: int, settings: Settings, clock: ManualClock
) -> None:
    """It does not mend itself; several who notice it at the same moment write one mail (field 26)."""

    async def notice() -> None:
        async with unit_of_work(db) as session:
            await watch.alarm(session, settings, box, "mail.test refused the sign-in")

    await change(db, box, last_error="mail.test refused the sign-in")
    await asyncio.gather(*(notice() for _ in range(4)))
    assert await told(db) == [("mailbox_silent", "asha@desk.test")]
    clock.advance(timedelta(minutes=1))
    await sweep(db, settings, clock.now())
    assert await alarm_of(db, box) == "mail.test refused the sign-in"


async def test_the_alarm_leaves_from_a_mailbox_that_works(
    db: Database, box: int, settings: Settings, clock: ManualClock
) -> None:
    """The silent mailbox may not be able to send either."""
    smtp = {"smtp": {"host": "mail.test"}}
    await change(db, box, settings={"imap": IMAP, **smtp})
    other = await make_account(db, "Other", settings=smtp)
    async with unit_of_work(db) as session:
        await watch.alarm(session, settings, box, "gone")
    async with reading(db) as session:
        assert list(await session.scalars(select(Notice.account_id))) == [other]


@pytest.mark.parametrize(
    "oauth", [{"secret_expires_on": "2026-05-01"}, {"refresh_expires_at": "2026-05-01T05:30:00+05:30"}]
)
async def test_credentials_that_end_are_announced_five_times(
    db: Database, box: int, settings: Settings, clock: ManualClock, oauth: dict[str, str]
) -> None:
    """30, 14, 7, 3 days and one day before, once each, however often it is looked at (field 26)."""
    await change(db, box, settings={"imap": IMAP, "oauth": oauth})
    end = datetime(2026, 5, 1, tzinfo=UTC)
    days: list[int] = []
    while clock.now() < end + timedelta(days=2):
        before = len(await told(db))
        await change(db, box, last_success_at=clock.now())
        for _ in range(2):
            await sweep(db, settings, clock.now())
        days += [-((clock.now() - end) // timedelta(days=1))] * (len(await told(db)) - before)
        clock.advance(timedelta(hours=12))
    assert days == [30, 14, 7, 3, 1]
    assert {kind for kind, _ in await told(db)} == {"credentials_expire"}


async def test_after_a_pause_only_the_nearest_announcement_is_made(
    db: Database, box: int, settings: Settings, clock: ManualClock
) -> None:
    """A desk that was off for weeks writes one mail, not five; a renewed secret ends it."""
    await change(db, box, settings={"imap": IMAP, "oauth": {"secret_expires_on": "2026-03-04"}})
    await sweep(db, settings, clock.now())
    await sweep(db, settings, clock.now())
    async with reading(db) as session:
        (subject,) = await session.scalars(select(Notice.subject))
        (banner,) = await watch.banners(session)
    assert subject == "The sign-in of support@desk.test ends in 2 days"
    assert (banner.kind, banner.data["date"], banner.for_admins) == ("credentials_expire", "2026-03-04", True)
    await change(db, box, settings={"imap": IMAP, "oauth": {"secret_expires_on": "2027-03-04"}})
    await sweep(db, settings, clock.now())
    assert len(await told(db)) == 1

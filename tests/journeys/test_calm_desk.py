"""Loops, ping-pong, storms of bounces and list mail, holidays and silence: the desk stays calm.

The real pipeline from the listener to the outbox, against the simulated world, on the turned clock
(`simulator/plays.py`).
"""

from typing import get_args

import pytest

from channels.email import fetch
from simulator import plays
from simulator.robots import BounceForm
from tests.journeys.calm import CHIEF, DESK, Calm, calm_desk

HARD = ("report", "qmail", "exim", "exchange", "german")


@pytest.fixture
def desk_in(db, settings, storage, clock):
    """Opens a desk in a play."""

    def opened(scenario, settings=settings, **options):
        return calm_desk(db, settings, storage, clock, scenario, **options)

    return opened


async def tickets(desk: Calm) -> dict[str, int]:
    """The ticket of each customer's address."""
    rows = await desk.rows(
        "select m.author_address, m.ticket_id from messages m where m.kind = 'customer' order by m.id desc"
    )
    return {row[0]: row[1] for row in rows}


async def test_a_loop_ends_by_itself(desk_in):
    """A robot that answers every acknowledgement without a sign gets two; then there is nothing left to answer."""
    async with desk_in(plays.loop(DESK), acknowledge=True) as desk:
        await desk.play(6 * 60, step=15)
        acknowledged = desk.received("service@loop.example")
        assert 1 <= len(acknowledged) <= 2
        assert await desk.count("select count(*) from tickets") == 1 + len(acknowledged)
        assert await desk.count("select count(*) from notices where state = 'withheld'") == 1, "people can see why"
        assert len(desk.received()) == len(acknowledged)
        assert all(mail.auto_submitted == "auto-replied" for mail in acknowledged)


async def test_ping_pong_with_changing_subjects_ends(desk_in):
    """Every subject is another, so the brake counts by address: ten mails, and the robot has nothing to answer."""
    async with desk_in(plays.ping_pong(DESK), acknowledge=True) as desk:
        await desk.play(8 * 60, step=5)
        acknowledged = desk.received("cases0@pingpong.example")
        assert 3 <= len(acknowledged) <= 10
        assert len({mail.subject for mail in acknowledged}) == len(acknowledged), "it was not the same subject"
        assert await desk.count("select count(*) from tickets") == 1 + len(acknowledged)
        assert len(desk.received()) == len(acknowledged)


async def test_a_crowd_of_robots_stops_all_automatic_mail_once(desk_in, settings):
    """Each of them stays below its own limit; together they trip the desk's, and an administrator is told."""
    few = settings.model_copy(update={"automatic_mail_per_hour": 40})
    async with desk_in(plays.ping_pong(DESK, robots=12), acknowledge=True, settings=few) as desk:
        await desk.play(4 * 60, step=5)
        robots = [mail for mail in desk.received() if mail.to[0].address.endswith("pingpong.example")]
        assert len(robots) == 40
        assert await desk.count("select count(*) from tickets") <= 12 + 40
        assert await desk.count("select count(*) from brake_trips where released_at is null") == 1
        assert await desk.count("select count(*) from events where kind = 'automatic_mail.stopped'") == 1
        (alarm,) = desk.received(CHIEF)
        assert "automatic" in (alarm.subject + alarm.text).lower()


async def test_bounces_land_on_their_messages(desk_in):
    """In whatever words the server puts it: no ticket, no message, the delivery knows, the address is marked or not."""
    async with desk_in(plays.bounce_storm(DESK, each=3)) as desk:
        await desk.play(1)
        opened = await tickets(desk)
        assert len(opened) == 3 * len(get_args(BounceForm))
        for ticket_id in opened.values():
            await desk.answer(ticket_id, status="pending")
        await desk.play(5)
        assert await desk.count("select count(*) from tickets") == len(opened)
        assert await desk.count("select count(*) from messages where kind <> 'agent'") == len(opened)
        bounces = await desk.rows("select from_address, message_id from inbound_items where outcome = 'bounce'")
        assert len(bounces) == len(opened)
        assert [row.from_address for row in bounces if row.message_id is None] == []
        rows = await desk.rows(
            "select m.\"to\" -> 0 ->> 'address' as address, d.state, d.error, p.invalid_reason is null as valid "
            "from deliveries d join messages m on m.id = d.message_id "
            "join contact_points p on p.kind = 'email' and p.value = m.\"to\" -> 0 ->> 'address'"
        )
        for row in rows:
            form = row.address.partition("@")[2].partition(".")[0]
            assert row.state == ("sent" if form == "delayed" else "bounced"), row
            assert row.valid == (form not in HARD), row
            assert bool(row.error) == (form != "delayed"), row
        assert len(rows) == len(opened), "nothing was sent twice"


@pytest.mark.parametrize("acknowledge", [False, True])
async def test_absence_neither_reopens_nor_answers(desk_in, acknowledge):
    """Notes in twelve languages, with headers and without, stand in their tickets and change nothing.

    They come after an agent has solved the ticket; or at once, where the mailbox acknowledges.
    """
    async with desk_in(plays.holidays(DESK), acknowledge=acknowledge) as desk:
        await desk.play(1)
        opened = await tickets(desk)
        acknowledged = len(desk.received())
        assert acknowledged == (24 if acknowledge else 0)
        for ticket_id in opened.values():
            await desk.answer(ticket_id, status="solved")
        await desk.play(10)
        rows = await desk.rows(
            "select t.status, t.reopen_count, t.waiting_since, (select count(*) from messages m "
            "where m.ticket_id = t.id and m.kind = 'customer' and m.is_auto) as notes from tickets t"
        )
        assert len(rows) == len(opened) == 24
        assert {(row.status, row.reopen_count, row.waiting_since, row.notes) for row in rows} == {
            ("solved", 0, None, 1)
        }
        assert await desk.count("select count(*) from inbound_items where outcome = 'automatic'") == 24
        assert len(desk.received()) == acknowledged + 24, "an agent's answer to each, and no answer to any note"


async def test_a_storm_of_a_list_is_answered_by_nobody(desk_in):
    """Three hundred mails in five minutes: none is lost, none is acknowledged; readers get tickets of their own."""
    async with desk_in(plays.newsletter_storm(DESK, mails=300), acknowledge=True) as desk:
        await desk.play(8)
        assert await desk.count("select count(*) from inbound_items where state = 'done'") == 304
        assert desk.received("offers@shop.example", "news@letters.example") == []
        opened = await tickets(desk)
        readers = {opened[f"reader{number}@home.example"] for number in range(3)}
        assert len(readers) == 3
        assert opened["news@letters.example"] not in readers
        assert len(desk.received()) <= 3


async def test_a_silent_mailbox_is_told_and_loses_nothing(desk_in, monkeypatch):
    """An hour of refused sign-ins: one alarm that ends; all mails of before, meanwhile and afterwards, each once."""
    monkeypatch.setattr(fetch, "NOTE_SECONDS", 0.0)  # minutes pass in milliseconds here
    async with desk_in(plays.silent_mailbox(DESK, minutes=60), imap=True) as desk:

        async def subjects(*wanted: str) -> bool:
            rows = await desk.rows("select subject from tickets order by id")
            return [row[0] for row in rows[: len(wanted)]] == list(wanted)

        async def alarmed() -> bool:
            return bool(await desk.count("select count(*) from channel_accounts where alarm like '%refused%'"))

        async with desk.fetching():
            await desk.eventually(lambda: subjects("Before"), "the first mail is fetched", turn=1)
            await desk.play(10)
            await desk.eventually(alarmed, "the refusal is noticed", turn=10)
            await desk.play(40)
            assert await alarmed()
            assert await desk.count("select count(*) from tickets") == 1
            await desk.play(20)
            await desk.eventually(lambda: subjects("Before", "Meanwhile"), "what waited is fetched", turn=10)
            await desk.play(15)
            await desk.eventually(lambda: subjects("Before", "Meanwhile", "Afterwards"), "the last one", turn=10)
            await desk.play(1)
            assert not await alarmed()
            assert await desk.count("select count(*) from tickets") == 3
        said = await desk.rows("select data ->> 'alarm' from events where kind = 'mailbox.changed' order by id")
        assert [bool(row[0]) for row in said] == [True, False]

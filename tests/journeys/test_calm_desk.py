"""Loops, ping-pong, storms of bounces and list mail, holidays and silence: the desk stays calm.

The real pipeline from the listener to the outbox, against the simulated world, on the turned clock
(`simulator/plays.py`).
"""

import functools
from typing import get_args

import pytest

from channels.email import fetch
from simulator import plays
from simulator.robots import BounceForm
from tests.journeys.calm import DESK, Calm, calm_desk

HARD = ("report", "qmail", "exim", "exchange", "german")


@pytest.fixture
def desk_in(db, settings, storage, clock):
    """Opens a desk in a play."""
    return functools.partial(calm_desk, db, settings, storage, clock)


async def tickets(desk: Calm) -> dict[str, int]:
    """The ticket of each customer's address."""
    rows = await desk.rows(
        "select m.author_address, m.ticket_id from messages m where m.kind = 'customer' order by m.id desc"
    )
    return {row[0]: row[1] for row in rows}


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
            "select m.\"to\" -> 0 ->> 'address' as address, d.state, d.error, t.status, coalesce(c.is_valid, true) "
            "as valid from deliveries d join messages m on m.id = d.message_id join tickets t on t.id = d.ticket_id "
            "left join contacts c on c.value = m.\"to\" -> 0 ->> 'address'"
        )
        for row in rows:
            hard = row.address.partition("@")[2].partition(".")[0] in HARD
            assert row.state == ("bounced" if hard else "sent"), row
            assert row.valid != hard, row
            assert bool(row.error) == hard or not hard, row
        assert len(rows) == len(opened), "nothing was sent twice"


async def test_absence_neither_reopens_nor_answers(desk_in):
    """Notes in twelve languages, with headers and without, stand in their tickets and change nothing."""
    async with desk_in(plays.holidays(DESK), acknowledge=True) as desk:
        await desk.play(1)
        opened = await tickets(desk)
        before = len(desk.received())
        for ticket_id in opened.values():
            await desk.answer(ticket_id, status="solved")
        await desk.play(10)
        rows = await desk.rows(
            "select t.status, t.reopen_count, t.waiting_since, "
            "(select count(*) from messages m where m.ticket_id = t.id and m.is_auto) as notes from tickets t"
        )
        assert len(rows) == len(opened) == 24
        assert {(row.status, row.reopen_count, row.waiting_since) for row in rows} == {("solved", 0, None)}
        assert await desk.count("select count(*) from inbound_items where outcome = 'automatic'") == 24
        assert sum(row.notes for row in rows) == 24
        assert len(desk.received()) == before + 24, "an agent's answer to each, and no answer to any note"


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

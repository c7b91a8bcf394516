"""The proof of a soak: it must see what is lost, what is doubled and what nobody sent."""

import random

import pytest
from sqlalchemy import text

from channels.email.reader import EmailReader
from channels.email.tokens import Tokens
from channels.inbound import Inbound, Incoming, store
from core.db import unit_of_work
from sampark.soak.mail import ACCIDENTS, accidents
from sampark.soak.verdict import Sent, judge
from simulator.soak_letters import Letters
from tests import factories

pytestmark = pytest.mark.usefixtures("clock")


async def take(db, inbound, account, raw, name):
    """Store and process one mail."""
    item_id = await store(db, Incoming(account, "email", name, raw))
    async with unit_of_work(db) as session:
        await inbound.process(session, item_id)
    return item_id


@pytest.fixture
async def soaked(db, storage):
    """Forty mails that went well: what was sent, and how to break it with SQL and look."""
    reader = EmailReader(storage, Tokens("key", "desk.example"))
    inbound = Inbound({"email": reader}, {"email": reader.could_not_read})
    async with unit_of_work(db) as session:
        account = (await factories.mailbox(session)).id
    sent = Sent()
    for number, mail in enumerate(Letters(1, 40, ["help@desk.example"])):
        await take(db, inbound, account, mail.raw, f"1:{number}")
        sent.add(mail)

    async def look(*statements):
        async with unit_of_work(db) as session:
            for statement in statements:
                await session.execute(text(statement))
            return await judge(session, sent)

    look.take = lambda raw, name: take(db, inbound, account, raw, name)
    return look


async def test_all_is_well(soaked):
    """Copies, bounces and broken mails included."""
    verdict = await soaked()
    assert verdict.good, verdict.examples
    assert verdict.sent == verdict.ledger_rows == verdict.ledger_mails == 40
    assert verdict.outcomes["ticket"] > 5
    assert verdict.outcomes["duplicate"] > 0


async def test_a_mail_that_is_not_in_the_ledger_is_lost(soaked):
    """As if the fetcher had passed over it."""
    verdict = await soaked(
        "delete from inbound_items where id = (select max(id) from inbound_items where outcome = 'bounce')"
    )
    assert (verdict.good, verdict.lost, verdict.ledger_mails) == (False, 1, 39)
    assert "is not in the ledger" in verdict.examples[0]


async def test_a_row_without_an_outcome_is_lost(soaked):
    """As if its job had been forgotten."""
    verdict = await soaked(
        "update inbound_items set outcome = null, state = 'received' where id = "
        "(select max(id) from inbound_items where outcome = 'ticket')"
    )
    assert (verdict.good, verdict.lost) == (False, 1)
    assert "has no outcome" in verdict.examples[0]


async def test_a_letter_with_two_messages_is_doubled_and_one_with_none_is_lost(soaked):
    """One person's message hangs on another's letter."""
    verdict = await soaked(
        "update messages set inbound_item_id = (select min(inbound_item_id) from messages) "
        "where id = (select max(m.id) from messages m join inbound_items i on i.id = m.inbound_item_id "
        "where i.outcome = 'ticket' and not m.is_auto and m.subject like 'Request%')"
    )
    assert (verdict.good, verdict.duplicates, verdict.lost) == (False, 1, 1)


async def test_a_mail_that_nobody_sent_is_unexplained(soaked):
    """Such as a note on a mail that could not be fetched."""
    await soaked.take(b"Subject: A mail could not be fetched\r\n\r\nx\r\n", "1:999")
    verdict = await soaked()
    assert (verdict.good, verdict.unexplained) == (False, 1)


def test_every_accident_happens_in_every_soak():
    """Also in the shortest, and the same for the same seed; UIDs change when there are some; kills leave the end out."""
    for count in (50, 150, 20_000):
        planned = accidents(count, random.Random(1))
        assert planned == accidents(count, random.Random(1))
        assert {each for kinds in planned.values() for each in kinds} == set(ACCIDENTS)
        assert max(planned) < count
        assert min(at for at, kinds in planned.items() if "renumber" in kinds) >= count // 2
        assert max(at for at, kinds in planned.items() if any("kill" in kind for kind in kinds)) < count * 2 // 3

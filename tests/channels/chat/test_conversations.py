"""A conversation from its first word: one ticket, numbers without gaps, each message once, answers in the window."""

import asyncio

import pytest
from sqlalchemy import func, select

from channels.chat import conversations, presence, stream, transcript
from channels.chat.models import Chat, ChatItem
from channels.chat.reader import ChatFile
from channels.inbound import Incoming
from channels.models import InboundItem
from core.db import Database, reading, unit_of_work
from core.errors import Invalid
from customers import service as customers
from customers.models import ContactPoint, Customer
from tests import factories
from tests.channels.chat.talking import MAIL_TOKENS, Desk
from tickets import lifecycle
from tickets.lifecycle import TicketChange
from tickets.models import Attachment, Ticket


async def test_what_a_visitor_says_is_a_ledger_row_and_a_message_of_one_ticket(desk: Desk, db: Database) -> None:
    """The first word opens the ticket, the next ones continue it, by the proof of the conversation."""
    chat = await desk.begin(name="Asha", email="asha@customer.example", page_url="https://shop.example/lamps")
    await desk.say(chat, "My lamp flickers.")
    await desk.say(chat, "It is the blue one.")
    ticket = await desk.ticket(chat)
    assert (ticket.channel, ticket.subject, ticket.message_count) == ("chat", "My lamp flickers.", 2)
    assert [each.matched_by for each in await desk.messages(chat)] == [None, "conversation"]
    async with reading(db) as session:
        rows = list(await session.scalars(select(InboundItem).order_by(InboundItem.id)))
    assert [(row.channel, row.state, row.outcome) for row in rows] == [
        ("chat", "done", "ticket"),
        ("chat", "done", "reply"),
    ]


async def test_a_message_that_is_sent_twice_is_taken_once(desk: Desk) -> None:
    """The browser's own id of a message makes a repeat (a lost answer, both ways at once) harmless (field 2.4.3)."""
    chat = await desk.begin()
    first, second = await asyncio.gather(*(desk.say(chat, "Hello", "same-id") for _ in range(2)))
    assert (first is None) != (second is None)
    assert await desk.texts(chat) == ["Hello"]
    assert [each.client_id for each in await desk.window(chat)] == ["same-id"]


async def test_two_first_messages_at_once_open_one_ticket(desk: Desk, db: Database) -> None:
    """Whoever writes two lines in the same moment has one conversation."""
    chat = await desk.begin()
    await asyncio.gather(desk.say(chat, "One"), desk.say(chat, "Two"))
    async with reading(db) as session:
        assert await session.scalar(select(func.count()).select_from(Ticket)) == 1
    assert sorted(await desk.texts(chat)) == ["One", "Two"]


async def test_the_stream_has_no_gaps_under_many_writers(desk: Desk, db: Database) -> None:
    """A reader that asks for what came after the last number it has never skips a late commit (field 2.4.1)."""
    chat = await desk.begin()
    await desk.say(chat, "Hello")
    seen: list[int] = []

    async def write(number: int) -> None:
        async with unit_of_work(db) as session:
            await stream.append(session, chat, "said", {"by": "agent", "text": str(number)})
            if number % 5 == 0:
                await asyncio.sleep(0.005)
            if number % 7 == 0:
                raise Invalid("taken back")

    async def read() -> None:
        while len(seen) < 18:
            seen.extend(each.seq for each in await desk.window(chat, seen[-1] if seen else 0))
            await asyncio.sleep(0)

    async with asyncio.timeout(20):
        await asyncio.gather(read(), *(write(number) for number in range(20)), return_exceptions=True)
    assert seen == list(range(1, 19))


async def test_an_answer_appears_in_the_window_and_its_ticks_follow(desk: Desk, db: Database) -> None:
    """Sent when it is in the stream, delivered when the browser has it, read when the visitor has looked."""
    chat = await desk.begin()
    await desk.say(chat, "Hello")
    sent = await desk.answer(chat, "How can I help?")
    assert sent.state == "sent"
    entry = (await desk.window(chat))[-1]
    assert (entry.data["by"], entry.data["name"], entry.data["text"]) == ("agent", "Neha Iyer", "How can I help?")
    assert desk.sender.mails == []
    async with unit_of_work(db) as session:
        await presence.got(session, chat.id, entry.seq)
    assert (await desk.delivery(sent.message_id)).state == "delivered"
    async with unit_of_work(db) as session:
        await presence.has_read(session, chat.id, 99)
    assert await desk.events("chat.read") == [{"chat_id": chat.id, "message_id": sent.message_id}]
    async with unit_of_work(db, factories.actor(desk.agent)) as session:
        await lifecycle.mark_read(session, (await desk.ticket(chat)).id)
    assert (await desk.chat(chat)).agent_seq == 2


async def test_an_anonymous_visitor_gets_answers_without_any_address(desk: Desk, db: Database) -> None:
    """Nobody needs to say who he is; a customer without an address is made for him."""
    chat = await desk.begin()
    await desk.say(chat, "Just looking")
    assert (await desk.answer(chat, "Welcome")).state == "sent"
    async with reading(db) as session:
        assert await session.scalar(select(func.count()).select_from(ContactPoint)) == 0
        assert (await session.scalars(select(Customer))).one().name.startswith("Visitor")


async def test_a_typed_address_is_a_claim_and_leads_to_the_customer(desk: Desk, db: Database) -> None:
    """Like a mail's From line: the record is found, and nothing is verified by it."""
    async with unit_of_work(db) as session:
        known = await factories.received(session)
    chat = await desk.begin(name="Asha", email="Asha@Customer.example")
    await desk.say(chat, "Hello again")
    assert (await desk.ticket(chat)).customer_id == known.customer_id
    async with reading(db) as session:
        assert not (await session.scalars(select(ContactPoint))).one().verified


async def test_an_address_named_later_merges_nobody(desk: Desk, db: Database) -> None:
    """Somebody else's address is used to answer, but its owner's record stays apart."""
    async with unit_of_work(db) as session:
        known = await factories.received(session)
    visitor = await desk.visitor()
    chat = await desk.begin(visitor)
    await desk.say(chat, "Hello")
    async with unit_of_work(db) as session:
        mine = await conversations.current(session, await session.merge(visitor))
        assert mine is not None
        kept = await session.get_one(type(visitor), visitor.id)
        await conversations.leave_address(session, kept, mine, "asha@customer.example")
    assert (await desk.ticket(chat)).customer_id != known.customer_id
    assert (await desk.chat(chat)).email == "asha@customer.example"


async def test_who_claims_an_address_cannot_give_its_owner_another_one(desk: Desk, db: Database) -> None:
    """An address that a stranger could prove would sign him in as the customer whose address he has typed."""
    async with unit_of_work(db) as session:
        known = await factories.received(session)
    visitor = await desk.visitor()
    chat = await desk.begin(visitor, email="asha@customer.example")
    await desk.say(chat, "Hello")
    assert (await desk.ticket(chat)).customer_id == known.customer_id
    async with unit_of_work(db) as session:
        mine = await conversations.current(session, await session.merge(visitor))
        assert mine is not None
        kept = await session.get_one(type(visitor), visitor.id)
        await conversations.leave_address(session, kept, mine, "stranger@elsewhere.example")
    assert (await desk.chat(chat)).email == "stranger@elsewhere.example"
    async with reading(db) as session:
        assert await customers.find_by_email(session, "stranger@elsewhere.example") is None


async def test_files_come_along(desk: Desk, db: Database) -> None:
    """A picture is stored, belongs to the message, and is named in the window."""
    chat = await desk.begin()
    await desk.say(chat, "", files=[ChatFile("lamp.png", "image/png", b"\x89PNG\r\n\x1a\n" + b"\x00" * 40)])
    async with reading(db) as session:
        kept = (await session.scalars(select(Attachment))).one()
    assert (await desk.window(chat))[0].data["files"] == [
        {"id": kept.id, "name": "lamp.png", "size": 48, "type": "image/png"}
    ]


async def test_a_conversation_that_was_ended_is_rated_and_the_next_word_begins_another(desk: Desk) -> None:
    """The end is in the window; the score is on record; a new matter gets a ticket of its own."""
    visitor = await desk.visitor()
    chat = await desk.begin(visitor)
    await desk.say(chat, "Thanks, it works.")
    async with unit_of_work(desk.db, factories.actor(desk.agent)) as session:
        await conversations.end(session, chat.id, "agent")
    async with unit_of_work(desk.db) as session:
        await conversations.rate(session, chat.id, 5, "Quick!")
    assert [each.kind for each in await desk.window(chat)] == ["said", "ended", "rated"]
    assert (await desk.events("ticket.rated"))[0]["score"] == 5
    again = await desk.begin(visitor)
    await desk.say(again, "One more thing")
    assert again.id != chat.id
    assert (await desk.ticket(again)).id != (await desk.ticket(chat)).id


@pytest.mark.parametrize("score", [0, 6])
async def test_a_score_is_from_one_to_five(desk: Desk, score: int) -> None:
    """Nothing else is kept."""
    chat = await desk.begin()
    async with unit_of_work(desk.db) as session:
        with pytest.raises(Invalid):
            await conversations.rate(session, chat.id, score, "")
        await conversations.rate(session, chat.id, 3, "")
    assert (await desk.chat(chat)).rating == 3


async def test_what_a_widget_asks_for_must_be_answered(desk: Desk, db: Database) -> None:
    """A required field is required, whatever the browser sends."""
    async with unit_of_work(db) as session:
        widget = await session.merge(desk.widget)
        widget.fields = {"name": "required", "email": "required"}
        desk.widget = widget
    for missing in ({"name": "Asha"}, {"email": "asha@customer.example"}):
        with pytest.raises(Invalid):
            await desk.begin(**missing)
    assert (await desk.begin(name="Asha", email="asha@customer.example")).state == "open"


async def test_a_message_to_a_closed_ticket_opens_another_in_the_same_window(desk: Desk, db: Database) -> None:
    """What is over stays over, and the visitor notices nothing."""
    chat = await desk.begin()
    await desk.say(chat, "Hello")
    first = await desk.ticket(chat)
    async with unit_of_work(db) as session:
        await lifecycle.change(session, first.id, TicketChange(status="closed"))
    await desk.say(chat, "Still there?")
    second = await desk.ticket(chat)
    assert (second.id != first.id, second.status) == (True, "open")
    assert await desk.texts(chat) == ["Hello", "Still there?"]


async def test_a_message_that_breaks_the_reader_is_a_visible_ticket(desk: Desk, db: Database) -> None:
    """Bytes that are none of ours are kept and shown to a person."""
    await desk.process(Incoming(desk.account_id, "chat", "broken", b"{not json"))
    async with reading(db) as session:
        ticket = (await session.scalars(select(Ticket))).one()
        item = (await session.scalars(select(InboundItem))).one()
    assert (ticket.tags, item.state, item.ticket_id) == (["unreadable"], "failed", ticket.id)


async def test_the_transcript_is_mailed_in_the_same_ticket(desk: Desk, db: Database) -> None:
    """Both sides' words, in a mail whose answer comes back into this ticket."""
    chat = await desk.begin(name="Asha", email="asha@customer.example", time_zone="Asia/Kolkata")
    await desk.say(chat, "My lamp flickers.")
    await desk.answer(chat, "Please turn it off and on.")
    async with unit_of_work(db) as session:
        assert await transcript.send(session, await session.get_one(Chat, chat.id)) == "asha@customer.example"
    await desk.work()
    mail = desk.sender.mails[0]
    assert "My lamp flickers." in mail.text
    assert "Neha Iyer" in mail.text
    assert "14:30" in mail.text
    assert MAIL_TOKENS.ticket_in([mail.reply_to or ""]) == (await desk.ticket(chat)).id
    async with reading(db) as session:
        assert await session.scalar(select(func.count()).select_from(ChatItem)) == 2

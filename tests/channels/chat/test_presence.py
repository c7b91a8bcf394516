"""A visitor leaves and comes back: agents are told, nothing is lost, a chat passes to mail and back (field 2.4.7)."""

from channels.chat import presence
from channels.inbound import Incoming
from core.db import unit_of_work
from tests import factories
from tests.channels.chat.talking import MAIL_TOKENS, Desk


async def test_a_reload_is_shorter_than_the_grace(desk: Desk) -> None:
    """Twenty seconds of silence are nothing, forty are somebody who has left (field 2.4.5)."""
    chat = await desk.begin()
    await desk.say(chat, "Hello")
    await desk.pass_time(20)
    assert await desk.events("chat.visitor_left") == []
    await desk.pass_time(20)
    assert await desk.events("chat.visitor_left") == [{"chat_id": chat.id}]
    await desk.beat(chat)
    assert await desk.events("chat.visitor_back") == [{"chat_id": chat.id}]
    assert (await desk.chat(chat)).left_at is None


async def test_an_answer_to_somebody_who_has_just_left_waits_for_him(desk: Desk) -> None:
    """He comes back from a tunnel: it is in his window, and was not mailed."""
    chat = await desk.begin(email="asha@customer.example")
    await desk.say(chat, "Hello")
    await desk.pass_time(40)
    waiting = await desk.answer(chat, "Are you there?")
    assert (waiting.state, await desk.texts(chat)) == ("queued", ["Hello"])
    await desk.beat(chat)
    await desk.work()
    assert (await desk.delivery(waiting.message_id)).state == "sent"
    assert await desk.texts(chat) == ["Hello", "Are you there?"]
    assert desk.sender.mails == []


async def test_a_chat_passes_to_mail_and_the_answer_comes_back_into_the_ticket(desk: Desk) -> None:
    """What waited is mailed once he is gone, with what was said before; his mail stands in the ticket and the window."""
    chat = await desk.begin(name="Asha", email="asha@customer.example")
    await desk.say(chat, "My lamp flickers.")
    await desk.pass_time(40)
    waiting = await desk.answer(chat, "Is it the blue one?")
    await desk.pass_time(100)
    assert await desk.events("chat.turned_to_mail") == [{"chat_id": chat.id, "address": "asha@customer.example"}]
    await desk.work()
    assert (await desk.delivery(waiting.message_id)).state == "sent"
    mail = desk.sender.mails[0]
    assert mail.to[0].address == "asha@customer.example"
    assert "Is it the blue one?" in mail.text
    assert "My lamp flickers." in mail.text
    ticket = await desk.ticket(chat)
    assert MAIL_TOKENS.ticket_in([mail.reply_to or ""]) == ticket.id
    raw = factories.raw_mail(
        from_="Asha <asha@customer.example>", to=str(mail.reply_to), subject="Re: lamp", body="Yes, the blue one."
    )
    await desk.process(Incoming(desk.mailbox_id, "email", "1:1", raw))
    messages = await desk.messages(chat)
    assert [(each.kind, each.channel) for each in messages] == [
        ("customer", "chat"),
        ("agent", "email"),
        ("customer", "email"),
    ]
    assert [entry.kind for entry in await desk.window(chat)] == ["said", "mailed", "said", "said"]
    assert (await desk.texts(chat))[-1].strip() == "Yes, the blue one."


async def test_an_answer_that_his_browser_never_got_is_mailed(desk: Desk) -> None:
    """It was handed to a socket that was dead already: nobody confirmed it, so it follows by mail; what he had is not."""
    chat = await desk.begin(email="asha@customer.example")
    await desk.say(chat, "Hello")
    first = await desk.answer(chat, "Good morning")
    async with unit_of_work(desk.db) as session:
        await presence.got(session, chat.id, 2)
    lost = await desk.answer(chat, "Your order is on its way")
    assert lost.state == "sent"
    await desk.pass_time(200)
    await desk.work()
    assert ["Your order is on its way" in mail.text.partition("\n>")[0] for mail in desk.sender.mails] == [True]
    assert (await desk.delivery(first.message_id)).state == "delivered"
    assert await desk.texts(chat) == ["Hello", "Good morning", "Your order is on its way"]


async def test_without_an_address_the_agent_is_told(desk: Desk) -> None:
    """The answer fails with the reason, and the turn says that there is no way."""
    chat = await desk.begin()
    await desk.say(chat, "Hello")
    await desk.pass_time(200)
    assert await desk.events("chat.turned_to_mail") == [{"chat_id": chat.id, "address": None}]
    lost = await desk.answer(chat, "Are you there?")
    assert (lost.state, lost.error) == ("failed", "The visitor has left, and no e-mail address of his is known.")


async def test_who_comes_back_after_the_turn_chats_on(desk: Desk) -> None:
    """The next answer is in the window again."""
    chat = await desk.begin(email="asha@customer.example")
    await desk.say(chat, "Hello")
    await desk.pass_time(200)
    await desk.answer(chat, "By mail")
    await desk.beat(chat)
    await desk.answer(chat, "In the window")
    assert len(desk.sender.mails) == 1
    assert await desk.texts(chat) == ["Hello", "By mail", "In the window"]


async def test_a_sweep_looks_at_everybody_once(desk: Desk) -> None:
    """Who has been told of is not told of again."""
    chat = await desk.begin()
    await desk.say(chat, "Hello")
    for _ in range(3):
        await desk.pass_time(300)
    assert len(await desk.events("chat.visitor_left")) == 1
    assert len(await desk.events("chat.turned_to_mail")) == 1

"""The visitor's socket over a real server: nothing missed, nothing twice, both ways of typing, and who is kept out."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import websockets

from channels.chat import conversations, widgets
from channels.chat.identity import Claim, signature
from channels.chat.widgets import WidgetChange
from channels.chat.window import VisitorWhisper
from core.db import unit_of_work
from portal.widget import limits, rooms
from portal.widget.live import LONGEST_MESSAGE
from tests.channels.chat.talking import VAULT
from tests.portal.widget.conftest import WAIT, Site


async def closed(site: Site, first: Any, *, origin: str | None = None) -> int:
    """The code with which a socket is closed that begins like this."""
    url = f"ws://127.0.0.1:{site.port}/widget/{site.desk.widget.key}/live"
    async with websockets.connect(url, origin=origin or site.http.headers["origin"]) as connection:  # type: ignore[arg-type]
        with pytest.raises(websockets.ConnectionClosed):
            async with asyncio.timeout(WAIT):
                await connection.send(first if isinstance(first, str) else msgspec.json.encode(first).decode())
                while True:
                    await connection.recv()
        return connection.close_code or 0


async def test_a_visitor_and_an_agent_talk(site: Site) -> None:
    """Words of both sides in order; the visitor's own once, under the name that his browser gave them (field 2.4.3)."""
    token, _ = await site.begin()
    async with site.socket(token) as socket:
        await socket.said("Hello")
        await socket.send(t="say", clientId="second-message", text="Are you there?")
        kept = await socket.until("kept", clientId="second-message")
        entry = await socket.said("Are you there?")
        assert (entry["clientId"], entry["seq"]) == ("second-message", kept["seq"])
        chat = await site.desk.newest()
        await site.desk.answer(chat, "I am")
        answer = await socket.said("I am")
        assert (answer["data"]["name"], answer["seq"]) == ("Neha Iyer", 3)
        await socket.send(t="say", clientId="second-message", text="Are you there?")
        await socket.until("kept", clientId="second-message", seq=2)
        assert [each["seq"] for each in socket.entries()] == [1, 2, 3]


async def test_who_comes_back_gets_everything_since(site: Site) -> None:
    """The tab names its last number; what was said meanwhile follows, each once, however long it was (field 2.4.1)."""
    token, _ = await site.begin()
    async with site.socket(token) as socket:
        await socket.said("Hello")
        chat = await site.desk.newest()
    for number in range(5):
        await site.desk.answer(chat, f"Answer {number}")
    async with site.socket(token, after=1) as socket:
        await socket.said("Answer 4")
        assert [each["seq"] for each in socket.entries()] == [2, 3, 4, 5, 6]


async def test_two_tabs_of_one_visitor_show_the_same(site: Site) -> None:
    """What is written in one appears in the other."""
    token, _ = await site.begin()
    async with site.socket(token) as one, site.socket(token) as other:
        await one.send(t="say", clientId="from-tab-one", text="From the first tab")
        assert (await other.said("From the first tab"))["seq"] == 2
        assert (await one.said("From the first tab"))["seq"] == 2


async def test_typing_goes_both_ways(site: Site) -> None:
    """Agents hear that the visitor types and where he is; he hears that one of them writes an answer, not a note."""
    heard: list[VisitorWhisper] = []
    arrived = asyncio.Event()

    def hear(text: str) -> None:
        try:
            heard.append(msgspec.json.decode(text, type=VisitorWhisper))
        except msgspec.MsgspecError:
            return
        arrived.set()

    site.runtime.hub.ephemeral_observers.append(hear)
    token, _ = await site.begin()
    async with site.socket(token) as socket:
        await socket.said("Hello")
        chat = await site.desk.newest()
        ticket = await site.desk.ticket(chat)
        await socket.send(t="page", url="https://shop.example/lamps", title="Lamps")
        await socket.send(t="typing")
        async with asyncio.timeout(WAIT):
            while not any(each.typing for each in heard):
                arrived.clear()
                await arrived.wait()
        assert (heard[-1].ticket_id, heard[-1].page_title, heard[-1].online) == (ticket.id, "Lamps", True)
        said = {"socket": "s", "agent_id": 1, "name": "Neha Iyer", "ticket_id": ticket.id, "typing": True}
        await site.runtime.hub.whisper(said | {"is_reply": False, "name": "Noted Only"})
        await site.runtime.hub.whisper(said)
        assert (await socket.until("typing"))["name"] == "Neha"
    async with asyncio.timeout(WAIT):
        while heard[-1].typing:
            arrived.clear()
            await arrived.wait()
    assert (await site.desk.chat(chat)).page_url == "https://shop.example/lamps"


async def test_ticks_come_back(site: Site) -> None:
    """The tab says what it has and what was looked at; the agent's answer becomes delivered, her reading is told."""
    token, _ = await site.begin()
    async with site.socket(token) as socket:
        await socket.said("Hello")
        chat = await site.desk.newest()
        sent = await site.desk.answer(chat, "How can I help?")
        await socket.said("How can I help?")
        await socket.send(t="got", seq=2)
        await socket.send(t="seen", seq=2)
        await socket.send(t="ping")
        await socket.until("pong")
        assert (await site.desk.delivery(sent.message_id)).state == "delivered"
        async with unit_of_work(site.runtime.db) as session:
            await conversations.agent_has_read(session, (await site.desk.ticket(chat)).id)
        await socket.shows(agentSeq=2)


async def test_strangers_are_shown_out(site: Site) -> None:
    """A guess, another site, no greeting, too long a message: closed, with a code that says why (field 2.4.6)."""
    token, _ = await site.begin()
    hello = {"t": "hello", "token": token}
    assert await closed(site, hello | {"token": token[:-1]}) == 4401
    assert await closed(site, hello | {"token": "1"}) == 4401
    assert await closed(site, {"t": "ping"}) == 1008
    assert await closed(site, "x" * (LONGEST_MESSAGE + 1)) == 1008
    with pytest.raises(websockets.InvalidStatus):
        await closed(site, hello, origin="https://evil.example")
    async with site.socket(token) as socket:
        await socket.said("Hello")


async def test_a_socket_that_floods_is_closed(site: Site) -> None:
    """Signals are limited for each socket, messages for each visitor (field 2.4.8)."""
    token, _ = await site.begin()
    async with site.socket(token) as socket:
        await socket.said("Hello")
        for number in range(14):
            await socket.send(t="say", clientId=f"message-{number}", text="More")
        refused = await socket.until("refused")
        assert refused["code"] == "rate-limited"
        for _ in range(80):
            await socket.send(t="ping")
        with pytest.raises(websockets.ConnectionClosed):
            async with asyncio.timeout(WAIT):
                while True:
                    await socket.connection.recv()
        assert socket.connection.close_code == 1008


async def test_too_many_windows_of_one_network_are_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """One network has a limited number of sockets."""
    monkeypatch.setattr(limits, "SOCKETS_OF_A_NETWORK", 1)
    token, _ = await site.begin()
    async with site.socket(token) as socket:
        await socket.said("Hello")
        assert await closed(site, {"t": "hello", "token": token}) == 1008


async def test_a_slow_window_is_closed_and_misses_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever does not read is dropped with 1013 and gets it all when he comes back (field 2.4.12)."""
    token, _ = await site.begin()
    async with site.socket(token) as socket:
        await socket.said("Hello")
        chat = await site.desk.newest()
        monkeypatch.setattr("core.live.QUEUE_LIMIT", 0)
        await site.desk.answer(chat, "Too much")
        with pytest.raises(websockets.ConnectionClosed):
            async with asyncio.timeout(WAIT):
                while True:
                    await socket.connection.recv()
        assert socket.connection.close_code == rooms.TOO_SLOW
    monkeypatch.undo()
    async with site.socket(token, after=1) as socket:
        assert (await socket.said("Too much"))["seq"] == 2


async def test_a_widget_that_is_switched_off_ends_its_windows(site: Site) -> None:
    """Rights are looked at again while a window is open (field 2.4.4)."""
    token, _ = await site.begin()
    async with site.socket(token) as socket:
        await socket.said("Hello")
        async with unit_of_work(site.runtime.db) as session:
            await widgets.change(session, site.desk.widget.id, WidgetChange(is_enabled=False))
        with pytest.raises(websockets.ConnectionClosed):
            async with asyncio.timeout(WAIT):
                while True:
                    await socket.connection.recv()
        assert socket.connection.close_code == rooms.ENDED
    assert await closed(site, {"t": "hello", "token": token}) == 4404


async def test_a_signed_visitors_window_ends_with_his_proof(site: Site) -> None:
    """After an hour the page has to say again who is signed in there."""
    claim = Claim("17", "asha@customer.example", "Asha")
    async with unit_of_work(site.runtime.db) as session:
        secret = widgets.secret_of(await widgets.get(session, site.desk.widget.id), VAULT)
    proof = {"userId": "17", "email": claim.email, "name": "Asha", "hash": signature(secret, "17", claim.email)}
    token = (await site.post("session", claim=proof)).json()["token"]
    await site.begin_as(token)
    async with site.socket(token) as socket:
        await socket.said("Hello")
        site.desk.clock.advance(timedelta(minutes=61))
        for room in list(site.rooms.rooms.values()):
            site.rooms._end_those_over(room)
        with pytest.raises(websockets.ConnectionClosed):
            async with asyncio.timeout(WAIT):
                while True:
                    await socket.connection.recv()
        assert socket.connection.close_code == rooms.ENDED
    assert await closed(site, {"t": "hello", "token": token}) == 4401


async def test_a_lost_database_connection_loses_nothing(site: Site) -> None:
    """The hub comes back, and the window is brought up to date by its number."""
    token, _ = await site.begin()
    async with site.socket(token) as socket:
        await socket.said("Hello")
        chat = await site.desk.newest()
        await site.desk.answer(chat, "Before")
        await socket.said("Before")
        listening = "select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen%'"
        await site.runtime.db.fetch(listening)
        await site.desk.answer(chat, "After")
        await socket.said("After")
        assert [each["seq"] for each in socket.entries()] == [1, 2, 3]

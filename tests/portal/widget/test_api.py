"""The window's calls: opening it, the first word, files, long polls instead of a socket, and who gets nothing."""

import asyncio
from datetime import timedelta

import httpx
import jwt
import pytest
from sqlalchemy import func, select, update

from channels.chat import widgets
from channels.chat.identity import signature
from channels.chat.models import Chat, ChatVisitor
from channels.chat.widgets import Fields, WidgetChange
from channels.models import InboundItem
from core.db import reading, unit_of_work
from customers.models import Customer
from routing.models import Presence
from tests.channels.chat.talking import VAULT
from tests.portal.widget.conftest import Site
from tickets.models import Ticket

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40


async def secret_of(site: Site) -> str:
    """The widget's secret."""
    async with unit_of_work(site.runtime.db) as session:
        return widgets.secret_of(await widgets.get(session, site.desk.widget.id), VAULT)


async def count(site: Site, model: type) -> int:
    """How many rows a table has."""
    async with reading(site.runtime.db) as session:
        return await session.scalar(select(func.count()).select_from(model)) or 0


async def test_opening_the_window_leaves_nothing_behind(site: Site) -> None:
    """Before the first word nobody is known: no cookie, no token, no row (field 2.4.9)."""
    answer = await site.post("session")
    assert answer.json() == {
        "token": None,
        "who": None,
        "window": None,
        "entries": [],
        "opening": {"isOpen": True, "waiting": 0, "nextAt": None},
    }
    assert "set-cookie" not in answer.headers
    assert await count(site, ChatVisitor) == 0


async def test_the_first_word_begins_a_conversation_that_survives_a_reload(site: Site) -> None:
    """The token that comes back opens the same window again."""
    about = {"name": "Asha", "email": "asha@customer.example", "timeZone": "Asia/Kolkata", "language": "hi"}
    token, chat_id = await site.begin("My lamp flickers.", **about)
    opened = (await site.post("session", token)).json()
    assert (opened["window"]["id"], opened["window"]["name"]) == (chat_id, "Asha")
    assert [each["data"]["text"] for each in opened["entries"]] == ["My lamp flickers."]
    chat = await site.desk.newest()
    assert (chat.language, chat.time_zone) == ("hi", "Asia/Kolkata")


async def test_what_is_sent_twice_is_one_message(site: Site) -> None:
    """A repeat after a lost answer, also of the first word."""
    token, chat_id = await site.begin()
    again = await site.post("messages", token, clientId="first-message", text="Hello", beginning={})
    assert (again.json()["seq"], again.json()["window"]["id"]) == (1, chat_id)
    assert await count(site, InboundItem) == 1


@pytest.mark.parametrize("call", ["signals", "end", "rating", "transcript", "email"])
async def test_calls_need_a_token(site: Site, call: str) -> None:
    """A number or a guess opens nothing (field 2.4.6)."""
    body = {"signals": {"signals": []}, "rating": {"score": 5}, "email": {"email": "a@b.example"}}.get(call, {})
    token, _ = await site.begin(email="asha@customer.example")
    for guess in ("", "1", "a.1.x", token[:-2] + "xx"):
        assert (await site.post(call, guess, **body)).status_code == 401
    assert (await site.post(call, token, **body)).status_code < 300


async def test_other_sites_pages_cannot_call(site: Site) -> None:
    """The window's page is ours, so a call with another origin is not the window's."""
    site.http.headers["origin"] = "https://shop.example"
    assert (await site.post("session")).status_code == 403
    assert (await site.post("messages", clientId="first-message", text="Hello", beginning={})).status_code == 403


async def test_a_signed_visitor_is_the_customer_wherever_he_comes_from(site: Site) -> None:
    """The site's signature opens his conversation in any browser; a wrong one opens nothing."""
    secret = await secret_of(site)
    claim = {"userId": "17", "email": "asha@customer.example", "name": "Asha Rao"}
    claim["hash"] = signature(secret, "17", "asha@customer.example")
    opened = (await site.post("session", claim=claim)).json()
    assert opened["who"] == {"name": "Asha Rao", "email": "asha@customer.example"}  # she is not asked for them again
    assert (await site.post("session", opened["token"])).json()["who"] is None
    await site.begin_as(opened["token"])
    signed = jwt.encode(
        {"sub": "17", "email": claim["email"], "exp": int(site.desk.clock.now().timestamp()) + 60}, secret
    )
    again = (await site.post("session", claim={"jwt": signed})).json()
    assert (again["window"]["isSigned"], len(again["entries"])) == (True, 1)
    refused = await site.post("session", claim=claim | {"userId": "18"})
    assert (refused.status_code, refused.json()["code"]) == (403, "not-proven")
    assert await count(site, Customer) == 1


async def test_signing_out_clears_the_window(site: Site) -> None:
    """Without the site's signature the same browser sees nothing of what the signed visitor said."""
    secret = await secret_of(site)
    claim = {"userId": "17", "email": "", "name": "Asha", "hash": signature(secret, "17", "")}
    token = (await site.post("session", claim=claim)).json()["token"]
    await site.begin_as(token, "Only for me")
    assert (await site.post("session")).json()["entries"] == []
    site.desk.clock.advance(timedelta(minutes=61))
    assert (await site.post("session", token)).json()["window"] is None


async def test_required_fields_are_required(site: Site) -> None:
    """The complaint names the field, also of what is too long or no address, and says how long it may be."""
    async with unit_of_work(site.runtime.db) as session:
        asked = WidgetChange(fields=Fields(name="required", email="off"))
        await widgets.change(session, site.desk.widget.id, asked)
    answer = await site.post("messages", clientId="first-message", text="Hello", beginning={})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "name")
    assert await count(site, ChatVisitor) == 0
    request = {"clientId": "first-request", "name": "Asha", "email": "asha@customer.example", "message": "Hello"}
    for call, body, field, words in (
        ("messages", {"clientId": "first-message", "text": "x" * 4001}, "text", "length <= 4000"),
        ("messages", {"clientId": "first-message", "text": "x", "beginning": {"email": "x" * 321}}, "email", "<= 320"),
        ("request", request | {"email": "nobody"}, "email", "no"),
        ("request", request | {"name": "x" * 121}, "name", "At most 120 characters."),
        ("request", request | {"message": "x" * 20_001}, "message", "length <= 20000"),
    ):
        answer = await site.post(call, **body)
        complaint = answer.json()["errors"][0]
        assert (answer.status_code, complaint["field"].rpartition(".")[2]) == (422, field)
        assert words in complaint["message"]


async def test_new_conversations_of_one_network_are_limited(site: Site) -> None:
    """A program that opens one after the other is stopped; the first ones stay (field 2.4.8)."""
    answers = [
        await site.post("messages", clientId=f"message-{number}", text="Hello", beginning={}) for number in range(8)
    ]
    assert [each.status_code for each in answers] == [200] * 6 + [429] * 2
    assert answers[-1].headers["retry-after"]


async def send_file(site: Site, token: str, name: str, content: bytes) -> httpx.Response:
    """Post one file."""
    data = {"clientId": f"file-{name.partition('.')[0]}-1"}
    headers = {"authorization": f"Bearer {token}"}
    return await site.http.post("/files", data=data, files={"file": (name, content, "image/png")}, headers=headers)


async def test_files_are_taken_by_what_they_are(site: Site) -> None:
    """A picture is; a page that calls itself a picture is not; nobody else's visitor gets it (field 2.4.8)."""
    token, _ = await site.begin()
    assert (await send_file(site, token, "lamp.png", PNG)).json()["seq"] == 2
    assert (await send_file(site, token, "evil.png", b"<html><script>alert(1)</script>")).status_code == 422
    assert (await send_file(site, token, "huge.png", PNG + bytes(13_000_000))).status_code == 413
    assert (await send_file(site, "a.b.c", "lamp.png", PNG)).status_code == 401
    entries = (await site.post("session", token)).json()["entries"]
    number = entries[1]["data"]["files"][0]["id"]
    got = await site.get(f"files/{number}", token)
    assert (got.content, got.headers["content-type"]) == (PNG, "image/png")
    assert got.headers["x-content-type-options"] == "nosniff"
    other, _ = await site.begin(client_id="other-visitor")
    assert (await site.get(f"files/{number}", other)).status_code == 404
    assert (await site.get(f"files/{number}")).status_code == 401


async def test_long_polls_do_what_a_socket_does(site: Site) -> None:
    """A browser behind a proxy without sockets asks, waits, and gets each answer once (field 2.4.11)."""
    token, _ = await site.begin()
    first = (await site.get("events", token, after=0, wait=5)).json()["frames"]
    assert [each["t"] for each in first] == ["entries", "window"]
    assert (await site.get("events", token, after=2**70, wait="nan")).status_code == 200
    waiting = asyncio.create_task(site.get("events", token, after=1, wait=20))
    async with asyncio.timeout(20):  # as long as the poll itself may wait
        while not site.rooms.rooms:
            await asyncio.sleep(0.01)
    await site.desk.answer(await site.desk.newest(), "Here I am")
    frames = (await waiting).json()["frames"]
    assert [each["entries"][0]["data"]["text"] for each in frames if each["t"] == "entries"] == ["Here I am"]
    told = [{"t": "typing"}, {"t": "seen", "seq": 2}]
    assert (await site.post("signals", token, signals=told)).status_code == 204
    assert (await site.desk.newest()).read_seq == 2
    async with reading(site.runtime.db) as session:
        assert widgets.lacks_sockets(await widgets.get(session, site.desk.widget.id))


async def test_a_visitor_ends_rates_and_takes_his_words_along(site: Site) -> None:
    """What the window's menu offers."""
    token, _ = await site.begin()
    assert (await site.post("transcript", token)).status_code == 422
    assert (await site.post("email", token, email="no address")).status_code == 422
    assert (await site.post("email", token, email="asha@customer.example")).status_code == 204
    assert (await site.post("transcript", token)).json() == {"email": "asha@customer.example"}
    assert (await site.post("end", token)).status_code == 204
    refused = await site.post("messages", token, clientId="after-the-end", text="Hello?")
    assert refused.status_code == 409
    assert (await site.post("rating", token, score=4, comment="Fine")).status_code == 204
    chat = await site.desk.newest()
    assert (chat.state, chat.rating, chat.rating_comment) == ("ended", 4, "Fine")


async def test_nobody_there_is_told_and_a_request_is_taken(site: Site) -> None:
    """Without an agent the window shows a form, whose post is a request like the portal's (field 2.4.10)."""
    async with unit_of_work(site.runtime.db) as session:
        await session.execute(update(Presence).values(state="offline"))
    assert (await site.post("session")).json()["opening"]["isOpen"] is False
    wanted = {
        "clientId": "request-one",
        "name": "Asha",
        "email": "asha@customer.example",
        "message": "Please call me.",
        "language": "en",
    }
    number = (await site.post("request", **wanted)).json()["number"]
    assert (await site.post("request", **wanted)).json()["number"] == number
    assert (await site.post("request", **wanted | {"message": " "})).status_code == 422
    assert (await site.post("request", **wanted | {"trap": "x"})).status_code == 422
    async with reading(site.runtime.db) as session:
        ticket = (await session.scalars(select(Ticket))).one()
    assert (ticket.id, ticket.channel, ticket.subject) == (number, "web", "Please call me.")
    assert await count(site, Chat) == 0
    naming = wanted | {"clientId": "request-two", "subject": f"[#{number}]"}
    assert (await site.post("request", **naming)).json()["number"] == number + 1  # a typed address adds to no request


async def test_a_widget_that_is_off_answers_nothing(site: Site) -> None:
    """Nor one that there never was."""
    assert (await site.post("session")).status_code == 200
    async with unit_of_work(site.runtime.db) as session:
        await widgets.change(session, site.desk.widget.id, WidgetChange(is_enabled=False))
    assert (await site.post("session")).status_code == 404

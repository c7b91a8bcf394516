"""The agents' side of live conversations: who is there, where an answer goes, ending one, and the widgets' settings."""

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select

from agent_ui.live import LiveSocket
from channels import inbound
from channels.chat import conversations, presence, visitors, widgets, window
from channels.chat.conversations import Beginning
from channels.chat.identity import VisitorTokens
from channels.chat.models import Chat
from channels.chat.reader import ChatPost, ChatReader, incoming
from channels.chat.widgets import WidgetChange
from channels.chat.window import VisitorWhisper
from channels.inbound import Inbound
from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from tests.agent_ui.conftest import Desk, Running
from tickets import access
from tickets.models import Delivery, Ticket

WORDS = {"clientKey": "key-12345", "html": "<p>Hello</p>"}


async def chat_with(runtime: Running, team_id: int | None, email: str = "", words: str = "Hello") -> Chat:
    """A visitor who has said something to a team."""
    tokens = VisitorTokens(runtime.secret)
    async with unit_of_work(runtime.db) as session:
        widget = await widgets.create(session, runtime.vault, WidgetChange(name="Shop", team_id=team_id))
        visitor = await visitors.anonymous(session, widget, tokens.anonymous(widget.id)[1])
        about = Beginning(name="Asha", email=email, page_title="Lamps", page_url="https://shop.example/lamps")
        chat = await conversations.begin(session, widget, visitor, about)
    reader = ChatReader(runtime.storage)
    item = incoming(widget.account_id, chat, ChatPost(chat_id=chat.id, client_id="c1", text=words))
    item_id = await inbound.store(runtime.db, item)
    async with unit_of_work(runtime.db) as session:
        await Inbound({"chat": reader}, {}).process(session, item_id or 0)
    async with reading(runtime.db) as session:
        return await session.get_one(Chat, chat.id)


async def pass_time(db: Database, clock: ManualClock, seconds: float) -> None:
    """Let the visitor stay away."""
    clock.advance(timedelta(seconds=seconds))
    async with unit_of_work(db) as session:
        await presence.sweep(session)


async def test_the_agent_sees_who_is_there_and_where_the_answer_goes(
    desk: Desk, runtime: Running, clock: ManualClock
) -> None:
    """Online on a page; left; gone, so that the answer goes by mail."""
    chat = await chat_with(runtime, desk.team, "asha@customer.example")
    path = f"/api/tickets/{chat.ticket_id}/chat"
    shown = (await desk.agent.http.get(path)).json()
    assert (shown["isOnline"], shown["goes"], shown["pageTitle"], shown["name"]) == (True, "window", "Lamps", "Asha")
    assert (await desk.agent.http.get("/api/chats")).json() == [{"ticketId": chat.ticket_id, "pageTitle": "Lamps"}]
    await pass_time(runtime.db, clock, 40)
    shown = (await desk.agent.http.get(path)).json()
    assert (shown["isOnline"], shown["goes"]) == (False, "window")
    await pass_time(runtime.db, clock, 120)
    shown = (await desk.agent.http.get(path)).json()
    assert (shown["goes"], shown["email"]) == ("mail", "asha@customer.example")
    assert (await desk.agent.http.get("/api/chats")).json() == []


async def test_without_an_address_the_answer_goes_nowhere(desk: Desk, runtime: Running, clock: ManualClock) -> None:
    """And the agent can know before she writes."""
    chat = await chat_with(runtime, desk.team)
    await pass_time(runtime.db, clock, 200)
    assert (await desk.agent.http.get(f"/api/tickets/{chat.ticket_id}/chat")).json()["goes"] == "nowhere"


async def test_an_answer_in_a_conversation_leaves_at_once(desk: Desk, runtime: Running) -> None:
    """No seconds for taking it back: somebody is waiting in a window."""
    chat = await chat_with(runtime, desk.team)
    answer = await desk.agent.http.post(f"/api/tickets/{chat.ticket_id}/replies", json=WORDS)
    assert answer.status_code == 201, answer.text
    async with reading(runtime.db) as session:
        sending = (await session.scalars(select(Delivery))).one()
    assert (sending.channel, sending.send_at) == ("chat", sending.created_at)


async def test_ending_and_mailing_a_conversation(desk: Desk, runtime: Running) -> None:
    """The end is on record with her name; the transcript needs an address."""
    chat = await chat_with(runtime, desk.team)
    path = f"/api/tickets/{chat.ticket_id}/chat"
    assert (await desk.agent.http.post(f"{path}/transcript", json={})).status_code == 422
    sent = await desk.agent.http.post(f"{path}/transcript", json={"email": "asha@customer.example"})
    assert sent.json() == {"email": "asha@customer.example"}
    assert (await desk.agent.http.post(f"{path}/end")).json()["state"] == "ended"
    items = (await desk.agent.http.get(f"/api/tickets/{chat.ticket_id}")).json()["timeline"]
    ended = [each for each in items if each.get("kind") == "chat.ended"]
    assert (ended[0]["actor"]["name"], ended[0]["data"]["by"]) == ("Agent", "agent")


async def test_a_ticket_of_another_channel_has_no_conversation(desk: Desk, ticket: int) -> None:
    """404, and nothing to end."""
    for method, more in (("GET", ""), ("POST", "/end")):
        answer = await desk.agent.http.request(method, f"/api/tickets/{ticket}/chat{more}")
        assert answer.status_code == 404


@pytest.mark.parametrize("who", ["agent", "stranger", "lead", "admin"])
async def test_visitors_are_shown_to_those_who_may_see_their_tickets(desk: Desk, runtime: Running, who: str) -> None:
    """The list of visitors follows the same rule as every list of tickets."""
    person = getattr(desk, who)
    for team in (desk.team, desk.other_team, None):
        await chat_with(runtime, team)
    shown = {each["ticketId"] for each in (await person.http.get("/api/chats")).json()}
    async with reading(runtime.db) as session:
        visible = set(await session.scalars(select(Ticket.id).where(access.visible_to(person.actor))))
    assert shown == visible


async def test_whispers_of_visitors_reach_those_who_may_see_them(desk: Desk, runtime: Running, app: object) -> None:
    """Who types on which page is told to the team of the ticket and to nobody else."""
    gateway = app.state.live  # type: ignore[attr-defined]
    ears: dict[str, LiveSocket] = {}
    for name in ("agent", "stranger", "lead"):
        person = getattr(desk, name)
        ears[name] = LiveSocket.__new__(LiveSocket)
        super(LiveSocket, ears[name]).__init__(person.actor, (0, 0))
        gateway.sockets.add(ears[name])
    said = VisitorWhisper(7, typing=True, page_title="Lamps", team_id=desk.team)
    gateway._hear(msgspec.json.encode(said).decode())
    told = {name: [msgspec.json.decode(each) for each in ear.frames] for name, ear in ears.items()}
    assert told["stranger"] == []
    for name in ("agent", "lead"):
        assert [(each["t"], each["ticketId"], each["typing"]) for each in told[name]] == [("visitor", 7, True)]


async def test_widgets_are_kept_by_administrators(desk: Desk) -> None:
    """Make, change, refuse an old version, another secret; the secret is shown once only."""
    made = (await desk.admin.http.post("/api/widgets", json={"name": "Shop", "origins": ["shop.example"]})).json()
    widget = made["widget"]
    assert f"/widget/{widget['key']}.js" in widget["snippet"]
    path = f"/api/widgets/{widget['id']}"
    wanted = {"hue": 20, "texts": {"hi": {"welcome": "नमस्ते"}}, "fields": {"name": "required", "email": "off"}}
    changed = await desk.admin.http.patch(path, json=wanted | {"teamId": desk.team}, headers={"if-match": '"v1"'})
    assert (changed.json()["hue"], changed.json()["teamId"], changed.json()["version"]) == (20, desk.team, 2)
    stale = await desk.admin.http.patch(path, json={"hue": 21}, headers={"if-match": '"v1"'})
    assert stale.status_code == 412
    assert (await desk.admin.http.patch(path, json={"origins": ["no site"]})).status_code == 422
    secret = (await desk.admin.http.post(f"{path}/secret")).json()["secret"]
    assert secret != made["secret"]
    read = await desk.admin.http.get(path)
    assert secret not in read.text
    assert [each["id"] for each in (await desk.admin.http.get("/api/widgets")).json()] == [widget["id"]]


async def test_the_newest_message_that_the_visitor_read_is_marked(desk: Desk, runtime: Running) -> None:
    """For the tick at an answer."""
    chat = await chat_with(runtime, desk.team)
    async with reading(runtime.db) as session:
        assert await window.read_message(session, chat.id) is None

"""The live socket over a real server: exactly once after a break, reset, too slow, session ended, who is where."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import uvicorn
import websockets
from litestar import Litestar
from websockets.asyncio.client import ClientConnection

from agent_ui import live
from agent_ui.auth import COOKIE
from core import events
from core import live as hubs
from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.events import NO_TEAM, Event
from staff import agents
from tests import factories
from tests.agent_ui.conftest import Desk, Person, Running
from tickets import lifecycle
from tickets.lifecycle import TicketChange

WAIT = 10


class Tick(Event, frozen=True, kw_only=True):
    """Something numbered, for counting."""

    kind = "test.tick"
    number: int


@dataclass
class Server:
    """A running server with its address."""

    port: int
    app: Litestar

    @property
    def gateway(self) -> live.Gateway:
        """The sockets of the server."""
        gateway: live.Gateway = self.app.state.live
        return gateway

    def url(self) -> str:
        """Where the socket is."""
        return f"ws://127.0.0.1:{self.port}/live"


@pytest.fixture
async def server(app: Litestar, runtime: Running) -> AsyncIterator[Server]:
    """The application behind uvicorn on a free port, with its hub running."""
    stop = asyncio.Event()
    hub = asyncio.create_task(runtime.hub.run(stop))
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_config=None, ws="websockets-sansio", lifespan="off", loop="none"
    )
    serving = uvicorn.Server(config)
    serving.capture_signals = contextlib.nullcontext  # type: ignore[method-assign]
    task = asyncio.create_task(serving.serve())
    await asyncio.wait_for(runtime.hub.started.wait(), WAIT)
    async with asyncio.timeout(WAIT):
        while not serving.started:
            await asyncio.sleep(0.01)
    yield Server(serving.servers[0].sockets[0].getsockname()[1], app)
    serving.should_exit = True
    await asyncio.wait_for(task, WAIT)
    stop.set()
    await asyncio.wait_for(hub, WAIT)


class Socket:
    """A client as the console has it: says hello, keeps its cursor, collects messages."""

    def __init__(self, raw: ClientConnection) -> None:
        self.raw = raw
        self.messages: list[dict[str, Any]] = []
        self.cursor: str | None = None

    async def send(self, **message: object) -> None:
        """Send one message."""
        await self.raw.send(msgspec.json.encode(message).decode())

    async def next(self) -> list[dict[str, Any]]:
        """The messages of the next frame."""
        found: list[dict[str, Any]] = msgspec.json.decode(await asyncio.wait_for(self.raw.recv(), WAIT))
        for message in found:
            if message["t"] in ("event", "welcome", "reset"):
                self.cursor = message["cursor"]
        self.messages += found
        return found

    async def until(self, **wanted: object) -> dict[str, Any]:
        """The first message that has these values."""
        seen = 0
        while True:
            for message in self.messages[seen:]:
                if all(message.get(name) == value for name, value in wanted.items()):
                    return message
            seen = len(self.messages)
            await self.next()

    async def closed(self) -> int:
        """The code with which the server closed."""
        with contextlib.suppress(websockets.ConnectionClosed):
            async with asyncio.timeout(WAIT):
                while True:
                    await self.raw.recv()
        code = self.raw.close_code
        assert code is not None
        return code

    @property
    def ticks(self) -> list[int]:
        """The numbers of the events seen."""
        return [each["data"]["number"] for each in self.messages if each.get("kind") == "test.tick"]


@contextlib.asynccontextmanager
async def connect(
    server: Server, person: Person | None, cursor: str | None = None, *, hello: bool = True, **headers: str
) -> AsyncIterator[Socket]:
    """Open a socket as somebody, and say hello."""
    more = dict(headers)
    if person is not None:
        more["cookie"] = f"{COOKIE}={person.http.cookies[COOKIE]}"
    async with websockets.connect(server.url(), additional_headers=more, compression=None) as raw:
        socket = Socket(raw)
        if hello:
            await socket.send(t="hello", cursor=cursor)
            await socket.until(t="welcome")
        yield socket


async def tick(db: Database, number: int, *teams: int) -> None:
    """Let something happen that these teams may see."""
    async with unit_of_work(db) as session:
        events.record(session, Tick(number=number, teams=teams or (NO_TEAM,)))


async def test_what_happens_arrives(server: Server, desk: Desk, ticket: int, db: Database) -> None:
    """A change shows in the open socket with kind, ticket and who did it."""
    async with connect(server, desk.agent) as socket:
        async with unit_of_work(db, desk.lead.actor) as session:
            await lifecycle.change(session, ticket, TicketChange(priority="high"))
        event = await socket.until(kind="ticket.priority_changed")
        assert (event["ticketId"], event["actor"]) == (ticket, {"kind": "agent", "id": desk.lead.id})


async def test_a_client_that_comes_back_gets_each_event_once(server: Server, desk: Desk, db: Database) -> None:
    """Eight writers never stop while the client breaks off again and again: nothing twice, nothing missing."""
    total = 240

    async def write(part: int) -> None:
        for number in range(part, total, 8):
            async with unit_of_work(db) as session:
                events.record(session, Tick(number=number, teams=(NO_TEAM,)))
                await events.flush(session)
                await asyncio.sleep(0.002 * (part % 3))

    got: list[int] = []
    cursor: str | None = None
    async with connect(server, desk.agent) as socket:
        cursor = socket.cursor
    writing = [asyncio.create_task(write(part)) for part in range(8)]
    async with asyncio.timeout(60):
        while len(got) < total:
            async with connect(server, desk.agent, cursor) as socket:
                for _ in range(3):
                    if len(got) + len(socket.ticks) < total:
                        await socket.next()
                cursor = socket.cursor
                got += socket.ticks
    await asyncio.gather(*writing)
    assert sorted(got) == list(range(total))


async def test_too_much_missed_means_start_afresh(
    server: Server, desk: Desk, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After too many events the client is told to fetch everything, and follows from there."""
    monkeypatch.setattr(hubs, "REPLAY_LIMIT", 5)
    async with connect(server, desk.agent) as socket:
        cursor = socket.cursor
    for number in range(8):
        await tick(db, number)
    async with connect(server, desk.agent, cursor) as socket:
        await socket.until(t="reset")
        await tick(db, 100)
        await socket.until(kind="test.tick")
        assert socket.ticks == [100]


async def test_a_cursor_from_the_future_means_start_afresh(server: Server, desk: Desk) -> None:
    """After a restored backup a client must not wait for events that will not come."""
    async with connect(server, desk.agent, "999999999.1") as socket:
        await socket.until(t="reset")


async def test_events_of_other_teams_stay_away(server: Server, desk: Desk, db: Database) -> None:
    """Each socket gets what its agent may see; leads see all."""
    async with connect(server, desk.agent) as own, connect(server, desk.lead) as lead:
        await tick(db, 1, desk.other_team)
        await tick(db, 2, desk.team)
        await lead.until(kind="test.tick", data={"number": 2})
        await own.until(kind="test.tick")
        assert (own.ticks, lead.ticks) == ([2], [1, 2])


async def test_leaving_a_team_ends_its_events_at_once(server: Server, desk: Desk, db: Database) -> None:
    """The open socket follows the new teams from the next event on."""
    async with connect(server, desk.agent) as socket:
        async with unit_of_work(db) as session:
            await agents.set_teams(session, desk.agent.id, (desk.other_team,))
        await tick(db, 1, desk.team)
        await tick(db, 2, desk.other_team)
        await socket.until(kind="test.tick")
        assert socket.ticks == [2]


async def test_the_end_of_the_session_closes_its_sockets_only(server: Server, desk: Desk) -> None:
    """4401 for the one who signs out; the others stay."""
    async with connect(server, desk.agent) as mine, connect(server, desk.lead) as other:
        assert (await desk.agent.http.delete("/api/session/all")).status_code == 204
        assert await mine.closed() == 4401
        await other.send(t="ping")
        await other.until(t="pong")


@pytest.mark.parametrize("change", ["role", "inactive", "password"])
async def test_changed_rights_close_the_sockets(server: Server, desk: Desk, db: Database, change: str) -> None:
    """A changed role, a closed account or a new password ends what was open with 4401."""
    async with connect(server, desk.agent) as socket:
        async with unit_of_work(db) as session:
            if change == "role":
                await agents.set_role(session, desk.agent.id, "lead")
            elif change == "inactive":
                await agents.set_active(session, desk.agent.id, active=False)
            else:
                await agents.set_password(session, desk.agent.id, "another password")
        assert await socket.closed() == 4401


async def test_strangers_are_shown_out(server: Server, desk: Desk) -> None:
    """No session: told so by 4401. Another site: not even let in."""
    async with connect(server, None, hello=False) as socket:
        assert await socket.closed() == 4401
    with pytest.raises(websockets.InvalidStatus):
        async with connect(server, desk.agent, origin="https://evil.example"):
            pass


async def test_a_session_that_runs_out_closes_its_socket(server: Server, desk: Desk, clock: ManualClock) -> None:
    """An open window does not outlive its session."""
    async with connect(server, desk.agent) as socket:
        clock.advance(timedelta(days=15))
        await server.gateway.tidy()
        assert await socket.closed() == 4401


async def test_a_socket_that_does_not_read_is_closed(
    server: Server, desk: Desk, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full queue closes with 1013; the client comes back with its cursor."""
    usual = hubs.QUEUE_LIMIT, live.COALESCE_SECONDS
    monkeypatch.setattr(hubs, "QUEUE_LIMIT", 20)
    async with connect(server, desk.agent) as socket:
        cursor = socket.cursor
        monkeypatch.setattr(live, "COALESCE_SECONDS", 3600)  # not before: the greeting would wait as well
        async with unit_of_work(db) as session:
            for number in range(40):
                events.record(session, Tick(number=number, teams=(NO_TEAM,)))
        assert await socket.closed() == 1013
    monkeypatch.setattr(hubs, "QUEUE_LIMIT", usual[0])
    monkeypatch.setattr(live, "COALESCE_SECONDS", usual[1])
    async with connect(server, desk.agent, cursor, hello=False) as again:
        await again.send(t="hello", cursor=cursor)
        while len(again.ticks) < 40:
            await again.next()
        assert again.ticks == list(range(40))


async def test_many_events_come_in_few_frames(
    server: Server, desk: Desk, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames are joined, so that a busy desk does not drown its sockets."""
    monkeypatch.setattr(live, "COALESCE_SECONDS", 0.5)  # a slow machine may take longer than usual for one event
    async with connect(server, desk.agent) as socket:
        frames = 0
        for number in range(50):
            await tick(db, number)
        while len(socket.ticks) < 50:
            await socket.next()
            frames += 1
        assert frames < 40
        assert socket.ticks == list(range(50))


@pytest.mark.parametrize(
    "said", ["{}", "nonsense", '{"t":"watch","ticketId":1}', '{"t":"hello","cursor":7}', "x" * 9000]
)
async def test_who_does_not_say_hello_is_closed(server: Server, desk: Desk, said: str) -> None:
    """1008 for anything that is not the protocol."""
    async with connect(server, desk.agent, hello=False) as socket:
        await socket.raw.send(said)
        assert await socket.closed() == 1008


@pytest.mark.usefixtures("burst_only")
async def test_a_flood_is_closed(server: Server, desk: Desk) -> None:
    """A client that never stops talking is shown out."""
    async with connect(server, desk.agent) as socket:
        with contextlib.suppress(websockets.ConnectionClosed):
            for _ in range(200):
                await socket.send(t="ping")
        assert await socket.closed() == 1008


async def test_colleagues_see_who_is_in_a_ticket(server: Server, desk: Desk, ticket: int, clock: ManualClock) -> None:
    """Looking, editing, typing and leaving; typing ends by itself; another team hears nothing."""
    async with (
        connect(server, desk.agent) as mine,
        connect(server, desk.lead) as lead,
        connect(server, desk.stranger) as stranger,
    ):
        await mine.send(t="watch", ticketId=ticket, mode="editing")
        me = {"agentId": desk.agent.id, "name": "Agent", "mode": "editing", "typing": False}
        await lead.until(t="watchers", ticketId=ticket, agents=[me])
        await mine.send(t="typing", ticketId=ticket)
        await lead.until(t="watchers", agents=[me | {"typing": True}])
        read = (await desk.lead.http.get(f"/api/tickets/{ticket}")).json()
        assert read["viewers"] == [{"agentId": desk.agent.id, "name": "Agent", "state": "editing"}]
        lead.messages.clear()
        clock.advance(timedelta(seconds=10))
        await server.gateway.tidy()
        await lead.until(t="watchers", agents=[me])
        await mine.raw.close()
        await lead.until(t="watchers", ticketId=ticket, agents=[])
        await stranger.send(t="watch", ticketId=ticket, mode="open")
        await stranger.send(t="ping")
        await stranger.until(t="pong")
        assert not [each for each in stranger.messages if each["t"] == "watchers"]
        assert server.gateway.watching.of(ticket) == []


async def test_presence_follows_the_socket(server: Server, desk: Desk, db: Database) -> None:
    """A state that is chosen reaches the colleagues as it is chosen."""
    async with connect(server, desk.lead) as socket:
        await desk.agent.http.put("/api/me/presence", json={"state": "available"})
        await socket.until(t="presence", agentId=desk.agent.id, state="available")
        await socket.until(kind="agent.presence_changed", actor={"kind": "agent", "id": desk.agent.id})


async def test_a_private_event_reaches_only_its_agent(server: Server, desk: Desk, ticket: int, db: Database) -> None:
    """Drafts of one are nobody else's, not even a lead's."""
    async with connect(server, desk.agent) as mine, connect(server, desk.lead) as lead:
        await desk.agent.http.put(f"/api/tickets/{ticket}/drafts/reply", json={"html": "<p>…</p>", "revision": 1})
        await mine.until(kind="draft.changed")
        async with unit_of_work(db) as session:
            await factories.received(session, token_ticket_id=ticket)
        await lead.until(kind="message.received")
        assert not [each for each in lead.messages if each.get("kind") == "draft.changed"]

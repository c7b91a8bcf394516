"""The widget's side of the desk behind a real server, with a worker's outbox, and visitors who come to it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import pytest
import uvicorn
import websockets
from litestar import Litestar
from litestar.datastructures import State
from websockets.asyncio.client import ClientConnection

from agent_ui.headers import security_headers
from agent_ui.problems import EXCEPTION_HANDLERS
from channels.chat.reader import ChatReader
from channels.inbound import Inbound
from channels.web.form import WebReader
from core import events
from core.clock import ManualClock
from core.db import Database
from core.live import Hub
from core.settings import Settings
from core.storage import Storage
from core.vault import Vault
from portal.routes import HANDLERS
from portal.widget import limits
from portal.widget.rooms import Rooms
from tests.channels.chat.talking import SECRET, Desk, opened

WAIT = 10


@dataclass
class Runtime:
    """What the widget uses of the running product."""

    settings: Settings
    db: Database
    storage: Storage
    hub: Hub
    secret: str
    vault: Vault


class Socket:
    """A visitor's socket: what it was told, in order."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.told: list[dict[str, Any]] = []

    async def send(self, **message: Any) -> None:
        """Say something."""
        await self.connection.send(msgspec.json.encode(message).decode())

    async def until(self, kind: str, **facts: Any) -> dict[str, Any]:
        """Wait for a frame of a kind with these facts."""
        seen = 0
        async with asyncio.timeout(WAIT):
            while True:
                for frame in self.told[seen:]:
                    if frame["t"] == kind and facts.items() <= frame.items():
                        return frame
                seen = len(self.told)
                self.told += msgspec.json.decode(await self.connection.recv())

    async def shows(self, **facts: Any) -> None:
        """Wait until the window is told these facts."""
        async with asyncio.timeout(WAIT):
            while not any(each["t"] == "window" and facts.items() <= each["window"].items() for each in self.told):
                self.told += msgspec.json.decode(await self.connection.recv())

    def entries(self) -> list[dict[str, Any]]:
        """All entries that it got."""
        return [entry for frame in self.told if frame["t"] == "entries" for entry in frame["entries"]]

    async def said(self, text: str) -> dict[str, Any]:
        """Wait until some words are in the window."""
        while not (found := [each for each in self.entries() if each["data"].get("text") == text]):
            before = len(self.told)
            async with asyncio.timeout(WAIT):
                while len(self.told) == before:
                    self.told += msgspec.json.decode(await self.connection.recv())
        return found[0]


class Site:
    """A site with the widget."""

    def __init__(self, desk: Desk, runtime: Runtime, app: Litestar, port: int) -> None:
        self.desk = desk
        self.runtime = runtime
        self.rooms: Rooms = app.state.rooms
        self.port = port
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/widget/{desk.widget.key}", timeout=WAIT)
        self.http.headers["origin"] = f"http://127.0.0.1:{port}"

    async def post(self, call: str, token: str = "", **body: Any) -> httpx.Response:
        """A call of the window."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return await self.http.post(f"/{call}", json=body, headers=headers)

    async def get(self, call: str, token: str = "", **query: Any) -> httpx.Response:
        """A question of the window."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return await self.http.get(f"/{call}", params=query, headers=headers)

    async def begin(self, text: str = "Hello", client_id: str = "first-message", **about: Any) -> tuple[str, int]:
        """A visitor's first word; returns his token and the conversation."""
        answer = await self.post("messages", clientId=client_id, text=text, beginning=about)
        assert answer.status_code == 200, answer.text
        return answer.json()["token"], answer.json()["window"]["id"]

    async def begin_as(self, token: str, text: str = "Hello") -> None:
        """The first word of a visitor who is known."""
        answer = await self.post("messages", token, clientId="first-message", text=text, beginning={})
        assert answer.status_code == 200, answer.text

    @contextlib.asynccontextmanager
    async def socket(self, token: str, after: int = 0, origin: str | None = None) -> AsyncIterator[Socket]:
        """A socket that has said hello."""
        url = f"ws://127.0.0.1:{self.port}/widget/{self.desk.widget.key}/live"
        async with websockets.connect(url, origin=origin or self.http.headers["origin"]) as connection:  # type: ignore[arg-type]
            own = Socket(connection)
            await own.send(t="hello", token=token, after=after)
            yield own


@pytest.fixture(autouse=True)
def fresh_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has used up anything yet."""
    for gates in (limits.MESSAGES, limits.BEGINNINGS, limits.CALLS, limits.SIGNALS):
        for gate in gates.values():
            monkeypatch.setattr(gate, "_held", {})


@pytest.fixture(autouse=True)
def handlers_as_before() -> Iterator[None]:
    """The table of handlers of the process is put back after each test."""
    before = events._handlers
    yield
    events.subscribe(before)


@pytest.fixture
async def site(db: Database, settings: Settings, storage: Storage, clock: ManualClock) -> AsyncIterator[Site]:
    """The widget behind uvicorn on a free port, with its hub running."""
    desk = await opened(db, storage, clock)
    runtime = Runtime(settings, db, storage, Hub(db), SECRET, Vault(SECRET))
    chat, web = ChatReader(storage), WebReader(storage)
    inbound = Inbound({"chat": chat, "web": web}, {"chat": chat.could_not_read, "web": web.could_not_read})
    app = Litestar(
        HANDLERS,
        state=State({"runtime": runtime, "inbound": inbound, "rooms": Rooms(runtime)}),
        exception_handlers=EXCEPTION_HANDLERS,
        before_send=[security_headers],
        openapi_config=None,
    )
    stop = asyncio.Event()
    hub = asyncio.create_task(runtime.hub.run(stop))
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_config=None, ws="websockets-sansio", lifespan="off", loop="none"
    )
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[assignment,method-assign]
    serving = asyncio.create_task(server.serve())
    await asyncio.wait_for(runtime.hub.started.wait(), WAIT)
    async with asyncio.timeout(WAIT):
        while not server.started:
            await asyncio.sleep(0.01)
    made = Site(desk, runtime, app, server.servers[0].sockets[0].getsockname()[1])
    yield made
    await made.http.aclose()
    server.should_exit = True
    await asyncio.wait_for(serving, WAIT)
    stop.set()
    await asyncio.wait_for(hub, WAIT)

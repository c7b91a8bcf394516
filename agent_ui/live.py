"""The live socket of the console (/live): what happened, exactly once and in order, and who is where.

Events come from ``core.live``; this keeps the sockets of one process. A socket gets its frames joined, at most every
50 ms; its rights are looked at on each event; it is closed with 4401 the moment its session ends, and with 1013 when
it reads too slowly, after which the client comes back and names its cursor.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal

import msgspec
import structlog
from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect
from sqlalchemy.exc import SQLAlchemyError

from agent_ui.auth import COOKIE, SignedIn, find_session, is_own_origin
from agent_ui.limits import BUCKETS
from agent_ui.state import Runtime, runtime_of
from agent_ui.watching import Audience, Changed, Mode, Watching, Whisper, may_hear
from channels.chat.window import VisitorWhisper
from core import clock, log
from core.actor import Actor
from core.db import reading, unit_of_work
from core.errors import DeskError
from core.events import NO_TEAM
from core.live import Cursor, Notice, Subscriber, format_cursor, parse_cursor
from routing import presence
from tickets import access

COALESCE_SECONDS: Final = 0.05
COALESCED_SOCKETS: Final = 300
"""With more sockets in a process, frames are joined for longer in proportion: sending is what costs (a thousand
sockets at 20 frames each a second would take more than one processor, and then everybody waits)."""
HELLO_SECONDS: Final = 10.0
HEARTBEAT_SECONDS: Final = 15.0
TIDY_SECONDS: Final = 2.0
RESTED: Final = timedelta(minutes=2)
CLOSE_SECONDS: Final = 5.0
LONGEST_MESSAGE: Final = 4096
ENDED: Final = 4401
TOO_SLOW: Final = 1013
POLICY: Final = 1008
_log = log.get(__name__)


class Hello(msgspec.Struct, tag_field="t", tag="hello"):
    """The first message: the last cursor that the client has, or null."""

    cursor: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class Watch(msgspec.Struct, tag_field="t", tag="watch", rename="camel"):
    """What the agent looks at."""

    ticket_id: int | None = None
    mode: Mode = "looking"


class Typing(msgspec.Struct, tag_field="t", tag="typing", rename="camel"):
    """She has just typed: an answer, or a note."""

    ticket_id: int
    note: bool = False


class Ping(msgspec.Struct, tag_field="t", tag="ping"):
    """Are you there? ``idle``: seconds since she last pressed a key or moved the pointer in this window."""

    idle: Annotated[int, msgspec.Meta(ge=0, le=10**7)] | None = None


_messages = msgspec.json.Decoder(Hello | Watch | Typing | Ping)
_whispers = msgspec.json.Decoder(Whisper | VisitorWhisper)
_encode = msgspec.json.Encoder().encode


class LiveSocket(Subscriber):
    """One open socket: its queue, its session, and the word that ends it.

    Args:
        signed_in: whose it is.
    """

    def __init__(self, signed_in: SignedIn) -> None:
        super().__init__(signed_in.actor, (0, 0))
        self.signed_in = signed_in
        self.name = secrets.token_hex(8)
        self.watched: Whisper | None = None
        self.active_at = clock.now()
        self.over: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def overflow(self) -> None:
        """End the socket at once, also while a frame is stuck on its way."""
        super().overflow()
        self.end(TOO_SLOW)

    def end(self, code: int) -> None:
        """Have the socket closed with this code."""
        if not self.over.done():
            self.over.set_result(code)

    def tell(self, message: dict[str, Any]) -> None:
        """Queue a message that is no event."""
        self.push(_encode(message))


class Gateway:
    """The sockets of this process, and what it has heard of those of others.

    Args:
        runtime: the running product.
    """

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.watching = Watching()
        self.sockets: set[LiveSocket] = set()
        self._beaten = clock.monotonic()
        self._tidying: asyncio.Task[None] | None = None
        runtime.hub.observers.append(self._observe)
        runtime.hub.ephemeral_observers.append(self._hear)

    # ---- what the hub tells

    def _observe(self, notice: Notice) -> None:
        """Look at the events that concern sockets themselves, before they are handed out."""
        if notice.kind == "session.ended":
            ended = set(self._data(notice)["session_ids"])
            for socket in self.sockets:
                if socket.signed_in.session.id in ended:
                    socket.end(ENDED)
        elif notice.kind == "agent.teams_changed":
            data = self._data(notice)
            for socket in self.sockets:
                if socket.actor.id == data["agent_id"]:
                    socket.actor = msgspec.structs.replace(socket.actor, team_ids=tuple(data["team_ids"]))
        elif notice.kind == "agent.presence_changed":
            frame = _encode(self._presence(notice))
            for socket in self.sockets:
                socket.push(frame)

    @staticmethod
    def _data(notice: Notice) -> dict[str, Any]:
        data: dict[str, Any] = msgspec.json.decode(notice.frame)["data"]
        return data

    @staticmethod
    def _presence(notice: Notice) -> dict[str, Any]:
        event = msgspec.json.decode(notice.frame)
        data = event["data"]
        return {
            "t": "presence",
            "agentId": data["agent_id"],
            "state": data["new"],
            "reason": data["reason"],
            "source": data["source"],
            "setBy": data["set_by"],
            "since": data["since"] or notice.at,
            "until": data["until"],
        }

    def _hear(self, text: str) -> None:
        """A whisper of some process, ours included."""
        try:
            whisper = _whispers.decode(text)
        except msgspec.MsgspecError:
            return
        if isinstance(whisper, VisitorWhisper):
            self._tell_of_visitor(whisper)
        else:
            self._tell_watchers(self.watching.hear(whisper))

    def _tell_of_visitor(self, said: VisitorWhisper) -> None:
        """A visitor came, left, moved on or types: whoever may see his conversation is told."""
        message = {
            "t": "visitor",
            "ticketId": said.ticket_id,
            "online": said.online,
            "typing": said.typing,
            "pageUrl": said.page_url,
            "pageTitle": said.page_title,
        }
        frame = _encode(message)
        for socket in self.sockets:
            if may_hear(socket.actor, (said.team_id, said.assignee_id)):
                socket.push(frame)

    def _tell_watchers(self, changed: Changed) -> None:
        for ticket_id, audience in changed.items():
            message = {"t": "watchers", "ticketId": ticket_id, "agents": self.watching.of(ticket_id)}
            frame = _encode(message)
            for socket in self.sockets:
                if may_hear(socket.actor, audience):
                    socket.push(frame)

    # ---- what a socket asks

    async def add(self, socket: LiveSocket) -> bool:
        """Take a socket in; False when its session has ended meanwhile.

        It is listed first and looked up again then, so that no end of a session falls between the two.
        """
        self.sockets.add(socket)
        if self._tidying is None:
            self._tidying = asyncio.create_task(self._tidy_for_ever())
        return await self._look_up(socket)

    def coalesce_seconds(self) -> float:
        """How long frames of one socket are joined now."""
        return COALESCE_SECONDS * max(1.0, len(self.sockets) / COALESCED_SOCKETS)

    async def _look_up(self, socket: LiveSocket) -> bool:
        found = await find_session(self.runtime, socket.signed_in.token)
        if found is None:
            return False
        socket.signed_in, socket.actor = found, found.actor
        return True

    async def remove(self, socket: LiveSocket) -> None:
        """Forget a socket, and tell the others that it looks at nothing any more."""
        self.sockets.discard(socket)
        self.runtime.hub.subscribers.discard(socket)
        BUCKETS.give_up("socket", id(socket))
        if socket.watched is not None:
            await self._whisper(Whisper(socket.name, socket.actor.id or 0, socket.actor.name))
        with contextlib.suppress(SQLAlchemyError, OSError):  # the row ends by itself as well
            async with unit_of_work(self.runtime.db, socket.actor) as session:
                await presence.close_tab(session, socket.name)
        if not self.sockets and self._tidying is not None:
            self._tidying.cancel()
            self._tidying = None

    async def hello(self, socket: LiveSocket, cursor: Cursor | None) -> None:
        """Begin to hand out: from now on, or from what the client has, or with the word to fetch everything anew."""
        hub = self.runtime.hub
        welcome: dict[str, Any] = {"t": "welcome", "serverTime": clock.now()}
        if cursor is not None and cursor <= await hub.last():
            socket.tell(welcome | {"cursor": format_cursor(cursor)})
            if await hub.replay(socket, cursor):
                return
        else:
            socket.cursor = hub.cursor
            hub.subscribers.add(socket)
            socket.tell(welcome | {"cursor": format_cursor(socket.cursor)})
            if cursor is None:
                return
        socket.tell({"t": "reset", "cursor": format_cursor(socket.cursor)})

    async def watch(
        self, socket: LiveSocket, ticket_id: int | None, mode: Mode, *, typing: bool = False, note: bool = False
    ) -> None:
        """Tell everybody who may know what this socket looks at."""
        actor = socket.actor
        said = Whisper(socket.name, actor.id or 0, actor.name, typing=typing, mode=mode, is_reply=not note)
        if ticket_id is not None:
            audience = await self._audience(socket.actor, ticket_id)
            if audience is None:
                return
            said.ticket_id, (said.team_id, said.assignee_id) = ticket_id, audience
        socket.watched = said if ticket_id is not None else None
        await self._whisper(said)

    async def _audience(self, actor: Actor, ticket_id: int) -> Audience | None:
        async with reading(self.runtime.db) as session:
            try:
                ticket = await access.get_visible(session, actor, ticket_id)
            except DeskError:
                return None
            return ticket.team_id or NO_TEAM, ticket.assignee_id

    async def _whisper(self, said: Whisper) -> None:
        with contextlib.suppress(OSError, RuntimeError):
            await self.runtime.hub.whisper(msgspec.to_builtins(said))

    async def arrive(self, socket: LiveSocket) -> None:
        """Say that an agent has opened a window."""
        async with unit_of_work(self.runtime.db, socket.actor) as session:
            await presence.beat(session, self._beats([socket]))

    async def beat(self) -> None:
        """Say of all windows at once that they are open: the line itself is the sign of life.

        A hidden window's own timers run once a minute at best; whether its line is dead, the server's pings find out.
        """
        self._beaten = clock.monotonic()
        async with unit_of_work(self.runtime.db) as session:
            await presence.beat(session, self._beats(self.sockets))

    async def attended(self, socket: LiveSocket, active_at: datetime) -> None:
        """She was last active in this window then. Who comes back from an idle time need not wait for the next beat."""
        rested = active_at - socket.active_at
        socket.active_at = max(socket.active_at, active_at)
        if rested >= RESTED:
            await self.arrive(socket)

    @staticmethod
    def _beats(sockets: Iterable[LiveSocket]) -> list[presence.Beat]:
        return [
            presence.Beat(each.name, each.actor.id, each.active_at, each.signed_in.session.id)
            for each in sockets
            if each.actor.id is not None and not each.over.done()
        ]

    # ---- what time does

    async def _tidy_for_ever(self) -> None:
        while True:
            await asyncio.sleep(TIDY_SECONDS)
            try:
                await self.tidy()
            except Exception as problem:  # noqa: BLE001 - one failed look must not end the next ones
                _log.warning("live sockets were not tidied", reason=repr(problem))

    async def tidy(self) -> None:
        """End what has run out: watchers that fell silent, sessions past their time; and beat for those that go on."""
        self._tell_watchers(self.watching.expire())
        if clock.monotonic() - self._beaten >= HEARTBEAT_SECONDS:
            await self.beat()
        now = clock.now()
        for socket in [each for each in self.sockets if each.signed_in.session.expires_at <= now]:
            if not await self._look_up(socket):
                socket.end(ENDED)


@websocket("/live", opt={"public": True})
async def live(socket: WebSocket[Any, Any, Any]) -> None:
    """The live socket. Strangers are let in to be told why they are shown out: a refused upgrade says nothing."""
    runtime = runtime_of(socket)
    gateway: Gateway = socket.app.state.live
    if not is_own_origin(socket, runtime):
        await socket.close(POLICY, "another site")
        return
    signed_in = await find_session(runtime, socket.cookies.get(COOKIE))
    await socket.accept()
    if signed_in is None:
        await socket.close(ENDED, "not signed in")
        return
    own = LiveSocket(signed_in)
    with structlog.contextvars.bound_contextvars(agent_id=own.actor.id):
        try:
            code = await _serve(socket, gateway, own) if await gateway.add(own) else ENDED
            if code is not None:
                await asyncio.wait_for(socket.close(code), CLOSE_SECONDS)
        except (WebSocketDisconnect, TimeoutError, OSError):
            pass  # it is gone already
        finally:
            await gateway.remove(own)


async def _serve(socket: WebSocket[Any, Any, Any], gateway: Gateway, own: LiveSocket) -> int | None:
    """Read and write until one of them, or somebody else, ends it; returns the code to close with."""
    reading_ = asyncio.create_task(_read(socket, gateway, own))
    writing = asyncio.create_task(_write(socket, gateway, own))
    try:
        waiting: set[asyncio.Future[Any]] = {reading_, writing, own.over}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if own.over.done():
            return own.over.result()
        return reading_.result() if reading_.done() else writing.result()
    finally:
        for task in (reading_, writing):
            task.cancel()
        await asyncio.gather(reading_, writing, return_exceptions=True)


async def _read(socket: WebSocket[Any, Any, Any], gateway: Gateway, own: LiveSocket) -> int | None:
    """Do what the client asks; returns the code to close with, None when the client has closed."""
    try:
        async with asyncio.timeout(HELLO_SECONDS):
            first = await _next(socket)
        if not isinstance(first, Hello):
            return POLICY
        await gateway.arrive(own)
        await gateway.hello(own, parse_cursor(first.cursor) if first.cursor else None)
        while True:
            message = await _next(socket)
            if BUCKETS.take("socket", id(own)):
                return POLICY
            await _answer(gateway, own, message)
    except WebSocketDisconnect:
        return None
    except (TimeoutError, msgspec.MsgspecError):
        return POLICY


async def _next(socket: WebSocket[Any, Any, Any]) -> Hello | Watch | Typing | Ping:
    data = await socket.receive_data(mode="text")
    if len(data) > LONGEST_MESSAGE:
        raise msgspec.DecodeError("too long")
    message: Hello | Watch | Typing | Ping = _messages.decode(data)
    return message


async def _answer(gateway: Gateway, own: LiveSocket, message: Hello | Watch | Typing | Ping) -> None:
    if isinstance(message, Ping):
        if message.idle is not None:
            await gateway.attended(own, clock.now() - timedelta(seconds=message.idle))
        own.tell({"t": "pong"})
    elif isinstance(message, Watch):
        await gateway.watch(own, message.ticket_id, message.mode)
    elif isinstance(message, Typing):
        mode: Literal["looking", "open", "editing"] = own.watched.mode if own.watched else "editing"
        await gateway.watch(own, message.ticket_id, mode, typing=True, note=message.note)


async def _write(socket: WebSocket[Any, Any, Any], gateway: Gateway, own: LiveSocket) -> None:
    """Send what is queued as one array, the first at once and then at most one every 50 ms (see the gateway)."""
    last = -1e9
    try:
        while True:
            await own.ready.wait()
            wait = last + gateway.coalesce_seconds() - clock.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            frames = own.take()
            last = clock.monotonic()
            await socket.send_data(frames.decode(), mode="text")
    except WebSocketDisconnect:
        return

"""The visitor's socket (/widget/KEY/live): what is said, in order and exactly once, and who is there.

The first message proves who it is and names the last number of the stream that the tab has; everything since follows.
A socket that reads too slowly is closed with 1013, one whose proof has ended with 4401 or 4403; the tab comes back and
misses nothing. Where a proxy lets no socket through, ``api.py`` does the same by long polls.
"""

import asyncio
from typing import Any, Final

import msgspec
from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect
from litestar.params import FromPath

from channels.chat import widgets
from channels.chat.identity import SESSION_LASTS
from core import clock
from core.db import reading, unit_of_work
from core.errors import DeskError, NotAllowed, NotFound, RateLimited
from portal.widget import limits, saying
from portal.widget.desk import (
    Guest,
    check_origin,
    find_guest,
    network_of,
    rooms_of,
    runtime_of,
    tokens_of,
)
from portal.widget.rooms import Listener
from portal.widget.views import Hello, Ping, Say, Spoken

HELLO_SECONDS: Final = 10.0
CLOSE_SECONDS: Final = 5.0
LONGEST_MESSAGE: Final = 16 * 1024
COALESCE_SECONDS: Final = 0.05
POLICY: Final = 1008
UNKNOWN: Final = 4401
GONE: Final = 4404
Socket = WebSocket[Any, Any, Any]
_spoken = msgspec.json.Decoder(Spoken)
_open: dict[str, int] = {}
"""Network → its open sockets in this process."""


@websocket("/live")
async def live(socket: Socket, key: FromPath[str]) -> None:
    """A visitor's socket. Strangers are let in to be told why they are shown out: a refused upgrade says nothing."""
    try:
        check_origin(socket)
    except NotAllowed:
        await socket.close(POLICY, "another site")
        return
    await socket.accept()
    network = network_of(socket)
    if _open.get(network, 0) >= limits.SOCKETS_OF_A_NETWORK:
        await socket.close(POLICY, "too many windows")
        return
    _open[network] = _open.get(network, 0) + 1
    try:
        code = await _greet(socket, key)
        if code is not None:
            await asyncio.wait_for(socket.close(code), CLOSE_SECONDS)
    except (WebSocketDisconnect, TimeoutError, OSError):
        pass  # it is gone already
    finally:
        _open[network] -= 1
        if not _open[network]:
            del _open[network]


async def _greet(socket: Socket, key: str) -> int | None:
    """Hear who it is, and serve him; returns the code to close with."""
    try:
        async with asyncio.timeout(HELLO_SECONDS):
            hello = await _next(socket)
        if not isinstance(hello, Hello):
            return POLICY
        guest = await _recognise(socket, key, hello.token)
    except (TimeoutError, msgspec.MsgspecError):
        return POLICY
    except NotFound:
        return GONE
    if guest is None or guest.chat is None:
        return UNKNOWN
    ends = (clock.now() + SESSION_LASTS).timestamp()
    until = ends if guest.visitor.external_id is not None else None
    listener = Listener(guest.chat.id, guest.widget.id, hello.after, until)
    rooms = rooms_of(socket)
    await rooms.add(listener)
    try:
        return await _serve(socket, guest, listener)
    finally:
        await rooms.remove(listener)
        limits.SIGNALS["socket"].forget(f"s{id(listener)}")


async def _recognise(socket: Socket, key: str, token: str) -> Guest | None:
    async with unit_of_work(runtime_of(socket).db) as session:
        widget = await widgets.by_key(session, key)
        guest = await find_guest(session, tokens_of(socket), widget, token)
        if guest is not None:
            await widgets.came(session, widget, socket=True)
        return guest


async def _serve(socket: Socket, guest: Guest, listener: Listener) -> int | None:
    """Read and write until one of them, or somebody else, ends it; returns the code to close with."""
    hearing = asyncio.create_task(_hear(socket, guest, listener))
    telling = asyncio.create_task(_tell(socket, listener))
    try:
        waiting: set[asyncio.Future[Any]] = {hearing, telling, listener.over}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if listener.over.done():
            return listener.over.result()
        return hearing.result() if hearing.done() else telling.result()
    finally:
        for task in (hearing, telling):
            task.cancel()
        await asyncio.gather(hearing, telling, return_exceptions=True)


async def _hear(socket: Socket, guest: Guest, listener: Listener) -> int | None:
    """Do what the tab says; returns the code to close with, None when the tab has closed."""
    try:
        while True:
            spoken = await _next(socket)
            if limits.SIGNALS["socket"].wait(f"s{id(listener)}"):
                return POLICY
            await _answer(socket, guest, listener, spoken)
    except WebSocketDisconnect:
        return None
    except msgspec.MsgspecError:
        return POLICY


async def _next(socket: Socket) -> Spoken:
    data = await socket.receive_data(mode="text")
    if len(data) > LONGEST_MESSAGE:
        raise msgspec.DecodeError("too long")
    spoken: Spoken = _spoken.decode(data)
    return spoken


async def _answer(socket: Socket, guest: Guest, listener: Listener, spoken: Spoken) -> None:
    if isinstance(spoken, Ping):
        listener.tell({"t": "pong"})
    elif isinstance(spoken, Say):
        await _say(socket, guest, listener, spoken)
    elif not isinstance(spoken, Hello):
        await saying.signal(socket, listener.chat_id, spoken)


async def _say(socket: Socket, guest: Guest, listener: Listener, spoken: Say) -> None:
    try:
        async with reading(runtime_of(socket).db) as session:
            chat = await session.get(type(guest.chat), listener.chat_id)  # it may have ended since
        seq = await saying.say(socket, guest._replace(chat=chat), spoken.client_id, spoken.text)
    except DeskError as problem:
        refused = {"t": "refused", "clientId": spoken.client_id, "code": problem.code}
        if isinstance(problem, RateLimited):
            refused["retryAfter"] = problem.extra.get("retry_after", 1)
        listener.tell(refused)
        return
    listener.tell({"t": "kept", "clientId": spoken.client_id, "seq": seq})


async def _tell(socket: Socket, listener: Listener) -> None:
    """Send what is queued as one array, the first at once and then at most one every 50 ms."""
    last = -1e9
    try:
        while True:
            await listener.ready.wait()
            wait = last + COALESCE_SECONDS - clock.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            frames = listener.take()
            last = clock.monotonic()
            await socket.send_data(frames.decode(), mode="text")
    except WebSocketDisconnect:
        return

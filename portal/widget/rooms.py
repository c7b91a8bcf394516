"""The open windows of this process: each conversation has a room, and in it a listener for each tab of its visitor.

Live is a wake-up here, too: an event of the ticket, or a word that the stream has grown, makes the room read what came
after the number that each listener has, so nothing is skipped or told twice whatever was lost in between. What agents
type is whispered and worth nothing later.
"""

import asyncio
import contextlib
from typing import Any, Final, Protocol

import msgspec

from channels.chat import presence, stream, window
from channels.chat.window import AgentWhisper, Place, VisitorWhisper, Window
from core import clock, log
from core.actor import SYSTEM
from core.db import Database, reading, unit_of_work
from core.live import Hub, Notice, Subscriber

CHECK_SECONDS: Final = 5.0
TOO_SLOW: Final = 1013
ENDED: Final = 4403
_log = log.get(__name__)
_encode = msgspec.json.Encoder().encode
_whispers = msgspec.json.Decoder(AgentWhisper)


class Runtime(Protocol):
    """The parts of the running product that rooms use."""

    db: Database
    hub: Hub


class Listener(Subscriber):
    """One tab of a visitor: what it has, what waits for it, and the word that ends it.

    Args:
        chat_id: the conversation.
        widget_id: the widget it is shown in.
        seq: the number of the stream that the tab has.
        until: moment (of the clock) at which its proof ends; None: never.
    """

    def __init__(self, chat_id: int, widget_id: int, seq: int, until: float | None = None) -> None:
        super().__init__(SYSTEM, (0, 0))
        self.chat_id = chat_id
        self.widget_id = widget_id
        self.seq = seq
        self.until = until
        self.shown: Window | None = None
        self.over: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def overflow(self) -> None:
        """End it at once, also while a frame is stuck on its way; it comes back and asks for what it misses."""
        super().overflow()
        self.end(TOO_SLOW)

    def end(self, code: int) -> None:
        """Have it closed with this code."""
        if not self.over.done():
            self.over.set_result(code)

    def tell(self, message: dict[str, Any]) -> None:
        """Queue a message."""
        self.push(_encode(message))


class Room:
    """One conversation with at least one open window."""

    def __init__(self, chat_id: int) -> None:
        self.chat_id = chat_id
        self.place = Place(None, None, None)
        self.listeners: set[Listener] = set()
        self.beaten = float("-inf")
        self.whispered = VisitorWhisper(0)
        self.reading = asyncio.Lock()


class Rooms:
    """All open windows of this process.

    Args:
        runtime: the running product.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.rooms: dict[int, Room] = {}
        self._tickets: dict[int, set[int]] = {}
        self._dirty: set[int] = set()
        self._wake = asyncio.Event()
        self._work: list[asyncio.Task[None]] = []
        runtime.hub.observers.append(self._observe)
        runtime.hub.ephemeral_observers.append(self._hear)

    # ---- windows come and go

    async def add(self, listener: Listener) -> None:
        """Open a window, with everything after the number that it has, and say that the visitor is there."""
        if not self._work:
            self._work = [asyncio.create_task(self._read_for_ever()), asyncio.create_task(self._look_for_ever())]
        room = self.rooms.setdefault(listener.chat_id, Room(listener.chat_id))
        room.listeners.add(listener)
        await self.beat(room, at_once=True)
        await self.refresh(room)
        await self.whisper(room)

    async def remove(self, listener: Listener) -> None:
        """Close a window. That he types no more is told at once, that he has left when he stays away: a reload is none.

        See ``channels/chat/presence``.
        """
        room = self.rooms.get(listener.chat_id)
        if room is None:
            return
        room.listeners.discard(listener)
        if room.listeners:
            return
        del self.rooms[room.chat_id]
        self._tickets.get(room.place.ticket_id or 0, set()).discard(room.chat_id)
        await self.whisper(room)
        if not self.rooms:
            for task in self._work:
                task.cancel()
            self._work = []

    async def refresh(self, room: Room) -> None:
        """Give every listener of a room what it has not got yet."""
        async with room.reading:
            async with reading(self._runtime.db) as session:
                shown, place = await window.read(session, room.chat_id)
                seq = min((each.seq for each in room.listeners), default=shown.last_seq)
                entries: list[stream.Entry] = []
                while page := await stream.after(session, room.chat_id, entries[-1].seq if entries else seq):
                    entries += page
                    if len(page) < stream.PAGE:
                        break
            self._remember(room, place)
            for listener in room.listeners:
                _hand_over(listener, shown, entries)

    def _remember(self, room: Room, place: Place) -> None:
        if place.ticket_id != room.place.ticket_id:
            self._tickets.get(room.place.ticket_id or 0, set()).discard(room.chat_id)
        if place.ticket_id is not None:
            self._tickets.setdefault(place.ticket_id, set()).add(room.chat_id)
        room.place = place

    # ---- what happens

    def _observe(self, notice: Notice) -> None:
        if notice.kind == "widget.changed":
            self._end_widget(int(_data(notice)["widget_id"]))
            return
        rooms = self._tickets.get(notice.ticket_id or 0, set())
        if notice.kind == "chat.moved":
            rooms = {int(_data(notice)["chat_id"])}
        found = {chat_id for chat_id in rooms if chat_id in self.rooms}
        if found:
            self._dirty |= found
            self._wake.set()

    def _end_widget(self, widget_id: int) -> None:
        """Have all windows of a widget come back, so that what was changed holds for them, too (field 2.4.4)."""
        for room in self.rooms.values():
            for listener in room.listeners:
                if listener.widget_id == widget_id:
                    listener.end(ENDED)

    def _hear(self, text: str) -> None:
        try:
            whisper = _whispers.decode(text)
        except msgspec.MsgspecError:
            return
        if not (whisper.typing and whisper.is_reply):
            return
        frame = _encode({"t": "typing", "name": whisper.name.partition(" ")[0]})
        for chat_id in self._tickets.get(whisper.ticket_id, ()):
            for listener in self.rooms[chat_id].listeners if chat_id in self.rooms else ():
                listener.push(frame)

    async def _read_for_ever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            dirty, self._dirty = self._dirty, set()
            for room in [self.rooms[each] for each in dirty if each in self.rooms]:
                try:
                    await self.refresh(room)
                except Exception as problem:  # noqa: BLE001 - one room that cannot be read must not stop the others
                    _log.warning("a chat window was not brought up to date", chat=room.chat_id, reason=repr(problem))

    # ---- the visitor is there

    async def _look_for_ever(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            for room in list(self.rooms.values()):
                with contextlib.suppress(Exception):
                    self._end_those_over(room)
                    await self.beat(room)

    @staticmethod
    def _end_those_over(room: Room) -> None:
        now = clock.now().timestamp()
        for listener in room.listeners:
            if listener.until is not None and listener.until <= now:
                listener.end(ENDED)

    async def beat(self, room: Room, *, at_once: bool = False) -> None:
        """Note that a tab of the visitor is alive, every 15 s however many there are."""
        due = clock.monotonic() - room.beaten >= presence.BEAT.total_seconds()
        if due or at_once:
            room.beaten = clock.monotonic()
            async with unit_of_work(self._runtime.db) as session:
                await presence.beat(session, room.chat_id)

    async def whisper(self, room: Room, **now: Any) -> None:
        """Tell the agents how the visitor is at this moment."""
        if room.place.ticket_id is None:
            return
        about = {"typing": False} | now
        said = msgspec.structs.replace(
            room.whispered,
            ticket_id=room.place.ticket_id,
            team_id=room.place.team_id or 0,
            assignee_id=room.place.assignee_id,
            **about,
        )
        room.whispered = said
        with contextlib.suppress(OSError, RuntimeError):
            await self._runtime.hub.whisper(msgspec.to_builtins(said))


def _hand_over(listener: Listener, shown: Window, entries: list[stream.Entry]) -> None:
    fresh = [each for each in entries if each.seq > listener.seq]
    if fresh:
        listener.seq = fresh[-1].seq
        listener.tell({"t": "entries", "entries": fresh})
    if listener.shown != shown:
        listener.shown = shown
        listener.tell({"t": "window", "window": shown})


def _data(notice: Notice) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(notice.frame)["data"]
    return found

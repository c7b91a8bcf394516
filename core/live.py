"""The live hub: wakes on NOTIFY, reads the event table after its cursor, and fans out to the sockets of this process.

The notice carries nothing. Ids are handed out before commit, so "id > n" would skip a late commit: the hub reads
only transactions that every snapshot sees as finished (``xid < pg_snapshot_xmin``) and orders by (xid, id). A
client that comes back names its cursor and is given every event after it exactly once, or told to start afresh.
"""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import asyncpg
import msgspec

from core import log
from core.actor import Actor
from core.db import Database
from core.events import LIVE_CHANNEL, NO_TEAM
from core.sql import keep_as_it_is

REPLAY_LIMIT: Final = 1000
QUEUE_LIMIT: Final = 2000
POLL_SECONDS: Final = 20.0
PENDING_SECONDS: Final = 0.02
EPHEMERAL_CHANNEL: Final = "sampark_presence"
_log = log.get(__name__)

_COLUMNS = """xid::text::bigint as xid, id, at, kind, actor_kind, actor_id, ticket_id, customer_id, teams, agents,
    private, data"""
_AFTER = f"""
    select {_COLUMNS} from events
    where (xid, id) > ($1::text::xid8, $2) and xid < pg_snapshot_xmin(pg_current_snapshot())
    order by xid, id limit $3
"""  # noqa: S608 - only the constant list of columns is put in
_PENDING = "select exists(select 1 from events where xid >= pg_snapshot_xmin(pg_current_snapshot()))"
_LAST = """
    select xid::text::bigint as xid, id from events
    where xid < pg_snapshot_xmin(pg_current_snapshot()) order by xid desc, id desc limit 1
"""

Cursor = tuple[int, int]


class Notice(msgspec.Struct, frozen=True):
    """One event as the hub hands it on; ``frame`` is the JSON that goes to every socket."""

    cursor: Cursor
    kind: str
    at: datetime
    ticket_id: int | None
    teams: tuple[int, ...]
    agents: tuple[int, ...]
    private: bool
    frame: bytes


def format_cursor(cursor: Cursor) -> str:
    """As clients keep it."""
    return f"{cursor[0]}.{cursor[1]}"


def parse_cursor(value: str | None) -> Cursor | None:
    """The cursor a client sent, or None when it is not one of ours."""
    first, _, second = (value or "").partition(".")
    return (int(first), int(second)) if first.isdecimal() and second.isdecimal() and len(value or "") < 40 else None


def is_for_all(notice: Notice) -> bool:
    """Whether everybody who is signed in may see an event; asked once an event, and not for every socket."""
    return not notice.private and (NO_TEAM in notice.teams or not (notice.teams or notice.agents))


def may_see(actor: Actor, notice: Notice) -> bool:
    """Whether an event's audience includes ``actor``; checked on every hand-over, so lost rights end at once."""
    if notice.private:
        return actor.id in notice.agents
    if actor.id in notice.agents or actor.sees_all_tickets or is_for_all(notice):
        return True
    return any(team in notice.teams for team in actor.team_ids)


def _notice(row: asyncpg.Record) -> Notice:
    cursor = (row["xid"], row["id"])
    frame = msgspec.json.encode(
        {
            "t": "event",
            "cursor": format_cursor(cursor),
            "kind": row["kind"],
            "at": row["at"],
            "ticketId": row["ticket_id"],
            "customerId": row["customer_id"],
            "actor": {"kind": row["actor_kind"], "id": row["actor_id"]},
            "data": msgspec.Raw(row["data"].encode()),
        }
    )
    return Notice(
        cursor=cursor,
        kind=row["kind"],
        at=row["at"],
        ticket_id=row["ticket_id"],
        teams=tuple(row["teams"]),
        agents=tuple(row["agents"]),
        private=row["private"],
        frame=frame,
    )


class Subscriber:
    """One socket's bounded queue of frames.

    Args:
        actor: whose eyes it is; replace it when rights change.
        cursor: the last event the client has.
    """

    def __init__(self, actor: Actor, cursor: Cursor) -> None:
        self.actor = actor
        self.cursor = cursor
        self.frames: list[bytes] = []
        self.ready = asyncio.Event()
        self.overflowed = False
        self.closed_with: int | None = None
        self.held: list[Notice] | None = None

    def offer(self, notice: Notice, *, for_all: bool = False) -> None:
        """Queue an event unless the client has it or may not see it; while a replay runs, hold it back.

        Args:
            notice: the event.
            for_all: it is known that everybody may see it.
        """
        if self.held is not None:
            self.held.append(notice)
            return
        if notice.cursor <= self.cursor:
            return
        self.cursor = notice.cursor
        if for_all or may_see(self.actor, notice):
            self.push(notice.frame)

    def push(self, frame: bytes) -> None:
        """Queue any frame; a full queue marks the socket as too slow."""
        if len(self.frames) >= QUEUE_LIMIT:
            self.overflow()
        else:
            self.frames.append(frame)
        if len(self.frames) == 1:
            self.ready.set()

    def overflow(self) -> None:
        """The client reads too slowly."""
        self.overflowed = True

    def take(self) -> bytes:
        """All queued frames as one JSON array."""
        frames, self.frames = self.frames, []
        self.ready.clear()
        return b"[" + b",".join(frames) + b"]"


Observer = Callable[[Notice], None]
EphemeralObserver = Callable[[str], None]


class Hub:
    """Reads new events once per process and hands them to subscribers and observers.

    Args:
        db: where the events are.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._wake = asyncio.Event()
        self._cursor: Cursor = (0, 0)
        self.started = asyncio.Event()
        self.subscribers: set[Subscriber] = set()
        self.observers: list[Observer] = []
        self.ephemeral_observers: list[EphemeralObserver] = []
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    @property
    def cursor(self) -> Cursor:
        """The last event handed out."""
        return self._cursor

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until ``stop``. A lost connection is opened again; nothing is missed, since reading is by cursor."""
        self._pool = await asyncpg.create_pool(self._db.url, min_size=1, max_size=4, reset=keep_as_it_is)
        stopping = asyncio.create_task(stop.wait())
        try:
            self._cursor = await self.last()
            self.started.set()
            while not stop.is_set():
                try:
                    await self._listen(stopping)
                except Exception as problem:  # noqa: BLE001 - a connection that dies midway raises errors of any family
                    _log.warning("live hub reconnects", reason=repr(problem))
                    await self._pool.expire_connections()  # none of them may be handed out half-way in an operation
                    await asyncio.wait({stopping}, timeout=0.5)
        finally:
            stopping.cancel()
            self._pool.terminate()

    async def last(self) -> Cursor:
        """The newest event that every snapshot sees."""
        row = await self._require_pool().fetchrow(_LAST)
        return (row["xid"], row["id"]) if row else (0, 0)

    async def replay(self, subscriber: Subscriber, cursor: Cursor) -> bool:
        """Subscribe a client and give it what it missed since ``cursor``, each event once and in order.

        What is handed out while the rows are being read is held back and offered after them.

        Returns:
            False when it missed more than :data:`REPLAY_LIMIT` (it follows from now on and must fetch all anew).
        """
        subscriber.held = []
        subscriber.cursor = cursor
        self.subscribers.add(subscriber)
        rows = await self._require_pool().fetch(_AFTER, str(cursor[0]), cursor[1], REPLAY_LIMIT + 1)
        complete = len(rows) <= REPLAY_LIMIT
        # What is committed by now is in everything that the client will fetch, also if it is still to be handed out.
        newest = cursor if complete else await self.last()
        held, subscriber.held = subscriber.held, None
        if not complete:
            subscriber.cursor = max(newest, self._cursor)
        for notice in [*map(_notice, rows), *held] if complete else held:
            subscriber.offer(notice)
        return complete

    async def whisper(self, payload: dict[str, Any]) -> None:
        """Tell all processes something that is worth nothing later (who looks at what, who is typing)."""
        text = msgspec.json.encode(payload).decode()
        await self._require_pool().execute("select pg_notify($1, $2)", EPHEMERAL_CHANNEL, text)

    def _require_pool(self) -> "asyncpg.Pool[asyncpg.Record]":
        if self._pool is None:
            raise RuntimeError("the hub is not running")
        return self._pool

    def _on_whisper(self, *args: object) -> None:
        for observer in self.ephemeral_observers:
            observer(str(args[3]))

    async def _listen(self, stopping: "asyncio.Task[bool]") -> None:
        connection = await asyncpg.connect(self._db.url)
        lost = asyncio.Event()

        def on_lost(*_: object) -> None:
            lost.set()
            self._wake.set()

        connection.add_termination_listener(on_lost)
        try:
            await connection.add_listener(LIVE_CHANNEL, lambda *_: self._wake.set())
            await connection.add_listener(EPHEMERAL_CHANNEL, self._on_whisper)
            pending = await self._read()
            while not stopping.done() and not lost.is_set():
                await self._pause(stopping, PENDING_SECONDS if pending else POLL_SECONDS)
                pending = await self._read()
                if not pending and not self._wake.is_set():
                    await connection.execute("select 1", timeout=5)
        finally:
            connection.terminate()

    async def _pause(self, stopping: "asyncio.Task[bool]", seconds: float) -> None:
        woken = asyncio.create_task(self._wake.wait())
        await asyncio.wait({woken, stopping}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        woken.cancel()
        self._wake.clear()

    async def _read(self) -> bool:
        """Hand out everything new; returns whether something waits for an older transaction to end."""
        async with self._require_pool().acquire() as connection:
            while rows := await connection.fetch(_AFTER, str(self._cursor[0]), self._cursor[1], REPLAY_LIMIT):
                for row in rows:
                    self._hand_out(_notice(row))
            return bool(await connection.fetchval(_PENDING))

    def _hand_out(self, notice: Notice) -> None:
        self._cursor = notice.cursor
        for observer in self.observers:
            with contextlib.suppress(Exception):
                observer(notice)
        for_all = is_for_all(notice)
        for subscriber in self.subscribers:
            subscriber.offer(notice, for_all=for_all)

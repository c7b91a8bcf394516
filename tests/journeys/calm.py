"""A whole desk without processes, on the turned clock: listener, worker, timers and fetcher against the simulated world."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from channels.email import connect
from channels.email.listener import Listener
from channels.email.parse import parse_mail
from channels.email.parsed import ParsedMail
from core import events
from core.actor import Actor
from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from core.scheduler import run_due
from core.settings import Settings
from core.storage import Storage
from sampark.roles import Roles
from sampark.runtime import Runtime
from simulator.scenario import Scenario
from simulator.world import Simulator
from staff import agents, permissions
from tests import factories
from tickets.reply import ReplyContent, reply

DESK = "support@desk.test"
CHIEF = "chief@home.test"
PASSWORD = "correct horse battery"
SECRET = "test-secret-of-the-suite"
ROUNDS = 200
"""More answers to and fro within one moment than any desk may allow."""
ACKNOWLEDGE = {"enabled": True}


class Calm:
    """One desk with one mailbox, and the world around it.

    Args:
        runtime: the desk.
        listener: takes its mail.
        world: plays the scenario.
        clock: is turned by :meth:`play`.
    """

    def __init__(self, runtime: Runtime, listener: Listener, world: Simulator, clock: ManualClock) -> None:
        self.runtime = runtime
        self.listener = listener
        self.world = world
        self.clock = clock
        self.roles = Roles(runtime)
        self.account_id = 0
        self.agent: Actor | None = None
        self.began = clock.now()
        self._fetching = False
        self._keys = 0

    async def connected(self, *, acknowledge: bool, imap: bool) -> None:
        """Connect the mailbox, and hire somebody."""
        smtp = {"host": "127.0.0.1", "port": self.world.smtp.port, "tls": "none"}
        read = {"host": "127.0.0.1", "port": self.world.imap.port, "tls": "none", "user": DESK, "password": "x"}
        given = connect.Change(
            name="support",
            address=DESK,
            display_name="Support",
            smtp=smtp,
            imap=read if imap else None,
            options={"acknowledge": ACKNOWLEDGE} if acknowledge else {},
        )
        async with unit_of_work(self.runtime.db) as session:
            self.account_id = await connect.create(session, self.runtime.vault, given)
            self.agent = factories.actor(await factories.agent(session))
            await permissions.sync_roles(session)
            await agents.create(session, agents.NewAgent(name="Chief", email=CHIEF, password=PASSWORD, role="admin"))

    async def settle(self) -> None:
        """Let everything happen that happens at this moment.

        Raises:
            AssertionError: it does not come to an end: somebody answers somebody for ever.
        """
        for _ in range(ROUNDS):
            sent = await self.world.customers.tick()
            due = await run_due(self.runtime.db)
            waiting = await self.count("select count(*) from jobs.pgqueuer where status = 'queued'")
            if not (sent or due or waiting):
                return
            await self.roles._wiring.worker.drain()
            await self.world.smtp.settle()
        raise AssertionError(f"{ROUNDS} rounds of mails within one moment, and no end")

    async def play(self, minutes: float, step: float = 1) -> None:
        """Turn the clock, settling every ``step`` minutes."""
        await self.settle()
        for _ in range(round(minutes / step)):
            self.clock.advance(timedelta(minutes=step))
            await self._parked()
            await self.roles._recover()
            await self.roles._watch(self.began)
            await self.settle()

    async def _parked(self) -> None:
        """Until the fetcher, if there is one, waits for the clock again: its server takes real time to answer."""
        limit = time.monotonic() + 60  # a busy machine; nothing here waits for time
        while self._fetching and all(future.done() for *_, future in self.clock._waiting):
            assert time.monotonic() < limit, "the fetcher is stuck"
            await asyncio.sleep(0.005)

    async def answer(self, ticket_id: int, **fields: Any) -> None:
        """An agent answers."""
        self._keys += 1
        content = ReplyContent(client_key=f"key-{self._keys}", html="<p>We will come.</p>", undo_seconds=0, **fields)
        assert self.agent is not None
        async with unit_of_work(self.runtime.db, self.agent) as session:
            await reply(session, ticket_id, content)

    async def rows(self, statement: str, **values: object) -> list[Any]:
        """Ask the database."""
        async with reading(self.runtime.db) as session:
            return list(await session.execute(text(statement), values))

    async def count(self, statement: str, **values: object) -> int:
        """Ask the database for a number."""
        return int((await self.rows(statement, **values))[0][0])

    def received(self, *addresses: str) -> list[ParsedMail]:
        """What the desk's mails said that arrived in these mailboxes; in all of them when none is named."""
        boxes = self.world.mailboxes
        names = addresses or tuple(name for name in boxes.addresses() if name != DESK)
        return [parse_mail(mail.read()) for name in names for mail in boxes.mails(name) if not mail.sent]

    @contextlib.asynccontextmanager
    async def fetching(self) -> AsyncIterator[None]:
        """The fetcher at work, for the length of a block."""
        over = asyncio.Event()
        task = asyncio.create_task(self.roles._fetch(self.account_id, over))
        self._fetching = True
        try:
            yield
        finally:
            self._fetching = False
            over.set()
            await asyncio.wait_for(task, 10)

    async def eventually(self, look: Callable[[], Any], what: str, turn: float = 0) -> None:
        """Wait for a peer on the network; ``turn`` turns the clock by so many seconds at each look."""
        limit = time.monotonic() + 20
        while not await look():
            assert time.monotonic() < limit, f"not in time: {what}"
            self.clock.advance(timedelta(seconds=turn))
            await self.settle()
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def calm_desk(
    db: Database,
    settings: Settings,
    storage: Storage,
    clock: ManualClock,
    scenario: Scenario,
    *,
    acknowledge: bool = False,
    imap: bool = False,
) -> AsyncIterator[Calm]:
    """A desk and its world, for the length of a block."""
    listener = Listener(db, settings)
    await listener.start()
    ports = {"smtp_port": listener.port, "simulator_smtp_port": 0, "simulator_imap_port": 0}
    world = Simulator(settings.model_copy(update=ports), scenario)
    handlers = events._handlers
    await world.start()
    desk = Calm(Runtime(settings, db, storage, SECRET), listener, world, clock)
    try:
        await desk.connected(acknowledge=acknowledge, imap=imap)
        yield desk
    finally:
        events.subscribe(handlers)
        await world.stop()
        await listener.stop()

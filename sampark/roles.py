"""The roles of a process: web, worker, mail, scheduler. ``sampark serve`` runs all four; ``--roles`` splits them.

Singletons (the scheduler, one fetcher per mailbox) are elected by advisory locks, so any number of processes may
start: those that lose wait, and take over when the holder's connection ends.
"""

import asyncio
import contextlib
import errno
import gc
import os
import socket
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

import asyncpg
import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from automation import following, timed
from channels import inbound
from channels.chat import presence as visitors
from channels.email import accounts, watch
from channels.email.fetch import Fetcher
from channels.email.listener import Listener
from core import clock, log
from core.db import reading, unit_of_work
from core.errors import DeskError, StartError
from core.scheduler import Scheduler
from core.sql import DRIVER_ERRORS
from knowledge_base import erasing as readers
from routing import presence
from sampark import retention
from sampark.asgi import create_app
from sampark.runtime import Runtime
from sampark.wiring import Wiring
from simulator import plays
from simulator.world import Simulator

ROLES: Final = ("web", "worker", "mail", "scheduler")
_HASTE: Final = float(os.environ.get("SAMPARK_HASTE", "1"))
"""How much oftener than usual a process looks round; journeys set it, since they can turn no other process's clock."""
SWEEP_SECONDS: Final = 15.0 / _HASTE
RECOVER_SECONDS: Final = 30.0 / _HASTE
WATCH_SECONDS: Final = 60.0 / _HASTE
INDEX_SECONDS: Final = 1.0
FOLLOW_SECONDS: Final = 1.0
TIME_RULES_SECONDS: Final = 60.0 / _HASTE
TIDY_SECONDS: Final = 3600.0
ELECTION_SECONDS: Final = 5.0 / _HASTE
ACCOUNTS_SECONDS: Final = 10.0 / _HASTE
DATABASE_SECONDS: Final = 1.0
LOST_SECONDS: Final = 1.0
_SCHEDULER_LOCK: Final = 8821001
_MAILBOX_LOCK: Final = 8822
_log = log.get(__name__)


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, or until told to stop."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def elected(
    runtime: Runtime, lock: tuple[int, ...], stop: asyncio.Event, work: Callable[[asyncio.Event], Awaitable[None]]
) -> None:
    """Do ``work`` while this process holds an advisory lock; give it up when the lock's connection is lost."""
    arguments = ", ".join(str(part) for part in lock)
    while not stop.is_set():
        connection: asyncpg.Connection[asyncpg.Record] | None = None
        try:
            connection = await asyncpg.connect(runtime.db.url)
            if not await connection.fetchval(f"select pg_try_advisory_lock({arguments})"):
                await pause(stop, ELECTION_SECONDS)
                continue
            over = asyncio.Event()
            connection.add_termination_listener(lambda *_, over=over: over.set())
            watcher = asyncio.create_task(_either(stop, over))
            await work(over)
            over.set()
            await watcher
        except DRIVER_ERRORS as problem:
            _log.warning("election starts again", reason=repr(problem))
            await pause(stop, LOST_SECONDS)
        finally:
            if connection is not None:
                connection.terminate()


async def _either(stop: asyncio.Event, over: asyncio.Event) -> None:
    waiting = [asyncio.create_task(stop.wait()), asyncio.create_task(over.wait())]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    over.set()


def _first(problems: BaseExceptionGroup[DeskError]) -> DeskError:
    first = problems.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


async def _all(ready: list[asyncio.Event]) -> None:
    for each in ready:
        await each.wait()


class Roles:
    """Runs the chosen roles of one process.

    Args:
        runtime: what they share.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._wiring = Wiring(runtime)

    async def run(self, roles: tuple[str, ...], stop: asyncio.Event, on_ready: Callable[[], None]) -> None:
        """Run until ``stop``; one role that dies stops the others.

        Args:
            roles: names from :data:`ROLES`.
            stop: set by a signal.
            on_ready: called once when everything listens.

        Raises:
            StartError: a port is taken, or the embedded database died and does not start again.
        """
        try:
            await self._together(roles, stop, on_ready)
        except* DeskError as problems:
            # One sentence says it; the other roles ended because of it.
            raise _first(problems) from None

    async def _together(self, roles: tuple[str, ...], stop: asyncio.Event, on_ready: Callable[[], None]) -> None:
        started: list[asyncio.Event] = []
        async with asyncio.TaskGroup() as group:
            for role in roles:
                ready = asyncio.Event()
                started.append(ready)
                group.create_task(self._guarded(getattr(self, f"_{role}"), stop, ready), name=role)
            if self._runtime.settings.simulator and "mail" in roles:
                ready = asyncio.Event()
                started.append(ready)
                group.create_task(self._guarded(self._simulator, stop, ready), name="simulator")
            if self._runtime.server is not None:
                ready = asyncio.Event()
                started.append(ready)
                group.create_task(self._guarded(self._database, stop, ready), name="database")
            waiting = asyncio.create_task(_all(started))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if waiting.done():
                # Start-up objects live as long as the process: keep the collector from walking them.
                gc.collect()
                gc.freeze()
                on_ready()
            else:
                waiting.cancel()

    @staticmethod
    async def _guarded(
        role: Callable[[asyncio.Event, asyncio.Event], Awaitable[None]], stop: asyncio.Event, ready: asyncio.Event
    ) -> None:
        try:
            await role(stop, ready)
        finally:
            stop.set()

    async def _database(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """Start the embedded database again when it dies; without one the desk can only end."""
        server = self._runtime.server
        ready.set()
        while server is not None and not stop.is_set():
            await pause(stop, DATABASE_SECONDS)
            if not (stop.is_set() or server.is_running):
                _log.error("the embedded database has died and is started again")
                await asyncio.to_thread(server.restart)
                await self._runtime.db.engine.dispose()  # its connections lead to the dead one
                _log.warning("the embedded database runs again")

    async def _web(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        runtime, settings = self._runtime, self._runtime.settings
        hub = asyncio.create_task(runtime.hub.run(stop))
        config = uvicorn.Config(
            create_app(runtime, self._wiring),
            host=settings.http_host,
            port=settings.http_port,
            loop="none",
            http="httptools",
            ws="websockets-sansio",
            ws_ping_interval=15,  # how soon a dead line is noticed; an open one is an agent's sign of life
            ws_ping_timeout=25,
            log_config=None,
            access_log=False,
            server_header=False,
            forwarded_allow_ips=",".join(settings.trusted_proxies),
            timeout_graceful_shutdown=10,
        )
        server = uvicorn.Server(config)
        server.capture_signals = contextlib.nullcontext  # type: ignore[assignment,method-assign]  # the process owns its signals
        serving = asyncio.create_task(server.serve())
        while not (server.started or serving.done()):  # noqa: ASYNC110 - uvicorn has a flag, not an event
            await asyncio.sleep(0.01)
        ready.set()
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, stopping, hub}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        stop.set()
        await serving
        await hub

    async def _worker(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        ready.set()
        await self._wiring.worker.run(stop)

    async def _scheduler(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        ready.set()
        await elected(self._runtime, (_SCHEDULER_LOCK,), stop, self._singletons)

    async def _singletons(self, over: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(Scheduler(self._runtime.db).run(over))
            group.create_task(self._every(SWEEP_SECONDS, self._sweep, over))
            group.create_task(self._every(RECOVER_SECONDS, self._recover, over))
            group.create_task(self._every(INDEX_SECONDS, self._index, over))
            group.create_task(self._every(FOLLOW_SECONDS, self._follow, over))
            group.create_task(self._every(TIME_RULES_SECONDS, self._time_rules, over))
            group.create_task(self._every(TIDY_SECONDS, self._tidy, over))
            watching_since = clock.now()
            group.create_task(self._every(WATCH_SECONDS, lambda: self._watch(watching_since), over))

    @staticmethod
    async def _every(seconds: float, work: Callable[[], Awaitable[None]], over: asyncio.Event) -> None:
        while not over.is_set():
            try:
                await work()
            except Exception as problem:  # noqa: BLE001 - a sweep that fails once must not end the desk
                _log.exception("a periodic task failed", exc_info=problem)
            await pause(over, seconds)

    async def _sweep(self) -> None:
        async with unit_of_work(self._runtime.db) as session:
            await presence.sweep(session)
        async with unit_of_work(self._runtime.db) as session:
            await visitors.sweep(session)

    async def _index(self) -> None:
        await self._wiring.feed.step()
        if self._wiring.engine is not None:
            await self._wiring.engine.ask_to_send(self._runtime.db)

    async def _follow(self) -> None:
        await following.step(self._runtime.db)

    async def _time_rules(self) -> None:
        async with unit_of_work(self._runtime.db) as session:
            await timed.ask(session)

    async def _tidy(self) -> None:
        async with unit_of_work(self._runtime.db) as session:
            await readers.tidy(session)
            await retention.plan(session)

    async def _recover(self) -> None:
        await self._wiring.outbound.recover()
        await self._wiring.notices.recover()
        await self._wiring.webhooks.recover()
        await inbound.recover(self._runtime.db)

    async def _watch(self, watching_since: datetime) -> None:
        async with unit_of_work(self._runtime.db) as session:
            await watch.sweep(session, self._runtime.settings, watching_since)

    async def _mail(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        async with contextlib.AsyncExitStack() as open_ports:
            for listener in self._listeners():
                await listener.start()
                open_ports.push_async_callback(listener.stop)
            ready.set()
            await self._fetchers(stop)

    def _listeners(self) -> list[Listener]:
        """What takes mail in: SMTP always, LMTP where its port is set."""
        db, settings = self._runtime.db, self._runtime.settings
        smtp = Listener(db, settings)
        if settings.lmtp_port is None:
            return [smtp]
        return [smtp, Listener(db, settings, lmtp=True, host=settings.lmtp_host, port=settings.lmtp_port)]

    async def _fetchers(self, stop: asyncio.Event) -> None:
        """Keep one elected fetcher per mailbox, also for mailboxes that are added or changed while we run."""
        running: dict[int, tuple[object, asyncio.Event, asyncio.Task[None]]] = {}
        while not stop.is_set():
            try:
                async with reading(self._runtime.db) as session:
                    listed = await accounts.listed(session)
            except (SQLAlchemyError, OSError) as problem:
                _log.warning("mailboxes cannot be looked up", reason=repr(problem))
                await pause(stop, 1)
                continue
            wanted = {each.id: accounts.fetched_by(each.settings) for each in listed if each.settings.get("imap")}
            for account_id, (settings, over, task) in list(running.items()):
                if wanted.get(account_id) != settings or task.done():
                    over.set()
                    (ended,) = await asyncio.gather(task, return_exceptions=True)
                    if isinstance(ended, Exception):
                        _log.error("a fetcher broke and is started again", account=account_id, exc_info=ended)
                    del running[account_id]
            for account_id, settings in wanted.items():
                if account_id not in running:
                    over = asyncio.Event()
                    running[account_id] = (settings, over, asyncio.create_task(self._fetch(account_id, over)))
            await pause(stop, ACCOUNTS_SECONDS)
        for _, over, _ in running.values():
            over.set()
        await asyncio.gather(*(task for _, _, task in running.values()), return_exceptions=True)

    async def _fetch(self, account_id: int, over: asyncio.Event) -> None:
        fetcher = Fetcher(self._runtime.db, account_id, self._runtime.settings, self._runtime.signin)
        await elected(self._runtime, (_MAILBOX_LOCK, account_id), over, fetcher.run)

    async def _simulator(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        settings = self._runtime.settings
        play = plays.play(settings.simulator_play, f"support@{settings.mail_domain}")
        simulator = Simulator(settings, play)
        await simulator.start()
        ready.set()
        try:
            await simulator.customers.run(stop)
        finally:
            await simulator.stop()


def check_ports(*ports: tuple[str, int, str]) -> None:
    """See that the ports are free before anything is started.

    Args:
        ports: (host, port, setting) each; port 0 takes any.

    Raises:
        StartError: one is taken or may not be used.
    """
    taken: dict[int, tuple[str, str]] = {}
    for host, port, setting in ports:
        if not port:
            continue
        other, whose = taken.setdefault(port, (host, setting))
        if whose != setting and (other == host or {other, host} & {"", "0.0.0.0", "::"}):  # noqa: S104 - not bound here
            raise StartError(f"{whose} and {setting} are both {port}. Set one of them to another port.")
        try:
            with contextlib.closing(_bound(host, port)):
                pass
        except OSError as problem:
            reason = problem.strerror or str(problem)
            if isinstance(problem, socket.gaierror) or problem.errno == errno.EADDRNOTAVAIL:
                wrong = setting.removesuffix("PORT") + "HOST"
                raise StartError(
                    f"{host} is no address of this machine: {reason}. Set {wrong} to one that is, such as 127.0.0.1, "
                    "or to 0.0.0.0 for all of them."
                ) from None
            raise StartError(f"Port {port} on {host} cannot be used: {reason}. Set {setting} to another.") from None


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except OSError:
        found.close()
        raise
    return found

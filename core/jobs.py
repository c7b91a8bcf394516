"""Jobs: work asked for in the transaction that makes it necessary, done at least once by a worker.

pgqueuer (its tables in their own schema) hidden behind four names: :func:`enqueue`, :class:`Registry`,
:class:`Worker` and the held jobs. A job that fails is tried again with growing delays, then *held*: visible to
an administrator, with its traceback, and re-runnable. Every handler must be idempotent.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import asyncpg
import msgspec
import structlog
from pgqueuer import PgQueuer, QueueManager
from pgqueuer.db import AsyncpgDriver
from pgqueuer.domain.settings import DBSettings, db_settings
from pgqueuer.errors import RetryRequested
from pgqueuer.models import Job
from pgqueuer.ports.repository import EntrypointExecutionParameter
from pgqueuer.queries import Queries
from pgqueuer.types import JobId, QueueEntrypoint, QueueExecutionMode, QueueManagerId
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, crash, log, timers
from core.actor import SYSTEM
from core.db import Database, unit_of_work
from core.errors import DeskError, Temporary, Upstream
from core.retention import Kind
from core.sql import driver_of, keep_as_it_is

SCHEMA: Final = "jobs"
MAX_ATTEMPTS: Final = 6
KEY_BUSY_SECONDS: Final = 0.2
HEARTBEAT_SECONDS: Final = 9
POLL_SECONDS: Final = 1
LOG: Final = (
    Kind(
        name="lines of the log of jobs",
        table="jobs.pgqueuer_log",
        over="created < :before and not exists (select 1 from jobs.pgqueuer q where q.id = pgqueuer_log.job_id)",
    ),
)
"""What pgqueuer writes down of each job; the lines of a job that is still there, such as a held one, stay with it."""
_log = log.get(__name__)


def _names_in_own_schema() -> DBSettings:
    """Pgqueuer reads its names once from the environment; ours are fixed, so put them in its cache instead."""
    settings = db_settings()
    settings.db_schema = SCHEMA
    return settings


_names_in_own_schema()


Handler = Callable[..., Awaitable[None]]


@dataclass(frozen=True)
class Definition:
    """A registered job.

    Attributes:
        name: ``package.verb``.
        handler: called as ``handler(session, **args)``; with ``own_units`` as ``handler(**args)``.
        own_units: the handler opens its own units of work (it must commit between steps, as sending does).
    """

    name: str
    handler: Handler
    own_units: bool = False


class Payload(msgspec.Struct):
    """What is stored with a job."""

    args: dict[str, Any]
    key: str | None = None
    request: str | None = None


async def enqueue(
    session: AsyncSession,
    name: str,
    args: dict[str, Any],
    *,
    key: str | None = None,
    priority: int = 0,
    run_at: datetime | None = None,
    dedupe: str | None = None,
    shared: bool = False,
) -> None:
    """Ask for a job in this transaction: rolled back with it, run after its commit.

    Args:
        session: the unit of work.
        name: a registered job.
        args: JSON-ready arguments of its handler.
        key: jobs with the same key never run at the same time.
        priority: higher first.
        run_at: not before this instant (then a timer row waits for it).
        dedupe: while a job with this key waits, asking again changes nothing (a timer is moved).
        shared: several ask for the same timer, each for its own moment: the earliest counts.
    """
    if run_at is not None and run_at > clock.now():
        await timers.set_timer(session, run_at, name, args, key, dedupe, shared=shared)
        return
    request = structlog.contextvars.get_contextvars().get("request_id")
    payload = msgspec.json.encode(Payload(args, key, request))
    queries = Queries(AsyncpgDriver(await driver_of(session)))
    await queries.enqueue(name, payload, priority, dedupe_key=dedupe, on_conflict="skip")


class Registry:
    """The table of jobs, filled by ``sampark/wiring.py``."""

    def __init__(self, definitions: tuple[Definition, ...]) -> None:
        self.by_name = {definition.name: definition for definition in definitions}


def _delay(attempt: int) -> timedelta:
    """2, 6, 18, 54, 162 seconds."""
    return timedelta(seconds=2 * 3**attempt)


class Worker:
    """Runs jobs until told to stop; starts itself again when its connections are lost.

    Args:
        db: where the jobs are.
        registry: what can be run.
        concurrency: jobs at the same time in this process.
    """

    def __init__(self, db: Database, registry: Registry, concurrency: int = 10) -> None:
        self._db = db
        self._registry = registry
        self._concurrency = max(2, concurrency)
        self._batch = self._concurrency // 2
        self._slow: set[JobId] = set()
        # A job with units of its own holds one connection for its key and needs a second for its work: if such jobs
        # could take the whole pool for their keys, all of them would wait for one another.
        self._keyed_jobs = asyncio.Semaphore(max(1, db.pool_size // 2))

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set; jobs in flight are finished first."""
        backoff = 0.5
        while not stop.is_set():
            started = clock.monotonic()
            try:
                await self._session(stop, QueueExecutionMode.continuous)
            except Exception as problem:  # noqa: BLE001 - the supervisor's purpose: log, wait, start again
                _log.warning("worker restarts", reason=repr(problem), seconds=backoff)
            if clock.monotonic() - started > 60:
                backoff = 0.5
            if not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), backoff)
                backoff = min(backoff * 2, 30)

    async def drain(self) -> None:
        """Run what is waiting until nothing is (tests, command line)."""
        await self._session(asyncio.Event(), QueueExecutionMode.drain)

    async def _session(self, stop: asyncio.Event, mode: Literal["continuous", "drain"] | QueueExecutionMode) -> None:
        pool = await asyncpg.create_pool(
            self._db.url, min_size=1, max_size=3, max_inactive_connection_lifetime=0, reset=keep_as_it_is
        )
        try:
            queuer = PgQueuer.from_asyncpg_pool(pool)
            for definition in self._registry.by_name.values():
                queuer.entrypoint(definition.name, on_failure="hold")(self._entrypoint(definition))
            self._keep_a_place(queuer.qm)
            running = asyncio.create_task(
                queuer.qm.run(
                    dequeue_timeout=timedelta(seconds=POLL_SECONDS),
                    batch_size=self._batch,
                    max_concurrent_tasks=self._concurrency,
                    mode=QueueExecutionMode(mode),
                    shutdown_on_listener_failure=True,
                    heartbeat_timeout=timedelta(seconds=HEARTBEAT_SECONDS),
                )
            )
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            queuer.shutdown.set()
            stopping.cancel()
            await running
        finally:
            pool.terminate()

    def _keep_a_place(self, manager: QueueManager) -> None:
        """Leave jobs with units of their own in the queue while those that run leave room for no full batch of others.

        They wait for somebody else's server, for minutes if it is slow: without this a mail server that does not
        answer would take all places, and nothing that comes in would be read. One place at least is always left.
        """
        self._slow.clear()
        slow = {definition.name for definition in self._registry.by_name.values() if definition.own_units}
        dequeue = manager.queries.dequeue

        async def some(
            batch_size: int,
            entrypoints: dict[QueueEntrypoint, EntrypointExecutionParameter],
            queue_manager_id: QueueManagerId,
            global_concurrency_limit: int | None,
            heartbeat_timeout: timedelta,
        ) -> list[Job]:
            if len(self._slow) >= self._concurrency - self._batch:
                entrypoints = {name: limits for name, limits in entrypoints.items() if name not in slow}
            if not entrypoints:
                return []
            taken = await dequeue(
                batch_size, entrypoints, queue_manager_id, global_concurrency_limit, heartbeat_timeout
            )
            self._slow.update(job.id for job in taken if job.entrypoint in slow)
            return taken

        manager.queries.dequeue = some  # type: ignore[method-assign]  # the library's own limits are for all workers together

    def _entrypoint(self, definition: Definition) -> Callable[[Job], Awaitable[None]]:
        async def execute(job: Job) -> None:
            payload = msgspec.json.decode(job.payload or b"{}", type=Payload)
            with structlog.contextvars.bound_contextvars(job=f"{definition.name}/{job.id}", request_id=payload.request):
                try:
                    await self._run(definition, payload, job.attempts)
                except RetryRequested:
                    raise
                except Exception as problem:
                    self._decide(problem, job.attempts)
                    raise
                finally:
                    self._slow.discard(job.id)

        return execute

    async def _run(self, definition: Definition, payload: Payload, attempt: int) -> None:
        if definition.own_units:
            await self._keyed(payload.key, lambda: definition.handler(**payload.args))
            return
        async with unit_of_work(self._db, SYSTEM) as session:
            session.info["attempt"] = attempt
            if payload.key is not None and not await _try_lock(session, payload.key):
                raise RetryRequested(delay=timedelta(seconds=KEY_BUSY_SECONDS))
            await definition.handler(session, **payload.args)
        crash.point(f"job-done:{definition.name}")

    async def _keyed(self, key: str | None, work: Callable[[], Awaitable[None]]) -> None:
        if key is None:
            await work()
            return
        async with self._keyed_jobs, unit_of_work(self._db, SYSTEM) as session:
            if not await _try_lock(session, key):
                raise RetryRequested(delay=timedelta(seconds=KEY_BUSY_SECONDS))
            await work()

    @staticmethod
    def _decide(problem: Exception, attempt: int) -> None:
        """Ask for another try where one can help; otherwise let the failure hold the job."""
        if attempt + 1 >= MAX_ATTEMPTS or (isinstance(problem, DeskError) and not isinstance(problem, Temporary)):
            return
        if isinstance(problem, Upstream) and not isinstance(problem, Temporary):
            return
        delay = _delay(attempt)
        if isinstance(problem, Temporary) and problem.retry_in is not None:
            delay = timedelta(seconds=problem.retry_in)
        _log.warning("a job will be tried again", attempt=attempt + 1, seconds=delay.total_seconds(), exc_info=problem)
        raise RetryRequested(delay=delay, reason=f"{type(problem).__name__}: {problem}") from problem


async def _try_lock(session: AsyncSession, key: str) -> bool:
    statement = text("select pg_try_advisory_xact_lock(hashtextextended(:key, 0))")
    return bool(await session.scalar(statement, {"key": key}))


class HeldJob(msgspec.Struct, rename="camel"):
    """A job that gave up, as an administrator sees it."""

    id: int
    name: str
    attempts: int
    since: datetime
    reason: str
    args: dict[str, Any]


async def held(db: Database, limit: int = 100) -> list[HeldJob]:
    """The jobs that gave up, newest first."""
    async with _queries(db) as queries:
        jobs = await queries.list_failed_jobs(limit)
        found: list[HeldJob] = []
        for job in jobs:
            logs = await queries.job_log_history(job.id)
            reasons = [entry.traceback.exception_message for entry in logs if entry.traceback]
            payload = msgspec.json.decode(job.payload or b"{}", type=Payload)
            found.append(
                HeldJob(
                    id=job.id,
                    name=job.entrypoint,
                    attempts=job.attempts + 1,
                    since=job.updated,
                    reason=reasons[-1] if reasons else "",
                    args=payload.args,
                )
            )
        return found


async def retry_held(db: Database, job_id: int) -> None:
    """Run a held job again."""
    async with _queries(db) as queries:
        await queries.requeue_jobs([JobId(job_id)])


async def install(db: Database) -> None:
    """Create pgqueuer's tables in their own schema, or bring them up to date."""
    async with _queries(db) as queries:
        if await queries.schema_is_installed():
            await queries.upgrade()
        else:
            await queries.install()


async def oldest_waiting(session: AsyncSession) -> datetime | None:
    """When the oldest job that waits was asked for (business health)."""
    statement = text("select min(created) from jobs.pgqueuer where status = 'queued' and execute_after <= now()")
    found: datetime | None = await session.scalar(statement)
    return found


@contextlib.asynccontextmanager
async def _queries(db: Database) -> AsyncIterator[Queries]:
    connection = await asyncpg.connect(db.url)
    try:
        yield Queries(AsyncpgDriver(connection))
    finally:
        await connection.close()

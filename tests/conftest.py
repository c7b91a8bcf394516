"""Fixtures of the whole suite: a real PostgreSQL, a migrated copy of the database per test, the turned clock."""

import asyncio
import copy
import itertools
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import hypothesis
import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import async_sessionmaker

from core import clock as clocks
from core import events, migrate
from core.db import Database
from core.embedded import EmbeddedServer
from core.settings import Settings, load
from core.storage import Storage
from tests.journeys import desk as desks

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EMPTY = """
    set session_replication_role = replica;
    do $$
    declare name regclass;
    begin
        for name in select oid from pg_class where relkind = 'r' and relname <> 'alembic_version'
                and relnamespace in ('public'::regnamespace, 'jobs'::regnamespace) loop
            execute format('delete from %s', name);
        end loop;
        for name in select oid from pg_class where relkind = 'S'
                and relnamespace in ('public'::regnamespace, 'jobs'::regnamespace) loop
            perform setval(name, 1, false);
        end loop;
    end $$
"""
"""Deletes all rows, whatever refers to them, and starts every number at 1 again."""
IDLE = """
    select count(*) from pg_stat_activity a where pid = any($1::int[]) and state = 'idle'
        and not exists (select from pg_locks l where l.pid = a.pid)
"""
"""How many of these connections hold nothing."""
FORGOTTEN = """
    select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid not in (pg_backend_pid(), {})
"""
"""Ends all connections but these."""
NOT_IN_THE_INNER_LOOP = frozenset({
    "test_calm_desk", "test_live", "test_mailboxes", "test_watch", "test_mailbox", "test_oauth", "test_parse_hostile",
    "test_files", "test_pages", "test_fetch_scripted", "test_notes_stay", "test_parse_email", "test_spool",
    "test_html_cost", "test_request_form", "test_automatic", "test_audit", "test_ledger", "test_probe", "test_acknowledge",
    "test_listener", "test_notify", "test_notices", "test_send", "test_rights", "test_connect", "test_login",
    "test_authentication", "test_html", "test_tickets", "test_transfer", "test_articles", "test_publishing",
    "test_readers", "test_own_fields", "test_api", "test_chats", "test_conversations",
    "test_search", "test_search_text", "test_search_meilisearch", "test_searching", "test_search_feed",
    "test_signin", "test_mine", "test_surveys", "test_profile", "test_satisfaction", "test_requests", "test_hours", "test_erasing",
    "test_products", "test_product_mail", "test_importing", "test_sla", "test_deadlines", "test_asgi",
})  # fmt: skip
"""Modules that take long as a whole, though none of their tests does; `make test` runs them all."""
LOG_SHOWN = 10_000
"""Characters of a desk's log, the last ones, that stand beside a failure."""
_copies = itertools.count()
hypothesis.settings.register_profile("suite", deadline=None)  # the machine may be busy; what hangs has pytest's timeout
hypothesis.settings.load_profile("suite")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep `make test-fast` under a minute."""
    for item in items:
        if item.path.stem in NOT_IN_THE_INNER_LOOP:
            item.add_marker("slow")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """What the running desks have logged before is not of this test."""
    for desk in desks.started:
        desk.news()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, pytest.TestReport]:
    """Show beside a failure what the desks have logged during the test."""
    report: pytest.TestReport = yield
    if report.failed:
        logs = {desk.log.name: desk.news()[-LOG_SHOWN:] for desk in desks.started}
        report.sections += [(f"log of a desk: {name}", words) for name, words in logs.items() if words]
    return report


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """Address of a server: the one in TEST_DATABASE_URL, or an embedded one that lives as long as the session."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="sampark-tests-", ignore_cleanup_errors=True) as folder:
        server = EmbeddedServer(Path(folder) / "postgres")
        url = asyncio.run(server.prepare())
        # A test server may forget everything when the machine dies; copies of databases are made without waiting.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            asyncio.run(_statement(url, f"alter system set {setting} = off"))
        asyncio.run(_statement(url, "select pg_reload_conf()"))
        yield url
        server.stop()


async def _statement(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


def named(url: str, name: str) -> str:
    """The same server's address with another database."""
    head, _, query = url.partition("?")
    return f"{head.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")


@pytest.fixture(scope="session")
def template(server_url: str) -> str:
    """Name of a migrated database that every test copies."""
    name = f"template_{os.getpid()}"

    async def make() -> None:
        await _statement(
            server_url,
            f"create database {name} template template0 locale_provider builtin builtin_locale 'C.UTF-8'",
        )
        db = Database(named(server_url, name))
        await migrate.migrate(db)
        await db.close()
        await _statement(
            named(server_url, name), EMPTY
        )  # of what migrations bring, so that a new copy is as a used one

    asyncio.run(make())
    return name


class Copy:
    """A migrated database of the suite's server, used by one test after the other.

    Its connections stay open in between: new ones would have to learn all tables again, and the pool all statements.
    """

    def __init__(self, url: str) -> None:
        self._db = Database(url, pool_size=8)
        self._pids: set[int] = set()
        self._broom: asyncpg.Connection | None = None
        event.listen(self._db.engine.sync_engine, "connect", self._note)

    def lend(self) -> Database:
        """A new object on the same connections: the product keeps things in memory for each database and engine."""
        lent = copy.copy(self._db)
        lent.engine = self._db.engine.execution_options()
        lent.sessions = async_sessionmaker(lent.engine, expire_on_commit=False)
        lent._unfinished = []
        return lent

    def _note(self, connection: Any, _record: object) -> None:
        self._pids.add(connection.driver_connection.get_server_pid())

    async def empty(self) -> None:
        """Delete all rows, and end every connection that a test has forgotten."""
        if self._broom is None or self._broom.is_closed():
            self._broom = await asyncpg.connect(self._db.url)
        idle = await self._broom.fetchval(IDLE, self._pids)
        pool = self._db.engine.pool
        if (idle, 0) != (pool.checkedin(), pool.checkedout()):  # type: ignore[attr-defined]  # of a pool that queues
            await self._db.close()
            self._pids.clear()
        await self._broom.execute(FORGOTTEN.format(",".join(map(str, self._pids)) or "0"))
        await self._broom.execute(EMPTY)

    async def close(self) -> None:
        """Give the connections back."""
        await self._db.close()
        if self._broom is not None:
            await self._broom.close()


Borrowed = Callable[[], AbstractAsyncContextManager[Database]]


@pytest.fixture(scope="session")
async def borrowed(server_url: str, template: str) -> AsyncIterator[Borrowed]:
    """Lends a migrated, empty database for the length of a block.

    One that an earlier test is done with is emptied, which takes a tenth of the time of a new copy.
    """
    made: dict[str, Copy] = {}
    free: list[Copy] = []

    @asynccontextmanager
    async def borrow() -> AsyncIterator[Database]:
        if not free:
            name = f"test_{os.getpid()}_{next(_copies)}"
            await _statement(server_url, f"create database {name} template {template} strategy wal_log")
            made[name] = Copy(named(server_url, name))
            free.append(made[name])
        chosen = free.pop()
        lent = chosen.lend()
        yield lent
        await lent.finish()  # who writes for this test writes nothing for the next one
        await chosen.empty()
        free.append(chosen)

    yield borrow
    for each in made.values():
        await each.close()
    for name in (*made, template):
        await _statement(server_url, f"drop database if exists {name} with (force)")


@pytest.fixture
async def db(borrowed: Borrowed) -> AsyncIterator[Database]:
    """The database of this test: migrated, empty."""
    async with borrowed() as database:
        yield database


@pytest.fixture
def database_url(db: Database) -> str:
    """Address of the database of this test."""
    return db.url


@pytest.fixture(scope="session")
def demo_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data of a demo desk that was started once; the processes of one run share it."""
    here = tmp_path_factory.getbasetemp()
    return desks.first_start((here.parent if "PYTEST_XDIST_WORKER" in os.environ else here) / "first-start")


@pytest.fixture(autouse=True)
def nobody_listens() -> Iterator[None]:
    """Handlers of events that a test subscribes are gone with it, so no test depends on those before it."""
    before = events._handlers
    events.subscribe({})
    yield
    events.subscribe(before)


@pytest.fixture
def clock() -> Iterator[clocks.ManualClock]:
    """A clock that stands at nine in the morning (UTC) of Monday 2 March 2026 until the test turns it."""
    manual = clocks.ManualClock(START)
    with clocks.use(manual):
        yield manual


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a desk in a temporary folder."""
    return load(
        data=tmp_path / "data",
        secret="test-secret-of-the-suite",
        http_port=0,
        smtp_port=0,
        trusted_networks=("127.0.0.0/8",),  # where the servers of the tests listen
    )


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    """A file storage of this test's own."""
    return Storage(tmp_path / "files")

"""Fixtures of the agents' side: the application on a real database, people of each role, clients that are signed in."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.datastructures import State
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from agent_ui import limits, routes
from agent_ui.live import Gateway
from channels.email.signin import SignIn
from core.actor import Actor, ActorKind
from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.live import Hub
from core.net import networks_of
from core.settings import Settings, load
from core.storage import Storage
from core.vault import Vault
from staff import agents, passwords, permissions, teams
from staff.permissions import ROLES
from tests import factories

PASSWORD = "correct horse battery"
BASE = "http://desk.test"


@pytest.fixture(autouse=True)
def cheap_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 with hardly any work, so that a test signs in within milliseconds."""
    monkeypatch.setattr(passwords, "HASHER", PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)))


@pytest.fixture(autouse=True)
def fresh_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has used up anything yet."""
    monkeypatch.setattr(limits.BUCKETS, "_held", {})


@pytest.fixture
def burst_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is used up stays used up, however long a busy machine takes for a request."""
    for what, rate in limits.RATES.items():
        monkeypatch.setitem(limits.RATES, what, limits.Rate(burst=rate.burst, per_second=0.001))


@dataclass
class Running:
    """What the handlers find in the application's state."""

    settings: Settings
    db: Database
    storage: Storage
    hub: Hub
    secret: str = "test-secret-of-the-suite"
    vault: Vault = field(default_factory=lambda: Vault("test-secret-of-the-suite"))

    @property
    def signin(self) -> SignIn:
        """Of the test that runs now."""
        return SignIn(self.db, self.vault, networks_of(self.settings))


@pytest.fixture
async def runtime(
    put_together: tuple[Running, Litestar], db: Database, settings: Settings, storage: Storage, clock: ManualClock
) -> Running:
    """The running product, without sockets."""
    async with unit_of_work(db) as session:
        await permissions.sync_roles(session)
    running, _ = put_together
    running.settings, running.db, running.storage, running.hub = settings, db, storage, Hub(db)
    return running


@pytest.fixture(scope="session")
def put_together(tmp_path_factory: pytest.TempPathFactory) -> tuple[Running, Litestar]:
    """The application and what it runs on, put together once because that takes half a second.

    Each test puts its own database, settings and files in.
    """
    nowhere = Database("postgresql://nobody@localhost/nothing")
    settings = load(data=tmp_path_factory.mktemp("desk"), secret="test-secret-of-the-suite")
    running = Running(settings, nowhere, Storage(settings.data), Hub(nowhere))
    options = routes.app_options(running)
    return running, Litestar(route_handlers=routes.HANDLERS, state=State({"runtime": running}), **options)


@pytest.fixture
def app(put_together: tuple[Running, Litestar], runtime: Running) -> Litestar:
    """The application as the composition root builds it, with the agents' routes and nobody connected."""
    _, made = put_together
    made.state.live = Gateway(runtime)
    return made


@dataclass
class Person:
    """An agent with a client of her own.

    Attributes:
        http: a client with her cookie and token, once she has signed in.
    """

    id: int
    email: str
    http: httpx.AsyncClient
    role: str = "agent"
    team_ids: tuple[int, ...] = ()
    session: dict[str, Any] = field(default_factory=dict)

    @property
    def actor(self) -> Actor:
        """Herself as the services see her."""
        return Actor(ActorKind.AGENT, self.id, f"{self.role}", ROLES[self.role], self.team_ids)

    async def sign_in(self) -> "Person":
        """Get a session."""
        answer = await self.http.post("/api/session", json={"email": self.email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        self.session = answer.json()
        self.http.headers["x-csrf-token"] = self.session["csrfToken"]
        return self


Client = Callable[[], httpx.AsyncClient]


@pytest.fixture
async def client(app: Litestar) -> AsyncIterator[Client]:
    """Makes clients, each with cookies of its own."""
    async with contextlib.AsyncExitStack() as stack:

        def make() -> httpx.AsyncClient:
            made = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE)
            stack.push_async_callback(made.aclose)
            return made

        yield make


@dataclass
class Desk:
    """A small desk: two teams, an agent in each, a lead, an admin."""

    team: int
    other_team: int
    agent: Person
    stranger: Person
    lead: Person
    admin: Person
    anonymous: httpx.AsyncClient


@pytest.fixture
async def desk(db: Database, runtime: Running, client: Client) -> Desk:
    """Everybody signed in. ``agent`` is of the first team, ``stranger`` of the other one."""
    async with unit_of_work(db) as session:
        first, second = await teams.create(session, "Repairs"), await teams.create(session, "Billing")

        async def person(name: str, role: str, *of: int) -> Person:
            new = agents.NewAgent(
                name=name.title(), email=f"{name}@desk.example", password=PASSWORD, role=role, team_ids=of
            )
            return Person(await agents.create(session, new), new.email, client(), role, of)

        made = Desk(
            first,
            second,
            await person("agent", "agent", first),
            await person("stranger", "agent", second),
            await person("lead", "lead"),
            await person("admin", "admin"),
            client(),
        )
    for each in (made.agent, made.stranger, made.lead, made.admin):
        await each.sign_in()
    return made


@pytest.fixture
async def ticket(db: Database, desk: Desk) -> int:
    """A ticket of the first team with one message of its customer."""
    async with unit_of_work(db) as session:
        return (await new_ticket(session, desk.team)).ticket_id


async def new_ticket(session: AsyncSession, team_id: int | None, **fields: object) -> Any:
    """A customer's message that opens a ticket of a team."""
    return await factories.received(session, team_id=team_id, **fields)


@dataclass
class Queries:
    """The statements that went to the database while it was counting."""

    statements: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.statements)


@pytest.fixture
def count_queries(db: Database) -> Callable[[], "contextlib.AbstractContextManager[Queries]"]:
    """What counts statements while a ``with`` block runs."""

    @contextlib.contextmanager
    def counting() -> Iterator[Queries]:
        found = Queries()

        def note(_c: Any, _k: Any, statement: str, *_: Any) -> None:
            found.statements.append(statement)

        async def fetch(self: Database, sql: str, *values: Any) -> list[Any]:
            found.statements.append(sql)
            return await original(self, sql, *values)

        original = Database.fetch
        event.listen(db.engine.sync_engine, "before_cursor_execute", note)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Database, "fetch", fetch)
            yield found
        event.remove(db.engine.sync_engine, "before_cursor_execute", note)

    return counting


async def settle() -> None:
    """Let tasks that are ready run."""
    for _ in range(5):
        await asyncio.sleep(0)

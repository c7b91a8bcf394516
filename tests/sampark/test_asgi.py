"""The whole application: numbers that no column holds, and addresses that lead nowhere."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.typing import FieldDefinition

from agent_ui import limits
from agent_ui.live import Gateway
from agent_ui.problems import camel
from core import events
from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.settings import Settings
from core.storage import Storage
from customers import service, sessions
from portal import auth
from portal.limits import Gate
from sampark.asgi import create_app
from sampark.runtime import Runtime
from sampark.wiring import Wiring
from staff import agents, permissions
from tests.channels.chat.talking import Desk, opened

SECRET = "test-secret-of-the-suite"
PASSWORD = "correct horse battery"
BASE = "http://desk.test"
NUMBERS = (str(10**30), str(2**63), str(-(10**30)))
LONGEST = "9" * 5000  # Python itself refuses to read this
READ_BY_HAND = ("before", "page", "s", "article", "product", "score", "topic", "after")
"""Queries that pages of the portal read themselves, so no signature tells of them."""
OTHERS = {"locale": "en", "mode": "note", "code": "en", "name": "a.png"}


@pytest.fixture
async def app(db: Database, settings: Settings, storage: Storage, clock: ManualClock) -> AsyncIterator[Litestar]:
    """The application as it is put together at start, with nobody connected."""
    runtime = Runtime(settings, db, storage, SECRET)
    before = events._handlers
    made = create_app(runtime, Wiring(runtime))
    made.state.live = Gateway(runtime)
    yield made
    events.subscribe(before)


class Everybody:
    """An administrator, a customer and a visitor of the widget, each signed in, to send requests as."""

    def __init__(self, app: Litestar) -> None:
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url=BASE)
        self.widget = ""
        self.visitor = ""

    async def sign_in(self, desk: Desk, db: Database) -> None:
        """All three."""
        async with unit_of_work(db) as session:
            await permissions.sync_roles(session)
            admin = agents.NewAgent(name="Admin", email="admin@desk.example", password=PASSWORD, role="admin")
            await agents.create(session, admin)
            asha = await service.find_or_create(session, "asha@customer.example")
            _, cookie = await sessions.start(session, asha.id, "asha@customer.example", "", "", 30)
        answer = await self.http.post("/api/session", json={"email": admin.email, "password": PASSWORD})
        self.http.headers["x-csrf-token"] = answer.json()["csrfToken"]
        self.http.headers["origin"] = BASE
        self.http.cookies.set(auth.COOKIE, cookie, domain="desk.test", path="/portal")
        self.widget = desk.widget.key
        word = {"clientId": "first-message", "text": "Hello", "beginning": {}}
        self.visitor = (await self.http.post(f"/widget/{self.widget}/messages", json=word)).json()["token"]

    async def ask(self, method: str, path: str) -> httpx.Response:
        """Send a request as whoever such an address is for."""
        headers = {"authorization": f"Bearer {self.visitor}"} if path.startswith("/widget") else {}
        return await self.http.request(method, path, headers=headers, json=None if method == "GET" else {})


@pytest.fixture
async def everybody(
    app: Litestar, db: Database, storage: Storage, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Everybody]:
    """The three of them; nobody is slowed down."""
    monkeypatch.setattr(limits.BUCKETS, "take", lambda *_: 0)
    monkeypatch.setattr(Gate, "wait", lambda *_: 0)
    made = Everybody(app)
    await made.sign_in(await opened(db, storage, clock), db)
    yield made
    await made.http.aclose()


def routes_of(app: Litestar) -> Iterator[tuple[str, HTTPRouteHandler, HTTPRoute]]:
    """(method, handler, route) of every address that HTTP reaches."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                yield from ((str(method), handler, route) for method in handler.http_methods - {"OPTIONS"})


def filled(route: HTTPRoute, number: str, everybody: Everybody) -> str:
    """A route's path with a number for each of its numbers."""
    path = route.path_format
    for name, parameter in route.path_parameters.items():
        value = number if parameter.type is int else everybody.widget if name == "key" else OTHERS.get(name, "x")
        path = path.replace(f"{{{name}}}", value)
    return path


def numbers_in_query(handler: HTTPRouteHandler, route: HTTPRoute) -> list[str]:
    """The names of a route's queries that are numbers, and those that pages read by hand."""
    fields = handler.parsed_fn_signature.parameters
    declared = [camel(name) for name, field in fields.items() if name not in route.path_parameters and is_number(field)]
    return [*declared, *(READ_BY_HAND if route.path.startswith("/portal") else ())]


def is_number(field: FieldDefinition) -> bool:
    """Whether a parameter of a handler is a whole number, or may be one."""
    return field.annotation is int or any(each.annotation is int for each in field.inner_types)


async def test_a_number_that_no_column_holds_breaks_nothing(app: Litestar, everybody: Everybody) -> None:
    """Every route with a number in its path or its query, asked with numbers of every size by who may ask.

    Nothing answers 500, and what is looked up by such a number is not there.
    """
    failed: list[str] = []
    asked = 0
    for method, handler, route in routes_of(app):
        paths = []
        if any(parameter.type is int for parameter in route.path_parameters.values()):
            paths += [
                filled(route, number, everybody) for number in (*NUMBERS, *([LONGEST] if method == "GET" else ()))
            ]
        if method == "GET":
            at = filled(route, "1", everybody)
            paths += [f"{at}?{name}={NUMBERS[0]}" for name in numbers_in_query(handler, route)]
        for path in paths:
            asked += 1
            answer = await everybody.ask(method, path)
            is_wrong = method == "GET" and "?" not in path and answer.status_code != 404
            if answer.status_code >= 500 or answer.status_code == 401 or is_wrong:
                failed.append(f"{answer.status_code} {method} {path[:120]}")
    assert failed == []
    assert asked > 500


@pytest.mark.parametrize(
    "path", ["/made-up", "/made-up/below.html", "/widget/made-up", "/static/made-up", "/files/a/b"]
)
async def test_an_address_that_leads_nowhere_shows_people_the_way(app: Litestar, path: str) -> None:
    """A browser gets a page that leads to the help centre and to the console; a program gets a document."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as client:
        page = await client.get(path, headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert "This page does not exist" in page.text
        assert 'href="/portal/en"' in page.text and 'href="/console"' in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        hindi = await client.get(path, headers={"accept": "text/html", "accept-language": "hi"})
        assert '<html lang="hi">' in hindi.text
        for answer in (await client.get(path), await client.post(path, headers={"accept": "text/html"})):
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["status"] == answer.status_code


async def test_the_api_tells_browsers_and_programs_the_same(app: Litestar) -> None:
    """Below /api there are documents only; below /portal pages only."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as client:
        for accept in ("text/html", "*/*"):
            answer = await client.get("/api/made-up", headers={"accept": accept})
            assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
            answer = await client.get("/portal/made-up", headers={"accept": accept})
            assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")

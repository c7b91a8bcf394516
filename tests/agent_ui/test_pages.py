"""The console's shell and files, the description of the API, health, metrics, and headers of every answer."""

import logging
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from litestar import Litestar, Router
from pydantic import SecretStr

from agent_ui import pages
from agent_ui.openapi import Description
from core.clock import ManualClock
from core.db import Database, unit_of_work
from tests import factories
from tests.agent_ui.conftest import Desk, Running


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A console as Vite leaves it, with one file compressed beside it."""
    folder = tmp_path / "console"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><script src='/static/console/assets/a-1.js'></script>")
    (folder / "assets" / "a-1.js").write_text("console.log(1)")
    (folder / "assets" / "a-1.js.br").write_bytes(b"brotli")
    (folder / ".stamp").write_text("secret")
    (tmp_path / "outside.txt").write_text("outside")
    monkeypatch.setattr(pages, "BUILT", folder)
    return folder


async def test_every_address_of_the_console_gives_the_shell(desk: Desk, built: Path) -> None:
    """Never kept by caches, under a policy without inline scripts."""
    for path in ("/console", "/console/", "/console/tickets/1001", "/console/a/b.c"):
        answer = await desk.anonymous.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.headers["cache-control"] == "no-store"
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]


async def test_built_files_are_kept_for_a_year(desk: Desk, built: Path) -> None:
    """Hashed files never change; what is compressed beside them is used by who takes it."""
    path = "/static/console/assets/a-1.js"
    plain = await desk.anonymous.get(path, headers={"accept-encoding": "identity"})
    assert (plain.text, plain.headers["cache-control"]) == ("console.log(1)", pages.YEAR)
    assert plain.headers["content-type"].startswith(("text/javascript", "application/javascript"))
    async with desk.anonymous.stream("GET", path, headers={"accept-encoding": "gzip, br"}) as small:
        assert small.headers["content-encoding"] == "br"
        assert b"".join([part async for part in small.aiter_raw()]) == b"brotli"
        assert small.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "path",
    ["assets/nothing.js", "../outside.txt", "%2e%2e/outside.txt", "assets/../../outside.txt", ".stamp", "assets",
     "assets/a-1.js.br", "assets/a%00b", "x" * 5000, ""],
)  # fmt: skip
async def test_other_files_do_not_exist(desk: Desk, built: Path, path: str) -> None:
    """No way out of the folder, no hidden files, no folders."""
    assert (await desk.anonymous.get(f"/static/console/{path}")).status_code == 404


async def test_a_console_that_is_not_built_says_so(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page for people instead of an empty window."""
    monkeypatch.setattr(pages, "BUILT", tmp_path / "nothing")
    answer = await desk.anonymous.get("/console/")
    assert answer.status_code == 503
    assert "make run" in answer.text


async def test_the_description_describes_what_there_is(desk: Desk) -> None:
    """OpenAPI names routes, inputs and the item union; the page is ours and loads nothing."""
    schema = (await desk.anonymous.get("/api/openapi.json")).json()
    assert "/api/tickets/{ticket_id}/replies" in schema["paths"]
    assert all(
        operation.get("summary")
        for item in schema["paths"].values()
        for method, operation in item.items()
        if method in ("get", "post", "put", "patch", "delete")
    )
    reply = schema["components"]["schemas"]["ReplyInput"]
    assert {"clientKey", "html", "lastSeen"} <= set(reply["properties"])
    page = await desk.anonymous.get("/api/docs")
    assert page.status_code == 200
    assert "<script" not in page.text and "//cdn" not in page.text
    assert "/api/tickets/{ticket_id}/replies" in page.text
    assert "script" not in page.headers["content-security-policy"]


async def test_the_description_leaves_the_log_alone(desk: Desk) -> None:
    """Making it builds a second application, which must not set up the log of the process anew."""
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    assert Description(lambda: Router("/", route_handlers=[])).schema["paths"] == {}
    assert (list(root.handlers), root.level) == before


async def test_a_charset_is_named_once(desk: Desk, built: Path) -> None:
    """Pages, numbers and health."""
    for path in ("/console/", "/api/docs", "/metrics", "/healthz"):
        answer = await desk.anonymous.get(path)
        assert answer.headers["content-type"].count("charset") == 1, path


async def test_an_unknown_address_says_so(desk: Desk) -> None:
    """A sentence for people, also where Litestar has none."""
    assert (await desk.anonymous.get("/api/nothing")).json()["detail"] == "There is nothing at this address."


async def test_every_answer_is_careful(desk: Desk) -> None:
    """Errors and pages alike: no sniffing, no framing, an id to find it in the log; API answers are never kept."""
    for path in ("/api/session", "/api/nothing", "/nowhere", "/healthz", "/api/docs"):
        answer = await desk.anonymous.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert answer.headers["x-frame-options"] == "DENY", path
        assert "content-security-policy" in answer.headers, path
        if path.startswith("/api/"):
            assert answer.headers["cache-control"] == "no-store", path
    given = await desk.anonymous.get("/healthz", headers={"x-request-id": "from-the-proxy-1"})
    assert given.headers["x-request-id"] == "from-the-proxy-1"
    evil = await desk.anonymous.get("/healthz", headers={"x-request-id": "a b<script>"})
    assert evil.headers["x-request-id"] != "a b<script>"


async def test_a_fault_of_ours_gives_nothing_away(
    desk: Desk, ticket: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """500 names the id under which it was written down, and nothing else."""

    async def broken(*_: object) -> None:
        raise RuntimeError("the secret is xyzzy")

    monkeypatch.setattr("tickets.counters.count_views", broken)
    answer = await desk.agent.http.get("/api/views")
    assert (answer.status_code, answer.json()["code"]) == (500, "unexpected")
    assert "xyzzy" not in answer.text  # no digits: the id of the request may have any
    assert answer.json()["requestId"] == answer.headers["x-request-id"]


async def test_health_tells_what_waits(desk: Desk, ticket: int, db: Database, clock: ManualClock) -> None:
    """Mailboxes, the oldest unassigned ticket, the oldest unsent reply; for leads, and as metrics."""
    async with unit_of_work(db) as session:
        box = await factories.mailbox(session)
    body = {"clientKey": "a1b2c3d4-0009", "html": "<p>Soon</p>", "force": True}
    await desk.agent.http.post(f"/api/tickets/{ticket}/replies", json=body)
    await desk.agent.http.patch(f"/api/tickets/{ticket}", json={"status": "open"})
    clock.advance(timedelta(minutes=10))
    health = (await desk.lead.http.get("/api/health/business")).json()
    assert [one["name"] for one in health["mailboxes"]] == [box.name]
    assert health["oldestUnassignedAt"] == "2026-03-02T09:00:00Z"
    assert health["oldestUnsentAt"] == "2026-03-02T09:00:05Z"
    assert (await desk.agent.http.get("/api/health/business")).status_code == 403
    metrics = (await desk.anonymous.get("/metrics")).text
    assert 'sampark_oldest_waiting_seconds{what="unassigned"} 600.0' in metrics
    assert 'route="/api/tickets/{ticket_id}/replies"' in metrics


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("10.1.2.3", {}, 200),
        ("::ffff:192.168.7.7", {}, 200),
        ("fd00::5", {"X-Forwarded-For": "10.9.9.9"}, 200),
        ("203.0.113.9", {}, 403),
        ("2001:db8::1", {}, 403),
        ("203.0.113.9", {"X-Forwarded-For": "127.0.0.1"}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, 403),  # through a proxy that is not listed
        ("127.0.0.1", {"X-Forwarded-For": "10.0.0.1, 203.0.113.9"}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "unknown"}, 403),
        ("10.0.0.9", [("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-For", "203.0.113.9")], 403),  # each its own line
        ("127.0.0.1", {"Forwarded": "for=10.0.0.1"}, 403),
        ("203.0.113.9", {"Authorization": "Bearer let-me-count"}, 200),
        ("203.0.113.9", {"Authorization": "Bearer let-me"}, 403),
        ("203.0.113.9", {"Authorization": "Bearer "}, 403),
    ],
)
async def test_metrics_are_read_from_inside_or_with_the_token(
    app: Litestar, runtime: Running, peer: str, headers: dict[str, str], status: int
) -> None:
    """Loopback and private networks by default; everybody else needs the token that the settings name."""
    runtime.settings = runtime.settings.model_copy(update={"metrics_token": SecretStr("let-me-count")})
    transport = httpx.ASGITransport(app, client=(peer, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://desk.test") as http:
        answer = await http.get("/metrics", headers=headers)
        assert answer.status_code == status
        assert ("sampark_http_requests_total" in answer.text) is (status == 200)
        runtime.settings = runtime.settings.model_copy(update={"metrics_token": SecretStr(""), "metrics_networks": ()})
        assert (await http.get("/metrics", headers=headers)).status_code == 403


async def test_ready_means_that_the_database_answers(desk: Desk, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process alone is alive; without its database it is not ready."""
    assert (await desk.anonymous.get("/healthz")).text == "ok"
    assert (await desk.anonymous.get("/readyz")).json()["status"] == "ready"

    def broken() -> None:
        raise OSError("gone")

    monkeypatch.setattr(db, "sessions", broken)
    answer = await desk.anonymous.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")

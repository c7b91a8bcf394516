"""Every route × every role, anonymous and the other team included: who gets in, and who learns nothing."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

from agent_ui.auth import PUBLIC, Requires
from core.db import Database, unit_of_work
from knowledge_base import writing
from knowledge_base.writing import Properties, Text
from staff.permissions import ROLES
from tests.agent_ui.conftest import Desk
from tickets import drafts
from tickets.models import Attachment, Delivery, Message
from tickets.reply import ReplyContent, reply

Route = tuple[str, str, str]

KB = "/api/kb/articles/{article_id}/translations/{locale}"
BODIES: dict[tuple[str, str], Any] = {
    ("PATCH", "/api/me"): {},
    ("PUT", "/api/me/presence"): {"state": "busy"},
    ("POST", "/api/me/hand-over"): {"ticketIds": []},
    ("PUT", "/api/board/agents/{agent_id}/presence"): {"state": "busy"},
    ("POST", "/api/board/agents/{agent_id}/hand-over"): {"ticketIds": []},
    ("POST", "/api/presence-reasons"): {"name": "Errand"},
    ("PATCH", "/api/presence-reasons/{reason_id}"): {"name": "Errand"},
    ("PUT", "/api/presence-reasons/order"): {"ids": []},
    ("PUT", "/api/settings/presence"): {},
    ("POST", "/api/wallboards"): {"name": "Hall"},
    ("POST", "/api/tickets"): {"subject": "Hello", "customerEmail": "new@customer.example", "html": "<p>Hi</p>"},
    ("PATCH", "/api/tickets/{ticket_id}"): {"priority": "high"},
    ("POST", "/api/tickets/{ticket_id}/replies"): {"clientKey": "key-12345", "html": "<p>Yes</p>", "force": True},
    ("POST", "/api/tickets/{ticket_id}/notes"): {"clientKey": "key-54321", "html": "<p>Hm</p>"},
    ("PUT", "/api/tickets/{ticket_id}/drafts/{mode}"): {"html": "<p>…</p>", "revision": 5},
    ("POST", "/api/deliveries/{delivery_id}/retry"): {},
    ("POST", "/api/tickets/{ticket_id}/split"): {"messageId": 999_999},
    ("POST", "/api/tickets/{ticket_id}/block-sender"): {"reason": "spam"},
    ("PUT", "/api/tickets/{ticket_id}/product"): {"registrationId": None},
    ("PATCH", "/api/customers/{customer_id}"): {"vip": True},
    ("PUT", "/api/organisations/{organisation_id}"): {"tier": "Gold"},
    ("POST", "/api/tickets/{ticket_id}/promises"): {"text": "I call", "dueAt": "2026-03-03T09:00:00Z"},
    ("PUT", "/api/promises/{promise_id}"): {"text": "I call", "dueAt": "2026-03-03T09:00:00Z"},
    ("POST", "/api/tickets/{ticket_id}/macros/{macro_id}"): {},
    ("POST", "/api/search/synonyms"): {"words": ["lamp", "light"]},
    ("PUT", "/api/search/synonyms/{synonym_id}"): {"words": ["lamp", "bulb"]},
    ("POST", "/api/search/stop-words"): {"word": "please"},
    ("POST", "/api/tickets/{ticket_id}/chat/transcript"): {"email": "asha@customer.example"},
    ("POST", "/api/widgets"): {"name": "Another shop"},
    ("PATCH", "/api/widgets/{widget_id}"): {"hue": 20},
    ("POST", "/api/people"): {"name": "Asha", "email": "asha@desk.example", "password": "correct horse battery"},
    ("PATCH", "/api/people/{agent_id}"): {"capacity": 3},
    ("PUT", "/api/people/{agent_id}/password"): {"password": "correct horse battery"},
    ("POST", "/api/teams"): {"name": "Second line"},
    ("PATCH", "/api/teams/{team_id}"): {"name": "Second line"},
    ("POST", "/api/blocked-senders"): {"pattern": "@spam.example"},
    ("POST", "/api/products"): {"sku": "A", "name": "Lamp"},
    ("POST", "/api/products/warranty-rules"): {"name": "A year", "months": 12},
    ("PUT", "/api/products/priorities"): {"priorities": {}},
    ("POST", "/api/api-keys"): {"name": "Shop", "scopes": ["products:read"]},
    ("PUT", "/api/orders/{external_id}"): {"orderedOn": "2026-03-02", "customerEmail": "new@customer.example"},
    ("POST", "/api/kb/categories"): {"names": {"en": "Shelf"}},
    ("PATCH", "/api/kb/categories/{category_id}"): {"position": 3},
    ("PUT", "/api/kb/categories/order"): {"places": []},
    ("POST", "/api/kb/articles"): {"locale": "en", "title": "Another"},
    ("PATCH", "/api/kb/articles/{article_id}"): {"tags": ["x"]},
    ("POST", "/api/kb/articles/preview"): {"body": "# Hi"},
    ("POST", KB): {"title": "Titel", "body": "x"},
    ("PUT", KB): {"title": "New", "body": "y"},
    ("PUT", f"{KB}/slug"): {"slug": "new-address"},
    ("POST", f"{KB}/return"): {},
    ("POST", f"{KB}/approve"): {"versionId": 999_999},
    ("POST", f"{KB}/unpublish"): {},
    ("POST", f"{KB}/restore"): {"versionId": 999_999},
    ("POST", "/api/tickets/{ticket_id}/articles"): {"articleId": 999_999, "how": "link", "locale": "en"},
    ("POST", "/api/kb/paste"): {"html": "<p>Hi</p>"},
    ("POST", "/api/kb/tasks/{task_id}/resolve"): {},
    ("POST", "/api/kb/articles/{article_id}/tasks"): {"text": "Wrong picture", "locale": "en"},
    ("POST", "/api/kb/announcements"): {"titles": {"en": "Late deliveries"}},
    ("PATCH", "/api/kb/announcements/{announcement_id}"): {},
    ("POST", "/api/kb/announcements/{announcement_id}/tickets"): {"ticketId": 999_999},
    ("POST", "/api/routing/queues"): {"name": "Chats"},
    ("PUT", "/api/routing/queues/{queue_id}"): {"name": "Chats"},
    ("POST", "/api/routing/skills"): {"name": "French"},
    ("PATCH", "/api/routing/skills/{skill_id}"): {"name": "French"},
    ("PUT", "/api/routing/agents/{agent_id}"): {"skills": []},
    ("PUT", "/api/routing/kinds/{kind}"): {},
    ("PUT", "/api/tickets/{ticket_id}/needs"): {"skills": []},
    ("POST", "/api/tickets/{ticket_id}/move"): {"queueId": 999_999},
    ("POST", "/api/offers/{offer_id}/reject"): {"reason": "Not mine"},
    ("PUT", "/api/kb/options"): {"fallback": "hide", "needsSecondPerson": True, "reviewMonths": 6},
}
PRODUCT_IDS = (
    "product_id",
    "rule_id",
    "registration_id",
    "claim_id",
    "recall_id",
    "case_id",
    "key_id",
    "proof_id",
    "policy_id",
    "webhook_id",
    "external_id",
)
MAY_CONFLICT = {"/api/deliveries/{delivery_id}/retry", "/api/ledger/{item_id}/reprocess"}


def routes_of(app: Litestar) -> Iterator[Route]:
    """(method, path, permission) of every route that asks for one."""
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        for handler in route.route_handlers:
            asked = [guard.permission for guard in handler.resolve_guards() if isinstance(guard, Requires)]
            for method in handler.http_methods - {"OPTIONS"}:
                if (method, route.path) not in PUBLIC:
                    assert len(asked) == 1, f"{method} {route.path} asks for {asked}"
                    yield str(method), route.path_format, asked[0]


@pytest.fixture
async def things(db: Database, desk: Desk, ticket: int) -> dict[str, Any]:
    """Something of the first team for every parameter of a path."""
    async with unit_of_work(db, desk.agent.actor) as session:
        sent = await reply(session, ticket, ReplyContent(client_key="first-one", html="<p>Hello</p>"))
        await session.flush()
        file = Attachment(
            message_id=sent.id, name="a.png", content_type="image/png", size=3, sha256="x", storage_key="no/such",
            created_at=sent.created_at,
        )  # fmt: skip
        session.add(file)
        await drafts.save(session, ticket, "note", "<p>x</p>", 1)
        article = await writing.create(session, "en", Text(title="Filter", body="Wash it."), Properties())
        await session.flush()
        sending = (await session.execute(Delivery.__table__.select())).one()
        first = (await session.execute(Message.__table__.select().order_by(Message.id))).first()
        assert first is not None
        return {
            "ticket_id": ticket,
            "delivery_id": sending.id,
            "attachment_id": file.id,
            "message_id": sent.id,
            "customer_id": first.author_customer_id,
            "item_id": 999_999,
            "job_id": 999_999,
            "macro_id": 999_999,
            "mailbox_id": 999_999,
            "agent_id": 999_999,
            "team_id": 999_999,
            "widget_id": 999_999,
            "blocked_id": 999_999,
            "request_id": 999_999,
            "mode": "note",
            "article_id": article.id,
            "category_id": 999_999,
            "task_id": 999_999,
            "announcement_id": 999_999,
            "waiting_id": 999_999,
            "locale": "en",
            "version_id": 999_999,
            "other_id": 999_999,
            "brand_id": 999_999,
            "reason_id": 999_999,
            "wallboard_id": 999_999,
            "key": "no-topic",
            "queue_id": 999_999,
            "skill_id": 999_999,
            "offer_id": 999_999,
            "kind": "no-kind",
            "synonym_id": 999_999,
            "word": "please",
            "organisation_id": 999_999,
            "promise_id": 999_999,
            **dict.fromkeys(PRODUCT_IDS, 999_999),
        }


async def call(http: httpx.AsyncClient, method: str, path: str, things: dict[str, Any]) -> httpx.Response:
    """Ask a route with the things in its path."""
    filled = path
    for name, value in things.items():
        filled = filled.replace("{" + name + "}", str(value))
    if path == "/api/uploads" or path.endswith(("/files", "/kb/import")):
        return await http.post(filled, files={"file": ("a.txt", b"hello", "text/plain")})
    return await http.request(method, filled, json=BODIES.get((method, path)))


async def test_strangers_get_nowhere(app: Litestar, desk: Desk, things: dict[str, Any]) -> None:
    """Without a session every route that asks for a permission says 401, before it looks at anything else."""
    found = list(routes_of(app))
    assert len(found) > 30
    for method, path, _ in found:
        answer = await call(desk.anonymous, method, path, things)
        assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in"), (method, path)


@pytest.mark.parametrize("role", ROLES)
async def test_roles_get_what_they_hold_and_no_more(
    app: Litestar, desk: Desk, things: dict[str, Any], role: str
) -> None:
    """403 exactly where the role lacks the permission."""
    person = {"admin": desk.admin, "lead": desk.lead, "agent": desk.agent}[role]
    for method, path, permission in sorted(routes_of(app), key=lambda route: "session" in route[1]):
        if (method, path) in {("DELETE", "/api/session"), ("DELETE", "/api/session/all")}:
            continue
        answer = await call(person.http, method, path, things)
        allowed = permission in ROLES[role]
        assert (answer.status_code == 403) is not allowed, (method, path, answer.text)
        assert answer.status_code < 500, (method, path, answer.text)


async def test_tickets_of_another_team_do_not_exist(app: Litestar, desk: Desk, things: dict[str, Any]) -> None:
    """404 for everything that hangs on a ticket: not 403, which would say that there is one."""
    hanging = ("{ticket_id}", "{delivery_id}", "{attachment_id}", "{message_id}")
    asked = [route for route in routes_of(app) if any(part in route[1] for part in hanging)]
    assert len(asked) >= 15
    for method, path, permission in asked:
        if permission not in ROLES["agent"]:
            continue
        answer = await call(desk.stranger.http, method, path, things)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), (method, path, answer.text)
    listed = (await desk.stranger.http.get("/api/tickets")).json()["items"]
    found = (await desk.stranger.http.get("/api/search", params={"q": "Question"})).json()["tickets"]
    counts = {view["key"]: view["count"] for view in (await desk.stranger.http.get("/api/views")).json()}
    theirs = (await desk.stranger.http.get(f"/api/customers/{things['customer_id']}")).json()["tickets"]
    assert (listed, found, theirs) == ([], [], [])
    assert not any(counts.values())


async def test_an_unexpected_id_is_not_found(desk: Desk) -> None:
    """Ids beyond the database's numbers, negative ones and words are refused politely."""
    for path in ("/api/tickets/99999999999999999999", "/api/tickets/-1", "/api/tickets/abc", "/api/nothing"):
        answer = await desk.agent.http.get(path)
        assert answer.status_code in (404, 422), (path, answer.text)
        assert answer.headers["content-type"].startswith("application/problem+json")

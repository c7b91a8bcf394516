"""The API of products: the catalogue, registrations of a shop with its key, claims, recalls, orders, imports."""

from datetime import date
from typing import Any

import httpx
import pytest
from litestar import Litestar

from core.db import Database, unit_of_work
from core.storage import Storage
from products import registering
from staff import api_keys
from tests.agent_ui.conftest import BASE, Desk
from tests.products import rows

FRIDGE = {
    "sku": "TF-260", "name": "TF-260 Frost", "family": "fridge", "serialMasks": "@@######", "serialExample": "TF123456",
}  # fmt: skip
RULE = {"name": "Two years", "months": 24, "family": "fridge", "covers": "Parts and labour"}
BOUGHT = {
    "sku": "TF-260", "serial": "tf-123 456", "purchasedOn": "2026-01-15", "customerEmail": "asha@customer.example",
    "customerName": "Asha Rao", "externalId": "R-1",
}  # fmt: skip


async def with_catalogue(desk: Desk) -> int:
    """A fridge with a rule, made over the API; returns its id."""
    made = await desk.admin.http.post("/api/products", json=FRIDGE)
    assert made.status_code == 201, made.text
    rule = await desk.admin.http.post("/api/products/warranty-rules", json=RULE)
    assert rule.status_code == 201, rule.text
    found: int = made.json()["id"]
    return found


@pytest.fixture
async def shop(app: Litestar, desk: Desk) -> httpx.AsyncClient:
    """The shop system with a key of its own."""
    scopes = ["products:read", "products:register", "orders:write"]
    made = await desk.admin.http.post("/api/api-keys", json={"name": "Web shop", "scopes": scopes})
    assert made.status_code == 201, made.text
    headers = {"Authorization": f"Bearer {made.json()['token']}"}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=BASE, headers=headers)


async def test_a_shop_registers_with_its_key_and_may_say_it_twice(desk: Desk, shop: httpx.AsyncClient) -> None:
    """No cookie and no CSRF token; 201 once, then 200 with the same; the warranty is in the answer."""
    await with_catalogue(desk)
    first = await shop.post("/api/products/registrations", json=BOUGHT)
    assert first.status_code == 201, first.text
    line = first.json()["registration"]
    assert (line["serial"], line["warrantyUntil"], line["state"], line["source"]) == (
        "TF123456", "2028-01-15", "in_warranty", "api"
    )  # fmt: skip
    again = await shop.post("/api/products/registrations", json=BOUGHT)
    assert (again.status_code, again.json()["registration"]["id"]) == (200, line["id"])
    other = BOUGHT | {"customerEmail": "bina@customer.example", "externalId": "R-2"}
    taken = await shop.post("/api/products/registrations", json=other)
    assert (taken.status_code, taken.json()["code"]) == (409, "serial-taken")
    wrong = await shop.post("/api/products/registrations", json=BOUGHT | {"serial": "TF1", "externalId": "R-3"})
    assert wrong.status_code == 422
    assert [each["reason"] for each in wrong.json()["errors"]] == ["serial_length"]


async def test_a_key_opens_what_it_was_made_for_and_nothing_else(
    desk: Desk, shop: httpx.AsyncClient, db: Database
) -> None:
    """Not tickets, not keys, not the session; revoked it opens nothing; only its hash is kept."""
    for path, status in (("/api/products", 200), ("/api/tickets", 403), ("/api/api-keys", 403), ("/api/session", 403)):
        assert (await shop.get(path)).status_code == status, path
    (key,) = (await desk.admin.http.get("/api/api-keys")).json()
    assert key["lastUsedAt"] is not None
    token = shop.headers["Authorization"].removeprefix("Bearer ")
    assert token.startswith(key["prefix"]) and token not in str(key)
    async with unit_of_work(db) as session:
        assert (await api_keys.every(session))[0].key_hash == api_keys.key_hash(token)
    await desk.admin.http.delete(f"/api/api-keys/{key['id']}")
    assert (await shop.get("/api/products")).status_code == 401
    shop.headers["Authorization"] = "Bearer spk_nobody"
    assert (await shop.get("/api/products")).status_code == 401


async def test_a_cookie_beside_a_key_does_not_count(desk: Desk, shop: httpx.AsyncClient) -> None:
    """A page that gets a browser to send a wrong key gains nothing from the agent's session, and the other way round."""
    answer = await desk.admin.http.get("/api/tickets", headers={"Authorization": "Bearer spk_nobody"})
    assert answer.status_code == 401
    with_key = await desk.admin.http.get("/api/tickets", headers=dict(shop.headers))
    assert with_key.status_code == 403


async def test_orders_are_told_and_stand_on_the_customers_record(desk: Desk, shop: httpx.AsyncClient) -> None:
    """POST makes it, the same again is 200, PUT tells what became of it; the record has products and orders."""
    await with_catalogue(desk)
    await shop.post("/api/products/registrations", json=BOUGHT)
    order: dict[str, Any] = {
        "externalId": "TO-1", "customerEmail": "asha@customer.example", "orderedOn": "2026-01-10",
        "lines": [{"text": "Fridge", "sku": "TF-260", "unitPrice": 2_799_000}],
    }  # fmt: skip
    assert (await shop.post("/api/orders", json=order)).status_code == 201
    assert (await shop.post("/api/orders", json=order)).status_code == 200
    del order["externalId"]
    told = await shop.put("/api/orders/TO-1", json=order | {"status": "delivered", "deliveredOn": "2026-01-14"})
    assert (told.status_code, told.json()["status"], told.json()["total"]) == (200, "delivered", 2_799_000)
    owner = told.json()["customerId"]
    record = (await desk.agent.http.get(f"/api/products/registrations/of-customer/{owner}")).json()
    assert [each["serial"] for each in record["registrations"]] == ["TF123456"]
    assert [each["deliveredOn"] for each in record["orders"]] == ["2026-01-14"]
    assert (await shop.get("/api/orders/TO-9")).status_code == 404


async def test_an_agent_puts_facts_right_and_grants_months(desk: Desk, shop: httpx.AsyncClient) -> None:
    """Another date computes the warranty anew; months on top; a stale version is refused; the history is there."""
    await with_catalogue(desk)
    number = (await shop.post("/api/products/registrations", json=BOUGHT)).json()["registration"]["id"]
    http, path = desk.agent.http, f"/api/products/registrations/{number}"
    changed = await http.patch(path, json={"purchasedOn": "2026-01-31"}, headers={"If-Match": '"v1"'})
    assert changed.json()["registration"]["warrantyUntil"] == "2028-01-31"
    assert (await http.patch(path, json={"seller": "X"}, headers={"If-Match": '"v1"'})).status_code == 412
    more = await http.post(f"{path}/extensions", json={"kind": "bought", "months": 12, "reason": "Care plan"})
    assert more.json()["registration"]["contractUntil"] == "2029-01-31"
    assert [each["reason"] for each in more.json()["extensions"]] == ["Care plan"]
    bill = {"file": ("bill.pdf", rows.BILL, "application/pdf")}
    proof = (await http.post(f"{path}/proofs", files=bill)).json()[0]
    shown = await http.get(f"/api/products/proofs/{proof['id']}")
    assert shown.content == rows.BILL and shown.headers["content-disposition"].startswith("attachment")
    program = {"file": ("bill.pdf", b"MZ\x90\x00 program", "application/pdf")}
    assert (await http.post(f"{path}/proofs", files=program)).status_code == 422
    detail = (await http.get(path)).json()
    assert [each["how"] for each in detail["owners"]] == ["registered"]
    assert (await http.post(f"{path}/recompute")).json()["registration"]["version"] == 4
    ended = await http.post(f"{path}/end", json={"reason": "Given back"})
    assert ended.json()["registration"]["endedBecause"] == "Given back"


async def test_a_claim_is_decided_once(desk: Desk, db: Database, storage: Storage) -> None:
    """A lead sees both purchases and both proofs; the second decision is refused."""
    async with unit_of_work(db) as session:
        asha, bina = await rows.person(session), await rows.person(session, "Bina Das")
        one = await rows.registered(session, asha)
        await registering.register(session, rows.wanted(one.product_id, bina), [await rows.bill(storage)])
    (line,) = (await desk.lead.http.get("/api/products/claims")).json()
    assert (line["claimant"], line["owner"]) == ("Bina Das", "Asha Rao")
    seen = (await desk.lead.http.get(f"/api/products/claims/{line['id']}")).json()
    assert [len(seen["proofs"]), len(seen["ownerProofs"])] == [1, 0]
    path = f"/api/products/claims/{line['id']}/decision"
    assert (await desk.lead.http.post(path, json={"approve": False})).status_code == 422
    done = await desk.lead.http.post(path, json={"approve": True, "reason": "The bill names her."})
    assert done.json()["claim"]["state"] == "approved"
    assert (await desk.lead.http.post(path, json={"approve": True})).status_code == 409
    assert (await desk.lead.http.get("/api/products/claims")).json() == []


async def test_a_recall_is_written_started_and_worked_through(desk: Desk, shop: httpx.AsyncClient) -> None:
    """A draft says whom it would reach; started, its cases are listed and moved; an agent may look, a lead may act."""
    product = await with_catalogue(desk)
    await shop.post("/api/products/registrations", json=BOUGHT)
    body = {"title": "Hot cable", "text": "Pull the plug.", "productId": product, "ranges": [["TF100000", "TF200000"]]}
    assert (await desk.agent.http.post("/api/products/recalls", json=body)).status_code == 403
    draft = (await desk.lead.http.post("/api/products/recalls", json=body)).json()
    assert (draft["state"], draft["matching"]) == ("draft", 1)
    path = f"/api/products/recalls/{draft['id']}"
    words = {"hi": {"title": "गरम तार", "text": "प्लग निकालें।"}}
    changed = (await desk.lead.http.put(path, json=body | {"title": "Hot cables", "words": words})).json()
    assert (draft["words"], changed["words"]) == ({}, words)
    started = (await desk.lead.http.post(f"{path}/start")).json()
    assert (changed["title"], started["progress"]["to_contact"], started["matching"]) == ("Hot cables", 1, None)
    (case,) = (await desk.agent.http.get(f"{path}/cases?state=to_contact")).json()["items"]
    moved = await desk.lead.http.patch(
        f"/api/products/recalls/cases/{case['id']}", json={"state": "done", "note": "Ok"}
    )
    assert moved.status_code in {200, 204}
    assert (await desk.agent.http.get(path)).json()["progress"]["done"] == 1
    assert (await desk.lead.http.post(f"{path}/close")).json()["state"] == "closed"


async def test_a_file_is_tried_before_it_goes_in(desk: Desk) -> None:
    """A dry run by default; then the same numbers for good; wrong rows come back as a file."""
    text = b"sku,name,serial_masks,serial_example\nA,Lamp,,\nB,Oven,@@##,X\n"
    form = {"file": ("catalogue.csv", text, "text/csv")}
    tried = await desk.admin.http.post("/api/products/import", data={"kind": "catalogue"}, files=form)
    assert tried.status_code == 200, tried.text
    assert (tried.json()["dryRun"], tried.json()["created"], tried.json()["failed"]) == (True, 1, 1)
    assert (await desk.admin.http.get("/api/products")).json() == []
    real = await desk.admin.http.post(
        "/api/products/import", data={"kind": "catalogue", "dry_run": "false"}, files=form
    )
    assert real.json()["problems"][0]["field"] == "serialExample"
    assert "B,Oven" in real.json()["errorsFile"]
    assert [each["sku"] for each in (await desk.admin.http.get("/api/products")).json()] == ["A"]


async def test_a_ticket_shows_frozen_and_present_entitlement(desk: Desk, ticket: int, db: Database) -> None:
    """Choosing a product leaves what was frozen; applying it is an act of its own; lists show the state."""
    async with unit_of_work(db) as session:
        one = await rows.registered(session, await rows.person(session), purchased_on=date(2026, 1, 15))
    http = desk.agent.http
    chosen = await http.put(f"/api/tickets/{ticket}/product", json={"registrationId": one.id})
    assert chosen.status_code == 200, chosen.text
    seen = chosen.json()
    assert (seen["entitlement"], seen["product"]["state"], seen["product"]["serial"]) == (
        "none",
        "in_warranty",
        "TF123456",
    )
    applied = (await http.post(f"/api/tickets/{ticket}/entitlement")).json()
    assert (applied["entitlement"], applied["entitlementUntil"]) == ("in_warranty", "2028-01-15")
    (row,) = (await http.get("/api/tickets")).json()["items"]
    assert row["entitlement"] == "in_warranty"


async def test_priorities_by_entitlement_are_set(desk: Desk) -> None:
    """What is named is kept, an unknown word is refused."""
    path = "/api/products/priorities"
    body = {"priorities": {"in_warranty": "high", "expired": "low"}}
    assert (await desk.admin.http.put(path, json=body)).json() == body
    assert (await desk.agent.http.get(path)).json() == body
    assert (await desk.admin.http.put(path, json={"priorities": {"gold": "high"}})).status_code in {400, 422}

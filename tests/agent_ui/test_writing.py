"""Replies, notes, drafts, undo and files over HTTP."""

import hashlib
from datetime import timedelta
from typing import Any

from channels.models import InboundItem, InboundRaw
from core.clock import ManualClock
from core.db import Database, unit_of_work
from staff import macros
from tests import factories
from tests.agent_ui.conftest import Desk

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


async def last_seen(desk: Desk, ticket: int) -> str:
    """What the author has on her screen."""
    return (await desk.agent.http.get(f"/api/tickets/{ticket}")).json()["lastEventId"]


async def test_the_same_reply_twice_is_one_reply(desk: Desk, ticket: int) -> None:
    """A repeat with the same key gives the same item."""
    body = {"clientKey": "a1b2c3d4-0001", "html": "<p>On its way</p>", "lastSeen": await last_seen(desk, ticket)}
    first = await desk.agent.http.post(f"/api/tickets/{ticket}/replies", json=body | {"status": "pending"})
    assert first.status_code == 201, first.text
    second = await desk.agent.http.post(f"/api/tickets/{ticket}/replies", json=body)
    assert second.status_code in (200, 201)
    assert second.json()["item"] == first.json()["item"]
    assert first.json()["item"]["to"] == [{"name": "Asha Rao", "address": "asha@customer.example"}]
    assert (first.json()["ticket"]["status"], first.json()["ticket"]["messageCount"]) == ("pending", 2)
    timeline = (await desk.agent.http.get(f"/api/tickets/{ticket}")).json()["timeline"]
    assert [item["kind"] for item in timeline if item["type"] == "message"] == ["customer", "agent"]


async def test_a_stale_reply_is_told_what_is_new(desk: Desk, ticket: int, db: Database) -> None:
    """409 with the messages that the author has not seen; insisting sends."""
    seen = await last_seen(desk, ticket)
    async with unit_of_work(db) as session:
        newer = await factories.received(session, token_ticket_id=ticket, text="Never mind, it works again.")
    body = {"clientKey": "a1b2c3d4-0002", "html": "<p>Try this</p>", "lastSeen": seen}
    refused = await desk.agent.http.post(f"/api/tickets/{ticket}/replies", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "stale-reply")
    assert [item["id"] for item in refused.json()["newItems"]] == [newer.message_id]
    assert refused.json()["newItems"][0]["type"] == "message"
    assert refused.json()["lastEventId"] == str(newer.message_id)
    sent = await desk.agent.http.post(f"/api/tickets/{ticket}/replies", json=body | {"force": True})
    assert sent.status_code == 201, sent.text


async def test_a_note_stays_inside(desk: Desk, ticket: int) -> None:
    """A note is an item of its own kind without recipients or delivery; who is mentioned finds it."""
    body = {"clientKey": "a1b2c3d4-0003", "html": "<p>Careful, @Lead</p>", "mentions": [desk.lead.id]}
    item = (await desk.agent.http.post(f"/api/tickets/{ticket}/notes", json=body)).json()["item"]
    assert item["type"] == "note"
    assert not {"to", "delivery"} & set(item)
    found = (await desk.lead.http.get("/api/tickets", params={"view": "mentions"})).json()["items"]
    assert [row["id"] for row in found] == [ticket]
    assert (await desk.agent.http.get("/api/tickets", params={"view": "mentions"})).json()["items"] == []


async def test_undo_gives_the_text_back_as_a_draft(desk: Desk, ticket: int) -> None:
    """The reply is cancelled, its text is in the draft."""
    body = {"clientKey": "a1b2c3d4-0004", "html": "<p>Oops</p>", "lastSeen": await last_seen(desk, ticket)}
    sent = (await desk.agent.http.post(f"/api/tickets/{ticket}/replies", json=body)).json()["item"]
    path = f"/api/deliveries/{sent['delivery']['id']}"
    undone = await desk.agent.http.post(f"{path}/undo")
    assert undone.status_code == 200, undone.text
    assert "Oops" in undone.json()["draft"]["html"]
    assert undone.json()["item"]["delivery"]["state"] == "cancelled"
    late = await desk.agent.http.post(f"{path}/undo")
    assert (late.status_code, late.json()["code"]) == (409, "too-late")
    assert (await desk.agent.http.post(f"{path}/retry", json={})).status_code == 409


async def test_drafts_are_kept_per_agent_and_mode(desk: Desk, ticket: int) -> None:
    """An older revision loses; another agent sees nothing of it; the view "drafts" finds it."""
    path = f"/api/tickets/{ticket}/drafts/reply"
    await desk.agent.http.put(path, json={"html": "<p>two</p>", "revision": 2})
    kept = (await desk.agent.http.put(path, json={"html": "<p>one</p>", "revision": 1})).json()
    assert (kept["html"], kept["revision"]) == ("<p>two</p>", 2)
    assert (await desk.lead.http.get(f"/api/tickets/{ticket}/drafts")).json() == []
    row = (await desk.agent.http.get("/api/tickets", params={"view": "drafts"})).json()["items"][0]
    assert row["hasDraft"] is True
    assert (await desk.agent.http.delete(path, params={"revision": 1})).status_code == 204
    assert len((await desk.agent.http.get(f"/api/tickets/{ticket}")).json()["drafts"]) == 1
    assert (await desk.agent.http.delete(path, params={"revision": 2})).status_code == 204
    assert (await desk.agent.http.get(f"/api/tickets/{ticket}/drafts")).json() == []
    wrong = await desk.agent.http.put(f"/api/tickets/{ticket}/drafts/poem", json={"html": "", "revision": 1})
    assert wrong.status_code == 404


async def test_an_uploaded_file_goes_out_safely(desk: Desk, ticket: int) -> None:
    """Only the uploader sees it before it is sent; then the ticket decides; HTML is never shown in place."""
    form = {"file": ('böse "x".html', b"<script>alert(1)</script>", "text/html")}
    made = await desk.agent.http.post("/api/uploads", files=form)
    assert made.status_code == 201, made.text
    url = f"/api/attachments/{made.json()['id']}"
    assert (await desk.lead.http.get(url)).status_code == 404
    body = {"clientKey": "a1b2c3d4-0005", "html": "<p>see file</p>", "attachmentIds": [made.json()["id"]]}
    note = (await desk.agent.http.post(f"/api/tickets/{ticket}/notes", json=body)).json()["item"]
    assert [file["id"] for file in note["attachments"]] == [made.json()["id"]]
    got = await desk.lead.http.get(url)
    assert got.content == b"<script>alert(1)</script>"
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-disposition"].startswith("attachment;")
    assert "b%C3%B6se%20%22x%22.html" in got.headers["content-disposition"]
    assert "sandbox" in got.headers["content-security-policy"]
    assert got.headers["x-content-type-options"] == "nosniff"
    assert (await desk.stranger.http.get(url)).status_code == 404


async def test_files_that_are_gone_are_named(desk: Desk, ticket: int) -> None:
    """The refusal has their numbers, so that the console can say which; the others are not used up by it."""
    files = {"file": ("kept.txt", b"x", "text/plain")}
    kept = (await desk.agent.http.post("/api/uploads", files=files)).json()["id"]
    body = {"clientKey": "note-gone-1", "html": "<p>See</p>", "attachmentIds": [kept, kept + 7, kept + 8]}
    refused = await desk.agent.http.post(f"/api/tickets/{ticket}/notes", json=body)
    assert (refused.status_code, refused.json()["gone"]) == (422, [kept + 7, kept + 8])
    body["attachmentIds"] = [kept]
    assert (await desk.agent.http.post(f"/api/tickets/{ticket}/notes", json=body)).status_code == 201


async def test_a_files_name_stays_on_its_line(desk: Desk) -> None:
    """Folders and line breaks of a name are dropped, so that it fits into a list and a mail's header."""
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a/../c%0D%0Ad.txt"\r\n\r\nx\r\n--b--\r\n'
    headers = {"content-type": "multipart/form-data; boundary=b"}
    made = await desk.agent.http.post("/api/uploads", content=form, headers=headers)
    assert made.json()["name"] == "c  d.txt"


async def test_an_image_is_shown_in_place(desk: Desk) -> None:
    """Raster images are; a drawing that can hold scripts, or what only calls itself an image, is not."""
    drawing = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    for name, content, shown in (
        ("a.png", PNG, "inline"),
        ("a.svg", drawing, "attachment"),
        ("b.png", drawing, "attachment"),
        ("c.png", b"xyz", "attachment"),
    ):
        form = {"file": (name, content, "image/png")}
        made = (await desk.agent.http.post("/api/uploads", files=form)).json()
        got = await desk.agent.http.get(made["url"])
        assert got.headers["content-disposition"].startswith(shown)


async def test_a_file_that_is_too_large_is_refused(desk: Desk, runtime) -> None:
    """413, not a fault of ours, and nothing is kept."""
    big = b"x" * (runtime.settings.max_upload_bytes + 1)
    answer = await desk.agent.http.post("/api/uploads", files={"file": ("big.bin", big, "application/zip")})
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    empty = await desk.agent.http.post("/api/uploads", files={"file": ("no.txt", b"", "text/plain")})
    assert empty.status_code == 422
    missing = await desk.agent.http.post("/api/uploads", files={"document": ("no.txt", b"x", "text/plain")})
    assert missing.status_code == 422
    large_json = await desk.agent.http.patch("/api/me", json={"signature": "x" * 5_000_000})
    assert large_json.status_code == 413


async def test_the_original_of_a_message_can_be_saved(desk: Desk, db: Database) -> None:
    """The bytes of the ledger, as a file; a message without an original says so."""
    raw = factories.raw_mail()
    async with unit_of_work(db) as session:
        box = await factories.mailbox(session)
        item = InboundItem(
            account_id=box.id, channel="email", provider_id="1", received_at=box.created_at, size=len(raw),
            sha256=hashlib.sha256(raw).hexdigest(), state="done", outcome="ticket", subject="Machine",
        )  # fmt: skip
        session.add(item)
        await session.flush()
        session.add(InboundRaw(item_id=item.id, content=raw))
        made = await factories.received(session, team_id=desk.team, inbound_item_id=item.id)
        bare = await factories.received(session, sender="b@c.example", team_id=desk.team)
    got = await desk.agent.http.get(f"/api/messages/{made.message_id}/raw")
    assert got.content == raw
    assert got.headers["content-disposition"].startswith("attachment;")
    assert (await desk.agent.http.get(f"/api/messages/{bare.message_id}/raw")).status_code == 404
    page = (await desk.lead.http.get("/api/ledger", params={"outcome": "ticket"})).json()
    assert [(row["id"], row["account"], row["subject"]) for row in page["items"]] == [(item.id, box.name, "Machine")]
    assert (await desk.lead.http.post(f"/api/ledger/{item.id}/reprocess")).status_code == 404


async def test_canned_replies_that_did_not_help_are_counted(
    desk: Desk, ticket: int, db: Database, clock: ManualClock
) -> None:
    """Put into an answer, twice the same, and it was sent; the customer wrote again. No notes, nothing deleted again."""
    async with unit_of_work(db) as session:
        macro_id = await macros.save(session, "Restart it", "<p>Dear {{customer.name}}, please restart it at once.</p>")
        never = await macros.save(session, "Never sent", "<p>Please send us the serial number.</p>")
    words = "<p>Dear Asha, please restart it at once. Then write to us.</p>"
    path, number = f"/api/tickets/{ticket}/replies", iter(range(1, 9))

    async def send(html: str, **more: object) -> dict[str, Any]:
        body = {
            "clientKey": f"answer-{next(number)}",
            "html": html,
            "force": True,
            "macroIds": [macro_id, never],
            **more,
        }
        answer = await desk.agent.http.post(path, json=body)
        assert answer.status_code == 201, answer.text
        sent: dict[str, Any] = answer.json()["item"]
        return sent

    async def report() -> list[tuple[int, int, int]]:
        rows = (await desk.agent.http.get("/api/kb/reports/macros")).json()
        return [(row["macroId"], row["used"], row["secondContact"]) for row in rows]

    await send("<p>I have deleted it and write something else.</p>")
    await send(words, forwardOf=(await send("<p>x</p>"))["id"], subject="Fwd", to=["vendor@v.example"])
    taken_back = await send(words)
    assert await report() == [(macro_id, 1, 0)]
    assert (await desk.agent.http.post(f"/api/deliveries/{taken_back['delivery']['id']}/undo")).status_code == 200
    await send(words, sendAt=(clock.now() + timedelta(days=1)).isoformat())
    assert await report() == []
    for _ in range(2):
        await send(words, macroIds=[macro_id, never + 99])
    clock.advance(timedelta(hours=1))
    async with unit_of_work(db) as session:
        await factories.received(session, token_ticket_id=ticket, text="It did not help.")
    assert await report() == [(macro_id, 1, 1)]

"""Files and mails as documents: addresses without a cookie, safe headers, frames that ask for nothing."""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from litestar import Litestar

from agent_ui.links import FileLinks
from channels.email.parsed import ParsedAttachment
from channels.email.previews import preview
from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.storage import Storage
from tests.agent_ui.conftest import BASE, Desk, new_ticket
from tests.agent_ui.test_writing import PNG
from tickets.intake import NewAttachment
from tickets.models import Message

SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


async def stored(storage: Storage, content: bytes, name: str, **fields: Any) -> NewAttachment:
    """A file of a mail."""
    values = {"content_type": "image/png", "disposition": "inline"} | fields
    digest = hashlib.sha256(content).hexdigest()
    return NewAttachment(name=name, size=len(content), sha256=digest, storage_key=await storage.put(content), **values)


@pytest.fixture
async def mail(desk: Desk, db: Database, storage: Storage) -> dict[str, Any]:
    """A message with a picture inside, a dangerous drawing, and an image from elsewhere; as its item."""
    files = [
        await stored(storage, PNG, "logo.png", content_id="logo@x"),
        await stored(storage, SVG, "drawing.png", content_id="drawing@x"),
    ]
    html = '<p>Hi <img src="cid:logo@x"><img src="cid:none@x"><img src="https://track.example/x.gif"></p>'
    async with unit_of_work(db) as session:
        made = await new_ticket(session, desk.team, html=html, attachments=files, quoted_html="<p>Before</p>")
    ticket = (await desk.agent.http.get(f"/api/tickets/{made.ticket_id}")).json()
    return next(item for item in ticket["timeline"] if item["type"] == "message")


async def test_files_need_no_cookie_and_end_after_a_day(
    app: Litestar, mail: dict[str, Any], clock: ManualClock, count_queries
) -> None:
    """Whoever has the address gets the file; no session is looked for; tomorrow it is gone."""
    url = mail["attachments"][0]["url"]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as nobody:
        with count_queries() as queries:
            got = await nobody.get(url)
        assert (got.status_code, got.content, len(queries)) == (200, PNG, 1)
        assert "set-cookie" not in got.headers
        clock.advance(timedelta(hours=23, minutes=59))
        assert (await nobody.get(url)).status_code == 200
        clock.advance(timedelta(hours=1, minutes=1))
        assert (await nobody.get(url)).json()["code"] == "not-found"


async def test_an_address_opens_its_own_file_only(desk: Desk, mail: dict[str, Any]) -> None:
    """Another number, a longer life or a cut signature are no address of ours."""
    _, _, token, name = mail["attachments"][0]["url"].split("/")
    number, hour, signature = token.split(".")
    for wrong in (
        f"{int(number) + 1}.{hour}.{signature}", f"{number}.{int(hour) + 1}.{signature}", f"{number}.{hour}.", "x",
        f"0{number}.{hour}.{signature}", f"{number}.{hour}.{signature}x", f"{number}.{hour}.{signature[:-1]}é",
    ):  # fmt: skip
        assert (await desk.agent.http.get(f"/files/{wrong}/{name}")).status_code == 404, wrong
    assert (await desk.agent.http.get(f"/files/{token}/other.html")).headers["content-type"] == "image/png"


async def test_files_are_served_as_what_they_are(desk: Desk, mail: dict[str, Any]) -> None:
    """An image in place; a drawing that calls itself an image as bytes to be saved; both in a sandbox."""
    image, drawing = [await desk.anonymous.get(file["url"]) for file in mail["attachments"]]
    assert [file["sniffedType"] for file in mail["attachments"]] == [None, None]
    assert image.headers["content-type"] == "image/png"
    assert image.headers["content-disposition"].startswith("inline;")
    assert drawing.headers["content-type"] == "application/octet-stream"
    assert drawing.headers["content-disposition"].startswith("attachment;")
    for got in (image, drawing):
        assert got.headers["x-content-type-options"] == "nosniff"
        assert got.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert got.headers["cross-origin-resource-policy"] == "same-origin"
        assert got.headers["cache-control"].startswith("private")


def test_addresses_of_one_hour_are_the_same(clock: ManualClock) -> None:
    """So that a browser keeps what it has; names cannot lead out of the folder."""
    links = FileLinks("secret", "https://files.example.org/")
    first = links.url(7, "a/b\\c d?.png")
    clock.advance(timedelta(minutes=59))
    assert links.url(7, "a/b\\c d?.png") == first
    assert re.fullmatch(r"https://files\.example\.org/files/7\.\d+\.[\w-]{22}/a_b_c%20d%3F\.png", first)
    clock.advance(timedelta(minutes=1))
    assert links.url(7, "a/b\\c d?.png") != first
    assert links.url(7, "..").endswith("/file")
    assert FileLinks("other").opened(first.split("/")[4]) is None


def test_what_is_kept_never_ends(clock: ManualClock) -> None:
    """An address in an editor's HTML becomes the file's number, also when it has ended; a foreign one stays."""
    links = FileLinks("secret")
    shown = f'<img alt="x" src="{links.url(7, "a.png")}">'
    clock.advance(timedelta(days=30))
    assert links.stored(shown) == '<img alt="x" src="/api/attachments/7">'
    assert (
        links.stored(shown.replace("/files", "http://127.0.0.1:8000/files")) == '<img alt="x" src="/api/attachments/7">'
    )
    forged = '<img src="/files/8.99999999.AAAAAAAAAAAAAAAAAAAAAA/a.png">'
    assert links.stored(forged) == forged
    assert links.shown(links.stored(shown), {7: "a.png"}) == f'<img alt="x" src="{links.url(7, "a.png")}">'
    assert links.shown('<img src="/api/attachments/9">', {7: "a.png"}) == '<img src="/api/attachments/9">'


async def test_pictures_in_drafts_and_replies_survive(
    desk: Desk, ticket: int, db: Database, clock: ManualClock
) -> None:
    """Uploaded, put into the text, kept, read a day later, sent: always with an address that opens it."""
    http = desk.agent.http
    form = {"file": ("p.png", PNG, "image/png")}
    file = (await http.post("/api/uploads", files=form)).json()
    body = {"html": f'<p>See <img src="{file["url"]}"></p>', "revision": 1, "attachmentIds": [file["id"]]}
    await http.put(f"/api/tickets/{ticket}/drafts/reply", json=body)
    clock.advance(timedelta(hours=30))
    draft = (await http.get(f"/api/tickets/{ticket}")).json()["drafts"][0]
    source = re.search(r'src="([^"]*)"', draft["html"])
    assert source is not None
    assert source[1] == draft["attachments"][0]["url"] != file["url"]
    assert (await desk.anonymous.get(source[1])).content == PNG
    sent = {"clientKey": "a1b2c3d4-0033", "html": draft["html"], "attachmentIds": [file["id"]]}
    item = (await http.post(f"/api/tickets/{ticket}/replies", json=sent)).json()["item"]
    assert f'src="{source[1]}"' in item["html"]
    async with db.sessions() as session:
        kept = await session.scalar(Message.__table__.select().with_only_columns(Message.html)
                                    .where(Message.id == item["id"]))  # fmt: skip
    assert f'src="/api/attachments/{file["id"]}"' in kept


async def test_a_document_asks_for_nothing_from_elsewhere(desk: Desk, mail: dict[str, Any], count_queries) -> None:
    """Pictures of the mail by addresses without a cookie, others left out; no script, no form, no base."""
    with count_queries() as queries:
        page = await desk.agent.http.get(f"/api/messages/{mail['id']}/html")
    assert len(queries) <= 4
    policy = dict(part.split(" ", 1) if " " in part else (part, "") for part in
                  page.headers["content-security-policy"].split("; "))  # fmt: skip
    assert policy["default-src"] == "'none'"
    assert policy["img-src"] == "'self' data:"
    assert "allow-scripts" not in policy["sandbox"]
    assert policy["frame-ancestors"] == "'self'"
    assert page.headers["cross-origin-embedder-policy"] == "credentialless"
    assert re.findall(r"\ssrc=\"([^\"]*)\"", page.text) == [mail["attachments"][0]["url"]]
    assert 'data-blocked-src="https://track.example/x.gif"' in page.text
    assert "Before" not in page.text
    quoted = await desk.agent.http.get(f"/api/messages/{mail['id']}/html", params={"part": "all"})
    assert "<details><summary>•••</summary><p>Before</p></details>" in quoted.text
    assert (await desk.agent.http.get(f"/api/messages/{mail['id']}/html", params={"part": "x"})).status_code == 422
    assert (await desk.stranger.http.get(f"/api/messages/{mail['id']}/html")).status_code == 404


async def test_a_long_document_is_cut_until_all_is_asked_for(desk: Desk, db: Database) -> None:
    """The list carries the beginning and says so; the document has a link to the whole, in its own frame."""
    html = "<p>words</p>" * 20_000 + "<p>the very end</p>"
    async with unit_of_work(db) as session:
        made = await new_ticket(session, desk.team, html=html)
    item = (await desk.agent.http.get(f"/api/tickets/{made.ticket_id}")).json()["timeline"][0]
    assert item["htmlCut"] is True and len(item["html"]) < 201_000
    async with unit_of_work(db) as session:
        plain = await new_ticket(session, desk.team, text="words " * 50_000)
    item = (await desk.agent.http.get(f"/api/tickets/{plain.ticket_id}")).json()["timeline"][0]
    assert (item["htmlCut"], len(item["text"])) == (True, 200_000)
    path = f"/api/messages/{made.message_id}/html"
    page = (await desk.agent.http.get(path, params={"images": 1})).text
    assert "the very end" not in page
    assert '<a href="?all=1&amp;part=new&amp;images=1" target="_self">' in page
    whole = (await desk.agent.http.get(path, params={"all": 1})).text
    assert "the very end" in whole and 'target="_self"' not in whole


async def test_an_attached_mail_is_read_in_place(desk: Desk, db: Database, storage: Storage) -> None:
    """Who, what, when, and the body without images from elsewhere; what is no mail says so."""
    inner = (
        b"From: Ravi <ravi@c.example>\r\nTo: a@b.example\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
        b"Date: Mon, 2 Mar 2026 08:00:00 +0000\r\nContent-Type: text/html\r\n\r\n"
        b"<p>Hello<img src='https://track.example/x'><script>1</script></p>"
    )
    files = [
        await stored(storage, inner, "forwarded.eml", content_type="message/rfc822"),
        await stored(storage, PNG, "p.png"),
        await stored(storage, b"\x00\x01", "broken.eml", content_type="message/rfc822"),
    ]
    async with unit_of_work(db) as session:
        made = await new_ticket(session, desk.team, attachments=files)
    listed = (await desk.agent.http.get(f"/api/tickets/{made.ticket_id}")).json()["timeline"][0]["attachments"]
    assert [file["name"] for file in listed] == ["forwarded.eml", "p.png", "broken.eml"]
    ids = [file["id"] for file in listed]
    mail = (await desk.agent.http.get(f"/api/attachments/{ids[0]}/mail")).json()
    assert mail["kind"] == "mail"
    assert (mail["from"], mail["to"]) == (
        {"name": "Ravi", "address": "ravi@c.example"}, [{"name": "", "address": "a@b.example"}]
    )  # fmt: skip
    assert (mail["subject"], mail["date"], mail["text"]) == ("Grüße", "2026-03-02T08:00:00Z", "Hello")
    assert mail["html"] == '<p>Hello<img data-blocked-src="https://track.example/x"></p>'
    for other in ids[1:]:
        assert (await desk.agent.http.get(f"/api/attachments/{other}/mail")).status_code == 422
    assert (await desk.stranger.http.get(f"/api/attachments/{ids[0]}/mail")).status_code == 404


async def test_a_separate_origin_is_allowed_by_the_policies(
    desk: Desk, mail: dict[str, Any], runtime, settings
) -> None:
    """With SAMPARK_FILES_URL addresses, the documents' policy and the console's all name it."""
    runtime.settings = settings.model_copy(update={"files_url": "https://files.example.org"})
    page = await desk.agent.http.get(f"/api/messages/{mail['id']}/html")
    assert 'src="https://files.example.org/files/' in page.text
    assert "img-src 'self' data: https://files.example.org;" in page.headers["content-security-policy"]
    token = mail["attachments"][0]["url"].split("/")[2]
    got = await desk.anonymous.get(f"/files/{token}/x")
    assert got.headers["cross-origin-resource-policy"] == "cross-origin"
    console = await desk.anonymous.get("/console")
    if console.status_code == 200:
        assert "blob: https://files.example.org;" in console.headers["content-security-policy"]


async def test_a_file_is_passed_on(desk: Desk, ticket: int, mail: dict[str, Any]) -> None:
    """A file of a mail becomes one's own upload with the same content, and leaves with another message."""
    http = desk.agent.http
    copy = await http.post(f"/api/attachments/{mail['attachments'][0]['id']}/copy")
    assert copy.status_code == 201, copy.text
    assert copy.json()["id"] != mail["attachments"][0]["id"]
    assert (await desk.anonymous.get(copy.json()["url"])).content == PNG
    body = {"clientKey": "a1b2c3d4-0061", "html": "<p>see</p>", "attachmentIds": [copy.json()["id"]]}
    item = (await http.post(f"/api/tickets/{ticket}/replies", json=body)).json()["item"]
    assert [file["name"] for file in item["attachments"]] == ["logo.png"]
    assert (await desk.stranger.http.post(f"/api/attachments/{copy.json()['id']}/copy")).status_code == 404


async def test_the_whole_is_offered_in_the_readers_language(desk: Desk, db: Database) -> None:
    """An unknown language reads English."""
    async with unit_of_work(db) as session:
        made = await new_ticket(session, desk.team, html="<p>words</p>" * 20_000)
    page = await desk.agent.http.get(f"/api/messages/{made.message_id}/html", headers={"accept-language": "xx"})
    assert ">Show the whole message</a>" in page.text


async def test_what_is_known_of_a_mail_is_shown(desk: Desk, db: Database, storage: Storage) -> None:
    """Its own date, our address, list, protection, proofs of the sender, who forwarded it, and an invitation."""
    content = b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Visit\r\nDTSTART:20260303T100000Z\r\n"
    part = ParsedAttachment("a.ics", "text/calendar", len(content), "", "attachment", "", content)
    file = await stored(storage, content, "a.ics", content_type="text/calendar", preview=preview(part))
    async with unit_of_work(db) as session:
        made = await new_ticket(
            session, desk.team, attachments=[file], dated_at=datetime(2026, 2, 27, 8, tzinfo=UTC), is_list=True,
            own_address="help@desk.example", forwarded_by_id=desk.agent.id, protection="smime_signed",
            authentication={"spf": "pass", "dkim": "fail", "dmarc": "none", "server": "mx.example", "aligned": False},
        )  # fmt: skip
    item = (await desk.lead.http.get(f"/api/tickets/{made.ticket_id}")).json()["timeline"][0]
    assert (item["datedAt"], item["ownAddress"], item["isList"]) == ("2026-02-27T08:00:00Z", "help@desk.example", True)
    assert (item["protection"], item["forwardedBy"]) == ("smime_signed", {"id": desk.agent.id, "name": "Agent"})
    assert item["authentication"] == {
        "spf": "pass", "dkim": "fail", "dmarc": "none", "server": "mx.example", "aligned": False
    }  # fmt: skip
    shown = item["attachments"][0]["preview"]
    assert (shown["kind"], shown["summary"], shown["start"]) == ("calendar", "Visit", "2026-03-03T10:00:00Z")

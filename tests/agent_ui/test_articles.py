"""Articles over the API: written by one agent, approved by another, put into answers, made out of them."""

import io
import zipfile
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from core import events
from core.db import Database, unit_of_work
from customers.models import Customer
from knowledge_base import indexing
from knowledge_base.events import ArticleChanged, ArticlePublished
from tests.agent_ui.conftest import Desk, new_ticket
from tickets.models import Ticket

TEXT = {"title": "Reset the filter", "body": "Press **reset**.\n", "summary": "In one step"}


@pytest.fixture(autouse=True)
def indexed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search hears of what is published."""
    kinds = (ArticleChanged, ArticlePublished)
    monkeypatch.setattr(events, "_handlers", dict.fromkeys(kinds, (indexing.on_article_changed,)))


async def begun(http: httpx.AsyncClient, **fields: Any) -> int:
    """A new article's id."""
    answer = await http.post("/api/kb/articles", json={"locale": "en", **TEXT, **fields})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def approved(desk: Desk, article_id: int, locale: str = "en") -> dict[str, Any]:
    """Submit as the agent, approve as the lead; returns the text."""
    place = f"/api/kb/articles/{article_id}/translations/{locale}"
    submitted = await desk.agent.http.post(f"{place}/submit")
    assert submitted.status_code == 200, submitted.text
    version_id = submitted.json()["working"]["id"]
    answer = await desk.lead.http.post(f"{place}/approve", json={"versionId": version_id})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_an_article_goes_from_draft_to_readers(desk: Desk) -> None:
    """Written, translated, reviewed by another person, published; each step is refused to who may not take it."""
    article_id = await begun(desk.agent.http, visibility="public")
    place = f"/api/kb/articles/{article_id}/translations/en"
    draft = (await desk.agent.http.get(place)).json()
    assert (draft["state"], draft["published"], draft["mayApprove"]) == ("draft", None, False)
    assert draft["html"] == "<p>Press <strong>reset</strong>.</p>\n"
    refused = await desk.agent.http.post(f"{place}/approve", json={"versionId": draft["working"]["id"]})
    assert refused.status_code == 403
    early = await desk.lead.http.post(f"{place}/approve", json={"versionId": draft["working"]["id"]})
    assert (early.status_code, early.json()["code"]) == (409, "not-reviewed")
    shown = await approved(desk, article_id)
    assert (shown["state"], shown["published"]["number"]) == ("published", 1)
    assert shown["publicPath"] == "/portal/en/articles/reset-the-filter"
    hindi = place.replace("/en", "/hi")
    told = await desk.agent.http.post(hindi, json={"title": "फ़िल्टर रीसेट", "body": "बटन दबाएँ।"})
    assert (told.status_code, told.json()["slug"]) == (201, "फ़िल्टर-रीसेट")
    assert (await desk.agent.http.post(hindi, json=TEXT)).status_code == 409
    whole = (await desk.agent.http.get(f"/api/kb/articles/{article_id}")).json()
    assert [(one["locale"], one["state"], one["isLive"]) for one in whole["translations"]] == [
        ("en", "published", True),
        ("hi", "draft", False),
    ]


async def test_who_saves_late_is_told_what_is_there(desk: Desk) -> None:
    """412 with the text as it is now; nothing is overwritten."""
    article_id = await begun(desk.agent.http)
    place = f"/api/kb/articles/{article_id}/translations/en"
    tag = (await desk.agent.http.get(place)).headers["etag"]
    first = await desk.lead.http.put(place, json=TEXT | {"body": "Hers"}, headers={"If-Match": tag})
    assert first.status_code == 200
    late = await desk.agent.http.put(place, json=TEXT | {"body": "Mine"}, headers={"If-Match": tag})
    assert (late.status_code, late.json()["current"]["body"]) == (412, "Hers")
    old = (await desk.agent.http.get(f"/api/kb/articles/{article_id}")).headers["etag"]
    await desk.lead.http.patch(f"/api/kb/articles/{article_id}", json={"tags": ["a"]}, headers={"If-Match": old})
    late = await desk.agent.http.patch(
        f"/api/kb/articles/{article_id}", json={"tags": ["b"]}, headers={"If-Match": old}
    )
    assert (late.status_code, late.json()["current"]["tags"]) == (412, ["a"])


async def test_a_list_asks_once_whatever_its_length(desk: Desk, count_queries: Any) -> None:
    """Languages, titles and states of all rows come with one statement."""
    for number in range(5):
        await begun(desk.agent.http, title=f"Filter {number}")
    counts = []
    for limit in (1, 5):
        with count_queries() as queries:
            answer = await desk.agent.http.get("/api/kb/articles", params={"limit": limit})
        assert len(answer.json()["items"]) == limit
        counts.append(len([one for one in queries.statements if "articles" in one]))
    assert counts == [1, 1]


async def test_who_may_not_publish_hides_and_shows_nothing(desk: Desk) -> None:
    """An agent changes the audience of a draft, but not of what readers see."""
    article_id = await begun(desk.agent.http)
    place = f"/api/kb/articles/{article_id}"
    assert (await desk.agent.http.patch(place, json={"visibility": "public"})).status_code == 200
    await approved(desk, article_id)
    assert (await desk.agent.http.patch(place, json={"visibility": "agents"})).status_code == 403
    assert (await desk.agent.http.patch(place, json={"tags": ["x"]})).status_code == 200
    assert (await desk.lead.http.patch(place, json={"visibility": "agents"})).status_code == 200


async def test_a_picture_is_served_by_a_signed_address(desk: Desk) -> None:
    """The text names it by its number, the console shows it without a cookie, and a foreign token opens nothing."""
    article_id = await begun(desk.agent.http)
    files = {"file": ("plate.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x02", "image/png")}
    made = (await desk.agent.http.post(f"/api/kb/articles/{article_id}/files", files=files)).json()
    assert (made["contentType"], made["width"]) == ("image/png", 2)
    body = f"![plate](/kb/files/{made['id']})"
    place = f"/api/kb/articles/{article_id}/translations/en"
    saved = (await desk.agent.http.put(place, json=TEXT | {"body": body})).json()
    assert saved["files"][0]["url"] in saved["html"]
    shown = await desk.anonymous.get(saved["files"][0]["url"])
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/png")
    foreign = saved["files"][0]["url"].replace("/article-files/", "/files/")
    assert (await desk.anonymous.get(foreign)).status_code == 404


async def test_an_article_goes_into_an_answer_with_a_warning(db: Database, desk: Desk, ticket: int) -> None:
    """In the customer's language; where she may not read it that is said; the use is kept with the ticket."""
    async with unit_of_work(db) as session:
        await session.execute(update(Customer).values(language="hi"))
    public = await begun(desk.agent.http, visibility="public")
    internal = await begun(desk.agent.http, title="Filter discount", body="Filter: 10 %")
    hindi = f"/api/kb/articles/{public}/translations/hi"
    await desk.agent.http.post(
        hindi, json={"title": "फ़िल्टर रीसेट", "body": "filter बटन [दाम](article:" + str(internal) + ")"}
    )
    for article_id, locale in ((public, "en"), (public, "hi"), (internal, "en")):
        await approved(desk, article_id, locale)
    found = (await desk.agent.http.get("/api/kb/search", params={"q": "filter", "ticketId": ticket})).json()["items"]
    assert {(one["hit"]["articleId"], one["hit"]["locale"], one["customerMaySee"]) for one in found} == {
        (public, "hi", True),
        (internal, "en", False),
    }
    insert = (await desk.agent.http.get(f"/api/kb/articles/{public}/insert", params={"ticketId": ticket})).json()
    assert (insert["locale"], insert["customerMaySee"], insert["isFallback"]) == ("hi", True, False)
    assert insert["url"].endswith(
        "/portal/hi/articles/%E0%A4%AB%E0%A4%BC%E0%A4%BF%E0%A4%B2%E0%A5%8D%E0%A4%9F%E0%A4%B0-%E0%A4%B0%E0%A5%80%E0%A4%B8%E0%A5%87%E0%A4%9F"
    )
    warned = (await desk.agent.http.get(f"/api/kb/articles/{internal}/insert", params={"ticketId": ticket})).json()
    assert (warned["customerMaySee"], warned["isFallback"]) == (False, True)
    used = {"articleId": public, "how": "link", "locale": "hi"}
    assert (await desk.agent.http.post(f"/api/tickets/{ticket}/articles", json=used)).status_code == 204
    assert (await desk.stranger.http.post(f"/api/tickets/{ticket}/articles", json=used)).status_code == 404
    assert [one["articleId"] for one in (await desk.agent.http.get(f"/api/tickets/{ticket}/articles")).json()] == [
        public
    ]
    place = f"/api/kb/articles/{public}/tickets"
    assert [one["subject"] is not None for one in (await desk.agent.http.get(place)).json()["items"]] == [True]
    assert [one["subject"] for one in (await desk.stranger.http.get(place)).json()["items"]] == [None]


async def test_an_article_comes_out_of_a_message_without_personal_data(db: Database, desk: Desk) -> None:
    """The proposal lists what was taken out; the article that is made of it knows its ticket."""
    async with unit_of_work(db) as session:
        received = await new_ticket(
            session, desk.team, subject="Asha Rao: filter lamp", text="Hello team,\nmy serial is TN12345678, phone 98765 43210.\nAsha Rao"
        )  # fmt: skip
        message_id = (await session.get_one(Ticket, received.ticket_id)).last_message_id
    proposal = (await desk.agent.http.get(f"/api/messages/{message_id}/article")).json()
    assert proposal["title"] == "[name]: filter lamp"
    assert not any(private in proposal["body"] for private in ("Asha", "TN12345678", "98765"))
    assert {one["kind"] for one in proposal["removed"]} >= {"name", "serial", "phone"}
    assert (await desk.stranger.http.get(f"/api/messages/{message_id}/article")).status_code == 404
    fields = {name: proposal[name] for name in ("title", "body", "locale", "ticketId")}
    made = (await desk.agent.http.post("/api/kb/articles", json=fields)).json()
    assert (made["visibility"], made["ownerId"]) == ("agents", desk.agent.id)
    used = (await desk.agent.http.get(f"/api/kb/articles/{made['id']}/tickets")).json()["items"]
    assert [(one["ticketId"], one["how"]) for one in used] == [(received.ticket_id, "source")]


async def test_an_archive_comes_in_and_goes_out(desk: Desk) -> None:
    """A dry run first, then the import with its rows, then the export as an archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("care/filter.md", "# Filter\n\nWash it.")
        archive.writestr("care/bad.md", "---\nlocale: xx\n---\n")
    for dry_run in ("true", "false"):
        answer = await desk.lead.http.post(
            "/api/kb/import",
            files={"file": ("kb.zip", packed.getvalue(), "application/zip")},
            data={"dryRun": dry_run},
        )
        assert answer.status_code == 200, answer.text
        said = answer.json()
        assert (said["dryRun"], said["created"], said["errors"]) == (dry_run == "true", 1, 1)
    listed = (await desk.agent.http.get("/api/kb/articles", params={"state": "published"})).json()["items"]
    assert [one["title"] for one in listed] == ["Filter"]
    export = await desk.lead.http.get("/api/kb/export")
    assert "attachment" in export.headers["content-disposition"]
    names = zipfile.ZipFile(io.BytesIO(export.content)).namelist()
    assert sorted(names) == ["care/filter.en.md", "categories.yaml"]


async def test_the_rest_of_the_screens(desk: Desk) -> None:
    """Categories, announcements, options, tasks, paste and reports answer in their shapes."""
    lead = desk.lead.http
    shelf = (await lead.post("/api/kb/categories", json={"names": {"en": "Care"}})).json()
    moved = await lead.put(
        "/api/kb/categories/order", json={"places": [{"id": shelf["id"], "parentId": None, "position": 7}]}
    )
    assert [one["position"] for one in moved.json()] == [7]
    stale = await lead.patch(f"/api/kb/categories/{shelf['id']}", json={"position": 1}, headers={"If-Match": '"v1"'})
    assert stale.status_code == 412
    made = (await lead.post("/api/kb/announcements", json={"titles": {"en": "Late"}, "severity": "warning"})).json()
    ended = await lead.patch(f"/api/kb/announcements/{made['id']}", json={"titles": {"en": "Late parts"}})
    assert ended.json()["titles"] == {"en": "Late parts"}
    assert len((await desk.agent.http.get("/api/kb/announcements")).json()) == 1
    wishes = {"fallback": "hide", "needsSecondPerson": False, "reviewMonths": 6}
    assert (await lead.put("/api/kb/options", json=wishes)).json() == wishes
    article_id = await begun(desk.agent.http)
    remark = {"text": "The picture is old", "locale": "en"}
    assert (await desk.lead.http.post(f"/api/kb/articles/{article_id}/tasks", json=remark)).status_code == 204
    mine = (await desk.agent.http.get("/api/kb/tasks", params={"mine": True})).json()["items"]
    assert [one["text"] for one in mine] == ["The picture is old"]
    done = await desk.agent.http.post(f"/api/kb/tasks/{mine[0]['id']}/resolve", json={"resolution": "New one"})
    assert done.status_code == 204
    pasted = (await desk.agent.http.post("/api/kb/paste", json={"html": "<h1>Hi</h1><b>x</b>"})).json()
    assert pasted == {"markdown": "## Hi\n\n**x**", "lostImages": 0}
    await desk.agent.http.patch(f"/api/kb/articles/{article_id}", json={"tags": ["Lamp"], "segments": ["Gold"]})
    offered = (await desk.agent.http.get("/api/kb/audience")).json()
    assert (offered["organisations"], offered["segments"], offered["tags"]) == ([], ["gold"], ["lamp"])
    for name in ("searches", "deflection", "health", "views"):
        assert (await desk.agent.http.get(f"/api/kb/reports/{name}")).status_code == 200
    wrong = await desk.agent.http.get("/api/kb/reports/views", params={"since": "2026-03-02", "until": "2026-03-01"})
    assert wrong.status_code == 422

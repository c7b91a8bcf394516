"""The agents' search over HTTP: hits with reasons, what people teach it, and the banner while the engine is away."""

from collections.abc import Iterator

import pytest

from core import search
from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.search_meilisearch import Meilisearch
from tests.agent_ui.conftest import Desk
from tests.products import rows
from tickets import indexing


@pytest.fixture
def away(clock: ManualClock) -> Iterator[Meilisearch]:
    """A search engine that nobody has started."""
    engine = Meilisearch("http://127.0.0.1:9", "")
    search.configure(engine)
    yield engine
    search.configure(None)


async def test_hits_come_with_their_reasons(db: Database, desk: Desk, ticket: int) -> None:
    """Marks, numbers by field, the conditions that were read; the other team finds nothing."""
    async with unit_of_work(db) as session:
        await indexing.index(session, [ticket])
    row = (await desk.agent.http.get(f"/api/tickets/{ticket}")).json()
    word = max(row["subject"].split(), key=len)
    found = (await desk.agent.http.get("/api/search", params={"q": f"{word} status:open"})).json()
    assert [each["id"] for each in found["tickets"]] == [ticket] and found["total"] == 1
    assert any(part["marked"] for part in found["marks"][str(ticket)]["title"])
    assert found["facets"]["status"] == {"open": 1} and not found["degraded"]
    assert found["operators"] == [{"name": "status", "value": "open", "understood": True, "choices": []}]
    assert (await desk.stranger.http.get("/api/search", params={"q": word})).json()["tickets"] == []


async def test_a_serial_number_finds_its_product(db: Database, desk: Desk) -> None:
    """With owner and cover, for whoever may see products; in the page of what was found first only."""
    async with unit_of_work(db) as session:
        made = await rows.registered(session, await rows.person(session))
    http = desk.agent.http
    (found,) = (await http.get("/api/search", params={"q": "tf-123456"})).json()["products"]
    assert (found["id"], found["serial"], found["customer"]) == (made.id, "TF123456", "Asha Rao")
    assert found["state"] in ("in_warranty", "expired")
    for asked in ({"q": "status:open"}, {"q": "TF123456", "offset": 20}):
        assert (await http.get("/api/search", params=asked)).json()["products"] == []


async def test_a_list_can_be_sorted_by_relevance(db: Database, desk: Desk, ticket: int) -> None:
    """``q`` finds words of messages then, page by page; with a view, without words, or with another cursor it is refused."""
    async with unit_of_work(db) as session:
        await indexing.index(session, [ticket])
    row = (await desk.agent.http.get(f"/api/tickets/{ticket}")).json()
    asked = {"q": max(row["subject"].split(), key=len), "sort": "relevance"}
    found = (await desk.agent.http.get("/api/tickets", params=asked)).json()
    assert [each["id"] for each in found["items"]] == [ticket] and found["next"] is None
    solved = await desk.agent.http.get("/api/tickets", params={**asked, "status": "solved"})
    assert solved.json()["items"] == []
    for wrong in ({"view": "mine"}, {"q": ""}, {"cursor": "activity-1"}):
        assert (await desk.agent.http.get("/api/tickets", params={**asked, **wrong})).status_code == 422, wrong


async def test_synonyms_and_stop_words_are_taught(desk: Desk) -> None:
    """Added, listed, changed and forgotten; what is no synonym is refused with its field."""
    http = desk.lead.http
    made = (await http.post("/api/search/synonyms", json={"words": ["TV", "Television"]})).json()
    assert made["words"] == ["TV", "Television"]
    changed = await http.put(f"/api/search/synonyms/{made['id']}", json={"words": ["TV", "telly"]})
    assert (await http.get("/api/search/synonyms")).json() == [changed.json()]
    refused = await http.post("/api/search/synonyms", json={"words": ["TV", "tv"]})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "words")
    assert (await http.delete(f"/api/search/synonyms/{made['id']}")).status_code == 204
    assert (await http.post("/api/search/stop-words", json={"word": "Please"})).json() == {"word": "please"}
    assert (await http.get("/api/search/stop-words")).json() == ["please"]
    assert (await http.delete("/api/search/stop-words/please")).status_code == 204
    assert (await http.delete("/api/search/stop-words/please")).status_code == 404


async def test_an_engine_that_is_away_is_told(db: Database, desk: Desk, ticket: int, away: Meilisearch) -> None:
    """PostgreSQL answers, the answer says so, and so do the banner and the business health."""
    async with unit_of_work(db) as session:
        await indexing.index(session, [ticket])
    assert (await desk.agent.http.get("/api/banners")).json() == []
    found = (await desk.agent.http.get("/api/search", params={"q": str(ticket)})).json()
    assert found["degraded"] and [each["id"] for each in found["tickets"]] == [ticket]
    assert [each["kind"] for each in (await desk.agent.http.get("/api/banners")).json()] == ["search_away"]
    assert (await desk.lead.http.get("/api/health/business")).json()["searchAwaySince"] is not None

"""Searching the help centre: results, nothing found, suggestions while typing, "this answered it"."""

import html
import re

import pytest
from sqlalchemy import select

from core.db import Database, reading
from knowledge_base.models import Contact, Search, View
from portal import helping, read_log
from portal.limits import Gate
from tests.portal.conftest import VALUES, Desk
from tests.portal.helping import article, indexed

__all__ = ["indexed"]
pytestmark = pytest.mark.usefixtures("indexed")


@pytest.fixture(autouse=True)
def open_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has searched too often yet."""
    monkeypatch.setattr(helping, "SEARCHES", Gate(60, 2))
    monkeypatch.setattr(helping, "TYPING", Gate(120, 0.5))


async def searches(db: Database) -> list[Search]:
    """The questions that were kept."""
    async with reading(db) as session:
        return list(await session.scalars(select(Search).order_by(Search.id)))


async def test_results_are_a_page_with_marked_words(desk: Desk, db: Database) -> None:
    """Each leads to its article and says from which search; the question is kept."""
    await article(db, "Compressor stops", body="The <b>compressor</b> clicks twice.")
    await article(db, "Change the filter", body="Every three months.")
    found = await desk.client.get("/portal/en/search", params={"q": "compressor"})
    assert found.status_code == 200
    kept = (await searches(db))[0]
    assert re.search(
        rf'<a href="/portal/en/articles/compressor-stops\?s={kept.id}"><mark>Compressor</mark> stops', found.text
    )
    assert "filter" not in found.text
    assert '<meta name="robots" content="noindex">' in found.text
    assert (kept.words, kept.found, kept.source) == ("compressor", 1, "portal")


async def test_nothing_found_carries_the_words_to_the_form(desk: Desk, db: Database) -> None:
    """The visitor need not type them again, and the question is kept as one without an answer."""
    found = await desk.client.get("/portal/en/search", params={"q": "gas <leak> & smell"})
    address = html.unescape(re.search(r'class="button" href="(/portal/requests/new\?subject=[^"]+)"', found.text)[1])
    form = await desk.client.get(address)
    assert f'value="{html.escape("gas <leak> & smell")}"' in form.text
    assert [(one.words, one.found) for one in await searches(db)] == [("gas <leak> & smell", 0)]


async def test_secret_articles_are_not_found(desk: Desk, db: Database) -> None:
    """Neither on the page nor among suggestions."""
    await article(db, "Compressor secrets", visibility="agents")
    assert "secrets" not in (await desk.client.get("/portal/en/search?q=compressor")).text
    assert (await desk.client.get("/portal/en/suggest?q=compressor")).json()["items"] == []


async def test_an_article_opened_from_a_search_is_counted_for_it(desk: Desk, db: Database) -> None:
    """The click is noted with the search, and the reading with where it came from."""
    number = await article(db)
    page = await desk.client.get("/portal/en/search?q=compressor")
    await desk.client.get(re.search(r'href="(/portal/en/articles/[^"]+\?s=\d+)"', page.text)[1])
    await read_log.of(db).settled()
    kept = (await searches(db))[0]
    async with reading(db) as session:
        view = (await session.scalars(select(View))).one()
    assert (kept.clicked_article_id, view.search_id) == (number, kept.id)


async def test_suggestions_come_as_data_in_the_visitors_language(desk: Desk, db: Database) -> None:
    """Titles as plain text, an address, the words around them; short words ask for nothing."""
    await article(db, "Alarm <at> night", summary="Set the limit.")
    found = (await desk.client.get("/portal/en/suggest?q=alarm at ni")).json()
    assert [(one["title"], one["text"]) for one in found["items"]] == [("Alarm <at> night", "Set the limit.")]
    assert found["items"][0]["address"].endswith(f"?s={found['search']}")
    assert found["status"] == "1 answer"
    assert (await desk.client.get("/portal/en/suggest?q=al")).json()["items"] == []


async def test_the_form_suggests_without_a_script(desk: Desk, db: Database) -> None:
    """A button shows answers that fit the subject, and keeps what was typed; one of them may have answered it."""
    await article(db, "Alarm at night")
    _, token = await desk.form("?lang=en")
    typed = VALUES | {"token": token, "subject": "Alarm at night", "action": "suggest"}
    page = (await desk.client.post("/portal/requests/new?lang=en", data=typed)).text
    assert 'class="summary"' not in page
    assert VALUES["message"] in page
    assert re.search(r'<a href="/portal/en/articles/alarm-at-night\?s=\d+"><strong>Alarm at night', page)
    search = re.search(r'name="search" value="(\d+)"', page)[1]
    answer = await desk.client.post("/portal/requests/answered", data={"search": search})
    assert (answer.status_code, "/portal/requests/solved" in answer.headers["location"]) == (303, True)
    assert "Nothing was sent" in (await desk.client.get(answer.headers["location"])).text
    assert [one.is_solved for one in await searches(db)] == [True]


async def test_a_request_after_all_is_told_to_the_count(desk: Desk, db: Database) -> None:
    """Who sends a request was not helped by what she read."""
    _, token = await desk.form("?lang=en")
    sent = await desk.client.post("/portal/requests/new?lang=en", data=VALUES | {"token": token})
    assert sent.status_code == 303
    async with reading(db) as session:
        assert (await session.scalars(select(Contact))).one().visitor != ""


async def test_too_many_searches_are_slowed_down(desk: Desk, db: Database, monkeypatch) -> None:
    """429 with the seconds to wait."""
    monkeypatch.setattr(helping, "SEARCHES", Gate(1, 30))
    assert (await desk.client.get("/portal/en/search?q=alarm")).status_code == 200
    again = await desk.client.get("/portal/en/search?q=alarm")
    assert (again.status_code, again.headers["retry-after"]) == (429, "30")


async def test_the_forms_button_is_slowed_down_as_well(desk: Desk, db: Database, monkeypatch) -> None:
    """A program that posts there searches no more often, nor with longer words, than one that types."""
    monkeypatch.setattr(helping, "TYPING", Gate(1, 30))
    _, token = await desk.form("?lang=en")
    typed = VALUES | {"token": token, "subject": "alarm " * 5000, "action": "suggest"}
    assert (await desk.client.post("/portal/requests/new?lang=en", data=typed)).status_code == 200
    assert [len(one.words) <= helping.LONGEST for one in await searches(db)] == [True]
    again = await desk.client.post("/portal/requests/new?lang=en", data=typed)
    assert (again.status_code, again.headers["retry-after"]) == (429, "30")

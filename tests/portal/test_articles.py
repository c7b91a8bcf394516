"""Articles and categories on the portal: who sees what, where an address leads, what search engines are told."""

import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from core.db import Database, reading, unit_of_work
from knowledge_base import announcements, publishing, writing
from knowledge_base.announcements import Change
from knowledge_base.models import Task, View, Vote
from knowledge_base.writing import Properties
from portal import read_log
from tests.portal.conftest import Desk
from tests.portal.helping import article, shelf, translated

PATH = "/portal/en/articles/compressor-stops"
HIDDEN = ("signed_in", "agents")


async def page(desk: Desk, path: str = PATH, status: int = 200) -> str:
    """A page's HTML, a second later: lists are looked at again once in this time."""
    desk.clock.advance(timedelta(seconds=1))
    answer = await desk.client.get(path)
    assert answer.status_code == status, answer.text
    return answer.text


async def test_an_article_is_a_page(desk: Desk, db: Database) -> None:
    """Title, text, the way to it, what stands on it, a vote, and other articles of the category."""
    cooling = await shelf(db)
    await article(db, category_id=cooling)
    await article(db, "Alarm at night", category_id=cooling)
    shown = await page(desk)
    assert "<h1>Compressor stops</h1>" in shown
    assert re.search(r'<nav class="contents".*href="#s-check-the-relay"', shown, re.DOTALL)
    assert '<a href="/portal/en/categories/cooling">Cooling</a>' in shown
    assert '<a href="/portal/en/articles/alarm-at-night">Alarm at night</a>' in shown
    assert "Did this answer your question?" in shown


@pytest.mark.parametrize("visibility", HIDDEN)
async def test_what_is_not_public_is_nowhere(desk: Desk, db: Database, visibility: str) -> None:
    """No page, no line in a category or beside another article, no entry of the site map or the feed."""
    cooling = await shelf(db)
    await article(db, "Secret plans", category_id=cooling, visibility=visibility)
    await page(desk, "/portal/en/articles/secret-plans", 404)
    await page(desk, "/portal/en/categories/cooling", 404)
    await article(db, category_id=cooling)
    for path in (PATH, "/portal/en", "/portal/en/categories/cooling", "/sitemap.xml", "/portal/en/feed.xml"):
        shown = await page(desk, path)
        assert "ompressor" in shown
        assert "ecret" not in shown


async def test_a_page_in_memory_is_not_shown_once_it_is_taken_back(desk: Desk, db: Database) -> None:
    """Kept pages are compared with the tables: a second later what was made secret is gone."""
    number = await article(db)
    await page(desk)
    async with unit_of_work(db) as session:
        await writing.change(session, number, Properties(visibility="agents"))
    await page(desk, PATH, 404)
    async with unit_of_work(db) as session:
        await writing.change(session, number, Properties(visibility="public"))
    await page(desk, PATH, 200)


async def test_an_old_address_leads_on_and_a_deleted_article_is_gone(desk: Desk, db: Database) -> None:
    """301 to the new address; 410 with a page when there is nothing any more."""
    number = await article(db)
    async with unit_of_work(db) as session:
        await writing.change_slug(session, number, "en", "the-relay")
    desk.clock.advance(timedelta(seconds=1))
    moved = await desk.client.get(PATH)
    assert (moved.status_code, moved.headers["location"]) == (301, "/portal/en/articles/the-relay")
    async with unit_of_work(db) as session:
        await publishing.delete(session, number)
    assert "This page has been taken away" in await page(desk, PATH, 410)
    assert "does not exist" in await page(desk, "/portal/en/articles/never-was", 404)


async def test_the_language_switch_stays_on_the_article(desk: Desk, db: Database) -> None:
    """To its address in that language where it is told, else to the fallback, which says what it is."""
    number = await article(db)
    await translated(db, number, "hi", "कंप्रेसर रुकता है", "kampresar")
    shown = await page(desk)
    assert 'href="/portal/hi/articles/kampresar?lang=hi"' in shown
    assert 'hreflang="kn" rel="nofollow" href="/portal/kn/articles/compressor-stops?lang=kn"' in shown
    in_kannada = await page(desk, "/portal/kn/articles/compressor-stops")
    assert "English" in re.search(r'<p class="notice">(.*?)</p>', in_kannada)[1]
    assert '<h1 lang="en">' in in_kannada
    assert '<html lang="kn">' in in_kannada
    assert (await desk.client.get("/portal/hi/articles/compressor-stops")).headers["location"].endswith("kampresar")


async def test_search_engines_are_told_only_what_exists(desk: Desk, db: Database) -> None:
    """One canonical address, the languages that there are, and structured data that is valid JSON."""
    number = await article(db, "Stops </script> at night")
    await translated(db, number, "hi", "रुकता है", "rukta-hai")
    path = (
        "/portal/en/articles/"
        + (await desk.client.get("/sitemap.xml")).text.split("/portal/en/articles/")[1].split("<")[0]
    )
    shown = await page(desk, path)
    alternates = re.findall(r'<link rel="alternate" hreflang="(\w+)"', shown)
    assert alternates == ["en", "hi"]
    assert re.search(rf'<link rel="canonical" href="http[^"]+{path}">', shown)
    blocks = [json.loads(each) for each in re.findall(r'<script type="application/ld\+json">(.*?)</script>', shown)]
    assert [block["@type"] for block in blocks] == ["Article", "BreadcrumbList"]
    assert blocks[0]["headline"] == "Stops </script> at night"
    fallback = await page(desk, path.replace("/en/", "/kn/"))
    assert re.search(rf'<link rel="canonical" href="http[^"]+{path}">', fallback)


async def test_the_site_map_is_split_when_it_is_long(desk: Desk, db: Database, monkeypatch) -> None:
    """A list of parts, each with some of the addresses, all of them together the whole."""
    monkeypatch.setattr("portal.seo.MOST_ADDRESSES", 4)
    for title in ("One", "Two", "Three"):
        await article(db, title)
    parts = re.findall(r"<loc>http://[^/]+(/sitemap/\d\.xml)</loc>", (await desk.client.get("/sitemap.xml")).text)
    assert len(parts) == 2
    whole = "".join([(await desk.client.get(part)).text for part in parts])
    assert len(re.findall("<loc>", whole)) == 8
    assert (await desk.client.get("/sitemap/9.xml")).status_code == 404
    assert "Sitemap: http" in (await desk.client.get("/robots.txt")).text


async def test_the_feed_has_one_language(desk: Desk, db: Database) -> None:
    """Only what is told in it; the same feed again is not sent twice."""
    number = await article(db)
    await translated(db, number, "hi", "कंप्रेसर", "kampresar")
    await article(db, "Only in English")
    feed = await desk.client.get("/portal/hi/feed.xml")
    assert feed.headers["content-type"].startswith("application/atom+xml")
    assert re.findall("<entry><title>(.*?)</title>", feed.text) == ["कंप्रेसर"]
    again = await desk.client.get("/portal/hi/feed.xml", headers={"If-None-Match": feed.headers["etag"]})
    assert again.status_code == 304


async def test_browsers_ask_whether_an_article_has_changed(desk: Desk, db: Database) -> None:
    """304 for the same page, the new one after a change of the text or of what stands beside it."""
    cooling = await shelf(db)
    await article(db, category_id=cooling)
    first = await desk.client.get(PATH)
    assert first.headers["cache-control"] == "public, no-cache"
    assert first.headers["last-modified"].endswith("GMT")
    known = {"If-None-Match": first.headers["etag"]}
    assert (await desk.client.get(PATH, headers=known)).status_code == 304
    await article(db, "Alarm at night", category_id=cooling)
    desk.clock.advance(timedelta(seconds=1))
    second = await desk.client.get(PATH, headers=known)
    assert (second.status_code, "Alarm at night" in second.text) == (200, True)


async def test_a_vote_counts_once_and_a_no_can_be_explained(desk: Desk, db: Database) -> None:
    """After "no" the page asks what was missing and carries the title to the form; words become a task."""
    await article(db)
    said = await desk.client.post(f"{PATH}/vote", data={"vote": "no"})
    asks = await page(desk, said.headers["location"].partition("#")[0])
    assert "What was missing?" in asks
    assert "/portal/requests/new?subject=Compressor+stops&amp;article=1" in asks
    told = {"vote": "told", "reason": "incomplete", "comment": "Where is the cover?"}
    await desk.client.post(f"{PATH}/vote", data=told)
    async with reading(db) as session:
        vote = (await session.scalars(select(Vote))).one()
        task = (await session.scalars(select(Task))).one()
    assert (vote.is_helpful, vote.reason, task.text) == (False, "incomplete", "Where is the cover?")
    foreign = await desk.client.post(f"{PATH}/vote", data={"vote": "yes"}, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403


async def test_readings_are_counted_of_people_only(desk: Desk, db: Database) -> None:
    """A page from memory counts as well; a robot, and a page that a browser fetched in advance, do not."""
    await article(db)
    for headers in ({}, {}, {"User-Agent": "Googlebot/2.1"}, {"Sec-Purpose": "prefetch"}):
        await desk.client.get(PATH, headers=headers)
    await read_log.of(db).settled()
    async with reading(db) as session:
        assert len((await session.scalars(select(View))).all()) == 2


async def test_a_known_issue_stands_above_every_page(desk: Desk, db: Database) -> None:
    """From when it is announced until it is over, also above pages that are kept in memory."""
    await article(db)
    await page(desk)
    async with unit_of_work(db) as session:
        wanted = Change(severity="outage", titles={"en": "No deliveries in Pune"}, texts={"en": "We know of it."})
        made = await announcements.create(session, wanted)
    desk.clock.advance(timedelta(seconds=5))
    for path in (PATH, "/portal/en", "/portal/requests/new"):
        assert "No deliveries in Pune" in await page(desk, path)
    async with unit_of_work(db) as session:
        await announcements.change(session, made.id, Change(ends_at=desk.clock.now()))
    desk.clock.advance(timedelta(seconds=5))
    assert "No deliveries" not in await page(desk)


async def test_the_first_page_shows_what_is_often_read(desk: Desk, db: Database) -> None:
    """The most read first, then the newest; topics with their first articles."""
    cooling = await shelf(db)
    for title in ("Alarm", "Compressor stops", "Door"):
        await article(db, title, category_id=cooling)
    await page(desk)
    await read_log.of(db).settled()
    async with reading(db) as session:
        assert await session.scalar(select(func.count()).select_from(View)) == 1
    desk.clock.advance(timedelta(minutes=1))
    shown = await page(desk, "/portal/en")
    often = re.findall(r"<a [^>]*>(.*?)</a>", re.search(r'<p class="often">(.*?)</p>', shown)[1])
    assert often[0] == "Compressor stops"
    assert sorted(often) == ["Alarm", "Compressor stops", "Door"]
    assert '<h3><a href="/portal/en/categories/cooling">Cooling</a></h3>' in shown


async def test_the_day_of_an_article_is_the_desks(desk: Desk, db: Database) -> None:
    """Published six minutes after midnight in India, it is of the new day, in words and for programs."""
    desk.clock.advance(timedelta(hours=9, minutes=36))
    await article(db)
    assert '<time datetime="2026-03-03">3 March 2026</time>' in await page(desk)

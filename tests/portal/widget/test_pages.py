"""What a customer's site loads: the tag's script and the window's page, for listed sites only, without any cookie."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from channels.chat import widgets
from channels.chat.widgets import Texts, WidgetChange
from core import events
from core.db import unit_of_work
from knowledge_base import indexing
from knowledge_base.events import ArticlePublished
from portal import look
from portal.widget import pages
from tests.knowledge_base.conftest import article, published
from tests.portal.widget.conftest import Site

SHOP = "https://shop.example"


@pytest.fixture(autouse=True)
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Scripts as Vite would build them."""
    (tmp_path / "loader.js").write_text("(()=>{const s=__SAMPARK_WIDGET__;s})()")
    manifest = {
        "src/widgetLoader.ts": {"file": "loader.js"},
        "src/widget.ts": {"file": "widget.js", "css": ["widget.css"]},
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    monkeypatch.setattr(look, "BUILT", tmp_path)
    look._manifest.cache_clear()
    pages._loader.cache_clear()
    yield
    look._manifest.cache_clear()
    pages._loader.cache_clear()


async def script(site: Site, referer: str = "", key: str | None = None) -> tuple[int, str, dict[str, str]]:
    """The tag's script as a site gets it."""
    headers = {"referer": referer} if referer else {}
    url = f"http://127.0.0.1:{site.port}/widget/{key or site.desk.widget.key}.js"
    answer = await site.http.get(url, headers=headers)
    return answer.status_code, answer.text, dict(answer.headers)


async def test_the_script_carries_its_settings(site: Site) -> None:
    """One request, readable by any site's page, kept for a few minutes; no cookie (field 2.4.9)."""
    status, text, headers = await script(site, f"{SHOP}/lamps?x=1")
    assert status == 200
    assert f'"key":"{site.desk.widget.key}"' in text
    assert pages.CONFIG not in text
    assert headers["content-type"].startswith("text/javascript")
    assert headers["cross-origin-resource-policy"] == "cross-origin"
    assert headers["vary"] == "Referer"
    assert "set-cookie" not in headers


async def test_a_site_that_is_not_listed_gets_a_word_in_its_console(site: Site) -> None:
    """Nothing of ours runs there; without a referer the frame decides (field 2.4.8)."""
    assert "not on the list" in (await script(site, "https://evil.example/"))[1]
    assert "not on the list" not in (await script(site))[1]
    assert "not on the list" not in (await script(site, f"http://127.0.0.1:{site.port}/portal"))[1]


async def test_unknown_widgets_have_no_script(site: Site) -> None:
    """Nor has one that is off."""
    assert (await script(site, key="0" * 16))[0] == 404
    assert (await script(site, key="%00"))[0] == 404
    async with unit_of_work(site.runtime.db) as session:
        await widgets.change(session, site.desk.widget.id, WidgetChange(is_enabled=False))
    assert (await script(site))[0] == 404


async def test_the_window_is_framed_by_one_site(site: Site) -> None:
    """The policy names the site that asked and no other; no script or style in the page itself (field 2.4.9)."""
    answer = await site.get("frame", origin=SHOP, lang="hi", dir="rtl")
    policy = answer.headers["content-security-policy"]
    assert policy.endswith(f"frame-ancestors {SHOP}")
    assert "unsafe" not in policy
    assert "x-frame-options" not in answer.headers
    assert "set-cookie" not in answer.headers
    assert '<html lang="hi" dir="rtl"' in answer.text
    assert not re.search(r"<script(?![^>]*(src=|application/json))|<style|\son\w+=", answer.text)
    found = re.search(r'id="settings">(.*?)</script>', answer.text)
    assert found
    settings = json.loads(found[1])
    assert (settings["site"], settings["language"], settings["opening"]["isOpen"]) == (SHOP, "hi", True)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "", "null", f"{SHOP}; script-src *", f"{SHOP}.evil.example"]
)
async def test_other_sites_get_no_window(site: Site, origin: str) -> None:
    """Whatever they call themselves."""
    assert (await site.get("frame", origin=SHOP)).status_code == 200
    assert (await site.get("frame", origin=origin)).status_code == 403


async def test_a_widgets_own_words_cannot_break_out(site: Site) -> None:
    """What an administrator writes is data in the page."""
    evil = "</script><script>alert(1)</script>"
    async with unit_of_work(site.runtime.db) as session:
        change = WidgetChange(texts={"en": Texts(welcome=evil)})
        await widgets.change(session, site.desk.widget.id, change)
    text = (await site.get("frame", origin=SHOP, lang="en")).text
    assert "<script>alert" not in text
    found = re.search(r'id="settings">(.*?)</script>', text)
    assert found
    assert json.loads(found[1])["texts"]["welcome"] == evil


async def test_help_is_searched_in_public_articles(site: Site) -> None:
    """What a stranger may read, with its address; drafts are not found."""
    events.subscribe({ArticlePublished: (indexing.on_article_changed,)})
    async with unit_of_work(site.runtime.db) as session:
        await published(session, "A flickering lamp", body="Turn it.")
        await article(session, "A flickering secret", body="Hush.")
    found = (await site.get("search", q="flickering", lang="en")).json()["items"]
    assert [each["title"] for each in found] == ["A flickering lamp"]
    assert "/portal/en/articles/" in found[0]["address"]
    assert (await site.get("search", q="", lang="en")).json() == {"items": []}

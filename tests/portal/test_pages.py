"""Pages of the portal: languages, headers, what is missing; and, in a browser, accessibility on small and large screens."""

import gzip
import re

import pytest
from sqlalchemy import text

from core import brands, i18n
from core.db import unit_of_work
from portal import fonts, look, pages
from tests.portal.conftest import VALUES, Desk

PAGES = ("/portal", "/portal/requests/new", "/portal/nothing")


@pytest.mark.parametrize("language", i18n.NAMES)
@pytest.mark.parametrize("path", PAGES)
async def test_every_page_is_there_in_every_language(desk: Desk, path: str, language: str) -> None:
    """The page says its language, offers all of them, and shows the company's name."""
    answer = await desk.client.get(path, params={"lang": language})
    assert answer.status_code == (404 if "nothing" in path else 200)
    assert f'<html lang="{language}">' in answer.text
    assert answer.headers["content-language"] == language
    assert all(name in answer.text for name in i18n.NAMES.values())
    heading = re.search(r"<h1>(.*?)</h1>", answer.text)[1]
    assert heading.isascii() is (language == "en")


@pytest.mark.parametrize(
    "path",
    [
        "/portal/article-files/99999999999999999999/x.png",
        "/portal/products/picture/99999999999999999999",
        "/portal/requests/99999999999999999999",
        "/portal/en/articles/a%00b",
    ],
)
async def test_addresses_that_no_column_can_hold_are_not_there(desk: Desk, path: str) -> None:
    """They are made up, so they are no failures of ours."""
    assert (await desk.client.get(path)).status_code == 404


@pytest.mark.parametrize("path", ["/portal/hi/nothing", "/portal/hi/nothing/deeper"])
async def test_a_made_up_address_in_a_language_has_its_page(desk: Desk, path: str) -> None:
    """A page for people in the language of the address, never a document for programs."""
    answer = await desk.client.get(path)
    assert answer.status_code == 404
    assert '<html lang="hi">' in answer.text and "<h1>" in answer.text


async def test_the_browsers_language_is_taken_and_a_choice_is_remembered(desk: Desk) -> None:
    """Accept-Language first; a click on another language stays for later pages."""
    assert '<html lang="bn">' in (await desk.client.get("/portal", headers={"Accept-Language": "bn-IN"})).text
    chosen = await desk.client.get("/portal?lang=mr")
    assert "SameSite=lax" in chosen.headers["set-cookie"]
    assert '<html lang="mr">' in (await desk.client.get("/portal", headers={"Accept-Language": "bn-IN"})).text
    assert "set-cookie" not in (await desk.client.get("/portal?lang=planted")).headers


async def test_the_language_links_keep_the_rest_of_the_address(desk: Desk) -> None:
    """Changing the language in the middle of something does not lose it."""
    page = (await desk.client.get("/portal/requests/new?topic=order&lang=en")).text
    assert 'href="/portal/requests/new?topic=order&amp;lang=kn"' in page


async def test_complaints_are_in_the_visitors_language(desk: Desk) -> None:
    """The form answers in the language that it was shown in."""
    _, token = await desk.form("?lang=hi")
    answer = await desk.client.post("/portal/requests/new?lang=hi", data=VALUES | {"token": token, "name": ""})
    assert "अपना नाम लिखिए।" in answer.text


async def test_a_link_chooses_the_topic(desk: Desk) -> None:
    """An action of the first page leads to the form with its topic."""
    page = (await desk.client.get("/portal")).text
    links = re.findall(r"/portal/requests/new\?topic=(\w+)", page)
    assert links == ["repair"]
    for topic in links:
        form = (await desk.client.get(f"/portal/requests/new?topic={topic}")).text
        assert f'value="{topic}" selected' in form


@pytest.mark.parametrize("path", PAGES)
async def test_pages_run_only_our_script_and_are_not_framed(desk: Desk, path: str) -> None:
    """The policy allows files of our own; pages hold no script, style or handler themselves."""
    answer = await desk.client.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; " in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(r"<script(?! type=\"(module\" src|application/ld\+json\"))|style=|\son\w+=", answer.text)


async def test_pages_are_small(desk: Desk) -> None:
    """The budgets of HTML (15 kB) and CSS (10 kB), even before compression for the former."""
    for path in PAGES:
        assert len((await desk.client.get(path)).content) < 15_000
    sheet = re.search(r'href="(/portal/style/172.css[^"]*)"', (await desk.client.get("/portal")).text)[1]
    answer = await desk.client.get(sheet)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert len(gzip.compress(answer.content)) < 10_000


def test_fonts_come_from_the_built_console_when_there_is_one(tmp_path) -> None:
    """One rule for each font that was built; none without a build."""
    assert fonts.style_sheet(tmp_path) == ""
    (tmp_path / "inter-latin-wght-normal-AbC1.woff2").touch()
    assert "/static/console/assets/inter-latin-wght-normal-AbC1.woff2" in fonts.style_sheet(tmp_path)


def test_the_small_fonts_have_the_letters_of_all_names() -> None:
    """Each was made with the letters in the text beside it (docs/dependencies.md tells how); none is missing there."""
    sheet = fonts.names_sheet(look.STATIC / "names")
    for script in ("devanagari", "bengali", "kannada"):
        made_with = (look.STATIC / "names" / f"{script}.txt").read_text().strip()
        assert set(fonts.letters_of_names(script)) <= set(made_with)
        assert f"/static/portal/names/{script}.woff2?v=" in sheet
        assert (look.STATIC / "names" / f"{script}.woff2").stat().st_size < 6_000


async def test_a_desk_without_any_account_or_brand_has_a_portal(desk: Desk, db, settings) -> None:
    """Before anything is set up the form works under the product's name."""
    async with unit_of_work(db) as session:
        await session.execute(text("delete from channel_accounts"))
        for brand in await brands.list_brands(session):
            await brands.remove(session, brand.id)
    page = await desk.client.get("/portal")
    assert (page.status_code, settings.product_name in page.text) == (200, True)
    _, token = await desk.form()
    answer = await desk.client.post("/portal/requests/new", data=VALUES | {"token": token})
    assert answer.status_code == 303
    assert "#" in (await desk.client.get(answer.headers["location"])).text


def test_the_templates_folder_is_in_the_package() -> None:
    """What is read at run time lies beside the code that reads it."""
    assert (pages.FOLDER / "templates" / "base.html").is_file()
    assert look.STATIC.is_dir()

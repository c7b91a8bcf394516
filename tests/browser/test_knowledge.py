"""The knowledge base as agents meet it in a browser: written, reviewed, translated, published, put into answers."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.looks import is_too_wide, recolour, violations
from tests.browser.signing_in import sign_in
from tests.journeys.desk import ADMIN, AGENT, Desk

Picture = Callable[[Page, str], None]
TITLE = "The washing machine walks across the floor"
HINDI = "वॉशिंग मशीन फ़र्श पर चलती है"


@pytest.fixture
def editor_in_chief(browser: Browser, browser_context_args: dict[str, object], desk: Desk) -> Iterator[Page]:
    """A second person, who may publish."""
    context = browser.new_context(**browser_context_args)  # type: ignore[arg-type]  # the fixture's own arguments
    yield sign_in(context.new_page(), desk, ADMIN)
    context.close()


def saved(page: Page) -> None:
    """Wait until what was typed is on the server."""
    expect(page.get_by_test_id("save-state")).to_have_text("Saved")


def write(page: Page, desk: Desk) -> str:
    """Begin an article and write it in the editor; returns its address."""
    page.goto(f"{desk.url}/console/knowledge")
    page.get_by_role("button", name="New article").click()
    page.get_by_role("textbox", name="Title").fill(TITLE)
    page.get_by_role("button", name="Write", exact=True).click()
    body = page.get_by_role("textbox", name="Body", exact=True)
    body.click()
    page.keyboard.type("Its transport screws are still in.\n")
    page.get_by_role("button", name="Steps", exact=True).click()
    page.keyboard.type("Pull the plug.\nTake the four screws out.\n\n")
    page.get_by_role("button", name="Callout").click()
    page.get_by_role("menuitem", name="Warning").click()
    expect(body).to_be_focused()
    page.keyboard.type("The machine weighs 70 kg.")
    saved(page)
    page.get_by_label("Who may read it").select_option("public")
    return page.url


def publish(page: Page) -> None:
    """Publish the text that is open, now."""
    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Publish").click()
    expect(page.get_by_role("link", name="Open on the portal")).to_be_visible()


def test_an_article_is_written_reviewed_translated_and_published(
    page: Page, editor_in_chief: Page, desk: Desk, picture: Picture
) -> None:
    """One writes, another publishes; readers see it in both languages; a later draft stays unseen."""
    sign_in(page, desk, AGENT)
    address = write(page, desk)
    picture(page, "1-written")
    assert violations(page) == []
    page.get_by_role("button", name="Send to review").click()
    expect(page.get_by_role("button", name="In review")).to_be_visible()
    chief = editor_in_chief
    told = chief.get_by_role("status").filter(has_text=f"For review: {TITLE}")
    told.get_by_role("button", name="Open").click()
    publish(chief)
    expect(page.get_by_text(f"Approved: {TITLE}")).to_be_visible()
    where = chief.get_by_role("link", name="Open on the portal").get_attribute("href")
    assert where is not None
    page.goto(address)
    page.get_by_role("button", name="Add a language").click()
    page.get_by_role("menuitem", name="हिन्दी").click()
    expect(page.locator("input[lang=hi]").first).to_be_visible()
    page.get_by_role("textbox", name="Title").fill(HINDI)
    saved(page)
    page.get_by_role("button", name="Send to review").click()
    expect(page.get_by_role("button", name="हिन्दी").filter(has_text="In review")).to_be_visible()
    chief.goto(f"{desk.url}/console/knowledge/tasks")
    expect(chief.get_by_role("heading", name="Waiting for review")).to_be_visible()
    assert violations(chief) == []
    picture(chief, "2-to-do")
    chief.get_by_role("link", name=f"Review: {HINDI}").click()
    expect(chief.get_by_role("textbox", name="Title")).to_have_value(HINDI)
    publish(chief)
    picture(chief, "2-published")
    page.goto(f"{desk.url}{where}")
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()
    expect(page.get_by_text("The machine weighs 70 kg.")).to_be_visible()
    picture(page, "3-on-the-portal")
    page.get_by_role("navigation", name="Language").get_by_role("link", name="हिन्दी").click()
    expect(page.get_by_role("heading", name=HINDI)).to_be_visible()
    chief.goto(address)
    chief.get_by_role("textbox", name="Title").fill("Not for readers yet")
    saved(chief)
    page.goto(f"{desk.url}{where}")
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()


def test_words_survive_a_reload_and_an_older_version_comes_back(page: Page, desk: Desk, picture: Picture) -> None:
    """What was typed a moment ago is there after a reload; versions are compared and restored."""
    sign_in(page, desk, ADMIN)
    write(page, desk)
    body = page.get_by_role("textbox", name="Body", exact=True)
    body.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" Ask somebody to help.")
    page.reload()
    expect(page.get_by_role("textbox", name="Body", exact=True)).to_contain_text("Ask somebody to help.")
    saved(page)
    page.get_by_role("button", name="Versions").click()
    page.get_by_role("button", name="Compare with the newest").last.click()
    compared = page.get_by_role("dialog")
    expect(compared.get_by_text("Added", exact=False).first).to_be_attached()
    picture(page, "compared")
    assert violations(page) == []
    compared.get_by_role("button", name="Make version").click()
    expect(page.get_by_role("textbox", name="Body", exact=True)).not_to_contain_text("Ask somebody")


def test_the_pages_of_the_knowledge_base_are_accessible(page: Page, desk: Desk) -> None:
    """No rule of axe is broken in light and dark, and nothing is wider than a phone."""
    sign_in(page, desk, ADMIN)
    for path in ("", "/tasks", "/announcements", "/reports", "/whole"):
        page.goto(f"{desk.url}/console/knowledge{path}")
        expect(page.get_by_role("navigation", name="Parts of the knowledge base")).to_be_visible()
        page.wait_for_load_state("networkidle")
        for colours in ("light", "dark"):
            recolour(page, colours)  # type: ignore[arg-type]  # one of those
            expect(page.locator("html")).to_have_attribute("data-theme", colours)
            assert violations(page) == [], (path, colours)
        page.set_viewport_size({"width": 390, "height": 800})
        assert not is_too_wide(page), path
        page.set_viewport_size({"width": 1440, "height": 900})

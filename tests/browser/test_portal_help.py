"""The help centre in a browser: every public page in five languages, suggestions by keyboard, and all of it without scripts."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Desk
from tests.browser.looks import NARROW, PICTURED, WIDE, is_too_wide, shared_out, take, violations

ARTICLE = "/articles/refrigerator-does-not-cool"
LOCAL = ("", "/categories/refrigerators", ARTICLE, f"{ARTICLE}?voted=no", "/search?q=refrigerator", "/search?q=zxqwv")
OTHERS = ("/portal/requests/new?topic=repair", "/portal/requests/solved", "/portal/nothing")


def test_every_public_page_is_accessible_in_every_language(page: Page, desk: Desk, picture) -> None:
    """Axe finds nothing, in light and dark, on wide and narrow screens, and nothing scrolls sideways."""
    for language, path, look in shared_out([*LOCAL, *OTHERS]):
        if path in LOCAL:
            page.goto(f"{desk.url}/portal/{language}{path}")
        else:
            page.goto(f"{desk.url}{path}{'&' if '?' in path else '?'}lang={language}")
        for width in (WIDE, NARROW):
            page.set_viewport_size({"width": width, "height": 800})
            assert not is_too_wide(page), (page.url, width)
        take(page, look)
        assert violations(page) == [], (page.url, look)
        if path == ARTICLE and language in PICTURED:
            picture(page, f"article-{language}")


def test_a_page_fetches_the_letters_of_its_own_language_only(page: Page, desk: Desk) -> None:
    """The names of the other languages have small fonts: whole scripts would be fetched before a page is drawn."""
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url.split("/")[-1]))
    page.goto(f"{desk.url}/portal/en{ARTICLE}", wait_until="networkidle")
    fonts = {re.split(r"[-.?]", name)[0] for name in fetched if ".woff2" in name}
    assert fonts == {"inter", "devanagari", "bengali", "kannada"}
    assert page.evaluate("document.fonts.check('400 16px \"Names of Languages\"', 'हिन्दी বাংলা ಕನ್ನಡ')")


def test_suggestions_are_chosen_by_keyboard(page: Page, desk: Desk, picture) -> None:
    """The focus stays in the field, arrows choose, Escape closes, Enter opens; axe finds nothing while they are open."""
    page.goto(f"{desk.url}/portal/en")
    field = page.get_by_role("combobox", name="Search the help centre")
    field.fill("washing machine shakes")
    option = page.get_by_role("option", name=re.compile("The washing machine shakes"))
    expect(option).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    expect(field).to_be_focused()
    picture(page, "open")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(option).to_be_hidden()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/portal/en/articles/washing-machine-shakes"))


def test_a_look_at_an_answer_keeps_the_form(page: Page, desk: Desk, picture) -> None:
    """Answers stand below the subject without taking the focus; on the way back everything typed is there."""
    page.goto(f"{desk.url}/portal/requests/new?lang=en")
    page.get_by_label("What happened?").fill("It rings every night.")
    page.get_by_label("What is it about?").select_option("repair")
    expect(page.get_by_label("What does it do?")).to_be_visible()
    page.get_by_label("What does it do?").select_option("error")
    page.get_by_label("Which error code?").fill("E4")
    subject = page.get_by_label("Subject")
    subject.fill("The washing machine shakes")
    answer = page.get_by_role("link", name=re.compile("The washing machine shakes"))
    expect(answer).to_be_visible()
    expect(subject).to_be_focused()
    picture(page, "block")
    assert violations(page) == []
    answer.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The washing machine shakes or is very loud")
    page.goto(f"{desk.url}/portal/requests/new?lang=en")
    expect(page.get_by_label("Subject")).to_have_value("The washing machine shakes")
    expect(page.get_by_label("What happened?")).to_have_value("It rings every night.")
    expect(page.get_by_label("What does it do?")).to_have_value("error")
    expect(page.get_by_label("Which error code?")).to_have_value("E4")
    page.get_by_role("button", name=re.compile("^This answered it.*washing machine shakes")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("We are glad that you found it")
    page.goto(f"{desk.url}/portal/requests/new?lang=en")
    expect(page.get_by_label("Subject")).to_have_value("")


def test_finding_and_not_finding_without_any_script(browser: Browser, desk: Desk, picture) -> None:
    """JavaScript switched off: an article is found and voted on; nothing is found, and a request is sent instead."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{desk.url}/portal/en")
    page.get_by_label("Search the help centre").fill("door seal")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Clean or change the door seal").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Clean or change the door seal")
    page.get_by_role("button", name="Yes").click()
    expect(page.get_by_text("We are glad that it helped")).to_be_visible()
    page.goto(f"{desk.url}/portal/en/search?q=zxqwv+brglmpf")
    expect(page.get_by_role("heading", level=1)).to_have_text("We found no answer to this")
    page.get_by_role("main").get_by_role("link", name="Send a request").click()
    expect(page.get_by_label("Subject")).to_have_value("zxqwv brglmpf")
    page.get_by_label("What is it about?").select_option("repair")
    page.get_by_role("button", name="Show the questions of this topic").click()
    page.get_by_label("What does it do?").select_option("error")
    page.get_by_role("button", name="Show the questions that fit").click()
    page.get_by_label("Which error code?").fill("E4")
    page.get_by_label("What happened?").fill("It vacuums purple.")
    page.get_by_label("Your name").fill("Meera Visitor")
    page.get_by_label("Your e-mail address").fill("meera.visitor@example.com")
    picture(page, "form")
    page.wait_for_timeout(3200)  # the form asks people not to be faster than programs
    page.get_by_role("button", name="Send request").click()
    assert re.fullmatch(r"#\d+", page.locator(".number").inner_text())
    context.close()

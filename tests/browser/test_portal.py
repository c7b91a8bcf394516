"""The portal in a browser: accessible in light and dark, on a telephone and a desk; a request from end to end."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Desk
from tests.browser.looks import NARROW, PICTURED, WIDE, is_too_wide, shared_out, take, violations


def test_pages_are_accessible_and_never_wider_than_the_screen(page: Page, desk: Desk, picture) -> None:
    """Axe finds nothing on the first page, the form and the form with complaints; nothing scrolls sideways."""
    paths = {"home": "/portal", "form": "/portal/requests/new", "complaints": "/portal/requests/new"}
    for language, name, look in shared_out(list(paths)):
        take(page, look)
        page.goto(f"{desk.url}{paths[name]}?lang={language}")
        if name == "complaints":
            page.locator("form > button.button").click()
            expect(page.get_by_role("alert")).to_be_visible()
        if language in PICTURED:
            picture(page, f"{name}-{language}")
        assert violations(page) == [], (name, language, look)
        for width in (WIDE, NARROW):
            page.set_viewport_size({"width": width, "height": 800})
            assert not is_too_wide(page), (name, language, width)


@pytest.mark.parametrize("width", [320, 1280])
def test_targets_are_large_enough(browser: Browser, desk: Desk, width: int) -> None:
    """Whatever can be pressed on its own is at least 40 pixels high (links within a sentence may be smaller)."""
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    for path in ("/portal", "/portal/requests/new"):
        page.goto(f"{desk.url}{path}")
        small = page.evaluate(
            """[...document.querySelectorAll('a, button, input, select, textarea')]
            .filter(each => each.offsetParent && !each.closest('.trap, .skip, .unseen'))
            .filter(each => !each.closest('p') || each.classList.contains('button'))
            .filter(each => each.type !== 'hidden' && !each.classList.contains('skip'))
            .filter(each => each.getBoundingClientRect().height < 40).map(each => each.outerHTML)"""
        )
        assert small == []
    context.close()


def test_the_keyboard_reaches_everything_in_order(page: Page, desk: Desk) -> None:
    """The first Tab offers to skip the head of the page; the trap for programs is never reached."""
    page.goto(f"{desk.url}/portal/requests/new?lang=en")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    reached = []
    for _ in range(8):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.type"))
    assert [name for name in reached if name] == ["subject", "topic", "message", "files", "name", "email", "submit"]
    assert "website" not in reached


def test_a_request_without_any_script(browser: Browser, desk: Desk, picture) -> None:
    """JavaScript switched off: complaint, correction, file, number; a reload of the thanks page sends nothing again."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{desk.url}/portal?lang=en")
    page.get_by_role("link", name=re.compile("^Report a fault")).click()
    page.get_by_label("What is it about?").select_option("order")
    page.get_by_label("Subject").fill("Where is my parcel?")
    page.get_by_label("What happened?").fill("It was to arrive on Monday.")
    page.get_by_label("Your e-mail address").fill("meera.visitor@example.com")
    page.wait_for_timeout(3200)  # the form asks people not to be faster than programs
    page.get_by_role("button", name="Send request").click()
    page.get_by_role("link", name="Enter your name.").click()
    expect(page.get_by_label("Subject")).to_have_value("Where is my parcel?")
    page.get_by_label("Your name").fill("Meera Visitor")
    photo = {"name": "parcel.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" + b"\0" * 64}
    page.get_by_label("Photos or documents").set_input_files(photo)
    page.get_by_role("button", name="Send request").click()
    number = page.locator(".number").inner_text()
    assert re.fullmatch(r"#\d+", number)
    picture(page, "thanks")
    page.reload()
    assert page.locator(".number").inner_text() == number
    context.close()

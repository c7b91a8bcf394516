"""Brands and topics of the request form, set in the console and seen on the portal."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.looks import violations
from tests.browser.signing_in import sign_in
from tests.journeys.desk import ADMIN, Desk

Picture = Callable[[Page, str], None]
HOST = "acme.localhost"
"""Browsers find every name below localhost on this machine."""
LOGO = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="96" height="32">'
    b'<rect width="96" height="32" rx="6" fill="#e0457b"/></svg>'
)
SWITCH = "theme => { document.documentElement.dataset.theme = theme }"


def check(page: Page, picture: Picture, name: str) -> None:
    """Axe finds nothing, in light and dark, and on a phone nothing is wider than the screen."""
    for theme in ("light", "dark"):
        page.evaluate(SWITCH, theme)
        assert violations(page) == []
        picture(page, f"{name}-{theme}")
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.querySelector('main').scrollWidth") <= 390
    picture(page, f"{name}-phone")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.evaluate(SWITCH, "light")


def make_brand(page: Page, picture: Picture) -> None:
    """With an address that is taken first: the complaint stands at the field, and nothing typed is lost."""
    page.get_by_role("navigation", name="Settings").get_by_role("link", name="Brands").click()
    page.get_by_role("link", name="Make a brand").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("Acme Air")
    logo = page.get_by_label("Logo", exact=True)
    logo.set_input_files({"name": "terms.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4"})
    expect(page.get_by_role("alert").filter(has_text="A logo is a PNG, JPEG, WebP or SVG picture.")).to_be_visible()
    picture(page, "wrong-logo")
    logo.set_input_files({"name": "acme.svg", "mimeType": "image/svg+xml", "buffer": LOGO})
    expect(page.get_by_text("acme.svg is set when you save.")).to_be_visible()
    page.get_by_role("spinbutton", name="Colour in degrees").fill("350")
    expect(page.get_by_role("slider", name="Colour")).to_have_attribute("aria-valuetext", "350 degrees, pink")
    expect(page.get_by_test_id("contrast")).to_contain_text("Readable everywhere")
    page.get_by_role("button", name="Make brand").click()
    host = page.get_by_role("textbox", name="Address", exact=True)
    expect(host).to_have_accessible_description(re.compile("There is a brand for all other hosts already"))
    expect(host).to_be_focused()
    host.fill(f"https://{HOST}/portal")
    page.get_by_role("button", name="Add a link").click()
    page.get_by_role("textbox", name="Words of link 1").fill("Terms of sale")
    page.get_by_role("textbox", name="Address of link 1").fill("/terms")
    page.get_by_role("button", name="Make brand").click()
    expect(page.get_by_role("heading", name="Acme Air", level=2)).to_be_visible()
    expect(page.get_by_role("textbox", name="Address", exact=True)).to_have_value(HOST)
    check(page, picture, "brand")


def make_topic(page: Page, picture: Picture) -> None:
    """A tick box that decides about a number; the preview asks as the form will; then it is moved up."""
    page.get_by_role("link", name="Request topics").click()
    page.get_by_role("link", name="Make a topic").click()
    page.get_by_role("textbox", name="What is it about?").fill("Moving house")
    page.get_by_role("button", name="Add a question").click()
    page.get_by_role("textbox", name="Question", exact=True).fill("There are stairs")
    page.get_by_role("combobox", name="Kind of answer").select_option(label="Tick box")
    page.get_by_role("button", name=re.compile("1. There are stairs")).click()
    page.get_by_role("button", name="Add a question").click()
    page.get_by_role("combobox", name="Kind of answer").select_option(label="Number")
    page.get_by_role("checkbox", name="Must be answered").check()
    page.get_by_role("combobox", name="Shown").select_option(label="If “There are stairs” is ticked")
    page.get_by_role("button", name="Make topic").click()
    question = page.get_by_role("textbox", name="Question", exact=True)
    expect(question).to_have_accessible_description(re.compile("A question needs words"))
    question.fill("Which floor?")
    preview = page.get_by_test_id("form-preview")
    expect(preview.get_by_label("Which floor?")).to_have_count(0)
    preview.get_by_role("checkbox", name="There are stairs").check()
    expect(preview.get_by_label("Which floor?")).to_be_visible()
    check(page, picture, "topic")
    page.get_by_role("button", name="Make topic").click()
    expect(page.get_by_role("heading", name="Moving house", level=2)).to_be_visible()
    page.get_by_role("link", name="Request topics").first.click()
    up = page.get_by_role("button", name="Move Moving house up")
    up.click()
    expect(page.get_by_text("Moving house is number 5 of 6 now.")).to_be_attached()
    expect(up).to_be_focused()


def test_a_brand_and_a_topic_are_made_and_seen_on_the_portal(page: Page, desk: Desk, picture: Picture) -> None:
    """Logo, name and link stand on the brand's own host; the form asks for the floor when there are stairs."""
    sign_in(page, desk, ADMIN)
    page.get_by_role("link", name="Settings").click()
    make_brand(page, picture)
    make_topic(page, picture)

    port = desk.url.rpartition(":")[2]
    page.goto(f"http://{HOST}:{port}/portal/requests/new?lang=en")
    logo = page.get_by_role("banner").get_by_role("img", name="Acme Air")
    assert logo.evaluate("picture => picture.naturalWidth") == 96
    expect(page.get_by_role("link", name="Terms of sale")).to_have_attribute("href", "/terms")
    page.get_by_label("What is it about?").select_option(label="Moving house")
    stairs = page.get_by_role("checkbox", name="There are stairs")
    expect(stairs).to_be_visible()
    expect(page.get_by_label("Which floor?")).to_have_count(0)
    stairs.check()
    expect(page.get_by_label("Which floor?")).to_be_visible()
    picture(page, "portal")
    page.goto(f"{desk.url}/portal/en")
    expect(page.get_by_role("img", name="Acme Air")).to_have_count(0)

    for where, name, button in (
        ("request-topics", "Moving house", "Take the topic away"),
        ("brands", "Acme Air", "Take the brand away"),
    ):
        page.goto(f"{desk.url}/console/settings/{where}")
        page.get_by_role("link", name=re.compile(f"^{name}")).click()
        page.get_by_role("button", name=button).click()
        page.get_by_role("alertdialog").get_by_role("button", name=button).click()
        expect(page.get_by_role("link", name=re.compile(f"^{name}"))).to_have_count(0)
        expect(page).to_have_url(f"{desk.url}/console/settings/{where}")

"""What the desk chooses for its customers, in the console's settings, and what customers then find on the portal."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from core import clock
from tests.browser.looks import violations
from tests.browser.signing_in import sign_in
from tests.journeys.desk import ADMIN, Client, Desk, eventually

Picture = Callable[[Page, str], None]
INDIA = ZoneInfo("Asia/Kolkata")


def written(hours: dict[str, Any]) -> dict[str, Any]:
    """Opening hours as they are sent."""
    return {name: hours[name] for name in ("timeZone", "weekly", "days")}


@pytest.fixture
def before(desk: Desk) -> Iterator[Client]:
    """An administrator's client; afterwards everything is as it was, for the other tests share the desk."""
    with desk.sign_in(ADMIN) as arjun:
        choices = arjun.get("/api/settings/portal").json()
        hours = next(one for one in arjun.get("/api/opening-hours").json() if one["name"] == "default")
        yield arjun
        del choices["version"]
        assert arjun.put("/api/settings/portal", json=choices).status_code == 200
        assert arjun.put("/api/opening-hours/default", json=written(hours)).status_code == 200
        for group in arjun.get("/api/search/synonyms").json():
            arjun.delete(f"/api/search/synonyms/{group['id']}")


def test_choices_show_on_the_portal(page: Page, browser: Browser, desk: Desk, before: Client, picture: Picture) -> None:
    """Hours, a holiday, guest links and a synonym: complaints stand at their fields, and the portal follows."""
    portal = browser.new_context().new_page()  # in a window of its own: a tab behind another one hardly moves
    sign_in(page, desk, ADMIN)
    page.get_by_role("link", name="Settings").click()
    hours_are_set(page, portal, desk, picture)
    guest_links_are_switched_off(page, portal)
    assert before.get("/api/settings/portal").json()["reopenDays"] == 7
    a_synonym_is_taught(page, portal, desk, picture)
    portal.context.close()


def hours_are_set(page: Page, portal: Page, desk: Desk, picture: Picture) -> None:
    """Round the clock, and then a holiday; the request form of the portal says so each time."""
    page.get_by_role("link", name="Opening hours").click()
    page.get_by_role("link", name="The desk's own hours").click()
    monday = page.get_by_role("group", name="Monday")
    monday.get_by_label("Monday, from").fill("00:00")
    monday.get_by_label("Monday, until").fill("00:00")
    expect(monday).to_contain_text("round the clock")
    monday.get_by_role("button", name="Use the times of Monday for other days").click()
    page.get_by_role("menuitem", name="For every day").click()
    told = page.get_by_role("region", name="What customers read now")
    expect(told).to_contain_text("We are here now.")
    page.get_by_role("button", name="Add a time to Tuesday").click()
    page.get_by_role("button", name="Save").click()
    complaint = page.get_by_role("group", name="Tuesday").get_by_text("Two of these times overlap.")
    expect(complaint).to_be_visible()
    expect(page.get_by_label("Tuesday, from").first).to_be_focused()
    page.get_by_role("button", name="from Tuesday").last.click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    portal.goto(f"{desk.url}/portal/requests/new?lang=en")
    expect(portal.get_by_text("We are here now.")).to_be_visible()

    today = clock.now().astimezone(INDIA).date()
    known = page.get_by_label("Day", exact=True).count()
    for number in range(2):  # so that midnight may come in between
        page.get_by_role("button", name="Add a day").click()
        page.get_by_label("Day", exact=True).nth(known + number).fill((today + timedelta(days=number)).isoformat())
        page.get_by_label("What it is").nth(known + number).fill("Stocktaking")
    page.get_by_role("button", name="Save").click()
    expect(told).to_contain_text("We are away now. We are back on")
    expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    picture(page, "1-holiday")
    portal.reload()
    expect(portal.get_by_text("We are away now. We are back on")).to_be_visible()


def guest_links_are_switched_off(page: Page, portal: Page) -> None:
    """The thanks page of the request that is sent then has no such link."""
    page.get_by_role("link", name="Portal rules").click()
    days = page.get_by_label("Days in which an answer opens")
    days.fill("9999")
    page.get_by_role("checkbox", name="Acknowledgements and thanks pages").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Enter 3650 or less.")).to_be_visible()
    expect(days).to_be_focused()
    days.fill("7")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    portal.get_by_label("What is it about?").select_option("other")
    portal.get_by_label("Subject").fill("The lamp flickers")
    portal.get_by_label("What happened?").fill("Every evening.")
    portal.get_by_label("Your name").fill("Leela Pai")
    portal.get_by_label("Your e-mail address").fill("leela.choices@customer.example")

    def sent() -> bool:  # the form asks people not to be faster than programs
        portal.get_by_role("button", name="Send request").click()
        return portal.locator(".number").count() > 0

    eventually(sent, "the request is taken")
    expect(portal.get_by_role("link", name="Follow your request")).to_have_count(0)


def a_synonym_is_taught(page: Page, portal: Page, desk: Desk, picture: Picture) -> None:
    """A word that found nothing finds the article of another word."""
    page.get_by_role("link", name="Search words").click()
    words = page.get_by_role("textbox", name="Words, separated by commas")
    words.fill("frostbox")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("At least 2 entries are needed.")).to_be_visible()
    expect(words).to_be_focused()
    portal.goto(f"{desk.url}/portal/en/search?q=frostbox")
    expect(portal.get_by_role("heading", level=1)).to_have_text("We found no answer to this")
    words.fill("frostbox, refrigerator")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("list", name="Words that mean the same")).to_contain_text("frostbox")
    picture(page, "2-words")

    def found() -> bool:
        portal.reload()
        return portal.get_by_role("link", name="The refrigerator does not cool").count() > 0

    eventually(found, "the synonym finds the article")


def test_ratings_lead_to_their_tickets(page: Page, desk: Desk, picture: Picture) -> None:
    """The numbers narrow by a click, and a word of a customer opens her ticket; on the way back the choice still stands."""
    sign_in(page, desk, ADMIN)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{desk.url}/console/settings/satisfaction")
    page.get_by_label("Period").select_option(label="Last 90 days")
    page.get_by_role("button", name="Billing").click()
    expect(page.get_by_label("Team").locator("option:checked")).to_have_text("Billing")
    said = page.get_by_role("list", name="What they said").get_by_role("listitem")
    expect(said.first).to_contain_text("Billing")
    picture(page, "report")
    assert violations(page) == []
    link = said.first.get_by_role("link").first
    subject = link.inner_text().split(": ", 1)[1]
    link.click()
    expect(page.get_by_role("heading", name=subject)).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Period")).to_have_value("90")

"""The console's search: by relevance with marked words, narrowed by conditions, misspelt words put right."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.signing_in import sign_in
from tests.journeys.desk import Desk, eventually, mail

Picture = Callable[[Page, str], None]


def test_an_agent_finds_a_ticket_by_what_was_said_in_it(page: Page, desk: Desk, picture: Picture) -> None:
    """A word of a message, misspelt, finds the ticket; a condition is a chip, a click on a number narrows."""
    desk.send(mail("Leela Pai <leela@pai.example>", "Strange noise", "The gramophone hisses and wobbles."))
    with desk.sign_in() as neha:

        def found() -> bool:
            answer = neha.get("/api/search", params={"q": "gramophone"}).json()
            return any(mark["snippet"] for mark in answer["marks"].values())

        def all_of_it() -> bool:
            answer = neha.get("/api/search", params={"q": "invoice"}).json()
            return "solved" in answer["facets"].get("status", {})

        eventually(found, "the mail is indexed", 30)
        eventually(all_of_it, "what the demo brings is indexed", 60)
    sign_in(page, desk)
    page.goto(f"{desk.url}/console/search")
    field = page.get_by_role("searchbox")
    expect(field).to_be_focused()
    field.fill("gramophnoe")
    results = page.get_by_role("region", name="Tickets")
    expect(results.get_by_role("link").first).to_contain_text("Strange noise")
    expect(results.locator("mark").first).to_have_text("gramophone")
    expect(page.get_by_text("Searched for “gramophone”.")).to_be_visible()
    picture(page, "1-misspelt")
    field.fill("invoice from:nobody-at-all")
    expect(page.get_by_role("button", name="Take out from:nobody-at-all")).to_be_visible()
    page.get_by_role("button", name="Take out from:nobody-at-all").click()
    expect(field).to_have_value("invoice")
    expect(results.locator("mark").first).to_be_visible()
    field.fill("invoice entitlement:warranty")
    expect(page.get_by_text("Possible is: entitlement:in_warranty, entitlement:contract")).to_be_visible()
    expect(results).to_have_count(0)
    page.get_by_role("button", name="Take out entitlement:warranty").click()
    solved = page.get_by_role("complementary", name="Narrow the search").get_by_role("button", name="Solved")
    solved.click()
    expect(field).to_have_value("invoice status:solved")
    expect(solved).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Take out status:solved")).to_be_visible()
    picture(page, "2-narrowed")
    with desk.sign_in() as neha:
        owned = neha.get("/api/products/registrations", params={"limit": 1}).json()["items"][0]
    field.fill(owned["serial"].lower())
    page.get_by_role("region", name="Products").get_by_role("link").first.click()
    expect(page.get_by_role("dialog", name=owned["product"]).get_by_text(owned["serial"])).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.get_by_role("dialog").get_by_role("textbox").fill(owned["serial"])
    expect(page.get_by_role("dialog").get_by_text("entitlement:in_warranty")).to_be_visible()
    page.get_by_role("dialog").get_by_role("option", name=owned["serial"]).first.click()
    expect(page.get_by_role("dialog", name=owned["product"])).to_be_visible()
    picture(page, "3-product")

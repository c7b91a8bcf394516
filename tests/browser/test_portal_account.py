"""The signed-in side of the portal in a browser: a customer signs in by the mailed link, reads, answers, rates, leaves.

Without any script; the same pages are then looked at by axe, on a telephone and a desk, in light and dark.
"""

import re
from email.message import EmailMessage

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Desk
from tests.browser.looks import PICTURED, Look, check, shared_out, take
from tests.journeys.desk import AGENT, eventually, mail

PLATE = {"name": "plate.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" + b"\0" * 64}


def words(message: EmailMessage) -> str:
    """The text of a mail."""
    part = message.get_body(("plain",))
    assert part is not None
    return part.get_content()


def link_in(desk: Desk, address: str, pattern: str) -> str:
    """The newest link of a kind in a simulated mailbox."""

    def look() -> str:
        found = [re.search(rf"http://\S+{pattern}\S*", words(each)) for each in desk.inbox(address)]
        return next((each[0] for each in reversed(found) if each), "")

    return eventually(look, f"a mail with {pattern} reaches {address}", 40)


def sign_in(page: Page, desk: Desk, address: str) -> None:
    """By the link in the mail."""
    page.goto(f"{desk.url}/portal/sign-in?lang=en")
    page.get_by_label("Your e-mail address").fill(address)
    page.get_by_role("button", name="Send me a link").click()
    expect(page.get_by_role("heading", name="Look into your mailbox")).to_be_visible()
    page.goto(link_in(desk, address, "/portal/sign-in/link/"))
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="My requests")).to_be_visible()


def ask(desk: Desk, address: str, subject: str) -> dict:
    """A customer writes, an agent answers and waits for the customer; returns the ticket."""
    desk.send(mail(f"Asha Journey <{address}>", subject))
    with desk.sign_in(AGENT) as agent:
        ticket = eventually(lambda: agent.ticket_with(subject), "the mail is a ticket", 40)
        assert (
            agent.reply(ticket, "<p>Could you send us a photo of the plate?</p>", status="pending").status_code == 201
        )
    eventually(lambda: len(desk.inbox(address)) >= 1, "the answer has left", 40)
    return ticket


def test_a_customer_signs_in_answers_rates_and_leaves(browser: Browser, desk: Desk, picture) -> None:
    """JavaScript switched off from the address to signing out."""
    address = "asha.journey@example.com"
    ticket = ask(desk, address, "The journey of a dripping unit")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, desk, address)
    picture(page, "list")
    row = page.get_by_role("link", name="The journey of a dripping unit")
    expect(row).to_contain_text("We wait for your answer: Could you send us a photo of the plate?")
    row.click()
    expect(page.get_by_text("Could you send us a photo of the plate?").last).to_be_visible()
    page.get_by_label("What do you want to say?").fill("Here it is.")
    page.get_by_label("Photos or documents").set_input_files(PLATE)
    page.get_by_role("button", name="Send answer").click()
    expect(page.get_by_text("Here it is.")).to_be_visible()
    expect(page.get_by_role("link", name="plate.png")).to_be_visible()
    expect(page.get_by_text("We are working on it")).to_be_visible()
    picture(page, "request")
    page.get_by_role("button", name="It is solved").click()
    expect(page.get_by_text(re.compile("You can reopen it until"))).to_be_visible()
    page.get_by_role("link", name="How content are you?").click()
    page.get_by_role("radio", name="Good", exact=True).check()
    page.get_by_role("checkbox", name="Friendly", exact=True).check()
    page.get_by_label(re.compile("Do you want to say more")).fill("That was quick.")
    page.get_by_role("button", name="Send my answer").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    picture(page, "rated")
    with desk.sign_in(AGENT) as agent:
        items = agent.get(f"/api/tickets/{ticket['id']}/timeline").json()["items"]
    assert [item["data"]["score"] for item in items if item.get("kind") == "ticket.rated"] == [4]
    page.get_by_role("link", name="My account").click()
    picture(page, "account")
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.goto(f"{desk.url}/portal/requests?lang=en")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    context.close()


def test_the_signed_in_pages_are_accessible(browser: Browser, desk: Desk, picture) -> None:
    """Axe finds nothing, nothing scrolls sideways, whatever can be pressed is large enough, in every language."""
    address = "asha.looks@example.com"
    ticket = ask(desk, address, "A unit that is looked at")
    context = browser.new_context()
    page = context.new_page()
    for language, name, look in shared_out(["sign-in", "sign-in-complaint"]):
        take(page, look)
        page.goto(f"{desk.url}/portal/sign-in?lang={language}")
        if name == "sign-in-complaint":
            page.locator("main form button").last.click()
            expect(page.get_by_role("alert")).to_be_visible()
        look_at(page, picture, look, name, language)
    sign_in(page, desk, address)
    paths = {
        "code": "/portal/sign-in/code",
        "link": "/portal/sign-in/link/used",
        "requests": "/portal/requests",
        "none": "/portal/requests?show=done",
        "request": f"/portal/requests/{ticket['id']}",
        "profile": "/portal/profile",
        "privacy": "/portal/privacy",
        "rate": f"/portal/rate/{rating_token(page, desk, ticket['id'])}",
    }
    for language, name, look in shared_out(list(paths)):
        page.goto(f"{desk.url}{paths[name]}{'&' if '?' in paths[name] else '?'}lang={language}")
        look_at(page, picture, look, name, language)
    context.close()


def rating_token(page: Page, desk: Desk, ticket_id: int) -> str:
    """The rating's address, from the request's page once it is solved."""
    page.goto(f"{desk.url}/portal/requests/{ticket_id}?lang=en")
    page.get_by_role("button", name="It is solved").click()
    found = page.get_by_role("link", name="How content are you?").get_attribute("href")
    assert found is not None
    return found.rpartition("/rate/")[2].partition("?")[0]


def look_at(page: Page, picture, look: Look, name: str, language: str) -> None:
    """See that nothing is wrong with the page, and keep a picture of it."""
    check(page, look, f"{name}-{language}")
    if language in PICTURED:
        picture(page, f"{name}-{language}")

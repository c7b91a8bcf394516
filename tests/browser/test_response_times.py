"""Response times in a browser: an administrator promises, a customer is told, an agent sees it and keeps it."""

import re
from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from tests.browser.looks import violations
from tests.browser.signing_in import sign_in
from tests.journeys.desk import ADMIN, AGENT, Client, Desk, eventually

Picture = Callable[[Page, str], None]


def test_a_promise_from_the_settings_to_the_answer(browser: Browser, page: Page, desk: Desk, picture: Picture) -> None:
    """Told in the settings, it stands on the customer's page and beside the ticket, and the answer meets it."""
    sign_in(page, desk, ADMIN)
    page.goto(f"{desk.url}/console/settings/response-times")
    policies = page.get_by_role("list", name="Response times")
    expect(policies.get_by_role("button")).to_have_count(7)
    expect(policies).to_contain_text("first answer within 4 opening hours")
    picture(page, "settings")
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 780})
    picture(page, "settings-narrow")
    page.set_viewport_size({"width": 1440, "height": 900})
    policies.get_by_role("button", name=re.compile("Everyday")).click()
    form = page.get_by_role("dialog")
    within = form.get_by_role("group", name="first answer").get_by_role("spinbutton")
    within.fill("")
    form.get_by_role("group", name="solution", exact=True).get_by_role("spinbutton").fill("")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_contain_text("Promise at least one of these times.")
    within.fill("6")
    form.get_by_role("checkbox", name="Tell customers").check()
    picture(page, "form")
    assert violations(page) == []
    saved_by_somebody_else(desk)
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_contain_text("Somebody saved this while you were writing.")
    picture(page, "conflict")
    form.get_by_role("button", name="Save mine all the same").click()
    expect(form).to_have_count(0)
    expect(policies).to_contain_text("first answer within 6 hours · told to the customer")

    request = ask_on_the_portal(browser, desk, picture)
    number = desk_number(page, desk)
    page.goto(f"{desk.url}/console/inbox/open/{number}")
    beside = page.get_by_role("region", name="Response times")
    expect(beside).to_contain_text("No cover, Normal priority: first answer within 6 hours · told to the customer")
    expect(beside).to_contain_text("Due in")
    picture(page, "ticket")
    assert violations(page) == []
    page.keyboard.press("r")
    expect(page.get_by_role("textbox", name="Reply")).to_be_focused()
    page.keyboard.type("Please tighten the shade.")
    page.keyboard.press("Control+Enter")
    expect(beside).to_contain_text("in time")
    a_word_is_given_and_kept(browser, page, request, picture)


def a_word_is_given_and_kept(browser: Browser, page: Page, request: str, picture: Picture) -> None:
    """Beside the ticket; its customer sees it until it is done, and after that that it was."""
    page.get_by_role("button", name="Promise something").click()
    word = page.get_by_role("dialog", name="Promise something")
    word.get_by_label("What you promise").fill("I send you a new shade")
    assert violations(page) == []
    picture(page, "promise")
    word.get_by_role("button", name="Promise something").click()
    given = page.get_by_role("region", name="Promises")
    expect(given).to_contain_text("I send you a new shade")
    expect(given).to_contain_text("told to the customer")
    customer = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 780}, locale="en-IN")
    visitor = customer.new_page()
    visitor.goto(request)
    expect(visitor.get_by_role("region", name="What we promised you")).to_contain_text("I send you a new shade Until")
    picture(visitor, "promised")
    given.get_by_role("button", name="Kept: I send you a new shade").click()
    expect(given).to_contain_text("kept")
    visitor.reload()
    expect(visitor.get_by_role("region", name="What we promised you")).to_contain_text("Done on")
    customer.close()


def saved_by_somebody_else(desk: Desk) -> None:
    """Save the policy for every request meanwhile, as it is."""
    with Client(desk.url, *ADMIN) as other:
        everyday = next(each for each in other.get("/api/response-times").json() if each["name"] == "Everyday")
        terms = {name: value for name, value in everyday.items() if name not in {"id", "version"}}
        assert other.put(f"/api/response-times/{everyday['id']}", json=terms).status_code == 200


def ask_on_the_portal(browser: Browser, desk: Desk, picture: Picture) -> str:
    """Send a request without any script; the thanks page and the request's own, which is returned, say until when."""
    customer = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 780}, locale="en-IN")
    visitor = customer.new_page()
    visitor.goto(f"{desk.url}/portal/requests/new?lang=en")
    visitor.get_by_label("What is it about?").select_option("other")
    visitor.get_by_label("Subject").fill("The lamp hums")
    visitor.get_by_label("What happened?").fill("It hums at night.")
    visitor.get_by_label("Your e-mail address").fill("isha.visitor@example.com")
    visitor.get_by_label("Your name").fill("Isha Visitor")
    visitor.wait_for_timeout(2500)  # a form that comes back at once is a robot's
    visitor.get_by_role("button", name="Send request").click()
    promised = re.compile(r"We mean to answer by (today|tomorrow), \d\d:\d\d\.")
    expect(visitor.get_by_role("main")).to_contain_text(promised)
    picture(visitor, "thanks")
    visitor.get_by_role("link", name="Follow your request").click()
    expect(visitor.get_by_role("main")).to_contain_text(promised)
    address = visitor.url
    customer.close()
    return address


def desk_number(page: Page, desk: Desk) -> int:
    """The number of the ticket about the lamp."""
    found = page.request.get(f"{desk.url}/api/tickets?q=The lamp hums").json()["items"]
    return int(found[0]["id"])


def test_the_list_says_what_is_late_and_what_is_due(page: Page, desk: Desk, picture: Picture) -> None:
    """By shape and words; sorted by what is due first; a missed deadline stands in the history with who had it then."""
    sign_in(page, desk, AGENT)
    page.goto(f"{desk.url}/console/inbox/breaching")
    first = page.get_by_role("option").first
    expect(first).to_contain_text("Late by")
    first.click()
    expect(page.get_by_role("log")).to_contain_text(re.compile("Missed: (first answer|solution), due .* Owner then: "))
    expect(page.get_by_role("region", name="Response times")).to_contain_text("Late by")
    picture(page, "late")
    with desk.sign_in() as neha:
        assert neha.patch("/api/me", json={"locale": "hi", "theme": "dark"}).status_code == 200
        page.reload()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        expect(page.get_by_role("log")).to_be_visible()
        picture(page, "late-dark")
        assert violations(page) == []
        assert neha.patch("/api/me", json={"locale": "en", "theme": "light"}).status_code == 200


def test_a_breach_is_warned_before_it_happens(page: Page, desk: Desk, picture: Picture) -> None:
    """Whoever owns it is told on whatever screen she is, long before; she opens it, and answers in time."""
    promised = {"name": "Rehearsal", "tier": "Rehearsal", "warnings": [1]}
    with Client(desk.url, *ADMIN) as boss:
        terms = promised | {"resolution": {"minutes": 5, "business": False}}
        assert boss.post("/api/response-times", json=terms).status_code == 201
    sign_in(page, desk, AGENT)
    page.goto(f"{desk.url}/console/customers")
    with desk.sign_in() as neha:
        new = {"subject": "The lift stands still", "html": "<p>We come.</p>", "customerEmail": "lift@customer.example"}
        made = neha.post("/api/tickets", json=new).json()
        customer = f"/api/customers/{made['customer']['id']}"
        assert neha.patch(customer, json={"tier": "Rehearsal"}).status_code == 200
        assert neha.patch(f"/api/tickets/{made['id']}", json={"status": "open"}).status_code == 200
    notice = page.get_by_role("status").filter(has_text="The lift stands still")
    expect(notice).to_contain_text("Due soon", timeout=30_000)
    picture(page, "warned")
    notice.get_by_role("button", name="Open").click()
    page.get_by_role("log").get_by_role("button", name=re.compile("changes")).click()
    expect(page.get_by_role("log")).to_contain_text("Warned: 1 % of the time used for solution")
    expect(page.get_by_role("log")).not_to_contain_text("Missed")
    beside = page.get_by_role("region", name="Response times")
    expect(beside).to_contain_text("Rehearsal customers: solution within 5 minutes")
    expect(beside).to_contain_text("Warned: 1 % of the time is used")
    assert violations(page) == []
    picture(page, "ticket")
    page.keyboard.press("e")
    with desk.sign_in() as neha:
        eventually(lambda: neha.get(f"/api/tickets/{made['id']}").json()["status"] == "solved", "it is solved")
        clocks = neha.get(f"/api/tickets/{made['id']}").json()["clocks"]
    assert [(each["metAt"] is not None, each["breachedAt"]) for each in clocks] == [(True, None)]

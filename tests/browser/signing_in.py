"""Agents in a browser. The first of a run signs in through the form; who comes later brings her cookie along."""

from playwright.sync_api import Page, expect

from tests.journeys.desk import AGENT, Desk, eventually

_cookies: dict[tuple[str, str], list[dict[str, object]]] = {}


def alone(desk: Desk) -> None:
    """Until no colleague of the demo's agent is there any more whom a test before has brought along: work is hers."""

    def nobody_else() -> bool:
        people = client.get("/api/agents").json()
        return all(each["presence"] == "offline" for each in people if each["email"] != AGENT[0])

    with desk.sign_in() as client:
        eventually(nobody_else, "her colleagues have left", seconds=90)


def sign_in(page: Page, desk: Desk, who: tuple[str, str] = AGENT) -> Page:
    """Open the console as somebody."""
    email, password = who
    page.context.clear_cookies()
    page.context.add_cookies(_cookies.get((desk.url, email), []))  # type: ignore[arg-type]  # as they were given out
    page.goto(f"{desk.url}/console/")
    form, inbox = page.get_by_role("textbox", name="E-mail"), page.get_by_role("listbox").first
    expect(form.or_(inbox)).to_be_visible()
    if form.is_visible():
        form.fill(email)
        page.locator("input[type=password]").fill(password)
        page.keyboard.press("Enter")
        expect(inbox).to_be_visible()
        _cookies[desk.url, email] = list(page.context.cookies())  # type: ignore[arg-type]  # the same
    return page

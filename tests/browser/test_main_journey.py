"""The main journey as people see it: a mail appears in the open console, assigned; the answer typed there arrives."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.signing_in import alone, sign_in
from tests.journeys.desk import Desk, eventually, mail

Picture = Callable[[Page, str], None]


def test_a_mail_is_answered_in_the_console(page: Page, desk: Desk, picture: Picture) -> None:
    """No reload anywhere: mail in, row appears as mine, answer typed, answer in the customer's mailbox, threaded."""
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    picture(page, "0-before")
    alone(desk)
    sign_in(page, desk)
    picture(page, "1-inbox")
    # What waited for somebody to come is given out at once, and told in one line with all that comes right then.
    desk.send(mail("first@joshi.example", "Is anybody there?", "Hello."))
    told = page.get_by_role("status").filter(has_text="for you")
    expect(told.first).to_be_visible(timeout=20_000)
    with desk.sign_in() as neha:
        mine = "/api/tickets?view=mine&limit=100"
        eventually(lambda: "Is anybody there?" in neha.get(mine).text, "what waited has been given out")
    expect(told).to_have_count(0, timeout=20_000)
    question = mail(
        "Meera Joshi <meera@joshi.example>", "Washing machine walks across the floor", "It walks. Please help."
    )
    desk.send(question)
    # The list is sorted by what is due, and a new ticket is due last: it may stand below what is drawn.
    told = page.get_by_role("status").filter(has_text="Washing machine walks across the floor")
    expect(told).to_be_visible(timeout=15_000)
    picture(page, "2-arrived")
    told.get_by_role("button", name="Open").click()
    expect(page.get_by_role("log")).to_contain_text("It walks. Please help.")
    expect(page.get_by_text("Neha Kulkarni is available").first).to_be_visible()
    page.keyboard.press("r")
    editor = page.get_by_role("textbox", name="Reply")
    expect(editor).to_be_focused()
    page.keyboard.type("Please check the transport screws at the back.")
    picture(page, "3-written")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("log")).to_contain_text("Please check the transport screws")
    picture(page, "4-sent")
    arrived = eventually(lambda: desk.inbox("meera@joshi.example"), "the answer arrives")
    assert len(arrived) == 1
    assert arrived[0]["In-Reply-To"] == question["Message-ID"]
    assert "transport screws" in arrived[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    desk.send(mail("meera@joshi.example", "Re: hm", "Found them!", to=str(arrived[0]["Reply-To"])))
    expect(page.get_by_role("log")).to_contain_text("Found them!", timeout=10_000)
    picture(page, "5-answered")
    page.goto(f"{desk.url}/simulator")
    expect(page.get_by_text("meera@joshi.example").first).to_be_visible()
    picture(page, "6-simulator")
    assert problems == []


def test_the_console_in_the_dark_and_in_marathi(page: Page, desk: Desk, picture: Picture) -> None:
    """The other theme and another language, remembered by the server."""
    sign_in(page, desk)
    with desk.sign_in() as neha:
        assert neha.patch("/api/me", json={"locale": "mr", "theme": "dark"}).status_code == 200
        page.reload()
        expect(page.locator("html")).to_have_attribute("lang", "mr")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page.get_by_role("option").first.click()
        expect(page.get_by_role("log")).to_be_visible()
        picture(page, "marathi-dark")
        assert neha.patch("/api/me", json={"locale": "en", "theme": "light"}).status_code == 200

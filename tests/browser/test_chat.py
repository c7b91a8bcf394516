"""A visitor of a customer's site talks with an agent: two browsers, typing both ways, a reload, and on by mail."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, expect

from tests.browser.looks import violations
from tests.browser.signing_in import sign_in
from tests.journeys.desk import Desk, eventually, mail

Picture = Callable[[Page, str], None]
WINDOW = "iframe"


@pytest.fixture
def site(browser: Browser, browser_context_args: dict[str, object]) -> Iterator[BrowserContext]:
    """A visitor's own browser."""
    context = browser.new_context(**browser_context_args)
    yield context
    context.close()


def open_window(page: Page, desk: Desk, path: str = "") -> FrameLocator:
    """The shop with the chat window open."""
    page.goto(f"{desk.url}/simulator/shop{path}")
    return show_window(page)


def show_window(page: Page) -> FrameLocator:
    """Open the window, unless it has opened by itself because it was open on the page before."""
    expect(page.locator("sampark-widget")).to_be_attached()
    if not page.get_by_role("dialog").is_visible():
        page.get_by_role("button", name="Help and chat").click()
    return page.frame_locator(WINDOW)


def begin(window: FrameLocator, words: str, email: str = "", *, is_signed: bool = False) -> None:
    """Say the first word; whom the site has vouched for is asked for nothing else."""
    window.get_by_role("button", name="Talk to us").click()
    if is_signed:
        expect(window.get_by_label("Your message")).to_be_focused()
    else:
        window.get_by_label("Your name").fill("Asha Rao")
        window.get_by_label("Your e-mail address").fill(email)
    window.get_by_label("Your message").fill(words)
    window.get_by_role("button", name="Start the chat").click()
    expect(window.get_by_role("log")).to_contain_text(words)


def open_ticket(page: Page, desk: Desk, words: str) -> None:
    """Open the newest conversation, as this agent's own: people of other tests may be there and get it as well."""
    with desk.sign_in() as agent:
        chats = eventually(lambda: agent.get("/api/chats").json(), "the visitor is seen")
        taken = agent.patch(f"/api/tickets/{chats[0]['ticketId']}", json={"assigneeId": agent.me["id"]})
        assert taken.status_code == 200, taken.text
    page.goto(f"{desk.url}/console/inbox/mine/{chats[0]['ticketId']}")
    expect(page.get_by_role("log")).to_contain_text(words)
    expect(page.get_by_role("option").filter(has_text=words)).to_be_visible()


def test_a_visitor_and_an_agent_talk(page: Page, desk: Desk, site: BrowserContext, picture: Picture) -> None:
    """Each sees the other type; words arrive both ways; a reload and the next page keep the conversation."""
    sign_in(page, desk)
    shop = site.new_page()
    problems: list[str] = []
    shop.on("pageerror", lambda error: problems.append(str(error)))
    window = open_window(shop, desk)
    assert site.cookies() == []
    begin(window, "My mixer smells of burning.")
    picture(shop, "1-visitor")
    open_ticket(page, desk, "My mixer smells of burning.")
    bar = page.get_by_role("region", name="Chat")
    expect(bar).to_contain_text("On the page “Gharghar Shop”")
    window.get_by_label("Your message").press_sequentially("Is it", delay=30)
    expect(bar).to_contain_text("is typing…")
    picture(page, "2-agent")
    page.keyboard.press("r")
    editor = page.get_by_role("textbox", name="Reply")
    expect(editor).to_be_focused()
    expect(page.get_by_role("region", name="Answer")).to_contain_text("in the chat window")
    page.keyboard.type("Unplug it first.", delay=20)
    expect(window.get_by_text("Neha is typing…")).to_be_visible()
    page.keyboard.press("Enter")
    expect(window.get_by_role("log")).to_contain_text("Unplug it first.")
    expect(window.get_by_text("Read")).to_be_visible()
    window.get_by_label("Your message").fill("Done. And now?")
    window.get_by_label("Your message").press("Enter")
    expect(page.get_by_role("log")).to_contain_text("Done. And now?")
    shop.reload()
    expect(window.get_by_role("log")).to_contain_text("Done. And now?")
    assert window.get_by_text("My mixer smells of burning.").count() == 1
    shop.get_by_role("link", name="Ceiling fan 1200 mm").click()
    expect(window.get_by_role("log")).to_contain_text("Unplug it first.")
    expect(bar).to_contain_text("On the page “Ceiling fan")
    assert site.cookies() == []
    bar.get_by_role("button", name="End the chat", exact=True).click()
    expect(window.get_by_text("The chat has ended.")).to_be_visible()
    window.get_by_title("Very good").click()
    window.get_by_role("button", name="Send").click()
    expect(window.get_by_text("Thank you for your answer.")).to_be_visible()
    expect(page.get_by_role("log")).to_contain_text("The customer gave 5 of 5")
    picture(shop, "3-ended")
    assert problems == []


def test_a_chat_passes_to_mail(page: Page, desk: Desk, site: BrowserContext, picture: Picture) -> None:
    """The visitor leaves; the agent is told; her answer arrives by mail; the mail's answer is in the same ticket."""
    address = "asha.leaves@people.example"
    sign_in(page, desk)
    shop = site.new_page()
    begin(open_window(shop, desk), "Which filter do I need?", address)
    open_ticket(page, desk, "Which filter do I need?")
    ticket = page.url
    shop.close()
    # a minute of silence has passed
    desk.tell(f"update chats set seen_at = seen_at - interval '1 minute' where ticket_id = {ticket.rpartition('/')[2]}")
    answer = page.get_by_role("region", name="Answer")
    words = f"The visitor has left; your answer goes by e-mail to {address}"
    expect(answer).to_contain_text(words)
    picture(page, "1-left")
    page.keyboard.press("r")
    page.keyboard.type("The one with the blue ring.")
    page.keyboard.press("Control+Enter")
    arrived = eventually(lambda: desk.inbox(address), "the answer arrives by mail")
    body = arrived[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "The one with the blue ring." in body
    assert "Which filter do I need?" in body
    desk.send(mail(address, "Re: filter", "Thank you, I found it.", to=str(arrived[0]["Reply-To"])))
    expect(page.get_by_role("log")).to_contain_text("Thank you, I found it.")
    assert page.url == ticket
    back = site.new_page()
    log = open_window(back, desk).get_by_role("log")
    for said in ("Which filter do I need?", "The one with the blue ring.", "Thank you, I found it."):
        expect(log).to_contain_text(said)
    picture(back, "2-back")


def test_two_people_on_one_browser_are_kept_apart(desk: Desk, site: BrowserContext, page: Page) -> None:
    """Asha signs in on the shop and chats; after her Ravi sees nothing of it, and she finds it again."""
    sign_in(page, desk)
    shop = site.new_page()
    window = open_window(shop, desk, "?who=asha")
    window.get_by_role("button", name="Write a request").click()
    expect(window.get_by_text("You write as Asha Kulkarni.")).to_be_visible()
    expect(window.get_by_label("Your name").or_(window.get_by_label("Your e-mail address"))).to_have_count(0)
    window.get_by_role("button", name="Back").click()
    begin(window, "Only Asha may see this.", is_signed=True)
    shop.get_by_role("link", name="Sign out").click()
    show_window(shop)
    expect(window.get_by_role("button", name="Talk to us")).to_be_visible()
    assert window.get_by_text("Only Asha may see this.").count() == 0
    shop.get_by_role("link", name="Sign in as Ravi Menon").click()
    show_window(shop)
    expect(window.get_by_role("button", name="Talk to us")).to_be_visible()
    assert window.get_by_text("Only Asha may see this.").count() == 0
    expect(open_window(shop, desk, "?who=asha").get_by_role("log")).to_contain_text("Only Asha may see this.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_window_is_accessible(desk: Desk, site: BrowserContext, page: Page, scheme: str) -> None:
    """Axe finds nothing on its views; the keyboard opens and closes it, and the focus comes back."""
    sign_in(page, desk)
    shop = site.new_page()
    shop.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    shop.goto(f"{desk.url}/simulator/shop?lang=en&dir={'rtl' if scheme == 'dark' else 'ltr'}")
    launcher = shop.get_by_role("button", name="Help and chat")
    launcher.focus()
    shop.keyboard.press("Enter")
    window = shop.frame_locator(WINDOW)
    expect(window.get_by_role("searchbox", name="Search for help")).to_be_focused()
    _nothing_wrong(shop)
    window.get_by_role("button", name="Write a request").click()
    _nothing_wrong(shop)
    window.get_by_role("button", name="Back").click()
    begin(window, f"Is it accessible in the {scheme}?")
    _nothing_wrong(shop)
    shop.keyboard.press("Escape")
    expect(shop.get_by_role("dialog")).to_be_hidden()
    expect(launcher).to_be_focused()


def _nothing_wrong(page: Page) -> None:
    """Axe's opinion of the widget with its frame; the shop around it is not ours."""
    assert violations(page, within="sampark-widget", frames=True) == []


def test_the_window_on_a_phone(desk: Desk, browser: Browser, page: Page, picture: Picture) -> None:
    """It fills the screen, in the site's language and direction."""
    sign_in(page, desk)
    phone = browser.new_context(viewport={"width": 390, "height": 780}, has_touch=True)
    shop = phone.new_page()
    shop.goto(f"{desk.url}/simulator/shop?lang=en&dir=rtl")
    shop.get_by_role("button", name="Help and chat").click()
    box = shop.get_by_role("dialog").bounding_box()
    assert box == {"x": 0, "y": 0, "width": 390, "height": 780}
    expect(shop.frame_locator(WINDOW).locator("html")).to_have_attribute("dir", "rtl")
    expect(shop.frame_locator(WINDOW).get_by_role("button", name="Talk to us")).to_be_visible()
    picture(shop, "rtl")
    phone.close()

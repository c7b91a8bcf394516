"""Mail in the open console as people see it: strangers' HTML, facts of a mail, and everything that can be sent.

Each test sends a mail of its own into the running desk and opens its ticket, so none depends on another.
"""

import uuid
from collections.abc import Callable, Iterator
from email.message import EmailMessage

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.signing_in import sign_in
from tests.journeys.desk import Desk, eventually, mail

Picture = Callable[[Page, str], None]
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100c9fe92ef"
    "0000000049454e44ae426082"
)
NEWSLETTER = """<table width="900" bgcolor="#f3f3f7"><tr><td><font color="#0b3d91" size="5">Autumn service days</font>
<p><img src="http://images.far.example/banner.png" width="520"><img src="http://spy.far.example/p.gif" width="1">
Book at <a href="http://elsewhere.example/book">www.tuhinara.com/book</a>.</p>
<script>document.title = "taken over"</script></td></tr></table>"""


@pytest.fixture(autouse=True)
def tidy(desk: Desk) -> Iterator[None]:
    """Solve what a test has opened: other tests look at the head of a list of open tickets."""
    with desk.sign_in() as neha:
        newest = {"view": "open", "sort": "activity", "limit": "20"}
        before = {row["id"] for row in neha.get("/api/tickets", params=newest).json()["items"]}
        yield
        for row in neha.get("/api/tickets", params=newest).json()["items"]:
            if row["id"] > max(before, default=0):
                assert neha.patch(f"/api/tickets/{row['id']}", json={"status": "solved"}).status_code == 200


def rich(sender: str, subject: str, html: str) -> EmailMessage:
    """A mail with HTML beside its text."""
    message = mail(sender, subject, "the text beside it")
    message.add_alternative(html, subtype="html")
    return message


def open_ticket(page: Page, desk: Desk, letter: EmailMessage) -> int:
    """Send a mail into the desk and open the ticket it makes; returns its number."""
    desk.send(letter)
    with desk.sign_in() as neha:
        found = eventually(lambda: neha.ticket_with(str(letter["Subject"])) or {}, "the ticket")
    page.goto(f"{desk.url}/console/inbox/open/{found['id']}")
    expect(page.get_by_role("log")).to_be_visible(timeout=15_000)
    return int(found["id"])


def editor(page: Page) -> Locator:
    """The field of the answer, ready to be typed into."""
    page.keyboard.press("r")
    field = page.get_by_role("textbox", name="Reply")
    expect(field).to_be_focused(timeout=10_000)
    return field


def until(page: Page, look: Callable[[], bool], what: str) -> None:
    """Wait for something that the page does, while its requests go on being answered."""

    def looked() -> bool:
        page.wait_for_timeout(20)
        return look()

    eventually(looked, what)


def subject(words: str) -> str:
    """A subject that no other test has."""
    return f"{words} {uuid.uuid4().hex[:6]}"


def test_a_strangers_html_asks_for_nothing(page: Page, desk: Desk, picture: Picture) -> None:
    """It stands whole in a frame without scripts; images from elsewhere are fetched on request, without a trace."""
    asked: list[Route] = []

    def serve(route: Route) -> None:
        asked.append(route)
        route.fulfill(body=PIXEL, content_type="image/png")

    page.route("**/*.far.example/**", serve)
    sign_in(page, desk)
    open_ticket(page, desk, rich("news@shop.example", subject("Service days"), NEWSLETTER))
    frame = page.locator("iframe").first
    expect(frame).to_be_visible()
    body = page.frame_locator("iframe").first.locator("body")
    expect(body).to_contain_text("Autumn service days")
    expect(body).to_contain_text("elsewhere.example")
    picture(page, "held-back")
    assert "allow-scripts" not in (frame.get_attribute("sandbox") or "")
    assert page.title() != "taken over"
    overflow = "page => [page.scrollWidth - page.clientWidth, page.scrollHeight - page.clientHeight]"
    html = page.frame_locator("iframe").first.locator("html")
    until(page, lambda: html.evaluate(overflow) == [0, 0], "the frame has grown to the size of its mail")
    assert asked == []
    page.get_by_role("button", name="Show", exact=True).click()
    until(page, lambda: len(asked) == 2, "both images are asked for")
    for route in asked:
        assert "referer" not in route.request.headers
        assert "cookie" not in route.request.headers
    picture(page, "shown")


def test_images_are_shown_always_where_the_reader_said_so(page: Page, desk: Desk) -> None:
    """The choice is for one ticket, outlives a reload, and can be taken back."""
    page.route("**/*.far.example/**", lambda route: route.fulfill(body=PIXEL, content_type="image/png"))
    sign_in(page, desk)
    letter = rich("news@shop.example", subject("Winter days"), NEWSLETTER)
    open_ticket(page, desk, letter)
    page.get_by_role("button", name="Always for this ticket").click()
    page.reload()
    expect(page.get_by_text("2 remote images shown")).to_be_visible()
    expect(page.frame_locator("iframe").first.locator("img").first).to_be_visible()  # the list moves while mails load
    page.get_by_role("button", name="Block again").click()
    expect(page.get_by_text("2 remote images blocked")).to_be_visible()


def test_keys_pressed_in_a_mail_are_the_consoles(page: Page, desk: Desk) -> None:
    """Whoever clicked into a mail's text can answer it with the same key as everywhere."""
    sign_in(page, desk)
    open_ticket(page, desk, rich("rao@joshi.example", subject("Click me"), '<p style="color:#333">Some words.</p>'))
    page.frame_locator("iframe").first.locator("body").click()
    editor(page)


def test_another_subject_becomes_a_ticket_of_its_own(page: Page, desk: Desk, picture: Picture) -> None:
    """The hint names the new subject; one click moves the message, and the facts tell why it was here."""
    sign_in(page, desk)
    first = mail("Asha Rao <asha@rao.example>", subject("Dryer shows E21"))
    number = open_ticket(page, desk, first)
    other = subject("Invoice of March")
    headers = {"in_reply_to": str(first["Message-ID"])}
    desk.send(mail("Asha Rao <asha@rao.example>", other, "Could you send the invoice?", **headers))
    log = page.get_by_role("log")
    expect(log).to_contain_text("Could you send the invoice?", timeout=10_000)
    page.get_by_role("button", name="Details of this message").last.click()
    expect(log).to_contain_text("it answers a message of this ticket")
    expect(log).to_contain_text(other)
    picture(page, "hint")
    page.get_by_role("button", name="Make it a ticket of its own").click()
    page.get_by_role("button", name="Open it").click()
    expect(page).not_to_have_url(f"{desk.url}/console/inbox/open/{number}")
    expect(page.get_by_role("heading", name=other)).to_be_visible()
    expect(log).to_contain_text("Could you send the invoice?")


def test_invitations_and_attached_mails_are_read_in_place(page: Page, desk: Desk, picture: Picture) -> None:
    """A calendar entry shows what and when in the reader's own time; a mail in a mail opens below it."""
    invitation = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nPRODID:-//a//b//EN\r\nBEGIN:VEVENT\r\nUID:1@x\r\n"
        "DTSTAMP:20261122T100000Z\r\nDTSTART:20261124T043000Z\r\nDTEND:20261124T053000Z\r\n"
        "SUMMARY:Technician visit\r\nLOCATION:12 MG Road\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    letter = mail("Asha Rao <asha@rao.example>", subject("Visit"))
    letter.add_attachment(invitation, subtype="calendar", filename="invite.ics")
    letter.add_attachment(mail("Ravi <ravi@rao.example>", "The plate", "It says 4711."), filename="plate.eml")
    sign_in(page, desk)
    open_ticket(page, desk, letter)
    card = page.get_by_role("region", name="Invitation")
    expect(card).to_contain_text("Technician visit")
    expect(card).to_contain_text("10:00")
    page.get_by_role("button", name="plate.eml").click()
    expect(page.get_by_role("region", name="Attached mail")).to_contain_text("It says 4711.")
    picture(page, "cards")


def test_a_reply_leaves_later_or_comes_back(page: Page, desk: Desk, picture: Picture) -> None:
    """It waits with its time; taken back it is a draft again, sent now it arrives."""
    sign_in(page, desk)
    sender = f"later-{uuid.uuid4().hex[:6]}@joshi.example"
    open_ticket(page, desk, mail(f"Meera Joshi <{sender}>", subject("Send me the bill")))
    editor(page)
    page.keyboard.type("Here is the bill.")
    page.get_by_role("button", name="More ways to send").click()
    page.get_by_role("menuitem", name="Tomorrow morning").click()
    log = page.get_by_role("log")
    expect(log).to_contain_text("Leaves tomorrow", timeout=10_000)
    picture(page, "waits")
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_role("textbox", name="Reply")).to_contain_text("Here is the bill.")
    assert desk.inbox(sender) == []
    page.get_by_role("button", name="More ways to send").click()
    page.get_by_role("menuitem", name="Choose day and time").click()
    page.get_by_label("Day and time").fill("2020-01-01T09:00")
    expect(page.get_by_role("alert")).to_contain_text("This moment is gone")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="More ways to send").click()
    page.get_by_role("menuitem", name="Tomorrow morning").click()
    page.get_by_role("button", name="Send now").click()
    arrived = eventually(lambda: desk.inbox(sender), "the reply arrives")
    assert "Here is the bill." in arrived[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_what_a_canned_reply_leaves_open_is_never_sent(page: Page, desk: Desk, picture: Picture) -> None:
    """A variable without a value is marked, holds the sending back, and is replaced by typing."""
    sign_in(page, desk)
    sender = f"open-{uuid.uuid4().hex[:6]}@joshi.example"
    open_ticket(page, desk, mail(sender, subject("Who are you?")))
    editor(page)
    page.keyboard.type("Dear {{customer.first_name}}, welcome.")
    expect(page.locator(".unfilled")).to_have_text("{{customer.first_name}}")
    page.keyboard.press("Control+Enter")
    picture(page, "held-back")
    selected = "getSelection().toString()"
    until(page, lambda: page.evaluate(selected) == "{{customer.first_name}}", "the first try leads to the variable")
    page.keyboard.type("Meera")
    expect(page.locator(".unfilled")).to_have_count(0)
    page.keyboard.press("Control+Enter")
    arrived = eventually(lambda: desk.inbox(sender), "the reply arrives")
    assert "Dear Meera, welcome." in arrived[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_a_picture_in_the_text_arrives_in_the_text(page: Page, desk: Desk, picture: Picture) -> None:
    """A pasted picture stands at the caret and is sent inside the mail, not as a link that needs a sign-in."""
    sign_in(page, desk)
    sender = f"picture-{uuid.uuid4().hex[:6]}@joshi.example"
    open_ticket(page, desk, mail(sender, subject("Which screw?")))
    field = editor(page)
    page.keyboard.type("This one: ")
    field.evaluate(
        """(node, bytes) => {
            const data = new DataTransfer()
            data.items.add(new File([new Uint8Array(bytes)], 'screw.png', { type: 'image/png' }))
            node.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
        }""",
        list(PIXEL),
    )
    expect(field.locator("img[alt='screw.png']")).to_be_visible()
    picture(page, "pasted")
    page.keyboard.press("Control+Enter")
    arrived = eventually(lambda: desk.inbox(sender), "the reply arrives")[0]
    html = arrived.get_body(("html",)).get_content()  # type: ignore[union-attr]
    pictures = [part for part in arrived.walk() if part.get_content_type() == "image/png"]
    assert len(pictures) == 1
    assert f'src="cid:{str(pictures[0]["Content-ID"]).strip("<>")}"' in html


def test_a_conversation_begins_here(page: Page, desk: Desk, picture: Picture) -> None:
    """Written to a new address: it arrives with its subject and copies, and the first answer is in the same ticket."""
    sign_in(page, desk)
    address = f"new-{uuid.uuid4().hex[:6]}@kapoor.example"
    expect(page.get_by_role("button", name="New conversation")).to_be_visible()
    page.keyboard.press("c")
    expect(page.get_by_role("heading", name="New conversation")).to_be_visible()
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="no recipient")).to_be_visible()
    page.get_by_role("combobox", name="To").fill(address)
    page.keyboard.press("Enter")
    about = subject("Your visit on Tuesday")
    page.get_by_role("textbox", name="Subject").fill(about)
    page.get_by_role("button", name="Add Cc or Bcc").click()
    page.get_by_role("textbox", name="Cc: add an address", exact=True).fill("copy@kapoor.example")
    page.get_by_role("textbox", name="Message").click()
    page.keyboard.type("The technician comes at ten.")
    picture(page, "written")
    page.reload()
    expect(page.get_by_role("textbox", name="Message")).to_contain_text("The technician comes at ten.")
    page.get_by_role("textbox", name="Message").click()
    page.keyboard.press("Control+Enter")
    log = page.get_by_role("log")
    expect(log).to_contain_text("The technician comes at ten.", timeout=10_000)
    arrived = eventually(lambda: desk.inbox(address), "the mail arrives")[0]
    assert arrived["Subject"] == about
    assert "copy@kapoor.example" in str(arrived["Cc"])
    desk.send(mail(address, f"Re: {about}", "Ten is fine.", in_reply_to=str(arrived["Message-ID"])))
    expect(log).to_contain_text("Ten is fine.", timeout=10_000)


def test_a_message_is_passed_on_with_its_look_and_files(page: Page, desk: Desk, picture: Picture) -> None:
    """To a third address under a subject of its own; taken back, it is for the same address; the customer gets none."""
    sign_in(page, desk)
    sender = f"forward-{uuid.uuid4().hex[:6]}@joshi.example"
    supplier = f"parts-{uuid.uuid4().hex[:6]}@supplier.example"
    about = subject("Broken belt")
    letter = rich(
        f"Meera Joshi <{sender}>", about, "<table><tr><td bgcolor='#ffeecc'>Belt <b>B-77</b></td></tr></table>"
    )
    letter.add_attachment(b"%PDF-1.4 bill", maintype="application", subtype="pdf", filename="bill.pdf")
    open_ticket(page, desk, letter)
    expect(page.get_by_role("textbox", name="Reply")).to_be_visible()
    page.keyboard.press("f")
    expect(page.get_by_role("textbox", name="To: add an address")).to_be_focused()
    page.keyboard.type(f"{supplier},")
    expect(page.get_by_role("list", name="Files to send")).to_contain_text("bill.pdf")
    expect(page.get_by_role("textbox", name="Subject")).to_have_value(f"Fwd: {about}")
    page.get_by_role("button", name="Show the forwarded message").click()
    expect(page.frame_locator(f"iframe[title='Fwd: {about}']").get_by_text("B-77")).to_be_visible()
    picture(page, "forward")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    picture(page, "forward-dark")
    for again in (True, False):
        page.get_by_role("textbox", name="Reply").click()
        page.keyboard.press("Control+Enter")
        if again:
            page.get_by_role("button", name="Undo").click()
            expect(page.get_by_role("textbox", name="Subject")).to_have_value(f"Fwd: {about}")
            expect(page.get_by_role("button", name=supplier)).to_be_visible()
    arrived = eventually(lambda: desk.inbox(supplier), "it arrives")[0]
    assert arrived["Subject"] == f"Fwd: {about}"
    look = arrived.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "#ffeecc" in look
    assert "Meera Joshi &lt;" + sender in look
    assert [part.get_filename() for part in arrived.iter_attachments()] == ["bill.pdf"]
    assert desk.inbox(sender) == []
    expect(page.get_by_role("log")).to_contain_text("parts-")
    picture(page, "forwarded")


def test_keys_before_the_editor_is_there_are_kept_for_it(page: Page, desk: Desk) -> None:
    """On a cold load the words typed after R stand in the answer; none of their letters changes the ticket."""
    sign_in(page, desk)
    number = open_ticket(page, desk, mail("cold@joshi.example", subject("Cold start")))
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/TicketComposer-*.js", hold)
    page.goto(f"{desk.url}/console/inbox/open/{number}")
    expect(page.get_by_role("log")).to_be_visible()
    page.keyboard.type("e")
    page.keyboard.type("rsee you at ten")
    until(page, lambda: bool(held), "the editor's code is asked for")
    for route in held:
        route.continue_()
    expect(page.get_by_role("textbox", name="Reply")).to_have_text("see you at ten")
    with desk.sign_in() as neha:
        assert neha.get(f"/api/tickets/{number}").json()["status"] == "open"


def test_the_list_finds_its_place_again(page: Page, desk: Desk, picture: Picture) -> None:
    """After a reload the open ticket is in view; a view that does not exist says so and leads on."""
    sign_in(page, desk)
    with desk.sign_in() as neha:
        rows = neha.get("/api/tickets", params={"view": "open", "sort": "due", "limit": 40}).json()["items"]
    page.goto(f"{desk.url}/console/inbox/open/{rows[-1]['id']}")
    expect(page.locator(f"#row-{rows[-1]['id']}")).to_be_in_viewport(timeout=10_000)
    page.goto(f"{desk.url}/console/inbox/nonsense")
    expect(page.get_by_text("The view in this address does not exist")).to_be_visible()
    picture(page, "no-such-view")
    page.get_by_role("link", name="Go to Assigned to me").click()
    expect(page).to_have_url(f"{desk.url}/console/inbox/mine")


@pytest.mark.parametrize("width", [320, 720])
def test_mail_and_its_answer_fit_a_narrow_screen(page: Page, desk: Desk, picture: Picture, width: int) -> None:
    """At 320 px, and at 1440 px enlarged to 200 %, nothing is wider than the screen and the answer can be written."""
    page.set_viewport_size({"width": width, "height": 640})
    sign_in(page, desk)
    open_ticket(page, desk, rich("news@shop.example", subject("Narrow"), NEWSLETTER))
    expect(page.locator("iframe").first).to_be_visible()
    picture(page, "mail")
    field = editor(page)
    page.keyboard.type("Thank you.")
    page.get_by_role("button", name="More ways to send").click()
    expect(page.get_by_role("menuitem", name="Tomorrow morning")).to_be_in_viewport()
    picture(page, "menu")
    page.keyboard.press("Escape")
    expect(field).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto(f"{desk.url}/console/new")
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_visible()
    picture(page, "new")
    assert page.evaluate("document.documentElement.scrollWidth") <= width

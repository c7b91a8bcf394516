"""Mailboxes, the mail log, blocked senders and banners as administrators meet them in a browser."""

import os
import smtplib
from collections.abc import Callable

from playwright.sync_api import Dialog, Page, expect

from simulator.mailboxes import Mailboxes, Switches
from tests.browser.looks import LOOKS, take, violations
from tests.browser.signing_in import sign_in
from tests.journeys.desk import ADMIN, AGENT, Desk, eventually, mail

Picture = Callable[[Page, str], None]
SOON = 30_000
"""A running desk begins to read a new mailbox within ten seconds."""


def lay_down(desk: Desk, address: str, count: int, subject: str, *, days: int = 0) -> None:
    """Put mails into a simulated mailbox; with ``days``, as if they had come in so long ago."""
    with smtplib.SMTP("127.0.0.1", desk.sim_smtp, timeout=10) as smtp:
        for number in range(count):
            sender = f"old{number}@customer.example"
            smtp.send_message(mail(sender, f"{subject} {number}", to=address), from_addr=sender, to_addrs=[address])
    for file in (desk.folder / "simulator" / address).glob("new/*") if days else ():
        then = file.stat().st_mtime - days * 86_400
        os.utime(file, (then, then))


def fill_in(page: Page, desk: Desk, address: str, name: str) -> None:
    """The form of a new mailbox at the simulated provider."""
    page.get_by_role("radio", name="Other").check()
    page.get_by_role("textbox", name="E-mail address").fill(address)
    page.get_by_role("textbox", name="Name in the desk").fill(name)
    page.get_by_label("Password", exact=True).last.fill("anything")
    for part, port in (("Reading (IMAP)", desk.sim_imap), ("Sending (SMTP)", desk.sim_smtp)):
        group = page.get_by_role("group", name=part)
        group.get_by_role("textbox", name="server").fill("127.0.0.1")
        group.get_by_role("combobox", name="Encryption").select_option(label="none")
        group.get_by_role("spinbutton", name="Port").fill(str(port))
    smtp = page.get_by_role("group", name="Sending (SMTP)")
    smtp.get_by_role("checkbox", name="Same user name and password").uncheck()


def test_a_mailbox_is_connected_and_its_mails_are_counted(page: Page, desk: Desk, picture: Picture) -> None:
    """Test, dry run, add; the old mails come in closed, the log has all of them, and a new mail appears by itself."""
    address = "returns@sampark.localhost"
    lay_down(desk, address, 3, "Old return", days=40)
    sign_in(page, desk, ADMIN)
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="Add a mailbox").click()
    fill_in(page, desk, address, "Returns")
    imap = page.get_by_role("group", name="Reading (IMAP)")
    imap.get_by_role("textbox", name="Folder").fill("Nowhere")
    page.get_by_role("button", name="Test the connection").click()
    result = page.get_by_test_id("test-result")
    expect(result).to_contain_text("Reading does not work.", timeout=SOON)
    expect(result).to_contain_text("Sending works.")
    picture(page, "1-refused")
    imap.get_by_role("combobox", name="Folder").fill("INBOX")
    expect(result).to_contain_text("You have changed something since this test.")
    page.get_by_role("button", name="Test the connection").click()
    expect(result).to_contain_text("3 mails in INBOX", timeout=SOON)
    page.get_by_role("button", name="Count first").click()
    expect(page.get_by_test_id("import-count")).to_have_text(
        "3 mails in all. They come in as closed tickets with their own dates; nobody is written to."
    )
    picture(page, "2-counted")
    page.get_by_role("button", name="Add mailbox").click()
    expect(page.get_by_role("heading", name="Returns")).to_be_visible()
    expect(page.get_by_role("heading", name="Signature and acknowledgement")).to_be_visible()
    picture(page, "3-added")

    page.get_by_role("link", name="Mail log").click()
    box = page.get_by_role("listitem").filter(has=page.get_by_text(address))
    expect(box).to_contain_text("3 of 3", timeout=SOON)
    box.get_by_role("button", name="Only Returns").click()
    entries = page.get_by_role("list", name="Mail log").get_by_role("listitem")
    expect(entries).to_have_count(3)
    expect(entries.first).to_contain_text("in the mailbox since")
    lay_down(desk, address, 1, "Fresh return")
    expect(entries).to_have_count(4, timeout=SOON)
    expect(entries.first).to_contain_text("Fresh return")
    expect(entries.first).to_contain_text("Opened")
    box.get_by_role("button", name="Compare").click()
    expect(box).to_contain_text("4 of 4", timeout=SOON)
    picture(page, "4-log")
    with page.expect_download() as download:
        entries.first.get_by_role("link", name="Download the original").click()
    assert b"Fresh return" in download.value.path().read_bytes()
    entries.first.get_by_role("link", name="ticket").click()
    expect(page.get_by_role("log")).to_contain_text("Water drips")
    with desk.sign_in() as neha:
        old = neha.ticket_with("Old return 0", "solved") or neha.ticket_with("Old return 0")
    assert old is None or old["status"] == "closed"


def test_a_mailbox_is_connected_with_its_provider(page: Page, desk: Desk, picture: Picture) -> None:
    """Add, refuse at the provider, connect again, allow: the page tells each time, and mail arrives."""
    address = "token@sampark.localhost"
    lay_down(desk, address, 1, "Read by token")
    sign_in(page, desk, ADMIN)
    page.goto(f"{desk.url}/console/settings/mailboxes/new")
    fill_in(page, desk, address, "By token")
    page.get_by_role("checkbox", name="Same user name and password").check()
    page.get_by_role("radio", name="Sign in with the provider").check()
    page.get_by_role("combobox", name="Signs in at").select_option(label="another provider")
    page.get_by_role("textbox", name="Client ID").fill("sampark")
    page.get_by_role("textbox", name="Client secret", exact=True).fill("sampark-secret")
    page.get_by_role("textbox", name="Sign-in address").fill(f"{desk.url}/simulator/oauth/authorize")
    page.get_by_role("textbox", name="Token address").fill(f"{desk.url}/simulator/oauth/token")
    connect = page.get_by_role("button", name="Connect with another provider")
    expect(connect).to_be_disabled()
    page.get_by_role("button", name="Add mailbox").click()
    expect(page.get_by_text("Not connected yet")).to_be_visible()
    connect.click()
    page.get_by_role("button", name="Refuse").click()
    expect(page.get_by_role("alert").filter(has_text="The mailbox was not connected")).to_be_visible()
    picture(page, "1-refused")
    connect.click()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("status").filter(has_text="The mailbox is connected.")).to_be_visible()
    picture(page, "2-connected")
    page.get_by_role("button", name="Test the connection").click()
    expect(page.get_by_test_id("test-result")).to_contain_text("1 mail in INBOX", timeout=SOON)
    page.goto(f"{desk.url}/console/mail?mailbox=By%20token")
    expect(page.get_by_role("list", name="Mail log")).to_contain_text("Read by token", timeout=90_000)


def test_complaints_stand_at_their_fields_and_nothing_is_lost(page: Page, desk: Desk, picture: Picture) -> None:
    """A name that is taken is told at the name; leaving with changes asks first."""
    sign_in(page, desk, ADMIN)
    page.goto(f"{desk.url}/console/settings/mailboxes/new")
    fill_in(page, desk, "second@sampark.localhost", "support")
    page.get_by_role("button", name="Add mailbox").click()
    name = page.get_by_role("textbox", name="Name in the desk")
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(name).to_be_focused()
    picture(page, "complaint")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", stay)
    page.get_by_role("link", name="Blocked senders").click()
    expect(name).to_have_value("support")
    assert asked
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("link", name="Blocked senders").click()
    expect(page.get_by_role("heading", name="Blocked senders")).to_be_visible()


def test_a_saved_mailbox_changes_only_what_was_typed(page: Page, desk: Desk, picture: Picture) -> None:
    """A signature with a variable that does not exist is marked; saving keeps everything else."""
    sign_in(page, desk, ADMIN)
    with desk.sign_in(ADMIN) as arjun:
        before = next(each for each in arjun.get("/api/mailboxes").json() if each["name"] == "orders")
        page.goto(f"{desk.url}/console/settings/mailboxes/{before['id']}")
        signature = page.get_by_role("textbox", name="Signature of the mailbox")
        signature.fill("{{agent.nam}}")
        expect(page.get_by_text("There is no such variable: {{agent.nam}}")).to_be_visible()
        signature.fill("Kind regards\n")
        page.get_by_role("group", name="Insert a variable").first.get_by_role(
            "button", name="Name of the agent", exact=True
        ).click()
        expect(signature).to_have_value("Kind regards\n{{agent.name}}")
        picture(page, "signature")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
        after = arjun.get(f"/api/mailboxes/{before['id']}").json()
    assert after.pop("signature") == "<p>Kind regards<br>{{agent.name}}</p>"
    before.pop("signature")
    for each in (before, after):
        each.pop("status")
    assert after == before


def test_a_silent_mailbox_is_told_to_everybody_until_it_is_back(page: Page, desk: Desk, picture: Picture) -> None:
    """The provider refuses the sign-in: a banner without a reload; the sign-in works again: it goes by itself."""
    sign_in(page, desk, AGENT)
    address = "night@sampark.localhost"
    world = Mailboxes(desk.folder / "simulator")
    with desk.sign_in(ADMIN) as arjun:
        box = {"host": "127.0.0.1", "port": desk.sim_imap, "user": address, "tls": "none"}
        body = {"name": "Night desk", "address": address, "imap": {**box, "password": "x"}}
        world.switch(address, Switches(refuses=True))
        made = arjun.post("/api/mailboxes", json=body)
        assert made.status_code in (200, 201), made.text
        banner = page.locator("[data-banner=mailbox_silent]").filter(has_text="Night desk")
        expect(banner).to_be_visible(timeout=SOON)
        expect(page.get_by_role("alert").filter(has=banner)).to_be_attached()
        picture(page, "silent")
        world.switch(address, Switches())
        # a refused sign-in is tried again rarely; changing the mailbox tries it at once
        changed = arjun.patch(f"/api/mailboxes/{made.json()['id']}", json={"imap": {**box, "password": "y"}})
        assert changed.status_code == 200, changed.text
        expect(banner).to_have_count(0, timeout=90_000)


def test_a_blocked_sender_opens_no_ticket(page: Page, desk: Desk, picture: Picture) -> None:
    """Blocked in the settings, seen as blocked in the log, and let in again with one click."""
    sign_in(page, desk, ADMIN)
    page.goto(f"{desk.url}/console/settings/blocked-senders")
    field = page.get_by_role("textbox", name="Address or domain")
    field.fill("nonsense")
    page.get_by_role("button", name="Block", exact=True).click()
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("@adverts.example")
    page.get_by_role("textbox", name="Reason").fill("Advertising")
    page.get_by_role("button", name="Block", exact=True).click()
    row = page.get_by_role("listitem").filter(has_text="@adverts.example")
    expect(row).to_contain_text("Advertising")
    picture(page, "blocked")

    def stopped() -> bool:
        desk.send(mail("loud@adverts.example", "Buy now"))
        page.goto(f"{desk.url}/console/mail?q=loud%40adverts.example")
        expect(page.get_by_role("list", name="Mail log")).to_be_visible()
        return page.get_by_text("Blocked sender").count() > 0

    eventually(stopped, "the mail is blocked")
    picture(page, "in-the-log")
    page.goto(f"{desk.url}/console/settings/blocked-senders")
    row.get_by_role("button", name="No longer block").click()
    expect(row).to_have_count(0)


def test_a_pulled_brake_is_seen_and_let_go(page: Page, desk: Desk, picture: Picture) -> None:
    """A banner on every page, the reason and what did not arrive; after the release the banner goes by itself."""
    desk.tell(
        "insert into brake_trips (reason, tripped_at) values ('Two robots write to each other.', now())",
        "insert into notices (kind, to_address, subject, text, state, error, created_at, changed_at) values "
        "('refused', 'robot@loop.example', 'Your mail', 'x', 'withheld', 'All automatic mail is stopped.', now(), now())",
    )
    sign_in(page, desk, ADMIN)
    banner = page.locator("[data-banner=automatic_mail_stopped]")
    expect(banner).to_contain_text("Two robots write to each other.")
    banner.get_by_role("link", name="See to it").click()
    brake = page.get_by_test_id("brake")
    expect(brake).to_contain_text("Automatic mail has been stopped since")
    row = page.get_by_role("listitem").filter(has_text="robot@loop.example")
    expect(row).to_contain_text("Held back")
    picture(page, "stopped")
    page.get_by_role("button", name="Let automatic mail leave again").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Cancel").click()
    expect(brake).to_contain_text("stopped")
    page.get_by_role("button", name="Let automatic mail leave again").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Let automatic mail leave again").click()
    expect(brake).to_contain_text("Automatic mail leaves as usual.")
    expect(banner).to_have_count(0)
    picture(page, "released")


def test_only_those_who_may_see_the_settings(page: Page, desk: Desk) -> None:
    """An agent has no such entry in the menu, and the address of a page tells who can help."""
    sign_in(page, desk, AGENT)
    expect(page.get_by_role("navigation", name="Main menu").get_by_role("link", name="Settings")).to_have_count(0)
    page.goto(f"{desk.url}/console/settings/mailboxes")
    expect(page.get_by_text("You may not see this page.")).to_be_visible()


def test_the_pages_are_accessible_and_never_wider_than_the_screen(page: Page, desk: Desk, picture: Picture) -> None:
    """Axe finds nothing, and nothing scrolls sideways, narrow and wide, in light and dark; half are opened narrow."""
    with desk.sign_in(ADMIN) as arjun:
        first = arjun.get("/api/mailboxes").json()[0]["id"]
    sign_in(page, desk, ADMIN)
    paths = ("mail", "settings/mailboxes", "settings/mailboxes/new", f"settings/mailboxes/{first}",
             "settings/blocked-senders", "settings/automatic-mail", "settings/people", "settings/people/new",
             "settings/people/1")  # fmt: skip
    for number, path in enumerate(paths):
        looks = LOOKS if number % 2 == 0 else LOOKS[::-1]
        take(page, looks[0])
        page.goto(f"{desk.url}/console/{path}")
        expect(page.get_by_role("heading").nth(1)).to_be_attached()
        page.wait_for_load_state("networkidle")
        for look in looks:
            take(page, look)
            expect(page.locator("html")).to_have_attribute("data-theme", look.colours)
            assert violations(page) == [], (path, look)
            assert page.evaluate("document.querySelector('main').scrollWidth") <= look.width, (path, look)
            picture(page, f"{path.replace('/', '-')}-{look.width}-{look.colours}")

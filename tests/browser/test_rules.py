"""Rules in a browser: one is written, tried out on last week, switched on, seen to act; a macro; a webhook."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.looks import is_too_wide, violations
from tests.browser.signing_in import sign_in
from tests.journeys.desk import ADMIN, Client, Desk

Picture = Callable[[Page, str], None]


def test_a_rule_is_written_tried_out_and_acts(page: Page, desk: Desk, picture: Picture) -> None:
    """The trial names tickets of last week and changes none; once it is on, the next change sets it off, on record."""
    sign_in(page, desk, ADMIN)
    page.goto(f"{desk.url}/console/settings/rules")
    page.get_by_role("link", name="New rule").click()
    page.get_by_label("Name", exact=True).fill("Urgent ones are seen")
    page.get_by_role("checkbox", name="a ticket is opened").uncheck()
    page.get_by_role("checkbox", name="the priority changes").check()
    page.get_by_role("button", name="Add condition").click()
    page.get_by_label("What is asked about").select_option("Priority")
    page.get_by_label("How", exact=True).select_option("has changed to")
    page.get_by_label("Value").select_option("Urgent")
    page.get_by_role("button", name="Create rule").click()
    expect(page.get_by_text("Choose 1 to 20 actions.")).to_be_visible()
    add_action(page, "Change tags")
    expect(page.get_by_text("Choose 1 to 20 actions.")).to_have_count(0)
    page.get_by_label("Put on").fill("seen-by-rule")
    number = ticket_made_urgent(desk)
    page.get_by_role("button", name="Try it out").click()
    trial = page.get_by_role("region", name="What it would do")
    expect(trial).to_contain_text("Nothing has been changed.")
    expect(trial.get_by_role("link", name=re.compile(f"#{number}"))).to_be_visible()
    picture(page, "trial")
    assert violations(page) == []
    look_narrow(page, picture)
    page.get_by_role("checkbox", name="Switched on").check()
    page.get_by_role("button", name="Create rule").click()
    expect(page.get_by_role("heading", name="Urgent ones are seen")).to_be_visible()
    expect(page.get_by_text("Nothing yet")).to_be_visible()

    act_and_look(page, desk, number, picture)
    write_a_macro(page, desk, number, picture)
    write_a_webhook(page, desk, picture)


def look_narrow(page: Page, picture: Picture) -> None:
    """On a telephone nothing scrolls sideways."""
    page.set_viewport_size({"width": 390, "height": 780})
    assert not is_too_wide(page)
    picture(page, "trial-narrow")
    page.set_viewport_size({"width": 1440, "height": 900})


def act_and_look(page: Page, desk: Desk, number: int, picture: Picture) -> None:
    """What the rule did stands in its log, in the ticket's history and below the list of rules."""
    ticket_made_urgent(desk)
    log = page.get_by_role("list", name="What it did")
    expect(log).to_contain_text(f"#{number}", timeout=15_000)
    expect(log).to_contain_text("seen-by-rule")
    log.get_by_text("One condition asked").click()
    expect(log).to_contain_text("Priority has changed to Urgent")
    picture(page, "log")
    assert violations(page) == []
    page.goto(f"{desk.url}/console/inbox/open/{number}")
    history = page.get_by_role("log")
    history.get_by_role("button", name=re.compile("changes$")).last.click()
    expect(history).to_contain_text("seen-by-rule")
    expect(history).to_contain_text("rule “Urgent ones are seen”")
    picture(page, "ticket")
    page.goto(f"{desk.url}/console/settings/rules")
    rules = page.get_by_role("list", name="Rules", exact=True)
    expect(rules).to_contain_text("Acted once in 7 days")
    picture(page, "rules")
    assert violations(page) == []
    expect(page.get_by_role("list", name="What rules did")).to_contain_text("Urgent ones are seen")
    rules.get_by_role("switch", name="Urgent ones are seen is on").uncheck()


def add_action(page: Page, name: str) -> None:
    """Choose an action from the menu; the new one has the focus."""
    page.get_by_role("button", name="Add an action …").click()
    page.get_by_role("menuitem", name=name).click()


def write_a_macro(page: Page, desk: Desk, number: int, picture: Picture) -> None:
    """It does in a ticket what is not left out."""
    page.goto(f"{desk.url}/console/settings/macros")
    page.get_by_role("button", name="New macro").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name", exact=True).fill("Calm down")
    form.get_by_role("textbox", name="Text").fill("Take a deep breath, {{customer.first_name}}.")
    add_action(page, "Set the priority")
    form.get_by_label("To", exact=True).select_option("Low")
    add_action(page, "Change tags")
    form.get_by_label("Put on").fill("calm")
    picture(page, "macro")
    assert violations(page) == []
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_role("list", name="Macros")).to_contain_text("priority Low · +calm")
    page.goto(f"{desk.url}/console/inbox/open/{number}")
    page.get_by_role("button", name="More actions").first.click()
    page.get_by_role("menuitem", name="Apply a macro").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Calm down").click()
    dialog.get_by_role("checkbox", name="+calm").uncheck()
    picture(page, "apply")
    assert violations(page) == []
    dialog.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Calm down is applied.")).to_be_visible()
    with Client(desk.url, *ADMIN) as http:
        found = http.get(f"/api/tickets/{number}").json()
        assert (found["priority"], "calm" in found["tags"]) == ("low", False)
        assert http.patch(f"/api/tickets/{number}", json={"priority": "normal"}).status_code == 200
    put_its_text_in(page, desk, number, picture)


def put_its_text_in(page: Page, desk: Desk, number: int, picture: Picture) -> None:
    """With the text stands what the macro does; what is not left out there is done."""
    page.get_by_role("textbox", name="Reply").click()
    page.keyboard.type("/calm")
    expect(page.get_by_role("option", name="Calm down")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Reply")).to_contain_text("Take a deep breath,")
    offer = page.get_by_role("group", name="Calm down also does:")
    offer.get_by_role("button", name="Remove: priority Low").click()
    picture(page, "offer")
    assert violations(page, within=".composer") == []
    offer.get_by_role("button", name="Apply").click()
    expect(offer).to_have_count(0)
    with Client(desk.url, *ADMIN) as http:
        found = http.get(f"/api/tickets/{number}").json()
        assert (found["priority"], "calm" in found["tags"]) == ("normal", True)
    page.get_by_role("textbox", name="Reply").press("Control+a")
    page.keyboard.press("Delete")


def write_a_webhook(page: Page, desk: Desk, picture: Picture) -> None:
    """Its secret is shown once; what it was told is listed with its payload."""
    page.goto(f"{desk.url}/console/settings/webhooks")
    page.get_by_role("button", name="New webhook").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name", exact=True).fill("Shop")
    form.get_by_label("Address").fill("https://10.0.0.1/hook")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_text("in a network that this desk may not connect to")).to_be_visible()
    form.get_by_label("Address").fill("https://hook.invalid/sampark")
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_text("It is shown only now.")).to_be_visible()
    page.get_by_role("button", name="What it was told").click()
    page.get_by_role("button", name="Send a test").click()
    told = page.get_by_role("list", name="What it was told")
    expect(told).to_contain_text("webhook.test")
    told.get_by_text("webhook.test").first.click()
    expect(told).to_contain_text("this is a try")
    expect(told.get_by_role("list", name="Tries")).to_contain_text("There is no server called hook.invalid.")
    picture(page, "webhooks")
    assert violations(page) == []


def ticket_made_urgent(desk: Desk) -> int:
    """An open ticket whose priority somebody changes to urgent; the same one each time."""
    with Client(desk.url, *ADMIN) as http:
        rows = http.get("/api/tickets", params={"status": "open", "limit": 100}).json()["items"]
        number: int = min(row["id"] for row in rows)
        for priority in ("normal", "urgent"):
            assert http.patch(f"/api/tickets/{number}", json={"priority": priority}).status_code == 200
        return number


def test_conditions_are_written_without_a_mouse(page: Page, desk: Desk, picture: Picture) -> None:
    """Added, moved and taken out by keys, with the focus going along; what is wrong is said where it is wrong."""
    sign_in(page, desk, ADMIN)
    page.goto(f"{desk.url}/console/settings/rules/new")
    page.get_by_label("Name", exact=True).fill("By keys alone")
    page.get_by_role("button", name="Add condition").press("Enter")
    expect(page.get_by_label("What is asked about")).to_be_focused()
    page.get_by_role("button", name="Add group").press("Enter")
    group = page.get_by_role("group", name="Group 1")
    expect(group.get_by_label("How these conditions belong together")).to_be_focused()
    inner = group.get_by_role("group", name="Condition 1")
    inner.get_by_label("What is asked about").select_option("Message text")
    group.get_by_role("button", name="Add condition").press("Enter")
    expect(group.get_by_role("group", name="Condition 2").get_by_label("What is asked about")).to_be_focused()
    group.get_by_role("group", name="Condition 2").get_by_label("What is asked about").select_option("Organisation")

    page.get_by_role("button", name="Move up: Group 1").press("Enter")
    expect(page.get_by_role("button", name="Move down: Group 1")).to_be_focused()
    page.get_by_role("button", name="Add an action …").press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_label("To", exact=True)).to_be_focused()
    page.get_by_role("button", name="Try it out").press("Enter")
    value = inner.get_by_label("Value")
    expect(value).to_be_focused()
    expect(value).to_have_accessible_description("Write what it is compared with.")
    picture(page, "complaint")
    assert violations(page) == []
    page.keyboard.type("sparks")
    expect(page.get_by_text("Write what it is compared with.")).to_have_count(0)
    page.get_by_role("button", name="Try it out").press("Enter")
    organisation = group.get_by_role("button", name="Value: Choose organisations")
    expect(organisation).to_have_accessible_description("Choose one.")
    organisation.press("Enter")
    page.keyboard.type("bluefin")
    expect(page.get_by_role("listbox", name="Value").get_by_role("option")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(group.get_by_role("button", name="Value: Bluefin Logistics")).to_be_focused()

    group.get_by_role("button", name="Remove: Condition 1").press("Enter")
    expect(group.get_by_role("button", name="Add condition")).to_be_focused()
    page.get_by_role("button", name="Remove: Condition 1").last.press("Enter")
    page.get_by_role("button", name="Create rule").press("Enter")
    expect(page.get_by_role("heading", name="By keys alone")).to_be_visible()
    page.goto(f"{desk.url}/console/settings/rules")
    expect(page.get_by_role("list", name="Rules", exact=True)).to_contain_text("if Organisation is Bluefin Logistics:")
    page.goto(f"{desk.url}/console/settings/rules")
    page.get_by_role("link", name="By keys alone").click()
    page.get_by_role("button", name="Delete rule").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete rule").click()
    expect(page.get_by_text("By keys alone is deleted.")).to_be_visible()

"""People and teams as an administrator meets them in a browser."""

import httpx
from playwright.sync_api import Page, expect

from tests.browser.signing_in import sign_in
from tests.browser.test_settings import Picture
from tests.journeys.desk import ADMIN, Desk


def open_people(page: Page, desk: Desk) -> None:
    """The settings' page."""
    page.goto(f"{desk.url}/console/settings/people")
    expect(page.get_by_role("heading", name="People and teams")).to_be_visible()


def test_somebody_gets_an_account_and_a_team(page: Page, desk: Desk, picture: Picture) -> None:
    """A team is made and renamed by keyboard; a wrong address stands at its field; the new agent can sign in."""
    sign_in(page, desk, ADMIN)
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="People and teams").click()
    page.get_by_role("textbox", name="Name of a new team").fill("Nite shift")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Rename Nite shift").click()
    field = page.get_by_role("textbox", name="Name of the team")
    expect(field).to_be_focused()
    field.fill("Night shift")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Rename Night shift")).to_be_focused()
    picture(page, "1-people")

    page.get_by_role("link", name="Add a person").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("Zoya Khan")
    email = page.get_by_role("textbox", name="E-mail address")
    email.fill("zoya")
    page.get_by_role("checkbox", name="Night shift").check()
    page.get_by_role("button", name="Suggest one").click()
    password = page.get_by_role("textbox", name="Password").input_value()
    page.get_by_role("button", name="Add person").click()
    expect(email).to_be_focused()
    alarm = page.get_by_role("alert").filter(has_text="Some fields need attention.")
    expect(alarm).to_be_visible()
    picture(page, "2-complaint")
    email.fill("zoya@desk.example")
    expect(alarm).to_have_count(0)
    page.get_by_role("button", name="Add person").click()
    row = page.get_by_role("listitem").filter(has_text="zoya@desk.example")
    expect(row).to_contain_text("Night shift · up to 8 tickets")
    with httpx.Client(base_url=desk.url) as zoya:
        answer = zoya.post("/api/session", json={"email": "zoya@desk.example", "password": password})
        assert [team["name"] for team in answer.json()["agent"]["teams"]] == ["Night shift"]

        row.get_by_role("link").click()
        page.get_by_role("combobox", name="Role").select_option(label="Team lead")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
        picture(page, "3-account")
        page.get_by_role("button", name="Close this account").click()
        page.get_by_role("alertdialog").get_by_role("button", name="Close this account").click()
        expect(page.get_by_role("button", name="Open this account again")).to_be_visible()
        assert zoya.get("/api/session").status_code == 401


def test_nobody_closes_her_own_account(page: Page, desk: Desk, picture: Picture) -> None:
    """The button is not offered; giving up one's own role is refused in words, and the form keeps what was chosen."""
    sign_in(page, desk, ADMIN)
    open_people(page, desk)
    page.get_by_role("listitem").filter(has_text=ADMIN[0]).get_by_role("link").click()
    expect(page.get_by_text("Another administrator can close your account.")).to_be_visible()
    expect(page.get_by_role("button", name="Close this account")).to_have_count(0)
    page.get_by_role("combobox", name="Role").select_option(label="Agent")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").filter(has_text="This did not work")).to_be_visible()
    picture(page, "refused")
    page.get_by_role("button", name="Discard changes").click()
    expect(page.get_by_role("combobox", name="Role")).to_have_value("0")

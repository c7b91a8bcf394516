"""The desk at work in a browser: breaks, hand-overs, offers, why something waits, supervisors, and a television."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.looks import violations
from tests.browser.signing_in import alone, sign_in
from tests.journeys.desk import ADMIN, AGENT, Client, Desk, eventually, mail

Picture = Callable[[Page, str], None]
HERS = "/api/tickets?view=mine&limit=20"


@pytest.fixture(autouse=True)
def as_before(desk: Desk) -> Iterator[None]:
    """Whatever becomes of a test, the next ones find her there, and mail that is given without being offered."""
    yield
    with desk.sign_in() as neha:
        assert neha.put("/api/me/presence", json={"state": "available"}).status_code == 200
    with desk.sign_in(ADMIN) as arjun:
        kind = next(each for each in arjun.get("/api/routing/kinds").json() if each["kind"] == "email")
        given = {name: value for name, value in kind.items() if name != "kind"} | {"offerSeconds": None}
        assert arjun.put("/api/routing/kinds/email", json=given).status_code == 200


def test_a_break_moves_her_work_and_what_waits_says_why(
    browser: Browser, page: Page, desk: Desk, picture: Picture
) -> None:
    """Neha goes to lunch and hands her work over; what nobody can take says so; a supervisor's word reaches her."""
    with Client(desk.url, *ADMIN) as arjun:
        sign_in(page, desk, AGENT)
        rows = page.request.get(f"{desk.url}{HERS}").json()["items"]
        mine = [
            row["id"] for row in rows if row["status"] == "open" and not row["snoozedUntil"]
        ]  # what rests waits for nobody
        page.get_by_role("button", name=re.compile("^Your status")).click()
        page.get_by_role("menuitem", name="Lunch").click()
        leaving = page.get_by_role("dialog", name="My open work")
        expect(leaving).to_contain_text("wait for an answer from you")
        picture(page, "leaving")
        assert violations(page) == []
        leaving.get_by_role("checkbox", name="All", exact=True).check()
        leaving.get_by_role("checkbox", name="All", exact=True).uncheck()
        leaving.get_by_role("checkbox", name=re.compile(f"#{mine[0]} ")).check()
        leaving.get_by_role("button", name="Hand over 1 ticket").click()
        expect(leaving).to_have_count(0)
        expect(page.get_by_role("button", name="Your status: On a break, Lunch")).to_be_visible()
        assert owner_of(arjun, mine[0]) != page_owner(page, desk)

        skill = arjun.post("/api/routing/skills", json={"name": "Sign language"}).json()["id"]
        needs = {"skills": [{"skillId": skill, "level": 3}]}
        assert arjun.put(f"/api/tickets/{mine[1]}/needs", json=needs).status_code == 200
        assert arjun.patch(f"/api/tickets/{mine[1]}", json={"assigneeId": None}).status_code == 200
        page.goto(f"{desk.url}/console/inbox/unassigned/{mine[1]}")
        why = page.get_by_role("region", name="Why is it waiting?")
        why.get_by_role("button", name="Why is it waiting?").click()
        expect(why).to_contain_text("Nobody at the desk has the skill that is needed.")
        expect(why).to_contain_text(re.compile(r"What would change it.*agents? gets the skill"))
        picture(page, "why")
        assert violations(page) == []

        supervise(browser, desk, page, mine[1], picture)
        expect(page.get_by_role("button", name="Your status: Busy, Meeting")).to_be_visible()
        assert arjun.put(f"/api/tickets/{mine[1]}/needs", json={"skills": []}).status_code == 200
        page.get_by_role("button", name=re.compile("^Your status")).click()
        page.get_by_role("menuitem", name="Available").click()
        expect(page.get_by_role("button", name="Your status: Available")).to_be_visible()


def test_an_agent_sees_why_it_is_hers_and_moves_it_to_another_queue(page: Page, desk: Desk, picture: Picture) -> None:
    """Who was considered and why not; whoever has it gives it up, the history tells, and "z" takes it back."""
    alone(desk)
    sign_in(page, desk, AGENT)
    subject = "Freezer warms up and hums"
    desk.send(mail("Sara Rao <sara@rao.example>", subject, "It is warm inside."))

    def arrived() -> int | None:
        rows = page.request.get(f"{desk.url}/api/tickets?view=mine&limit=100").json()["items"]
        return next((int(row["id"]) for row in rows if row["subject"] == subject), None)

    ticket = eventually(arrived, "it was given to her")
    page.goto(f"{desk.url}/console/inbox/mine/{ticket}")
    why = page.get_by_role("region", name="Why this person")
    why.get_by_role("button", name="Why this person").click()
    considered = why.get_by_role("list", name="Who was considered").get_by_role("listitem")
    expect(considered.filter(has_text="Neha Kulkarni")).to_contain_text("no new work")
    expect(considered.filter(has_text="Manjunath Gowda")).to_contain_text("not signed in")
    picture(page, "hers")

    fields = page.get_by_role("region", name="Ticket", exact=True)
    fields.get_by_role("button", name="Queue: Field service").click()
    page.get_by_role("menuitem", name="Cooling repairs").click()
    expect(fields.get_by_role("button", name="Queue: Cooling repairs")).to_be_visible()
    expect(fields.get_by_role("button", name="Assigned to: Unassigned")).to_be_visible()
    page.get_by_role("log").get_by_role("button", name=re.compile("changes")).click()
    expect(page.get_by_role("log")).to_contain_text("Moved to the queue Cooling repairs")
    waiting = page.get_by_role("region", name="Why is it waiting?")
    expect(waiting).to_contain_text("Waits in Cooling repairs.")
    expect(waiting).to_contain_text("It needs Refrigerant (level 3 or more)")
    expect(waiting).to_contain_text(re.compile("one of 3 agents comes back"))
    picture(page, "moved")
    assert violations(page) == []
    page.keyboard.press("z")
    expect(fields.get_by_role("button", name="Queue: Field service")).to_be_visible()
    expect(fields.get_by_role("button", name="Assigned to: You")).to_be_visible()


def test_an_offer_is_taken_refused_or_let_pass(page: Page, desk: Desk, picture: Picture) -> None:
    """It says who and what and for how long still; a reason goes with a refusal; what nobody takes goes away by itself."""
    with Client(desk.url, *ADMIN) as arjun:
        kind = next(each for each in arjun.get("/api/routing/kinds").json() if each["kind"] == "email")

        def held_out_for(seconds: int | None) -> None:
            given = {name: value for name, value in kind.items() if name != "kind"} | {"offerSeconds": seconds}
            assert arjun.put("/api/routing/kinds/email", json=given).status_code == 200

        alone(desk)
        sign_in(page, desk, AGENT)
        held_out_for(60)
        desk.send(mail("Lata Sen <lata@sen.example>", "Door does not close", "It stays open."))
        lata = page.get_by_role("region", name="Offer: Lata Sen")
        expect(lata).to_contain_text("Door does not close")
        expect(lata.get_by_role("alert")).to_contain_text("Lata Sen is offered to you")
        picture(page, "offer")
        assert violations(page) == []
        lata.get_by_role("button", name="Not now").click()
        page.get_by_role("menuitem", name="Not my subject").click()
        expect(lata).to_have_count(0)
        desk.send(mail("Omar Khan <omar@khan.example>", "Shelf is broken", "In two."))
        expect(page.get_by_role("region", name="Offer: Omar Khan")).to_be_visible()
        page.keyboard.press("Control+Shift+A")
        expect(page.get_by_role("region", name="Offer: Omar Khan")).to_have_count(0)
        expect(page.get_by_role("log")).to_contain_text("In two.")
        expect(page.get_by_role("region", name="Ticket", exact=True)).to_contain_text("You")
        held_out_for(5)
        desk.send(mail("Tia Roy <tia@roy.example>", "Handle is loose", "It turns."))
        tia = page.get_by_role("region", name="Offer: Tia Roy")
        expect(tia).to_be_visible()
        expect(tia).to_have_count(0)
        held_out_for(kind["offerSeconds"])


def owner_of(client: Client, ticket: int) -> int | None:
    """Who has a ticket."""
    assignee: dict[str, Any] | None = client.get(f"/api/tickets/{ticket}").json()["assignee"]
    return None if assignee is None else int(assignee["id"])


def page_owner(page: Page, desk: Desk) -> int:
    """Who is signed in on a page."""
    return int(page.request.get(f"{desk.url}/api/session").json()["agent"]["id"])


def supervise(browser: Browser, desk: Desk, hers: Page, waiting: int, picture: Picture) -> None:
    """On the board a supervisor sees who is away and why, and chooses for her; what waits stands in its list."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-IN", reduced_motion="reduce")
    page = sign_in(context.new_page(), desk, ADMIN)
    page.get_by_role("link", name="Desk now").click()
    neha = page.get_by_role("list", name="Board").get_by_role("listitem").filter(has_text="Neha Kulkarni")
    expect(neha).to_contain_text("On a break, Lunch")
    assert violations(page) == []
    neha.get_by_role("button", name="Set the status of Neha Kulkarni").click()
    page.get_by_role("menuitem", name="Meeting").click()
    told = hers.get_by_role("status").filter(has_text="Arjun Nair has changed your status: Busy")
    expect(told).to_be_visible()  # it goes by itself after a while
    expect(neha).to_contain_text("Busy, Meeting")
    expect(neha).to_contain_text("set by Arjun Nair")
    picture(page, "board")
    page.get_by_role("link", name="Waiting").click()
    line = page.get_by_role("list", name="Waiting").get_by_role("listitem").filter(has_text=f"#{waiting}")
    expect(line).to_contain_text("nobody has the skill that is needed")
    picture(page, "waiting")
    assert violations(page) == []
    television(browser, page, picture)
    context.close()


def television(browser: Browser, page: Page, picture: Picture) -> None:
    """A link shows the figures without a sign-in, and goes dark when it is revoked."""
    page.get_by_role("link", name="Wallboard").click()
    page.get_by_role("textbox", name="Name").fill("Hall")
    page.get_by_role("button", name="Make a link").click()
    address = page.get_by_role("code").filter(has_text="/console/wallboard").inner_text()
    hall = browser.new_context(viewport={"width": 1920, "height": 1080}, locale="en-IN", reduced_motion="reduce")
    screen = hall.new_page()
    screen.goto(address)
    expect(screen.get_by_role("region", name="The desk now")).to_contain_text("Waiting now")
    picture(screen, "television")
    assert violations(screen) == []
    page.get_by_role("button", name="Revoke Hall").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Revoke").click()
    expect(screen.get_by_role("alert")).to_contain_text("This link opens nothing any more.")
    assert violations(screen) == []
    hall.close()

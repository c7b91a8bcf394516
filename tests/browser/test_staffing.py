"""Staffing in a browser: a lead sees what will come and whom it takes, tries more people, and replays the past."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.looks import recolour, violations
from tests.browser.signing_in import sign_in
from tests.journeys.desk import ADMIN, Desk

Picture = Callable[[Page, str], None]


def calls_of_three_months(desk: Desk) -> None:
    """Calls from nine to six on working days, more of them before noon; they had no tickets that still stand."""
    desk.tell(
        """
        insert into events (at, kind, actor_kind, actor_name, data)
        select (current_date - d) + make_interval(mins => 30 * h + n * 2) - interval '5 hours 30 minutes',
            'ticket.created', 'system', '', '{"channel": "call"}'
        from generate_series(1, 91) d, generate_series(18, 35) h,
            lateral generate_series(1, case when extract(isodow from current_date - d) > 5 then 2 when h < 24 then 14
                else 9 end - (d * 7 + h * 5) % 4) n
        """
    )


def test_a_lead_plans_people(page: Page, desk: Desk, picture: Picture) -> None:
    """The forecast with its error, the people it takes by half hours, one more of them by a slider, and a replay."""
    calls_of_three_months(desk)
    sign_in(page, desk, ADMIN)
    page.set_viewport_size({"width": 1440, "height": 1800})  # the page scrolls in its frame; all of it is pictured
    page.goto(f"{desk.url}/console/settings/staffing")
    forecast = page.get_by_role("region", name="What will come")
    expect(forecast).to_contain_text("In the last 8 weeks forecasts of half hours were")
    forecast.get_by_label("Kind of work").select_option("call")
    forecast.get_by_text("The numbers as a table").click()
    table = forecast.get_by_role("table")
    expect(table.get_by_role("row")).not_to_have_count(0)
    simulated = page.get_by_role("region", name="What happens if")
    expect(simulated).to_contain_text("The hardest half hours")
    picture(page, "calls")
    assert violations(page) == []

    people = simulated.get_by_role("slider").first
    expect(people).to_have_attribute("aria-valuetext", "The people it takes")
    before = simulated.locator("dl").inner_text()
    people.focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    expect(people).to_have_attribute("aria-valuetext", re.compile("3 people in every half hour"))
    expect(simulated.locator("dl")).not_to_have_text(before)

    replay = page.get_by_role("region", name="What would have happened")
    replay.get_by_label("What is different").fill("queues: {Nowhere: {}}")
    replay.get_by_role("button", name="Replay").click()
    expect(replay.get_by_role("alert")).to_contain_text("Nowhere")
    replay.get_by_label("Period", exact=True).select_option("the last 28 days")
    replay.get_by_label("What is different").fill("")
    replay.get_by_role("button", name="Replay").click()
    expect(replay.get_by_role("table")).to_contain_text("All")
    picture(page, "replayed")
    page.set_viewport_size({"width": 390, "height": 2600})
    recolour(page, "dark")
    assert violations(page) == []
    picture(page, "narrow-dark")
    page.set_viewport_size({"width": 1440, "height": 900})
    recolour(page, "light")

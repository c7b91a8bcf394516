"""Opening hours over the API."""

from datetime import timedelta
from typing import Any

import pytest

from core.clock import ManualClock
from tests.agent_ui.conftest import Desk

PATH = "/api/opening-hours"
WEEK = [[["09:00", "13:00"], ["14:00", "18:00"]], *([[]] * 5), [["22:00", "26:30"]]]


async def test_hours_are_written_and_read(desk: Desk) -> None:
    """Every agent reads, an administrator writes; versions guard against one another; others can be taken away."""
    first = (await desk.agent.http.get(PATH)).json()
    assert [(each["name"], each["version"], each["weekly"][0]) for each in first] == [
        ("default", 0, [["09:00", "18:30"]])
    ]
    body = {"timeZone": "Asia/Kolkata", "weekly": WEEK, "days": [{"date": "2026-03-03", "name": "Holi"}]}
    assert (await desk.agent.http.put(f"{PATH}/shop", json=body)).status_code == 403
    answer = await desk.admin.http.put(f"{PATH}/shop", json=body)
    assert answer.json()["weekly"] == WEEK
    assert answer.json()["days"] == [{"date": "2026-03-03", "name": "Holi", "windows": []}]
    assert answer.headers["etag"] == '"v1"'
    stale = {"If-Match": '"v0"'}
    assert (await desk.admin.http.put(f"{PATH}/shop", json=body, headers=stale)).status_code == 412
    assert len((await desk.agent.http.get(PATH)).json()) == 2
    assert (await desk.admin.http.delete(f"{PATH}/shop")).status_code == 204
    assert (await desk.admin.http.delete(f"{PATH}/shop")).status_code == 404
    assert (await desk.admin.http.delete(f"{PATH}/default")).status_code == 422


@pytest.mark.parametrize(
    "week",
    [[[]] * 6, [[["9:00", "18:00"]], *([[]] * 6)], [[["18:00", "09:00"]], *([[]] * 6)], [[["09:00"]], *([[]] * 6)]],
)
async def test_hours_that_make_no_sense_are_refused(desk: Desk, week: object) -> None:
    """Six days, another form, backwards, half a window."""
    body = {"timeZone": "Asia/Kolkata", "weekly": week}
    assert (await desk.admin.http.put(f"{PATH}/default", json=body)).status_code == 422


async def test_hours_are_told_as_customers_read_them(desk: Desk, clock: ManualClock) -> None:
    """In their words and a language of theirs, of what is kept and of what is only tried out."""
    first = (await desk.agent.http.get(PATH)).json()[0]
    assert first["now"] == {"isOpen": True, "words": "We are here now, until 18:30."}
    clock.advance(timedelta(hours=9))
    hindi = (await desk.agent.http.get(PATH, params={"language": "hi"})).json()[0]
    assert (hindi["now"]["isOpen"], "09:00" in hindi["now"]["words"]) == (False, True)
    body = {"timeZone": "Asia/Kolkata", "weekly": [[["00:00", "24:00"]]] * 7}
    tried = await desk.admin.http.post(f"{PATH}/default/preview", json=body)
    assert tried.json() == {"isOpen": True, "words": "We are here now."}
    never = await desk.admin.http.post(f"{PATH}/default/preview", json=body | {"weekly": [[]] * 7})
    assert never.json() == {"isOpen": False, "words": ""}
    assert (await desk.lead.http.post(f"{PATH}/default/preview", json=body)).status_code == 403
    assert (await desk.agent.http.get(PATH)).json()[0]["version"] == 0


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"timeZone": "Asia/Nowhere"}, "timeZone"),
        ({"weekly": [[], [["09:00", "12:00"], ["11:00", "18:00"]], *([[]] * 5)]}, "weekly[1]"),
        ({"weekly": [[], [], [["9", "12:00"]], *([[]] * 4)]}, "weekly[2][0][0]"),
        (
            {"days": [{"date": "2026-03-03"}, {"date": "2026-03-04", "windows": [["18:00", "09:00"]]}]},
            "days[1].windows",
        ),
        ({"days": [{"date": "2026-03-03"}, {"date": "2026-03-03"}]}, "days[1].date"),
        ({"days": [{"date": "2026-02-30"}]}, "days[0].date"),
    ],
)
async def test_what_is_wrong_is_told_with_its_place(desk: Desk, wrong: dict[str, Any], field: str) -> None:
    """By the names and places of what was sent, so that a form can show it there; the same when it is only tried out."""
    body = {"timeZone": "Asia/Kolkata", "weekly": [[]] * 7} | wrong
    for answer in (
        await desk.admin.http.put(f"{PATH}/default", json=body),
        await desk.admin.http.post(f"{PATH}/default/preview", json=body),
    ):
        assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (422, [field])

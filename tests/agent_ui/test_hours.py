"""Opening hours over the API."""

import pytest

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

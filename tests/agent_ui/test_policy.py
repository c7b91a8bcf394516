"""What customers may see is chosen by administrators; guest links are taken back by who works on the ticket."""

import pytest
from sqlalchemy import select

from core.db import Database, reading, unit_of_work
from core.errors import NotFound
from core.events import EventRow
from tests.agent_ui.conftest import Desk
from tickets import guests

PATH = "/api/settings/portal"


async def test_the_choices_are_kept_and_their_change_is_on_record(desk: Desk, db: Database) -> None:
    """Defaults first; every agent reads them, an administrator writes them."""
    assert (await desk.agent.http.get(PATH)).json()["agentNames"] == "first"
    chosen = {"agentNames": "team", "reopenDays": 3}
    assert (await desk.agent.http.put(PATH, json=chosen)).status_code == 403
    answer = await desk.admin.http.put(PATH, json=chosen)
    assert (answer.json()["agentNames"], answer.json()["reopenDays"], answer.json()["guestDays"]) == ("team", 3, 30)
    assert (await desk.agent.http.get(PATH)).json() == answer.json()
    async with reading(db) as session:
        row = (await session.scalars(select(EventRow).where(EventRow.kind == "options.changed"))).one()
    assert row.data == {"name": "portal", "changes": {"agent_names": ["first", "team"], "reopen_days": [14, 3]}}


async def test_two_administrators_do_not_write_over_each_other_unseen(desk: Desk) -> None:
    """Whoever names the version she saw is refused once it is not the newest; without one the last word counts."""
    seen = await desk.admin.http.get(PATH)
    assert (seen.json()["version"], seen.headers["etag"]) == (0, '"v0"')
    mine = {"If-Match": seen.headers["etag"]}
    first = await desk.admin.http.put(PATH, json={"reopenDays": 3}, headers=mine)
    assert (first.json()["version"], first.headers["etag"]) == (1, '"v1"')
    second = await desk.admin.http.put(PATH, json={"reopenDays": 5}, headers=mine)
    assert (second.status_code, second.json()["version"]) == (412, 1)
    assert (await desk.admin.http.get(PATH)).json()["reopenDays"] == 3
    third = await desk.admin.http.put(PATH, json={"reopenDays": 5}, headers={"If-Match": first.headers["etag"]})
    assert (third.json()["reopenDays"], third.json()["version"]) == (5, 2)
    assert (await desk.admin.http.put(PATH, json={})).json()["version"] == 3


@pytest.mark.parametrize(
    "wrong", [{"agentNames": "nick"}, {"reopenDays": -1}, {"guestDays": 0}, {"surveyHours": 10_000}, {"planted": 1}]
)
async def test_impossible_choices_are_refused(desk: Desk, wrong: dict[str, object]) -> None:
    """Out of bounds, or unknown."""
    assert (await desk.admin.http.put(PATH, json=wrong)).status_code == 422


async def test_guest_links_are_taken_back(desk: Desk, db: Database, ticket: int) -> None:
    """From then on they open nothing."""
    async with unit_of_work(db) as session:
        token = await guests.link_to(session, "secret", ticket)
    assert (await desk.stranger.http.delete(f"/api/tickets/{ticket}/guest-links")).status_code == 404
    assert (await desk.agent.http.delete(f"/api/tickets/{ticket}/guest-links")).status_code == 204
    async with reading(db) as session:
        with pytest.raises(NotFound):
            await guests.guest_of(session, "secret", token)

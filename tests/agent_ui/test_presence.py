"""Presence, hand-over, the supervisor's board and wallboards over the API."""

from datetime import timedelta

from sqlalchemy import text

from core.clock import ManualClock
from core.db import Database, unit_of_work
from tests.agent_ui.conftest import Desk, new_ticket
from tickets import lifecycle
from tickets.lifecycle import TicketChange


async def test_going_on_a_break_hands_over_what_waits(desk: Desk, db: Database, ticket: int) -> None:
    """She sees what she has, goes with a reason and gives it away in one request; the lead sees why she is away."""
    async with unit_of_work(db) as session:
        await lifecycle.change(session, ticket, TicketChange(assignee_id=desk.agent.id))
    assert [each["ticketId"] for each in (await desk.agent.http.get("/api/me/work")).json()] == [ticket]
    going = {"state": "break", "reason": "Lunch", "handOver": True}
    answer = await desk.agent.http.put("/api/me/presence", json=going)
    assert (answer.json()["state"], answer.json()["reason"], answer.json()["source"]) == ("break", "Lunch", "self")
    assert (await desk.agent.http.get("/api/me/work")).json() == []
    rows = {row["agentId"]: row for row in (await desk.lead.http.get("/api/board")).json()}
    assert rows[desk.agent.id]["presence"]["reason"] == "Lunch"
    assert rows[desk.agent.id]["teamIds"] == [desk.team]


async def test_a_supervisor_sets_states_and_moves_work(desk: Desk, db: Database, ticket: int) -> None:
    """The agent is told who did it; a colleague who is no supervisor may not."""
    async with unit_of_work(db) as session:
        await lifecycle.change(session, ticket, TicketChange(assignee_id=desk.agent.id))
    place = f"/api/board/agents/{desk.agent.id}"
    forced = await desk.lead.http.put(f"{place}/presence", json={"state": "break", "reason": "Training"})
    assert (forced.json()["source"], forced.json()["setBy"]) == ("supervisor", "Lead")
    assert (await desk.agent.http.get("/api/me/presence")).json() == forced.json()
    assert len((await desk.lead.http.get(f"{place}/work")).json()) == 1
    given = await desk.lead.http.post(f"{place}/hand-over", json={"ticketIds": [ticket]})
    assert given.json() == {"ticketIds": [ticket]}
    assert (await desk.stranger.http.put(f"{place}/presence", json={"state": "available"})).status_code == 403


async def test_signing_out_is_going_offline(desk: Desk) -> None:
    """Nobody is given work for a minute after she has left."""
    await desk.agent.http.put("/api/me/presence", json={"state": "available"})
    await desk.agent.http.delete("/api/session")
    rows = {row["agentId"]: row for row in (await desk.lead.http.get("/api/board")).json()}
    standing = rows[desk.agent.id]["presence"]
    assert (standing["state"], standing["reason"]) == ("offline", "signed out")


async def test_reasons_and_rules_are_an_administrators(desk: Desk) -> None:
    """Everybody reads them; what is wrong is told at its field."""
    made = (await desk.admin.http.post("/api/presence-reasons", json={"name": "Errand", "state": "busy"})).json()
    assert made in (await desk.agent.http.get("/api/presence-reasons")).json()
    twice = await desk.admin.http.post("/api/presence-reasons", json={"name": "errand"})
    assert twice.json()["errors"][0]["field"] == "name"
    rules = {"idleMinutes": 15, "wrapUpSeconds": 90, "afterChats": True, "afterCalls": False}
    assert (await desk.admin.http.put("/api/settings/presence", json=rules)).json() == rules
    assert (await desk.admin.http.put("/api/settings/presence", json={"idleMinutes": 1})).status_code == 422
    assert (await desk.agent.http.delete(f"/api/presence-reasons/{made['id']}")).status_code == 403


_ITEM = text(
    """
    with queue as (insert into queues (name, team_id) values ('Repairs', :team) returning id)
    insert into work_items (kind, ticket_id, team_id, queue_id, entered_at, queued_at, rank_at)
    select 'email', :id, :team, id, :at, :at, :at from queue
    """
)
_CLOCK = text(
    """
    insert into sla_clocks (ticket_id, kind, policy, reason, minutes, business, hours, is_told, started_at, met_at,
        breached_at)
    values (:id, 'first_response', 'x', 'x', 60, false, 'default', false, :started, :met,
        cast(:breached as timestamptz))
    """
)


async def test_a_wallboard_shows_the_desk_by_its_link_alone(desk: Desk, db: Database, clock: ManualClock) -> None:
    """Without a session: what waits, who is there, what is due; no customer's word in it. Revoked, it shows nothing."""
    entered = clock.now() - timedelta(minutes=20)
    async with unit_of_work(db) as session:
        ticket = (await new_ticket(session, desk.team)).ticket_id
        late = (await new_ticket(session, desk.other_team)).ticket_id
        await session.execute(_ITEM, {"id": ticket, "team": desk.team, "at": entered})
        for due, number in ((clock.now() + timedelta(minutes=5), ticket), (clock.now() - timedelta(minutes=5), late)):
            await session.execute(text("update tickets set due_at = :at where id = :id"), {"at": due, "id": number})
        for started, breached in ((91, None), (92, None), (93, entered)):
            at = {"started": clock.now() - timedelta(minutes=started), "met": entered, "breached": breached}
            await session.execute(_CLOCK, {"id": ticket, **at})
    await desk.agent.http.put("/api/me/presence", json={"state": "available"})
    made = (await desk.lead.http.post("/api/wallboards", json={"name": "Hall"})).json()
    shown = await desk.anonymous.get("/api/wallboards/shown", headers={"x-wallboard-token": made["token"]})
    figures = shown.json()
    assert figures["waiting"] == [{"name": "Repairs", "count": 1, "oldestAt": "2026-03-02T08:40:00Z"}]
    assert (figures["agents"]["available"], figures["met"], figures["missed"]) == (1, 2, 1)
    assert (figures["late"], figures["soon"], [each["ticketId"] for each in figures["next"]]) == (1, 1, [ticket])
    assert "Asha" not in shown.text
    assert (await desk.agent.http.get("/api/wallboards/figures")).json() == figures
    other = (await desk.agent.http.get(f"/api/wallboards/figures?teamId={desk.other_team}")).json()
    assert (other["waiting"], other["late"], other["soon"]) == ([], 1, 0)
    [link] = (await desk.lead.http.get("/api/wallboards")).json()
    assert link["seenAt"] is not None
    assert (await desk.lead.http.delete(f"/api/wallboards/{link['id']}")).status_code == 204
    for token in (made["token"], "spw_nothing", ""):
        gone = await desk.anonymous.get("/api/wallboards/shown", headers={"x-wallboard-token": token})
        assert gone.status_code == 404

"""Forecasts, simulations and replays over the API."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from core import clock
from core.db import Database, unit_of_work
from routing import work
from tests.agent_ui.conftest import Desk

PATH = "/api/staffing"


async def came(db: Database, kind: str, days: int, each: int) -> None:
    """So many tickets of a kind in each half hour of the last days from ten to noon in India."""
    async with unit_of_work(db) as session:
        await session.execute(
            text(
                """
                insert into events (at, kind, actor_kind, actor_name, data)
                select cast(:today as timestamptz) - make_interval(days => d) + make_interval(mins => 30 * h),
                    'ticket.created', 'system', '', jsonb_build_object('channel', cast(:kind as text))
                from generate_series(1, :days) d, generate_series(20, 23) h, generate_series(1, :each) n
                """
            ),
            {
                "today": (clock.now() + timedelta(hours=5.5)).replace(hour=0, minute=0, second=0, microsecond=0)
                - timedelta(hours=5.5),
                "kind": kind,
                "days": days,
                "each": each,
            },
        )


async def test_leads_see_what_will_come(desk: Desk, db: Database) -> None:
    """By half hours, with the people it takes and how far off it was; the model goes by the kind. Agents do not."""
    await came(db, "call", 84, 12)
    await came(db, "email", 84, 4)
    assert (await desk.agent.http.get(f"{PATH}/forecast")).status_code == 403
    found = (await desk.lead.http.get(f"{PATH}/forecast", params={"days": 3, "handleSeconds": 300})).json()
    assert (found["kind"], found["kinds"], found["knownDays"]) == ("call", ["call", "email"], 84)
    assert len(found["days"]) == 3
    day = found["days"][0]
    assert day["day"] == "2026-03-02"
    assert day["expected"] == pytest.approx(48, abs=0.5)
    ten = day["halfHours"][21]
    assert (ten["start"], ten["agents"], ten["scheduled"]) == (630, 4, 6)
    assert ten["low"] < ten["expected"] < ten["high"] and ten["serviceLevel"] >= 0.8 and ten["waiting"] is None
    assert found["errors"]["weeks"] == 8 and found["errors"]["naive"] == 0
    mail = (await desk.lead.http.get(f"{PATH}/forecast", params={"kind": "email", "withinSeconds": 86400})).json()
    assert mail["days"][0]["halfHours"][21]["serviceLevel"] is None
    assert max(each["agents"] for each in mail["days"][0]["halfHours"]) == 1


async def test_a_young_desk_is_told_what_is_missing(desk: Desk, db: Database) -> None:
    """Nothing at all, or less than three weeks."""
    empty = (await desk.lead.http.get(f"{PATH}/forecast")).json()
    assert (empty["kind"], empty["kinds"], empty["days"], empty["neededDays"]) == ("", [], [], 21)
    await came(db, "chat", 10, 1)
    young = (await desk.lead.http.get(f"{PATH}/forecast")).json()
    assert (young["kind"], young["knownDays"], young["days"], young["errors"]) == ("chat", 10, [], None)


async def test_what_happens_if_is_simulated(desk: Desk) -> None:
    """Even arrivals with what Erlang tells beside them, or half hours with people who come and go; never too much."""
    asked = {"callsPerHour": 60, "handleSeconds": 180, "agents": [4], "hours": 20}
    found = (await desk.lead.http.post(f"{PATH}/simulations", json=asked)).json()
    assert found["arrivals"] == pytest.approx(1200, abs=5)
    assert found["told"]["waitProbability"] == pytest.approx(0.509, abs=0.001)
    assert len(found["halfHours"]) == 40 and found["halfHours"][1]["start"] == 30
    asked = {"halfHours": [10, 20], "handleSeconds": 180, "agents": [1, 3], "patienceSeconds": 60}
    found = (await desk.lead.http.post(f"{PATH}/simulations", json=asked)).json()
    assert [each["arrivals"] for each in found["halfHours"]] == [10, 20]
    assert found["told"] is None
    for wrong in ({"callsPerHour": 10_000, "hours": 1000}, {}, {"callsPerHour": 5, "agents": [0]}):
        refused = await desk.lead.http.post(f"{PATH}/simulations", json={"handleSeconds": 60, "agents": [5], **wrong})
        assert refused.status_code in (400, 422), refused.text
    assert (await desk.agent.http.post(f"{PATH}/simulations", json=asked)).status_code == 403


async def test_the_past_comes_again(desk: Desk, db: Database, ticket: int) -> None:
    """The desk's own traffic by its rules and by changed ones; what the file names wrongly is said."""
    async with unit_of_work(db) as session:
        await work.enter(session, ticket)
    since = (clock.now() - timedelta(days=1)).isoformat()
    until = (clock.now() + timedelta(minutes=1)).isoformat()
    asked = {"since": since, "until": until, "rules": "extra: [{queues: [Repairs]}]"}
    answer = await desk.lead.http.post(f"{PATH}/replays", json=asked)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["whole"]["recorded"]["items"] == 1
    assert [each["name"] for each in found["queues"]] == ["Repairs"]
    assert found["queues"][0]["after"]["given"] == 1
    wrong = await desk.lead.http.post(f"{PATH}/replays", json=asked | {"rules": "extra: [{queues: [Nowhere]}]"})
    assert wrong.status_code == 422 and "no queue Nowhere" in wrong.text
    long = await desk.lead.http.post(f"{PATH}/replays", json=asked | {"since": "2025-01-01T00:00:00Z"})
    assert long.status_code == 422
    assert (await desk.agent.http.post(f"{PATH}/replays", json=asked)).status_code == 403

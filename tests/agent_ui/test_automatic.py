"""Automatic mail over HTTP: seen by leads, released by administrators, told to everybody."""

from channels import brake, notices
from core.clock import ManualClock
from core.db import Database, unit_of_work
from tests.agent_ui.conftest import Desk


async def test_a_stop_is_seen_and_released(db: Database, desk: Desk, clock: ManualClock) -> None:
    """What stopped, since when and what was withheld; after the release it leaves again (field 13)."""
    brake.configure(1)
    try:
        async with unit_of_work(db) as session:
            for name in ("asha", "ravi"):
                await notices.create(
                    session, kind="too_big", to_address=f"{name}@c.example", to_name=name, subject="Too big", text="x"
                )
        seen = (await desk.lead.http.get("/api/automatic-mail")).json()
        held = seen.pop("undelivered")
        assert seen == {
            "stopped": True,
            "reason": "1 automatic mails left within an hour. Probably two robots write to each other.",
            "since": clock.now().isoformat().replace("+00:00", "Z"),
            "sentLastHour": 1,
            "limitPerHour": 1,
            "withheldLastDay": 1,
        }
        assert [(each["to"], each["kind"], each["state"]) for each in held] == [
            ("ravi@c.example", "too_big", "withheld")
        ]
        assert held[0]["reason"].startswith("All automatic mail is stopped")
        assert (await desk.lead.http.post("/api/automatic-mail/release")).status_code == 403
        for _ in range(2):
            answer = await desk.admin.http.post("/api/automatic-mail/release")
            assert (answer.status_code, answer.json()["stopped"]) == (200, False)
    finally:
        brake.configure(brake.PER_HOUR)


async def test_the_status_is_for_those_who_run_the_desk(desk: Desk, db: Database, clock: ManualClock) -> None:
    """An agent without the right learns nothing; the figures are there on a quiet day, too."""
    assert (await desk.agent.http.get("/api/automatic-mail")).status_code == 403
    quiet = (await desk.admin.http.get("/api/automatic-mail")).json()
    assert (quiet["stopped"], quiet["undelivered"], quiet["limitPerHour"]) == (False, [], brake.PER_HOUR)

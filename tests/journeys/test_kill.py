"""``kill -9`` at every step between a mail's arrival, its answer, and a mail to an agent: nothing is lost or sent twice."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.journeys.desk import ADMIN, AGENT, Desk, eventually, mail

pytestmark = pytest.mark.slow

ON_THE_WAY_IN = (
    "ledger-before",
    "ledger-committed",
    "processing-started",
    "processing-before-commit",
    "job-done:channels.process_inbound",
)
ON_THE_WAY_OUT = ("delivery-claimed", "before-handover", "handover-committed", "provider-accepted", "sent-committed")
IN_DOUBT = ("handover-committed", "provider-accepted")
ON_THE_WAY_TO_AN_AGENT = ("notice-before-handover", "notice-accepted")


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory, demo_data: Path) -> Iterator[Desk]:
    """A desk that is killed again and again on the same data, and can be stopped all the same."""
    desk = Desk(tmp_path_factory.mktemp("killed") / "data", begun=demo_data)
    yield desk
    desk.start()
    assert desk.stop() == 0


@pytest.fixture
def desk(killed: Desk) -> Desk:
    """The same, up again after the last kill."""
    if not killed.is_running:
        killed.start()
    return killed


@pytest.mark.parametrize("point", ON_THE_WAY_IN)
def test_killed_while_a_mail_comes_in(desk: Desk, point: str) -> None:
    """The sender's server repeats what was not acknowledged; in the end there is exactly one ticket."""
    subject = f"Killed at {point}"
    question = mail(f"{point.partition(':')[0]}@kill.example", subject)
    desk.crash_at(point)
    try:
        desk.send(question)
        acknowledged = True
    except OSError:
        acknowledged = False
    desk.wait_dead()
    desk.start()
    if not acknowledged:
        desk.send(question)
    with desk.sign_in() as neha:
        eventually(lambda: neha.ticket_with(subject), "the ticket is there")
        rows = neha.get("/api/tickets", params={"view": "open", "limit": 50}).json()["items"]
        assert [row["subject"] for row in rows].count(subject) == 1
        assert next(row for row in rows if row["subject"] == subject)["messageCount"] == 1


@pytest.mark.parametrize("point", ON_THE_WAY_OUT)
def test_killed_while_an_answer_goes_out(desk: Desk, point: str) -> None:
    """At most one copy arrives; where we cannot know, the agent is told, and nothing is sent again blindly."""
    customer = f"{point}@kill.example"
    subject = f"Answer {point}"
    desk.crash_at(point)
    desk.send(mail(customer, subject))
    with desk.sign_in() as neha:
        ticket = eventually(lambda: neha.ticket_with(subject), "the ticket is there")
        assert neha.reply(ticket, "<p>Here is your answer.</p>").status_code == 201
    desk.wait_dead()
    desk.start()
    with desk.sign_in() as neha:

        def state() -> str:
            items = neha.get(f"/api/tickets/{ticket['id']}").json()["timeline"]
            return str(
                next(item["delivery"]["state"] for item in items if item["type"] == "message" and item["delivery"])
            )

        if point in IN_DOUBT:
            # What was committed before the kill stands: nobody may take it up again.
            assert state() in ("sending", "unknown")
            assert len(desk.inbox(customer)) == (point == "provider-accepted")
        else:
            eventually(lambda: state() == "sent", "the outbox settles", 40)
            assert len(desk.inbox(customer)) == 1


@pytest.mark.parametrize("point", ON_THE_WAY_TO_AN_AGENT)
async def test_killed_while_an_agent_is_told(desk: Desk, point: str) -> None:
    """At most one mail about a ticket reaches her; where nobody can know, it is not sent again."""
    subject = f"Told {point}"
    desk.crash_at(point)
    desk.send(mail(f"{point}@kill.example", subject))
    with desk.sign_in() as neha, desk.sign_in(ADMIN) as arjun:
        assert neha.patch("/api/me", json={"notify": {"assigned": True}}).status_code == 200
        ticket = eventually(lambda: neha.ticket_with(subject), "the ticket is there")
        url, body = f"/api/tickets/{ticket['id']}", {"assigneeId": neha.me["id"]}
        version = {"If-Match": arjun.get(url).headers.get("etag", "*")}
        with contextlib.suppress(httpx.TransportError):  # the process may die before its answer has left
            arjun.patch(url, json=body, headers=version)
    desk.wait_dead()
    desk.start()

    async def state() -> str:
        return str((await desk.query("select state from notices where ticket_id = $1", ticket["id"]))[0]["state"])

    def copies() -> int:
        return sum(subject in str(each["Subject"]) for each in desk.inbox(AGENT[0]))

    if point == "notice-before-handover":
        assert eventually(lambda: copies() == 1, "she is told", 40)
    else:
        assert await state() in ("sending", "unknown")
        assert copies() == 1


def test_what_was_half_handed_over_is_shown_as_unknown(desk: Desk) -> None:
    """Some time later the half-sent ones are marked unknown and stand on the ticket as a failed delivery."""
    assert desk.stop() == 0
    desk.environment["SAMPARK_SENDING_STALE_SECONDS"] = "1"
    desk.start()
    with desk.sign_in() as neha:

        def flagged() -> list[str]:
            rows = neha.get("/api/tickets", params={"view": "open", "limit": 50}).json()["items"]
            return [row["subject"] for row in rows if row["failedDelivery"]]

        found = eventually(lambda: flagged() if len(flagged()) >= 2 else [], "both are flagged", 60)
        assert {"Answer handover-committed", "Answer provider-accepted"} <= set(found)

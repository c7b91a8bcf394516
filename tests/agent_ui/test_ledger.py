"""The ledger over HTTP: every mail with its outcome, the mailboxes beside it, banners, and blocked senders."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from channels.models import BrakeTrip, ChannelAccount, InboundItem, InboundRaw
from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from core.sql import Sql
from tests import factories
from tests.agent_ui.conftest import Desk


async def item(session: AsyncSession, account_id: int, number: int, at: Any, **values: Any) -> InboundItem:
    """A row of the ledger with its bytes."""
    given = {
        "channel": "email",
        "provider_id": f"7:{number}",
        "received_at": at,
        "size": 5,
        "sha256": f"{number}",
        "state": "done",
        "outcome": "ticket",
        "from_address": f"writer{number}@customer.example",
        "subject": f"Subject {number}",
        "message_id_header": f"m{number}@customer.example",
    } | values
    made = InboundItem(account_id=account_id, **given)
    session.add(made)
    await session.flush()
    session.add(InboundRaw(item_id=made.id, content=b"raw-%d" % number))
    return made


@pytest.fixture
async def box(db: Database, clock: ManualClock) -> int:
    """A mailbox with five mails in the ledger; one waits since a minute, one has failed."""
    now = clock.now()
    async with unit_of_work(db) as session:
        made = await factories.mailbox(session)
        made.settings = {**made.settings, "imap": {"host": "127.0.0.1", "port": 9, "tls": "none"}}
        made.cursor = {"uidvalidity": 7, "last_uid": 5, "start_uid": 3, "import": {"total": 3, "done": 2}}
        first = await item(session, made.id, 1, now, archived=True, internal_date=now - timedelta(days=9))
        await item(session, made.id, 2, now, outcome="duplicate", duplicate_of_id=first.id)
        await item(session, made.id, 3, now, outcome="too_big")
        await item(session, made.id, 4, now, state="failed", outcome="unreadable", subject="50% off_er")
        waits = {"state": "received", "outcome": None, "from_address": None, "envelope_from": "e@x.example"}
        await item(session, made.id, 5, now - timedelta(minutes=1), **waits)
        return made.id


async def test_every_mail_tells_its_outcome(desk: Desk, box: int) -> None:
    """Newest first, with the provider's name for it, its dates, and what it is a copy of."""
    items = (await desk.lead.http.get("/api/ledger")).json()["items"]
    assert [(each["uid"], each["outcome"]) for each in items] == [
        ("7:5", None), ("7:4", "unreadable"), ("7:3", "too_big"), ("7:2", "duplicate"), ("7:1", "ticket"),
    ]  # fmt: skip
    oldest, copy, waiting = items[4], items[3], items[0]
    assert (oldest["archived"], oldest["internalDate"]) == (True, "2026-02-21T09:00:00Z")
    assert (copy["duplicateOf"], copy["archived"]) == (oldest["id"], False)
    assert (waiting["from"], waiting["state"], waiting["processedAt"]) == ("e@x.example", "received", None)


@pytest.mark.parametrize(
    ("question", "uids"),
    [
        ({"q": "writer3@"}, ["7:3"]),
        ({"q": "subject 2"}, ["7:2"]),
        ({"q": "<m1@customer.example>"}, ["7:1"]),
        ({"q": "50% off_"}, ["7:4"]),
        ({"q": "%"}, ["7:4"]),
        ({"q": "customer", "outcome": "duplicate"}, ["7:2"]),
        ({"outcome": "received"}, ["7:5"]),
        ({"q": "nobody"}, []),
    ],
)
async def test_mails_are_found(desk: Desk, box: int, question: dict[str, str], uids: list[str]) -> None:
    """By part of the sender or subject, by whole Message-ID; signs of patterns mean themselves."""
    items = (await desk.lead.http.get("/api/ledger", params=question)).json()["items"]
    assert [each["uid"] for each in items] == uids


async def test_the_original_is_saved_and_never_shown(desk: Desk, box: int) -> None:
    """The bytes as they came, as a file to keep; not for agents without the permission."""
    (wanted,) = (await desk.lead.http.get("/api/ledger", params={"q": "writer2"})).json()["items"]
    answer = await desk.lead.http.get(f"/api/ledger/{wanted['id']}/raw")
    assert answer.content == b"raw-2"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await desk.agent.http.get(f"/api/ledger/{wanted['id']}/raw")).status_code == 403
    assert (await desk.lead.http.get("/api/ledger/999999/raw")).status_code == 404


async def test_failed_mails_are_processed_again_together(db: Database, desk: Desk, box: int) -> None:
    """After an upgrade: what failed waits again, what is done stays; asking twice finds nothing more."""
    assert (await desk.lead.http.post("/api/ledger/reprocess-failed")).json() == {"count": 1}
    assert (await desk.lead.http.post("/api/ledger/reprocess-failed")).json() == {"count": 0}
    async with reading(db) as session:
        rows = await session.execute(select(InboundItem.provider_id, InboundItem.state))
        states = {row[0]: row[1] for row in rows}
    assert states == {"7:1": "done", "7:2": "done", "7:3": "done", "7:4": "received", "7:5": "received"}


async def test_the_mailboxes_stand_beside_the_ledger_in_one_query(
    db: Database, desk: Desk, box: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A counter for every outcome, what waits and since when, the import; one query however many mailboxes."""
    async with unit_of_work(db) as session:
        for number in range(5):
            await factories.mailbox(session, address=f"more{number}@desk.example")
    asked: list[Sql] = []
    original = Sql.all

    async def noted(self: Sql, session: AsyncSession, **values: Any) -> list[Any]:
        asked.append(self)
        return await original(self, session, **values)

    monkeypatch.setattr(Sql, "all", noted)
    answer = (await desk.lead.http.get("/api/ledger/mailboxes")).json()
    assert len([each for each in asked if "channel_accounts" in each.sql]) == 1
    assert len(answer) == 6
    found = next(each for each in answer if each["id"] == box)
    counted = {word: count for word, count in found["counts"].items() if count}
    assert counted == {"ticket": 1, "duplicate": 1, "tooBig": 1, "unreadable": 1, "waiting": 1}
    assert {"reply", "bounce", "blocked", "ownLoop", "agentReply"} <= found["counts"].keys()
    assert (found["kind"], found["lagSeconds"], found["audit"]) == ("imap", 60, None)
    assert found["import"] == {"total": 3, "done": 2, "state": "running"}
    other = next(each for each in answer if each["id"] != box)
    assert (other["kind"], other["lagSeconds"], other["import"]) == ("listener", 0, None)


async def test_an_audit_of_a_server_that_is_away_says_so(db: Database, desk: Desk, box: int) -> None:
    """The button answers with the reason beside the last numbers, and never with an error page."""
    async with unit_of_work(db) as session:
        kept = {"at": "2026-03-01T09:00:00Z", "uidvalidity": 7, "server": 5, "ledger": 5}
        await session.execute(update(ChannelAccount).values(audit=kept))
    answer = await desk.lead.http.post(f"/api/ledger/mailboxes/{box}/audit")
    assert answer.status_code == 200, answer.text
    found = answer.json()["audit"]
    assert "127.0.0.1" in found["error"]
    assert (found["server"], found["ledger"], found["at"]) == (5, 5, "2026-03-01T09:00:00Z")
    assert (await desk.lead.http.post("/api/ledger/mailboxes/999999/audit")).status_code == 404
    assert (await desk.agent.http.post(f"/api/ledger/mailboxes/{box}/audit")).status_code == 403


async def test_banners_say_what_everybody_and_what_administrators_must_know(
    db: Database, desk: Desk, box: int, clock: ManualClock
) -> None:
    """A silent mailbox and stopped automatic mail are for all; ending sign-ins and differences for who can act."""
    assert (await desk.agent.http.get("/api/banners")).json() == []
    async with unit_of_work(db) as session:
        account = await session.get_one(ChannelAccount, box)
        account.alarm, account.alarm_since = "no contact for 12 minutes: timeout", clock.now()
        account.last_success_at = clock.now() - timedelta(minutes=12)
        account.audit = {"at": "2026-03-02T08:00:00Z", "missing": [3], "missing_count": 1}
        account.settings = {**account.settings, "oauth": {"secret_expires_on": "2026-03-10"}}
        session.add(BrakeTrip(reason="too many", tripped_at=clock.now()))
    for person, kinds in (
        (desk.agent, ["mailbox_silent", "automatic_mail_stopped"]),
        (desk.admin, ["mailbox_silent", "ledger_difference", "credentials_expire", "automatic_mail_stopped"]),
    ):
        found = (await person.http.get("/api/banners")).json()
        assert [each["kind"] for each in found] == kinds
    assert found[0]["since"] == "2026-03-02T08:48:00Z"
    assert found[0]["data"]["address"] == "support@desk.example"
    assert (found[1]["data"]["count"], found[2]["data"]["date"]) == ("1", "2026-03-10")


async def test_senders_are_blocked_and_let_in_again(desk: Desk) -> None:
    """An address or a domain; nonsense is refused with the field's name, and agents may not."""
    made = (await desk.lead.http.post("/api/blocked-senders", json={"pattern": "Bad@Spam.Example"})).json()
    again = await desk.lead.http.post("/api/blocked-senders", json={"pattern": "bad@spam.example", "reason": "spam"})
    assert (again.status_code, again.json()["id"]) == (201, made["id"])
    await desk.lead.http.post("/api/blocked-senders", json={"pattern": "@junk.example"})
    listed = (await desk.lead.http.get("/api/blocked-senders")).json()
    assert [(each["pattern"], each["reason"]) for each in listed] == [
        ("@junk.example", ""),
        ("bad@spam.example", "spam"),
    ]
    refused = await desk.lead.http.post("/api/blocked-senders", json={"pattern": "@"})
    assert refused.status_code == 422
    assert (await desk.agent.http.get("/api/blocked-senders")).status_code == 403
    assert (await desk.lead.http.delete(f"/api/blocked-senders/{made['id']}")).status_code == 204
    assert (await desk.lead.http.delete(f"/api/blocked-senders/{made['id']}")).status_code == 404


async def test_lists_cost_the_same_however_long_they_are(
    db: Database, desk: Desk, box: int, count_queries: Callable[[], Any], clock: ManualClock
) -> None:
    """One query for a page of the ledger, two for the banners, one for the blocked senders; each beside the session's."""
    costs: list[dict[str, int]] = []
    for round_ in range(2):
        cost: dict[str, int] = {}
        for path in ("/api/ledger", "/api/banners", "/api/blocked-senders"):
            with count_queries() as counted:
                assert (await desk.lead.http.get(path)).status_code == 200
            cost[path] = len(counted)
        costs.append(cost)
        async with unit_of_work(db) as session:
            for number in range(20):
                await item(session, box, 100 + number + 50 * round_, clock.now())
                other = await factories.mailbox(session, address=f"silent{number}@desk.example")
                other.settings, other.alarm, other.alarm_since = {"imap": {"host": "x"}}, "gone", clock.now()
    assert costs[0] == costs[1]
    assert costs[1] == {"/api/ledger": 2, "/api/banners": 3, "/api/blocked-senders": 2}

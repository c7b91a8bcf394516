"""The main journey over real HTTP and SMTP: a mail comes in, is assigned, answered, and the answer is threaded."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.desk import AGENT, Desk, eventually, mail
from tests.ports import free_ports

pytestmark = pytest.mark.slow


def test_a_mail_becomes_an_answered_ticket(demo_desk: Desk) -> None:
    """Mail in by SMTP, ticket assigned with a reason, answer out, threaded, and the customer's answer comes back."""
    with demo_desk.sign_in() as neha:
        neha.available()
        question = mail("Ravi Iyer <ravi@iyer.example>", "Cooler leaks since Monday")
        demo_desk.send(question)
        ticket = eventually(
            lambda: neha.ticket_with("Cooler leaks since Monday", "mine"), "it is assigned to the agent"
        )
        assert ticket["customer"]["name"] == "Ravi Iyer"
        decision = neha.get(f"/api/tickets/{ticket['id']}/decisions").json()[0]
        assert decision["chosen"]["id"] == neha.me["id"]
        assert decision["candidates"]
        answer = neha.reply(ticket, "<p>Close the tap. We come at <b>five</b>.</p>", status="pending")
        assert answer.status_code == 201, answer.text
        arrived = eventually(lambda: demo_desk.inbox("ravi@iyer.example"), "the answer is in the customer's mailbox")
        assert len(arrived) == 1
        received = arrived[0]
        assert received["In-Reply-To"] == question["Message-ID"]
        assert question["Message-ID"] in received["References"]
        assert received["Subject"] == "Re: Cooler leaks since Monday"
        assert "We come at five" in received.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        again = mail("ravi@iyer.example", "Something else", "Thank you!", to=str(received["Reply-To"]))
        demo_desk.send(again)
        eventually(
            lambda: neha.get(f"/api/tickets/{ticket['id']}").json()["messageCount"] == 3, "the answer joins the ticket"
        )

        def said() -> list[dict[str, Any]]:
            timeline = neha.get(f"/api/tickets/{ticket['id']}").json()["timeline"]
            return [item for item in timeline if item["type"] == "message"]

        assert said()[-1]["matchedBy"] == "token"
        # The mail is in the mailbox a moment before the outbox has noted that it is.
        eventually(lambda: said()[1]["delivery"]["state"] == "sent", "the answer counts as sent")


def test_a_stale_reply_is_refused_with_what_is_new(demo_desk: Desk) -> None:
    """409 names the newer message; with force it goes."""
    with demo_desk.sign_in() as neha:
        neha.available()
        first = mail("lila@stale.example", "Door seal torn")
        demo_desk.send(first)
        ticket = eventually(lambda: neha.ticket_with("Door seal torn"), "the ticket is there")
        seen = neha.get(f"/api/tickets/{ticket['id']}").json()["lastEventId"]
        demo_desk.send(
            mail("lila@stale.example", "Re: Door seal torn", "Found it!", in_reply_to=str(first["Message-ID"]))
        )
        eventually(lambda: neha.get(f"/api/tickets/{ticket['id']}").json()["messageCount"] == 2, "the second mail")
        refused = neha.reply(ticket, "<p>We send one.</p>", lastSeen=seen)
        assert (refused.status_code, refused.json()["code"]) == (409, "stale-reply")
        assert "Found it!" in refused.text
        assert neha.reply(ticket, "<p>Good.</p>", lastSeen=seen, force=True).status_code == 201


def test_any_bytes_at_the_smtp_port_end_as_a_ledger_row(demo_desk: Desk) -> None:
    """Garbage neither crashes the listener nor stops what comes after it."""
    import smtplib

    with smtplib.SMTP("127.0.0.1", demo_desk.smtp, timeout=10) as smtp:
        for raw in (b"\x00\xff\xfe" * 100, b"", b"Subject: =?utf-8?b?////?=\r\n\r\n\x00", b"From: \r\n" * 50):
            smtp.sendmail("poison@bad.example", ["support@sampark.localhost"], raw)
    demo_desk.send(mail("after@poison.example", "Behind the poison"))
    with demo_desk.sign_in() as neha:
        eventually(lambda: neha.ticket_with("Behind the poison"), "the mail behind it is read")


async def test_the_ledger_holds_every_mail(demo_desk: Desk) -> None:
    """No row is left without an outcome."""
    import asyncio

    for _ in range(100):
        rows = await demo_desk.query("select count(*) as n from inbound_items where state = 'received'")
        if rows[0]["n"] == 0:
            break
        await asyncio.sleep(0.1)
    assert rows[0]["n"] == 0
    assert not await demo_desk.query("select 1 from inbound_items where outcome is null")


def test_another_start_on_the_same_port_says_so(demo_desk: Desk, tmp_path: Path) -> None:
    """A busy port, a read-only place, a wrong database and a damaged folder each give one sentence and a failure."""
    damaged = tmp_path / "damaged" / "postgres"
    damaged.mkdir(parents=True)
    (damaged / "base").mkdir()
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    spare = free_ports(4)
    base = {
        "SAMPARK_DATA": str(tmp_path / "x"),
        "SAMPARK_HTTP_PORT": str(spare[0]),
        "SAMPARK_SMTP_PORT": str(spare[1]),
        "SAMPARK_SIMULATOR_SMTP_PORT": str(spare[2]),
        "SAMPARK_SIMULATOR_IMAP_PORT": str(spare[3]),
    }
    cases = [
        ({"SAMPARK_HTTP_PORT": str(demo_desk.http)}, f"Port {demo_desk.http}"),
        ({"SAMPARK_DATA": str(blocked / "data")}, "cannot be written"),
        ({"DATABASE_URL": "postgresql://nobody:x@127.0.0.1:1/none"}, "cannot be reached"),
        ({"DATABASE_URL": "mysql://x"}, "must start with postgresql"),
        ({"SAMPARK_DATA": str(tmp_path / "damaged")}, "damaged"),
        ({"SAMPARK_HTTP_PORT": "many"}, "SAMPARK_HTTP_PORT is wrong"),
    ]
    for change, words in cases:
        done = subprocess.run(
            [sys.executable, "-m", "sampark", "serve"],
            env=demo_desk.environment | {"PATH": "/usr/bin:/bin"} | base | change,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        assert done.returncode == 1, (change, done.stderr)
        assert len(lines) == 1, done.stderr
        assert words in lines[0]


def test_doctor_and_ingest_speak_json(demo_desk: Desk, tmp_path: Path) -> None:
    """Commands on a running desk: ingest prints an outcome a mail, the same again adds nothing."""
    file = tmp_path / "one.eml"
    file.write_bytes(mail("ingest@one.example", "From a file").as_bytes())
    first = json.loads(demo_desk.command("ingest", "email", str(file)).stdout)
    again = json.loads(demo_desk.command("ingest", "email", str(file)).stdout)
    assert (first["outcome"], again["ticket"]) == ("ticket", first["ticket"])
    findings = json.loads(demo_desk.command("doctor", "--json").stdout)
    assert {"database", "ledger", "outbox", "jobs"} <= {finding["name"] for finding in findings}


def test_a_second_start_keeps_the_data(tmp_path: Path, demo_data: Path) -> None:
    """Ctrl-C ends it cleanly with exit code 0; what was there is there again."""
    desk = Desk(tmp_path / "data", begun=demo_data)
    desk.start()
    desk.send(mail("keep@me.example", "Keep this one"))
    with desk.sign_in(AGENT) as neha:
        eventually(lambda: neha.ticket_with("Keep this one"), "it arrived")
    assert desk.stop() == 0
    desk.start()
    with desk.sign_in(AGENT) as neha:
        assert neha.ticket_with("Keep this one")
    assert desk.stop() == 0

"""The main journey over IMAP, against a real Dovecot: fetched without touching flags, answered, threaded."""

import asyncio
import imaplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.channels.email.conftest import certificate, dovecot
from tests.channels.email.dovecot import PASSWORD, Dovecot
from tests.journeys.desk import ADMIN, Desk, eventually, mail, running

__all__ = ["certificate", "dovecot"]
pytestmark = [pytest.mark.slow, pytest.mark.peer]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk with an agent and no demo company."""
    with running(tmp_path / "data", demo=False) as started:
        made = started.command("user", "create", ADMIN[0], "--name", "Arjun", "--role", "admin", "--password", ADMIN[1])
        assert made.returncode == 0, made.stderr
        yield started


def drop(server: Dovecot, user: str, raw: bytes) -> None:
    """Put a mail into the mailbox, as the mail server does."""
    with imaplib.IMAP4("127.0.0.1", server.port) as client:
        client.login(user, PASSWORD)
        client.append("INBOX", "", "", raw)


def flags(server: Dovecot, user: str) -> list[str]:
    """The flags of every mail in the mailbox."""
    with imaplib.IMAP4("127.0.0.1", server.port) as client:
        client.login(user, PASSWORD)
        client.select("INBOX", readonly=True)
        _, rows = client.fetch("1:*", "(FLAGS)")
        return [str(row) for row in rows]


def test_a_mailbox_is_read_and_answered(desk: Desk, dovecot: Dovecot) -> None:
    """Mails from before and after the connection become tickets; no flag is touched; the answer threads."""
    user = dovecot.fresh()
    early = mail("early@bird.example", "Before the desk was there", to="box@desk.test")
    drop(dovecot, user, early.as_bytes())
    added = desk.command(
        *("mailbox", "add", "box", "--address", "box@desk.test"),
        *("--imap-host", "127.0.0.1", "--imap-port", str(dovecot.port), "--imap-user", user, "--imap-tls", "none"),
        *("--imap-password", PASSWORD),
        *("--smtp-host", "127.0.0.1", "--smtp-port", str(desk.sim_smtp), "--smtp-tls", "none"),
    )
    assert added.returncode == 0, added.stderr + added.stdout
    with desk.sign_in(ADMIN) as admin:
        admin.available()
        eventually(lambda: admin.ticket_with("Before the desk was there"), "the earlier mail is fetched", 40)
        late = mail("late@bird.example", "Pushed while idling", to="box@desk.test")
        drop(dovecot, user, late.as_bytes())
        ticket = eventually(lambda: admin.ticket_with("Pushed while idling", "mine"), "the new mail is pushed", 20)
        assert admin.reply(ticket, "<p>Welcome.</p>").status_code == 201
        arrived = eventually(lambda: desk.inbox("late@bird.example"), "the answer arrives")
        assert arrived[0]["In-Reply-To"] == late["Message-ID"]
    assert not any("Seen" in each for each in flags(dovecot, user))
    rows = asyncio.run(desk.query("select outcome, provider_id from inbound_items order by id"))
    assert [row["outcome"] for row in rows] == ["ticket", "ticket"]


def test_a_killed_fetcher_misses_and_doubles_nothing(desk: Desk, dovecot: Dovecot) -> None:
    """Kill -9 while mails come in: after the next start each of them is one ticket."""
    user = dovecot.fresh()
    desk.command(
        *("mailbox", "add", "box2", "--address", "box2@desk.test", "--imap-host", "127.0.0.1"),
        *("--imap-port", str(dovecot.port), "--imap-user", user, "--imap-tls", "none", "--imap-password", PASSWORD),
    )
    subjects = [f"Wave {number}" for number in range(30)]
    for subject in subjects[:15]:
        drop(dovecot, user, mail(f"{subject.replace(' ', '')}@w.example", subject, to="box2@desk.test").as_bytes())
    with desk.sign_in(ADMIN) as admin:
        eventually(lambda: admin.ticket_with("Wave 0"), "the first is fetched", 40)
    desk.kill()
    for subject in subjects[15:]:
        drop(dovecot, user, mail(f"{subject.replace(' ', '')}@w.example", subject, to="box2@desk.test").as_bytes())
    desk.start()

    def seen() -> list[str]:
        rows = asyncio.run(desk.query("select subject from tickets"))
        return sorted(row["subject"] for row in rows)

    eventually(lambda: len(seen()) >= len(subjects), "all are fetched", 60)
    assert seen() == sorted(subjects)

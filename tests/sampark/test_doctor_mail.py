"""``sampark doctor mail``: the server's mails beside the ledger, and an exit code that tells whether all is well."""

import asyncio
import json

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import delete, update

from channels.ledger import Standing
from channels.models import ChannelAccount, InboundItem
from core import clock as clocks
from core.db import Database, unit_of_work
from sampark.commands import doctor_mail
from sampark.commands.doctor import command
from simulator.world import mailboxes_of
from tests.channels.email.conftest import certificate, dovecot, make_account  # noqa: F401 - fixtures
from tests.channels.email.fetching import account_of, eventually, fetching, mail
from tests.channels.email.test_import import kept
from tests.channels.email.test_mailbox import Box


@pytest.fixture
def box(dovecot) -> Box:  # noqa: F811 - the fixture
    """An empty mailbox."""
    return Box(dovecot)


async def doctor(db: Database, settings, *arguments: str, trusted: str = "127.0.0.0/8") -> Result:
    """Run the command in a process's place, on this test's database."""
    environment = {
        "DATABASE_URL": db.url,
        "SAMPARK_DATA": str(settings.data),
        "SAMPARK_SECRET": settings.secret.get_secret_value(),
        "SAMPARK_TRUSTED_NETWORKS": trusted,
    }
    return await asyncio.to_thread(CliRunner().invoke, command, ["mail", *arguments], env=environment)


async def found_in(db: Database, settings) -> tuple[int, dict]:
    """Exit code and what it says of the only mailbox."""
    result = await doctor(db, settings, "--json")
    (only,) = json.loads(result.stdout)
    return result.exit_code, only


@pytest.mark.peer
async def test_the_doctor_counts_both_sides(db, box, settings, monkeypatch):
    """All is well; mails wait; mails were passed over and are fetched; the server is away (field 1, 26)."""
    monkeypatch.setattr(doctor_mail, "LOOK_SECONDS", 0.1)
    box.add(*map(mail, range(1, 6)))
    account = await account_of(db, box.dovecot.port, user=box.user)
    async with fetching(db, account, settings):
        await eventually(lambda: kept(db, account))
    code, only = await found_in(db, settings)
    assert (code, only["ok"], only["server"], only["ledger"], only["wrong"]) == (0, True, 5, 5, [])
    assert (only["waiting"], only["failed"], only["alarm"]) == (5, 0, None)
    box.add(mail(6))
    code, only = await found_in(db, settings)
    assert (code, only["pending"], only["missing"]) == (1, 1, 0)
    assert only["wrong"] == ["mails that wait on the server to be fetched: 1"]
    async with fetching(db, account, settings):
        await eventually(lambda: _holds(db, account, 6))
    async with unit_of_work(db) as session:
        await session.execute(delete(InboundItem).where(InboundItem.provider_id.endswith(":3")))
    code, only = await found_in(db, settings)
    assert (code, only["mended"], only["server"], only["ledger"], only["missing"]) == (0, 1, 6, 6, 0)
    async with unit_of_work(db) as session:
        nowhere = {"imap": {"host": "127.0.0.1", "port": 9, "tls": "none"}}
        await session.execute(update(ChannelAccount).values(settings=nowhere, alarm="gone", alarm_since=clocks.now()))
    result = await doctor(db, settings)
    assert result.exit_code == 1
    assert "BAD  Support" in result.stdout
    assert "on the server 6, in the ledger 6" in result.stdout
    assert "! it cannot be looked at: 127.0.0.1 does not answer" in result.stdout
    assert "! it is silent: gone" in result.stdout


async def test_the_simulated_mailboxes_are_looked_at(db, settings):
    """Beside a demo that runs, this machine may be asked, as the demo does; without one it may not."""
    imap = {"host": "127.0.0.1", "port": 9, "tls": "none"}
    await make_account(db, settings={"imap": imap})
    assert "a network that this desk may not connect to" in (await doctor(db, settings, trusted="")).stdout
    mailboxes_of(settings).create("support@desk.test")
    assert "127.0.0.1 does not answer on port 9" in (await doctor(db, settings, trusted="")).stdout


async def _holds(db, account, number) -> bool:
    found = await kept(db, account)
    return found is not None and found.ledger == number


async def test_a_mailbox_that_only_listens_is_well(db, settings):
    """There is nothing to compare with, and nothing to be silent."""
    await make_account(db)
    result = await doctor(db, settings)
    assert result.exit_code == 0
    assert "fed by the mail listener" in result.stdout


async def test_a_fetcher_that_does_not_run_is_silence(db, settings, clock):
    """Also when no scheduler was there to raise the alarm."""
    standing = Standing(
        id=1, name="Support", address="a@b.c", kind="imap", is_active=True, counts={"waiting": 0, "unreadable": 0},
        audit=None, last_success_at=None, last_mail_at=None, last_error=None, lag_seconds=0, alarm=None,
        alarm_since=None, importing=None,
    )  # fmt: skip
    assert doctor_mail.judge(standing, None).ok
    assert doctor_mail.judge(standing, "no contact for 20 minutes").wrong == [
        "it is silent: no contact for 20 minutes"
    ]  # fmt: skip

"""The command's words and exit codes."""

import json

import msgspec
import pytest
from click.testing import CliRunner

from sampark.commands.soak import command
from sampark.soak import mail as mail_soak
from sampark.soak.mail import Progress, Result
from sampark.soak.verdict import Verdict

VERDICT = Verdict(
    sent=50, ledger_rows=61, ledger_mails=50, tickets=30, messages=40, duplicates=0, lost=0, unexplained=0,
    outcomes={"ticket": 30, "duplicate": 11}, examples=[],
)  # fmt: skip
RESULT = Result(
    verdict=VERDICT, kills=2, restarts=2, cuts=2, uidvalidity_changes=1, seconds=9.5, peak_memory_mib=240.0,
    peak_memory_by_process={"mail": 120.0, "worker": 121.0}, server=50, server_in_ledger=50, at_rest=True, waiting="",
)  # fmt: skip


@pytest.fixture
def run(monkeypatch):
    """Runs the command on a soak that ends with a result."""

    def ended(result, *options):
        async def soak(count, seed, tell):
            tell(Progress(count, 0, 0))
            return result

        monkeypatch.setattr(mail_soak, "soak", soak)
        return CliRunner().invoke(command, ["mail", "--messages", "50", *options])

    return ended


def test_a_good_soak_is_one_flat_object(run):
    """With everything that the how-to explains."""
    done = run(RESULT, "--json")
    found = json.loads(done.stdout)
    assert done.exit_code == 0
    assert {"sent", "ledger_rows", "tickets", "messages", "duplicates", "lost", "kills", "peak_memory_mib"} <= set(
        found
    )
    assert found["passed"] is True
    assert found["outcomes"] == {"ticket": 30, "duplicate": 11}


def test_a_good_soak_is_a_table(run):
    """For people."""
    done = run(RESULT)
    assert done.exit_code == 0
    assert "ledger rows" in done.stdout
    assert "ticket 30, duplicate 11" in done.stdout


@pytest.mark.parametrize(
    "change",
    [{"lost": 1}, {"duplicates": 1}, {"unexplained": 1}, {"ledger_mails": 49}],
)
def test_a_mail_that_is_lost_or_doubled_fails(run, change):
    """And is named on the error output."""
    verdict = msgspec.structs.replace(VERDICT, examples=["lost: new 7 has no message"], **change)
    done = run(msgspec.structs.replace(RESULT, verdict=verdict), "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["passed"] is False
    assert "new 7" in done.stderr


@pytest.mark.parametrize("change", [{"at_rest": False, "waiting": "3 mails wait"}, {"server_in_ledger": 49}])
def test_a_soak_that_does_not_end_or_add_up_fails(run, change):
    """Also when no single mail can be named."""
    assert run(msgspec.structs.replace(RESULT, **change), "--json").exit_code == 1


def test_too_much_memory_fails(run):
    """The limit is part of the proof."""
    done = run(RESULT, "--memory-limit", "200")
    assert done.exit_code == 1
    assert "240.0 MiB of 200" in done.stderr

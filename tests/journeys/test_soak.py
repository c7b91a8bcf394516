"""The soak in its short form: processes killed, lines cut, UIDs given anew, and every mail accounted for."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


def test_a_short_soak_loses_and_doubles_nothing() -> None:
    """150 mails of every kind through whole processes; the long form is the same command with more mails."""
    done = subprocess.run(
        [sys.executable, "-m", "sampark", "soak", "mail", "--messages", "150", "--seed", "1", "--json"],
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.stdout, done.stderr
    result = json.loads(done.stdout)
    assert (result["lost"], result["duplicates"], result["unexplained"]) == (0, 0, 0), done.stderr
    assert result["sent"] == result["ledger_mails"] == result["server"] == result["server_in_ledger"] == 150
    assert result["ledger_rows"] > 150, "mails were fetched again after the UIDs had changed"
    assert result["kills"] == 2
    assert result["restarts"] == 2
    assert result["cuts"] >= 1
    assert result["uidvalidity_changes"] == 1
    assert result["tickets"] <= result["messages"] < 150
    assert 0 < result["peak_memory_mib"] < 700
    assert result["at_rest"]
    assert result["passed"]
    assert done.returncode == 0

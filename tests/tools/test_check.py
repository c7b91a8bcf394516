"""The check runner: what fails is shown and counted, what passes is one line."""

import os
from pathlib import Path

import pytest

from tools import check


def test_a_check_stops_at_its_first_failing_command(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The output of the failing command is shown, and what comes after it is not run."""
    commands = ("sh -c 'echo the reason; exit 1'", "touch never")
    result = check.run(check.Check("example", commands, tmp_path), dict(os.environ))
    assert result.failed
    assert not (tmp_path / "never").exists()
    shown = capfd.readouterr().out
    assert "the reason" in shown
    assert "FAILED  example" in shown


def test_a_check_that_passes_is_quiet(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Nobody needs the output of what went well."""
    result = check.run(check.Check("example", ("echo words",), tmp_path), dict(os.environ))
    assert not result.failed
    assert "words" not in capfd.readouterr().out


def test_beside_the_tests_a_check_yields(tmp_path: Path) -> None:
    """What runs beside pytest takes what that leaves of the processors."""
    result = check.run(check.Check("example", ("nice",), tmp_path), dict(os.environ), yields=True)
    assert int(result.output) >= min(19, os.nice(0) + 10)


def test_the_table_tells_how_many_failed(capfd: pytest.CaptureFixture[str]) -> None:
    """The last line is the verdict."""
    check.summarise([check.Result("one", False, 1, ""), check.Result("two", True, 2, "")], 3)
    assert capfd.readouterr().out.splitlines()[-1] == "1 of 2 failed in 3 s"


def test_every_check_belongs_to_make_test() -> None:
    """`make test` leaves nothing out."""
    assert [each.name for each in check.CHECKS if "all" not in each.sets] == []

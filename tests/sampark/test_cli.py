"""The command line as a whole: what a wrong call is answered."""

import sys

import pytest
from click.testing import CliRunner
from sqlalchemy.exc import DBAPIError

from sampark import cli
from sampark.commands import reprocess


@pytest.mark.parametrize("row", ["99999999999999999999", "0", "-1", "one"])
def test_a_row_that_cannot_be_is_refused_in_words(row: str) -> None:
    """Before anything is started."""
    result = CliRunner().invoke(reprocess.command, ["--", row])
    assert result.exit_code == 2
    assert f"Invalid value for '[ROWS]...': {row}" in result.output.replace("'one'", "one")


def test_only_a_sentence_is_shown_as_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The database's errors have a list of that name; they are faults of ours and must not look like an answer."""

    def broken(**_: object) -> None:
        raise DBAPIError("select", {}, ValueError("out of range"))

    monkeypatch.setattr(cli, "cli", broken)
    monkeypatch.setattr(sys, "argv", ["sampark"])
    with pytest.raises(DBAPIError, match="out of range"):
        cli.main()
    assert "[]" not in capsys.readouterr().err

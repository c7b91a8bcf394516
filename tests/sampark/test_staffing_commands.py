"""`sampark simulate` and `sampark forecast` on files: their JSON, their tables, their refusals."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from core.errors import Invalid
from sampark.commands import forecast, simulate


def run(command: Any, *arguments: str) -> dict[str, Any]:
    """The JSON that a command prints."""
    done = CliRunner().invoke(command, [*arguments, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.output)
    return found


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """Six weeks of a table: twelve calls each half hour from nine to five, none at night or on Sunday."""
    lines = ["date,weekday,interval_start,calls"]
    begin = datetime(2026, 3, 2)
    for half in range(42 * 48):
        at = begin + timedelta(minutes=30 * half)
        count = 12 if 9 <= at.hour < 17 and at.weekday() != 6 else 0
        lines.append(f"{at:%Y-%m-%d},{at:%a},{at:%H:%M},{count}")
    path = tmp_path / "calls.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_simulate_says_what_was_promised() -> None:
    """The keys of the JSON, and a half hour's."""
    found = run(
        simulate.command,
        "--arrivals-per-hour",
        "60",
        "--handle-seconds",
        "180",
        "--agents",
        "4",
        "--hours",
        "20",
        "--seed",
        "3",
    )
    assert {"wait_probability", "mean_wait_seconds", "service_level_20s", "occupancy", "abandoned", "intervals"} < set(
        found
    )
    assert len(found["intervals"]) == 40
    assert found["occupancy"] == pytest.approx(0.75, abs=0.03)
    keys = {"start", "agents", "arrivals", "answered", "abandoned", "mean_wait_seconds", "service_level", "occupancy"}
    assert set(found["intervals"][0]) == keys


def test_simulate_takes_a_record(calls: Path, tmp_path: Path) -> None:
    """A table or moments, with people for each half hour; the screen's table tells the same."""
    arguments = ["--handle-seconds", "300", "--agents", "0,3", "--hours", "24"]
    found = run(simulate.command, "--arrivals", str(calls), *arguments)
    assert found["arrivals"] == 16 * 12
    assert found["intervals"][18]["start"] == "2026-03-02T09:00"
    assert [each["agents"] for each in found["intervals"][:3]] == [0, 3, 0]
    moments = tmp_path / "moments.txt"
    moments.write_text("2026-03-02T09:15:00\n2026-03-02T09:20:00\n")
    done = CliRunner().invoke(simulate.command, ["--arrivals", str(moments), "--handle-seconds", "60", "--agents", "1"])
    assert "2 calls: 2 answered" in done.output


def test_simulate_wants_one_kind_of_arrivals(calls: Path) -> None:
    """Both, neither, or people who are no number are refused with a sentence."""
    rest = ["--handle-seconds", "60", "--agents", "1"]
    for more in ([], ["--arrivals", str(calls), "--arrivals-per-hour", "5"]):
        assert "either --arrivals or" in CliRunner().invoke(simulate.command, [*rest, *more]).output
    wrong = CliRunner().invoke(simulate.command, ["--handle-seconds", "60", "--agents", "some"])
    assert wrong.exit_code == 2 and "a number" in wrong.output


def test_forecast_says_how_many_people(calls: Path) -> None:
    """What comes, whom it takes, and how far off such forecasts were; a closed day needs nobody."""
    found = run(
        forecast.command,
        "--arrivals",
        str(calls),
        "--days",
        "3",
        "--closed",
        "2026-04-15",
        "--method",
        "smoothing",
        "--weeks",
        "2",
    )
    assert (found["method"], found["known_days"]) == ("smoothing", 42)
    assert found["errors"]["days"] == 12
    assert found["errors"]["half_hours"] < 0.1  # the edges of a day are smoothed
    monday, _, closed = found["days"]
    assert monday["day"] == "2026-04-13"
    assert monday["expected"] == pytest.approx(192, abs=1)
    assert monday["half_hours"][24]["agents"] == 4
    assert monday["half_hours"][24]["scheduled"] == 6
    assert closed["expected"] == 0 and max(each["agents"] for each in closed["half_hours"]) == 0


def test_forecast_plans_mail_by_its_backlog(calls: Path) -> None:
    """What may lie for a day needs fewer people than what rings; a young desk is not judged."""
    found = run(
        forecast.command, "--arrivals", str(calls), "--days", "1", "--backlog", "--within-seconds", "86400", "--weeks", "6",
        "--method", "smoothing",
    )  # fmt: skip
    assert found["errors"] is None
    assert max(each["agents"] for each in found["days"][0]["half_hours"]) == 2
    table = CliRunner().invoke(forecast.command, ["--arrivals", str(calls), "--method", "smoothing", "--weeks", "2"])
    assert "12 working days" in table.output and "Mon 2026-04-13" in table.output


def test_forecast_refuses_what_makes_no_sense(calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A level above 1, a date that is none, and a library that is not there."""
    for more in (["--level", "1.5"], ["--closed", "soon"]):
        assert CliRunner().invoke(forecast.command, ["--arrivals", str(calls), *more]).exit_code == 2
    monkeypatch.setattr(forecast.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(Invalid, match="not installed"):
        forecast.method_of("statsmodels")

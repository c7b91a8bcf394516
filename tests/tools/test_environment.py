"""Setting a fresh machine up: what is asked of whom, and what a person reads when it cannot be done."""

import os
from pathlib import Path

import pytest

from tools import environment


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A machine without a virtual environment; holds the commands that would have been run."""
    commands: list[list[str]] = []
    locks = tmp_path / "requirements"
    locks.mkdir()
    for name in ("run", "dev", "build", "node"):
        (locks / f"{name}.lock").write_text(name)
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / ".venv").mkdir()
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(environment, "STAMPS", tmp_path / ".venv" / "stamps.json")
    monkeypatch.setattr(environment, "LOCKS", locks)
    monkeypatch.setattr(environment, "run_quietly", lambda command, failure, **env: commands.append(list(command)))
    return commands


def words(commands: list[list[str]]) -> str:
    """All commands as one text."""
    return "\n".join(" ".join(map(str, command)) for command in commands)


def test_the_second_start_installs_nothing(fresh: list[list[str]]) -> None:
    """The first start installs by hashes, the second remembers."""
    environment.for_run()
    assert "--require-hashes --no-deps -r" in words(fresh)
    fresh.clear()
    (environment.VENV / "bin").mkdir()
    (environment.VENV / "bin" / "pip").touch()
    environment.for_run()
    assert fresh == []


def test_a_changed_lock_is_installed_again(fresh: list[list[str]]) -> None:
    """A pull that changes the lock is followed without being asked."""
    environment.for_run()
    fresh.clear()
    (environment.LOCKS / "run.lock").write_text("changed")
    environment.for_run()
    assert "run.lock" in words(fresh)


def test_the_development_environment_serves_the_product_as_well(fresh: list[list[str]]) -> None:
    """dev.lock holds all of run.lock, so `make run` after `make test` installs nothing."""
    environment.for_dev()
    fresh.clear()
    (environment.VENV / "bin").mkdir()
    (environment.VENV / "bin" / "pip").touch()
    environment.for_run()
    assert fresh == []


def test_no_venv_and_no_root_is_one_clear_sentence(fresh: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian's Python cannot make virtual environments by itself; who is not root is told what to ask for."""
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(environment.SetupError, match="apt-get install python3"):
        environment.for_run()


def test_no_venv_as_root_is_installed(fresh: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Root on Debian is not bothered: the package is installed, waiting for other users of apt."""
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(environment, "is_root", lambda: True)
    monkeypatch.setattr(environment.shutil, "which", lambda name, **_: f"/usr/bin/{name}")
    environment.for_run()
    assert "DPkg::Lock::Timeout=900" in words(fresh)
    assert "install -q -y --no-install-recommends python3" in words(fresh)


def test_a_failing_command_shows_its_output_and_a_sentence(capfd: pytest.CaptureFixture[str]) -> None:
    """What failed can be read above the sentence."""
    with pytest.raises(environment.SetupError, match="it broke"):
        environment.run_quietly(["sh", "-c", "echo the reason; exit 3"], "it broke")
    assert "the reason" in capfd.readouterr().err


def test_ctrl_c_while_setting_up_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """No traceback where nothing is broken, and the exit code of an interrupted program."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as ended:
        environment.politely(interrupted)

    assert ended.value.code == 130
    assert ended.value.__cause__ is None and ended.value.__suppress_context__
    assert capsys.readouterr().err == (
        "\nStopped before everything was set up. Start again any time: it goes on from here.\n"
    )

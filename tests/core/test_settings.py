"""Settings: what counts as set, and how a wrong value is told."""

from pathlib import Path

import pytest

from core import settings
from core.errors import StartError


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No `.env` of this folder."""
    monkeypatch.chdir(tmp_path)


def test_an_empty_value_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty SAMPARK_DATA must not spread the database over the working folder."""
    monkeypatch.setenv("SAMPARK_DATA", "")
    monkeypatch.setenv("SAMPARK_HTTP_PORT", "")
    read = settings.load()
    assert (read.data, read.http_port) == (Path("data"), 8000)


@pytest.mark.parametrize(
    ("name", "value"), [("SAMPARK_DEFAULT_LOCALE", "xx"), ("SAMPARK_LOG_LEVEL", "LOUD"), ("SAMPARK_HTTP_PORT", "many")]
)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """One sentence with the name of the setting, before anything starts."""
    monkeypatch.setenv(name, value)
    with pytest.raises(StartError, match=f"Setting {name} is wrong"):
        settings.load()


def test_a_log_level_may_be_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """As people write it."""
    monkeypatch.setenv("SAMPARK_LOG_LEVEL", "debug")
    assert settings.load().log_level == "DEBUG"


def test_ports_of_the_make_believe_world_follow_the_listener(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a second copy needs two ports and a folder, and no more; a port of its own is taken as it is."""
    for name, value in (("SAMPARK_SMTP_PORT", "2600"), ("SAMPARK_SIMULATOR_SMTP_PORT", "")):
        monkeypatch.setenv(name, value)
    assert (settings.load().simulator_smtp_port, settings.load().simulator_imap_port) == (2601, 2602)
    monkeypatch.setenv("SAMPARK_SIMULATOR_IMAP_PORT", "2143")
    assert settings.load().simulator_imap_port == 2143
    monkeypatch.setenv("SAMPARK_SMTP_PORT", "65535")
    assert settings.load().simulator_smtp_port == 0

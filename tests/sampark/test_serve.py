"""``sampark serve``: settings that cannot work are one sentence each, before anything is started."""

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from core.errors import StartError
from sampark.commands.serve import command
from sampark.roles import check_ports
from tests.ports import free_ports


async def serve(folder: Path, *arguments: str, **environment: object) -> Result:
    """Try to run a desk."""
    given = {
        "SAMPARK_DATA": str(folder),
        "SAMPARK_HTTP_PORT": "0",
        "SAMPARK_SMTP_PORT": "0",
        "SAMPARK_SIMULATOR_SMTP_PORT": "0",
        "SAMPARK_SIMULATOR_IMAP_PORT": "0",
        **{name: str(value) for name, value in environment.items()},
    }
    return await asyncio.to_thread(CliRunner().invoke, command, arguments, env=given)


def test_one_port_is_not_given_twice() -> None:
    """Both settings are named; the same number on two addresses is fine."""
    (port,) = free_ports(1)
    for other in ("127.0.0.1", "0.0.0.0"):
        with pytest.raises(StartError) as told:
            check_ports(("127.0.0.1", port, "SAMPARK_HTTP_PORT"), (other, port, "SAMPARK_SMTP_PORT"))
        assert told.value.detail == (
            f"SAMPARK_HTTP_PORT and SAMPARK_SMTP_PORT are both {port}. Set one of them to another port."
        )
    check_ports(("127.0.0.1", port, "SAMPARK_HTTP_PORT"), ("127.0.0.2", port, "SAMPARK_SMTP_PORT"))


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid", "nonsense"])
def test_a_wrong_address_is_not_blamed_on_the_port(host: str) -> None:
    """What helps is another address."""
    with pytest.raises(StartError, match="is no address of this machine: .* Set SAMPARK_HTTP_HOST to") as told:
        check_ports((host, free_ports(1)[0], "SAMPARK_HTTP_PORT"))
    assert "SAMPARK_HTTP_PORT" not in told.value.detail


async def test_a_play_that_does_not_exist_is_told(tmp_path: Path) -> None:
    """With the names of those that do; no database was made."""
    told = await serve(tmp_path, SAMPARK_SIMULATOR="true", SAMPARK_SIMULATOR_PLAY="nope")
    assert isinstance(told.exception, StartError)
    assert "SAMPARK_SIMULATOR_PLAY is wrong" in told.exception.detail
    assert "ping-pong" in told.exception.detail
    assert list(tmp_path.iterdir()) == []

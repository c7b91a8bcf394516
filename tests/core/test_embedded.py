"""The embedded server in folders that people really have."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from core.embedded import EmbeddedServer
from core.errors import StartError

pytestmark = pytest.mark.slow


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short folder that the server's own user may enter."""
    made = Path(tempfile.mkdtemp(prefix="sampark-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


async def test_a_folder_may_have_blanks_and_other_letters(folder: Path) -> None:
    """As a folder under "My Documents" or a name in one's own script has them."""
    server = EmbeddedServer(folder / "my desk's नाम" / "postgres")
    try:
        connection = await asyncpg.connect(await server.prepare())
        assert await connection.fetchval("select 1") == 1
        await connection.close()
    finally:
        server.stop()


async def test_a_damaged_cluster_is_told_in_one_sentence(folder: Path) -> None:
    """The sentence says what the server says, and which folder it is."""
    place = folder / "postgres"
    EmbeddedServer(place).stop()
    (place / "global" / "pg_control").unlink()
    with pytest.raises(StartError, match="could not") as told:
        EmbeddedServer(place)
    assert str(place) in told.value.detail and "\n" not in told.value.detail


@pytest.mark.parametrize("is_file", [True, False])
def test_what_is_no_database_is_left_alone(folder: Path, is_file: bool) -> None:
    """A file in its place, or a folder with somebody's files."""
    place = folder / "postgres"
    if is_file:
        place.touch()
    else:
        place.mkdir()
        (place / "letter.txt").touch()
    with pytest.raises(StartError, match="is damaged"):
        EmbeddedServer(place)


async def test_a_server_that_died_is_started_again(folder: Path) -> None:
    """Under the same address, with what it held."""
    server = EmbeddedServer(folder / "postgres")
    try:
        address = await server.prepare()
        connection = await asyncpg.connect(address)
        await connection.execute("create table kept (id int)")
        assert server.is_running
        psutil.Process(server._server.get_pid()).kill()
        psutil.wait_procs(server._processes(), timeout=20)
        assert not server.is_running
        server.restart()
        assert server.is_running
        again = await asyncpg.connect(address)
        assert await again.fetchval("select count(*) from kept") == 0
        await again.close()
        connection.terminate()
    finally:
        server.stop()


async def test_a_server_that_starts_and_cannot_be_used_is_told_in_one_sentence(folder: Path) -> None:
    """Files are missing that it needs for the first connection; it is stopped again."""
    place = folder / "postgres"
    EmbeddedServer(place).stop()
    (place / "global" / "pg_filenode.map").unlink()
    server = EmbeddedServer(place)
    with pytest.raises(StartError, match="cannot be used.*pg_filenode.map") as told:
        await server.prepare()
    assert str(place) in told.value.detail and "\n" not in told.value.detail
    _, left = psutil.wait_procs(server._processes(), timeout=20)
    assert not left


@pytest.mark.parametrize("content", ["", "garbage\n", "99999999\n/elsewhere\n", "\x00\x01" * 40])
async def test_a_lock_file_that_means_nothing_is_taken_away(folder: Path, content: str) -> None:
    """A crash of the machine may leave anything in it; no server runs, so it keeps nobody out."""
    place = folder / "postgres"
    EmbeddedServer(place).stop()
    (place / "postmaster.pid").write_text(content)
    server = EmbeddedServer(place)
    try:
        assert server.is_running
        await server.prepare()
    finally:
        server.stop()


async def test_a_first_start_that_was_cut_short_is_begun_anew(folder: Path) -> None:
    """What the killed process left is no database yet; nobody has to delete it by hand."""
    place = folder / "postgres"
    place.mkdir()
    (place / "PG_VERSION").write_text("17\n")
    (place / "base").mkdir()
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    (folder / ".postgres-unfinished").write_text(str(gone.pid))
    server = EmbeddedServer(place)
    try:
        connection = await asyncpg.connect(await server.prepare())
        assert await connection.fetchval("show jit") == "off"  # tuned, as a new one is
        await connection.close()
        assert not (folder / ".postgres-unfinished").exists()
    finally:
        server.stop()


def test_ctrl_c_does_not_break_the_first_start(folder: Path) -> None:
    """The keyboard's signal goes to all programs of the terminal; the database is made to its end all the same."""
    code = (
        "import pathlib, signal; from core.embedded import EmbeddedServer\n"
        "signal.signal(signal.SIGINT, lambda *_: print('interrupted', flush=True))\n"
        f"EmbeddedServer(pathlib.Path({str(folder / 'postgres')!r})).stop(); print('whole')"
    )
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    ) as starting:  # fmt: skip
        while starting.poll() is None and not (folder / "postgres" / "PG_VERSION").exists():
            time.sleep(0.01)
        os.killpg(starting.pid, signal.SIGINT)
        said, _ = starting.communicate(timeout=120)
    assert said.splitlines() == ["interrupted", "whole"]

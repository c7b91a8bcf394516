"""The file storage: what is gone for good is told from what is only away."""

from pathlib import Path

import pytest

from core.errors import NotFound, Temporary
from core.storage import Storage


async def test_what_was_kept_is_there(storage: Storage) -> None:
    """The same content twice is one file."""
    key = await storage.put(b"bill")
    assert await storage.put(b"bill") == key
    assert await storage.get(key) == b"bill"


async def test_a_file_that_is_gone_is_not_found(storage: Storage) -> None:
    """No other try can help."""
    with pytest.raises(NotFound):
        await storage.get("ab/" + "ab" * 32)


async def test_a_storage_that_is_away_is_worth_another_try(storage: Storage, tmp_path: Path) -> None:
    """A reply whose files cannot be read just now is sent later instead of being shown as failed."""
    key = await storage.put(b"bill")
    folder = tmp_path / "files" / key[:2]
    folder.rename(tmp_path / "elsewhere")
    folder.write_bytes(b"no folder")
    with pytest.raises(Temporary):
        await storage.get(key)
    folder.unlink()
    (tmp_path / "elsewhere").rename(folder)
    assert await storage.get(key) == b"bill"

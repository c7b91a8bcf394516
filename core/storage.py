"""Where file contents live: a local folder by default, S3 by address, through one library (obstore).

Contents are stored under their SHA-256, so the same file sent twice is kept once. Rows keep the key.
"""

import hashlib
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from core.errors import NotFound, Temporary


class Storage:
    """Blobs by content.

    Args:
        place: a folder, or an address such as ``s3://bucket/prefix``.
    """

    def __init__(self, place: Path | str) -> None:
        self._store: ObjectStore
        if isinstance(place, Path):
            place.mkdir(parents=True, exist_ok=True)
            self._store = LocalStore(place)
        else:
            self._store = from_url(place)

    async def put(self, content: bytes) -> str:
        """Keep ``content``; returns its key. Putting the same again changes nothing.

        Raises:
            Temporary: the storage is full or away; worth another try.
        """
        digest = hashlib.sha256(content).hexdigest()
        key = f"{digest[:2]}/{digest}"
        try:
            await obstore.put_async(self._store, key, content)
        except (BaseError, OSError) as problem:
            raise Temporary(f"The file storage cannot be written: {problem}") from problem
        return key

    async def get(self, key: str) -> bytes:
        """The content of ``key``.

        Raises:
            NotFound: it is gone.
            Temporary: the storage is away; worth another try.
        """
        try:
            result = await obstore.get_async(self._store, key)
            return bytes(await result.bytes_async())
        except FileNotFoundError:
            raise NotFound("The file is no longer stored.") from None
        except (BaseError, OSError) as problem:
            raise Temporary(f"The file storage cannot be read: {problem}") from problem

    async def remove(self, key: str) -> None:
        """Forget the content of ``key``; nobody may refer to it any more. Again: no change.

        Raises:
            Temporary: the storage is away; worth another try.
        """
        try:
            await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as problem:
            raise Temporary(f"The file storage cannot be changed: {problem}") from problem

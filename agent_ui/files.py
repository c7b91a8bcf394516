"""Files of strangers as answers, and uploads."""

from litestar import Response
from litestar.datastructures import UploadFile

from agent_ui.links import FileLinks
from core.errors import DeskError
from core.serving import served
from tickets.models import Attachment
from tickets.timeline import FileItem


class TooLarge(DeskError):
    """The file is larger than this desk takes."""

    status, code, title = 413, "too-large", "This file is too large"


def download(content: bytes, name: str, sniffed: str | None, *, readers: str = "same-origin") -> Response[bytes]:
    """A file as an answer; see :func:`core.serving.served`."""
    kind, headers = served(content, name, sniffed, readers=readers)
    return Response(content, media_type=kind, headers=headers)


def uploaded(file: Attachment, links: FileLinks) -> FileItem:
    """An upload as its owner gets it."""
    return FileItem(
        id=file.id,
        name=file.name,
        content_type=file.content_type,
        size=file.size,
        url=links.url(file.id, file.name),
        inline=False,
        content_id=None,
        sniffed_type=file.sniffed_type,
        preview=None,
    )


async def read_upload(file: UploadFile, most: int) -> bytes:
    """The content of an uploaded file.

    Raises:
        TooLarge: it has more than ``most`` bytes.
    """
    content = await file.read(most + 1)
    if len(content) > most:
        raise TooLarge(f"A file may have {_in_words(most)} at most.")
    return content


def _in_words(size: int) -> str:
    """Bytes as people say them: 512 kB, 25 MB."""
    return f"{size // 1_048_576} MB" if size >= 1_048_576 else f"{size // 1024} kB"

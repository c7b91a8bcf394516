"""Pictures and files of articles: kept for good with the versions that show them, handed out by the article's rights.

A text names a file by its number (``/kb/files/12``); where that leads is decided by whoever shows the text. A file can
be had by readers as long as a published version shows or offers it, and no longer.
"""

import struct
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from core.db import actor_of
from core.errors import Invalid, NotFound
from core.sniff import sniff
from core.storage import Storage
from knowledge_base.access import Reader, holds, visible_to
from knowledge_base.markdown import files_in
from knowledge_base.models import Article, ArticleFile, Translation, Version

MOST_FILES: Final = 200
"""Files of one article."""


async def add(session: AsyncSession, storage: Storage, article_id: int, name: str, content: bytes) -> ArticleFile:
    """Keep a file for an article.

    Raises:
        Invalid: it is empty, or the article has too many.
        Temporary: the storage is away.
    """
    if not content:
        raise Invalid.field("file", "This file is empty.")
    known = await of_article(session, article_id)
    key = await storage.put(content)
    shown = name.replace("\\", "/").rpartition("/")[2].strip()[:200] or "file"
    same = next((one for one in known if (one.storage_key, one.name) == (key, shown)), None)
    if same is not None:
        return same
    if len(known) >= MOST_FILES:
        raise Invalid.field("file", f"An article may have {MOST_FILES} files.")
    kind = sniff(content, shown)
    width, height = size_of(content, kind)
    made = ArticleFile(
        article_id=article_id,
        name=shown,
        sniffed_type=kind,
        size=len(content),
        width=width,
        height=height,
        storage_key=key,
        uploaded_by_id=actor_of(session).id,
        created_at=clock.now(),
    )
    session.add(made)
    await session.flush()
    return made


async def of_article(session: AsyncSession, article_id: int) -> list[ArticleFile]:
    """All files of an article, old versions' included."""
    return list(
        await session.scalars(select(ArticleFile).where(ArticleFile.article_id == article_id).order_by(ArticleFile.id))
    )


async def of_version(session: AsyncSession, file_ids: list[int]) -> list[ArticleFile]:
    """The files that a version shows or offers."""
    if not file_ids:
        return []
    return list(await session.scalars(select(ArticleFile).where(ArticleFile.id.in_(file_ids)).order_by(ArticleFile.id)))


async def named_by(session: AsyncSession, article_id: int, body: str, also: tuple[int, ...] = ()) -> list[int]:
    """Which files of this very article a text shows, and which of ``also`` it may offer."""
    wanted = files_in(body) | set(also)
    if not wanted:
        return []
    statement = select(ArticleFile.id).where(ArticleFile.article_id == article_id, ArticleFile.id.in_(wanted))
    return sorted(await session.scalars(statement))


async def get_visible(session: AsyncSession, reader: Reader, file_id: int) -> ArticleFile:
    """A file, for somebody who may read a published text that shows or offers it.

    Raises:
        NotFound: there is none, or she may not.
    """
    statement = select(ArticleFile).join(Article, Article.id == ArticleFile.article_id).where(ArticleFile.id == file_id)
    if reader.is_editor:
        statement = statement.where(holds(reader))
    else:
        statement = (
            statement.join(Translation, Translation.article_id == Article.id)
            .join(Version, Version.id == Translation.published_version_id)
            .where(visible_to(reader), Version.file_ids.contains([file_id]))
        )
    found: ArticleFile | None = await session.scalar(statement.limit(1))
    if found is None:
        raise NotFound("There is no such file.")
    return found


async def get(session: AsyncSession, file_id: int) -> ArticleFile:
    """A file, for a bearer of a signed address.

    Raises:
        NotFound: it is gone.
    """
    found = await session.get(ArticleFile, file_id)
    if found is None:
        raise NotFound("There is no such file.")
    return found


def size_of(content: bytes, kind: str) -> tuple[int | None, int | None]:
    """Width and height of a picture in pixels, read from its head; None for what is none."""
    try:
        if kind == "image/png":
            return struct.unpack(">II", content[16:24])
        if kind == "image/gif":
            return struct.unpack("<HH", content[6:10])
        if kind == "image/jpeg":
            return _jpeg_size(content)
        if kind == "image/webp" and content[12:16] == b"VP8X":
            return (
                1 + int.from_bytes(content[24:27], "little"),
                1 + int.from_bytes(content[27:30], "little"),
            )
    except (struct.error, IndexError):
        pass
    return None, None


def _jpeg_size(content: bytes) -> tuple[int | None, int | None]:
    """From the first start-of-frame marker (ITU T.81, table B.1)."""
    at = 2
    while at + 9 < len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], struct.unpack(">H", content[at + 2 : at + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return None, None

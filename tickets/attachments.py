"""Files: uploads that wait for their message, and the binding of an upload to a draft or a message."""

import hashlib
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from core.db import actor_of
from core.errors import Invalid
from core.storage import Storage
from tickets.intake import clean
from tickets.models import Attachment

MAX_NAME: Final = 255


async def upload(session: AsyncSession, storage: Storage, name: str, content_type: str, content: bytes) -> Attachment:
    """Keep a file that an agent chose; it belongs to nobody until a draft or message takes it.

    Raises:
        Invalid: the file is empty.
    """
    if not content:
        raise Invalid.field("file", "The file is empty.")
    attachment = Attachment(
        uploaded_by_id=actor_of(session).id,
        name=_name(name),
        content_type=clean(content_type)[:MAX_NAME] or "application/octet-stream",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        storage_key=await storage.put(content),
        created_at=clock.now(),
    )
    session.add(attachment)
    await session.flush()
    return attachment


def _name(given: str) -> str:
    """The file's own name: no folder, and nothing that would break a line of a mail's header or of a list."""
    last = clean(given.replace("\\", "/").rpartition("/")[2])
    return "".join(letter if letter.isprintable() else " " for letter in last).strip()[:MAX_NAME] or "file"


async def bind_to_message(session: AsyncSession, attachment_ids: list[int], message_id: int) -> None:
    """Give the actor's own uploads to a message.

    Raises:
        Invalid: one of them is not hers or is bound already.
    """
    if not attachment_ids:
        return
    changed = await session.execute(
        update(Attachment)
        .where(
            Attachment.id.in_(attachment_ids),
            Attachment.uploaded_by_id == actor_of(session).id,
            Attachment.message_id.is_(None),
        )
        .values(message_id=message_id, draft_id=None)
        .returning(Attachment.id)
    )
    if len(changed.all()) != len(set(attachment_ids)):
        raise Invalid.field("attachmentIds", "A file is gone or was sent already. Attach it again.")


async def bind_to_draft(session: AsyncSession, attachment_ids: list[int], draft_id: int) -> None:
    """Make a draft hold exactly these of the actor's uploads."""
    mine = (Attachment.uploaded_by_id == actor_of(session).id, Attachment.message_id.is_(None))
    await session.execute(
        update(Attachment)
        .where(Attachment.draft_id == draft_id, Attachment.id.not_in(attachment_ids or [0]))
        .values(draft_id=None)
    )
    if attachment_ids:
        await session.execute(
            update(Attachment).where(Attachment.id.in_(attachment_ids), *mine).values(draft_id=draft_id)
        )


async def of_messages(session: AsyncSession, message_ids: list[int]) -> list[Attachment]:
    """The files of some messages, in the order of upload."""
    statement = select(Attachment).where(Attachment.message_id.in_(message_ids)).order_by(Attachment.id)
    return list(await session.scalars(statement)) if message_ids else []

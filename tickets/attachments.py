"""Files: uploads that wait for their message, and the binding of an upload to a draft or a message."""

import functools
import hashlib
from collections.abc import Iterable
from typing import Final

import msgspec
from sqlalchemy import BigInteger, Text, any_, bindparam, literal_column, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from core.db import actor_of
from core.errors import Invalid, NotFound
from core.sniff import sniff
from core.storage import Storage
from tickets.intake import clean, clean_line
from tickets.models import Attachment, Message
from tickets.queries import Compiled, Source

MAX_NAME: Final = 255


class Picture(msgspec.Struct, frozen=True):
    """A file of a ticket that some HTML shows, by number or by Content-ID (without angle brackets)."""

    id: int
    name: str
    content_id: str | None


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
        sniffed_type=sniff(content, name),
        created_at=clock.now(),
    )
    session.add(attachment)
    await session.flush()
    return attachment


async def copy(session: AsyncSession, found: Attachment) -> Attachment:
    """Keep a file of a message once more as the actor's own upload, so that she can pass it on. Its content is shared.

    Args:
        session: the unit of work.
        found: a file that the actor may see.
    """
    attachment = Attachment(
        uploaded_by_id=actor_of(session).id,
        name=found.name,
        content_type=found.content_type,
        size=found.size,
        sha256=found.sha256,
        storage_key=found.storage_key,
        sniffed_type=found.sniffed_type,
        preview=found.preview,
        created_at=clock.now(),
    )
    session.add(attachment)
    await session.flush()
    return attachment


async def get(session: AsyncSession, attachment_id: int) -> Attachment:
    """One file. Whether somebody may see it is the caller's to check (``tickets/access.py``).

    Raises:
        NotFound: it is gone.
    """
    found = await session.get(Attachment, attachment_id)
    if found is None:
        raise NotFound("The file is gone.")
    return found


def _name(given: str) -> str:
    """The file's own name: no folder, and nothing that would break a line of a mail's header or of a list."""
    last = clean_line(given.replace("\\", "/").rpartition("/")[2])
    return "".join(letter if letter.isprintable() else " " for letter in last).strip()[:MAX_NAME] or "file"


async def bind_to_message(session: AsyncSession, attachment_ids: list[int], message_id: int) -> None:
    """Give the actor's own uploads to a message.

    Raises:
        Invalid: one of them is not hers or is bound already; ``gone`` has their ids.
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
    if gone := sorted(set(attachment_ids) - set(changed.scalars())):
        said = {"field": "attachmentIds", "message": "A file is gone or was sent already. Attach it again."}
        raise Invalid(f"{said['field']}: {said['message']}", errors=[said], gone=gone)


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


async def said_in_ticket(
    session: AsyncSession, ticket_id: int, numbers: list[int], content_ids: list[str]
) -> list[Attachment]:
    """Files of what was said with the customer in a ticket (never of notes), by number or Content-ID, oldest first."""
    statement = (
        select(Attachment)
        .join(Message, Message.id == Attachment.message_id)
        .where(Message.ticket_id == ticket_id, Message.kind.in_(("customer", "agent")))
        .where(Attachment.id.in_(numbers) | Attachment.content_id.in_(content_ids))
        .order_by(Attachment.id)
    )
    return list(await session.scalars(statement))


@functools.lru_cache(maxsize=1)
def _pictures() -> Compiled:
    numbers = Attachment.id == any_(bindparam("numbers", [0], type_=ARRAY(BigInteger)))
    names = Attachment.content_id == any_(bindparam("content_ids", [""], type_=ARRAY(Text)))
    of_ticket = Message.ticket_id == bindparam("ticket", 0, type_=BigInteger)
    return Compiled(
        select(Attachment.id, Attachment.name, Attachment.content_id)
        .join(Message, Message.id == Attachment.message_id)
        .where(of_ticket, literal_column("messages.kind in ('customer', 'agent')"), or_(numbers, names))
        .order_by(Attachment.id)
    )


async def pictures(source: Source, ticket_id: int, numbers: Iterable[int], content_ids: Iterable[str]) -> list[Picture]:
    """The files of a ticket's mails (not of its notes) that some HTML shows, oldest first."""
    values = {"ticket": ticket_id, "numbers": sorted(numbers), "content_ids": sorted(content_ids)}
    return [Picture(*row) for row in await _pictures().run(source, values)]

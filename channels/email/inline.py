"""Pictures inside an answer: whatever the agent saw while she wrote becomes a part of the mail (``cid:``).

Part of sending, used by ``channels/email/outbox``. A picture is named by our own address of it
(``/api/attachments/7``) or, in a passage quoted from an earlier mail, by that mail's Content-ID. A recipient can open
neither, for he is not signed in (field 22).
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from channels.email.compose import OutgoingFile
from core.storage import Storage
from tickets import attachments
from tickets.models import Attachment, Message

MAX_PICTURES: Final = 100
_BREAK: Final = "\x00"
"""Between what was written and what is quoted: it stands in no text that is kept."""
_SOURCE: Final = re.compile(
    r"""(<img\b[^<>]*?\ssrc=)(["'])(?:(?:https?://[^/"'<>\s]+)?/api/attachments/(\d{1,15})|cid:([^"'<>\s]{1,500}))\2""",
    re.IGNORECASE,
)
_DATA: Final = re.compile(
    r"""(<img\b[^<>]*?\ssrc=)"data:(image/(?:png|jpe?g|gif|webp|bmp));base64,([A-Za-z0-9+/=\s]+)\"""", re.IGNORECASE
)


async def with_files(
    session: AsyncSession, storage: Storage, message: Message, *, plain: bool
) -> tuple[str, str, list[OutgoingFile]]:
    """A message's HTML and that of what it quotes, with pictures as ``cid:``, and all files that go with it.

    Pictures come from the message's own files and from other messages of its ticket, never from notes: what is said
    among colleagues must not leave, whatever is pasted.

    Args:
        session: the unit of work.
        storage: where the contents are.
        message: what is sent.
        plain: the mail has no HTML; then only the message's own files go, as attachments.
    """
    whole = "" if plain else f"{message.html}{_BREAK}{message.quoted_html}"
    own = await attachments.of_messages(session, [message.id])
    known = {f"#{each.id}": each for each in own}
    wanted = _named(whole) - set(known)
    if wanted:
        known |= await _elsewhere(session, message, wanted)
    whole, pasted = _pasted(whole)
    whole, shown = _as_parts(whole, known)
    html, _, quoted = whole.partition(_BREAK)
    files = {each.id: each for each in (*own, *shown)}
    content = [
        OutgoingFile(
            each.name,
            each.content_type,
            await storage.get(each.storage_key),
            content_id(each.id) if each in shown else None,
        )
        for each in files.values()
    ]
    return html, quoted, pasted + content


def content_id(attachment_id: int) -> str:
    """The Content-ID that a picture of ours travels under."""
    return f"file{attachment_id}@sampark"


def _pasted(html: str) -> tuple[str, list[OutgoingFile]]:
    """Pictures that stand in the HTML itself become parts, too: most mail programs show no ``data:`` addresses."""
    parts: dict[str, OutgoingFile] = {}

    def replace(found: re.Match[str]) -> str:
        try:
            content = base64.b64decode(found[3], validate=False)
        except binascii.Error:
            return found[0]
        name = f"{hashlib.sha256(content).hexdigest()[:20]}@sampark"
        kind = found[2].lower()
        parts.setdefault(name, OutgoingFile(f"image{len(parts) + 1}.{kind.partition('/')[2]}", kind, content, name))
        return f'{found[1]}"cid:{name}"'

    return _DATA.sub(replace, html), list(parts.values())


def _named(html: str) -> set[str]:
    """What the HTML shows: attachments as ``#7``, Content-IDs as they are."""
    return {_name(found) for found in _SOURCE.finditer(html)}


def _name(found: re.Match[str]) -> str:
    return f"#{found[3]}" if found[3] else found[4]


async def _elsewhere(session: AsyncSession, message: Message, wanted: Iterable[str]) -> dict[str, Attachment]:
    """Pictures of the same ticket by number and by Content-ID; of several with one id the newest before this mail."""
    names = sorted(wanted)[:MAX_PICTURES]
    numbers = [int(name[1:]) for name in names if name.startswith("#") and name[1:].isdigit()]
    found = await attachments.said_in_ticket(session, message.ticket_id, numbers, names)
    return {each.content_id: each for each in found if each.content_id} | {f"#{each.id}": each for each in found}


def _as_parts(html: str, known: dict[str, Attachment]) -> tuple[str, list[Attachment]]:
    shown: dict[int, Attachment] = {}
    return _SOURCE.sub(_replacing(known, shown), html), list(shown.values())


def _replacing(known: dict[str, Attachment], shown: dict[int, Attachment]) -> Callable[[re.Match[str]], str]:
    def replace(found: re.Match[str]) -> str:
        picture = known.get(_name(found))
        if picture is None:
            return found[0]
        shown[picture.id] = picture
        return f"{found[1]}{found[2]}cid:{content_id(picture.id)}{found[2]}"

    return replace

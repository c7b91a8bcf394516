"""What a visitor says: how it is kept in the ledger, and how it becomes a message of the conversation's ticket.

The portal encodes a :class:`ChatPost` as the ledger row's raw bytes, named by the conversation and by the browser's own
id of the message, so what is sent twice (a lost answer, a second tab) is taken once. ``channels/inbound`` calls
:class:`ChatReader` in the row's transaction: files into the storage → ``tickets/intake.receive`` → the stream.
"""

import hashlib
from typing import Any, Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from channels.chat import presence, stream, visitors
from channels.chat.models import Chat, ChatVisitor
from channels.chat.widgets import CHANNEL
from channels.inbound import Account, Incoming, Item, Outcome
from core.errors import NotFound
from core.sniff import sniff
from core.storage import Storage
from customers import service as customers
from tickets import attachments, intake
from tickets.intake import InboundMessage, NewAttachment, Person

UNKNOWN: Final = "Visitor"


class ChatFile(msgspec.Struct, frozen=True):
    """A file; the content type is the one found in the content, not the browser's word."""

    name: str
    content_type: str
    content: bytes


class ChatPost(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a visitor, validated by the portal."""

    chat_id: int
    client_id: str
    text: str
    files: list[ChatFile] = []


def incoming(account_id: int, chat: Chat, post: ChatPost) -> Incoming:
    """The ledger's row of a message."""
    name = f"{post.chat_id}:{post.client_id}"
    return Incoming(account_id, CHANNEL, name, msgspec.json.encode(post), envelope_from=chat.email or "")


class ChatReader:
    """Reads visitors' messages of the ledger.

    Args:
        storage: where files go.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def __call__(self, session: AsyncSession, account: Account, item: Item, raw: bytes) -> Outcome:
        """Read one message.

        Raises:
            msgspec.DecodeError: the bytes are none (then :meth:`could_not_read` is asked).
            NotFound: there is no such conversation.
        """
        post = msgspec.json.decode(raw, type=ChatPost)
        chat = await _chat(session, post.chat_id)
        visitor = await session.get_one(ChatVisitor, chat.visitor_id)
        message = InboundMessage(
            channel=CHANNEL,
            account_id=account.id,
            inbound_item_id=item.id,
            sender=Person(chat.name or UNKNOWN, chat.email or ""),
            subject="",
            text=post.text,
            into_ticket_id=item.ticket_id,
            conversation_ticket_id=chat.ticket_id,
            customer_id=await visitors.customer_of(session, visitor, chat),
            team_id=account.team_id,
            language=chat.language,
            attachments=[await self._keep(file) for file in post.files],
        )
        received = await intake.receive(session, message)
        await _onto_stream(session, chat, post, received.ticket_id, received.message_id)
        return Outcome(
            outcome="ticket" if received.created else "reply",
            ticket_id=received.ticket_id,
            message_id=received.message_id,
            matched_by=received.matched_by,
            from_address=chat.email,
            subject=post.text[:80],
        )

    async def could_not_read(
        self, session: AsyncSession, account: Account, item: Item, raw: bytes, reason: str
    ) -> Outcome:
        """Last resort: a message that broke the reader becomes a ticket with what it holds, for a person to see."""
        if item.ticket_id is not None:
            return Outcome("unreadable", reason, ticket_id=item.ticket_id, message_id=item.message_id)
        subject = "A chat message that could not be read"
        message = InboundMessage(
            channel=CHANNEL,
            account_id=account.id,
            inbound_item_id=item.id,
            sender=Person(UNKNOWN, item.envelope_from),
            subject=subject,
            text=f"{subject} ({reason}).\n\n{raw[:4000].decode('utf-8', 'replace')}",
            customer_id=(await customers.create_unknown(session, UNKNOWN, CHANNEL)).id,
            team_id=account.team_id,
            tags=["unreadable"],
        )
        received = await intake.receive(session, message)
        return Outcome("unreadable", reason, received.ticket_id, received.message_id, subject=subject)

    async def _keep(self, file: ChatFile) -> NewAttachment:
        return NewAttachment(
            name=file.name,
            content_type=file.content_type,
            size=len(file.content),
            sha256=hashlib.sha256(file.content).hexdigest(),
            storage_key=await self._storage.put(file.content),
            sniffed_type=sniff(file.content, file.name),
        )


async def _chat(session: AsyncSession, chat_id: int) -> Chat:
    """The conversation. Until it has a ticket it is locked, so that two first messages open one and not two.

    Raises:
        NotFound: there is none.
    """
    chat = await session.get(Chat, chat_id, populate_existing=True)
    if chat is not None and chat.ticket_id is None:
        locked = select(Chat).where(Chat.id == chat_id).with_for_update().execution_options(populate_existing=True)
        chat = await session.scalar(locked)
    if chat is None:
        raise NotFound(f"There is no conversation {chat_id}.")
    return chat


async def _onto_stream(session: AsyncSession, chat: Chat, post: ChatPost, ticket_id: int, message_id: int) -> None:
    if chat.ticket_id != ticket_id:
        chat.ticket_id = ticket_id
        await session.flush()
    data: dict[str, Any] = {"by": "visitor", "text": post.text, "files": await files_of(session, message_id)}
    await stream.append(session, chat, "said", data, message_id=message_id, client_id=post.client_id)
    await presence.beat(session, chat.id)


async def files_of(session: AsyncSession, message_id: int) -> list[dict[str, Any]]:
    """The files of a message as the stream names them."""
    found = await attachments.of_messages(session, [message_id])
    return [{"id": each.id, "name": each.name, "size": each.size, "type": each.sniffed_type or ""} for each in found]

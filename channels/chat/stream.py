"""The stream of a conversation: what its visitor's browser gets, numbered without a gap (field 2.4.1).

A number is taken by an update of the conversation's row, so the next writer waits until the first has committed: in
contrast to a sequence, what a reader sees after number n is all there will ever be after it. Whoever holds a ticket and
a conversation locks the ticket first.
"""

from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from channels.chat.events import ChatMoved
from channels.chat.models import Chat
from core import clock, events
from core.sql import Row, Sql

PAGE: Final = 200
Data = dict[str, Any]


class Entry(msgspec.Struct, rename="camel"):
    """One entry as the browser gets it. ``data`` of ``said``: by, name, text, files, clientId, byMail."""

    seq: int
    kind: str
    at: datetime
    data: Data
    message_id: int | None = None
    client_id: str | None = None


_APPEND = Sql(
    """
    with chat as (
        update chats set last_seq = last_seq + 1 where id = :chat_id returning id, last_seq, ticket_id
    ), item as (
        insert into chat_items (chat_id, seq, kind, at, message_id, client_id, data)
        select id, last_seq, :kind, :at, :message_id, :client_id, cast(:data as jsonb) from chat
    )
    select last_seq, ticket_id from chat
    """
)
_SAID = Sql("select seq from chat_items where chat_id = :chat_id and message_id = :message_id and kind = 'said'")
_SENT = Sql("select seq from chat_items where chat_id = :chat_id and client_id = :client_id")
_AFTER = Sql(
    """
    select seq, kind, at, data, message_id, client_id from chat_items
    where chat_id = :chat_id and seq > :seq order by seq limit :limit
    """
)

_LATEST = Sql(
    """
    select seq, kind, at, data, message_id, client_id from chat_items
    where chat_id = :chat_id order by seq desc limit :limit
    """
)


async def append(
    session: AsyncSession,
    chat: Chat,
    kind: str,
    data: Data,
    *,
    message_id: int | None = None,
    client_id: str | None = None,
) -> int:
    """Put an entry at the end, and wake those who show the conversation; returns its number."""
    row = await _APPEND.first(
        session,
        chat_id=chat.id,
        kind=kind,
        at=clock.now(),
        message_id=message_id,
        client_id=client_id,
        data=msgspec.json.encode(data).decode(),
    )
    moved(session, chat.id, row.ticket_id)
    seq: int = row.last_seq
    return seq


def moved(session: AsyncSession, chat_id: int, ticket_id: int | None) -> None:
    """Wake those who show a conversation. Agents are told by other events; this one is for nobody in particular."""
    events.record(session, ChatMoved(chat_id=chat_id, ticket_id=ticket_id, private=True))


async def number_of(session: AsyncSession, chat_id: int, message_id: int) -> int | None:
    """The number under which a message is in the stream, if it is."""
    found: int | None = await _SAID.scalar(session, chat_id=chat_id, message_id=message_id)
    return found


async def number_sent(session: AsyncSession, chat_id: int, client_id: str) -> int | None:
    """The number of what the browser sent under a name of its own, if it has arrived."""
    found: int | None = await _SENT.scalar(session, chat_id=chat_id, client_id=client_id)
    return found


async def after(session: AsyncSession, chat_id: int, seq: int, limit: int = PAGE) -> list[Entry]:
    """What came after a number, oldest first; a full page says that there may be more."""
    return [_entry(row) for row in await _AFTER.all(session, chat_id=chat_id, seq=seq, limit=limit)]


async def latest(session: AsyncSession, chat_id: int, limit: int) -> list[Entry]:
    """The newest entries, oldest first."""
    return [_entry(row) for row in reversed(await _LATEST.all(session, chat_id=chat_id, limit=limit))]


def _entry(row: Row) -> Entry:
    data = row.data if isinstance(row.data, dict) else msgspec.json.decode(row.data)
    return Entry(row.seq, row.kind, row.at, data, row.message_id, row.client_id)

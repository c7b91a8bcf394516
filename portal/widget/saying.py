"""What a visitor does in his conversation, by socket or by post: speak, type, read, move on."""

from typing import Final

from channels import inbound
from channels.chat import conversations, presence, stream
from channels.chat.models import Chat
from channels.chat.reader import ChatFile, ChatPost, incoming
from core import log
from core.db import reading, unit_of_work
from core.errors import Conflict, Invalid
from portal.widget import limits
from portal.widget.desk import Connection, Guest, inbound_of, network_of, rooms_of, runtime_of
from portal.widget.rooms import Room
from portal.widget.views import Got, OnPage, Seen, Signal, Typing

_log: Final = log.get(__name__)


async def say(
    connection: Connection, guest: Guest, client_id: str, text: str, files: list[ChatFile] | None = None
) -> int | None:
    """Take a message into the ledger and process it at once.

    Returns:
        Its number in the stream; None when it is safe but still to be processed (its job does that).

    Raises:
        RateLimited: too many.
        Conflict: the conversation has ended.
        Invalid: there are no words and no file.
    """
    if guest.chat is None or guest.chat.state != "open":
        raise Conflict("This conversation has ended.")
    if not text.strip() and not files:
        raise Invalid.field("text", "Write something first.")
    who = {"visitor": f"v{guest.visitor.id}", "network": network_of(connection), "widget": f"w{guest.widget.id}"}
    limits.take(limits.MESSAGES, **who)
    db = runtime_of(connection).db
    post = ChatPost(chat_id=guest.chat.id, client_id=client_id, text=text.replace("\r\n", "\n"), files=files or [])
    item_id = await inbound.store(db, incoming(guest.widget.account_id, guest.chat, post))
    if item_id is not None:
        try:
            async with unit_of_work(db) as session:
                await inbound_of(connection).process(session, item_id)
        except Exception:  # noqa: BLE001 - the row is safe and its job will process it; the visitor must not see an error
            _log.exception("a chat message is processed later", item=item_id)
    async with reading(db) as session:
        return await stream.number_sent(session, guest.chat.id, client_id)


async def signal(connection: Connection, chat_id: int, what: Signal) -> None:
    """Take note of what a tab tells."""
    room = rooms_of(connection).rooms.get(chat_id)
    if isinstance(what, Typing):
        await _tell_agents(connection, room, typing=what.on)
        return
    async with unit_of_work(runtime_of(connection).db) as session:
        if isinstance(what, Got):
            await presence.got(session, chat_id, what.seq)
        elif isinstance(what, Seen):
            await presence.has_read(session, chat_id, what.seq)
        elif isinstance(what, OnPage):
            conversations.looks_at(await session.get_one(Chat, chat_id), what.url, what.title)
    if isinstance(what, OnPage):
        await _tell_agents(connection, room, page_url=what.url, page_title=what.title)


async def _tell_agents(connection: Connection, room: Room | None, **now: object) -> None:
    if room is not None:
        await rooms_of(connection).whisper(room, **now)

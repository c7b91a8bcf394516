"""The chat's part of sending: an answer goes to the visitor's window while he is there, and by mail when he is not.

Between ``channels/outbound`` (states, retries) and the stream, or the outbox of the e-mail channel, which the
composition root hands in (no channel imports another). An answer to somebody who has left a moment ago waits: he comes
back and gets it in his window, or his time runs out and it is mailed (``presence.py``).
"""

import html
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from channels.chat import conversations, stream
from channels.chat.models import Chat
from channels.chat.presence import gone_after
from channels.chat.reader import files_of
from channels.outbound import Channel, Send
from core import clock
from core.db import Database, unit_of_work
from core.errors import Permanent, Temporary
from core.html import text_to_html
from tickets import delivery
from tickets.models import Delivery, Message

MAIL: Final = "email"
QUOTED: Final = 50
"""Entries of the conversation that stand below the first mail."""
AWAY: Final = "The visitor has left the page; this waits for a moment and then goes by e-mail."


class ChatOutbox:
    """Sends answers in conversations.

    Args:
        db: for the hand-over, which is a unit of work of its own.
        mail: what sends by mail.
    """

    def __init__(self, db: Database, mail: Channel) -> None:
        self._db = db
        self._mail = mail

    async def prepare(self, session: AsyncSession, sending: Delivery) -> Send:
        """Choose the way of one delivery.

        Raises:
            Permanent: the visitor has left and no address is known, or it is a note.
        """
        message, ticket = await delivery.what_is_sent(session, sending)
        if message.kind not in {"agent", "system"}:
            raise Permanent("Only answers to customers are sent.")
        chat = await conversations.of_ticket(session, ticket.id)
        if chat is None or message.kind == "system" or message.passed_on:
            return await self._by_mail(session, sending, message, None)
        if chat.gone_at is not None:
            return await self._by_mail(session, sending, message, chat)
        if chat.left_at is not None:
            return _wait(chat.seen_at)
        return self._to_window(chat, message, await _said(session, message))

    def _to_window(self, chat: Chat, message: Message, data: dict[str, Any]) -> Send:
        async def send(before_handover: Callable[[], Awaitable[None]]) -> str:
            await before_handover()
            try:
                async with unit_of_work(self._db) as session:
                    await stream.append(session, chat, "said", data, message_id=message.id)
            except IntegrityError:
                pass  # it is in the window since a try that was taken for lost
            return f"chat:{chat.id}:{message.id}"

        return send

    async def _by_mail(self, session: AsyncSession, sending: Delivery, message: Message, chat: Chat | None) -> Send:
        address = await conversations.address_of(session, chat) if chat is not None else None
        if address is not None and not message.to:
            message.to = [{"name": chat.name if chat else "", "address": address}]
        if not (message.to or message.cc or message.bcc):
            raise Permanent("The visitor has left, and no e-mail address of his is known.")
        if chat is not None:
            await self._once_in_window(session, chat, message)
        message.channel = sending.channel = MAIL
        return await self._mail.prepare(session, sending)

    async def _once_in_window(self, session: AsyncSession, chat: Chat, message: Message) -> None:
        """Keep the window complete for a visitor who comes back, and quote in the first mail what was said in it."""
        entries = await stream.latest(session, chat.id, QUOTED)
        if not any(each.kind == "mailed" for each in entries):
            message.quoted_text, message.quoted_html = quoted(entries, message.id)
            await stream.append(session, chat, "mailed", {"address": masked(message.to[0]["address"])})
        if await stream.number_of(session, chat.id, message.id) is None:
            data = await _said(session, message) | {"byMail": True}
            await stream.append(session, chat, "said", data, message_id=message.id)


def _wait(seen_at: datetime) -> Send:
    async def wait(_: Callable[[], Awaitable[None]]) -> str:
        left = (seen_at + gone_after() - clock.now()).total_seconds()
        raise Temporary(AWAY, retry_in=max(5.0, left + 5.0), counts=False)

    return wait


async def _said(session: AsyncSession, message: Message) -> dict[str, Any]:
    files = await files_of(session, message.id)
    return {"by": "agent", "name": message.author_name, "text": message.text, "files": files}


def masked(address: str) -> str:
    """An address as its owner knows it again and others do not: ``a…@example.org``."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"


def quoted(entries: list[stream.Entry], without: int) -> tuple[str, str]:
    """What was said so far as the quote of a mail, in both forms; a name stands before each line."""
    lines = [
        (each.data.get("name") or "", str(each.data.get("text", "")))
        for each in entries
        if each.kind == "said" and each.message_id != without
    ]
    text = "\n".join(f"> {name}: {words}" if name else f"> {words}" for name, words in lines)
    markup = "".join(
        f"<div><b>{html.escape(name)}</b> {text_to_html(words)}</div>" if name else f"<div>{text_to_html(words)}</div>"
        for name, words in lines
    )
    return text, f"<blockquote>{markup}</blockquote>" if lines else ""

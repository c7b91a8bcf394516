"""What follows in a conversation from what happens elsewhere in its ticket (handlers of ``sampark/wiring.py``)."""

from sqlalchemy.ext.asyncio import AsyncSession

from channels.chat import conversations, stream
from channels.chat.reader import files_of
from core.sql import Sql
from tickets.events import MessageReceived, TicketRead

_WRITTEN = Sql("select text, author_name, channel from messages where id = :message_id")


async def on_message_received(session: AsyncSession, event: MessageReceived) -> None:
    """The visitor answered by mail: it stands in his window as well when he comes back."""
    if event.ticket_id is None or event.matched_by is None or event.is_auto:
        return
    chat = await conversations.of_ticket(session, event.ticket_id)
    if chat is None or await stream.number_of(session, chat.id, event.message_id) is not None:
        return
    written = await _WRITTEN.first(session, message_id=event.message_id)
    files = await files_of(session, event.message_id)
    data = {"by": "visitor", "name": written.author_name, "text": written.text, "files": files, "byMail": True}
    await stream.append(session, chat, "said", data, message_id=event.message_id)


async def on_read(session: AsyncSession, event: TicketRead) -> None:
    """An agent has opened the ticket: the visitor's ticks say so."""
    if event.ticket_id is not None and not event.unread:
        await conversations.agent_has_read(session, event.ticket_id)

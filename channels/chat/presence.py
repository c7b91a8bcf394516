"""Whether a visitor is there, and what follows when he is not.

Any open tab is a sign of life every :data:`BEAT` seconds. Silence of :data:`GRACE` is "left" (a reload is shorter);
silence of some minutes (:func:`configure`) turns the conversation to mail: what his browser has not got is mailed,
what is said next goes by mail at once. He may come back at any time and finds it all in the window.
"""

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from channels.chat import conversations, stream
from channels.chat.events import TurnedToMail, VisitorCameBack, VisitorLeft, VisitorRead
from channels.chat.models import Chat, ChatItem
from channels.chat.widgets import CHANNEL
from core import clock, events
from core.sql import Sql
from tickets import delivery, lifecycle
from tickets.events import audience

BEAT: Final = timedelta(seconds=15)
GRACE: Final = timedelta(seconds=30)
SWEEP_AT_ONCE: Final = 200
_gone = timedelta(minutes=2)

_BEAT: Final = Sql(
    """
    update chats c set seen_at = :now, left_at = null, gone_at = null
    from (select id, left_at from chats where id = :chat_id for update) before
    where c.id = before.id returning c.ticket_id, before.left_at
    """
)
_TICKET: Final = Sql("select ticket_id, left_at from chats where id = :chat_id")
_UNREACHED: Final = Sql(
    """
    select d.id from chat_items i join deliveries d on d.message_id = i.message_id
    where i.chat_id = :chat_id and i.kind = 'said' and i.seq > :after and i.seq <= :upto
        and d.channel = :channel and d.state = any(:states) order by d.id
    """
)


def configure(seconds: int) -> None:
    """Set after how long a silence the conversation goes on by mail. Called once by the composition root."""
    global _gone  # noqa: PLW0603 - the one value of the process, set by sampark/wiring.py
    _gone = timedelta(seconds=seconds)


def gone_after() -> timedelta:
    """After how long a silence the conversation goes on by mail."""
    return _gone


async def beat(session: AsyncSession, chat_id: int) -> None:
    """A tab of the visitor is alive. Who had left is there again, and gets at once what waited for him."""
    known = await _TICKET.first(session, chat_id=chat_id)
    if known is None:
        return
    if known.left_at is not None and known.ticket_id is not None:
        await lifecycle.lock(session, known.ticket_id)
    row = await _BEAT.first(session, chat_id=chat_id, now=clock.now())
    if row.left_at is None or row.ticket_id is None:
        return
    facts = audience(await lifecycle.lock(session, row.ticket_id))
    events.record(session, VisitorCameBack(chat_id=chat_id, **facts))
    await delivery.hurry(session, row.ticket_id, CHANNEL)


async def sweep(session: AsyncSession) -> int:
    """Look for visitors who fell silent (runs every few seconds); returns how many had."""
    now = clock.now()
    silent = select(Chat.id, Chat.ticket_id).where(Chat.gone_at.is_(None))
    due = (Chat.left_at.is_(None) & (Chat.seen_at < now - GRACE)) | (Chat.seen_at < now - _gone)
    rows = (await session.execute(silent.where(due).order_by(Chat.seen_at).limit(SWEEP_AT_ONCE))).all()
    for chat_id, ticket_id in sorted(rows, key=lambda row: (row.ticket_id or 0, row.id)):  # the order of every lock
        if ticket_id is not None:
            await lifecycle.lock(session, ticket_id)
        statement = select(Chat).where(Chat.id == chat_id).with_for_update().execution_options(populate_existing=True)
        await _fell_silent(session, (await session.scalars(statement)).one())
    return len(rows)


async def _fell_silent(session: AsyncSession, chat: Chat) -> None:
    now = clock.now()
    facts: dict[str, Any] | None = None
    if chat.ticket_id is not None:
        facts = audience(await lifecycle.lock(session, chat.ticket_id))
    if chat.left_at is None and chat.seen_at < now - GRACE:
        chat.left_at = now
        if facts and chat.state == "open":
            events.record(session, VisitorLeft(chat_id=chat.id, **facts))
    if chat.gone_at is None and chat.seen_at < now - _gone:
        chat.gone_at = now
        await session.flush()
        if facts:
            await _to_mail(session, chat, facts)


async def _to_mail(session: AsyncSession, chat: Chat, facts: dict[str, Any]) -> None:
    """Tell the agents, and have mailed what has not reached the visitor's browser."""
    address = await conversations.address_of(session, chat)
    if chat.state == "open":
        events.record(session, TurnedToMail(chat_id=chat.id, address=address, **facts))
    if address is None or chat.ticket_id is None:
        return
    await delivery.hurry(session, chat.ticket_id, CHANNEL)
    upto = chat.last_seq
    for row in await _unreached(session, chat, chat.acked_seq, upto, ["sent"]):
        moved = await delivery.move(
            session, row.id, "queued", only_from=("sent",), rule="The visitor had left", send_at=clock.now(), attempts=0
        )
        if moved is not None:
            await delivery.request_send(session, moved)


async def _unreached(session: AsyncSession, chat: Chat, after: int, upto: int, states: list[str]) -> list[Any]:
    return await _UNREACHED.all(session, chat_id=chat.id, after=after, upto=upto, channel=CHANNEL, states=states)


async def got(session: AsyncSession, chat_id: int, seq: int) -> None:
    """The visitor's browser has everything up to a number: those answers are delivered."""
    chat = await session.get_one(Chat, chat_id, populate_existing=True)
    seq = min(seq, chat.last_seq)
    before = chat.acked_seq
    if seq <= before:
        return
    for row in await _unreached(session, chat, before, seq, ["sent"]):
        await delivery.move(session, row.id, "delivered", only_from=("sent",))
    await session.execute(update(Chat).where(Chat.id == chat_id, Chat.acked_seq < seq).values(acked_seq=seq))


async def has_read(session: AsyncSession, chat_id: int, seq: int) -> None:
    """The visitor has looked at everything up to a number."""
    chat = await session.get_one(Chat, chat_id, populate_existing=True)
    seq = min(seq, chat.last_seq)
    if seq <= chat.read_seq:
        return
    await got(session, chat_id, seq)
    newest = (
        select(ChatItem.message_id)
        .where(ChatItem.chat_id == chat_id, ChatItem.seq <= seq, ChatItem.kind == "said")
        .where(ChatItem.data["by"].astext == "agent")
        .order_by(ChatItem.seq.desc())
        .limit(1)
    )
    message_id = await session.scalar(newest)
    if message_id is not None and chat.ticket_id is not None:
        facts = audience(await lifecycle.lock(session, chat.ticket_id))
        events.record(session, VisitorRead(chat_id=chat_id, message_id=message_id, **facts))
    await session.execute(update(Chat).where(Chat.id == chat_id, Chat.read_seq < seq).values(read_seq=seq))
    stream.moved(session, chat_id, chat.ticket_id)

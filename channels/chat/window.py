"""What the visitor's window shows beside the stream, read in one statement."""

from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core.actor import Actor
from core.errors import NotFound
from core.sql import Sql
from tickets import attachments
from tickets.models import Attachment

MOST_PRESENT: Final = 500


class Window(msgspec.Struct, frozen=True, rename="camel"):
    """The state of a conversation.

    Attributes:
        agent: first name of whose it is; None while nobody's.
        agent_seq: how far an agent has read.
        read_seq: how far the visitor has.
        by_mail: answers go by mail.
        email: where to; what the visitor has named himself, or his site.
    """

    id: int
    state: str
    last_seq: int
    agent: str | None
    agent_seq: int
    read_seq: int
    by_mail: bool
    name: str
    email: str | None
    is_signed: bool
    rating: int | None


_READ = Sql(
    """
    select c.id, c.state, c.last_seq, c.agent_seq, c.read_seq, c.gone_at is not null as by_mail, c.name, c.email,
        c.is_signed, c.rating, c.ticket_id, t.team_id, t.assignee_id,
        (select split_part(a.name, ' ', 1) from agents a where a.id = t.assignee_id) as agent
    from chats c left join tickets t on t.id = c.ticket_id where c.id = :chat_id
    """
)


class Place(msgspec.Struct, frozen=True):
    """Where a conversation is in the desk: decides which agents may hear of its visitor."""

    ticket_id: int | None
    team_id: int | None
    assignee_id: int | None


async def read(session: AsyncSession, chat_id: int) -> tuple[Window, Place]:
    """The window of a conversation, and where that is in the desk."""
    row: Any = await _READ.first(session, chat_id=chat_id)
    shown = Window(**{name: row[name] for name in Window.__struct_fields__})
    return shown, Place(row.ticket_id, row.team_id, row.assignee_id)


_FILE = Sql(
    """
    select a.id from attachments a join chat_items i on i.message_id = a.message_id
    where i.chat_id = :chat_id and i.kind = 'said' and a.id = :attachment_id
    """
)


async def file_of(session: AsyncSession, chat_id: int, attachment_id: int) -> Attachment:
    """A file that was sent in a conversation.

    Raises:
        NotFound: there is none, or it is in another one.
    """
    if await _FILE.scalar(session, chat_id=chat_id, attachment_id=attachment_id) is None:
        raise NotFound("There is no such file.")
    return await attachments.get(session, attachment_id)


_READ_MESSAGE = Sql(
    """
    select i.message_id from chats c join chat_items i on i.chat_id = c.id and i.seq <= c.read_seq
    where c.id = :chat_id and i.kind = 'said' and i.data ->> 'by' = 'agent' order by i.seq desc limit 1
    """
)


async def read_message(session: AsyncSession, chat_id: int) -> int | None:
    """The newest message of ours that the visitor has looked at."""
    found: int | None = await _READ_MESSAGE.scalar(session, chat_id=chat_id)
    return found


_PRESENT = Sql(
    """
    select t.id, c.page_title from chats c join tickets t on t.id = c.ticket_id
    where c.gone_at is null and c.left_at is null and c.state = 'open' and (cast(:all as boolean) or t.team_id is null
        or t.team_id = any(cast(:teams as bigint[])) or t.assignee_id = cast(:actor as bigint))
    order by c.id desc limit :limit
    """
)


async def present(session: AsyncSession, actor: Actor) -> list[tuple[int, str]]:
    """(ticket, title of the page) of the visitors who are there, in conversations that ``actor`` may see.

    The condition is that of ``tickets/access.visible_to``; a test compares the two.
    """
    rows = await _PRESENT.all(
        session, all=actor.sees_all_tickets, teams=list(actor.team_ids), actor=actor.id, limit=MOST_PRESENT
    )
    return [(row.id, row.page_title) for row in rows]


class VisitorWhisper(msgspec.Struct, omit_defaults=True, tag_field="t", tag="visitor"):
    """What the processes tell each other of a visitor, worth nothing later (see ``core.live.Hub.whisper``).

    ``online`` and ``typing`` are how he is now; ``team_id`` (0: none) and ``assignee_id`` decide who may hear of it.
    """

    ticket_id: int
    online: bool = True
    typing: bool = False
    page_url: str = ""
    page_title: str = ""
    team_id: int = 0
    assignee_id: int | None = None


class AgentWhisper(msgspec.Struct, omit_defaults=True):
    """What is understood of an agent's whisper (``agent_ui/watching.py``): she types in a ticket."""

    ticket_id: int
    name: str
    agent_id: int
    typing: bool = False
    is_reply: bool = True

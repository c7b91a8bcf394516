"""Conversations from the visitor's side: begin one, say who he is, end it, rate it; and find one for a ticket.

Called by the portal, which has recognised the visitor. What he says goes through the ledger (``reader.py``).
"""

from typing import Final

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from channels.chat import stream
from channels.chat.events import ChatEnded
from channels.chat.models import Chat, ChatVisitor, Widget
from channels.chat.widgets import CHANNEL
from core import clock, events
from core.actor import Actor, ActorKind
from core.errors import Invalid
from customers import service as customers
from customers.contacts import normalise_email
from tickets import lifecycle, satisfaction
from tickets.events import audience
from tickets.intake import clean
from tickets.satisfaction import Rating

BEST: Final = 5
LONGEST_COMMENT: Final = 1000


class Beginning(msgspec.Struct, frozen=True, kw_only=True):
    """What is known when a conversation begins."""

    name: str = ""
    email: str = ""
    language: str = "en"
    time_zone: str | None = None
    page_url: str = ""
    page_title: str = ""


def tidy(value: str, most: int) -> str:
    """Words of a stranger on one line, cut."""
    return " ".join(clean(value).split())[:most]


async def current(session: AsyncSession, visitor: ChatVisitor) -> Chat | None:
    """The visitor's newest conversation."""
    statement = select(Chat).where(Chat.visitor_id == visitor.id).order_by(Chat.id.desc()).limit(1)
    return await session.scalar(statement)


async def begin(session: AsyncSession, widget: Widget, visitor: ChatVisitor, beginning: Beginning) -> Chat:
    """The visitor's open conversation, begun when there is none.

    Raises:
        Invalid: a field is missing that this widget asks for, or the address is not one.
    """
    await session.execute(select(ChatVisitor.id).where(ChatVisitor.id == visitor.id).with_for_update())
    chat = await current(session, visitor)
    if chat is not None and chat.state == "open":
        return chat
    name = tidy(beginning.name, 120) or visitor.name
    email = normalise_email(beginning.email) if beginning.email.strip() else visitor.email
    _ask(widget, name, email)
    now = clock.now()
    chat = Chat(
        widget_id=widget.id,
        visitor_id=visitor.id,
        state="open",
        name=name,
        email=email,
        is_signed=visitor.external_id is not None,
        language=beginning.language,
        time_zone=beginning.time_zone if clock.is_time_zone(beginning.time_zone or "") else None,
        page_url=clean(beginning.page_url)[:2000],
        page_title=tidy(beginning.page_title, 300),
        last_seq=0,
        started_at=now,
        seen_at=now,
        rating_comment="",
    )
    session.add(chat)
    visitor.name, visitor.email = name, email
    await session.flush()
    return chat


def _ask(widget: Widget, name: str, email: str | None) -> None:
    if widget.fields.get("name") == "required" and not name:
        raise Invalid.field("name", "A name is needed.")
    if widget.fields.get("email") == "required" and email is None:
        raise Invalid.field("email", "An e-mail address is needed.")


async def leave_address(session: AsyncSession, visitor: ChatVisitor, chat: Chat, email: str) -> None:
    """Note where the conversation may go on. Another person's address is used for that, and merges nobody.

    Only a customer of whom no address is known gets it: whoever proves an address of hers later signs in as her, and
    nobody has proved that this visitor is the customer whose address he typed before.

    Raises:
        Invalid: it is not an address, or the site has vouched for another one.
    """
    address = normalise_email(email)
    if chat.is_signed:
        raise Invalid.field("email", "The address of this visitor is the one that the site has named.")
    chat.email = visitor.email = address
    if visitor.customer_id is not None:
        known = await customers.contacts_of(session, visitor.customer_id)
        if not any(each.kind == "email" for each in known):
            await customers.add_email(session, visitor.customer_id, address, CHANNEL)
    stream.moved(session, chat.id, chat.ticket_id)


def looks_at(chat: Chat, url: str, title: str) -> None:
    """Note which page the visitor is on."""
    chat.page_url, chat.page_title = clean(url)[:2000], tidy(title, 300)


async def end(session: AsyncSession, chat_id: int, by: str) -> Chat:
    """End a conversation; what is said after that begins another.

    Args:
        session: the unit of work.
        chat_id: which.
        by: ``agent`` or ``visitor``.
    """
    chat = await _locked(session, chat_id)
    if chat.state == "ended":
        return chat
    chat.state, chat.ended_at = "ended", clock.now()
    await session.flush()
    await stream.append(session, chat, "ended", {"by": by})
    if chat.ticket_id is not None:
        facts = audience(await lifecycle.lock(session, chat.ticket_id))
        events.record(session, ChatEnded(chat_id=chat.id, by=by, **facts), _visitor(chat) if by == "visitor" else None)
    return chat


async def _locked(session: AsyncSession, chat_id: int) -> Chat:
    """A conversation with its ticket, both locked, the ticket first as everywhere."""
    ticket_id = await session.scalar(select(Chat.ticket_id).where(Chat.id == chat_id))
    if ticket_id is not None:
        await lifecycle.lock(session, ticket_id)
    statement = select(Chat).where(Chat.id == chat_id).with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(statement)).one()


def _visitor(chat: Chat) -> Actor:
    return Actor(ActorKind.CUSTOMER, None, chat.name or "Visitor")


async def rate(session: AsyncSession, chat_id: int, score: int, comment: str) -> None:
    """Say how content the visitor is; he may change his mind.

    Raises:
        Invalid: the score is none of 1 to 5.
    """
    if not 1 <= score <= BEST:
        raise Invalid.field("score", "A score is a number from 1 to 5.")
    chat = await _locked(session, chat_id)
    chat.rating, chat.rating_comment = score, clean(comment).strip()[:LONGEST_COMMENT]
    await session.flush()
    await stream.append(session, chat, "rated", {"score": score})
    if chat.ticket_id is not None:
        answer = Rating(score=score, comment=chat.rating_comment)
        await satisfaction.rate(session, chat.ticket_id, answer, asked_now=True)


async def of_ticket(session: AsyncSession, ticket_id: int) -> Chat | None:
    """The newest conversation of a ticket; None for a ticket of another channel."""
    statement = select(Chat).where(Chat.ticket_id == ticket_id).order_by(Chat.id.desc()).limit(1)
    return await session.scalar(statement.execution_options(populate_existing=True))


async def address_of(session: AsyncSession, chat: Chat) -> str | None:
    """Where the conversation goes on when the visitor has left: what he named, or what is known of the customer.

    A customer's other addresses are taken only where her site has vouched for her.
    """
    if chat.email is not None or not chat.is_signed:
        return chat.email
    visitor = await session.get_one(ChatVisitor, chat.visitor_id)
    known = await customers.contacts_of(session, visitor.customer_id or 0)
    return next((each.value for each in known if each.kind == "email" and each.invalid_reason is None), None)


async def agent_has_read(session: AsyncSession, ticket_id: int) -> None:
    """Show the visitor that an agent has read what he wrote."""
    statement = (
        update(Chat)
        .where(Chat.ticket_id == ticket_id, Chat.state == "open", Chat.agent_seq < Chat.last_seq)
        .values(agent_seq=Chat.last_seq)
    )
    for chat_id in await session.scalars(statement.returning(Chat.id)):
        stream.moved(session, chat_id, ticket_id)

"""Visitors: known again by their browser's token or their site's signature; two of them are never merged."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from channels.chat.identity import Signed, VisitorTokens
from channels.chat.models import Chat, ChatVisitor, Widget
from channels.chat.widgets import CHANNEL
from core import clock
from customers import service as customers


async def recognise(session: AsyncSession, tokens: VisitorTokens, widget: Widget, token: str) -> ChatVisitor | None:
    """The visitor of a token; None when it proves nobody (made up, another widget's, over, forgotten)."""
    name_hash = tokens.name_in(token, widget.id)
    if name_hash is not None:
        return await session.scalar(select(ChatVisitor).where(ChatVisitor.name_hash == name_hash))
    visitor_id = tokens.visitor_in(token, widget.id)
    return await session.get(ChatVisitor, visitor_id) if visitor_id is not None else None


async def anonymous(session: AsyncSession, widget: Widget, name_hash: str) -> ChatVisitor:
    """A browser that has just agreed to chat."""
    visitor = ChatVisitor(
        widget_id=widget.id, name_hash=name_hash, name="", created_at=clock.now(), seen_at=clock.now()
    )
    session.add(visitor)
    await session.flush()
    return visitor


async def signed_in(session: AsyncSession, widget: Widget, signed: Signed) -> ChatVisitor:
    """The person whom the site has vouched for, made on the first visit. She is a customer from then on.

    The site's own id decides; her address is what it says today, and as good as proven.
    """
    now = clock.now()
    values = {"widget_id": widget.id, "external_id": signed.external_id, "created_at": now, "seen_at": now}
    made = insert(ChatVisitor).values(values)
    await session.execute(made.on_conflict_do_nothing(constraint="uq_chat_visitors_widget_external"))
    known = select(ChatVisitor).where(ChatVisitor.widget_id == widget.id, ChatVisitor.external_id == signed.external_id)
    visitor = (await session.scalars(known.with_for_update())).one()
    visitor.seen_at = now
    visitor.name = signed.name or visitor.name
    if visitor.customer_id is None:
        visitor.customer_id = await _customer(session, signed)
    if signed.email is not None and visitor.email != signed.email:
        visitor.email = signed.email
        if await customers.add_email(session, visitor.customer_id, signed.email, CHANNEL):
            await customers.confirm_email(session, visitor.customer_id, signed.email)
    return visitor


async def _customer(session: AsyncSession, signed: Signed) -> int:
    if signed.email is None:
        return (await customers.create_unknown(session, signed.name or signed.external_id, CHANNEL)).id
    return (await customers.find_or_create(session, signed.email, signed.name, CHANNEL)).id


async def customer_of(session: AsyncSession, visitor: ChatVisitor, chat: Chat) -> int:
    """Whose a conversation is: the person whom the site has signed, or who the visitor says to be.

    A typed address is a claim like the From line of a mail: it leads to the customer who has it, and stays unverified.
    """
    if visitor.customer_id is None:
        if chat.email is not None:
            found = await customers.find_or_create(session, chat.email, chat.name, CHANNEL, chat.language)
        else:
            found = await customers.create_unknown(
                session, chat.name or f"Visitor {visitor.id}", CHANNEL, chat.language
            )
        visitor.customer_id = found.id
    return visitor.customer_id

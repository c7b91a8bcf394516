"""Puts together what an agent sees of a live conversation beside its ticket. Called by ``agent_ui/api/chats``."""

from agent_ui.deps import Desk
from agent_ui.views.chat import ChatView, Goes, PresentVisitor
from channels.chat import conversations, window
from channels.chat.models import Chat, Widget
from core.errors import NotFound


async def chat_of(desk: Desk, ticket_id: int) -> Chat:
    """The conversation of a ticket.

    Raises:
        NotFound: it has none.
    """
    chat = await conversations.of_ticket(desk.session, ticket_id)
    if chat is None:
        raise NotFound("This ticket has no live conversation.")
    return chat


async def read(desk: Desk, ticket_id: int) -> ChatView:
    """The conversation as its ticket shows it.

    Raises:
        NotFound: it has none.
    """
    chat = await chat_of(desk, ticket_id)
    address = await conversations.address_of(desk.session, chat)
    widget = await desk.session.get_one(Widget, chat.widget_id)
    return ChatView(
        id=chat.id,
        state=chat.state,
        widget=widget.name,
        name=chat.name,
        email=address,
        is_signed=chat.is_signed,
        is_online=chat.left_at is None,
        left_at=chat.left_at,
        goes=_goes(chat, address),
        page_url=chat.page_url,
        page_title=chat.page_title,
        read_message_id=await window.read_message(desk.session, chat.id),
        rating=chat.rating,
        rating_comment=chat.rating_comment,
        time_zone=chat.time_zone,
    )


def _goes(chat: Chat, address: str | None) -> Goes:
    if chat.gone_at is None:
        return "window"
    return "mail" if address is not None else "nowhere"


async def present(desk: Desk) -> list[PresentVisitor]:
    """Visitors who are there now, in conversations that the agent may see."""
    found = await window.present(desk.session, desk.actor)
    return [PresentVisitor(ticket_id=ticket_id, page_title=title) for ticket_id, title in found]

"""Live conversations: who is there, end one, mail it to its visitor."""

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from agent_ui import chat_page
from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.base import PathId
from agent_ui.views.chat import ChatView, PresentVisitor, TranscriptInput, TranscriptView
from channels.chat import conversations, transcript


class ChatController(Controller):
    """Chats."""

    tags = ["Chats"]

    @get("/chats", guards=[requires("tickets:read")], summary="Visitors who are there")
    async def present(self, desk: NamedDependency[Desk]) -> list[PresentVisitor]:
        """The open conversations that the agent may see and whose visitor has a page open."""
        return await chat_page.present(desk)

    @get("/tickets/{ticket_id:int}/chat", guards=[requires("tickets:read")], summary="The conversation of a ticket")
    async def read(self, desk: NamedDependency[Desk], ticket_id: PathId) -> ChatView:
        """The newest conversation; 404 for a ticket that has none."""
        return await chat_page.read(desk, await desk.may_see(ticket_id))

    @post(
        "/tickets/{ticket_id:int}/chat/end",
        guards=[requires("tickets:reply")],
        status_code=200,
        summary="End a conversation",
    )
    async def end(self, desk: NamedDependency[Desk], ticket_id: PathId) -> ChatView:
        """The visitor is told, and asked how it was."""
        chat = await chat_page.chat_of(desk, await desk.may_see(ticket_id))
        await conversations.end(desk.session, chat.id, "agent")
        return await chat_page.read(desk, ticket_id)

    @post(
        "/tickets/{ticket_id:int}/chat/transcript",
        guards=[requires("tickets:reply")],
        status_code=200,
        summary="Mail a conversation to its visitor",
    )
    async def mail(
        self, desk: NamedDependency[Desk], ticket_id: PathId, data: JSONBody[TranscriptInput]
    ) -> TranscriptView:
        """To the visitor's address, or to another that he has named."""
        chat = await chat_page.chat_of(desk, await desk.may_see(ticket_id))
        return TranscriptView(email=await transcript.send(desk.session, chat, data.email))

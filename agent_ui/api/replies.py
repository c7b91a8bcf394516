"""What agents write: replies, notes, drafts, and what becomes of a sending."""

from typing import Annotated, Any, Literal

from litestar import Controller, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from agent_ui import canned, forwarding, ticket_page
from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.base import PathId, given
from agent_ui.views.tickets import (
    DraftInput,
    NoteInput,
    ReplyInput,
    RetryInput,
    SentView,
    UndoView,
    addresses,
    seen,
)
from tickets import access, delivery, detail, drafts, reply
from tickets.detail import DraftItem
from tickets.timeline import MessageItem, NoteItem

Mode = Literal["reply", "note"]


class ReplyController(Controller):
    """Replies, notes and drafts of a ticket."""

    path = "/tickets/{ticket_id:int}"
    tags = ["Writing"]
    guards = [requires("tickets:reply")]

    @post("/replies", summary="Answer the customer")
    async def reply(self, desk: NamedDependency[Desk], ticket_id: PathId, data: JSONBody[ReplyInput]) -> SentView:
        """Send an answer. The same ``clientKey`` again gives what was sent the first time.

        409 ``stale-reply`` names in ``newItems`` what the author had not seen; ``force`` sends all the same.
        """
        await desk.may_see(ticket_id)
        await ticket_page.mailbox_of(desk, data.from_address)
        people = {name: addresses(name, getattr(data, name)) for name in ("to", "cc", "bcc")}
        fields: dict[str, Any] = given(data) | people
        fields |= {
            "html": desk.links.stored(data.html),
            "last_seen": seen(data.last_seen),
            "undo_seconds": desk.runtime.settings.undo_send_seconds,
            "quoted": await forwarding.quoted(desk, ticket_id, fields.pop("forward_of", None)),
        }
        macro_ids = fields.pop("macro_ids", [])
        async with ticket_page.telling_what_is_new(desk, ticket_id):
            message = await reply.reply(desk.session, ticket_id, reply.ReplyContent(**fields))
        await canned.used(desk, macro_ids, message, data.send_at)
        return await ticket_page.sent(desk, ticket_id, message.id)

    @post("/notes", summary="Leave a note for colleagues")
    async def note(self, desk: NamedDependency[Desk], ticket_id: PathId, data: JSONBody[NoteInput]) -> SentView:
        """Leave a note that no customer ever sees. The same ``clientKey`` again gives the same note."""
        await desk.may_see(ticket_id)
        fields: dict[str, Any] = given(data) | {"html": desk.links.stored(data.html)}
        message = await reply.note(desk.session, ticket_id, reply.NoteContent(**fields))
        return await ticket_page.sent(desk, ticket_id, message.id)

    @get("/drafts", summary="One's own drafts")
    async def list_drafts(self, desk: NamedDependency[Desk], ticket_id: PathId) -> list[DraftItem]:
        """What this agent has written here and not sent."""
        found = await detail.drafts_of(desk.source, desk.actor, await desk.may_see(ticket_id))
        return [ticket_page.shown_draft(desk, draft) for draft in found]

    @put("/drafts/{mode:str}", summary="Keep a draft")
    async def save_draft(
        self,
        desk: NamedDependency[Desk],
        ticket_id: PathId,
        mode: FromPath[Mode],
        data: JSONBody[DraftInput],
    ) -> DraftItem:
        """Keep a draft; returns what is kept, which is newer when this request came late."""
        await desk.may_see(ticket_id)
        markup = desk.links.stored(data.html)
        await drafts.save(desk.session, ticket_id, mode, markup, data.revision, data.attachment_ids)
        return ticket_page.shown_draft(desk, await detail.draft_of(desk.session, desk.actor, ticket_id, mode))

    @delete("/drafts/{mode:str}", status_code=204, summary="Throw a draft away")
    async def discard_draft(
        self,
        desk: NamedDependency[Desk],
        ticket_id: PathId,
        mode: FromPath[Mode],
        revision: Annotated[int | None, QueryParameter(ge=0, le=2**53)] = None,
    ) -> None:
        """Throw a draft away, unless it is newer than ``revision``."""
        await drafts.discard(desk.session, await desk.may_see(ticket_id), mode, revision)


class DeliveryController(Controller):
    """Sendings."""

    path = "/deliveries/{delivery_id:int}"
    tags = ["Writing"]
    guards = [requires("tickets:reply")]

    @post("/undo", status_code=200, summary="Take a reply back")
    async def undo(self, desk: NamedDependency[Desk], delivery_id: PathId) -> UndoView:
        """Take one's own reply back while it waits; its text is a draft again. 409 ``too-late`` when it is gone."""
        sending = await access.get_delivery(desk.session, desk.actor, delivery_id)
        draft = await delivery.undo(desk.session, sending.id)
        taken_back = await detail.draft_of(desk.session, desk.actor, sending.ticket_id, draft.mode)
        return UndoView(
            draft=ticket_page.shown_draft(desk, taken_back),
            item=await ticket_page.shown_item(desk, sending.ticket_id, sending.message_id),
        )

    @post("/send-now", status_code=200, summary="Send at once what was to leave later")
    async def send_now(self, desk: NamedDependency[Desk], delivery_id: PathId) -> MessageItem | NoteItem:
        """Send a scheduled reply at once. 409 ``too-late`` when it has left or was taken back."""
        sending = await access.get_delivery(desk.session, desk.actor, delivery_id)
        await delivery.send_now(desk.session, sending.id)
        return await ticket_page.shown_item(desk, sending.ticket_id, sending.message_id)

    @post("/retry", status_code=200, summary="Send again")
    async def retry(
        self, desk: NamedDependency[Desk], delivery_id: PathId, data: JSONBody[RetryInput]
    ) -> MessageItem | NoteItem:
        """Send a message again that failed, bounced, or whose fate is unknown; to other addresses if named."""
        sending = await access.get_delivery(desk.session, desk.actor, delivery_id)
        to = None if data.to is None else addresses("to", data.to)
        await delivery.retry(desk.session, sending.id, to)
        return await ticket_page.shown_item(desk, sending.ticket_id, sending.message_id)

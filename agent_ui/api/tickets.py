"""Lists of tickets, one ticket, and what is done to it."""

import uuid
from typing import Annotated, Literal

from litestar import Controller, Response, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromQuery, HeaderParameter, JSONBody

from agent_ui import ticket_page
from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.limits import allow
from agent_ui.views.base import Page, PathId, etag, given, version_of
from agent_ui.views.tickets import (
    BlockedView,
    BlockInput,
    DecisionView,
    NewTicketInput,
    ProductInput,
    SplitInput,
    TicketChangeInput,
    TicketView,
    addresses,
    decision_view,
)
from channels.email import blocking
from core.errors import Invalid
from routing import assignment
from staff import agents
from tickets import counters, detail, lifecycle, listing, product, reply, searching, split, timeline
from tickets.counters import ViewCount
from tickets.listing import ListQuery, TicketPage
from tickets.timeline import Item, TimelinePage

IfMatch = Annotated[str | None, HeaderParameter(name="If-Match")]


class TicketController(Controller):
    """Tickets."""

    tags = ["Tickets"]

    @get("/views", guards=[requires("tickets:read")], summary="Views with their numbers")
    async def views(self, desk: NamedDependency[Desk]) -> list[ViewCount]:
        """The views of the inbox; a number of 1000 stands for 1000 or more."""
        return await counters.count_views(desk.source, desk.actor)

    @get("/tickets", guards=[requires("tickets:read")], summary="A page of a list")
    async def list_tickets(
        self,
        desk: NamedDependency[Desk],
        view: FromQuery[str | None] = None,
        sort: FromQuery[Literal["activity", "due", "relevance"]] = "activity",
        status: FromQuery[str] = "",
        q: FromQuery[str] = "",
        cursor: FromQuery[str | None] = None,
        limit: FromQuery[int] = 50,
    ) -> TicketPage:
        """Tickets that the agent may see: of a view, of some statuses (comma separated), or found by words.

        ``sort=relevance`` finds ``q`` in all that was said, as ``/api/search`` does, the best first; it takes no view.
        """
        if q:
            allow("search", desk.agent_id)
        statuses = tuple(part for part in status.split(",") if part)
        if sort == "relevance":
            if view is not None or not q:
                raise Invalid.field("sort", "Only what is found by words, without a view, can be sorted by relevance.")
            return await searching.page(desk.session, desk.actor, q, statuses, cursor, max(1, min(limit, 100)))
        query = ListQuery(view=view, sort=sort, statuses=statuses, q=q, cursor=cursor, limit=limit)
        return await listing.list_tickets(desk.source, desk.actor, query)

    @post("/tickets", guards=[requires("tickets:create")], summary="Write to a customer first")
    async def create(self, desk: NamedDependency[Desk], data: JSONBody[NewTicketInput]) -> Response[TicketView]:
        """Open a ticket with a first message to the customer."""
        fields = given(data)
        fields["account_id"] = data.account_id or await ticket_page.mailbox_of(desk, data.from_address)
        fields["html"] = desk.links.stored(data.html)
        fields |= {name: addresses(name, getattr(data, name)) for name in ("cc", "bcc")}
        if data.customer_email is not None:
            addresses("customerEmail", [data.customer_email])
        fields["client_key"] = data.client_key or str(uuid.uuid4())
        content = reply.NewTicket(**fields, undo_seconds=desk.runtime.settings.undo_send_seconds)
        ticket, _ = await reply.open_ticket(desk.session, content)
        view = await ticket_page.read_after_change(desk, ticket.id)
        return Response(view, status_code=201, headers=etag(view.version))

    @get("/tickets/{ticket_id:int}", guards=[requires("tickets:read")], summary="One ticket")
    async def read(self, desk: NamedDependency[Desk], ticket_id: PathId) -> Response[TicketView]:
        """The ticket with the newest page of its timeline; ``ETag`` names its version."""
        view = await ticket_page.read(desk, ticket_id)
        return Response(view, headers=etag(view.version))

    @patch("/tickets/{ticket_id:int}", guards=[requires("tickets:change")], summary="Change a ticket")
    async def change(
        self,
        desk: NamedDependency[Desk],
        ticket_id: PathId,
        data: JSONBody[TicketChangeInput],
        if_match: IfMatch = None,
    ) -> Response[TicketView]:
        """Change what was sent. With ``If-Match`` only if nobody else has changed it (412 with the current ticket)."""
        await desk.may_see(ticket_id)
        wanted = lifecycle.TicketChange(**given(data))
        async with ticket_page.telling_what_is_new(desk, ticket_id):
            await lifecycle.change(desk.session, ticket_id, wanted, version_of(if_match))
        view = await ticket_page.read_after_change(desk, ticket_id)
        return Response(view, headers=etag(view.version))

    @post(
        "/tickets/{ticket_id:int}/claim",
        guards=[requires("tickets:change")],
        status_code=200,
        summary="Take a ticket",
    )
    async def claim(self, desk: NamedDependency[Desk], ticket_id: PathId) -> Response[TicketView]:
        """Become the owner of a ticket that has none; 409 names who was faster."""
        await lifecycle.claim(desk.session, await desk.may_see(ticket_id))
        view = await ticket_page.read_after_change(desk, ticket_id)
        return Response(view, headers=etag(view.version))

    @get("/tickets/{ticket_id:int}/timeline", guards=[requires("tickets:read")], summary="Older or newer items")
    async def timeline(
        self,
        desk: NamedDependency[Desk],
        ticket_id: PathId,
        before: FromQuery[str | None] = None,
        after: FromQuery[str | None] = None,
        limit: FromQuery[int] = 50,
    ) -> Page[Item]:
        """The page before a key, oldest first (``next`` is the key of the one before), or what came after an item."""
        await desk.may_see(ticket_id)
        page: TimelinePage
        if after is not None and not timeline.is_key(after):
            raise Invalid.field("after", "This is no item's key.")
        if after is not None:
            page = await timeline.read_after(desk.source, ticket_id, after)
        else:
            page = await timeline.read(desk.source, ticket_id, before, limit)
        return Page(items=await ticket_page.shown(desk, ticket_id, page.items), next=page.before)

    @post("/tickets/{ticket_id:int}/read", guards=[requires("tickets:read")], status_code=204, summary="Mark as read")
    async def mark_read(self, desk: NamedDependency[Desk], ticket_id: PathId) -> None:
        """Note that the agent has read the ticket up to its newest message."""
        await lifecycle.mark_read(desk.session, await desk.may_see(ticket_id))

    @post(
        "/tickets/{ticket_id:int}/unread",
        guards=[requires("tickets:read")],
        status_code=204,
        summary="Mark as unread",
    )
    async def mark_unread(self, desk: NamedDependency[Desk], ticket_id: PathId) -> None:
        """Make the ticket look new to this agent."""
        await lifecycle.mark_unread(desk.session, await desk.may_see(ticket_id))

    @put("/tickets/{ticket_id:int}/product", guards=[requires("tickets:change")], summary="Choose the product")
    async def choose_product(
        self, desk: NamedDependency[Desk], ticket_id: PathId, data: JSONBody[ProductInput], if_match: IfMatch = None
    ) -> Response[TicketView]:
        """Say which registered product it is about. What was frozen when the ticket was opened stays as it is."""
        await desk.may_see(ticket_id)
        async with ticket_page.telling_what_is_new(desk, ticket_id):
            await product.choose(desk.session, ticket_id, data.registration_id, version_of(if_match))
        view = await ticket_page.read_after_change(desk, ticket_id)
        return Response(view, headers=etag(view.version))

    @post(
        "/tickets/{ticket_id:int}/entitlement",
        guards=[requires("tickets:change")],
        status_code=200,
        summary="Freeze the entitlement anew",
    )
    async def apply_entitlement(self, desk: NamedDependency[Desk], ticket_id: PathId) -> Response[TicketView]:
        """Take over what the chosen product is entitled to now; the history keeps what was frozen before."""
        await product.apply_entitlement(desk.session, await desk.may_see(ticket_id))
        view = await ticket_page.read_after_change(desk, ticket_id)
        return Response(view, headers=etag(view.version))

    @post(
        "/tickets/{ticket_id:int}/split", guards=[requires("tickets:change")], summary="Give a message its own ticket"
    )
    async def split(
        self, desk: NamedDependency[Desk], ticket_id: PathId, data: JSONBody[SplitInput]
    ) -> Response[TicketView]:
        """Move a message of the customer, with its files, into a new ticket, which is returned."""
        made = await split.split(desk.session, await desk.may_see(ticket_id), data.message_id)
        view = await ticket_page.read_after_change(desk, made.id)
        return Response(view, status_code=201, headers=etag(view.version))

    @post(
        "/tickets/{ticket_id:int}/block-sender",
        guards=[requires("tickets:change")],
        status_code=200,
        summary="Block the sender",
    )
    async def block_sender(
        self, desk: NamedDependency[Desk], ticket_id: PathId, data: JSONBody[BlockInput]
    ) -> BlockedView:
        """Open no more tickets for mails from the address that wrote here last; the ledger keeps them."""
        address = await detail.sender_of(desk.session, await desk.may_see(ticket_id))
        rule = await blocking.add(desk.session, address, data.reason)
        return BlockedView(pattern=rule.pattern, reason=rule.reason)

    @get("/tickets/{ticket_id:int}/decisions", guards=[requires("routing:read")], summary="Why it went to whom")
    async def decisions(self, desk: NamedDependency[Desk], ticket_id: PathId) -> list[DecisionView]:
        """The router's decisions with every candidate, newest first."""
        found = await assignment.decisions(desk.session, await desk.may_see(ticket_id))
        chosen = {one.chosen_agent_id for one in found if one.chosen_agent_id is not None}
        names = await agents.names(desk.session, chosen)
        return [decision_view(one, names) for one in found]

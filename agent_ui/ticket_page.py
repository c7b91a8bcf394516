"""Puts a ticket's screen together from tickets, channels, routing and the live socket. Called by ``agent_ui/api``."""

import contextlib
from collections.abc import AsyncIterator

from agent_ui import html
from agent_ui.deps import Desk
from agent_ui.views.tickets import Mailbox, Routing, SentView, TicketView, Viewer, ticket_view
from channels.models import ChannelAccount
from core.errors import Stale
from routing import assignment
from tickets import detail, timeline
from tickets.detail import Detail
from tickets.errors import StaleReply


async def read(desk: Desk, ticket_id: int) -> TicketView:
    """A ticket that the agent may see.

    Raises:
        NotFound: there is none, or she may not know that there is.
    """
    return await _view(desk, await detail.read(desk.session, desk.actor, ticket_id))


async def read_after_change(desk: Desk, ticket_id: int) -> TicketView:
    """The same just after she has changed it, also when that has moved it out of her sight."""
    found = await detail.read_after_change(desk.session, desk.actor, ticket_id)
    return await _view(desk, found)


async def _view(desk: Desk, found: Detail) -> TicketView:
    html.show(found.timeline.items)
    mailbox = None
    if found.account_id is not None:
        account = await desk.session.get(ChannelAccount, found.account_id)
        mailbox = Mailbox(name=account.display_name, address=account.address) if account else None
    decisions = await assignment.decisions(desk.session, found.row.id, limit=1)
    viewers = [Viewer(agent_id=one.agent_id, name=one.name, state=one.mode) for one in desk.watching.of(found.row.id)]
    reason = Routing(reason=decisions[0].reason) if decisions else None
    return ticket_view(found, mailbox, reason, viewers)


async def sent(desk: Desk, ticket_id: int, message_id: int) -> SentView:
    """What was written just now, with the ticket's row."""
    item = html.show_item(await timeline.item_of(desk.session, message_id))
    return SentView(item=item, ticket=await detail.row_after_change(desk.session, desk.actor, ticket_id))


@contextlib.asynccontextmanager
async def telling_what_is_new(desk: Desk, ticket_id: int) -> AsyncIterator[None]:
    """Add to a refusal what the author has to see before she decides: the new messages, or the ticket as it is now."""
    try:
        yield
    except StaleReply as problem:
        items = await timeline.items_of(desk.session, problem.message_ids)
        problem.extra["newItems"] = [html.show_item(item) for item in items]
        raise
    except Stale as problem:
        desk.session.expire_all()
        problem.extra["current"] = await read(desk, ticket_id)
        raise

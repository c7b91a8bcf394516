"""What agents promise customers, and the mark that nobody waits for an answer."""

from litestar import Controller, Response, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from agent_ui import ticket_page
from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.base import PathId, etag
from agent_ui.views.sla import PromiseInput
from agent_ui.views.tickets import TicketView
from routing import promising
from tickets import no_reply

REPLY = requires("tickets:reply")


class PromiseController(Controller):
    """Promises beside a ticket. Each route returns the ticket as it is then."""

    tags = ["Tickets"]
    guards = [REPLY]

    @post("/tickets/{ticket_id:int}/promises", summary="Promise something")
    async def make(
        self, desk: NamedDependency[Desk], ticket_id: PathId, data: JSONBody[PromiseInput]
    ) -> Response[TicketView]:
        """Give the customer of a ticket one's word; with ``isTold`` she sees it on the portal."""
        await promising.make(desk.session, await desk.may_see(ticket_id), data.words())
        return await _ticket(desk, ticket_id, 201)

    @put("/promises/{promise_id:int}", summary="Promise it for another moment")
    async def move(
        self, desk: NamedDependency[Desk], promise_id: PathId, data: JSONBody[PromiseInput]
    ) -> Response[TicketView]:
        """Other words, another moment; that it was broken before stays on record."""
        ticket_id = await _seen(desk, promise_id)
        await promising.move(desk.session, promise_id, data.words())
        return await _ticket(desk, ticket_id)

    @post("/promises/{promise_id:int}/keep", status_code=200, summary="It was done")
    async def keep(self, desk: NamedDependency[Desk], promise_id: PathId) -> Response[TicketView]:
        """What was promised was done, in time or late."""
        ticket_id = await _seen(desk, promise_id)
        await promising.keep(desk.session, promise_id)
        return await _ticket(desk, ticket_id)

    @post("/promises/{promise_id:int}/withdraw", status_code=200, summary="It is promised no more")
    async def withdraw(self, desk: NamedDependency[Desk], promise_id: PathId) -> Response[TicketView]:
        """The customer is not shown it any more; the history keeps it."""
        ticket_id = await _seen(desk, promise_id)
        await promising.withdraw(desk.session, promise_id)
        return await _ticket(desk, ticket_id)

    @post("/tickets/{ticket_id:int}/no-reply-needed", status_code=200, summary="No reply is needed")
    async def no_reply_needed(self, desk: NamedDependency[Desk], ticket_id: PathId) -> Response[TicketView]:
        """The customer's last words need no answer; a ticket that they have opened again is solved as before."""
        await no_reply.no_reply_needed(desk.session, await desk.may_see(ticket_id))
        return await _ticket(desk, ticket_id)


async def _seen(desk: Desk, promise_id: int) -> int:
    return await desk.may_see(await promising.ticket_of(desk.session, promise_id))


async def _ticket(desk: Desk, ticket_id: int, status: int = 200) -> Response[TicketView]:
    view = await ticket_page.read_after_change(desk, ticket_id)
    return Response(view, status_code=status, headers=etag(view.version))

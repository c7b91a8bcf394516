"""Senders whose mails open no ticket."""

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.base import PathId
from agent_ui.views.ledger import BlockedView, BlockInput, blocked_sender
from channels.email import blocking


class BlockedController(Controller):
    """The rules by which mails are kept out; what they stopped stays in the ledger."""

    path = "/blocked-senders"
    tags = ["Administration"]
    guards = [requires("senders:block")]

    @get(summary="Blocked senders")
    async def list_blocked(self, desk: NamedDependency[Desk]) -> list[BlockedView]:
        """All rules, by pattern."""
        return [blocked_sender(rule) for rule in await blocking.listed(desk.session)]

    @post(summary="Block a sender")
    async def block(self, desk: NamedDependency[Desk], data: JSONBody[BlockInput]) -> BlockedView:
        """Block an address, or a domain with ``@`` before it; again: change the reason."""
        return blocked_sender(await blocking.add(desk.session, data.pattern, data.reason))

    @delete("/{blocked_id:int}", summary="Let a sender in again")
    async def unblock(self, desk: NamedDependency[Desk], blocked_id: PathId) -> None:
        """Take a rule away."""
        await blocking.remove(desk.session, blocked_id)

"""Presence of all: the supervisor's board, and what the desk says about breaks, idle times and wrap-ups."""

from litestar import Controller, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from agent_ui import people
from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.base import PathId
from agent_ui.views.people import PresenceView
from agent_ui.views.presence import (
    BoardRow,
    ForcedInput,
    HandedOverView,
    HandOverInput,
    OpenWorkView,
    PresenceRulesInput,
    PresenceRulesView,
    ReasonChange,
    ReasonInput,
    ReasonOrder,
    ReasonView,
    reason_view,
    rules_view,
    work_view,
)
from routing import handover, presence, presence_rules

SUPERVISE = requires("routing:supervise")
MANAGE = requires("routing:manage")


class BoardController(Controller):
    """Colleagues as a supervisor sees them."""

    path = "/board"
    tags = ["Routing"]
    guards = [SUPERVISE]

    @get(summary="The supervisor's board")
    async def board(self, desk: NamedDependency[Desk]) -> list[BoardRow]:
        """All agents with state, reason, load and open windows, by name."""
        return await people.board_rows(desk.session)

    @put("/agents/{agent_id:int}/presence", summary="Set a colleague's presence")
    async def force(self, desk: NamedDependency[Desk], agent_id: PathId, data: JSONBody[ForcedInput]) -> PresenceView:
        """Put her into a state; it holds until she chooses another herself, whatever her windows say."""
        await presence.force(desk.session, agent_id, data.state, data.reason)
        if data.hand_over:
            await handover.hand_over(desk.session, agent_id)
        return await people.presence_view(desk.session, agent_id)

    @get("/agents/{agent_id:int}/work", summary="A colleague's open work")
    async def work(self, desk: NamedDependency[Desk], agent_id: PathId) -> list[OpenWorkView]:
        """What she has not finished (200 at most)."""
        return [work_view(each) for each in await handover.open_work(desk.session, agent_id)]

    @post("/agents/{agent_id:int}/hand-over", status_code=200, summary="Hand over a colleague's work")
    async def hand_over(
        self, desk: NamedDependency[Desk], agent_id: PathId, data: JSONBody[HandOverInput]
    ) -> HandedOverView:
        """Give tickets of hers back to their queue; without a list all that wait now."""
        return HandedOverView(ticket_ids=await handover.hand_over(desk.session, agent_id, data.ticket_ids))


class PresenceReasonController(Controller):
    """Why agents take no new work."""

    path = "/presence-reasons"
    tags = ["Routing"]

    @get(guards=[requires("desk:use")], summary="Reasons for a break")
    async def list_reasons(self, desk: NamedDependency[Desk]) -> list[ReasonView]:
        """In the order in which they are offered."""
        return [reason_view(each) for each in await presence_rules.reasons(desk.session)]

    @post(guards=[MANAGE], summary="Offer a reason for a break")
    async def add(self, desk: NamedDependency[Desk], data: JSONBody[ReasonInput]) -> ReasonView:
        """One more, as the last one."""
        return reason_view(await presence_rules.add(desk.session, data.name, data.state))

    @put("/order", guards=[MANAGE], summary="Sort the reasons for a break")
    async def sort(self, desk: NamedDependency[Desk], data: JSONBody[ReasonOrder]) -> list[ReasonView]:
        """Offer them in this order."""
        await presence_rules.sort(desk.session, data.ids)
        await desk.session.flush()
        return [reason_view(each) for each in await presence_rules.reasons(desk.session)]

    @patch("/{reason_id:int}", guards=[MANAGE], summary="Change a reason for a break")
    async def change(self, desk: NamedDependency[Desk], reason_id: PathId, data: JSONBody[ReasonChange]) -> ReasonView:
        """Give it another name or state; histories keep what they say."""
        return reason_view(await presence_rules.change(desk.session, reason_id, data.name, data.state))

    @delete("/{reason_id:int}", guards=[MANAGE], summary="Offer a reason for a break no more")
    async def remove(self, desk: NamedDependency[Desk], reason_id: PathId) -> None:
        """Whoever is away for it stays so."""
        await presence_rules.remove(desk.session, reason_id)


class PresenceRulesController(Controller):
    """When somebody is idle, and how long a wrap-up is."""

    path = "/settings/presence"
    tags = ["Routing"]

    @get(guards=[requires("desk:use")], summary="Rules of presence")
    async def read(self, desk: NamedDependency[Desk]) -> PresenceRulesView:
        """The desk's choices."""
        return rules_view(await presence_rules.read(desk.session))

    @put(guards=[MANAGE], summary="Choose the rules of presence")
    async def write(self, desk: NamedDependency[Desk], data: JSONBody[PresenceRulesInput]) -> PresenceRulesView:
        """Choose all of it anew; what is not sent gets the product's default."""
        await presence_rules.write(desk.session, data.chosen())
        return rules_view(await presence_rules.read(desk.session))

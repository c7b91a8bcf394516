"""Routing: queues, skills and kinds of work, the waiting list, offers, and moving work by hand."""

from datetime import datetime
from typing import Annotated

from litestar import Controller, Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody

from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.base import Id, Named, Page, PathId, etag, version_of
from agent_ui.views.routing import (
    AbleInput,
    AbleView,
    AcceptedView,
    KindInput,
    KindView,
    MoveInput,
    NeedsInput,
    OfferView,
    QueueInput,
    QueueView,
    RejectInput,
    SkillInput,
    WaitingView,
    WorkView,
    able_view,
    kind_view,
    needs_of,
    offer_view,
    queue_view,
    waiting_view,
    work_view,
)
from automation import references
from core.errors import Invalid, NotFound
from routing import assignment, kinds, offers, queues, skills, why, work
from routing.kinds import Kind
from tickets import lifecycle
from tickets.lifecycle import TicketChange

MANAGE = requires("routing:manage")
SUPERVISE = requires("routing:supervise")
PAGE = 50


class RoutingController(Controller):
    """Who gets what: queues, skills, kinds of work."""

    path = "/routing"
    tags = ["Routing"]

    @get("/queues", guards=[requires("desk:use")], summary="Queues")
    async def list_queues(self, desk: NamedDependency[Desk]) -> list[QueueView]:
        """All queues, those of a team together, its own first."""
        return [queue_view(each) for each in await queues.list_queues(desk.session)]

    @post("/queues", guards=[MANAGE], summary="Make a queue")
    async def make_queue(self, desk: NamedDependency[Desk], data: JSONBody[QueueInput]) -> Response[QueueView]:
        """A further queue; each team has one of its own by itself."""
        view = queue_view(await queues.save(desk.session, data.draft()))
        return Response(view, headers=etag(view.version))

    @put("/queues/{queue_id:int}", guards=[MANAGE], summary="Change a queue")
    async def change_queue(
        self,
        desk: NamedDependency[Desk],
        queue_id: PathId,
        data: JSONBody[QueueInput],
        if_match: Annotated[str | None, HeaderParameter(name="If-Match")] = None,
    ) -> Response[QueueView]:
        """Write a queue whole. With ``If-Match`` only if nobody else has (412)."""
        view = queue_view(await queues.save(desk.session, data.draft(), queue_id, version_of(if_match)))
        return Response(view, headers=etag(view.version))

    @delete("/queues/{queue_id:int}", guards=[MANAGE], summary="Take a queue away")
    async def remove_queue(self, desk: NamedDependency[Desk], queue_id: PathId) -> None:
        """Take a queue away that is empty and that no ring asks."""
        await references.check_unused(desk.session, "queue", queue_id)
        await queues.remove(desk.session, queue_id)

    @get("/skills", guards=[requires("desk:use")], summary="Skills")
    async def list_skills(self, desk: NamedDependency[Desk]) -> list[Named]:
        """All skills by name."""
        return [Named(id=number, name=name) for number, name in await skills.list_skills(desk.session)]

    @post("/skills", guards=[MANAGE], summary="Make a skill")
    async def make_skill(self, desk: NamedDependency[Desk], data: JSONBody[SkillInput]) -> Named:
        """A skill that nobody has yet."""
        made = await skills.save(desk.session, data.name)
        return Named(id=made, name=await skills.name_of(desk.session, made))

    @patch("/skills/{skill_id:int}", guards=[MANAGE], summary="Rename a skill")
    async def rename_skill(self, desk: NamedDependency[Desk], skill_id: PathId, data: JSONBody[SkillInput]) -> Named:
        """Give a skill another name."""
        await skills.save(desk.session, data.name, skill_id)
        return Named(id=skill_id, name=await skills.name_of(desk.session, skill_id))

    @delete("/skills/{skill_id:int}", guards=[MANAGE], summary="Take a skill away")
    async def remove_skill(self, desk: NamedDependency[Desk], skill_id: PathId) -> None:
        """Take a skill away that neither a queue nor open work needs."""
        await references.check_unused(desk.session, "skill", skill_id)
        await skills.remove(desk.session, skill_id)

    @get("/agents", guards=[requires("routing:read")], summary="What agents can")
    async def list_agents(self, desk: NamedDependency[Desk]) -> list[AbleView]:
        """All active agents with their skills, by name."""
        return [able_view(each) for each in await skills.list_agents(desk.session)]

    @put("/agents/{agent_id:int}", guards=[MANAGE], summary="Say what an agent can")
    async def change_agent(self, desk: NamedDependency[Desk], agent_id: PathId, data: JSONBody[AbleInput]) -> AbleView:
        """Write an agent's skills whole; her capacity is part of her account."""
        levels = {each.skill_id: each.level for each in data.skills}
        return able_view(await skills.set_agent(desk.session, agent_id, levels, data.hourly_cap))

    @get("/kinds", guards=[requires("desk:use")], summary="Kinds of work")
    async def list_kinds(self, desk: NamedDependency[Desk]) -> list[KindView]:
        """What each kind of work takes of an agent, and how it comes to her."""
        return [kind_view(each) for each in await kinds.list_kinds(desk.session)]

    @put("/kinds/{kind:str}", guards=[MANAGE], summary="Change a kind of work")
    async def change_kind(
        self, desk: NamedDependency[Desk], kind: FromPath[str], data: JSONBody[KindInput]
    ) -> KindView:
        """Write a kind of work whole; it holds for what waits already."""
        fields = {name: getattr(data, name) for name in data.__struct_fields__}
        return kind_view(await kinds.save(desk.session, Kind(kind=kind, **fields)))


class WaitingController(Controller):
    """What waits, why, and where it goes."""

    path = "/"
    tags = ["Routing"]

    @get("/routing/waiting", guards=[SUPERVISE], summary="What waits")
    async def waiting(
        self, desk: NamedDependency[Desk], queue_id: FromQuery[Id | None] = None, after: FromQuery[str | None] = None
    ) -> Page[WaitingView]:
        """What waits in the order of its turn, with what was decided last."""
        found = await why.waiting(desk.session, queue_id, _key(after), PAGE)
        last = f"{found[-1].rank_at.isoformat()}_{found[-1].id}" if len(found) == PAGE else None
        return Page(items=[waiting_view(each) for each in found], next=last)

    @get("/tickets/{ticket_id:int}/work", guards=[requires("routing:read")], summary="Why it waits")
    async def read_work(self, desk: NamedDependency[Desk], ticket_id: PathId) -> WorkView:
        """A ticket's work as it is at this moment, and while it waits, why, and what would change it."""
        found = await why.of_ticket(desk.session, await desk.may_see(ticket_id))
        if found is None:
            raise NotFound("There is nothing to do about this ticket.")
        return work_view(found)

    @put("/tickets/{ticket_id:int}/needs", guards=[requires("tickets:change")], summary="Say what it needs")
    async def require(self, desk: NamedDependency[Desk], ticket_id: PathId, data: JSONBody[NeedsInput]) -> WorkView:
        """Say which skills a ticket's work needs beside those of its queue; it is looked at again."""
        await desk.may_see(ticket_id)
        await assignment.require(desk.session, ticket_id, needs_of(data.skills))
        return await self._work(desk, ticket_id)

    @post("/tickets/{ticket_id:int}/move", guards=[requires("tickets:change")], status_code=200, summary="Move work")
    async def move(self, desk: NamedDependency[Desk], ticket_id: PathId, data: JSONBody[MoveInput]) -> WorkView:
        """Let a ticket's work wait in another queue, or give it to an agent; it keeps how long it has waited."""
        await desk.may_see(ticket_id)
        if (data.queue_id is None) == (data.agent_id is None):
            raise Invalid.field("queueId", "Either a queue or an agent.")
        if data.queue_id is not None:
            await work.move(desk.session, ticket_id, data.queue_id)
        else:
            await lifecycle.change(desk.session, ticket_id, TicketChange(assignee_id=data.agent_id))
        return await self._work(desk, ticket_id)

    @staticmethod
    async def _work(desk: Desk, ticket_id: int) -> WorkView:
        found = await why.of_ticket(desk.session, ticket_id)
        if found is None:
            raise NotFound("There is nothing to do about this ticket.")
        return work_view(found)


class OfferController(Controller):
    """What is held out to the agent who asks."""

    path = "/offers"
    tags = ["Routing"]

    @get(guards=[requires("desk:use")], summary="One's own offers")
    async def list_offers(self, desk: NamedDependency[Desk]) -> list[OfferView]:
        """What is offered to oneself at this moment."""
        return [offer_view(each) for each in await offers.of_agent(desk.session, desk.agent_id)]

    @post("/{offer_id:int}/accept", guards=[requires("tickets:change")], status_code=200, summary="Take an offer")
    async def accept(self, desk: NamedDependency[Desk], offer_id: PathId) -> AcceptedView:
        """The ticket is one's own then. 409 when it is too late."""
        return AcceptedView(ticket_id=await offers.accept(desk.session, offer_id))

    @post("/{offer_id:int}/reject", guards=[requires("tickets:change")], status_code=204, summary="Refuse an offer")
    async def reject(self, desk: NamedDependency[Desk], offer_id: PathId, data: JSONBody[RejectInput]) -> None:
        """It goes to somebody else, and does not come back to oneself for ten minutes. 409 when it is too late."""
        await offers.reject(desk.session, offer_id, data.reason)


def _key(after: str | None) -> tuple[datetime, int] | None:
    if after is None:
        return None
    at, _, number = after.partition("_")
    try:
        return datetime.fromisoformat(at), int(number)
    except ValueError:
        raise Invalid.field("after", "This is not the key of a page.") from None

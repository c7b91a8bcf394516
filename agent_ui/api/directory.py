"""What pickers offer: colleagues, teams, tags, macros, addresses to write from."""

from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from agent_ui import canned, people
from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.people import AgentBrief, MacroView, SenderView, TeamView
from channels.email import leaving
from staff import teams
from tickets import counters


class DirectoryController(Controller):
    """Colleagues, teams, tags and macros."""

    tags = ["Directory"]

    @get("/agents", guards=[requires("desk:use")], summary="Colleagues")
    async def agents(self, desk: NamedDependency[Desk]) -> list[AgentBrief]:
        """All active agents with presence and load, by name."""
        return await people.colleagues(desk.session)

    @get("/teams", guards=[requires("desk:use")], summary="Teams")
    async def teams(self, desk: NamedDependency[Desk]) -> list[TeamView]:
        """All teams with their open tickets, by name."""
        counts = await counters.open_by_team(desk.session)
        found = await teams.list_all(desk.session)
        return [TeamView(id=one, name=name, open_count=counts.get(one, 0)) for one, name in found]

    @get("/tags", guards=[requires("tickets:read")], summary="Tags in use")
    async def find_tags(self, desk: NamedDependency[Desk], q: FromQuery[str] = "") -> list[str]:
        """Tags that begin with ``q``, the most used first."""
        return await counters.tags_in_use(desk.source, desk.actor, q)

    @get("/macros", guards=[requires("desk:use")], summary="Canned replies")
    async def macros(
        self,
        desk: NamedDependency[Desk],
        ticket_id: Annotated[int | None, QueryParameter(name="ticketId", ge=1)] = None,
    ) -> list[MacroView]:
        """All canned replies by name; with ``ticketId`` filled for that ticket and this agent."""
        return await canned.replies(desk, ticket_id)

    @get("/senders", guards=[requires("tickets:create")], summary="Addresses to write from")
    async def senders(self, desk: NamedDependency[Desk]) -> list[SenderView]:
        """The addresses and aliases of the mailboxes in use, from which a new conversation may begin."""
        return [
            SenderView(account_id=box.id, team_id=box.team_id, address=address, name=name)
            for box, name in await leaving.mailboxes(desk.session)
            if box.is_active
            for address in (box.address, *box.aliases)
        ]

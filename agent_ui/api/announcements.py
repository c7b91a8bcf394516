"""Known issues and news on the portal."""

from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from agent_ui.api.articles import PUBLISH, READ, IfMatch
from agent_ui.deps import Desk
from agent_ui.views.base import PathId, etag, given, version_of
from agent_ui.views.knowledge import AnnouncementInput, AnnouncementView, WaitingInput, announcement_view
from knowledge_base import announcements
from knowledge_base.announcements import Change


class AnnouncementController(Controller):
    """Announcements."""

    path = "/kb/announcements"
    tags = ["Knowledge base"]

    @get(guards=[READ], summary="Announcements")
    async def list_announcements(self, desk: NamedDependency[Desk]) -> list[AnnouncementView]:
        """The newest first, those that are over included, with the number of tickets that wait for each."""
        return [announcement_view(one, count) for one, count in await announcements.every(desk.session)]

    @post(guards=[PUBLISH], summary="Announce something")
    async def create(
        self, desk: NamedDependency[Desk], data: JSONBody[AnnouncementInput]
    ) -> Response[AnnouncementView]:
        """From now on, unless ``startsAt`` says otherwise."""
        made = await announcements.create(desk.session, Change(**given(data)))
        return Response(announcement_view(made, 0), status_code=201, headers=etag(made.version))

    @patch("/{announcement_id:int}", guards=[PUBLISH], summary="Change or end an announcement")
    async def change(
        self,
        desk: NamedDependency[Desk],
        announcement_id: PathId,
        data: JSONBody[AnnouncementInput],
        if_match: IfMatch = None,
    ) -> Response[AnnouncementView]:
        """Change what was sent. With ``If-Match`` only if nobody else has (412)."""
        found = await announcements.change(desk.session, announcement_id, Change(**given(data)), version_of(if_match))
        waiting = await announcements.tickets_waiting(desk.session, announcement_id)
        return Response(announcement_view(found, len(waiting)), headers=etag(found.version))

    @delete("/{announcement_id:int}", guards=[PUBLISH], summary="Remove an announcement")
    async def remove(self, desk: NamedDependency[Desk], announcement_id: PathId) -> None:
        """As if it had never been; to end it, set ``endsAt``."""
        await announcements.remove(desk.session, announcement_id)

    @post("/{announcement_id:int}/tickets", guards=[READ], status_code=204, summary="A ticket is about this")
    async def wait(self, desk: NamedDependency[Desk], announcement_id: PathId, data: JSONBody[WaitingInput]) -> None:
        """Its customer wants to hear when the issue is over."""
        ticket_id = await desk.may_see(data.ticket_id)
        await announcements.wait_for(desk.session, announcement_id, ticket_id)

    @get("/{announcement_id:int}/tickets", guards=[READ], summary="Tickets about this")
    async def waiting(self, desk: NamedDependency[Desk], announcement_id: PathId) -> list[int]:
        """Their numbers, oldest first."""
        await announcements.get(desk.session, announcement_id)
        return await announcements.tickets_waiting(desk.session, announcement_id)

    @delete("/{announcement_id:int}/tickets/{waiting_id:int}", guards=[READ], summary="A ticket is not about this")
    async def wait_no_more(self, desk: NamedDependency[Desk], announcement_id: PathId, waiting_id: PathId) -> None:
        """Take a ticket out of the list."""
        await announcements.wait_no_more(desk.session, announcement_id, await desk.may_see(waiting_id))

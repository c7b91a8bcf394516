"""Wallboards: the figures for whoever is signed in, and by a link for a television that is not."""

from typing import Annotated, Any

from litestar import Controller, Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, JSONBody, QueryParameter

from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.state import runtime_of
from agent_ui.views.base import PathId
from agent_ui.views.presence import NewWallboardView, WallboardInput, WallboardView, wallboard_view
from core.db import reading, unit_of_work
from routing import wallboard, wallboards
from routing.wallboard import Figures


class WallboardController(Controller):
    """Figures of the desk as they are now, and the links that show them."""

    path = "/wallboards"
    tags = ["Routing"]

    @get("/figures", guards=[requires("routing:read")], summary="The desk now")
    async def figures(
        self, desk: NamedDependency[Desk], team_id: Annotated[int | None, QueryParameter(name="teamId", ge=1)] = None
    ) -> Figures:
        """What waits, who is there, service level of the last hour, what is about to be late."""
        return await wallboard.figures(desk.session, team_id)

    @get("/shown", summary="The desk now, for a wallboard")
    async def shown(
        self, request: Request[Any, Any, Any], token: Annotated[str, HeaderParameter(name="X-Wallboard-Token")] = ""
    ) -> Figures:
        """The same for a television, which shows the token of its link and nothing else."""
        runtime = runtime_of(request)
        async with reading(runtime.db) as session:
            found = await wallboards.find(session, token)
            figures = await wallboard.figures(session, found.team_id)
        if wallboards.is_due(found.seen_at):
            async with unit_of_work(runtime.db) as session:
                await wallboards.touch(session, found.id)
        return figures

    @get(guards=[requires("wallboards:manage")], summary="Links of wallboards")
    async def list_links(self, desk: NamedDependency[Desk]) -> list[WallboardView]:
        """Those that are not revoked, newest first."""
        return [wallboard_view(each) for each in await wallboards.every(desk.session)]

    @post(guards=[requires("wallboards:manage")], summary="Make a link of a wallboard")
    async def create(self, desk: NamedDependency[Desk], data: JSONBody[WallboardInput]) -> NewWallboardView:
        """The token is in this answer and nowhere else."""
        made, token = await wallboards.create(desk.session, data.name, data.team_id)
        return NewWallboardView(wallboard=wallboard_view(made), token=token)

    @delete("/{wallboard_id:int}", guards=[requires("wallboards:manage")], summary="Revoke a link of a wallboard")
    async def revoke(self, desk: NamedDependency[Desk], wallboard_id: PathId) -> None:
        """From its next look on it shows nothing."""
        await wallboards.revoke(desk.session, wallboard_id)

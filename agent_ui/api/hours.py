"""Opening hours, by name."""

from typing import Annotated

from litestar import Controller, Response, delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, JSONBody

from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.base import etag, version_of
from agent_ui.views.hours import HoursInput, HoursView, hours_view
from routing import hours


class HoursController(Controller):
    """When the desk is there; ``default`` is its own schedule, others go by their names."""

    path = "/opening-hours"
    tags = ["Administration"]

    @get(guards=[requires("desk:use")], summary="Opening hours")
    async def list_hours(self, desk: NamedDependency[Desk]) -> list[HoursView]:
        """All schedules by name."""
        return [hours_view(each) for each in await hours.list_all(desk.session)]

    @put("/{name:str}", guards=[requires("hours:manage")], summary="Make or change opening hours")
    async def write(
        self,
        desk: NamedDependency[Desk],
        name: FromPath[str],
        data: JSONBody[HoursInput],
        if_match: Annotated[str | None, HeaderParameter(name="If-Match")] = None,
    ) -> Response[HoursView]:
        """Write a schedule whole. With ``If-Match`` only if nobody else has (412)."""
        view = hours_view(await hours.write(desk.session, data.schedule(name), version_of(if_match)))
        return Response(view, headers=etag(view.version))

    @delete("/{name:str}", guards=[requires("hours:manage")], summary="Take opening hours away")
    async def remove(self, desk: NamedDependency[Desk], name: FromPath[str]) -> None:
        """Take a schedule away; whoever names it gets the desk's own."""
        await hours.remove(desk.session, name)

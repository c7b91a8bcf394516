"""Opening hours, by name."""

from typing import Annotated

from litestar import Controller, Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody

from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.base import etag, version_of
from agent_ui.views.hours import HoursInput, HoursView, OpenNowView, hours_view, open_now
from agent_ui.views.portal import Locale
from automation import references
from core import clock
from routing import hours


class HoursController(Controller):
    """When the desk is there; ``default`` is its own schedule, others go by their names."""

    path = "/opening-hours"
    tags = ["Administration"]

    @get(guards=[requires("desk:use")], summary="Opening hours")
    async def list_hours(self, desk: NamedDependency[Desk], language: FromQuery[Locale] = "en") -> list[HoursView]:
        """All schedules by name, with what customers read now in a language."""
        at = clock.now()
        return [hours_view(each, language, at) for each in await hours.list_all(desk.session)]

    @post("/{name:str}/preview", guards=[requires("hours:manage")], status_code=200, summary="Try opening hours out")
    async def preview(
        self, name: FromPath[str], data: JSONBody[HoursInput], language: FromQuery[Locale] = "en"
    ) -> OpenNowView:
        """What customers would read now; nothing is kept. 422 as for writing them."""
        return open_now(hours.checked(data.schedule(name)), language, clock.now())

    @put("/{name:str}", guards=[requires("hours:manage")], summary="Make or change opening hours")
    async def write(
        self,
        desk: NamedDependency[Desk],
        name: FromPath[str],
        data: JSONBody[HoursInput],
        language: FromQuery[Locale] = "en",
        if_match: Annotated[str | None, HeaderParameter(name="If-Match")] = None,
    ) -> Response[HoursView]:
        """Write a schedule whole. With ``If-Match`` only if nobody else has (412)."""
        kept = await hours.write(desk.session, data.schedule(name), version_of(if_match))
        view = hours_view(kept, language, clock.now())
        return Response(view, headers=etag(view.version))

    @delete("/{name:str}", guards=[requires("hours:manage")], summary="Take opening hours away")
    async def remove(self, desk: NamedDependency[Desk], name: FromPath[str]) -> None:
        """Take a schedule away; whoever names it gets the desk's own. 409 ``in-use`` names the rules that do."""
        await references.check_unused(desk.session, "hours", name)
        await hours.remove(desk.session, name)

"""What the signed-in agent changes about herself: preferences, presence, and who goes on with her work."""

from litestar import Controller, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from agent_ui import people
from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.base import given
from agent_ui.views.people import AgentView, NotifyInput, PreferencesInput, PresenceInput, PresenceView
from agent_ui.views.presence import HandedOverView, HandOverInput, OpenWorkView, work_view
from routing import handover, presence
from staff import agents


class MeController(Controller):
    """The signed-in agent."""

    path = "/me"
    tags = ["Session"]
    guards = [requires("desk:use")]

    @patch(summary="Change one's own preferences")
    async def change(self, desk: NamedDependency[Desk], data: JSONBody[PreferencesInput]) -> AgentView:
        """Change what was sent; the rest stays."""
        wanted = given(data)
        if isinstance(data.notify, NotifyInput):
            wanted["notify"] = data.notify.wanted
        await agents.change_preferences(desk.session, desk.agent_id, agents.Preferences(**wanted))
        await desk.session.flush()
        return await people.agent_view(desk.session, desk.agent_id)

    @get("/presence", summary="One's own presence")
    async def presence(self, desk: NamedDependency[Desk]) -> PresenceView:
        """The state one is in, since when, and who chose it."""
        return await people.presence_view(desk.session, desk.agent_id)

    @put("/presence", summary="Set one's own presence")
    async def set_presence(self, desk: NamedDependency[Desk], data: JSONBody[PresenceInput]) -> PresenceView:
        """Say that one is available, busy, on a break or away; routing follows it.

        With ``handOver`` what waits for an answer of hers goes to others at once.
        """
        await presence.set_state(desk.session, desk.agent_id, data.state, data.reason)
        if data.hand_over:
            await handover.hand_over(desk.session, desk.agent_id)
        return await people.presence_view(desk.session, desk.agent_id)

    @get("/work", summary="One's own open work")
    async def work(self, desk: NamedDependency[Desk]) -> list[OpenWorkView]:
        """What one has not finished: what waits first, then what waits for others, then what sleeps (200 at most)."""
        return [work_view(each) for each in await handover.open_work(desk.session, desk.agent_id)]

    @post("/hand-over", status_code=200, summary="Hand over one's own work")
    async def hand_over(self, desk: NamedDependency[Desk], data: JSONBody[HandOverInput]) -> HandedOverView:
        """Give tickets back to their queue with the time they have waited; without a list all that wait now."""
        given = await handover.hand_over(desk.session, desk.agent_id, data.ticket_ids)
        return HandedOverView(ticket_ids=given)

    @post("/heartbeat", status_code=204, summary="Say that one is still there")
    async def heartbeat(self, desk: NamedDependency[Desk]) -> None:
        """For clients without a live socket; the socket does it by itself."""
        await presence.heartbeat(desk.session, desk.agent_id)

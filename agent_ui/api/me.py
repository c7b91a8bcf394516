"""What the signed-in agent changes about herself: preferences and presence."""

from litestar import Controller, patch, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from agent_ui import people
from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.base import given
from agent_ui.views.people import AgentView, NotifyInput, PreferencesInput, PresenceInput, PresenceView
from routing import presence
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

    @put("/presence", summary="Set one's own presence")
    async def set_presence(self, desk: NamedDependency[Desk], data: JSONBody[PresenceInput]) -> PresenceView:
        """Say that one is available, busy, on a break or away; routing follows it."""
        await presence.set_state(desk.session, desk.agent_id, data.state, data.reason)
        return await people.presence_view(desk.session, desk.agent_id)

    @post("/heartbeat", status_code=204, summary="Say that one is still there")
    async def heartbeat(self, desk: NamedDependency[Desk]) -> None:
        """For clients without a live socket; the socket does it by itself."""
        await presence.heartbeat(desk.session, desk.agent_id)

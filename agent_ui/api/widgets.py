"""The widgets' settings: make one, change it, give it another secret."""

from litestar import Controller, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from agent_ui.api.tickets import IfMatch
from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.base import PathId, version_of
from agent_ui.views.chat import SecretView, WidgetInput, WidgetView, change_of, widget_view
from channels.chat import widgets
from channels.chat.models import Widget


async def _view(desk: Desk, widget: Widget) -> WidgetView:
    team_id = await widgets.team_of(desk.session, widget)
    return widget_view(widget, team_id, desk.runtime.settings.base_url)


class WidgetController(Controller):
    """Widgets."""

    path = "/widgets"
    tags = ["Widgets"]
    guards = [requires("widgets:manage")]

    @get(summary="Widgets")
    async def list_widgets(self, desk: NamedDependency[Desk]) -> list[WidgetView]:
        """All of them, oldest first."""
        return [await _view(desk, each) for each in await widgets.listed(desk.session)]

    @get("/{widget_id:int}", summary="One widget")
    async def read(self, desk: NamedDependency[Desk], widget_id: PathId) -> WidgetView:
        """The widget without its secret."""
        return await _view(desk, await widgets.get(desk.session, widget_id))

    @post(summary="Make a widget")
    async def create(self, desk: NamedDependency[Desk], data: JSONBody[WidgetInput]) -> SecretView:
        """A new widget with a key and a secret; the secret is shown this once."""
        made = await widgets.create(desk.session, desk.runtime.vault, change_of(data))
        return SecretView(widget=await _view(desk, made), secret=widgets.secret_of(made, desk.runtime.vault))

    @patch("/{widget_id:int}", summary="Change a widget")
    async def change(
        self,
        desk: NamedDependency[Desk],
        widget_id: PathId,
        data: JSONBody[WidgetInput],
        if_match: IfMatch = None,
    ) -> WidgetView:
        """Change what was sent. With ``If-Match`` only if nobody else has changed it."""
        changed = await widgets.change(desk.session, widget_id, change_of(data), version_of(if_match))
        return await _view(desk, changed)

    @post("/{widget_id:int}/secret", status_code=200, summary="Give a widget another secret")
    async def rotate(self, desk: NamedDependency[Desk], widget_id: PathId) -> SecretView:
        """The new secret, shown this once; the old one is believed for a day more."""
        secret = await widgets.rotate(desk.session, desk.runtime.vault, widget_id)
        return SecretView(widget=await _view(desk, await widgets.get(desk.session, widget_id)), secret=secret)

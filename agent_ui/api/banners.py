"""What people at the desk must know until it is over, such as silent mailboxes, or a search engine that is away."""

from litestar import Controller, get
from litestar.di import NamedDependency

from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.ledger import BannerView, banner, search_away
from channels.email import watch
from core import search


class BannerController(Controller):
    """The banners above every page."""

    path = "/banners"
    tags = ["Directory"]

    @get(guards=[requires("desk:use")], summary="Banners")
    async def banners(self, desk: NamedDependency[Desk]) -> list[BannerView]:
        """What is to be known now; what only administrators can mend is told to them only."""
        is_admin = desk.actor.may("mailboxes:manage")
        shown = [banner(each) for each in await watch.banners(desk.session) if is_admin or not each.for_admins]
        away = await search.away_since(desk.session)
        return shown if away is None else [*shown, search_away(away)]

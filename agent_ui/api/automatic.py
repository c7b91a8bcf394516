"""Automatic mail: how much of it leaves, and letting it leave again after the brake stopped it."""

from litestar import Controller, get, post
from litestar.di import NamedDependency

from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.automatic import AutomaticMailView, automatic_mail
from channels import brake


class AutomaticMailController(Controller):
    """Acknowledgements, notices to agents, refusals: all that no person writes."""

    path = "/automatic-mail"
    tags = ["Administration"]

    @get(guards=[requires("ledger:read")], summary="How automatic mail stands")
    async def status(self, desk: NamedDependency[Desk]) -> AutomaticMailView:
        """Whether it is stopped and since when, how much left in the last hour, what was withheld in the last day."""
        return automatic_mail(await brake.status(desk.session))

    @post(
        "/release",
        guards=[requires("mailboxes:manage")],
        status_code=200,
        summary="Let automatic mail leave again",
    )
    async def release(self, desk: NamedDependency[Desk]) -> AutomaticMailView:
        """End a stop; counting begins anew, and what was withheld stays withheld. Again: no change."""
        return automatic_mail(await brake.release(desk.session))

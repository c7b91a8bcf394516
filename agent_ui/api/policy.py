"""What customers are shown and may do on the portal, and the guest links of a ticket."""

from typing import Annotated

from litestar import Controller, Response, delete, get, put
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, JSONBody

from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.base import PathId, etag, version_of
from agent_ui.views.policy import PolicyInput, PolicyView, policy_view
from tickets import guests, policy


class PolicyController(Controller):
    """The desk's choices for its customers."""

    path = "/settings/portal"
    tags = ["Administration"]

    @get(guards=[requires("desk:use")], summary="What customers are shown and may do")
    async def read(self, desk: NamedDependency[Desk]) -> Response[PolicyView]:
        """Names of agents, reopening, guest links, the survey; ``ETag`` names the version."""
        return await _shown(desk)

    @put(guards=[requires("portal:manage")], summary="Choose what customers are shown and may do")
    async def write(
        self,
        desk: NamedDependency[Desk],
        data: JSONBody[PolicyInput],
        if_match: Annotated[str | None, HeaderParameter(name="If-Match")] = None,
    ) -> Response[PolicyView]:
        """Choose all of it anew; what is not sent gets the product's default.

        With ``If-Match`` only if nobody else has (412).
        """
        await policy.write(desk.session, data.chosen(), version_of(if_match))
        return await _shown(desk)


async def _shown(desk: Desk) -> Response[PolicyView]:
    chosen, version = await policy.read_with_version(desk.session)
    return Response(policy_view(chosen, version), headers=etag(version))


class GuestLinkController(Controller):
    """Addresses that open one ticket without a sign-in."""

    path = "/tickets/{ticket_id:int}/guest-links"
    tags = ["Tickets"]

    @delete(guards=[requires("tickets:change")], summary="Take the guest links of a ticket back")
    async def revoke(self, desk: NamedDependency[Desk], ticket_id: PathId) -> None:
        """Whoever holds one is a stranger from now on; a new acknowledgement or thanks page makes another."""
        await guests.revoke(desk.session, await desk.may_see(ticket_id))

"""Response times: which policy promises what."""

from typing import Annotated

from litestar import Controller, Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, JSONBody

from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.base import PathId, etag, version_of
from agent_ui.views.sla import ResponsePolicyInput, ResponsePolicyView, policy_view
from routing import anew, policies

MANAGE = requires("sla:manage")


class SlaController(Controller):
    """Policies of response times; the most specific one that fits a ticket counts."""

    path = "/response-times"
    tags = ["Administration"]

    @get(guards=[requires("desk:use")], summary="Response times")
    async def list_policies(self, desk: NamedDependency[Desk]) -> list[ResponsePolicyView]:
        """All policies: by entitlement, the more specific ones first."""
        return [policy_view(each) for each in await policies.list_policies(desk.session)]

    @post(guards=[MANAGE], summary="Promise response times")
    async def create(
        self, desk: NamedDependency[Desk], data: JSONBody[ResponsePolicyInput]
    ) -> Response[ResponsePolicyView]:
        """Make a policy for new tickets, and with ``openToo`` for those that are open."""
        return await _saved(desk, data, None, None)

    @put("/{policy_id:int}", guards=[MANAGE], summary="Change response times")
    async def change(
        self,
        desk: NamedDependency[Desk],
        policy_id: PathId,
        data: JSONBody[ResponsePolicyInput],
        if_match: Annotated[str | None, HeaderParameter(name="If-Match")] = None,
    ) -> Response[ResponsePolicyView]:
        """Write a policy whole. With ``If-Match`` only if nobody else has (412)."""
        return await _saved(desk, data, policy_id, version_of(if_match))

    @delete("/{policy_id:int}", guards=[MANAGE], summary="Promise it no more")
    async def remove(self, desk: NamedDependency[Desk], policy_id: PathId) -> None:
        """Take a policy away; tickets keep what they were promised."""
        await policies.remove(desk.session, policy_id)


async def _saved(
    desk: Desk, data: ResponsePolicyInput, policy_id: int | None, version: int | None
) -> Response[ResponsePolicyView]:
    saved = await policies.save(desk.session, data.draft(), policy_id, version)
    if data.open_too:
        await anew.promise_to_open_ones(desk.session)
    return Response(policy_view(saved), headers=etag(saved.version))

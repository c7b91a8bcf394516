"""Webhooks and what they were told; macros and their actions."""

from datetime import timedelta
from typing import Annotated

from litestar import Controller, Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, JSONBody, QueryParameter

from agent_ui import canned, ticket_page
from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.automation import (
    ApplyInput,
    MacroInput,
    TriedView,
    WebhookInput,
    WebhookSecretView,
    WebhookView,
    webhook_view,
)
from agent_ui.views.base import PathId, etag, version_of
from agent_ui.views.people import MacroView
from agent_ui.views.tickets import TicketView
from automation import macros, webhooks
from automation.webhooks import Delivery, ShownWebhook
from core import clock
from core.net import networks_of
from tickets.templates import Surroundings

IfMatch = Annotated[str | None, HeaderParameter(name="If-Match")]
WEEK = timedelta(days=7)


class WebhookController(Controller):
    """Programs elsewhere that are told of events."""

    path = "/webhooks"
    tags = ["Automation"]
    guards = [requires("webhooks:manage")]

    @get(summary="Webhooks")
    async def list_webhooks(self, desk: NamedDependency[Desk]) -> list[ShownWebhook]:
        """All webhooks by name, with how many deliveries wait and failed in the last week."""
        return await webhooks.list_all(desk.session, clock.now() - WEEK)

    @post(summary="Make a webhook")
    async def create(self, desk: NamedDependency[Desk], data: JSONBody[WebhookInput]) -> Response[WebhookView]:
        """Make a webhook; its secret is in this answer and never again."""
        return await _saved(desk, data, None, None)

    @put("/{webhook_id:int}", summary="Change a webhook")
    async def change(
        self, desk: NamedDependency[Desk], webhook_id: PathId, data: JSONBody[WebhookInput], if_match: IfMatch = None
    ) -> Response[WebhookView]:
        """Write a webhook whole, also to switch it on again. With ``If-Match`` only if nobody else has (412)."""
        return await _saved(desk, data, webhook_id, version_of(if_match))

    @post("/{webhook_id:int}/secret", status_code=200, summary="Renew the secret")
    async def renew(self, desk: NamedDependency[Desk], webhook_id: PathId) -> WebhookSecretView:
        """Give it another secret, which is in this answer and never again; the old one signs nothing any more."""
        return WebhookSecretView(secret=await webhooks.renew_secret(desk.session, webhook_id, desk.runtime.vault))

    @post("/{webhook_id:int}/try", status_code=200, summary="Try a webhook out")
    async def try_out(self, desk: NamedDependency[Desk], webhook_id: PathId) -> TriedView:
        """Tell it something that means nothing; how that ended stands among its deliveries."""
        return TriedView(delivery_id=await webhooks.try_out(desk.session, webhook_id))

    @delete("/{webhook_id:int}", summary="Take a webhook away")
    async def remove(self, desk: NamedDependency[Desk], webhook_id: PathId) -> None:
        """Take a webhook away, with the log of what it was told; 409 ``in-use`` names the rules that name it."""
        await webhooks.remove(desk.session, webhook_id)

    @get("/{webhook_id:int}/deliveries", summary="What a webhook was told")
    async def list_deliveries(
        self,
        desk: NamedDependency[Desk],
        webhook_id: PathId,
        before: Annotated[int | None, QueryParameter(ge=1, le=2**63 - 1)] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
    ) -> list[Delivery]:
        """With payload and every try; newest first, older than the delivery ``before``."""
        return await webhooks.deliveries(desk.session, webhook_id, before, limit)

    @post("/deliveries/{delivery_id:int}/replay", status_code=204, summary="Tell it again")
    async def replay(self, desk: NamedDependency[Desk], delivery_id: PathId) -> None:
        """Tell a webhook the same again, word for word and under the same id, with new tries."""
        await webhooks.replay(desk.session, delivery_id)


async def _saved(desk: Desk, data: WebhookInput, webhook_id: int | None, version: int | None) -> Response[WebhookView]:
    networks = networks_of(desk.runtime.settings)
    row, secret = await webhooks.save(desk.session, data.draft(), desk.runtime.vault, networks, webhook_id, version)
    return Response(webhook_view(row, secret), headers=etag(row.version))


class MacroController(Controller):
    """Macros: a text, and what it does to a ticket."""

    path = "/"
    tags = ["Automation"]

    @post("/macros", guards=[requires("macros:manage")], summary="Make a macro")
    async def create(self, desk: NamedDependency[Desk], data: JSONBody[MacroInput]) -> MacroView:
        """Make a macro."""
        return canned.view(await macros.save(desk.session, data.draft()))

    @put("/macros/{macro_id:int}", guards=[requires("macros:manage")], summary="Change a macro")
    async def change(self, desk: NamedDependency[Desk], macro_id: PathId, data: JSONBody[MacroInput]) -> MacroView:
        """Write a macro whole."""
        return canned.view(await macros.save(desk.session, data.draft(), macro_id))

    @delete("/macros/{macro_id:int}", guards=[requires("macros:manage")], summary="Take a macro away")
    async def remove(self, desk: NamedDependency[Desk], macro_id: PathId) -> None:
        """Take a macro away."""
        await macros.remove(desk.session, macro_id)

    @post(
        "/tickets/{ticket_id:int}/macros/{macro_id:int}",
        guards=[requires("tickets:change")],
        status_code=200,
        summary="Apply a macro",
    )
    async def apply(
        self, desk: NamedDependency[Desk], ticket_id: PathId, macro_id: PathId, data: JSONBody[ApplyInput]
    ) -> Response[TicketView]:
        """Do what a macro says, but for the actions that are left out; its text is the client's to put in."""
        settings = desk.runtime.settings
        around = Surroundings(product_name=settings.product_name, base_url=settings.base_url)
        await macros.apply(desk.session, macro_id, await desk.may_see(ticket_id), data.skip, around)
        view = await ticket_page.read_after_change(desk, ticket_id)
        return Response(view, headers=etag(view.version))

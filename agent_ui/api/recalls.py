"""Claims, recalls with their outreach lists, orders of the shop, and keys of programs."""

from typing import Annotated

from litestar import Controller, Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from agent_ui import product_page
from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.base import Page, PathId
from agent_ui.views.products import (
    CaseInput,
    CaseView,
    ClaimDetail,
    ClaimView,
    DecisionInput,
    KeyInput,
    KeyView,
    NewKeyView,
    NewOrderInput,
    OrderInput,
    OrderView,
    RecallInput,
    RecallView,
    view_of,
)
from products import claims, orders, recalls
from staff import api_keys

READ, RECALL, CLAIMS = requires("products:read"), requires("recalls:manage"), requires("claims:decide")
ORDERS, KEYS = requires("orders:write"), requires("keys:manage")


class ClaimController(Controller):
    """Claims."""

    path = "/products/claims"
    tags = ["Products"]
    guards = [CLAIMS]

    @get(summary="Claims in one state")
    async def list_claims(
        self,
        desk: NamedDependency[Desk],
        in_state: Annotated[str, QueryParameter(name="state")] = "open",
        cursor: Annotated[int | None, QueryParameter(ge=1, le=2**63 - 1)] = None,
    ) -> list[ClaimView]:
        """Open ones oldest first, decided ones newest first; ``cursor`` is the id of the last line."""
        return [view_of(ClaimView, each) for each in await claims.list_claims(desk.session, in_state, cursor)]

    @get("/{claim_id:int}", summary="One claim")
    async def read(self, desk: NamedDependency[Desk], claim_id: PathId) -> ClaimDetail:
        """With the proofs of both sides."""
        return await product_page.claim(desk, claim_id)

    @post("/{claim_id:int}/decision", status_code=200, summary="Decide about a claim")
    async def decide(self, desk: NamedDependency[Desk], claim_id: PathId, data: JSONBody[DecisionInput]) -> ClaimDetail:
        """Approved: the claimant becomes the owner. Both sides get a mail. 409 when somebody has decided."""
        await claims.decide(desk.session, claim_id, approve=data.approve, reason=data.reason)
        await desk.session.flush()
        return await product_page.claim(desk, claim_id)


class RecallController(Controller):
    """Recalls."""

    path = "/products/recalls"
    tags = ["Products"]

    @get(guards=[READ], summary="Recalls")
    async def list_recalls(self, desk: NamedDependency[Desk]) -> list[RecallView]:
        """All of them with their progress, newest first."""
        return await product_page.recall_list(desk, await recalls.every(desk.session))

    @post(guards=[RECALL], summary="Write a recall")
    async def create(self, desk: NamedDependency[Desk], data: JSONBody[RecallInput]) -> RecallView:
        """A draft; ``matching`` says how many registered products it would reach."""
        return await product_page.recall(desk, await recalls.save(desk.session, _wanted(data)))

    @get("/{recall_id:int}", guards=[READ], summary="One recall")
    async def read(self, desk: NamedDependency[Desk], recall_id: PathId) -> RecallView:
        """With its progress."""
        return await product_page.recall(desk, await recalls.get(desk.session, recall_id))

    @put("/{recall_id:int}", guards=[RECALL], summary="Change a draft")
    async def change(self, desk: NamedDependency[Desk], recall_id: PathId, data: JSONBody[RecallInput]) -> RecallView:
        """A recall that has been started cannot be changed (409)."""
        return await product_page.recall(desk, await recalls.save(desk.session, _wanted(data), recall_id))

    @post("/{recall_id:int}/start", guards=[RECALL], status_code=200, summary="Start a recall")
    async def start(self, desk: NamedDependency[Desk], recall_id: PathId) -> RecallView:
        """Every matching product becomes a case; mails leave in the background, under the brake."""
        return await product_page.recall(desk, await recalls.start(desk.session, recall_id))

    @post("/{recall_id:int}/close", guards=[RECALL], status_code=200, summary="Close a recall")
    async def close(self, desk: NamedDependency[Desk], recall_id: PathId) -> RecallView:
        """Nobody is written to any more."""
        return await product_page.recall(desk, await recalls.close(desk.session, recall_id))

    @get("/{recall_id:int}/cases", guards=[READ], summary="The outreach list")
    async def cases(
        self,
        desk: NamedDependency[Desk],
        recall_id: PathId,
        in_state: Annotated[str | None, QueryParameter(name="state")] = None,
        cursor: Annotated[int | None, QueryParameter(ge=1, le=2**63 - 1)] = None,
        limit: FromQuery[int] = 50,
    ) -> Page[CaseView]:
        """Its products with their owners and how far we are with each."""
        items, following = await product_page.recall_cases(desk, recall_id, in_state, cursor, limit)
        return Page(items=items, next=str(following) if following else None)

    @patch("/cases/{case_id:int}", guards=[RECALL], summary="Move a case")
    async def move(self, desk: NamedDependency[Desk], case_id: PathId, data: JSONBody[CaseInput]) -> None:
        """Say how far we are with one product."""
        await recalls.move(desk.session, case_id, data.state, data.note)


def _wanted(data: RecallInput) -> recalls.RecallInput:
    words = {str(code): recalls.RecallWords(each.title, each.text) for code, each in data.words.items()}
    return recalls.RecallInput(
        title=data.title, text=data.text, product_id=data.product_id, ranges=data.ranges, words=words
    )


class OrderController(Controller):
    """Orders, as the shop system tells them."""

    path = "/orders"
    tags = ["Products"]

    @post(guards=[ORDERS], summary="Tell of an order")
    async def create(self, desk: NamedDependency[Desk], data: JSONBody[NewOrderInput]) -> Response[OrderView]:
        """The same ``externalId`` again replaces what was told before (200)."""
        view, is_new = await product_page.told_order(desk, data.external_id, data)
        return Response(view, status_code=201 if is_new else 200)

    @put("/{external_id:str}", guards=[ORDERS], summary="Tell what became of an order")
    async def change(
        self, desk: NamedDependency[Desk], external_id: FromPath[str], data: JSONBody[OrderInput]
    ) -> OrderView:
        """The whole order as it is now; it is made when it is not known."""
        view, _ = await product_page.told_order(desk, external_id, data)
        return view

    @get("/{external_id:str}", guards=[READ], summary="One order")
    async def read(self, desk: NamedDependency[Desk], external_id: FromPath[str]) -> OrderView:
        """By the shop's name for it."""
        return product_page.order_view(await orders.by_external_id(desk.session, external_id))


class KeyController(Controller):
    """Keys of programs."""

    path = "/api-keys"
    tags = ["Administration"]
    guards = [KEYS]

    @get(summary="Keys")
    async def list_keys(self, desk: NamedDependency[Desk]) -> list[KeyView]:
        """All keys, newest first; what they are is not kept."""
        return [view_of(KeyView, each) for each in await api_keys.every(desk.session)]

    @post(summary="Make a key")
    async def create(self, desk: NamedDependency[Desk], data: JSONBody[KeyInput]) -> NewKeyView:
        """``token`` is the key; it is shown this once."""
        made, token = await api_keys.create(desk.session, data.name, list(data.scopes))
        return NewKeyView(key=view_of(KeyView, made), token=token)

    @delete("/{key_id:int}", summary="Revoke a key")
    async def revoke(self, desk: NamedDependency[Desk], key_id: PathId) -> None:
        """From now on it opens nothing."""
        await api_keys.revoke(desk.session, key_id)

"""Data rights: what customers want to be done with their data, and doing it."""

from litestar import Controller, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody

from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.base import Page, PathId
from agent_ui.views.privacy import (
    DataRequestInput,
    DataRequestState,
    DataRequestView,
    ErasureInput,
    data_request,
    data_request_state,
)
from channels import erasing
from core.errors import Invalid
from customers import privacy


class PrivacyController(Controller):
    """Wishes of customers about their data. Copies are made by themselves."""

    path = "/data-requests"
    tags = ["Customers"]
    guards = [requires("customers:privacy")]

    @get(summary="What customers want to be done with their data")
    async def list_requests(
        self,
        desk: NamedDependency[Desk],
        everything: FromQuery[bool] = False,
        cursor: FromQuery[int | None] = None,
        limit: FromQuery[int] = 50,
    ) -> Page[DataRequestView]:
        """What waits for somebody, newest first; with ``everything`` also what is done."""
        found = await privacy.list_requests(desk.session, is_open=not everything, before=cursor, limit=limit)
        return Page(items=[data_request(line) for line in found[0]], next=str(found[1]) if found[1] else None)

    @patch("/{request_id:int}", summary="Say how a wish stands")
    async def move(
        self, desk: NamedDependency[Desk], request_id: PathId, data: JSONBody[DataRequestInput]
    ) -> DataRequestState:
        """Begin, finish or refuse it. A deletion is finished by erasing the customer, not here."""
        row = await privacy.lock(desk.session, request_id)
        if row.kind == "deletion" and data.state == "done":
            raise Invalid.field("state", "Erase the customer to finish this.")
        return data_request_state(await privacy.move(desk.session, request_id, data.state, data.answer))

    @post("/{request_id:int}/erase", status_code=200, summary="Erase a customer who wants to be forgotten")
    async def erase(
        self, desk: NamedDependency[Desk], request_id: PathId, data: JSONBody[ErasureInput]
    ) -> DataRequestState:
        """Erase the customer whose wish it is. This cannot be undone, so her number is asked for."""
        row = await privacy.lock(desk.session, request_id)
        if row.customer_id != data.confirm:
            raise Invalid.field("confirm", "This is not the number of the customer.")
        await erasing.erase(desk.session, request_id, data.answer)
        return data_request_state(row)

"""Customers, and the search over customers, tickets and registered products."""

from typing import Annotated, Final

from litestar import Controller, Response, get, patch, put
from litestar.di import NamedDependency
from litestar.params import FromQuery, HeaderParameter, JSONBody, QueryParameter

from agent_ui import customer_page
from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.limits import allow
from agent_ui.views.base import Named, Page, PathId, etag, given, version_of
from agent_ui.views.customers import (
    CustomerChangeInput,
    CustomerView,
    OrganisationInput,
    OrganisationView,
    brief,
    organisation_view,
)
from agent_ui.views.tickets import CustomerBrief, SearchView
from customers import finding, listing, organisations, service, tiers
from customers.listing import CustomerLine
from products import finding as products
from products.listing import RegistrationRow
from tickets import participants, searching

MOST_PRODUCTS: Final = 10


class CustomerController(Controller):
    """Customers."""

    path = "/customers"
    tags = ["Customers"]

    @get(guards=[requires("customers:read")], summary="A page of customers")
    async def list_customers(
        self,
        desk: NamedDependency[Desk],
        q: FromQuery[str] = "",
        cursor: FromQuery[str | None] = None,
        limit: FromQuery[int] = 50,
    ) -> Page[CustomerBrief]:
        """Customers by name; ``q`` is words of a name, an organisation, an address or notes, or the start of a number.

        The start of an address in Cc finds the customers whose requests it takes part in.
        """
        also: list[int] = []
        if q:
            allow("search", desk.agent_id)
            also = await participants.customers_with(desk.session, desk.actor, q)
        lines, following = await finding.page(desk.session, desk.actor, q, cursor, limit, also)
        return Page(items=[brief(line) for line in lines], next=following)

    @get("/{customer_id:int}", guards=[requires("customers:read")], summary="One customer")
    async def read(self, desk: NamedDependency[Desk], customer_id: PathId) -> Response[CustomerView]:
        """The customer with addresses, organisation, and the newest tickets that the agent may see."""
        view = await customer_page.read(desk, customer_id)
        return Response(view, headers=etag(view.version))

    @patch("/{customer_id:int}", guards=[requires("customers:change")], summary="Change a customer")
    async def change(
        self,
        desk: NamedDependency[Desk],
        customer_id: PathId,
        data: JSONBody[CustomerChangeInput],
        if_match: Annotated[str | None, HeaderParameter(name="If-Match")] = None,
    ) -> Response[CustomerView]:
        """Change what was sent. With ``If-Match`` only if nobody else has (412 with the customer as she is now)."""
        wanted = service.CustomerChange(**given(data))
        async with customer_page.telling_what_is_new(desk, customer_id):
            await service.change(desk.session, customer_id, wanted, version_of(if_match))
        view = await customer_page.read(desk, customer_id)
        return Response(view, headers=etag(view.version))


class OrganisationController(Controller):
    """Companies of customers, and the tiers."""

    tags = ["Customers"]

    @get("/tiers", guards=[requires("desk:use")], summary="Tiers in use")
    async def known_tiers(self, desk: NamedDependency[Desk]) -> list[str]:
        """What the desk calls its better customers: the tiers that customers and organisations have."""
        return await tiers.known(desk.session)

    @get("/organisations", guards=[requires("customers:read")], summary="Companies")
    async def find(
        self,
        desk: NamedDependency[Desk],
        q: FromQuery[str] = "",
        ids: Annotated[list[int] | None, QueryParameter(max_items=100)] = None,
    ) -> list[Named]:
        """Companies whose name holds ``q`` (some of them), or those with these ``ids``; by name."""
        if ids is not None:
            found = await listing.named_organisations(desk.session, ids)
        else:
            found = await listing.find_organisations(desk.session, q)
        return [Named(id=number, name=name) for number, name in found]

    @put("/organisations/{organisation_id:int}", guards=[requires("customers:change")], summary="Change a company")
    async def change(
        self,
        desk: NamedDependency[Desk],
        organisation_id: PathId,
        data: JSONBody[OrganisationInput],
        if_match: Annotated[str | None, HeaderParameter(name="If-Match")] = None,
    ) -> Response[OrganisationView]:
        """Give it a tier, or none; what is promised about its people's open tickets follows in the background."""
        changed = await organisations.set_tier(desk.session, organisation_id, data.tier, version_of(if_match))
        return Response(organisation_view(changed), headers=etag(changed.version))


class SearchController(Controller):
    """Search."""

    path = "/search"
    tags = ["Tickets"]
    guards = [requires("tickets:read")]

    @get(summary="Find tickets, customers and products")
    async def search(
        self,
        desk: NamedDependency[Desk],
        q: FromQuery[str] = "",
        limit: FromQuery[int] = 20,
        offset: FromQuery[int] = 0,
    ) -> SearchView:
        """Tickets by their words, customers by name, address or number, products by serial or order number; best first.

        Beside words, ``q`` may have conditions: ``status:open``, ``channel:chat``, ``priority:high``, ``tag:warranty``,
        ``entitlement:in_warranty`` (when it was opened), ``language:hi``, ``from:`` a customer, ``assignee:me``,
        ``before:2026-11-01``, ``after:2026-10-01``.
        """
        allow("search", desk.agent_id)
        limit, offset = max(1, min(limit, 100)), max(0, min(offset, 1000))
        found = await searching.find(desk.session, desk.actor, q, limit=limit, offset=offset)
        words = searching.parse(q).words
        lines: list[CustomerLine] = []
        things: list[RegistrationRow] = []
        if words and not offset:
            also = await participants.customers_with(desk.session, desk.actor, words)
            lines = await finding.find(desk.session, desk.actor, words, limit, also)
            things = await products.find(desk.session, desk.actor, words, MOST_PRODUCTS)
        return SearchView(
            tickets=found.rows,
            customers=[brief(line) for line in lines],
            products=things,
            marks=found.marks,
            total=found.total,
            facets=found.facets,
            operators=found.operators,
            corrected=found.corrected,
            degraded=found.degraded,
        )

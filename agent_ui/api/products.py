"""The catalogue with its warranty rules, and registered products: for agents, and for the shop system with a key."""

from typing import Annotated

import msgspec
from litestar import Controller, Response, get, patch, post, put
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromQuery, HeaderParameter, JSONBody, QueryParameter

from agent_ui import files, product_page
from agent_ui.api.files import Form
from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.base import Page, PathId, etag, given, version_of
from agent_ui.views.products import (
    CustomerProducts,
    EndInput,
    ExtensionInput,
    ImportView,
    PrioritiesInput,
    PrioritiesView,
    ProductInput,
    ProductView,
    ProofView,
    RegisteredView,
    RegistrationChangeInput,
    RegistrationDetail,
    RegistrationInput,
    RuleInput,
    RuleView,
    product_view,
    rule_view,
    view_of,
)
from core.errors import NotFound
from products import catalogue, coverage, entitlement, importing, listing, proofs, registering
from products.catalogue import ProductChange, RuleChange
from products.listing import RegistrationRow
from products.registering import NewRegistration, RegistrationChange

READ, REGISTER, MANAGE = requires("products:read"), requires("products:register"), requires("products:manage")
IfMatch = Annotated[str | None, HeaderParameter(name="If-Match")]


class ImportForm(msgspec.Struct, forbid_unknown_fields=True):
    """A CSV file of the shop, what is in it, and whether it is only tried."""

    file: UploadFile
    kind: importing.Kind
    dry_run: bool = True


class CatalogueController(Controller):
    """The catalogue."""

    path = "/products"
    tags = ["Products"]

    @get(guards=[READ], summary="The catalogue")
    async def list_products(self, desk: NamedDependency[Desk]) -> list[ProductView]:
        """All products by name, also those that are no longer registered."""
        return [product_view(each) for each in await catalogue.list_products(desk.session)]

    @post(guards=[MANAGE], summary="Add a product")
    async def create(self, desk: NamedDependency[Desk], data: JSONBody[ProductInput]) -> ProductView:
        """Add a product; the format of its serial numbers is checked against the example."""
        return product_view(await catalogue.save_product(desk.session, ProductChange(**given(data))))

    @patch("/{product_id:int}", guards=[MANAGE], summary="Change a product")
    async def change(
        self,
        desk: NamedDependency[Desk],
        product_id: PathId,
        data: JSONBody[ProductInput],
        if_match: IfMatch = None,
    ) -> Response[ProductView]:
        """Change what was sent. With ``If-Match`` only if nobody else has (412)."""
        wanted = ProductChange(**given(data))
        changed = await catalogue.save_product(desk.session, wanted, product_id, version_of(if_match))
        return Response(product_view(changed), headers=etag(changed.version))

    @get("/warranty-rules", guards=[READ], summary="Warranty rules")
    async def list_rules(self, desk: NamedDependency[Desk]) -> list[RuleView]:
        """All rules, those in force first. The most specific one that fits a purchase counts."""
        return [rule_view(each) for each in await catalogue.list_rules(desk.session)]

    @post("/warranty-rules", guards=[MANAGE], summary="Add a warranty rule")
    async def create_rule(self, desk: NamedDependency[Desk], data: JSONBody[RuleInput]) -> RuleView:
        """Add a rule; what was registered before keeps its warranty."""
        return rule_view(await catalogue.save_rule(desk.session, RuleChange(**given(data))))

    @patch("/warranty-rules/{rule_id:int}", guards=[MANAGE], summary="Change a warranty rule")
    async def change_rule(self, desk: NamedDependency[Desk], rule_id: PathId, data: JSONBody[RuleInput]) -> RuleView:
        """Change what was sent; what was registered before keeps its warranty."""
        return rule_view(await catalogue.save_rule(desk.session, RuleChange(**given(data)), rule_id))

    @get("/priorities", guards=[READ], summary="Priorities by entitlement")
    async def priorities(self, desk: NamedDependency[Desk]) -> PrioritiesView:
        """Which priority new tickets get by their entitlement."""
        return PrioritiesView(priorities=await entitlement.priorities(desk.session))  # type: ignore[arg-type]

    @put("/priorities", guards=[MANAGE], summary="Set priorities by entitlement")
    async def set_priorities(self, desk: NamedDependency[Desk], data: JSONBody[PrioritiesInput]) -> PrioritiesView:
        """What is not named has the usual priority."""
        await entitlement.set_priorities(
            desk.session, {str(state): str(priority) for state, priority in data.priorities.items()}
        )
        return PrioritiesView(priorities=data.priorities)


class RegistrationController(Controller):
    """Registered products."""

    path = "/products/registrations"
    tags = ["Products"]

    @get(guards=[READ], summary="Registered products")
    async def list_registrations(
        self,
        desk: NamedDependency[Desk],
        q: FromQuery[str] = "",
        product_id: Annotated[int | None, QueryParameter(name="productId", ge=1)] = None,
        cursor: Annotated[int | None, QueryParameter(ge=1, le=2**63 - 1)] = None,
        limit: FromQuery[int] = 50,
    ) -> Page[RegistrationRow]:
        """Newest first; ``q`` is the start of a serial number or a part of the owner's name."""
        rows, following = await listing.search(desk.session, q, product_id, cursor, limit)
        return Page(items=rows, next=str(following) if following else None)

    @post(guards=[REGISTER], summary="Register a product", status_code=201)
    async def register(
        self, desk: NamedDependency[Desk], data: JSONBody[RegistrationInput]
    ) -> Response[RegisteredView]:
        """Register a product for a customer. 200 when it is known already, 409 when somebody else has it."""
        product = await product_page.named_product(desk, data)
        wanted = NewRegistration(
            customer_id=await product_page.named_customer(desk, data),
            product_id=product.id,
            serial=data.serial,
            purchased_on=data.purchased_on,
            country=data.country or desk.runtime.settings.default_country,
            seller=data.seller,
            source="api" if desk.actor.id is None else "agent",
            external_id=data.external_id,
            second_name=data.second_name,
            second_email=data.second_email,
            second_phone=data.second_phone,
        )
        done = await registering.register(desk.session, wanted, claims_allowed=False)
        line = await product_page.registration(desk, done.registration.id)
        view = RegisteredView(state=done.state, registration=line)
        return Response(view, status_code=201 if done.state == "registered" else 200)

    @get("/{registration_id:int}", guards=[READ], summary="One registered product")
    async def read(self, desk: NamedDependency[Desk], registration_id: PathId) -> Response[RegistrationDetail]:
        """With its owners, months on top, proofs and recalls."""
        view = await product_page.detail(desk, registration_id)
        return Response(view, headers=etag(view.registration.version))

    @patch("/{registration_id:int}", guards=[REGISTER], summary="Put facts right")
    async def change(
        self,
        desk: NamedDependency[Desk],
        registration_id: PathId,
        data: JSONBody[RegistrationChangeInput],
        if_match: IfMatch = None,
    ) -> RegistrationDetail:
        """Change what was sent; where the warranty depends on it, it is computed anew and the change recorded."""
        wanted = RegistrationChange(**given(data))
        await registering.change(desk.session, registration_id, wanted, version_of(if_match))
        return await product_page.detail(desk, registration_id)

    @post("/{registration_id:int}/extensions", guards=[REGISTER], summary="Give months on top", status_code=200)
    async def extend(
        self, desk: NamedDependency[Desk], registration_id: PathId, data: JSONBody[ExtensionInput]
    ) -> RegistrationDetail:
        """Grant months, or note those that were bought. The same ``externalId`` again changes nothing."""
        known = await registering.lock(desk.session, registration_id)
        await coverage.extend(desk.session, known, data.kind, data.months, data.reason, data.external_id)
        return await product_page.detail(desk, registration_id)

    @post("/{registration_id:int}/recompute", guards=[REGISTER], summary="Compute the warranty anew", status_code=200)
    async def recompute(self, desk: NamedDependency[Desk], registration_id: PathId) -> RegistrationDetail:
        """Look at the rules as they are now; what differs is recorded."""
        await coverage.recompute(desk.session, await registering.lock(desk.session, registration_id))
        return await product_page.detail(desk, registration_id)

    @post("/{registration_id:int}/end", guards=[REGISTER], summary="Take a product out of use", status_code=200)
    async def end(
        self, desk: NamedDependency[Desk], registration_id: PathId, data: JSONBody[EndInput]
    ) -> RegistrationDetail:
        """It was given back, replaced, or registered by mistake; its serial number is free again."""
        await registering.end(desk.session, registration_id, data.reason)
        return await product_page.detail(desk, registration_id)

    @get("/of-customer/{customer_id:int}", guards=[READ], summary="What a customer owns")
    async def of_customer(self, desk: NamedDependency[Desk], customer_id: PathId) -> CustomerProducts:
        """Registered products with their warranty, orders with their lines, and claims."""
        return await product_page.of_customer(desk, customer_id)


class ProductFileController(Controller):
    """Files of products; in the router that takes large bodies."""

    path = "/products"
    tags = ["Products"]

    @get("/{product_id:int}/picture", guards=[READ], summary="A product's picture", media_type="image/png")
    async def picture(self, desk: NamedDependency[Desk], product_id: PathId) -> Response[bytes]:
        """The picture that customers see."""
        product = await catalogue.get(desk.session, product_id)
        if product.picture_key is None:
            raise NotFound("There is no picture of this product.")
        content = await desk.runtime.storage.get(product.picture_key)
        return files.download(content, product.sku, product.picture_type)

    @put("/{product_id:int}/picture", guards=[MANAGE], summary="Give a product a picture")
    async def set_picture(self, desk: NamedDependency[Desk], product_id: PathId, data: Form) -> ProductView:
        """A PNG, JPEG, WebP or GIF of at most 2 MB."""
        content = await files.read_upload(data.file, catalogue.LARGEST_PICTURE)
        saved = await catalogue.set_picture(desk.session, desk.runtime.storage, product_id, content)
        return product_view(saved)

    @post("/registrations/{registration_id:int}/proofs", guards=[REGISTER], summary="Add a proof of purchase")
    async def add_proof(self, desk: NamedDependency[Desk], registration_id: PathId, data: Form) -> list[ProofView]:
        """A picture or a PDF; returns all proofs of the product."""
        await registering.lock(desk.session, registration_id)
        content = await files.read_upload(data.file, proofs.LARGEST)
        kept = await proofs.keep(desk.runtime.storage, data.file.filename, content)
        proofs.add(desk.session, [kept], registration_id)
        await desk.session.flush()
        return [view_of(ProofView, each) for each in await proofs.of_registration(desk.session, registration_id)]

    @get("/proofs/{proof_id:int}", guards=[READ], summary="A proof", media_type="application/octet-stream")
    async def proof(self, desk: NamedDependency[Desk], proof_id: PathId) -> Response[bytes]:
        """The file; pictures are shown in place."""
        found = await proofs.get(desk.session, proof_id)
        return files.download(await desk.runtime.storage.get(found.storage_key), found.name, found.content_type)

    @post("/import", guards=[MANAGE], summary="Import a file of the shop", status_code=200)
    async def import_file(
        self,
        desk: NamedDependency[Desk],
        data: Annotated[ImportForm, Body(media_type=RequestEncodingType.MULTI_PART)],
    ) -> ImportView:
        """CSV with the catalogue, registrations or orders; unless ``dry_run`` is false it is only tried."""
        content = await files.read_upload(data.file, importing.LARGEST)
        return await product_page.imported(desk, data.kind, content, dry_run=data.dry_run)

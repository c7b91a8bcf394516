"""Shapes of the catalogue, registered products, claims, recalls and orders."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from agent_ui.views.base import EmailText, Id, Input, ShortText, View
from agent_ui.views.people import Locale
from products.entitlement import State
from products.listing import RegistrationRow
from products.models import Product, WarrantyRule
from products.recalls import STATES, RecallWords

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Words = Annotated[str, msgspec.Meta(max_length=20_000)]
Country = Annotated[str, msgspec.Meta(min_length=2, max_length=2)]
Months = Annotated[int, msgspec.Meta(ge=1, le=600)]
Sku = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
ExternalId = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
Amount = Annotated[int, msgspec.Meta(ge=0, le=10**14)]
Unset = msgspec.UnsetType
UNSET = msgspec.UNSET
V = TypeVar("V", bound=msgspec.Struct)


def view_of(kind: type[V], row: Any, **more: Any) -> V:
    """A view from a row with the same names, and what the row does not know."""
    names = [name for name in kind.__struct_fields__ if name not in more]
    return kind(**{name: getattr(row, name) for name in names}, **more)


class ProductView(View):
    """A product of the catalogue."""

    id: int
    sku: str
    name: str
    names: dict[str, str]
    family: str
    serial_masks: str
    serial_example: str
    serial_check: str
    serial_place: str
    serial_places: dict[str, str]
    has_picture: bool
    manual_url: str
    article_tags: list[str]
    sold_from: date | None
    is_active: bool
    version: int


class ProductInput(Input):
    """Fields of a product; what is not sent stays."""

    sku: Sku | Unset = UNSET
    name: Name | Unset = UNSET
    names: dict[str, Annotated[str, msgspec.Meta(max_length=200)]] | Unset = UNSET
    family: Annotated[str, msgspec.Meta(max_length=80)] | Unset = UNSET
    serial_masks: Annotated[str, msgspec.Meta(max_length=400)] | Unset = UNSET
    serial_example: Annotated[str, msgspec.Meta(max_length=60)] | Unset = UNSET
    serial_check: Literal["", "luhn", "mod97"] | Unset = UNSET
    serial_place: Annotated[str, msgspec.Meta(max_length=400)] | Unset = UNSET
    serial_places: dict[str, Annotated[str, msgspec.Meta(max_length=400)]] | Unset = UNSET
    manual_url: ShortText | Unset = UNSET
    article_tags: Annotated[list[Annotated[str, msgspec.Meta(max_length=60)]], msgspec.Meta(max_length=20)] | Unset = (
        UNSET
    )
    sold_from: date | Unset | None = UNSET
    is_active: bool | Unset = UNSET


class RuleView(View):
    """A warranty rule."""

    id: int
    name: str
    product_id: int | None
    family: str | None
    country: str | None
    bought_from: date | None
    bought_until: date | None
    register_within_days: int | None
    starts_from: str
    months: int
    covers: str
    is_active: bool


class RuleInput(Input):
    """Fields of a rule; what is not sent stays."""

    name: Name | Unset = UNSET
    product_id: Id | Unset | None = UNSET
    family: Annotated[str, msgspec.Meta(max_length=80)] | Unset | None = UNSET
    country: Annotated[str, msgspec.Meta(max_length=2)] | Unset | None = UNSET
    bought_from: date | Unset | None = UNSET
    bought_until: date | Unset | None = UNSET
    register_within_days: Annotated[int, msgspec.Meta(ge=0, le=3650)] | Unset | None = UNSET
    starts_from: Literal["purchase", "registration"] | Unset = UNSET
    months: Months | Unset = UNSET
    covers: ShortText | Unset = UNSET
    is_active: bool | Unset = UNSET


class PrioritiesView(View):
    """Priority of new tickets by entitlement; what is null is of normal priority."""

    priorities: dict[State, Literal["low", "normal", "high", "urgent"]]


class PrioritiesInput(Input):
    """The same, to be set."""

    priorities: dict[State, Literal["low", "normal", "high", "urgent"]]


class OwnerView(View):
    """One owner of a product's history."""

    customer_id: int
    name: str
    how: str
    from_at: datetime
    until_at: datetime | None


class ExtensionView(View):
    """Months on top."""

    id: int
    kind: str
    months: int
    reason: str
    created_at: datetime


class ProofView(View):
    """A bill or a photograph; ``GET /api/products/proofs/{id}`` is the file."""

    id: int
    name: str
    content_type: str
    size: int
    created_at: datetime


class RecallNoticeView(View):
    """A running recall that a product is in."""

    recall_id: int
    title: str
    text: str
    state: str


class RegistrationDetail(View):
    """A registered product with its history."""

    registration: RegistrationRow
    owners: list[OwnerView]
    extensions: list[ExtensionView]
    proofs: list[ProofView]
    recalls: list[RecallNoticeView]
    invited: str | None


class RegistrationInput(Input):
    """A product to be registered: product by ``productId`` or ``sku``, owner by ``customerId`` or ``customerEmail``.

    With an ``externalId`` the same may be told again and changes nothing.
    """

    serial: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    purchased_on: date
    product_id: Id | None = None
    sku: Sku | None = None
    customer_id: Id | None = None
    customer_email: EmailText | None = None
    customer_name: ShortText = ""
    country: Country | None = None
    seller: ShortText = ""
    external_id: ExternalId | None = None
    second_name: ShortText = ""
    second_email: ShortText = ""
    second_phone: ShortText = ""

    def __post_init__(self) -> None:
        if (self.product_id is None) == (self.sku is None):
            raise ValueError("Name the product by its id or by its article number.")
        if (self.customer_id is None) == (self.customer_email is None):
            raise ValueError("Name the owner by her id or by her address.")


class RegisteredView(View):
    """What became of it: ``registered`` now, or ``already`` known."""

    state: Literal["registered", "already", "claimed"]
    registration: RegistrationRow


class RegistrationChangeInput(Input):
    """Facts to put right; what is not sent stays."""

    serial: Annotated[str, msgspec.Meta(min_length=1, max_length=100)] | Unset = UNSET
    purchased_on: date | Unset = UNSET
    country: Country | Unset = UNSET
    seller: ShortText | Unset = UNSET
    second_name: ShortText | Unset = UNSET
    second_email: ShortText | Unset = UNSET
    second_phone: ShortText | Unset = UNSET


class ExtensionInput(Input):
    """Months on top."""

    kind: Literal["granted", "bought"]
    months: Months
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    external_id: ExternalId | None = None


class EndInput(Input):
    """Why a product is not in use any more."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class ClaimView(View):
    """A claim, with both purchases side by side."""

    id: int
    state: str
    created_at: datetime
    decided_at: datetime | None
    reason: str
    words: str
    purchased_on: date
    country: str
    seller: str
    registration_id: int
    product: str
    serial: str
    claimant_id: int
    claimant: str
    owner_id: int
    owner: str
    registered_at: datetime
    owner_purchased_on: date


class ClaimDetail(View):
    """A claim with the proofs of both sides."""

    claim: ClaimView
    proofs: list[ProofView]
    owner_proofs: list[ProofView]


class DecisionInput(Input):
    """Approve or reject; the claimant reads the reason."""

    approve: bool
    reason: Annotated[str, msgspec.Meta(max_length=2000)] = ""


class RecallView(View):
    """A recall; ``progress``: state → number of products; ``matching``: whom a draft would reach.

    ``title`` and ``text`` are in the desk's default language, ``words`` has the other ones.
    """

    id: int
    title: str
    text: str
    words: dict[str, RecallWords]
    product_id: int
    product: str
    ranges: list[list[str]]
    state: str
    created_at: datetime
    started_at: datetime | None
    closed_at: datetime | None
    progress: dict[str, int]
    matching: int | None


class RecallWordsInput(Input):
    """What a recall says in one language."""

    title: Annotated[str, msgspec.Meta(max_length=200)]
    text: Words


class RecallInput(Input):
    """A recall; ``ranges``: pairs of serial numbers, none for the whole model.

    ``title`` and ``text`` are in the desk's default language; ``words``: other languages, each with both.
    """

    title: Name
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=20_000)]
    product_id: Id
    ranges: Annotated[list[tuple[ShortText, ShortText]], msgspec.Meta(max_length=50)] = []
    words: dict[Locale, RecallWordsInput] = {}


class CaseView(View):
    """One product of a recall."""

    id: int
    recall_id: int
    registration_id: int
    serial: str
    customer_id: int
    customer: str
    language: str | None
    email: str | None
    phone: str | None
    state: str
    note: str
    mailed_at: datetime | None
    changed_at: datetime


class CaseInput(Input):
    """How far we are with one product."""

    state: Literal["to_contact", "mailed", "answered", "done", "unreachable"]
    note: Annotated[str, msgspec.Meta(max_length=2000)] | None = None


class OrderLineView(View):
    """One position of an order; prices in the currency's smallest unit."""

    text: str
    sku: str
    quantity: int
    unit_price: int
    serial: str


class OrderView(View):
    """An order; amounts in the currency's smallest unit."""

    id: int
    external_id: str
    customer_id: int
    number: str
    status: str
    payment_status: str
    ordered_on: date
    deliver_on: date | None
    delivered_on: date | None
    currency: str
    total: int
    note: str
    changed_at: datetime
    lines: list[OrderLineView]


class OrderLineInput(Input):
    """One position."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    sku: Annotated[str, msgspec.Meta(max_length=60)] = ""
    quantity: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1
    unit_price: Amount = 0
    serial: Annotated[str, msgspec.Meta(max_length=60)] = ""


class OrderInput(Input):
    """An order as the shop tells it, whole: lines that are not told any more are gone."""

    ordered_on: date
    customer_id: Id | None = None
    customer_email: EmailText | None = None
    customer_name: ShortText = ""
    number: Annotated[str, msgspec.Meta(max_length=120)] = ""
    status: Literal["placed", "confirmed", "packed", "shipped", "delivered", "cancelled", "returned"] = "placed"
    payment_status: Literal["unpaid", "paid", "part_paid", "refunded", "failed"] = "unpaid"
    deliver_on: date | None = None
    delivered_on: date | None = None
    currency: Annotated[str, msgspec.Meta(min_length=3, max_length=3)] = "INR"
    total: Amount | None = None
    note: Annotated[str, msgspec.Meta(max_length=2000)] = ""
    lines: Annotated[list[OrderLineInput], msgspec.Meta(max_length=500)] = []

    def __post_init__(self) -> None:
        if (self.customer_id is None) == (self.customer_email is None):
            raise ValueError("Name the customer by her id or by her address.")


class NewOrderInput(OrderInput, kw_only=True):
    """An order with the shop's name for it."""

    external_id: ExternalId


class CustomerProducts(View):
    """What a customer owns, ordered and claims."""

    registrations: list[RegistrationRow]
    orders: list[OrderView]
    claims: list[ClaimView]


class ImportProblem(View):
    """A row that did not go in."""

    line: int
    field: str
    message: str


class ImportView(View):
    """What an import has done, or would do; ``errors_file`` is CSV that can be corrected and imported."""

    kind: str
    dry_run: bool
    rows: int
    created: int
    changed: int
    unchanged: int
    failed: int
    problems: list[ImportProblem]
    errors_file: str


class KeyView(View):
    """A key of a program, without the key itself."""

    id: int
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewKeyView(View):
    """A key that was made now; ``token`` is shown this once."""

    key: KeyView
    token: str


class KeyInput(Input):
    """A key to be made."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    scopes: Annotated[
        list[Literal["products:read", "products:register", "products:manage", "orders:write", "customers:read"]],
        msgspec.Meta(min_length=1, max_length=10),
    ]


def product_view(product: Product) -> ProductView:
    """A product."""
    return view_of(ProductView, product, has_picture=product.picture_key is not None)


def rule_view(rule: WarrantyRule) -> RuleView:
    """A warranty rule."""
    return view_of(RuleView, rule)


def no_progress() -> dict[str, int]:
    """A recall that has not begun."""
    return dict.fromkeys(STATES, 0)

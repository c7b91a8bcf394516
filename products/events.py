"""What can happen to registered products, claims, recalls and orders."""

from datetime import date
from typing import Any

from core.events import Event


class CatalogueChanged(Event, frozen=True, kw_only=True):
    """A product or a warranty rule was added or changed: fields → [old, new]."""

    kind = "catalogue.changed"
    what: str
    id: int
    name: str
    changes: dict[str, list[Any]]


class ProductRegistered(Event, frozen=True, kw_only=True):
    """Somebody registered a product."""

    kind = "product.registered"
    registration_id: int
    product: str
    serial: str
    source: str


class RegistrationChanged(Event, frozen=True, kw_only=True):
    """Facts of a registered product were changed: fields → [old, new]."""

    kind = "product.registration_changed"
    registration_id: int
    changes: dict[str, list[Any]]


class RegistrationEnded(Event, frozen=True, kw_only=True):
    """A registered product was given back, replaced, or registered by mistake."""

    kind = "product.registration_ended"
    registration_id: int
    reason: str


class WarrantyChanged(Event, frozen=True, kw_only=True):
    """The warranty of a registered product is another one now, and why."""

    kind = "product.warranty_changed"
    registration_id: int
    old_until: date | None
    new_until: date | None
    reason: str
    because: str


class ClaimOpened(Event, frozen=True, kw_only=True):
    """Somebody says that a product that another person has registered is hers."""

    kind = "product.claim_opened"
    claim_id: int
    registration_id: int


class ClaimDecided(Event, frozen=True, kw_only=True):
    """An agent decided about a claim."""

    kind = "product.claim_decided"
    claim_id: int
    registration_id: int
    approved: bool
    reason: str


class OwnerChanged(Event, frozen=True, kw_only=True):
    """A registered product belongs to somebody else now."""

    kind = "product.owner_changed"
    registration_id: int
    from_customer_id: int
    how: str


class TransferOffered(Event, frozen=True, kw_only=True):
    """An owner invited somebody to take a product over."""

    kind = "product.transfer_offered"
    transfer_id: int
    registration_id: int


class RecallStarted(Event, frozen=True, kw_only=True):
    """A recall began: so many registered products are in it."""

    kind = "recall.started"
    recall_id: int
    title: str
    matched: int


class RecallClosed(Event, frozen=True, kw_only=True):
    """A recall was closed."""

    kind = "recall.closed"
    recall_id: int
    title: str


class RecallCaseChanged(Event, frozen=True, kw_only=True):
    """How far a recall is with one product."""

    kind = "recall.case_changed"
    recall_id: int
    registration_id: int
    old: str
    new: str


class OrderChanged(Event, frozen=True, kw_only=True):
    """The shop told of an order: a new one, or another state of it."""

    kind = "order.changed"
    order_id: int
    number: str
    status: str
    payment_status: str

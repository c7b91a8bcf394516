"""Tables of what was sold: catalogue, warranty rules, registered products and their owners, claims, recalls, orders.

A registration is one thing with one serial number; it has one owner at a time (``customer_id``) and a history of them.
What its warranty is was computed once and is kept with its reason (``products/coverage.py``).
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.base import Base

IN_USE = text("ended_at is null")


class Product(Base):
    """A model that is or was sold.

    ``names``: language → name where it differs from ``name``. ``serial_masks``, ``serial_example``, ``serial_check``:
    see ``products/serials.py``; ``serial_place``: where the plate is, in words; ``serial_places``: language → the same.
    ``article_tags``: knowledge base articles with one of these tags are about it. ``sold_from``: nobody can have bought
    it earlier.
    """

    __tablename__ = "products"
    __table_args__ = (Index("ix_products_family", "family"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    sku: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    names: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    family: Mapped[str] = mapped_column(server_default="")
    serial_masks: Mapped[str] = mapped_column(server_default="")
    serial_example: Mapped[str] = mapped_column(server_default="")
    serial_check: Mapped[str] = mapped_column(server_default="")
    serial_place: Mapped[str] = mapped_column(server_default="")
    serial_places: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    picture_key: Mapped[str | None]
    picture_type: Mapped[str | None]
    manual_url: Mapped[str] = mapped_column(server_default="")
    article_tags: Mapped[list[str]] = mapped_column(server_default="{}")
    sold_from: Mapped[date | None] = mapped_column(Date)
    is_active: Mapped[bool] = mapped_column(server_default="true")
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]


class WarrantyRule(Base):
    """A rule as ``products/warranty.py`` reads it."""

    __tablename__ = "warranty_rules"
    __table_args__ = (CheckConstraint("starts_from in ('purchase','registration')", name="starts_from"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id"))
    family: Mapped[str | None]
    country: Mapped[str | None]
    bought_from: Mapped[date | None] = mapped_column(Date)
    bought_until: Mapped[date | None] = mapped_column(Date)
    register_within_days: Mapped[int | None]
    starts_from: Mapped[str] = mapped_column(server_default="purchase")
    months: Mapped[int]
    covers: Mapped[str] = mapped_column(server_default="")
    is_active: Mapped[bool] = mapped_column(server_default="true")
    created_at: Mapped[datetime]


class Registration(Base):
    """One thing with its serial number, and who owns it.

    ``source``: portal, agent, api, import. ``warranty_…``: frozen by ``products/coverage.py``: the rule's name at that
    time, what it covers, the last day (``warranty_until``), the last day of what was bought on top
    (``contract_until``), and why. ``reminded_until``: the end of cover that its owner was reminded of.
    ``ended_at``: it was given back, replaced, or registered by mistake; its serial number is free again.
    """

    __tablename__ = "registrations"
    __table_args__ = (
        Index("uq_registrations_product_serial", "product_id", "serial", unique=True, postgresql_where=IN_USE),
        Index("ix_registrations_customer_id", "customer_id", "id"),
        Index("ix_registrations_serial", "serial"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    serial: Mapped[str]
    country: Mapped[str]
    purchased_on: Mapped[date] = mapped_column(Date)
    registered_at: Mapped[datetime]
    seller: Mapped[str] = mapped_column(server_default="")
    source: Mapped[str]
    external_id: Mapped[str | None] = mapped_column(unique=True)
    warranty_rule_id: Mapped[int | None] = mapped_column(ForeignKey("warranty_rules.id"))
    warranty_name: Mapped[str] = mapped_column(server_default="")
    warranty_covers: Mapped[str] = mapped_column(server_default="")
    warranty_from: Mapped[date | None] = mapped_column(Date)
    warranty_until: Mapped[date | None] = mapped_column(Date)
    contract_until: Mapped[date | None] = mapped_column(Date)
    covered_until: Mapped[date | None] = mapped_column(Date)
    warranty_reason: Mapped[str] = mapped_column(server_default="")
    reminded_until: Mapped[date | None] = mapped_column(Date)
    second_name: Mapped[str] = mapped_column(server_default="")
    second_email: Mapped[str] = mapped_column(server_default="")
    second_phone: Mapped[str] = mapped_column(server_default="")
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str] = mapped_column(server_default="")
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]


class Ownership(Base):
    """Who owned a registered product, from when until when, and how she came by it: registered, claim, transfer."""

    __tablename__ = "ownerships"
    __table_args__ = (
        Index("ix_ownerships_registration_id", "registration_id", "id"),
        Index("ix_ownerships_customer_id", "customer_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    how: Mapped[str]
    from_at: Mapped[datetime]
    until_at: Mapped[datetime | None]


class WarrantyExtension(Base):
    """Months on top: granted by an agent, or bought as a contract."""

    __tablename__ = "warranty_extensions"
    __table_args__ = (
        CheckConstraint("kind in ('granted','bought')", name="kind"),
        Index("ix_warranty_extensions_registration_id", "registration_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id"))
    kind: Mapped[str]
    months: Mapped[int]
    reason: Mapped[str]
    external_id: Mapped[str | None] = mapped_column(unique=True)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    created_at: Mapped[datetime]


class Proof(Base):
    """A bill or a photograph of the plate, of a registration or of a claim. ``content_type`` is what its content is."""

    __tablename__ = "proofs"
    __table_args__ = (
        Index("ix_proofs_registration_id", "registration_id"),
        Index("ix_proofs_claim_id", "claim_id", postgresql_where=text("claim_id is not null")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id"))
    claim_id: Mapped[int | None] = mapped_column(ForeignKey("ownership_claims.id"))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    name: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    storage_key: Mapped[str]
    created_at: Mapped[datetime]


class OwnershipClaim(Base):
    """Somebody says that a product that another person has registered is hers. An agent decides."""

    __tablename__ = "ownership_claims"
    __table_args__ = (
        CheckConstraint("state in ('open','approved','rejected','withdrawn')", name="state"),
        Index("uq_ownership_claims_open", "registration_id", "customer_id", unique=True,
              postgresql_where=text("state = 'open'")),
        Index("ix_ownership_claims_open", "created_at", postgresql_where=text("state = 'open'")),
        Index("ix_ownership_claims_customer_id", "customer_id"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    against_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    words: Mapped[str] = mapped_column(server_default="")
    purchased_on: Mapped[date] = mapped_column(Date)
    country: Mapped[str]
    seller: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str] = mapped_column(server_default="open")
    reason: Mapped[str] = mapped_column(server_default="")
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    decided_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Transfer(Base):
    """An owner hands a product over: an invitation by mail, with a signed token, that its new owner accepts."""

    __tablename__ = "transfers"
    __table_args__ = (
        CheckConstraint("state in ('open','accepted','cancelled')", name="state"),
        Index("uq_transfers_open", "registration_id", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_transfers_registration_id", "registration_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id"))
    from_customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    to_email: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="open")
    expires_at: Mapped[datetime]
    accepted_by_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    closed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Recall(Base):
    """A call to bring products of a model or a range of serial numbers in.

    ``title`` and ``text`` are in the desk's default language; ``words``: other language → ``title`` and ``text``.
    ``ranges``: pairs ``[from, to]`` of serial numbers, both included; none: every one of the model.
    """

    __tablename__ = "recalls"
    __table_args__ = (CheckConstraint("state in ('draft','running','closed')", name="state"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    title: Mapped[str]
    text: Mapped[str]
    words: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    ranges: Mapped[list[Any]] = mapped_column(server_default="[]")
    state: Mapped[str] = mapped_column(server_default="draft")
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class RecallCase(Base):
    """One product of a recall: how far we are with its owner."""

    __tablename__ = "recall_cases"
    __table_args__ = (
        CheckConstraint("state in ('to_contact','mailed','answered','done','unreachable')", name="state"),
        UniqueConstraint("recall_id", "registration_id", name="uq_recall_cases_recall_registration"),
        Index("ix_recall_cases_registration_id", "registration_id"),
        Index("ix_recall_cases_state", "recall_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    recall_id: Mapped[int] = mapped_column(ForeignKey("recalls.id"))
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id"))
    state: Mapped[str] = mapped_column(server_default="to_contact")
    note: Mapped[str] = mapped_column(server_default="")
    notice_id: Mapped[int | None]
    mailed_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]


class EntitlementPriority(Base):
    """How urgent a new request is when its product is covered so; what has no row here is of normal priority."""

    __tablename__ = "entitlement_priorities"

    state: Mapped[str] = mapped_column(primary_key=True)
    priority: Mapped[str]


class Order(Base):
    """What a customer bought, as the shop system tells it. Amounts are in the currency's smallest unit."""

    __tablename__ = "orders"
    __table_args__ = (Index("ix_orders_customer_id", "customer_id", "ordered_on"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    external_id: Mapped[str] = mapped_column(unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    number: Mapped[str]
    status: Mapped[str]
    payment_status: Mapped[str]
    ordered_on: Mapped[date] = mapped_column(Date)
    deliver_on: Mapped[date | None] = mapped_column(Date)
    delivered_on: Mapped[date | None] = mapped_column(Date)
    currency: Mapped[str] = mapped_column(server_default="INR")
    total: Mapped[int] = mapped_column(server_default="0")
    note: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class OrderLine(Base):
    """One position of an order; ``sku`` as the shop says it, ``product_id`` when the catalogue has it."""

    __tablename__ = "order_lines"
    __table_args__ = (UniqueConstraint("order_id", "position", name="uq_order_lines_order_position"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    position: Mapped[int]
    sku: Mapped[str] = mapped_column(server_default="")
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id"))
    text: Mapped[str]
    quantity: Mapped[int] = mapped_column(server_default="1")
    unit_price: Mapped[int] = mapped_column(server_default="0")
    serial: Mapped[str] = mapped_column(server_default="")

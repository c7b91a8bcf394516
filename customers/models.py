"""Tables of the people who write to us: customers, their addresses and numbers, their organisations."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.base import Base


class Organisation(Base):
    """A company; its mail domain finds it. ``tier``: of all its people that have none of their own."""

    __tablename__ = "organisations"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    domain: Mapped[str | None] = mapped_column(unique=True)
    tier: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]


class Customer(Base):
    """A person who is, was or may become a customer.

    ``manages_organisation``: on the portal she sees the tickets of all people of her organisation. ``tier``: what the
    desk calls its better customers, where she is one by herself (``customers/tiers.py``).
    ``owner_agent_id``: the agent whom she knows; routing prefers her (a plain number here: staff is a sibling).
    """

    __tablename__ = "customers"
    __table_args__ = (
        Index("ix_customers_name_trgm", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
        Index("ix_customers_organisation_id", "organisation_id"),
        Index("ix_customers_tier", "tier", postgresql_where=text("tier is not null")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    language: Mapped[str | None]
    time_zone: Mapped[str | None]
    vip: Mapped[bool] = mapped_column(server_default="false")
    tier: Mapped[str | None]
    manages_organisation: Mapped[bool] = mapped_column(server_default="false")
    do_not_contact: Mapped[bool] = mapped_column(server_default="false")
    notes: Mapped[str] = mapped_column(server_default="")
    attributes: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    owner_agent_id: Mapped[int | None]
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]


class ContactPoint(Base):
    """An address or number of one customer, unique by its normalised value.

    ``verified`` is true only where the person has proved it (signed link, answered code); a mail's From line is
    a claim. ``invalid_reason`` is set by a permanent bounce.
    """

    __tablename__ = "contact_points"
    __table_args__ = (
        UniqueConstraint("kind", "value", name="uq_contact_points_kind_value"),
        Index("ix_contact_points_customer_id", "customer_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"))
    kind: Mapped[str]
    value: Mapped[str]
    display: Mapped[str]
    verified: Mapped[bool] = mapped_column(server_default="false")
    source: Mapped[str]
    invalid_reason: Mapped[str | None]
    created_at: Mapped[datetime]


class Consent(Base):
    """One yes or no for one address or number and one purpose; rows are only ever added (``customers/consent.py``)."""

    __tablename__ = "consents"
    __table_args__ = (
        Index("ix_consents_point", "kind", "value", "purpose", "id"),
        Index("ix_consents_customer_id", "customer_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    customer_id: Mapped[int | None]
    kind: Mapped[str]
    value: Mapped[str]
    purpose: Mapped[str]
    is_granted: Mapped[bool]
    source: Mapped[str]
    actor_kind: Mapped[str]
    actor_name: Mapped[str]
    at: Mapped[datetime]


class SignInLink(Base):
    """A link with a code that was mailed to an address, to prove that its reader may sign in (``customers/signin.py``).

    Only hashes are kept. ``browser_hash``: of the cookie of the browser that asked; link and code work there only.
    ``known_browser``: of the name of a browser in which the address was proved before; its links count on their own.
    ``next_path``: the page of the portal that was asked for. ``customer_id``: set when somebody who is signed in
    proves one more address of hers; None: whoever proves it signs in.
    """

    __tablename__ = "customer_signin_links"
    __table_args__ = (
        Index("ix_customer_signin_links_address", "address", "created_at"),
        Index("ix_customer_signin_links_network", "network", "created_at"),
        Index("ix_customer_signin_links_browser_hash", "browser_hash"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    browser_hash: Mapped[bytes] = mapped_column(LargeBinary)
    address: Mapped[str]
    network: Mapped[str]
    known_browser: Mapped[bytes | None] = mapped_column(LargeBinary)
    language: Mapped[str]
    next_path: Mapped[str] = mapped_column(server_default="")
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"))
    tries: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class CustomerSession(Base):
    """One browser in which a customer is signed in; ``contact`` is the address that she proved."""

    __tablename__ = "customer_sessions"
    __table_args__ = (Index("ix_customer_sessions_customer_id", "customer_id"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"))
    contact: Mapped[str]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ip: Mapped[str]
    user_agent: Mapped[str]


class DataRequest(Base):
    """What a customer wants to be done with her data (``customers/privacy.py``).

    ``words``: what she says; ``answer``: what was done, or why not. ``ticket_id``: the conversation about it. A copy
    is the file ``storage_key``, which she can fetch until ``expires_at``. ``handled_by``: the agent's name.
    """

    __tablename__ = "data_requests"
    __table_args__ = (
        CheckConstraint("kind in ('copy','correction','deletion')", name="kind"),
        CheckConstraint("state in ('asked','working','done','refused')", name="state"),
        Index("ix_data_requests_customer_id", "customer_id", "id"),
        Index("ix_data_requests_open", "id", postgresql_where=text("state in ('asked','working')")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="asked")
    words: Mapped[str] = mapped_column(server_default="")
    answer: Mapped[str] = mapped_column(server_default="")
    ticket_id: Mapped[int | None]
    handled_by: Mapped[str | None]
    storage_key: Mapped[str | None]
    expires_at: Mapped[datetime | None]
    asked_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    done_at: Mapped[datetime | None]

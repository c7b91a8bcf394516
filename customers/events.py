"""What can happen to a customer."""

from typing import Any

from core.events import Event


class CustomerCreated(Event, frozen=True, kw_only=True):
    """Somebody new wrote to us, or an agent entered her."""

    kind = "customer.created"
    name: str
    source: str


class CustomerChanged(Event, frozen=True, kw_only=True):
    """An agent changed fields: name → [old, new]."""

    kind = "customer.changed"
    changes: dict[str, list[Any]]


class ContactInvalid(Event, frozen=True, kw_only=True):
    """An address or number cannot be reached any more (permanent bounce)."""

    kind = "customer.contact_invalid"
    contact: str
    reason: str


class ConsentChanged(Event, frozen=True, kw_only=True):
    """Somebody allowed or forbade us to write to an address or number."""

    kind = "customer.consent_changed"
    contact: str
    purpose: str
    granted: bool
    source: str

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


class OrganisationChanged(Event, frozen=True, kw_only=True):
    """An agent changed fields of an organisation: name → [old, new]."""

    kind = "organisation.changed"
    organisation_id: int
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


class CustomerSignedIn(Event, frozen=True, kw_only=True):
    """Somebody proved an address and is signed in on the portal."""

    kind = "customer.signed_in"
    contact: str
    session_id: int
    ip: str
    user_agent: str


class CustomerSignedOut(Event, frozen=True, kw_only=True):
    """Sessions on the portal were ended."""

    kind = "customer.signed_out"
    session_ids: tuple[int, ...]
    reason: str


class ContactVerified(Event, frozen=True, kw_only=True):
    """A customer proved that an address is hers."""

    kind = "customer.contact_verified"
    contact: str


class DataRequested(Event, frozen=True, kw_only=True):
    """A customer wants a copy of her data, their correction or their deletion."""

    kind = "customer.data_requested"
    request_id: int
    what: str


class DataRequestChanged(Event, frozen=True, kw_only=True):
    """Something was done about what a customer wants with her data."""

    kind = "customer.data_request_changed"
    request_id: int
    what: str
    state: str


class CustomerErased(Event, frozen=True, kw_only=True):
    """A customer was made nobody, at her own wish; how many of what was erased."""

    kind = "customer.erased"
    request_id: int
    counts: dict[str, int]


class ContactRemoved(Event, frozen=True, kw_only=True):
    """A customer took one of her addresses away."""

    kind = "customer.contact_removed"
    contact: str

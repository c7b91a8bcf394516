"""Shapes of customers."""

from datetime import datetime
from typing import Annotated

import msgspec

from agent_ui.views.base import Id, Input, Named, ShortText, View
from agent_ui.views.tickets import CustomerBrief
from customers.listing import CustomerLine
from customers.models import ContactPoint, Customer, Organisation
from tickets.listing import TicketRow


class ContactView(View):
    """An address or number; ``invalid_reason`` says why it cannot be reached any more."""

    kind: str
    value: str
    verified: bool
    invalid_reason: str | None


class CustomerTicket(View):
    """One of the customer's tickets."""

    id: int
    subject: str
    status: str
    created_at: datetime


class OrganisationView(View):
    """A company; ``tier``: of all its people that have none of their own."""

    id: int
    name: str
    tier: str | None
    version: int


class OrganisationInput(Input):
    """What an agent says of a company; null: it has no tier."""

    tier: Annotated[str, msgspec.Meta(max_length=100)] | None


class CustomerView(View):
    """A customer whole, with the newest tickets that the reader may see.

    ``manages_organisation``: on the portal she sees the tickets of all people of her organisation. ``tier``: her own;
    null: that of her organisation, if it has one. ``owner_agent_id``: the agent whom she knows; routing prefers her.
    """

    id: int
    name: str
    language: str | None
    time_zone: str | None
    vip: bool
    do_not_contact: bool
    manages_organisation: bool
    notes: str
    tier: str | None
    owner_agent_id: int | None
    organisation: OrganisationView | None
    contacts: list[ContactView]
    tickets: list[CustomerTicket]
    created_at: datetime
    version: int


class CustomerChangeInput(Input):
    """Fields to change; what is not sent stays."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | msgspec.UnsetType = msgspec.UNSET
    language: Annotated[str, msgspec.Meta(max_length=35)] | msgspec.UnsetType | None = msgspec.UNSET
    time_zone: ShortText | msgspec.UnsetType | None = msgspec.UNSET
    vip: bool | msgspec.UnsetType = msgspec.UNSET
    do_not_contact: bool | msgspec.UnsetType = msgspec.UNSET
    manages_organisation: bool | msgspec.UnsetType = msgspec.UNSET
    notes: Annotated[str, msgspec.Meta(max_length=20_000)] | msgspec.UnsetType = msgspec.UNSET
    owner_agent_id: Id | msgspec.UnsetType | None = msgspec.UNSET
    tier: Annotated[str, msgspec.Meta(max_length=100)] | msgspec.UnsetType | None = msgspec.UNSET


def brief(line: CustomerLine) -> CustomerBrief:
    """A customer as a line of a list."""
    organisation = None
    if line.organisation_id is not None:
        organisation = Named(id=line.organisation_id, name=line.organisation_name or "")
    return CustomerBrief(
        id=line.id,
        name=line.name,
        email=line.email,
        phone=line.phone,
        language=line.language,
        time_zone=line.time_zone,
        vip=line.vip,
        do_not_contact=line.do_not_contact,
        organisation=organisation,
    )


def organisation_view(found: Organisation) -> OrganisationView:
    """A company."""
    return OrganisationView(id=found.id, name=found.name, tier=found.tier, version=found.version)


def customer_view(
    customer: Customer, organisation: Organisation | None, contacts: list[ContactPoint], tickets: list[TicketRow]
) -> CustomerView:
    """A customer whole."""
    return CustomerView(
        id=customer.id,
        name=customer.name,
        language=customer.language,
        time_zone=customer.time_zone,
        vip=customer.vip,
        do_not_contact=customer.do_not_contact,
        manages_organisation=customer.manages_organisation,
        notes=customer.notes,
        tier=customer.tier,
        owner_agent_id=customer.owner_agent_id,
        organisation=organisation_view(organisation) if organisation else None,
        contacts=[
            ContactView(kind=one.kind, value=one.value, verified=one.verified, invalid_reason=one.invalid_reason)
            for one in contacts
        ],
        tickets=[
            CustomerTicket(id=one.id, subject=one.subject, status=one.status, created_at=one.created_at)
            for one in tickets
        ],
        created_at=customer.created_at,
        version=customer.version,
    )

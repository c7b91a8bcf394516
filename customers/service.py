"""Find, make, read and change the people who write to us.

:func:`find_or_create` is called by ``tickets/intake`` for every inbound message. It is safe when two messages of the
same new person are processed at once: both take the same advisory lock, so the second one finds what the first made.
"""

from typing import Any

import msgspec
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events, i18n
from core.errors import Conflict, Invalid, NotFound, Stale
from core.sql import Sql
from customers import tiers
from customers.contacts import name_from, normalise_email
from customers.domains import organisation_domain
from customers.events import ContactInvalid, ContactRemoved, CustomerChanged, CustomerCreated
from customers.models import ContactPoint, Customer, Organisation


class Found(msgspec.Struct, frozen=True):
    """The customer behind an address."""

    id: int
    name: str
    vip: bool
    created: bool
    organisation_id: int | None = None


_FIND = Sql(
    """
    select c.id, c.name, c.vip, c.organisation_id from contact_points p join customers c on c.id = p.customer_id
    where p.kind = 'email' and p.value = :value
    """
)

_CREATE = Sql(
    """
    with person as (
        insert into customers (name, organisation_id, language, created_at)
        values (:name, (select id from organisations where domain = :domain), :language, :now)
        returning id, organisation_id
    )
    insert into contact_points (customer_id, kind, value, display, source, created_at)
    select id, 'email', :value, :display, :source, :now from person
    returning customer_id, (select organisation_id from person)
    """
)


_LOCK = Sql("select pg_advisory_xact_lock(hashtextextended(:key, 7))")


async def find_by_email(session: AsyncSession, address: str) -> Found | None:
    """The customer with this address, if there is one."""
    row = await _FIND.first(session, value=normalise_email(address))
    return Found(row.id, row.name, row.vip, False, row.organisation_id) if row else None


async def find_or_create(
    session: AsyncSession, address: str, display_name: str = "", source: str = "email", language: str | None = None
) -> Found:
    """The customer with this address, made when there is none.

    A mail's From line is only a claim, so the contact point is unverified, and an existing person is not renamed.

    Args:
        session: the unit of work.
        address: mail address as written.
        display_name: the name beside it.
        source: what the contact point came from.
        language: ISO 639 code, when known.

    Raises:
        Invalid: it is not an address.
    """
    value = normalise_email(address)
    found = await find_by_email(session, value)
    if found:
        return found
    # A second transaction with the same new address waits here until the first has committed, and then finds it.
    await _LOCK.all(session, key=value)
    found = await find_by_email(session, value)
    if found:
        return found
    name = name_from(display_name, value)
    domain = organisation_domain(value)
    row = await _CREATE.first(
        session,
        name=name,
        domain=domain,
        language=language,
        now=clock.now(),
        value=value,
        display=address.strip(),
        source=source,
    )
    events.record(session, CustomerCreated(customer_id=row[0], name=name, source=source))
    organisation_id: int | None = row[1]
    if domain is not None and organisation_id is None:
        organisation_id = await _organisation(session, domain)
        await session.execute(update(Customer).where(Customer.id == row[0]).values(organisation_id=organisation_id))
    return Found(row[0], name, False, True, organisation_id)


async def create_unknown(session: AsyncSession, name: str, source: str, language: str | None = None) -> Found:
    """A person of whom no address is known yet (a visitor who chats)."""
    made = Customer(name=name[:200], language=language, created_at=clock.now())
    session.add(made)
    await session.flush()
    events.record(session, CustomerCreated(customer_id=made.id, name=made.name, source=source))
    return Found(made.id, made.name, False, True)


async def add_email(session: AsyncSession, customer_id: int, address: str, source: str) -> bool:
    """Note an address that somebody has named as hers; unverified.

    Returns:
        False when it is another person's: the two are never merged for that.

    Raises:
        Invalid: it is not an address.
    """
    value = normalise_email(address)
    await _LOCK.all(session, key=value)
    found = await find_by_email(session, value)
    if found is not None:
        return found.id == customer_id
    session.add(
        ContactPoint(
            customer_id=customer_id,
            kind="email",
            value=value,
            display=address.strip(),
            source=source,
            created_at=clock.now(),
        )
    )
    await session.flush()
    return True


async def confirm_email(session: AsyncSession, customer_id: int, address: str) -> None:
    """Mark an address of a person as hers, since somebody who can know it has vouched for it."""
    statement = update(ContactPoint).where(
        ContactPoint.customer_id == customer_id,
        ContactPoint.kind == "email",
        ContactPoint.value == normalise_email(address),
        ContactPoint.verified.is_(False),
    )
    await session.execute(statement.values(verified=True))


async def _organisation(session: AsyncSession, domain: str) -> int:
    """The organisation of a mail domain; ``on conflict do update`` gives the id whoever made it.

    ``firm.co.in`` becomes "Firm". Who comes from ``firm.example`` then is of another one, so that is called by its
    whole domain: two of one name in a list cannot be told apart.
    """
    name = domain.partition(".")[0].replace("-", " ").title()
    await _LOCK.all(session, key=f"organisation {name.lower()}")
    statement = text(
        """
        insert into organisations (name, domain, created_at)
        select case when exists(select 1 from organisations where lower(name) = lower(:name) and domain <> :domain)
            then :domain else :name end, :domain, :now
        on conflict (domain) do update set domain = excluded.domain returning id
        """
    )
    found: int = (await session.execute(statement, {"name": name, "domain": domain, "now": clock.now()})).scalar_one()
    return found


async def get(session: AsyncSession, customer_id: int) -> Customer:
    """One customer.

    Raises:
        NotFound: there is none with this id.
    """
    customer = await session.get(Customer, customer_id)
    if customer is None:
        raise NotFound("There is no such customer.")
    return customer


async def contacts_of(session: AsyncSession, customer_id: int) -> list[ContactPoint]:
    """Addresses and numbers, oldest first."""
    statement = select(ContactPoint).where(ContactPoint.customer_id == customer_id).order_by(ContactPoint.id)
    return list(await session.scalars(statement))


async def remove_contact(session: AsyncSession, customer_id: int, kind: str, value: str) -> None:
    """Take an address or number of a customer away; what she has said about it stays in the ledger of consent.

    Raises:
        NotFound: it is not hers.
        Conflict: it is her last one.
    """
    await session.execute(select(Customer.id).where(Customer.id == customer_id).with_for_update())
    points = await contacts_of(session, customer_id)
    found = next((each for each in points if (each.kind, each.value) == (kind, value)), None)
    if found is None:
        raise NotFound("This address is not there.")
    if sum(each.kind == kind for each in points) == 1:
        raise Conflict("This is the last one.")
    await session.delete(found)
    events.record(session, ContactRemoved(customer_id=customer_id, contact=value))


async def organisation_of(session: AsyncSession, customer: Customer) -> Organisation | None:
    """The customer's organisation."""
    return await session.get(Organisation, customer.organisation_id) if customer.organisation_id else None


class CustomerChange(msgspec.Struct, frozen=True, kw_only=True):
    """Fields to change; what is unset stays."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    language: str | None | msgspec.UnsetType = msgspec.UNSET
    time_zone: str | None | msgspec.UnsetType = msgspec.UNSET
    vip: bool | msgspec.UnsetType = msgspec.UNSET
    tier: str | None | msgspec.UnsetType = msgspec.UNSET
    manages_organisation: bool | msgspec.UnsetType = msgspec.UNSET
    do_not_contact: bool | msgspec.UnsetType = msgspec.UNSET
    notes: str | msgspec.UnsetType = msgspec.UNSET
    owner_agent_id: int | None | msgspec.UnsetType = msgspec.UNSET


_AT_WORK = text("select 1 from agents where id = :id and is_active")


async def change(
    session: AsyncSession, customer_id: int, wanted: CustomerChange, if_version: int | None = None
) -> Customer:
    """Change fields of a customer, with the old and new values on record.

    Raises:
        NotFound: there is none with this id.
        Stale: somebody changed it since ``if_version``.
        Invalid: a name is empty, a tier too long, or a time zone or language does not exist.
    """
    customer = await session.scalar(select(Customer).where(Customer.id == customer_id).with_for_update())
    if customer is None:
        raise NotFound("There is no such customer.")
    if if_version is not None and customer.version != if_version:
        raise Stale("Somebody changed this customer in the meantime.", version=customer.version)
    changes: dict[str, list[Any]] = {}
    for name in wanted.__struct_fields__:
        new = getattr(wanted, name)
        new = await tiers.spelled(session, new) if name == "tier" and new is not msgspec.UNSET else new
        old = getattr(customer, name)
        if new is msgspec.UNSET or new == old:
            continue
        if name == "name" and not str(new).strip():
            raise Invalid.field("name", "A name is needed.")
        if name == "time_zone" and new is not None and not clock.is_time_zone(str(new)):
            raise Invalid.field("timeZone", "This is not a time zone, such as Asia/Kolkata.")
        if name == "language" and new is not None and not i18n.is_language(str(new)):
            raise Invalid.field("language", "This is not a language, such as en or hi.")
        if name == "owner_agent_id" and new is not None and not await session.scalar(_AT_WORK, {"id": new}):
            raise Invalid.field("ownerAgentId", "There is no such agent at work here.")
        setattr(customer, name, new)
        changes[name] = [old, new]
    if changes:
        customer.version += 1
        events.record(session, CustomerChanged(customer_id=customer_id, changes=changes))
    return customer


async def mark_invalid(session: AsyncSession, address: str, reason: str) -> int | None:
    """Note that an address cannot be reached (permanent bounce); returns whose it is."""
    try:
        value = normalise_email(address)
    except Invalid:
        return None
    statement = (
        update(ContactPoint)
        .where(ContactPoint.kind == "email", ContactPoint.value == value)
        .values(invalid_reason=reason[:500])
        .returning(ContactPoint.customer_id)
    )
    customer_id = await session.scalar(statement)
    if customer_id is not None:
        events.record(session, ContactInvalid(customer_id=customer_id, contact=value, reason=reason[:500]))
    return customer_id

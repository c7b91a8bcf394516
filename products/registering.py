"""Somebody registers a product: every field is checked, the serial number is taken once, the warranty is frozen.

Called by the portal, by agents, by the shop's API and by imports. Two people with the same serial number in the same
moment: the unique index lets one in, and the other's becomes a claim (``products/claims.py``). The same person again,
or the same external id again, changes nothing.
"""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.errors import Conflict, Invalid, NotFound, Stale
from customers.contacts import normalise_email
from products import catalogue, claims, coverage, days, proofs, recalls, serials
from products.errors import SerialTaken
from products.events import ProductRegistered, RegistrationChanged, RegistrationEnded
from products.models import Ownership, Product, Registration
from products.proofs import NewProof

EARLIEST: Final = date(1950, 1, 1)
LONGEST: Final = {"seller": 200, "second_name": 120, "second_email": 254, "second_phone": 40}
UNSET: Final = msgspec.UNSET
Complaint = dict[str, Any]


class NewRegistration(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody registers.

    Attributes:
        customer_id: its owner.
        serial: as it was typed.
        purchased_on: the day on the bill.
        country: for which it was bought (ISO 3166).
        source: portal, agent, api, import.
        external_id: the shop's own name for it.
        registered_at: when it was registered with a system before ours; None: now.
        words: what a claimant adds.
    """

    customer_id: int
    product_id: int
    serial: str
    purchased_on: date | None
    country: str
    source: str
    seller: str = ""
    external_id: str | None = None
    registered_at: datetime | None = None
    second_name: str = ""
    second_email: str = ""
    second_phone: str = ""
    words: str = ""


class Registered(msgspec.Struct, frozen=True):
    """What became of it: registered now, registered by the same person before, or a claim was opened."""

    state: Literal["registered", "already", "claimed"]
    registration: Registration
    claim_id: int | None = None


class RegistrationChange(msgspec.Struct, frozen=True, kw_only=True):
    """Facts to change; what is unset stays."""

    serial: str | msgspec.UnsetType = UNSET
    purchased_on: date | msgspec.UnsetType = UNSET
    country: str | msgspec.UnsetType = UNSET
    seller: str | msgspec.UnsetType = UNSET
    second_name: str | msgspec.UnsetType = UNSET
    second_email: str | msgspec.UnsetType = UNSET
    second_phone: str | msgspec.UnsetType = UNSET


async def register(
    session: AsyncSession, wanted: NewRegistration, files: list[NewProof] | None = None, *, claims_allowed: bool = True
) -> Registered:
    """Register a product.

    Args:
        session: the unit of work.
        wanted: what somebody says of it.
        files: proofs of the purchase.
        claims_allowed: open a claim when somebody else has it; else refuse.

    Raises:
        Invalid: ``errors`` has every wrong field with a stable reason.
        SerialTaken: somebody else has it, and claims are not allowed.
        ProofNeeded: somebody else has it, and there is no proof to claim it with.
        NotFound: there is no such product.
    """
    product = await catalogue.get(session, wanted.product_id)
    if wanted.external_id is not None:
        known = await find_by_external_id(session, wanted.external_id)
        if known is not None:
            return Registered("already", await _told_again(session, product, known, wanted))
    values = checked(product, wanted)
    made = await _insert(session, product, values)
    if made is None:
        return await _met(session, product, wanted, values, files or [], claims_allowed=claims_allowed)
    session.add(Ownership(registration_id=made.id, customer_id=made.customer_id, how="registered", from_at=clock.now()))
    proofs.add(session, files or [], made.id, customer_id=made.customer_id)
    await coverage.freeze(session, made, product)
    await session.flush()
    await recalls.include(session, made)
    event = ProductRegistered(
        registration_id=made.id,
        customer_id=made.customer_id,
        product=product.name,
        serial=made.serial,
        source=made.source,
    )
    events.record(session, event)
    return Registered("registered", made)


def checked(product: Product, wanted: NewRegistration, only: Collection[str] | None = None) -> dict[str, Any]:
    """The columns of a registration.

    Args:
        product: what it is.
        wanted: what somebody says of it.
        only: fields whose complaints count (a format of serial numbers may have changed since); None: all.

    Raises:
        Invalid: ``errors`` names every wrong field.
    """
    found: list[Complaint] = []
    values: dict[str, Any] = {
        "customer_id": wanted.customer_id,
        "product_id": product.id,
        "source": wanted.source,
        "external_id": wanted.external_id,
        "registered_at": wanted.registered_at or clock.now(),
    }
    if not product.is_active:
        found.append(_complaint("product", "inactive", "This product cannot be registered any more."))
    try:
        values["serial"] = serials.read(wanted.serial, catalogue.format_of(product))
    except serials.Wrong as problem:
        found += problem.extra["errors"]
    try:
        values["country"] = days.country_code(wanted.country)
    except Invalid:
        found.append(_complaint("country", "country", "Choose a country."))
    found += _wrong_date(product, wanted.purchased_on, values.get("country", ""))
    values["purchased_on"] = wanted.purchased_on
    for name in LONGEST:
        values[name], wrong = _text(name, getattr(wanted, name))
        found += wrong
    if only is not None:
        found = [each for each in found if each["field"] in only]
    if found:
        raise Invalid("; ".join(f"{each['field']}: {each['message']}" for each in found), errors=found)
    return values


def _complaint(field: str, reason: str, message: str, **values: Any) -> Complaint:
    return {"field": field, "message": message, "reason": reason, "values": values}


def _wrong_date(product: Product, day: date | None, country: str) -> list[Complaint]:
    if day is None:
        return [_complaint("purchased_on", "date_missing", "Enter the date of the purchase.")]
    if day > days.first_to_begin(country, clock.now()):
        return [_complaint("purchased_on", "date_future", "The date of the purchase is in the future.")]
    first = max(product.sold_from or EARLIEST, EARLIEST)
    if day < first:
        message = f"This product has been sold since {first.isoformat()}."
        return [_complaint("purchased_on", "date_early", message, first=first.isoformat())]
    return []


def _text(name: str, written: str) -> tuple[str, list[Complaint]]:
    value = " ".join(written.replace("\x00", "").split())
    if len(value) > LONGEST[name]:
        return value, [_complaint(name, "too_long", f"At most {LONGEST[name]} characters.", most=LONGEST[name])]
    if name == "second_email" and value:
        try:
            return normalise_email(value), []
        except Invalid:
            return value, [_complaint(name, "email", "This is not an e-mail address.")]
    return value, []


async def _insert(session: AsyncSession, product: Product, values: dict[str, Any]) -> Registration | None:
    """The row, or None when the serial number or the external id is taken (whoever was first has committed by now)."""
    statement = insert(Registration).values(product_id=product.id, created_at=clock.now(), **_without(values))
    made: Registration | None = await session.scalar(statement.on_conflict_do_nothing().returning(Registration))
    return made


def _without(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != "product_id"}


async def _met(
    session: AsyncSession,
    product: Product,
    wanted: NewRegistration,
    values: dict[str, Any],
    files: list[NewProof],
    *,
    claims_allowed: bool,
) -> Registered:
    """The serial number is taken: by the same person (then nothing happens), or by another."""
    same_serial = (Registration.product_id == product.id) & (Registration.serial == values["serial"])
    taken = same_serial & Registration.ended_at.is_(None)
    statement = select(Registration).where(taken)
    if wanted.external_id is not None:  # without one, "the same external id" would be every registration that has none
        named = Registration.external_id == wanted.external_id
        statement = select(Registration).where(or_(taken, named)).order_by(named.desc().nulls_last())
    theirs = await session.scalar(statement.limit(1).with_for_update())
    if theirs is None:
        raise Conflict("The registration was changed in this moment. Please try again.")
    if theirs.customer_id == wanted.customer_id:
        proofs.add(session, files, theirs.id, customer_id=wanted.customer_id)
        return Registered("already", theirs)
    if not claims_allowed:
        raise SerialTaken("Somebody else has registered this serial number.")
    asked = claims.NewClaim(
        customer_id=wanted.customer_id,
        words=wanted.words,
        purchased_on=values["purchased_on"],
        country=values["country"],
        seller=values["seller"],
    )
    claim = await claims.open_claim(session, theirs, asked, files)
    return Registered("claimed", theirs, claim.id)


async def find_by_external_id(session: AsyncSession, external_id: str) -> Registration | None:
    """What the shop has registered under a name of its own, locked for the rest of the transaction."""
    statement = select(Registration).where(Registration.external_id == external_id).with_for_update()
    found: Registration | None = await session.scalar(statement)
    return found


async def _told_again(
    session: AsyncSession, product: Product, known: Registration, wanted: NewRegistration
) -> Registration:
    """The shop tells the same thing again, perhaps with facts put right.

    Raises:
        Conflict: under this external id another product was registered.
        Invalid: a fact is wrong.
    """
    if known.product_id != product.id:
        raise Conflict("Another product was registered under this external id.")
    if wanted.purchased_on is None:
        return known
    told = RegistrationChange(
        serial=wanted.serial,
        purchased_on=wanted.purchased_on,
        country=wanted.country,
        seller=wanted.seller or UNSET,
    )
    return await change(session, known.id, told)


async def get(session: AsyncSession, registration_id: int) -> Registration:
    """One registered product.

    Raises:
        NotFound: there is none with this id.
    """
    found = await session.get(Registration, registration_id)
    if found is None:
        raise NotFound("There is no such registered product.")
    return found


async def lock(session: AsyncSession, registration_id: int) -> Registration:
    """One registered product, locked for the rest of the transaction.

    Raises:
        NotFound: there is none with this id.
    """
    statement = select(Registration).where(Registration.id == registration_id).with_for_update()
    found: Registration | None = await session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotFound("There is no such registered product.")
    return found


async def lock_own(session: AsyncSession, registration_id: int, customer_id: int) -> Registration:
    """A registered product that a customer has now, locked so that it stays hers for the rest of the transaction.

    Raises:
        NotFound: there is none with this id, or it is not hers.
    """
    found = await lock(session, registration_id)
    if found.customer_id != customer_id or found.ended_at is not None:
        raise NotFound("There is no such registered product.")
    return found


async def change(
    session: AsyncSession, registration_id: int, wanted: RegistrationChange, if_version: int | None = None
) -> Registration:
    """Put facts right; where the warranty depends on them it is computed anew, and said.

    Raises:
        NotFound: there is none with this id.
        Stale: somebody changed it since ``if_version``.
        Invalid: ``errors`` names every wrong field.
        SerialTaken: the serial number is registered already.
    """
    known = await lock(session, registration_id)
    if if_version is not None and known.version != if_version:
        raise Stale("Somebody changed this product in the meantime.", version=known.version)
    product = await catalogue.get(session, known.product_id)
    given = {name: getattr(wanted, name) for name in wanted.__struct_fields__ if getattr(wanted, name) is not UNSET}
    facts = {name: getattr(known, name) for name in wanted.__struct_fields__} | given
    whole = NewRegistration(customer_id=known.customer_id, product_id=known.product_id, source=known.source, **facts)
    values = checked(_as_it_was(product), whole, given)
    changes: dict[str, list[Any]] = {}
    for name in given:
        if values[name] != getattr(known, name):
            changes[name] = [getattr(known, name), values[name]]
    if not changes:
        return known
    if "serial" in changes:
        await _check_free(session, known, values["serial"])
    for name, (_, new) in changes.items():
        setattr(known, name, new)
    known.version += 1
    events.record(
        session, RegistrationChanged(registration_id=known.id, customer_id=known.customer_id, changes=changes)
    )
    if changes.keys() & {"purchased_on", "country"}:
        await coverage.freeze(session, known, product, "Facts of the purchase were put right")
    await session.flush()
    return known


def _as_it_was(product: Product) -> Product:
    """The product as one that can be registered: what is no longer sold may still be put right."""
    return Product(
        id=product.id, is_active=True, sold_from=product.sold_from, serial_masks=product.serial_masks,
        serial_example=product.serial_example, serial_check=product.serial_check,
    )  # fmt: skip


async def _check_free(session: AsyncSession, known: Registration, serial: str) -> None:
    taken = select(Registration.id).where(
        Registration.product_id == known.product_id,
        Registration.serial == serial,
        Registration.ended_at.is_(None),
        Registration.id != known.id,
    )
    if await session.scalar(taken) is not None:
        raise SerialTaken("This serial number is registered already.")


async def end(session: AsyncSession, registration_id: int, reason: str) -> Registration:
    """The product was given back, replaced, or registered by mistake; its serial number is free again.

    Raises:
        NotFound: there is none with this id.
        Invalid: no reason.
    """
    known = await lock(session, registration_id)
    if not reason.strip():
        raise Invalid.field("reason", "Say why.")
    if known.ended_at is not None:
        return known
    known.ended_at = clock.now()
    known.ended_because = reason.strip()[:500]
    known.version += 1
    await coverage.remind_later(session, known)
    ended = RegistrationEnded(registration_id=known.id, customer_id=known.customer_id, reason=known.ended_because)
    events.record(session, ended)
    return known

"""Claims: a product that one person has registered is said to be another's. An agent looks at the proof and decides.

Opened by ``products/registering.py`` when a serial number is taken. Approved: the claimant becomes the owner and her
purchase counts. Both sides hear of it by mail (``channels/product_mail.py``); neither is told who the other one is.
"""

from datetime import date, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from core import clock, events
from core.db import actor_of
from core.errors import Invalid, NotFound
from customers.models import Customer
from products import catalogue, coverage, proofs, recalls
from products.errors import AlreadyDecided, ProofNeeded
from products.events import ClaimDecided, ClaimOpened, OwnerChanged
from products.models import Ownership, OwnershipClaim, Product, Registration
from products.proofs import NewProof

LONGEST_WORDS: Final = 2000


class NewClaim(msgspec.Struct, frozen=True, kw_only=True):
    """What a claimant says of her purchase."""

    customer_id: int
    words: str
    purchased_on: date
    country: str
    seller: str


class ClaimRow(msgspec.Struct, frozen=True, kw_only=True):
    """A claim as a line of the agents' queue."""

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


async def open_claim(
    session: AsyncSession, registration: Registration, asked: NewClaim, files: list[NewProof]
) -> OwnershipClaim:
    """Open a claim, or add proofs to the one that the same person has open.

    Args:
        session: the unit of work.
        registration: what is claimed, locked by the caller.
        asked: what the claimant says.
        files: her proofs.

    Raises:
        ProofNeeded: there is no proof.
    """
    same = select(OwnershipClaim).where(
        OwnershipClaim.registration_id == registration.id,
        OwnershipClaim.customer_id == asked.customer_id,
        OwnershipClaim.state == "open",
    )
    known: OwnershipClaim | None = await session.scalar(same)
    if known is not None:
        proofs.add(session, files, registration.id, known.id, asked.customer_id)
        return known
    if not files:
        raise ProofNeeded(
            "Somebody else has registered this serial number. If the product is yours, send a bill or a photograph of "
            "the plate, and we look into it."
        )
    made = OwnershipClaim(
        registration_id=registration.id,
        customer_id=asked.customer_id,
        against_id=registration.customer_id,
        words=asked.words.replace("\x00", "").strip()[:LONGEST_WORDS],
        purchased_on=asked.purchased_on,
        country=asked.country,
        seller=asked.seller,
        state="open",
        created_at=clock.now(),
    )
    session.add(made)
    await session.flush()
    proofs.add(session, files, registration.id, made.id, asked.customer_id)
    events.record(
        session, ClaimOpened(claim_id=made.id, registration_id=registration.id, customer_id=asked.customer_id)
    )
    return made


async def get(session: AsyncSession, claim_id: int) -> OwnershipClaim:
    """One claim.

    Raises:
        NotFound: there is none with this id.
    """
    found = await session.get(OwnershipClaim, claim_id)
    if found is None:
        raise NotFound("There is no such claim.")
    return found


async def decide(session: AsyncSession, claim_id: int, *, approve: bool, reason: str) -> OwnershipClaim:
    """Decide about a claim. Two agents at once: the first one counts.

    Raises:
        NotFound: there is none with this id.
        AlreadyDecided: it is not open any more.
        Invalid: a refusal without a reason.
    """
    claim = await get(session, claim_id)
    locked = select(Registration).where(Registration.id == claim.registration_id).with_for_update()
    registration = (await session.scalars(locked.execution_options(populate_existing=True))).one()
    await session.refresh(claim, with_for_update=True)
    if claim.state != "open":
        raise AlreadyDecided(f"It was {claim.state} a moment ago.")
    if not approve and not reason.strip():
        raise Invalid.field("reason", "Say why: the claimant reads it.")
    claim.state = "approved" if approve else "rejected"
    claim.reason = reason.strip()[:LONGEST_WORDS]
    claim.decided_by_id = actor_of(session).id
    claim.decided_at = clock.now()
    if approve:
        await _hand_over(session, registration, claim)
    decided = ClaimDecided(
        claim_id=claim.id,
        registration_id=registration.id,
        customer_id=claim.customer_id,
        approved=approve,
        reason=claim.reason,
    )
    events.record(session, decided)
    return claim


async def _hand_over(session: AsyncSession, registration: Registration, claim: OwnershipClaim) -> None:
    registration.purchased_on = claim.purchased_on
    registration.country = claim.country
    registration.seller = claim.seller or registration.seller
    await give(session, registration, claim.customer_id, "claim")
    product = await catalogue.get(session, registration.product_id)
    await coverage.freeze(session, registration, product, "A claim was approved")


async def give(session: AsyncSession, registration: Registration, customer_id: int, how: str) -> None:
    """Make somebody the owner, with the history of owners.

    Args:
        session: the unit of work.
        registration: locked by the caller.
        customer_id: the new owner.
        how: ``claim`` or ``transfer``.
    """
    before = registration.customer_id
    now = clock.now()
    past = select(Ownership).where(Ownership.registration_id == registration.id, Ownership.until_at.is_(None))
    for each in await session.scalars(past):
        each.until_at = now
    registration.customer_id = customer_id
    registration.second_name = registration.second_email = registration.second_phone = ""
    registration.version += 1
    session.add(Ownership(registration_id=registration.id, customer_id=customer_id, how=how, from_at=now))
    await session.flush()
    await recalls.begin_anew(session, registration.id)
    events.record(
        session,
        OwnerChanged(registration_id=registration.id, customer_id=customer_id, from_customer_id=before, how=how),
    )


async def withdraw(session: AsyncSession, claim_id: int, customer_id: int) -> None:
    """A claimant takes her claim back.

    Raises:
        NotFound: she has no such claim.
        AlreadyDecided: it is not open any more.
    """
    mine = select(OwnershipClaim).where(OwnershipClaim.id == claim_id, OwnershipClaim.customer_id == customer_id)
    claim = await session.scalar(mine.with_for_update())
    if claim is None:
        raise NotFound("There is no such claim.")
    if claim.state != "open":
        raise AlreadyDecided
    claim.state = "withdrawn"
    claim.decided_at = clock.now()


async def list_claims(
    session: AsyncSession, state: str = "open", before_id: int | None = None, limit: int = 50
) -> list[ClaimRow]:
    """Claims in one state: open ones oldest first, the others newest first.

    Args:
        session: where to read.
        state: open, approved, rejected, withdrawn.
        before_id: of a list that goes on: the id of the last line.
        limit: lines.
    """
    statement = _rows().where(OwnershipClaim.state == state).limit(limit)
    if state == "open":
        statement = statement.order_by(OwnershipClaim.id)
        if before_id is not None:
            statement = statement.where(OwnershipClaim.id > before_id)
    else:
        statement = statement.order_by(OwnershipClaim.id.desc())
        if before_id is not None:
            statement = statement.where(OwnershipClaim.id < before_id)
    return [ClaimRow(**row) for row in (await session.execute(statement)).mappings()]


async def row_of(session: AsyncSession, claim_id: int) -> ClaimRow:
    """One claim as a line.

    Raises:
        NotFound: there is none with this id.
    """
    row = (await session.execute(_rows().where(OwnershipClaim.id == claim_id))).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such claim.")
    return ClaimRow(**row)


async def of_customer(session: AsyncSession, customer_id: int) -> list[ClaimRow]:
    """What a customer has claimed, newest first."""
    statement = _rows().where(OwnershipClaim.customer_id == customer_id).order_by(OwnershipClaim.id.desc()).limit(20)
    return [ClaimRow(**row) for row in (await session.execute(statement)).mappings()]


async def count_open(session: AsyncSession) -> int:
    """How many wait for a decision, at most 100."""
    ids = select(OwnershipClaim.id).where(OwnershipClaim.state == "open").limit(100)
    return len(list(await session.scalars(ids)))


def _rows() -> Select[*tuple[Any, ...]]:
    claimant, owner = aliased(Customer, name="claimant"), aliased(Customer, name="owner")
    claim = OwnershipClaim
    return (
        select(
            claim.id, claim.state, claim.created_at, claim.decided_at, claim.reason, claim.words, claim.purchased_on,
            claim.country, claim.seller, claim.registration_id, Product.name.label("product"), Registration.serial,
            claim.customer_id.label("claimant_id"), claimant.name.label("claimant"),
            claim.against_id.label("owner_id"), owner.name.label("owner"), Registration.registered_at,
            Registration.purchased_on.label("owner_purchased_on"),
        )
        .join(Registration, Registration.id == claim.registration_id)
        .join(Product, Product.id == Registration.product_id)
        .join(claimant, claimant.id == claim.customer_id)
        .join(owner, owner.id == claim.against_id)
    )  # fmt: skip

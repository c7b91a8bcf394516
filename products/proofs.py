"""Proofs of purchase: bills and photographs of the plate. What a file is, its content decides.

Called by the portal's pages and the agents' API before a registration or a claim is written. Only pictures and PDF are
taken, because an agent opens them and nothing else proves a purchase.
"""

import hashlib
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from core.errors import Invalid, NotFound
from core.sniff import sniff
from core.storage import Storage
from products.models import Ownership, Proof

TAKEN: Final = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/heif": ".heic",
    "application/pdf": ".pdf",
}
LARGEST: Final = 10_000_000
MOST: Final = 5


class NewProof(msgspec.Struct, frozen=True):
    """A file whose content is in the storage already."""

    name: str
    content_type: str
    size: int
    sha256: str
    storage_key: str


def check(name: str, content: bytes) -> str:
    """The content type of a file that we take.

    Raises:
        Invalid: it is empty, too large, or neither a picture nor a PDF.
    """
    if not content:
        raise _refused("proof_empty", f"“{name}” is empty.", name)
    if len(content) > LARGEST:
        raise _refused("proof_large", f"“{name}” is too large: a file may have {LARGEST // 1_000_000} MB.", name)
    found = sniff(content, name)
    if found not in TAKEN:
        raise _refused("proof_kind", f"“{name}” cannot be used. Send a photo or a PDF of the bill.", name)
    return found


def _refused(reason: str, message: str, name: str) -> Invalid:
    complaint = {"field": "proof", "message": message, "reason": reason, "values": {"name": name[:80]}}
    return Invalid(message, errors=[complaint])


async def keep(storage: Storage, name: str, content: bytes) -> NewProof:
    """Put a file into the storage.

    Raises:
        Invalid: see :func:`check`.
    """
    content_type = check(name, content)
    base = "".join(char for char in name.replace("\\", "/").rpartition("/")[2] if char.isprintable()).strip(" .")[-120:]
    stem = base.rpartition(".")[0] or base or "proof"
    return NewProof(
        name=stem + TAKEN[content_type],
        content_type=content_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        storage_key=await storage.put(content),
    )


def add(
    session: AsyncSession,
    files: list[NewProof],
    registration_id: int,
    claim_id: int | None = None,
    customer_id: int | None = None,
) -> None:
    """Write down to what files belong."""
    for file in files[:MOST]:
        row = Proof(
            registration_id=registration_id, claim_id=claim_id, customer_id=customer_id, created_at=clock.now(),
            **msgspec.structs.asdict(file),
        )  # fmt: skip
        session.add(row)


async def of_registration(session: AsyncSession, registration_id: int) -> list[Proof]:
    """Its own proofs, oldest first; those of claims belong to the claims."""
    statement = select(Proof).where(Proof.registration_id == registration_id, Proof.claim_id.is_(None))
    return list(await session.scalars(statement.order_by(Proof.id)))


def are_hers(customer_id: int) -> ColumnElement[bool]:
    """The condition of proofs that a customer may see: what she sent, and what agents added since she has the product.

    Those of the owner before her name his bills, and are none of hers.
    """
    since = and_(
        Ownership.registration_id == Proof.registration_id,
        Ownership.customer_id == customer_id,
        Ownership.until_at.is_(None),
        Ownership.from_at <= Proof.created_at,
    )
    added = and_(Proof.customer_id.is_(None), Proof.claim_id.is_(None), select(Ownership.id).where(since).exists())
    return or_(Proof.customer_id == customer_id, added)


async def of_owner(session: AsyncSession, registration_id: int, customer_id: int) -> list[Proof]:
    """The proofs of a product that its present owner may see, oldest first."""
    statement = select(Proof).where(Proof.registration_id == registration_id, are_hers(customer_id))
    return list(await session.scalars(statement.order_by(Proof.id)))


async def of_claim(session: AsyncSession, claim_id: int) -> list[Proof]:
    """The proofs of a claim."""
    return list(await session.scalars(select(Proof).where(Proof.claim_id == claim_id).order_by(Proof.id)))


async def get(session: AsyncSession, proof_id: int) -> Proof:
    """One file.

    Raises:
        NotFound: there is none with this id.
    """
    found = await session.get(Proof, proof_id)
    if found is None:
        raise NotFound("There is no such file.")
    return found

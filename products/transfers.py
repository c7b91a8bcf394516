"""An owner hands a product over to somebody else: an invitation by mail, accepted by the new owner.

The invitation's address carries a signed token, so nobody can guess one, and the token names the address that was
invited. The warranty stays as it is: it belongs to the product.
"""

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.errors import Conflict, Invalid
from customers import service as customers
from customers.contacts import normalise_email
from products import claims, registering
from products.errors import InvitationGone
from products.events import TransferOffered
from products.models import Registration, Transfer

VALID: Final = timedelta(days=14)


def token(secret: str, transfer: Transfer) -> str:
    """What the address of an invitation carries."""
    return f"{transfer.id}.{_signature(secret, transfer)}"


def _signature(secret: str, transfer: Transfer) -> str:
    key = hashlib.sha256(b"product-transfer:" + secret.encode()).digest()
    said = f"{transfer.id}\n{transfer.to_email}\n{int(transfer.created_at.timestamp())}"
    return base64.urlsafe_b64encode(hmac.new(key, said.encode(), hashlib.sha256).digest()[:18]).decode()


async def offer(session: AsyncSession, registration_id: int, customer_id: int, to_email: str) -> Transfer:
    """Invite somebody to take a product over; an earlier invitation for it is taken back.

    Args:
        session: the unit of work.
        registration_id: the product.
        customer_id: its owner.
        to_email: whom.

    Raises:
        NotFound: it is not hers.
        Invalid: no address, or her own.
    """
    registration = await registering.lock_own(session, registration_id, customer_id)
    address = normalise_email(to_email)
    found = await customers.find_by_email(session, address)
    if found is not None and found.id == customer_id:
        raise Invalid.field("email", "This is the address of the present owner.")
    await cancel(session, registration_id, customer_id)
    made = Transfer(
        registration_id=registration.id,
        from_customer_id=customer_id,
        to_email=address,
        state="open",
        created_at=clock.now(),
        expires_at=clock.now() + VALID,
    )
    session.add(made)
    await session.flush()
    offered = TransferOffered(transfer_id=made.id, registration_id=registration.id, customer_id=customer_id)
    events.record(session, offered)
    return made


async def cancel(session: AsyncSession, registration_id: int, customer_id: int) -> None:
    """Take an open invitation back, if there is one.

    Raises:
        NotFound: the product is not hers.
    """
    await registering.lock_own(session, registration_id, customer_id)
    open_one = select(Transfer).where(Transfer.registration_id == registration_id, Transfer.state == "open")
    for each in await session.scalars(open_one):
        each.state = "cancelled"
        each.closed_at = clock.now()
    await session.flush()


async def open_of(session: AsyncSession, registration_id: int) -> Transfer | None:
    """The invitation that is open for a product, if there is one."""
    statement = select(Transfer).where(Transfer.registration_id == registration_id, Transfer.state == "open")
    found = await session.scalar(statement)
    return found if found is not None and found.expires_at > clock.now() else None


class Invitation(msgspec.Struct, frozen=True):
    """What somebody is invited to take over."""

    transfer: Transfer
    registration: Registration


async def read(session: AsyncSession, secret: str, written: str) -> Invitation:
    """The invitation of a token.

    Raises:
        InvitationGone: the token is forged, or the invitation has expired, was taken back or used.
    """
    number = written.partition(".")[0]
    if not (number.isascii() and number.isdecimal() and len(number) < 19):
        raise InvitationGone
    transfer = await session.get(Transfer, int(number))
    if transfer is None or not hmac.compare_digest(token(secret, transfer).encode(), written.encode()):
        raise InvitationGone
    if transfer.state != "open" or transfer.expires_at <= clock.now():
        raise InvitationGone("This invitation has expired, was taken back or has been used.")
    return Invitation(transfer, await registering.get(session, transfer.registration_id))


async def accept(session: AsyncSession, secret: str, written: str, customer_id: int) -> Registration:
    """Take a product over.

    Args:
        session: the unit of work.
        secret: the desk's.
        written: the token of the invitation.
        customer_id: who accepts; whoever has the token may, for it was mailed to one address.

    Raises:
        InvitationGone: see :func:`read`.
        Conflict: it has another owner than the one who offered it.
    """
    invitation = await read(session, secret, written)
    registration = await registering.lock(session, invitation.registration.id)
    transfer = invitation.transfer
    await session.refresh(transfer, with_for_update=True)
    if transfer.state != "open":
        raise InvitationGone("This invitation has expired, was taken back or has been used.")
    if registration.customer_id != transfer.from_customer_id or registration.ended_at is not None:
        raise Conflict("The product has another owner by now.")
    transfer.state = "accepted"
    transfer.accepted_by_id = customer_id
    transfer.closed_at = clock.now()
    if registration.customer_id != customer_id:
        await claims.give(session, registration, customer_id, "transfer")
    return registration

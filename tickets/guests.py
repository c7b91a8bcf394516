"""Guest links: a signed address that opens one ticket without a sign-in, until it ends or is taken back.

They stand in acknowledgements and on the thanks page, where the desk wants it (``tickets/policy.py``). Whoever holds
one sees what the customer sees of that ticket and may answer in it, as the customer; nothing else. The row makes it
revocable, the signature keeps anybody from trying numbers.
"""

import hashlib
import hmac
from datetime import timedelta
from typing import Final

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.actor import Actor, ActorKind
from core.errors import NotFound
from core.sql import Sql
from tickets import lifecycle, policy
from tickets.events import GuestLinksRevoked, audience
from tickets.models import GuestLink

_SIGNATURE_BYTES: Final = 18
_ADDRESS: Final = Sql(
    """
    select c.id, c.name, coalesce(
        (select m.author_address from messages m where m.ticket_id = t.id and m.author_customer_id = c.id
            and m.author_address is not null order by m.id desc limit 1),
        (select p.value from contact_points p where p.customer_id = c.id and p.kind = 'email'
            order by p.invalid_reason is not null, p.id limit 1)) as address
    from tickets t join customers c on c.id = t.customer_id where t.id = :ticket_id
    """
)


class Guest(msgspec.Struct, frozen=True):
    """Who holds a guest link.

    Attributes:
        actor: the ticket's customer, limited to it.
        ticket_id: the one ticket.
        address: the address of hers that the answers come from; None when none is known.
    """

    actor: Actor
    ticket_id: int
    address: str | None


def _signature(secret: str, link_id: int) -> str:
    key = hashlib.sha256(b"guest-link:" + secret.encode()).digest()
    return hmac.new(key, str(link_id).encode(), hashlib.sha256).hexdigest()[: _SIGNATURE_BYTES * 2]


async def link_to(session: AsyncSession, secret: str, ticket_id: int) -> str | None:
    """The token of a guest link to a ticket, made when there is none that works; None where the desk wants none.

    Args:
        session: the unit of work.
        secret: the desk's.
        ticket_id: the ticket.
    """
    chosen = await policy.read(session)
    if not chosen.guest_links:
        return None
    now = clock.now()
    works = select(GuestLink.id).where(GuestLink.ticket_id == ticket_id, GuestLink.revoked_at.is_(None))
    # One that ends soon is of no use to who gets it now.
    fresh = works.where(GuestLink.expires_at > now + timedelta(days=chosen.guest_days) / 2)
    link_id = await session.scalar(fresh.order_by(GuestLink.id.desc()).limit(1))
    if link_id is None:
        row = GuestLink(ticket_id=ticket_id, created_at=now, expires_at=now + timedelta(days=chosen.guest_days))
        session.add(row)
        await session.flush()
        link_id = row.id
    return f"{link_id}-{_signature(secret, link_id)}"


async def guest_of(session: AsyncSession, secret: str, token: str) -> Guest:
    """Who holds a guest link.

    Raises:
        NotFound: it is none of ours, has ended, or was taken back; or the desk wants none any more.
    """
    number, _, given = token.partition("-")
    genuine = number.isascii() and number.isdecimal() and len(token) < 80
    if not genuine or not hmac.compare_digest(_signature(secret, int(number)).encode(), given.encode()):
        raise NotFound("This address has ended.")
    found = select(GuestLink.ticket_id).where(GuestLink.id == int(number), GuestLink.revoked_at.is_(None))
    ticket_id = await session.scalar(found.where(GuestLink.expires_at > clock.now()))
    if ticket_id is None or not (await policy.read(session)).guest_links:
        raise NotFound("This address has ended.")
    row = await _ADDRESS.first(session, ticket_id=ticket_id)
    return Guest(Actor(ActorKind.CUSTOMER, row.id, row.name, only_ticket_id=ticket_id), ticket_id, row.address)


async def revoke(session: AsyncSession, ticket_id: int) -> int:
    """Take all guest links of a ticket back; returns how many worked until now.

    Raises:
        NotFound: there is no such ticket.
    """
    ticket = await lifecycle.lock(session, ticket_id)
    ended = (
        update(GuestLink)
        .where(GuestLink.ticket_id == ticket_id, GuestLink.revoked_at.is_(None), GuestLink.expires_at > clock.now())
        .values(revoked_at=clock.now())
        .returning(GuestLink.id)
    )
    count = len((await session.execute(ended)).all())
    if count:
        events.record(session, GuestLinksRevoked(count=count, **audience(ticket)))
    return count

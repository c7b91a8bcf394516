"""On whose behalf a request of a customer is shown: who is signed in, or who holds a guest link.

Both get the same pages (``portal/mine.py``) at different addresses; what they may see decides ``tickets/access.py``.
"""

import hmac

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core.actor import Actor
from portal import auth
from portal.pages import PortalRequest, is_same_site, runtime_of
from tickets import guests


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in front of one request.

    Attributes:
        name: what her words are signed with.
        address: of hers, from which they come; None where none is known, then she cannot answer.
        path: of the request's page, below ``/portal``.
        is_guest: she holds a guest link.
        form_token: what her forms carry.
    """

    actor: Actor
    ticket_id: int
    name: str
    address: str | None
    path: str
    is_guest: bool
    form_token: str

    def is_genuine(self, request: PortalRequest, given: str) -> bool:
        """Whether a post was made by a form that we showed to her."""
        return is_same_site(request) and hmac.compare_digest(given.encode(), self.form_token.encode())


def own_seat(request: PortalRequest, ticket_id: int) -> Seat:
    """Of who is signed in.

    Raises:
        NotSignedIn: nobody is.
    """
    customer = auth.signed_in(request)
    return Seat(
        actor=customer.actor,
        ticket_id=ticket_id,
        name=customer.name,
        address=customer.contact,
        path=f"/requests/{ticket_id}",
        is_guest=False,
        form_token=auth.csrf_token(request),
    )


async def guest_seat(request: PortalRequest, session: AsyncSession, token: str) -> Seat:
    """Of who holds a guest link.

    Raises:
        NotFound: it does not work (any more).
    """
    guest = await guests.guest_of(session, runtime_of(request).secret, token)
    return Seat(
        actor=guest.actor,
        ticket_id=guest.ticket_id,
        name=guest.actor.name,
        address=guest.address,
        path=f"/guest/{token}",
        is_guest=True,
        form_token=auth.form_token(token),
    )

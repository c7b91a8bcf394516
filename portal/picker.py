"""The registered products among which a customer chooses on the request form."""

from sqlalchemy.ext.asyncio import AsyncSession

from customers.sessions import SignedIn
from portal.forms import Choice


async def choices(session: AsyncSession, customer: SignedIn | None) -> list[Choice]:
    """The products of who is signed in; none for strangers.

    Args:
        session: where to read.
        customer: who is signed in.
    """
    del session, customer
    return []

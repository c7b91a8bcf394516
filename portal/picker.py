"""The registered products among which a customer chooses on the request form, with how each is covered."""

from sqlalchemy.ext.asyncio import AsyncSession

from core.i18n import Language
from customers.sessions import SignedIn
from portal.forms import Choice
from portal.product_words import state_words
from products import listing


async def choices(session: AsyncSession, customer: SignedIn | None, language: Language) -> list[Choice]:
    """The products of who is signed in; none for strangers.

    Args:
        session: where to read.
        customer: who is signed in.
        language: of the page.
    """
    if customer is None:
        return []
    rows = await listing.of_customer(session, customer.customer_id)
    return [
        Choice(str(row.id), f"{row.name_in(language.code)} ({row.serial}) · {state_words(language, row)}")
        for row in rows
    ]

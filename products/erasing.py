"""What products know of a customer who is erased: proofs, her words and the second contact go.

Part of ``channels/erasing.py``. Registrations and orders are kept without a name: recalls and the books need them.
"""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from core.sql import Sql

_PROOFS: Final = Sql(
    """
    delete from proofs where customer_id = :customer_id
        or registration_id in (select id from registrations where customer_id = :customer_id)
    returning storage_key
    """
)
_SECOND: Final = Sql(
    """
    update registrations set second_name = '', second_email = '', second_phone = ''
    where customer_id = :customer_id returning id
    """
)
_OFFERS: Final = Sql(
    "update transfers set to_email = '' where from_customer_id = :customer_id or to_email = any(:addresses)"
)
_CLAIMS: Final = Sql("update ownership_claims set words = '' where customer_id = :customer_id")
_RECALLS: Final = Sql(
    """
    update recall_cases set note = ''
    where registration_id in (select id from registrations where customer_id = :customer_id)
    """
)


async def erase(session: AsyncSession, customer_id: int, addresses: list[str]) -> tuple[list[str], int]:
    """Erase what this package knows.

    Returns:
        The keys of files that nobody needs any more, and how many registrations stay without a name.
    """
    keys = [row.storage_key for row in await _PROOFS.all(session, customer_id=customer_id)]
    kept = len(await _SECOND.all(session, customer_id=customer_id))
    await _CLAIMS.all(session, customer_id=customer_id)
    await _RECALLS.all(session, customer_id=customer_id)
    await _OFFERS.all(session, customer_id=customer_id, addresses=addresses)
    return keys, kept

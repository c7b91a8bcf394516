"""Making a customer nobody: her row stays, so that numbers add up, and nothing in it says who she was.

Part of ``channels/erasing.py``, which also takes care of what other packages know.
"""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from core.sql import Sql

NOBODY: Final = "Erased customer"
_ADDRESSES: Final = Sql("select value from contact_points where customer_id = :customer_id")
_STEPS: Final = tuple(
    Sql(statement)
    for statement in (
        """
        update customers set name = :nobody, organisation_id = null, language = null, time_zone = null, vip = false,
            tier = null, manages_organisation = false, do_not_contact = true, notes = '', attributes = '{}',
            version = version + 1
        where id = :customer_id
        """,
        "delete from contact_points where customer_id = :customer_id",
        "delete from customer_sessions where customer_id = :customer_id",
        "delete from customer_signin_links where customer_id = :customer_id or address = any(:addresses)",
        "update consents set value = '' where customer_id = :customer_id or value = any(:addresses)",
        "update data_requests set words = '', ticket_id = null where customer_id = :customer_id",
        """
        update events set data = case when kind like 'customer.%' and kind not in ('customer.data_requested',
                'customer.data_request_changed', 'customer.erased') then '{}' else data end,
            actor_name = case when actor_kind = 'customer' and actor_id = :customer_id then :nobody else actor_name end
        where customer_id = :customer_id or (actor_kind = 'customer' and actor_id = :customer_id)
        """,
    )
)


async def addresses_of(session: AsyncSession, customer_id: int) -> list[str]:
    """The addresses and numbers by which others know her."""
    return [row.value for row in await _ADDRESSES.all(session, customer_id=customer_id)]


async def erase(session: AsyncSession, customer_id: int, addresses: list[str]) -> None:
    """Erase what this package knows, and what events say of her.

    Args:
        session: the unit of work.
        customer_id: the customer.
        addresses: hers, read before (:func:`addresses_of`).
    """
    values = {"customer_id": customer_id, "addresses": addresses, "nobody": NOBODY}
    for step in _STEPS:
        await step.all(session, **{name: values[name] for name in step.names})

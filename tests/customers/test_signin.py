"""What a proved address does, without the pages around it."""

import asyncio

import pytest
from sqlalchemy import select

from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from customers import service, signin
from customers.models import ContactPoint
from customers.signin import AddressTaken, Proof
from tests.locks import blocked

WORK = "office@work.example"


async def add(db: Database, customer_id: int) -> None:
    """Add the address to a customer's own, in a transaction of its own."""
    async with unit_of_work(db) as session:
        await signin.add_address(session, Proof(WORK, "en", "", customer_id))


@pytest.mark.parametrize("by_mail", [False, True], ids=["two customers", "a mail from the address"])
async def test_two_who_add_one_address_at_once_get_an_answer(
    db: Database, clock: ManualClock, *, by_mail: bool
) -> None:
    """The second waits for the first and is told that it is taken; nobody meets a broken constraint."""
    async with unit_of_work(db) as session:
        asha, ravi = [(await service.find_or_create(session, f"{each}@c.example")).id for each in ("asha", "ravi")]
    async with unit_of_work(db) as session:
        if by_mail:
            owner = (await service.find_or_create(session, WORK)).id
        else:
            await signin.add_address(session, Proof(WORK, "en", "", ravi))
            owner = ravi
        second = asyncio.create_task(add(db, asha))
        await blocked(db, second)
    with pytest.raises(AddressTaken):
        await second
    async with reading(db) as session:
        found = select(ContactPoint.customer_id).where(ContactPoint.value == WORK)
        assert list(await session.scalars(found)) == [owner]

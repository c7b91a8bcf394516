import asyncio
from datetime import timedelta

import pytest

from core import clock as clocks
from core.db import Database, reading, unit_of_work
from core.errors import Conflict, DeskError, Invalid, NotFound
from products import listing, registering, transfers
from products.errors import InvitationGone
from products.models import Transfer
from tests.products import rows

SECRET = "secret"


async def offered(db: Database) -> tuple[int, int, int, str]:
    """(product, old owner, new owner, token) of an open invitation."""
    async with unit_of_work(db) as session:
        asha, bina = await rows.person(session), await rows.person(session, "Bina Das")
        one = await rows.registered(session, asha, second_name="Ravi", second_email="ravi@customer.example")
        made = await transfers.offer(session, one.id, asha, "Bina@Customer.example")
        return one.id, asha, bina, transfers.token(SECRET, made)


async def test_an_invitation_makes_a_new_owner_once(db: Database, clock) -> None:
    """The warranty stays, the second contact of the old owner goes, and the address works only once."""
    number, asha, bina, token = await offered(db)
    async with unit_of_work(db) as session:
        before = await listing.row_of(session, number)
        await transfers.accept(session, SECRET, token, bina)
    async with unit_of_work(db) as session:
        after = await listing.row_of(session, number, bina)
        assert (after.warranty_until, after.second_email) == (before.warranty_until, "")
        assert [owner.how for owner in await listing.owners_of(session, number)] == ["registered", "transfer"]
        with pytest.raises(NotFound):
            await listing.row_of(session, number, asha)
        with pytest.raises(InvitationGone):
            await transfers.accept(session, SECRET, token, asha)


@pytest.mark.parametrize("wrong", ["", "1", "1.x", "99.abc", "9" * 30 + ".a", "१.x"])
async def test_a_forged_token_opens_nothing(db: Database, clock, wrong: str) -> None:
    """Nothing is learnt from a guess, and a token signed with another secret is a guess."""
    _, _, bina, token = await offered(db)
    async with unit_of_work(db) as session:
        for each in (wrong, token + "x", token[:-1]):
            with pytest.raises(InvitationGone):
                await transfers.read(session, SECRET, each)
        with pytest.raises(InvitationGone):
            await transfers.accept(session, "another secret", token, bina)
        assert (await transfers.read(session, SECRET, token)).registration.serial == "TF123456"


async def test_an_invitation_ends(db: Database, clock: clocks.ManualClock) -> None:
    """After its fortnight, when it is taken back, or when another one is sent."""
    number, asha, bina, token = await offered(db)
    async with unit_of_work(db) as session:
        second = await transfers.offer(session, number, asha, "chitra@customer.example")
        with pytest.raises(InvitationGone):
            await transfers.read(session, SECRET, token)
        newer = transfers.token(SECRET, second)
        await transfers.cancel(session, number, asha)
        with pytest.raises(InvitationGone):
            await transfers.read(session, SECRET, newer)
        third = await transfers.offer(session, number, asha, "chitra@customer.example")
        assert (await transfers.open_of(session, number)) is third
        clock.advance(transfers.VALID + timedelta(seconds=1))
        with pytest.raises(InvitationGone):
            await transfers.accept(session, SECRET, transfers.token(SECRET, third), bina)
        assert await transfers.open_of(session, number) is None


async def test_only_the_owner_may_offer_and_not_to_herself(db: Database, clock) -> None:
    """A stranger is told that there is no such product; an owner's own address is refused."""
    number, asha, bina, _ = await offered(db)
    async with unit_of_work(db) as session:
        with pytest.raises(NotFound):
            await transfers.offer(session, number, bina, "x@customer.example")
        with pytest.raises(Invalid):
            await transfers.offer(session, number, asha, "asha@customer.example")


async def test_two_acceptances_at_once_make_one_owner(db: Database, clock) -> None:
    """The invitation is locked: the second one is told that it has been used."""
    number, _asha, bina, token = await offered(db)

    async def accept(customer_id: int) -> bool:
        try:
            async with unit_of_work(db) as session:
                await transfers.accept(session, SECRET, token, customer_id)
        except DeskError:
            return False
        return True

    assert sorted(await asyncio.gather(accept(bina), accept(bina))) == [False, True]
    async with reading(db) as session:
        assert len(await listing.owners_of(session, number)) == 2


async def test_an_invitation_of_a_former_owner_is_refused(db: Database, clock) -> None:
    """When the product has changed hands by a claim meanwhile, the invitation moves nothing."""
    number, asha, bina, token = await offered(db)
    async with unit_of_work(db) as session:
        one = await registering.lock(session, number)
        one.customer_id = bina
        await session.flush()
        with pytest.raises(Conflict):
            await transfers.accept(session, SECRET, token, asha)
        assert (await session.get_one(Transfer, 1)).state == "open"

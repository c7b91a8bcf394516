from sqlalchemy import update

from core.db import Database, reading, unit_of_work
from customers import consent, service
from customers.models import Customer

ASHA = "asha@customer.example"


async def test_the_newest_word_counts_and_nothing_is_forgotten(db: Database, clock) -> None:
    """Before anybody speaks each purpose has its default; then yes and no follow each other, all kept."""
    async with unit_of_work(db) as session:
        person = await service.find_or_create(session, ASHA, "Asha Rao")
        assert (await consent.may_write(session, kind="email", value=ASHA, purpose="survey")).allowed
        assert not (await consent.may_write(session, kind="email", value=ASHA, purpose="news")).allowed
        for granted in (False, False, True, False):
            await consent.say(
                session,
                kind="email",
                value=ASHA,
                purpose="survey",
                granted=granted,
                source="preferences",
                customer_id=person.id,
            )
    async with reading(db) as session:
        verdict = await consent.may_write(session, kind="email", value=ASHA, purpose="survey")
        assert not verdict.allowed
        assert "said no (preferences" in verdict.reason
        assert [row.is_granted for row in await consent.history(session, person.id)] == [False, True, False]


async def test_a_dead_address_and_do_not_contact_stop_everything(db: Database, clock) -> None:
    """Whatever was agreed, an address that bounced or a person who wants peace gets nothing."""
    async with unit_of_work(db) as session:
        person = await service.find_or_create(session, ASHA, "Asha Rao")
        assert (await consent.may_write(session, kind="email", value=ASHA, purpose="service")).allowed
        await session.execute(update(Customer).where(Customer.id == person.id).values(do_not_contact=True))
        assert not (await consent.may_write(session, kind="email", value=ASHA, purpose="service")).allowed
        await session.execute(update(Customer).where(Customer.id == person.id).values(do_not_contact=False))
        await service.mark_invalid(session, ASHA, "no such user")
        verdict = await consent.may_write(session, kind="email", value=ASHA, purpose="service")
        assert not verdict.allowed
        assert "no such user" in verdict.reason

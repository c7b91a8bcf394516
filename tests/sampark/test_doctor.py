"""``sampark doctor``: what counts as wrong."""

from sqlalchemy import select, update

from core import clock
from core.db import Database, unit_of_work
from core.settings import Settings
from core.storage import Storage
from customers.models import ContactPoint, Organisation
from sampark.commands import doctor
from sampark.runtime import Runtime
from tests import factories
from tickets import delivery
from tickets.models import Delivery
from tickets.reply import NewTicket, open_ticket


async def outbox(db: Database, settings: Settings, storage: Storage) -> doctor.Finding:
    """What the doctor says of the outbox."""
    findings = await doctor.examine(Runtime(settings, db, storage, "secret"))
    return next(each for each in findings if each.name == "outbox")


async def test_a_dead_address_is_no_fault_of_the_desk(db: Database, settings: Settings, storage: Storage) -> None:
    """A message that could not be delivered is one, until it is known that nobody is at that address."""
    async with unit_of_work(db) as session:
        await factories.mailbox(session)
        agent = await factories.agent(session)
    async with unit_of_work(db, factories.actor(agent, rights=factories.AGENT_RIGHTS)) as session:
        wanted = NewTicket(client_key="k", subject="Order", html="<p>We come.</p>", customer_email="jo@home.example")
        await open_ticket(session, wanted)
    assert (await outbox(db, settings, storage)).ok
    async with unit_of_work(db) as session:
        sending = (await session.scalars(select(Delivery.id))).one()
        await delivery.move(session, sending, "failed", only_from=("queued",), error="550 no such user")
    found = await outbox(db, settings, storage)
    assert (found.ok, found.says) == (False, "1 messages were not delivered to addresses that are good")
    async with unit_of_work(db) as session:
        await session.execute(update(ContactPoint).values(invalid_reason="550 no such user"))
    assert (await outbox(db, settings, storage)).ok


async def test_organisations_that_stay_apart_are_named(db: Database, settings: Settings, storage: Storage) -> None:
    """It is no fault that anybody could mend, so it is told and does not count."""
    async with unit_of_work(db) as session:
        for domain in ("firm.example", "mail.firm.example"):
            session.add(Organisation(name=domain, domain=domain, created_at=clock.now()))
    findings = await doctor.examine(Runtime(settings, db, storage, "secret"))
    found = next(each for each in findings if each.name == "organisations")
    assert found.ok and "mail.firm.example (firm.example)" in found.says

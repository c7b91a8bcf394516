"""Mails about products: both sides of a claim, the invitation, the reminder, and a recall that leaves room."""

from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select, update

from channels import brake, product_mail
from channels.models import Notice
from channels.product_mail import ProductMail
from core import brands, events
from core.brands import Draft
from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from core.jobs import Definition, Registry, Worker
from core.scheduler import run_due
from core.storage import Storage
from customers import consent
from customers.models import Customer
from products import claims, coverage, listing, recalls, registering, transfers
from products.events import ClaimDecided, ClaimOpened, OwnerChanged, ProductRegistered, TransferOffered
from products.recalls import RecallInput, RecallWords
from tests.products import rows

SECRET = "secret"
MAIL = ProductMail(SECRET, "https://desk.example", "Lamps & Co", "en")


@pytest.fixture(autouse=True)
def wired(clock: ManualClock) -> Iterator[None]:
    """The handlers of the mails, and the usual brake."""
    events.subscribe(
        {
            ProductRegistered: (MAIL.on_registered,),
            ClaimOpened: (MAIL.on_claim_opened,),
            ClaimDecided: (MAIL.on_claim_decided,),
            TransferOffered: (MAIL.on_transfer_offered,),
            OwnerChanged: (MAIL.on_owner_changed,),
        }
    )
    brake.configure(brake.PER_HOUR)
    yield
    brake.configure(brake.PER_HOUR)
    events.subscribe({})


async def run(db: Database) -> None:
    """Run what waits, timers that are due included; sending itself is not of interest here."""
    await run_due(db)
    jobs = (
        Definition(product_mail.JOB, MAIL.send),
        Definition(coverage.REMIND_JOB, MAIL.remind),
        Definition(recalls.MAIL_JOB, MAIL.recall),
    )
    await Worker(db, Registry(jobs)).drain()


async def mails(db: Database, kind: str | None = None) -> list[Notice]:
    """What was written, oldest first."""
    async with reading(db) as session:
        statement = select(Notice).order_by(Notice.id)
        return list(await session.scalars(statement.where(Notice.kind == kind) if kind else statement))


async def test_both_sides_of_a_claim_hear_of_it_and_of_its_end(db: Database, storage: Storage) -> None:
    """Two mails when it is opened, two when it is decided; neither names the other person."""
    async with unit_of_work(db) as session:
        asha, bina = await rows.person(session), await rows.person(session, "Bina Das")
        one = await rows.registered(session, asha, source="agent")
        claimed = await registering.register(session, rows.wanted(one.product_id, bina), [await rows.bill(storage)])
    await run(db)
    opened = await mails(db)
    assert [(each.to_address, each.kind) for each in opened] == [
        ("bina@customer.example", "product_claim"),
        ("asha@customer.example", "product_claim"),
    ]
    async with unit_of_work(db) as session:
        await claims.decide(session, claimed.claim_id or 0, approve=True, reason="The bill names you.")
    await run(db)
    won, lost = (await mails(db))[2:]
    assert won.subject.startswith("The product is yours") and "The bill names you." in won.text
    assert "another person" in lost.text and "The bill names you." not in lost.text
    assert not any("Asha" in each.text or "Bina" in each.text for each in await mails(db))


async def test_a_confirmation_goes_to_whoever_registers_by_herself(db: Database) -> None:
    """From the portal one mail with the last day, in her language's form; from the shop's import none."""
    async with unit_of_work(db) as session:
        asha = await rows.person(session)
        one = await rows.registered(session, asha)
        await rows.register(session, one.product_id, asha, "TF000002", source="import")
    await run(db)
    (only,) = await mails(db)
    assert "It is covered until Saturday, 15 January 2028." in only.text
    assert "https://desk.example/portal/products/1?lang=en" in only.text


async def test_an_invitation_carries_a_token_that_works(db: Database) -> None:
    """The mail goes to the address that was named, and its link is the one that is accepted."""
    async with unit_of_work(db) as session:
        asha, bina = await rows.person(session), await rows.person(session, "Bina Das")
        one = await rows.registered(session, asha, source="agent")
        await transfers.offer(session, one.id, asha, "bina@customer.example")
    await run(db)
    (invitation,) = await mails(db, "product_transfer")
    assert invitation.to_address == "bina@customer.example"
    token = invitation.text.partition("/portal/products/invitation/")[2].partition("?")[0]
    async with unit_of_work(db) as session:
        await transfers.accept(session, SECRET, token, bina)
    await run(db)
    assert [each.to_address for each in await mails(db, "product_transferred")] == ["asha@customer.example"]


async def test_an_owner_is_reminded_once_before_the_end(db: Database, clock: ManualClock) -> None:
    """Thirty days before; not again, not when she said no, and again for a new end."""
    async with unit_of_work(db) as session:
        asha, bina = await rows.person(session), await rows.person(session, "Bina Das")
        one = await rows.registered(session, asha, source="agent")
        await rows.register(session, one.product_id, bina, "TF000002", source="agent")
        no = {"kind": "email", "value": "bina@customer.example", "purpose": "reminder", "granted": False}
        await consent.say(session, **no, source="portal")  # type: ignore[arg-type]
    clock.advance(timedelta(days=660))
    await run(db)
    (reminder,) = await mails(db, "product_reminder")
    assert reminder.to_address == "asha@customer.example"
    assert "ends on Saturday, 15 January 2028" in reminder.text
    async with unit_of_work(db) as session:
        await MAIL.remind(session, one.id)
        assert len(await mails(db, "product_reminder")) == 1
        await coverage.extend(session, await registering.lock(session, one.id), "granted", 12, "A gift")
    clock.advance(timedelta(days=365))
    await run(db)
    assert len(await mails(db, "product_reminder")) == 2


async def recalled(db: Database, count: int) -> tuple[int, int]:
    """(recall, product): a running recall of so many fridges, each of another owner."""
    async with unit_of_work(db) as session:
        made = await rows.product(session)
        await rows.rule(session)
        for number in range(count):
            owner = await rows.person(session, f"Owner{number} Rao")
            await rows.register(session, made.id, owner, f"TF{number:06}", source="import")
        wanted = RecallInput(
            title="Hot cable", text="Pull the plug.", product_id=made.id, ranges=[("TF000000", "TF000999")]
        )
        recall = await recalls.save(session, wanted)
        assert await recalls.count_matching(session, recall) == count
        await recalls.start(session, recall.id)
        return recall.id, made.id


async def counts(db: Database, recall_id: int) -> dict[str, int]:
    """State → number, without the empty ones."""
    async with reading(db) as session:
        found = (await recalls.progress(session, [recall_id]))[recall_id]
    return {state: count for state, count in found.items() if count}


async def test_a_recall_leaves_room_for_other_mail_and_reaches_everybody(db: Database, clock: ManualClock) -> None:
    """With 48 mails allowed in an hour two leave each five minutes, and the brake never trips."""
    brake.configure(48)
    recall_id, _ = await recalled(db, 5)
    await run(db)
    assert await counts(db, recall_id) == {"to_contact": 3, "mailed": 2}
    for _ in range(2):
        clock.advance(timedelta(seconds=product_mail.BATCH_SECONDS))
        await run(db)
    assert await counts(db, recall_id) == {"mailed": 5}
    async with reading(db) as session:
        assert not (await brake.status(session)).stopped
    assert all("Pull the plug." in each.text for each in await mails(db, "recall"))


async def test_a_recall_is_mailed_in_the_language_of_each_owner(db: Database) -> None:
    """Who has a language in which it was not told reads the desk's own, between sentences of her language."""
    async with unit_of_work(db) as session:
        fridge = await rows.product(session)
        for number, code in enumerate(("hi", "kn", None)):
            owner = await rows.person(session, f"Owner{number} Rao")
            await session.execute(update(Customer).where(Customer.id == owner).values(language=code))
            await rows.register(session, fridge.id, owner, f"TF{number:06}", source="import")
        told = {"hi": RecallWords("गरम तार", "प्लग निकालें।")}
        wanted = RecallInput(title="Hot cable", text="Pull the plug.", product_id=fridge.id, words=told)
        await recalls.start(session, (await recalls.save(session, wanted)).id)
    await run(db)
    hindi, kannada, unknown = await mails(db, "recall")
    assert "गरम तार" in hindi.subject and "प्लग निकालें।" in hindi.text and "Pull the plug." not in hindi.text
    assert "Hot cable" in kannada.subject and "Pull the plug." in kannada.text and "?lang=kn" in kannada.text
    assert unknown.subject == "Recall: Hot cable" and "Pull the plug." in unknown.text


async def test_what_no_mail_reaches_is_left_to_people(db: Database, clock: ManualClock) -> None:
    """Do not contact, and a mail that came back: both unreachable with the reason; a stopped brake only delays."""
    recall_id, _ = await recalled(db, 3)
    async with unit_of_work(db) as session:
        await session.execute(update(Customer).where(Customer.name == "Owner1 Rao").values(do_not_contact=True))
    await run(db)
    async with unit_of_work(db) as session:
        back = update(Notice).where(Notice.to_name == "Owner2 Rao").values(state="bounced", error="No such user")
        await session.execute(back)
    clock.advance(product_mail.AWAIT)
    await run(db)
    async with reading(db) as session:
        lost, _ = await recalls.list_cases(session, recall_id, "unreachable")
    assert {each.customer: each.note for each in lost} == {
        "Owner1 Rao": "The customer does not want to be contacted.",
        "Owner2 Rao": "No such user",
    }


async def test_a_recall_has_its_cases_answers_and_end(db: Database, clock: ManualClock) -> None:
    """A product registered later joins; the owner's answer and an agent's word move a case; a closed recall is quiet."""
    recall_id, product_id = await recalled(db, 1)
    async with unit_of_work(db) as session:
        asha = await rows.person(session)
        inside = await rows.register(session, product_id, asha, "TF000500")
        outside = await rows.register(session, product_id, asha, "TF001000")
        seen = await recalls.notices_for(session, [inside.registration.id, outside.registration.id])
        assert [notice.title for notice in seen[inside.registration.id]] == ["Hot cable"]
        assert outside.registration.id not in seen
        assert (await listing.row_of(session, inside.registration.id)).recalled
    await run(db)
    async with unit_of_work(db) as session:
        await recalls.answer(session, inside.registration.id, "Please come on Monday")
        page, _ = await recalls.list_cases(session, recall_id, "answered")
        assert [(each.customer, each.note) for each in page] == [("Asha Rao", "Please come on Monday")]
        await recalls.move(session, page[0].id, "done")
        assert await recalls.notices_for(session, [inside.registration.id]) == {}
        await recalls.close(session, recall_id)
    before = len(await mails(db, "recall"))
    clock.advance(product_mail.AWAIT)
    await run(db)
    assert len(await mails(db, "recall")) == before


async def test_a_new_owner_of_a_recalled_product_hears_of_it(db: Database, clock: ManualClock) -> None:
    """The case begins anew with whoever owns the product now; one that is done stays so."""
    recall_id, _ = await recalled(db, 2)
    await run(db)
    async with unit_of_work(db) as session:
        bina = await rows.person(session, "Bina Das")
        first, second = (await recalls.list_cases(session, recall_id))[0]
        await recalls.move(session, second.id, "done")
        for case in (first, second):
            await claims.give(session, await registering.lock(session, case.registration_id), bina, "transfer")
    clock.advance(timedelta(seconds=product_mail.BATCH_SECONDS))
    await run(db)
    assert await counts(db, recall_id) == {"mailed": 1, "done": 1}
    assert [each.to_address for each in await mails(db, "recall")][-1] == "bina@customer.example"


async def test_a_mail_is_signed_with_the_brand(db: Database) -> None:
    """With that of the pages to which its links lead, else with the desk's own, else with the product's name."""
    draft = Draft(host="", name="Tara Appliances", hue=10, default_language="en", languages=["en"])
    async with unit_of_work(db) as session:
        await rows.registered(session, await rows.person(session))
    await run(db)
    async with unit_of_work(db) as session:
        await brands.create(session, draft)
        await rows.registered(session, await rows.person(session, "Bina Das"))
    await run(db)
    async with unit_of_work(db) as session:
        await brands.create(session, msgspec.structs.replace(draft, host="desk.example", name="Tara Lamps"))
        await rows.registered(session, await rows.person(session, "Charu Sen"))
    await run(db)
    written = await mails(db)
    assert [mail.sender_name for mail in written] == ["", "Tara Appliances", "Tara Lamps"]
    first, second, third = (mail.text for mail in written)
    assert "Lamps & Co" in first
    assert "Tara Appliances" in second and "Lamps & Co" not in second
    assert "Tara Lamps" in third

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from core.db import Database, reading, unit_of_work
from core.errors import Conflict, Invalid, Stale
from core.events import EventRow
from core.storage import Storage
from core.timers import Timer
from products import catalogue, claims, coverage, listing, registering
from products.catalogue import ProductChange, RuleChange
from products.errors import AlreadyDecided, ProofNeeded, SerialTaken
from products.models import Ownership, OwnershipClaim, Proof, Registration
from products.registering import RegistrationChange
from tests.products import rows


async def test_a_registered_product_has_its_warranty_frozen(db: Database, clock) -> None:
    """Rule, dates and reason are kept with it; a rule that changes later does not reach it until somebody asks."""
    async with unit_of_work(db) as session:
        asha = await rows.person(session)
        one = await rows.registered(session, asha)
        assert (one.serial, one.warranty_name, one.warranty_covers) == ("TF123456", "24 months", "Parts and labour")
        assert one.warranty_until == one.covered_until == date(2028, 1, 15)
        rule_id, number = one.warranty_rule_id, one.id
        timer = (await session.scalars(select(Timer).where(Timer.dedupe == f"remind:{number}"))).one()
        assert timer.due_at == datetime(2028, 1, 15, 18, 30, tzinfo=UTC) - timedelta(days=30)
    async with unit_of_work(db) as session:
        await catalogue.save_rule(session, RuleChange(months=12, name="Twelve"), rule_id)
    async with unit_of_work(db) as session:
        one = await registering.lock(session, number)
        assert one.warranty_until == date(2028, 1, 15)
        await coverage.recompute(session, one)
        assert (one.warranty_name, one.warranty_until) == ("Twelve", date(2027, 1, 15))
    async with reading(db) as session:
        told = (await session.scalars(select(EventRow).where(EventRow.kind == "product.warranty_changed"))).one()
        assert told.data["old_until"] == "2028-01-15" and told.data["new_until"] == "2027-01-15"
        assert told.data["because"] == "An agent had it computed anew"


async def test_every_wrong_field_is_named_at_once(db: Database, clock) -> None:
    """Serial number, date, country and second contact: four complaints with stable reasons, and nothing is written."""
    async with unit_of_work(db) as session:
        asha = await rows.person(session)
        made = await rows.product(session)
        wrong = rows.wanted(made.id, asha, "TF12", purchased_on=date(2026, 3, 4), country="XX", second_email="nobody")
        with pytest.raises(Invalid) as refused:
            await registering.register(session, wrong)
        found = {each["field"]: each["reason"] for each in refused.value.extra["errors"]}
        assert found == {
            "serial": "serial_length",
            "country": "country",
            "purchased_on": "date_future",
            "second_email": "email",
        }
        assert await session.scalar(select(func.count()).select_from(Registration)) == 0


@pytest.mark.parametrize(
    ("day", "reason"), [(date(2019, 12, 31), "date_early"), (None, "date_missing"), (date(2026, 3, 3), "date_future")]
)
async def test_a_date_of_purchase_that_cannot_be_is_refused(db: Database, clock, day: date | None, reason: str) -> None:
    """Before the product was sold, in the future, or missing; today is fine."""
    async with unit_of_work(db) as session:
        asha = await rows.person(session)
        made = await rows.product(session)
        with pytest.raises(Invalid) as refused:
            await registering.register(session, rows.wanted(made.id, asha, purchased_on=day))
        assert refused.value.extra["errors"][0]["reason"] == reason
        today = await rows.register(session, made.id, asha, purchased_on=date(2026, 3, 2))
        assert today.state == "registered"


async def test_the_same_person_again_changes_nothing(db: Database, clock, storage: Storage) -> None:
    """However she writes the number; a bill that she sends now is added."""
    async with unit_of_work(db) as session:
        asha = await rows.person(session)
        one = await rows.registered(session, asha)
        again = await registering.register(
            session, rows.wanted(one.product_id, asha, "tf-I23 456"), [await rows.bill(storage)]
        )
        assert (again.state, again.registration.id) == ("already", one.id)
        await session.flush()
        assert await session.scalar(select(func.count()).select_from(Registration)) == 1
        assert (await session.scalars(select(Proof.name))).all() == ["bill.pdf"]


async def test_nobody_meets_a_product_of_somebody_else(db: Database, clock, storage: Storage) -> None:
    """Other people's registrations stand before it in the table; the answer is about the one with the serial."""
    async with unit_of_work(db) as session:
        asha, bina, dev = [await rows.person(session, name) for name in ("Asha Rao", "Bina Das", "Dev Nair")]
        await rows.registered(session, dev, "TF999999")
        hers = await rows.registered(session, asha)
        again = await registering.register(session, rows.wanted(hers.product_id, asha), [await rows.bill(storage)])
        assert (again.state, again.registration.id) == ("already", hers.id)
        claimed = await registering.register(session, rows.wanted(hers.product_id, bina), [await rows.bill(storage)])
        assert (claimed.state, claimed.registration.id) == ("claimed", hers.id)
        claim = (await session.scalars(select(OwnershipClaim))).one()
        assert (claim.registration_id, claim.against_id) == (hers.id, asha)
        shop = await registering.register(
            session, rows.wanted(hers.product_id, bina, external_id="S-1"), [await rows.bill(storage)]
        )
        assert (shop.state, shop.claim_id) == ("claimed", claim.id)


async def test_two_people_in_the_same_moment_make_one_registration_and_one_claim(
    db: Database, clock, storage: Storage
) -> None:
    """The unique index lets one in; the other one's registration becomes a claim against it."""
    async with unit_of_work(db) as session:
        people = [await rows.person(session, name) for name in ("Asha Rao", "Bina Das")]
        made = await rows.product(session)
        await rows.rule(session)
    start = asyncio.Barrier(2)

    async def one(customer_id: int) -> str:
        async with unit_of_work(db) as session:
            proof = await rows.bill(storage)
            await start.wait()
            done = await registering.register(session, rows.wanted(made.id, customer_id), [proof])
            await asyncio.sleep(0)
            return done.state

    states = await asyncio.gather(*(one(each) for each in people))
    assert sorted(states) == ["claimed", "registered"]
    async with reading(db) as session:
        registration = (await session.scalars(select(Registration))).one()
        claim = (await session.scalars(select(OwnershipClaim))).one()
        assert {registration.customer_id, claim.customer_id} == set(people)
        assert claim.against_id == registration.customer_id


async def test_a_claim_needs_a_proof_and_may_be_refused_by_the_shop(db: Database, clock, storage: Storage) -> None:
    """Without a bill no claim; a shop system is told that the number is taken; the owner is not named."""
    async with unit_of_work(db) as session:
        asha, bina = await rows.person(session), await rows.person(session, "Bina Das")
        one = await rows.registered(session, asha)
        theirs = rows.wanted(one.product_id, bina)
        with pytest.raises(ProofNeeded) as refused:
            await registering.register(session, theirs)
        assert "Asha" not in str(refused.value.detail)
        with pytest.raises(SerialTaken):
            await registering.register(session, theirs, [await rows.bill(storage)], claims_allowed=False)
        first = await registering.register(session, theirs, [await rows.bill(storage)])
        second = await registering.register(session, theirs, [await rows.bill(storage, "plate.pdf")])
        assert first.claim_id == second.claim_id is not None
        await session.flush()
        names = await session.scalars(select(Proof.name).where(Proof.claim_id == first.claim_id).order_by(Proof.id))
        assert names.all() == ["bill.pdf", "plate.pdf"]


async def test_an_approved_claim_makes_a_new_owner_with_her_own_purchase(db: Database, clock, storage: Storage) -> None:
    """Her date counts for the warranty, the history has both owners, and the second agent is told."""
    async with unit_of_work(db) as session:
        asha, bina = await rows.person(session), await rows.person(session, "Bina Das")
        one = await rows.registered(session, asha)
        theirs = rows.wanted(one.product_id, bina, purchased_on=date(2026, 2, 1))
        claimed = await registering.register(session, theirs, [await rows.bill(storage)])
        number, claim_id = one.id, claimed.claim_id or 0
    async with unit_of_work(db) as session:
        await claims.decide(session, claim_id, approve=True, reason="The bill names her.")
    async with unit_of_work(db) as session:
        row = await listing.row_of(session, number)
        assert (row.customer_id, row.warranty_until) == (bina, date(2028, 2, 1))
        owners = await listing.owners_of(session, number)
        assert [(each.name, each.how, each.until_at is None) for each in owners] == [
            ("Asha Rao", "registered", False),
            ("Bina Das", "claim", True),
        ]
        with pytest.raises(AlreadyDecided):
            await claims.decide(session, claim_id, approve=False, reason="Too late")


async def test_a_rejected_claim_needs_a_reason_and_changes_nothing(db: Database, clock, storage: Storage) -> None:
    """The owner stays; the claimant may read why."""
    async with unit_of_work(db) as session:
        asha, bina = await rows.person(session), await rows.person(session, "Bina Das")
        one = await rows.registered(session, asha)
        claimed = await registering.register(session, rows.wanted(one.product_id, bina), [await rows.bill(storage)])
        with pytest.raises(Invalid):
            await claims.decide(session, claimed.claim_id or 0, approve=False, reason=" ")
        await claims.decide(session, claimed.claim_id or 0, approve=False, reason="The bill is of another model.")
        assert one.customer_id == asha
        assert (await claims.of_customer(session, bina))[0].reason == "The bill is of another model."
        assert (await session.scalars(select(Ownership))).one().until_at is None


async def test_facts_put_right_are_seen_in_the_warranty(db: Database, clock) -> None:
    """Another date of purchase computes the warranty anew and says so; another seller does not touch it."""
    async with unit_of_work(db) as session:
        one = await rows.registered(session, await rows.person(session))
        reason = one.warranty_reason
        await registering.change(session, one.id, RegistrationChange(seller="Another shop"))
        assert one.warranty_reason == reason
        await registering.change(session, one.id, RegistrationChange(purchased_on=date(2026, 1, 31)), if_version=2)
        assert one.warranty_until == date(2028, 1, 31)
        with pytest.raises(Stale):
            await registering.change(session, one.id, RegistrationChange(seller="x"), if_version=1)
    async with reading(db) as session:
        kinds = await session.scalars(
            select(EventRow.kind).where(EventRow.kind.like("product.%")).order_by(EventRow.id)
        )
        assert kinds.all() == [
            "product.registered",
            "product.registration_changed",
            "product.registration_changed",
            "product.warranty_changed",
        ]


async def test_months_on_top_are_granted_or_bought(db: Database, clock) -> None:
    """Granted months lengthen the warranty, bought ones stand behind it; the shop's second telling changes nothing."""
    async with unit_of_work(db) as session:
        one = await rows.registered(session, await rows.person(session))
        await coverage.extend(session, one, "granted", 3, "Repaired twice")
        await coverage.extend(session, one, "bought", 12, "Care plan", external_id="plan-1")
        await coverage.extend(session, one, "bought", 12, "Care plan", external_id="plan-1")
        assert (one.warranty_until, one.contract_until) == (date(2028, 4, 15), date(2029, 4, 15))
        assert "3 months granted; 12 months bought" in one.warranty_reason
        with pytest.raises(Invalid):
            await coverage.extend(session, one, "granted", 3, "")


async def test_the_shop_may_tell_the_same_thing_twice(db: Database, clock) -> None:
    """The external id decides: again is no second row, a corrected date is taken over, another product is refused."""
    async with unit_of_work(db) as session:
        asha = await rows.person(session)
        made, other = await rows.product(session), await rows.product(session)
        await rows.rule(session)
        first = await rows.register(session, made.id, asha, external_id="shop-1", source="api")
        again = await rows.register(session, made.id, asha, external_id="shop-1", source="api")
        assert (again.state, again.registration.id) == ("already", first.registration.id)
        await rows.register(session, made.id, asha, external_id="shop-1", purchased_on=date(2026, 2, 2))
        assert first.registration.warranty_until == date(2028, 2, 2)
        with pytest.raises(Conflict):
            await rows.register(session, other.id, asha, external_id="shop-1")


async def test_what_was_given_back_frees_its_serial_number(db: Database, clock) -> None:
    """After its end the next owner registers it; the reminder of the first one is gone."""
    async with unit_of_work(db) as session:
        asha, bina = await rows.person(session), await rows.person(session, "Bina Das")
        one = await rows.registered(session, asha)
        await registering.end(session, one.id, "Given back to the shop")
        assert (await session.scalars(select(Timer))).all() == []
        second = await rows.register(session, one.product_id, bina)
        assert second.state == "registered"
        assert await listing.of_customer(session, asha) == []


async def test_lists_say_how_each_product_is_covered_today(db: Database, clock) -> None:
    """A customer's list has product, serial number and state; the desk's list is found by serial number or name."""
    async with unit_of_work(db) as session:
        asha = await rows.person(session)
        one = await rows.registered(session, asha)
        old = await rows.register(session, one.product_id, asha, "TF000001", purchased_on=date(2021, 1, 1))
        lines = await listing.of_customer(session, asha)
        assert [(line.serial, line.state) for line in lines] == [("TF123456", "in_warranty"), ("TF000001", "expired")]
        found, following = await listing.search(session, "tf-0000")
        assert [line.id for line in found] == [old.registration.id]
        page, following = await listing.search(session, "asha", limit=1)
        rest, end = await listing.search(session, "asha", before_id=following, limit=1)
        assert [line.id for line in (*page, *rest)] == [old.registration.id, one.id]
        assert end is None


async def test_a_catalogue_entry_is_checked(db: Database, clock) -> None:
    """No second product of one article number, no format that its example does not fit, and changes are on record."""
    async with unit_of_work(db) as session:
        made = await rows.product(session)
        with pytest.raises(Conflict):
            await rows.product(session, sku=made.sku)
        with pytest.raises(Invalid):
            await catalogue.save_product(session, ProductChange(serial_example="nothing"), made.id)
        await session.refresh(made)
        await catalogue.save_product(session, ProductChange(names={"hi": "फ़्रिज", "mr": " "}), made.id, if_version=1)
        assert catalogue.name_in(made, "hi") == "फ़्रिज"
        assert catalogue.name_in(made, "mr") == made.name
        with pytest.raises(Stale):
            await catalogue.save_product(session, ProductChange(name="Older"), made.id, if_version=1)


async def test_a_format_that_changed_since_stands_in_nobodys_way(db: Database, clock) -> None:
    """The seller of an older thing can be put right; its serial number only into one of today's form."""
    async with unit_of_work(db) as session:
        one = await rows.registered(session, await rows.person(session))
        await catalogue.save_product(
            session, ProductChange(serial_masks="XX####", serial_example="XX0001"), one.product_id
        )
        await registering.change(session, one.id, RegistrationChange(seller="Another shop"))
        assert one.seller == "Another shop"
        with pytest.raises(Invalid):
            await registering.change(session, one.id, RegistrationChange(serial="TF123457"))

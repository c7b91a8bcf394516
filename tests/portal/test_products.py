"""My products on the portal: registering without a script, claims, the certificate, handing over, recalls, orders."""

import asyncio
import re
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import select

from core.db import Database, reading, unit_of_work
from core.i18n import Language
from core.storage import Storage
from customers import service as customers
from portal import products as pages
from portal.limits import Gate
from products import catalogue, claims, listing, orders, proofs, recalls, registering, transfers
from products.models import OwnershipClaim, Proof, Registration
from products.orders import LineInput, OrderInput
from products.recalls import RecallInput, RecallWords
from tests.locks import blocked
from tests.portal.conftest import VALUES, Desk, browser
from tests.portal.signing_in import sign_in
from tests.products import rows
from tickets.models import Ticket

ASHA = "asha@customer.example"
BILL = ("bill.pdf", rows.BILL, "application/pdf")


@pytest.fixture(autouse=True)
def fresh_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has used up anything yet."""
    monkeypatch.setattr(pages, "GATE", Gate())


def token(page: str, name: str = "csrf") -> str:
    """A hidden field of a page."""
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found is not None, page
    return found[1]


async def with_fridge(db: Database, **fields: object) -> int:
    """A fridge with a rule; returns its id."""
    async with unit_of_work(db) as session:
        places = {"serial_place": "Inside, on the left.", "serial_places": {"hi": "अंदर, बाईं ओर।"}}
        made = await rows.product(session, name="TF-260", **(places | fields))
        await rows.rule(session)
        return made.id


async def post_form(
    client: httpx.AsyncClient, product: int, files: list | None = None, **fields: str
) -> httpx.Response:
    """Register a product as the form does."""
    page = (await client.get(f"/portal/products/register?product={product}")).text
    values = {
        "csrf": token(page), "product": str(product), "serial": "tf-123 456", "purchased_on": "2026-01-15",
        "country": "IN", "seller": "Khanna", **fields,
    }  # fmt: skip
    return await client.post("/portal/products/register", data=values, files=[("files", each) for each in files or []])


async def person(db: Database, address: str = ASHA) -> int:
    """The customer with an address."""
    async with unit_of_work(db) as session:
        return (await customers.find_or_create(session, address)).id


async def test_strangers_are_led_to_sign_in_and_back(desk: Desk, db: Database) -> None:
    """Every page of one's own products asks who it is first."""
    for path in ("/portal/products", "/portal/products/register", "/portal/products/1", "/portal/orders"):
        answer = await desk.client.get(path)
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/portal/sign-in?next=%2Fportal%2F")


async def test_a_product_is_registered_with_its_bill_and_shows_its_warranty(desk: Desk, db: Database) -> None:
    """Product first, then its form with plate and example; afterwards the last day of the warranty, and the bill."""
    product = await with_fridge(db)
    client = await sign_in(desk, db, ASHA)
    first = (await client.get("/portal/products/register")).text
    assert "TF-260" in first and 'type="file"' not in first
    form = (await client.get(f"/portal/products/register?product={product}")).text
    assert "Inside, on the left." in form and "TF123456" in form
    done = await post_form(client, product, [BILL])
    assert done.status_code == 303, done.text
    page = (await client.get(done.headers["location"])).text
    assert "Your product is registered." in page
    assert "In warranty until 15 January 2028" in page and "bill.pdf" in page
    again = await post_form(client, product)
    assert "You have registered this product before." in (await client.get(again.headers["location"])).text
    assert "TF-260" in (await client.get("/portal/products")).text
    assert "अंदर, बाईं ओर।" in (await client.get(f"/portal/products/register?product={product}&lang=hi")).text


async def test_what_is_wrong_is_said_beside_each_field_and_what_was_typed_is_kept(desk: Desk, db: Database) -> None:
    """Serial number, date and file at once, in the visitor's language; nothing is kept."""
    product = await with_fridge(db)
    client = await sign_in(desk, db, ASHA)
    program = ("bill.pdf", b"MZ\x90\x00 program", "application/pdf")
    answer = await post_form(client, product, [program], serial="TF12345X", purchased_on="2027-01-01", seller="Mine")
    assert answer.status_code == 422
    for words in (
        "Character 8, “X”, cannot stand there. A serial number looks like TF123456.",
        "This date is in the future.",
        "“bill.pdf” cannot be used.",
        'value="TF12345X"',
        'value="Mine"',
        'href="#serial"',
        'aria-invalid="true"',
    ):
        assert words in answer.text, words
    unreadable = await post_form(client, product, purchased_on="soon")
    assert "This does not look like a date." in unreadable.text
    async with reading(db) as session:
        assert (await session.scalars(select(Registration))).all() == []


async def test_a_post_that_is_not_ours_registers_nothing(desk: Desk, db: Database) -> None:
    """Without the token of our form, or from another site."""
    product = await with_fridge(db)
    client = await sign_in(desk, db, ASHA)
    assert (await post_form(client, product, csrf="forged")).status_code == 403
    async with reading(db) as session:
        assert (await session.scalars(select(Registration))).all() == []


async def test_somebody_elses_serial_number_becomes_a_claim_with_a_proof(desk: Desk, db: Database) -> None:
    """First the page asks for the bill, without naming the owner; with it the claim is open and on her list."""
    product = await with_fridge(db)
    async with unit_of_work(db) as session:
        await rows.register(session, product, await rows.person(session, "Bina Das"))
    client = await sign_in(desk, db, ASHA)
    asked = await post_form(client, product)
    assert asked.status_code == 409
    assert "Somebody else has registered this serial number." in asked.text and "Bina" not in asked.text
    done = await post_form(client, product, [BILL], words="From Khanna.")
    assert done.headers["location"].startswith("/portal/products?told=claimed")
    page = (await client.get(done.headers["location"])).text
    assert "We look into it" in page
    async with unit_of_work(db) as session:
        claim = (await session.scalars(select(OwnershipClaim))).one()
        assert (claim.words, claim.state) == ("From Khanna.", "open")
        assert (await session.scalars(select(Proof.claim_id))).all() == [claim.id]
        await claims.decide(session, claim.id, approve=True, reason="The bill")
    assert "It is yours" in (await client.get("/portal/products")).text


async def test_the_certificate_says_what_is_covered(desk: Desk, db: Database) -> None:
    """Owner, dates, rule and last day on a page made for paper; nobody else can open it."""
    product = await with_fridge(db)
    client = await sign_in(desk, db, ASHA)
    place = (await post_form(client, product)).headers["location"].partition("?")[0]
    page = (await client.get(f"{place}/certificate")).text
    for words in ("Certificate of registration", "TF123456", "15 January 2028", "24 months: Parts and labour", "India"):
        assert words in page, words
    other = await sign_in(desk, db, "bina@customer.example", browser(client._transport))
    for path in (place, f"{place}/certificate"):
        assert (await other.get(path)).status_code == 404


async def test_a_product_is_handed_over_by_invitation(desk: Desk, db: Database, storage: Storage) -> None:
    """The owner invites, may take it back; the new owner signs in, accepts, and the old one has it no more."""
    product = await with_fridge(db)
    client = await sign_in(desk, db, ASHA)
    place = (await post_form(client, product, [BILL])).headers["location"].partition("?")[0]
    csrf = token((await client.get(place)).text)
    wrong = await client.post(f"{place}/transfer", data={"csrf": csrf, "email": ASHA})
    assert wrong.status_code == 422 and "This is your own address." in wrong.text
    await client.post(f"{place}/transfer", data={"csrf": csrf, "email": "bina@customer.example"})
    assert "bina@customer.example" in (await client.get(place)).text
    async with reading(db) as session:
        open_one = await transfers.open_of(session, int(place.rpartition("/")[2]))
        assert open_one is not None
        address = f"/portal/products/invitation/{transfers.token('test-secret', open_one)}"
    other = browser(client._transport)
    assert "Sign in with your e-mail address first" in (await other.get(address)).text
    await sign_in(desk, db, "bina@customer.example", other)
    page = await other.get(address)
    assert page.headers["referrer-policy"] == "same-origin"
    taken = await other.post(address, data={"csrf": token(page.text)})
    assert "The product is yours now" in (await other.get(taken.headers["location"])).text
    assert (await client.get(place)).status_code == 404
    assert (await other.get(address)).status_code == 404
    assert "bill.pdf" not in (await other.get(place)).text  # the bill is the former owner's
    async with unit_of_work(db) as session:
        plate = await proofs.keep(storage, "plate.pdf", rows.BILL)
        proofs.add(session, [plate], int(place.rpartition("/")[2]))  # an agent adds one for the new owner
    assert "plate.pdf" in (await other.get(place)).text


async def test_invitations_are_slowed_down(desk: Desk, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is a mail to whom the owner names; taking one back costs nothing."""
    product = await with_fridge(db)
    client = await sign_in(desk, db, ASHA)
    place = (await post_form(client, product)).headers["location"].partition("?")[0]
    csrf = token((await client.get(place)).text)
    monkeypatch.setattr(pages, "GATE", Gate(1, 60))
    first = await client.post(f"{place}/transfer", data={"csrf": csrf, "email": "bina@customer.example"})
    second = await client.post(f"{place}/transfer?lang=en", data={"csrf": csrf, "email": "ravi@customer.example"})
    assert (first.status_code, second.status_code) == (303, 429)
    assert "Please wait 60 seconds" in second.text
    assert (await client.post(f"{place}/transfer", data={"csrf": csrf, "cancel": "1"})).status_code == 303


async def test_a_second_contact_is_kept_and_checked(desk: Desk, db: Database) -> None:
    """A wrong address is refused beside its field; a right one is on the page."""
    product = await with_fridge(db)
    client = await sign_in(desk, db, ASHA)
    place = (await post_form(client, product)).headers["location"].partition("?")[0]
    values = {"csrf": token((await client.get(place)).text), "second_name": "Ravi", "second_email": "ravi"}
    wrong = await client.post(f"{place}/contact", data=values)
    assert wrong.status_code == 422 and 'value="ravi"' in wrong.text
    await client.post(f"{place}/contact", data=values | {"second_email": "Ravi@customer.example"})
    assert 'value="ravi@customer.example"' in (await client.get(place)).text


async def test_a_recall_is_shown_and_answered(desk: Desk, db: Database) -> None:
    """The list warns, the page says what to do in the owner's language or the desk's, and her answer reaches the list."""
    product = await with_fridge(db)
    client = await sign_in(desk, db, ASHA)
    place = (await post_form(client, product)).headers["location"].partition("?")[0]
    async with unit_of_work(db) as session:
        told = {"hi": RecallWords("गरम तार", "प्लग निकालें।")}
        wanted = RecallInput(title="Hot cable", text="Pull the plug.", product_id=product, words=told)
        made = await recalls.save(session, wanted)
        await recalls.start(session, made.id)
    assert "There is a recall for this product." in (await client.get("/portal/products")).text
    in_hindi = (await client.get(f"{place}?lang=hi")).text
    assert "<span>गरम तार</span>" in in_hindi and "<p>प्लग निकालें।</p>" in in_hindi and "Pull the plug." not in in_hindi
    assert '<p lang="en">Pull the plug.</p>' in (await client.get(f"{place}?lang=kn")).text
    page = (await client.get(f"{place}?lang=en")).text
    assert "<p>Pull the plug.</p>" in page
    await client.post(f"{place}/recall", data={"csrf": token(page), "words": "On Monday"})
    assert "You have told us that you read this." in (await client.get(place)).text
    async with reading(db) as session:
        answered, _ = await recalls.list_cases(session, made.id, "answered")
        assert [each.note for each in answered] == ["On Monday"]


@pytest.mark.parametrize("what", ["contact", "recall"])
async def test_who_hands_a_product_over_meanwhile_writes_nothing_into_it(desk: Desk, db: Database, what: str) -> None:
    """Whose it is, is looked at in the transaction that writes: a post that comes while it changes hands is refused."""
    product = await with_fridge(db)
    client = await sign_in(desk, db, ASHA)
    place = (await post_form(client, product)).headers["location"].partition("?")[0]
    number, bina = int(place.rpartition("/")[2]), await person(db, "bina@customer.example")
    async with unit_of_work(db) as session:
        made = await recalls.save(session, RecallInput(title="Hot cable", text="Pull the plug.", product_id=product))
        await recalls.start(session, made.id)
    data = {"csrf": token((await client.get(place)).text), "second_name": "Ravi", "words": "On Monday"}
    async with unit_of_work(db) as session:
        await claims.give(session, await registering.lock(session, number), bina, "transfer")
        post = asyncio.create_task(client.post(f"{place}/{what}", data=data))
        await blocked(db, post)
    assert (await post).status_code == 404
    async with reading(db) as session:
        assert (await registering.get(session, number)).second_name == ""
        assert (await recalls.list_cases(session, made.id, "answered"))[0] == []


async def test_orders_show_lines_and_state(desk: Desk, db: Database) -> None:
    """What the shop told, with Indian grouping."""
    client = await sign_in(desk, db, ASHA)
    lines = [LineInput(text="Fridge", unit_price=12_799_000), LineInput(text="Cable", quantity=2, unit_price=49_900)]
    async with unit_of_work(db) as session:
        owner = (await customers.find_or_create(session, ASHA)).id
        told = OrderInput(
            external_id="TO-1", customer_id=owner, ordered_on=date(2026, 2, 27), status="shipped", lines=lines
        )
        await orders.tell(session, told)
    page = (await client.get("/portal/orders")).text
    for words in ("TO-1", "On its way", "₹1,27,990.00", "₹1,28,988.00"):
        assert words in page, words


async def test_a_request_on_a_product_carries_its_entitlement(desk: Desk, db: Database) -> None:
    """The picker shows how each is covered; the ticket has it frozen; somebody else's product cannot be named."""
    product = await with_fridge(db)
    client = await sign_in(desk, db, ASHA)
    place = (await post_form(client, product)).headers["location"].partition("?")[0]
    number = place.rpartition("/")[2]
    page, form_token = await desk.form(f"?topic=repair&product={number}")
    assert f'<option value="{number}" selected>TF-260 (TF123456) · In warranty until 15 January 2028</option>' in page
    values = VALUES | {"topic": "repair", "token": form_token, "own.product": number, "email": ASHA}
    sent = await client.post("/portal/requests/new", data=values)
    assert sent.status_code == 303, sent.text
    async with unit_of_work(db) as session:
        ticket = (await session.scalars(select(Ticket))).one()
        assert (ticket.registration_id, ticket.entitlement) == (int(number), "in_warranty")
        theirs = await rows.register(session, product, await rows.person(session, "Bina Das"), "TF000009")
        stolen = str(theirs.registration.id)
    _, form_token = await desk.form("?topic=repair")
    refused = await client.post("/portal/requests/new", data=values | {"token": form_token, "own.product": stolen})
    assert refused.status_code == 422


async def test_a_picture_is_served_to_everybody(desk: Desk, db: Database, storage: Storage) -> None:
    """The picture of the catalogue; a product without one has none."""
    product = await with_fridge(db)
    assert (await desk.client.get(f"/portal/products/picture/{product}")).status_code == 404
    png = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40
    async with unit_of_work(db) as session:
        await catalogue.set_picture(session, storage, product, png)
    shown = await desk.client.get(f"/portal/products/picture/{product}")
    assert (shown.content, shown.headers["content-type"]) == (png, "image/png")


async def test_what_was_given_back_is_no_longer_mine(desk: Desk, db: Database) -> None:
    """After its end a product leaves the list, and its page is gone."""
    product = await with_fridge(db)
    client = await sign_in(desk, db, ASHA)
    place = (await post_form(client, product)).headers["location"].partition("?")[0]
    async with unit_of_work(db) as session:
        await registering.end(session, int(place.rpartition("/")[2]), "Given back")
        assert await listing.of_customer(session, await person(db)) == []
    assert (await client.get(place)).status_code == 404


async def test_days_are_those_of_the_visitor(desk: Desk, db: Database) -> None:
    """Six minutes after midnight in India a product, its claim and its invitation are of the new day, not of UTC's."""
    desk.clock.advance(timedelta(hours=9, minutes=36))
    product = await with_fridge(db)
    client = await sign_in(desk, db, ASHA)
    place = (await post_form(client, product)).headers["location"].partition("?")[0]
    csrf = token((await client.get(place)).text)
    await client.post(f"{place}/transfer", data={"csrf": csrf, "email": "dev@customer.example"})
    async with reading(db) as session:
        invited = await transfers.open_of(session, int(place.rpartition("/")[2]))
    assert invited is not None
    last = Language("en").day(invited.expires_at.astimezone(ZoneInfo("Asia/Kolkata")))
    page = (await client.get(place)).text
    assert "<dd>3 March 2026</dd>" in page and f"The invitation ends on {last}." in page
    assert last != Language("en").day(invited.expires_at)
    assert (await client.get(f"{place}/certificate")).text.count("<dd>3 March 2026</dd>") == 2
    other = browser(client._transport)
    await sign_in(desk, db, "bina@customer.example", other)
    await post_form(other, product, [BILL])
    listed = (await other.get("/portal/products")).text
    assert "3 March 2026" in listed and "2 March 2026" not in listed

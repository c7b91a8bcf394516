"""My account and my data over HTTP: what can be changed, proved, taken away, fetched and asked for."""

import io
import json
import re
import zipfile
from datetime import date, timedelta

import httpx
import pytest
from sqlalchemy import select, update

from core.db import Database, reading, unit_of_work
from core.settings import Settings
from core.storage import Storage
from customers import privacy
from customers.models import Consent, ContactPoint, Customer, DataRequest
from portal import auth, data_copies
from portal.data_copies import DataCopies
from products import orders, registering, transfers
from products.orders import LineInput, OrderInput
from tests import factories
from tests.portal.conftest import Desk, browser
from tests.portal.signing_in import code_to, link_to, mails, sign_in
from tests.products import rows
from tickets.models import Attachment, Message, Ticket
from tickets.reply import NoteContent, note

ASHA, WORK, RAVI = "asha@customer.example", "asha@work.example", "ravi@customer.example"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40


@pytest.fixture
async def asha(desk: Desk, db: Database) -> int:
    """Asha, signed in, with one request."""
    async with unit_of_work(db) as session:
        customer_id = (await factories.received(session, ASHA, text="It drips.", team_id=desk.team_id)).customer_id
    await sign_in(desk, db, ASHA)
    return customer_id


async def send(desk: Desk, path: str, **values: str) -> httpx.Response:
    """Post a form of hers."""
    csrf = auth.form_token(desk.client.cookies[auth.COOKIE])
    return await desk.client.post(f"/portal{path}?lang=en", data={"csrf": csrf, **values})


async def test_name_language_and_time_zone_are_changed(desk: Desk, db: Database, asha: int) -> None:
    """Kept, shown, and the page after it is in the new language; wrong values are refused with what was typed."""
    answer = await send(desk, "/profile", name="Asha  Rao-Iyer", language="kn", time_zone="Europe/London")
    assert answer.headers["location"] == "/portal/profile?told=saved&lang=kn"
    assert '<html lang="kn">' in (await desk.client.get(answer.headers["location"])).text
    async with reading(db) as session:
        row = await session.get_one(Customer, asha)
    assert (row.name, row.language, row.time_zone) == ("Asha Rao-Iyer", "kn", "Europe/London")
    answer = await send(desk, "/profile", name=" ", language="xx", time_zone="Mars/Olympus")
    assert answer.status_code == 422
    assert all(f'href="#{name}"' in answer.text for name in ("name", "language", "time_zone"))
    answer = await send(desk, "/profile", name="x" * 121, language="en", time_zone="Asia/Kolkata")
    assert (answer.status_code, "x" * 121 in answer.text) == (422, True)


@pytest.mark.parametrize(
    "path", ["/profile", "/profile/addresses", "/profile/mails", "/privacy", "/profile/addresses/remove"]
)
async def test_without_the_forms_token_nothing_happens(desk: Desk, db: Database, asha: int, path: str) -> None:
    """403 for a signed-in browser that another site sends here; the sign-in page for strangers."""
    assert (await desk.client.post(f"/portal{path}", data={"kind": "deletion"})).status_code == 403
    desk.client.cookies.clear()
    answer = await desk.client.post(f"/portal{path}", data={})
    assert (answer.status_code, answer.headers["location"].startswith("/portal/sign-in?next=")) == (303, True)
    async with reading(db) as session:
        assert list(await session.scalars(select(DataRequest))) == []


async def test_another_address_is_added_when_it_is_proved(desk: Desk, db: Database, asha: int) -> None:
    """By its code or link, in this browser; then requests in copy to it are hers, and it can be taken away."""
    answer = await send(desk, "/profile/addresses", email=WORK)
    assert answer.headers["location"] == "/portal/sign-in/code"
    answer = await desk.client.post("/portal/sign-in/code", data={"code": await code_to(db)})
    assert answer.headers["location"] == "/portal/profile?told=added"
    page = (await desk.client.get("/portal/profile?lang=en&told=added")).text
    assert "The address is yours now." in page
    assert WORK in page
    async with reading(db) as session:
        point = (await session.scalars(select(ContactPoint).where(ContactPoint.value == WORK))).one()
    assert (point.customer_id, point.verified) == (asha, True)
    await send(desk, "/profile/addresses/remove", address=WORK)
    await send(desk, "/profile/addresses/remove", address=ASHA)
    async with reading(db) as session:
        assert list(await session.scalars(select(ContactPoint.value))) == [ASHA]


async def test_an_address_that_is_taken_away_is_signed_out(desk: Desk, db: Database, asha: int) -> None:
    """Whoever reads its mail now (a former employer) sees nothing of hers any more."""
    await send(desk, "/profile/addresses", email=WORK)
    await desk.client.post("/portal/sign-in/code", data={"code": await code_to(db)})
    async with browser(desk.client._transport) as other:
        await sign_in(desk, db, WORK, other)
        assert (await other.get("/portal/profile")).status_code == 200
        await send(desk, "/profile/addresses/remove", address=WORK)
        assert (await other.get("/portal/profile")).status_code == 303
    assert (await desk.client.get("/portal/profile")).status_code == 200


async def test_an_address_of_somebody_else_is_not_taken(desk: Desk, db: Database, asha: int) -> None:
    """Proved or not: two records are joined by people. A foreign link adds nothing to whoever is signed in."""
    async with unit_of_work(db) as session:
        await factories.received(session, RAVI)
    await send(desk, "/profile/addresses", email=RAVI)
    path = await link_to(db)
    answer = await desk.client.post(path)
    assert answer.headers["location"] == "/portal/profile?told=taken"
    async with reading(db) as session:
        point = (await session.scalars(select(ContactPoint).where(ContactPoint.value == RAVI))).one()
    assert (point.customer_id == asha, point.verified) == (False, False)
    await send(desk, "/profile/addresses", email=WORK)
    path = await link_to(db)
    desk.client.cookies.delete(auth.COOKIE)
    answer = await desk.client.post(path)
    assert answer.headers["location"].startswith("/portal/sign-in?next=")
    async with reading(db) as session:
        assert await session.scalar(select(ContactPoint).where(ContactPoint.value == WORK)) is None


async def test_mails_are_chosen(desk: Desk, db: Database, asha: int) -> None:
    """What is shown is what the ledger says; only changes are added to it."""
    page = (await desk.client.get("/portal/profile?lang=en")).text
    assert re.findall(r'name="(survey|reminder|news)" value="1"( checked)?', page) == [
        ("survey", " checked"), ("reminder", " checked"), ("news", ""),
    ]  # fmt: skip
    for _ in range(2):
        await send(desk, "/profile/mails", reminder="1", news="1")
    async with reading(db) as session:
        rows = (await session.execute(select(Consent.purpose, Consent.is_granted, Consent.source))).all()
    assert [tuple(row) for row in rows] == [
        ("survey", False, "portal preferences"),
        ("news", True, "portal preferences"),
    ]


async def test_a_copy_of_ones_data(desk: Desk, db: Database, asha: int, settings: Settings, storage: Storage) -> None:
    """Made by a job, told by mail, fetched while signed in by its owner alone, forgotten after a week; without notes."""
    runtime = desk.client._transport.app.state.runtime
    async with unit_of_work(db) as session:
        ticket_id = await session.scalar(select(Ticket.id))
        agent = await factories.agent(session)
        key = await runtime.storage.put(PNG)
        message_id = await session.scalar(select(Message.id))
        session.add(
            Attachment(message_id=message_id, name="my plate.png", content_type="image/png", size=len(PNG), sha256="x",
                       storage_key=key, created_at=desk.clock.now())
        )  # fmt: skip
    async with unit_of_work(db, factories.actor(agent)) as session:
        await note(session, ticket_id, NoteContent(client_key="n", html="<p>a secret note</p>"))
    assert (await send(desk, "/privacy", kind="copy")).status_code == 303
    assert (await send(desk, "/privacy", kind="copy")).status_code == 409
    copies = DataCopies(settings, runtime.storage)
    async with reading(db) as session:
        wish = (await session.scalars(select(DataRequest))).one()
    for _ in range(2):
        async with unit_of_work(db) as session:
            await copies.make(session, wish.id)
    assert [mail.to_address for mail in await mails(db, data_copies.KIND)] == [ASHA]
    page = (await desk.client.get("/portal/privacy?lang=en")).text
    path = re.search(r'href="(/portal/privacy/\d+/copy.zip)"', page)[1]
    answer = await desk.client.get(path)
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        data = json.loads(archive.read("data.json"))
        html = archive.read("index.html").decode()
        file = data["requests"][0]["messages"][0]["files"][0]
        assert archive.read(file["path"]) == PNG
    assert (data["name"], data["contacts"][0]["value"]) == ("Asha Rao", ASHA)
    assert data["requests"][0]["messages"][0]["text"] == "It drips."
    assert "It drips." in html
    assert "secret" not in html + json.dumps(data)
    assert "storage_key" not in json.dumps(data)
    async with browser(desk.client._transport) as other:
        assert (await other.get(path)).status_code == 303
        await sign_in(desk, db, RAVI, client=other)
        assert (await other.get(path)).status_code == 404
    desk.clock.advance(timedelta(days=privacy.COPY_DAYS))
    assert (await desk.client.get(path)).status_code == 404


async def test_copies_are_limited_for_a_day(desk: Desk, db: Database, asha: int, settings: Settings) -> None:
    """Two within a day, and then again after it; each costs the reading of all her files."""
    copies = DataCopies(settings, Storage(settings.data / "files"))
    for expected in (303, 303, 429, 303):
        desk.clock.advance(timedelta(hours=20 if expected == 429 else 3))
        answer = await send(desk, "/privacy", kind="copy")
        assert answer.status_code == expected, answer.text
        if expected == 429:
            assert int(answer.headers["retry-after"]) <= 3601
            assert "Please ask again tomorrow" in answer.text
            continue
        async with unit_of_work(db) as session:
            newest = (await privacy.of_customer(session, asha))[0]
            await copies.make(session, newest.id)


async def test_a_copy_has_what_she_bought(desk: Desk, db: Database, asha: int, settings: Settings) -> None:
    """Products with their bills, claims, hand-overs and orders, in the brand's name; no bill of another owner."""
    runtime = desk.client._transport.app.state.runtime
    desk.clock.advance(timedelta(hours=9, minutes=36))
    async with unit_of_work(db) as session:
        fridge = await rows.product(session)
        await rows.rule(session)
        files = [await rows.bill(runtime.storage)]
        own = await registering.register(session, rows.wanted(fridge.id, asha), files)
        registration = own.registration
        registration.second_name = "Meera"
        await transfers.offer(session, registration.id, asha, "bina@customer.example")
        ravi = await rows.person(session, "Ravi Das")
        theirs = [await rows.bill(runtime.storage, "ravi.pdf")]
        await registering.register(session, rows.wanted(fridge.id, ravi, "TF000001"), theirs)
        claim = [await rows.bill(runtime.storage, "mine.pdf")]
        await registering.register(session, rows.wanted(fridge.id, asha, "TF000001"), claim)
        line = LineInput(text="Fridge", unit_price=100)
        await orders.tell(
            session,
            OrderInput(external_id="1", customer_id=asha, ordered_on=date(2026, 1, 2), number="A-1", lines=[line]),
        )
        wish = await privacy.ask(session, asha, "copy")
    async with unit_of_work(db) as session:
        await DataCopies(settings, runtime.storage).make(session, wish.id)
    answer = await desk.client.get(f"/portal/privacy/{wish.id}/copy.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        data = json.loads(archive.read("data.json"))
        html = archive.read("index.html").decode()
        assert [archive.read(each["path"]) for each in data["proofs"]] == [rows.BILL, rows.BILL]
    assert [each["name"] for each in data["proofs"]] == ["bill.pdf", "mine.pdf"]
    thing = data["products"][0]
    assert (thing["purchased_on"], thing["country"], thing["seller"]) == ("2026-01-15", "IN", "Khanna Electronics")
    assert (thing["warranty"], thing["warranty_until"]) == ("24 months", "2028-01-15")
    assert thing["second_contact"]["name"] == "Meera"
    assert (data["claims"][0]["serial"], data["claims"][0]["state"]) == ("TF000001", "open")
    assert (data["transfers"][0]["by_you"], data["transfers"][0]["to_email"]) == (True, "bina@customer.example")
    assert (data["orders"][0]["number"], data["orders"][0]["lines"][0]["text"]) == ("A-1", "Fridge")
    assert "storage_key" not in json.dumps(data)
    assert data["proofs"][0]["path"] in html and "This is what Acme keeps about you." in html
    assert "TF123456, 3 March 2026" in html


async def test_a_correction_is_asked_for_and_becomes_a_request(desk: Desk, db: Database, asha: int) -> None:
    """It says what; agents see it in their queue; its state and the answer stand on the page."""
    assert (await send(desk, "/privacy", kind="correction")).status_code == 422
    assert (await send(desk, "/privacy", kind="planted")).status_code == 422
    await send(desk, "/privacy", kind="correction", words="My birthday is wrong.")
    async with reading(db) as session:
        wish = (await session.scalars(select(DataRequest))).one()
        ticket = await session.get_one(Ticket, wish.ticket_id)
    assert (ticket.subject, ticket.customer_id, wish.words) == ("Correct my data", asha, "My birthday is wrong.")
    page = (await desk.client.get("/portal/privacy?lang=en")).text
    assert f"/portal/requests/{ticket.id}" in page
    assert "We have it" in page
    async with unit_of_work(db) as session:
        await privacy.move(session, wish.id, "refused", "We keep no birthdays.")
    assert "We cannot do it: We keep no birthdays." in (await desk.client.get("/portal/privacy?lang=en")).text


async def test_the_pages_are_kept_from_strangers(desk: Desk, db: Database) -> None:
    """They lead to the sign-in."""
    for path in ("/profile", "/privacy"):
        answer = await desk.client.get(f"/portal{path}")
        assert (answer.status_code, "next=%2Fportal%2F" in answer.headers["location"]) == (303, True)
    async with unit_of_work(db) as session:
        await session.execute(update(Customer).values(name="x"))

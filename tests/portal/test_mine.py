"""My requests over HTTP: signed in or with a guest link, read, answer, solve, files; and nobody else's."""

import re
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, update

from channels.models import InboundItem
from core import events
from core.db import Database, reading, unit_of_work
from core.storage import Storage
from customers.models import Customer
from portal import auth, mine
from portal.limits import Gate
from routing import policies, promising, sla
from routing.models import Promise, SlaClock
from routing.policies import Draft, Target
from tests import factories
from tests.portal.conftest import VALUES, Desk
from tests.portal.signing_in import sign_in
from tickets import guests, lifecycle
from tickets.events import MessageQueued, TicketCreated
from tickets.intake import Person
from tickets.lifecycle import TicketChange
from tickets.models import Attachment, Delivery, Message, Ticket
from tickets.reply import NoteContent, ReplyContent, note, reply

ASHA, MALLORY = "asha@customer.example", "mallory@elsewhere.example"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40


@pytest.fixture(autouse=True)
def gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits of this test's own."""
    monkeypatch.setattr(mine, "GATE", Gate())


@pytest.fixture
async def ticket(db: Database, desk: Desk) -> int:
    """A request of Asha, with an answer, a note, and a file of each."""
    async with unit_of_work(db) as session:
        got = await factories.received(
            session, ASHA, subject="It drips <b>", text="Look: https://photos.example/1\n\nThanks", team_id=desk.team_id,
            account_id=desk.mailbox_id,
        )  # fmt: skip
        agent = await factories.agent(session, name="Meera Iyer")
    async with unit_of_work(db, factories.actor(agent)) as session:
        said = await reply(
            session, got.ticket_id, ReplyContent(client_key="r1", html="<p>Is it warm?</p>", status="pending")
        )
        secret = await note(session, got.ticket_id, NoteContent(client_key="n1", html="<p>She is a VIP</p>"))
        await session.execute(update(Delivery).values(state="sent", attempts=1))
        key = await picture(desk)
        for number, message_id in enumerate((said.id, secret.id)):
            session.add(
                Attachment(message_id=message_id, name=f"plate {number}.png", content_type="text/html", size=48,
                           sha256="x", storage_key=key, sniffed_type="image/png", created_at=desk.clock.now())
            )  # fmt: skip
    return got.ticket_id


async def picture(desk: Desk) -> str:
    """A picture in the desk's storage."""
    storage: Storage = desk.client._transport.app.state.runtime.storage
    return await storage.put(PNG)


def hidden(page: str, name: str) -> str:
    """A hidden field of a page's last form."""
    return re.findall(rf'name="{name}" value="([^"]+)"', page)[-1]


async def send(client: httpx.AsyncClient, path: str, message: str, page: str | None = None, **more: object):
    """Answer in the form of a page."""
    page = page or (await client.get(path)).text
    data = {"message": message, "csrf": hidden(page, "csrf"), "token": hidden(page, "token")}
    files = [("files", ("", b"", "application/octet-stream"))]
    return await client.post(f"{path}/answer?lang=en", data=data, **({"files": files} | more))


async def test_the_list_shows_what_is_ones_own(desk: Desk, db: Database, ticket: int) -> None:
    """Plain words for the state, number and day; nothing of other people; finished ones apart."""
    async with unit_of_work(db) as session:
        await factories.received(session, MALLORY, subject="Somebody else's")
    answer = await desk.client.get("/portal/requests")
    assert (answer.status_code, answer.headers["location"]) == (303, "/portal/sign-in?next=%2Fportal%2Frequests")
    await sign_in(desk, db, ASHA)
    page = (await desk.client.get("/portal/requests")).text
    assert "We wait for your answer: Is it warm?" in page
    assert f"#{ticket}" in page
    assert "It drips &lt;b&gt;" in page
    assert "Somebody" not in page
    assert "No request is finished yet." in (await desk.client.get("/portal/requests?show=done")).text
    assert f"#{ticket}" in (await desk.client.get("/portal/requests?q=warm")).text
    assert "Nothing was found" in (await desk.client.get("/portal/requests?q=VIP")).text


async def test_a_request_shows_what_was_said_and_no_more(desk: Desk, db: Database, ticket: int) -> None:
    """Both sides, links that can be followed, files behind checked addresses; no note, no full name of an agent."""
    await sign_in(desk, db, ASHA)
    page = (await desk.client.get(f"/portal/requests/{ticket}?lang=en")).text
    assert "Is it warm?" in page
    assert '<a href="https://photos.example/1"' in page
    assert "<bdi>Meera</bdi>" in page
    assert not re.search(r"Iyer|VIP|<script>|plate_1", page)
    path = re.search(r'href="(/portal/requests/\d+/files/[^"]+)"', page)[1]
    answer = await desk.client.get(path)
    assert (answer.content, answer.headers["content-type"]) == (PNG, "image/png")
    assert answer.headers["content-disposition"].startswith("inline")
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_other_peoples_requests_do_not_exist(desk: Desk, db: Database, ticket: int) -> None:
    """404 for the page, its files, its answer and its end; the sign-in page for strangers."""
    async with reading(db) as session:
        files = list(await session.scalars(select(Attachment.id)))
    paths = [f"/portal/requests/{ticket}", *(f"/portal/requests/{ticket}/files/{each}/x" for each in files)]
    for path in paths:
        assert (await desk.client.get(path)).status_code == 303
    await sign_in(desk, db, MALLORY)
    for path in paths:
        assert (await desk.client.get(path)).status_code == 404
    csrf = auth.form_token(desk.client.cookies[auth.COOKIE])
    for verb in ("answer", "solved"):
        data = {"csrf": csrf, "message": "hello", "token": "x"}
        answer = await desk.client.post(f"/portal/requests/{ticket}/{verb}", data=data)
        assert answer.status_code == 404, verb
    async with reading(db) as session:
        assert (await session.get_one(Ticket, ticket)).message_count == 3


async def test_an_answer_stands_in_the_same_thread(desk: Desk, db: Database, ticket: int) -> None:
    """Through the ledger, from the proved address, once however often it is sent; the ticket is ours again."""
    await sign_in(desk, db, ASHA)
    path = f"/portal/requests/{ticket}"
    page = (await desk.client.get(path)).text
    file = [("files", ("photo.png", PNG, "image/png"))]
    first = await send(desk.client, path, "Yes, <very>", page, files=file)
    second = await send(desk.client, path, "Yes, <very>", page, files=file)
    assert first.headers["location"] == second.headers["location"] == f"{path}#answer"
    async with reading(db) as session:
        row = await session.get_one(Ticket, ticket)
        message = (await session.scalars(select(Message).order_by(Message.id.desc()).limit(1))).one()
        item = (await session.scalars(select(InboundItem))).one()
        names = list(await session.scalars(select(Attachment.name).where(Attachment.message_id == message.id)))
    assert (row.status, row.message_count) == ("open", 4)
    facts = (message.text, message.author_address, message.matched_by, message.channel, names)
    assert facts == ("Yes, <very>", ASHA, "portal", "web", ["photo.png"])
    assert (item.outcome, item.ticket_id) == ("reply", ticket)
    shown = (await desk.client.get(path)).text
    assert "Yes, &lt;very&gt;" in shown
    assert ">You</bdi>" in shown
    assert "We are working on it" in shown


async def test_somebody_in_copy_sees_and_answers_as_herself(desk: Desk, db: Database) -> None:
    """She proves the address that stands in Cc, sees the request with whose it is, and her answer carries her name."""
    async with unit_of_work(db) as session:
        got = await factories.received(session, ASHA, cc=[Person("Ravi", "ravi@elsewhere.example")])
    await sign_in(desk, db, "ravi@elsewhere.example")
    page = (await desk.client.get("/portal/requests")).text
    assert "<bdi>Asha Rao</bdi>" in page
    await send(desk.client, f"/portal/requests/{got.ticket_id}", "I have it too.")
    async with reading(db) as session:
        message = (await session.scalars(select(Message).order_by(Message.id.desc()).limit(1))).one()
        ravi = await session.get_one(Customer, message.author_customer_id)
    assert (message.ticket_id, message.author_address, ravi.name) == (got.ticket_id, "ravi@elsewhere.example", "Ravi")


async def test_what_is_wrong_with_an_answer_is_said_and_the_words_are_kept(
    desk: Desk, db: Database, ticket: int
) -> None:
    """Nothing said, a program attached, a page of another session: a summary, and what was typed."""
    await sign_in(desk, db, ASHA)
    path = f"/portal/requests/{ticket}"
    answer = await send(desk.client, path, "  ")
    assert (answer.status_code, 'href="#message"' in answer.text) == (422, True)
    answer = await send(desk.client, path, "my words", files=[("files", ("x.exe", b"MZ\x00\x00", "image/png"))])
    assert (answer.status_code, 'href="#files"' in answer.text, "my words" in answer.text) == (422, True, True)
    page = (await desk.client.get(path)).text
    data = {"message": "my words", "csrf": "0" * 64, "token": hidden(page, "token")}
    answer = await desk.client.post(f"{path}/answer", data=data)
    assert (answer.status_code, "my words" in answer.text) == (422, True)
    good = data | {"csrf": hidden(page, "csrf")}
    foreign = {"Origin": "https://evil.example"}
    assert (await desk.client.post(f"{path}/answer", data=good, headers=foreign)).status_code == 422
    assert (await desk.client.post(f"{path}/answer", data=good)).status_code == 303


async def test_nobody_floods_a_thread(desk: Desk, db: Database, ticket: int) -> None:
    """After eight answers in a row one waits, with the words kept."""
    await sign_in(desk, db, ASHA)
    for number in range(8):
        assert (await send(desk.client, f"/portal/requests/{ticket}", f"word {number}")).status_code == 303
    answer = await send(desk.client, f"/portal/requests/{ticket}", "one more")
    assert (answer.status_code, "one more" in answer.text) == (429, True)


async def test_it_is_solved_and_opens_again(desk: Desk, db: Database, ticket: int) -> None:
    """The policy is shown with its last day; an answer before it opens the request, one after it makes a new one."""
    await sign_in(desk, db, ASHA)
    path = f"/portal/requests/{ticket}"
    csrf = {"csrf": hidden((await desk.client.get(path)).text, "csrf")}
    assert (await desk.client.post(f"{path}/solved", data={})).status_code == 403
    assert (await desk.client.post(f"{path}/solved", data=csrf)).status_code == 303
    page = (await desk.client.get(path)).text
    assert "You can reopen it until 16 March 2026." in page
    assert "It is solved" not in page
    assert (await send(desk.client, path, "Not yet!", page)).headers["location"] == f"{path}#answer"
    async with reading(db) as session:
        row = await session.get_one(Ticket, ticket)
        assert (row.status, row.reopen_count) == ("open", 1)
    async with unit_of_work(db) as session:
        await lifecycle.change(session, ticket, TicketChange(status="solved"))
    desk.clock.advance(timedelta(days=15))
    page = (await desk.client.get(path)).text
    assert "Your answer opens a new one" in page
    location = (await send(desk.client, path, "It drips again.", page)).headers["location"]
    new = int(re.search(r"requests/(\d+)", location)[1])
    assert new != ticket
    async with reading(db) as session:
        message = (await session.scalars(select(Message).where(Message.ticket_id == new))).one()
        followed = await session.get_one(Ticket, new)
    assert (message.matched_by, followed.team_id, followed.account_id) == (
        "follow_up:portal", desk.team_id, desk.mailbox_id
    )  # fmt: skip
    assert "It drips again." in (await desk.client.get(f"/portal/requests/{new}")).text


async def test_a_guest_link_opens_one_request(desk: Desk, db: Database, ticket: int) -> None:
    """Without a sign-in: read, file, answer as the customer; not her other requests, and nothing once it is revoked."""
    async with unit_of_work(db) as session:
        other = (await factories.received(session, ASHA)).ticket_id
        token = await guests.link_to(session, "test-secret", ticket)
    path = f"/portal/guest/{token}"
    page = (await desk.client.get(path)).text
    assert "Is it warm?" in page
    assert "VIP" not in page
    file = re.search(r'href="(/portal/guest/[^"]+/files/[^"]+)"', page)[1]
    assert (await desk.client.get(file)).content == PNG
    answer = await send(desk.client, path, "Yes.", page)
    assert answer.headers["location"] == f"{path}#answer"
    async with reading(db) as session:
        message = (await session.scalars(select(Message).order_by(Message.id.desc()).limit(1))).one()
    assert (message.ticket_id, message.author_address, message.text) == (ticket, ASHA, "Yes.")
    assert (await desk.client.get(f"/portal/requests/{other}")).status_code == 303
    assert (await desk.client.get(f"{path}x")).status_code == 404
    assert (await desk.client.post(f"{path}/answer", data={"message": "x"})).status_code == 422
    async with unit_of_work(db) as session:
        await guests.revoke(session, ticket)
    for each in (path, file):
        assert (await desk.client.get(each)).status_code == 404


async def test_the_thanks_page_leads_to_the_request(desk: Desk, db: Database) -> None:
    """Whoever sent it can follow it at once."""
    _, token = await desk.form()
    answer = await desk.client.post("/portal/requests/new", data=VALUES | {"token": token})
    thanks = (await desk.client.get(answer.headers["location"])).text
    path = re.search(r'href="(/portal/guest/[^"]+)"', thanks)[1]
    assert VALUES["message"] in (await desk.client.get(path)).text


async def test_a_promise_is_told_where_the_policy_says_so(desk: Desk, db: Database) -> None:
    """On the thanks page and the request's own: until when, that we are late, and nothing once she has her answer."""
    events.subscribe({TicketCreated: (sla.on_ticket_created,), MessageQueued: (sla.on_answer,)})
    targets = {"first_response": Target(300), "resolution": Target(60)}
    async with unit_of_work(db) as session:
        promised = await policies.save(session, Draft(name="All", targets=targets, is_told=True))
    _, token = await desk.form()
    answer = await desk.client.post("/portal/requests/new", data=VALUES | {"token": token})
    thanks = (await desk.client.get(answer.headers["location"])).text
    assert "We mean to answer by tomorrow, 10:00." in thanks
    path = re.search(r'href="(/portal/guest/[^"]+)"', thanks)[1]
    assert "We mean to answer by tomorrow, 10:00." in (await desk.client.get(path)).text
    desk.clock.advance(timedelta(hours=18))
    assert "We mean to answer by today, 10:00." in (await desk.client.get(path)).text
    desk.clock.advance(timedelta(hours=6))
    assert "by 3 March 2026, 10:00. We are late, and still on it." in (await desk.client.get(path)).text
    async with unit_of_work(db) as session:
        agent = await factories.agent(session)
        ticket = await session.scalar(select(Ticket.id))
        await policies.save(session, Draft(name="All", targets=targets), promised.id)
    async with unit_of_work(db, factories.actor(agent)) as session:
        await reply(session, ticket, ReplyContent(client_key="r1", html="<p>Is it warm?</p>"))
    assert "We mea" not in (await desk.client.get(path)).text
    _, token = await desk.form()
    answer = await desk.client.post("/portal/requests/new", data=VALUES | {"token": token, "message": "Again"})
    assert "We mean" not in (await desk.client.get(answer.headers["location"])).text


async def test_a_promise_is_told_in_her_time_zone(desk: Desk, db: Database, ticket: int) -> None:
    """Half past six in the evening in India is one o'clock in London."""
    await sign_in(desk, db, ASHA)
    async with unit_of_work(db) as session:
        await session.execute(update(Customer).values(time_zone="Europe/London"))
        since = desk.clock.now()
        promise = SlaClock(
            ticket_id=ticket, kind="first_response", policy="All", reason="", minutes=240, business=True,
            hours="default", is_told=True, started_at=since, due_at=since + timedelta(hours=4),
        )  # fmt: skip
        session.add(promise)
    assert "We mean to answer by today, 13:00." in (await desk.client.get(f"/portal/requests/{ticket}")).text


async def test_what_agents_promised_is_shown_until_it_is_withdrawn(desk: Desk, db: Database, ticket: int) -> None:
    """In her words and with its date; late it says so, done it says when; what is not for her she does not see."""
    await sign_in(desk, db, ASHA)
    now = desk.clock.now()
    async with unit_of_work(db) as session:
        for text, told in (("I call back", True), ("Ask the <b>factory</b>", True), ("Only for us", False)):
            words = promising.Words(text=text, due_at=now + timedelta(hours=4), is_told=told)
            await promising.make(session, ticket, words)
    path = f"/portal/requests/{ticket}"
    shown = (await desk.client.get(path)).text
    assert "What we promised you" in shown
    assert "Until today, 18:30." in shown
    assert "Ask the &lt;b&gt;factory&lt;/b&gt;" in shown
    assert "Only for us" not in shown
    desk.clock.advance(timedelta(hours=5))
    assert "It was due on 2 March 2026, 18:30. We are late, and still on it." in (await desk.client.get(path)).text
    async with unit_of_work(db) as session:
        first, second = list(await session.scalars(select(Promise.id).order_by(Promise.id).limit(2)))
        await promising.keep(session, first)
        await promising.withdraw(session, second)
    shown = (await desk.client.get(path)).text
    assert ("Done on 2 March 2026." in shown, "factory" in shown) == (True, False)

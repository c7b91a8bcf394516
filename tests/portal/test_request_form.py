"""The request form over HTTP: from a filled-in form to a ticket, and every way it can go wrong."""

import asyncio
import html
import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from channels import inbound as ledger
from channels.inbound import Inbound, Incoming
from channels.models import InboundItem, InboundRaw
from channels.web.form import WebReader, WebRequest, encode, form_account
from core.db import Database, reading, unit_of_work
from core.storage import Storage
from tests.portal.conftest import VALUES, Desk
from tests.portal.signing_in import sign_in
from tickets.models import Attachment, Message, Ticket

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40


async def ticket_of(db: Database) -> Ticket:
    """The one ticket."""
    async with reading(db) as session:
        return (await session.scalars(select(Ticket))).one()


async def count(db: Database, model: type) -> int:
    """How many rows a table has."""
    async with reading(db) as session:
        return await session.scalar(select(func.count()).select_from(model)) or 0


async def tickets_of_messages(db: Database) -> list[int]:
    """The ticket of every message, oldest first."""
    async with reading(db) as session:
        return list(await session.scalars(select(Message.ticket_id).order_by(Message.id)))


async def send(desk: Desk, token: str, *, files: list[tuple[str, bytes, str]] | None = None, **changed: str):
    """Post the form; the answer is not followed."""
    posted = [("files", file) for file in files] if files else [("files", ("", b"", "application/octet-stream"))]
    data = VALUES | {"token": token, "website": ""} | changed
    return await desk.client.post("/portal/requests/new?lang=en", data=data, files=posted, follow_redirects=False)


async def test_a_request_becomes_a_ticket_with_a_number(desk: Desk, db: Database) -> None:
    """The post is answered with a redirect; the page behind it names the ticket, which belongs to the topic's team."""
    _, token = await desk.form()
    answer = await send(desk, token)
    assert answer.status_code == 303
    page = await desk.client.get(answer.headers["location"])
    ticket = await ticket_of(db)
    assert f"#{ticket.id}" in page.text
    assert VALUES["email"] in page.text
    facts = (ticket.subject, ticket.channel, ticket.team_id, ticket.account_id, ticket.status)
    assert facts == (VALUES["subject"], "web", desk.team_id, desk.mailbox_id, "open")
    async with reading(db) as session:
        message = (await session.scalars(select(Message))).one()
        item = (await session.scalars(select(InboundItem))).one()
    assert (message.text, message.author_address, message.language) == (VALUES["message"], VALUES["email"], "en")
    assert (item.state, item.outcome, item.ticket_id, item.message_id) == ("done", "ticket", ticket.id, message.id)


async def test_the_same_form_sent_twice_is_one_ticket(desk: Desk, db: Database) -> None:
    """A double click, a reload of the post: both answers lead to the same number."""
    _, token = await desk.form()
    first, second = await asyncio.gather(send(desk, token), send(desk, token))
    assert {first.status_code, second.status_code} == {303}
    assert first.headers["location"] == second.headers["location"]
    assert await count(db, Ticket) == 1
    assert f"#{(await ticket_of(db)).id}" in (await desk.client.get(second.headers["location"])).text


async def test_a_form_that_was_changed_and_sent_again_is_kept(desk: Desk, db: Database) -> None:
    """Back from the thanks page, a word more, sent again: the second request is not lost, and has its own number."""
    _, token = await desk.form()
    await send(desk, token)
    second = await send(desk, token, message="I forgot: it is order 4711.")
    async with reading(db) as session:
        texts = (await session.execute(select(Message.text, Message.ticket_id).order_by(Message.id))).all()
    assert [row.text for row in texts] == [VALUES["message"], "I forgot: it is order 4711."]
    assert f"#{texts[1].ticket_id}" in (await desk.client.get(second.headers["location"])).text


async def test_two_forms_are_two_tickets(desk: Desk, db: Database) -> None:
    """The same words in two forms are two requests."""
    for _ in range(2):
        _, token = await desk.form()
        await send(desk, token)
    assert await count(db, Ticket) == 2


@pytest.mark.parametrize("field", ["name", "email", "topic", "subject", "message"])
async def test_an_empty_field_is_named_and_the_others_are_kept(desk: Desk, db: Database, field: str) -> None:
    """The summary links to the field, the field says what is wrong, the rest is still there."""
    _, token = await desk.form()
    answer = await send(desk, token, **{field: ""})
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert f'id="{field}-error"' in answer.text
    assert re.search(rf'id="{field}"[^>]*aria-invalid="true"[^>]*aria-describedby="[^"]*{field}-error"', answer.text)
    for name, value in VALUES.items():
        if name not in {field, "topic"}:
            assert html.escape(value) in answer.text
    assert field == "topic" or 'value="order" selected' in answer.text
    assert await count(db, Ticket) == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"email": "aarohi"},
        {"email": "a b@example.com, c@example.com"},
        {"email": "aarohi@localhost"},
        {"topic": "planted"},
        {"subject": "x" * 201},
        {"message": "x" * 20_001},
        {"website": "https://spam.example"},
    ],
    ids=lambda changed: "-".join(f"{name}={value[:12]}" for name, value in changed.items()),
)
async def test_wrong_values_are_refused(desk: Desk, db: Database, changed: dict[str, str]) -> None:
    """Nothing that is not a request gets into the ledger."""
    _, token = await desk.form()
    answer = await send(desk, token, **changed)
    assert answer.status_code == 422
    assert f'href="#{next(iter(changed))}"' in answer.text
    assert await count(db, InboundItem) == 0


async def test_what_was_typed_comes_back_harmless(desk: Desk) -> None:
    """Markup that somebody types is shown as text."""
    _, token = await desk.form()
    answer = await send(desk, token, email="", subject="<script>alert(1)</script>", message="</textarea><b>x")
    assert "<script>" not in answer.text
    assert "</textarea><b>" not in answer.text
    assert html.escape("<script>alert(1)</script>") in answer.text


async def test_a_form_sent_at_once_is_asked_for_again(desk: Desk, db: Database) -> None:
    """Programs send in the same second; a person who was that fast only has to send again."""
    page = (await desk.client.get("/portal/requests/new")).text
    token = re.search(r'name="token" value="([^"]+)"', page)[1]
    answer = await send(desk, token)
    assert answer.status_code == 422
    assert VALUES["message"] in answer.text
    assert f'value="{token}"' in answer.text
    desk.clock.advance(timedelta(seconds=5))
    assert (await send(desk, token)).status_code == 303
    assert await count(db, Ticket) == 1


@pytest.mark.parametrize("token", ["", "x", "1.abc.def", "99999999999999.a.b"])
async def test_a_forged_token_is_refused(desk: Desk, db: Database, token: str) -> None:
    """A post without a form of ours gets a fresh form, with what was typed."""
    answer = await send(desk, token)
    assert answer.status_code == 422
    assert VALUES["message"] in answer.text
    assert await count(db, InboundItem) == 0


async def test_a_form_left_open_for_days_is_asked_for_again(desk: Desk) -> None:
    """The token has an end; the text has not."""
    _, token = await desk.form()
    desk.clock.advance(timedelta(hours=25))
    answer = await send(desk, token)
    assert answer.status_code == 422
    assert VALUES["message"] in answer.text
    assert f'value="{token}"' not in answer.text


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://elsewhere.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
async def test_a_post_from_another_site_is_refused(desk: Desk, db: Database, headers: dict[str, str]) -> None:
    """Another page cannot send the form in a visitor's name."""
    _, token = await desk.form()
    data = VALUES | {"token": token}
    answer = await desk.client.post("/portal/requests/new", data=data, headers=headers, follow_redirects=False)
    assert answer.status_code == 422
    assert await count(db, InboundItem) == 0


async def test_the_own_origin_is_accepted(desk: Desk) -> None:
    """What a browser sends with a post of our page."""
    _, token = await desk.form()
    data, origin = VALUES | {"token": token}, {"Origin": "http://desk.example", "Sec-Fetch-Site": "same-origin"}
    answer = await desk.client.post("/portal/requests/new", data=data, headers=origin, follow_redirects=False)
    assert answer.status_code == 303


async def test_files_arrive_under_their_true_type(desk: Desk, db: Database, storage: Storage) -> None:
    """The content decides the type; the name loses its folder and gets the right ending."""
    _, token = await desk.form()
    files = [("..\\secret/photo.exe", PNG, "application/x-msdownload"), ("notes.txt", "नमस्ते".encode(), "text/plain")]
    assert (await send(desk, token, files=files)).status_code == 303
    async with reading(db) as session:
        kept = list(await session.scalars(select(Attachment).order_by(Attachment.id)))
    assert [(each.name, each.content_type) for each in kept] == [
        ("photo.exe.png", "image/png"),
        ("notes.txt", "text/plain"),
    ]
    assert await storage.get(kept[0].storage_key) == PNG
    assert await storage.get(kept[1].storage_key) == "नमस्ते".encode()


@pytest.mark.parametrize(
    "content",
    [
        b"MZ\x90\x00" + b"\x00" * 60,
        b"<svg onload=alert(1)>",
        b"\xef\xbb\xbf <!DOCTYPE html>",
        b"PK\x03\x04" + b"a" * 80,
    ],
    ids=["program", "svg", "html", "archive"],
)
async def test_dangerous_files_are_refused_whatever_they_are_called(desk: Desk, db: Database, content: bytes) -> None:
    """A picture by name and type that is none inside."""
    _, token = await desk.form()
    answer = await send(desk, token, files=[("photo.png", content, "image/png")])
    assert answer.status_code == 422
    assert 'href="#files"' in answer.text
    assert "photo.png" in answer.text
    assert await count(db, InboundItem) == 0


async def test_too_many_and_too_large_files_are_refused(desk: Desk, settings) -> None:
    """The limits are said in the complaint."""
    _, token = await desk.form()
    answer = await send(desk, token, files=[(f"{number}.png", PNG, "image/png") for number in range(6)])
    assert (answer.status_code, "at most 5 files" in answer.text) == (422, True)
    large = PNG + b"\x00" * settings.max_upload_bytes
    answer = await send(desk, token, files=[("large.png", large, "image/png")])
    assert (answer.status_code, "26 MB" in answer.text) == (422, True)


async def test_a_flood_from_one_network_is_slowed_down(desk: Desk, db: Database) -> None:
    """After eight posts in a row the next ones wait, with the text kept; a minute later there is room again."""
    answers = []
    while not answers or answers[-1].status_code == 303:
        _, token = await desk.form()
        answers.append(await send(desk, token))
        assert len(answers) < 20
    refused = answers[-1]
    assert (refused.status_code, len(answers) > 8) == (429, True)
    assert await count(db, Ticket) == len(answers) - 1
    assert int(refused.headers["retry-after"]) > 0
    assert VALUES["message"] in refused.text
    desk.clock.advance(timedelta(seconds=int(refused.headers["retry-after"])))
    assert (await send(desk, token)).status_code == 303


async def test_a_request_that_cannot_be_processed_yet_is_still_safe(
    desk: Desk, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The visitor is told that we have it; the row waits for its job with all that was sent."""

    async def broken(*_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(Inbound, "process", broken)
    _, token = await desk.form()
    answer = await send(desk, token)
    page = await desk.client.get(answer.headers["location"])
    assert "We have it." in page.text
    async with reading(db) as session:
        item = (await session.scalars(select(InboundItem))).one()
        raw = (await session.scalars(select(InboundRaw))).one()
    assert item.state == "received"
    assert VALUES["message"].encode() in raw.content


async def test_the_thanks_page_of_an_unknown_token_does_not_exist(desk: Desk) -> None:
    """Nobody can walk through the numbers of others."""
    assert (await desk.client.get("/portal/requests/thanks?r=1.a.b")).status_code == 404


async def test_the_thanks_page_is_for_posts_of_the_form_alone(desk: Desk, db: Database, storage: Storage) -> None:
    """Other rows of the form's account have names that can be guessed; they open nothing."""
    request = WebRequest(
        name="Aarohi", email=VALUES["email"], topic="other", subject="Delete my data", message="x", language="en"
    )
    async with unit_of_work(db) as session:
        account_id = (await form_account(session)).id
    item = Incoming(account_id, "web", "data-request:1", encode(request), envelope_from=VALUES["email"])
    item_id = await ledger.store(db, item)
    reader = WebReader(storage)
    async with unit_of_work(db) as session:
        await Inbound({"web": reader}, {"web": reader.could_not_read}).process(session, item_id)
    assert await count(db, Ticket) == 1
    assert (await desk.client.get("/portal/requests/thanks?r=data-request:1")).status_code == 404


async def test_a_typed_address_and_number_do_not_open_an_older_request(desk: Desk, db: Database) -> None:
    """A stranger who knows both adds no word to it: his is a request of its own; the customer signed in adds to hers."""
    _, token = await desk.form()
    await send(desk, token)
    number = (await ticket_of(db)).id
    _, token = await desk.form()
    stranger = await send(desk, token, subject=f"[#{number}]", message="Let me in.")
    assert await tickets_of_messages(db) == [number, number + 1]
    assert f"#{number + 1}" in (await desk.client.get(stranger.headers["location"])).text
    await sign_in(desk, db, VALUES["email"])
    _, token = await desk.form()
    own = await send(desk, token, subject=f"[#{number}]", message="It is still not here.")
    assert await tickets_of_messages(db) == [number, number + 1, number]
    assert "/portal/guest/" not in (await desk.client.get(own.headers["location"])).text


async def test_a_body_that_is_no_form_gets_a_page(desk: Desk) -> None:
    """Broken multipart bytes end as a page with the form, not as an error of the server."""
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await desk.client.post("/portal/requests/new", content=b"--x\r\nnonsense", headers=headers)
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (400, "text/html")
    answer = await desk.client.post("/portal/requests/new", content=b"{}", headers={"Content-Type": "application/json"})
    assert answer.status_code == 422


async def test_a_ledger_row_that_is_no_request_becomes_a_ticket_for_people(
    db: Database, storage: Storage, clock
) -> None:
    """Whatever stands in the ledger, somebody sees it, and once only."""
    reader = WebReader(storage)
    inbound = Inbound({"web": reader}, {"web": reader.could_not_read})
    async with unit_of_work(db) as session:
        account_id = (await form_account(session)).id
    item_id = await ledger.store(db, ledger.Incoming(account_id, "web", "broken", b"\xff{", "someone@example.com"))
    async with unit_of_work(db) as session:
        await inbound.process(session, item_id)
    ticket = await ticket_of(db)
    assert ticket.tags == ["unreadable"]
    async with reading(db) as session:
        item = await session.get_one(InboundItem, item_id)
    assert (item.state, item.outcome, item.ticket_id) == ("failed", "unreadable", ticket.id)

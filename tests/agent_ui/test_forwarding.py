"""Passing a mail on to somebody else: its own subject, the whole mail below the signature, and never a note."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from agent_ui import forwarding
from core.db import Database, unit_of_work
from core.i18n import Language
from tests import factories
from tests.agent_ui.conftest import Desk
from tickets.intake import Person
from tickets.models import Message

RICH = '<table style="color:red"><tr><td>Order <b>7</b></td></tr></table>'


async def send(desk: Desk, ticket: int, **fields: Any) -> Any:
    """Pass something on."""
    body = {"clientKey": "f0f0f0f0-0001", "html": "<p>Please look</p>", "to": ["Asif <vendor@v.example>"]} | fields
    return await desk.agent.http.post(f"/api/tickets/{ticket}/replies", json=body)


async def first_message(desk: Desk, ticket: int) -> int:
    """The number of the customer's mail."""
    return next(
        int(item["id"])
        for item in (await desk.agent.http.get(f"/api/tickets/{ticket}")).json()["timeline"]
        if item["type"] == "message"
    )


async def test_a_mail_is_passed_on_whole(desk: Desk, ticket: int, db: Database) -> None:
    """With its head, look and quotes below the words, under its own subject; words are not needed."""
    mail = await first_message(desk, ticket)
    async with unit_of_work(db) as session:
        message = await session.get_one(Message, mail)
        message.html, message.quoted_html, message.cc = RICH, "<blockquote>older</blockquote>", [
            {"name": "Boss", "address": "boss@c.example"}
        ]  # fmt: skip
    answer = await send(desk, ticket, forwardOf=mail, subject="Fwd:  Order\n7", html="")
    assert answer.status_code == 201, answer.text
    item = answer.json()["item"]
    assert (item["subject"], item["html"]) == ("Fwd: Order 7", "")
    assert [one["address"] for one in item["to"]] == ["vendor@v.example"]
    assert RICH in item["quotedHtml"]
    assert "<blockquote>older</blockquote>" in item["quotedHtml"]
    assert "From: Asha Rao &lt;asha@customer.example&gt;" in item["quotedHtml"]
    assert "Cc: Boss &lt;boss@c.example&gt;" in item["quotedHtml"]
    back = await desk.agent.http.post(f"/api/deliveries/{item['delivery']['id']}/undo")
    assert RICH in back.json()["draft"]["html"], "what is taken back is lost on no device"


async def test_only_mails_of_the_ticket_are_passed_on(desk: Desk, ticket: int, db: Database) -> None:
    """No note, no mail of another ticket or team; a subject only with a mail, a mail only with somebody to read it."""
    mail = await first_message(desk, ticket)
    noted = {"clientKey": "f0f0f0f0-0002", "html": "<p>Between us</p>"}
    note = (await desk.agent.http.post(f"/api/tickets/{ticket}/notes", json=noted)).json()["item"]["id"]
    async with unit_of_work(db) as session:
        mine = await factories.received(session, team_id=desk.team, sender="other@customer.example")
        team = await factories.team(session)
        hidden = await factories.received(session, team_id=team.id, sender="third@customer.example")
    for number, status in ((note, 422), (mine.message_id, 422), (hidden.message_id, 404)):
        answer = await send(desk, ticket, forwardOf=number, subject="Fwd: x")
        assert answer.status_code == status, answer.text
    for wrong in ({"subject": "Fwd: x"}, {"forwardOf": mail}, {"forwardOf": mail, "subject": " "},
                  {"forwardOf": mail, "subject": "Fwd: x", "to": []}):  # fmt: skip
        answer = await send(desk, ticket, **wrong)
        assert answer.status_code in (400, 422), answer.text


def test_the_head_speaks_the_agent_s_language_and_time() -> None:
    """Whose mail it is, when it was written, to whom; hostile names stay words."""
    message = Message(
        kind="customer", author_name="<b>Eve</b>", author_address="eve@x.example", subject="Hi", text="Hello\n\nworld",
        html="", quoted_html="", quoted_text="", to=[{"name": "", "address": "us@desk.example"}], cc=[],
        created_at=datetime(2026, 3, 2, 9, tzinfo=UTC), dated_at=None,
    )  # fmt: skip
    found = forwarding.whole(message, Language("hi"), ZoneInfo("Asia/Kolkata"))
    assert "2026-03-02 14:30 +0530" in found.text
    assert "Forwarded message" not in found.text
    assert "<b>" not in found.html
    assert found.text.endswith("Hello\n\nworld")


async def test_a_reader_sees_where_a_mail_came_from(desk: Desk, ticket: int, db: Database) -> None:
    """The address of a customer's mail stands beside its author; a note has none."""
    items = (await desk.agent.http.get(f"/api/tickets/{ticket}")).json()["timeline"]
    assert [one["author"]["address"] for one in items if one["type"] == "message"] == ["asha@customer.example"]


async def test_an_out_of_office_begins_no_answer(desk: Desk, ticket: int, db: Database) -> None:
    """The newest mail of a person does; after a mail of ours alone it is ours, not the robot's answer to it."""
    async with unit_of_work(db) as session:
        copied = [Person("", "everybody@customer.example")]
        await factories.received(session, token_ticket_id=ticket, is_auto=True, cc=copied, sender="robot@c.example")
    defaults = (await desk.agent.http.get(f"/api/tickets/{ticket}")).json()["replyDefaults"]
    assert [one["address"] for one in defaults["to"]] == ["asha@customer.example"]
    new = {"subject": "Your order", "html": "<p>Hello</p>", "customerEmail": "buyer@b.example", "cc": ["c@b.example"]}
    opened = (await desk.agent.http.post("/api/tickets", json=new)).json()["id"]
    async with unit_of_work(db) as session:
        await factories.received(session, token_ticket_id=opened, is_auto=True, cc=copied, sender="robot@b.example")
    defaults = (await desk.agent.http.get(f"/api/tickets/{opened}")).json()["replyDefaults"]
    found = [[one["address"] for one in defaults[name]] for name in ("to", "cc")]
    assert found == [["buyer@b.example"], ["c@b.example"]]

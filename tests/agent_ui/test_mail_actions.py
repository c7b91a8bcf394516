"""What an agent does with mails: how an answer begins, later and at once, canned replies, splitting, blocking."""

from datetime import timedelta
from typing import Any

import pytest

from agent_ui.answering import Box, defaults
from channels.models import ChannelAccount
from core.clock import ManualClock
from core.db import Database, unit_of_work
from staff import macros
from tests import factories
from tests.agent_ui.conftest import Desk, new_ticket
from tickets import delivery
from tickets.detail import LastMail
from tickets.events import MessageReceived
from tickets.intake import Person
from tickets.models import Message
from tickets.timeline import Address

BOX = Box(1, "Desk", "support@desk.example", ["help@desk.example"])


def mail(**fields: Any) -> LastMail:
    """The customer's newest mail."""
    values: dict[str, Any] = {
        "kind": "customer", "name": "Asha", "address": "asha@c.example", "own_address": None, "is_list": False,
        "to": [], "cc": [],
    }  # fmt: skip
    return LastMail(**(values | fields))


def people(*given: str) -> list[Address]:
    """Recipients without names."""
    return [Address("", one) for one in given]


def test_copies_are_kept_but_never_for_ourselves() -> None:
    """Others of To and Cc stay; our addresses (with any tag), agents, and the author do not (field 27)."""
    last = mail(
        to=people("Support+t7.abc@Desk.example", "friend@c.example", "ASHA@c.example"),
        cc=people("help@desk.example", "agent@desk.example", "friend@C.example", "boss@c.example"),
    )
    found = defaults(BOX, last, None, ["support@desk.example", "help@desk.example"], ["agent@desk.example"])
    assert [one.address for one in found.to] == ["asha@c.example"]
    assert [one.address for one in found.cc] == ["friend@c.example", "boss@c.example"]


@pytest.mark.parametrize(
    ("own", "chosen"),
    [
        (None, "support@desk.example"),
        ("help@desk.example", "help@desk.example"),
        ("Help+t9.x@desk.example", "help@desk.example"),
        ("other@desk.example", "support@desk.example"),
    ],
)
def test_an_answer_leaves_from_the_address_written_to(own: str | None, chosen: str) -> None:
    """Among the mailbox's addresses; its own when the mail was to none of them."""
    found = defaults(BOX, mail(own_address=own), None, [], [])
    assert [(one.address, one.default) for one in found.from_] == [
        ("support@desk.example", chosen == "support@desk.example"),
        ("help@desk.example", chosen == "help@desk.example"),
    ]


def test_lists_get_no_copy_and_first_mails_go_where_they_went() -> None:
    """An answer goes to a list's author alone; when we wrote first, to the same people; else to the customer."""
    assert defaults(None, mail(is_list=True, to=people("list@c.example")), None, [], []).cc == []
    ours = mail(kind="agent", name="Me", address=None, to=people("asha@c.example"), cc=people("boss@c.example"))
    again = defaults(BOX, ours, None, [], [])
    assert (again.to, again.cc) == (people("asha@c.example"), people("boss@c.example"))
    assert defaults(None, None, people("asha@c.example")[0], [], []).to == people("asha@c.example")


@pytest.fixture
async def box(db: Database, desk: Desk) -> ChannelAccount:
    """A mailbox of the first team with an alias."""
    async with unit_of_work(db) as session:
        made = await factories.mailbox(session)
        made.aliases, made.team_id = ["help@desk.example"], desk.team
        return made


async def test_a_ticket_says_how_an_answer_begins(desk: Desk, db: Database, box: ChannelAccount, count_queries) -> None:
    """Read with the ticket: mailbox, agents and our addresses cost no statement of their own."""
    async with unit_of_work(db) as session:
        made = await new_ticket(
            session, desk.team, own_address="help@desk.example",
            to=[Person("", "help@desk.example"), Person("Lead", desk.lead.email)], cc=[Person("Boss", "boss@c.example")],
        )  # fmt: skip
    with count_queries() as queries:
        ticket = (await desk.agent.http.get(f"/api/tickets/{made.ticket_id}")).json()
    assert len(queries) == 6, queries.statements
    assert ticket["replyDefaults"] == {
        "from": [
            {"address": "support@desk.example", "name": "Desk", "default": False},
            {"address": "help@desk.example", "name": "Desk", "default": True},
        ],
        "to": [{"name": "Asha Rao", "address": "asha@customer.example"}],
        "cc": [{"name": "Boss", "address": "boss@c.example"}],
    }
    assert ticket["split"] is None


async def test_a_reply_leaves_later_at_once_or_not_at_all(
    desk: Desk, ticket: int, clock: ManualClock, box: ChannelAccount
) -> None:
    """Scheduled with its moment; taken back into the draft; or sent now."""
    http = desk.agent.http
    later = (clock.now() + timedelta(hours=14)).isoformat()
    body = {"html": "<p>Tomorrow</p>", "sendAt": later, "fromAddress": "help@desk.example", "plain": True}
    items = [
        (await http.post(f"/api/tickets/{ticket}/replies", json=body | {"clientKey": f"a1b2c3d4-004{n}"})).json()[
            "item"
        ]
        for n in range(2)
    ]
    for item in items:
        assert (item["delivery"]["state"], item["delivery"]["scheduled"]) == ("queued", True)
        assert item["delivery"]["undoUntil"] == item["delivery"]["sendAt"] == "2026-03-02T23:00:00Z"
        assert (item["plain"], item["ownAddress"]) == (True, "help@desk.example")
    back = await http.post(f"/api/deliveries/{items[0]['delivery']['id']}/undo")
    assert (back.json()["draft"]["html"], back.json()["item"]["delivery"]["state"]) == ("<p>Tomorrow</p>", "cancelled")
    now = await http.post(f"/api/deliveries/{items[1]['delivery']['id']}/send-now")
    assert now.status_code == 200, now.text
    assert now.json()["delivery"]["sendAt"] == "2026-03-02T09:00:00Z"
    late = await http.post(f"/api/deliveries/{items[0]['delivery']['id']}/send-now")
    assert (late.status_code, late.json()["code"]) == (409, "too-late")
    key = {"clientKey": "a1b2c3d4-0048", "fromAddress": "chief@elsewhere.example"}
    refused = await http.post(f"/api/tickets/{ticket}/replies", json=body | key)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "fromAddress")
    for wrong in ("2030-01-01T00:00:00Z", "2026-03-02T23:00:00", "tomorrow"):
        key = {"clientKey": "a1b2c3d4-0049", "sendAt": wrong}
        refused = await http.post(f"/api/tickets/{ticket}/replies", json=body | key)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "sendAt"), wrong


async def test_canned_replies_are_filled_for_a_ticket(
    desk: Desk, ticket: int, db: Database, box: ChannelAccount, count_queries
) -> None:
    """With the customer's name, escaped; what is not known is named, and such a reply is refused."""
    async with unit_of_work(db) as session:
        await macros.save(session, "Hello", "<p>Dear {{customer.first_name}}, {{mailbox.address}} {{agent.name}}</p>")
        await macros.save(session, "Order", "<p>Your order {{order.id}} of {{nothing|today}}</p>")
    plain = (await desk.agent.http.get("/api/macros")).json()
    assert plain[0]["html"] == "<p>Dear {{customer.first_name}}, {{mailbox.address}} {{agent.name}}</p>"
    with count_queries() as queries:
        filled = (await desk.agent.http.get("/api/macros", params={"ticketId": ticket})).json()
    assert len(queries) <= 5, queries.statements
    assert (filled[0]["text"], filled[0]["missing"]) == ("Dear Asha, support@desk.example Agent", [])
    assert filled[1]["missing"] == ["order.id", "nothing"]
    body = {"clientKey": "a1b2c3d4-0050", "html": filled[1]["html"]}
    refused = await desk.agent.http.post(f"/api/tickets/{ticket}/replies", json=body)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "html")
    assert "order.id" in refused.json()["detail"]
    hidden = await desk.stranger.http.get("/api/macros", params={"ticketId": ticket})
    assert hidden.status_code == 404


async def test_a_message_about_something_else_gets_its_own_ticket(desk: Desk, ticket: int, db: Database) -> None:
    """The hint names it; splitting moves it, and the hint is gone."""
    async with unit_of_work(db) as session:
        more = await factories.received(session, token_ticket_id=ticket, subject="Another thing")
        message = await session.get_one(Message, more.message_id)
        message.subject_changed = True
    http = desk.agent.http
    hint = (await http.get(f"/api/tickets/{ticket}")).json()["split"]
    assert hint == {"messageId": more.message_id}
    made = await http.post(f"/api/tickets/{ticket}/split", json=hint)
    assert made.status_code == 201, made.text
    assert (made.json()["subject"], made.json()["id"] != ticket) == ("Another thing", True)
    assert [item["id"] for item in made.json()["timeline"] if item["type"] == "message"] == [more.message_id]
    left = (await http.get(f"/api/tickets/{ticket}")).json()
    assert left["split"] is None
    assert "ticket.split" in [item["kind"] for item in left["timeline"] if item["type"] == "event"]
    assert (await desk.stranger.http.post(f"/api/tickets/{ticket}/split", json=hint)).status_code == 404


async def test_a_sender_is_blocked_from_her_ticket(desk: Desk, ticket: int) -> None:
    """The address that wrote last, with the reason; a ticket of nobody's address says so."""
    made = await desk.agent.http.post(f"/api/tickets/{ticket}/block-sender", json={"reason": "Spam"})
    assert made.json() == {"pattern": "asha@customer.example", "reason": "Spam"}
    body = {"subject": "Hello", "customerEmail": "ravi@c.example", "html": "<p>Hi</p>", "teamId": desk.team}
    ours = (await desk.agent.http.post("/api/tickets", json=body)).json()["id"]
    assert (await desk.agent.http.post(f"/api/tickets/{ours}/block-sender", json={})).status_code == 422


async def test_an_agent_chooses_which_mails_she_gets(desk: Desk) -> None:
    """None at first; what is left out is not wanted; a wrong name is refused."""
    http = desk.agent.http
    before = (await http.get("/api/session")).json()["agent"]["notify"]
    assert before == {"assigned": False, "customerWrote": False, "mentioned": False, "review": False, "late": False}
    changed = (
        await http.patch("/api/me", json={"notify": {"assigned": True, "mentioned": True, "review": True}})
    ).json()
    assert changed["notify"] == {
        "assigned": True,
        "customerWrote": False,
        "mentioned": True,
        "review": True,
        "late": False,
    }
    kept = (await http.patch("/api/me", json={"theme": "dark"})).json()
    assert kept["notify"] == changed["notify"]
    assert (await http.patch("/api/me", json={"notify": {"everything": True}})).status_code == 422


async def test_a_new_conversation_begins_from_a_chosen_address(desk: Desk, box: ChannelAccount) -> None:
    """The addresses in use are offered; copies and the sender are kept with the message."""
    offered = (await desk.agent.http.get("/api/senders")).json()
    assert [(one["accountId"], one["address"], one["teamId"]) for one in offered] == [
        (box.id, "support@desk.example", desk.team), (box.id, "help@desk.example", desk.team)
    ]  # fmt: skip
    body = {
        "subject": "Hello", "customerEmail": "ravi@c.example", "html": "<p>Hi</p>", "teamId": desk.team,
        "fromAddress": "help@desk.example", "cc": ["Boss <boss@c.example>"],
    }  # fmt: skip
    made = (await desk.agent.http.post("/api/tickets", json=body)).json()
    item = next(item for item in made["timeline"] if item["type"] == "message")
    assert (item["ownAddress"], item["cc"]) == ("help@desk.example", [{"name": "Boss", "address": "boss@c.example"}])
    assert made["mailbox"] == {"name": "Desk", "address": "support@desk.example"}


async def test_a_reply_for_later_that_came_too_late_says_why(
    desk: Desk, ticket: int, db: Database, clock: ManualClock
) -> None:
    """The customer wrote first: the timeline names the rule, and the text is a draft again."""
    later = (clock.now() + timedelta(hours=14)).isoformat()
    body = {"html": "<p>Tomorrow</p>", "sendAt": later, "clientKey": "a1b2c3d4-0062"}
    item = (await desk.agent.http.post(f"/api/tickets/{ticket}/replies", json=body)).json()["item"]
    async with unit_of_work(db) as session:
        more = await factories.received(session, token_ticket_id=ticket)
        event = MessageReceived(message_id=more.message_id, ticket_id=ticket, matched_by="token")
        await delivery.on_message_received(session, event)
    read = (await desk.agent.http.get(f"/api/tickets/{ticket}")).json()
    message = next(each for each in read["timeline"] if each["key"] == item["key"])
    assert message["delivery"]["state"] == "cancelled"
    told = [each for each in read["timeline"] if each["type"] == "event" and each["kind"] == "delivery.cancelled"]
    assert [each["rule"] for each in told] == ["The customer wrote first"]
    assert [each["html"] for each in read["drafts"]] == ["<p>Tomorrow</p>"]

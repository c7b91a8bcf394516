"""What is wrong in a request is refused by the name that it has there; nothing is dropped or taken in silence."""

from datetime import timedelta
from typing import Any

import pytest

from core.clock import ManualClock
from tests.agent_ui.conftest import Desk

REPLY = {"clientKey": "a1b2c3d4-0009", "html": "<p>Yes</p>", "force": True}
TICKET = {"subject": "Hello", "customerEmail": "new@customer.example", "html": "<p>Hi</p>"}


def complaints(answer: Any) -> dict[str, str]:
    """Field → message of a refusal."""
    assert answer.status_code == 422, answer.text
    return {each["field"]: each["message"] for each in answer.json()["errors"]}


@pytest.mark.parametrize("field", ["to", "cc", "bcc"])
@pytest.mark.parametrize(
    "wrong",
    ["nobody", "a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example", "A <a@b.example>, B <c@d.example>"],
)
async def test_a_wrong_recipient_is_named_by_her_field(desk: Desk, ticket: int, field: str, wrong: str) -> None:
    """No address, two in one entry, or a line break that would begin another header; nothing is sent."""
    answer = await desk.agent.http.post(f"/api/tickets/{ticket}/replies", json={**REPLY, field: [wrong]})
    assert set(complaints(answer)) == {field}
    assert (await desk.agent.http.get(f"/api/tickets/{ticket}")).json()["messageCount"] == 1


async def test_recipients_with_names_are_taken(desk: Desk, ticket: int) -> None:
    """Also with a comma in the name, as mail programs quote it."""
    written = ['"Rao, Asha" <asha@customer.example>', "b@customer.example"]
    answer = await desk.agent.http.post(f"/api/tickets/{ticket}/replies", json={**REPLY, "to": written})
    assert answer.json()["item"]["to"] == [
        {"name": "Rao, Asha", "address": "asha@customer.example"},
        {"name": "", "address": "b@customer.example"},
    ]


async def test_a_new_ticket_names_the_customers_field_and_has_one_line_as_subject(desk: Desk) -> None:
    """The address stands in ``customerEmail``; a line break in a subject is a blank."""
    refused = await desk.agent.http.post("/api/tickets", json={**TICKET, "customerEmail": "nobody"})
    assert set(complaints(refused)) == {"customerEmail"}
    made = await desk.agent.http.post("/api/tickets", json={**TICKET, "subject": "Hello\r\nBcc: x@y.example"})
    assert made.json()["subject"] == "Hello Bcc: x@y.example"


async def test_a_reply_cannot_leave_in_the_past(desk: Desk, ticket: int, clock: ManualClock) -> None:
    """A moment that passed while the reply waited for a connection is now; one of the day before yesterday is a slip."""
    path = f"/api/tickets/{ticket}/replies"
    old = {**REPLY, "sendAt": (clock.now() - timedelta(days=2)).isoformat()}
    assert complaints(await desk.agent.http.post(path, json=old)) == {"sendAt": "This moment has passed."}
    late = {**REPLY, "sendAt": (clock.now() - timedelta(hours=5)).isoformat()}
    assert (await desk.agent.http.post(path, json=late)).status_code == 201


async def test_a_key_that_is_none_is_refused(desk: Desk, ticket: int) -> None:
    """It is a slip of the program, and the newest page is no answer to it."""
    path = f"/api/tickets/{ticket}/timeline"
    assert set(complaints(await desk.agent.http.get(path, params={"after": "zz"}))) == {"after"}
    assert (await desk.agent.http.get(path, params={"after": "m1"})).status_code == 200


@pytest.mark.parametrize(("code", "taken"), [("zzzz", False), ("zz", False), ("hi", True), ("pt-BR", True)])
async def test_a_customers_language_exists(desk: Desk, ticket: int, code: str, taken: bool) -> None:
    """As ISO 639 names it."""
    customer = (await desk.agent.http.get(f"/api/tickets/{ticket}")).json()["customer"]["id"]
    answer = await desk.agent.http.patch(f"/api/customers/{customer}", json={"language": code})
    if taken:
        assert answer.json()["language"] == code
    else:
        assert set(complaints(answer)) == {"language"}


async def test_a_file_without_a_name_is_told(desk: Desk) -> None:
    """In words about files."""
    answer = await desk.agent.http.post("/api/uploads", files={"file": ("", b"hello", "text/plain")})
    assert complaints(answer) == {"file": "A file with a name is needed."}

"""A topic's own questions over HTTP: shown by what was chosen, checked by the same rules, kept on the ticket."""

import html
import re

import pytest
from sqlalchemy import select

from channels.web import topics
from channels.web.fields import YES, Condition, Field, Option
from channels.web.topics import TopicDraft
from core.db import Database, reading, unit_of_work
from tests.portal.conftest import VALUES, Desk
from tickets.models import Attachment, Message, Ticket

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40
QUESTIONS = [
    Field(
        key="fault",
        kind="choice",
        names={"en": "What does it do?", "hi": "वह क्या करता है?"},
        options=[Option("noise", {"en": "It hums", "hi": "गूँजता है"}), Option("error", {"en": "It shows an error"})],
        is_required=True,
    ),
    Field(
        key="code",
        kind="text",
        names={"en": "Which error code?"},
        hints={"en": "On the display."},
        is_required=True,
        shown_when=Condition("fault", ["error"]),
    ),
    Field(key="since", kind="date", names={"en": "Since when?"}),
    Field(key="stock", kind="checkbox", names={"en": "There is stock inside"}),
    Field(key="plate", kind="file", names={"en": "Photo of the plate"}, shown_when=Condition("stock", [YES])),
    Field(key="unit", kind="product", names={"en": "Which product?"}),
]


@pytest.fixture(autouse=True)
async def own_topic(desk: Desk, db: Database) -> None:
    """Repairs ask questions and belong to the team."""
    async with unit_of_work(db) as session:
        draft = TopicDraft(
            key="repair", names={"en": "A repair", "hi": "मरम्मत"}, team_id=desk.team_id, fields=QUESTIONS
        )
        await topics.change(session, "repair", draft)


async def send(desk: Desk, token: str, files: dict[str, tuple[str, bytes, str]] | None = None, **changed: str):
    """Post the form with answers; ``fault`` stands for ``own.fault``."""
    own = {f"own.{key}": value for key, value in changed.items() if key in {each.key for each in QUESTIONS}}
    plain = {key: value for key, value in changed.items() if f"own.{key}" not in own}
    data = VALUES | {"topic": "repair", "token": token} | plain | own
    posted = files or {"files": ("", b"", "application/octet-stream")}
    return await desk.client.post("/portal/requests/new?lang=en", data=data, files=posted, follow_redirects=False)


def questions(page: str) -> list[str]:
    """The names of the own fields on a page."""
    return re.findall(r'name="own\.(\w+)"', page)


async def test_the_questions_depend_on_topic_and_answers(desk: Desk) -> None:
    """Another topic asks nothing; the button without a script draws the form anew and complains about nothing."""
    page, token = await desk.form("?topic=order&lang=en")
    assert questions(page) == []
    page = (await send(desk, token, action="redraw", fault="error", message="")).text
    assert questions(page) == ["fault", "code", "since", "stock"]
    assert 'class="summary"' not in page
    assert 'value="error" selected' in page
    assert 'id="own.code-hint"' in page
    page = (await send(desk, token, action="redraw", stock="yes")).text
    assert questions(page) == ["fault", "since", "stock", "plate"]


async def test_the_script_is_given_the_same_questions(desk: Desk) -> None:
    """Only the fields, with what was typed, by the very template of the page."""
    data = {"topic": "repair", "own.fault": "error", "own.code": "E4 <b>"}
    answer = await desk.client.post("/portal/requests/fields?lang=hi", data=data)
    assert answer.status_code == 200
    assert questions(answer.text) == ["fault", "code", "since", "stock"]
    assert "वह क्या करता है?" in answer.text
    assert html.escape("E4 <b>") in answer.text
    assert "<form" not in answer.text


async def test_answers_are_kept_on_the_ticket_and_said_in_the_message(desk: Desk, db: Database) -> None:
    """For agents in the desk's language, in the message as the customer was asked."""
    _, token = await desk.form()
    data = VALUES | {
        "topic": "repair", "token": token, "own.fault": "noise", "own.since": "2026-02-27", "own.stock": "yes",
        "own.code": "planted in a hidden field",
    }  # fmt: skip
    answer = await desk.client.post("/portal/requests/new?lang=hi", data=data, follow_redirects=False)
    assert answer.status_code == 303
    async with reading(db) as session:
        ticket = (await session.scalars(select(Ticket))).one()
        message = (await session.scalars(select(Message))).one()
    told = [(each["key"], each["label"], each["value"]) for each in ticket.form_answers]
    assert told == [
        ("fault", "What does it do?", "It hums"),
        ("since", "Since when?", "Friday, 27 February 2026"),
        ("stock", "There is stock inside", "Yes"),
    ]
    assert ticket.team_id == desk.team_id
    assert message.text.startswith(f"{VALUES['message']}\n\nवह क्या करता है?: गूँजता है\n")
    assert "planted" not in message.text


async def test_a_file_of_a_question_is_attached(desk: Desk, db: Database) -> None:
    """It arrives with the others and is named in the answer."""
    _, token = await desk.form()
    files = {"own.plate": ("plate.png", PNG, "image/png")}
    assert (await send(desk, token, files, fault="noise", stock="yes")).status_code == 303
    async with reading(db) as session:
        ticket = (await session.scalars(select(Ticket))).one()
        kept = (await session.scalars(select(Attachment))).one()
    assert kept.name == "plate.png"
    assert {"key": "plate", "label": "Photo of the plate", "value": "plate.png"} in ticket.form_answers


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({}, "fault"),
        ({"fault": "planted"}, "fault"),
        ({"fault": "error"}, "code"),
        ({"fault": "error", "code": "x" * 201}, "code"),
        ({"fault": "noise", "since": "yesterday"}, "since"),
    ],
)
async def test_a_wrong_answer_is_named_at_its_question(
    desk: Desk, db: Database, changed: dict[str, str], field: str
) -> None:
    """The same rules as in the page; the summary leads to the question, and what was typed is kept."""
    _, token = await desk.form()
    answer = await send(desk, token, **changed)
    assert answer.status_code == 422
    assert f'href="#own.{field}"' in answer.text
    assert f'id="own.{field}-error"' in answer.text
    assert VALUES["message"] in answer.text
    async with reading(db) as session:
        assert (await session.scalars(select(Ticket))).all() == []


async def test_words_are_carried_over_from_where_somebody_comes(desk: Desk) -> None:
    """The title of an article that did not help, or a search without answers, becomes the subject."""
    page, _ = await desk.form("?subject=Alarm%20%3Cat%3E%20night&article=17")
    assert 'value="Alarm &lt;at&gt; night"' in page
    assert 'name="article" value="17"' in page

"""The survey: the timer, the mail with its one-click end, the page, and whom a low score is told to."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from channels import ratings
from channels.models import Notice
from core import events, i18n
from core.db import Database, reading, unit_of_work
from core.settings import Settings
from core.timers import Timer
from customers.models import Consent
from portal import surveys
from portal.surveys import Surveys
from staff import permissions
from staff.models import Agent, Role
from tests import factories
from tests.portal.conftest import Desk
from tests.portal.signing_in import mails
from tickets import lifecycle, satisfaction
from tickets.events import StatusChanged, TicketRated
from tickets.lifecycle import TicketChange
from tickets.models import Delivery, Satisfaction
from tickets.reply import ReplyContent, reply

ASHA = "asha@customer.example"


@pytest.fixture
def asking(settings: Settings):
    """The survey of a desk, wired as the product does it."""
    made = Surveys(settings, "test-secret")
    before = events._handlers
    events.subscribe({StatusChanged: (made.on_status_changed,), TicketRated: (ratings.on_rated,)})
    yield made
    events.subscribe(before)


@pytest.fixture
async def ticket(db: Database, desk: Desk, asking: Surveys) -> int:
    """A request that was answered and solved."""
    async with unit_of_work(db) as session:
        got = await factories.received(
            session, ASHA, subject="It drips", team_id=desk.team_id, account_id=desk.mailbox_id, language="en"
        )
        agent = await factories.agent(session)
    async with unit_of_work(db, factories.actor(agent)) as session:
        await reply(session, got.ticket_id, ReplyContent(client_key="r1", html="<p>Done.</p>"))
        await session.execute(update(Delivery).values(state="sent", attempts=1))
        await lifecycle.change(session, got.ticket_id, TicketChange(status="solved"))
    return got.ticket_id


async def timers(db: Database) -> list[Timer]:
    """The timers of surveys."""
    async with reading(db) as session:
        return list(await session.scalars(select(Timer).where(Timer.job == surveys.JOB)))


async def send(db: Database, asking: Surveys, ticket_id: int) -> list[Notice]:
    """Run the job; returns all mails of surveys."""
    async with unit_of_work(db) as session:
        await asking.send(session, ticket_id)
    return await mails(db, surveys.KIND)


async def test_a_timer_waits_after_the_solution(desk: Desk, db: Database, ticket: int) -> None:
    """A day by default; opened again takes it back, solved again sets it anew, once."""
    assert [(each.due_at, each.args) for each in await timers(db)] == [
        (desk.clock.now() + timedelta(hours=24), {"ticket_id": ticket})
    ]
    for status, count in (("open", 0), ("solved", 1), ("closed", 1)):
        async with unit_of_work(db) as session:
            await lifecycle.change(session, ticket, TicketChange(status=status))
        assert len(await timers(db)) == count, status


async def test_the_mail_asks_once_and_can_be_ended(desk: Desk, db: Database, asking: Surveys, ticket: int) -> None:
    """Five links that set the score, one that ends such mails; running the job twice asks once."""
    sent = await send(db, asking, ticket)
    assert len(await send(db, asking, ticket)) == 1
    mail = sent[0]
    assert (mail.to_address, mail.ticket_id, mail.account_id) == (ASHA, ticket, desk.mailbox_id)
    assert re.findall(r"&score=(\d)", mail.text) == ["5", "4", "3", "2", "1"]
    assert mail.unsubscribe_url is not None
    assert mail.unsubscribe_url in mail.text


async def test_opening_a_link_gives_no_score(desk: Desk, db: Database, asking: Surveys, ticket: int) -> None:
    """The choice is set on the page; only the button gives it."""
    mail = (await send(db, asking, ticket))[0]
    path = re.search(r"http\S+?(/portal/rate/\S+&score=2)", mail.text)[1]
    for _ in range(2):
        page = (await desk.client.get(path)).text
    assert re.search(r'value="2" required checked', page)
    assert (page.count('<svg class="face"'), 'd="M8 15.5h8"' in page) == (5, True)
    async with reading(db) as session:
        assert (await session.scalars(select(Satisfaction))).one().score is None


async def test_an_answer_is_given_and_changed_without_a_sign_in(
    desk: Desk, db: Database, asking: Surveys, ticket: int
) -> None:
    """Score, reasons and words; thanks; what was said stands in the form; without a score a complaint keeps the words."""
    await send(db, asking, ticket)
    path = f"/portal/rate/{satisfaction.token('test-secret', ticket)}"
    answer = await desk.client.post(f"{path}?lang=en", data={"comment": "Hm <i>"})
    assert (answer.status_code, "Hm &lt;i&gt;" in answer.text, 'href="#score"' in answer.text) == (422, True, True)
    data = {"score": "4", "reasons": ["quick", "clear", "planted"], "comment": "Well done"}
    answer = await desk.client.post(f"{path}?lang=en", data=data)
    assert answer.status_code == 303
    page = (await desk.client.get(answer.headers["location"])).text
    assert "Thank you" in page
    assert "You can change it until 16 March 2026." in page
    assert page.count(" checked") == 3
    await desk.client.post(path, data=data | {"score": "1"})
    async with reading(db) as session:
        row = (await session.scalars(select(Satisfaction))).one()
    assert (row.score, row.reasons, row.comment) == (1, ["quick", "clear"], "Well done")
    desk.clock.advance(timedelta(days=15))
    assert "It could be rated until" in (await desk.client.get(f"{path}?lang=en")).text
    await desk.client.post(path, data=data | {"score": "5"})
    async with reading(db) as session:
        assert (await session.scalars(select(Satisfaction))).one().score == 1


async def test_strangers_rate_nothing(desk: Desk, db: Database, ticket: int) -> None:
    """A forged address is no page; a post from another site is refused."""
    token = satisfaction.token("another-secret", ticket)
    assert (await desk.client.get(f"/portal/rate/{token}")).status_code == 404
    assert (await desk.client.post(f"/portal/rate/{token}", data={"score": "1"})).status_code == 404
    good = f"/portal/rate/{satisfaction.token('test-secret', ticket)}"
    foreign = {"Origin": "https://evil.example"}
    assert (await desk.client.post(good, data={"score": "1"}, headers=foreign)).status_code == 403


async def test_one_click_ends_such_mails_and_opening_does_not(
    desk: Desk, db: Database, asking: Surveys, ticket: int
) -> None:
    """RFC 8058: a mail program's post, without cookie and origin; a scanner's GET changes nothing."""
    mail = (await send(db, asking, ticket))[0]
    path = mail.unsubscribe_url.partition("/portal")[2]
    page = await desk.client.get(f"/portal{path}?lang=en")
    assert (page.status_code, ASHA in page.text, "End these mails" in page.text) == (200, True, True)
    await desk.client.head(f"/portal{path}")
    async with reading(db) as session:
        assert list(await session.scalars(select(Consent))) == []
    for _ in range(2):
        answer = await desk.client.post(f"/portal{path}", data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
    async with reading(db) as session:
        row = (await session.scalars(select(Consent))).one()
    assert (row.value, row.purpose, row.is_granted, row.source) == (ASHA, "survey", False, "unsubscribe link")
    assert row.customer_id is not None
    for forged in (path[:-1] + "x", path.replace("/unsubscribe/", "/unsubscribe/x"), "/unsubscribe/é.é"):
        assert (await desk.client.post(f"/portal{forged}")).status_code == 404


@pytest.mark.parametrize("language", i18n.NAMES)
async def test_the_page_is_there_in_every_language(desk: Desk, ticket: int, language: str) -> None:
    """Every language of the product has it."""
    answer = await desk.client.get(f"/portal/rate/{satisfaction.token('test-secret', ticket)}?lang={language}")
    assert (answer.status_code, f'<html lang="{language}">' in answer.text) == (200, True)


async def test_a_low_score_is_told_to_the_leads(desk: Desk, db: Database, ticket: int) -> None:
    """Those of the team before the others, in their language, with the words of the customer."""
    async with unit_of_work(db) as session:
        await permissions.sync_roles(session)
        lead = await permissions.role_id(session, "lead")
        team = await session.get(factories.Team, desk.team_id)
        own, other = await factories.agent(session, team), await factories.agent(session)
        await session.execute(update(Agent).where(Agent.id.in_([own.id, other.id])).values(role_id=lead, locale="hi"))
        await satisfaction.rate(session, ticket, satisfaction.Rating(score=2, comment="Still <drips>"))
    async with unit_of_work(db) as session:
        await ratings.Teller("http://desk").send(session, ticket)
    told = await mails(db, ratings.KIND)
    assert [(each.agent_id, each.subject) for each in told] == [(own.id, f"टिकट #{ticket} को 5 में से 2")]
    assert "Still <drips>" in told[0].text
    assert "Still &lt;drips&gt;" in told[0].html
    async with unit_of_work(db) as session:
        await session.execute(update(Agent).where(Agent.id == own.id).values(is_active=False))
        await ratings.Teller("http://desk").send(session, ticket)
        assert (await session.scalars(select(Role).where(Role.name == "lead"))).one().id == lead
    assert [each.agent_id for each in await mails(db, ratings.KIND)] == [own.id, other.id]

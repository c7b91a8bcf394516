"""Mails about reviews: who may approve hears that a text waits, its authors what was decided."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from channels import review_mail
from channels.models import Notice
from channels.review_mail import ReviewMail
from core import events
from core.actor import Actor, ActorKind
from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from core.jobs import Definition, Registry, Worker
from knowledge_base import publishing, writing
from knowledge_base.events import ArticleApproved, ArticleReturned, ArticleSubmitted
from knowledge_base.writing import Properties, Text
from staff import agents
from staff.models import Agent, Role
from staff.permissions import ROLES
from tests import factories

MAIL = ReviewMail("https://desk.example")


@pytest.fixture(autouse=True)
def wired(clock: ManualClock) -> Iterator[None]:
    """The handlers of the mails."""
    events.subscribe(
        {
            ArticleSubmitted: (MAIL.on_submitted,),
            ArticleApproved: (MAIL.on_approved,),
            ArticleReturned: (MAIL.on_returned,),
        }
    )
    yield
    events.subscribe({})


async def person(db: Database, name: str, role: str, **values: object) -> Actor:
    """An agent with the permissions of a role who wants these mails, unless said otherwise."""
    async with unit_of_work(db) as session:
        made = await factories.agent(session, name=name)
        await session.execute(update(Role).where(Role.id == made.role_id).values(permissions=sorted(ROLES[role])))
        await session.execute(update(Agent).where(Agent.id == made.id).values(**{"notify": {"review": True}, **values}))
        return Actor(ActorKind.AGENT, made.id, made.name, ROLES[role])


async def submitted(db: Database, author: Actor) -> int:
    """An article that its author has submitted."""
    async with unit_of_work(db, author) as session:
        made = await writing.create(session, "en", Text(title="Reset the filter", body="Secret steps."), Properties())
        await publishing.submit(session, made.id, "en")
        return made.id


async def run(db: Database) -> list[Notice]:
    """Run what was asked for, twice as after a crash; the mails there are then, oldest first."""

    async def twice(session: object, step: dict[str, object]) -> None:
        for _ in range(2):
            await MAIL.send(session, step)  # type: ignore[arg-type]

    await Worker(db, Registry((Definition(review_mail.JOB, twice),))).drain()
    async with reading(db) as session:
        return list(await session.scalars(select(Notice).order_by(Notice.id)))


async def test_reviewers_and_authors_get_a_mail(db: Database, clock: ManualClock) -> None:
    """Those who may approve, the author when it comes back and when it is approved; never the text, once each."""
    author = await person(db, "Neha", "agent")
    lead = await person(db, "Ravi", "lead", locale="hi")
    await person(db, "Omar", "agent")
    await person(db, "Lata", "lead", notify={"review": False})
    await person(db, "Gita", "lead", address_failed="550")
    article_id = await submitted(db, author)
    (asked,) = await run(db)
    assert (asked.agent_id, asked.kind, asked.ticket_id) == (lead.id, "review", None)
    assert "Reset the filter" in asked.subject and "Neha" in asked.text
    assert f"https://desk.example/console/knowledge/{article_id}?language=en" in asked.text
    assert "https://desk.example/console/preferences" in asked.html
    assert "Secret" not in asked.text + asked.html

    clock.advance(timedelta(minutes=1))
    async with unit_of_work(db, lead) as session:
        await publishing.give_back(session, article_id, "en", "Name the <size>.")
    (returned,) = (await run(db))[1:]
    assert (returned.agent_id, returned.subject) == (author.id, "Sent back: Reset the filter")
    assert "Name the <size>." in returned.text and "Name the &lt;size&gt;." in returned.html

    async with unit_of_work(db, author) as session:
        await publishing.submit(session, article_id, "en")
    assert len(await run(db)) == 3
    async with unit_of_work(db, lead) as session:
        found = await writing.get_translation(session, article_id, "en")
        later = clock.now() + timedelta(hours=3)
        await publishing.approve(session, article_id, "en", found.working_version_id or 0, publish_at=later)
    (approved,) = (await run(db))[3:]
    assert (approved.agent_id, approved.subject) == (author.id, "Approved: Reset the filter")
    assert "Ravi has approved" in approved.text and "Readers see it from" in approved.text


async def test_who_may_approve_hears_of_it_until_she_says_otherwise(db: Database) -> None:
    """Nobody has chosen: the lead gets the mail and sees that she does; switched off it stays off; authors get none."""
    author = await person(db, "Neha", "agent", notify={})
    lead = await person(db, "Ravi", "lead", notify={})
    article_id = await submitted(db, author)
    assert [each.agent_id for each in await run(db)] == [lead.id]
    async with unit_of_work(db, lead) as session:
        await publishing.give_back(session, article_id, "en")
        assert (await agents.profile(session, author.id or 0)).notify == frozenset()
        assert (await agents.profile(session, lead.id or 0)).notify == {"review"}
        await agents.change_preferences(session, lead.id or 0, agents.Preferences(notify=frozenset()))
        await session.flush()
        assert (await agents.profile(session, lead.id or 0)).notify == frozenset()
    await submitted(db, author)
    assert len(await run(db)) == 1


async def test_what_is_over_and_what_one_did_oneself_is_not_mailed(db: Database) -> None:
    """Taken back before the job ran; a lead who publishes her own text hears nothing of it."""
    author = await person(db, "Neha", "agent")
    lead = await person(db, "Ravi", "lead")
    article_id = await submitted(db, author)
    async with unit_of_work(db, author) as session:
        await publishing.give_back(session, article_id, "en")
    assert await run(db) == []
    own = await submitted(db, lead)
    assert await run(db) == []
    async with unit_of_work(db, lead) as session:
        await publishing.give_back(session, own, "en")
    assert await run(db) == []

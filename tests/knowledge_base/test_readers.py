"""What readers and agents do with articles: votes, tasks, acknowledgements, announcements, uses in tickets, reports."""

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select

from core import clock as clocks
from core import events
from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from core.errors import Conflict, Invalid, NotFound
from knowledge_base import (
    acknowledgements,
    announcements,
    categories,
    feedback,
    listing,
    reports,
    tasks,
    uses,
    writing,
)
from knowledge_base.access import VISITOR, Reader
from knowledge_base.announcements import Change
from knowledge_base.categories import CategoryChange, Place
from knowledge_base.listing import ListQuery
from knowledge_base.models import Task, Vote
from knowledge_base.writing import Properties, Text
from tests import factories
from tests.knowledge_base.conftest import People, publish, published, rewrite
from tickets import lifecycle
from tickets.events import TicketRated
from tickets.models import Message

EDITOR = Reader(kind="agent", is_editor=True)


async def test_a_visitor_has_one_vote_and_a_no_with_words_is_a_task(db: Database, people: People) -> None:
    """She may change her mind: then the task is closed; the score is kept by month."""
    async with unit_of_work(db) as session:
        made = await published(session, owner_id=people.author.id)
        for visitor, helpful, comment in (("a", True, ""), ("b", False, ""), ("c", False, "Which button?")):
            await feedback.vote(
                session, VISITOR, made.id, "en", visitor=visitor, is_helpful=helpful, reason="" if helpful else "unclear", comment=comment
            )  # fmt: skip
        task = (await session.scalars(select(Task))).one()
        assert (task.kind, task.text, task.owner_id, task.resolved_at) == (
            "feedback",
            "Which button?",
            people.author.id,
            None,
        )
        await feedback.vote(
            session, VISITOR, made.id, "en", visitor="c", is_helpful=False, comment="Which button, I ask?"
        )
        assert task.text == "Which button, I ask?"
    async with unit_of_work(db) as session:
        await feedback.vote(session, VISITOR, made.id, "en", visitor="c", is_helpful=True)
        assert len(list(await session.scalars(select(Vote)))) == 3
        assert (await session.scalars(select(Task))).one().resolved_at is not None
        assert [(one.helpful, one.unhelpful) for one in await feedback.scores(session, made.id)] == [(2, 1)]
        with pytest.raises(Invalid):
            await feedback.vote(session, VISITOR, made.id, "en", visitor="d", is_helpful=False, reason="bad")
        with pytest.raises(NotFound):
            await feedback.vote(session, VISITOR, 999, "en", visitor="d", is_helpful=True)


async def test_tasks_go_to_the_owner_and_are_done_once(db: Database, people: People) -> None:
    """Listed by owner, newest first, until somebody says what was done; a new owner takes them over."""
    async with unit_of_work(db, people.author) as session:
        mine = await writing.create(session, "en", Text(title="Mine", body="x"), Properties())
        await tasks.open_task(session, mine, "en", "agent", "Old picture")
    async with unit_of_work(db, people.reviewer) as session:
        listed, _ = await tasks.listed(session, owner_id=people.author.id)
        assert [(one.title, one.text) for one in listed] == [("Mine", "Old picture")]
        assert await tasks.listed(session, owner_id=people.reviewer.id) == ([], None)
        await writing.change(session, mine.id, Properties(owner_id=people.reviewer.id))
        assert len((await tasks.listed(session, owner_id=people.reviewer.id))[0]) == 1
        await tasks.resolve(session, listed[0].id, "New picture")
        await tasks.resolve(session, listed[0].id, "Again")
        done, _ = await tasks.listed(session, is_open=False)
        assert [one.resolution for one in done] == ["New picture"]


async def test_a_policy_asks_to_be_read_until_it_is_and_anew_when_it_changes(db: Database, people: People) -> None:
    """Unread lists it for who has not confirmed this revision; the list of readers says who."""
    agent_id = people.author.id or 0
    async with unit_of_work(db) as session:
        made = await published(session, "Goodwill", visibility="agents", needs_acknowledgement=True)
        plain = await published(session, "Other", visibility="agents")
        with pytest.raises(Conflict):
            await acknowledgements.acknowledge(session, plain, agent_id)
        unread = ListQuery(unread_by=agent_id)
        assert [row.title for row in (await listing.list_articles(session, EDITOR, unread))[0]] == ["Goodwill"]
        await acknowledgements.acknowledge(session, made, agent_id)
        assert await acknowledgements.has_read(session, made, agent_id)
        assert (await listing.list_articles(session, EDITOR, unread))[0] == []
        read = await acknowledgements.readers_of(session, made)
        assert [(one.agent_id, one.at is not None) for one in read] == [(people.reviewer.id, False), (agent_id, True)]
        await rewrite(session, made.id, "Up to 5,000 rupees now.")
        await publish(session, made.id)
        made = await writing.get(session, made.id)
        assert not await acknowledgements.has_read(session, made, agent_id)
        assert [row.title for row in (await listing.list_articles(session, EDITOR, unread))[0]] == ["Goodwill"]


async def test_articles_to_be_reviewed_are_listed(db: Database, people: People, clock: ManualClock) -> None:
    """Publishing sets a review date by the desk's option; when it has passed, the article is on the list until it is published anew."""
    overdue = ListQuery(is_overdue=True)
    async with unit_of_work(db) as session:
        made = await published(session)
        assert made.review_on is not None
        assert 360 <= (made.review_on - clock.now().date()).days <= 370
        assert (await listing.list_articles(session, EDITOR, overdue))[0] == []
    clock.advance(timedelta(days=370))
    async with unit_of_work(db) as session:
        rows, _ = await listing.list_articles(session, EDITOR, overdue)
        assert [row.id for row in rows] == [made.id]
        await rewrite(session, made.id, "Looked through.")
        await publish(session, made.id)
        assert (await listing.list_articles(session, EDITOR, overdue))[0] == []


async def test_the_list_of_articles_has_pages_and_filters(db: Database, people: People) -> None:
    """By words, state, missing language and category, page by page without a gap."""
    async with unit_of_work(db) as session:
        shelf = await categories.create(session, CategoryChange(names={"en": "Care"}))
        inner = await categories.create(session, CategoryChange(names={"en": "Filters"}, parent_id=shelf.id))
        for number in range(5):
            await published(session, f"Filter {number}", category_id=inner.id)
        draft = await writing.create(session, "en", Text(title="Draft", body="x"), Properties())
        await writing.translate(session, draft.id, "hi", Text(title="मसौदा", body="x"))
        seen, cursor = [], None
        while True:
            rows, cursor = await listing.list_articles(session, EDITOR, ListQuery(cursor=cursor, limit=2))
            seen += [row.title for row in rows]
            if cursor is None:
                break
        assert sorted(seen) == ["Draft", *(f"Filter {number}" for number in range(5))]
        for query, count in (
            (ListQuery(q="filter"), 5), (ListQuery(q="मसौदा"), 1), (ListQuery(state="draft"), 1),
            (ListQuery(state="published"), 5), (ListQuery(missing="hi"), 5), (ListQuery(category_id=shelf.id), 5),
            (ListQuery(q="100%_"), 0),
        ):  # fmt: skip
            assert len((await listing.list_articles(session, EDITOR, query))[0]) == count, query
        with pytest.raises(Invalid):
            await listing.list_articles(session, EDITOR, ListQuery(cursor="x"))


async def test_categories_have_two_levels_and_an_order(db: Database, people: People) -> None:
    """A third level, a circle and a taken address are refused; one with articles is not removed."""
    async with unit_of_work(db) as session:
        first = await categories.create(session, CategoryChange(names={"en": "Care", "hi": "देखभाल"}))
        second = await categories.create(session, CategoryChange(names={"en": "Repair"}))
        inner = await categories.create(session, CategoryChange(names={"en": "Filters"}, parent_id=first.id))
        for wanted in (
            CategoryChange(names={"en": "Deep"}, parent_id=inner.id),
            CategoryChange(names={"tlh": "x"}),
            CategoryChange(names={}),
            CategoryChange(names={"en": "X"}, parent_id=999),
        ):
            with pytest.raises(Invalid):
                await categories.create(session, wanted)
        with pytest.raises(Invalid):
            await categories.change(session, first.id, CategoryChange(parent_id=second.id))
        with pytest.raises(Conflict):
            await categories.create(session, CategoryChange(names={"en": "Other"}, slug="care"))
        await categories.sort(session, [Place(second.id, None, 1), Place(first.id, None, 2)])
        assert [one.slug for one in await categories.every(session)] == ["repair", "care", "filters"]
        await published(session, category_id=inner.id)
        for held in (inner, first):
            with pytest.raises(Conflict):
                await categories.remove(session, held.id)
        await categories.remove(session, second.id)
    assert categories.name_in(first.names, "hi") == "देखभाल"
    assert categories.name_in(first.names, "kn") == "Care"


async def test_known_issues_are_shown_in_their_time(db: Database, people: People, clock: ManualClock) -> None:
    """From their start until their end, the gravest first, in the reader's language; tickets about them are counted."""
    now = clock.now()
    async with unit_of_work(db, people.reviewer) as session:
        news = await announcements.create(session, Change(titles={"en": "New shop"}))
        outage = await announcements.create(
            session,
            Change(
                severity="outage", titles={"en": "App down", "hi": "ऐप बंद"}, texts={"en": "We work on it."},
                starts_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=3),
            ),
        )  # fmt: skip
        await announcements.wait_for(session, outage.id, 1001)
        await announcements.wait_for(session, outage.id, 1001)
        for wrong in (
            Change(titles={}),
            Change(titles={"en": "x"}, ends_at=now - timedelta(days=1)),
            Change(titles={"en": "x"}, article_id=999),
            Change(titles={"en": "x"}, severity="awful"),
        ):
            with pytest.raises(Invalid):
                await announcements.create(session, wrong)

    async def seen(locale: str = "en") -> list[str]:
        async with reading(db) as session:
            return [one.title for one in await announcements.current(session, VISITOR, locale)]

    assert await seen() == ["New shop"]
    clock.advance(timedelta(hours=2))
    assert await seen() == ["App down", "New shop"]
    assert await seen("hi") == ["ऐप बंद", "New shop"]
    clock.advance(timedelta(hours=2))
    assert await seen() == ["New shop"]
    async with unit_of_work(db, people.reviewer) as session:
        assert [(one.id, count) for one, count in await announcements.every(session)] == [(outage.id, 1), (news.id, 0)]
        await announcements.change(session, news.id, Change(ends_at=clock.now()))
    assert await seen() == []


async def test_a_changed_article_names_the_tickets_that_used_it(db: Database, people: People) -> None:
    """Each use is kept with its revision; after a change the answers that may be wrong now are marked."""
    async with unit_of_work(db, people.author) as session:
        await uses.use(
            session,
            made := await writing.create(session, "en", Text(title="A", body="x"), Properties()),
            1,
            "source",
            "en",
        )
    async with unit_of_work(db) as session:
        await publish(session, made.id)
        made = await writing.get(session, made.id)
        await uses.use(session, made, 2, "link", "en")
        await uses.use(session, made, 2, "link", "en")
        await rewrite(session, made.id, "Corrected.")
        await publish(session, made.id)
        made = await writing.get(session, made.id)
        await uses.use(session, made, 3, "text", "en")
        found, _ = await uses.tickets_using(session, made)
        assert [(one.ticket_id, one.how, one.is_older) for one in found] == [
            (3, "text", False), (2, "link", True), (1, "source", False),
        ]  # fmt: skip
        assert [(one.title, one.is_older) for one in await uses.articles_of(session, EDITOR, 2)] == [("A", True)]


async def test_answers_that_did_not_help_are_counted(db: Database, people: People, clock: ManualClock) -> None:
    """A ticket that was opened again, a customer who wrote again within a week, and a no of a reader."""
    async with unit_of_work(db) as session:
        made = await published(session)
        tickets = [(await factories.received(session, f"c{number}@x.example")).ticket_id for number in range(3)]
        header = await session.scalar(select(Message.message_id_header).where(Message.ticket_id == tickets[1]))
    clock.advance(timedelta(hours=1))
    since = clock.now()
    async with unit_of_work(db) as session:
        for ticket_id in tickets:
            await uses.use(session, await writing.get(session, made.id), ticket_id, "link", "en")
        await feedback.vote(session, VISITOR, made.id, "en", visitor="v", is_helpful=False)
    clock.advance(timedelta(hours=1))
    async with unit_of_work(db, people.reviewer) as session:
        await lifecycle.change(session, tickets[0], lifecycle.TicketChange(status="solved"))
    async with unit_of_work(db, people.reviewer) as session:
        await lifecycle.change(session, tickets[0], lifecycle.TicketChange(status="open"))
        await factories.received(session, "c1@x.example", in_reply_to=header)
        rated = TicketRated(ticket_id=tickets[2], score=1, old=None, reasons=[], comment="", is_low=True)
        events.record(session, rated)
    async with reading(db) as session:
        found = await reports.health(session, since, clock.now() + timedelta(hours=1))
        assert [msgspec.structs.astuple(one) for one in found] == [(made.id, 3, 1, 1, 1, 1)]
        assert await reports.views_by_day(session, since, clocks.now()) == []

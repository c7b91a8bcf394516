"""From a draft to what readers see, and back."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from core import scheduler
from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from core.errors import Invalid, NotFound, Stale
from knowledge_base import options, publishing, versions, writing
from knowledge_base import reading as articles
from knowledge_base.access import VISITOR
from knowledge_base.errors import Gone, NeedsAnotherPerson, NotReviewed, SlugTaken, WaitsForPublishing
from knowledge_base.models import Task
from knowledge_base.options import Wishes
from knowledge_base.reading import ArticleText, Moved
from knowledge_base.writing import Properties, Text
from tests.knowledge_base.conftest import People, article, publish, published, rewrite


async def shown(db: Database, slug: str, locale: str = "en") -> ArticleText:
    """What a visitor reads at an address."""
    async with reading(db) as session:
        found = await articles.by_slug(session, VISITOR, locale, slug)
        assert isinstance(found, ArticleText)
        return found


async def test_the_old_version_stays_while_the_next_is_written_and_reviewed(db: Database, people: People) -> None:
    """Readers see the published text until another person has approved the next."""
    async with unit_of_work(db) as session:
        made = await published(session, body="First.")
    async with unit_of_work(db, people.author) as session:
        await rewrite(session, made.id, "Second.", note="clearer")
        await publishing.submit(session, made.id, "en")
    assert (await shown(db, "reset-the-filter")).rendered.text == "First."
    async with unit_of_work(db, people.reviewer) as session:
        found = await publish(session, made.id)
        assert found.state == "published"
    assert (await shown(db, "reset-the-filter")).rendered.text == "Second."


async def test_a_text_without_words_is_not_reviewed(db: Database, people: People) -> None:
    """The refusal names the body, and the text stays a draft."""
    async with unit_of_work(db, people.author) as session:
        made = await article(session, body=" \n\n")
        with pytest.raises(Invalid) as refused:
            await publishing.submit(session, made.id, "en")
        assert [each["field"] for each in refused.value.extra["errors"]] == ["body"]
        assert (await writing.get_translation(session, made.id, "en")).state == "draft"


async def test_nobody_approves_her_own_text(db: Database, people: People) -> None:
    """While the desk wants two people, the author is refused and so is a text that nobody submitted."""
    async with unit_of_work(db, people.reviewer) as session:
        made = await article(session, visibility="public")
        with pytest.raises(NotReviewed):
            await publish(session, made.id)
        await publishing.submit(session, made.id, "en")
        with pytest.raises(NeedsAnotherPerson):
            await publish(session, made.id)
        await options.write(session, Wishes(needs_second_person=False))
        assert (await publish(session, made.id)).published_version_id is not None


async def test_what_is_approved_is_what_was_read(db: Database, people: People) -> None:
    """A save between reading and approving makes the approval void, and names the newer version."""
    async with unit_of_work(db, people.author) as session:
        made = await article(session, visibility="public")
        found = await publishing.submit(session, made.id, "en")
        read = found.working_version_id
        await rewrite(session, made.id, "Changed at the last moment.")
    async with unit_of_work(db, people.reviewer) as session:
        with pytest.raises(NotReviewed) as refused:
            await publishing.approve(session, made.id, "en", read or 0)
        assert refused.value.extra["current"] != read


async def test_a_later_time_is_kept(db: Database, people: People, clock: ManualClock) -> None:
    """An approved text waits, cannot be changed meanwhile, and is there when its time has come."""
    later = clock.now() + timedelta(hours=3)
    async with unit_of_work(db) as session:
        made = await article(session, visibility="public")
        found = await publish(session, made.id, publish_at=later)
        assert found.state == "approved"
        version_id = found.approved_version_id
    async with unit_of_work(db, people.author) as session:
        with pytest.raises(WaitsForPublishing):
            await rewrite(session, made.id, "Too late.")
    clock.advance(timedelta(hours=2))
    assert await scheduler.run_due(db) == 0
    with pytest.raises(NotFound):
        await shown(db, "reset-the-filter")
    clock.advance(timedelta(hours=2))
    assert await scheduler.run_due(db) == 1
    async with unit_of_work(db) as session:
        await publishing.publish_due(session, found.id, version_id or 0)
        await publishing.publish_due(session, found.id, version_id or 0)
    assert (await shown(db, "reset-the-filter")).published_at == clock.now()


async def test_what_was_taken_back_does_not_go_out(db: Database, clock: ManualClock, people: People) -> None:
    """A text that was approved for later and given back stays a draft when the time comes."""
    async with unit_of_work(db) as session:
        made = await article(session, visibility="public")
        found = await publish(session, made.id, publish_at=clock.now() + timedelta(hours=1))
        version_id = found.approved_version_id or 0
        await publishing.give_back(session, made.id, "en", "A price is wrong.")
    clock.advance(timedelta(hours=2))
    assert await scheduler.run_due(db) == 0
    async with unit_of_work(db) as session:
        await publishing.publish_due(session, found.id, version_id)
        assert (await writing.get_translation(session, made.id, "en")).state == "draft"


async def test_every_save_is_a_version_and_old_ones_come_back(db: Database, people: People) -> None:
    """Author and note are kept, two versions are compared word by word, and an old one is made the newest."""
    async with unit_of_work(db, people.author) as session:
        made = await article(session, body="Pull the plug.\nWait a minute.")
    async with unit_of_work(db, people.reviewer) as session:
        found = await rewrite(session, made.id, "Pull the plug.\nWait two minutes.", note="It takes longer")
        lines, following = await versions.listed(session, found)
        assert [(one.number, one.author_name, one.note) for one in lines] == [
            (2, people.reviewer.name, "It takes longer"),
            (1, people.author.name, ""),
        ]
        assert following is None
        old, new = [await writing.get_version(session, found.id, one.id) for one in reversed(lines)]
        body = versions.compare(old, new).body
        assert [(line.kind, line.text) for line in body] == [
            ("same", "Pull the plug."),
            ("removed", "Wait a minute."),
            ("added", "Wait two minutes."),
        ]
        assert [body[2].text[start:end] for start, end in body[2].marks] == ["two", "minutes"]
        await writing.restore(session, made.id, "en", old.id)
        restored = await writing.get_translation(session, made.id, "en")
        assert (await writing.get_version(session, found.id, restored.working_version_id)).body == old.body
        assert (await writing.get_version(session, found.id, restored.working_version_id)).number == 3


async def test_automatic_saves_of_one_author_are_one_version(db: Database, people: People) -> None:
    """While somebody types, her saves replace one another; a colleague's text is never replaced."""
    async with unit_of_work(db, people.author) as session:
        made = await article(session)
        for body in ("A", "A b", "A b c"):
            found = await rewrite(session, made.id, body, is_autosave=True)
        assert [one.number for one in (await versions.listed(session, found))[0]] == [2, 1]
    async with unit_of_work(db, people.reviewer) as session:
        found = await rewrite(session, made.id, "Another", is_autosave=True)
        assert [one.number for one in (await versions.listed(session, found))[0]] == [3, 2, 1]


async def test_two_authors_do_not_overwrite_each_other(db: Database, people: People) -> None:
    """Who saves from an older state is refused."""
    async with unit_of_work(db, people.author) as session:
        made = await article(session)
        seen = (await writing.get_translation(session, made.id, "en")).version
        await writing.save(session, made.id, "en", Text(title="Mine", body="x"), seen)
    async with unit_of_work(db, people.reviewer) as session:
        with pytest.raises(Stale):
            await writing.save(session, made.id, "en", Text(title="Hers", body="y"), seen)


async def test_a_changed_source_marks_its_translations(db: Database, people: People) -> None:
    """They are out of date with a task for the owner until somebody confirms them; a minor change marks nothing."""
    async with unit_of_work(db) as session:
        made = await published(session, owner_id=people.author.id)
        await writing.translate(session, made.id, "hi", Text(title="फ़िल्टर रीसेट करें", body="प्लग निकालें।"))
        await publish(session, made.id, "hi")
        await rewrite(session, made.id, "A comma, here.")
        await publish(session, made.id, is_minor=True)
        assert (await writing.get_translation(session, made.id, "hi")).outdated_since is None
        await rewrite(session, made.id, "Something new.")
        assert (await writing.get_translation(session, made.id, "hi")).outdated_since is None
        await publish(session, made.id)
        found = await writing.get_translation(session, made.id, "hi")
        assert found.outdated_since is not None
    assert (await shown(db, found.slug, "hi")).is_outdated
    async with unit_of_work(db, people.author) as session:
        task = (await session.scalars(select(Task))).one()
        assert (task.kind, task.locale, task.owner_id) == ("translation", "hi", people.author.id)
        await publishing.confirm(session, made.id, "hi")
        assert task.resolved_at is not None
    assert not (await shown(db, found.slug, "hi")).is_outdated


async def test_a_missing_translation_falls_back_or_is_hidden(db: Database, people: People) -> None:
    """By the desk's option the source language is shown with a notice, or nothing; the switch stays on the article."""
    async with unit_of_work(db) as session:
        made = await published(session)
        await writing.translate(session, made.id, "hi", Text(title="फ़िल्टर रीसेट करें", body="प्लग निकालें।"))
        await publish(session, made.id, "hi")
    missing = await shown(db, "reset-the-filter", "bn")
    assert (missing.locale, missing.is_fallback) == ("en", True)
    assert [(one.locale, one.slug) for one in missing.told] == [("en", "reset-the-filter"), ("hi", "फ़िल्टर-रीसेट-करें")]
    async with reading(db) as session:
        assert await articles.by_slug(session, VISITOR, "hi", "reset-the-filter") == Moved("hi", "फ़िल्टर-रीसेट-करें")
    async with unit_of_work(db) as session:
        await options.write(session, Wishes(fallback="hide"))
    with pytest.raises(NotFound):
        await shown(db, "reset-the-filter", "bn")


async def test_addresses_lead_on_and_end(db: Database, people: People) -> None:
    """A changed slug leads to the new one, a taken one is refused, a deleted article is gone, a private one was never there."""
    async with unit_of_work(db) as session:
        made = await published(session)
        await writing.change_slug(session, made.id, "en", "Clean the filter!")
        other = await published(session, "Other", visibility="agents")
        with pytest.raises(SlugTaken):
            await writing.change_slug(session, other.id, "en", "clean-the-filter")
    async with reading(db) as session:
        assert await articles.by_slug(session, VISITOR, "en", "reset-the-filter") == Moved("en", "clean-the-filter")
    async with unit_of_work(db) as session:
        await publishing.delete(session, made.id)
        await publishing.delete(session, other.id)
    for slug in ("clean-the-filter", "reset-the-filter"):
        with pytest.raises(Gone):
            await shown(db, slug)
    with pytest.raises(NotFound):
        await shown(db, "other")
    async with unit_of_work(db) as session:
        await published(session, "Reset the filter")
    assert (await shown(db, "reset-the-filter")).title == "Reset the filter"


async def test_two_who_want_the_same_address_at_once(db: Database, people: People) -> None:
    """One gets it, and the others are told."""

    async def begin(slug: str) -> str:
        async with unit_of_work(db, people.author) as session:
            made = await writing.create(session, "en", Text(title="Reset", body="x"), Properties(), slug)
            await asyncio.sleep(0.05)
            return (await writing.get_translation(session, made.id, "en")).slug

    found = await asyncio.gather(*(begin("reset") for _ in range(3)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in found) == ["SlugTaken", "SlugTaken", "str"]


async def test_an_article_is_read_with_few_questions(db: Database, people: People) -> None:
    """Address, option, text, files, links, languages: six statements at most, whatever stands in it."""
    async with unit_of_work(db) as session:
        other = await published(session, "Other")
        await published(session, body=f"# One\n\n[other](article:{other.id})")
    asked: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(db.engine.sync_engine, "before_cursor_execute", note)
    await shown(db, "reset-the-filter")
    event.remove(db.engine.sync_engine, "before_cursor_execute", note)
    assert len(asked) <= 6, asked


async def test_unpublished_and_archived_texts_are_not_there(db: Database, people: People) -> None:
    """Both take a text away from readers and keep it for agents."""
    async with unit_of_work(db) as session:
        made = await published(session)
        await publishing.unpublish(session, made.id, "en")
    with pytest.raises(NotFound):
        await shown(db, "reset-the-filter")
    async with unit_of_work(db) as session:
        await publishing.unpublish(session, made.id, "en", archive=True)
        assert (await writing.get_translation(session, made.id, "en")).state == "archived"
        await publish(session, made.id)
    assert (await shown(db, "reset-the-filter")).article_id == made.id

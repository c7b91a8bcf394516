"""Topics of the request form: those of the product, and what administrators make of them."""

import pytest

from channels.web import topics
from channels.web.fields import Field
from channels.web.topics import TopicDraft
from core.db import Database, reading, unit_of_work
from core.errors import Conflict, Invalid, NotFound, Stale

OWN = [Field(key="serial", kind="text", names={"en": "Serial number"}, is_required=True)]


def draft(**changed: object) -> TopicDraft:
    """A topic with one question."""
    values: dict[str, object] = {"key": "moving", "names": {"en": "Moving a unit"}, "fields": OWN, "position": 9}
    return TopicDraft(**(values | changed))  # type: ignore[arg-type]


async def keys(db: Database, *, everything: bool = False) -> list[str]:
    """The topics' keys in their order."""
    async with reading(db) as session:
        return [topic.key for topic in await topics.list_topics(session, everything=everything)]


async def test_a_desk_begins_with_the_products_topics(db: Database) -> None:
    """Nobody has to set anything up, and each has words in every language."""
    assert await keys(db) == ["repair", "order", "payment", "warranty", "other"]
    assert all(len(set(topic.names.values())) == 5 for topic in topics.of_product())


async def test_the_first_change_keeps_the_products_topics(db: Database, clock) -> None:
    """A topic of one's own is added to the five, not put in their place."""
    async with unit_of_work(db) as session:
        made = await topics.create(session, draft())
    assert (made.fields, made.version) == (OWN, 1)
    assert await keys(db) == ["repair", "order", "payment", "warranty", "other", "moving"]


async def test_what_the_products_topics_ask_outlives_the_first_change(db: Database, clock) -> None:
    """Repairs still ask for the product once another topic was changed; each is changed from the version that is shown."""
    async with unit_of_work(db) as session:
        changed = await topics.change(session, "payment", draft(key="payment", position=None), version=0)
    async with reading(db) as session:
        repair, *_ = kept = await topics.list_topics(session)
    assert [field.kind for field in repair.fields] == ["product"]
    assert {topic.key: topic.version for topic in kept} == dict.fromkeys([topic.key for topic in kept], 0) | {
        "payment": changed.version
    }
    with pytest.raises(Stale):
        async with unit_of_work(db) as session:
            await topics.change(session, "payment", draft(key="payment"), version=0)


async def test_topics_stand_in_the_order_that_was_chosen(db: Database, clock) -> None:
    """One that was not named, as when a colleague has just made it, comes last; versions stay."""
    async with unit_of_work(db) as session:
        made = await topics.create(session, draft(position=None))
    assert (await keys(db))[-1] == "moving"
    async with unit_of_work(db) as session:
        await topics.sort(session, ["other", "repair", "order", "warranty", "payment"])
    assert await keys(db) == ["other", "repair", "order", "warranty", "payment", "moving"]
    async with unit_of_work(db) as session:
        kept = await topics.change(session, "moving", draft(position=None, is_active=False), made.version)
        with pytest.raises(NotFound):
            await topics.sort(session, ["moving", "gone"])
    assert kept.position == 5


async def test_everything_that_is_wrong_is_named_at_once(db: Database, clock) -> None:
    """The key, the words and the questions in one answer."""
    with pytest.raises(Invalid) as refused:
        async with unit_of_work(db) as session:
            await topics.create(session, draft(key="Moving!", names={}, fields=[Field(key="a", kind="text", names={})]))
    assert [each["field"] for each in refused.value.extra["errors"]] == ["key", "names", "fields[0].names"]


async def test_two_topics_cannot_be_told_apart_by_nothing(db: Database, clock) -> None:
    """Neither a new one nor a changed one has the words of another, in any language, however they are written."""
    with pytest.raises(Invalid) as refused:
        async with unit_of_work(db) as session:
            await topics.create(session, draft(names={"en": "an order  or a Delivery"}))
    assert refused.value.extra["errors"] == [{"field": "names", "message": "Another topic has the same name."}]
    async with unit_of_work(db) as session:
        made = await topics.create(session, draft())
        await topics.change(session, made.key, draft(names={"en": "Moving a unit", "hi": "घर बदलना"}))
    with pytest.raises(Invalid, match="same name"):
        async with unit_of_work(db) as session:
            await topics.change(session, "other", draft(key="other", names={"hi": "घर बदलना"}))


async def test_a_topic_that_is_not_offered_is_known(db: Database, clock) -> None:
    """It leaves the form, and old requests still find it."""
    async with unit_of_work(db) as session:
        await topics.change(session, "payment", draft(key="payment", is_active=False))
    assert "payment" not in await keys(db)
    assert "payment" in await keys(db, everything=True)


async def test_two_administrators_do_not_overwrite_each_other(db: Database, clock) -> None:
    """The second one is told that the topic has changed."""
    async with unit_of_work(db) as session:
        first = await topics.create(session, draft())
    async with unit_of_work(db) as session:
        await topics.change(session, "moving", draft(names={"en": "Moving"}), first.version)
    with pytest.raises(Stale):
        async with unit_of_work(db) as session:
            await topics.change(session, "moving", draft(names={"en": "Transport"}), first.version)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"key": "Moving!"}, Invalid),
        ({"names": {"en": " "}}, Invalid),
        ({"fields": [*OWN, *OWN]}, Invalid),
        ({"team_id": 999}, Invalid),
        ({"key": "order"}, Conflict),
    ],
)
async def test_what_makes_no_sense_is_refused(
    db: Database, clock, wrong: dict[str, object], error: type[Exception]
) -> None:
    """Nothing is kept of it."""
    with pytest.raises(error):
        async with unit_of_work(db) as session:
            await topics.create(session, draft(**wrong))
    assert await keys(db) == ["repair", "order", "payment", "warranty", "other"]


async def test_the_last_topic_stays(db: Database, clock) -> None:
    """Without any topic nobody could send the form."""
    async with unit_of_work(db) as session:
        for key in ("repair", "order", "payment", "warranty"):
            await topics.remove(session, key)
    with pytest.raises(Conflict):
        async with unit_of_work(db) as session:
            await topics.remove(session, "other")
    with pytest.raises(NotFound):
        async with unit_of_work(db) as session:
            await topics.remove(session, "repair")

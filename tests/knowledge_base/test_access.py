"""Who may read what: every kind of reader × every visibility × every way of reading."""

import contextlib
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock as clocks
from core.db import Database, reading, unit_of_work
from core.errors import Invalid, NotFound
from core.storage import Storage
from customers.models import Customer, Organisation
from knowledge_base import access, announcements, categories, feedback, files, linking, listing, search, uses, writing
from knowledge_base import reading as articles
from knowledge_base.access import VISITOR, Reader
from knowledge_base.announcements import Change
from knowledge_base.categories import CategoryChange
from knowledge_base.listing import ListQuery
from knowledge_base.models import Article
from knowledge_base.search import Wish
from knowledge_base.writing import Text
from tests.knowledge_base.conftest import People, publish, published, rewrite

ORG, OTHER_ORG, TEAM, OTHER_TEAM = 11, 12, 21, 22
VISIBILITIES = {
    "public": {"visibility": "public"},
    "signed_in": {"visibility": "signed_in"},
    "org": {"visibility": "restricted", "organisation_ids": [ORG]},
    "segment": {"visibility": "restricted", "segments": ["Gold"]},
    "agents": {"visibility": "agents"},
    "team": {"visibility": "agents", "team_ids": [TEAM]},
}
READERS = {
    "visitor": VISITOR,
    "customer": Reader(kind="customer", customer_id=1),
    "of the organisation": Reader(kind="customer", customer_id=2, organisation_id=ORG),
    "of another": Reader(kind="customer", customer_id=3, organisation_id=OTHER_ORG, segments=("silver",)),
    "of the segment": Reader(kind="customer", customer_id=4, segments=("gold", "vip")),
    "agent": Reader(kind="agent", team_ids=(OTHER_TEAM,)),
    "agent of the team": Reader(kind="agent", team_ids=(TEAM,)),
    "editor": Reader(kind="agent", is_editor=True),
}
MAY = {
    "visitor": {"public"},
    "customer": {"public", "signed_in"},
    "of the organisation": {"public", "signed_in", "org"},
    "of another": {"public", "signed_in"},
    "of the segment": {"public", "signed_in", "segment"},
    "agent": {"public", "signed_in", "org", "segment", "agents"},
    "agent of the team": {"public", "signed_in", "org", "segment", "agents", "team"},
    "editor": set(VISIBILITIES),
}


def rights(name: str) -> list[str]:
    """The tokens of a visibility."""
    said = VISIBILITIES[name]
    return access.rights_of(
        str(said["visibility"]), said.get("organisation_ids", ()), said.get("segments", ()), said.get("team_ids", ())
    )


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_holds_the_right_tokens(reader: str) -> None:
    """The table of who may read what, before any database."""
    assert {name for name in VISIBILITIES if access.allows(rights(name), READERS[reader])} == MAY[reader]


def test_restricted_to_nobody_is_for_agents() -> None:
    """Before an organisation or segment is named no customer reads it; an unknown visibility is refused."""
    found = access.rights_of("restricted")
    assert {name for name, reader in READERS.items() if access.allows(found, reader)} == {
        "agent",
        "agent of the team",
        "editor",
    }
    with pytest.raises(Invalid):
        access.rights_of("everybody")


@given(
    st.sampled_from(access.VISIBILITIES),
    st.lists(st.integers(1, 5), max_size=3),
    st.lists(st.sampled_from(["Gold", "vip", "city=pune"]), max_size=2),
    st.lists(st.integers(1, 5), max_size=2),
    st.integers(1, 5),
    st.lists(st.sampled_from(["gold", "vip", "city=pune"]), max_size=2),
)
def test_rights_say_what_the_visibility_means(
    visibility: str, orgs: list[int], segments: list[str], teams: list[int], org: int, held: list[str]
) -> None:
    """For any audience: a customer reads what is public, for everybody signed in, or for her; nothing else."""
    given_rights = access.rights_of(visibility, orgs, segments, teams)
    reader = Reader(kind="customer", customer_id=1, organisation_id=org, segments=tuple(held))
    wanted = {
        "public": True,
        "signed_in": True,
        "restricted": org in orgs or bool({one.lower() for one in segments} & set(held)),
        "agents": False,
    }[visibility]
    assert access.allows(given_rights, reader) is wanted
    assert access.allows(given_rights, VISITOR) is (visibility == "public")
    assert access.allows(given_rights, Reader(kind="agent", is_editor=True))


async def make(db: Database, storage: Storage, people: People) -> dict[str, Article]:
    """An article of each visibility, with a picture, linked from a public one, with an announcement and a ticket."""
    made: dict[str, Article] = {}
    async with unit_of_work(db) as session:
        shelf = await categories.create(session, CategoryChange(names={"en": "Secrets"}))
        for name, said in VISIBILITIES.items():
            properties = {key: value for key, value in said.items() if key != "team_ids"}
            one = await published(session, f"Secret {name}", body="Nothing.", category_id=shelf.id, **properties)
            one.team_ids = said.get("team_ids", [])
            one.rights = rights(name)
            file = await files.add(session, storage, one.id, f"{name}.txt", f"picture of {name}".encode())
            await rewrite(session, one.id, f"The secret ![{name}](/kb/files/{file.id})")
            await publish(session, one.id)
            await uses.use(session, one, 1001, "link", "en")
            now = clocks.now()
            wanted = Change(titles={"en": name}, article_id=one.id, starts_at=now)
            await announcements.create(session, wanted)
            made[name] = one
        links = " ".join(f"[{name}](article:{one.id})" for name, one in made.items())
        made["all"] = await published(session, "Links", body=links, category_id=shelf.id)
    return made


Way = Callable[[AsyncSession, Reader, dict[str, Article]], Awaitable[set[str]]]


def named(titles: list[str]) -> set[str]:
    """The visibilities behind titles."""
    return {title.removeprefix("Secret ") for title in titles if title.startswith("Secret ")}


async def one_by_one(made: dict[str, Article], ask: Callable[[str, Article], Awaitable[object]]) -> set[str]:
    """Those for which a question is not refused."""
    found = set()
    for name in VISIBILITIES:
        with contextlib.suppress(NotFound):
            await ask(name, made[name])
            found.add(name)
    return found


async def _by_slug(session, reader, made):
    return await one_by_one(
        made, lambda name, _: articles.by_slug(session, reader, "en", f"secret-{name.replace('_', '-')}")
    )


async def _by_slug_in_another_language(session, reader, made):
    return await one_by_one(
        made, lambda name, _: articles.by_slug(session, reader, "hi", f"secret-{name.replace('_', '-')}")
    )


async def _by_id(session, reader, made):
    return await one_by_one(made, lambda _, one: articles.by_id(session, reader, one.id, "en"))


async def _in_category(session, reader, made):
    lines = await articles.in_category(session, reader, made["all"].category_id or 0, "en")
    return named([line.title for line in lines])


async def _some(session, reader, made):
    return named([one.title for one in await articles.some(session, reader, [one.id for one in made.values()], "en")])


async def _newest(session, reader, made):
    return named([one.title for one in await articles.newest(session, reader, "en")])


async def _feed(session, reader, made):
    return named([one.title for one in await articles.newest(session, reader, "en", exact=True)])


async def _links_in_a_text(session, reader, made):
    linked = (await articles.by_id(session, reader, made["all"].id, "en")).linked
    return {name for name in VISIBILITIES if made[name].id in linked}


async def _searched(session, reader, made):
    return named(
        [hit.plain_title for hit in (await search.find(session, reader, Wish(words="secret", locale="en"))).hits]
    )


async def _searched_in_another_language(session, reader, made):
    return named(
        [hit.plain_title for hit in (await search.find(session, reader, Wish(words="secret", locale="kn"))).hits]
    )


async def _suggested(session, reader, made):
    return named([hit.plain_title for hit in (await search.suggest(session, reader, "secret", "en", limit=20)).hits])


async def _pictures(session, reader, made):
    async def ask(name, one):
        stored = (await files.of_article(session, one.id))[0]
        return await files.get_visible(session, reader, stored.id)

    return await one_by_one(made, ask)


async def _votes(session, reader, made):
    async def ask(name, one):
        return await feedback.vote(session, reader, one.id, "en", visitor="v", is_helpful=True)

    return await one_by_one(made, ask)


async def _announced(session, reader, made):
    banners = await announcements.current(session, reader, "en")
    return {one.title for one in banners if one.article is not None}


async def _console_list(session, reader, made):
    rows, _ = await listing.list_articles(session, reader, ListQuery())
    return named([row.title for row in rows])


async def _console_article(session, reader, made):
    return await one_by_one(made, lambda _, one: listing.check_seen(session, reader, one.id))


async def _articles_of_a_ticket(session, reader, made):
    return named([one.title for one in await uses.articles_of(session, reader, 1001)])


async def _titles_of_links(session, reader, made):
    return named(list((await linking.titles(session, reader, [one.id for one in made.values()])).values()))


WAYS: dict[str, Way] = {
    one.__name__: one
    for one in (
        _by_slug, _by_slug_in_another_language, _by_id, _in_category, _some, _newest, _feed, _links_in_a_text, _searched,
        _searched_in_another_language, _suggested, _pictures, _votes, _announced, _console_list, _console_article,
        _articles_of_a_ticket, _titles_of_links,
    )
}  # fmt: skip


async def test_every_way_of_reading_keeps_to_the_rights(
    db: Database, storage: Storage, people: People, indexed: None
) -> None:
    """By address, list, _feed, search, suggestion, picture, link, vote, announcement, console: the same answer."""
    made = await make(db, storage, people)
    for name, reader in READERS.items():
        for way, ask in WAYS.items():
            async with db.sessions() as session:
                found = await ask(session, reader, made)
                await session.rollback()
            assert found == MAY[name], (name, way)


async def test_counts_and_the_site_map_tell_nothing(db: Database, storage: Storage, people: People) -> None:
    """The site map has public articles only, and a category's number is that of what its reader finds."""
    made = await make(db, storage, people)
    async with reading(db) as session:
        assert {entry.article_id for entry in await articles.site_map(session)} == {made["public"].id, made["all"].id}
        counted = {name: await articles.counts(session, reader, "en") for name, reader in READERS.items()}
    assert counted == {name: {made["all"].category_id: len(MAY[name]) + 1} for name in READERS}


async def test_a_change_of_visibility_holds_at_once(
    db: Database, storage: Storage, people: People, indexed: None
) -> None:
    """In the search, in lists and for files, with the same transaction."""
    async with unit_of_work(db) as session:
        one = await published(session, "Secret public", body="The secret.")
        file = await files.add(session, storage, one.id, "a.txt", b"x")
        await rewrite(session, one.id, f"The secret [x](/kb/files/{file.id})")
        await publish(session, one.id)
    async with unit_of_work(db, people.reviewer) as session:
        await writing.change(session, one.id, writing.Properties(visibility="agents"))
    async with reading(db) as session:
        assert await _searched(session, VISITOR, {}) == set()
        assert await _searched(session, READERS["agent"], {}) == {"public"}
        assert await articles.newest(session, VISITOR, "en") == []
        with pytest.raises(NotFound):
            await files.get_visible(session, VISITOR, file.id)


async def test_a_picture_of_a_draft_is_for_nobody_outside(db: Database, storage: Storage, people: People) -> None:
    """A file that only the next version shows cannot be had before that is published, nor after it is taken out."""
    async with unit_of_work(db) as session:
        one = await published(session, "A public one")
        file = await files.add(session, storage, one.id, "next.txt", b"x")
        other = await published(session, "Another", body=f"![x](/kb/files/{file.id})")
        await rewrite(session, one.id, f"![x](/kb/files/{file.id})")
    async with reading(db) as session:
        with pytest.raises(NotFound):
            await files.get_visible(session, VISITOR, file.id)
        shown = await articles.by_id(session, VISITOR, other.id, "en")
        assert shown.files == []
    async with unit_of_work(db) as session:
        await publish(session, one.id)
        assert (await files.get_visible(session, VISITOR, file.id)).name == "next.txt"
        await rewrite(session, one.id, "Nothing")
        await publish(session, one.id)
        with pytest.raises(NotFound):
            await files.get_visible(session, VISITOR, file.id)


async def test_segments_come_from_what_is_known_of_a_customer(db: Database, clock) -> None:
    """Her organisation, the mark "vip", named segments and every attribute count; a merged customer is nobody."""
    async with unit_of_work(db) as session:
        organisation = Organisation(name="Lotus", domain=None, created_at=clocks.now())
        session.add(organisation)
        await session.flush()
        asha = Customer(
            name="Asha",
            vip=True,
            organisation_id=organisation.id,
            attributes={"city": "Pune", "segments": ["Dealer"], "beta": True, "deep": {"x": 1}},
            created_at=clocks.now(),
        )
        session.add(asha)
        await session.flush()
        found = await access.customer(session, asha.id)
        assert found.organisation_id == organisation.id
        assert found.segments == ("beta=true", "city=pune", "dealer", "vip")
        assert await access.customer(session, 999_999) == VISITOR
        article = await writing.create(
            session, "en", Text(title="x", body="y"), writing.Properties(visibility="restricted", segments=["DEALER"])
        )
        assert access.allows(article.rights, found)

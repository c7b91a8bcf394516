"""Widgets as administrators keep them, and the list of sites that may show one."""

from datetime import timedelta

import pytest

from channels.chat import origins, widgets
from channels.chat.widgets import Fields, Texts, WidgetChange
from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from core.errors import Invalid, NotFound, Stale
from tests import factories
from tests.channels.chat.talking import Desk


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://Shop.Example/", "https://shop.example"),
        ("shop.example", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("http://localhost:*", "http://localhost:*"),
        ("https://*.shop.example", "https://*.shop.example"),
        ("https://दुकान.example", "https://xn--11b7ah1gn.example"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_sites_are_kept_in_one_spelling(written: str, kept: str) -> None:
    """However an administrator writes them."""
    assert origins.normalise(written) == kept


@pytest.mark.parametrize(
    "written", ["", "*", "https://", "ftp://shop.example", "https://sh op.example", "a; script-src *"]
)
def test_what_is_no_site_is_refused(written: str) -> None:
    """It would end in a header of ours."""
    with pytest.raises(Invalid):
        origins.normalise(written)


@pytest.mark.parametrize(
    ("listed", "origin", "allowed"),
    [
        ("https://shop.example", "https://shop.example", True),
        ("https://shop.example", "http://shop.example", False),
        ("https://shop.example", "https://shop.example.evil.example", False),
        ("https://shop.example", "https://www.shop.example", False),
        ("https://*.shop.example", "https://www.shop.example", True),
        ("https://*.shop.example", "https://a.b.shop.example", True),
        ("https://*.shop.example", "https://shop.example", False),
        ("https://*.shop.example", "https://evilshop.example", False),
        ("https://*.shop.example", "https://www.shop.example:8443", False),
        ("http://localhost:*", "http://localhost:5173", True),
        ("http://localhost:*", "http://localhost", True),
        ("http://localhost:*", "http://localhost.evil.example:5173", False),
    ],
)
def test_only_listed_sites_may_show_it(listed: str, origin: str, allowed: bool) -> None:
    """The whole host, the scheme and the port count (field 2.4.8)."""
    assert origins.allows([listed], origin) is allowed


def test_origins_of_addresses() -> None:
    """What browsers send, and what they do not."""
    assert origins.origin_of("https://Shop.example:443/lamps?x=1") == "https://shop.example"
    assert origins.origin_of("http://[::1]:8000/") == "http://[::1]:8000"
    assert [origins.origin_of(each) for each in ("null", "", "file:///x", "https://a:b")] == [None] * 4


async def test_a_widget_is_made_and_changed(desk: Desk, db: Database) -> None:
    """Its team, words, questions and sites; an old version is refused."""
    async with unit_of_work(db) as session:
        team = await factories.team(session)
        wanted = WidgetChange(
            name=" Lamps ",
            origins=["shop.example", "https://shop.example/"],
            hue=172,
            team_id=team.id,
            texts={"hi": Texts(welcome="नमस्ते"), "en": Texts()},
            fields=Fields(name="required", email="off"),
        )
        made = await widgets.change(session, desk.widget.id, wanted, 1)
    async with reading(db) as session:
        kept = await widgets.get(session, made.id)
        assert (kept.name, kept.origins, kept.hue, kept.version) == ("Lamps", ["https://shop.example"], 172, 2)
        assert (kept.texts, kept.fields) == ({"hi": {"welcome": "नमस्ते"}}, {"name": "required", "email": "off"})
        assert await widgets.team_of(session, kept) == team.id
        assert [each.id for each in await widgets.listed(session)] == [made.id]
    async with unit_of_work(db) as session:
        with pytest.raises(Stale):
            await widgets.change(session, made.id, WidgetChange(name="Other"), 1)


@pytest.mark.parametrize(
    "wanted",
    [
        WidgetChange(name=""),
        WidgetChange(hue=361),
        WidgetChange(texts={"xx": Texts()}),
        WidgetChange(texts={"en": Texts(title="x" * 401)}),
        WidgetChange(team_id=999),
        WidgetChange(origins=["not a site"]),
    ],
)
async def test_impossible_values_are_refused(desk: Desk, db: Database, wanted: WidgetChange) -> None:
    """Each names its field."""
    async with unit_of_work(db) as session:
        with pytest.raises(Invalid):
            await widgets.change(session, desk.widget.id, wanted)


async def test_a_widget_that_is_off_is_not_found_by_visitors(desk: Desk, db: Database) -> None:
    """Nor is one whose key somebody guesses."""
    async with unit_of_work(db) as session:
        assert (await widgets.by_key(session, desk.widget.key)).id == desk.widget.id
        await widgets.change(session, desk.widget.id, WidgetChange(is_enabled=False))
        await session.flush()
        for key in (desk.widget.key, "0" * 16, ""):
            with pytest.raises(NotFound):
                await widgets.by_key(session, key)


async def test_a_proxy_without_sockets_is_noticed(desk: Desk, db: Database, clock: ManualClock) -> None:
    """Visitors who had to do without, and none with: a warning, until one comes by socket (field 2.4.11)."""
    seen: list[bool] = []
    for socket in (True, False, True):
        async with unit_of_work(db) as session:
            await widgets.came(session, await widgets.get(session, desk.widget.id), socket=socket)
        async with reading(db) as session:
            seen.append(widgets.lacks_sockets(await widgets.get(session, desk.widget.id)))
        clock.advance(timedelta(minutes=5))
    assert seen == [False, True, False]

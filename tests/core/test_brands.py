"""Brands: which one a host shows, what can be set, and when a change is seen."""

from datetime import timedelta

import pytest

from core import brands
from core.brands import Draft, FooterLink
from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.errors import Conflict, Invalid, Stale
from core.settings import Settings, load


def draft(**changed: object) -> Draft:
    """A brand of its own host."""
    values: dict[str, object] = {
        "host": "help.acme.example",
        "name": "Acme",
        "hue": 30,
        "default_language": "hi",
        "languages": ["hi", "en"],
    }
    return Draft(**(values | changed))  # type: ignore[arg-type]


async def make(db: Database, **changed: object) -> brands.Brand:
    """Create a brand."""
    async with unit_of_work(db) as session:
        return await brands.create(session, draft(**changed))


async def test_a_host_shows_its_brand_and_others_the_desks_own(
    db: Database, settings: Settings, clock: ManualClock
) -> None:
    """By the whole Host header, then without its port; a host that is nobody's gets the row without a host."""
    await make(db)
    await make(db, host="help.acme.example:8443", name="Acme at work")
    await make(db, host="", name="Group")

    async def name(host: str) -> str:
        return (await brands.of_host(db, settings, host)).name

    assert await name("HELP.acme.example") == "Acme"
    assert await name("help.acme.example:8000") == "Acme"
    assert await name("help.acme.example:8443") == "Acme at work"
    assert await name("planted.example") == "Group"


async def test_a_desk_without_brands_is_its_settings(db: Database, settings: Settings, clock: ManualClock) -> None:
    """Name, colour and language come from the settings."""
    found = await brands.of_host(db, settings, "desk.example")
    assert (found.id, found.name, found.hue) == (0, settings.product_name, settings.portal_hue)


async def test_a_change_is_seen_at_once_here_and_soon_elsewhere(
    db: Database, database_url: str, settings: Settings, clock: ManualClock
) -> None:
    """This process forgets what it kept with the commit; another one, here another pool, after ten seconds."""
    made = await make(db, host="")
    elsewhere = Database(database_url, pool_size=1)
    brands._kept.clear()
    assert (await brands.of_host(db, settings, "x")).name == "Acme"
    assert (await brands.of_host(elsewhere, settings, "x")).name == "Acme"
    kept = brands._kept[elsewhere]
    async with unit_of_work(db) as session:
        await brands.change(session, made.id, draft(host="", name="Acme Ltd"))
    assert (await brands.of_host(db, settings, "x")).name == "Acme Ltd"
    brands._kept[elsewhere] = kept  # that process did not hear of the commit
    assert (await brands.of_host(elsewhere, settings, "x")).name == "Acme"
    clock.advance(timedelta(seconds=10))
    assert (await brands.of_host(elsewhere, settings, "x")).name == "Acme Ltd"
    await elsewhere.close()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"host": "https://help.example"}, "host"),
        ({"host": "help.example:"}, "host"),
        ({"host": ":8443"}, "host"),
        ({"host": "help.example:99999"}, "host"),
        ({"host": "help.example:0"}, "host"),
        ({"name": " "}, "name"),
        ({"hue": 400}, "hue"),
        ({"languages": []}, "languages"),
        ({"default_language": "kn"}, "defaultLanguage"),
        ({"contact_address": "help"}, "contactAddress"),
        ({"footer_links": [FooterLink({"en": "Terms"}, "javascript:alert(1)")]}, "footerLinks[0].address"),
        ({"footer_links": [FooterLink({"en": "Terms"}, "//evil.example")]}, "footerLinks[0].address"),
        ({"footer_links": [FooterLink({"en": "A"}, "/a"), FooterLink({}, "/terms")]}, "footerLinks[1].words"),
        ({"footer_links": [FooterLink({"en": "A"}, "/a")] * 13}, "footerLinks"),
    ],
)
async def test_what_makes_no_sense_is_refused(db: Database, wrong: dict[str, object], field: str) -> None:
    """The complaint names the field."""
    with pytest.raises(Invalid) as refused:
        await make(db, **wrong)
    assert refused.value.extra["errors"][0]["field"] == field


async def test_everything_that_is_wrong_is_named_at_once(db: Database) -> None:
    """Nobody saves a form five times to learn of five slips."""
    with pytest.raises(Invalid) as refused:
        await make(db, host="https://help.example", name="", hue=-1, languages=[])
    fields = [each["field"] for each in refused.value.extra["errors"]]
    assert fields == ["host", "name", "hue", "languages"]


async def test_a_host_has_one_brand(db: Database, clock: ManualClock) -> None:
    """The second one is refused, in whatever letters the host is written, also when a brand moves there."""
    await make(db)
    with pytest.raises(Conflict) as refused:
        await make(db, host="Help.Acme.example")
    assert refused.value.extra["errors"][0]["field"] == "host"
    own = await make(db, host="")
    with pytest.raises(Conflict, match="all other hosts"):
        await make(db, host="")
    with pytest.raises(Conflict, match=r"help\.acme\.example"):
        async with unit_of_work(db) as session:
            await brands.change(session, own.id, draft(host="help.acme.example"))


async def test_hosts_of_any_script_are_found_as_browsers_ask_for_them(
    db: Database, settings: Settings, clock: ManualClock
) -> None:
    """Typed in Devanagari, kept in ASCII with its port; the same host cannot be taken in another spelling."""
    made = await make(db, host=" सहायता.भारत:8443 ", name="Sahayata")
    assert made.host == "xn--h2bv0aezc.xn--h2brj9c:8443"
    assert (await brands.of_host(db, settings, made.host)).name == "Sahayata"
    with pytest.raises(Conflict, match="सहायता.भारत:8443"):
        await make(db, host="सहायता。भारत:08443")


async def test_an_old_version_is_not_written_over(db: Database, clock: ManualClock) -> None:
    """Two administrators do not undo each other's changes unseen."""
    made = await make(db)
    async with unit_of_work(db) as session:
        await brands.change(session, made.id, draft(name="Acme Ltd"), made.version)
    with pytest.raises(Stale):
        async with unit_of_work(db) as session:
            await brands.change(session, made.id, draft(name="Other"), made.version)


def test_the_address_of_a_brand_is_its_host() -> None:
    """With the scheme under which the desk is reached; the desk's own brand has the desk's address."""
    known = load(public_url="https://desk.example")
    assert brands.address_of(brands.Brand(host="help.acme.example"), known) == "https://help.acme.example"
    assert brands.address_of(brands.Brand(), known) == "https://desk.example"

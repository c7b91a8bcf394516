"""The sender's name of what leaves: the mailbox's own, its brand's, the desk's brand's, the mailbox's short name."""

from channels.email import leaving
from core import brands
from core.brands import Draft
from core.db import Database, reading, unit_of_work
from tests import factories


async def brand(db: Database, host: str, name: str, mailbox_id: int | None = None) -> None:
    """Make a brand."""
    draft = Draft(host=host, name=name, hue=10, default_language="en", languages=["en"], mailbox_id=mailbox_id)
    async with unit_of_work(db) as session:
        await brands.create(session, draft)


async def sender(db: Database, account_id: int, whose: str = "") -> str:
    """Under which name a mail of the mailbox leaves."""
    async with reading(db) as session:
        place = leaving.first_that_sends(await leaving.mailboxes(session), account_id)
    assert place.sender(whose).address == place.address
    return place.sender(whose).display_name


async def test_a_brands_name_is_the_senders_name(db: Database) -> None:
    """Brand by brand the name becomes more exact; a name that the mailbox has of its own goes before all of them."""
    async with unit_of_work(db) as session:
        plain = await factories.mailbox(session)
        plain.name, plain.display_name = "help desk", ""
        own = await factories.mailbox(session, address="own@desk.example")
    assert await sender(db, plain.id) == "help desk"
    await brand(db, "", "Kaveri")
    assert await sender(db, plain.id) == "Kaveri"
    await brand(db, "lamps.example", "Lamps & Co", plain.id)
    await brand(db, "tools.example", "Tools & Co")
    assert await sender(db, plain.id) == "Lamps & Co"
    assert await sender(db, plain.id, "Tools & Co") == "Tools & Co"
    assert (await sender(db, own.id), await sender(db, own.id, "Tools & Co")) == ("Desk", "Desk")

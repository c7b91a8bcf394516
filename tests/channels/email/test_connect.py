"""Connecting mailboxes: what is kept, what is refused, and when reading starts afresh."""

import pytest
from sqlalchemy import select, update

from channels.email.accounts import ImapSettings, SmtpSettings, listed
from channels.email.connect import Mailbox, connect, disconnect
from channels.models import ChannelAccount
from core.db import reading, unit_of_work
from core.errors import Invalid, NotFound

IMAP = ImapSettings(host="imap.desk.test", user="help", password="secret")
HELP = Mailbox(
    name="help", address="Help@Desk.test", team="First line", imap=IMAP, smtp=SmtpSettings(host="smtp.desk.test")
)


async def save(db, mailbox: Mailbox) -> int:
    """Connect in a unit of work of its own."""
    async with unit_of_work(db) as session:
        return await connect(session, mailbox)


async def cursor_after(db, mailbox: Mailbox) -> dict:
    """The cursor of a mailbox that had been read up to 7, after it was connected again like this."""
    account_id = await save(db, HELP)
    async with unit_of_work(db) as session:
        await session.execute(update(ChannelAccount).values(cursor={"uidvalidity": 1, "last_uid": 7}))
    assert await save(db, mailbox) == account_id
    async with reading(db) as session:
        return await session.scalar(select(ChannelAccount.cursor).where(ChannelAccount.id == account_id))


async def test_a_mailbox_is_connected(db) -> None:
    """Address, servers and team are stored; the address in the form in which it is compared."""
    await save(db, HELP)
    async with reading(db) as session:
        (found,) = await listed(session)
    assert (found.name, found.address) == ("help", "help@desk.test")
    assert found.settings["imap"]["host"] == "imap.desk.test"
    assert found.settings["smtp"]["tls"] == "starttls"


async def test_a_new_password_keeps_the_place_in_the_folder(db) -> None:
    """Changing what does not move the folder reads no mail twice."""
    again = Mailbox(
        name="help", address="help@desk.test", imap=ImapSettings(host=IMAP.host, user=IMAP.user, password="new")
    )
    assert (await cursor_after(db, again))["last_uid"] == 7


async def test_another_server_starts_afresh(db) -> None:
    """A cursor means nothing on another server."""
    again = Mailbox(name="help", address="help@desk.test", imap=ImapSettings(host="other.test", user=IMAP.user))
    assert await cursor_after(db, again) == {}


async def test_an_address_belongs_to_one_mailbox(db) -> None:
    """Two mailboxes with one address would fight over each mail; the second is refused by name."""
    await save(db, HELP)
    with pytest.raises(Invalid, match="belongs to the mailbox help"):
        await save(db, Mailbox(name="sales", address="sales@desk.test", aliases=("HELP@desk.test",)))


@pytest.mark.parametrize("address", ["", "help", "@desk.test", "help@"])
async def test_what_is_no_address_is_refused(db, address: str) -> None:
    """A mailbox without an address would catch nothing."""
    with pytest.raises(Invalid, match="looks like"):
        await save(db, Mailbox(name="help", address=address))


async def test_a_mailbox_is_let_go_and_comes_back(db) -> None:
    """Its row stays for the sake of its tickets; connecting again switches it on."""
    account_id = await save(db, HELP)
    async with unit_of_work(db) as session:
        await disconnect(session, "help")
    async with reading(db) as session:
        assert await listed(session) == []
    assert await save(db, HELP) == account_id


async def test_letting_go_of_an_unknown_mailbox_says_so(db) -> None:
    """A typing mistake does not pass in silence."""
    with pytest.raises(NotFound, match="no mailbox halp"):
        async with unit_of_work(db) as session:
            await disconnect(session, "halp")

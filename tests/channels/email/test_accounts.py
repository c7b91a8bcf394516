"""The desk's mailboxes: whose mail it is, and what settings mean."""

from datetime import date

import pytest

from channels.email import accounts
from channels.email.accounts import AddressBook, Encryption, MailAccount
from core.db import reading
from core.errors import Invalid
from core.vault import Vault
from tests.channels.email.conftest import make_account

VAULT = Vault("test-secret-of-the-suite")
HELP = MailAccount(1, "Help", "Help@Desk.test", ("hilfe@desk.test", "a+b@desk.test"), "Help", {})
SALES = MailAccount(2, "Sales", "sales@मेल.भारत", (), "Sales", {})


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("help@desk.test", HELP),
        (" <HELP@DESK.TEST> ", HELP),
        ("help+t12.sig@desk.test", HELP),
        ("Hilfe+x+y@desk.test", HELP),
        ("a+b@desk.test", HELP),
        ("a@desk.test", None),
        ("help@desk.test.evil.test", None),
        ("nobody@desk.test", None),
        ("sales@मेल.भारत", SALES),
        ("sales@" + "मेल.भारत".encode("idna").decode(), SALES),
        ("", None),
        ("@", None),
        ("+@desk.test", None),
    ],
)
def test_whose_address_it_is(address, found):
    """Aliases, plus parts, capitals, domains in letters of their own."""
    assert AddressBook([HELP, SALES]).find(address) == found


def test_our_domains():
    """Decides between "no such mailbox" and "relaying denied"."""
    book = AddressBook([HELP])
    assert book.owns_domain("x@DESK.test")
    assert not book.owns_domain("x@elsewhere.test")


async def test_inactive_mailboxes_are_ours_but_take_no_mail(db):
    """Both questions have their own answer."""
    await make_account(db, "Old", is_active=False)
    await make_account(db, "Web", channel="web")
    async with reading(db) as session:
        assert (await accounts.address_book(session)).find("old@desk.test") is None
        every = await accounts.address_book(session, active_only=False)
    assert every.find("old@desk.test") is not None
    assert every.find("web@desk.test") is None


def test_settings_are_read_with_their_defaults():
    """Also the short forms that people write."""
    read = accounts.imap_settings({"imap": {"host": "mx", "since": "2026-03-01", "tls": False}}, VAULT)
    assert (read.port, read.folder, read.tls, read.since) == (993, "INBOX", Encryption.NONE, date(2026, 3, 1))
    assert accounts.imap_settings({"smtp": {"host": "mx"}}, VAULT) is None
    assert accounts.smtp_settings({"host": "mx"}, VAULT).tls is Encryption.STARTTLS


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"pop3": {}}, "pop3"),
        ({"imap": {"port": 1}}, "imap.host"),
        ({"imap": {"host": " "}}, "imap.host"),
        ({"imap": {"host": "x", "port": 70000}}, "imap.port"),
        ({"imap": {"host": "x", "tls": "ssl3"}}, "imap.tls"),
        ({"imap": "mx"}, "imap"),
        ({"smtp": {"host": "x", "pasword": "typo"}}, "smtp.pasword"),
    ],
)
def test_wrong_settings_name_their_field(settings, name):
    """Before they are saved, not when mail stops."""
    with pytest.raises(Invalid) as told:
        accounts.validate(settings, VAULT)
    assert told.value.extra["errors"][0]["field"] == name


async def test_options_that_nobody_understands_stop_no_mailbox(db):
    """One row that was damaged by hand counts as having none; the others go on."""
    await make_account(db, "Good", options={"reopen_days": 7})
    await make_account(db, "Damaged", options={"reopen_days": "soon"})
    async with db.sessions() as session:
        found = {each.name: each.options.reopen_days for each in await accounts.listed(session)}
    assert found == {"Good": 7, "Damaged": 30}

"""Where a mail of ours leaves from: which mailbox, under which address and name, and which addresses are our own.

Part of sending, used by ``channels/email/outbox`` and ``channels/email/notice_mail``. All mailboxes are read by one
statement; the rest is pure.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import String, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from channels.email.accounts import CHANNEL, AddressBook, MailAccount, normalise
from channels.email.compose import SendingAccount
from channels.email.parsed import Address
from channels.models import ChannelAccount
from core.errors import Permanent

SENDER_NAME: Final = """
    coalesce(
        nullif(channel_accounts.display_name, ''),
        (select b.name from brands b where b.mailbox_id = channel_accounts.id or b.host = ''
            order by b.mailbox_id is distinct from channel_accounts.id, b.host limit 1),
        channel_accounts.name
    )
"""
"""SQL of the name that customers read: the mailbox's own, else its brand's, else the desk's own brand's."""


class Mailbox(NamedTuple):
    """A mailbox, and the sender's name of its mails."""

    account: ChannelAccount
    name: str


class Place(NamedTuple):
    """A mailbox, the one of its addresses that a mail leaves from, and the sender's name."""

    account: ChannelAccount
    address: str
    name: str

    def sender(self, brand: str = "") -> SendingAccount:
        """The same for ``compose`` and ``send``.

        Args:
            brand: whose mail it is, where that is known; a name that the mailbox has of its own goes before it.
        """
        settings = self.account.settings
        name = self.account.display_name or brand or self.name
        return SendingAccount(self.address, name, settings["smtp"], settings.get("dkim"), self.account.id)


async def mailboxes(session: AsyncSession) -> list[Mailbox]:
    """All mailboxes, oldest first; also those no longer in use, whose addresses are still ours."""
    name = literal_column(SENDER_NAME, String)
    statement = select(ChannelAccount, name).where(ChannelAccount.channel == CHANNEL).order_by(ChannelAccount.id)
    return [Mailbox(account, name) for account, name in await session.execute(statement)]


def book_of(listed: Sequence[Mailbox]) -> AddressBook:
    """Our own addresses: to none of them a mail is ever sent (field 27)."""
    return AddressBook(
        MailAccount(each.id, each.name, each.address, tuple(each.aliases), name, {}) for each, name in listed
    )


def place_for(
    listed: Sequence[Mailbox],
    book: AddressBook,
    own_address: str | None,
    account_id: int | None,
    team_id: int | None,
) -> Place:
    """The address that the customer wrote to; else the ticket's mailbox; else the team's; else the first.

    Args:
        listed: result of :func:`mailboxes`.
        book: result of :func:`book_of`.
        own_address: address of ours that the message is to leave from.
        account_id: the ticket's mailbox.
        team_id: the ticket's team.

    Raises:
        Permanent: there is none, or the one that should be taken has no server to send through.
    """
    usable = {each.account.id: each for each in listed if each.account.is_active}
    owner = book.find(own_address) if own_address else None
    found = usable.get(owner.id) if owner else None
    if found is not None and own_address:
        address = _without_token(found.account, own_address)
    else:
        found = usable.get(account_id or 0) or next((each for each in usable.values() if _of_team(each, team_id)), None)
        found = found or next(iter(usable.values()), None)
        address = found.account.address if found else ""
    if found is None or not found.account.settings.get("smtp"):
        raise Permanent("No mailbox is set up that could send this. An administrator can add one.")
    return Place(found.account, address, found.name)


def first_that_sends(listed: Sequence[Mailbox], account_id: int | None) -> Place:
    """The mailbox for the desk's own mails: the one asked for if it can send, else the first that can.

    Raises:
        Permanent: none can send.
    """
    able = [each for each in listed if each.account.is_active and each.account.settings.get("smtp")]
    found = next((each for each in able if each.account.id == account_id), able[0] if able else None)
    if found is None:
        raise Permanent("No mailbox is set up that could send this. An administrator can add one.")
    return Place(found.account, found.account.address, found.name)


def _of_team(mailbox: Mailbox, team_id: int | None) -> bool:
    return team_id is not None and mailbox.account.team_id == team_id


def _without_token(account: ChannelAccount, own_address: str) -> str:
    """One of the account's addresses as it is configured: customers write to it with tokens and in any case."""
    wanted = normalise(own_address)
    by_name = {normalise(each): each for each in (account.address, *account.aliases)}
    local, _, domain = wanted.rpartition("@")
    return by_name.get(wanted) or by_name.get(f"{local.partition('+')[0]}@{domain}") or account.address


def outside(people: list[Any], book: AddressBook) -> list[Address]:
    """Recipients who are not ourselves, as stored with a message."""
    return [Address(each["name"], each["address"]) for each in people if book.find(each["address"]) is None]

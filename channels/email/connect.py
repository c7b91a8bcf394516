"""Connect a mailbox: give it a name, an address, a team, and say where it is read and how it sends.

Administration of the e-mail channel, called by the command line (``sampark/commands/mailbox.py``). A running desk
notices a mailbox that was added or changed within ten seconds (``sampark/roles.py``).
"""

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from channels.email import accounts
from channels.email.accounts import CHANNEL, ImapSettings, SmtpSettings
from channels.models import ChannelAccount
from core import clock
from core.errors import Invalid, NotFound
from staff import teams


class Mailbox(msgspec.Struct, frozen=True, kw_only=True):
    """What an administrator says about a mailbox.

    Attributes:
        name: short, unique, for people and commands.
        address: what customers write to.
        aliases: further addresses that end in it.
        display_name: the sender's name that customers read; empty takes the name.
        team: name of the team that owns what comes in; made when there is none.
        imap: where it is read; None when mail comes in by the listener only.
        smtp: where its answers are handed over; without it the mailbox only receives.
    """

    name: str
    address: str
    aliases: tuple[str, ...] = ()
    display_name: str = ""
    team: str | None = None
    imap: ImapSettings | None = None
    smtp: SmtpSettings | None = None


async def connect(session: AsyncSession, mailbox: Mailbox) -> int:
    """Make the mailbox of this name, or change it to what is said here; returns its id.

    Its place in the folder is kept when the same folder of the same server is read as before, so that no mail is
    read twice.

    Raises:
        Invalid: a value is missing or wrong, or the address belongs to another mailbox.
    """
    settings = {
        part: msgspec.to_builtins(given) for part, given in (("imap", mailbox.imap), ("smtp", mailbox.smtp)) if given
    }
    accounts.validate(settings)
    address = accounts.normalise(mailbox.address)
    if not address.partition("@")[0] or not address.partition("@")[2]:
        raise Invalid.field("address", "An address looks like help@example.org.")
    await _refuse_taken(session, mailbox.name, (address, *map(accounts.normalise, mailbox.aliases)))
    account = await session.scalar(select(ChannelAccount).where(ChannelAccount.name == mailbox.name).with_for_update())
    if account is None:
        account = ChannelAccount(channel=CHANNEL, name=mailbox.name, settings={}, cursor={}, created_at=clock.now())
        session.add(account)
    elif _place(account.settings) != _place(settings):
        account.cursor = {}
    account.address = address
    account.aliases = [accounts.normalise(alias) for alias in mailbox.aliases]
    account.display_name = mailbox.display_name or mailbox.name
    account.team_id = await teams.create(session, mailbox.team) if mailbox.team else None
    account.settings = settings
    account.is_active = True
    account.last_error = None
    await session.flush()
    return account.id


def _place(settings: dict[str, dict[str, object]]) -> tuple[object, ...]:
    """What a cursor belongs to: server, user and folder."""
    imap = settings.get("imap") or {}
    return (imap.get("host"), imap.get("user"), imap.get("folder", "INBOX"))


async def _refuse_taken(session: AsyncSession, name: str, addresses: tuple[str, ...]) -> None:
    for other in await accounts.listed(session):
        taken = {accounts.normalise(address) for address in (other.address, *other.aliases)} & set(addresses)
        if other.name != name and taken:
            raise Invalid.field("address", f"{min(taken)} belongs to the mailbox {other.name}.")


async def disconnect(session: AsyncSession, name: str) -> None:
    """Stop reading a mailbox and taking mail for it; its tickets and its ledger stay.

    Raises:
        NotFound: there is none of this name.
    """
    statement = (
        update(ChannelAccount)
        .where(ChannelAccount.name == name, ChannelAccount.channel == CHANNEL)
        .values(is_active=False)
        .returning(ChannelAccount.id)
    )
    if await session.scalar(statement) is None:
        raise NotFound(f"There is no mailbox {name}.")

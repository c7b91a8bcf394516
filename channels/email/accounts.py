"""The desk's mailboxes: which are in use, whose address a mail was sent to, and what their settings mean.

Part of the e-mail channel. The listener and the fetcher ask here before they store a mail, the sender before it
opens a connection, and the outbox so that the desk never writes to itself.
"""

import contextlib
import enum
from collections.abc import Iterable
from datetime import date
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from channels.models import ChannelAccount
from core.errors import Invalid

CHANNEL: Final = "email"


class Encryption(enum.StrEnum):
    """How a connection to a mail server is protected."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class ImapSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a mailbox is read.

    Attributes:
        host: name or address of the server.
        port: 993 with TLS from the start, 143 otherwise.
        user: name of the sign-in.
        password: its password; not needed with a token.
        token: OAuth 2.0 access token, used as XOAUTH2 when given.
        tls: TLS from the start, STARTTLS, or none.
        ca_file: PEM file of the authority to trust beside the system's; for servers with a certificate of their own.
        folder: the one folder that is read.
        since: older mails are left where they are when the mailbox is read for the first time.
    """

    host: str
    port: int = 993
    user: str = ""
    password: str = ""
    token: str = ""
    tls: Encryption = Encryption.TLS
    ca_file: str = ""
    folder: str = "INBOX"
    since: date | None = None


class SmtpSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an account's mails are handed over.

    Attributes:
        host: name or address of the server.
        port: 587 with STARTTLS, 465 with TLS from the start, 25 inside a network.
        user: name of the sign-in; empty when the server asks for none.
        password: its password.
        tls: TLS from the start, STARTTLS, or none.
        ca_file: PEM file of the authority to trust beside the system's.
    """

    host: str
    port: int = 587
    user: str = ""
    password: str = ""
    tls: Encryption = Encryption.STARTTLS
    ca_file: str = ""


_Kind = TypeVar("_Kind", ImapSettings, SmtpSettings)


class MailAccount(msgspec.Struct, frozen=True):
    """A mailbox as the channel needs it."""

    id: int
    name: str
    address: str
    aliases: tuple[str, ...]
    display_name: str
    settings: dict[str, Any]


def imap_settings(settings: dict[str, Any]) -> ImapSettings | None:
    """How this account is fetched; None when it only listens.

    Raises:
        Invalid: a value is missing or wrong; ``errors`` names it.
    """
    given = settings.get("imap")
    return None if not given else _read(given, ImapSettings, "imap")


def smtp_settings(given: dict[str, Any]) -> SmtpSettings:
    """How an account sends, from the ``smtp`` part of its settings.

    Raises:
        Invalid: a value is missing or wrong; ``errors`` names it.
    """
    return _read(given, SmtpSettings, "smtp")


def validate(settings: dict[str, Any]) -> None:
    """Check an account's settings before they are saved.

    Raises:
        Invalid: a value is missing, wrong or unknown; ``errors`` names it.
    """
    if unknown := sorted(set(settings) - {"imap", "smtp"}):
        raise Invalid.field(unknown[0], "There is no such setting.")
    imap_settings(settings)
    if settings.get("smtp"):
        smtp_settings(settings["smtp"])


def _read(given: Any, kind: type[_Kind], part: str) -> _Kind:
    if isinstance(given, dict) and isinstance(given.get("tls"), bool):
        given = {**given, "tls": "tls" if given["tls"] else "none"}
    try:
        read = msgspec.convert(given, kind)
    except msgspec.ValidationError as problem:
        raise Invalid.field(part, str(problem)) from None
    if not read.host.strip():
        raise Invalid.field(f"{part}.host", "A server is needed.")
    if not 0 < read.port < 65536:
        raise Invalid.field(f"{part}.port", "A port is a number from 1 to 65535.")
    return read


def normalise(address: str) -> str:
    """An address for comparing: lower case, no angle brackets, the domain as DNS sees it."""
    local, _, domain = address.strip().strip("<>").strip().rpartition("@")
    if not domain.isascii():
        with contextlib.suppress(UnicodeError):  # then it is compared as it is written
            domain = domain.encode("idna").decode()
    return f"{local}@{domain}".casefold()


def without_tag(address: str) -> str:
    """A normalised address without its plus part (RFC 5233): ``help+t12@x`` is ``help@x``."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


class AddressBook:
    """Our own addresses.

    Args:
        accounts: the mailboxes whose addresses and aliases are meant.
    """

    def __init__(self, accounts: Iterable[MailAccount]) -> None:
        self._by_address: dict[str, MailAccount] = {}
        for account in accounts:
            for address in (account.address, *account.aliases):
                self._by_address.setdefault(normalise(address), account)
        self._domains = {address.rpartition("@")[2] for address in self._by_address}

    def find(self, address: str) -> MailAccount | None:
        """The mailbox that a mail to ``address`` belongs to: by address, alias, or either with a plus part."""
        wanted = normalise(address)
        return self._by_address.get(wanted) or self._by_address.get(without_tag(wanted))

    def owns_domain(self, address: str) -> bool:
        """Whether some mailbox of ours is in the address's domain."""
        return normalise(address).rpartition("@")[2] in self._domains


async def listed(session: AsyncSession, *, active_only: bool = True) -> list[MailAccount]:
    """The mailboxes, oldest first."""
    statement = select(
        ChannelAccount.id,
        ChannelAccount.name,
        ChannelAccount.address,
        ChannelAccount.aliases,
        ChannelAccount.display_name,
        ChannelAccount.settings,
    ).where(ChannelAccount.channel == CHANNEL)
    if active_only:
        statement = statement.where(ChannelAccount.is_active)
    rows = await session.execute(statement.order_by(ChannelAccount.id))
    return [MailAccount(row[0], row[1], row[2], tuple(row[3]), row[4], row[5]) for row in rows]


async def address_book(session: AsyncSession, *, active_only: bool = True) -> AddressBook:
    """Our addresses as they are now. For "is this one of ours" ask with ``active_only=False``."""
    return AddressBook(await listed(session, active_only=active_only))

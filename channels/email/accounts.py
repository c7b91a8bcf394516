"""The desk's mailboxes: which are in use, whose address a mail was sent to, and what their settings mean.

Part of the e-mail channel. The listener and the fetcher ask here before they store a mail, the sender before it
opens a connection, and the outbox so that the desk never writes to itself. Secrets in the settings are sealed
(`core.vault`); they are opened where they are read here, and nowhere else.
"""

import contextlib
import enum
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final, Literal, TypeVar

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from channels.models import ChannelAccount
from core import log
from core.errors import Invalid
from core.vault import SealBroken, Vault, is_sealed

CHANNEL: Final = "email"


class Encryption(enum.StrEnum):
    """How a connection to a mail server is protected."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class Auth(enum.StrEnum):
    """How the desk signs in to a mail server."""

    PASSWORD = "password"  # noqa: S105 - a word, not one
    OAUTH = "oauth"


class ImapSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a mailbox is read.

    Attributes:
        host: name or address of the server.
        port: 993 with TLS from the start, 143 otherwise.
        user: name of the sign-in.
        password: its password; not needed with a token.
        token: OAuth 2.0 access token, used as XOAUTH2 when given; `channels.email.signin` puts a fresh one in.
        tls: TLS from the start, STARTTLS, or none.
        ca_file: PEM file of the authority to trust beside the system's; for servers with a certificate of their own.
        folder: the one folder that is read.
        since: older mails are left where they are when the mailbox is read for the first time.
        auth: by password, or by the account's OAuth 2.0 grant.
        import_as: what mails that lay there before the first reading become: closed tickets, or open ones.
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
    auth: Auth = Auth.PASSWORD
    import_as: Literal["closed", "open"] = "closed"


class SmtpSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an account's mails are handed over.

    Attributes:
        host: name or address of the server.
        port: 587 with STARTTLS, 465 with TLS from the start, 25 inside a network.
        user: name of the sign-in; empty when the server asks for none.
        password: its password.
        tls: TLS from the start, STARTTLS, or none.
        ca_file: PEM file of the authority to trust beside the system's.
        auth: by password, or by the account's OAuth 2.0 grant.
        token: OAuth 2.0 access token, used as XOAUTH2 when given; `channels.email.signin` puts a fresh one in.
        per_minute: mails that may leave in a minute; 0 takes what is known to be right for the provider.
        verp: whether the envelope's sender names the message, so that every bounce finds it; None: where it works.
    """

    host: str
    port: int = 587
    user: str = ""
    password: str = ""
    tls: Encryption = Encryption.STARTTLS
    ca_file: str = ""
    auth: Auth = Auth.PASSWORD
    token: str = ""
    per_minute: int = 0
    verp: bool | None = None


class OauthSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An OAuth 2.0 client at a mail provider, and the grant that the mailbox's owner gave it.

    Attributes:
        provider: decides what is known already (`channels.email.presets`).
        client_id: the desk's name at the provider.
        client_secret: its password there; some providers give none (RFC 7636 protects the exchange).
        tenant: Microsoft's directory; ``common`` lets any account in.
        authorize_url: where the owner says yes; needed for a custom provider only.
        token_url: where codes and refresh tokens become access tokens; likewise.
        scope: what is asked for; empty takes what mail needs.
        refresh_token: the grant.
        access_token: the newest key made of it.
        expires_at: when that ends, in UTC.
        secret_expires_on: when the client's secret ends, as the administrator was told by the provider.
        refresh_expires_at: when the grant ends unless it is used or given again, in UTC; None when it does not.
        granted_at: when the owner last said yes, in UTC.
        refused: why the provider no longer accepts the grant; empty while it does.
    """

    provider: Literal["google", "microsoft", "custom"] = "custom"
    client_id: str = ""
    client_secret: str = ""
    tenant: str = "common"
    authorize_url: str = ""
    token_url: str = ""
    scope: str = ""
    refresh_token: str = ""
    access_token: str = ""
    expires_at: datetime | None = None
    secret_expires_on: date | None = None
    refresh_expires_at: datetime | None = None
    granted_at: datetime | None = None
    refused: str = ""

    @property
    def connected(self) -> bool:
        """Whether there is a grant that the provider accepts, as far as we know."""
        return bool(self.refresh_token) and not self.refused


class DkimSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The key that signs outgoing mails (RFC 6376).

    Attributes:
        selector: names the key in DNS: ``selector._domainkey.domain``.
        domain: whose signature it is.
        private_key: RSA key in PEM.
        public_key: its public half as DNS shows it (base64 of DER).
    """

    selector: str
    domain: str
    private_key: str
    public_key: str = ""


class Acknowledge(msgspec.Struct, frozen=True):
    """The mail that tells a customer that her question has arrived.

    Attributes:
        enabled: whether it is sent.
        subject: template; empty takes the product's own, in the customer's language.
        html: likewise.
    """

    enabled: bool = False
    subject: str = ""
    html: str = ""


class MailboxOptions(msgspec.Struct, frozen=True):
    """How the desk behaves with a mailbox.

    Attributes:
        acknowledge: the automatic answer to a new question.
        reply_to_policy: whether a customer is who stands in From, or in Reply-To (mails of a contact form).
        agent_answers: when agents may answer by mail: from a proven sender, by their token alone, or never.
        subject_number: put the ticket's number into subjects, for people whose programs lose everything else.
        duplicates: whether copies of a mail to two mailboxes make one ticket, or one each.
        trusted_servers: names of receiving servers whose Authentication-Results are believed (RFC 8601).
        silent_after_minutes: the mailbox counts as silent when it could not be reached for so long.
        reopen_days: an answer to a ticket that was closed longer ago opens a new one.
        plain_text: send text without HTML.
    """

    acknowledge: Acknowledge = Acknowledge()
    reply_to_policy: Literal["from", "reply_to"] = "from"
    agent_answers: Literal["aligned", "token", "off"] = "aligned"
    subject_number: bool = False
    duplicates: Literal["one", "each"] = "one"
    trusted_servers: tuple[str, ...] = ()
    silent_after_minutes: int = 10
    reopen_days: int = 30
    plain_text: bool = False


_Kind = TypeVar("_Kind", ImapSettings, SmtpSettings, OauthSettings, DkimSettings, MailboxOptions)
_KINDS: Final = {"imap": ImapSettings, "smtp": SmtpSettings, "oauth": OauthSettings, "dkim": DkimSettings}
SECRETS: Final[Mapping[str, tuple[str, ...]]] = {
    "imap": ("password", "token"),
    "smtp": ("password", "token"),
    "oauth": ("client_secret", "refresh_token", "access_token"),
    "dkim": ("private_key",),
}
"""Part of the settings → fields that are sealed."""
_log = log.get(__name__)
_PATH: Final = re.compile(r" - at `\$\.?([^`]*)`$")
_UNKNOWN: Final = re.compile(r"(?:unknown|required) field `([^`]+)`")


class MailAccount(msgspec.Struct, frozen=True):
    """A mailbox as the channel needs it. Secrets in ``settings`` are sealed."""

    id: int
    name: str
    address: str
    aliases: tuple[str, ...]
    display_name: str
    settings: dict[str, Any]
    options: MailboxOptions = MailboxOptions()


def imap_settings(settings: Mapping[str, Any], vault: Vault) -> ImapSettings | None:
    """How this account is fetched, its secrets opened; None when it only listens.

    Raises:
        Invalid: a value is missing or wrong (``errors`` names it), or a secret cannot be opened.
    """
    given = settings.get("imap")
    return None if not given else _server(given, ImapSettings, "imap", vault)


def smtp_settings(given: Mapping[str, Any], vault: Vault) -> SmtpSettings:
    """How an account sends, from the ``smtp`` part of its settings, its secrets opened.

    Raises:
        Invalid: a value is missing or wrong (``errors`` names it), or a secret cannot be opened.
    """
    read = _server(given, SmtpSettings, "smtp", vault)
    if not 0 <= read.per_minute <= 100_000:
        raise Invalid.field("smtp.per_minute", "Mails a minute, or 0 for what fits the provider.")
    return read


def oauth_settings(settings: Mapping[str, Any], vault: Vault) -> OauthSettings | None:
    """The account's OAuth 2.0 client and grant, secrets opened; None when it has none.

    Raises:
        Invalid: a value is missing or wrong (``errors`` names it), or a secret cannot be opened.
    """
    given = settings.get("oauth")
    return None if not given else _converted(opened("oauth", given, vault), OauthSettings, "oauth")


def dkim_settings(settings: Mapping[str, Any], vault: Vault) -> DkimSettings | None:
    """The key that signs the account's mails; None when it has none.

    Raises:
        Invalid: a value is missing or wrong (``errors`` names it), or the key cannot be opened.
    """
    given = settings.get("dkim")
    return None if not given else _converted(opened("dkim", given, vault), DkimSettings, "dkim")


def options_of(options: Mapping[str, Any]) -> MailboxOptions:
    """How the desk behaves with a mailbox, from the column ``options``.

    Raises:
        Invalid: a value is wrong; ``errors`` names it.
    """
    read = _converted(options, MailboxOptions, "options")
    if not 1 <= read.silent_after_minutes <= 10_080:
        raise Invalid.field("options.silent_after_minutes", "From one minute to a week (10080).")
    if not 0 <= read.reopen_days <= 3650:
        raise Invalid.field("options.reopen_days", "From 0 to 3650 days.")
    return read


def bare(settings: Mapping[str, Any], part: str) -> Any:
    """A part of the settings for showing: its struct with empty secrets, whatever key they are sealed with.

    Returns:
        ImapSettings, SmtpSettings, OauthSettings or DkimSettings by the part's name; None when there is none.

    Raises:
        Invalid: a value is wrong; ``errors`` names it.
    """
    given = settings.get(part)
    if not given:
        return None
    without = {**given, **dict.fromkeys(SECRETS[part], "")}
    kind: Any = _KINDS[part]
    if part in ("imap", "smtp"):
        return _server(without, kind, part, None)
    return _converted(without, kind, part)


def validate(settings: Mapping[str, Any], vault: Vault) -> None:
    """Check an account's settings before they are saved.

    Raises:
        Invalid: a value is missing, wrong or unknown; ``errors`` names it.
    """
    if unknown := sorted(set(settings) - set(_KINDS)):
        raise Invalid.field(unknown[0], "There is no such setting.")
    imap_settings(settings, vault)
    if settings.get("smtp"):
        smtp_settings(settings["smtp"], vault)
    oauth_settings(settings, vault)
    dkim_settings(settings, vault)


def fetched_by(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What decides how an account is fetched: whoever fetches starts afresh when it changes.

    The tokens that are made of a grant every hour are not part of it.
    """
    oauth = settings.get("oauth") or {}
    return {
        "imap": settings.get("imap"),
        "oauth": {name: oauth.get(name) for name in ("client_id", "client_secret", "token_url", "granted_at")},
    }


def sealed(settings: Mapping[str, Any], vault: Vault) -> dict[str, Any]:
    """The settings with every secret sealed; those that are sealed already stay as they are."""
    return {
        part: {
            name: vault.seal(value) if name in SECRETS.get(part, ()) and value and not is_sealed(value) else value
            for name, value in given.items()
        }
        if isinstance(given, dict)
        else given
        for part, given in settings.items()
    }


def opened(part: str, given: Mapping[str, Any], vault: Vault) -> dict[str, Any]:
    """One part of the settings with its secrets opened.

    Raises:
        SealBroken: the desk's key is not the one that they were sealed with; ``errors`` names the field.
    """
    read = dict(given)
    for name in SECRETS.get(part, ()):
        if isinstance(value := given.get(name), str):
            try:
                read[name] = vault.open(value)
            except SealBroken as problem:
                errors = [{"field": f"{part}.{name}", "message": problem.detail}]
                raise SealBroken(problem.detail, errors=errors) from None
    return read


def _server(given: Mapping[str, Any], kind: type[_Kind], part: str, vault: Vault | None) -> _Kind:
    if isinstance(given, dict) and isinstance(given.get("tls"), bool):
        given = {**given, "tls": "tls" if given["tls"] else "none"}
    if vault is not None and isinstance(given, dict):
        given = opened(part, given, vault)
    read: Any = _converted(given, kind, part)
    if not read.host.strip():
        raise Invalid.field(f"{part}.host", "A server is needed.")
    if not re.fullmatch(r"[^\s/@\x00-\x1f]{1,253}", read.host.strip()):
        raise Invalid.field(f"{part}.host", "Only the server's name is needed, such as mail.example.org.")
    if not 0 < read.port < 65536:
        raise Invalid.field(f"{part}.port", "A port is a number from 1 to 65535.")
    if not read.user.isprintable():
        raise Invalid.field(f"{part}.user", "This name holds characters that nobody can type.")
    found: _Kind = msgspec.structs.replace(read, host=read.host.strip())
    return found


def _converted(given: Any, kind: type[_Kind], part: str) -> _Kind:
    """The struct behind a JSON object.

    Raises:
        Invalid: a value does not fit; ``errors`` names it by its path.
    """
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as problem:
        words = str(problem)
        path, named = _PATH.search(words), _UNKNOWN.search(words)
        steps = [part, path[1] if path else "", named[1] if named else ""]
        raise Invalid.field(".".join(step for step in steps if step), _PATH.sub("", words)) from None


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
        ChannelAccount.options,
    ).where(ChannelAccount.channel == CHANNEL)
    if active_only:
        statement = statement.where(ChannelAccount.is_active)
    rows = await session.execute(statement.order_by(ChannelAccount.id))
    return [MailAccount(row[0], row[1], row[2], tuple(row[3]), row[4], row[5], usable_options(row[6])) for row in rows]


def usable_options(options: Mapping[str, Any]) -> MailboxOptions:
    """As :func:`options_of`, but options that cannot be understood count as none: mail must not stop for them."""
    try:
        return options_of(options)
    except Invalid as problem:
        _log.warning("a mailbox's options cannot be understood", reason=problem.detail)
        return MailboxOptions()


async def address_book(session: AsyncSession, *, active_only: bool = True) -> AddressBook:
    """Our addresses as they are now. For "is this one of ours" ask with ``active_only=False``."""
    return AddressBook(await listed(session, active_only=active_only))

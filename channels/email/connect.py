"""Connect a mailbox: give it a name, an address, a team, and say where it is read and how it sends.

Administration of the e-mail channel, called by ``agent_ui/api/mailboxes.py`` and by the command line. Secrets go in and
never come out: they are sealed here (`core.vault`), and one that is not given again is kept only for the server that
it was given for. A running desk notices a mailbox that was added or changed within ten seconds (``sampark/roles.py``).
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from channels.email import accounts, oauth
from channels.email.accounts import CHANNEL, SECRETS, Auth, DkimSettings, Encryption, OauthSettings
from channels.email.presets import BY_KEY, provider_of
from channels.models import ChannelAccount
from core import clock, events
from core.errors import Conflict, Invalid, NotFound
from core.vault import Vault
from staff import teams

LONGEST_NAME: Final = 100
MOST_ALIASES: Final = 200
_LOCK: Final = 8824
"""Who sets up mailboxes does so one after the other, so that no address gets two owners."""
_GRANT: Final = ("refresh_token", "access_token", "expires_at", "refresh_expires_at", "granted_at", "refused")

Part = dict[str, Any] | None | msgspec.UnsetType
"""Values of a part of the settings: None takes it away, unset leaves it as it is. A secret left out is kept."""


class MailboxSetUp(events.Event, frozen=True, kw_only=True):
    """A mailbox was connected, changed, let go or taken up again. ``changed`` names fields, never their values."""

    kind = "mailbox.set_up"
    account_id: int
    name: str
    changed: tuple[str, ...]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What an administrator says about a mailbox; what is unset stays as it is.

    Attributes:
        name: short, unique, for people and commands.
        address: what customers write to.
        aliases: further addresses that end in it.
        display_name: the sender's name that customers read; empty takes the name of its brand.
        team_id: the team that owns what comes in.
        signature: template that ends what is sent from it.
        imap: where it is read; None when mail comes in by the listener only.
        smtp: where its answers are handed over; None when it only receives.
        oauth: its OAuth 2.0 client.
        options: how the desk behaves with it; what is left out stays as it is.
    """

    name: str | msgspec.UnsetType = msgspec.UNSET
    address: str | msgspec.UnsetType = msgspec.UNSET
    aliases: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    display_name: str | msgspec.UnsetType = msgspec.UNSET
    team_id: int | None | msgspec.UnsetType = msgspec.UNSET
    signature: str | msgspec.UnsetType = msgspec.UNSET
    imap: Part = msgspec.UNSET
    smtp: Part = msgspec.UNSET
    oauth: Part = msgspec.UNSET
    options: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


async def named(session: AsyncSession, name: str) -> int | None:
    """The id of the mailbox of this name, in use or not."""
    statement = select(ChannelAccount.id).where(ChannelAccount.name == name, ChannelAccount.channel == CHANNEL)
    return await session.scalar(statement)


async def find(session: AsyncSession, account_id: int) -> ChannelAccount:
    """One mailbox.

    Raises:
        NotFound: there is none.
    """
    account = await session.get(ChannelAccount, account_id)
    if account is None or account.channel != CHANNEL:
        raise NotFound("There is no such mailbox.")
    return account


async def check_mailbox(session: AsyncSession, account_id: int | None) -> None:
    """Refuse a mailbox that there is not; none at all is fine.

    Raises:
        Invalid: there is none.
    """
    if account_id is None:
        return
    account = await session.get(ChannelAccount, account_id)
    if account is None or account.channel != CHANNEL:
        raise Invalid.field("mailboxId", "There is no such mailbox.")


async def every(session: AsyncSession) -> list[ChannelAccount]:
    """All mailboxes, those in use first, by name."""
    statement = select(ChannelAccount).where(ChannelAccount.channel == CHANNEL)
    return list(await session.scalars(statement.order_by(ChannelAccount.is_active.desc(), ChannelAccount.name)))


async def create(session: AsyncSession, vault: Vault, given: Change) -> int:
    """Connect a new mailbox; returns its id.

    Raises:
        Invalid: a value is missing or wrong, or name or address belong to another mailbox; ``errors`` names it.
    """
    await _one_at_a_time(session)
    for field in ("name", "address"):
        if getattr(given, field) is msgspec.UNSET:
            raise Invalid.field(field, "This is needed.")
    account = ChannelAccount(
        channel=CHANNEL,
        name="",
        address="",
        aliases=[],
        display_name="",
        signature="",
        settings={},
        options={},
        cursor={},
        is_active=True,
        created_at=clock.now(),
    )
    changed = await _apply(session, vault, account, given)
    session.add(account)
    await session.flush()
    events.record(session, MailboxSetUp(account_id=account.id, name=account.name, changed=("connected", *changed)))
    return account.id


async def change(session: AsyncSession, vault: Vault, account_id: int, given: Change) -> None:
    """Change a mailbox. Its place in the folder is kept while the same folder of the same server is read.

    Raises:
        NotFound: there is no such mailbox.
        Invalid: a value is missing or wrong, or name or address belong to another mailbox; ``errors`` names it.
    """
    await _one_at_a_time(session)
    account = await find(session, account_id)
    await session.refresh(account, with_for_update=True)
    changed = await _apply(session, vault, account, given)
    if changed:
        account.last_error = None
        events.record(session, MailboxSetUp(account_id=account.id, name=account.name, changed=changed))


async def switch(session: AsyncSession, account_id: int, *, active: bool) -> None:
    """Stop reading a mailbox and taking mail for it, or begin again; its tickets and its ledger stay.

    Raises:
        NotFound: there is no such mailbox.
        Invalid: its address has been given to another one meanwhile.
    """
    await _one_at_a_time(session)
    account = await find(session, account_id)
    if account.is_active == active:
        return
    if active:
        await _refuse_taken(session, account)
    account.is_active = active
    account.last_error = None
    word = "taken up again" if active else "let go"
    events.record(session, MailboxSetUp(account_id=account.id, name=account.name, changed=(word,)))


def proposed(
    account: ChannelAccount | None, vault: Vault, given: Mapping[str, Mapping[str, Any] | None]
) -> dict[str, Any]:
    """Settings for trying out: what an administrator has typed, with the secrets that are stored.

    Args:
        account: the mailbox as stored; None for one that is new.
        vault: seals what was typed.
        given: part → values; parts that are left out are not tried.

    Raises:
        Invalid: a value is missing or wrong; ``errors`` names it.
    """
    before = account.settings if account is not None else {}
    parts = {part: merged(part, before.get(part) or {}, values) for part, values in given.items() if values}
    if "oauth" not in parts and before.get("oauth"):
        parts["oauth"] = dict(before["oauth"])
    if stray := _strangers_to_grant(before, parts):
        words = "The server has changed; save it, and connect the mailbox with its provider again."
        raise Invalid.field(f"{stray[0]}.host", words)
    accounts.validate(parts, vault)
    _check_sign_in(parts)
    return accounts.sealed(parts, vault)


async def grant(session: AsyncSession, vault: Vault, account_id: int, granted: OauthSettings) -> None:
    """Keep what the mailbox's owner has agreed to.

    Raises:
        NotFound: the mailbox is gone.
        Conflict: its client has been changed while she was asked.
    """
    account = await find(session, account_id)
    await session.refresh(account, with_for_update=True)
    now = accounts.oauth_settings(account.settings, vault)
    if now is None or (now.client_id, now.token_url) != (granted.client_id, granted.token_url):
        raise Conflict("The mailbox's provider was changed meanwhile; please connect again.")
    account.settings = {**account.settings, "oauth": oauth.stored(granted, vault)}
    account.last_error = None
    events.record(session, MailboxSetUp(account_id=account.id, name=account.name, changed=("grant",)))


async def set_key(session: AsyncSession, vault: Vault, account_id: int, key: DkimSettings | None) -> None:
    """Sign the mailbox's mails with a key from now on, or with none.

    Raises:
        NotFound: there is no such mailbox.
    """
    account = await find(session, account_id)
    await session.refresh(account, with_for_update=True)
    settings = {part: values for part, values in account.settings.items() if part != "dkim"}
    if key is not None:
        settings |= accounts.sealed({"dkim": msgspec.to_builtins(key)}, vault)
    account.settings = settings
    events.record(session, MailboxSetUp(account_id=account.id, name=account.name, changed=("dkim",)))


async def seal_older(session: AsyncSession, vault: Vault) -> int:
    """Seal the secrets of mailboxes that were connected before there was a vault; at every start, so upgrades do it.

    Returns:
        How many mailboxes were changed; 0 from the second time on.
    """
    changed = 0
    for account in await session.scalars(select(ChannelAccount).order_by(ChannelAccount.id).with_for_update()):
        after = accounts.sealed(account.settings, vault)
        if after != account.settings:
            account.settings = after
            changed += 1
    return changed


def merged(part: str, before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """A part of the settings after a change, with the secrets that were not given again.

    They are kept for the server that they were given for, and for no other: whoever may change a server's name could
    otherwise have the password sent to a machine of her own.

    Args:
        part: ``imap``, ``smtp`` or ``oauth``.
        before: as stored, sealed.
        given: as sent; only secrets may be left out.

    Raises:
        Invalid: a secret must be given again.
    """
    after = dict(given)
    if "ca_file" in before:
        after.setdefault("ca_file", before["ca_file"])
    if part == "oauth":
        return _merged_oauth(before, after)
    if after.get("auth") == Auth.OAUTH:
        return after
    if after.get("password") is None:
        after.pop("password", None)
        if before.get("password"):
            if not _same_server(before, after):
                raise Invalid.field(f"{part}.password", "The server has changed; please enter the password again.")
            after["password"] = before["password"]
    if after.get("user") and not after.get("password"):
        raise Invalid.field(f"{part}.password", "A password is needed.")
    return after


def _same_server(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a stored password still goes to where it was meant to go, and no less protected."""
    bare = after.get("tls") == Encryption.NONE and before.get("tls") != Encryption.NONE
    same = all(str(before.get(name, "")).casefold() == str(after.get(name, "")).casefold() for name in ("host", "user"))
    return same and not bare


def _strangers_to_grant(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The parts whose servers would be shown a token of a grant that was not given for them.

    A grant is for the servers that stood in the settings when the owner agreed, and for the provider's own.
    """
    grant = after.get("oauth") or {}
    if not (grant.get("refresh_token") or grant.get("access_token")):
        return []
    known = {_server(before.get(part) or {}) for part in ("imap", "smtp") if _by_token(before.get(part))}
    preset = BY_KEY.get(str(grant.get("provider", "")))
    known |= {(each.host, True) for each in (preset.imap, preset.smtp) if each is not None} if preset else set()
    known |= {(host, True) for host, _ in known}
    return [part for part in ("imap", "smtp") if _by_token(after.get(part)) and _server(after[part]) not in known]


def _by_token(given: Mapping[str, Any] | None) -> bool:
    return (given or {}).get("auth") == Auth.OAUTH


def _server(given: Mapping[str, Any]) -> tuple[str, bool]:
    """A server's name, and whether it is talked to under TLS."""
    return str(given.get("host", "")).strip().casefold(), given.get("tls") not in (Encryption.NONE, False)


def _merged_oauth(before: Mapping[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    client = ("provider", "client_id", "tenant", "token_url")
    plain = msgspec.to_builtins(accounts.OauthSettings())
    if all(before.get(name, plain[name]) == after.get(name, plain[name]) for name in client) and before:
        if after.get("client_secret") is None:
            after["client_secret"] = before.get("client_secret", "")
        after |= {name: before[name] for name in _GRANT if name in before}
    elif after.get("client_secret") is None:
        after.pop("client_secret", None)
    return after


async def _apply(session: AsyncSession, vault: Vault, account: ChannelAccount, given: Change) -> tuple[str, ...]:
    """Put the values into the row; returns the names of what changed."""
    before = _facts(account)
    if given.name is not msgspec.UNSET:
        account.name = _checked_name(given.name)
    if given.address is not msgspec.UNSET:
        account.address = _checked_address(given.address, "address")
    if given.aliases is not msgspec.UNSET:
        if len(given.aliases) > MOST_ALIASES:
            raise Invalid.field("aliases", f"At most {MOST_ALIASES} aliases.")
        aliases = (_checked_address(alias, "aliases") for alias in given.aliases)
        account.aliases = [alias for alias in dict.fromkeys(aliases) if alias != account.address]
    if given.display_name is not msgspec.UNSET:
        account.display_name = " ".join(given.display_name.split())
    if given.team_id is not msgspec.UNSET:
        if given.team_id is not None:
            try:
                await teams.check_exist(session, (given.team_id,))
            except Invalid:
                raise Invalid.field("team_id", "There is no such team.") from None
        account.team_id = given.team_id
    if given.signature is not msgspec.UNSET:
        account.signature = given.signature
    if given.options is not msgspec.UNSET:
        account.options = _options(account.options, given.options)
    settings = _settings(account.settings, given, vault)
    if _place(account.settings) != _place(settings):
        account.cursor = {}
    account.settings = settings
    await _refuse_taken(session, account)
    return tuple(name for name, value in _facts(account).items() if value != before[name])


def _facts(account: ChannelAccount) -> dict[str, Any]:
    columns = ("name", "address", "aliases", "display_name", "team_id", "signature", "options")
    parts = {part: account.settings.get(part) for part in SECRETS}
    return {**{name: getattr(account, name) for name in columns}, **parts}


def _settings(before: Mapping[str, Any], given: Change, vault: Vault) -> dict[str, Any]:
    """The settings after a change, checked and sealed."""
    after = dict(before)
    for part in ("imap", "smtp", "oauth"):
        values: Part = getattr(given, part)
        if values is None:
            after.pop(part, None)
        elif values is not msgspec.UNSET:
            after[part] = merged(part, before.get(part) or {}, values)
    if _strangers_to_grant(before, after):
        after["oauth"] = {name: value for name, value in after["oauth"].items() if name not in _GRANT}
    accounts.validate(after, vault)
    _check_sign_in(after)
    client = accounts.oauth_settings(after, vault)
    if client is not None:
        provider_of(client)
        if not client.client_id.strip():
            raise Invalid.field("oauth.client_id", "The client's id from the provider is needed.")
    written: dict[str, Any] = msgspec.to_builtins(accounts.sealed(after, vault))
    return written


def _check_sign_in(settings: Mapping[str, Any]) -> None:
    imap, smtp = settings.get("imap") or {}, settings.get("smtp") or {}
    if imap and not imap.get("user"):
        raise Invalid.field("imap.user", "The name of the sign-in is needed.")
    for part, given in (("imap", imap), ("smtp", smtp)):
        if given.get("auth") != Auth.OAUTH:
            continue
        if not settings.get("oauth"):
            raise Invalid.field(f"{part}.auth", "To sign in by OAuth, a provider is needed.")
        if not given.get("user"):
            raise Invalid.field(f"{part}.user", "The name of the sign-in is needed, often the address.")


def _options(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    read = accounts.options_of({**before, **given})
    wanted = read.acknowledge
    if bool(wanted.subject.strip()) != bool(wanted.html.strip()):
        empty = "html" if wanted.subject.strip() else "subject"
        raise Invalid.field(f"options.acknowledge.{empty}", "Write both subject and text, or none for the usual ones.")
    written: dict[str, Any] = msgspec.to_builtins(read)
    return written


def _checked_name(given: str) -> str:
    name = " ".join(given.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid.field("name", f"A name of one to {LONGEST_NAME} characters is needed.")
    return name


def _checked_address(given: str, field: str) -> str:
    address = accounts.normalise(given)
    local, _, domain = address.rpartition("@")
    strange = not address.isprintable() or any(letter in address for letter in " ,;<>\"'()")
    if not local or not domain or "@" in local or strange or len(address) > 320:
        raise Invalid.field(field, "An address looks like help@example.org.")
    return address


def _place(settings: Mapping[str, Any]) -> tuple[object, ...]:
    """What a cursor belongs to: server, user and folder."""
    imap = settings.get("imap") or {}
    return (imap.get("host"), imap.get("user"), imap.get("folder", "INBOX"))


async def _refuse_taken(session: AsyncSession, account: ChannelAccount) -> None:
    with session.no_autoflush:
        statement = select(ChannelAccount.id).where(ChannelAccount.name == account.name)
        if await session.scalar(statement.where(ChannelAccount.id.is_distinct_from(account.id))) is not None:
            raise Invalid.field("name", "Another mailbox has this name.")
        own = {account.address, *account.aliases}
        for other in await accounts.listed(session):
            taken = {accounts.normalise(address) for address in (other.address, *other.aliases)} & own
            if other.id != account.id and taken:
                raise Invalid.field("address", f"{min(taken)} belongs to the mailbox {other.name}.")


async def _one_at_a_time(session: AsyncSession) -> None:
    await session.execute(select(func.pg_advisory_xact_lock(_LOCK)))

"""Shapes of the mailboxes' settings. Secrets are taken and never given: whether there is one is all that is told."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec

from agent_ui.views.base import Html, Id, Input, View
from channels.email import dkim_keys, presets
from channels.email.accounts import (
    Auth,
    DkimSettings,
    Encryption,
    ImapSettings,
    OauthSettings,
    SmtpSettings,
    bare,
    options_of,
)
from channels.email.connect import Change
from channels.email.probe import Trial
from channels.models import ChannelAccount

Text = Annotated[str, msgspec.Meta(max_length=500)]
Secret = Annotated[str, msgspec.Meta(max_length=4000)]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
ProviderName = Literal["google", "microsoft", "custom"]
ImportAs = Literal["closed", "open"]


class ImapView(View):
    """Where a mailbox is read."""

    host: str
    port: int
    user: str
    tls: Encryption
    folder: str
    auth: Auth
    since: date | None
    import_as: ImportAs
    has_password: bool


class SmtpView(View):
    """Where a mailbox's mails are handed over."""

    host: str
    port: int
    user: str
    tls: Encryption
    auth: Auth
    per_minute: int
    verp: bool | None
    has_password: bool


class OauthView(View):
    """The OAuth 2.0 client. ``connected``: the owner has agreed, and the provider accepts it as far as is known."""

    provider: ProviderName
    client_id: str
    tenant: str
    authorize_url: str
    token_url: str
    scope: str
    connected: bool
    secret_expires_on: date | None
    has_client_secret: bool


class DkimView(View):
    """The key that signs, and the TXT record that must stand in DNS for it."""

    selector: str
    domain: str
    dns_name: str
    dns_value: str


class AcknowledgeView(View):
    """The mail that tells a customer that her question has arrived."""

    enabled: bool
    subject: str
    html: str


class OptionsView(View):
    """How the desk behaves with a mailbox."""

    acknowledge: AcknowledgeView
    reply_to_policy: Literal["from", "reply_to"]
    agent_answers: Literal["aligned", "token", "off"]
    subject_number: bool
    duplicates: Literal["one", "each"]
    trusted_servers: list[str]
    silent_after_minutes: int
    reopen_days: int
    plain_text: bool


class StatusView(View):
    """How reading it goes."""

    last_success_at: datetime | None
    last_mail_at: datetime | None
    last_error: str | None
    alarm: str | None
    alarm_since: datetime | None


class MailboxView(View):
    """A mailbox as administrators see it."""

    id: int
    name: str
    address: str
    aliases: list[str]
    display_name: str
    team_id: int | None
    signature: str
    is_active: bool
    imap: ImapView | None
    smtp: SmtpView | None
    oauth: OauthView | None
    dkim: DkimView | None
    options: OptionsView
    status: StatusView


class ImapInput(Input):
    """Where a mailbox is read. Without ``password`` the stored one is kept, for the same server and user only."""

    host: Text
    port: Port
    user: Text
    tls: Encryption
    folder: Text = "INBOX"
    auth: Auth = Auth.PASSWORD
    since: date | None = None
    import_as: ImportAs = "closed"
    password: Secret | None = None


class SmtpInput(Input):
    """Where its mails are handed over. Without ``password`` the stored one is kept, likewise."""

    host: Text
    port: Port
    tls: Encryption
    user: Text = ""
    auth: Auth = Auth.PASSWORD
    per_minute: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0
    verp: bool | None = None
    password: Secret | None = None


class OauthInput(Input):
    """The OAuth 2.0 client. Without ``clientSecret`` the stored one is kept, for the same client only."""

    provider: ProviderName
    client_id: Text
    tenant: Text = "common"
    authorize_url: Text = ""
    token_url: Text = ""
    scope: Annotated[str, msgspec.Meta(max_length=2000)] = ""
    secret_expires_on: date | None = None
    client_secret: Secret | None = None


class AcknowledgeInput(Input):
    """The mail that tells a customer that her question has arrived; empty texts take the usual ones."""

    enabled: bool
    subject: Text = ""
    html: Html = ""


class OptionsInput(Input):
    """What changes of how the desk behaves with a mailbox."""

    acknowledge: AcknowledgeInput | msgspec.UnsetType = msgspec.UNSET
    reply_to_policy: Literal["from", "reply_to"] | msgspec.UnsetType = msgspec.UNSET
    agent_answers: Literal["aligned", "token", "off"] | msgspec.UnsetType = msgspec.UNSET
    subject_number: bool | msgspec.UnsetType = msgspec.UNSET
    duplicates: Literal["one", "each"] | msgspec.UnsetType = msgspec.UNSET
    trusted_servers: Annotated[list[Text], msgspec.Meta(max_length=50)] | msgspec.UnsetType = msgspec.UNSET
    silent_after_minutes: int | msgspec.UnsetType = msgspec.UNSET
    reopen_days: int | msgspec.UnsetType = msgspec.UNSET
    plain_text: bool | msgspec.UnsetType = msgspec.UNSET


class MailboxInput(Input):
    """What changes of a mailbox; a new one needs name and address. A part that is null is taken away."""

    name: Text | msgspec.UnsetType = msgspec.UNSET
    address: Text | msgspec.UnsetType = msgspec.UNSET
    aliases: Annotated[list[Text], msgspec.Meta(max_length=200)] | msgspec.UnsetType = msgspec.UNSET
    display_name: Text | msgspec.UnsetType = msgspec.UNSET
    team_id: Id | None | msgspec.UnsetType = msgspec.UNSET
    signature: Html | msgspec.UnsetType = msgspec.UNSET
    imap: ImapInput | None | msgspec.UnsetType = msgspec.UNSET
    smtp: SmtpInput | None | msgspec.UnsetType = msgspec.UNSET
    oauth: OauthInput | None | msgspec.UnsetType = msgspec.UNSET
    options: OptionsInput | msgspec.UnsetType = msgspec.UNSET


class TestInput(Input):
    """Servers to try out as typed. With ``id``, secrets that were not typed are that mailbox's."""

    id: Id | None = None
    imap: ImapInput | None = None
    smtp: SmtpInput | None = None
    oauth: OauthInput | None = None


class CountInput(Input):
    """A folder to count in, as typed, and the day from which on mails are to be taken in."""

    imap: ImapInput
    id: Id | None = None
    oauth: OauthInput | None = None
    since: date | None = None


class DkimInput(Input):
    """The name that a new key gets in DNS."""

    selector: Text = ""


class ImapTrialView(View):
    """What came of the try to read."""

    ok: bool
    detail: str
    messages: int | None
    folders: list[str]
    idle: bool
    seconds: float


class SmtpTrialView(View):
    """What came of the try to send."""

    ok: bool
    detail: str
    seconds: float


class TrialView(View):
    """Both; null for a side that was not tried."""

    imap: ImapTrialView | None
    smtp: SmtpTrialView | None


class CountView(View):
    """Mails that a first reading would take in, and when the server got the first and the last of them."""

    total: int
    since: date | None
    oldest: datetime | None
    newest: datetime | None


class ServerView(View):
    """A provider's server."""

    host: str
    port: int
    tls: Encryption


class PresetView(View):
    """What is known of a provider."""

    key: str
    imap: ServerView | None
    smtp: ServerView | None
    oauth: ProviderName | None
    help: str


class ConsentView(View):
    """Where the mailbox's owner says yes."""

    url: str


def mailbox_view(account: ChannelAccount) -> MailboxView:
    """A mailbox without its secrets."""
    settings = account.settings
    columns = ("id", "name", "address", "display_name", "team_id", "signature", "is_active")
    status = {name: getattr(account, name) for name in StatusView.__struct_fields__}
    return MailboxView(
        **{name: getattr(account, name) for name in columns},
        aliases=list(account.aliases),
        imap=_imap(settings),
        smtp=_smtp(settings),
        oauth=_oauth(settings),
        dkim=dkim_view(bare(settings, "dkim")),
        options=msgspec.convert(options_of(account.options), OptionsView, from_attributes=True),
        status=StatusView(**status),
    )


def dkim_view(key: DkimSettings | None) -> DkimView | None:
    """The key as DNS shows it."""
    if key is None:
        return None
    return DkimView(
        selector=key.selector, domain=key.domain, dns_name=dkim_keys.dns_name(key), dns_value=dkim_keys.dns_value(key)
    )


def preset_view(preset: presets.Preset) -> PresetView:
    """A provider as the form offers it."""
    return msgspec.convert(preset, PresetView, from_attributes=True)


def trial_view(trial: Trial) -> TrialView:
    """What came of a try."""
    return msgspec.convert(trial, TrialView, from_attributes=True)


def change_of(data: MailboxInput) -> Change:
    """What an administrator said, in the service's terms."""
    said = _said(data)
    if "aliases" in said:
        said["aliases"] = tuple(said["aliases"])
    return Change(**said)


def part_of(data: ImapInput | SmtpInput | OauthInput | None) -> dict[str, Any] | None:
    """A part of the settings as the service merges it; secrets that were not typed are left out."""
    return None if data is None else _said(data)


def _said(data: msgspec.Struct) -> dict[str, Any]:
    """The fields that were sent, by their Python names, all the way down; secrets that are null were not typed."""
    found: dict[str, Any] = {}
    for name in data.__struct_fields__:
        value = getattr(data, name)
        if value is msgspec.UNSET or (value is None and name in ("password", "client_secret")):
            continue
        found[name] = _said(value) if isinstance(value, msgspec.Struct) else value
    return found


def _imap(settings: Mapping[str, Any]) -> ImapView | None:
    found: ImapSettings | None = bare(settings, "imap")
    return None if found is None else _shown(found, ImapView, has_password=bool(settings["imap"].get("password")))


def _smtp(settings: Mapping[str, Any]) -> SmtpView | None:
    found: SmtpSettings | None = bare(settings, "smtp")
    return None if found is None else _shown(found, SmtpView, has_password=bool(settings["smtp"].get("password")))


def _oauth(settings: Mapping[str, Any]) -> OauthView | None:
    found: OauthSettings | None = bare(settings, "oauth")
    if found is None:
        return None
    stored = settings["oauth"]
    connected = bool(stored.get("refresh_token")) and not found.refused
    view: OauthView = _shown(found, OauthView, connected=connected, has_client_secret=bool(stored.get("client_secret")))
    return view


def _shown(found: msgspec.Struct, view: Any, **more: Any) -> Any:
    """A struct as a view: the fields that both have, and some that only the view has."""
    names = (name for name in view.__struct_fields__ if name not in more)
    return view(**{name: getattr(found, name) for name in names}, **more)

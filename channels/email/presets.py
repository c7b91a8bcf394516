"""What is known of the big mail providers: servers, ports, sign-in pages, and what to say when they refuse.

Part of the e-mail channel: the settings screen offers these, `channels.email.oauth` takes addresses from here, and
`channels.email.probe` explains a refused password by them. Taken from the providers' own help pages.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec

from channels.email.accounts import Encryption, OauthSettings
from core.errors import Invalid

MAIL_GOOGLE: Final = "https://mail.google.com/"
MAIL_MICROSOFT: Final = (
    "offline_access https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send"
)


class Server(msgspec.Struct, frozen=True):
    """Where a provider's mailboxes are read, or take mail."""

    host: str
    port: int
    tls: Encryption


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    """One provider.

    Attributes:
        key: its name in the API.
        imap: its IMAP server; None where the administrator must know.
        smtp: its SMTP server; likewise.
        oauth: the provider of OAuth 2.0 that its mailboxes sign in with, or None.
        help: what to do at the provider before its mailbox can be connected.
        domains: ends of its servers' names.
        refused: what to say when one of its servers refuses a password; empty: nothing special.
    """

    key: str
    imap: Server | None
    smtp: Server | None
    oauth: str | None
    help: str
    domains: tuple[str, ...] = ()
    refused: str = ""


class Provider(msgspec.Struct, frozen=True):
    """An OAuth 2.0 provider.

    Attributes:
        authorize_url: where the owner says yes.
        token_url: where tokens come from.
        scope: what is asked for.
        extra: further parameters of the way to the owner.
        refresh_days: life of an unused refresh token in days, where the provider does not tell by itself.
    """

    authorize_url: str
    token_url: str
    scope: str
    extra: tuple[tuple[str, str], ...] = ()
    refresh_days: int | None = None


def _app_password(name: str) -> str:
    return f"{name} takes an app password here, not the password of the account. Make one in its security settings."


PRESETS: Final = (
    Preset(
        key="google",
        imap=Server("imap.gmail.com", 993, Encryption.TLS),
        smtp=Server("smtp.gmail.com", 587, Encryption.STARTTLS),
        oauth="google",
        help="Connect with Google, or turn on 2-Step Verification and make an app password for this desk.",
        domains=("gmail.com", "googlemail.com"),
        refused=_app_password("Google") + " Or connect with Google.",
    ),
    Preset(
        key="microsoft",
        imap=Server("outlook.office365.com", 993, Encryption.TLS),
        smtp=Server("smtp.office365.com", 587, Encryption.STARTTLS),
        oauth="microsoft",
        help="Microsoft takes no passwords for IMAP; connect with Microsoft. An administrator may have to allow "
        "authenticated SMTP for the mailbox.",
        domains=("office365.com", "outlook.com", "hotmail.com", "live.com"),
        refused="Microsoft takes no passwords here any more. Choose OAuth and connect with Microsoft.",
    ),
    Preset(
        key="zoho",
        imap=Server("imap.zoho.com", 993, Encryption.TLS),
        smtp=Server("smtp.zoho.com", 465, Encryption.TLS),
        oauth=None,
        help="Turn on IMAP in the mailbox's settings. Servers of other regions end in .in, .eu or .com.au; with "
        "two-factor sign-in, an app password is needed.",
        domains=("zoho.com", "zoho.in", "zoho.eu", "zoho.com.au", "zoho.jp"),
        refused="Is IMAP turned on in Zoho? With two-factor sign-in an app password is needed. Is it the right region?",
    ),
    Preset(
        key="yahoo",
        imap=Server("imap.mail.yahoo.com", 993, Encryption.TLS),
        smtp=Server("smtp.mail.yahoo.com", 465, Encryption.TLS),
        oauth=None,
        help="Make an app password in the account's security settings.",
        domains=("yahoo.com", "aol.com"),
        refused=_app_password("Yahoo"),
    ),
    Preset(
        key="fastmail",
        imap=Server("imap.fastmail.com", 993, Encryption.TLS),
        smtp=Server("smtp.fastmail.com", 465, Encryption.TLS),
        oauth=None,
        help="Make an app password with access to mail in the settings for privacy and security.",
        domains=("fastmail.com", "messagingengine.com"),
        refused=_app_password("Fastmail"),
    ),
    Preset(
        key="icloud",
        imap=Server("imap.mail.me.com", 993, Encryption.TLS),
        smtp=Server("smtp.mail.me.com", 587, Encryption.STARTTLS),
        oauth=None,
        help="Make an app-specific password in the settings of the Apple account.",
        domains=("mail.me.com", "icloud.com"),
        refused=_app_password("Apple"),
    ),
    Preset(key="other", imap=None, smtp=None, oauth=None, help="Ask whoever runs the mail server for these."),
)
_GOOGLE: Final = Provider(
    "https://accounts.google.com/o/oauth2/v2/auth",
    "https://oauth2.googleapis.com/token",
    MAIL_GOOGLE,
    # Without these two Google gives a refresh token only the first time (its OAuth 2.0 guide for web servers).
    (("access_type", "offline"), ("prompt", "consent")),
)
_MICROSOFT: Final = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/{end}"
_MICROSOFT_REFRESH_DAYS: Final = 90


def provider_of(settings: OauthSettings) -> Provider:
    """The provider that an account's OAuth settings mean.

    Raises:
        Invalid: an address is missing or is not one; ``errors`` names it.
    """
    if settings.provider == "google":
        return _with_scope(_GOOGLE, settings.scope)
    if settings.provider == "microsoft":
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,100}", settings.tenant):
            raise Invalid.field("oauth.tenant", "The directory's id or domain, or common.")
        found = Provider(
            _MICROSOFT.format(tenant=settings.tenant, end="authorize"),
            _MICROSOFT.format(tenant=settings.tenant, end="token"),
            MAIL_MICROSOFT,
            (("prompt", "select_account"),),
            _MICROSOFT_REFRESH_DAYS,
        )
        return _with_scope(found, settings.scope)
    for name, url in (("authorize_url", settings.authorize_url), ("token_url", settings.token_url)):
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or not url.isprintable():
            raise Invalid.field(f"oauth.{name}", "An address that begins with https:// is needed.")
    return Provider(settings.authorize_url, settings.token_url, settings.scope)


def _with_scope(provider: Provider, scope: str) -> Provider:
    return msgspec.structs.replace(provider, scope=scope) if scope else provider


def hint_for(host: str) -> str:
    """What to say when a server refuses a password; empty for servers that nobody knows."""
    name = host.strip().rstrip(".").casefold()
    for preset in PRESETS:
        if any(name == domain or name.endswith(f".{domain}") for domain in preset.domains):
            return preset.refused
    return ""


BY_KEY: Final[Mapping[str, Preset]] = {preset.key: preset for preset in PRESETS}

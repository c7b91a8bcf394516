"""The connection test: signs in to a mailbox's servers as the desk would, and says in plain words what happens.

Part of the e-mail channel, asked by the settings screen (``agent_ui/api/mailboxes.py``) and by ``sampark mailbox
test``. Both servers are tried at the same time; nothing is read, sent or changed, neither here nor there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Any, Final

import aiosmtplib
import msgspec

from channels.email.accounts import Auth, Encryption, ImapSettings, SmtpSettings
from channels.email.imap_client import MailboxLost, MailboxRefused, SignInRefused
from channels.email.mailbox import Counted, Mailbox, count
from channels.email.presets import hint_for
from channels.email.send import client_for
from channels.email.signin import SignIn
from core import clock, net
from core.errors import DeskError, Invalid, Upstream
from core.net import Networks

SECONDS: Final = 15.0
"""How long a server may take altogether before the test says that it does not answer."""
COUNT_SECONDS: Final = 30.0
"""A folder with a hundred thousand mails takes its server a while."""
FOLDERS_NAMED: Final = 10
_UNSAVED: Final = "Save this mailbox and connect it with its provider; then it can be tried out."


class ImapTrial(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the try to read.

    Attributes:
        ok: whether the desk can read this mailbox.
        detail: what was found, or what is wrong and what can be done.
        messages: mails in the folder; None when it was not opened.
        folders: names of the folders that there are.
        idle: whether the server tells of new mail by itself; else it is asked every minute.
        seconds: how long it took.
    """

    ok: bool
    detail: str
    messages: int | None = None
    folders: tuple[str, ...] = ()
    idle: bool = False
    seconds: float = 0.0


class SmtpTrial(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the try to send. The attributes are those of :class:`ImapTrial`."""

    ok: bool
    detail: str
    seconds: float = 0.0


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """Both; None for a side that is not set up."""

    imap: ImapTrial | None = None
    smtp: SmtpTrial | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing that is set up fails."""
        return all(side.ok for side in (self.imap, self.smtp) if side is not None)


async def stored(
    signin: SignIn, account_id: int | None, settings: Mapping[str, Any], address: str, seconds: float = SECONDS
) -> Trial:
    """Try the servers of an account.

    Args:
        signin: opens its secrets, and makes a token of its grant where it signs in by OAuth.
        account_id: whose; None for one that is not saved yet.
        settings: as stored, or as an administrator wants them to be (`channels.email.connect.merged`).
        address: the mailbox's own, shown to the SMTP server as sender.
        seconds: how long a server may take.
    """

    async def imap() -> ImapTrial | None:
        given = signin.read(settings)
        if given is None:
            return None
        if account_id is None and given.auth is Auth.OAUTH:
            return ImapTrial(ok=False, detail=_UNSAVED)
        return await try_imap(await signin.imap(account_id or 0, given), signin.networks, seconds)

    async def smtp() -> SmtpTrial | None:
        given = settings.get("smtp")
        if not given:
            return None
        if account_id is None and given.get("auth") == Auth.OAUTH:
            return SmtpTrial(ok=False, detail=_UNSAVED)
        return await try_smtp(await signin.smtp(account_id or 0, given), address, signin.networks, seconds)

    first, second = await asyncio.gather(_told(imap, ImapTrial), _told(smtp, SmtpTrial))
    return Trial(imap=first, smtp=second)


async def counted(signin: SignIn, account_id: int | None, settings: Mapping[str, Any], since: date | None) -> Counted:
    """How many mails a first reading would take in; changes nothing, here or there.

    Args:
        signin: opens secrets.
        account_id: whose grant is used where the mailbox signs in by OAuth; None for one that is not saved yet.
        settings: with the part ``imap``.
        since: the cut-off; None takes all.

    Raises:
        Invalid: it cannot be counted; the sentence says why.
    """
    given = signin.read(settings)
    if given is None:
        raise Invalid.field("imap", "Say where the mailbox is read.")
    if account_id is None and given.auth is Auth.OAUTH:
        raise Invalid(_UNSAVED)
    try:
        return await count(await signin.imap(account_id or 0, given), since, COUNT_SECONDS, signin.networks)
    except Upstream as problem:
        raise Invalid(problem.detail) from None


async def _told(side: Callable[[], Awaitable[Any]], kind: type[ImapTrial | SmtpTrial]) -> Any:
    """A side that could not even begin (no token, a secret that cannot be opened) is told like one that failed.

    Raises:
        Invalid: a value is wrong and names its field; the form shows it there.
    """
    try:
        return await side()
    except DeskError as problem:
        if isinstance(problem, Invalid) and problem.extra.get("errors"):
            raise
        return kind(ok=False, detail=problem.detail)


async def try_imap(settings: ImapSettings, networks: Networks, seconds: float = SECONDS) -> ImapTrial:
    """Connect, sign in, list the folders, open the one that is to be read (without touching it)."""
    started = clock.monotonic()
    mailbox = Mailbox(settings, seconds, networks)
    folders: tuple[str, ...] = ()
    try:
        async with asyncio.timeout(seconds):
            await mailbox.connect()
            folders = await mailbox.folders()
            await mailbox.select()
            messages = len(await mailbox.uids_after(0))
        idle = mailbox.tells
        how = "new mail is told at once" if idle else "the server does not tell of new mail, so it is asked each minute"
        detail = f"Signed in to {settings.host}; {messages} mails in {settings.folder}, {how}."
        found = ImapTrial(ok=True, detail=detail, messages=messages, folders=folders, idle=idle)
    except TimeoutError as problem:
        found = ImapTrial(ok=False, detail=net.why_not(problem, settings.host, settings.port), folders=folders)
    except SignInRefused as problem:
        found = ImapTrial(ok=False, detail=_sign_in(problem.detail, settings.host, settings.auth))
    except MailboxRefused as problem:
        found = ImapTrial(ok=False, detail=_folder(settings.folder, folders, problem.detail), folders=folders)
    except (MailboxLost, Invalid) as problem:
        found = ImapTrial(ok=False, detail=problem.detail, folders=folders)
    finally:
        await mailbox.close()
    return msgspec.structs.replace(found, seconds=round(clock.monotonic() - started, 3))


async def try_smtp(settings: SmtpSettings, sender: str, networks: Networks, seconds: float = SECONDS) -> SmtpTrial:
    """Connect, sign in, and ask whether this sender is welcome; then take the question back (RSET)."""
    started = clock.monotonic()
    try:
        async with asyncio.timeout(seconds):
            detail = await _smtp_dialogue(settings, sender, networks, seconds)
        found = SmtpTrial(ok=True, detail=detail)
    except TimeoutError as problem:
        found = SmtpTrial(ok=False, detail=net.why_not(problem, settings.host, settings.port))
    except aiosmtplib.SMTPAuthenticationError as problem:
        said = f"{settings.host} refused the sign-in of {settings.user}: {problem.code} {_line(problem.message)}"
        found = SmtpTrial(ok=False, detail=_sign_in(said, settings.host, settings.auth))
    except aiosmtplib.SMTPSenderRefused as problem:
        said = f"{settings.host} does not let {sender} send: {problem.code} {_line(problem.message)}"
        found = SmtpTrial(ok=False, detail=said)
    except DeskError as problem:
        found = SmtpTrial(ok=False, detail=problem.detail)
    except (aiosmtplib.SMTPException, OSError) as problem:
        found = SmtpTrial(ok=False, detail=_smtp_fault(problem, settings))
    return msgspec.structs.replace(found, seconds=round(clock.monotonic() - started, 3))


async def _smtp_dialogue(settings: SmtpSettings, sender: str, networks: Networks, seconds: float) -> str:
    client = await client_for(settings, sender, networks, seconds)
    try:
        if sender.isascii():
            await client.mail(sender)
            await client.rset()
        known = f"Signed in to {settings.host} as {settings.user}" if settings.user else f"{settings.host} answers"
        open_line = settings.tls is Encryption.NONE
        return known + (". The connection is not encrypted." if open_line else " over an encrypted connection.")
    finally:
        client.close()


def _smtp_fault(problem: aiosmtplib.SMTPException | OSError, settings: SmtpSettings) -> str:
    """What is wrong with a server that was reached and could not be used."""
    cause = net.cause_of(problem)
    if isinstance(cause, OSError):
        return net.why_not(cause, settings.host, settings.port)
    words = _line(str(problem))
    if "starttls" in words.casefold():
        return f"{settings.host} offers no STARTTLS on port {settings.port}. Choose TLS, or another port."
    if "auth" in words.casefold():
        return f"{settings.host} takes no sign-in on port {settings.port}. Try port 587 with STARTTLS or 465 with TLS."
    return f"{settings.host} cannot be used: {words}"


def _sign_in(said: str, host: str, auth: Auth) -> str:
    """A refused sign-in, with what is known of the provider."""
    hint = hint_for(host) if auth is Auth.PASSWORD else "Connect the mailbox again."
    return f"{said} {hint or 'Are name and password right?'}".strip()


def _folder(wanted: str, folders: tuple[str, ...], said: str) -> str:
    if wanted in folders or not folders:
        return f"The folder {wanted} cannot be opened: {said}"
    more = f" and {len(folders) - FOLDERS_NAMED} more" if len(folders) > FOLDERS_NAMED else ""
    return f"There is no folder {wanted}. There are: {', '.join(folders[:FOLDERS_NAMED])}{more}."


def _line(text: str) -> str:
    return " ".join(text.split())[:300]

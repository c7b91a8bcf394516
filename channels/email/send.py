"""Sending: hands one composed mail to the account's mail server and says what became of it.

The last step of the outbox (`channels.outbound` → here). What can be known is told exactly: refused for now, refused
for good, accepted, or *unknown* when the connection died between the mail's last byte and the server's answer. On the
way the mail waits for its turn (`throttle`), is signed (`dkim`), and gets an envelope that reports come back by.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal, NoReturn

import aiosmtplib

from channels.email import dkim, fields, throttle
from channels.email.accounts import (
    Auth,
    DkimSettings,
    Encryption,
    SmtpSettings,
    dkim_settings,
    normalise,
    without_tag,
)
from channels.email.compose import OutgoingMail, SendingAccount, compose
from channels.email.imap_client import SignInRefused
from channels.email.signin import SignIn
from core import clock, net
from core.errors import Permanent, Temporary, Upstream
from core.net import Networks

IDLE_SECONDS: Final = 20.0
"""How long an unused connection is kept; servers close theirs after about a minute."""
ANSWER_SECONDS: Final = 600.0
"""How long a server may take for its answer to the content (RFC 5321 section 4.5.3.2.6)."""
MAX_IDLE: Final = 4
"""Unused connections kept for one server."""
MAX_MAILS: Final = 100
"""Mails after which a connection is given up; servers count them."""
SIGN_IN_RETRY: Final = 300.0
BIG: Final = 200_000
_DOTS = re.compile(rb"^\.", re.MULTILINE)


class HandoverUnknown(Upstream):
    """The connection died after the hand-over and before the server's answer: never to be sent again blindly."""

    code = "handover-unknown"


@dataclass(frozen=True)
class Receipt:
    """The server has taken the mail.

    Attributes:
        provider_id: the server's answer, which usually names its queue id.
    """

    provider_id: str


@dataclass
class _Connection:
    """A connection that may be used again."""

    client: aiosmtplib.SMTP
    mails: int = 0
    since: float = 0.0


@dataclass(frozen=True)
class _Envelope:
    """What the server is told before the content (RFC 5321).

    Attributes:
        senders: the first that the server takes: the address that names the message, then the mailbox's own.
        recipients: everybody.
        size: bytes of the content.
        letters: some address holds letters beyond a to z.
    """

    senders: tuple[str, ...]
    recipients: list[str]
    size: int
    letters: bool


class EmailSender:
    """Sends mails, keeping a few connections for each server.

    Args:
        signin: opens the accounts' secrets.
        timeout: seconds that one step of the conversation may take.
        answer_timeout: seconds that the answer to the content may take.
    """

    def __init__(self, signin: SignIn, timeout: float = 60.0, answer_timeout: float = ANSWER_SECONDS) -> None:
        self._signin = signin
        self._timeout = timeout
        self._answer_timeout = answer_timeout
        self._idle: dict[SmtpSettings, list[_Connection]] = {}
        self._throttle = throttle.Throttle()

    async def deliver(self, mail: OutgoingMail, before_handover: Callable[[], Awaitable[None]]) -> Receipt:
        """Hand one mail over. All recipients are accepted, or nobody gets it.

        Args:
            mail: what to send.
            before_handover: awaited when the server has agreed to sender and recipients, just before the content;
                raising there leaves the mail unsent.

        Raises:
            Temporary: not sent; worth another try. Carries the server's sentence. One that only has to wait for its
                turn does not count as a try.
            Permanent: not sent, and another try cannot help: refused recipients are named.
            HandoverUnknown: nobody can know whether it was sent.
            Invalid: the account's settings are wrong.
        """
        recipients = envelope_recipients(mail)
        smtp = await self._opened(mail.account)
        self._await_turn(smtp, mail)
        key = dkim_settings({"dkim": mail.account.dkim}, self._signin.vault) if mail.account.dkim else None
        content = await asyncio.to_thread(_content, mail, key) if key or _is_big(mail) else _content(mail, None)
        connection = await self._prepared(smtp, mail, _envelope(smtp, mail, recipients, len(content)))
        try:
            await before_handover()
        except BaseException:
            connection.client.close()
            raise
        try:
            receipt = await self._hand_over(connection.client, content)
        except BaseException:
            connection.client.close()
            raise
        self._give_back(smtp, connection)
        return receipt

    async def close(self) -> None:
        """Close the connections that are kept."""
        for connections in self._idle.values():
            for connection in connections:
                connection.client.close()
        self._idle.clear()

    async def _opened(self, account: SendingAccount) -> SmtpSettings:
        """The account's server, with what it takes to sign in."""
        try:
            return await self._signin.smtp(account.id, account.smtp)
        except SignInRefused as problem:  # a person must act, and the mail shall leave when she has
            raise Temporary(problem.detail, SIGN_IN_RETRY) from None

    def _await_turn(self, smtp: SmtpSettings, mail: OutgoingMail) -> None:
        per_minute = throttle.rate(smtp.host, smtp.per_minute)
        seconds = self._throttle.wait((smtp.host, smtp.user), mail.message_id_header, per_minute)
        if seconds > 0:
            words = f"{smtp.host} takes {per_minute} mails a minute; this one waits for its turn."
            raise Temporary(words, seconds, counts=False)

    async def _prepared(self, smtp: SmtpSettings, mail: OutgoingMail, envelope: _Envelope) -> _Connection:
        """A connection on which the server has accepted sender and recipients."""
        kept = self._take(smtp)
        if kept is not None:
            try:
                await _agree(kept.client, envelope)
                return kept
            except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError):
                kept.client.close()  # it had been closed meanwhile; nothing was handed over, so a new one is tried
            except BaseException:
                kept.client.close()
                raise
        fresh = _Connection(await self._connected(smtp, mail.account))
        try:
            await _agree(fresh.client, envelope)
        except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError) as problem:
            fresh.client.close()
            raise Temporary(f"The mail server {smtp.host} stopped answering: {problem}") from None
        except BaseException:
            fresh.client.close()
            raise
        return fresh

    async def _connected(self, smtp: SmtpSettings, account: SendingAccount) -> aiosmtplib.SMTP:
        try:
            client = await client_for(smtp, account.address, self._signin.networks, self._timeout)
        except aiosmtplib.SMTPAuthenticationError as problem:
            if smtp.token:
                self._signin.reject(account.id, smtp.token)
            said = _sentence(problem.code, problem.message)
            raise Temporary(f"{smtp.host} refused the sign-in of {smtp.user}: {said}", SIGN_IN_RETRY) from None
        except OSError as problem:
            # the library hides a wrong certificate in an error of its own
            raise Temporary(net.why_not(net.cause_of(problem), smtp.host, smtp.port)) from None
        except aiosmtplib.SMTPException as problem:
            raise Temporary(f"The mail server {smtp.host}:{smtp.port} cannot be used: {problem}") from None
        return client

    async def _hand_over(self, client: aiosmtplib.SMTP, content: bytes) -> Receipt:
        try:
            response = await client.execute_command(b"DATA")
        except (aiosmtplib.SMTPException, OSError) as problem:
            raise Temporary(f"The mail server stopped answering before it took the mail: {problem}") from None
        if response.code != 354:
            _refuse([(response.code, "The mail was refused", response.message)])
        protocol = client.protocol
        if protocol is None:
            raise Temporary("The mail server closed the connection before it took the mail.")
        try:
            protocol.write(_DOTS.sub(b"..", content) + b".\r\n")
            response = await protocol.read_response(timeout=self._answer_timeout)
        except (aiosmtplib.SMTPException, OSError) as problem:
            raise HandoverUnknown(
                f"The connection was lost while the mail was handed over ({problem}); it may have been sent."
            ) from None
        if not 200 <= response.code < 300:
            _refuse([(response.code, "The mail was refused", response.message)])
        return Receipt(provider_id=fields.one_line(response.message)[:500])

    def _take(self, smtp: SmtpSettings) -> _Connection | None:
        self._drop_old(smtp)
        connections = self._idle.get(smtp)
        return connections.pop() if connections else None

    def _drop_old(self, smtp: SmtpSettings) -> None:
        now = clock.monotonic()
        kept: list[_Connection] = []
        for connection in self._idle.pop(smtp, []):
            if connection.client.is_connected and now - connection.since < IDLE_SECONDS:
                kept.append(connection)
            else:
                connection.client.close()
        if kept:
            self._idle[smtp] = kept

    def _give_back(self, smtp: SmtpSettings, connection: _Connection) -> None:
        connection.mails += 1
        connection.since = clock.monotonic()
        others = self._idle.setdefault(smtp, [])
        if connection.mails >= MAX_MAILS or len(others) >= MAX_IDLE or not connection.client.is_connected:
            connection.client.close()
            return
        others.append(connection)
        asyncio.get_running_loop().call_later(IDLE_SECONDS, self._drop_old, smtp)


def envelope_recipients(mail: OutgoingMail) -> list[str]:
    """Everyone the mail goes to, each once; never the mailbox it leaves from.

    Raises:
        Permanent: an address is not one, or nobody is left.
    """
    own = normalise(mail.account.address)
    found: dict[str, str] = {}
    for address in (*mail.to, *mail.cc, *mail.bcc):
        target = fields.checked_address(address.address)
        if own not in (normalise(target), without_tag(normalise(target))):
            found.setdefault(normalise(target), target)
    if not found:
        raise Permanent("There is nobody to send this mail to.")
    return list(found.values())


def _is_big(mail: OutgoingMail) -> bool:
    return sum(len(file[2]) for file in mail.attachments) + len(mail.html) + len(mail.text) > BIG


def _content(mail: OutgoingMail, key: DkimSettings | None) -> bytes:
    raw = compose(mail)
    return dkim.signed(raw, key) if key and dkim.fits(mail.account.address, key) else raw


def _envelope(smtp: SmtpSettings, mail: OutgoingMail, recipients: list[str], size: int) -> _Envelope:
    """Servers that one signs in to often refuse a sender that is not the mailbox itself; there it must be asked for."""
    own = fields.checked_address(mail.account.address)
    named = mail.envelope_from and (smtp.verp if smtp.verp is not None else not smtp.user)
    senders = (fields.checked_address(mail.envelope_from), own) if named else (own,)
    letters = not all(address.isascii() for address in (*senders, *recipients, mail.reply_to or ""))
    return _Envelope(senders, recipients, size, letters)


async def _agree(client: aiosmtplib.SMTP, envelope: _Envelope) -> None:
    """Have sender and recipients accepted: all of them, so that a try after mending an address doubles no mail.

    Raises:
        Permanent: somebody is refused for good; everybody who is refused is named.
        Temporary: somebody is refused for now.
    """
    options = [f"SIZE={envelope.size}"] if client.supports_extension("size") else []
    if envelope.letters:
        if not client.supports_extension("smtputf8"):
            raise Permanent("The mail server cannot send to addresses with letters beyond a to z (SMTPUTF8).")
        options.append("SMTPUTF8")
    encoding: Literal["ascii", "utf-8"] = "utf-8" if envelope.letters else "ascii"
    for sender in envelope.senders:
        last = sender == envelope.senders[-1]
        try:
            await client.mail(sender, options=options, encoding=encoding)
        except aiosmtplib.SMTPSenderRefused as problem:
            if last:
                _refuse([(problem.code, f"The mail server refused {sender} as sender", problem.message)])
            continue
        refused = await _refused(client, envelope.recipients, encoding)
        if not refused:
            return
        if last or len(refused) < len(envelope.recipients):
            _refuse(refused)
        await client.rset()  # many servers judge the sender only now; perhaps they take the mailbox's own address


async def _refused(
    client: aiosmtplib.SMTP, recipients: list[str], encoding: Literal["ascii", "utf-8"]
) -> list[tuple[int, str, str]]:
    refused: list[tuple[int, str, str]] = []
    for recipient in recipients:
        try:
            await client.rcpt(recipient, encoding=encoding)
        except aiosmtplib.SMTPRecipientRefused as problem:
            refused.append((problem.code, f"{recipient} was refused", problem.message))
    return refused


async def client_for(smtp: SmtpSettings, sender: str, networks: Networks, timeout: float) -> aiosmtplib.SMTP:
    """A client that is connected, greeted and signed in.

    Args:
        smtp: the server, its secrets opened.
        sender: address whose domain we greet with.
        networks: where connections may go.
        timeout: seconds that one step may take.

    Raises:
        ForbiddenHost: the server is in a network that may not be connected to.
        Temporary: it cannot be reached.
        aiosmtplib.SMTPAuthenticationError: it refuses the sign-in.
        aiosmtplib.SMTPException, OSError: it does not speak as it should.
    """
    context = None if smtp.tls is Encryption.NONE else net.tls_context(smtp.ca_file)
    connected = await net.open_socket(smtp.host, smtp.port, networks, timeout)
    by_token = smtp.token if smtp.auth is Auth.OAUTH else ""
    client = aiosmtplib.SMTP(
        hostname=smtp.host,
        sock=connected,
        local_hostname=_helo_name(sender),
        timeout=timeout,
        use_tls=smtp.tls is Encryption.TLS,
        start_tls=smtp.tls is Encryption.STARTTLS,
        username=smtp.user or None,
        password=smtp.password if smtp.user and not by_token else None,
        oauth_token_generator=_tokens(by_token) if by_token else None,
        tls_context=context,
    )
    try:
        await client.connect()
        await _greet(client)
    except BaseException:
        client.close()
        connected.close()
        raise
    return client


def _tokens(token: str) -> Callable[[], Awaitable[str]]:
    """The library asks for a token by a function."""

    async def give() -> str:
        return token

    return give


def _helo_name(sender: str) -> str:
    """The name we greet with: the sender's domain (asking the system for one can take seconds of DNS)."""
    domain = normalise(sender).rpartition("@")[2]
    return domain if domain.isascii() and re.fullmatch(r"[a-z0-9.-]+", domain) else "localhost"


async def _greet(client: aiosmtplib.SMTP) -> None:
    """Learn what the server can do; very old ones know only HELO."""
    if client.is_ehlo_or_helo_needed:
        try:
            await client.ehlo()
        except aiosmtplib.SMTPHeloError:
            await client.helo()


def _sentence(code: int, message: str) -> str:
    return f"{code} {fields.one_line(message)}"[:500]


def _refuse(refusals: list[tuple[int, str, str]]) -> NoReturn:
    """A server's refusals: 5xx for good (RFC 5321, section 4.2.1), everything else for now; one for good decides."""
    sentence = "; ".join(f"{what}: {_sentence(code, message)}" for code, what, message in refusals)[:2000]
    if any(500 <= code < 600 for code, _, _ in refusals):
        raise Permanent(sentence) from None
    raise Temporary(sentence) from None

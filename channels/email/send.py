"""Sending: hands one composed mail to the account's mail server and says what became of it.

The last step of the outbox (`channels.outbound` → here). What can be known is told exactly: refused for now, refused
for good, accepted, or *unknown* when the connection died between the mail's last byte and the server's answer.
"""

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, NoReturn

import aiosmtplib

from channels.email import fields
from channels.email.accounts import Encryption, SmtpSettings, normalise, smtp_settings, without_tag
from channels.email.compose import OutgoingMail, compose
from core import clock
from core.errors import Permanent, Temporary, Upstream

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


class EmailSender:
    """Sends mails, keeping a few connections for each server.

    Args:
        timeout: seconds that one step of the conversation may take.
        answer_timeout: seconds that the answer to the content may take.
    """

    def __init__(self, timeout: float = 60.0, answer_timeout: float = ANSWER_SECONDS) -> None:
        self._timeout = timeout
        self._answer_timeout = answer_timeout
        self._idle: dict[SmtpSettings, list[_Connection]] = {}

    async def deliver(self, mail: OutgoingMail, before_handover: Callable[[], Awaitable[None]]) -> Receipt:
        """Hand one mail over. All recipients are accepted, or nobody gets it.

        Args:
            mail: what to send.
            before_handover: awaited when the server has agreed to sender and recipients, just before the content;
                raising there leaves the mail unsent.

        Raises:
            Temporary: not sent; worth another try. Carries the server's sentence.
            Permanent: not sent, and another try cannot help: a refused recipient is named.
            HandoverUnknown: nobody can know whether it was sent.
            Invalid: the account's settings are wrong.
        """
        smtp = smtp_settings(mail.account.smtp)
        recipients = envelope_recipients(mail)
        content = await asyncio.to_thread(compose, mail) if _is_big(mail) else compose(mail)
        connection = await self._prepared(smtp, mail, recipients, len(content))
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

    async def _prepared(self, smtp: SmtpSettings, mail: OutgoingMail, recipients: list[str], size: int) -> _Connection:
        """A connection on which the server has accepted sender and recipients."""
        kept = self._take(smtp)
        if kept is not None:
            try:
                await self._envelope(kept.client, mail, recipients, size)
                return kept
            except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError):
                kept.client.close()  # it had been closed meanwhile; nothing was handed over, so a new one is tried
            except BaseException:
                kept.client.close()
                raise
        fresh = _Connection(await self._connected(smtp, mail.account.address))
        try:
            await self._envelope(fresh.client, mail, recipients, size)
        except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError) as problem:
            fresh.client.close()
            raise Temporary(f"The mail server {smtp.host} stopped answering: {problem}") from None
        except BaseException:
            fresh.client.close()
            raise
        return fresh

    async def _connected(self, smtp: SmtpSettings, sender: str) -> aiosmtplib.SMTP:
        client = aiosmtplib.SMTP(
            hostname=smtp.host,
            port=smtp.port,
            local_hostname=_helo_name(sender),
            timeout=self._timeout,
            use_tls=smtp.tls is Encryption.TLS,
            start_tls=smtp.tls is Encryption.STARTTLS,
            username=smtp.user or None,
            password=smtp.password if smtp.user else None,
            tls_context=_tls(smtp),
        )
        try:
            await client.connect()
            await _greet(client)
        except aiosmtplib.SMTPAuthenticationError as problem:
            client.close()
            said = _sentence(problem.code, problem.message)
            raise Temporary(f"{smtp.host} refused the sign-in of {smtp.user}: {said}", SIGN_IN_RETRY) from None
        except (aiosmtplib.SMTPException, OSError) as problem:
            client.close()
            raise Temporary(f"The mail server {smtp.host}:{smtp.port} cannot be used: {problem}") from None
        return client

    async def _envelope(self, client: aiosmtplib.SMTP, mail: OutgoingMail, recipients: list[str], size: int) -> None:
        sender = fields.checked_address(mail.account.address)
        options = [f"SIZE={size}"] if client.supports_extension("size") else []
        encoding = "ascii"
        if not all(address.isascii() for address in (sender, *recipients, mail.reply_to or "")):
            if not client.supports_extension("smtputf8"):
                raise Permanent("The mail server cannot send to addresses with letters beyond a to z (SMTPUTF8).")
            options.append("SMTPUTF8")
            encoding = "utf-8"
        try:
            await client.mail(sender, options=options, encoding=encoding)
            for recipient in recipients:
                await client.rcpt(recipient, encoding=encoding)
        except aiosmtplib.SMTPSenderRefused as problem:
            _refuse(problem, f"The mail server refused {sender} as sender")
        except aiosmtplib.SMTPRecipientRefused as problem:
            _refuse(problem, f"{problem.recipient} was refused")

    async def _hand_over(self, client: aiosmtplib.SMTP, content: bytes) -> Receipt:
        try:
            response = await client.execute_command(b"DATA")
        except (aiosmtplib.SMTPException, OSError) as problem:
            raise Temporary(f"The mail server stopped answering before it took the mail: {problem}") from None
        if response.code != 354:
            _refuse(aiosmtplib.SMTPDataError(response.code, response.message), "The mail was refused")
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
        if response.code != 250:
            _refuse(aiosmtplib.SMTPDataError(response.code, response.message), "The mail was refused")
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


def _tls(smtp: SmtpSettings) -> ssl.SSLContext | None:
    if smtp.tls is Encryption.NONE:
        return None
    context = ssl.create_default_context()
    if smtp.ca_file:
        context.load_verify_locations(smtp.ca_file)
    return context


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


def _refuse(problem: aiosmtplib.SMTPResponseException, what: str) -> NoReturn:
    """A server's refusal: 5xx for good (RFC 5321, section 4.2.1), everything else for now."""
    sentence = f"{what}: {_sentence(problem.code, problem.message)}"
    if 500 <= problem.code < 600:
        raise Permanent(sentence) from None
    raise Temporary(sentence) from None

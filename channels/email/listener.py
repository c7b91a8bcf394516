"""The mail listener: takes mails by SMTP (the embedded default) or LMTP and puts them into the ledger.

First step of an arriving mail beside `channels.email.fetch`. A mail for an address of ours is a committed ledger row
before the client hears 250 (`channels.inbound.store`); a mail for anybody else is refused, and while the database is
away the client is asked to come back (451).
"""

import asyncio
import contextlib
import hashlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.errors import HeaderParseError
from typing import Any, Final

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from channels import inbound
from channels.email import accounts
from channels.email.accounts import AddressBook, MailAccount
from channels.email.certificate import Certificate
from channels.models import ChannelAccount, InboundItem
from core import clock, log
from core.db import Database, reading, unit_of_work
from core.settings import Settings

LINE_BYTES: Final = 4_194_304
"""Longest line taken in. The standard allows 1,000 bytes; careless programs send whole bodies in one line."""
SESSION_SECONDS: Final = 300.0
STOP_SECONDS: Final = 10.0
BOOK_SECONDS: Final = 5.0
MAX_RECIPIENTS: Final = 1_000
MAX_SESSIONS: Final = 200
"""Clients that are served at the same time. Each may hold a whole mail in memory, and a flood of them would take the
files that the process may open from everything else in it."""
NOTE_AGAIN: Final = timedelta(seconds=10)
"""A mailbox that gets many mails is not written down with each of them."""
RETRY_WINDOW: Final = timedelta(hours=1)
"""Within this time the same bytes in the same envelope are a client's second try, not a second mail."""
_HEAD: Final = 65_536
_HAS_ID = re.compile(rb"^message-id[ \t]*:[ \t]*(?:\r?\n[ \t]+)?<?[^\s<>]", re.IGNORECASE | re.MULTILINE)
_FULL: Final = b"421 4.3.2 Too many connections, please try again later\r\n"
_BUSY: Final = "451 4.3.0 The desk cannot store mail at the moment, please try again"
_log = log.get(__name__)


class Handler:
    """What the protocol asks about each mail (aiosmtpd's hooks).

    Args:
        db: where the ledger is.
        lmtp: answer once for each recipient, as RFC 2033 demands.
    """

    def __init__(self, db: Database, *, lmtp: bool = False) -> None:
        self._db = db
        self._lmtp = lmtp
        self._book = AddressBook([])
        self._read_at: float | None = None
        self._storing = 0
        self._noted: dict[int, datetime] = {}
        self.idle = asyncio.Event()
        self.idle.set()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: Sequence[str]
    ) -> str:
        """Accept recipients that are ours."""
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        try:
            account = await self._find(address)
        except Exception as problem:  # noqa: BLE001 - whatever is wrong with the database, the client may try later
            _log.warning("recipients cannot be looked up", reason=repr(problem))
            return _BUSY
        if account is None:
            shown = address.encode("ascii", "replace").decode()
            if self._book.owns_domain(address):
                return f"550 5.1.1 <{shown}>: there is no such mailbox here"
            return f"550 5.7.1 <{shown}>: relaying denied"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Store, then say 250."""
        content = bytes(envelope.original_content or b"")
        sender = (envelope.mail_from or "").strip("<>")
        self._storing += 1
        self.idle.clear()
        try:
            await self._store(sender, list(envelope.rcpt_tos), content)
            answer = "250 2.0.0 Kept"
        except Exception as problem:  # noqa: BLE001 - nothing was promised yet, so the client keeps the mail
            _log.warning("a mail could not be stored", reason=repr(problem))
            answer = _BUSY
        finally:
            self._storing -= 1
            if not self._storing:
                self.idle.set()
        return "\r\n".join([answer] * len(envelope.rcpt_tos)) if self._lmtp else answer

    async def handle_exception(self, error: Exception) -> str:
        """What a client hears when its line breaks our parser."""
        _log.info("a line could not be read", reason=repr(error))
        return "501 5.5.2 This cannot be understood" if isinstance(error, HeaderParseError) else "500 5.5.2 Error"

    async def _find(self, address: str) -> MailAccount | None:
        """The mailbox of a recipient. What is found may be seconds old; what is not found is looked up afresh."""
        if self._read_at is not None and clock.monotonic() - self._read_at < BOOK_SECONDS:
            found = self._book.find(address)
            if found is not None:
                return found
        async with reading(self._db) as session:
            self._book = await accounts.address_book(session)
        self._read_at = clock.monotonic()
        return self._book.find(address)

    async def _store(self, sender: str, recipients: list[str], content: bytes) -> None:
        """One ledger row for each mailbox among the recipients."""
        by_account: dict[int, list[str]] = {}
        for recipient in recipients:
            account = await self._find(recipient)
            if account is None:
                raise LookupError("the mailbox went away during the mail")
            by_account.setdefault(account.id, []).append(recipient)
        for account_id, addresses in by_account.items():
            name = await self._provider_id(account_id, sender, addresses, content)
            if name is not None:
                await inbound.store(
                    self._db,
                    inbound.Incoming(account_id, accounts.CHANNEL, name, content, sender, addresses),
                )
            await self._note(account_id)

    async def _note(self, account_id: int) -> None:
        """Write down that the mailbox gets mail. The mail itself is kept by now, so no fault of this one matters."""
        now, noted = clock.now(), self._noted.get(account_id)
        if noted is not None and noted <= now < noted + NOTE_AGAIN:
            return
        try:
            async with unit_of_work(self._db) as session:
                # A mailbox that is fetched as well says itself when it was reached.
                mine = update(ChannelAccount).where(
                    ChannelAccount.id == account_id, ~ChannelAccount.settings.has_key("imap")
                )
                await session.execute(mine.values(last_mail_at=now, last_success_at=now))
        except (SQLAlchemyError, OSError) as problem:
            _log.warning("that a mail came in cannot be noted", reason=repr(problem))
        else:
            self._noted[account_id] = now

    async def _provider_id(self, account_id: int, sender: str, recipients: list[str], content: bytes) -> str | None:
        """A name that a client's second try after a lost answer gets again, and a later mail does not.

        A mail with a Message-ID that comes in again after the window is told by that id (the ledger then shows a
        duplicate). One without has only its bytes: the window slides, so that a try just after the full hour is
        known as well; None then.
        """
        digest = hashlib.sha256("\n".join([sender, *sorted(recipients), ""]).encode("utf-8", "surrogateescape"))
        digest.update(content)
        hour = int(clock.now().timestamp() // RETRY_WINDOW.total_seconds())
        name, before = (f"smtp:{digest.hexdigest()}:{number}" for number in (hour, hour - 1))
        if _HAS_ID.search(content[:_HEAD].partition(b"\r\n\r\n")[0]):
            return name
        async with reading(self._db) as session:
            tried = await session.scalar(
                select(InboundItem.id).where(
                    InboundItem.account_id == account_id,
                    InboundItem.provider_id == before,
                    InboundItem.received_at > clock.now() - RETRY_WINDOW,
                )
            )
        return None if tried is not None else name


class _Full(asyncio.Protocol):
    """Sends a client away that would be one too many; it comes again by itself (RFC 5321, section 3.8)."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say so, and hang up."""
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(_FULL)
        transport.close()


class _Smtp(SMTP):
    """SMTP with a generous line limit.

    Args:
        sessions: holds the session for as long as its client is connected.
    """

    line_length_limit = LINE_BYTES

    def __init__(self, *given: Any, sessions: set[SMTP], **more: Any) -> None:
        super().__init__(*given, **more)
        self._sessions = sessions

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there (once more after STARTTLS)."""
        self._sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """It is gone."""
        self._sessions.discard(self)
        super().connection_lost(error)


class _Lmtp(_Smtp, LMTP):
    """LMTP (RFC 2033): after DATA one answer for each recipient, also when the mail was too big."""

    async def push(self, status: Any) -> None:
        """Send an answer; a refusal of the content once for each recipient."""
        if isinstance(status, str) and status.startswith(("552 Error: Too much", "500 Line too long")):
            recipients = self.envelope.rcpt_tos if self.envelope is not None else []
            status = "\r\n".join([status] * max(1, len(recipients)))
        await super().push(status)


class Listener:
    """Listens until told to stop.

    Args:
        db: where the ledger is.
        settings: address, port and largest mail.
        lmtp: speak LMTP instead of SMTP.
        host: address instead of ``settings.smtp_host``.
        port: port instead of ``settings.smtp_port``; 0 takes a free one.

    Raises:
        StartError: the certificate that the settings name cannot be used.
    """

    def __init__(
        self,
        db: Database,
        settings: Settings,
        *,
        lmtp: bool = False,
        host: str | None = None,
        port: int | None = None,
    ) -> None:
        self._settings = settings
        self._host = settings.smtp_host if host is None else host
        self._port = settings.smtp_port if port is None else port
        self._lmtp = lmtp
        self._certificate = Certificate(settings)
        self._handler = Handler(db, lmtp=lmtp)
        self._sessions: set[SMTP] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port that is listened on (the one that was given out when 0 was asked for)."""
        if self._server is None or not self._server.sockets:
            return self._port
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: the port is taken or may not be used.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, self._host, self._port)
        _log.info("listening for mail", host=self._host, port=self.port, lmtp=self._lmtp)

    async def stop(self) -> None:
        """Take no new mail, let the mails that are being stored get their answer, and hang up."""
        if self._server is None:
            return
        self._server.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._handler.idle.wait(), STOP_SECONDS)
        for session in list(self._sessions):
            if session.transport is not None:
                session.transport.close()
        self._server = None

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until ``stop``.

        Raises:
            OSError: the port is taken or may not be used.
        """
        await self.start()
        try:
            await stop.wait()
        finally:
            await self.stop()

    def _session(self) -> asyncio.BaseProtocol:
        if len(self._sessions) >= MAX_SESSIONS:
            _log.warning("too many clients at once", sessions=MAX_SESSIONS)
            return _Full()
        kind = _Lmtp if self._lmtp else _Smtp
        return kind(
            self._handler,
            data_size_limit=self._settings.max_mail_bytes,
            enable_SMTPUTF8=True,
            hostname=self._settings.mail_domain,
            ident=f"{self._settings.product_name.encode('ascii', 'replace').decode()} mail",
            timeout=SESSION_SECONDS,
            tls_context=self._certificate.context(),
            loop=asyncio.get_running_loop(),
            sessions=self._sessions,
        )

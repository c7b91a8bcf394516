"""The make-believe outside world's mail server: takes what the desk sends and puts it into Maildirs.

Reached through ``settings.simulator_smtp_port``, the way out of every demo account. Holiday and bounce switches of a
mailbox act here, as they do at a real provider's.
"""

import asyncio
import base64
import weakref
from collections.abc import Awaitable, Callable

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from core import log
from core.settings import Settings
from simulator import letters, robots
from simulator.mailboxes import Mailboxes
from simulator.oauth import provider_of

Post = Callable[[str, list[str], bytes], Awaitable[None]]
"""Sends a mail into the desk: envelope sender, recipients, content."""
Arrived = Callable[[str, str, bytes], None]
"""Told of each mail put into a mailbox: owner, envelope sender, content."""
LINE_BYTES = 4_194_304
_log = log.get(__name__)


class _Handler:
    """aiosmtpd's hooks: everything is accepted."""

    def __init__(self, server: "MailServer") -> None:
        self._server = server

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Put the mail into every recipient's mailbox."""
        sender = (envelope.mail_from or "").strip("<>")
        raw = bytes(envelope.original_content or b"")
        for recipient in dict.fromkeys(envelope.rcpt_tos):
            self._server.take(recipient, sender, raw)
        return "250 2.0.0 Delivered to the simulated mailboxes"

    async def auth_XOAUTH2(self, _server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802
        """Tokens must be those of the simulated provider."""
        try:
            given = base64.b64decode(args[1], validate=True).decode()
        except (ValueError, IndexError):
            return AuthResult(success=False, handled=False)
        user, _, bearer = given.partition("\1auth=Bearer ")
        known = self._server.provider.knows(user.removeprefix("user="), bearer.rstrip("\1"))
        return AuthResult(success=known, handled=False)


def _anyone(*_: object) -> AuthResult:
    """Every sign-in is right: this is a make-believe world."""
    return AuthResult(success=True)


class MailServer:
    """Receives for every address there is.

    Args:
        settings: address and port (the loopback of ``smtp_host``).
        mailboxes: where mails go.
        post: how robots of this world (holiday, bounce) answer.
        arrived: told of each mail that a mailbox received.
        port: instead of ``settings.simulator_smtp_port``; 0 takes a free one.
    """

    def __init__(
        self,
        settings: Settings,
        mailboxes: Mailboxes,
        post: Post,
        arrived: Arrived | None = None,
        port: int | None = None,
    ) -> None:
        self.provider = provider_of(settings.data)
        self._settings = settings
        self._mailboxes = mailboxes
        self._post = post
        self._arrived = arrived
        self._port = settings.simulator_smtp_port if port is None else port
        self._server: asyncio.Server | None = None
        self._answers: set[asyncio.Task[None]] = set()
        self._sessions: weakref.WeakSet[SMTP] = weakref.WeakSet()

    @property
    def port(self) -> int:
        """The port that is listened on."""
        if self._server is None or not self._server.sockets:
            return self._port
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: the port is taken.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, self._settings.smtp_host, self._port)

    async def stop(self) -> None:
        """Take no more mail; answers on their way are finished."""
        if self._server is not None:
            self._server.close()
            self._server = None
        await self.settle()
        for session in list(self._sessions):
            if session.transport is not None:
                session.transport.close()

    async def settle(self) -> None:
        """Wait until every answer of a robot has been sent."""
        while self._answers:
            await asyncio.wait(self._answers)

    def take(self, recipient: str, sender: str, raw: bytes) -> None:
        """What happens when a mail reaches a mailbox."""
        switches = self._mailboxes.switches(recipient)
        if switches.bounce:
            if sender:
                self._answer("", sender, robots.bounce(recipient, sender, raw, switches.bounce_form))
            return
        self._mailboxes.deliver(recipient, raw)
        if self._arrived is not None:
            self._arrived(recipient, sender, raw)
        to = letters.answer_address(raw) or sender
        polite = switches.holiday_form == "bare" or not letters.is_automatic(raw)
        if switches.holiday and sender and polite and self._told(recipient, letters.sender_address(raw) or sender):
            note = robots.out_of_office(recipient, raw, switches.holiday_language, switches.holiday_form)
            self._answer("" if switches.holiday_form == "headers" else recipient, to, note)

    def _told(self, recipient: str, sender: str) -> bool:
        return self._mailboxes.tell_once(recipient, sender)

    def _answer(self, sender: str, recipient: str, raw: bytes) -> None:
        task = asyncio.get_running_loop().create_task(self._send(sender, recipient, raw))
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _send(self, sender: str, recipient: str, raw: bytes) -> None:
        try:
            await self._post(sender, [recipient], raw)
        except Exception as problem:  # noqa: BLE001 - a robot's answer that the desk refuses is not our failure
            _log.warning("an answer of the simulated world was not taken", reason=repr(problem))

    def _session(self) -> SMTP:
        session = _Smtp(
            _Handler(self),
            data_size_limit=self._settings.max_mail_bytes,
            enable_SMTPUTF8=True,
            hostname="world.simulator",
            auth_require_tls=False,
            authenticator=_anyone,
            loop=asyncio.get_running_loop(),
        )
        self._sessions.add(session)
        return session


class _Smtp(SMTP):
    """SMTP with a generous line limit."""

    line_length_limit = LINE_BYTES

"""aioimaplib made safe to build on: one connection that either answers in time or says that it is lost.

Part of the e-mail channel, used by `channels.email.mailbox`. Guards for what the library does not do by itself:
a flood of lines in one read exhausts its recursion, a lost connection leaves callers waiting, a refused XOAUTH2 token
is never answered, and STARTTLS is missing.
"""

import asyncio
import base64
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import aioimaplib
from aioimaplib.aioimaplib import Command, IMAP4ClientProtocol

from channels.email.accounts import Encryption, ImapSettings
from core import net
from core.errors import Permanent, Temporary
from core.net import PUBLIC_ONLY, Networks, Unreachable

COMMAND_SECONDS: Final = 60.0
_LINES_AT_ONCE: Final = 100
_T = TypeVar("_T")


class MailboxLost(Temporary):
    """The connection to the mail server is gone, or the server stopped answering."""

    code = "mailbox-lost"


class SignInRefused(Permanent):
    """The mail server does not accept the account's name and password (or token)."""

    code = "mailbox-sign-in-refused"


class MailboxRefused(Temporary):
    """The mail server answered, and said no."""

    code = "mailbox-refused"


class _Protocol(IMAP4ClientProtocol):  # type: ignore[misc]  # the library has no types
    """The library's protocol with two of its faults mended."""

    def __init__(self, loop: asyncio.AbstractEventLoop, lost: Callable[[Exception | None], None] | None) -> None:
        super().__init__(loop, lost or (lambda _: None))
        self.challenge = b""
        self.reply = b""
        self.grown = False

    def data_received(self, d: bytes) -> None:
        """Feed a few lines at a time: the parser recurses once per line and dies of a thousand in one read."""
        while d:
            end = _end_of_lines(d)
            super().data_received(d[:end])
            d = d[end:]

    def _continuation(self, line: bytes) -> None:
        """Answer during AUTHENTICATE: with what was prepared, then with nothing.

        A refused XOAUTH2 token comes as a challenge; the server says NO only after an empty answer.
        """
        command = self.pending_sync_command
        if command is not None and command.name == "AUTHENTICATE":
            self.challenge = line.removeprefix(b"+").strip()
            transport: Any = self.transport
            transport.write(self.reply + b"\r\n")
            self.reply = b""
        else:
            super()._continuation(line)

    def _untagged_response(self, line: bytes) -> Any:
        """Remember that the folder has grown: outside IDLE the library drops that news."""
        if line.endswith(b" EXISTS"):
            self.grown = True
        return super()._untagged_response(line)


def _end_of_lines(data: bytes) -> int:
    """Where the first lines of ``data`` end, at most :data:`_LINES_AT_ONCE` of them."""
    at = 0
    for _ in range(_LINES_AT_ONCE):
        found = data.find(b"\n", at)
        if found < 0:
            return len(data)
        at = found + 1
    return at


class _Client(aioimaplib.IMAP4):  # type: ignore[misc]  # the library has no types
    """The library's client with our protocol, on a connection that is there already."""

    protocol: _Protocol

    def __init__(
        self,
        connected: socket.socket,
        settings: ImapSettings,
        timeout: float,
        lost: Callable[[Exception | None], None],
        ssl_context: ssl.SSLContext | None,
    ) -> None:
        self._connected = connected
        super().__init__(
            host=settings.host,
            port=settings.port,
            timeout=timeout,
            conn_lost_cb=lost,
            ssl_context=ssl_context,  # pyright: ignore[reportArgumentType]  # untyped there; None is its default
        )

    def create_client(
        self,
        host: str,
        port: int,  # noqa: ARG002 - the library's signature
        loop: asyncio.AbstractEventLoop | None = None,
        conn_lost_cb: Callable[[Exception | None], None] | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Start talking."""
        running = loop or asyncio.get_running_loop()
        self.protocol = _Protocol(running, conn_lost_cb)
        name = host if ssl_context is not None else None
        self._client_task = running.create_task(
            running.create_connection(
                lambda: self.protocol, sock=self._connected, ssl=ssl_context, server_hostname=name
            )
        )


class ImapClient:
    """One connection. Every call ends in time: with its result, :class:`MailboxLost` or :class:`MailboxRefused`.

    After MailboxLost the connection must not be used any more.

    Args:
        settings: where and how.
        timeout: seconds that a command may take.
        networks: where connections may go.
    """

    def __init__(
        self, settings: ImapSettings, timeout: float = COMMAND_SECONDS, networks: Networks = PUBLIC_ONLY
    ) -> None:
        self._settings = settings
        self._timeout = timeout
        self._networks = networks
        self._client: Any = None
        self.lost = asyncio.Event()
        self._reason = "the mail server closed the connection"

    async def connect(self) -> None:
        """Connect and sign in.

        Raises:
            SignInRefused: name, password or token are wrong, or no longer accepted.
            MailboxLost: the server cannot be reached, or its certificate is not trusted.
            ForbiddenHost: it is in a network that may not be connected to.
        """
        settings = self._settings
        context = net.tls_context(settings.ca_file)
        try:
            connected = await net.open_socket(settings.host, settings.port, self._networks, self._timeout)
        except Unreachable as problem:
            raise MailboxLost(problem.detail) from None
        implicit = context if settings.tls is Encryption.TLS else None
        self._client = _Client(connected, settings, self._timeout, self._on_lost, implicit)
        try:
            await self._in_time(self._client.wait_hello_from_server(), "the greeting")
        except OSError as problem:
            self.abort()
            raise MailboxLost(net.why_not(problem, settings.host, settings.port)) from None
        if settings.tls is Encryption.STARTTLS:
            await self._starttls(context)
        await self._sign_in()

    async def command(
        self, name: str, call: Callable[[Any], Awaitable[Any]], seconds: float = 0
    ) -> list[bytes | bytearray]:
        """Run one command of the library.

        Args:
            name: as shown in errors.
            call: given the library's client.
            seconds: more time than the usual, for big answers.

        Returns:
            The lines of the answer; literals are bytearrays.

        Raises:
            MailboxRefused: the server said no.
            MailboxLost: no answer came.
        """
        response = await self._in_time(call(self._client), name, seconds)
        if response.result != "OK":
            said = b" ".join(bytes(line) for line in response.lines[-1:]).decode("utf-8", "replace")
            raise MailboxRefused(f"{name}: {said or response.result}")
        return list(response.lines)

    def forget_growth(self) -> None:
        """What the folder holds now is known; only news from here on matters to :meth:`idle`."""
        self._client.protocol.grown = False

    def supports(self, capability: str) -> bool:
        """Whether the server has announced a capability."""
        return bool(self._client.has_capability(capability))

    async def idle(self, until: Awaitable[object]) -> bool:
        """IDLE until the server tells of something, or ``until`` is over.

        Returns:
            Whether the server told of something.

        Raises:
            MailboxLost: the connection is gone.
        """
        over = asyncio.ensure_future(until)
        lost = asyncio.ensure_future(self.lost.wait())
        try:
            return self._client.protocol.grown or await self._idle(over, lost)
        finally:
            over.cancel()
            lost.cancel()

    async def _idle(self, over: asyncio.Future[object], lost: asyncio.Future[Any]) -> bool:
        client = self._client
        done = await self._in_time(client.idle_start(timeout=86_400), "IDLE")
        pushed = asyncio.ensure_future(client.protocol.idle_queue.get())
        try:
            if not client.protocol.grown:
                await asyncio.wait({pushed, over, lost}, return_when=asyncio.FIRST_COMPLETED)
            self._raise_if_lost()
            told = pushed.done() or client.protocol.grown
        finally:
            pushed.cancel()
        client.idle_done()
        await self._in_time(done, "the end of IDLE")
        while not client.protocol.idle_queue.empty():
            told = bool(client.protocol.idle_queue.get_nowait()) or told
        return bool(told)

    async def close(self, *, politely: bool = False) -> None:
        """Hang up."""
        if politely and self._client is not None and not self.lost.is_set():
            with contextlib.suppress(MailboxLost, MailboxRefused, aioimaplib.AioImapException, OSError):
                await asyncio.wait_for(self._in_time(self._client.logout(), "LOGOUT"), 2)
        self.abort()

    def abort(self) -> None:
        """Hang up at once."""
        self.lost.set()
        if self._client is None:
            return
        client = self._client
        client._client_task.cancel()  # noqa: SLF001 - the library has no way to give up connecting
        if client._idle_waiter is not None:  # noqa: SLF001 - nor to forget the end of IDLE
            client._idle_waiter.cancel()  # noqa: SLF001
        for task in (*client.tasks, *client.protocol.tasks):
            task.cancel()
        if client.protocol.transport is not None:
            client.protocol.transport.abort()

    async def _in_time(self, call: Awaitable[_T], name: str, seconds: float = 0) -> _T:
        """The result of a call, unless the connection goes or the time is over first."""
        task = asyncio.ensure_future(call)
        lost = asyncio.ensure_future(self.lost.wait())
        try:
            self._raise_if_lost()
            await asyncio.wait({task, lost}, timeout=self._timeout + seconds, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            self._raise_if_lost()
            raise MailboxLost(f"the mail server did not answer {name} in {self._timeout:.0f} seconds")
        except ssl.SSLError:
            raise  # some of them are ValueErrors, too
        except (TimeoutError, aioimaplib.AioImapException, ValueError) as problem:
            raise MailboxLost(f"{name}: {str(problem) or type(problem).__name__}") from None
        finally:
            lost.cancel()
            if not task.done():
                task.cancel()
                self.abort()  # an answer that comes later would be taken for the next command's

    def _raise_if_lost(self) -> None:
        if self.lost.is_set():
            raise MailboxLost(self._reason)

    def _on_lost(self, problem: Exception | None) -> None:
        if problem is not None:
            self._reason = f"the connection to the mail server broke: {str(problem) or type(problem).__name__}"
        self.lost.set()

    async def _starttls(self, context: ssl.SSLContext) -> None:
        """Go on encrypted (RFC 3501, section 6.2.1); what came in clear text before is forgotten."""
        protocol = self._client.protocol
        if not self.supports("STARTTLS"):
            self.abort()
            raise MailboxLost(f"{self._settings.host} offers no STARTTLS. Choose TLS, or another port.")
        await self.command("STARTTLS", lambda _: protocol.execute(Command("STARTTLS", protocol.new_tag())))
        protocol.incomplete_line = b""
        loop = asyncio.get_running_loop()
        try:
            protocol.transport = await loop.start_tls(
                protocol.transport, protocol, context, server_hostname=self._settings.host
            )
        except OSError as problem:
            self.abort()
            raise MailboxLost(net.why_not(problem, self._settings.host, self._settings.port)) from None
        await self._in_time(protocol.capability(), "CAPABILITY")

    async def _sign_in(self) -> None:
        settings, protocol = self._settings, self._client.protocol
        if protocol.state == "AUTH":
            return
        try:
            if settings.token:
                await self._authenticate("XOAUTH2", f"user={settings.user}\1auth=Bearer {settings.token}\1\1")
            elif _quotable(settings.user + settings.password):
                user = aioimaplib.quoted(settings.user)
                await self.command("LOGIN", lambda client: client.login(user, settings.password))
            else:  # letters that LOGIN's quoted strings cannot hold
                await self._authenticate("PLAIN", f"\0{settings.user}\0{settings.password}")
        except MailboxRefused as problem:
            self.abort()
            said = f"{settings.host} refused the sign-in of {settings.user}: {self._told(problem)}"
            raise SignInRefused(said) from None
        await self._in_time(protocol.capability(), "CAPABILITY")

    async def _authenticate(self, mechanism: str, answer: str) -> None:
        """Sign in by SASL (RFC 3501, section 6.2.2), in one line where the server takes it so (RFC 4959)."""
        protocol = self._client.protocol
        secret = base64.b64encode(answer.encode()).decode()
        arguments = [mechanism]
        if self.supports("SASL-IR"):
            arguments.append(secret)
        else:
            protocol.reply = secret.encode()
        command = Command("AUTHENTICATE", protocol.new_tag(), *arguments)
        await self.command("AUTHENTICATE", lambda _: protocol.execute(command, scrub=secret))
        protocol.state = "AUTH"

    def _told(self, problem: MailboxRefused) -> str:
        """The server's reason; a refused token's reason stands in the challenge (base64 of JSON)."""
        try:
            challenge = base64.b64decode(self._client.protocol.challenge, validate=True).decode()
        except ValueError:
            challenge = ""
        return f"{problem.detail} {challenge}".strip()


def _quotable(text: str) -> bool:
    return text.isascii() and text.isprintable()

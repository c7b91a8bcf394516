"""Mail servers that behave in a chosen way, for the tests of this folder."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Self

from aiosmtpd.smtp import SMTP, AuthResult


@dataclass
class Sink:
    """An SMTP server that keeps what it is given and answers as it is told."""

    refuse: dict[str, str] = field(default_factory=dict)
    data_answer: str = "250 2.0.0 queued as A1B2"
    mails: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    connections: int = 0
    options: list[str] = field(default_factory=list)

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        """Accept or refuse a sender."""
        self.options = options
        envelope.mail_from = address
        return self.refuse.get(address, "250 OK")

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        """Accept or refuse a recipient."""
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        """Keep the mail when the answer is yes."""
        if self.data_answer.startswith("250"):
            self.mails.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.original_content))
        return self.data_answer

    def protocol(self, **options):
        """One connection."""
        self.connections += 1
        return SMTP(self, enable_SMTPUTF8=True, loop=asyncio.get_running_loop(), hostname="peer.test", **options)


def password_is(secret: bytes) -> Callable[..., AuthResult]:
    """An authenticator for one password."""
    return lambda server, session, envelope, mechanism, data: AuthResult(success=data.password == secret, handled=False)


Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Scripted:
    """A server that holds one scripted conversation with everybody."""

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk
        self._server: asyncio.Server | None = None
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._hold, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._talk(reader, writer)
        finally:
            writer.close()

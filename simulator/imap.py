"""The make-believe world's IMAP server: any mail program can open a simulated mailbox with its address as name.

pymap serves the Maildirs that `simulator.mailboxes` writes. It is told to look at the folder again on every question,
because mails are put there from outside, and to give out the bytes as they are. Other stores can be served in their
place (`simulator.spool`), and a line can be cut in the middle of an answer, as bad networks do.
"""

import asyncio
import contextlib
import re
import weakref
from argparse import Namespace
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from proxyprotocol.reader import ProxyProtocolReader
from proxyprotocol.version import ProxyProtocolVersion
from pymap.backend.maildir import Config, FilterSet, Session
from pymap.backend.maildir.layout import MaildirLayout
from pymap.backend.maildir.mailbox import MailboxData, MailboxSet, Maildir
from pymap.backend.maildir.uidlist import UidList
from pymap.concurrent import Event, Subsystem
from pymap.exceptions import InvalidAuth, NotAllowedError
from pymap.imap import IMAPServer
from pymap.interfaces.login import IdentityInterface, LoginInterface
from pymap.parsing.specials import ObjectId
from pymap.selected import SelectedMailbox
from pymap.token import AllTokens
from pymap.user import UserMetadata
from pysasl import SASLAuth
from pysasl.creds.external import ExternalCredentials, ExternalVerificationRequired
from pysasl.creds.server import ServerCredentials

from core.settings import Settings
from simulator.mailboxes import Mailboxes
from simulator.oauth import Provider, provider_of

Folders = Callable[[str], Any]
"""Gives the folders of an address, as pymap's ``MailboxSetInterface``."""
_FETCH = re.compile(rb"\* \d+ FETCH ")
_ARRIVAL = re.compile(r"^(\d+)\.(?:M(\d+))?\w*?(?:Q(\d+))?\.")


class _Folder(Maildir):
    """A Maildir whose mails are given out byte for byte."""

    def get_message(self, key: str) -> Any:
        """The bytes (pymap only asks for ``bytes(message)``; parsing and writing again would change them)."""
        return self.get_bytes(key)


class _Mailbox(MailboxData):
    """A folder that notices what was put into it from outside."""

    async def update_selected(self, selected: SelectedMailbox, *, wait_on: Event | None = None) -> SelectedMailbox:
        """Look at the folder before answering; IDLE asks here once a second."""
        await self.reset()
        return await super().update_selected(selected, wait_on=wait_on)

    async def _get_keys(self) -> dict[str, str]:
        """New mails get their UIDs in the order of arrival, not in that of the file system."""
        keys = await super()._get_keys()
        return dict(sorted(keys.items(), key=lambda item: _arrival(item[0])))


class _Mailboxes(MailboxSet):
    """The folders of one address."""

    async def get_mailbox(self, name: str) -> MailboxData:
        """A folder by name, as one that notices mails from outside."""
        if name not in self._cache:
            with contextlib.suppress(FileNotFoundError):  # pymap's own words for a folder that is not there
                self._cache[name] = await self._opened(name)
        return await super().get_mailbox(name)

    async def _opened(self, name: str) -> _Mailbox:
        inbox = name == "INBOX"
        folder = self._inbox_maildir if inbox else self._layout.get_folder(name, self.delimiter)
        path = self._layout.get_path(name, self.delimiter)
        async with UidList.with_init(path) as uids:
            return _Mailbox(ObjectId(uids.global_uid), folder, path)


class _Identity(IdentityInterface):
    """Somebody who signed in."""

    def __init__(self, config: Config, folders: Folders, name: str) -> None:
        self._config = config
        self._folders = folders
        self._name = name

    @property
    def name(self) -> str:
        """The address."""
        return self._name

    @property
    def roles(self) -> frozenset[str]:
        """None."""
        return frozenset()

    @contextlib.asynccontextmanager
    async def new_session(self) -> AsyncIterator[Session]:
        """The mailbox of this address, made when it is not there."""
        yield Session(self._name, self._config, self._folders(self._name), FilterSet(self._config.base_dir))

    async def new_token(self, *, expiration: datetime | None = None) -> str | None:  # noqa: ARG002 - pymap's signature
        """There are no tokens here."""
        return None

    async def get(self) -> UserMetadata:
        """What is known of this user."""
        return UserMetadata(self._config, self._name)

    async def set(self, metadata: UserMetadata) -> int | None:
        """Users of this world are not edited."""
        raise NotAllowedError(str(metadata))

    async def delete(self) -> None:
        """Nor deleted."""
        raise NotAllowedError


class _Config(Config):
    """pymap's settings, with signing in by token."""

    @property
    def tls_auth(self) -> SASLAuth:
        """The ways to sign in."""
        return SASLAuth.named([b"PLAIN", b"LOGIN", b"XOAUTH2"])


class _Login(LoginInterface):
    """Every password is right: there is nothing to protect. Only a mailbox that refuses sign-ins lets nobody in.

    Tokens must be those of the simulated provider.
    """

    def __init__(self, config: Config, mailboxes: Mailboxes, folders: Folders, provider: Provider) -> None:
        self._config = config
        self._provider = provider
        self._mailboxes = mailboxes
        self._folders = folders
        self._tokens = AllTokens(config)

    @property
    def tokens(self) -> AllTokens:
        """Unused."""
        return self._tokens

    async def authenticate(self, credentials: ServerCredentials) -> IdentityInterface:
        """Whoever somebody says to be."""
        user = credentials.authcid
        if isinstance(credentials, ExternalCredentials):
            user = credentials.authzid
            self._check_token(credentials)
        if self._mailboxes.switches(user).refuses:
            raise InvalidAuth
        _line.get().owner = user.lower()
        return _Identity(self._config, self._folders, user)

    def _check_token(self, credentials: ExternalCredentials) -> None:
        try:
            credentials.verify(None)
        except ExternalVerificationRequired as asked:
            if not self._provider.knows(credentials.authzid, asked.token or ""):
                raise InvalidAuth from None

    async def authorize(self, authenticated: IdentityInterface, authzid: str) -> IdentityInterface:  # noqa: ARG002
        """And whoever she wants to be."""
        return _Identity(self._config, self._folders, authzid)


class _Line(asyncio.StreamWriter):
    """A connection that may be cut while a FETCH is answered, or because its owner is let in no longer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, server: "ImapServer") -> None:
        super().__init__(writer.transport, writer.transport.get_protocol(), reader, asyncio.get_running_loop())
        self._inner = writer  # kept, because it hangs up when nobody holds it
        self._cutter = server
        self._fetching = False
        self.owner = ""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send, up to where the server is told to cut."""
        if self.transport.is_closing():
            return
        self._fetching = self._fetching or _FETCH.match(bytes(data[:40])) is not None
        left = self._cutter.cut_after
        if left is None or not self._fetching:
            super().write(data)
        elif len(data) < left:
            self._cutter.cut_after = left - len(data)
            super().write(data)
        else:
            super().write(bytes(data[:left]))
            self._cutter.cut_after = None
            self.transport.close()
            self._cutter.on_cut()


_line: ContextVar[_Line] = ContextVar("line")
"""The connection that the running task serves."""


class ImapServer:
    """Serves the mailboxes.

    Args:
        settings: address and port (the loopback of ``smtp_host``).
        mailboxes: what is served.
        port: instead of ``settings.simulator_imap_port``; 0 takes a free one.
        folders: what is served in place of the Maildirs of ``mailboxes``.

    Attributes:
        cut_after: bytes of FETCH answers (of any connection) after which that connection is cut, once; None: never.
        on_cut: called when that has happened.
    """

    def __init__(
        self, settings: Settings, mailboxes: Mailboxes, port: int | None = None, folders: Folders | None = None
    ) -> None:
        self.cut_after: int | None = None
        self.on_cut: Callable[[], None] = _nothing
        self._folders = folders or self._maildirs
        self._host = settings.smtp_host
        self._port = settings.simulator_imap_port if port is None else port
        self._mailboxes = mailboxes
        self._provider = provider_of(settings.data)
        self._server: asyncio.Server | None = None
        self._lines: weakref.WeakSet[_Line] = weakref.WeakSet()

    @property
    def port(self) -> int:
        """The port that is listened on."""
        if self._server is None or not self._server.sockets:
            return self._port
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def _maildirs(self, address: str) -> _Mailboxes:
        path = str(self._mailboxes.create(address))
        return _Mailboxes(_Folder(path, create=False), MaildirLayout.get(path, "++", _Folder))

    async def start(self) -> None:
        """Begin to serve.

        Raises:
            OSError: the port is taken.
        """
        self._mailboxes.root.mkdir(parents=True, exist_ok=True)
        arguments = Namespace(passlib_cfg=None, proxy_protocol=ProxyProtocolVersion.NOOP.name.lower())
        config = _Config(
            arguments,
            host=self._host,
            port=self._port,
            tls_enabled=False,
            base_dir=str(self._mailboxes.root),
            layout="++",
            colon=None,
            cpu_subsystem=Subsystem.for_asyncio(),
        )
        config.apply_context()
        serve = ProxyProtocolReader(config.proxy_protocol).get_callback(
            IMAPServer(_Login(config, self._mailboxes, self._folders, self._provider), config)
        )

        async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            line = _Line(reader, writer, self)
            self._lines.add(line)
            _line.set(line)
            with contextlib.suppress(ConnectionError):
                await serve(reader, line)

        self._server = await asyncio.start_server(session, self._host, self._port)

    async def stop(self) -> None:
        """Stop serving and hang up."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.hang_up()

    def hang_up(self, owner: str | None = None) -> None:
        """End the connections of one mailbox, or all."""
        for line in list(self._lines):
            if owner is None or line.owner == owner.lower():
                line.transport.abort()


def _nothing() -> None:
    """Nobody wants to be told."""


def _arrival(key: str) -> tuple[int, int, int, str]:
    """Second, microsecond and serial number of a mail's file name."""
    found = _ARRIVAL.match(key)
    if found is None:
        return (0, 0, 0, key)
    return (int(found[1]), int(found[2] or 0), int(found[3] or 0), key)

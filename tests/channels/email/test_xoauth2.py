"""Mail servers that take nothing but tokens: a real Dovecot that asks the provider, and an SMTP server."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from aiosmtpd.smtp import AuthResult

from channels.email import oauth
from channels.email.accounts import Auth, Encryption, ImapSettings
from channels.email.fetch import Fetcher
from channels.email.imap_client import SignInRefused
from channels.email.mailbox import Mailbox
from channels.email.send import EmailSender
from channels.email.signin import SignIn
from channels.models import ChannelAccount, InboundItem
from core import clock as clocks
from core.db import Database, reading, unit_of_work
from core.errors import Temporary
from core.settings import Settings
from simulator.oauth import Provider
from tests.channels.email.conftest import make_account
from tests.channels.email.fetching import eventually
from tests.channels.email.peers import Sink
from tests.channels.email.provider import HERE, VAULT, client_of, connected, serving
from tests.channels.email.test_send import mail_via


@pytest.fixture
def provider() -> Provider:
    """The simulated provider."""
    return Provider()


@pytest.fixture
async def url(provider: Provider, token_dovecot: Any, clock: clocks.ManualClock) -> AsyncIterator[str]:
    """The provider, listening where the Dovecot asks."""
    async with serving(provider, token_dovecot[1]) as found:
        yield found


async def account_of(db: Database, provider: Provider, url: str, user: str, **settings: Any) -> int:
    """A mailbox that its owner has connected."""
    granted = await connected(client_of(provider, url), user)
    return await make_account(db, settings={"oauth": oauth.stored(granted, VAULT), **settings})


def imap(token_dovecot: Any, user: str) -> dict[str, Any]:
    """How it is read."""
    return {"host": "127.0.0.1", "port": token_dovecot[0].port, "user": user, "tls": "none", "auth": "oauth"}


@pytest.mark.peer
async def test_dovecot_takes_a_good_token_and_no_other(provider: Provider, url: str, token_dovecot: Any) -> None:
    """Not one that nobody gave, not one of somebody else, not one that has ended."""
    user = token_dovecot[0].fresh()
    granted = await connected(client_of(provider, url), user)
    settings = ImapSettings(
        host="127.0.0.1", port=token_dovecot[0].port, user=user, tls=Encryption.NONE, auth=Auth.OAUTH,
        token=granted.access_token,
    )  # fmt: skip
    mailbox = Mailbox(settings, 5, HERE)
    await mailbox.connect()
    await mailbox.select()
    assert await mailbox.uids_after(0) == []
    await mailbox.close()
    other = await connected(client_of(provider, url), token_dovecot[0].fresh())
    provider.revoke(user)
    for token in ("made up", other.access_token, granted.access_token):
        mailbox = Mailbox(ImapSettings(**{n: getattr(settings, n) for n in ("host", "port", "user", "tls", "auth")},
                                       token=token), 5, HERE)  # fmt: skip
        with pytest.raises(SignInRefused):
            await mailbox.connect()
        await mailbox.close()


@contextlib.asynccontextmanager
async def fetching(db: Database, account_id: int, settings: Settings) -> AsyncIterator[Fetcher]:
    """A fetcher at work."""
    stop = asyncio.Event()
    fetcher = Fetcher(db, account_id, settings, SignIn(db, VAULT, HERE), 5)
    task = asyncio.create_task(fetcher.run(stop))
    try:
        yield fetcher
    finally:
        stop.set()
        await task


async def state(db: Database, account_id: int) -> ChannelAccount:
    """The account now."""
    async with reading(db) as session:
        found = await session.get(ChannelAccount, account_id)
        assert found is not None
        return found


@pytest.mark.peer
async def test_a_mailbox_is_fetched_by_token(
    db: Database, provider: Provider, url: str, token_dovecot: Any, settings: Settings
) -> None:
    """From the sealed grant to the ledger; the access token had ended, so a new one is made first."""
    user = token_dovecot[0].fresh()
    provider.token_seconds = 60  # less than five minutes: never used from the store
    account = await account_of(db, provider, url, user, imap=imap(token_dovecot, user))
    granted = await connected(client_of(provider, url), user)
    await drop(token_dovecot[0].port, user, granted.access_token)
    async with fetching(db, account, settings):

        async def stored() -> bool:
            async with reading(db) as session:
                return await session.get(InboundItem, 1) is not None

        await eventually(stored)
    assert provider.refreshes >= 1


async def drop(port: int, user: str, token: str) -> None:
    """Put a mail into a mailbox that takes tokens only."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    secret = base64.b64encode(f"user={user}\1auth=Bearer {token}\1\1".encode()).decode()
    raw = b"From: a@b.test\r\nSubject: By token\r\nMessage-ID: <1@b.test>\r\n\r\nHello\r\n"
    lines = (f"a AUTHENTICATE XOAUTH2 {secret}", f"b APPEND INBOX {{{len(raw)}+}}\r\n{raw.decode()}", "c LOGOUT")
    for line in lines:
        writer.write(line.encode() + b"\r\n")
        while not (answer := await reader.readline()).startswith((line[:2].encode(), b"")) or answer[:2] == b"* ":
            assert answer
        assert b"OK" in answer, answer
    writer.close()


@pytest.mark.peer
async def test_a_grant_that_is_taken_back_is_the_mailbox_s_clear_error(
    db: Database, provider: Provider, url: str, token_dovecot: Any, settings: Settings
) -> None:
    """The stored token looks good and is refused; the next try asks for another and learns the truth."""
    user = token_dovecot[0].fresh()
    account = await account_of(db, provider, url, user, imap=imap(token_dovecot, user))
    provider.revoke(user)
    signin = SignIn(db, VAULT, HERE)
    fetcher = Fetcher(db, account, settings, signin, 5)
    with pytest.raises(SignInRefused):
        await fetcher._connected(asyncio.Event())
    with pytest.raises(oauth.ConnectAgain, match="Connect it again"):
        await fetcher._connected(asyncio.Event())
    async with fetching(db, account, settings):

        async def told() -> bool:
            return "Connect it again" in ((await state(db, account)).last_error or "")

        await eventually(told)
    assert provider.refreshes == 0


class TokenSink(Sink):
    """An SMTP server that asks the provider."""

    provider: Provider

    async def handle_MAIL(self, server: Any, session: Any, *given: Any) -> str:  # noqa: N802 - the same
        """Nobody without a token."""
        taken: str = await super().handle_MAIL(server, session, *given)
        return taken if session.authenticated else "530 5.7.0 Authentication required"

    async def auth_XOAUTH2(self, server: Any, args: list[str]) -> AuthResult:  # noqa: N802 - the library's name
        """Take the token apart and ask."""
        given = base64.b64decode(args[1]).decode()
        user, bearer = given.split("\1")[:2]
        found = self.provider.introspect(bearer.removeprefix("auth=Bearer "))
        good = found.get("username") == user.removeprefix("user=")
        if good:
            return AuthResult(success=True)
        await server.push("334 " + base64.b64encode(b'{"status":"401"}').decode())
        await server._reader.readline()
        return AuthResult(success=False, handled=False)


@contextlib.asynccontextmanager
async def smtp_server(provider: Provider) -> AsyncIterator[tuple[TokenSink, int]]:
    """One on a free port."""
    sink = TokenSink()
    sink.provider = provider
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: sink.protocol(auth_require_tls=False), "127.0.0.1", 0)
    try:
        yield sink, server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def test_a_mail_is_sent_by_token(db: Database, provider: Provider, clock: clocks.ManualClock) -> None:
    """And a token that the server refuses is replaced for the next try; a grant taken back is told to the author."""

    async def agreed() -> None:
        return None

    async with serving(provider) as url, smtp_server(provider) as (sink, port):
        account = await account_of(db, provider, url, "help@desk.test")
        sender = EmailSender(SignIn(db, VAULT, HERE), timeout=20, answer_timeout=20)
        mail = mail_via(port, smtp={"user": "help@desk.test", "auth": "oauth"})
        mail = msgspec.structs.replace(mail, account=mail.account._replace(id=account))
        await sender.deliver(mail, agreed)
        assert len(sink.mails) == 1
        await sender.close()
        provider._access.clear()  # ended early, as after a change of the password
        with pytest.raises(Temporary, match="refused the sign-in"):
            await sender.deliver(mail, agreed)
        await sender.deliver(mail, agreed)
        assert len(sink.mails) == 2
        await sender.close()
        provider.revoke("help@desk.test")
        clock.advance(timedelta(hours=1))
        with pytest.raises(Temporary, match="Connect it again"):
            await sender.deliver(mail, agreed)
        async with unit_of_work(db) as session:
            row = await session.get(ChannelAccount, account)
            assert row is not None
            assert row.settings["oauth"]["refused"]

"""OAuth 2.0 for mailboxes: consent, refresh by one at a time, expiry, revocation; and mail servers that want tokens."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from channels.email import oauth
from channels.email.accounts import OauthSettings, oauth_settings
from channels.email.imap_client import SignInRefused
from channels.email.oauth import ConnectAgain, access_token, authorize_url, exchange, read_state
from channels.email.signin import SignIn
from channels.models import ChannelAccount
from core import clock as clocks
from core.db import Database, reading, unit_of_work
from core.errors import Invalid, NotFound, Temporary
from core.net import PUBLIC_ONLY, ForbiddenHost, Unreachable, http_client
from core.vault import Vault, is_sealed
from simulator.oauth import Provider
from tests.channels.email.conftest import make_account
from tests.channels.email.peers import Scripted
from tests.channels.email.provider import HERE, REDIRECT, VAULT, client_of, connected, consent, serving

HOUR = timedelta(hours=1)


@pytest.fixture
def provider() -> Provider:
    """The simulated provider."""
    return Provider()


@pytest.fixture
async def url(provider: Provider, clock: clocks.ManualClock) -> AsyncIterator[str]:
    """Where it listens; its tokens end on the turned clock."""
    async with serving(provider) as found:
        yield found


@pytest.fixture
async def account(db: Database, provider: Provider, url: str) -> int:
    """A mailbox whose owner has said yes."""
    return await save(db, await connected(client_of(provider, url)))


async def save(db: Database, settings: OauthSettings) -> int:
    """A mailbox with this client and grant."""
    return await make_account(db, settings={"oauth": oauth.stored(settings, VAULT)})


async def stored(db: Database, account_id: int) -> OauthSettings:
    """The client and grant as they are kept."""
    async with reading(db) as session:
        row = await session.get(ChannelAccount, account_id)
        assert row is not None
        for name in ("client_secret", "refresh_token", "access_token"):
            assert not row.settings["oauth"][name] or is_sealed(row.settings["oauth"][name])
        found = oauth_settings(row.settings, VAULT)
    assert found is not None
    return found


async def token(db: Database, account_id: int, rejected: str = "") -> str:
    """A token as the fetcher gets it."""
    async with http_client(HERE) as client:
        return await access_token(db, account_id, VAULT, client, rejected)


async def test_a_yes_becomes_a_grant(provider: Provider, url: str, clock: clocks.ManualClock) -> None:
    """With PKCE, and with the account's name proposed to the owner."""
    settings = client_of(provider, url)
    where = authorize_url(settings, VAULT, account_id=1, session_id=7, redirect=REDIRECT, hint="help@desk.test")
    query = parse_qs(urlsplit(where).query)
    assert query["code_challenge_method"] == ["S256"]
    granted = await connected(settings)
    assert granted.connected
    assert granted.granted_at == clock.now()
    assert granted.expires_at == clock.now() + HOUR
    assert provider.introspect(granted.access_token)["username"] == "help@desk.test"


async def test_a_no_brings_no_code(provider: Provider, url: str) -> None:
    """The owner may refuse."""
    where = authorize_url(client_of(provider, url), VAULT, account_id=1, session_id=7, redirect=REDIRECT, hint="x@y.z")
    assert (await consent(where, "no"))["error"] == "access_denied"


async def test_a_code_serves_once_and_only_who_asked_for_it(provider: Provider, url: str) -> None:
    """A stolen code is worth nothing without the verifier (RFC 7636), and a code works one time."""
    settings = client_of(provider, url)
    where = authorize_url(settings, VAULT, account_id=1, session_id=7, redirect=REDIRECT, hint="x@y.z")
    back = await consent(where)
    pending = read_state(VAULT, back["state"], 7)
    async with http_client(HERE) as client:
        with pytest.raises(SignInRefused):
            thief = msgspec.structs.replace(pending, verifier="guessed")
            await exchange(client, settings, thief, back["code"])
        with pytest.raises(SignInRefused):
            await exchange(client, settings, pending, back["code"])


def test_a_state_belongs_to_one_session_and_ends(clock: clocks.ManualClock) -> None:
    """Nobody can be made to finish what somebody else began (RFC 6749, section 10.12)."""
    settings = client_of(Provider(), "https://id.test")
    where = authorize_url(settings, VAULT, account_id=3, session_id=7, redirect=REDIRECT, hint="")
    (state,) = parse_qs(urlsplit(where).query)["state"]
    assert read_state(VAULT, state, 7).account_id == 3
    with pytest.raises(Invalid, match="another session"):
        read_state(VAULT, state, 8)
    in_clear = VAULT.open(state, "oauth state")  # anybody can write one with the right session in it
    for foreign in ("", "x", in_clear, VAULT.seal("{}"), Vault("another").seal("{}", "oauth state")):
        with pytest.raises(Invalid, match="not begun here"):
            read_state(VAULT, foreign, 7)
    clock.advance(oauth.CONSENT_TIME + timedelta(seconds=1))
    with pytest.raises(Invalid, match="too long"):
        read_state(VAULT, state, 7)


async def test_a_token_is_used_until_five_minutes_before_its_end(
    db: Database, provider: Provider, account: int, clock: clocks.ManualClock
) -> None:
    """Then it is replaced, and so is the refresh token."""
    first = await token(db, account)
    before = await stored(db, account)
    clock.advance(timedelta(minutes=54))
    assert await token(db, account) == first
    clock.advance(timedelta(minutes=2))
    second = await token(db, account)
    after = await stored(db, account)
    assert second != first
    assert after.refresh_token != before.refresh_token
    assert after.granted_at == before.granted_at
    assert provider.refreshes == 1


async def test_many_ask_and_one_refreshes(
    db: Database, provider: Provider, account: int, clock: clocks.ManualClock
) -> None:
    """Two refreshes with one refresh token would look like theft and end the grant."""
    clock.advance(2 * HOUR)
    others = [Database(db.url, pool_size=2) for _ in range(3)]  # as other processes are
    found = await asyncio.gather(*(token(each, account) for each in (db, *others) for _ in range(2)))
    for each in others:
        await each.close()
    assert len(set(found)) == 1
    assert provider.refreshes == 1
    assert provider.introspect(found[0])["active"]


async def test_a_token_that_a_server_refused_is_replaced_before_its_end(
    db: Database, provider: Provider, account: int
) -> None:
    """A provider may end it early, for instance after a change of the password."""
    first = await token(db, account)
    second = await token(db, account, rejected=first)
    assert second != first
    assert await token(db, account, rejected=first) == second
    assert provider.refreshes == 1


async def test_a_grant_that_was_taken_back_says_connect_again(
    db: Database, provider: Provider, account: int, clock: clocks.ManualClock
) -> None:
    """Plainly, at once, and without asking the provider a second time; a new yes mends it."""
    provider.revoke("help@desk.test")
    clock.advance(HOUR)
    with pytest.raises(ConnectAgain, match="Connect it again"):
        await token(db, account)
    kept = await stored(db, account)
    assert not kept.connected
    assert "invalid_grant" in kept.refused
    provider.down = True  # it would be told by another sentence
    with pytest.raises(ConnectAgain, match="Connect it again"):
        await token(db, account)
    provider.down = False
    mended = await connected(kept)
    async with unit_of_work(db) as session:
        row = await session.get(ChannelAccount, account)
        assert row is not None
        row.settings = {"oauth": oauth.stored(mended, VAULT)}
    assert provider.introspect(await token(db, account))["active"]


async def test_a_fault_of_the_provider_is_no_end_of_the_grant(
    db: Database, provider: Provider, account: int, clock: clocks.ManualClock
) -> None:
    """Asked again later, it works."""
    clock.advance(HOUR)
    provider.down = True
    with pytest.raises(Temporary, match="cannot give a token now"):
        await token(db, account)
    provider.down = False
    assert await token(db, account)
    assert (await stored(db, account)).connected


async def test_an_expired_client_secret_is_named(
    db: Database, provider: Provider, account: int, clock: clocks.ManualClock
) -> None:
    """Which is something else than the owner's consent: an administrator can mend it alone."""
    clock.advance(HOUR)
    provider.client_secret = "renewed"
    with pytest.raises(SignInRefused, match="secret may have expired") as told:
        await token(db, account)
    assert not isinstance(told.value, ConnectAgain)
    assert (await stored(db, account)).connected


async def test_what_an_administrator_changed_meanwhile_is_not_overwritten(
    db: Database, provider: Provider, account: int, clock: clocks.ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refresh that comes back late must not undo a new grant."""
    clock.advance(HOUR)
    fresh = await connected(await stored(db, account))
    refresh = oauth.refreshed

    async def slow(*given: object) -> OauthSettings:
        answer = await refresh(*given)  # type: ignore[arg-type]
        async with unit_of_work(db) as session:
            row = await session.get(ChannelAccount, account)
            assert row is not None
            row.settings = {"oauth": oauth.stored(fresh, VAULT)}
        return answer

    monkeypatch.setattr(oauth, "refreshed", slow)
    await token(db, account)
    assert (await stored(db, account)).refresh_token == fresh.refresh_token


async def test_nobody_has_connected_yet(db: Database, provider: Provider, url: str) -> None:
    """A client without a grant, an account without a client, no account at all: each is told."""
    with pytest.raises(ConnectAgain, match="Nobody has connected"):
        await token(db, await save(db, client_of(provider, url)))
    with pytest.raises(ConnectAgain, match="no provider"):
        await token(db, await make_account(db, "Other"))
    with pytest.raises(NotFound):
        await token(db, 4711)


async def test_token_end_points_are_guarded(provider: Provider, url: str) -> None:
    """A provider's address is typed in by a person, too."""
    settings = msgspec.structs.replace(client_of(provider, url), refresh_token="x")
    async with http_client(PUBLIC_ONLY) as client:
        with pytest.raises(ForbiddenHost):
            await oauth.refreshed(client, settings)
    async with http_client(HERE) as client:
        with pytest.raises(Unreachable, match="refused"):
            nowhere = msgspec.structs.replace(settings, token_url="http://127.0.0.1:1/token")
            await oauth.refreshed(client, nowhere)


@pytest.mark.parametrize(
    "answer",
    [b"200 OK\r\n\r\nnot json", b"200 OK\r\n\r\n[]", b"200 OK\r\n\r\n{}", b"500 Oops\r\n\r\n", b"302 Found\r\n\r\n",
     b'200 OK\r\n\r\n{"access_token": 7}', b'429 Slow\r\n\r\n{"error": "slow_down"}', b"200 OK\r\n\r\n\xff\xfe"],
)  # fmt: skip
async def test_odd_answers_are_tried_again_later(answer: bytes) -> None:
    """None of them is taken for a token, and none ends the grant."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 " + answer)
        await writer.drain()

    async with Scripted(talk) as server, http_client(HERE) as client:
        settings = client_of(Provider(), f"http://127.0.0.1:{server.port}", refresh_token="x")
        with pytest.raises(Temporary):
            await oauth.refreshed(client, settings)


@pytest.mark.parametrize(
    ("given", "address", "words"),
    [
        ({"provider": "google"}, "https://accounts.google.com/", ("access_type=offline", "mail.google.com")),
        (
            {"provider": "microsoft", "tenant": "contoso.test"},
            "https://login.microsoftonline.com/contoso.test/oauth2/v2.0/authorize",
            ("offline_access", "IMAP.AccessAsUser.All", "SMTP.Send"),
        ),
    ],
)
def test_google_and_microsoft_are_known(given: dict[str, str], address: str, words: tuple[str, ...]) -> None:
    """Addresses, scopes, and what makes them give a refresh token."""
    settings = OauthSettings(client_id="x", **given)  # type: ignore[arg-type]
    where = authorize_url(settings, VAULT, account_id=1, session_id=1, redirect=REDIRECT, hint="a@b.c")
    assert where.startswith(address)
    assert all(word in where for word in words)


async def test_the_end_of_a_grant_is_written_down_where_it_is_known(
    provider: Provider, url: str, clock: clocks.ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that somebody can be warned before: Google says it, Microsoft's are ninety days."""
    original = Provider.token
    monkeypatch.setattr(
        Provider, "token", lambda self, form: (200, {**original(self, form)[1], "refresh_token_expires_in": "604800"})
    )
    assert (await connected(client_of(provider, url))).refresh_expires_at == clock.now() + timedelta(days=7)


async def test_sign_in_puts_tokens_where_they_belong(db: Database, provider: Provider, account: int) -> None:
    """For reading and for sending; an account with a password is left alone."""
    signin = SignIn(db, VAULT, HERE)
    given = {"host": "mx.test", "user": "help@desk.test", "auth": "oauth"}
    read = signin.read({"imap": given})
    assert read is not None
    imap, smtp = await signin.imap(account, read), await signin.smtp(account, given)
    assert imap.token == smtp.token
    assert provider.introspect(imap.token)["active"]
    signin.reject(account, imap.token)
    assert (await signin.imap(account, read)).token != imap.token
    plain = await signin.smtp(account, {"host": "mx.test", "user": "u", "password": VAULT.seal("p")})
    assert (plain.password, plain.token) == ("p", "")

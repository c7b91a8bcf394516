"""The connection test: what works is told with numbers, and each thing that can be wrong in words of its own."""

import asyncio
import contextlib
import ipaddress
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from channels.email import probe
from channels.email.accounts import Auth, Encryption, ImapSettings, SmtpSettings
from channels.email.presets import hint_for
from channels.email.signin import SignIn
from core.db import Database
from core.errors import Invalid
from core.net import LOOPBACK, PUBLIC_ONLY, Networks
from core.vault import Vault
from tests.channels.email.dovecot import PASSWORD
from tests.channels.email.peers import Scripted, Sink, password_is
from tests.channels.email.test_mailbox import Box

HERE = Networks(LOOPBACK)
IMAP = ImapSettings(host="127.0.0.1", port=1, user="help", password="x", tls=Encryption.NONE)
SMTP = SmtpSettings(host="127.0.0.1", port=1, user="help", password="x", tls=Encryption.NONE)


@pytest.fixture
def box(dovecot: Any) -> Box:
    """An empty mailbox."""
    return Box(dovecot)


async def try_imap(settings: ImapSettings, seconds: float = 5) -> probe.ImapTrial:
    """Where the servers of the tests may be reached."""
    return await probe.try_imap(settings, HERE, seconds)


async def try_smtp(settings: SmtpSettings, seconds: float = 5) -> probe.SmtpTrial:
    """The same for sending."""
    return await probe.try_smtp(settings, "help@desk.test", HERE, seconds)


def imap_at(port: int, **changes: Any) -> ImapSettings:
    """Settings for a server of this test."""
    return ImapSettings(**{"host": "127.0.0.1", "port": port, "user": "help", "password": "x",
                           "tls": Encryption.NONE, **changes})  # fmt: skip


def smtp_at(port: int, **changes: Any) -> SmtpSettings:
    """The same for sending."""
    return SmtpSettings(**{"host": "127.0.0.1", "port": port, "user": "help", "password": "x",
                           "tls": Encryption.NONE, **changes})  # fmt: skip


@pytest.mark.peer
async def test_a_mailbox_that_works_is_told_with_numbers(box: Box) -> None:
    """Mails, folders by the names that people know, whether news is pushed; and nothing is touched."""
    box.add(b"Subject: 1\r\n\r\n1\r\n", b"Subject: 2\r\n\r\n2\r\n")
    box.add(b"Subject: 3\r\n\r\n3\r\n", folder='"Ablage &- mehr"')
    box.add(b"Subject: 4\r\n\r\n4\r\n", folder="&CSYJLA-")
    found = await try_imap(box.settings())
    assert found.ok
    assert (found.messages, found.idle) == (2, True)
    assert set(found.folders) == {"INBOX", "Ablage & mehr", "दब"}
    assert "2 mails in INBOX" in found.detail
    with box.session() as client:
        client.select(readonly=True)
        assert len(client.search(None, "UNSEEN")[1][0].split()) == 2


@pytest.mark.peer
async def test_a_folder_that_is_not_there_is_told_with_those_that_are(box: Box) -> None:
    """The administrator picks one."""
    box.add(b"Subject: 1\r\n\r\n1\r\n", folder="Support")
    found = await try_imap(box.settings(folder="Suport"))
    assert not found.ok
    assert "There is no folder Suport. There are: " in found.detail
    assert "Support" in found.detail
    assert set(found.folders) == {"INBOX", "Support"}


@pytest.mark.peer
async def test_a_wrong_password_is_told(box: Box) -> None:
    """With the server's words and a question."""
    found = await try_imap(box.settings(password="wrong"))
    assert not found.ok
    assert f"refused the sign-in of {box.user}" in found.detail
    assert "Are name and password right?" in found.detail
    assert "wrong" not in found.detail


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("imap.gmail.com", "app password"),
        ("outlook.office365.com", "connect with Microsoft"),
        ("IMAP.mail.yahoo.com.", "app password"),
        ("imappro.zoho.eu", "region"),
        ("imap.mail.me.com", "Apple"),
        ("mail.example.org", ""),
        ("notgmail.com", ""),
    ],
)
def test_where_an_app_password_is_needed_it_is_said(host: str, words: str) -> None:
    """By the server's name."""
    assert words in hint_for(host)
    assert bool(words) == bool(hint_for(host))


def test_the_hint_follows_a_refused_password_and_not_a_refused_token() -> None:
    """What helps differs."""
    assert "app password" in probe._sign_in("no.", "imap.gmail.com", Auth.PASSWORD)
    assert "Connect the mailbox again" in probe._sign_in("no.", "imap.gmail.com", Auth.OAUTH)


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("mail.nowhere.invalid", 993, "There is no server called mail.nowhere.invalid"),
        ("127.0.0.1", 1, "the connection was refused"),
        ("10.11.12.13", 993, "SAMPARK_TRUSTED_NETWORKS"),
    ],
)
async def test_servers_that_cannot_be_reached(host: str, port: int, words: str) -> None:
    """The same words for both sides."""
    first = await try_imap(imap_at(port, host=host))
    second = await try_smtp(smtp_at(port, host=host))
    assert words in first.detail
    assert words in second.detail
    assert not first.ok
    assert not second.ok


async def test_our_own_machine_is_not_reached_unless_it_is_trusted() -> None:
    """A test of the connection is no way into the server's own network."""
    sink = Sink()
    async with serving(sink) as port:
        found = await probe.try_smtp(smtp_at(port, user=""), "help@desk.test", PUBLIC_ONLY, 5)
    assert not found.ok
    assert sink.connections == 0


async def test_a_server_that_says_nothing_is_given_up() -> None:
    """In the time that was given, not in that of the network."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with Scripted(talk) as server:
        first, second = await asyncio.gather(
            try_imap(imap_at(server.port), 0.3), try_smtp(smtp_at(server.port), 0.3)
        )  # fmt: skip
    assert "did not answer" in first.detail
    assert "did not answer" in second.detail
    assert first.seconds < 3


@contextlib.asynccontextmanager
async def serving(sink: Sink, tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[int]:
    """An SMTP server on a free port."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: sink.protocol(**options), "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def test_a_sending_server_that_works() -> None:
    """Signed in, the sender is welcome, and no mail was sent."""
    sink = Sink()
    async with serving(sink, authenticator=password_is(b"x"), auth_require_tls=False) as port:
        found = await try_smtp(smtp_at(port))
    assert found.ok, found.detail
    assert "not encrypted" in found.detail
    assert sink.mails == []


async def test_a_sending_server_that_refuses_the_sign_in() -> None:
    """With code and words."""
    async with serving(Sink(), authenticator=password_is(b"right"), auth_require_tls=False) as port:
        found = await try_smtp(smtp_at(port))
    assert not found.ok
    assert "refused the sign-in of help: 535" in found.detail


async def test_a_sender_that_is_not_welcome() -> None:
    """Known now, and not from a customer who got no answer."""
    async with serving(Sink(refuse={"help@desk.test": "553 5.7.1 not yours"})) as port:
        found = await try_smtp(smtp_at(port, user=""))
    assert "does not let help@desk.test send: 553 5.7.1 not yours" in found.detail


async def test_starttls_that_is_missing() -> None:
    """On both sides, with what to choose instead; and no password leaves us."""
    heard: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK [CAPABILITY IMAP4rev1] hello\r\n")
        while line := await reader.readline():
            heard.append(line)
            tag = line.split()[0]
            writer.write(b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK done\r\n")

    async with Scripted(talk) as server:
        first = await try_imap(imap_at(server.port, tls=Encryption.STARTTLS))
    assert "offers no STARTTLS" in first.detail
    assert not any(b"LOGIN" in line or b"help" in line for line in heard)
    async with serving(Sink(), authenticator=password_is(b"x"), auth_require_tls=False) as port:
        second = await try_smtp(smtp_at(port, tls=Encryption.STARTTLS))
    assert "offers no STARTTLS" in second.detail


async def test_tls_where_there_is_none() -> None:
    """The usual mistake: the port of STARTTLS with TLS from the start."""
    async with serving(Sink()) as port:
        found = await try_smtp(smtp_at(port, tls=Encryption.TLS))
        other = await try_imap(imap_at(port, tls=Encryption.TLS))
    assert "does not speak TLS" in found.detail
    assert "does not speak TLS" in other.detail


def certificate(folder: Path, *, name: str = "127.0.0.1", ended: bool = False) -> ssl.SSLContext:
    """What a server shows, and the file that makes it trusted: folder/cert.pem."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    begins, ends = (now - timedelta(days=9), now - timedelta(days=2)) if ended else (now, now + timedelta(days=2))
    address = x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.TraditionalOpenSSL
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


@pytest.mark.parametrize(
    ("given", "trusted", "words"),
    [
        ({}, False, "signed itself"),
        ({"ended": True}, True, "has expired"),
        ({"name": "other.test"}, True, "made for another"),
    ],
)
async def test_certificates_that_are_not_good(tmp_path: Path, given: dict[str, Any], trusted: bool, words: str) -> None:
    """Each in its own words, on both sides, and no password leaves us."""
    context = certificate(tmp_path, **given)
    ca_file = str(tmp_path / "cert.pem") if trusted else ""
    sink = Sink()
    async with serving(sink, tls=context) as port:
        first = await try_imap(imap_at(port, tls=Encryption.TLS, ca_file=ca_file))
        second = await try_smtp(smtp_at(port, tls=Encryption.TLS, ca_file=ca_file))
    assert words in first.detail
    assert words in second.detail
    async with serving(sink, tls_context=context) as port:
        third = await try_smtp(smtp_at(port, tls=Encryption.STARTTLS, ca_file=ca_file))
    assert words in third.detail


async def test_a_good_certificate(tmp_path: Path) -> None:
    """Trusted by a file of one's own."""
    context = certificate(tmp_path)
    async with serving(Sink(), tls=context) as port:
        found = await try_smtp(smtp_at(port, tls=Encryption.TLS, ca_file=str(tmp_path / "cert.pem"), user=""))
        wrong = await try_smtp(smtp_at(port, tls=Encryption.TLS, ca_file=str(tmp_path / "nothing.pem"), user=""))
    assert found.ok, found.detail
    assert "encrypted connection" in found.detail
    assert "nothing.pem" in wrong.detail


@pytest.mark.peer
async def test_both_sides_are_tried_at_the_same_time(db: Database, box: Box) -> None:
    """Stored secrets are opened; one side that fails does not hide the other."""
    vault = Vault("test-secret-of-the-suite")
    settings = {
        "imap": {"host": "127.0.0.1", "port": box.dovecot.port, "user": box.user, "tls": "none",
                 "password": vault.seal(PASSWORD)},
        "smtp": {"host": "127.0.0.1", "port": 1, "tls": "none"},
    }  # fmt: skip
    found = await probe.stored(SignIn(db, vault, HERE), 1, settings, "help@desk.test", 5)
    assert found.imap is not None
    assert found.smtp is not None
    assert (found.imap.ok, found.smtp.ok, found.ok) == (True, False, False)
    with pytest.raises(Invalid, match="SAMPARK_SECRET") as told:
        await probe.stored(SignIn(db, Vault("another"), HERE), 1, settings, "help@desk.test", 5)
    assert told.value.extra["errors"][0]["field"] == "imap.password"


@pytest.mark.peer
async def test_a_first_reading_is_counted(db: Database, box: Box) -> None:
    """A dry run: the number, and nothing else happens."""
    box.add(b"Subject: 1\r\n\r\n1\r\n", b"Subject: 2\r\n\r\n2\r\n")
    signin = SignIn(db, Vault("x"), HERE)
    given = {"host": "127.0.0.1", "port": box.dovecot.port, "user": box.user, "tls": "none", "password": PASSWORD}
    found = await probe.counted(signin, None, {"imap": given}, None)
    assert found.total == 2
    assert found.oldest is not None
    later = (datetime.now(UTC) + timedelta(days=3)).date()
    assert (await probe.counted(signin, None, {"imap": given}, later)).total == 0
    with pytest.raises(Invalid, match="refused the sign-in"):
        await probe.counted(signin, None, {"imap": {**given, "password": "no"}}, None)
    with pytest.raises(Invalid, match="Save this mailbox"):
        await probe.counted(signin, None, {"imap": {**given, "auth": "oauth"}}, None)

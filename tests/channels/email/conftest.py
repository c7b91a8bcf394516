"""Fixtures of the e-mail channel: an account, a certificate, a private Dovecot."""

import base64
import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from channels.email.signin import SignIn
from channels.models import ChannelAccount
from core import clock
from core.db import Database, unit_of_work
from core.net import LOOPBACK, Networks
from core.vault import Vault
from tests.channels.email.dovecot import DOVECOT, Dovecot
from tests.ports import free_ports


async def make_account(db: Database, name: str = "Support", **values) -> int:
    """A mailbox of the desk; returns its id."""
    given = {
        "channel": "email",
        "name": name,
        "address": f"{name.lower()}@desk.test",
        "aliases": [],
        "display_name": name,
        "settings": {},
        "cursor": {},
        "created_at": clock.now(),
    }
    async with unit_of_work(db) as session:
        account = ChannelAccount(**{**given, **values})
        session.add(account)
        await session.flush()
        return account.id


def signin() -> SignIn:
    """For accounts that sign in with passwords, on this machine: no database is asked."""
    return SignIn(Database("postgresql://nobody@127.0.0.1:1/nothing"), Vault("test"), Networks(LOOPBACK))


@pytest.fixture
async def account(db) -> int:
    """The mailbox support@desk.test with the alias help@desk.test."""
    return await make_account(db, aliases=["help@desk.test"])


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that only we trust: folder with cert.pem and key.pem."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


@pytest.fixture(scope="session")
def dovecot(certificate):
    """A running Dovecot. Without the program the tests that need it are skipped, but never on the build server."""
    if not DOVECOT.exists() and not os.environ.get("CI"):
        pytest.skip("Dovecot is not installed")
    # Not pytest's own folder: every other run of pytest closes that to all but its owner, and Dovecot's mail
    # process is another user when we are root.
    with tempfile.TemporaryDirectory(prefix="sampark-dovecot-", ignore_cleanup_errors=True) as folder:
        server = Dovecot(Path(folder), certificate / "cert.pem", certificate / "key.pem")
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def token_dovecot(certificate):
    """A running Dovecot that takes tokens only, and the port where it looks for the provider to ask about them."""
    if not DOVECOT.exists() and not os.environ.get("CI"):
        pytest.skip("Dovecot is not installed")
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="sampark-dovecot-", ignore_cleanup_errors=True) as folder:
        server = Dovecot(Path(folder), certificate / "cert.pem", certificate / "key.pem", provider=port)
        server.start()
        yield server, port
        server.stop()


@pytest.fixture(scope="session")
def dkim_key():
    """A key for signing mails: private half in PEM, public half as the record in DNS."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    private = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private, b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)

"""Signatures: they verify, they break when anything that counts is changed, and they speak for the right domain."""

import dkim as library
import pytest

from channels.email import dkim
from channels.email.accounts import DkimSettings
from channels.email.compose import Unsubscribe, compose
from channels.email.parsed import Address
from core.errors import Invalid
from tests.channels.email.test_compose import outgoing

FULL = {
    "cc": [Address(name="Café ☕", address="c@example.com")],
    "reply_to": "help+t1.sig@desk.test",
    "subject": "प्रिंटर में समस्या " * 9,
    "in_reply_to": "<q2@example.com>",
    "references": [f"<{number}@example.com>" for number in range(9)],
    "auto_submitted": "auto-generated",
    "unsubscribe": Unsubscribe("https://desk.test/x", one_click=True),
}


@pytest.fixture
def key(dkim_key) -> DkimSettings:
    """The key of desk.test."""
    return DkimSettings("s1", "desk.test", dkim_key[0])


def verified(raw: bytes, record: bytes) -> bool:
    """Whether a receiving server would believe it; DNS is asked for the right name."""

    def dns(name: bytes, timeout: float = 5) -> bytes | None:
        return record if name == b"s1._domainkey.desk.test." else None

    return bool(library.verify(raw, dnsfunc=dns))


@pytest.mark.parametrize("changes", [{}, FULL, {"html": ""}, {"text": "\n\n", "html": ""}])
def test_a_signed_mail_verifies(key, dkim_key, changes):
    """Whatever the mail holds (field 16)."""
    assert verified(dkim.signed(compose(outgoing(**changes)), key), dkim_key[1])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Subject: ", b"Subject: x"), (b"From: ", b"From: x"), (b"To: ", b"To: x"), (b"Cc: ", b"Cc: x"),
        (b"Date: ", b"Date: x"), (b"Message-ID: ", b"Message-ID: x"), (b"In-Reply-To: ", b"In-Reply-To: x"),
        (b"References: ", b"References: x"), (b"Reply-To: ", b"Reply-To: x"), (b"MIME-Version: 1", b"MIME-Version: 2"),
        (b"Content-Type: multipart/", b"Content-Type: x-multipart/"), (b"Hello", b"Hullo"),
        (b"List-Unsubscribe: ", b"List-Unsubscribe: x"), (b"From: ", b"From: evil@example.com\r\nFrom: "),
    ],
)  # fmt: skip
def test_a_changed_mail_does_not(key, dkim_key, old, new):
    """Every field that says who, to whom, what and in answer to what is under the signature; no second From fits in."""
    raw = dkim.signed(compose(outgoing(**FULL)), key)
    assert old in raw
    head, _, rest = raw.partition(b"\r\nDate: ")
    changed = head + (b"\r\nDate: " + rest).replace(old, new, 1)
    assert not verified(changed, dkim_key[1])


def test_white_space_may_change_on_the_way(key, dkim_key):
    """Relaxed form: servers that fold anew or strip ends of lines break nothing."""
    raw = dkim.signed(compose(outgoing(text="Hello  \nRavi", html="")), key)
    assert verified(raw.replace(b"Subject: Your order", b"Subject:  Your\r\n order"), dkim_key[1])
    assert verified(raw.replace(b"Hello  \r\n", b"Hello\r\n"), dkim_key[1])


@pytest.mark.parametrize(
    ("address", "does"),
    [("a@desk.test", True), ("a@mail.DESK.test", True), ("a@other.test", False), ("a@notdesk.test", False)],
)
def test_a_key_speaks_for_its_domain_only(key, address, does):
    """A signature of another domain proves nothing about the sender."""
    assert dkim.fits(address, key) is does


@pytest.mark.parametrize(
    "pem", ["", "nonsense", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----"]
)
def test_a_broken_key_is_said_in_words(pem):
    """No mail leaves unsigned by accident; the sentence names the domain."""
    with pytest.raises(Invalid, match=r"desk\.test cannot be used"):
        dkim.signed(compose(outgoing()), DkimSettings("s1", "desk.test", pem))

"""Signed and encrypted mails: said to be so, kept, and readable where they are not secret."""

import base64
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email.parse import parse_mail
from channels.email.protection import signed_content

HEAD = "From: jo@home.example\nTo: desk@shop.example\nSubject: x\nMIME-Version: 1.0\n"


def whole(kind: str, content: bytes) -> bytes:
    """A mail that is one file."""
    coded = base64.encodebytes(content).decode()
    return f"{HEAD}Content-Type: {kind}\nContent-Transfer-Encoding: base64\n\n{coded}".encode()


def several(kind: str, *parts: str) -> bytes:
    """A mail of several parts."""
    body = "".join(f"--s\n{part}\n" for part in parts)
    return f"{HEAD}Content-Type: {kind}; boundary=s\n\n{body}--s--\n".encode()


TEXT = "Content-Type: text/plain\n\nHello\n"
P7S = "Content-Type: application/pkcs7-signature\n\nabc\n"
ASC = "Content-Type: application/pgp-signature\n\n-----BEGIN PGP SIGNATURE-----\n"
SIGNED_MIXED = (
    'Content-Type: multipart/signed; protocol="application/pgp-signature"; boundary=t\n\n'
    f"--t\n{TEXT}\n--t\n{ASC}\n--t--\n"
)


@pytest.mark.parametrize(
    ("raw", "protection", "names"),
    [
        (several('multipart/signed; protocol="application/pkcs7-signature"', TEXT, P7S), "smime_signed", ["smime.p7s"]),
        (several('multipart/signed; protocol="application/pgp-signature"', TEXT, ASC), "pgp_signed", ["signature.asc"]),
        (several("multipart/signed", TEXT, P7S), "smime_signed", ["smime.p7s"]),
        (several("multipart/mixed", SIGNED_MIXED, TEXT), "pgp_signed", ["signature.asc"]),
        (
            several(
                "multipart/encrypted; protocol=application/pgp-encrypted",
                "Content-Type: application/pgp-encrypted\n\nVersion: 1\n",
                "Content-Type: application/octet-stream; name=encrypted.asc\n\n-----BEGIN PGP MESSAGE-----\n",
            ),
            "pgp_encrypted",
            ["version.txt", "encrypted.asc"],
        ),
        (whole("application/pkcs7-mime; smime-type=enveloped-data", b"0\x80abc"), "smime_encrypted", ["smime.p7m"]),
        (whole("application/x-pkcs7-mime; name=smime.p7m", b"0\x80abc"), "smime_encrypted", ["smime.p7m"]),
        (whole("application/octet-stream; name=smime.p7m", b"0\x80abc"), "smime_encrypted", ["smime.p7m"]),
        (whole("application/pkcs7-mime; smime-type=certs-only", b"0\x80abc"), "", ["smime.p7m"]),
        (f"{HEAD}\n-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----\n".encode(), "pgp_encrypted", []),
        (f"{HEAD}\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nHi\n".encode(), "pgp_signed", []),
        (f"{HEAD}\n> -----BEGIN PGP MESSAGE-----\n\nI cannot read this.\n".encode(), "", []),
        (f"{HEAD}\nHello\n".encode(), "", []),
    ],
)  # fmt: skip
def test_kinds_of_protection(raw: bytes, protection: str, names: list[str]) -> None:
    """The protection is told, and every part of it is kept under a name."""
    read = parse_mail(raw)
    assert read.protection == protection
    assert [item.name for item in read.attachments] == names


@pytest.mark.parametrize("form", [[], ["-stream"]])
def test_what_is_only_signed_can_be_read(tmp_path, form: list[str]) -> None:
    """A mail signed as one file is opened: its text and its files are there, and so is the file."""
    inner = several("multipart/mixed", TEXT, "Content-Type: image/png; name=lamp.png\n\nPNG")
    (tmp_path / "inner").write_bytes(inner.partition(b"MIME-Version: 1.0\n")[2])
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=jo", "-keyout", "key",
         "-out", "cert"],
        check=True, capture_output=True, cwd=tmp_path,
    )  # fmt: skip
    subprocess.run(
        ["openssl", "cms", "-sign", "-nodetach", "-binary", "-signer", "cert", "-inkey", "key", "-in", "inner",
         "-outform", "DER", "-out", "signed", *form],
        check=True, capture_output=True, cwd=tmp_path,
    )  # fmt: skip
    read = parse_mail(whole("application/pkcs7-mime; smime-type=signed-data", (tmp_path / "signed").read_bytes()))
    assert read.protection == "smime_signed"
    assert read.text.strip() == "Hello"
    assert [item.name for item in read.attachments] == ["lamp.png", "smime.p7m"]


@given(st.binary(max_size=200))
def test_broken_files_hold_nothing(rest: bytes) -> None:
    """Whatever follows the marks of a signed file, reading ends without a fault."""
    marks = bytes.fromhex("308006092a864886f70d010702a080308002010131003080") + bytes.fromhex("06092a864886f70d010701")
    assert isinstance(signed_content(marks + rest), bytes)
    assert parse_mail(whole("application/pkcs7-mime; smime-type=signed-data", marks + rest)).error is None

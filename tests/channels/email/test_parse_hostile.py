"""Hostile and damaged mails: the reader is total, and takes linear time."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from channels.email.authentication import results
from channels.email.forwarded import forwarded
from channels.email.parse import parse_mail
from tests.channels.email.mails import check, mail, multipart, rtf_body, winmail


@pytest.mark.parametrize(
    "raw",
    [
        b"From: " + b"a@b.example, " * 60_000 + b"\n\nx",
        b"Subject: " + b"=?utf-8?q?a?= " * 60_000 + b"\n\nx",
        b"Subject: " + b"=?utf-8?q?a " * 60_000 + b"\n\nx",
        b'From: "' + b'\\"' * 300_000 + b"\n\nx",
        b'Content-Type: text/plain; x="' + b'\\"' * 300_000 + b"\n\nx",
        b"Content-Type: text/plain; " + b"a=b; " * 60_000 + b"\n\nx",
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2_000)),
        b"Content-Type: message/rfc822\n\n" * 2_000 + b"x",
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 20_000 + b"--b--",
        b"A: b\n\n" + b"begin 644 x\n#AAAA\n" * 30_000,
        b"From: MAILER-DAEMON\nSubject: failure notice\n\n" + b"<a@b.example>: 550 5.1.1 unknown\n" * 20_000,
    ],
)
def test_hostile_mails_take_linear_time(raw: bytes) -> None:
    """No header, structure or body of a megabyte costs more than seconds."""
    started = time.process_time()
    parse_mail(raw)
    assert time.process_time() - started < 15


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
@example(b"")
@example(b"Content-Type: multipart/mixed; boundary=\n\n--\n--")
@example(b"Content-Type: text/plain; charset=idna\n\n\xff\xfe")
@example(b"Subject: =?undefined?b?AAAA?=\n\n")
def test_no_bytes_make_it_fail(raw: bytes) -> None:
    """Whatever arrives, the answer is a mail that a database takes."""
    check(parse_mail(raw))


PIECES = [
    b"From: a@b.example\n", b"Content-Type: multipart/mixed; boundary=x\n", b"Content-Type: text/html; charset=foo\n",
    b"Content-Type: message/delivery-status\n", b"Content-Transfer-Encoding: base64\n", b"Content-Transfer-Encoding: quoted-printable\n",
    b"\n", b"\r\n", b"--x\n", b"--x--\n", b"=E9=\n", b"AAAA=\n", b"Final-Recipient: rfc822; a@b.example\n", b"Status: 5.1.1\n",
    b"<p>hi</p>\n", b"\xff\x00\n", b"Subject: =?utf-8?b?w7w?=\n", b"Content-Disposition: attachment; filename*0*=''%\n",
    b"begin 644 a\n", b"> q\n", b"From: MAILER-DAEMON\n", b"Subject: failure notice\n",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_no_mixture_of_pieces_makes_it_fail(pieces: list[bytes]) -> None:
    """Pieces of real mails in any order are read without an internal fault."""
    check(parse_mail(b"".join(pieces)))


WHOLE = [
    mail("Yes.\n\nOn Mon, 3 Mar 2025 at 10:15, A <a@b.example> wrote:\n> Well?\n"),
    multipart("alternative", "Content-Type: text/plain; charset=utf-7\n\na+2AA-b", "Content-Type: text/html\n\n<p>&#0;&#xd800;x"),
    multipart(
        "report; report-type=delivery-status",
        "Content-Type: text/plain\n\nUser unknown",
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@b.example\nStatus: 5.1.1",
    ),
    multipart("mixed", "Content-Type: message/rfc822\n\nFrom: a@b.example\nSubject: in\n\nx", "Content-Type: image/png; name*=utf-8''%00.png\n\nx"),
    mail("---------- Forwarded message ---------\nFrom: Jo <jo@home.example>\nDate: Mon, 3 Mar 2025\nSubject: x\n\nHi\n", Subject="Fwd: =?utf-7?q?+2AA-?="),
    winmail(rtf_body(rb"{\rtf1 Emoji \u-10179?\u-8704? and half \u-10179?}")),
    mail("begin 644 cat.txt\n#0V%T\n`\nend\n", Authentication_Results='mx; dkim=pass ("; header.d=x', Date="32 Foo 99999"),
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_damage_makes_it_fail(data: st.DataObject) -> None:
    """Real mails with pieces cut out, doubled, swapped and overwritten are read without an internal fault."""
    raw = bytearray(data.draw(st.sampled_from(WHOLE)))
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(raw)))
        end = min(len(raw), at + data.draw(st.integers(0, 60)))
        damage = data.draw(st.sampled_from(["cut", "double", "bytes", "end"]))
        if damage == "double":
            raw[end:end] = raw[at:end]
        elif damage == "bytes":
            raw[at:end] = data.draw(st.binary(max_size=8))
        else:
            del raw[at : None if damage == "end" else end]
    read = parse_mail(bytes(raw))
    check(read)
    inner = forwarded(read)
    assert inner is None or "@" in inner.from_.address
    assert results(read, frozenset(("mx",))) == results(read, frozenset(("MX",)))

"""winmail.dat (TNEF): files and bodies that Outlook packs into one part."""

import struct
import time

import pytest

from channels.email.parse import parse_mail
from tests.channels.email.mails import attribute, rtf_body, winmail


def test_winmail_dat_is_unpacked() -> None:
    """Outlook's own wrapping comes apart into its files."""
    files = attribute(2, 0x9002, b"\0" * 14) + attribute(2, 0x8010, b"price.txt\0") + attribute(2, 0x800F, b"9.99")
    read = parse_mail(winmail(files, "Content-Type: text/plain\n\nx"))
    assert [(item.name, item.content) for item in read.attachments] == [("price.txt", b"9.99")]


def test_body_of_winmail_dat() -> None:
    """A body that is only compressed RTF is read; beside a plain text it would say the same twice."""
    body = rtf_body(
        rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fnil Arial;}}\pard Where is my \b lamp\b0 , J\'fcrgen?\par Thanks\par}"
    )
    assert parse_mail(winmail(body)).text == "Where is my lamp, Jürgen?\nThanks"
    assert parse_mail(winmail(body, "Content-Type: text/plain\n\nHello")).text.strip() == "Hello"
    assert [item.name for item in parse_mail(winmail(body)).attachments] == ["winmail.dat"]


@pytest.mark.parametrize(
    "markup",
    [b"{\\rtf1" + rb"{\field{\*\fldinst{" * 15_000, b"{\\rtf1{\\fonttbl" + rb"\f1" * 50_000, b"{\\rtf1" * 20_000],
)
def test_hostile_bodies_of_winmail_dat(markup: bytes) -> None:
    """RTF that is made to keep its readers busy takes no longer than other mails of its size."""
    raw = b"\0" * 4 + struct.pack("<I", len(markup)) + b"MELA" + b"\0" * 4 + markup
    raw = struct.pack("<I", len(raw) - 4) + raw[4:]
    data = attribute(1, 0x9003, struct.pack("<IHHII", 1, 0x102, 0x1009, 1, len(raw)) + raw + b"\0" * (-len(raw) % 4))
    start = time.process_time()
    parse_mail(winmail(data))
    assert time.process_time() - start < 5

"""Mails for the tests of reading: put together by name, and what holds of every mail that was read."""

import base64
import struct

import compressed_rtf
import msgspec

from channels.email.parsed import ParsedMail

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def mail(body: str = "Hello", **fields: str) -> bytes:
    """A mail with a few fields, by name with underscores."""
    head = {"From": "Jo <jo@home.example>", "To": "desk@shop.example", "Subject": "Order 77"}
    head.update({name.replace("_", "-"): value for name, value in fields.items()})
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items() if value)
    return (lines + "\r\n" + body.replace("\n", "\r\n")).encode()


def check(read: ParsedMail) -> None:
    """What holds of every mail: read without a fault, storable, and no line of the text in neither half."""
    assert read.error is None or "completely" not in read.error
    stored = msgspec.json.encode(msgspec.structs.replace(read, attachments=[])).decode()
    assert "\\u0000" not in stored
    for item in read.attachments:
        assert item.size == len(item.content)
        assert item.name
        assert item.name.isprintable() or not set(item.name) & set("/\\\x00\n")
        item.name.encode()
    both = f"{read.reply_text}\n{read.quoted_text}"
    lines = [line.strip() for line in both.splitlines() if line.strip()]
    assert sorted(lines) == sorted(line.strip() for line in read.text.splitlines() if line.strip())


def multipart(kind: str, *parts: str) -> bytes:
    """A multipart mail of parts with their own headers."""
    body = "".join(f"--sep\n{part}\n" for part in parts) + "--sep--\n"
    return mail(body, MIME_Version="1.0", Content_Type=f"multipart/{kind}; boundary=sep")


def attribute(level: int, number: int, data: bytes) -> bytes:
    """One attribute of winmail.dat."""
    return struct.pack("<BHHI", level, number, 6, len(data)) + data + b"\0\0"


def winmail(content: bytes, *others: str) -> bytes:
    """A mail with winmail.dat and other parts."""
    coded = base64.b64encode(struct.pack("<IH", 0x223E9F78, 1) + content).decode()
    part = f"Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n{coded}"
    return multipart("mixed", *others, part)


def rtf_body(markup: bytes) -> bytes:
    """The message attribute of winmail.dat with a compressed RTF body."""
    data = compressed_rtf.compress(markup)
    padded = data + b"\0" * (-len(data) % 4)
    return attribute(1, 0x9003, struct.pack("<IHHII", 1, 0x102, 0x1009, 1, len(data)) + padded)

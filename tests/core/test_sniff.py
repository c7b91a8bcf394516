"""What a file is by its content: names and declared types are never believed."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.sniff import PLAIN, UNKNOWN, sniff

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4s", 13, b"IHDR") + struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00"
SHOWN = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"}


@pytest.mark.parametrize(
    ("content", "name", "wanted"),
    [
        (PNG, "a.png", "image/png"),
        (PNG, "a.html", "image/png"),
        (PNG, "", "image/png"),
        (JPEG, "photo", "image/jpeg"),
        (b"GIF89a\x01\x00\x01\x00\x00", "x", "image/gif"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "x", "image/webp"),
        (b"\x00\x00\x00\x20ftypavif" + bytes(20), "x", "image/avif"),
        (b"BM\x36\x00\x00\x00\x00\x00\x00\x00\x36\x00", "x.bmp", "image/bmp"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a.txt", "application/pdf"),
        (b"PK\x03\x04\x14\x00\x06\x00", "a.zip", "application/zip"),
        (b"PK\x03\x04\x14\x00\x06\x00", "letter.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"Dear desk,\n\nthe machine stopped.", "a.png", PLAIN),
        (b"BMW sent me the wrong part.", "a.bmp", PLAIN),
        ("नमस्ते".encode(), "x", PLAIN),
        (zlib.compress(bytes(500))[:40], "x.weird", UNKNOWN),
        (b"", "a.png", UNKNOWN),
    ],
)  # fmt: skip
def test_files_are_known_by_their_content(content: bytes, name: str, wanted: str) -> None:
    """Images, documents, text, and what nobody knows; a name only tells apart what begins alike."""
    assert sniff(content, name) == wanted


@pytest.mark.parametrize(
    "content",
    [
        b"<html><script>alert(1)</script>",
        b"\n\t  <!DOCTYPE html><title>x</title>",
        b"\xef\xbb\xbf<script>alert(1)</script>",
        "<script>alert(1)</script>".encode("utf-16"),
        b"<!-- nothing --><img src=x onerror=alert(1)>",
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        b'<?xml version="1.0"?><s:svg xmlns:s="http://www.w3.org/2000/svg"/>',
        b'<?xml version="1.0"?><x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>',
        b'<a xmlns="http://www.w3.org/1999/xhtml">x</a>',
    ],
)
@pytest.mark.parametrize("name", ["a.png", "a.txt", "a.pdf", ""])
def test_what_browsers_run_never_passes_for_something_else(content: bytes, name: str) -> None:
    """Whatever the name says."""
    assert sniff(content, name) in {"text/html", "image/svg+xml", "text/xml"}


@given(st.binary(max_size=200), st.text(max_size=20))
def test_any_bytes_have_a_type(content: bytes, name: str) -> None:
    """A type, never a fault, and the same one each time."""
    found = sniff(content, name)
    assert found.count("/") == 1
    assert found == found.lower() == sniff(content, name)


@given(st.text(alphabet="<>/ abcdefghijklmnopqrstuvwxyz=\"'\n", max_size=200), st.sampled_from(["a.png", "b.gif", "c"]))
def test_a_text_is_never_an_image(text: str, name: str) -> None:
    """What a browser would show in place is no text, however it is named."""
    assert sniff(text.encode(), name) not in SHOWN

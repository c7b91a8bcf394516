"""Bytes of mails become text, whatever their label says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email.charsets import codec_name, decode_bytes


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        ("Grüße", "cp1252", "iso-8859-1"),
        ("“quoted” €", "cp1252", "ISO-8859-1"),
        ("Привет, мир", "koi8_r", "koi8-r"),
        ("Привет, мир", "cp1251", "windows-1251"),
        ("Привет, мир", "cp1251", "x-cp1251"),
        ("你好，世界", "gb18030", "gb2312"),
        ("繁體中文", "big5", "x-x-big5"),
        ("日本語テスト", "iso2022_jp", "ISO-2022-JP"),
        ("①日本語", "cp932", "Shift_JIS"),
        ("안녕하세요", "cp949", "ks_c_5601-1987"),
        ("שלום", "iso8859_8", "iso-8859-8-i"),
        ("สวัสดี", "cp874", "windows-874"),
        ("नमस्ते", "utf_8", "utf8"),
        ("Grüße", "utf_7", "unicode-1-1-utf-7"),
        ("Grüße", "utf_16", "utf-16"),
        ("Ğüşöç", "cp1254", "iso-8859-9"),
    ],
)
def test_labels_as_senders_mean_them(text: str, codec: str, label: str) -> None:
    """Known, exotic and too narrow labels decode as intended."""
    assert decode_bytes(text.encode(codec), label) == text


@pytest.mark.parametrize("label", ["", "us-ascii", "iso-8859-1", "unknown-8bit", "foo", "base64", "\xff", "a" * 500])
def test_utf_8_is_known_by_itself(label: str) -> None:
    """Bytes that are UTF-8 are read so, a wrong label notwithstanding."""
    assert decode_bytes("Grüße नमस्ते".encode(), label) == "Grüße नमस्ते"


def test_the_default_helps_where_the_label_does_not() -> None:
    """Another part's charset is tried before guessing."""
    assert decode_bytes("Привет".encode("koi8_r"), "", default="koi8-r") == "Привет"


def test_a_long_text_without_label_is_guessed() -> None:
    """Cyrillic of the old code pages is recognised by its statistics."""
    text = "Здравствуйте, мой заказ до сих пор не пришёл, подскажите пожалуйста, когда его ждать. " * 3
    assert decode_bytes(text.encode("cp1251")) == text
    assert decode_bytes("Café crème, déjà vu".encode("cp1252")) == "Café crème, déjà vu"


@pytest.mark.parametrize("codec", ["koi8_r", "cp1251"])
def test_a_short_cyrillic_text_without_label(codec: str) -> None:
    """A subject of two words is enough to tell the two old code pages apart."""
    assert decode_bytes("Тест, привет".encode(codec)) == "Тест, привет"


def test_one_broken_byte_does_not_spoil_a_text() -> None:
    """The label is kept when almost all of the text fits."""
    raw = ("नमस्ते " * 50).encode() + b"\xff"
    assert decode_bytes(raw, "utf-8").startswith("नमस्ते")


def test_marks_and_nul_go() -> None:
    """No byte order mark and no NUL character comes out."""
    assert decode_bytes(b"\xef\xbb\xbfa\x00b") == "ab"


def test_codecs_that_are_no_charsets_are_refused() -> None:
    """Python's other codecs cannot be reached through a label."""
    for label in ("base64", "zlib", "rot13", "hex", "idna", "unicode_escape", "undefined"):
        assert codec_name(label) == ""


@given(st.binary(max_size=100), st.text(max_size=20))
def test_it_never_fails(raw: bytes, label: str) -> None:
    """Any bytes under any label become text."""
    assert "\x00" not in decode_bytes(raw, label)


def test_halves_of_characters_do_not_stay() -> None:
    """UTF-7 can spell half a character, which no database would take; two halves make one."""
    assert decode_bytes(b"a+2AA-b", "utf-7") == "a\ufffdb"
    assert "\ud800" not in decode_bytes(b"many words and a+2AA-b\xe9", "utf-7")
    assert decode_bytes(b"+2D3eAA-", "utf-7") == "\U0001f600"

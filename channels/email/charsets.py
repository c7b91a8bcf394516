"""Bytes to text, whatever the label says.

Part of the e-mail channel, below `channels.email.headers` and `channels.email.bodies`. A label is believed
when it
works; wrong, missing, exotic and unknown labels fall back to UTF-8, then to a guess from the bytes, then to a
decoding
that cannot fail. NUL characters never come out, PostgreSQL would refuse them.
"""

import codecs
import re
from functools import lru_cache

from charset_normalizer import from_bytes

GUESS_BYTES = 4_096
"""How much of a body the statistical guess may read, it costs about a millisecond per kilobyte."""

_GUESSED = (
    "utf_8", "cp1251", "koi8_r", "gb18030", "big5", "cp932", "euc_jp", "cp949", "cp1250", "cp1252", "cp1253",
    "cp1254", "cp1255", "cp1256", "cp1257", "cp874", "cp866",
)  # fmt: skip

# Labels seen in mail that Python does not know, or knows under a narrower set than senders mean (WHATWG
# Encoding
# Standard, section 4.2: for instance ISO-8859-1 means windows-1252 and GB2312 means GB18030).
_MEANT = {
    "iso-8859-1": "cp1252", "latin1": "cp1252",
    "latin-1": "cp1252", "iso8859-1": "cp1252", "iso_8859-1": "cp1252", "8859_1": "cp1252", "ansi": "cp1252",
    "iso-8859-9": "cp1254", "iso-8859-11": "cp874", "tis-620": "cp874", "windows-874": "cp874",
    "dos-874": "cp874",
    "iso-8859-8-i": "iso8859_8", "iso-8859-8-e": "iso8859_8", "iso-8859-6-i": "iso8859_6",
    "iso-8859-6-e": "iso8859_6", "logical": "iso8859_8", "visual": "iso8859_8",
    "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "cp936": "gb18030", "gb_2312-80": "gb18030",
    "csgb2312": "gb18030", "chinese": "gb18030", "hz-gb-2312": "hz", "big5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "cn-big5": "big5hkscs", "big5-eten": "big5hkscs",
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "ms_kanji": "cp932",
    "windows-31j": "cp932", "cswindows31j": "cp932", "iso-2022-jp": "iso2022_jp_ext",
    "iso-2022-jp-ms": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext", "cp50221": "iso2022_jp_ext", "x-euc-jp": "euc_jp", "eucjp-ms": "euc_jp",
    "euc-kr": "cp949", "ks_c_5601-1987": "cp949", "ks_c_5601-1989": "cp949", "ksc5601": "cp949",
    "ksc_5601": "cp949",
    "korean": "cp949", "x-windows-949": "cp949", "windows-949": "cp949", "johab": "johab",
    "x-mac-roman": "mac_roman", "macintosh": "mac_roman", "x-macintosh": "mac_roman", "mac": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic", "x-mac-greek": "mac_greek", "x-mac-turkish": "mac_turkish",
    "x-mac-ce": "mac_latin2", "x-mac-icelandic": "mac_iceland", "koi": "koi8_r", "koi8": "koi8_r",
    "koi8-ru": "koi8_u", "x-cp1250": "cp1250", "x-cp1251": "cp1251", "x-cp1252": "cp1252", "x-ansi": "cp1252",
    "unicode-1-1-utf-7": "utf_7", "unicode-1-1-utf-8": "utf_8", "unicode-2-0-utf-7": "utf_7",
    "utf-8mb4": "utf_8",
    "utf8mb4": "utf_8", "utf": "utf_8", "unicode": "utf_8", "x-utf-8": "utf_8", "cp65001": "utf_8",
    "ucs-2": "utf_16", "iso-10646-ucs-2": "utf_16", "iso-10646-ucs-4": "utf_32", "ucs-4": "utf_32",
}  # fmt: skip
_NOT_TEXT = frozenset(("base64", "bz2", "hex", "quopri", "rot13", "rot_13", "uu", "zlib", "idna", "punycode",
    "unicode_escape",
                       "raw_unicode_escape", "undefined", "mbcs", "oem"))  # fmt: skip
_WINDOWS = re.compile(r"^(?:x-)?(?:windows|win|cp|ibm|microsoft-cp|msdos|cs|codepage|ms)[-_ ]?(\d{3,5})$")
_ISO = re.compile(r"^(?:iso[-_ ]?)?8859[-_ ]?(\d{1,2})")
_BARE_UTF = re.compile(r"^utf[-_ ]?(8|16|32)(?:[-_ ]?(le|be))?", re.IGNORECASE)


@lru_cache(maxsize=512)
def codec_name(label: str) -> str:
    """The Python codec that a charset label of a mail means.

    Args:
        label: As found in the mail, in any case, perhaps quoted or unknown.

    Returns:
        The name of a text codec, or "" when the label means nothing to us.
    """
    cleaned = label.strip(" \t\r\n\"'<>;,.").lower().removeprefix("charset=").strip(" \"'")
    candidates = [_MEANT.get(cleaned, ""), _MEANT.get(cleaned.replace("_", "-"), ""), cleaned]
    if found := _WINDOWS.match(cleaned):
        candidates.append(f"cp{found[1]}")
    if found := _ISO.match(cleaned):
        candidates.append("cp1252" if found[1] == "1" else f"iso8859_{found[1]}")
    if found := _BARE_UTF.match(cleaned):
        candidates.append("utf_" + found[1] + (f"_{found[2]}" if found[2] else ""))
    for candidate in candidates:
        if not candidate or not candidate.isascii():
            continue
        try:
            name = codecs.lookup(candidate).name
        except (LookupError, ValueError):
            continue
        if name.replace("-", "_") not in _NOT_TEXT:
            return name
    return ""


def guess(raw: bytes) -> str:
    """Guess the codec of bytes that are not UTF-8.

    Args:
        raw: The bytes; only the first `GUESS_BYTES` are looked at.

    Returns:
        The name of a codec, `cp1252` when nothing fits.
    """
    sample = raw[:GUESS_BYTES]
    high = sum(1 for byte in sample if byte > 0x7F)
    letters = high + sum(1 for byte in sample if 0x41 <= byte <= 0x7A)
    if high * 3 < letters:
        return "cp1252"  # mostly ASCII letters: a Western language, and too few high bytes to tell more
    if cyrillic := _cyrillic(sample):
        return cyrillic
    best = from_bytes(sample, cp_isolation=list(_GUESSED), explain=False).best()
    return best.encoding if best is not None else "cp1252"


def _cyrillic(sample: bytes) -> str:
    """The old Cyrillic code page of a text too short for statistics.

    Words are mostly of small letters, and the small letters of each of the two pages are the capitals of the other.
    """
    high = [byte for byte in sample if byte > 0x7F]
    koi8 = sum(1 for byte in high if 0xC0 <= byte <= 0xDF)
    windows = sum(1 for byte in high if byte >= 0xE0)
    if koi8 + windows < len(high) * 0.97:
        return ""
    if koi8 >= len(high) * 0.75:
        return "koi8_r"
    return "cp1251" if windows >= len(high) * 0.75 else ""


def decode_bytes(raw: bytes, label: str = "", *, default: str = "") -> str:
    """Decode bytes of a mail to text; never fails.

    Args:
        raw: The bytes, transfer encoding already undone.
        label: The charset the mail names for them; may be empty, wrong or unknown.
        default: A charset to try when `label` does not work and the bytes are not UTF-8, for instance that of
        another
            part of the mail.

    Returns:
        The text, without byte order mark and NUL characters, and without halves of characters, which UTF-7 can spell
        and no database takes.
    """
    return _decode(raw, label, default).replace("\x00", "").removeprefix("\ufeff")


def whole_characters(text: str) -> str:
    """Join halves of characters (surrogates) where two fit, and replace those that stand alone."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _decode(raw: bytes, label: str, default: str) -> str:
    if raw.startswith(codecs.BOM_UTF8):
        raw, label = raw[3:], "utf-8"
    codec = codec_name(label) if label else ""
    if raw.isascii() and codec not in _STATEFUL:
        return raw.decode("ascii")
    if codec != "utf-8" and codec not in _STATEFUL and (text := _strictly(raw, "utf-8")) is not None:
        return text  # bytes of another charset are hardly ever valid UTF-8 by chance: the label is wrong
    if codec == "ascii":
        codec = ""  # claimed by senders that did not think about it, and disproved by the bytes
    for candidate in (codec, "utf-8", codec_name(default) if default else ""):
        if candidate and (text := _strictly(raw, candidate)) is not None:
            return text
    if codec and _mostly_works(raw, codec):
        return _without_halves(raw.decode(codec, "replace"), codec)
    return raw.decode(guess(raw), "replace")


def _strictly(raw: bytes, codec: str) -> str | None:
    try:
        return _without_halves(raw.decode(codec), codec)
    except (UnicodeError, ValueError):
        return None


def _without_halves(text: str, codec: str) -> str:
    return whole_characters(text) if codec == "utf-7" else text


def _mostly_works(raw: bytes, codec: str) -> bool:
    """Whether few characters are lost: one broken byte in a long body does not make its label wrong."""
    sample = raw[:65_536].decode(codec, "replace")
    beyond_ascii = sum(1 for character in sample if character > "\x7f")
    return sample.count("\ufffd") * 5 <= max(beyond_ascii, 5)


_STATEFUL = frozenset(
    ("utf-7", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "hz", "iso2022_jp_ext",
     "iso2022_kr", "iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_2004", "iso2022_jp_3")
)  # fmt: skip
"""Codecs whose text may consist of ASCII bytes only, so that plain ASCII does not prove anything."""

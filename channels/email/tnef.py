"""winmail.dat: files that Outlook wraps in its own format (TNEF, Microsoft's open specification MS-OXTNEF).

Part of the e-mail channel, used by `channels.email.bodies`. Only what a reader misses is taken out: attached files with
their names, and the body. Of a body that is compressed RTF (MS-OXRTFCP) only the words are read.
"""

import re
import struct
from collections.abc import Iterator

import compressed_rtf
import msgspec
from striprtf.striprtf import font_table_group, rtf_to_text

from channels.email.charsets import decode_bytes, whole_characters

SIGNATURE = 0x223E9F78
MAX_ITEMS = 10_000
"""Attributes and properties that are read."""

MAX_RTF = 300_000
"""Bytes of compressed RTF, and three times as many characters of RTF, that are read; its readers are slow."""

_ATTACH_RENDER, _ATTACH_TITLE, _ATTACH_DATA, _ATTACH_PROPS = 0x9002, 0x8010, 0x800F, 0x9005
_MESSAGE_PROPS, _CODE_PAGE, _BODY = 0x9003, 0x9007, 0x800C
_PR_DATA, _PR_LONG_NAME, _PR_NAME, _PR_MIME, _PR_CONTENT_ID = 0x3701, 0x3707, 0x3704, 0x370E, 0x3712
_PR_DISPLAY, _PR_BODY_HTML, _PR_BODY, _PR_RTF = 0x3001, 0x1013, 0x1000, 0x1009
_FIXED = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 4, 20: 8, 0x40: 8, 0x48: 16}
_VARIABLE = frozenset((0x0D, 0x1E, 0x1F, 0x102))
_OBJECT, _UTF_16, _MULTIPLE = 0x0D, 0x1F, 0x1000


class TnefFile(msgspec.Struct):
    """A file inside winmail.dat."""

    name: str = ""
    content_type: str = ""
    content_id: str = ""
    content: bytes = b""


class Tnef(msgspec.Struct):
    """What winmail.dat holds: files, and the message body where it is readable."""

    files: list[TnefFile] = []
    text: str = ""
    html: str = ""
    rtf: bytes = b""


def read_tnef(raw: bytes) -> Tnef | None:
    """Unpack winmail.dat.

    Args:
        raw: The file.

    Returns:
        What is in it, up to where it is broken; None when it is no TNEF.
    """
    if len(raw) < 6 or struct.unpack_from("<I", raw)[0] != SIGNATURE:
        return None
    found = Tnef()
    code_page = "cp1252"
    for attribute, data in _attributes(raw):
        if attribute == _CODE_PAGE and len(data) >= 4:
            code_page = f"cp{struct.unpack_from('<I', data)[0]}"
        elif attribute == _ATTACH_RENDER:
            found.files.append(TnefFile())
        elif attribute == _BODY:
            found.text = decode_bytes(data, code_page)
        elif attribute == _MESSAGE_PROPS:
            _message(found, data, code_page)
        elif found.files:
            _attachment(found.files[-1], attribute, data, code_page)
    found.files = [item for item in found.files if item.content or item.name]
    if found.rtf and not found.text.strip() and not found.html.strip():
        found.text = read_rtf(found.rtf)
    return found


def read_rtf(raw: bytes) -> str:
    """The words of a compressed RTF body.

    Args:
        raw: As MS-OXRTFCP has it.

    Returns:
        Plain text; "" when it is broken or too long.
    """
    if len(raw) > MAX_RTF:
        return ""
    try:
        markup = compressed_rtf.decompress(raw).decode("latin-1").rstrip("\x00")
        if len(markup) > 3 * MAX_RTF or len(font_table_group(markup)) > _MAX_FONT_TABLE:  # type: ignore[no-untyped-call]  # has no types
            return ""
        # the targets of links are looked for by a pattern that needs more than linear time
        text: str = rtf_to_text(  # type: ignore[no-untyped-call]  # has no types
            markup.replace("\\fldinst", "\\nofldinst"), errors="replace"
        )
    except Exception:  # noqa: BLE001  # the libraries raise bare exceptions, and this is one body among several
        return ""
    text = whole_characters(text).replace("\x00", "").replace("\xad", "")
    return _MANY_EMPTY.sub("\n\n", text).strip()


_MAX_FONT_TABLE = 10_000
_MANY_EMPTY = re.compile(r"\n[ \t]*\n[ \t\n]+")


def _attributes(raw: bytes) -> Iterator[tuple[int, bytes]]:
    at = 6
    for _ in range(MAX_ITEMS):
        if at + 9 > len(raw):
            return
        _, attribute, _, length = struct.unpack_from("<BHHI", raw, at)
        yield attribute, raw[at + 9 : at + 9 + length]
        at += 9 + length + 2


def _attachment(item: TnefFile, attribute: int, data: bytes, code_page: str) -> None:
    if attribute == _ATTACH_TITLE:
        item.name = item.name or decode_bytes(data, code_page)
    elif attribute == _ATTACH_DATA:
        item.content = data
    elif attribute == _ATTACH_PROPS:
        for prop, kind, value in _properties(data):
            if prop == _PR_LONG_NAME or (prop in (_PR_NAME, _PR_DISPLAY) and not item.name):
                item.name = _text(value, kind, code_page) or item.name
            elif prop == _PR_MIME:
                item.content_type = _text(value, kind, code_page).lower()
            elif prop == _PR_CONTENT_ID:
                item.content_id = _text(value, kind, code_page).strip("<>")
            elif prop == _PR_DATA and not item.content:
                item.content = value[16:] if kind == _OBJECT else value  # an object starts with its interface id


def _message(found: Tnef, data: bytes, code_page: str) -> None:
    for prop, kind, value in _properties(data):
        if prop == _PR_BODY_HTML:
            found.html = _text(value, kind, code_page)
        elif prop == _PR_BODY:
            found.text = _text(value, kind, code_page)
        elif prop == _PR_RTF:
            found.rtf = value


def _text(value: bytes, kind: int, code_page: str) -> str:
    return decode_bytes(value, "utf-16-le" if kind == _UTF_16 else code_page).strip("\x00 ")


def _properties(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """MAPI properties: id, type, first value. Stops where the data make no sense."""
    try:
        yield from _walk(data)
    except struct.error:
        return


def _walk(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    (count,) = struct.unpack_from("<I", data)
    at = 4
    for _ in range(min(count, MAX_ITEMS)):
        kind, prop = struct.unpack_from("<HH", data, at)
        at += 4
        if prop >= 0x8000:
            at = _after_name(data, at)
        values = 1
        base = kind & ~_MULTIPLE
        if base in _VARIABLE or kind & _MULTIPLE:
            (values,) = struct.unpack_from("<I", data, at)
            at += 4
        first: bytes | None = None
        for _ in range(min(values, MAX_ITEMS)):
            if base in _VARIABLE:
                (length,) = struct.unpack_from("<I", data, at)
                at += 4
            elif base in _FIXED:
                length = _FIXED[base]
            else:
                return
            if first is None:
                first = data[at : at + length]
            at += length + (-length % 4)
        if first is not None:
            yield prop, base, first


def _after_name(data: bytes, at: int) -> int:
    """Skip the name of a named property."""
    (kind,) = struct.unpack_from("<I", data, at + 16)
    if kind == 0:
        return at + 24
    length = int.from_bytes(data[at + 20 : at + 24], "little")
    return at + 24 + length + (-length % 4)

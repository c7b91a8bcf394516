"""What a file's content shows it to be, whatever its sender calls it.

Kernel module, pure. Asked when a file comes in (a mail's part, an upload) and, for files of earlier versions, when one
is handed out; the answer decides how a browser gets it (``agent_ui/files.py``). Signatures are the ``puremagic``
library's. What a browser would run (HTML, XML, SVG) is looked for first, as browsers themselves do (WHATWG, MIME
Sniffing, section 7.1), so that a page can never pass for an image or a text.
"""

import re
from typing import Final

import puremagic

HEAD: Final = 4096
"""Bytes that are looked at; signatures stand at the beginning."""
UNKNOWN: Final = "application/octet-stream"
PLAIN: Final = "text/plain"

_MARKUP: Final = re.compile(r"<(?:[a-z]|!doctype|!--|\?xml)", re.IGNORECASE)
_SVG: Final = re.compile(r"<(?:[\w.-]+:)?svg[\s>/]|\bsvg\.dtd\b", re.IGNORECASE)
_XML: Final = re.compile(r"<\?xml\b|\bxmlns(?::[\w.-]+)?\s*=", re.IGNORECASE)
_HTML: Final = re.compile(
    r"<(?:!doctype\s+html|html|head|body|script|iframe|h1|div|font|table|a|style|title|b|br|p|img|form|input|meta)"
    r"(?=[\s>/])",
    re.IGNORECASE,
)
_BINARY: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
"""Bytes that no text has (WHATWG, MIME Sniffing, section 3)."""
_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_SHORTEST: Final = {True: 4, False: 2}
"""Bytes of a signature that count: a text may well begin with the two letters of a bitmap."""
_ALIASES: Final = {
    "image/x-ms-bmp": "image/bmp",
    "image/pjpeg": "image/jpeg",
    "image/jpg": "image/jpeg",
    "application/x-pdf": "application/pdf",
    "application/x-zip-compressed": "application/zip",
    "audio/mp3": "audio/mpeg",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
}
_RUN_BY_BROWSERS: Final = re.compile(r"html|xml(?!format)|svg|script", re.IGNORECASE)


def sniff(content: bytes, name: str = "") -> str:
    """The media type of a file by its content.

    Args:
        content: the file, or its first :data:`HEAD` bytes.
        name: its name; tells formats apart that begin alike (a ZIP archive and a text document in one), and no more.

    Returns:
        A media type in lower case without parameters; :data:`UNKNOWN` when nothing tells.
    """
    head = content[:HEAD]
    text = _text_of(head)
    if text is not None:
        found = _markup(text)
        if found:
            return found
    return _by_signature(head, name, is_text=text is not None) or (PLAIN if text else UNKNOWN)


def _text_of(head: bytes) -> str | None:
    """The head as text, or None when it is none."""
    for mark, charset in _MARKS:
        if head.startswith(mark):
            return head[len(mark) :].decode(charset, "replace")
    return None if _BINARY.search(head) else head.decode("utf-8", "replace")


def _markup(text: str) -> str | None:
    """The kind of markup that a browser would see in a text."""
    if not _MARKUP.match(text.lstrip()):
        return None
    if _SVG.search(text):
        return "image/svg+xml"
    if _HTML.search(text):
        return "text/html"
    return "text/xml" if _XML.search(text) else None


def _by_signature(head: bytes, name: str, *, is_text: bool) -> str | None:
    try:
        candidates = puremagic.magic_string(head, name)
    except (puremagic.PureError, ValueError):  # nothing known begins like this, or it is empty
        return None
    for one in candidates:
        named = str(one.mime_type).lower()
        kind = _ALIASES.get(named, named)
        if not kind or len(one.byte_match or b"") < _SHORTEST[is_text]:
            continue
        if not _RUN_BY_BROWSERS.search(kind):
            return kind
    return None

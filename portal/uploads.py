"""Files of a request: what they really are, by their first bytes, and whether we take them.

The browser's word for the type and the name's ending are both claims of a stranger; only the content counts. Programs,
archives and anything that a browser would run (HTML, SVG) are refused.
"""

from typing import Final

MOST_FILES: Final = 5
_HEADS: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"%PDF-", "application/pdf"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypheix", "image/heic"),
    (4, b"ftypmif1", "image/heic"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypqt  ", "video/quicktime"),
    (4, b"ftypM4A ", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
)
_OFFICE: Final = (
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"mimetypeapplication/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
)
_ENDINGS: Final = {
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    "image/heic": (".heic", ".heif"),
    "image/avif": (".avif",),
    "application/pdf": (".pdf",),
    "video/quicktime": (".mov",),
    "video/mp4": (".mp4", ".m4v", ".3gp"),
    "video/webm": (".webm", ".mkv"),
    "audio/mp4": (".m4a",),
    "audio/ogg": (".ogg", ".oga", ".opus"),
    "audio/mpeg": (".mp3",),
    "text/plain": (".txt", ".log", ".csv"),
    _OFFICE[0][1]: (".docx",),
    _OFFICE[1][1]: (".xlsx",),
    _OFFICE[2][1]: (".odt",),
}
ACCEPT: Final = ",".join(ending for endings in _ENDINGS.values() for ending in endings)
"""For the file field: what its chooser shows first."""

_MARKUP: Final = (b"<!doctype", b"<html", b"<svg", b"<script", b"<?xml", b"<head", b"<body")


def sniff(content: bytes) -> str | None:
    """The content type, or None for what we do not take."""
    for offset, head, content_type in _HEADS:
        if content.startswith(head, offset):
            return content_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[:4] == b"PK\x03\x04":
        return next((kind for mark, kind in _OFFICE if mark in content[:4096] or mark in content[-65536:]), None)
    return "text/plain" if _is_text(content) else None


def _is_text(content: bytes) -> bool:
    start = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not content or b"\x00" in content[:65536] or start.startswith((*_MARKUP, b"#!")):
        return False
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def tidy_name(name: str, content_type: str) -> str:
    """The file's own name without folders and control characters, with an ending that tells the truth."""
    base = name.replace("\\", "/").rpartition("/")[2]
    clean = "".join(char for char in base if char.isprintable()).strip(" .")[-120:] or "file"
    endings = _ENDINGS[content_type]
    return clean if clean.lower().endswith(endings) else clean + endings[0]

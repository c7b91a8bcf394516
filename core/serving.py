"""Files of strangers made safe to hand out: what may be shown in a page and what is only ever saved.

Kernel module, used by both audiences for every file that somebody sent.
"""

from typing import Final
from urllib.parse import quote

from core.sniff import UNKNOWN, sniff

SHOWN: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"})
"""Raster images: nothing in them runs. SVG does, so it is only ever saved."""

NAMED: Final = SHOWN | {
    "application/pdf",
    "application/zip",
    "application/gzip",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/rtf",
    "audio/mpeg",
    "audio/ogg",
    "audio/wav",
    "video/mp4",
    "video/webm",
    "message/rfc822",
    "text/calendar",
    "text/plain",
}
"""Types that are named when a file is saved; all others are bytes without a meaning."""
_SANDBOX: Final = "default-src 'none'; sandbox"


def disposition(kind: str, name: str) -> str:
    """A Content-Disposition header (RFC 6266): a plain name for old readers, the real one beside it."""
    clean = "".join(letter for letter in name if letter.isprintable())[:200] or "file"
    plain = clean.encode("ascii", "replace").decode().translate(str.maketrans('"\\;%/?', "______"))
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(clean, safe='')}"


def served(
    content: bytes, name: str, sniffed: str | None, *, readers: str = "same-origin"
) -> tuple[str, dict[str, str]]:
    """Type and headers of a file: images that are safe in place, all else to be saved; never guessed at, never run.

    Args:
        content: the file.
        name: what it is called.
        sniffed: what its content shows it to be; None: not known yet.
        readers: which pages may show it (Cross-Origin-Resource-Policy).
    """
    kind = sniffed or sniff(content, name)
    shown = kind in SHOWN
    kind = kind if kind in NAMED else UNKNOWN
    headers = {
        "Content-Disposition": disposition("inline" if shown else "attachment", name),
        "Content-Security-Policy": _SANDBOX,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": readers,
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "private, max-age=3600",
    }
    return f"{kind}; charset=utf-8" if kind == "text/plain" else kind, headers

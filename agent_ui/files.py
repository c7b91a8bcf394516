"""Files of strangers made safe to hand out: what may be shown in a page and what is only ever saved."""

import html as markup
import re
from typing import Final
from urllib.parse import quote

from litestar import Response
from litestar.datastructures import UploadFile

from agent_ui.html import hold_back_images
from core.errors import DeskError
from tickets.models import Message
from tickets.timeline import FileItem

SHOWN: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"})
"""Raster images: nothing in them runs. SVG does, so it is only ever saved."""

_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9.+-]{0,63}/[a-z0-9][a-z0-9.+-]{0,120}")
_RUNS: Final = re.compile(r"html|xml|svg|script|ecma|x-shockwave|pdf\+")
_SANDBOX: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
_BODY_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:{remote}; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
_BODY: Final = """<!doctype html><html{lang}><head><meta charset="utf-8"><base target="_blank">
<meta name="viewport" content="width=device-width"><title>{title}</title><style>
body{{margin:0;padding:12px;font:15px/1.55 system-ui,sans-serif;color:#1c1b22;background:#fff;overflow-wrap:anywhere}}
img{{max-width:100%;height:auto}}pre{{white-space:pre-wrap}}blockquote{{margin-inline:0;padding-inline-start:12px;
border-inline-start:3px solid #ddd}}table{{max-width:100%}}</style></head><body>{body}</body></html>"""


class TooLarge(DeskError):
    """The file is larger than this desk takes."""

    status, code, title = 413, "too-large", "This file is too large"


def disposition(kind: str, name: str) -> str:
    """A Content-Disposition header (RFC 6266): a plain name for old readers, the real one beside it."""
    clean = "".join(letter for letter in name if letter.isprintable())[:200] or "file"
    plain = clean.encode("ascii", "replace").decode().translate(str.maketrans('"\\;%/?', "______"))
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(clean, safe='')}"


def content_type_of(declared: str) -> str:
    """The type to answer with: as declared where a browser would do nothing with it, bare bytes otherwise."""
    kind = declared.partition(";")[0].strip().lower()
    return kind if _TYPE.fullmatch(kind) and not _RUNS.search(kind) else "application/octet-stream"


def download(content: bytes, name: str, declared: str) -> Response[bytes]:
    """A file: images that are safe in place, everything else to be saved; never guessed at, never run."""
    kind = content_type_of(declared)
    headers = {
        "Content-Disposition": disposition("inline" if kind in SHOWN else "attachment", name),
        "Content-Security-Policy": _SANDBOX,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, max-age=3600",
    }
    return Response(content, media_type=kind, headers=headers)


async def read_upload(file: UploadFile, most: int) -> bytes:
    """The content of an uploaded file.

    Raises:
        TooLarge: it has more than ``most`` bytes.
    """
    content = await file.read(most + 1)
    if len(content) > most:
        raise TooLarge(f"A file may have {most // 1_048_576} MB at most.")
    return content


def body_page(message: Message, files: list[FileItem], *, with_images: bool) -> Response[bytes]:
    """The body of a message as a page of its own, under a policy of its own.

    Args:
        message: its HTML was made safe when it came in.
        files: its attachments, for the images that it embeds.
        with_images: load images from elsewhere, which tells the sender that the mail is being read.
    """
    body = message.html or f"<pre>{markup.escape(message.text)}</pre>"
    body = _embed(body, files)
    if not with_images:
        body = hold_back_images(body)
    language = f' lang="{markup.escape(message.language)}"' if message.language else ""
    page = _BODY.format(lang=language, title=markup.escape(message.subject), body=body)
    headers = {
        "Content-Security-Policy": _BODY_POLICY.format(remote=" https: http:" if with_images else ""),
        "X-Frame-Options": "SAMEORIGIN",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "private, no-store",
    }
    return Response(page.encode(), media_type="text/html", headers=headers)


_CID: Final = re.compile(r"(\ssrc=\")cid:([^\"]*)\"", re.IGNORECASE)


def _embed(body: str, files: list[FileItem]) -> str:
    """Point the images that a mail carries with it at their attachments."""
    urls = {one.content_id.strip("<>"): one.url for one in files if one.content_id}

    def place(found: re.Match[str]) -> str:
        return f'{found[1]}{urls.get(markup.unescape(found[2]), "")}"'

    return _CID.sub(place, body)

"""The body of a message as a whole document for a frame of its own. Called by ``agent_ui/api/files``.

The frame (``sandbox`` without ``allow-scripts``, here and in its policy) runs nothing and sends no form. Without
``images=1`` it asks for nothing beyond this desk's own files, whose addresses need no cookie (``agent_ui/links.py``).
With it, images from elsewhere are fetched without referrer and, by the embedder policy *credentialless*, without
cookies. A document that is too long is cut; a link in it asks for the whole.
"""

import asyncio
import html as markup
from typing import Final, Literal
from urllib.parse import unquote

import msgspec
from litestar import Response

from agent_ui import html
from agent_ui.html import Pictures
from agent_ui.links import FileLinks
from core.html import sanitise_written, text_to_html
from core.i18n import Language, choose
from tickets.timeline import MessageItem, NoteItem

LONGEST: Final = html.LONGEST_SHOWN
THREAD_ABOVE: Final = 50_000
"""Characters of HTML beyond which a document is made in a thread."""
Part = Literal["new", "quoted", "all"]

_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src {images}; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)
_DOCUMENT: Final = """<!doctype html><html{language}><head><meta charset="utf-8"><base target="_blank">
<meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer">
<meta http-equiv="x-dns-prefetch-control" content="off"><title>{title}</title><style>
:root{{color-scheme:light}}
body{{margin:0;padding:12px;font:15px/1.55 system-ui,sans-serif;color:#1c1b22;background:#fff;overflow-wrap:anywhere}}
img{{max-width:100%;height:auto}}img:not([src]){{display:none}}pre{{white-space:pre-wrap}}
blockquote{{margin-inline:0;padding-inline-start:12px;border-inline-start:3px solid #ddd}}table{{max-width:100%}}
a+small{{color:#a33300;font-size:.85em}}summary{{cursor:pointer;color:#666;inline-size:max-content}}
.more{{padding-block:12px;border-block-start:1px solid #ddd}}</style></head>
<body dir="auto">{body}{more}</body></html>"""


class Wanted(msgspec.Struct, frozen=True):
    """What a frame asks for.

    Attributes:
        images: load images from elsewhere, which tells the sender that the mail is being read.
        whole: also what is very long.
        part: what the author newly wrote, what is quoted below it, or both (the quote folded).
        languages: the browser's Accept-Language.
    """

    images: bool = False
    whole: bool = False
    part: Part = "new"
    languages: str = ""


async def answer(item: MessageItem | NoteItem, wanted: Wanted, links: FileLinks, pictures: Pictures) -> Response[bytes]:
    """The same as :func:`document`, in a thread when it may be long, so that others do not wait for it."""
    if len(item.html or item.text) < THREAD_ABOVE and wanted.part == "new":
        return document(item, wanted, links, pictures)
    return await asyncio.to_thread(document, item, wanted, links, pictures)


def document(item: MessageItem | NoteItem, wanted: Wanted, links: FileLinks, pictures: Pictures) -> Response[bytes]:
    """A message as a document under a policy of its own.

    Args:
        item: as ``tickets/timeline`` reads it; its HTML was made safe when it came in.
        wanted: what the frame asks for.
        links: makes the addresses of files.
        pictures: files of the ticket that its HTML may show.
    """
    source, is_cut = _source(item, wanted)

    def place(address: str) -> str | None:
        scheme, _, rest = address.partition(":")
        if scheme.lower() == "cid":
            number = pictures.numbers.get(rest) or pictures.numbers.get(unquote(rest))
            return f"/api/attachments/{number}" if number else ""
        if scheme.lower() == "data" or address.startswith("/api/attachments/"):
            return address
        return address if wanted.images and scheme.lower() in ("http", "https") else None

    body = html.name_targets(html.place_images(source, place).markup)
    lang = item.lang if isinstance(item, MessageItem) else None
    page = _DOCUMENT.format(
        language=f' lang="{markup.escape(lang)}"' if lang else "",
        title=markup.escape(item.subject if isinstance(item, MessageItem) else ""),
        body=links.shown(body, pictures.names),
        more=_more(wanted) if is_cut else "",
    )
    return Response(page.encode(), media_type="text/html", headers=_headers(wanted, links))


def _source(item: MessageItem | NoteItem, wanted: Wanted) -> tuple[str, bool]:
    """The HTML that is asked for, and whether its end was left out."""
    new = item.html or text_to_html(item.text)
    quoted = ""
    if isinstance(item, MessageItem):
        quoted = item.quoted_html or (text_to_html(item.quoted_text) if item.quoted_text else "")
    if wanted.part == "quoted":
        new, quoted = quoted, ""
    elif wanted.part == "new":
        quoted = ""
    is_cut = not wanted.whole and max(len(new), len(quoted)) > LONGEST
    if is_cut:
        new, quoted = (sanitise_written(each[:LONGEST]) for each in (new, quoted))
    return new + (f"<details><summary>•••</summary>{quoted}</details>" if quoted else ""), is_cut


def _more(wanted: Wanted) -> str:
    """The link to the whole, in the same frame."""
    query = f"?all=1&amp;part={wanted.part}" + ("&amp;images=1" if wanted.images else "")
    words = markup.escape(Language(choose(wanted.languages)).text("Show the whole message"))
    return f'<p class="more"><a href="{query}" target="_self">{words}</a></p>'


def _headers(wanted: Wanted, links: FileLinks) -> dict[str, str]:
    images = " ".join(filter(None, ("'self'", "data:", links.origin, "http: https:" if wanted.images else "")))
    return {
        "Content-Security-Policy": _POLICY.format(images=images),
        "Cross-Origin-Embedder-Policy": "credentialless",
        "X-Frame-Options": "SAMEORIGIN",
        "Referrer-Policy": "no-referrer",
        "X-DNS-Prefetch-Control": "off",
        "Cache-Control": "private, no-store",
    }

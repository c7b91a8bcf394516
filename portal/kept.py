"""Rendered pages that are kept in memory for visitors who are not signed in: articles, lists, the first page.

A page is kept under its address and everything else that it depends on, together with a stamp of what it shows
(``knowledge_base/freshness``); it is rendered anew when the stamp has changed. Kept pages hold nothing of a visitor, so
they may be compressed and compared by their content (``ETag``).
"""

import asyncio
import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final
from weakref import WeakKeyDictionary, WeakValueDictionary

import msgspec
from litestar import Response

from core.db import Database
from portal.pages import PortalRequest

MOST: Final = 2000
PUBLIC: Final = "public, no-cache"
"""Caches may keep it, and ask each time whether it is still true."""


class Page(msgspec.Struct, frozen=True):
    """A rendered page with all that an answer needs."""

    stamp: str
    body: bytes
    packed: bytes
    etag: str
    headers: dict[str, str]
    shows: tuple[int, str] | None = None
    """The article that it shows, and in which language."""


class Rendered(msgspec.Struct, frozen=True):
    """A page as it was rendered, to be kept.

    Attributes:
        answer: as :meth:`portal.pages.Visitor.page` made it.
        changed_at: when what it shows was changed last, for ``Last-Modified``.
        shows: the article that it shows, and in which language.
    """

    answer: Response[str]
    changed_at: datetime | None = None
    shows: tuple[int, str] | None = None


_pages: WeakKeyDictionary[Database, OrderedDict[Hashable, Page]] = WeakKeyDictionary()
_rendering: WeakValueDictionary[tuple[int, Hashable], asyncio.Lock] = WeakValueDictionary()
"""Who renders which page just now. A lock lives as long as somebody holds it or waits for it."""


def find(db: Database, key: Hashable, stamp: str) -> Page | None:
    """The page of a key, if what it shows has not changed."""
    pages = _pages.get(db)
    page = pages.get(key) if pages else None
    if pages is None or page is None or page.stamp != stamp:
        return None
    pages.move_to_end(key)
    return page


async def page(
    db: Database, key: Hashable, stamp: str, render: Callable[[], Awaitable[Rendered | Response[Any]]]
) -> Page | Response[Any]:
    """The page of a key, rendered first if what it shows has changed; one visitor renders for all who wait for it.

    Args:
        db: whose articles it shows.
        key: of the page: everything it depends on beside them.
        stamp: of what it shows.
        render: makes it; what is no page (a redirect) is answered as it is, and not kept.
    """
    found = find(db, key, stamp)
    if found is None:
        async with _rendering.setdefault((id(db), key), asyncio.Lock()):
            found = find(db, key, stamp)
            if found is None:
                made = await render()
                if not isinstance(made, Rendered):
                    return made
                found = keep(db, key, stamp, made)
    return found


def keep(db: Database, key: Hashable, stamp: str, made: Rendered) -> Page:
    """Keep a page that was rendered just now."""
    body = made.answer.content.encode()
    headers = dict(made.answer.headers.items())
    headers |= {"Cache-Control": PUBLIC, "Vary": "Accept-Encoding, Accept-Language, Cookie"}
    if made.changed_at is not None:
        headers["Last-Modified"] = format_datetime(made.changed_at.replace(microsecond=0), usegmt=True)
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:20]}"'
    page = Page(stamp, body, gzip.compress(body, 6, mtime=0), etag, headers, made.shows)
    pages = _pages.setdefault(db, OrderedDict())
    pages[key] = page
    if len(pages) > MOST:
        pages.popitem(last=False)
    return page


def answer(
    request: PortalRequest, page: Page | Response[Any], media_type: str = "text/html; charset=utf-8"
) -> Response[Any]:
    """A kept page as an answer; 304 when the browser has it already (RFC 9110 section 13.1.2)."""
    if isinstance(page, Response):
        return page
    headers = page.headers | {"ETag": page.etag}
    known = request.headers.get("if-none-match", "")
    if page.etag in known or page.etag.removeprefix("W/") in known:
        return Response(None, status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(page.packed, media_type=media_type, headers=headers | {"Content-Encoding": "gzip"})
    return Response(page.body, media_type=media_type, headers=headers)

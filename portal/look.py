"""How the portal looks: the style sheet in a brand's colour, its logo, and the addresses of fonts and scripts.

One style sheet in one request: the rules of ``static/``, the fonts that the console's build brings, and the
hue, which no page may carry itself (the policy forbids styles in pages). Its address changes with its content, so
browsers keep it for a year.
"""

import functools
import gzip
import hashlib
import json
import mimetypes
from pathlib import Path
from typing import Any, Final

from litestar import Request, Response, get
from litestar.params import FromPath

from core.brands import Brand, find_brand
from core.db import reading
from core.errors import NotFound
from portal import fonts

STATIC: Final = Path(__file__).resolve().parent / "static"
BUILT: Final = STATIC / "built"
"""What Vite makes of ``portal/web`` (tools/assets.py)."""
SHEETS: Final = ("portal.css", "account.css", "products.css")
"""The rules of the public side, then those of the signed-in side."""
FOREVER: Final = "public, max-age=31536000, immutable"
LOGO_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""A logo may be an SVG; opened by itself it must not run anything."""


@functools.cache
def _sheet(hue: int) -> bytes:
    rules = "\n".join((STATIC / name).read_text() for name in SHEETS)
    faces = f"{fonts.style_sheet(fonts.ASSETS)}\n{fonts.names_sheet(STATIC / 'names')}"
    return f"{faces}\n{rules}\n:root {{ --hue: {hue}; }}\n".encode()


@functools.cache
def _packed(hue: int) -> bytes:
    return gzip.compress(_sheet(hue), 9, mtime=0)


@functools.cache
def style_address(hue: int) -> str:
    """Where the style sheet of a hue is."""
    return f"/portal/style/{hue}.css?v={hashlib.sha256(_sheet(hue)).hexdigest()[:10]}"


@functools.cache
def font_address(language: str) -> str:
    """The font that the letters of a language need first; "" when the console is not built."""
    return fonts.address(fonts.ASSETS, language)


@functools.cache
def _manifest() -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((BUILT / "manifest.json").read_text())
    except OSError:
        return {}
    return found


def script_address(entry: str) -> str:
    """Where the built form of a script of ``portal/web`` is; "" when it is not built: the pages work without."""
    found = _manifest().get(f"src/{entry}")
    return f"/static/portal/built/{found['file']}" if found else ""


def style_addresses(entry: str) -> list[str]:
    """Where the built style sheets of a script of ``portal/web`` are."""
    found = _manifest().get(f"src/{entry}", {})
    return [f"/static/portal/built/{name}" for name in found.get("css", [])]


def script_text(entry: str) -> str | None:
    """The built form of a script of ``portal/web`` itself; None when it is not built."""
    found = _manifest().get(f"src/{entry}")
    return (BUILT / found["file"]).read_text() if found else None


def logo_address(brand: Brand) -> str:
    """Where a brand's logo is; "" when its name is shown in letters."""
    return f"/portal/logo/{brand.id}/{brand.logo_key[-12:]}" if brand.logo_key else ""


def _answer(request: Request[Any, Any, Any], content: bytes, packed: bytes, media_type: str) -> Response[bytes]:
    """A file that never changes under its address, in the smaller form where the browser takes it."""
    headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(packed, media_type=media_type, headers=headers)
    return Response(content, media_type=media_type, headers=headers)


@functools.lru_cache(64)
def _file(name: str) -> tuple[bytes, bytes]:
    content = (BUILT / name).read_bytes()
    return content, gzip.compress(content, 9, mtime=0)


@get("/{name:str}", sync_to_thread=False)
def built(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """A script that Vite has built; its name changes with its content.

    Raises:
        NotFound: there is none of this name.
    """
    if name.startswith(".") or "/" in name or "\\" in name or not (BUILT / name).is_file():
        raise NotFound
    return _answer(request, *_file(name), mimetypes.guess_type(name)[0] or "application/octet-stream")


@get("/style/{name:str}", sync_to_thread=False)
def style(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """The style sheet of a hue.

    Raises:
        NotFound: that is no hue.
    """
    hue = name.removesuffix(".css")
    if not (hue.isascii() and hue.isdecimal() and len(hue) <= 3 and int(hue) <= 360):
        raise NotFound
    return _answer(request, _sheet(int(hue)), _packed(int(hue)), "text/css")


@get("/logo/{brand_id:int}/{key:str}")
async def logo(request: Request[Any, Any, Any], brand_id: FromPath[int], key: FromPath[str]) -> Response[bytes]:
    """A brand's logo; its address changes with it.

    Raises:
        NotFound: the brand has none.
    """
    runtime = request.app.state.runtime
    async with reading(runtime.db) as session:
        brand = await find_brand(session, brand_id)
    if brand is None or brand.logo_key is None or not brand.logo_key.endswith(key):
        raise NotFound
    headers = {"Cache-Control": FOREVER, "Content-Security-Policy": LOGO_POLICY}
    return Response(await runtime.storage.get(brand.logo_key), media_type=brand.logo_type, headers=headers)

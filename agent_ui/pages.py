"""The console's pages: one shell for every address under /console, and its built files.

The shell is never kept by caches and carries a strict policy; built files have their content's hash in the name and
are kept for a year. ``make console`` builds them into ``agent_ui/static/console``; until then a page says so.
"""

import asyncio
import mimetypes
from pathlib import Path
from typing import Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from agent_ui.state import runtime_of

BUILT: Final = Path(__file__).resolve().parent / "static" / "console"
YEAR: Final = "public, max-age=31536000, immutable"
CONSOLE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; font-src 'self'; img-src 'self' data: blob:{files}; "
    "media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; "
    "style-src 'self' 'unsafe-inline'"  # mails bring styles of their own; scripts they cannot bring
)
_ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
_NOT_BUILT: Final = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Not built yet</title>
<style>body{font:16px/1.6 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1rem;color:#222}
code{background:#eee;padding:.1em .4em;border-radius:4px}</style></head><body><h1>The console is not built yet</h1>
<p>The desk is running, but its console has to be built once: stop the desk and start it with <code>make run</code>,
or run <code>python -m tools.assets</code> and load this page again.</p></body></html>"""


class Kept(msgspec.Struct, frozen=True):
    """A file as it was when it was read."""

    content: bytes
    changed: int


_kept: dict[Path, Kept] = {}


def _read(path: Path) -> bytes | None:
    """The content of a file, from memory unless it has changed; None when there is none."""
    try:
        changed = path.stat().st_mtime_ns
        known = _kept.get(path)
        if known is None or known.changed != changed:
            known = _kept[path] = Kept(path.read_bytes(), changed)
    except OSError:
        return None
    return known.content


def _inside(name: str) -> Path | None:
    """The built file of this name, or None when the name leads out of the folder."""
    try:
        path = (BUILT / name.lstrip("/")).resolve()
    except (ValueError, OSError):  # a NUL, or far too long
        return None
    return path if path.is_relative_to(BUILT) and path != BUILT else None


def _encoded(path: Path, accepted: str) -> tuple[bytes | None, str | None]:
    """The smallest form of a file that the browser takes: built beside it, never made on the way."""
    offers = {part.partition(";")[0].strip() for part in accepted.lower().split(",") if "q=0" not in part}
    for name, ending in _ENCODINGS:
        if name in offers and path.suffix != ending:
            content = _read(path.with_name(path.name + ending))
            if content is not None:
                return content, name
    return _read(path), None


def _policy(request: Request[Any, Any, Any]) -> str:
    files = runtime_of(request).settings.files_url
    return CONSOLE_POLICY.format(files=f" {files}" if files else "")


@get(["/console", "/console/{path:path}"], include_in_schema=False)
async def console(request: Request[Any, Any, Any], path: FromPath[str] = "") -> Response[bytes]:
    """The shell of the console; which of its pages it is, it finds out by itself."""
    del path
    shell = await asyncio.to_thread(_read, BUILT / "index.html")
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": _policy(request)}
    if shell is None:
        headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
        return Response(_NOT_BUILT.encode(), status_code=503, media_type="text/html", headers=headers)
    return Response(shell, media_type="text/html", headers=headers)


@get("/static/console/{path:path}", include_in_schema=False)
async def built_file(request: Request[Any, Any, Any], path: FromPath[str]) -> Response[bytes]:
    """A built file of the console.

    Raises:
        NotFoundException: there is none of this name.
    """
    wanted = _inside(path)
    if wanted is None or path.endswith((".br", ".gz")) or "/." in path:
        raise NotFoundException
    content, encoding = await asyncio.to_thread(_encoded, wanted, request.headers.get("accept-encoding", ""))
    if content is None:
        raise NotFoundException
    kind = mimetypes.guess_type(wanted.name)[0] or "application/octet-stream"
    hashed = path.startswith("/assets/")
    headers = {"Cache-Control": YEAR if hashed else "no-cache", "Vary": "Accept-Encoding"}
    if encoding:
        headers["Content-Encoding"] = encoding
    return Response(content, media_type=kind, headers=headers)

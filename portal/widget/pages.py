"""What a customer's site loads: the script of its tag (/widget/KEY.js), and the window's page in a frame.

The site is checked here: its origin must be on the widget's list. The script asks for the page with the origin that it
runs on, and the page may be framed by that origin and no other, which the browser enforces (Content-Security-Policy,
``frame-ancestors``). Neither sets a cookie.
"""

import html
import re
from functools import cache
from typing import Any, Final

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery

from channels.chat import opening, origins, widgets
from channels.chat.models import Widget
from core import i18n
from core.db import reading
from core.errors import NotAllowed, NotFound
from core.i18n import Language
from portal import fonts, look
from portal.widget.desk import WidgetRequest, own_origins, runtime_of
from portal.widget.words import words

LOADER: Final = "widgetLoader.ts"
APP: Final = "widget.ts"
CONFIG: Final = "__SAMPARK_WIDGET__"
"""Stands in the built loader where its settings belong."""
_FONTS: Final = "/widget/fonts.css"
SCRIPT_KEPT: Final = "private, max-age=300"
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.:\[\]-]{1,255}")
_STRANGER: Final = 'console.warn("Sampark: this site is not on the list of sites of this chat widget.");'


@cache
def _loader() -> str | None:
    return look.script_text(LOADER)


@get("/{name:str}")
async def script(request: WidgetRequest, name: FromPath[str]) -> Response[str]:
    """The script of the tag, with the widget's settings in it, so that it needs no request of its own.

    Raises:
        NotFound: there is no such widget, or the scripts are not built.
    """
    runtime = runtime_of(request)
    async with reading(runtime.db) as session:
        widget = await widgets.by_key(session, name.removesuffix(".js"))
    loader = _loader()
    if not name.endswith(".js") or loader is None:
        raise NotFound
    site = origins.origin_of(request.headers.get("referer", ""))
    known = site is None or _may_show(request, widget, site)
    said = {
        "key": widget.key,
        "desk": runtime.settings.base_url,
        "hue": widget.hue,
        "labels": {code: words(Language(code))["open"] for code in i18n.NAMES},
    }
    text = loader.replace(CONFIG, _safe(said)) if known else _STRANGER
    headers = {"Cache-Control": SCRIPT_KEPT, "Vary": "Referer", "Cross-Origin-Resource-Policy": "cross-origin"}
    return Response(text, media_type="text/javascript; charset=utf-8", headers=headers)


def _safe(value: Any) -> str:
    """JSON that can stand in a script or a page."""
    text = msgspec.json.encode(value).decode()
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _may_show(request: WidgetRequest, widget: Widget, site: str) -> bool:
    """Our own pages may always show it: the preview, the portal, the simulator's shop."""
    return site in own_origins(request) or origins.allows(widget.origins, site)


@get("/{key:str}/frame")
async def frame(
    request: WidgetRequest,
    key: FromPath[str],
    origin: FromQuery[str] = "",
    lang: FromQuery[str] = "",
    theme: FromQuery[str] = "",
) -> Response[str]:
    """The window's page, for the one site that it is shown on.

    Raises:
        NotFound: there is no such widget, or the scripts are not built.
        NotAllowed: that site may not show it.
    """
    runtime = runtime_of(request)
    async with reading(runtime.db) as session:
        widget = await widgets.by_key(session, key)
        opened = await opening.of_widget(session, widget)
    site = origins.origin_of(origin) if _ORIGIN.fullmatch(origin) else None
    if site is None or not _may_show(request, widget, site):
        raise NotAllowed("This site may not show this widget.")
    script_address = look.script_address(APP)
    if not script_address:
        raise NotFound
    direction = "rtl" if request.query_params.get("dir") == "rtl" else "ltr"
    language = Language(i18n.choose(lang or request.headers.get("accept-language"), runtime.settings.default_locale))
    said = {
        "key": widget.key,
        "name": widget.name,
        "site": site,
        "hue": widget.hue,
        "language": language.code,
        "texts": widget.texts.get(language.code, {}),
        "fields": widget.fields,
        "opening": opened,
        "words": words(language),
    }
    body = (
        f'<!doctype html>\n<html lang="{language.code}" dir="{direction}"'
        f' data-theme="{html.escape(theme) if theme in ("light", "dark") else "auto"}">'
        f'<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="robots" content="noindex"><title>{html.escape(widget.name)}</title>'
        + "".join(f'<link rel="stylesheet" href="{each}">' for each in (_FONTS, *look.style_addresses(APP)))
        + f'<script type="application/json" id="settings">{_safe(said)}</script>'
        f'<script type="module" src="{script_address}"></script></head>'
        f'<body><div id="app"></div></body></html>'
    )
    return Response(body, media_type="text/html", headers=_frame_headers(request, site))


@get("/fonts.css", sync_to_thread=False)
def letters() -> Response[str]:
    """The fonts of Indian scripts; a browser fetches one only when the window shows a letter of it."""
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(fonts.style_sheet(fonts.ASSETS), media_type="text/css", headers=headers)


def _frame_headers(request: WidgetRequest, site: str) -> dict[str, str]:
    host = request.headers.get("host", "")
    sockets = f"ws://{host} wss://{host}" if _ORIGIN.fullmatch(f"http://{host}") else ""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; "
        f"connect-src 'self' {sockets}; base-uri 'none'; form-action 'none'; frame-ancestors {site}"
    )
    return {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "unsafe-none",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }

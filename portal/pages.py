"""Pages of the portal: the language of a visitor, the templates, the headers of an answer.

Every handler of the portal ends in :meth:`Visitor.page`. Templates are in ``portal/templates``; one environment per
language, so that ``_()`` in them is that language's.
"""

import functools
import hashlib
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlencode

import jinja2
from litestar import Request, Response
from litestar.datastructures import Cookie

from channels.inbound import Inbound
from core import i18n
from core.db import Database
from core.i18n import Language
from core.settings import Settings

FOLDER: Final = Path(__file__).resolve().parent
STATIC: Final = FOLDER / "static"
LANGUAGE_COOKIE: Final = "sampark_lang"
YEAR: Final = 365 * 24 * 3600
PortalRequest = Request[Any, Any, Any]
POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""The portal runs no script at all."""


class Runtime(Protocol):
    """The parts of the running product that the portal uses (``app.state.runtime``)."""

    settings: Settings
    db: Database
    secret: str


def runtime_of(request: PortalRequest) -> Runtime:
    """The running product behind a request."""
    runtime: Runtime = request.app.state.runtime
    return runtime


def inbound_of(request: PortalRequest) -> Inbound:
    """What processes the ledger's rows (``app.state.inbound``)."""
    inbound: Inbound = request.app.state.inbound
    return inbound


@functools.cache
def _environment(code: str) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(i18n.translations(code), newstyle=True)  # type: ignore[attr-defined]
    environment.globals |= {"languages": i18n.NAMES, "style": f"/static/portal/portal.css?v={_fingerprint()}"}
    return environment


@functools.cache
def _fingerprint() -> str:
    """Changes with the style sheet, so that browsers may keep it for a year."""
    return hashlib.sha256((STATIC / "portal.css").read_bytes()).hexdigest()[:10]


class Visitor:
    """Somebody who looks at the portal: her language, and pages in it.

    The language is the one asked for (``?lang=``), else the remembered one, else the browser's, else the default.

    Args:
        request: her request.
    """

    def __init__(self, request: PortalRequest) -> None:
        self._request = request
        self._runtime = runtime_of(request)
        asked = request.query_params.get("lang", "")
        remembered = request.cookies.get(LANGUAGE_COOKIE, "")
        default = self._runtime.settings.default_locale
        code = next((each for each in (asked, remembered) if each in i18n.NAMES), None)
        self._remember = asked in i18n.NAMES and asked != remembered
        self.language = Language(code or i18n.choose(request.headers.get("accept-language"), default))

    def page(self, template: str, brand: str, status: int = 200, **values: Any) -> Response[str]:
        """A page in her language.

        Args:
            template: file in ``portal/templates``.
            brand: name of the company; "" shows the product's.
            status: of the answer.
            values: for the template.
        """
        code = self.language.code
        body = (
            _environment(code)
            .get_template(template)
            .render(
                lang=code,
                language=self.language,
                brand=brand or self._runtime.settings.product_name,
                here=self._here,
                **values,
            )
        )
        headers = {
            "Content-Security-Policy": POLICY,
            "Cache-Control": "private, no-cache",
            "Content-Language": code,
            "Vary": "Accept-Language, Cookie",
        }
        cookies = [self._cookie()] if self._remember else []
        return Response(body, status_code=status, media_type="text/html", headers=headers, cookies=cookies)

    def _here(self, code: str) -> str:
        """The address of this page in another language."""
        query = {name: value for name, value in self._request.query_params.items() if name != "lang"}
        return f"{self._request.url.path}?{urlencode({**query, 'lang': code})}"

    def _cookie(self) -> Cookie:
        return Cookie(
            key=LANGUAGE_COOKIE,
            value=self.language.code,
            max_age=YEAR,
            path="/portal",
            samesite="lax",
            httponly=True,
            secure=self._runtime.settings.secure_cookies,
        )

"""Pages of the portal: who looks at them, in which language and under which brand; templates and headers of an answer.

:func:`arrive` runs before every handler and makes the :class:`Visitor`; every handler ends in :meth:`Visitor.page`.
Templates are in ``portal/templates``; one environment per language, so that ``_()`` in them is that language's.

Pages that search engines know carry their language in the path (``/portal/hi/articles/…``); the others take it from
the visitor, and ``?lang=`` chooses another.
"""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlencode, urlsplit

import jinja2
import msgspec
from litestar import Request, Response
from litestar.datastructures import Cookie

from channels.inbound import Inbound
from core import brands, i18n
from core.brands import Brand
from core.db import Database
from core.errors import NotFound
from core.i18n import Language
from core.settings import Settings
from core.storage import Storage
from customers.sessions import SignedIn
from knowledge_base.announcements import Banner
from portal import announcing, look

FOLDER: Final = Path(__file__).resolve().parent
LANGUAGE_COOKIE: Final = "sampark_lang"
SESSION_COOKIE: Final = "sampark_customer"
"""Of who is signed in (``portal/auth.py``)."""
BINDING_COOKIE: Final = "sampark_signin"
"""Of a browser that has asked for a link to sign in (``portal/signin.py``)."""
YEAR: Final = 365 * 24 * 3600
LARGEST_NUMBER: Final = 2**63 - 1
_PASSING: Final = frozenset({"lang", "s", "voted"})
"""What an address says of the way to a page, not of the page."""
PortalRequest = Request[Any, Any, Any]
POLICY: Final = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""One script of our own and nothing else. What search engines read (JSON-LD) is data, no script to this policy."""


class Runtime(Protocol):
    """The parts of the running product that the portal uses (``app.state.runtime``)."""

    settings: Settings
    db: Database
    storage: Storage
    secret: str


def runtime_of(request: PortalRequest) -> Runtime:
    """The running product behind a request."""
    runtime: Runtime = request.app.state.runtime
    return runtime


def inbound_of(request: PortalRequest) -> Inbound:
    """What processes the ledger's rows (``app.state.inbound``)."""
    inbound: Inbound = request.app.state.inbound
    return inbound


def in_every_language(path: str = "") -> list[str]:
    """The paths of a page that has its language in its address, for a handler's decorator."""
    return [f"/{code}{path}" for code in i18n.NAMES]


@functools.cache
def environment(code: str) -> jinja2.Environment:
    """The templates in a language."""
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
    return environment


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """What search engines and messengers are told of a page; see ``portal/seo.py``.

    Attributes:
        description: one or two sentences.
        canonical: the one address of the page; "" for pages that nobody shall find.
        alternates: language → address of the same page; only languages that exist.
        data: blocks of structured data, as JSON.
        kind: ``website`` or ``article`` (Open Graph).
    """

    description: str = ""
    canonical: str = ""
    alternates: dict[str, str] = {}
    data: tuple[str, ...] = ()
    kind: str = "website"


class Visitor:
    """Somebody who looks at the portal: her language, her brand, who she is, and pages for her.

    The language is the one in the path, else the one asked for (``?lang=``), else the one that she chose in this
    browser, else that of her profile, else the browser's, else the brand's.

    Args:
        request: her request.
        brand: of the host that she asked.

    Attributes:
        customer: who is signed in (``portal/auth.py``); None for a stranger.
    """

    def __init__(self, request: PortalRequest, brand: Brand) -> None:
        self.request = request
        self.brand = brand
        self.announcements: Sequence[Banner] = ()
        self.customer: SignedIn | None = request.scope.get("auth")
        self._runtime = runtime_of(request)
        self._in_path = _language_in(request.url.path)
        asked = request.query_params.get("lang", "")
        remembered = request.cookies.get(LANGUAGE_COOKIE, "")
        chosen = next((code for code in (self._in_path, asked, remembered) if code in brand.languages), None)
        self._without = remembered if remembered in brand.languages else self._preferred()
        self._remember = chosen == asked and asked != remembered
        self.language = Language(chosen or self._without)

    @classmethod
    def of(cls, request: PortalRequest) -> "Visitor":
        """The visitor behind a request, made by :func:`arrive`; refused before that, the page is the desk's own."""
        found: Visitor | None = request.state.get("visitor")
        return found or cls(request, brands.of_settings(runtime_of(request).settings))

    @property
    def home_address(self) -> str:
        """Under which address this brand's pages are reached from outside."""
        return brands.address_of(self.brand, self._runtime.settings)

    @property
    def look(self) -> tuple[object, ...]:
        """All that a page depends on beside its content, for pages that are kept (``portal/kept``)."""
        follows = self.language.code == self._without
        return self.brand.id, self.brand.version, self.home_address, self.language.code, follows, self.announced

    @property
    def announced(self) -> str:
        """A stamp of what stands above every page."""
        return " ".join(f"{banner.id} {hash(banner)}" for banner in self.announcements)

    def local(self, path: str = "") -> str:
        """The path of a page that has its language in its address, in hers."""
        return f"/portal/{self.language.code}{path}"

    def to(self, path: str, **query: str) -> str:
        """The path of any other page, so that it opens in the language that she reads now."""
        language = {} if self.language.code == self._without else {"lang": self.language.code}
        asked = urlencode({**{name: value for name, value in query.items() if value}, **language})
        return f"/portal{path}" + (f"?{asked}" if asked else "")

    def page(
        self,
        template: str,
        status: int = 200,
        *,
        meta: Meta | None = None,
        kept: str = "private, no-cache",
        **values: Any,
    ) -> Response[str]:
        """A page in her language and her brand's colours.

        Args:
            template: file in ``portal/templates``.
            status: of the answer.
            meta: for search engines; without it they are asked to leave the page alone.
            kept: how long caches may keep it (``Cache-Control``).
            values: for the template.
        """
        code = self.language.code
        body = self.render(template, meta=meta, **values)
        headers = {
            "Content-Security-Policy": POLICY,
            "Cache-Control": kept,
            "Content-Language": code,
            "Vary": "Accept-Language, Cookie",
        }
        cookies = [self._cookie()] if self._remember else []
        return Response(body, status_code=status, media_type="text/html", headers=headers, cookies=cookies)

    def render(self, template: str, *, meta: Meta | None = None, **values: Any) -> str:
        """The HTML of a page."""
        code = self.language.code
        brand = self.brand
        return (
            environment(code)
            .get_template(template)
            .render(
                lang=code,
                language=self.language,
                brand=brand,
                languages={each: i18n.NAMES[each] for each in brand.languages},
                customer=self.customer,
                announcements=self.announcements,
                here=functools.partial(self._here, meta),
                to=self.to,
                local=self.local,
                meta=meta,
                style=look.style_address(brand.hue),
                script=look.script_address("portal.ts"),
                font=look.font_address(code),
                logo=look.logo_address(brand),
                **values,
            )
        )

    def part(self, template: str, **values: Any) -> Response[str]:
        """A piece of a page, for the portal's script to put into one that is open."""
        body = (
            environment(self.language.code)
            .get_template(template)
            .render(lang=self.language.code, language=self.language, to=self.to, local=self.local, **values)
        )
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"}
        return Response(body, media_type="text/html", headers=headers)

    def _preferred(self) -> str:
        profile = self.customer.language if self.customer else None
        if profile in self.brand.languages:
            return profile
        found = i18n.choose(self.request.headers.get("accept-language"), self.brand.default_language)
        return found if found in self.brand.languages else self.brand.default_language

    def _here(self, meta: Meta | None, code: str) -> str:
        """The address of this page in another language."""
        path = self.request.url.path
        query = {name: value for name, value in self.request.query_params.items() if name not in _PASSING}
        if self._in_path:
            known = meta.alternates.get(code, "") if meta else ""
            path = known.removeprefix(self.home_address) or path.replace(f"/{self._in_path}", f"/{code}", 1)
            query["lang"] = code  # remembered for the pages that have no language in their address
            return f"{path}?{urlencode(query)}"
        return f"{path}?{urlencode({**query, 'lang': code})}"

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


def _language_in(path: str) -> str:
    """The language that a path names: ``/portal/hi/articles/…``."""
    _, _, code, *_ = (*path.split("/", 3), "", "")
    return code if code in i18n.NAMES else ""


def is_same_site(request: PortalRequest) -> bool:
    """Whether the post comes from a page of ours, as far as browsers tell.

    Browsers since 2023 say how the page stands to the address (Fetch Metadata), on TLS and on this machine; the others
    name the origin of every post (RFC 6454, Fetch). Who says neither is a program: it is believed as long as it brings
    no cookie with which it would act for somebody.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site in {"same-origin", "none"}
    if origin is not None:
        ours = {request.headers.get("host", ""), urlsplit(runtime_of(request).settings.base_url).netloc}
        return urlsplit(origin).netloc in ours - {""}
    return not request.cookies.keys() & {SESSION_COOKIE, BINDING_COOKIE}


async def check_path(request: PortalRequest) -> None:
    """Refuse addresses with what no column can hold, before a statement breaks on them.

    Raises:
        NotFound: a number is larger or smaller than any of ours, or there is a NUL in a name.
    """
    for value in request.path_params.values():
        if (isinstance(value, int) and not 0 <= value <= LARGEST_NUMBER) or (
            isinstance(value, str) and "\x00" in value
        ):
            raise NotFound


async def arrive(request: PortalRequest) -> None:
    """Make the visitor before the handler runs; also for what goes wrong later (``portal/failures.py``).

    Raises:
        NotFound: no column can hold what stands in the address.
    """
    runtime = runtime_of(request)
    brand = await brands.of_host(runtime.db, runtime.settings, request.headers.get("host", ""))
    visitor = request.state["visitor"] = Visitor(request, brand)
    visitor.announcements = await announcing.current(runtime.db, visitor.language.code)
    await check_path(request)

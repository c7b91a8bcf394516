"""The description of the API (/api/openapi.json) and a page of our own to read it (/api/docs).

Litestar's pages load their scripts from a CDN, which a desk without a way out does not reach and which a strict policy
forbids; this one is rendered here, without a script. The description is made once, when it is first asked for.
"""

import functools
from pathlib import Path
from typing import Any, Final

import jinja2
import msgspec
from litestar import Litestar, Response, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme, Tag

TITLE: Final = "Sampark: the agents' API"
VERSION: Final = "1"
DESCRIPTION: Final = (
    "What the console uses, and programs may. Sign in with POST /api/session; every unsafe request then carries the "
    "cookie and the header X-CSRF-Token. A program shows a key instead (Authorization: Bearer), which an administrator "
    "makes for it, and needs neither. Errors are application/problem+json with a stable code. "
    "Live events come over the WebSocket /live."
)
TAGS: Final = (
    "Session", "Directory", "Tickets", "Writing", "Files", "Customers", "Products", "Knowledge base", "Portal",
    "Administration",
)  # fmt: skip
DOCS_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


_TEMPLATES: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).resolve().parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Description:
    """Makes the description of some routes, once.

    Args:
        make_router: gives the router with the routes; a fresh one, because a router belongs to one application.
    """

    def __init__(self, make_router: Any) -> None:
        self._make_router = make_router

    @functools.cached_property
    def schema(self) -> dict[str, Any]:
        """The description as JSON-ready values."""
        config = OpenAPIConfig(
            title=TITLE,
            version=VERSION,
            path="/description",
            tags=[Tag(name=name) for name in TAGS],
            components=Components(
                security_schemes={
                    "session": SecurityScheme(type="apiKey", name="sampark_session", security_scheme_in="cookie"),
                    "key": SecurityScheme(type="http", scheme="bearer"),
                }
            ),
            security=[{"session": []}, {"key": []}],
        )
        config.description = DESCRIPTION
        # without `logging_config=None` this second application would set up the log of the whole process anew
        app = Litestar([self._make_router()], openapi_config=config, logging_config=None)
        return app.openapi_schema.to_schema()

    @functools.cached_property
    def as_json(self) -> bytes:
        """The description as it is served."""
        return msgspec.json.encode(self.schema)

    @functools.cached_property
    def as_page(self) -> bytes:
        """The description as a page."""
        groups: dict[str, list[dict[str, Any]]] = {name: [] for name in TAGS}
        for path, item in self.schema["paths"].items():
            for method, operation in item.items():
                entry = {"method": method.upper(), "path": path, **operation}
                for tag in operation.get("tags", ["Session"])[:1]:
                    groups.setdefault(tag, []).append(entry)
        schemas = self.schema.get("components", {}).get("schemas", {})
        page = _TEMPLATES.get_template("docs.html").render(
            title=TITLE, description=DESCRIPTION, groups=groups, schemas=schemas, type_of=type_of
        )
        return page.encode()

    def routes(self) -> list[Any]:
        """The two routes that serve it."""

        @get("/openapi.json", include_in_schema=False)
        async def openapi_json() -> Response[bytes]:
            """The description of the API."""
            return Response(self.as_json, media_type="application/json")

        @get("/docs", include_in_schema=False)
        async def docs() -> Response[bytes]:
            """The description of the API as a page."""
            headers = {"Content-Security-Policy": DOCS_POLICY}
            return Response(self.as_page, media_type="text/html", headers=headers)

        return [openapi_json, docs]


def type_of(schema: dict[str, Any] | None) -> str:
    """A schema in a few words, for people."""
    if not schema:
        return "anything"
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for key in ("oneOf", "anyOf"):
        if key in schema:
            return " or ".join(type_of(one) for one in schema[key])
    if "enum" in schema:
        return " | ".join(repr(value) for value in schema["enum"])
    if "const" in schema:
        return repr(schema["const"])
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {type_of(schema.get('items'))}"
    if isinstance(kind, list):
        kind = " or ".join(kind)
    return f"{kind} ({schema['format']})" if schema.get("format") else str(kind)

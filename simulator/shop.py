"""A make-believe customer's web site under /simulator/shop, with the chat widget on it.

Pages whose only script is the tag of the widget, as an ordinary shop would have it. Somebody can be signed in on it
(``?who=asha``): then the tag carries the signature of the site, as ``docs/how-to/put-the-widget-on-a-site.md`` tells.
"""

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from sqlalchemy.ext.asyncio import AsyncSession

from channels.chat import widgets
from channels.chat.identity import signature
from channels.chat.models import Widget
from core.db import reading
from core.errors import NotFound

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; frame-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""As strict as a careful shop's: the widget must get along with it."""
GOODS: Final = {
    "mixer": ("Mixer grinder 750 W", "Three jars, for chutney, batter and masala. Two years of warranty."),
    "fan": ("Ceiling fan 1200 mm", "Quiet at night, with a remote control. Two years of warranty."),
    "purifier": ("Water purifier 7 l", "Change the filter once a year. One year of warranty."),
}
PEOPLE: Final = {
    "asha": ("shop-17", "Asha Kulkarni", "asha.kulkarni@customers.example"),
    "ravi": ("shop-18", "Ravi Menon", "ravi.menon@customers.example"),
}


@get("/simulator/shop", include_in_schema=False)
async def shop(request: Request[Any, Any, Any], who: FromQuery[str] = "", lang: FromQuery[str] = "en") -> Response[str]:
    """The shop's first page."""
    return await _page(request, "", who, lang)


@get("/simulator/shop/{article:str}", include_in_schema=False)
async def article(
    request: Request[Any, Any, Any], article: FromPath[str], who: FromQuery[str] = "", lang: FromQuery[str] = "en"
) -> Response[str]:
    """One of its goods.

    Raises:
        NotFound: the shop has no such thing.
    """
    if article not in GOODS:
        raise NotFound("The shop has no such thing.")
    return await _page(request, article, who, lang)


async def shown(session: AsyncSession) -> Widget | None:
    """The widget on the shop's pages; None: the desk has none."""
    return next((each for each in await widgets.listed(session) if each.is_enabled), None)


async def _page(request: Request[Any, Any, Any], article: str, person: str, language: str) -> Response[str]:
    runtime = request.app.state.runtime
    async with reading(runtime.db) as session:
        widget = await shown(session)
    body = _templates.get_template("shop.html").render(
        lang=language if language.isalpha() and len(language) <= 3 else "en",
        direction="rtl" if request.query_params.get("dir") == "rtl" else "ltr",
        article=article,
        goods=GOODS,
        people=PEOPLE,
        person=person if person in PEOPLE else "",
        identity=_identity(runtime, widget, person),
        key=widget.key if widget else "",
    )
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
    return Response(body, media_type=MediaType.HTML, headers=headers)


def _identity(runtime: Any, widget: Widget | None, person: str) -> dict[str, str]:
    """What the shop's own server puts into the tag for somebody who has signed in there."""
    if widget is None or person not in PEOPLE:
        return {}
    user_id, name, email = PEOPLE[person]
    secret = widgets.secret_of(widget, runtime.vault)
    return {"user-id": user_id, "name": name, "email": email, "hash": signature(secret, user_id, email)}


HANDLERS: Final[list[HTTPRouteHandler]] = [shop, article]

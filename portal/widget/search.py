"""Articles that may help, while a visitor types in the widget: the same search as the portal's, for readers unknown."""

from typing import Final

import msgspec
from litestar import get
from litestar.params import FromPath, FromQuery

from channels.chat import widgets
from core import i18n
from core.db import unit_of_work
from knowledge_base import places, search
from knowledge_base.access import VISITOR
from knowledge_base.search import Wish
from knowledge_base.visitors import hashed
from portal.widget.desk import WidgetRequest, network_of, runtime_of

MOST: Final = 5
LONGEST: Final = 200


class ArticleView(msgspec.Struct, frozen=True):
    """An article: where it is, and a few words of it."""

    title: str
    text: str
    address: str


class ArticlesView(msgspec.Struct, frozen=True):
    """What was found, the best first."""

    items: list[ArticleView]


@get("/search")
async def find(
    request: WidgetRequest, key: FromPath[str], q: FromQuery[str] = "", lang: FromQuery[str] = ""
) -> ArticlesView:
    """Public articles for some words; the question is kept for the report of what people look for."""
    runtime = runtime_of(request)
    locale = lang if lang in i18n.NAMES else runtime.settings.default_locale
    browser = request.headers.get("user-agent", "")
    visitor = hashed(runtime.secret, network_of(request), browser)
    wish = Wish(words=q[:LONGEST], locale=locale, source="widget", visitor=visitor, unfinished=True, limit=MOST)
    async with unit_of_work(runtime.db) as session:
        await widgets.by_key(session, key)
        answer = await search.find(session, VISITOR, wish)
    base = runtime.settings.base_url
    return ArticlesView(
        [
            ArticleView(
                title=hit.plain_title,
                text="".join(part.text for part in hit.snippet),
                address=f"{base}{places.article_path(hit.locale, hit.slug)}",
            )
            for hit in answer.hits
        ]
    )

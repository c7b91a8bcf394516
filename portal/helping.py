"""Finding answers: the page of search results, suggestions while somebody types, and "this answered it".

The search asks with the visitor's rights (``knowledge_base/search``) and keeps the question for "searches without
answers". Nothing here needs a script: suggestions of the request form stand on its page after a press of a button.
"""

from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import unit_of_work
from core.errors import RateLimited
from knowledge_base import search
from knowledge_base.places import article_path
from knowledge_base.search import Answer, ArticleHit, Wish
from portal import failures
from portal.limits import Gate
from portal.pages import PortalRequest, Visitor, in_every_language, is_same_site, runtime_of
from portal.readers import mark_of, reader_of

LONGEST: Final = 200
ON_A_PAGE: Final = 10
LAST_PAGE: Final = 20
SUGGESTED: Final = 5
LARGEST_POST: Final = 80 * 1024 * 1024
SEARCHES: Final = Gate(60, 2)
TYPING: Final = Gate(120, 0.5)


class Suggested(msgspec.Struct, frozen=True):
    """An article as it is suggested; ``address`` carries the search that it was found by."""

    id: int
    title: str
    text: str
    address: str


class Suggestions(msgspec.Struct, frozen=True):
    """What the portal's script shows below a field, with its words in the visitor's language."""

    status: str
    heading: str
    solved: str
    search: int
    items: list[Suggested]


@get(in_every_language("/search"))
async def results(request: PortalRequest) -> Response[str]:
    """The page of results; with none it leads to the form with the words carried over.

    Raises:
        RateLimited: too many searches came from this network.
    """
    visitor = Visitor.of(request)
    words = " ".join(request.query_params.get("q", "").split())[:LONGEST]
    asked = request.query_params.get("page", "1")
    page = min(int(asked), LAST_PAGE) if asked.isascii() and asked.isdecimal() and len(asked) < 4 else 1
    _turn(SEARCHES, request)
    answer: Answer | None = None
    if words:
        async with unit_of_work(runtime_of(request).db) as session:
            wish = Wish(
                words=words,
                locale=visitor.language.code,
                visitor=mark_of(request),
                limit=ON_A_PAGE,
                offset=(max(page, 1) - 1) * ON_A_PAGE,
            )
            answer = await search.find(session, await reader_of(session, visitor), wish)
    return visitor.page(
        "search.html",
        words=words,
        answer=answer,
        number=max(page, 1),
        more=answer is not None and answer.total > max(page, 1) * ON_A_PAGE and page < LAST_PAGE,
        address=lambda hit: _address(visitor, hit, answer.search_id if answer else None),
        count=_count(visitor, answer.total) if answer else "",
    )


@get(in_every_language("/suggest"))
async def suggest(request: PortalRequest) -> Suggestions:
    """Articles that may answer what is being typed, as JSON.

    Raises:
        RateLimited: too many came from this network.
    """
    return await suggestions(request, request.query_params.get("q", ""))


async def suggestions(request: PortalRequest, words: str) -> Suggestions:
    """What is suggested for some words.

    Args:
        request: the visitor's.
        words: as typed so far; what is beyond :data:`LONGEST` is not looked at.

    Raises:
        RateLimited: too many came from this network.
    """
    _turn(TYPING, request)
    words = words[:LONGEST]
    visitor = Visitor.of(request)
    _ = visitor.language.text
    async with unit_of_work(runtime_of(request).db) as session:
        answer = await _suggested(session, visitor, words, mark_of(request))
    return Suggestions(
        status=_count(visitor, len(answer.hits)) if answer.hits else "",
        heading=_("Perhaps one of these answers helps:"),
        solved=_("This answered it"),
        search=answer.search_id or 0,
        items=[
            Suggested(hit.article_id, hit.plain_title, hit.summary, _address(visitor, hit, answer.search_id))
            for hit in answer.hits
        ],
    )


async def _suggested(session: AsyncSession, visitor: Visitor, words: str, mark: str) -> Answer:
    reader = await reader_of(session, visitor)
    return await search.suggest(session, reader, words, visitor.language.code, visitor=mark, limit=SUGGESTED)


@post("/requests/answered", status_code=303, request_max_body_size=LARGEST_POST)
async def answered(request: PortalRequest) -> Response[Any]:
    """Somebody needs to send nothing any more: a suggested article has answered her question."""
    if not is_same_site(request):
        return failures.outdated(request)
    visitor = Visitor.of(request)
    posted = await request.form()
    search_id = str(posted.get("search", ""))
    if search_id.isascii() and search_id.isdecimal() and 0 < len(search_id) < 18:
        async with unit_of_work(runtime_of(request).db) as session:
            await search.solved(session, int(search_id), mark_of(request))
    return Redirect(visitor.to("/requests/solved", lang=visitor.language.code), status_code=303)


@get("/requests/solved")
async def solved(request: PortalRequest) -> Response[str]:
    """Thanks for an answer that was found."""
    return Visitor.of(request).page("solved.html")


def _turn(gate: Gate, request: PortalRequest) -> None:
    wait = gate.wait(request.client.host if request.client else "")
    if wait:
        raise RateLimited(retry_after=wait)


def _count(visitor: Visitor, number: int) -> str:
    return visitor.language.plural("%(num)s answer", "%(num)s answers", number)


def _address(visitor: Visitor, hit: ArticleHit, search_id: int | None) -> str:
    path = article_path(visitor.language.code, hit.slug)
    return f"{path}?s={search_id}" if search_id else path

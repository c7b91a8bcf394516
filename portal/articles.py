"""Articles and categories as customers read them, and the files that articles show.

What a reader may see is decided in ``knowledge_base/access`` alone; pages of visitors who are not signed in are kept in
memory (``portal/kept``) and held against the tables every second.
"""

from typing import Any, Final
from urllib.parse import quote

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect
from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import reading as reading_session
from core.db import unit_of_work
from core.errors import NotFound, RateLimited
from core.i18n import Language
from knowledge_base import categories, feedback, files, freshness, reading
from knowledge_base.access import Reader
from knowledge_base.deflection import Reading
from knowledge_base.models import Category
from knowledge_base.places import article_path, category_path, file_path
from knowledge_base.reading import ArticleLine, ArticleText, Moved
from portal import failures, kept, moments, read_log, seo
from portal.limits import Gate
from portal.pages import PortalRequest, Visitor, in_every_language, is_same_site, runtime_of
from portal.readers import is_person, mark_of, reader_of

RELATED: Final = 4
RASTER: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
"""Pictures that are shown in place; nothing in them runs. Everything else is saved."""
LARGEST_VOTE: Final = 64 * 1024
VOTES: Final = Gate(30, 10)
FILE_POLICY: Final = "default-src 'none'; sandbox"


class Shelf(msgspec.Struct, frozen=True):
    """A category as a page shows it."""

    id: int
    slug: str
    name: str
    description: str
    path: str
    lines: list[ArticleLine]
    count: int


@get(in_every_language("/articles/{slug:str}"))
async def article(request: PortalRequest, slug: FromPath[str]) -> Response[Any]:
    """An article; an old address leads to the new one.

    Raises:
        NotFound: there is none that this visitor may read.
        Gone: there was one, and it was deleted.
    """
    visitor = Visitor.of(request)
    db = runtime_of(request).db
    is_plain = visitor.customer is None and not request.query_params.keys() - {"s"}
    key = ("article", visitor.look, slug)
    stamp = await freshness.stamp(db) if is_plain else ""

    async def render() -> kept.Rendered | Response[Any]:
        async with reading_session(db) as session:
            reader = await reader_of(session, visitor)
            found = await reading.by_slug(session, reader, visitor.language.code, slug)
            if isinstance(found, Moved):
                return Redirect(article_path(found.locale, found.slug), status_code=301)
            answer = await _article_page(session, visitor, reader, found)
        return kept.Rendered(answer, found.published_at, (found.article_id, found.locale))

    page = await kept.page(db, key, stamp, render) if is_plain else await render()
    if isinstance(page, Response):
        return page
    _note(request, page.shows)
    return kept.answer(request, page) if isinstance(page, kept.Page) else page.answer


def _note(request: PortalRequest, shows: tuple[int, str] | None) -> None:
    """Count the reading, unless it is a robot's or the answer to a vote."""
    if shows is None or "voted" in request.query_params or not is_person(request):
        return
    customer, search_id = Visitor.of(request).customer, request.query_params.get("s", "")
    read_log.of(runtime_of(request).db).note(
        Reading(
            article_id=shows[0],
            locale=shows[1],
            visitor=mark_of(request),
            customer_id=customer.customer_id if customer else None,
            search_id=int(search_id) if search_id.isascii() and search_id.isdecimal() and len(search_id) < 18 else None,
        )
    )


@post(in_every_language("/articles/{slug:str}/vote"), status_code=303, request_max_body_size=LARGEST_VOTE)
async def vote(request: PortalRequest, slug: FromPath[str]) -> Response[Any]:
    """Keep whether an article helped; after "no" the page asks what was missing, and offers the request form.

    Raises:
        NotFound: there is none that this visitor may read.
    """
    visitor = Visitor.of(request)
    if not is_same_site(request):
        return failures.outdated(request)
    posted = await request.form()
    said = str(posted.get("vote", ""))
    wait = VOTES.wait(request.client.host if request.client else "")
    if wait:
        raise RateLimited(retry_after=wait)
    async with unit_of_work(runtime_of(request).db) as session:
        reader = await reader_of(session, visitor)
        found = await reading.by_slug(session, reader, visitor.language.code, slug)
        if isinstance(found, Moved):
            raise NotFound("The article has moved.")
        await feedback.vote(
            session,
            reader,
            found.article_id,
            found.locale,
            visitor=mark_of(request),
            is_helpful=said == "yes",
            reason=str(posted.get("reason", "")) if said == "told" else "",
            comment=str(posted.get("comment", "")) if said == "told" else "",
        )
    voted = said if said in ("yes", "told") else "no"
    return Redirect(f"{article_path(visitor.language.code, found.slug)}?voted={voted}#vote", status_code=303)


async def _article_page(session: AsyncSession, visitor: Visitor, reader: Reader, found: ArticleText) -> Response[str]:
    code = visitor.language.code
    shelf = await _shelf_of(session, found.category_id, code)
    beside = found.category_id
    lines = await reading.in_category(session, reader, beside, code, limit=RELATED + 1) if beside else []
    meta = seo.of_article(visitor, found, (shelf.name, shelf.path) if shelf else None)
    return visitor.page(
        "article.html",
        meta=meta if found.is_public else msgspec.structs.replace(meta, canonical="", data=()),
        article=found,
        updated=moments.local(visitor, found.published_at),
        html=Markup(found.html(file_path, article_path)),  # noqa: S704 - made and cleaned by knowledge_base/markdown
        headings=[one for one in found.headings if one.level <= 3],
        shelf=shelf,
        related=[line for line in lines if line.article_id != found.article_id][:RELATED],
        downloads=[one for one in found.files if not one.is_shown],
        file_path=file_path,
        article_path=article_path,
        voted=visitor.request.query_params.get("voted", ""),
        reasons=reasons(visitor.language),
    )


def reasons(language: Language) -> dict[str, str]:
    """Why an article did not help: what is kept, and its words."""
    _ = language.text
    return {
        "unclear": _("It is hard to understand."),
        "incomplete": _("Something is missing."),
        "wrong": _("It does not work as it says."),
        "outdated": _("It is out of date."),
        "other_question": _("My question is another one."),
    }


async def _shelf_of(session: AsyncSession, category_id: int | None, code: str) -> Shelf | None:
    if category_id is None:
        return None
    return _shelf(await categories.get(session, category_id), code, [], 0)


def _shelf(category: Category, code: str, lines: list[ArticleLine], count: int) -> Shelf:
    return Shelf(
        id=category.id,
        slug=category.slug,
        name=categories.name_in(category.names, code),
        description=categories.name_in(category.descriptions, code) if category.descriptions else "",
        path=category_path(code, category.slug),
        lines=lines,
        count=count,
    )


async def shelves(
    session: AsyncSession, reader: Reader, code: str, most: int, parent_id: int | None = None
) -> list[Shelf]:
    """The categories of a level that hold something for a reader, each with its first articles.

    Args:
        session: where to read.
        reader: who looks.
        code: her language.
        most: articles of each.
        parent_id: of the level; None: the first one.
    """
    every = await categories.every(session)
    counts = await reading.counts(session, reader, code)
    found: list[Shelf] = []
    for category in every:
        if category.parent_id != parent_id:
            continue
        below = [each.id for each in every if each.parent_id == category.id]
        count = sum(counts.get(each, 0) for each in (category.id, *below))
        if count:
            lines = await reading.in_category(session, reader, category.id, code, below=True, limit=most)
            found.append(_shelf(category, code, lines, count))
    return found


@get(in_every_language("/categories/{slug:str}"))
async def category(request: PortalRequest, slug: FromPath[str]) -> Response[Any]:
    """A category with its articles, and the categories in it.

    Raises:
        NotFound: there is none, or it holds nothing for this visitor.
    """
    visitor = Visitor.of(request)
    db = runtime_of(request).db
    is_plain = visitor.customer is None and not request.query_params
    key = ("category", visitor.look, slug)
    stamp = await freshness.stamp(db) if is_plain else ""

    async def render() -> kept.Rendered:
        async with reading_session(db) as session:
            return kept.Rendered(await _category_page(session, visitor, slug))

    if not is_plain:
        return (await render()).answer
    return kept.answer(request, await kept.page(db, key, stamp, render))


async def _category_page(session: AsyncSession, visitor: Visitor, slug: str) -> Response[str]:
    code = visitor.language.code
    reader = await reader_of(session, visitor)
    found = await categories.find_by_slug(session, slug)
    if found is None:
        raise NotFound("There is no such category.")
    lines = await reading.in_category(session, reader, found.id, code)
    inside = await shelves(session, reader, code, 100, found.id)
    if not lines and not inside:
        raise NotFound("There is nothing in this category.")
    shelf = _shelf(found, code, lines, len(lines))
    questions = [*lines, *(line for each in inside for line in each.lines)]
    return visitor.page(
        "category.html",
        meta=seo.of_category(visitor, found.slug, shelf.name, shelf.description, questions),
        shelf=shelf,
        parent=await _shelf_of(session, found.parent_id, code),
        inside=inside,
        article_path=article_path,
    )


@get("/article-files/{file_id:int}/{name:str}")
async def article_file(request: PortalRequest, file_id: FromPath[int], name: FromPath[str]) -> Response[bytes]:
    """A picture or file of an article, for who may read the article.

    Raises:
        NotFound: there is none that this visitor may see.
    """
    del name
    runtime = runtime_of(request)
    async with reading_session(runtime.db) as session:
        reader = await reader_of(session, Visitor.of(request))
        found = await files.get_visible(session, reader, file_id)
    is_picture = found.sniffed_type in RASTER
    shown = "inline" if is_picture else "attachment"
    headers = {
        "Cache-Control": "private, max-age=86400",
        "Content-Disposition": f"{shown}; filename*=UTF-8''{quote(found.name[:200], safe='')}",
        "Content-Security-Policy": FILE_POLICY,
    }
    kind = found.sniffed_type if is_picture or found.sniffed_type == "application/pdf" else "application/octet-stream"
    return Response(await runtime.storage.get(found.storage_key), media_type=kind, headers=headers)

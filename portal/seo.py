"""What search engines and messengers are told: descriptions, addresses, structured data; robots, site map, feed.

Only public articles are ever named here; ``knowledge_base/reading`` sees to it. Addresses begin with that of the brand
whose host was asked.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import Any, Final

from litestar import Response, get
from litestar.params import FromPath

from core.db import reading as reading_session
from core.errors import NotFound
from knowledge_base import categories, reading
from knowledge_base.access import VISITOR
from knowledge_base.places import article_path, category_path
from knowledge_base.reading import ArticleLine, ArticleText, SiteEntry, Told
from portal.pages import Meta, PortalRequest, Visitor, in_every_language, runtime_of

MOST_ADDRESSES: Final = 5000
"""In one site map; the protocol allows 50,000, readers like smaller ones."""
FEED_LENGTH: Final = 30
_XML: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


def data_block(facts: dict[str, Any]) -> str:
    """Structured data as it may stand in a page: no ``<`` in it, so nothing in it can end its element."""
    return json.dumps({"@context": "https://schema.org", **facts}, ensure_ascii=False).replace("<", "\\u003c")


def crumbs(steps: Sequence[tuple[str, str]]) -> str:
    """The way to a page: names and addresses."""
    items = [
        {"@type": "ListItem", "position": place, "name": name, "item": address}
        for place, (name, address) in enumerate(steps, 1)
    ]
    return data_block({"@type": "BreadcrumbList", "itemListElement": items})


def of_home(visitor: Visitor, question: str) -> Meta:
    """The first page: the site itself, and its search."""
    home, brand = visitor.home_address, visitor.brand
    site = {
        "@type": "WebSite",
        "name": brand.name,
        "url": f"{home}{visitor.local()}",
        "inLanguage": visitor.language.code,
        "potentialAction": {
            "@type": "SearchAction",
            "target": f"{home}{visitor.local('/search')}?q={{words}}",
            "query-input": "required name=words",
        },
    }
    return Meta(
        description=brand.words(brand.description, visitor.language.code) or question,
        canonical=f"{home}{visitor.local()}",
        alternates={code: f"{home}/portal/{code}" for code in brand.languages},
        data=(data_block(site),),
    )


def of_form(visitor: Visitor) -> Meta:
    """The request form: people look for "contact", too."""
    address = f"{visitor.home_address}/portal/requests/new"
    words = visitor.language.text("Write to %(brand)s: tell us what happened and add a photo. A person answers you.")
    return Meta(
        description=words % {"brand": visitor.brand.name},
        canonical=address,
        alternates={code: f"{address}?lang={code}" for code in visitor.brand.languages},
    )


def of_category(visitor: Visitor, slug: str, name: str, description: str, lines: Sequence[ArticleLine]) -> Meta:
    """A category: its questions with their short answers."""
    home = visitor.home_address
    questions = [
        {"@type": "Question", "name": line.title, "acceptedAnswer": {"@type": "Answer", "text": line.summary}}
        for line in lines
        if line.summary and line.visibility == "public"
    ]
    here = f"{home}{category_path(visitor.language.code, slug)}"
    blocks = [crumbs([(visitor.brand.name, f"{home}{visitor.local()}"), (name, here)])]
    if questions:
        blocks.append(data_block({"@type": "FAQPage", "mainEntity": questions}))
    return Meta(
        description=description or ", ".join(line.title for line in lines[:3]) or name,
        canonical=here,
        alternates={code: f"{home}{category_path(code, slug)}" for code in visitor.brand.languages},
        data=tuple(blocks),
    )


def of_article(visitor: Visitor, article: ArticleText, shelf: tuple[str, str] | None) -> Meta:
    """An article, told in some languages; ``shelf``: name and path of its category."""
    home = visitor.home_address
    canonical = f"{home}{article_path(article.locale, article.slug)}"
    facts = {
        "@type": "Article",
        "headline": article.title,
        "description": article.summary,
        "inLanguage": article.locale,
        "datePublished": article.first_published_at.isoformat(),
        "dateModified": article.published_at.isoformat(),
        "mainEntityOfPage": canonical,
        "publisher": {"@type": "Organization", "name": visitor.brand.name},
    }
    steps = [(visitor.brand.name, f"{home}{visitor.local()}")]
    steps += [(shelf[0], f"{home}{shelf[1]}")] if shelf else []
    return Meta(
        description=article.summary or article.rendered.text[:160],
        canonical=canonical,
        alternates=_alternates(home, article.told, visitor.brand.languages),
        data=(data_block(facts), crumbs([*steps, (article.title, canonical)])),
        kind="article",
    )


def _alternates(home: str, told: Iterable[Told], offered: Iterable[str]) -> dict[str, str]:
    """Only languages that exist, and that this brand offers."""
    known = set(offered)
    return {one.locale: f"{home}{article_path(one.locale, one.slug)}" for one in told if one.locale in known}


@get("/robots.txt")
async def robots(request: PortalRequest) -> Response[str]:
    """What programs that read the whole web may read."""
    home = Visitor.of(request).home_address
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in ("/api/", "/console", "/portal/requests", "/portal/sign-in", "/*?q=")),
        "Allow: /portal/requests/new",
        "Allow: /portal",
        f"Sitemap: {home}/sitemap.xml",
    ]
    return Response("\n".join(lines) + "\n", media_type="text/plain", headers={"Cache-Control": "public, max-age=3600"})


@get("/sitemap.xml")
async def site_map(request: PortalRequest) -> Response[str]:
    """All public addresses; where they are many, the list of the site maps that hold them."""
    urls = await _urls(request)
    if len(urls) <= MOST_ADDRESSES:
        return _xml(_urlset(urls))
    home = Visitor.of(request).home_address
    parts = range(1, -(-len(urls) // MOST_ADDRESSES) + 1)
    maps = "".join(f"<sitemap><loc>{escape(home)}/sitemap/{part}.xml</loc></sitemap>\n" for part in parts)
    return _xml(f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{maps}</sitemapindex>\n')


@get("/sitemap/{name:str}")
async def part_of_site_map(request: PortalRequest, name: FromPath[str]) -> Response[str]:
    """One part of a long site map.

    Raises:
        NotFound: there is no such part.
    """
    number = name.removesuffix(".xml")
    part = int(number) if number.isascii() and number.isdecimal() and len(number) < 6 else 0
    urls = (await _urls(request))[(part - 1) * MOST_ADDRESSES : part * MOST_ADDRESSES] if part else []
    if not urls:
        raise NotFound
    return _xml(_urlset(urls))


async def _urls(request: PortalRequest) -> list[str]:
    """Every public address of this brand as an entry of a site map."""
    visitor = Visitor.of(request)
    home, languages = visitor.home_address, visitor.brand.languages
    async with reading_session(runtime_of(request).db) as session:
        entries = await reading.site_map(session)
        shelves = await categories.every(session)
        filled: set[int] = set()
        for code in languages:
            filled |= set(await reading.counts(session, VISITOR, code))
    parents = {shelf.parent_id for shelf in shelves if shelf.id in filled}
    found = [_url(f"{home}/portal/{code}", {each: f"{home}/portal/{each}" for each in languages}) for code in languages]
    for shelf in shelves:
        if shelf.id in filled or shelf.id in parents:
            same = {code: f"{home}{category_path(code, shelf.slug)}" for code in languages}
            found += [_url(address, same) for address in same.values()]
    for entry in entries:
        found += _of_entry(home, entry, languages)
    return found


def _of_entry(home: str, entry: SiteEntry, languages: Iterable[str]) -> list[str]:
    same = _alternates(home, entry.told, languages)
    return [_url(address, same, entry.changed_at) for address in same.values()]


def _url(address: str, same: dict[str, str], changed_at: datetime | None = None) -> str:
    changed = f"<lastmod>{changed_at.isoformat(timespec='seconds')}</lastmod>" if changed_at else ""
    links = "".join(
        f'<xhtml:link rel="alternate" hreflang="{code}" href="{escape(other)}"/>' for code, other in same.items()
    )
    return f"<url><loc>{escape(address)}</loc>{changed}{links}</url>\n"


def _urlset(urls: Sequence[str]) -> str:
    spaces = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml"'
    return f"<urlset {spaces}>\n{''.join(urls)}</urlset>\n"


def _xml(content: str, media_type: str = "application/xml") -> Response[str]:
    return Response(_XML + content, media_type=media_type, headers={"Cache-Control": "public, max-age=600"})


@get(in_every_language("/feed.xml"))
async def feed(request: PortalRequest) -> Response[str]:
    """What was published last in one language, as Atom (RFC 4287)."""
    visitor = Visitor.of(request)
    home, code = visitor.home_address, visitor.language.code
    async with reading_session(runtime_of(request).db) as session:
        lines = await reading.newest(session, VISITOR, code, FEED_LENGTH, exact=True)
    updated = max((line.published_at for line in lines), default=None)
    stamp = updated.isoformat(timespec="seconds") if updated else "1970-01-01T00:00:00+00:00"
    entries = "".join(_entry(home, line) for line in lines)
    answer = _xml(
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{code}">\n'
        f"<title>{escape(visitor.brand.name)}</title>\n<id>{escape(home + visitor.local())}</id>\n"
        f'<link href="{escape(home + visitor.local())}"/>\n'
        f'<link rel="self" href="{escape(home + visitor.local("/feed.xml"))}"/>\n<updated>{stamp}</updated>\n'
        f"{entries}</feed>\n",
        "application/atom+xml",
    )
    etag = f'W/"{stamp}-{len(lines)}"'
    answer.headers["ETag"] = etag
    if request.headers.get("if-none-match") == etag:
        return Response("", status_code=304, headers={"ETag": etag})
    return answer


def _entry(home: str, line: ArticleLine) -> str:
    address = escape(home + article_path(line.locale, line.slug))
    return (
        f'<entry><title>{escape(line.title)}</title><id>{address}</id><link href="{address}"/>'
        f"<updated>{line.published_at.isoformat(timespec='seconds')}</updated>"
        f"<summary>{escape(line.summary)}</summary></entry>\n"
    )

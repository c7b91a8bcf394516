"""All articles as files: Markdown with YAML on top, pictures beside it; ``knowledge_base/importing`` takes them in.

A published text is ``category/slug.hi.md``; a next version that readers do not see yet lies beside it as
``category/slug.hi.draft.md``. Pictures are in a folder of their article. The same articles make the same files.
"""

import re
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.storage import Storage
from customers.models import Organisation
from knowledge_base import categories, files
from knowledge_base.bundle import CATEGORIES, Shelf, write_shelves
from knowledge_base.front_matter import Page, write_page, write_yaml
from knowledge_base.importing import Progress
from knowledge_base.models import Article, ArticleFile, Category, Translation, Version
from products.models import Product
from staff.models import Agent, Team

_FILE: Final = re.compile(r"(?<=\()/kb/files/(\d{1,18})(?=[\s)])")
_ARTICLE: Final = re.compile(r"(?<=\()article:(\d{1,18})(?=[\s)])")


async def bundle(session: AsyncSession, storage: Storage, progress: Progress | None = None) -> dict[str, bytes]:
    """All categories, articles, texts and the files that these show, as paths and contents."""
    shelves = await categories.every(session)
    articles = list(await session.scalars(select(Article).order_by(Article.id)))
    work = _Export(session, storage, {one.id: one for one in shelves})
    await work.prepare(articles)
    found: dict[str, bytes] = {}
    if shelves:
        found[CATEGORIES] = write_yaml(write_shelves([_shelf(one, work.shelves) for one in shelves])).encode()
    for done, article in enumerate(articles, 1):
        found |= await work.article(article)
        if progress:
            progress(done, len(articles))
    return found


def _shelf(one: Category, shelves: dict[int, Category]) -> Shelf:
    parent = shelves[one.parent_id].slug if one.parent_id is not None else ""
    return Shelf(slug=one.slug, names=one.names, descriptions=one.descriptions, parent=parent)


class _Export:
    """The articles of a desk on their way out."""

    def __init__(self, session: AsyncSession, storage: Storage, shelves: dict[int, Category]) -> None:
        self._session = session
        self._storage = storage
        self.shelves = shelves
        self._texts: dict[int, list[Translation]] = {}
        self._places: dict[int, str] = {}
        """Article → path of its source text without the ending."""

    async def prepare(self, articles: list[Article]) -> None:
        """Read what all articles share, and give each its place."""
        for one in await self._session.scalars(select(Translation).order_by(Translation.id)):
            self._texts.setdefault(one.article_id, []).append(one)
        self._teams = await self._names(Team)
        self._organisations = await self._names(Organisation)
        rows = await self._session.execute(select(Product.id, Product.sku))
        self._products = {row.id: row.sku for row in rows}
        self._owners = {row.id: row.email for row in await self._session.execute(select(Agent.id, Agent.email))}
        for article in articles:
            told = self._texts[article.id]
            source = next((one for one in told if one.locale == article.source_locale), told[0])
            folder = self.shelves[article.category_id].slug if article.category_id is not None else "articles"
            place = f"{folder}/{source.slug}"
            taken = place in self._places.values()
            self._places[article.id] = f"{place}-{article.id}" if taken else place

    async def _names(self, model: type[Team | Organisation]) -> dict[int, str]:
        return {row.id: row.name for row in await self._session.execute(select(model.id, model.name))}

    async def article(self, article: Article) -> dict[str, bytes]:
        """The files of one article."""
        place = self._places[article.id]
        stored = {one.id: one for one in await files.of_article(self._session, article.id)}
        found: dict[str, bytes] = {}
        for told in self._texts[article.id]:
            for version_id, state in _states(told):
                version = await self._session.get_one(Version, version_id)
                ending = "" if state in ("published", "archived") or told.published_version_id is None else ".draft"
                path = f"{place}.{told.locale}{ending}.md"
                page = self._page(article, told, version, state, stored)
                found[path] = write_page(page).encode()
                for number in version.file_ids:
                    name = f"{place.rpartition('/')[0]}/{_name(place, stored[number], stored)}"
                    found[name] = await self._storage.get(stored[number].storage_key)
        return found

    def _page(
        self, article: Article, told: Translation, version: Version, state: str, stored: dict[int, ArticleFile]
    ) -> Page:
        place = self._places[article.id]
        here = place.rpartition("/")[0]

        def file(found: re.Match[str]) -> str:
            one = stored.get(int(found[1]))
            return f"<{_name(place, one, stored)}>" if one else found[0]

        def other(found: re.Match[str]) -> str:
            return self._link(int(found[1]), here) or found[0]

        body = _ARTICLE.sub(other, _FILE.sub(file, version.body))
        named = set(re.findall(r"/kb/files/(\d+)", version.body))
        return Page(
            path="",
            key=place,
            locale=told.locale,
            title=version.title,
            body=body.strip("\n"),
            summary=version.summary,
            slug=told.slug,
            source_locale=article.source_locale,
            category=self.shelves[article.category_id].slug if article.category_id is not None else "",
            visibility=article.visibility,
            organisations=[self._organisations[one] for one in article.organisation_ids if one in self._organisations],
            segments=article.segments,
            teams=[self._teams[one] for one in article.team_ids if one in self._teams],
            tags=article.tags,
            products=[self._products[one] for one in article.product_ids if one in self._products],
            owner=self._owners.get(article.owner_id or 0, ""),
            review_on=article.review_on,
            needs_acknowledgement=article.needs_acknowledgement,
            position=article.position,
            state=state,
            is_outdated=told.outdated_since is not None,
            files=[_name(place, stored[one], stored) for one in version.file_ids if str(one) not in named],
        )

    def _link(self, article_id: int, here: str) -> str:
        """The address of another article's source text, seen from a folder."""
        place = self._places.get(article_id)
        if place is None:
            return ""
        told = self._texts[article_id]
        folder, _, name = place.rpartition("/")
        locale = next((one.locale for one in told if place.endswith(f"/{one.slug}")), told[0].locale)
        path = f"{name}.{locale}.md"
        return f"<{path if folder == here else f'../{folder}/{path}'}>"


def _states(told: Translation) -> list[tuple[int, str]]:
    """The versions of a text that are worth a file, and what each is."""
    working, shown = told.working_version_id or 0, told.published_version_id
    if shown is None:
        return [(working, "archived" if told.state == "archived" else _draft(told.state))]
    return [(shown, "published")] if shown == working else [(shown, "published"), (working, _draft(told.state))]


def _draft(state: str) -> str:
    return "in_review" if state in ("in_review", "approved") else "draft"


def _name(place: str, one: ArticleFile, stored: dict[int, ArticleFile]) -> str:
    """A file's path beside its text: in a folder of its article, with a number where two have the same name."""
    same = sorted(number for number, other in stored.items() if other.name == one.name)
    stem, dot, ending = one.name.rpartition(".")
    number = same.index(one.id)
    name = one.name if number == 0 else f"{stem or ending}-{number + 1}{dot if stem else ''}{ending if stem else ''}"
    safe = re.sub(r"[<>\\/:*?\"|\x00-\x1f]", "_", name)
    return f"{place.rpartition('/')[2]}/{safe}"

"""Taking a bundle of files in: categories, articles in their languages, pictures. The same again changes nothing.

An article is known by the address of one of its texts. Each article is taken whole or not at all, and what cannot be
taken is a row of the report; the rest goes on. A dry run does everything and keeps nothing.
"""

import contextlib
import hashlib
import posixpath
import re
from collections.abc import Callable
from typing import Final, Literal
from urllib.parse import unquote

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from core import clock
from core.actor import SYSTEM
from core.db import acting_as
from core.errors import DeskError, Invalid
from core.storage import Storage
from customers.models import Organisation
from knowledge_base import categories, files, publishing, writing
from knowledge_base.bundle import Bundle, Shelf
from knowledge_base.categories import CategoryChange
from knowledge_base.front_matter import Page
from knowledge_base.markdown import file_address
from knowledge_base.models import Category, Translation
from knowledge_base.slugs import slug_of
from knowledge_base.writing import Properties, Text
from products.models import Product
from staff.models import Agent, Team

Action = Literal["created", "updated", "unchanged", "error"]
_TARGET: Final = re.compile(r"(?P<head>!?\[[^\]\n]*\]\()(?P<target><[^>\n]+>|[^)\s]+)(?P<tail>(?:\s+\"[^\"\n]*\")?\))")
_CODE: Final = re.compile(r"(^```.*?^```|^~~~.*?^~~~|`[^`\n]+`)", re.DOTALL | re.MULTILINE)
_ELSEWHERE: Final = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//|#|/)", re.IGNORECASE)


class Row(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of one file."""

    path: str
    action: Action
    title: str = ""
    message: str = ""
    article_id: int | None = None


class Report(msgspec.Struct, kw_only=True, rename="camel"):
    """What became of a bundle."""

    dry_run: bool
    rows: list[Row]

    def count(self, action: Action) -> int:
        """How many files ended so."""
        return sum(row.action == action for row in self.rows)


Progress = Callable[[int, int], None]
"""Told how many articles of how many are done."""


async def take(
    session: AsyncSession,
    storage: Storage,
    bundle: Bundle,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Take a bundle in. What was published in it is published here, whoever imports it.

    Args:
        session: the unit of work.
        storage: where pictures go.
        bundle: what to take.
        dry_run: report what would happen, and keep nothing.
        progress: told after each article.
    """
    report = Report(
        dry_run=dry_run, rows=[Row(path=one.path, action="error", message=one.message) for one in bundle.problems]
    )
    with contextlib.suppress(_NothingIsKept):
        async with session.begin_nested():
            await _take(session, _Nowhere() if dry_run else storage, bundle, report, progress)
            if dry_run:
                raise _NothingIsKept
    if dry_run:
        session.expunge_all()
        session.info.pop("events", None)
    return report


class _NothingIsKept(Exception):
    """Rolls back what a dry run has done."""


async def _take(
    session: AsyncSession, storage: Storage, bundle: Bundle, report: Report, progress: Progress | None
) -> None:
    places = await _shelves(session, bundle, report)
    groups: dict[str, list[Page]] = {}
    for page in bundle.pages:
        groups.setdefault(page.key, []).append(page)
    intake = _Intake(session, storage, bundle, places)
    await intake.recognise()
    for done, pages in enumerate(groups.values(), 1):
        report.rows += await intake.article(pages)
        if progress:
            progress(done, len(groups))
    report.rows += await intake.links()


async def _shelves(session: AsyncSession, bundle: Bundle, report: Report) -> dict[str, int]:
    """Make or change the categories; returns slug → id."""
    ordered = sorted(bundle.shelves, key=lambda one: bool(one.parent))
    named = {slug_of(one.slug) for one in ordered}
    for page in bundle.pages:
        slug = slug_of(page.category)
        if slug and slug not in named and await categories.find_by_slug(session, slug) is None:
            words = page.category.replace("-", " ").replace("_", " ").strip().capitalize()
            ordered.append(Shelf(slug=slug, names={page.locale: words}))
        named.add(slug)
    for one in ordered:
        try:
            async with session.begin_nested():
                await _shelf(session, one)
        except DeskError as problem:
            report.rows.append(Row(path=one.slug, action="error", message=problem.detail))
    return {row.slug: row.id for row in await session.execute(select(Category.slug, Category.id))}


async def _shelf(session: AsyncSession, one: Shelf) -> None:
    parent = await categories.find_by_slug(session, one.parent) if one.parent else None
    if one.parent and parent is None:
        raise Invalid(f"There is no category {one.parent}.")
    parent_id = parent.id if parent else None
    known = await categories.find_by_slug(session, one.slug)
    wanted = CategoryChange(names=one.names, descriptions=one.descriptions, slug=one.slug, parent_id=parent_id)
    if known is None:
        await categories.create(session, wanted)
    elif (known.names, known.descriptions, known.parent_id) != (one.names, one.descriptions, parent_id):
        await categories.change(session, known.id, wanted)


class _Nowhere(Storage):
    """Keeps nothing: for a dry run."""

    def __init__(self) -> None:
        """There is no place."""

    async def put(self, content: bytes) -> str:
        """The key that the content would have."""
        digest = hashlib.sha256(content).hexdigest()
        return f"{digest[:2]}/{digest}"


class _Intake:
    """One bundle on its way in."""

    def __init__(self, session: AsyncSession, storage: Storage, bundle: Bundle, places: dict[str, int]) -> None:
        self._session = session
        self._storage = storage
        self._bundle = bundle
        self._places = places
        self._ids: dict[str, int] = {}
        """Path of a text → its article."""
        self._waiting: list[tuple[Page, int]] = []
        """Texts that lead to others of the bundle: their links are set when all are here."""
        self._known: dict[tuple[str, str], int] = {}
        """Language and slug → the article that has it."""
        self._agents: dict[str, int] | None = None
        self._paths = {page.path for page in bundle.pages}

    async def recognise(self) -> None:
        """Find the texts that are here already, so that links to them can be set at once."""
        statement = select(Translation.locale, Translation.slug, Translation.article_id)
        self._known = {(row.locale, row.slug): row.article_id for row in await self._session.execute(statement)}
        for page in self._bundle.pages:
            known = self._known.get(_place(page))
            if known is not None:
                self._ids[page.path] = known

    async def article(self, pages: list[Page]) -> list[Row]:
        """All texts of one article; when one of them cannot be taken, none is."""
        source = next((page for page in pages if page.locale == (page.source_locale or page.locale)), pages[0])
        # A published text comes before the draft of its next version.
        ordered = sorted(pages, key=lambda page: (page.locale != source.locale, page.locale, page.state != "published"))
        place = source
        try:
            async with self._session.begin_nested():
                rows: list[Row] = []
                article_id = next((self._known[at] for at in map(_place, pages) if at in self._known), None)
                for place in ordered:
                    row = await self._text(place, source, article_id)
                    article_id = row.article_id
                    rows.append(row)
                return rows
        except DeskError as problem:
            self._session.expire_all()
            waiting = {page.path for page in pages}
            self._waiting = [one for one in self._waiting if one[0].path not in waiting]
            failed = Row(path=place.path, action="error", title=place.title, message=problem.detail)
            others = [
                Row(path=page.path, action="error", title=page.title, message=f"Left out with {place.path}.")
                for page in pages
                if page is not place
            ]
            return [failed, *others]

    async def _text(self, page: Page, source: Page, article_id: int | None) -> Row:
        content = Text(title=page.title, summary=page.summary, body="", note="Imported")
        is_new, changed = article_id is None, 0
        if article_id is None:
            wanted = await self._properties(source)
            article_id = (await writing.create(self._session, page.locale, content, wanted, page.slug or None)).id
        elif page is source:
            before_it = (await writing.get(self._session, article_id)).version
            article = await writing.change(self._session, article_id, await self._properties(source))
            changed = article.version - before_it
        found = await self._session.scalar(
            select(Translation).where(Translation.article_id == article_id, Translation.locale == page.locale)
        )
        is_new = is_new or found is None
        if found is None:
            found = await writing.translate(self._session, article_id, page.locale, content, page.slug or None)
        self._ids[page.path] = article_id
        before = found.working_version_id
        body, file_ids = await self._body(page, article_id)
        content = Text(title=page.title, summary=page.summary, body=body, file_ids=file_ids, note="Imported")
        if found.state == "approved":
            await publishing.give_back(self._session, article_id, page.locale, "Imported anew")
        if is_new:
            await self._first(found, content)
        else:
            await writing.save(self._session, article_id, page.locale, content)
        if any(self._is_awaited(page, target) for target in _targets(page.body)):
            self._waiting.append((page, article_id))
        else:
            await self._state(page, article_id)
        same = not is_new and before == found.working_version_id and not changed
        action: Action = "created" if is_new else "unchanged" if same else "updated"
        return Row(path=page.path, action=action, title=page.title, article_id=article_id)

    async def _first(self, found: Translation, content: Text) -> None:
        """Fill the version that was made empty, because its pictures needed an article to belong to."""
        version = await writing.get_version(self._session, found.id, found.working_version_id)
        version.body = content.body
        version.file_ids = await files.named_by(self._session, found.article_id, content.body, content.file_ids)
        await self._session.flush()

    async def _state(self, page: Page, article_id: int) -> None:
        """Publish, submit or archive a text as its file says."""
        found = await writing.get_translation(self._session, article_id, page.locale)
        version_id = found.working_version_id or 0
        if page.state == "published" and found.published_version_id != version_id:
            with acting_as(self._session, SYSTEM):
                await publishing.approve(self._session, article_id, page.locale, version_id, confirms=True)
        elif page.state == "in_review" and found.state == "draft":
            await publishing.submit(self._session, article_id, page.locale)
        elif page.state == "archived" and found.state != "archived":
            await publishing.unpublish(self._session, article_id, page.locale, archive=True)
        if page.is_outdated and found.outdated_since is None:
            found.outdated_since = clock.now()

    async def links(self) -> list[Row]:
        """Set the links between the articles of the bundle, and publish the texts that waited for them."""
        rows: list[Row] = []
        for page, article_id in self._waiting:
            try:
                async with self._session.begin_nested():
                    body, file_ids = await self._body(page, article_id)
                    found = await writing.get_translation(self._session, article_id, page.locale)
                    version = await writing.get_version(self._session, found.id, found.working_version_id)
                    if version.body != body and found.published_version_id != version.id:
                        version.body = body
                        await self._session.flush()
                    elif version.body != body:
                        content = Text(
                            title=page.title, summary=page.summary, body=body, file_ids=file_ids, note="Imported"
                        )
                        await writing.save(self._session, article_id, page.locale, content)
                    await self._state(page, article_id)
            except DeskError as problem:
                rows.append(Row(path=page.path, action="error", title=page.title, message=problem.detail))
        return rows

    async def _body(self, page: Page, article_id: int) -> tuple[str, tuple[int, ...]]:
        """A text with its pictures kept and its addresses made ours, and the files that it offers."""
        known: dict[str, str] = {}
        for target, is_picture in _targets(page.body).items():
            path = self._path_of(page, target)
            if path in self._bundle.files:
                known[target] = file_address(await self._keep(article_id, path))
            elif path in self._ids:
                known[target] = f"article:{self._ids[path]}"
            elif is_picture and not _ELSEWHERE.match(target):
                raise Invalid(f"The picture {path} is not in the bundle.")

        def place(found: re.Match[str]) -> str:
            return f"{found['head']}{known.get(found['target'], found['target'])}{found['tail']}"

        offered: list[int] = []
        for name in page.files:
            path = _beside(page, name)
            if path not in self._bundle.files:
                raise Invalid(f"The file {path} is not in the bundle.")
            offered.append(await self._keep(article_id, path))
        pieces = _CODE.split(page.body)
        pieces[::2] = [_TARGET.sub(place, piece) for piece in pieces[::2]]
        return "".join(pieces), tuple(offered)

    async def _keep(self, article_id: int, path: str) -> int:
        content = self._bundle.files[path]
        return (await files.add(self._session, self._storage, article_id, posixpath.basename(path), content)).id

    def _path_of(self, page: Page, target: str) -> str:
        """Where an address leads in the bundle; a picture of Zendesk's may lie in it under its own number."""
        _, mark, rest = target.partition("/article_attachments/")
        if mark:
            ending = f"article_attachments/{rest}"
            return next((path for path in self._bundle.files if path.endswith(ending)), target)
        return _beside(page, target)

    def _is_awaited(self, page: Page, target: str) -> bool:
        """Whether an address leads to a text of the bundle that is not here yet."""
        path = _beside(page, target)
        return path in self._paths and path not in self._ids

    async def _properties(self, page: Page) -> Properties:
        """What the source text says about the article."""
        category_id = self._places.get(slug_of(page.category)) if page.category else None
        if page.category and category_id is None:
            raise Invalid(f"There is no category {page.category}.")
        return Properties(
            category_id=category_id,
            position=page.position,
            visibility=page.visibility or "public",
            organisation_ids=await self._named(Organisation.name, Organisation.id, page.organisations, "organisation"),
            segments=page.segments,
            team_ids=await self._named(Team.name, Team.id, page.teams, "team"),
            tags=page.tags,
            product_ids=await self._named(Product.sku, Product.id, page.products, "product"),
            owner_id=await self._owner(page.owner) if page.owner else msgspec.UNSET,
            review_on=page.review_on or msgspec.UNSET,
            needs_acknowledgement=page.needs_acknowledgement,
        )

    async def _named(
        self, name: InstrumentedAttribute[str], number: InstrumentedAttribute[int], names: list[str], word: str
    ) -> list[int]:
        if not names:
            return []
        rows = await self._session.execute(select(name, number).where(name.in_(names)))
        found = {row[0]: row[1] for row in rows}
        missing = [one for one in names if one not in found]
        if missing:
            raise Invalid(f"There is no {word} {missing[0]}.")
        return [found[one] for one in names]

    async def _owner(self, email: str) -> int | msgspec.UnsetType:
        """The agent with this address; an article whose owner is not here comes to whoever imports it."""
        if self._agents is None:
            rows = await self._session.execute(select(func.lower(Agent.email), Agent.id))
            self._agents = {row[0]: row[1] for row in rows}
        return self._agents.get(email.lower(), msgspec.UNSET)


def _targets(body: str) -> dict[str, bool]:
    """The addresses that a text names outside of code, and whether each is a picture's."""
    found: dict[str, bool] = {}
    for piece in _CODE.split(body)[::2]:
        for each in _TARGET.finditer(piece):
            found[each["target"]] = found.get(each["target"], False) or each["head"].startswith("!")
    return found


def _place(page: Page) -> tuple[str, str]:
    """The address that a text has or wants."""
    return page.locale, slug_of(page.slug or page.title)


def _beside(page: Page, target: str) -> str:
    """A relative address as a path in the bundle."""
    plain = unquote(target.strip("<>").partition("#")[0])
    return posixpath.normpath(posixpath.join(posixpath.dirname(page.path.partition("#")[0]), plain))

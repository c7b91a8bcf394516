"""Puts an article's screens together from the knowledge base. Called by ``agent_ui/api``."""

import contextlib
from collections.abc import AsyncIterator, Iterable
from typing import Final

from agent_ui.deps import Desk
from agent_ui.views.articles import (
    ArticleView,
    FileView,
    LinkView,
    PropertiesInput,
    TranslationView,
    VersionRef,
    VersionView,
)
from agent_ui.views.base import given
from core import clock
from core.errors import Conflict, NotAllowed, NotFound, Stale
from knowledge_base import access, acknowledgements, files, linking, listing, options, writing
from knowledge_base.access import Reader
from knowledge_base.markdown import Picture, articles_in, render
from knowledge_base.models import Article, ArticleFile, Translation, Version
from knowledge_base.places import article_path

AUDIENCE: Final = frozenset({"visibility", "organisation_ids", "segments", "team_ids"})


def reader_of(desk: Desk) -> Reader:
    """The agent as a reader of articles."""
    return access.agent(desk.actor)


async def may_see(desk: Desk, article_id: int) -> Article:
    """An article that the agent may see.

    Raises:
        NotFound: there is none, or she may not know that there is.
    """
    await listing.check_seen(desk.session, reader_of(desk), article_id)
    return await writing.get(desk.session, article_id)


async def check_may_change(desk: Desk, article_id: int, data: PropertiesInput) -> None:
    """Make sure that who may not publish does not show or hide what readers see.

    Raises:
        NotAllowed: she would.
    """
    sent = given(data)
    if desk.actor.may("articles:publish") or not AUDIENCE & set(sent):
        return
    told = await writing.translations_of(desk.session, article_id)
    if any(one.published_version_id is not None for one in told):
        raise NotAllowed("Who sees a published article is decided by those who publish.")


async def read(desk: Desk, article_id: int) -> ArticleView:
    """An article with all its languages.

    Raises:
        NotFound: there is none, or she may not know that there is.
    """
    article = await may_see(desk, article_id)
    reader = reader_of(desk)
    row = await listing.row_of(desk.session, reader, article_id)
    stored = await files.of_article(desk.session, article_id) if reader.is_editor else []
    return ArticleView(
        id=article.id,
        source_locale=article.source_locale,
        category_id=article.category_id,
        position=article.position,
        visibility=article.visibility,  # type: ignore[arg-type]  # the column's check allows no other
        organisation_ids=article.organisation_ids,
        segments=article.segments,
        team_ids=article.team_ids,
        tags=article.tags,
        product_ids=article.product_ids,
        owner_id=article.owner_id,
        review_on=article.review_on,
        is_overdue=article.review_on is not None and article.review_on < clock.now().date(),
        needs_acknowledgement=article.needs_acknowledgement,
        is_acknowledged=await acknowledgements.has_read(desk.session, article, desk.agent_id),
        revision=article.revision,
        translations=row.translations,
        files=[file_view(desk, one) for one in stored],
        links_in=await _links(desk, await linking.leading_to(desk.session, article_id)),
        created_at=article.created_at,
        changed_at=article.changed_at,
        version=article.version,
    )


async def read_translation(desk: Desk, article_id: int, locale: str) -> TranslationView:
    """An article in one language. Who does not write sees the published version only.

    Raises:
        NotFound: it is not there for this agent.
    """
    await may_see(desk, article_id)
    found = await writing.get_translation(desk.session, article_id, locale)
    is_editor = reader_of(desk).is_editor
    shown_id = found.working_version_id if is_editor else found.published_version_id
    working = await writing.get_version(desk.session, found.id, shown_id)
    published = None
    if found.published_version_id is not None:
        published = await writing.get_version(desk.session, found.id, found.published_version_id)
    stored = await files.of_version(desk.session, working.file_ids)
    rendered = render(working.body, locale)
    return TranslationView(
        article_id=article_id,
        locale=locale,
        slug=found.slug,
        state=found.state if is_editor else "published",  # type: ignore[arg-type]  # the column's check allows no other
        title=working.title,
        summary=working.summary,
        body=working.body,
        html=await placed(desk, working.body, locale, stored),
        headings=list(rendered.headings),
        files=[file_view(desk, one) for one in stored],
        links_out=await _links(desk, articles_in(working.body)),
        working=_ref(working),
        published=_ref(published) if published else None,
        first_published_at=found.first_published_at,
        published_at=found.published_at,
        publish_at=found.publish_at,
        submitted_by_id=found.submitted_by_id,
        approved_by_id=found.approved_by_id,
        outdated_since=found.outdated_since,
        may_approve=await _may_approve(desk, found, working),
        public_path=article_path(locale, found.slug),
        version=found.version,
    )


async def read_version(desk: Desk, article_id: int, locale: str, version_id: int) -> VersionView:
    """One version with its text.

    Raises:
        NotFound: there is none.
    """
    found = await writing.get_translation(desk.session, article_id, locale)
    version = await writing.get_version(desk.session, found.id, version_id)
    stored = await files.of_version(desk.session, version.file_ids)
    return VersionView(
        id=version.id,
        number=version.number,
        title=version.title,
        summary=version.summary,
        body=version.body,
        html=await placed(desk, version.body, locale, stored),
        note=version.note,
        author_id=version.author_id,
        author_name=version.author_name,
        at=version.at,
        is_autosave=version.is_autosave,
        files=[file_view(desk, one) for one in stored],
    )


async def placed(desk: Desk, body: str, locale: str, stored: Iterable[ArticleFile]) -> str:
    """A text as HTML for the console: files by signed addresses, articles as links to their screens."""
    pictures = {one.id: Picture(_url(desk, one), one.width, one.height) for one in stored}
    articles = {one: f"/console/articles/{one}" for one in articles_in(body)}
    return render(body, locale).placed(pictures, articles)


def file_view(desk: Desk, one: ArticleFile) -> FileView:
    """A file with an address for this agent."""
    return FileView(
        id=one.id,
        name=one.name,
        size=one.size,
        content_type=one.sniffed_type,
        width=one.width,
        height=one.height,
        url=_url(desk, one),
    )


@contextlib.asynccontextmanager
async def telling_what_is_new(desk: Desk, article_id: int, locale: str | None = None) -> AsyncIterator[None]:
    """Add to a refused change the article, or its text, as it is now."""
    try:
        yield
    except (Stale, Conflict) as problem:
        desk.session.expire_all()
        with contextlib.suppress(NotFound):
            problem.extra["current"] = await (
                read_translation(desk, article_id, locale) if locale else read(desk, article_id)
            )
        raise


def _url(desk: Desk, one: ArticleFile) -> str:
    return desk.article_files.url(one.id, one.name)


def _ref(version: Version) -> VersionRef:
    return VersionRef(
        id=version.id,
        number=version.number,
        author_id=version.author_id,
        author_name=version.author_name,
        at=version.at,
        note=version.note,
    )


async def _may_approve(desk: Desk, found: Translation, working: Version) -> bool:
    if not desk.actor.may("articles:publish") or found.state in ("approved", "published"):
        return False
    if not (await options.read(desk.session)).needs_second_person:
        return True
    return found.state == "in_review" and desk.agent_id not in (working.author_id, found.submitted_by_id)


async def _links(desk: Desk, article_ids: Iterable[int]) -> list[LinkView]:
    titles = await linking.titles(desk.session, reader_of(desk), article_ids)
    return [LinkView(article_id=number, title=title) for number, title in titles.items()]

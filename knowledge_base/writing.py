"""Writing articles: begin one, tell it in another language, save a version, bring an old one back, change properties.

Every save is a row of ``article_versions``; nothing here changes what readers see: ``knowledge_base/publishing`` does.
Called by the agents' API, the import and the demo.
"""

from datetime import date
from typing import Any, Final

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.db import actor_of
from core.errors import Conflict, Invalid, NotFound, Stale
from core.i18n import NAMES
from knowledge_base import access, addresses, files, tasks
from knowledge_base.errors import WaitsForPublishing
from knowledge_base.events import ArticleChanged, ArticleCreated, ArticleSaved, SlugChanged
from knowledge_base.markdown import LONGEST
from knowledge_base.models import Article, Category, Translation, Version
from staff.models import Agent, Team

LONGEST_TITLE: Final = 200
LONGEST_SUMMARY: Final = 500


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """What a version says.

    Attributes:
        file_ids: files that are offered below the text; those that it shows are found by themselves.
        note: why it was changed, for colleagues.
        is_autosave: kept while somebody types; her next automatic save replaces it.
    """

    title: str
    body: str
    summary: str = ""
    file_ids: tuple[int, ...] = ()
    note: str = ""
    is_autosave: bool = False


class Properties(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for an article in all languages; UNSET stays as it is."""

    category_id: int | msgspec.UnsetType | None = msgspec.UNSET
    position: int | msgspec.UnsetType = msgspec.UNSET
    visibility: str | msgspec.UnsetType = msgspec.UNSET
    organisation_ids: list[int] | msgspec.UnsetType = msgspec.UNSET
    segments: list[str] | msgspec.UnsetType = msgspec.UNSET
    team_ids: list[int] | msgspec.UnsetType = msgspec.UNSET
    tags: list[str] | msgspec.UnsetType = msgspec.UNSET
    product_ids: list[int] | msgspec.UnsetType = msgspec.UNSET
    owner_id: int | msgspec.UnsetType | None = msgspec.UNSET
    review_on: date | msgspec.UnsetType | None = msgspec.UNSET
    needs_acknowledgement: bool | msgspec.UnsetType = msgspec.UNSET


async def get(session: AsyncSession, article_id: int, *, for_update: bool = False) -> Article:
    """One article, whoever may see it (the caller has asked ``knowledge_base/access`` or may see all).

    Raises:
        NotFound: there is none with this id.
    """
    statement = select(Article).where(Article.id == article_id)
    statement = statement.with_for_update() if for_update else statement
    found: Article | None = await session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotFound("There is no such article.")
    return found


async def get_translation(
    session: AsyncSession, article_id: int, locale: str, *, for_update: bool = False
) -> Translation:
    """An article in one language.

    Raises:
        NotFound: it is not told in this language.
    """
    statement = select(Translation).where(Translation.article_id == article_id, Translation.locale == locale)
    statement = statement.with_for_update() if for_update else statement
    found: Translation | None = await session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotFound("This article is not there in this language.")
    return found


async def translations_of(session: AsyncSession, article_id: int) -> list[Translation]:
    """All languages that an article is told in, the oldest first."""
    statement = select(Translation).where(Translation.article_id == article_id).order_by(Translation.id)
    return list(await session.scalars(statement))


async def create(
    session: AsyncSession, locale: str, content: Text, wanted: Properties, slug: str | None = None
) -> Article:
    """Begin an article in its source language, as a draft.

    Raises:
        Invalid: no such language, category, owner or visibility; no title; too long.
        SlugTaken: another article has the address that was asked for.
    """
    now = clock.now()
    actor = actor_of(session)
    made = Article(
        source_locale=_language(locale),
        position=0,
        visibility="agents",
        rights=access.rights_of("agents"),
        owner_id=actor.id,
        needs_acknowledgement=False,
        revision=0,
        version=1,
        created_at=now,
        changed_at=now,
        **{name: [] for name in ("segments", "team_ids", "organisation_ids", "tags", "product_ids")},
    )
    await _set(session, made, wanted)
    session.add(made)
    await session.flush()
    events.record(session, ArticleCreated(article_id=made.id, locale=locale))
    await _translate(session, made, locale, content, slug)
    return made


async def translate(
    session: AsyncSession, article_id: int, locale: str, content: Text, slug: str | None = None
) -> Translation:
    """Tell an article in one more language, as a draft.

    Raises:
        Invalid: as for :func:`create`.
        Conflict: it is told in this language already.
        SlugTaken: another article of this language has the address.
    """
    article = await get(session, article_id, for_update=True)
    if await session.scalar(
        select(Translation.id).where(Translation.article_id == article_id, Translation.locale == _language(locale))
    ):
        raise Conflict("This article is there in this language already.")
    return await _translate(session, article, locale, content, slug)


async def _translate(
    session: AsyncSession, article: Article, locale: str, content: Text, slug: str | None
) -> Translation:
    now = clock.now()
    chosen = slug or await addresses.free_slug(session, locale, content.title, article.id)
    made = Translation(
        article_id=article.id,
        locale=locale,
        slug=await addresses.take(session, locale, chosen, article.id),
        state="draft",
        is_minor=False,
        confirmed_revision=article.revision,
        version=1,
        created_at=now,
        changed_at=now,
    )
    session.add(made)
    await session.flush()
    await _add_version(session, article, made, content)
    return made


async def save(
    session: AsyncSession, article_id: int, locale: str, content: Text, expected: int | None = None
) -> Translation:
    """Keep a new version; what is published stays. Saving what stands there already keeps nothing.

    Raises:
        NotFound: it is not told in this language.
        Stale: ``expected`` is given and somebody else has saved since.
        WaitsForPublishing: it is approved and waits for its time.
        Invalid: no title, or too long.
    """
    article = await get(session, article_id, for_update=True)
    found = await get_translation(session, article_id, locale, for_update=True)
    check_fresh(found, expected)
    if found.state == "approved":
        raise WaitsForPublishing("It is approved and goes out at its time. Take it back first.")
    await _add_version(session, article, found, content)
    return found


async def restore(
    session: AsyncSession, article_id: int, locale: str, version_id: int, expected: int | None = None
) -> Translation:
    """Make an old version the newest one, as a draft.

    Raises:
        NotFound, Stale, WaitsForPublishing: as for :func:`save`.
    """
    found = await get_translation(session, article_id, locale)
    old = await get_version(session, found.id, version_id)
    content = Text(
        title=old.title,
        summary=old.summary,
        body=old.body,
        file_ids=tuple(old.file_ids),
        note=f"Version {old.number} restored",
    )
    return await save(session, article_id, locale, content, expected)


async def get_version(session: AsyncSession, translation_id: int, version_id: int | None) -> Version:
    """One version of a translation.

    Raises:
        NotFound: it has no such version.
    """
    statement = select(Version).where(Version.id == (version_id or 0), Version.translation_id == translation_id)
    found: Version | None = await session.scalar(statement)
    if found is None:
        raise NotFound("There is no such version.")
    return found


async def change_slug(
    session: AsyncSession, article_id: int, locale: str, slug: str, expected: int | None = None
) -> Translation:
    """Give a text another address; the old one leads to it from now on.

    Raises:
        NotFound, Stale: as for :func:`save`.
        Invalid, SlugTaken: the address cannot be had.
    """
    found = await get_translation(session, article_id, locale, for_update=True)
    check_fresh(found, expected)
    old, new = found.slug, await addresses.take(session, locale, slug, article_id)
    if old == new:
        return found
    found.slug = new
    touch(found)
    if found.first_published_at is not None:
        await addresses.leave(session, found, old)
    events.record(session, SlugChanged(article_id=article_id, locale=locale, old=old, new=new))
    return found


async def change(session: AsyncSession, article_id: int, wanted: Properties, expected: int | None = None) -> Article:
    """Change properties of an article.

    Raises:
        NotFound: there is none with this id.
        Stale: ``expected`` is given and it is at another version.
        Invalid: no such category, owner or visibility.
    """
    found = await get(session, article_id, for_update=True)
    if expected is not None and expected != found.version:
        raise Stale("Somebody changed this article in the meantime.")
    changed = await _set(session, found, wanted)
    if changed:
        if "owner_id" in changed:
            await tasks.hand_over(session, article_id, found.owner_id)
        found.version += 1
        found.changed_at = clock.now()
        events.record(session, ArticleChanged(article_id=article_id, fields=changed))
    return found


def check_fresh(found: Translation, expected: int | None) -> None:
    """Make sure that nobody has changed a text since its editor read it.

    Raises:
        Stale: somebody has.
    """
    if expected is not None and expected != found.version:
        raise Stale("Somebody saved this text in the meantime.")


def touch(found: Translation) -> None:
    """Note that a text was changed, for whoever edits it from an older state."""
    found.version += 1
    found.changed_at = clock.now()


async def _add_version(session: AsyncSession, article: Article, found: Translation, content: Text) -> None:
    title = " ".join(content.title.split())
    if not title or len(title) > LONGEST_TITLE:
        raise Invalid.field("title", f"A title has between 1 and {LONGEST_TITLE} characters.")
    if len(content.body) > LONGEST:
        raise Invalid.field("body", f"A text has {LONGEST} characters at most.")
    summary = " ".join(content.summary.split())[:LONGEST_SUMMARY]
    body = content.body.replace("\r\n", "\n").replace("\x00", "")
    file_ids = await files.named_by(session, article.id, body, content.file_ids)
    newest = await session.get(Version, found.working_version_id) if found.working_version_id else None
    said = (title, summary, body, file_ids)
    if newest is not None and (newest.title, newest.summary, newest.body, newest.file_ids) == said:
        if newest.is_autosave and not content.is_autosave:
            newest.is_autosave, newest.note = False, content.note
        return
    actor = actor_of(session)
    now = clock.now()
    if newest is not None and _may_replace(newest, found, content, actor.id):
        newest.title, newest.summary, newest.body, newest.file_ids = said
        newest.at = now
        made = newest
    else:
        last = select(func.coalesce(func.max(Version.number), 0)).where(Version.translation_id == found.id)
        made = Version(
            translation_id=found.id,
            number=(await session.scalar(last) or 0) + 1,
            title=title,
            summary=summary,
            body=body,
            file_ids=file_ids,
            note=content.note.strip()[:500],
            is_autosave=content.is_autosave,
            author_id=actor.id,
            author_name=actor.name,
            at=now,
        )
        session.add(made)
        await session.flush()
    found.working_version_id = made.id
    if found.state != "in_review":
        found.state = "draft"
    touch(found)
    article.changed_at = now
    events.record(
        session, ArticleSaved(article_id=article.id, locale=found.locale, version_id=made.id, number=made.number)
    )


def _may_replace(newest: Version, found: Translation, content: Text, author_id: int | None) -> bool:
    """Whether an automatic save takes the place of the one before: the same author's, and seen by nobody else."""
    used = (found.published_version_id, found.approved_version_id)
    alone = newest.author_id == author_id and newest.id not in used and found.state == "draft"
    return content.is_autosave and newest.is_autosave and alone


async def _set(session: AsyncSession, article: Article, wanted: Properties) -> list[str]:
    """Set what was given; returns the names of what is different now."""
    given: dict[str, Any] = {
        name: getattr(wanted, name)
        for name in wanted.__struct_fields__
        if not isinstance(getattr(wanted, name), msgspec.UnsetType)
    }
    await _check(session, given)
    for name in ("segments", "tags"):
        if name in given:
            given[name] = sorted({access.normal_segment(one) for one in given[name]} - {""})
    for name in ("organisation_ids", "team_ids", "product_ids"):
        if name in given:
            given[name] = sorted(set(given[name]))
    changed = [name for name, value in given.items() if getattr(article, name) != value]
    for name in changed:
        setattr(article, name, given[name])
    article.rights = access.rights_of(article.visibility, article.organisation_ids, article.segments, article.team_ids)
    return changed


async def _check(session: AsyncSession, given: dict[str, Any]) -> None:
    """Refuse references to what is not there."""
    wanted = ((Category, "category_id", "category"), (Agent, "owner_id", "agent"))
    for model, name, word in wanted:
        if given.get(name) is not None and await session.get(model, given[name]) is None:
            raise Invalid.field(name, f"There is no such {word}.")
    teams = set(given.get("team_ids", ()))
    if teams and set(await session.scalars(select(Team.id).where(Team.id.in_(teams)))) != teams:
        raise Invalid.field("team_ids", "There is no such team.")


def _language(locale: str) -> str:
    if locale not in NAMES:
        raise Invalid.field("locale", f"{locale} is not a language of this desk.")
    return locale

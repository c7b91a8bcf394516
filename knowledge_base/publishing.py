"""From a draft to what readers see: submit, approve, publish now or later, take back, archive, delete.

The published version stays while the next is written and reviewed. Who approves is not who wrote, unless the desk says
otherwise (``knowledge_base/options``). Publishing the source language anew marks the translations as out of date.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events, jobs, timers
from core.actor import ActorKind
from core.db import actor_of
from core.errors import Conflict, Invalid, NotFound, Stale
from knowledge_base import addresses, files, options, tasks, writing
from knowledge_base.errors import NeedsAnotherPerson, NotReviewed
from knowledge_base.events import (
    ArticleApproved,
    ArticleDeleted,
    ArticlePublished,
    ArticleReturned,
    ArticleSubmitted,
    ArticleUnpublished,
    TranslationConfirmed,
    TranslationOutdated,
)
from knowledge_base.models import Article, Translation, Version

PUBLISH_JOB: Final = "knowledge_base.publish"
_MONTH: Final = timedelta(days=365.25 / 12)


async def submit(session: AsyncSession, article_id: int, locale: str, expected: int | None = None) -> Translation:
    """Ask for the review of the working version.

    Raises:
        NotFound, Stale: as for ``writing.save``.
        Conflict: it is published as it is, or approved already.
        Invalid: it has no text.
    """
    found = await writing.get_translation(session, article_id, locale, for_update=True)
    writing.check_fresh(found, expected)
    if found.state not in ("draft", "archived"):
        raise Conflict("There is nothing to review: the text is not a draft.")
    if not (await writing.get_version(session, found.id, found.working_version_id)).body.strip():
        raise Invalid.field("body", "There is nothing to review: the article has no text yet.")
    found.state = "in_review"
    found.submitted_by_id = actor_of(session).id
    writing.touch(found)
    version_id = found.working_version_id or 0
    authors = await _authors(session, found)
    events.record(
        session, ArticleSubmitted(article_id=article_id, locale=locale, version_id=version_id, author_ids=authors)
    )
    return found


async def give_back(
    session: AsyncSession, article_id: int, locale: str, note: str = "", expected: int | None = None
) -> Translation:
    """Make a text that waits for review, or for its time, a draft again.

    Raises:
        NotFound, Stale: as for ``writing.save``.
        Conflict: it does not wait.
    """
    found = await writing.get_translation(session, article_id, locale, for_update=True)
    writing.check_fresh(found, expected)
    if found.state not in ("in_review", "approved"):
        raise Conflict("This text does not wait for anything.")
    authors = await _authors(session, found)
    await _unschedule(session, found)
    found.state = "draft"
    writing.touch(found)
    events.record(
        session, ArticleReturned(article_id=article_id, locale=locale, note=note.strip()[:500], author_ids=authors)
    )
    return found


async def approve(
    session: AsyncSession,
    article_id: int,
    locale: str,
    version_id: int,
    *,
    publish_at: datetime | None = None,
    is_minor: bool = False,
    confirms: bool = False,
) -> Translation:
    """Approve a version, and publish it now or at its time.

    Args:
        session: the unit of work; its actor approves.
        article_id: the article.
        locale: the language.
        version_id: what the approver has read.
        publish_at: when readers shall see it; None or past: at once.
        is_minor: the translations stay valid (a typing mistake was mended).
        confirms: this translation fits the source again.

    Raises:
        NotFound: it is not told in this language.
        NotReviewed: something newer stands there, or it was not submitted.
        NeedsAnotherPerson: the approver has written it, and the desk wants two people.
    """
    article = await writing.get(session, article_id, for_update=True)
    found = await writing.get_translation(session, article_id, locale, for_update=True)
    if version_id != found.working_version_id:
        raise NotReviewed("Somebody has saved a newer version. Read that one first.", current=found.working_version_id)
    await _check_approver(session, found, await writing.get_version(session, found.id, version_id))
    authors = await _authors(session, found)
    found.approved_by_id = actor_of(session).id
    found.approved_version_id = version_id
    found.is_minor = is_minor
    if confirms:
        _confirm(session, article, found)
    now = clock.now()
    later = publish_at if publish_at is not None and publish_at > now else None
    approved = ArticleApproved(
        article_id=article_id, locale=locale, version_id=version_id, publish_at=later, author_ids=authors
    )
    events.record(session, approved)
    if later is None:
        await _publish(session, article, found)
        return found
    found.state = "approved"
    found.publish_at = later
    writing.touch(found)
    await jobs.enqueue(
        session,
        PUBLISH_JOB,
        {"translation_id": found.id, "version_id": version_id},
        run_at=later,
        dedupe=_timer(found),
    )
    return found


async def publish_due(session: AsyncSession, translation_id: int, version_id: int) -> None:
    """Publish an approved version whose time has come; does nothing when it was taken back or put off."""
    place = await session.get(Translation, translation_id)
    if place is None:
        return
    article = await writing.get(session, place.article_id, for_update=True)
    found = await writing.get_translation(session, place.article_id, place.locale, for_update=True)
    due = found.publish_at is not None and found.publish_at <= clock.now()
    if found.state == "approved" and due and found.approved_version_id == version_id:
        await _publish(session, article, found)


async def unpublish(
    session: AsyncSession, article_id: int, locale: str, *, archive: bool = False, expected: int | None = None
) -> Translation:
    """Take a text away from readers: back to a draft, or into the archive.

    Raises:
        NotFound, Stale: as for ``writing.save``.
        Conflict: it is neither published nor to be archived.
    """
    found = await writing.get_translation(session, article_id, locale, for_update=True)
    writing.check_fresh(found, expected)
    if found.published_version_id is None and not archive:
        raise Conflict("This text is not published.")
    await _unschedule(session, found)
    found.published_version_id = None
    found.state = "archived" if archive else "draft"
    writing.touch(found)
    events.record(session, ArticleUnpublished(article_id=article_id, locale=locale, archived=archive))
    return found


async def confirm(session: AsyncSession, article_id: int, locale: str) -> Translation:
    """Say that a translation fits the source as it is now.

    Raises:
        NotFound: it is not told in this language.
    """
    article = await writing.get(session, article_id, for_update=True)
    found = await writing.get_translation(session, article_id, locale, for_update=True)
    _confirm(session, article, found)
    await tasks.resolve_translation(session, article_id, locale)
    return found


async def delete(session: AsyncSession, article_id: int, expected: int | None = None) -> None:
    """Delete an article with all its versions and files; its addresses answer that it is gone.

    Raises:
        NotFound: there is none with this id.
        Stale: somebody has changed it since.
    """
    article = await writing.get(session, article_id, for_update=True)
    if expected is not None and expected != article.version:
        raise Stale("Somebody changed this article in the meantime.")
    translations = await writing.translations_of(session, article_id)
    for one in translations:
        await _unschedule(session, one)
    await addresses.bury(session, article, translations)
    title = await title_of(session, article)
    keys = sorted({one.storage_key for one in await files.of_article(session, article_id)})
    await session.delete(article)
    events.record(session, ArticleDeleted(article_id=article_id, title=title, file_keys=keys))
    await session.flush()


async def title_of(session: AsyncSession, article: Article) -> str:
    """The title in the source language, as it stands in the working version."""
    statement = (
        select(Version.title)
        .join(Translation, Translation.working_version_id == Version.id)
        .where(Translation.article_id == article.id)
        .order_by((Translation.locale == article.source_locale).desc())
        .limit(1)
    )
    return await session.scalar(statement) or ""


async def _authors(session: AsyncSession, found: Translation) -> tuple[int, ...]:
    """Who wrote the working version, and who submitted it if it was submitted."""
    version = await writing.get_version(session, found.id, found.working_version_id)
    submitted_by = found.submitted_by_id if found.state in ("in_review", "approved") else None
    return tuple(dict.fromkeys(each for each in (version.author_id, submitted_by) if each is not None))


async def _check_approver(session: AsyncSession, found: Translation, version: Version) -> None:
    actor = actor_of(session)
    if actor.kind is ActorKind.SYSTEM or not (await options.read(session)).needs_second_person:
        if found.state not in ("draft", "in_review", "archived"):
            raise NotReviewed("There is nothing to approve: the text is published as it is, or waits for its time.")
        return
    if found.state != "in_review":
        raise NotReviewed("Nobody has submitted this text for review.")
    if actor.id in (version.author_id, found.submitted_by_id):
        raise NeedsAnotherPerson("Who wrote or submitted a text does not approve it. Ask a colleague.")


async def _publish(session: AsyncSession, article: Article, found: Translation) -> None:
    """Show the approved version to readers."""
    version_id = found.approved_version_id
    if version_id is None:
        raise NotFound("No version was approved.")
    new = await writing.get_version(session, found.id, version_id)
    old = await session.get(Version, found.published_version_id) if found.published_version_id else None
    now = clock.now()
    is_first = found.first_published_at is None
    found.published_version_id = version_id
    found.state = "published" if found.working_version_id == version_id else "draft"
    found.published_at = now
    found.first_published_at = found.first_published_at or now
    found.publish_at = found.approved_version_id = None
    writing.touch(found)
    article.changed_at = now
    if found.locale == article.source_locale:
        await _source_published(session, article, found, old, new)
    elif is_first:
        found.confirmed_revision, found.outdated_since = article.revision, None
    if article.review_on is None or (found.locale == article.source_locale and article.review_on <= now.date()):
        months = (await options.read(session)).review_months
        article.review_on = (now + months * _MONTH).date() if months else None
    events.record(session, ArticlePublished(article_id=article.id, locale=found.locale, version_id=version_id))


async def _source_published(
    session: AsyncSession, article: Article, found: Translation, old: Version | None, new: Version
) -> None:
    """Count the article's revision, and mark the translations that do not follow any more."""
    if old is not None and (old.title, old.summary, old.body) == (new.title, new.summary, new.body):
        return
    followed, article.revision = article.revision, article.revision + 1
    found.confirmed_revision = article.revision
    for other in await writing.translations_of(session, article.id):
        if other.id == found.id or other.state == "archived":
            continue
        if old is None or found.is_minor:
            if other.confirmed_revision == followed:
                other.confirmed_revision = article.revision
        elif other.outdated_since is None:
            other.outdated_since = clock.now()
            writing.touch(other)
            events.record(session, TranslationOutdated(article_id=article.id, locale=other.locale))
            await tasks.open_translation(session, article, other.locale)


def _confirm(session: AsyncSession, article: Article, found: Translation) -> None:
    found.confirmed_revision = article.revision
    if found.outdated_since is not None:
        found.outdated_since = None
        writing.touch(found)
        events.record(session, TranslationConfirmed(article_id=article.id, locale=found.locale))


async def _unschedule(session: AsyncSession, found: Translation) -> None:
    if found.publish_at is not None:
        await timers.cancel_timer(session, _timer(found))
    found.publish_at = found.approved_version_id = None


def _timer(found: Translation) -> str:
    return f"publish-article:{found.id}"

"""Mails about the review of articles: to those who may approve when a text waits, to its authors when it was decided.

Handlers of ``ArticleSubmitted``, ``ArticleApproved`` and ``ArticleReturned`` ask for a job, which writes a notice
(``channels/notices``) in the language of each agent who wants such mails (``Agent.notify``); who may approve gets
them until she says otherwise. The text itself is never mailed: it may be kept for some teams, and is read where it can
be approved.
"""

from datetime import datetime
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from channels import notices
from channels.letters import Link, written
from channels.models import Notice
from core import clock, i18n, jobs
from core.actor import ActorKind
from core.db import actor_of
from core.i18n import Language
from core.sql import Row, Sql
from knowledge_base.events import ArticleApproved, ArticleReturned, ArticleSubmitted

JOB: Final = "channels.review_mail"
KIND: Final = "review"

_ABOUT: Final = Sql(
    """
    select v.title, t.state from article_translations t join article_versions v on v.id = t.working_version_id
    where t.article_id = :article_id and t.locale = :locale
    """
)
_READERS: Final = Sql(
    """
    select a.id, a.name, a.email, a.locale, a.time_zone from agents a join roles r on r.id = a.role_id
    where a.is_active and a.address_failed is null
        and coalesce(cast(a.notify ->> :kind as boolean), 'articles:publish' = any(r.permissions))
        and case when :to_authors then a.id = any(cast(:author_ids as bigint[]))
            else 'articles:publish' = any(r.permissions) and a.id <> all(cast(:author_ids as bigint[])) end
        and a.id is distinct from cast(:by_id as bigint)
    order by a.id
    """
)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to a text.

    Attributes:
        what: ``submitted``, ``approved`` or ``returned``.
        article_id: the article.
        locale: its language.
        author_ids: who wrote and submitted it.
        by_id: the agent who did it; she needs no mail.
        by: her name.
        note: why it was sent back.
        publish_at: when readers will see it; None: they see it now.
        asked_at: when it happened; what was written since then is not written again.
    """

    what: str
    article_id: int
    locale: str
    author_ids: list[int]
    by_id: int | None
    by: str
    asked_at: datetime
    note: str = ""
    publish_at: datetime | None = None


class ReviewMail:
    """Writes mails about reviews.

    Args:
        base_url: the desk's address, for links.
    """

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url

    async def on_submitted(self, session: AsyncSession, event: ArticleSubmitted) -> None:
        """A text waits for review (handler)."""
        await self._ask(session, "submitted", event)

    async def on_approved(self, session: AsyncSession, event: ArticleApproved) -> None:
        """A text was approved (handler)."""
        await self._ask(session, "approved", event, publish_at=event.publish_at)

    async def on_returned(self, session: AsyncSession, event: ArticleReturned) -> None:
        """A text was sent back, or taken back by its author (handler)."""
        await self._ask(session, "returned", event, note=event.note)

    @staticmethod
    async def _ask(
        session: AsyncSession,
        what: str,
        event: ArticleSubmitted | ArticleApproved | ArticleReturned,
        note: str = "",
        publish_at: datetime | None = None,
    ) -> None:
        actor = actor_of(session)
        by_id = actor.id if actor.kind is ActorKind.AGENT else None
        if what != "submitted" and not set(event.author_ids) - {by_id}:
            return
        step = Step(
            what=what,
            article_id=event.article_id,
            locale=event.locale,
            author_ids=list(event.author_ids),
            by_id=by_id,
            by=actor.name,
            asked_at=clock.now(),
            note=note,
            publish_at=publish_at,
        )
        await jobs.enqueue(session, JOB, {"step": msgspec.to_builtins(step)})

    async def send(self, session: AsyncSession, step: dict[str, Any]) -> None:
        """Write the mails that follow from one step (job); once each, however often it runs."""
        await self._tell(session, msgspec.convert(step, Step))

    async def _tell(self, session: AsyncSession, step: Step) -> None:
        about = await _ABOUT.first(session, article_id=step.article_id, locale=step.locale)
        if about is None or (step.what == "submitted" and about.state != "in_review"):
            return
        people = await _READERS.all(
            session,
            kind=KIND,
            to_authors=step.what != "submitted",
            author_ids=step.author_ids,
            by_id=step.by_id,
        )
        for reader in people:
            await self._write(session, reader, step, about.title)

    async def _write(self, session: AsyncSession, reader: Row, step: Step, title: str) -> None:
        language = Language(reader.locale if reader.locale in i18n.NAMES else "en")
        _ = language.text
        facts = {"title": title, "name": step.by, "language": i18n.NAMES.get(step.locale, step.locale)}
        subject, first = _words(step, language, facts, ZoneInfo(reader.time_zone))
        page = f"{self._base_url}/console/knowledge/{step.article_id}?language={quote(step.locale)}"
        since = (Notice.created_at >= step.asked_at, Notice.agent_id == reader.id, Notice.kind == KIND)
        same = select(Notice.id).where(*since, Notice.subject == subject, Notice.text.contains(page)).limit(1)
        if await session.scalar(same) is not None:
            return
        text, html = written(
            first,
            step.note,
            Link(_("Open the article"), page),
            Link(_("Choose which mails you get"), f"{self._base_url}/console/preferences"),
        )
        await notices.create(
            session,
            kind=KIND,
            to_address=reader.email,
            to_name=reader.name,
            subject=subject,
            text=text,
            html=html,
            agent_id=reader.id,
        )


def _words(step: Step, language: Language, facts: dict[str, str], zone: ZoneInfo) -> tuple[str, str]:
    """The subject and the first sentence."""
    _ = language.text
    if step.what == "submitted":
        return (
            _("For review: %(title)s") % facts,
            _("%(name)s asks for the review of “%(title)s” (%(language)s).") % facts,
        )
    if step.what == "returned":
        return (
            _("Sent back: %(title)s") % facts,
            _("%(name)s has sent “%(title)s” (%(language)s) back to you.") % facts,
        )
    subject = _("Approved: %(title)s") % facts
    if step.publish_at is None:
        return subject, _("%(name)s has approved “%(title)s” (%(language)s). Readers see it now.") % facts
    when = {"when": language.moment(step.publish_at.astimezone(zone))}
    later = _("%(name)s has approved “%(title)s” (%(language)s). Readers see it from %(when)s on.")
    return subject, later % (facts | when)

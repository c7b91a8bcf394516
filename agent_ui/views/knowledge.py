"""Shapes of what is around articles: putting them into answers, tasks, votes, announcements, imports, reports."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from agent_ui.views.articles import Moment, Note, Words
from agent_ui.views.base import Html, Id, Input, Named, View
from agent_ui.views.people import Locale
from knowledge_base.announcements import Severity
from knowledge_base.feedback import Score, VoteLine
from knowledge_base.importing import Row
from knowledge_base.models import Announcement
from knowledge_base.options import Fallback
from knowledge_base.redaction import Removed
from knowledge_base.search import ArticleHit
from knowledge_base.tasks import TaskLine

AnnouncementText = Annotated[str, msgspec.Meta(max_length=2000)]


class FoundView(View):
    """An article that was found, its address, and whether the ticket's customer may read it (null: no ticket)."""

    hit: ArticleHit
    url: str
    customer_may_see: bool | None


class FoundPage(View):
    """What was found; ``corrected``: the words put right ("did you mean")."""

    items: list[FoundView]
    total: int
    corrected: str | None


class InsertView(View):
    """An article as it goes into an answer: a link, or its text without pictures.

    ``customerMaySee``: whether the ticket's customer may read it; a warning belongs beside a no. ``locale`` is the
    language it comes in, ``isFallback`` when the customer's is missing.
    """

    article_id: int
    locale: str
    title: str
    url: str
    link_html: str
    text_html: str
    visibility: str
    customer_may_see: bool | None
    is_fallback: bool
    is_outdated: bool


class UseInput(Input):
    """An article that was put into an answer, as a link or as text."""

    article_id: Id
    how: Literal["link", "text"]
    locale: Locale


class UseView(View):
    """A ticket that an article came from (``source``) or was used in; ``subject`` is null when one may not see it.

    ``isOlder``: the article was changed since, so what that customer was told may be wrong now.
    """

    ticket_id: int
    subject: str | None
    status: str | None
    how: str
    locale: str
    is_older: bool
    at: datetime


class FromMessageView(View):
    """A message as the beginning of an article: personal data taken out, and what that was."""

    title: str
    body: str
    locale: str
    ticket_id: int
    removed: list[Removed]


class PasteInput(Input):
    """HTML from the clipboard."""

    html: Html


class TaskView(View):
    """Something to do about an article."""

    id: int
    article_id: int
    locale: str
    title: str
    kind: Literal["feedback", "translation", "agent"]
    text: str
    owner_id: int | None
    created_at: datetime
    resolved_at: datetime | None
    resolution: str


class TaskInput(Input):
    """A remark about an article, for its owner."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    locale: Locale


class ResolveInput(Input):
    """What was done."""

    resolution: Note = ""


class FeedbackView(View):
    """What readers say of an article: votes by month, and the newest ones."""

    scores: list[Score]
    items: list[VoteLine]
    next: str | None


class AnnouncementView(View):
    """An announcement; ``tickets``: how many wait for it to be over."""

    id: int
    severity: Severity
    titles: dict[str, str]
    texts: dict[str, str]
    article_id: int | None
    starts_at: datetime
    ends_at: datetime | None
    tickets: int
    version: int


class AnnouncementInput(Input):
    """An announcement, or what is to be changed of it; what is not sent stays. ``endsAt`` now: it is over."""

    severity: Severity | msgspec.UnsetType = msgspec.UNSET
    titles: Words | msgspec.UnsetType = msgspec.UNSET
    texts: dict[str, AnnouncementText] | msgspec.UnsetType = msgspec.UNSET
    article_id: Id | msgspec.UnsetType | None = msgspec.UNSET
    starts_at: Moment | msgspec.UnsetType = msgspec.UNSET
    ends_at: Moment | msgspec.UnsetType | None = msgspec.UNSET


class WaitingInput(Input):
    """A ticket about a known issue."""

    ticket_id: Id


class AudienceView(View):
    """What the fields of an article offer: organisations by words of their name, segments and tags in use."""

    organisations: list[Named]
    segments: list[str]
    tags: list[str]


class OptionsInput(Input):
    """How this desk wants its knowledge base (see ``GET``)."""

    fallback: Fallback
    needs_second_person: bool
    review_months: Annotated[int, msgspec.Meta(ge=0, le=120)]


class ImportView(View):
    """What became of an import, file by file."""

    dry_run: bool
    created: int
    updated: int
    unchanged: int
    errors: int
    rows: list[Row]


def task_view(line: TaskLine) -> TaskView:
    """A task."""
    return TaskView(**msgspec.structs.asdict(line))


def announcement_view(one: Announcement, tickets: int) -> AnnouncementView:
    """An announcement."""
    return AnnouncementView(
        id=one.id,
        severity=one.severity,  # type: ignore[arg-type]  # the column's check allows no other
        titles=one.titles,
        texts=one.texts,
        article_id=one.article_id,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        tickets=tickets,
        version=one.version,
    )

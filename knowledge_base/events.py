"""What can happen to articles. They carry ids and no words: every open console hears of them."""

from datetime import datetime

from core.events import Event


class CategoryChanged(Event, frozen=True, kw_only=True):
    """A category was made, changed, moved or removed."""

    kind = "category.changed"
    category_id: int
    what: str


class ArticleCreated(Event, frozen=True, kw_only=True):
    """Somebody began an article."""

    kind = "article.created"
    article_id: int
    locale: str


class ArticleSaved(Event, frozen=True, kw_only=True):
    """A new version of a text was saved."""

    kind = "article.saved"
    article_id: int
    locale: str
    version_id: int
    number: int


class ArticleChanged(Event, frozen=True, kw_only=True):
    """Visibility, category, owner or another property was changed."""

    kind = "article.changed"
    article_id: int
    fields: list[str]


class SlugChanged(Event, frozen=True, kw_only=True):
    """A text has another address; the old one leads to it."""

    kind = "article.slug_changed"
    article_id: int
    locale: str
    old: str
    new: str


class ArticleSubmitted(Event, frozen=True, kw_only=True):
    """A text waits for review. ``author_ids``: who wrote and submitted it."""

    kind = "article.submitted"
    article_id: int
    locale: str
    version_id: int
    author_ids: tuple[int, ...] = ()


class ArticleReturned(Event, frozen=True, kw_only=True):
    """A text went back to its authors: sent back by the reviewer, or taken back."""

    kind = "article.returned"
    article_id: int
    locale: str
    note: str
    author_ids: tuple[int, ...] = ()


class ArticleApproved(Event, frozen=True, kw_only=True):
    """A text was approved, to go out at once or at its time."""

    kind = "article.approved"
    article_id: int
    locale: str
    version_id: int
    publish_at: datetime | None
    author_ids: tuple[int, ...] = ()


class ArticlePublished(Event, frozen=True, kw_only=True):
    """Readers see a new version."""

    kind = "article.published"
    article_id: int
    locale: str
    version_id: int


class ArticleUnpublished(Event, frozen=True, kw_only=True):
    """Readers see a text no more."""

    kind = "article.unpublished"
    article_id: int
    locale: str
    archived: bool


class ArticleDeleted(Event, frozen=True, kw_only=True):
    """An article is gone with all its versions; its addresses say so."""

    kind = "article.deleted"
    article_id: int
    title: str
    file_keys: list[str]


class TranslationOutdated(Event, frozen=True, kw_only=True):
    """The source language was published anew, and this text was not looked at since."""

    kind = "translation.outdated"
    article_id: int
    locale: str


class TranslationConfirmed(Event, frozen=True, kw_only=True):
    """Somebody says that a translation fits the source again."""

    kind = "translation.confirmed"
    article_id: int
    locale: str


class ArticleVoted(Event, frozen=True, kw_only=True):
    """A reader said whether an article helped."""

    kind = "article.voted"
    article_id: int
    is_helpful: bool


class TaskOpened(Event, frozen=True, kw_only=True):
    """There is something to do about an article."""

    kind = "article.task_opened"
    article_id: int
    task_id: int
    owner_id: int | None


class TaskResolved(Event, frozen=True, kw_only=True):
    """It was done."""

    kind = "article.task_resolved"
    article_id: int
    task_id: int


class ArticleAcknowledged(Event, frozen=True, kw_only=True):
    """An agent has read an article that asks for it."""

    kind = "article.acknowledged"
    article_id: int
    agent_id: int
    revision: int


class ArticleUsed(Event, frozen=True, kw_only=True):
    """An article was used in a ticket, or came from it."""

    kind = "article.used"
    article_id: int
    how: str


class AnnouncementChanged(Event, frozen=True, kw_only=True):
    """A known issue was announced, changed or ended."""

    kind = "announcement.changed"
    announcement_id: int
    what: str

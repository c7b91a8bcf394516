"""Tables of the knowledge base: categories, articles, translations, versions, files, and what readers did.

An article is one matter; each language it is told in is a translation, with a working version that is edited and a
published one that readers see. Versions are never changed once another one follows, so what was published on a day
can always be shown. Tickets are plain numbers here: ``tickets`` and ``knowledge_base`` do not know each other.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.base import Base


class Category(Base):
    """A shelf of articles; those with a parent stand inside it, and there are no further levels.

    ``names`` and ``descriptions``: language → words. The slug is the same in every language.
    """

    __tablename__ = "article_categories"
    __table_args__ = (Index("ix_article_categories_parent_id", "parent_id", "position"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("article_categories.id"))
    position: Mapped[int] = mapped_column(server_default="0")
    slug: Mapped[str] = mapped_column(unique=True)
    names: Mapped[dict[str, Any]]
    descriptions: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]


class Article(Base):
    """One matter, told in one or more languages.

    ``rights`` is made of the visibility by ``knowledge_base/access.py``, whenever that changes: the tokens of which a
    reader must hold one. Lists, files and the search all compare the same column. ``revision`` counts how often the
    text in the source language was published anew: translations and acknowledgements are held against it.
    ``product_ids`` are plain numbers of the catalogue.
    """

    __tablename__ = "articles"
    __table_args__ = (
        CheckConstraint("visibility in ('public','signed_in','restricted','agents')", name="visibility"),
        Index("ix_articles_category_id", "category_id", "position", "id"),
        Index("ix_articles_owner_id", "owner_id"),
        Index("ix_articles_review_on", "review_on", postgresql_where=text("review_on is not null")),
        Index("ix_articles_changed", "changed_at", "id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    category_id: Mapped[int | None] = mapped_column(ForeignKey("article_categories.id"))
    position: Mapped[int] = mapped_column(server_default="0")
    source_locale: Mapped[str]
    visibility: Mapped[str] = mapped_column(server_default="agents")
    organisation_ids: Mapped[list[int]] = mapped_column(server_default="{}")
    segments: Mapped[list[str]] = mapped_column(server_default="{}")
    team_ids: Mapped[list[int]] = mapped_column(server_default="{}")
    rights: Mapped[list[str]]
    tags: Mapped[list[str]] = mapped_column(server_default="{}")
    product_ids: Mapped[list[int]] = mapped_column(server_default="{}")
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    review_on: Mapped[date | None]
    needs_acknowledgement: Mapped[bool] = mapped_column(server_default="false")
    revision: Mapped[int] = mapped_column(server_default="0")
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class Translation(Base):
    """An article in one language.

    ``state`` is that of the working version; readers see ``published_version_id``, which stays while the next one is
    written and reviewed. ``outdated_since``: the source language has changed and nobody has confirmed this text since.
    The ids of versions are no foreign keys, because versions refer to their translation already.
    """

    __tablename__ = "article_translations"
    __table_args__ = (
        CheckConstraint("state in ('draft','in_review','approved','published','archived')", name="state"),
        UniqueConstraint("article_id", "locale", name="uq_article_translations_article_locale"),
        UniqueConstraint("locale", "slug", name="uq_article_translations_locale_slug"),
        Index("ix_article_translations_state", "state"),
        Index(
            "ix_article_translations_published",
            "locale",
            "published_at",
            postgresql_where=text("published_version_id is not null"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"))
    locale: Mapped[str]
    slug: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="draft")
    working_version_id: Mapped[int | None]
    published_version_id: Mapped[int | None]
    approved_version_id: Mapped[int | None]
    publish_at: Mapped[datetime | None]
    is_minor: Mapped[bool] = mapped_column(server_default="false")
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    first_published_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    outdated_since: Mapped[datetime | None]
    confirmed_revision: Mapped[int] = mapped_column(server_default="0")
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class Version(Base):
    """What was saved: the text, by whom, when and why. ``file_ids``: the files that it shows or offers.

    ``is_autosave``: kept by the editor while somebody types; her next automatic save replaces it.
    """

    __tablename__ = "article_versions"
    __table_args__ = (
        UniqueConstraint("translation_id", "number", name="uq_article_versions_translation_number"),
        Index("ix_article_versions_file_ids", "file_ids", postgresql_using="gin"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    translation_id: Mapped[int] = mapped_column(ForeignKey("article_translations.id", ondelete="CASCADE"))
    number: Mapped[int]
    title: Mapped[str]
    summary: Mapped[str]
    body: Mapped[str]
    file_ids: Mapped[list[int]] = mapped_column(server_default="{}")
    note: Mapped[str] = mapped_column(server_default="")
    is_autosave: Mapped[bool] = mapped_column(server_default="false")
    author_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    author_name: Mapped[str]
    at: Mapped[datetime]


class ArticleFile(Base):
    """A picture or file of an article. Never changed: another content is another file, so old versions stay whole."""

    __tablename__ = "article_files"
    __table_args__ = (Index("ix_article_files_article_id", "article_id"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"))
    name: Mapped[str]
    sniffed_type: Mapped[str]
    size: Mapped[int]
    width: Mapped[int | None]
    height: Mapped[int | None]
    storage_key: Mapped[str]
    uploaded_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    created_at: Mapped[datetime]


class Address(Base):
    """A slug that an article had once. Without an article it is gone for good, for those who could have read it."""

    __tablename__ = "article_addresses"
    __table_args__ = (
        UniqueConstraint("locale", "slug", name="uq_article_addresses_locale_slug"),
        Index("ix_article_addresses_article_id", "article_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    locale: Mapped[str]
    slug: Mapped[str]
    article_id: Mapped[int | None] = mapped_column(ForeignKey("articles.id", ondelete="SET NULL"))
    rights: Mapped[list[str]] = mapped_column(server_default="{}")
    gone_at: Mapped[datetime | None]


class Acknowledgement(Base):
    """An agent has read an article that asks for it, as it was at a revision."""

    __tablename__ = "article_acknowledgements"
    __table_args__ = (Index("ix_article_acknowledgements_agent_id", "agent_id"),)

    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True)
    revision: Mapped[int]
    at: Mapped[datetime]


class Vote(Base):
    """Whether an article helped, by one visitor, who may change her mind."""

    __tablename__ = "article_votes"
    __table_args__ = (
        UniqueConstraint("article_id", "visitor", name="uq_article_votes_article_visitor"),
        Index("ix_article_votes_at", "at"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"))
    version_id: Mapped[int]
    locale: Mapped[str]
    visitor: Mapped[str]
    is_helpful: Mapped[bool]
    reason: Mapped[str] = mapped_column(server_default="")
    comment: Mapped[str] = mapped_column(server_default="")
    at: Mapped[datetime]


class Task(Base):
    """Something to be done about an article: a reader's complaint, a translation that is out of date."""

    __tablename__ = "article_tasks"
    __table_args__ = (
        CheckConstraint("kind in ('feedback','translation','agent')", name="kind"),
        Index("ix_article_tasks_open", "owner_id", "id", postgresql_where=text("resolved_at is null")),
        Index("ix_article_tasks_article_id", "article_id", "id"),
        Index("uq_article_tasks_vote_id", "vote_id", unique=True, postgresql_where=text("vote_id is not null")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"))
    locale: Mapped[str]
    kind: Mapped[str]
    text: Mapped[str]
    vote_id: Mapped[int | None] = mapped_column(ForeignKey("article_votes.id", ondelete="CASCADE"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    created_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolved_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    resolution: Mapped[str] = mapped_column(server_default="")


class ArticleTicket(Base):
    """A ticket that an article came from, or in whose answer it was used. ``revision``: of the article, then."""

    __tablename__ = "article_tickets"
    __table_args__ = (
        CheckConstraint("how in ('source','link','text')", name="how"),
        UniqueConstraint("article_id", "ticket_id", "how", name="uq_article_tickets_article_ticket_how"),
        Index("ix_article_tickets_ticket_id", "ticket_id"),
        Index("ix_article_tickets_at", "at"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"))
    ticket_id: Mapped[int]
    how: Mapped[str]
    locale: Mapped[str]
    revision: Mapped[int]
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    at: Mapped[datetime]


class Announcement(Base):
    """A known issue or news that the portal shows on top. ``titles`` and ``texts``: language → words."""

    __tablename__ = "announcements"
    __table_args__ = (
        CheckConstraint("severity in ('info','warning','outage')", name="severity"),
        Index("ix_announcements_starts_at", "starts_at"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    severity: Mapped[str] = mapped_column(server_default="info")
    titles: Mapped[dict[str, Any]]
    texts: Mapped[dict[str, Any]]
    article_id: Mapped[int | None] = mapped_column(ForeignKey("articles.id", ondelete="SET NULL"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]


class AnnouncementTicket(Base):
    """A ticket about a known issue: its customer wants to hear when that is over."""

    __tablename__ = "announcement_tickets"

    announcement_id: Mapped[int] = mapped_column(ForeignKey("announcements.id", ondelete="CASCADE"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class Search(Base):
    """Something that was looked for. ``visitor`` is a hash; ``words`` are cut of numbers and addresses."""

    __tablename__ = "article_searches"
    __table_args__ = (
        CheckConstraint("source in ('portal','suggestion','widget','agent')", name="source"),
        Index("ix_article_searches_at", "at"),
        Index("ix_article_searches_visitor", "visitor", "at", postgresql_where=text("visitor <> ''")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    source: Mapped[str]
    locale: Mapped[str]
    words: Mapped[str]
    found: Mapped[int]
    visitor: Mapped[str] = mapped_column(server_default="")
    customer_id: Mapped[int | None]
    clicked_article_id: Mapped[int | None]
    is_solved: Mapped[bool] = mapped_column(server_default="false")
    at: Mapped[datetime]


class View(Base):
    """An article was read by a visitor; ``search_id`` when she came from a search or suggestion."""

    __tablename__ = "article_views"
    __table_args__ = (
        Index("ix_article_views_article_id", "article_id", "at"),
        Index("ix_article_views_at", "at"),
        Index("ix_article_views_visitor", "visitor", "at"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"))
    locale: Mapped[str]
    visitor: Mapped[str]
    customer_id: Mapped[int | None]
    search_id: Mapped[int | None]
    at: Mapped[datetime]


class Contact(Base):
    """A visitor or customer asked us after all, on whatever channel: what speaks against a deflection."""

    __tablename__ = "article_contacts"
    __table_args__ = (
        Index("ix_article_contacts_visitor", "visitor", "at"),
        Index("ix_article_contacts_customer_id", "customer_id", "at"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    visitor: Mapped[str] = mapped_column(server_default="")
    customer_id: Mapped[int | None]
    ticket_id: Mapped[int | None]
    at: Mapped[datetime]


class Options(Base):
    """How this desk wants its knowledge base; one row at most (``knowledge_base/options.py``)."""

    __tablename__ = "knowledge_base_options"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    fallback: Mapped[str] = mapped_column(server_default="source")
    needs_second_person: Mapped[bool] = mapped_column(server_default="true")
    review_months: Mapped[int] = mapped_column(server_default="12")

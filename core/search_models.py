"""Tables of the search in PostgreSQL: the documents of each index, and what is known of their words.

A table for each index, so that a word that is frequent in one costs nothing in another. The functions that fill
``terms`` stand in the database (``migrations/versions``): both sides of a search go through them.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from core.base import Base
from core.search_documents import INDEXES


def _documents(name: str) -> Table:
    table = f"search_{name}"
    return Table(
        table,
        Base.metadata,
        Column("id", Text, primary_key=True),
        Column("title", Text, nullable=False),
        Column("keywords", Text, nullable=False),
        Column("body", Text, nullable=False),
        Column("language", Text),
        Column("rights", ARRAY(Text), nullable=False),
        Column("fields", JSONB, nullable=False),
        Column("terms", TSVECTOR, nullable=False),
        Column("title_words", BigInteger, nullable=False),
        Column("body_words", BigInteger, nullable=False),
        Column("updated_at", DateTime(timezone=True), nullable=False),
        Index(f"ix_{table}_terms", "terms", postgresql_using="gin"),
        Index(f"ix_{table}_rights", "rights", postgresql_using="gin"),
        Index(f"ix_{table}_updated_at", "updated_at", "id"),
        Index(f"ix_{table}_title_trgm", "title", postgresql_using="gin", postgresql_ops={"title": "gin_trgm_ops"}),
    )


DOCUMENTS: Final[Mapping[str, Table]] = {name: _documents(name) for name in INDEXES}
"""Index → the table of its documents."""


class SearchWord(Base):
    """A word of an index, what it is found by, and in how many documents it stands."""

    __tablename__ = "search_words"
    __table_args__: Any = (
        Index("ix_search_words_stem", "index", "stem"),
        Index("ix_search_words_word_trgm", "word", postgresql_using="gin", postgresql_ops={"word": "gin_trgm_ops"}),
        # Its count changes all the time; room on the page keeps that away from the indexes.
        {"postgresql_with": {"fillfactor": "80"}},
    )

    index: Mapped[str] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(primary_key=True)
    stem: Mapped[str]
    documents: Mapped[int]


class SearchSize(Base):
    """How many documents an index has, and how many words they have in all."""

    __tablename__ = "search_sizes"

    index: Mapped[str] = mapped_column(primary_key=True)
    documents: Mapped[int]
    title_words: Mapped[int]
    body_words: Mapped[int]


class SearchSynonym(Base):
    """Words that stand for each other: as they were entered, and as the search spells them."""

    __tablename__ = "search_synonyms"
    __table_args__ = (Index("ix_search_synonyms_forms", "forms", postgresql_using="gin"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    words: Mapped[list[str]]
    forms: Mapped[list[str]]
    changed_at: Mapped[datetime]


class SearchStopWord(Base):
    """A word that says nothing, as the search spells it."""

    __tablename__ = "search_stop_words"

    word: Mapped[str] = mapped_column(primary_key=True)
    changed_at: Mapped[datetime]


class SearchCursor(Base):
    """Up to which event a follower of the event log has come (``core/search_feed.py``)."""

    __tablename__ = "search_cursors"

    name: Mapped[str] = mapped_column(primary_key=True)
    xid: Mapped[int]
    event_id: Mapped[int]


class SearchOutbox(Base):
    """A document that was put or removed, and that a search engine has yet to be told of."""

    __tablename__ = "search_outbox"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    index: Mapped[str]
    document_id: Mapped[str]
    at: Mapped[datetime]

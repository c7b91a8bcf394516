"""What can be searched: documents, questions and answers, and the one definition of each index.

Used by every adapter of the port ``core/search.py`` (PostgreSQL, Meilisearch). Rights are opaque tokens such as
``team:3`` or ``public``: who may read a document is written into it, and a reader holds tokens; she finds a document
when she holds one of its tokens. The packages that own the documents say what the tokens mean.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from core.errors import Invalid

IndexName = Literal["articles", "tickets", "customers", "registrations"]


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """One index, the same for every adapter.

    Attributes:
        name: of the index.
        weights: searchable part → how much a word in it counts beside one in the body (title, keywords, body).
        filters: names of ``fields`` that a question may be narrowed by.
        facets: those of them whose values are counted when asked for.
        narrow: beginnings of tokens that open few documents each (one customer's own).
    """

    name: str
    weights: Mapping[str, float]
    filters: frozenset[str]
    facets: frozenset[str] = frozenset()
    narrow: tuple[str, ...] = ()


INDEXES: Final[Mapping[str, Index]] = {
    index.name: index
    for index in (
        Index(
            name="articles",
            weights={"title": 3.0, "keywords": 2.0, "body": 1.0},
            filters=frozenset({"category_id", "product_id", "article_id", "tags", "brand", "shown_in"}),
            facets=frozenset({"category_id", "product_id"}),
        ),
        Index(
            name="tickets",
            weights={"title": 2.0, "keywords": 1.0, "body": 1.0},
            filters=frozenset({
                "ticket_id", "status", "channel", "team_id", "assignee_id", "customer_id", "organisation_id", "tags",
                "priority", "language", "entitlement", "created_at",
            }),
            facets=frozenset({"status", "channel", "team_id", "tags", "entitlement"}),
            narrow=("customer:", "organisation:"),
        ),
        Index(
            name="customers",
            weights={"title": 3.0, "keywords": 1.0, "body": 0.5},
            filters=frozenset({"customer_id", "organisation_id", "vip"}),
        ),
        Index(
            name="registrations",
            weights={"title": 2.0, "keywords": 2.0, "body": 1.0},
            filters=frozenset({"customer_id", "product_id"}),
        ),
    )
}  # fmt: skip


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be found.

    Attributes:
        index: in which index (see :data:`INDEXES`).
        id: its name there, unique in the index.
        title: the most telling words; shown as the title of a hit.
        body: plain text; the snippet of a hit comes from it.
        keywords: further words to find it by, never shown (addresses, numbers, tags).
        language: of its text (``en``, ``hi`` …), None: unknown.
        rights: tokens; a reader with one of them finds it. None: nobody finds it.
        fields: JSON-ready values that come back with a hit; those named in the index's ``filters`` narrow a question.
            Times among them are seconds since 1970, so that every adapter can compare them.
        updated_at: when it last changed (UTC); breaks ties, the newer first.
    """

    index: str
    id: str
    title: str
    body: str
    rights: tuple[str, ...]
    updated_at: datetime
    keywords: str = ""
    language: str | None = None
    fields: dict[str, Any] = {}


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """Values from ``least`` (with it) to ``below`` (without it); None: no bound."""

    least: float | None = None
    below: float | None = None


Filter = str | int | bool | tuple[str | int, ...] | Range
"""A value, one of several values, or a range of numbers; of a field that is a list, one of its values."""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """A question.

    Attributes:
        index: where to look.
        words: as typed by a person; empty: everything that the filters leave, the newest first.
        rights: the reader's tokens.
        language: only documents of this language.
        filters: field → value.
        limit: hits wanted, at most 100.
        offset: hits to leave out first, at most 1000.
        highlight: cut a snippet and mark the words in it.
        unfinished: the last word may be the beginning of one (suggestions while somebody types).
        facets: fields of the index's ``facets`` whose values are to be counted.
    """

    index: str
    words: str
    rights: tuple[str, ...]
    language: str | None = None
    filters: Mapping[str, Filter] = {}
    limit: int = 20
    offset: int = 0
    highlight: bool = True
    unfinished: bool = False
    facets: tuple[str, ...] = ()


class Part(msgspec.Struct, frozen=True):
    """A piece of a title or snippet; ``marked`` where it answers a word of the question."""

    text: str
    marked: bool = False


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A document that was found.

    Attributes:
        id: the document's.
        score: higher is better; comparable within one answer only.
        title: the whole title in pieces.
        snippet: the piece of the body that fits best, in pieces; empty without ``highlight``.
        language: the document's.
        fields: the document's.
    """

    id: str
    score: float
    title: tuple[Part, ...]
    snippet: tuple[Part, ...]
    language: str | None
    fields: dict[str, Any]

    @property
    def plain_title(self) -> str:
        """The title without marks."""
        return "".join(part.text for part in self.title)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a question.

    Attributes:
        hits: the best first.
        total: how many there are, estimated where there are many.
        corrected: the question with its misspelt words put right, where that was done ("did you mean").
        facets: field → value → number of documents among what was found.
        degraded: the chosen search engine is down, and PostgreSQL has answered in its place.
    """

    hits: tuple[Hit, ...]
    total: int
    corrected: str | None = None
    facets: dict[str, dict[str, int]] = {}
    degraded: bool = False


def index_of(name: str) -> Index:
    """The definition of an index.

    Raises:
        Invalid: there is none with this name.
    """
    if name not in INDEXES:
        raise Invalid.field("index", f"One of {', '.join(INDEXES)}.")
    return INDEXES[name]

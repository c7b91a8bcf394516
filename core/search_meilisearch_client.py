"""The few things that we say to Meilisearch, through its official client, and the shapes that both sides know.

Used by ``core/search_meilisearch`` only. The client is synchronous: every call runs in a thread, with a client of its
own, since the library keeps the headers of the request that is under way on the client.
"""

import asyncio
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

import meilisearch
import msgspec
from meilisearch.errors import MeilisearchApiError, MeilisearchError

from core.errors import Temporary
from core.search_documents import Filter, Index, Part, Query, Range
from core.search_text import visible

T = TypeVar("T")
KEY: Final = "key"
TASK_SECONDS: Final = 120
PAGE: Final = 1000
CROPPED_WORDS: Final = 32
_PLAIN_KEY: Final = re.compile(r"(?!x-)[A-Za-z0-9_-]{1,200}")
_BEFORE, _AFTER = "\u0002", "\u0003"
_MARKED: Final = re.compile(f"{_BEFORE}([^{_BEFORE}{_AFTER}]*){_AFTER}")


class EngineDown(Temporary):
    """The search engine does not answer, or not as it should."""


class Client:
    """A Meilisearch server.

    Args:
        url: its address.
        key: API key with the rights to search, to write documents and to manage indexes.
        timeout: seconds to wait for an answer.
    """

    def __init__(self, url: str, key: str, timeout: int = 3) -> None:
        self._url = url.rstrip("/")
        self._key = key or None
        self._timeout = timeout

    async def _call(self, work: Callable[[Any], T]) -> T:
        """Run ``work(client)`` in a thread.

        Raises:
            EngineDown: no answer, or not the one expected.
        """

        def run() -> T:
            return work(meilisearch.Client(self._url, self._key, timeout=self._timeout))

        try:
            return await asyncio.to_thread(run)
        except (MeilisearchError, OSError, ValueError) as problem:
            raise EngineDown(f"Meilisearch: {problem}") from problem

    async def search(self, uid: str, words: str, options: dict[str, Any]) -> dict[str, Any]:
        """Ask a question."""
        found: dict[str, Any] = await self._call(lambda client: client.index(uid).search(words, options))
        return found

    async def exists(self, uid: str) -> bool:
        """Whether there is such an index."""

        def work(client: Any) -> bool:
            try:
                client.get_raw_index(uid)
            except MeilisearchApiError as problem:
                if problem.code == "index_not_found":
                    return False
                raise
            return True

        return await self._call(work)

    async def create(self, uid: str, settings: dict[str, Any]) -> None:
        """Make an index with its settings."""
        await self._done(lambda client: client.create_index(uid, {"primaryKey": KEY}))
        await self.configure(uid, settings)

    async def configure(self, uid: str, settings: dict[str, Any]) -> None:
        """Give an index other settings."""
        await self._done(lambda client: client.index(uid).update_settings(settings))

    async def add(self, uid: str, documents: list[dict[str, Any]]) -> None:
        """Add documents or replace them."""
        await self._done(lambda client: client.index(uid).add_documents(documents, KEY))

    async def delete(self, uid: str, keys: list[str]) -> None:
        """Take documents out."""
        wanted = f"{KEY} IN {_listed(keys)}"
        await self._done(lambda client: client.index(uid).delete_documents(filter=wanted))

    async def swap(self, one: str, other: str) -> None:
        """Exchange two indexes in one moment."""
        await self._done(lambda client: client.swap_indexes([{"indexes": [one, other]}]))

    async def drop(self, uid: str) -> None:
        """Delete an index."""
        await self._done(lambda client: client.delete_index(uid))

    async def page(self, uid: str, offset: int) -> list[dict[str, str]]:
        """Key and stamp of the next :data:`PAGE` documents."""
        options = {"fields": [KEY, "stamp"], "limit": PAGE, "offset": offset}

        def work(client: Any) -> list[dict[str, str]]:
            found = client.index(uid).get_documents(dict(options)).results
            return [{KEY: each.key, "stamp": each.stamp} for each in found]

        return await self._call(work)

    async def _done(self, start: Callable[[Any], Any]) -> None:
        """Start a task there and wait until it is done.

        Raises:
            EngineDown: it failed, or takes too long.
        """

        def work(client: Any) -> None:
            task = client.wait_for_task(start(client).task_uid, timeout_in_ms=TASK_SECONDS * 1000)
            if task.status != "succeeded":
                said = (task.error or {}).get("message", task.status)
                raise MeilisearchError(f"task {task.uid} ({task.type}): {said}")

        await self._call(work)


def key_of(document_id: str) -> str:
    """A document's name there: only some characters may stand in one."""
    return document_id if _PLAIN_KEY.fullmatch(document_id) else f"x-{document_id.encode().hex()[:500]}"


def shape_of(row: Any) -> dict[str, Any]:
    """A row of a table of documents (``core/search_models``) as a document there, with a stamp of its content."""
    document: dict[str, Any] = {
        "id": row.id,
        "title": visible(row.title),
        "keywords": visible(row.keywords),
        "body": visible(row.body),
        "language": row.language,
        "rights": list(row.rights),
        "fields": msgspec.json.decode(row.fields),
        "updated_at": row.updated_at.timestamp(),
    }
    stamp = hashlib.sha256(msgspec.json.encode(document, order="deterministic")).hexdigest()[:24]
    return {KEY: key_of(row.id), **document, "stamp": stamp}


def settings_of(index: Index, synonyms: Iterable[list[str]], stop_words: list[str]) -> dict[str, Any]:
    """The settings of an index there, from its one definition and what people have taught the search."""
    others: dict[str, set[str]] = {}
    for group in synonyms:
        for form in group:
            others.setdefault(form, set()).update(each for each in group if each != form)
    return {
        "searchableAttributes": [*sorted(index.weights, key=lambda part: -index.weights[part])],
        "filterableAttributes": [KEY, "rights", "language", *(f"fields.{name}" for name in sorted(index.filters))],
        "sortableAttributes": ["updated_at"],
        "rankingRules": ["words", "typo", "proximity", "attribute", "sort", "exactness"],
        "stopWords": stop_words,
        "synonyms": {form: sorted(each) for form, each in sorted(others.items())},
        "typoTolerance": {"enabled": True, "minWordSizeForTypos": {"oneTypo": 4, "twoTypos": 8}},
        "pagination": {"maxTotalHits": 1100},
        "faceting": {"maxValuesPerFacet": 100},
    }


def question(query: Query, index: Index) -> dict[str, Any]:
    """The options of a search, with the reader's rights in the filter."""
    conditions = [f"rights IN {_listed(query.rights)}"]
    if query.language is not None:
        conditions.append(f"language = {_quoted(query.language)}")
    for name, wanted in sorted(query.filters.items()):
        conditions += _condition(f"fields.{name}", wanted)
    options: dict[str, Any] = {
        "filter": " AND ".join(conditions),
        "limit": query.limit,
        "offset": query.offset,
        "attributesToRetrieve": ["id", "title", "language", "fields"],
        "matchingStrategy": "frequency",
        "showRankingScore": True,
    }
    if query.highlight:
        options |= {
            "attributesToHighlight": ["title", "body"],
            "attributesToCrop": ["body"],
            "cropLength": CROPPED_WORDS,
            "highlightPreTag": _BEFORE,
            "highlightPostTag": _AFTER,
        }
    if not query.words.strip():
        options["sort"] = ["updated_at:desc"]
    facets = [f"fields.{name}" for name in query.facets if name in index.facets]
    return options | ({"facets": facets} if facets else {})


def parts_of(text: str) -> tuple[Part, ...]:
    """A text with marks as pieces."""
    found, at = [], 0
    for match in _MARKED.finditer(text):
        if match.start() > at:
            found.append(Part(text[at : match.start()]))
        found.append(Part(match[1], marked=True))
        at = match.end()
    if at < len(text):
        found.append(Part(text[at:]))
    return tuple(found)


def _condition(field: str, wanted: Filter) -> list[str]:
    if isinstance(wanted, Range):
        bounds = ((">=", wanted.least), ("<", wanted.below))
        return [f"{field} {sign} {bound:.17g}" for sign, bound in bounds if bound is not None]
    if isinstance(wanted, tuple):
        return [f"{field} IN {_listed(wanted)}"]
    return [f"{field} = {_quoted(wanted)}"]


def _listed(values: Iterable[str | int]) -> str:
    return "[" + ", ".join(_quoted(value) for value in values) + "]"


def _quoted(value: str | int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def facets_of(distribution: Mapping[str, Mapping[str, int]] | None) -> dict[str, dict[str, int]]:
    """Numbers of documents by field and value."""
    return {name.removeprefix("fields."): dict(counts) for name, counts in (distribution or {}).items()}

"""Meilisearch as the search engine, by setting: it answers, PostgreSQL stays the truth and the reserve.

Behind ``core/search``. Documents are written to PostgreSQL in any case; that they have changed is noted in an outbox
in the same transaction, and a job tells the engine: what it missed while it was down, it is told when it is back.
While it does not answer, PostgreSQL does, and says so. An index is built anew beside the old one and exchanged with it
in one moment; what changes meanwhile waits in the outbox.
"""

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, jobs, log, search_ranking
from core.db import Database, reading, unit_of_work
from core.search_documents import INDEXES, Found, Hit, Index, Part, Query, index_of
from core.search_meilisearch_client import (
    KEY,
    PAGE,
    Client,
    EngineDown,
    facets_of,
    key_of,
    parts_of,
    question,
    settings_of,
    shape_of,
)
from core.search_postgres import statement
from core.search_text import visible
from core.search_vocabulary import VocabularyChanged
from core.sql import Sql

JOB: Final = "search.send"
LOCK: Final = "search:engine"
"""Only one speaks to the engine of changes at a time: the job, or whoever builds an index anew."""
BATCH: Final = 500
REST_SECONDS: Final = 15.0
"""After a failure it is left in peace so long; PostgreSQL answers meanwhile."""
RETRY_SECONDS: Final = 30
BEHIND: Final = timedelta(minutes=2)
"""A change that has waited so long shows that the engine is away."""
SETTINGS: Final = "*"
"""Stands in the outbox for the settings of all indexes."""
_log = log.get(__name__)

_NOTE: Final = Sql(
    """
    insert into search_outbox (index, document_id, at) select :index, id, :at from unnest(cast(:ids as text[])) as id
    """
)
_NEXT: Final = Sql("select id, index, document_id from search_outbox order by id limit :limit")
_SENT: Final = Sql("delete from search_outbox where id = any(cast(:ids as bigint[]))")
_WAITS: Final = Sql("select min(at) from search_outbox")
_GROUPS: Final = Sql("select forms from search_synonyms order by id")
_STOP_WORDS: Final = Sql("select word from search_stop_words order by word")
_ROWS: Final = "id, title, keywords, body, language, rights, cast(fields as text) as fields, updated_at"
_SOME: Final = "select {rows} from {table} where id = any(cast(:ids as text[]))".replace("{rows}", _ROWS)
_AFTER: Final = "select {rows} from {table} where id > :after order by id limit :limit".replace("{rows}", _ROWS)
_LOCK: Final = Sql("select pg_advisory_xact_lock(hashtextextended(:key, 0))")


class Drift(msgspec.Struct, frozen=True):
    """How an index differs from the documents in PostgreSQL: ids that it lacks, has too much, or has in an old form."""

    missing: list[str]
    extra: list[str]
    stale: list[str]

    @property
    def wrong(self) -> list[str]:
        """All of them."""
        return [*self.missing, *self.extra, *self.stale]


class Meilisearch:
    """The engine.

    Args:
        url: address of the server.
        key: its API key.
        prefix: begins the names of our indexes there.
    """

    def __init__(self, url: str, key: str, prefix: str = "sampark_") -> None:
        self.client = Client(url, key)
        self._prefix = prefix
        self._rest_until = 0.0
        self.down_since: datetime | None = None
        self.reason = ""

    def uid(self, index: str) -> str:
        """Name of an index there."""
        return f"{self._prefix}{index}"

    async def changed(self, session: AsyncSession, index: str, ids: list[str]) -> None:
        """Note in this transaction that documents were put or removed."""
        await _NOTE.all(session, index=index, ids=ids, at=clock.now())

    async def on_vocabulary_changed(self, session: AsyncSession, _: VocabularyChanged) -> None:
        """Note that the settings are to be sent."""
        await _NOTE.all(session, index=SETTINGS, ids=[SETTINGS], at=clock.now())

    async def find(self, session: AsyncSession, query: Query) -> Found:
        """Answer a question; while the engine is away, by PostgreSQL."""
        index = index_of(query.index)
        search_ranking.conditions(query)  # the same filters are refused, whoever answers
        if not query.rights:
            return Found(hits=(), total=0)
        if clock.monotonic() >= self._rest_until:
            bounded = msgspec.structs.replace(
                query,
                limit=max(0, min(query.limit, search_ranking.MOST_HITS)),
                offset=max(0, min(query.offset, search_ranking.MOST_SKIPPED)),
            )
            try:
                options = question(bounded, index)
                answer = await self.client.search(self.uid(index.name), visible(query.words)[:400], options)
                found = _found(answer)
            except (EngineDown, KeyError, TypeError) as problem:
                self._is_down(problem)
            else:
                self._is_up()
                return found
        found = await search_ranking.find(session, query)
        return msgspec.structs.replace(found, degraded=True)

    def _is_down(self, problem: Exception) -> None:
        self._rest_until = clock.monotonic() + REST_SECONDS
        if self.down_since is None:
            self.down_since = clock.now()
            _log.warning("the search engine is away; PostgreSQL answers", reason=str(problem))
        self.reason = str(problem)[:300]

    def _is_up(self) -> None:
        if self.down_since is not None:
            _log.info("the search engine answers again")
        self.down_since, self.reason, self._rest_until = None, "", 0.0

    async def away_since(self, session: AsyncSession) -> datetime | None:
        """Since when it does not answer or is not told of changes; None: all is well."""
        waits: datetime | None = await _WAITS.scalar(session)
        behind = waits if waits is not None and clock.now() - waits > BEHIND else None
        known = [each for each in (self.down_since, behind) if each is not None]
        return min(known) if known else None

    async def ask_to_send(self, db: Database) -> None:
        """Ask for the job when something waits; called every second by the scheduler."""
        async with unit_of_work(db) as session:
            if await _WAITS.scalar(session) is not None:
                await jobs.enqueue(session, JOB, {}, key=LOCK, dedupe=JOB)

    async def send(self, session: AsyncSession) -> None:
        """Tell the engine what has changed; the job :data:`JOB`. Away: the rows stay, and it is tried again later."""
        rows = await _NEXT.all(session, limit=BATCH)
        if not rows:
            return
        await _LOCK.all(session, key=LOCK)
        try:
            await self._tell(session, rows)
        except EngineDown as problem:
            self._is_down(problem)
            later = clock.now() + timedelta(seconds=RETRY_SECONDS)
            await jobs.enqueue(session, JOB, {}, key=LOCK, run_at=later, dedupe=JOB)
            return
        self._is_up()
        await _SENT.all(session, ids=[row.id for row in rows])

    async def _tell(self, session: AsyncSession, rows: list[Any]) -> None:
        settings = any(row.index == SETTINGS for row in rows)
        changed: dict[str, set[str]] = {}
        for row in rows:
            if row.index in INDEXES:
                changed.setdefault(row.index, set()).add(row.document_id)
        for name in INDEXES if settings else changed:
            await self._ensure(session, index_of(name), settings=settings)
        for name, ids in changed.items():
            await self._copy(session, name, sorted(ids))

    async def _ensure(self, session: AsyncSession, index: Index, *, settings: bool) -> None:
        uid = self.uid(index.name)
        if not await self.client.exists(uid):
            await self.client.create(uid, await _settings(session, index))
        elif settings:
            await self.client.configure(uid, await _settings(session, index))

    async def _copy(self, session: AsyncSession, index: str, ids: list[str]) -> None:
        found = [shape_of(row) for row in await statement(_SOME, index).all(session, ids=ids)]
        here = {each["id"] for each in found}
        gone = [key_of(each) for each in ids if each not in here]
        if found:
            await self.client.add(self.uid(index), found)
        if gone:
            await self.client.delete(self.uid(index), gone)

    async def rebuild(self, db: Database, name: str, say: Callable[[int], None] = lambda _: None) -> int:
        """Build an index anew beside the old one, and exchange them in one moment.

        Args:
            db: where the documents are.
            name: of the index.
            say: hears how many documents have been sent.

        Returns:
            The number of documents.

        Raises:
            EngineDown: the engine does not answer; the old index stays as it was.
        """
        index, uid = index_of(name), self.uid(name)
        fresh, count = f"{uid}_new", 0
        async with unit_of_work(db) as session:
            await _LOCK.all(session, key=LOCK)
            settings = await _settings(session, index)
            if await self.client.exists(fresh):
                await self.client.drop(fresh)
            await self.client.create(fresh, settings)
            async for documents in _all(session, name):
                await self.client.add(fresh, documents)
                count += len(documents)
                say(count)
            if not await self.client.exists(uid):
                await self.client.create(uid, settings)
            await self.client.swap(uid, fresh)
            await self.client.drop(fresh)
        return count

    async def check(self, db: Database, name: str) -> Drift:
        """Compare an index with the documents in PostgreSQL.

        Raises:
            EngineDown: the engine does not answer.
        """
        there: dict[str, str] = {}
        if await self.client.exists(self.uid(name)):
            while page := await self.client.page(self.uid(name), len(there)):
                there |= {each[KEY]: each["stamp"] for each in page}
                if len(page) < PAGE:
                    break
        missing: list[str] = []
        stale: list[str] = []
        async with reading(db) as session:
            async for documents in _all(session, name):
                for each in documents:
                    stamp = there.pop(each[KEY], None)
                    if stamp is None:
                        missing.append(each["id"])
                    elif stamp != each["stamp"]:
                        stale.append(each["id"])
        return Drift(missing=missing, extra=sorted(there), stale=stale)

    async def repair(self, db: Database, name: str, drift: Drift) -> None:
        """Put right what a check has found.

        Raises:
            EngineDown: the engine does not answer.
        """
        async with unit_of_work(db) as session:
            await _LOCK.all(session, key=LOCK)
            await self._ensure(session, index_of(name), settings=True)
            wrong = [*drift.missing, *drift.stale]
            for start in range(0, len(wrong), BATCH):
                await self._copy(session, name, wrong[start : start + BATCH])
            for start in range(0, len(drift.extra), BATCH):
                await self.client.delete(self.uid(name), drift.extra[start : start + BATCH])


async def _settings(session: AsyncSession, index: Index) -> dict[str, Any]:
    groups = [list(row.forms) for row in await _GROUPS.all(session)]
    return settings_of(index, groups, [row.word for row in await _STOP_WORDS.all(session)])


async def _all(session: AsyncSession, name: str) -> AsyncIterator[list[dict[str, Any]]]:
    """Every document of an index, in batches."""
    after = ""
    while rows := await statement(_AFTER, name).all(session, after=after, limit=BATCH):
        yield [shape_of(row) for row in rows]
        after = rows[-1].id


def _found(answer: dict[str, Any]) -> Found:
    return Found(
        hits=tuple(_hit(each) for each in answer["hits"]),
        total=int(answer.get("estimatedTotalHits", len(answer["hits"]))),
        facets=facets_of(answer.get("facetDistribution")),
    )


def _hit(found: dict[str, Any]) -> Hit:
    formatted = found.get("_formatted") or {}
    return Hit(
        id=found["id"],
        score=float(found.get("_rankingScore", 0)),
        title=parts_of(formatted["title"]) if "title" in formatted else (Part(found["title"]),),
        snippet=parts_of(formatted.get("body") or ""),
        language=found["language"],
        fields=found["fields"],
    )

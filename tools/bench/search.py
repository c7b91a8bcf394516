"""Search: how long a question takes among 10,000 articles and among 100,000 tickets with 200,000 messages.

Each question beside its floor: the least statement that finds twenty documents with these words that the reader may
see, without ranking, snippets or mending of misspelt words. Both are asked in turn by one connection each.
"""

import asyncio
import itertools
import math
import random
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import asyncpg

from core import clock, search
from core.db import unit_of_work
from core.search import Document, Query
from sampark.retrieval.judged import Text, misspelt
from tools.bench import world
from tools.bench.figures import Figure, aimed, percentile

ARTICLES: Final = 10_000
TICKETS: Final = 100_000
MESSAGE: Final = 574
"""Characters of a message, on average; a ticket has two."""
ARTICLE: Final = 1_600
COPIES: Final = 10
"""A tenth of the tickets is written and analysed, and copied so often."""
QUESTIONS: Final = 60
"""Of each kind."""
VOCABULARY: Final = 40_000
_LATIN: Final = [a + b for a in "bcdfghjklmnprstvw" for b in "aeiou"]
_INDIC: Final = [
    [chr(base + letter) + sign for letter in range(0x15, 0x29) for sign in ("", chr(base + 0x3E), chr(base + 0x3F))]
    for base in (0x0900, 0x0980, 0x0C80)
]
_FLOOR: Final = "select id, title from search_{} where terms @@ $1::tsquery and rights && $2::text[] limit 20"


class Writer:
    """Writes texts with words as frequent as in a real language (by Zipf), nine of a hundred in an Indic script."""

    def __init__(self) -> None:
        self.chance = random.Random(4)  # noqa: S311 - the same texts in every run
        made: dict[int, list[str]] = {}
        for number, syllables in enumerate((_LATIN, *_INDIC)):
            words: dict[str, None] = {}
            while len(words) < (VOCABULARY if number == 0 else VOCABULARY // 10):
                words["".join(self.chance.choice(syllables) for _ in range(self.chance.choice((2, 2, 3, 3, 4))))] = None
            made[number] = list(words)
        self.words = made
        self._weights = {
            number: list(itertools.accumulate(1 / (rank + 2.7) for rank in range(len(words))))
            for number, words in made.items()
        }

    def text(self, length: int, script: int | None = None) -> str:
        """About so many characters."""
        script = (self.chance.randrange(1, 4) if self.chance.random() < 0.09 else 0) if script is None else script
        count = max(3, round(length / 6.5 * math.exp(self.chance.gauss(-0.12, 0.5))))
        return " ".join(self.chance.choices(self.words[script], cum_weights=self._weights[script], k=count))

    def word(self, least: int, most: int, script: int = 0) -> str:
        """A word by its rank: 0 is the most frequent."""
        return self.words[script][self.chance.randrange(least, most)]


def _documents(writer: Writer, index: str, count: int) -> list[Document]:
    now = clock.now()
    made = []
    for number in range(count):
        is_ticket = index == "tickets"
        body = f"{writer.text(MESSAGE)}\n{writer.text(MESSAGE)}" if is_ticket else writer.text(ARTICLE)
        rights = (f"team:{number % 4}", "all_tickets", f"customer:{number % 5000}") if is_ticket else ("public",)
        made.append(
            Document(
                index=index,
                id=str(number),
                title=writer.text(45),
                body=body,
                rights=rights,
                fields={"status": ("open", "solved")[number % 2], "ticket_id": number},
                updated_at=now - timedelta(minutes=number * COPIES),
            )
        )
    return made


async def _fill(url: str, writer: Writer) -> None:
    async with world.desk(url) as db:
        for index, count in (("articles", ARTICLES), ("tickets", TICKETS // COPIES)):
            documents = _documents(writer, index, count)
            for start in range(0, count, 1000):
                async with unit_of_work(db) as session:
                    await search.put(session, documents[start : start + 1000])
    connection = await asyncpg.connect(url)
    await connection.execute("set synchronous_commit = off; set maintenance_work_mem = '256MB'")
    await connection.execute("drop index ix_search_tickets_terms")
    await connection.execute(
        f"""
        insert into search_tickets
        select id || '.' || n, title, keywords, body, language, rights, fields, terms, title_words, body_words,
            updated_at - n * interval '1 minute'
        from search_tickets cross join generate_series(1, {COPIES - 1}) n;
        update search_words set documents = documents * {COPIES} where index = 'tickets';
        update search_sizes set documents = documents * {COPIES}, title_words = title_words * {COPIES},
            body_words = body_words * {COPIES} where index = 'tickets';
        create index ix_search_tickets_terms on search_tickets using gin (terms);
        """  # noqa: S608 - only our own numbers are put in
    )
    await connection.execute("vacuum analyze")
    await connection.close()


def _questions(writer: Writer) -> dict[str, list[str]]:
    """Kinds of questions, as people ask them."""

    def many(make: Callable[[], str]) -> list[str]:
        return [make() for _ in range(QUESTIONS)]

    def wrong() -> str:
        word = writer.word(200, 4000)
        return misspelt(Text(word, "", word * 2 if len(word) < 5 else word, None)) or word

    return {
        "rare word": many(lambda: writer.word(4000, 20_000)),
        "medium word": many(lambda: writer.word(80, 400)),
        "frequent word": many(lambda: writer.word(0, 12)),
        "two words": many(lambda: f"{writer.word(50, 500)} {writer.word(50, 500)}"),
        "frequent words": many(lambda: f"{writer.word(0, 8)} {writer.word(8, 16)}"),
        "sentence": many(lambda: writer.text(55, 0)),
        "misspelt": many(wrong),
        "Indic": many(lambda: f"{writer.word(5, 300, 1)} {writer.word(5, 300, 1)}"),
    }


async def _ask(url: str, index: str, questions: dict[str, list[str]]) -> tuple[list[tuple[str, float]], list[float]]:
    """Kind and milliseconds of each question, and the floor's milliseconds."""
    rights = ("public",) if index == "articles" else ("team:1", "team:0", "agent:7")
    took: list[tuple[str, float]] = []
    floor: list[float] = []
    bare = await asyncpg.connect(url)
    words_of = "select string_agg('''' || search_stem(word) || '''', ' & ') from search_tokens($1)"
    async with world.desk(url) as db:
        for turn in range(2):
            for kind, typed in ((kind, each) for kind, several in questions.items() for each in several):
                async with db.sessions() as session:
                    began = time.perf_counter()
                    await search.find(session, Query(index=index, words=typed, rights=rights))
                    spent = 1000 * (time.perf_counter() - began)
                began = time.perf_counter()
                await bare.fetch(_FLOOR.format(index), await bare.fetchval(words_of, typed), list(rights))
                if turn:  # the first time warms the machine
                    took.append((kind, spent))
                    floor.append(1000 * (time.perf_counter() - began))
    await bare.close()
    return took, floor


def measure(url: str) -> list[Figure]:
    """The figures of the search.

    Args:
        url: an empty desk.
    """
    writer = Writer()
    asyncio.run(_fill(url, writer))
    questions = _questions(writer)
    figures = []
    for index, name, bound in (
        ("articles", f"{ARTICLES:,} articles", 50),
        ("tickets", f"{2 * TICKETS:,} messages", 100),
    ):
        took, floor = asyncio.run(_ask(url, index, questions))
        kinds = {kind: sorted(spent for each, spent in took if each == kind) for kind in questions}
        slowest = max(kinds, key=lambda kind: percentile(kinds[kind], 0.95))
        note = f"p50 {percentile(sorted(spent for _, spent in took), 0.5):.1f} ms; slowest kind: {slowest}, p95 "
        note += f"{percentile(kinds[slowest], 0.95):.0f} ms; floor: twenty unranked documents by bare asyncpg"
        p99 = percentile(sorted(spent for _, spent in took), 0.99)
        figures.append(aimed(f"search in {name}: p99", p99, "ms", percentile(sorted(floor), 0.99), note, ("<", bound)))
    return figures

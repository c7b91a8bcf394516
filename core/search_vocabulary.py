"""Words that stand for each other, and words that say nothing: what people teach the search.

Managed by ``agent_ui/api/search``. ``core/search_question`` asks for every question; a search engine is told when they
change. Both are kept beside their spelling in the search, so ``Wi-Fi`` and ``wi fi`` are the same.
"""

from collections.abc import Iterable
from typing import Final

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.errors import Invalid, NotFound
from core.events import Event
from core.search_models import SearchStopWord, SearchSynonym
from core.sql import Sql

MOST_WORDS: Final = 30
"""Words of one group of synonyms."""
LONGEST_WORD: Final = 100
LONGEST_FORM: Final = 3
"""Words that one synonym may consist of."""

_FORM: Final = Sql(
    "select array(select word from search_tokens(t.given) order by place) as words "
    "from unnest(cast(:texts as text[])) with ordinality as t(given, n) order by t.n"
)
_TAUGHT: Final = Sql(
    """
    select 'synonym' as kind, forms from search_synonyms where forms && cast(:spans as text[])
    union all select 'stop', array[word] from search_stop_words where word = any(cast(:words as text[]))
    """
)


class VocabularyChanged(Event, frozen=True, kw_only=True):
    """Synonyms or stop words of the search were changed."""

    kind = "search.vocabulary_changed"
    words: list[str]


class Taught(msgspec.Struct, frozen=True):
    """What people have taught of the words of a question: stop words, and groups of synonyms that it touches."""

    stop_words: frozenset[str]
    synonyms: tuple[tuple[str, ...], ...]


async def taught(session: AsyncSession, words: list[str]) -> Taught:
    """What is known of a question.

    Args:
        session: where to read.
        words: of the question in order, as the search spells them.
    """
    spans = {" ".join(words[at : at + length]) for length in range(1, LONGEST_FORM + 1) for at in range(len(words))}
    rows = await _TAUGHT.all(session, spans=sorted(spans), words=words)
    return Taught(
        stop_words=frozenset(row.forms[0] for row in rows if row.kind == "stop"),
        synonyms=tuple(tuple(row.forms) for row in rows if row.kind == "synonym"),
    )


async def list_synonyms(session: AsyncSession) -> list[SearchSynonym]:
    """All groups, by their first word."""
    return list(await session.scalars(select(SearchSynonym).order_by(SearchSynonym.words, SearchSynonym.id)))


async def add_synonyms(session: AsyncSession, words: Iterable[str]) -> SearchSynonym:
    """Let words stand for each other.

    Raises:
        Invalid: fewer than two different words, or one that is no word.
    """
    given, forms = await _checked(session, words)
    made = SearchSynonym(words=given, forms=forms, changed_at=clock.now())
    session.add(made)
    await session.flush()
    events.record(session, VocabularyChanged(words=given))
    return made


async def change_synonyms(session: AsyncSession, synonym_id: int, words: Iterable[str]) -> SearchSynonym:
    """Give a group other words.

    Raises:
        NotFound: there is no such group.
        Invalid: fewer than two different words, or one that is no word.
    """
    found = await session.get(SearchSynonym, synonym_id)
    if found is None:
        raise NotFound("There is no such group of synonyms.")
    found.words, found.forms = await _checked(session, words)
    found.changed_at = clock.now()
    events.record(session, VocabularyChanged(words=found.words))
    return found


async def remove_synonyms(session: AsyncSession, synonym_id: int) -> None:
    """Let the words of a group be themselves again.

    Raises:
        NotFound: there is no such group.
    """
    statement = delete(SearchSynonym).where(SearchSynonym.id == synonym_id).returning(SearchSynonym.words)
    gone = await session.scalar(statement)
    if gone is None:
        raise NotFound("There is no such group of synonyms.")
    events.record(session, VocabularyChanged(words=gone))


async def list_stop_words(session: AsyncSession) -> list[str]:
    """All stop words, in order."""
    return list(await session.scalars(select(SearchStopWord.word).order_by(SearchStopWord.word)))


async def add_stop_word(session: AsyncSession, word: str) -> str:
    """Let a word say nothing; returns it as the search spells it.

    Raises:
        Invalid: it is not one word.
    """
    forms = (await _forms(session, [word]))[0]
    if len(forms) != 1 or len(word) > LONGEST_WORD:
        raise Invalid.field("word", "One word is needed.")
    statement = insert(SearchStopWord).values(word=forms[0], changed_at=clock.now()).on_conflict_do_nothing()
    await session.execute(statement)
    events.record(session, VocabularyChanged(words=[forms[0]]))
    return forms[0]


async def remove_stop_word(session: AsyncSession, word: str) -> None:
    """Let a word count again.

    Raises:
        NotFound: it is no stop word.
    """
    statement = delete(SearchStopWord).where(SearchStopWord.word == word).returning(SearchStopWord.word)
    if await session.scalar(statement) is None:
        raise NotFound("This is no stop word.")
    events.record(session, VocabularyChanged(words=[word]))


async def _checked(session: AsyncSession, words: Iterable[str]) -> tuple[list[str], list[str]]:
    given = list(dict.fromkeys(cleaned for word in words if (cleaned := " ".join(word.replace("\x00", " ").split()))))
    forms = [" ".join(each) for each in await _forms(session, given)]
    if len(set(forms)) < 2 or len(given) > MOST_WORDS:
        raise Invalid.field("words", f"Two to {MOST_WORDS} different words are needed.")
    if any(not form or len(form) > LONGEST_WORD or form.count(" ") >= LONGEST_FORM for form in forms):
        raise Invalid.field("words", f"Each is one to {LONGEST_FORM} words.")
    return given, forms


async def _forms(session: AsyncSession, texts: list[str]) -> list[list[str]]:
    return [list(row.words) for row in await _FORM.all(session, texts=texts)]

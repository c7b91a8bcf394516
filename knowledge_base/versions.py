"""The history of a text: its versions, and what is different between two of them."""

import re
from collections.abc import Iterable
from datetime import datetime
from difflib import SequenceMatcher
from typing import Final, Literal

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge_base.models import Translation, Version

LONGEST_PAGE: Final = 100
_WORD: Final = re.compile(r"\s+|[^\s\w]|\w+", re.UNICODE)
_COMPARED: Final = 4000
"""Characters of a line up to which its words are compared."""


class VersionLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A version as a line of the history."""

    id: int
    number: int
    title: str
    note: str
    author_id: int | None
    author_name: str
    at: datetime
    is_autosave: bool
    is_working: bool
    is_published: bool


class DiffLine(msgspec.Struct, frozen=True, rename="camel"):
    """A line of a comparison. ``marks``: [start, end) of the characters that changed inside it."""

    kind: Literal["same", "added", "removed"]
    text: str
    marks: list[tuple[int, int]]


class Difference(msgspec.Struct, frozen=True, rename="camel"):
    """What is different between two versions, field by field."""

    title: list[DiffLine]
    summary: list[DiffLine]
    body: list[DiffLine]
    files_added: list[int]
    files_removed: list[int]


async def listed(
    session: AsyncSession, translation: Translation, before: int | None = None, limit: int = 50
) -> tuple[list[VersionLine], int | None]:
    """One page of the history, newest first, and the key of the next (a version's number)."""
    limit = max(1, min(limit, LONGEST_PAGE))
    statement = (
        select(
            Version.id, Version.number, Version.title, Version.note, Version.author_id, Version.author_name, Version.at,
            Version.is_autosave,
        )
        .where(Version.translation_id == translation.id)
        .order_by(Version.number.desc())
        .limit(limit + 1)
    )  # fmt: skip
    if before is not None:
        statement = statement.where(Version.number < before)
    rows = [
        VersionLine(
            **row._mapping,  # noqa: SLF001 - the row as a mapping
            is_working=row.id == translation.working_version_id,
            is_published=row.id == translation.published_version_id,
        )
        for row in await session.execute(statement)
    ]
    return rows[:limit], rows[limit - 1].number if len(rows) > limit else None


def compare(old: Version, new: Version) -> Difference:
    """What is different between two versions."""
    return Difference(
        title=lines_of(old.title, new.title),
        summary=lines_of(old.summary, new.summary),
        body=lines_of(old.body, new.body),
        files_added=sorted(set(new.file_ids) - set(old.file_ids)),
        files_removed=sorted(set(old.file_ids) - set(new.file_ids)),
    )


def lines_of(old: str, new: str) -> list[DiffLine]:
    """Two texts line by line; lines that only changed a little name the words."""
    before, after = old.splitlines(), new.splitlines()
    found: list[DiffLine] = []
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            found += [DiffLine("same", line, []) for line in before[i1:i2]]
            continue
        gone, come = before[i1:i2], after[j1:j2]
        pairs = [_words(one, other) for one, other in zip(gone, come, strict=False)]
        found += [DiffLine("removed", line, _at(pairs, place, 0)) for place, line in enumerate(gone)]
        found += [DiffLine("added", line, _at(pairs, place, 1)) for place, line in enumerate(come)]
    return found


Marks = tuple[list[tuple[int, int]], list[tuple[int, int]]]


def _at(pairs: list[Marks], place: int, side: int) -> list[tuple[int, int]]:
    return pairs[place][side] if place < len(pairs) else []


def _words(old: str, new: str) -> Marks:
    """The parts of two lines that are different; none where most of them is."""
    if len(old) > _COMPARED or len(new) > _COMPARED:
        return [], []
    one, other = _WORD.findall(old), _WORD.findall(new)
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.ratio() < 0.3:
        return [], []
    starts, others = list(_starts(one)), list(_starts(other))
    marks: Marks = ([], [])
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind != "equal":
            if i2 > i1:
                marks[0].append((starts[i1], starts[i2]))
            if j2 > j1:
                marks[1].append((others[j1], others[j2]))
    return marks


def _starts(words: Iterable[str]) -> Iterable[int]:
    at = 0
    yield at
    for word in words:
        at += len(word)
        yield at

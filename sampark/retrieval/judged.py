"""A set of documents, questions and judgements in the form of BEIR, and the measures of a ranking.

Part of ``sampark search eval``; no database. ``corpus.jsonl`` (``_id``, ``title``, ``text``, perhaps ``language``),
``queries.jsonl`` (``_id``, ``text``, perhaps ``language``) and ``qrels.tsv`` (also below ``qrels/``).
"""

import json
import math
import random
import string
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from core.errors import StartError

DEPTH: Final = 10
SHORTEST: Final = 5
"""Letters of a word that is misspelt on purpose."""


class Text(msgspec.Struct, frozen=True):
    """A document or a question."""

    id: str
    title: str
    text: str
    language: str | None


class Judged(msgspec.Struct, frozen=True):
    """A set: documents, questions, and question → document → grade."""

    documents: list[Text]
    questions: list[Text]
    grades: dict[str, dict[str, int]]

    def answerable(self) -> list[Text]:
        """The questions that have a right answer."""
        return [each for each in self.questions if any(grade > 0 for grade in self.grades.get(each.id, {}).values())]


def read(folder: Path) -> Judged:
    """Read a set.

    Raises:
        StartError: something is missing, or is not in the form.
    """
    try:
        return Judged(
            documents=list(_texts(folder / "corpus.jsonl")),
            questions=list(_texts(folder / "queries.jsonl")),
            grades=_grades(_qrels(folder)),
        )
    except (OSError, ValueError, KeyError) as problem:
        raise StartError(f"{folder} is no set of documents and questions in the form of BEIR: {problem}") from None


def _texts(path: Path) -> Iterator[Text]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                row: dict[str, Any] = json.loads(line)
                language = row.get("language")
                yield Text(str(row["_id"]), str(row.get("title") or ""), str(row.get("text") or ""), language)


def _qrels(folder: Path) -> Path:
    below = sorted((folder / "qrels").glob("*.tsv"), key=lambda path: path.name != "test.tsv")
    return below[0] if below else folder / "qrels.tsv"


def _grades(path: Path) -> dict[str, dict[str, int]]:
    grades: dict[str, dict[str, int]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        parts = line.split("\t")
        if len(parts) < 3 or not parts[-1].strip().lstrip("-").isdecimal():
            continue  # the heading
        # TREC's own form has a column between question and document
        grades.setdefault(parts[0], {})[parts[-2]] = int(parts[-1])
    return grades


def ndcg(ranking: Sequence[str], grades: Mapping[str, int], depth: int = DEPTH) -> float:
    """Normalised discounted cumulative gain: 1 when the best answers come first."""
    gained = sum(_gain(grades.get(each, 0), place) for place, each in enumerate(ranking[:depth]))
    best = sorted(grades.values(), reverse=True)[:depth]
    return gained / sum(_gain(grade, place) for place, grade in enumerate(best))


def _gain(grade: int, place: int) -> float:
    return (2.0 ** max(0, grade) - 1) / math.log2(place + 2)


def recall(ranking: Sequence[str], grades: Mapping[str, int], depth: int = DEPTH) -> float:
    """The share of the right answers that is among the first."""
    right = {each for each, grade in grades.items() if grade > 0}
    return len(right.intersection(ranking[:depth])) / len(right)


def misspelt(question: Text) -> str | None:
    """The question with one edit in one word of five letters or more, always the same; None: it has no such word."""
    words = question.text.split(" ")
    long = [place for place, word in enumerate(words) if _has_letters_only(word)]
    if not long:
        return None
    chance = random.Random(question.id + question.text)  # noqa: S311 - the same edit in every run
    place = chance.choice(long)
    words[place] = _edited(words[place], chance)
    return " ".join(words)


def _has_letters_only(word: str) -> bool:
    """Whether it is a word of five letters or more; vowel signs belong to their letter, joiners to nothing."""
    kinds = [unicodedata.category(letter) for letter in word]
    return sum(kind[0] == "L" for kind in kinds) >= SHORTEST and all(kind[0] in "LM" for kind in kinds)


def _edited(word: str, chance: random.Random) -> str:
    """Swap, leave out, double or replace one letter; the first stays, as people seldom miss it."""
    at = chance.randrange(1, len(word) - 1)
    kind = chance.choice(("swap", "drop", "double", "replace"))
    if kind == "swap" and word[at] != word[at + 1]:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == "double":
        return word[:at] + word[at] + word[at:]
    if kind == "replace":
        letters = string.ascii_lowercase if word.isascii() else word
        return word[:at] + chance.choice([each for each in letters if each != word[at]] or ["x"]) + word[at + 1 :]
    return word[:at] + word[at + 1 :]

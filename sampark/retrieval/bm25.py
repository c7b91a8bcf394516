"""BM25 as the textbook has it, over all words of a document at once: what the search is compared with."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

K1: Final = 1.2
B: Final = 0.75


class Bm25:
    """An index in memory.

    Args:
        documents: id → its words.
    """

    def __init__(self, documents: Mapping[str, Sequence[str]]) -> None:
        self._length = {each: len(words) for each, words in documents.items()}
        self._average = sum(self._length.values()) / max(1, len(documents)) or 1.0
        self._postings: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for each, words in documents.items():
            for word, times in Counter(words).items():
                self._postings[word].append((each, times))

    def best(self, words: Sequence[str], limit: int) -> list[str]:
        """Ids of the best documents; of equals in the order of their ids."""
        scores: dict[str, float] = defaultdict(float)
        for word in words:
            postings = self._postings.get(word, [])
            idf = math.log(1 + (len(self._length) - len(postings) + 0.5) / (len(postings) + 0.5))
            for each, times in postings:
                length = 1 - B + B * self._length[each] / self._average
                scores[each] += idf * times * (K1 + 1) / (times + K1 * length)
        return sorted(scores, key=lambda each: (-scores[each], each))[:limit]

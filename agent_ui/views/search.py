"""Shapes of what people teach the search."""

from typing import Annotated

import msgspec

from agent_ui.views.base import Input, View
from core.search_models import SearchSynonym

Word = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class SynonymsView(View):
    """Words that stand for each other."""

    id: int
    words: list[str]


class SynonymsInput(Input):
    """Two words or more that stand for each other; each may be up to three words long."""

    words: Annotated[list[Word], msgspec.Meta(min_length=2, max_length=30)]


class StopWordInput(Input):
    """A word that says nothing."""

    word: Word


class StopWordView(View):
    """A stop word, as the search spells it."""

    word: str


def synonyms(found: SearchSynonym) -> SynonymsView:
    """A group as the console shows it."""
    return SynonymsView(id=found.id, words=found.words)

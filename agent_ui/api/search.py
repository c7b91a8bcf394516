"""What people teach the search: synonyms and stop words."""

from litestar import Controller, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.base import PathId
from agent_ui.views.search import StopWordInput, StopWordView, SynonymsInput, SynonymsView, synonyms
from core import search_vocabulary


class SearchWordsController(Controller):
    """Synonyms and stop words; they count for every question from then on."""

    path = "/search"
    tags = ["Administration"]
    guards = [requires("search:manage")]

    @get("/synonyms", summary="Synonyms")
    async def list_synonyms(self, desk: NamedDependency[Desk]) -> list[SynonymsView]:
        """All groups, by their first word."""
        return [synonyms(each) for each in await search_vocabulary.list_synonyms(desk.session)]

    @post("/synonyms", summary="Let words stand for each other")
    async def add_synonyms(self, desk: NamedDependency[Desk], data: JSONBody[SynonymsInput]) -> SynonymsView:
        """A question with one of them finds the others as well."""
        return synonyms(await search_vocabulary.add_synonyms(desk.session, data.words))

    @put("/synonyms/{synonym_id:int}", summary="Change synonyms")
    async def change_synonyms(
        self, desk: NamedDependency[Desk], synonym_id: PathId, data: JSONBody[SynonymsInput]
    ) -> SynonymsView:
        """Give a group other words."""
        return synonyms(await search_vocabulary.change_synonyms(desk.session, synonym_id, data.words))

    @delete("/synonyms/{synonym_id:int}", summary="Forget synonyms")
    async def remove_synonyms(self, desk: NamedDependency[Desk], synonym_id: PathId) -> None:
        """Let the words of a group be themselves again."""
        await search_vocabulary.remove_synonyms(desk.session, synonym_id)

    @get("/stop-words", summary="Stop words")
    async def list_stop_words(self, desk: NamedDependency[Desk]) -> list[str]:
        """Words that say nothing, in order."""
        return await search_vocabulary.list_stop_words(desk.session)

    @post("/stop-words", summary="Let a word say nothing")
    async def add_stop_word(self, desk: NamedDependency[Desk], data: JSONBody[StopWordInput]) -> StopWordView:
        """It is left out of questions that have other words."""
        return StopWordView(word=await search_vocabulary.add_stop_word(desk.session, data.word))

    @delete("/stop-words/{word:str}", summary="Let a word count again")
    async def remove_stop_word(self, desk: NamedDependency[Desk], word: FromPath[str]) -> None:
        """Take a word from the stop words."""
        await search_vocabulary.remove_stop_word(desk.session, word)

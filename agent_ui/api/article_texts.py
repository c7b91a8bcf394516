"""An article in one language: its text, versions, address, and its way to the readers."""

from litestar import Controller, Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from agent_ui import article_page
from agent_ui.api.articles import PUBLISH, READ, WRITE, IfMatch
from agent_ui.deps import Desk
from agent_ui.views.articles import (
    ApproveInput,
    NewTranslationInput,
    RestoreInput,
    ReturnInput,
    SlugInput,
    TextInput,
    TranslationView,
    UnpublishInput,
    VersionView,
)
from agent_ui.views.base import Page, PathId, etag, version_of
from agent_ui.views.people import Locale
from knowledge_base import publishing, versions, writing
from knowledge_base.versions import Difference, VersionLine
from knowledge_base.writing import Text


def text_of(data: TextInput) -> Text:
    """What an editor has sent."""
    return Text(
        title=data.title,
        body=data.body,
        summary=data.summary,
        file_ids=tuple(data.file_ids),
        note=data.note,
        is_autosave=data.autosave,
    )


class ArticleTextController(Controller):
    """Articles in one language."""

    path = "/kb/articles/{article_id:int}/translations/{locale:str}"
    tags = ["Knowledge base"]

    @get(guards=[READ], summary="An article in one language")
    async def read(
        self, desk: NamedDependency[Desk], article_id: PathId, locale: FromPath[Locale]
    ) -> Response[TranslationView]:
        """The working version, or the published one for who does not write; ``ETag`` names what was saved last."""
        return await self._answer(desk, article_id, locale)

    @post(guards=[WRITE], summary="Tell an article in another language")
    async def translate(
        self,
        desk: NamedDependency[Desk],
        article_id: PathId,
        locale: FromPath[Locale],
        data: JSONBody[NewTranslationInput],
    ) -> Response[TranslationView]:
        """A draft beside the other languages; 409 when it is there in this language already."""
        await article_page.may_see(desk, article_id)
        await writing.translate(desk.session, article_id, locale, text_of(data), data.slug)
        return await self._answer(desk, article_id, locale, 201)

    @put(guards=[WRITE], summary="Save a text")
    async def save(
        self,
        desk: NamedDependency[Desk],
        article_id: PathId,
        locale: FromPath[Locale],
        data: JSONBody[TextInput],
        if_match: IfMatch = None,
    ) -> Response[TranslationView]:
        """Keep a new version; what is published stays. 412 with the text as it is now when somebody was faster.

        409 ``waits-for-publishing`` when it is approved for a later time: give it back first.
        """
        await article_page.may_see(desk, article_id)
        async with article_page.telling_what_is_new(desk, article_id, locale):
            await writing.save(desk.session, article_id, locale, text_of(data), version_of(if_match))
        return await self._answer(desk, article_id, locale)

    @put("/slug", guards=[WRITE], summary="Change the address")
    async def change_slug(
        self,
        desk: NamedDependency[Desk],
        article_id: PathId,
        locale: FromPath[Locale],
        data: JSONBody[SlugInput],
        if_match: IfMatch = None,
    ) -> Response[TranslationView]:
        """The old address leads to the new one from now on. 409 ``slug-taken``."""
        await article_page.may_see(desk, article_id)
        async with article_page.telling_what_is_new(desk, article_id, locale):
            await writing.change_slug(desk.session, article_id, locale, data.slug, version_of(if_match))
        return await self._answer(desk, article_id, locale)

    @post("/submit", guards=[WRITE], status_code=200, summary="Ask for a review")
    async def submit(
        self, desk: NamedDependency[Desk], article_id: PathId, locale: FromPath[Locale], if_match: IfMatch = None
    ) -> Response[TranslationView]:
        """The working version waits for somebody else to approve it."""
        await article_page.may_see(desk, article_id)
        async with article_page.telling_what_is_new(desk, article_id, locale):
            await publishing.submit(desk.session, article_id, locale, version_of(if_match))
        return await self._answer(desk, article_id, locale)

    @post("/return", guards=[WRITE], status_code=200, summary="Give a text back to its author")
    async def give_back(
        self,
        desk: NamedDependency[Desk],
        article_id: PathId,
        locale: FromPath[Locale],
        data: JSONBody[ReturnInput],
        if_match: IfMatch = None,
    ) -> Response[TranslationView]:
        """A draft again: by the reviewer with a note, by the author, or to take back what waits for its time."""
        await article_page.may_see(desk, article_id)
        async with article_page.telling_what_is_new(desk, article_id, locale):
            await publishing.give_back(desk.session, article_id, locale, data.note, version_of(if_match))
        return await self._answer(desk, article_id, locale)

    @post("/approve", guards=[PUBLISH], status_code=200, summary="Approve and publish")
    async def approve(
        self, desk: NamedDependency[Desk], article_id: PathId, locale: FromPath[Locale], data: JSONBody[ApproveInput]
    ) -> Response[TranslationView]:
        """Publish the version that was read, now or at ``publishAt``.

        409 ``not-reviewed``: something newer stands there (``current``), or nobody submitted it. 409
        ``needs-another-person``: its author does not approve it, while the desk wants two people.
        """
        await article_page.may_see(desk, article_id)
        async with article_page.telling_what_is_new(desk, article_id, locale):
            await publishing.approve(
                desk.session,
                article_id,
                locale,
                data.version_id,
                publish_at=data.publish_at,
                is_minor=data.minor,
                confirms=data.confirms,
            )
        return await self._answer(desk, article_id, locale)

    @post("/unpublish", guards=[PUBLISH], status_code=200, summary="Take a text away from readers")
    async def unpublish(
        self,
        desk: NamedDependency[Desk],
        article_id: PathId,
        locale: FromPath[Locale],
        data: JSONBody[UnpublishInput],
        if_match: IfMatch = None,
    ) -> Response[TranslationView]:
        """A draft again, or into the archive."""
        await article_page.may_see(desk, article_id)
        async with article_page.telling_what_is_new(desk, article_id, locale):
            await publishing.unpublish(
                desk.session, article_id, locale, archive=data.archive, expected=version_of(if_match)
            )
        return await self._answer(desk, article_id, locale)

    @post("/confirm", guards=[WRITE], status_code=200, summary="Say that a translation fits")
    async def confirm(
        self, desk: NamedDependency[Desk], article_id: PathId, locale: FromPath[Locale]
    ) -> Response[TranslationView]:
        """It fits the source as it is now: the mark "out of date" goes away."""
        await article_page.may_see(desk, article_id)
        await publishing.confirm(desk.session, article_id, locale)
        return await self._answer(desk, article_id, locale)

    @get("/versions", guards=[WRITE], summary="The history of a text")
    async def history(
        self,
        desk: NamedDependency[Desk],
        article_id: PathId,
        locale: FromPath[Locale],
        cursor: FromQuery[int | None] = None,
        limit: FromQuery[int] = 50,
    ) -> Page[VersionLine]:
        """Its versions, newest first."""
        await article_page.may_see(desk, article_id)
        found = await writing.get_translation(desk.session, article_id, locale)
        lines, following = await versions.listed(desk.session, found, cursor, limit)
        return Page(items=lines, next=str(following) if following else None)

    @get("/versions/{version_id:int}", guards=[WRITE], summary="One version")
    async def version(
        self, desk: NamedDependency[Desk], article_id: PathId, locale: FromPath[Locale], version_id: PathId
    ) -> VersionView:
        """A version with its text."""
        await article_page.may_see(desk, article_id)
        return await article_page.read_version(desk, article_id, locale, version_id)

    @get("/versions/{version_id:int}/compare/{other_id:int}", guards=[WRITE], summary="Compare two versions")
    async def compare(
        self,
        desk: NamedDependency[Desk],
        article_id: PathId,
        locale: FromPath[Locale],
        version_id: PathId,
        other_id: PathId,
    ) -> Difference:
        """What is different in the second one, line by line, changed words marked."""
        await article_page.may_see(desk, article_id)
        found = await writing.get_translation(desk.session, article_id, locale)
        old = await writing.get_version(desk.session, found.id, version_id)
        return versions.compare(old, await writing.get_version(desk.session, found.id, other_id))

    @post("/restore", guards=[WRITE], status_code=200, summary="Bring an old version back")
    async def restore(
        self,
        desk: NamedDependency[Desk],
        article_id: PathId,
        locale: FromPath[Locale],
        data: JSONBody[RestoreInput],
        if_match: IfMatch = None,
    ) -> Response[TranslationView]:
        """Make an old version the newest one, as a draft; nothing is lost."""
        await article_page.may_see(desk, article_id)
        async with article_page.telling_what_is_new(desk, article_id, locale):
            await writing.restore(desk.session, article_id, locale, data.version_id, version_of(if_match))
        return await self._answer(desk, article_id, locale)

    @staticmethod
    async def _answer(desk: Desk, article_id: int, locale: str, status: int = 200) -> Response[TranslationView]:
        view = await article_page.read_translation(desk, article_id, locale)
        return Response(view, status_code=status, headers=etag(view.version))

"""Articles of the knowledge base: lists, single ones, what holds for them in all languages, their files."""

from typing import Annotated, Literal

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, HeaderParameter, JSONBody, QueryParameter

from agent_ui import article_page, files
from agent_ui.api.files import Form
from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.limits import allow
from agent_ui.views.articles import (
    ArticleView,
    FileView,
    NewArticleInput,
    PreviewInput,
    PreviewView,
    PropertiesInput,
)
from agent_ui.views.base import Page, PathId, etag, given, version_of
from agent_ui.views.people import Locale
from knowledge_base import acknowledgements, listing, publishing, uses, writing
from knowledge_base import files as article_files
from knowledge_base.acknowledgements import ReadBy
from knowledge_base.listing import ArticleRow, ListQuery, State
from knowledge_base.markdown import render
from knowledge_base.writing import Properties, Text

READ, WRITE, PUBLISH = requires("articles:read"), requires("articles:write"), requires("articles:publish")
IfMatch = Annotated[str | None, HeaderParameter(name="If-Match")]
Visibility = Literal["public", "signed_in", "restricted", "agents"]
OWN_FIELDS = frozenset({"locale", "title", "body", "summary", "slug", "ticket_id"})


def wanted(
    q: FromQuery[str] = "",
    category_id: Annotated[int | None, QueryParameter(name="categoryId", ge=1)] = None,
    in_state: Annotated[State | None, QueryParameter(name="state")] = None,
    locale: FromQuery[Locale | None] = None,
    missing: FromQuery[Locale | None] = None,
    visibility: FromQuery[Visibility | None] = None,
    owner_id: Annotated[int | None, QueryParameter(name="ownerId", ge=1)] = None,
) -> ListQuery:
    """Which articles are asked for."""
    return ListQuery(
        q=q,
        category_id=category_id,
        state=in_state,
        locale=locale,
        missing=missing,
        visibility=visibility,
        owner_id=owner_id,
    )


class ArticleController(Controller):
    """Articles."""

    path = "/kb/articles"
    tags = ["Knowledge base"]

    @get(guards=[READ], summary="A page of articles", dependencies={"wanted": Provide(wanted, sync_to_thread=False)})
    async def list_articles(
        self,
        desk: NamedDependency[Desk],
        wanted: NamedDependency[ListQuery],
        only: FromQuery[Literal["outdated", "overdue", "unread"] | None] = None,
        cursor: FromQuery[str | None] = None,
        limit: FromQuery[int] = 50,
    ) -> Page[ArticleRow]:
        """Those changed last first. Who does not write articles sees published ones only.

        ``q``: words of a title. ``state``: of the working version; ``published``: what readers see. ``missing``: not
        told in this language. ``only``: translations out of date, articles to be reviewed, or those that this agent
        has to confirm.
        """
        query = msgspec.structs.replace(
            wanted,
            is_outdated=only == "outdated",
            is_overdue=only == "overdue",
            unread_by=desk.agent_id if only == "unread" else None,
            cursor=cursor,
            limit=limit,
        )
        rows, following = await listing.list_articles(desk.session, article_page.reader_of(desk), query)
        return Page(items=rows, next=following)

    @post(guards=[WRITE], summary="Begin an article")
    async def create(self, desk: NamedDependency[Desk], data: JSONBody[NewArticleInput]) -> Response[ArticleView]:
        """A draft in its source language, for agents only unless ``visibility`` says otherwise."""
        fields = {name: value for name, value in given(data).items() if name not in OWN_FIELDS}
        content = Text(title=data.title, body=data.body, summary=data.summary)
        made = await writing.create(desk.session, data.locale, content, Properties(**fields), data.slug)
        if data.ticket_id is not None:
            await desk.may_see(data.ticket_id)
            await uses.use(desk.session, made, data.ticket_id, "source", data.locale)
        view = await article_page.read(desk, made.id)
        return Response(view, status_code=201, headers=etag(view.version))

    @get("/{article_id:int}", guards=[READ], summary="One article")
    async def read(self, desk: NamedDependency[Desk], article_id: PathId) -> Response[ArticleView]:
        """What holds for it in all languages; ``ETag`` names its version."""
        view = await article_page.read(desk, article_id)
        return Response(view, headers=etag(view.version))

    @patch("/{article_id:int}", guards=[WRITE], summary="Change an article")
    async def change(
        self,
        desk: NamedDependency[Desk],
        article_id: PathId,
        data: JSONBody[PropertiesInput],
        if_match: IfMatch = None,
    ) -> Response[ArticleView]:
        """Change what was sent; visibility at once, for readers too. With ``If-Match`` only if nobody else has (412).

        Who may not publish cannot change who sees what is published: 403.
        """
        await article_page.may_see(desk, article_id)
        await article_page.check_may_change(desk, article_id, data)
        async with article_page.telling_what_is_new(desk, article_id):
            await writing.change(desk.session, article_id, Properties(**given(data)), version_of(if_match))
        view = await article_page.read(desk, article_id)
        return Response(view, headers=etag(view.version))

    @delete("/{article_id:int}", guards=[PUBLISH], summary="Delete an article")
    async def remove(self, desk: NamedDependency[Desk], article_id: PathId, if_match: IfMatch = None) -> None:
        """Delete it with all versions and files; its addresses answer 410 from now on."""
        await article_page.may_see(desk, article_id)
        async with article_page.telling_what_is_new(desk, article_id):
            await publishing.delete(desk.session, article_id, version_of(if_match))

    @post("/{article_id:int}/acknowledge", guards=[READ], status_code=204, summary="Confirm having read it")
    async def acknowledge(self, desk: NamedDependency[Desk], article_id: PathId) -> None:
        """Say "I have read this", as it is now; 409 where it does not ask for that."""
        article = await article_page.may_see(desk, article_id)
        await acknowledgements.acknowledge(desk.session, article, desk.agent_id)

    @get("/{article_id:int}/acknowledgements", guards=[WRITE], summary="Who has read it")
    async def readers(self, desk: NamedDependency[Desk], article_id: PathId) -> list[ReadBy]:
        """Everybody who shall read it; those who have not confirmed it first."""
        article = await article_page.may_see(desk, article_id)
        return await acknowledgements.readers_of(desk.session, article)

    @post("/preview", guards=[WRITE], status_code=200, summary="See how a text will look")
    async def preview(self, desk: NamedDependency[Desk], data: JSONBody[PreviewInput]) -> PreviewView:
        """Markdown as HTML; with ``articleId`` the pictures of that article are in their places."""
        stored = []
        if data.article_id is not None:
            await article_page.may_see(desk, data.article_id)
            stored = await article_files.of_article(desk.session, data.article_id)
        html = await article_page.placed(desk, data.body, data.locale, stored)
        return PreviewView(html=html, headings=list(render(data.body, data.locale).headings))


class ArticleFileController(Controller):
    """Files of articles, in the router that takes large bodies."""

    path = "/kb/articles/{article_id:int}/files"
    tags = ["Knowledge base"]

    @post(guards=[WRITE], summary="Upload a picture or file")
    async def upload(self, desk: NamedDependency[Desk], article_id: PathId, data: Form) -> FileView:
        """Keep a file for an article; a text shows it as ``/kb/files/{id}``. Readers get it once that is published."""
        allow("upload", desk.agent_id)
        await article_page.may_see(desk, article_id)
        runtime = desk.runtime
        content = await files.read_upload(data.file, runtime.settings.max_upload_bytes)
        made = await article_files.add(desk.session, runtime.storage, article_id, data.file.filename, content)
        return article_page.file_view(desk, made)

"""Using articles: search, putting them into answers, tickets that used them, articles out of messages, pasted text."""

from typing import Annotated

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, QueryParameter

from agent_ui import article_page, article_use
from agent_ui.api.articles import READ, WRITE
from agent_ui.deps import Desk
from agent_ui.limits import allow
from agent_ui.views.base import Page, PathId
from agent_ui.views.knowledge import FoundPage, FromMessageView, InsertView, PasteInput, UseInput, UseView
from agent_ui.views.people import Locale
from knowledge_base import uses
from knowledge_base.pasted import Pasted, to_markdown
from knowledge_base.uses import UsedArticle

TicketId = Annotated[int | None, QueryParameter(name="ticketId", ge=1)]


class ArticleUseController(Controller):
    """Articles in answers."""

    tags = ["Knowledge base"]

    @get("/kb/search", guards=[READ], summary="Find articles for an answer")
    async def search(
        self,
        desk: NamedDependency[Desk],
        q: FromQuery[str] = "",
        locale: FromQuery[Locale | None] = None,
        ticket_id: TicketId = None,
        limit: FromQuery[int] = 10,
    ) -> FoundPage:
        """Published articles that this agent may read; with ``ticketId`` in the customer's language.

        ``customerMaySee`` is false where that customer may not read it.
        """
        allow("search", desk.agent_id)
        return await article_use.found(desk, q, locale, ticket_id, limit)

    @get("/kb/articles/{article_id:int}/insert", guards=[READ], summary="An article for an answer")
    async def insert(
        self,
        desk: NamedDependency[Desk],
        article_id: PathId,
        locale: FromQuery[Locale | None] = None,
        ticket_id: TicketId = None,
    ) -> InsertView:
        """It as a link and as text; with ``ticketId`` in the customer's language and with a warning if she may not."""
        return await article_use.insert(desk, article_id, locale, ticket_id)

    @get("/kb/articles/{article_id:int}/tickets", guards=[READ], summary="Tickets that used an article")
    async def tickets(
        self,
        desk: NamedDependency[Desk],
        article_id: PathId,
        cursor: FromQuery[int | None] = None,
        limit: FromQuery[int] = 50,
    ) -> Page[UseView]:
        """Where it came from and where it was used, newest first."""
        items, following = await article_use.tickets_using(desk, article_id, cursor, limit)
        return Page(items=items, next=following)

    @get("/tickets/{ticket_id:int}/articles", guards=[READ], summary="Articles of a ticket")
    async def articles(self, desk: NamedDependency[Desk], ticket_id: PathId) -> list[UsedArticle]:
        """Those that were used in it or came from it."""
        await desk.may_see(ticket_id)
        return await uses.articles_of(desk.session, article_page.reader_of(desk), ticket_id)

    @post("/tickets/{ticket_id:int}/articles", guards=[READ], status_code=204, summary="Note that an article was used")
    async def use(self, desk: NamedDependency[Desk], ticket_id: PathId, data: JSONBody[UseInput]) -> None:
        """To be called when an answer with the article leaves."""
        await desk.may_see(ticket_id)
        article = await article_page.may_see(desk, data.article_id)
        await uses.use(desk.session, article, ticket_id, data.how, data.locale)

    @get("/messages/{message_id:int}/article", guards=[WRITE], summary="Begin an article from a message")
    async def from_message(self, desk: NamedDependency[Desk], message_id: PathId) -> FromMessageView:
        """The message as Markdown with personal data taken out, and what that was. Nothing is kept yet.

        The author reads it and creates the article with its ``ticketId``.
        """
        return await article_use.from_message(desk, message_id)

    @post("/kb/paste", guards=[WRITE], status_code=200, summary="Clean pasted text")
    async def paste(self, data: JSONBody[PasteInput]) -> Pasted:
        """HTML from Word, a web page or a mail as Markdown."""
        return to_markdown(data.html)

"""What is to be done about articles, and what readers say of them."""

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody

from agent_ui import article_page
from agent_ui.api.articles import READ, WRITE
from agent_ui.deps import Desk
from agent_ui.views.base import Page, PathId
from agent_ui.views.knowledge import FeedbackView, ResolveInput, TaskInput, TaskView, task_view
from knowledge_base import feedback, tasks


class ArticleTaskController(Controller):
    """Tasks and votes."""

    path = "/kb"
    tags = ["Knowledge base"]

    @get("/tasks", guards=[WRITE], summary="Tasks about articles")
    async def list_tasks(
        self,
        desk: NamedDependency[Desk],
        mine: FromQuery[bool] = False,
        done: FromQuery[bool] = False,
        cursor: FromQuery[int | None] = None,
        limit: FromQuery[int] = 50,
    ) -> Page[TaskView]:
        """Complaints of readers, translations out of date, remarks of colleagues; newest first."""
        owner_id = desk.agent_id if mine else None
        lines, following = await tasks.listed(
            desk.session, owner_id=owner_id, is_open=not done, before=cursor, limit=limit
        )
        return Page(items=[task_view(line) for line in lines], next=str(following) if following else None)

    @post("/tasks/{task_id:int}/resolve", guards=[WRITE], status_code=204, summary="Say that a task is done")
    async def resolve(self, desk: NamedDependency[Desk], task_id: PathId, data: JSONBody[ResolveInput]) -> None:
        """Twice changes nothing."""
        await tasks.resolve(desk.session, task_id, data.resolution)

    @get("/articles/{article_id:int}/tasks", guards=[WRITE], summary="Tasks about an article")
    async def of_article(
        self, desk: NamedDependency[Desk], article_id: PathId, done: FromQuery[bool] = False
    ) -> list[TaskView]:
        """The newest ones."""
        await article_page.may_see(desk, article_id)
        lines, _ = await tasks.listed(desk.session, article_id=article_id, is_open=not done, limit=100)
        return [task_view(line) for line in lines]

    @post("/articles/{article_id:int}/tasks", guards=[READ], status_code=204, summary="Tell the owner something")
    async def remark(self, desk: NamedDependency[Desk], article_id: PathId, data: JSONBody[TaskInput]) -> None:
        """A remark about an article becomes a task of its owner."""
        article = await article_page.may_see(desk, article_id)
        await tasks.open_task(desk.session, article, data.locale, "agent", data.text)

    @get("/articles/{article_id:int}/feedback", guards=[READ], summary="What readers say")
    async def votes(
        self,
        desk: NamedDependency[Desk],
        article_id: PathId,
        cursor: FromQuery[int | None] = None,
        limit: FromQuery[int] = 50,
    ) -> FeedbackView:
        """Votes by month, and the newest ones with their reasons."""
        await article_page.may_see(desk, article_id)
        lines, following = await feedback.listed(desk.session, article_id, cursor, limit)
        return FeedbackView(
            scores=await feedback.scores(desk.session, article_id),
            items=lines,
            next=str(following) if following else None,
        )

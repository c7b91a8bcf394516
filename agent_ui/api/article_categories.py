"""Categories of the knowledge base."""

from litestar import Controller, Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from agent_ui.api.articles import PUBLISH, READ, IfMatch
from agent_ui.deps import Desk
from agent_ui.views.articles import CategoryInput, CategoryView, OrderInput, category_view
from agent_ui.views.base import PathId, etag, given, version_of
from knowledge_base import categories
from knowledge_base.categories import CategoryChange, Place


class CategoryController(Controller):
    """Categories."""

    path = "/kb/categories"
    tags = ["Knowledge base"]

    @get(guards=[READ], summary="Categories")
    async def list_categories(self, desk: NamedDependency[Desk]) -> list[CategoryView]:
        """All of them, parents first, each level in its order."""
        return [category_view(one) for one in await categories.every(desk.session)]

    @post(guards=[PUBLISH], summary="Make a category")
    async def create(self, desk: NamedDependency[Desk], data: JSONBody[CategoryInput]) -> Response[CategoryView]:
        """It needs a name in one language; the slug is made of that unless it is given."""
        made = await categories.create(desk.session, CategoryChange(**given(data)))
        return Response(category_view(made), status_code=201, headers=etag(made.version))

    @patch("/{category_id:int}", guards=[PUBLISH], summary="Change a category")
    async def change(
        self, desk: NamedDependency[Desk], category_id: PathId, data: JSONBody[CategoryInput], if_match: IfMatch = None
    ) -> Response[CategoryView]:
        """Change what was sent. With ``If-Match`` only if nobody else has (412)."""
        wanted = CategoryChange(**given(data))
        found = await categories.change(desk.session, category_id, wanted, version_of(if_match))
        return Response(category_view(found), headers=etag(found.version))

    @put("/order", guards=[PUBLISH], summary="Sort categories")
    async def sort(self, desk: NamedDependency[Desk], data: JSONBody[OrderInput]) -> list[CategoryView]:
        """Put categories into their new places, all at once."""
        await categories.sort(desk.session, [Place(one.id, one.parent_id, one.position) for one in data.places])
        return [category_view(one) for one in await categories.every(desk.session)]

    @delete("/{category_id:int}", guards=[PUBLISH], summary="Remove a category")
    async def remove(self, desk: NamedDependency[Desk], category_id: PathId) -> None:
        """Only an empty one (409)."""
        await categories.remove(desk.session, category_id)

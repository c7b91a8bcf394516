"""All routes of the agents' side, and what the whole application is built with."""

from typing import Any, Final

from litestar import Litestar, Router
from litestar.config.app import AppConfig

from agent_ui import headers, problems
from agent_ui.api.directory import DirectoryController
from agent_ui.api.me import MeController
from agent_ui.api.session import SessionController
from agent_ui.api.tickets import TicketController
from agent_ui.auth import Authentication
from agent_ui.deps import DEPENDENCIES
from agent_ui.live import Gateway, live
from agent_ui.state import Runtime
from core.db import unit_of_work
from staff import permissions

API: Final = Router(
    "/api",
    route_handlers=[SessionController, MeController, DirectoryController, TicketController],
    middleware=[Authentication()],
    dependencies=DEPENDENCIES,
)

HANDLERS: Final[list[Any]] = [API, live]


def app_options(runtime: Runtime) -> dict[str, Any]:
    """What the composition root passes on to Litestar: errors, headers, the sockets, the start-up work."""

    def prepare(config: AppConfig) -> AppConfig:
        config.state["live"] = Gateway(runtime)
        return config

    async def sync_roles(_: Litestar) -> None:
        async with unit_of_work(runtime.db) as session:
            await permissions.sync_roles(session)

    return {
        "exception_handlers": problems.EXCEPTION_HANDLERS,
        "middleware": [headers.RequestContext()],
        "before_send": [headers.security_headers],
        "on_app_init": [prepare],
        "on_startup": [sync_roles],
        "openapi_config": None,
    }
